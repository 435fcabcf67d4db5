"""One row of a table read as one study: counts, means or an estimate, with what is wrong logged at its cell."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from metaanalysis.importers.cells import (
    MISSING_MARKS,
    Cell,
    CountReading,
    Finding,
    Row,
    read_count,
    read_text,
    read_year,
    text_of,
    trimmed,
)
from metaanalysis.importers.column_names import ARM_NAMES, COUNT_COLUMNS, NAME_COLUMNS
from metaanalysis.importers.columns import MEANS, Column, Layout
from metaanalysis.importers.decimals import Number, is_missing, read_decimal, read_spread
from metaanalysis.importers.estimates import read_estimate
from metaanalysis.importers.table import Kind, ProblemLog, StudyRow, visible

_SPREAD_COLUMNS = frozenset({"variance", "se", "se_log_hr", "se_log_or", "se_log_rr"})
_MEASURES = {
    **{name.casefold(): name for name in ("HR", "OR", "RR", "RD", "MD", "SMD")},
    "hazard ratio": "HR",
    "odds ratio": "OR",
    "risk ratio": "RR",
    "relative risk": "RR",
    "risk difference": "RD",
    "mean difference": "MD",
    "standardised mean difference": "SMD",
    "standardized mean difference": "SMD",
}


class RowReader:
    """Reads one row after another, logging what is wrong with each; subclasses read the numbers of their kind."""

    def __init__(
        self, columns: tuple[Column, ...], layout: Layout, in_workbook: bool, log: ProblemLog
    ) -> None:
        self.log = log
        self.in_workbook = in_workbook
        self.layout = layout
        self.known = {column.canonical: column for column in columns if layout.uses(column.canonical)}
        self.others = [column for column in columns if column not in self.known.values()]
        self.names = {name: column.written for name, column in self.known.items() if name}
        self.notices: dict[str, None] = {}

    def read(self, row: Row) -> StudyRow | None:
        """The study, or None if anything in the row is wrong."""
        errors_before = self.log.counts["error"]
        study = self._text(row, "study")
        if not study and self.log.counts["error"] == errors_before:
            text = "the study has no name. Write one."
            self.log.error("missing_study", text, row=row.number, column=self.names["study"])
        if study and self._is_heading(row):
            text = (
                "this row holds a name and no numbers. If it is the heading of a subgroup, delete the row and write "
                "the subgroup beside each of its studies."
            )
            self.log.error("missing", text, row=row.number, column=self.names["study"], value=study)
            return None
        extra = self._extra(row)
        found = StudyRow(
            row=row.number,
            study=study,
            year=self._count(row, "year") if "year" in self.known else None,
            outcome=self._text(row, "outcome"),
            timepoint=self._text(row, "timepoint"),
            population=self._text(row, "population"),
            subgroup=self._text(row, "subgroup"),
            source=self._text(row, "source"),
            note=self._note(row, extra),
            kind=self.layout.kind,
            extra=dict(extra),
        )
        found = self._with_numbers(row, found)
        return found if self.log.counts["error"] == errors_before else None

    def _with_numbers(self, row: Row, study: StudyRow) -> StudyRow:
        raise NotImplementedError

    def _is_heading(self, row: Row) -> bool:
        return len(row.cells) > 1 and all(
            cell.is_blank for index, cell in enumerate(row.cells) if index != self.known["study"].index
        )

    def _cell(self, row: Row, name: str) -> Cell:
        return row.cells[self.known[name].index]

    def _count(self, row: Row, name: str) -> int | None:
        cell = self._cell(row, name)
        reading: CountReading = read_year(cell) if name == "year" else read_count(cell)
        if reading.finding:
            self._log(row, name, reading.finding)
        return reading.value

    def _decimal(self, row: Row, name: str) -> Number | None:
        cell = self._cell(row, name)
        is_spread = name in _SPREAD_COLUMNS or name.startswith("sd_")
        reading = read_spread(cell) if is_spread else read_decimal(cell)
        if reading.finding:
            self._log(row, name, reading.finding)
        return reading.number

    def _log(self, row: Row, name: str, finding: Finding) -> None:
        severity, code, text = finding
        value = self._cell(row, name).text
        self.log.add(severity, code, text, row=row.number, column=self.names[name], value=value)

    def _text(self, row: Row, name: str) -> str:
        column = self.known.get(name)
        return self._checked(row, column, row.cells[column.index]) if column else ""

    def _checked(self, row: Row, column: Column, cell: Cell) -> str:
        is_name = column.canonical in NAME_COLUMNS
        text, findings = read_text(cell, is_name=is_name, in_workbook=self.in_workbook)
        for severity, code, reason in findings:
            self.log.add(severity, code, reason, row=row.number, column=column.written, value=cell.text)
        return text

    def _extra(self, row: Row) -> tuple[tuple[str, str], ...]:
        """What columns that are not used for pooling say: (name as written, value)."""
        return tuple(
            (column.written, self._checked(row, column, Cell(trimmed(text_of(row.cells[column.index])))))
            for column in self.others
            if not row.cells[column.index].is_blank
        )

    def _note(self, row: Row, extra: Iterable[tuple[str, str]]) -> str:
        parts = [self._text(row, "note"), *(f"{name}: {value}" for name, value in extra)]
        return "; ".join(part for part in parts if part)


class _CountsReader(RowReader):
    def _with_numbers(self, row: Row, study: StudyRow) -> StudyRow:
        numbers: dict[str, int] = {}
        added: list[str] = []
        for arm in ARM_NAMES:
            for name in (f"events_{arm}", f"n_{arm}", f"nonevents_{arm}"):
                value = self._count(row, name) if name in self.known else None
                if value is not None:
                    numbers[name] = value
            added += self._total(row, numbers, arm)
        if not numbers.keys() >= set(COUNT_COLUMNS):
            return study
        found = replace(
            study,
            events_intervention=numbers["events_intervention"],
            n_intervention=numbers["n_intervention"],
            events_comparison=numbers["events_comparison"],
            n_comparison=numbers["n_comparison"],
            note="; ".join(part for part in (study.note, *added) if part),
        )
        self._check_arms(found)
        return found

    def _total(self, row: Row, numbers: dict[str, int], arm: str) -> list[str]:
        """Fills in the total of an arm that is given as events and non-events; says so, as the note's words."""
        events, others = numbers.get(f"events_{arm}"), numbers.get(f"nonevents_{arm}")
        total = numbers.get(f"n_{arm}")
        if events is None or others is None:
            return []
        if f"n_{arm}" not in self.known:
            numbers[f"n_{arm}"] = events + others
            return [f"n {arm} {events} + {others} = {events + others}"]
        if total is not None and total != events + others:
            text = f"{events} and {others} without the event make {events + others}, not {total}. Correct the counts."
            self._log(row, f"n_{arm}", Finding("error", "contradiction", text))
        return []

    def _check_arms(self, study: StudyRow) -> None:
        arms = (
            ("intervention", study.events_intervention or 0, study.n_intervention or 0),
            ("comparison", study.events_comparison or 0, study.n_comparison or 0),
        )
        for arm, events, total in arms:
            column = self.names.get(f"n_{arm}", self.names[f"events_{arm}"])
            if total < 1:
                text = "the total must be at least 1. Write the number of people, or delete the row."
                self.log.error("zero_total", text, row=study.row, column=column, value=str(total))
            elif events > total:
                text = f"more events ({events}) than people ({total} in column {visible(column)}). Check both numbers."
                column = self.names[f"events_{arm}"]
                self.log.error("events_exceed_total", text, row=study.row, column=column, value=str(events))


class _MeansReader(RowReader):
    def _with_numbers(self, row: Row, study: StudyRow) -> StudyRow:
        values: dict[str, Any] = {}
        for name in MEANS.numbers:
            if name.startswith("n_"):
                values[name] = self._count(row, name)
                if values[name] is not None and values[name] < 2:
                    text = "a mean with a standard deviation needs at least 2 people. Check the number."
                    self._log(row, name, Finding("error", "too_few_people", text))
            else:
                number = self._decimal(row, name)
                values[name] = None if number is None else number.value
        return replace(study, **values)


class _EstimateReader(RowReader):
    def _with_numbers(self, row: Row, study: StudyRow) -> StudyRow:
        errors_before = self.log.counts["error"]
        measure = self._measure(row)
        used = [name for name in self.layout.numbers if name in self.known and name != "measure"]
        numbers = {}
        for name in used:
            number = None if is_missing(self._cell(row, name)) else self._decimal(row, name)
            if number is not None:
                numbers[name] = number
        if self.log.counts["error"] > errors_before:
            return study
        reading = read_estimate(numbers, measure, used[0])
        for column, finding in reading.problems:
            self._log(row, column, finding)
        if reading.notice:
            self.notices[reading.notice] = None
        note = "; ".join(part for part in (study.note, reading.as_read) if part)
        return replace(study, estimate=reading.estimate, se=reading.se, measure=reading.measure, note=note)

    def _measure(self, row: Row) -> str:
        text = self._text(row, "measure")
        if text.casefold() in MISSING_MARKS:
            return ""
        if text.casefold() not in _MEASURES:
            reason = "this measure is none of HR, OR, RR, RD, MD and SMD. Write one of them, or leave the cell empty."
            self._log(row, "measure", Finding("error", "measure", reason))
        return _MEASURES.get(text.casefold(), "")


READERS: dict[Kind, type[RowReader]] = {
    "counts": _CountsReader,
    "means": _MeansReader,
    "estimate": _EstimateReader,
}
