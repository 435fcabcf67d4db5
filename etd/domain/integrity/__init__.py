"""A reported table against itself: can these numbers stand together? Rounding intervals, standard library only.

`check_table` takes rows as printed text and gives findings. It says what cannot be and shows the arithmetic; what is
right instead it does not know.
"""

from __future__ import annotations

from collections.abc import Iterable

from etd.domain.findings import Severity
from etd.domain.integrity.between_rows import between_rows
from etd.domain.integrity.checks import row_findings
from etd.domain.integrity.rows import ReportedRow, UnreadableCellError, read_rows, unreadable_cells
from etd.domain.integrity.table import Table, TableFinding

__all__ = ["ReportedRow", "TableFinding", "UnreadableCellError", "check_table", "unreadable_cells"]


def check_table(rows: Iterable[ReportedRow]) -> tuple[TableFinding, ...]:
    """The findings of one table, the gravest first, then in the order of the rows.

    Raises UnreadableCellError for a cell that is not what its column asks for, and for an effect without a measure.
    """
    table = Table.of(read_rows(rows))
    findings = [finding for place in range(len(table.rows)) for finding in row_findings(table, place)]
    findings += between_rows(table.rows)
    order = list(Severity)
    return tuple(sorted(findings, key=lambda each: (order.index(each.finding.severity), each.row)))
