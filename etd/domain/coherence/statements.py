"""The statements of the recommendation against the type, their own words, and the sections they need."""

from __future__ import annotations

import re
from collections.abc import Iterator

from etd.domain.coherence.english import clean, listed, quoted, sentences, stem, stems, words
from etd.domain.coherence.inputs import EtdInput, Passage, StatementInput, TypeInput
from etd.domain.findings import Finding, Severity
from etd.domain.recommendation_rules import asks_for_paradigm, graded
from etd.frameworks.schema import RecommendationDirection, Role, Strength

_VERB = r"\b(?:recommend|suggest|advise|propose)(?:s|ed|ing)?"
_AGAINST = re.compile(
    rf"{_VERB}\s+(?:[a-z]{{1,12}}ly\s+)?(?:against\b|not\b)"
    rf"|\bnot\s+(?:recommend|suggest|advise)|{_VERB}\s+that\b(?:(?!\band\b)[^.;]){{0,120}}?\bnot\s+be\b|\brecommendation\s+against\b",
    re.I,
)
_FORBIDDEN = re.compile(r"\b(?:do|does|should|must)\s+not\b|\bshould\s+never\b", re.I)
# "Patients who should not take it", "if it does not help": of whom the statement is, not what it says.
_OF_WHOM = re.compile(
    r"\b(?:who|whom|whose|which|that|if|when|where|whenever|unless|because|since|as|although)\b[^,;]{0,120}$",
    re.I,
)
_RECOMMENDS_THAT = re.compile(rf"{_VERB}\s+that\b", re.I)
_EITHER = re.compile(
    rf"{_VERB}\s+(?:that\s+)?(?:using\s+|offering\s+|the\s+use\s+of\s+)?either\b|\brecommendation\s+for\s+either\b",
    re.I,
)
_FOR = re.compile(
    rf"{_VERB}\b(?!\s+(?:[a-z]{{1,12}}ly\s+)?(?:against|not|either)\b)|\bshould\s+(?!not\b|never\b)|\brecommendation\s+for\b",
    re.I,
)
# "avoid" and its like turn a verb round: what stands here is left to the reader.
_TURNED = re.compile(
    r"\bnot\s+(?:be\s+)?(?:limit|restrict|den(?:y|ied)|exclud)"
    r"|\b(?:avoid|withh[eo]ld|withdraw|stop|discontinu|refrain|defer|delay|cease|rather than|instead of)",
    re.I,
)
_GRADE = re.compile(r"\b(strong|weak|conditional)\s+recommendation\b", re.I)
_GRADED_VERB = re.compile(r"\b(?:strong|weak|conditional)(?:ly)?\b", re.I)
_CERTAINTY = re.compile(
    r"\b(very[ -]low|low|moderate|high)[ -]certainty\b|\bcertainty\s+(?:of\s+(?:the\s+)?evidence\s*)?[:=]?\s*"
    r"(?:is\s+|was\s+)?(very[ -]low|low|moderate|high)\b",
    re.I,
)
_SIDES = {"for": "for", "against": "against", "either": "for either option"}
# Words of headings that say nothing of what the section is about.
_EMPTY_WORDS = stems("considerations, recommendation, justification, priorities, summary, decision")
_LOW_STEPS = 2
_LEVELS = ("very_low", "low", "moderate", "high")


def check(etd: EtdInput) -> Iterator[Finding]:
    yield from _against_type(etd)
    yield from _several_under_one_type(etd)
    for statement in etd.statements:
        yield from _own_words(etd, statement)
        yield from _certainty_of_question(etd, statement)
        yield from _strong_on_low(statement)
    yield from _strong_type_on_low(etd)
    yield from _empty_sections(etd)


def said_direction(text: str) -> str:
    """`for`, `against` or `either`, by the first verb of the first sentence; empty where none is plain."""
    first = next((sentence.text for sentence in sentences(Passage("", text))), "")
    if _TURNED.search(first):
        return ""
    sides = (("either", _EITHER), ("against", _AGAINST), ("for", _FOR))
    said = [(start, "against") for start in _forbids(first)]
    said += [(match.start(), name) for name, pattern in sides if (match := pattern.search(first))]
    if not said or (len({name for _, name in said}) > 1 and re.search(r"\bbut\b", first)):
        return ""
    earliest = min(start for start, _ in said)
    return next(name for start, name in said if start == earliest)


def _forbids(sentence: str) -> Iterator[int]:
    """Where each "do not" and "should not" begins that the statement itself says, with its "we recommend that"."""
    for match in _FORBIDDEN.finditer(sentence):
        before = sentence[: match.start()]
        if not _OF_WHOM.search(_RECOMMENDS_THAT.sub("", before)):
            verb = _RECOMMENDS_THAT.search(before)
            yield verb.start() if verb else match.start()


def _against_type(etd: EtdInput) -> Iterator[Finding]:
    """The first recommendation, which readers take the type to be of, has another direction or strength."""
    statements = [
        s for s in etd.statements if s.is_recommendation and (s.direction or said_direction(s.text))
    ]
    if etd.type is None or etd.type.direction is RecommendationDirection.NONE or not statements:
        return
    first = statements[0]
    if _fits(first, etd.type):
        return
    yield Finding(
        "type_against_statement",
        Severity.INCONSISTENT,
        f"Type of recommendation, {first.where[0].lower()}{first.where[1:]}",
        f"The type is “{etd.type.label}”, but {_each(statements)}.",
        " · ".join(quoted(clean(statement.text)) for statement in statements[:2]),
        heuristic=not first.direction,
    )


def _fits(statement: StatementInput, type_: TypeInput) -> bool:
    same_side = (statement.direction or said_direction(statement.text)) == type_.direction
    same_strength = "" in (statement.strength, type_.strength) or statement.strength == type_.strength
    return same_side and same_strength


def _each(statements: list[StatementInput]) -> str:
    return listed(
        f"{s.where.lower()} is {' '.join(p for p in (s.strength, _SIDES[s.direction or said_direction(s.text)]) if p)}"
        for s in statements
    )


def _several_under_one_type(etd: EtdInput) -> Iterator[Finding]:
    recommendations = [s for s in etd.statements if s.is_recommendation and (s.strength or s.direction)]
    kinds = {(s.strength, s.direction) for s in recommendations}
    if etd.type is None or len(kinds) < 2:
        return
    others = len(etd.statements) - len(recommendations)
    also = f" ({others} of another kind beside them)" if others else ""
    yield Finding(
        "several_statements_one_type",
        Severity.INFORMATIONAL,
        "Type of recommendation",
        f"One type stands over {len(recommendations)} recommendations{also} that differ:"
        f" {listed(f'{s.where.lower()} is {graded(s.strength, s.direction)}' for s in recommendations)}. Readers take"
        " the type for all of them.",
        f"“{etd.type.label}” · {' · '.join(quoted(clean(s.text)) for s in recommendations[:2])}",
    )


def _own_words(etd: EtdInput, statement: StatementInput) -> Iterator[Finding]:
    """What a statement says of itself against what is stored of it."""
    said = {
        "direction": _said_side(etd, statement) if statement.is_recommendation else "",
        "strength": _said_strength(statement),
        "certainty": _said_certainty(statement.text),
    }
    stored = {
        "direction": statement.direction,
        "strength": statement.strength,
        "certainty": statement.certainty,
    }
    for name, word in said.items():
        if word and stored[name] and word != stored[name]:
            yield Finding(
                f"statement_words_{name}",
                Severity.INCONSISTENT,
                statement.where,
                f"Its words say {_plain(word)}, its {name} is recorded as {_plain(stored[name])}.",
                quoted(clean(statement.text), word),
                heuristic=True,
            )


def _said_side(etd: EtdInput, statement: StatementInput) -> str:
    """As `said_direction`; "either" may be two ways to give the intervention, unless the comparison is named."""
    said = said_direction(statement.text)
    text = statement.text.lower()
    names = (etd.comparison_label.lower(), "comparison", "either option")
    return "" if said == "either" and not any(name and name in text for name in names) else said


def _plain(key: str) -> str:
    return f"“{key.replace('_', ' ')}”"


def _said_strength(statement: StatementInput) -> str:
    """Named ("weak recommendation") or, where it is not, GRADE's verbs: we recommend, we suggest.

    "We conditionally recommend" is left to the reader, and so is a verb against a name in another sentence.
    """
    first = next((sentence.text for sentence in sentences(Passage("", statement.text))), "")
    verbs = {word for word in words(statement.text) if word in ("recommend", "suggest")}
    by_verb = {"recommend": "strong", "suggest": "conditional"}[verbs.pop()] if len(verbs) == 1 else ""
    named = {name.lower() for name in _GRADE.findall(statement.text)}
    if named:
        by_name = "strong" if named == {"strong"} else "conditional" if "strong" not in named else ""
        return by_name if _GRADE.search(first) or by_verb in ("", by_name) else ""
    return "" if _GRADED_VERB.search(statement.text) else by_verb


def _said_certainty(text: str) -> str:
    found = {"".join(match).lower().replace(" ", "_").replace("-", "_") for match in _CERTAINTY.findall(text)}
    return found.pop() if len(found) == 1 else ""


def _certainty_of_question(etd: EtdInput, statement: StatementInput) -> Iterator[Finding]:
    """Another certainty than the evidence as a whole; for a population of its own it may be lower, never higher."""
    criterion = etd.with_role(Role.OVERALL_CERTAINTY)
    if criterion is None or not criterion.all_on_scale or len(criterion.scale) != len(_LEVELS):
        return
    if statement.certainty not in _LEVELS:
        return
    ordered = sorted(criterion.scale, key=lambda step: step.column)
    judged = {ordered.index(step) for step in criterion.on_scale}
    own = _LEVELS.index(statement.certainty)
    if own > max(judged) or (own < min(judged) and not statement.population.strip()):
        yield Finding(
            "statement_certainty",
            Severity.INCONSISTENT,
            statement.where,
            f"It is recorded with {statement.certainty.replace('_', ' ')} certainty, the evidence as a whole was judged"
            " otherwise.",
            f"{criterion.heading}: {criterion.chosen}",
        )


def _strong_on_low(statement: StatementInput) -> Iterator[Finding]:
    if asks_for_paradigm(statement.strength, statement.certainty) and not statement.paradigm:
        yield Finding(
            "strong_on_low_certainty",
            Severity.INFORMATIONAL,
            statement.where,
            f"A strong recommendation on {statement.certainty.replace('_', ' ')} certainty, and none of GRADE’s five"
            " situations for one is named.",
            quoted(clean(statement.text)),
        )


def _strong_type_on_low(etd: EtdInput) -> Iterator[Finding]:
    """The same of the type, where no statement says it for itself."""
    criterion = etd.with_role(Role.OVERALL_CERTAINTY)
    if etd.type is None or etd.type.strength is not Strength.STRONG or criterion is None:
        return
    if any(statement.strength == "strong" for statement in etd.statements) or not criterion.all_on_scale:
        return
    low = sorted(criterion.scale, key=lambda step: step.column)[:_LOW_STEPS]
    if len(criterion.scale) == len(_LEVELS) and all(step in low for step in criterion.on_scale):
        yield Finding(
            "strong_on_low_certainty",
            Severity.INFORMATIONAL,
            "Type of recommendation",
            "A strong recommendation on low or very low certainty: a statement should name which of GRADE’s five"
            " situations it is.",
            f"“{etd.type.label}” · {criterion.heading}: {listed(f'“{choice.label}”' for choice in criterion.choices)}",
        )


def _empty_sections(etd: EtdInput) -> Iterator[Finding]:
    """A blank section about what a statement asks for, unless the whole question is about it."""
    known = stems(" ".join((etd.title, etd.intervention_label, etd.comparison_label)))
    for section in etd.sections:
        topic = next((s for s in map(stem, words(section.heading)) if s not in _EMPTY_WORDS), "")
        if section.holds_statements or section.body.strip() or not topic or topic in known:
            continue
        for statement in etd.statements:
            if topic in stems(statement.text):
                yield Finding(
                    "empty_section",
                    Severity.INFORMATIONAL,
                    section.heading,
                    f"The section is blank, while {statement.where.lower()} is about it.",
                    quoted(clean(statement.text), _first_with(statement.text, topic)),
                    heuristic=True,
                )
                break


def _first_with(text: str, topic: str) -> str:
    return next((word for word in words(text) if stem(word) == topic), "")
