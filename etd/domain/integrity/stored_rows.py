"""The rows of a question's outcome tables as the checks take them: printed digits where there are any."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from etd.domain.findings import Finding, Severity
from etd.domain.integrity.between_rows import between_rows
from etd.domain.integrity.checks import row_findings
from etd.domain.integrity.printed import LONGEST_NUMBER
from etd.domain.integrity.rows import MEASURES, NUMBER_COLUMNS, ReportedRow, read_rows, unreadable_cells
from etd.domain.integrity.table import Table

# Digits of a number that was computed here and has no printed form.
_DIGITS = 6
_MOST_DECIMALS = 12
_EFFECT_COLUMNS = ("estimate", "ci_low", "ci_high", "p_value")
_COUNTS = ("events_intervention", "n_intervention", "events_comparison", "n_comparison")


@dataclass(frozen=True)
class StoredRow:
    """One row of an outcome table, as it is stored.

    `table` tells tables apart, and within one the document's own rows from recomputed ones: rows are only judged by
    others of the same. `printed` holds the document's own digits, by the column names of `ReportedRow`. Numbers are on
    the natural scale, `i_squared` in percent.
    """

    id: int
    table: object
    outcome: str
    population: str
    n_studies: int | None = None
    events_intervention: int | None = None
    n_intervention: int | None = None
    events_comparison: int | None = None
    n_comparison: int | None = None
    measure: str = ""
    estimate: float | None = None
    ci_low: float | None = None
    ci_high: float | None = None
    p_value: float | None = None
    i_squared: float | None = None
    printed: Mapping[str, str] = field(default_factory=dict)


def findings_by_row(rows: Iterable[StoredRow]) -> dict[int, tuple[Finding, ...]]:
    """The findings of each row that has any, by its id, the gravest first.

    Rows are numbered within their table, from 1. Raises nothing: a printed number that cannot be read is a finding, and
    what stands in its place is left out.
    """
    tables: dict[object, list[StoredRow]] = {}
    for row in rows:
        tables.setdefault(row.table, []).append(row)
    found: dict[int, list[Finding]] = {}
    for stored in tables.values():
        for row_id, finding in _of_one_table(stored):
            found.setdefault(row_id, []).append(finding)
    order = list(Severity)
    return {
        row_id: tuple(sorted(each, key=lambda finding: order.index(finding.severity)))
        for row_id, each in found.items()
    }


def _of_one_table(stored: list[StoredRow]) -> list[tuple[int, Finding]]:
    found: list[tuple[int, Finding]] = []
    readable = []
    for number, row in enumerate(stored, start=1):
        reported, unread = _readable(as_reported(row, number))
        readable.append(reported)
        found += [(row.id, finding) for finding in unread]
    table = Table.of(read_rows(readable))
    each_row = (finding for place in range(len(stored)) for finding in row_findings(table, place))
    for finding in (*each_row, *between_rows(table.rows)):
        found.append((stored[finding.row - 1].id, finding.finding))
    return found


def as_reported(row: StoredRow, number: int) -> ReportedRow:
    """The row as printed text; a number without printed digits is written with six."""
    texts = {name: _text(getattr(row, name)) for name in (*_COUNTS, *_EFFECT_COLUMNS)}
    texts["i2"] = _text(row.i_squared)
    texts |= {name: text for name, text in row.printed.items() if name in NUMBER_COLUMNS}
    measure = row.measure
    if measure not in MEASURES:
        # an effect as given is on a scale that is not known
        measure = ""
        texts |= dict.fromkeys(_EFFECT_COLUMNS, "")
    return ReportedRow(
        row=number,
        outcome=row.outcome,
        subgroup=row.population,
        k=_text(row.n_studies),
        measure=measure,
        **texts,
    )


def _text(value: float | None) -> str:
    if value is None:
        return ""
    if isinstance(value, int):
        return str(value)
    text = format(Decimal(f"{value:.{_DIGITS}g}"), "f")
    return text if len(text) <= LONGEST_NUMBER else f"{value:.{_MOST_DECIMALS}f}"


def _readable(row: ReportedRow) -> tuple[ReportedRow, list[Finding]]:
    """The row without the cells that cannot be read, and what is said of them."""
    unread = unreadable_cells(row)
    values = {name: getattr(row, name) for name in ReportedRow.__dataclass_fields__}
    findings = []
    for error in unread:
        values[error.column] = ""
        findings.append(
            Finding(
                "unreadable_number",
                Severity.INFORMATIONAL,
                f"row {row.row} ({row.outcome}; {row.subgroup}), {error.column}",
                f"'{error.value}' could not be read as a number, and is not checked.",
                error.reason[:1].upper() + error.reason[1:],
            )
        )
    return ReportedRow(**values), findings
