"""Outcomes, tables and references against the texts: what has no number, no row, no reference, another polarity."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from etd.domain.coherence.english import (
    all_sentences,
    citation_numbers,
    clean,
    listed,
    quoted,
    sentences,
    stem,
    stems,
    words,
)
from etd.domain.coherence.inputs import CriterionInput, EtdInput, Passage, RowInput
from etd.domain.findings import Finding, Severity
from etd.frameworks.schema import OptionDirection, Role

_QUANTITY = re.compile(
    r"(?<![A-Za-z\d])\d{1,6}(?:[.,]\d{1,4})?\s?(?:%|percent\b)|\b\d{1,6}\s?(?:/|of|in|per)\s?\d|(?<![\d.])\d{1,4}\.\d"
    r"|\b\d{1,6}\s(?:more|fewer|less|deaths?|cases?|events?|episodes?)\b|\b\d{1,5}\s(?:hours|days|weeks|months|points?)\s(?:shorter|longer|lower|higher|less|more)\b"
)
_HARM = {
    stem(w)
    for w in ("adverse", "complications", "harms", "toxicity", "safety", "side-effects", "bleeding", "injury")
}
_SAME_THING = {
    stem(word): stem(meaning)
    for meaning, group in {
        "mortality": (
            "death",
            "deaths",
            "died",
            "dying",
            "fatal",
            "survival",
            "survivors",
            "survived",
            "alive",
        ),
        "adverse": ("complications", "harms", "harm", "toxicity", "safety"),
        "hospital": ("admission", "admissions", "hospitalisation", "rehospitalisation", "readmission"),
        "recurrence": ("relapse", "recurrent"),
    }.items()
    for word in group
}
_GENERIC = {
    stem(word)
    for line in (
        "outcomes primary secondary main critical important other time times longest available",
        "defined study authors",
        "follow-up rate rates events incidence number change any all day days week weeks month months year years",
        "patients reported measured including favourable improved with",
    )
    for word in line.split()
}
_LABEL = re.compile(r"^\s*(?:\w{1,12}\s){0,2}outcomes?\s*(?:\([^)]{1,40}\))?\s*:\s*", re.I)
# An item with a verb is a remark on the list, no outcome.
_VERB = re.compile(r"\b(?:was|were|is|are|will|has|have|had|should|rated|considered|assessed)\b", re.I)
_LEAD = re.compile(r"^(?:and|or|as well as|including)\s+", re.I)

_RATIO = re.compile(
    r"\b(?:(?:hazards?|odds|risk|rate)\s+ratio|relative risk|a?HR|a?OR|a?RR)\b[\s,:=]{1,3}(?:of\s|was\s|is\s)?"
    r"(\d{1,2}\.\d{1,3})"
)
_BETTER = re.compile(
    r"\b(?:superior\w{0,3}|improv\w{1,5}|benefi\w{1,6}|better|favou?red|favou?rable effect)\b", re.I
)
_NOT = re.compile(r"\b(?:not|no|nor|without|neither|worse|fail\w{0,3})\b", re.I)
_BAD_EVENT = re.compile(
    r"\b(?:mortality|deaths?|died|dying|fatal\w{0,4}|relaps\w{0,4}|recurren\w{1,3}|hospitali[sz]ation|events?|failure|stroke"
    r"|infections?|progression|complications?)\b",
    re.I,
)
_GOOD_EVENT = re.compile(
    r"\b(?:surviv\w{1,4}|remission|recover\w{1,3}|response|respon[ds]\w{1,4}|cured?|healing|success|alive)\b",
    re.I,
)
_RATIOS = ("OR", "RR")
# A ratio from here on counts as no plain benefit.
_NEARLY = 0.9
# Letters of a stem that decide whether two outcomes are one: overdiagnosis, overdiagnosed.
_ALIKE = 7


def check(etd: EtdInput) -> Iterator[Finding]:
    yield from _outcomes_without_evidence(etd)
    yield from _size_without_number(etd)
    yield from _polarity(etd)
    yield from _citations(etd)
    yield from _table_numbers(etd)


def _outcomes_without_evidence(etd: EtdInput) -> Iterator[Finding]:
    missing = [item for item in main_outcomes(etd.main_outcomes.text) if not _has_evidence(item, etd)]
    if missing:
        yield Finding(
            "outcome_without_evidence",
            Severity.INFORMATIONAL,
            etd.main_outcomes.where,
            f"{'A main outcome has' if len(missing) == 1 else f'{len(missing)} main outcomes have'} no row with data in"
            " an outcome table, and no number in the texts on effects.",
            listed((f"“{item}”" for item in missing), most=8),
            heuristic=True,
        )


def main_outcomes(text: str) -> list[str]:
    """The outcomes that a list of main outcomes names, each with the examples in its brackets."""
    items: list[str] = []
    for line in re.split(r"[\n;•·]", clean(text)):
        for sentence in re.split(r"\.\s+(?=[A-Z])", line):
            items += _outside_brackets(_LABEL.sub("", sentence))
    stripped = (
        _LEAD.sub("", re.sub(r"^\s*(?:[-*]|\d{1,2}[.)])\s+", "", item).strip(" .")).strip() for item in items
    )
    return [item for item in stripped if _meant(item) and not _VERB.search(item)]


def _outside_brackets(text: str) -> list[str]:
    """Split at the commas that stand in no brackets."""
    pieces, depth = [""], 0
    for sign in text:
        depth = max(0, depth + (sign == "(") - (sign == ")"))
        if sign == "," and not depth:
            pieces.append("")
        else:
            pieces[-1] += sign
    return pieces


def _meant(text: str) -> set[str]:
    """The stems of what an outcome is about, words for the same thing joined; "quality of life" is also "qol"."""
    plain = re.sub(r"\([^)]{0,400}\)", " ", text)
    return {_joined_stem(one) for one in stems(plain) - _GENERIC if len(one) > 1}


def _has_evidence(item: str, etd: EtdInput) -> bool:
    names = {row.outcome: row.better for row in etd.rows if row.has_data}
    if any(_is_about(item, name) for name in names):
        return True
    if stem("adverse") in _meant(item) and any(_is_harm(name, better) for name, better in names.items()):
        return True
    effects = [c for c in etd.criteria if c.role in (Role.DESIRABLE, Role.UNDESIRABLE)]
    return any(
        _covers(_meant(item), _joined(sentence.text)) and _QUANTITY.search(sentence.text)
        for criterion in effects
        for sentence in sentences(criterion.evidence) + sentences(criterion.considerations)
    )


def _is_about(item: str, name: str) -> bool:
    wanted, given = _meant(item), _meant(name)
    shared = wanted & given
    if shared and 2 * len(shared) >= min(len(wanted), len(given)):
        return True
    examples = " ".join(re.findall(r"\(([^)]{1,400})\)", item))
    return (
        _initials(item) in words(name)
        or _initials(name) in words(item)
        or bool(given and given <= _joined(examples))
    )


def _covers(wanted: set[str], given: set[str]) -> bool:
    return bool(wanted) and 2 * len(wanted & given) > len(wanted)


def _joined(text: str) -> set[str]:
    return {_joined_stem(one) for one in stems(text)}


def _joined_stem(one: str) -> str:
    return _SAME_THING.get(one, one)[:_ALIKE]


def _initials(text: str) -> str:
    letters = [
        word[0] for word in words(re.sub(r"\([^)]{0,400}\)", " ", text)) if word not in ("the", "a", "an")
    ]
    return "".join(letters) if len(letters) > 2 else "-"


def _is_harm(name: str, better: str) -> bool:
    return better == "lower" and stem("mortality") not in _meant(name)


def _size_without_number(etd: EtdInput) -> Iterator[Finding]:
    """A size of effects above the least was judged, and nothing beside it counts or measures one."""
    for role in (Role.DESIRABLE, Role.UNDESIRABLE):
        criterion = etd.with_role(role)
        if criterion is None or not criterion.all_on_scale:
            continue
        if all(
            step.direction in (OptionDirection.NEITHER, OptionDirection.NONE) for step in criterion.on_scale
        ):
            continue
        if _has_number(etd, criterion, role):
            continue
        what = "an undesirable" if role is Role.UNDESIRABLE else "a desirable"
        yield Finding(
            "size_without_number",
            Severity.INFORMATIONAL,
            criterion.heading,
            f"The judgement is {criterion.chosen}, but no row of a table and no"
            f" sentence gives a number for {what} effect.",
            _first_about(criterion.evidence),
            heuristic=True,
        )


def _has_number(etd: EtdInput, criterion: CriterionInput, role: Role) -> bool:
    rows = [row for row in etd.rows if row.has_data]
    said = sentences(criterion.evidence) + sentences(criterion.considerations)
    if role is Role.DESIRABLE:
        return bool(rows) or any(_QUANTITY.search(sentence.text) for sentence in said)
    if any(_counts_a_harm(row) for row in rows):
        return True
    return any(_QUANTITY.search(s.text) and not _BETTER.search(s.text) for s in said)


def _counts_a_harm(row: RowInput) -> bool:
    """By its name, or as an outcome better avoided, not death, that the intervention does not plainly make rarer."""
    if _HARM & stems(row.outcome):
        return True
    if not _is_harm(row.outcome, row.better):
        return False
    none = 1.0 if row.measure in ("OR", "RR", "HR") else 0.0
    return row.estimate is None or row.estimate >= _NEARLY * none


def _first_about(passage: Passage) -> str:
    said = sentences(passage)
    chosen = next((s for s in said if _HARM & stems(s.text)), said[0] if said else None)
    return quoted(chosen.text) if chosen else "The research evidence is blank."


def _polarity(etd: EtdInput) -> Iterator[Finding]:
    """A benefit below 1 in the text beside rows in which a benefit is above 1, or the reverse, and no event named."""
    rows = [row for row in etd.rows if row.has_data and row.measure in _RATIOS and row.estimate is not None]
    # a benefit is not of an outcome that the intervention makes worse, such as bleeding beside survival
    betters = {row.better for row in rows if not _counts_a_harm(row)} or {row.better for row in rows}
    if len(betters) != 1:
        return
    higher = betters == {"higher"}
    named = _BAD_EVENT if higher else _GOOD_EVENT
    found = []
    for sentence in all_sentences(etd.running_texts()):
        match = _RATIO.search(sentence.text)
        if match is None or not _BETTER.search(sentence.text) or _NOT.search(sentence.text[: match.start()]):
            continue
        value = float(match.group(1))
        if value != 1 and (value < 1) == higher and not named.search(sentence.text):
            found.append((sentence, match))
    if found:
        sentence, match = found[0]
        yield Finding(
            "polarity",
            Severity.INFORMATIONAL,
            listed(s.where for s, _ in found),
            f"A benefit is {match.group(1)} here, {'below' if higher else 'above'} 1, while in the outcome tables"
            f" benefit is {'above' if higher else 'below'} 1. The text should name the event that its ratio is of.",
            quoted(sentence.text, match.group()),
            heuristic=True,
        )


def _citations(etd: EtdInput) -> Iterator[Finding]:
    cited: dict[int, list[str]] = {}
    for passage in etd.all_texts():
        for number in citation_numbers(passage.text):
            cited.setdefault(number, []).append(passage.where)
    dangling = sorted(number for number in cited if not etd.references.get(number, "").strip())
    if dangling:
        yield Finding(
            "citation_without_reference",
            Severity.INFORMATIONAL,
            listed(where for number in dangling for where in cited[number]),
            f"{len(dangling)} cited {'number has' if len(dangling) == 1 else 'numbers have'} no entry in the list of"
            " references.",
            f"Cited without an entry: {ranges(dangling)}",
        )


def ranges(numbers: Iterable[int]) -> str:
    """`1–3, 5` for 1, 2, 3, 5; the numbers ascending."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    return ", ".join(str(run[0]) if len(run) == 1 else f"{run[0]}–{run[-1]}" for run in runs)


def _table_numbers(etd: EtdInput) -> Iterator[Finding]:
    numbers = {table.number for table in etd.tables}
    missing = sorted(set(range(1, min(max(numbers, default=0), 100))) - numbers)
    if missing:
        yield Finding(
            "table_number",
            Severity.INFORMATIONAL,
            f"Table {min(number for number in numbers if number > missing[0])}",
            f"There is no table {ranges(missing)}.",
            listed((f"Table {number}" for number in sorted(numbers)), most=8),
        )
