"""Judgements against the words beside them: too many options, a text that says otherwise, levels that do not add up."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from etd.domain.coherence.english import Sentence, listed, quoted, sentences, stem, stems, words
from etd.domain.coherence.inputs import Choice, CriterionInput, EtdInput, Step
from etd.domain.findings import Finding, Severity
from etd.frameworks.schema import OptionDirection, RecommendationDirection, Role

_COMPARISON_NAMES = (
    "comparison", "comparator", "control", "standard care", "usual care", "standard of care", "placebo",
    "no intervention", "no treatment",
)  # fmt: skip
_NEGATION = re.compile(
    r"\b(?:not|no|neither|nor|never|whether|if|unclear|cannot|without|than)\b|n['’]t\b", re.I
)
_NEITHER = re.compile(r"\bfavou?rs?\s+neither\b|\b(?:not|n['’]t)\s+(?:clearly\s+)?favou?r\s+either\b", re.I)
_OVERALL = re.compile(r"\b(?:overall|on balance)\b", re.I)
# What others said, what was said before, and what might be: no judgement of this panel today.
_NOT_OURS = re.compile(
    r"\b(?:guidelines?|reviews?\s+(?:rated|judged|graded|concluded|found)|previous(?:ly)?|earlier|former(?:ly)?|initial(?:ly)?|original(?:ly)?|versions?|members?|reviewers?"
    r"|authors?|may|might|could|would|possibl[ey]|concerns?|concerned|discuss\w{0,3}|(?:in|for) wh(?:ich|om)"
    r"|(?:19|20)\d\d)\b|\b(?-i:(?!GDG\b)[A-Z]{3,8})\s+(?:judged|concluded|considered|found|stated|rated)\b",
    re.I,
)
# The sentence is of some patients or of an outcome.
_OF_SOME_BEFORE = re.compile(
    r"^(?:However,\s+)?(?:In|For|Among|At|With|Within|When|Where|After|During)\b", re.I
)
_OF_SOME_AFTER = re.compile(r"^\s+(?:for|in|with|at|among|after|during|when)\b", re.I)
_OF_AN_OUTCOME = re.compile(r"\bfor\s+the\s+outcomes?\b", re.I)
_THEIRS_AFTER = re.compile(r"\bmembers?\b|\b(?:previous|earlier|former)\b", re.I)
# So many signs before the verb its subject is looked for.
_REACH = 120
_GOOD = r"(?:benefits?|(?<!un)desirable (?:anticipated )?(?:effects?|consequences))"
_BAD = r"(?:harms?|risks?|burdens?|undesirable (?:anticipated )?(?:effects?|consequences))"
_GOOD_OUTWEIGHS = re.compile(rf"\b{_GOOD}\b.{{0,40}}?\boutweigh(?:s|ed)?\b.{{0,40}}?\b{_BAD}\b", re.I)
_BAD_OUTWEIGHS = re.compile(rf"\b{_BAD}\b.{{0,40}}?\boutweigh(?:s|ed)?\b.{{0,40}}?\b{_GOOD}\b", re.I)

_DOMAINS = {
    "risk of bias": re.compile(r"\brisk of bias\b|\bstudy limitations?\b", re.I),
    "inconsistency": re.compile(r"\binconsisten|\bheterogene", re.I),
    "indirectness": re.compile(r"\bindirect", re.I),
    "imprecision": re.compile(r"\bimprecis|\bwide confidence interval", re.I),
    "publication bias": re.compile(r"\bpublication bias\b", re.I),
}
_DOWNGRADED = re.compile(r"\bdowngrad|\b(?:rated|rating|marked|lowered)\s+down\b|\blowered\b", re.I)
# Words after which a list of domains is no sum of levels any more.
_NO_SUM = re.compile(
    r"\b(?:very|extremely|despite|not|no|nor|two|three|2|3|twice|double|doubly|mainly|mostly|primarily|largely|including"
    r"|such as|among|etc|upgrad\w{0,4}|rated up|levels|some outcomes|each)\b|n['’]t\b|\be\.g\.",
    re.I,
)
# Then several domains are one level.
_AS_ONE = re.compile(r"\b(?:one|1|single|once|combined|together|jointly|total)\b", re.I)
_RANDOMISED = re.compile(r"\brandomi[sz]ed\b|\bRCTs?\b", re.I)
_OBSERVATIONAL = re.compile(
    r"\bobservational\b|\bcohorts?\b|\bcase[- ](?:control|series|reports?)\b|\bnon-?randomi[sz]ed\b"
    r"|\bregist(?:ry|ries)\b|\bbefore[- ]and[- ]after\b|\bquasi-",
    re.I,
)
_HIGH_DESIGNS = ("randomised", "non_randomised_robins_i")

_MORE = r"(?!other|further|additional|more|new|else)"
_RESEARCH = r"(?:research|evidence|stud(?:y|ies)|trials?|data|literature|publications?|reports?|reviews?)"
# "No evidence of harm" is a result, "no evidence that assessed it" is none.
_ON_IT = r"\b(?!\s+(?:of|for|that\s+(?!assess|address|evaluat|examin|stud|report|look)))"
_NOTHING_FOUND = (
    re.compile(
        r"\b(?:not|n['’]t|unable to|failed to)\s+(?:been\s+able\s+to\s+)?(?:identif|find|found|locat|retriev)\w{0,4}"
        rf"\s+(?:{_MORE}[\w-]{{1,20}}\s+){{0,4}}{_RESEARCH}{_ON_IT}",
        re.I,
    ),
    re.compile(
        rf"\b(?:found|identified|located|retrieved)\s+no\s+(?:{_MORE}[\w-]{{1,20}}\s+){{0,4}}{_RESEARCH}{_ON_IT}",
        re.I,
    ),
    re.compile(
        rf"\bno\s+(?:{_MORE}[\w-]{{1,20}}\s+){{0,4}}(?!evidence\s+of\b){_RESEARCH}\b"
        r"(?:.{0,80}?\b(?:identified|found|available|retrieved|located|addressed|assessed|evaluated|examined|exists?)\b"
        r"|\W{0,4}$)",
        re.I,
    ),
)
_BUT = re.compile(r"\b(?:but|however|although|though|except|other than)\b", re.I)

_NOT_A_LEVEL = (
    r"(?!\s+(?:risks?|bias(?:es)?|incomes?|resources?|doses?|rates?|numbers?|heterogeneity|incidence|prevalence|mortality"
    r"|costs?)\b)"
)


_CERTAINTY_OF_SOME = re.compile(
    r"\bcertainty\b.{0,40}?\b(?:for|on|about|regarding|that|in\s+(?:the\s+)?(?:baseline|control|costs?))\b",
    re.I,
)


def check(etd: EtdInput) -> Iterator[Finding]:
    for criterion in etd.criteria:
        yield from _too_many(criterion)
        yield from _side_in_text(etd, criterion)
        yield from _level_in_text(criterion)
        yield from _nothing_to_judge_by(criterion)
    yield from _downgrade_sum(etd)
    yield from _above_every_outcome(etd)
    yield from _type_against_balance(etd)


def _too_many(criterion: CriterionInput) -> Iterator[Finding]:
    if criterion.multiple:
        return
    by_scope: dict[str, list[Choice]] = {}
    for choice in criterion.choices:
        by_scope.setdefault(choice.applies_to, []).append(choice)
    for scope, choices in by_scope.items():
        if len(choices) > 1:
            yield Finding(
                "too_many_options",
                Severity.INCONSISTENT,
                criterion.heading,
                f"{len(choices)} options are chosen{f' for {scope}' if scope else ''}, where the criterion takes one."
                " All are kept: choose one, or say what each is for.",
                listed(f"“{choice.label}”" for choice in choices),
            )


def _side_in_text(etd: EtdInput, criterion: CriterionInput) -> Iterator[Finding]:
    """The text says which side is favoured, and the judgement says another."""
    sides = {step.direction for step in criterion.scale}
    takes_sides = {OptionDirection.INTERVENTION, OptionDirection.COMPARISON, OptionDirection.NEITHER} <= sides
    if not takes_sides or not criterion.all_on_scale:
        return
    judged = {step.direction for step in criterion.on_scale}
    said = list(_sides_said(etd, criterion))
    against = [one for one in said if one.side not in judged]
    if not against:
        return
    sides = {one.side for one in said}
    both = {OptionDirection.INTERVENTION, OptionDirection.COMPARISON} <= sides
    # beside a side that is judged, or where only some patients are meant, it is an exception, and no contradiction
    exception = bool(judged & sides) or (not both and all(one.of_some for one in against))
    remedy = (
        " It favours one side for some patients, the other for others: “Varies”, or one judgement a group, says so."
        if both
        else ""
    )
    yield Finding(
        "text_against_judgement",
        Severity.INFORMATIONAL if exception else Severity.INCONSISTENT,
        criterion.heading,
        f"The judgement is {criterion.chosen}, but the text beside it favours"
        f" {listed(_SIDE_WORDS[one.side] for one in against)}.{remedy}",
        " · ".join(dict.fromkeys(quoted(one.sentence.text, "favo") for one in against[:2])),
        heuristic=True,
    )


@dataclass(frozen=True, slots=True)
class _SideSaid:
    """A sentence that favours a side; `of_some`: for some patients, or in one outcome."""

    side: OptionDirection
    sentence: Sentence
    of_some: bool


_SIDE_WORDS = {
    OptionDirection.INTERVENTION: "the intervention",
    OptionDirection.COMPARISON: "the comparison",
    OptionDirection.NEITHER: "neither",
}


def _sides_said(etd: EtdInput, criterion: CriterionInput) -> Iterator[_SideSaid]:
    favours = _favours(etd.intervention_label, etd.comparison_label)
    topic = stems(criterion.heading) - {stem("effects"), stem("evidence")}
    for sentence in sentences(criterion.evidence) + sentences(criterion.considerations):
        if criterion.role is Role.BALANCE and (found := _outweighs(sentence)):
            side, match = found
            yield _SideSaid(side, sentence, _is_of_some(sentence, match))
        for match in (*favours.finditer(sentence.text), *_NEITHER.finditer(sentence.text)):
            before = sentence.text[max(0, match.start() - _REACH) : match.start()]
            if not topic & stems(before.replace("-", " ")) and not _OVERALL.search(before):
                continue
            if match.re is _NEITHER:
                yield _SideSaid(OptionDirection.NEITHER, sentence, _is_of_some(sentence, match))
            elif not _NEGATION.search(re.split(r"[,;:]", before)[-1]) and _is_ours(sentence, match):
                yield _SideSaid(_side(match.group(1), etd), sentence, _is_of_some(sentence, match))


def _is_ours(sentence: Sentence, match: re.Match[str]) -> bool:
    """What this panel says now, and does not call possible only."""
    text = sentence.text
    return not _NOT_OURS.search(text[: match.end()]) and not _THEIRS_AFTER.search(text[match.end() :])


def _is_of_some(sentence: Sentence, match: re.Match[str]) -> bool:
    text = sentence.text
    return bool(
        _OF_SOME_BEFORE.search(text)
        or _OF_SOME_AFTER.search(text[match.end() :])
        or _OF_AN_OUTCOME.search(text)
    )


@lru_cache(maxsize=64)
def _favours(intervention: str, comparison: str) -> re.Pattern[str]:
    names = {
        name.lower()
        for name in ("intervention", intervention, comparison, *_COMPARISON_NAMES)
        if name.strip()
    }
    either = "|".join(re.escape(name) for name in sorted(names, key=len, reverse=True))
    return re.compile(
        rf"\bfavou?r(?:s|ed|ing)?\s+(?:of\s+)?(?:the\s+)?(?:use\s+of\s+)?({either})\b(?!-|\s+(?:plus|of)\b)",
        re.I,
    )


def _side(name: str, etd: EtdInput) -> OptionDirection:
    is_intervention = name.lower() in ("intervention", etd.intervention_label.lower())
    return OptionDirection.INTERVENTION if is_intervention else OptionDirection.COMPARISON


def _outweighs(sentence: Sentence) -> tuple[OptionDirection, re.Match[str]] | None:
    if _NEGATION.search(sentence.text):
        return None
    sides = ((OptionDirection.INTERVENTION, _GOOD_OUTWEIGHS), (OptionDirection.COMPARISON, _BAD_OUTWEIGHS))
    for side, pattern in sides:
        if match := pattern.search(sentence.text):
            return (side, match) if _is_ours(sentence, match) else None
    return None


def _level_in_text(criterion: CriterionInput) -> Iterator[Finding]:
    """The text names one level of certainty, and the judgement another."""
    if not criterion.is_certainty or not criterion.all_on_scale:
        return
    said = list(_levels_said(criterion))
    levels = {level for level, _ in said}
    judged = {step.label.lower() for step in criterion.on_scale}
    if len(levels) != 1 or levels & judged:
        return
    level, sentence = said[0]
    yield Finding(
        "text_against_judgement",
        Severity.INCONSISTENT,
        criterion.heading,
        f"The judgement is {criterion.chosen}, but the text beside it calls the certainty {level}.",
        quoted(sentence.text, level),
        heuristic=True,
    )


def _levels_said(criterion: CriterionInput) -> Iterator[tuple[str, Sentence]]:
    names = "|".join(re.escape(step.label) for step in sorted(criterion.scale, key=lambda s: -len(s.label)))
    if not names:
        return
    level = re.compile(rf"\b({names})\b{_NOT_A_LEVEL}", re.I)
    stated = re.compile(
        rf"\b(?:is|was|were|are|as|rated|judged|considered|remains|remained)\s+(?:[\w-]{{1,15}}\s+){{0,2}}?({names})\b"
        rf"(?!\s+(?:for|that|if|when)\b){_NOT_A_LEVEL}",
        re.I,
    )
    for sentence in sentences(criterion.evidence) + sentences(criterion.considerations):
        match = stated.search(sentence.text)
        if (
            match
            and "certaint" in {word[:8] for word in words(sentence.text)}
            and not _NEGATION.search(match.group())
            and _is_ours(sentence, match)
            and not _OF_SOME_BEFORE.search(sentence.text)
            and not _CERTAINTY_OF_SOME.search(sentence.text[: match.start()])
        ):
            for found in {name.lower() for name in level.findall(sentence.text)}:
                yield found, sentence


def _nothing_to_judge_by(criterion: CriterionInput) -> Iterator[Finding]:
    """A judgement on the scale, no evidence, and no word on what else it rests on."""
    if not criterion.all_on_scale or criterion.stated_basis or criterion.has_table:
        return
    if criterion.additional_considerations.strip() or any(
        choice.reason.strip() for choice in criterion.choices
    ):
        return
    said = sentences(criterion.evidence)
    if not all(says_nothing_was_found(sentence.text) for sentence in said):
        return
    found = "the text says that no research was found" if said else "nothing is written beside it"
    yield Finding(
        "judgement_without_basis",
        Severity.INFORMATIONAL,
        criterion.heading,
        f"The judgement is {criterion.chosen}, but {found}, and the additional"
        " considerations do not say what it rests on: the panel’s experience, indirect evidence, or another reason.",
        quoted(said[0].text) if said else "Research evidence and additional considerations are blank.",
        heuristic=bool(said),
    )


def says_nothing_was_found(sentence: str) -> bool:
    """`We have not identified any research …`; false where it goes on with a "but", or about other research."""
    return not _BUT.search(sentence) and any(pattern.search(sentence) for pattern in _NOTHING_FOUND)


def _downgrade_sum(etd: EtdInput) -> Iterator[Finding]:
    """The domains named in the text, a level each, must lead from where the evidence starts to the chosen level."""
    criterion = etd.with_role(Role.OVERALL_CERTAINTY)
    if (
        criterion is None
        or len(criterion.on_scale) != 1
        or not criterion.all_on_scale
        or not _starts_high(etd)
    ):
        return
    said = [
        s
        for s in sentences(criterion.evidence) + sentences(criterion.considerations)
        if _DOWNGRADED.search(s.text)
    ]
    if len(said) != 1 or _NO_SUM.search(said[0].text):
        return
    named = [name for name, pattern in _DOMAINS.items() if pattern.search(said[0].text)]
    chosen, top, bottom = (
        criterion.on_scale[0],
        _last(criterion.scale),
        min(step.column for step in criterion.scale),
    )
    needed = top.column - chosen.column
    too_many = len(named) > needed and chosen.column > bottom and not _AS_ONE.search(said[0].text)
    if not named or (len(named) >= needed and not too_many):
        return
    yield Finding(
        "downgrade_sum",
        Severity.INCONSISTENT,
        criterion.heading,
        f"Randomised evidence starts at “{top.label}”. {_levels(needed)} down give “{chosen.label}”, and the text names"
        f" {listed(named)}, {_levels(len(named)).lower()} unless a domain is rated “very serious”.",
        quoted(said[0].text, "downgrad"),
        heuristic=True,
    )


def _last(scale: Iterable[Step]) -> Step:
    return max(scale, key=lambda step: step.column)


def _levels(count: int) -> str:
    return {0: "No level", 1: "One level"}.get(count, f"{count} levels")


def _starts_high(etd: EtdInput) -> bool:
    """Is the evidence of randomised trials alone, by the ratings of the outcomes, else by the texts on effects?"""
    designs = {outcome.design for outcome in etd.outcomes if outcome.design}
    if designs:
        return designs <= set(_HIGH_DESIGNS)
    roles = (Role.DESIRABLE, Role.UNDESIRABLE, Role.OVERALL_CERTAINTY)
    texts = [criterion.research_evidence for criterion in etd.criteria if criterion.role in roles]
    return any(_RANDOMISED.search(text) for text in texts) and not any(
        _OBSERVATIONAL.search(text) for text in texts
    )


def _above_every_outcome(etd: EtdInput) -> Iterator[Finding]:
    criterion = etd.with_role(Role.OVERALL_CERTAINTY)
    levels = ("very_low", "low", "moderate", "high")
    rated = [outcome for outcome in etd.outcomes if outcome.certainty]
    if (
        criterion is None
        or not rated
        or len(rated) < len(etd.outcomes)
        or len(criterion.scale) != len(levels)
    ):
        return
    best = max(levels.index(outcome.certainty) for outcome in rated)
    ordered = sorted(criterion.scale, key=lambda step: step.column)
    for step in criterion.on_scale:
        if ordered.index(step) > best:
            yield Finding(
                "certainty_above_outcomes",
                Severity.INCONSISTENT,
                criterion.heading,
                f"The overall certainty is “{step.label}”, but no outcome is rated above “{ordered[best].label}”.",
                listed(f"{outcome.name}: {outcome.certainty.replace('_', ' ')}" for outcome in rated),
            )


def _type_against_balance(etd: EtdInput) -> Iterator[Finding]:
    balance = etd.with_role(Role.BALANCE)
    if balance is None or etd.type is None or not balance.all_on_scale:
        return
    judged = {step.direction for step in balance.on_scale}
    opposite = {
        RecommendationDirection.FOR: {OptionDirection.COMPARISON},
        RecommendationDirection.AGAINST: {OptionDirection.INTERVENTION},
    }
    if judged == opposite.get(etd.type.direction):
        yield Finding(
            "type_against_balance",
            Severity.INFORMATIONAL,
            "Type of recommendation",
            "The type goes against the balance of effects. Costs, equity or other criteria may be the reason: the"
            " justification should say which.",
            f"“{etd.type.label}” · {balance.heading}: {listed(f'“{choice.label}”' for choice in balance.choices)}",
        )
