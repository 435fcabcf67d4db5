"""A table as the checks see it, what they have to say about a row of it, and how they write numbers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from etd.domain.findings import Finding, Severity
from etd.domain.integrity.analysis import PTest, p_test
from etd.domain.integrity.printed import Printed
from etd.domain.integrity.rows import ReadRow
from etd.domain.numbers import rounded

IMPOSSIBLE, INCONSISTENT, INFORMATIONAL = Severity.IMPOSSIBLE, Severity.INCONSISTENT, Severity.INFORMATIONAL
# A table in which at least so many other rows, and half of those that can be tested, break a rule, follows another.
_ROWS_OF_ANOTHER_RULE = 2


@dataclass(frozen=True, slots=True)
class TableFinding:
    """A finding with the number of its row and the name of its column."""

    row: int
    column: str
    finding: Finding

    def to_json(self) -> dict[str, str | bool | int]:
        """The finding's keys, with `row` and `column`."""
        return {**self.finding.to_json(), "row": self.row, "column": self.column}


@dataclass(frozen=True, slots=True)
class Table:
    """The rows of a table with what more than one check asks of all of them."""

    rows: tuple[ReadRow, ...]
    p_tests: dict[int, PTest]

    @classmethod
    def of(cls, rows: Sequence[ReadRow]) -> Table:
        tests = ((place, p_test(row)) for place, row in enumerate(rows))
        return cls(tuple(rows), {place: test for place, test in tests if test})

    def other_p_tests(self, place: int) -> list[tuple[ReadRow, PTest]]:
        return [(self.rows[other], test) for other, test in self.p_tests.items() if other != place]


def found(
    row: ReadRow,
    column: str,
    code: str,
    severity: Severity,
    message: str,
    evidence: str,
    *,
    heuristic: bool = False,
) -> TableFinding:
    where = f"{row.label}, {column}"
    return TableFinding(row.row, column, Finding(code, severity, where, message, evidence, heuristic))


def follow_another_rule(fits: Sequence[bool]) -> bool:
    failing = fits.count(False)
    return failing >= _ROWS_OF_ANOTHER_RULE and failing * 2 >= len(fits)


def range_text(number: Printed, *, least: Fraction | None = None) -> str:
    """`0.105 to 0.115`, all digits; from `least` on, where less cannot be."""
    low = number.low if least is None else max(least, number.low)
    if number.text[0] in "<>≤≥":
        return f"{decimal_text(low)} to {decimal_text(number.high)}"
    places = len(number.text.partition(".")[2]) + 1
    return f"{decimal_text(low, places)} to {decimal_text(number.high, places)}"


def decimal_text(value: Fraction, places: int = 4) -> str:
    return rounded(float(value), places)


def number_text(value: float) -> str:
    """Three decimals, more for small numbers."""
    if value == 0 or not 1e-6 < abs(value) < 1e7:
        return f"{value:.3g}"
    return rounded(value, max(3, 2 - math.floor(math.log10(abs(value)))))


def p_range_text(span: tuple[float, float]) -> str:
    """`0.124 to 0.147`, rounded outwards, so that nothing allowed is left out."""
    low, high = math.floor(span[0] * 1000) / 1000, math.ceil(span[1] * 1000) / 1000
    if high <= 0.001:
        return "less than 0.001"
    return f"{low:.3f} to {high:.3f}"


def equals_text(number: Printed) -> str:
    return number.text if number.text[0] in "<>≤≥" else f"= {number.text}"


def listed(rows: Sequence[int]) -> str:
    words = [str(row) for row in rows]
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
