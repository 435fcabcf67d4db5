"""Analyses of RevMan → study rows: how they are named, which are left out, and what the person must know.

Decisions, for a methodologist to disagree with:
- RevMan can analyse non-events ("Swap event and non-event"). The rows keep the events of the file, and a warning says
  so: a row has no place to say "non-events", the outcome keeps the name of the event, and for the risk ratio the two
  are different questions, between which the person must choose.
- A study without people in an arm, or without standard deviations, standard error or variance (RevMan shows "Not
  estimable") has no data: it is left out and named in a warning. Studies without any event are kept.
- A study that appears twice in an analysis (in two subgroups) is kept twice, as RevMan pools both rows; the second
  gets the name of its subgroup, so that neither hides the other.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from metaanalysis.importers.cells import Cell, Finding, check_text, read_year, trimmed
from metaanalysis.importers.limits import MAX_NAME_CHARACTERS, MAX_ROWS
from metaanalysis.importers.revman.analyses import (
    Analysis,
    DataKind,
    Entry,
    RevmanFile,
    measure_of,
    method_words,
)
from metaanalysis.importers.revman.figures import NotAFigure, decimal_of, is_nothing
from metaanalysis.importers.revman.numbers import CORRECT, NoData, Numbers, Rejected
from metaanalysis.importers.revman.row_checks import check_review
from metaanalysis.importers.table import Kind, ProblemLog, Refusal, StudyRow, visible

_NAMES_SHOWN = 20


def study_rows(file: RevmanFile, log: ProblemLog) -> list[StudyRow]:
    """Every study of every analysis; errors, warnings and notices go to `log`. Raises Refusal if there is none."""
    count = sum(len(analysis.entries) for analysis in file.analyses)
    if count > MAX_ROWS:
        text = (
            f"the file holds {count:,} rows of studies (totals and headings not counted); the limit is {MAX_ROWS:,}. "
            "Export one comparison at a time from RevMan."
        )
        raise Refusal("too_many_rows", text)
    rows: list[StudyRow] = []
    entries_before = 0
    said: set[tuple[str, str]] = set()
    for analysis, outcome in zip(file.analyses, _outcome_names(file.analyses), strict=True):
        if analysis.entries:
            rows += _AnalysisRows(analysis, outcome, file.names, log, said).read(entries_before)
            entries_before += len(analysis.entries)
    if not rows and not log.has_errors:
        raise Refusal("no_rows", "no study with numbers was found in the analyses of this file.")
    if not log.has_errors:
        has_row_numbers = all(entry.row for analysis in file.analyses for entry in analysis.entries)
        check_review(rows, file.names, log, has_row_numbers=has_row_numbers)
    return rows


def layout_of(rows: Iterable[StudyRow]) -> Literal["counts", "means", "estimate", "mixed"]:
    kinds: set[Kind] = {row.kind for row in rows}
    return "mixed" if len(kinds) > 1 else next(iter(kinds), "counts")


def _outcome_names(analyses: Sequence[Analysis]) -> list[str]:
    """The analyses' names; the comparison's before it, or RevMan's number after it, only where that tells two apart."""
    plain = [_one_line(analysis.name) for analysis in analyses]
    comparisons: dict[str, set[str]] = {}
    for analysis, name in zip(analyses, plain, strict=True):
        comparisons.setdefault(name.casefold(), set()).add(_comparison_number(analysis))
    names = [
        _after_comparison(analysis, name) if len(comparisons[name.casefold()]) > 1 else name
        for analysis, name in zip(analyses, plain, strict=True)
    ]
    count = Counter(name.casefold() for name in names)
    return [
        f"{name} ({analysis.number})" if count[name.casefold()] > 1 else name
        for name, analysis in zip(names, analyses, strict=True)
    ]


def _comparison_number(analysis: Analysis) -> str:
    return analysis.number.partition(".")[0]


def _after_comparison(analysis: Analysis, name: str) -> str:
    """The comparison's name is cut where both together would be longer than a name may be, with room for a number."""
    comparison = _one_line(analysis.comparison) or f"Comparison {_comparison_number(analysis)}"
    room = MAX_NAME_CHARACTERS - len(f": {name} ({analysis.number})")
    if len(comparison) > room > 10:
        comparison = comparison[: room - 1] + "…"
    return f"{comparison}: {name}"


def _one_line(text: str) -> str:
    """The text with each line break of an XML element made a space, and no space at its ends."""
    parts = (trimmed(part) for part in text.replace("\r", "\n").replace("\t", "\n").split("\n"))
    return " ".join(part for part in parts if part)


@dataclass
class _AnalysisRows:
    analysis: Analysis
    outcome: str
    names: Mapping[str, str]
    log: ProblemLog
    said: set[tuple[str, str]]
    """Warnings of a study's name or year, which hold for every analysis and are told once."""
    left_out: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.numbers = Numbers(self.analysis, self.names, self.log)
        self.where = self.numbers.where
        self.note = method_words(self.analysis)

    def read(self, entries_before: int) -> list[StudyRow]:
        """`entries_before` numbers the rows of a file that has no row numbers of its own."""
        self._check_names()
        try:
            self.numbers.settle_scale()
        except Rejected:
            return []
        found = (
            self._row(entry, number)
            for number, entry in enumerate(self.analysis.entries, start=entries_before + 1)
        )
        rows = self._told_apart([row for row in found if row is not None])
        self._warn(rows)
        self._say(len(rows))
        return rows

    def _check_names(self) -> None:
        subgroups = sorted({entry.subgroup for entry in self.analysis.entries})
        for text in (self.outcome, self.note, *map(_one_line, subgroups)):
            _, findings = check_text(text, is_name=True, in_workbook=False)
            for finding in findings:
                said = f"a name in {self.where}: {finding.text} {CORRECT}"
                self.log.add(finding.severity, finding.code, said, value=text)
        if not self.outcome:
            self.log.error("missing_outcome", f"{self.where} has no name. {CORRECT}")

    def _row(self, entry: Entry, number: int) -> StudyRow | None:
        study = self._study(entry)
        try:
            numbers: dict[str, Any] = self.numbers.read(entry)
        except NoData as lacking:
            self.left_out.append(f"{visible(study)} ({lacking})")
            return None
        except Rejected:
            return None
        return StudyRow(
            row=entry.row or number,
            study=study,
            year=self._year(entry),
            outcome=self.outcome,
            subgroup=_one_line(entry.subgroup),
            note=self._note(entry),
            **numbers,
        )

    def _study(self, entry: Entry) -> str:
        study = _one_line(entry.study)
        findings = list(check_text(study, is_name=True, in_workbook=False)[1])
        if not study:
            findings.append(Finding("error", "missing_study", "the study has no name."))
        for finding in findings:
            if finding.severity == "error":
                self.numbers.reject(entry, finding)
            else:
                self._warn_once(entry, finding, study)
        return study

    def _year(self, entry: Entry) -> int | None:
        reading = read_year(Cell(_one_line(entry.year)))
        if reading.finding:
            # a year decides nothing but an order, and RevMan lets people write "unpublished" there
            self._warn_once(entry, reading.finding, entry.year)
        return reading.value

    def _warn_once(self, entry: Entry, finding: Finding, value: str) -> None:
        if (entry.study, finding.code) not in self.said:
            self.said.add((entry.study, finding.code))
            text = f"study '{visible(entry.study)}': {finding.text}"
            self.log.warning(finding.code, text, row=entry.row, value=value)

    def _note(self, entry: Entry) -> str:
        parts = [self.note]
        people = [entry.values.get(f"total_{arm}", "") for arm in "12"]
        if self.analysis.kind in (DataKind.ESTIMATE, DataKind.O_E) and not all(map(is_nothing, people)):
            parts.append("people: " + " and ".join(visible(total) or "?" for total in people))
        if self.analysis.kind is DataKind.ESTIMATE and self.numbers.is_log and not self.numbers.hint:
            parts.append("the estimates are natural logarithms")
        if self.analysis.is_swapped:
            parts.append("RevMan analyses the non-events")
        return "; ".join(part for part in parts if part)

    def _told_apart(self, rows: list[StudyRow]) -> list[StudyRow]:
        """The rows, the second of the same study under another name."""
        seen: dict[str, StudyRow] = {}
        renamed: list[str] = []
        result = []
        for row in rows:
            first = seen.get(row.study)
            if first is not None and replace(first, row=row.row) == row:
                text = f"{self.where}: study '{visible(row.study)}' is there twice with the same numbers. {CORRECT}"
                self.log.error("duplicate_study", text, row=row.row)
                continue
            if first is not None:
                row = replace(row, study=_other_name(row, seen))
                renamed.append(f"'{visible(row.study)}'")
            seen[row.study] = row
            result.append(row)
        if renamed:
            text = (
                f"{self.where} holds the same study more than once, as RevMan pools it; the later rows are named "
                f"{_listed(renamed)}. Check that nobody is counted twice."
            )
            self.log.warning("study_twice", text)
        return result

    def _warn(self, rows: list[StudyRow]) -> None:
        if self.left_out:
            text = f"{self.where}: studies without data in this analysis were left out: {_listed(self.left_out)}."
            self.log.warning("no_data", text)
        for code, who, events in (
            ("double_zero", "nobody", _nobody),
            ("all_events", "everybody", _everybody),
        ):
            if names := [f"'{visible(row.study)}'" for row in rows if row.kind == "counts" and events(row)]:
                text = (
                    f"{self.where}: {who} had the event in either arm of {_listed(names)}. This adds no information "
                    "to a pooled ratio; the studies are kept and listed as excluded from it."
                )
                self.log.warning(code, text)
        if self.numbers.stale:
            text = (
                f"{self.where}: the effect that RevMan keeps for {_listed(self.numbers.stale)} is not the one that "
                "was entered, which is used here. Check both."
            )
            self.log.warning("stale_effect", text)
        if self.analysis.is_swapped:
            text = (
                f"{self.where}: RevMan analyses the non-events here. The rows hold the events as the file does, so "
                "that pooling them gives another result, which for risk ratios is not even its inverse. Exchange "
                "events and non-events if you want RevMan's result."
            )
            self.log.warning("swapped_events", text)

    def _say(self, count: int) -> None:
        studies = "1 study" if count == 1 else f"{count} studies"
        method = f"{self.note}." if self.note else "The file does not say how RevMan pools it."
        said = f"{self.where[:1].upper()}{self.where[1:]}: {studies}. {method}"
        self.log.notices.append(" ".join(part for part in (said, self._shown()) if part))

    def _shown(self) -> str:
        """The pooled effect that the file keeps; zeros and empty texts stand for results that were not computed."""
        if not self.analysis.has_total:
            return "RevMan shows no overall result for it."
        shown = self.analysis.shown
        try:
            effect, low, high = (
                (decimal_of(text) for text in (shown.effect, shown.low, shown.high)) if shown else (0, 0, 0)
            )
        except NotAFigure:
            return ""
        if not low <= effect <= high or low == high:
            return ""
        measure = measure_of(self.analysis.measure)
        name = measure.hint or visible(self.analysis.measure) or "an effect of"
        level = (shown.level if shown else "").removesuffix("%").removesuffix(".0") or "95"
        of = " of the non-events" if self.analysis.is_swapped else ""
        return f"RevMan shows {name} {effect:.2f} ({visible(level)} % interval {low:.2f} to {high:.2f}){of}."


def _other_name(row: StudyRow, taken: Mapping[str, StudyRow]) -> str:
    first = taken[row.study]
    number = 2
    ending = f" ({row.subgroup})" if row.subgroup and row.subgroup != first.subgroup else f" ({number})"
    while (name := row.study[: max(1, MAX_NAME_CHARACTERS - len(ending))] + ending)[
        :MAX_NAME_CHARACTERS
    ] in taken:
        number += 1
        ending = f" ({row.subgroup}, {number})" if row.subgroup else f" ({number})"
    return name[:MAX_NAME_CHARACTERS]


def _nobody(row: StudyRow) -> bool:
    return row.events_intervention == row.events_comparison == 0


def _everybody(row: StudyRow) -> bool:
    return row.events_intervention == row.n_intervention and row.events_comparison == row.n_comparison


def _listed(names: list[str]) -> str:
    more = len(names) - _NAMES_SHOWN
    return ", ".join(names[:_NAMES_SHOWN]) + (f" and {more} more" if more > 0 else "")
