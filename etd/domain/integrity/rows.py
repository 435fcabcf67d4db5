"""A row of a table of results as it is printed, and the same row with its numbers read."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

from etd.domain.effect_axis import RATIO_MEASURES
from etd.domain.integrity.printed import MISSING_MARKS, Printed, UnreadableNumberError, read_printed

ARMS = ("intervention", "comparison")
TEXT_COLUMNS = ("outcome", "subgroup", "measure")
COUNT_COLUMNS = ("k", "events_intervention", "n_intervention", "events_comparison", "n_comparison")
PERCENT_COLUMNS = ("percent_intervention", "percent_comparison", "i2")
NUMBER_COLUMNS = (*COUNT_COLUMNS, *PERCENT_COLUMNS, "estimate", "ci_low", "ci_high", "p_value")
EFFECT_COLUMNS = ("estimate", "ci_low", "ci_high")
MEASURES = ("OR", "RR", "HR", "RD", "MD", "SMD")
RATIO_OR_DIFFERENCE = ("OR", "RR", "HR", "RD")
_BOUNDED_COLUMNS = (*PERCENT_COLUMNS, "p_value")


class UnreadableCellError(ValueError):
    """A cell that stops the reading of a table.

    `row` as the reader counts, `column`, the `value` that stands there, and the `reason` with its remedy.
    """

    def __init__(self, row: int, column: str, value: str, reason: str) -> None:
        super().__init__(f"Row {row}, column {column} ('{value}'): {reason}")
        self.row = row
        self.column = column
        self.value = value
        self.reason = reason


@dataclass(frozen=True, slots=True)
class ReportedRow:
    """One line of a table, every number as the text that is printed; "" where there is none.

    `row` is the number by which a reader finds the line. Percentages and `i2` are in percent; estimate and bounds on
    the natural scale of `measure` (OR, RR, HR, RD, MD, SMD).
    """

    row: int
    outcome: str = ""
    subgroup: str = ""
    k: str = ""
    events_intervention: str = ""
    n_intervention: str = ""
    percent_intervention: str = ""
    events_comparison: str = ""
    n_comparison: str = ""
    percent_comparison: str = ""
    measure: str = ""
    estimate: str = ""
    ci_low: str = ""
    ci_high: str = ""
    p_value: str = ""
    i2: str = ""


@dataclass(frozen=True, slots=True)
class ReadRow:
    """A row with its numbers read; `numbers` holds those that are there, by column."""

    row: int
    outcome: str
    subgroup: str
    measure: str
    numbers: dict[str, Printed]

    @property
    def is_ratio(self) -> bool:
        return self.measure in RATIO_MEASURES

    @property
    def label(self) -> str:
        """`row 5 (Survival at 30 days; All patients)`."""
        about = "; ".join(part for part in (self.outcome, self.subgroup) if part)
        return f"row {self.row} ({about})" if about else f"row {self.row}"

    def count(self, column: str) -> int | None:
        number = self.numbers.get(column)
        return None if number is None else int(number.value)

    def arm(self, arm: str) -> tuple[int, int] | None:
        """Events and people of an arm, where both are there and there are people."""
        events, people = self.count(f"events_{arm}"), self.count(f"n_{arm}")
        return (events, people) if events is not None and people else None

    def both_arms(self) -> tuple[tuple[int, int], tuple[int, int]] | None:
        """`arm` of intervention and comparison, where both are there."""
        intervention, comparison = self.arm("intervention"), self.arm("comparison")
        return (intervention, comparison) if intervention and comparison else None

    def effect(self) -> tuple[Printed, Printed, Printed] | None:
        """Estimate and both bounds, where all three are there."""
        found = [self.numbers.get(column) for column in EFFECT_COLUMNS]
        return (found[0], found[1], found[2]) if found[0] and found[1] and found[2] else None

    @property
    def effect_text(self) -> str:
        """`OR 1.18 (0.95 to 1.46)`."""
        estimate, low, high = (self.numbers[column].text for column in EFFECT_COLUMNS)
        return f"{self.measure} {estimate} ({low} to {high})"


def read_rows(rows: Iterable[ReportedRow]) -> tuple[ReadRow, ...]:
    """Raises UnreadableCellError for the first cell that is not what its column asks for."""
    return tuple(read_row(row) for row in rows)


def read_row(row: ReportedRow) -> ReadRow:
    """As `read_rows`."""
    numbers, errors = _read_cells(row)
    if errors:
        raise errors[0]
    return ReadRow(row.row, row.outcome.strip(), row.subgroup.strip(), _measure(row), numbers)


def unreadable_cells(row: ReportedRow) -> tuple[UnreadableCellError, ...]:
    """Every cell that `read_row` would refuse."""
    return tuple(_read_cells(row)[1])


def _read_cells(row: ReportedRow) -> tuple[dict[str, Printed], list[UnreadableCellError]]:
    numbers, errors = {}, []
    for column in NUMBER_COLUMNS:
        try:
            number = _read_cell(row, column)
        except UnreadableCellError as error:
            errors.append(error)
        else:
            if number is not None:
                numbers[column] = number
    measure = _measure(row)
    if measure not in MEASURES and (measure or numbers.keys() & set(EFFECT_COLUMNS)):
        said = (
            "this is not a measure that can be checked"
            if measure
            else "the row has an effect without a measure"
        )
        reason = f"{said}. Write one of {', '.join(MEASURES)}."
        errors.append(UnreadableCellError(row.row, "measure", row.measure.strip()[:60], reason))
    return numbers, errors


def _measure(row: ReportedRow) -> str:
    measure = row.measure.strip().upper()
    return "" if measure.casefold() in MISSING_MARKS else measure


def _read_cell(row: ReportedRow, column: str) -> Printed | None:
    text = getattr(row, column).strip()
    try:
        number = read_printed(text, percent=column in PERCENT_COLUMNS)
    except UnreadableNumberError as error:
        raise UnreadableCellError(row.row, column, text[:60], error.remedy) from error
    if number is None:
        return None
    if column in COUNT_COLUMNS and not number.is_whole:
        raise UnreadableCellError(
            row.row, column, text, "this is not a count. Write a whole number in digits only."
        )
    if number.text[0] in "<>≤≥" and column not in _BOUNDED_COLUMNS:
        reason = "this is a bound, not a number. Write the number itself, or leave the cell empty."
        raise UnreadableCellError(row.row, column, text, reason)
    return number


def percent_of(part: int, whole: int) -> Fraction:
    return Fraction(100 * part, whole)
