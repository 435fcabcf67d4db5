"""The cells of a text table or of a workbook's sheet as text, unread: to be corrected by a person, then read again."""

from dataclasses import dataclass
from decimal import Decimal

from metaanalysis.importers.cells import Cell, CellKind, Row, text_of
from metaanalysis.importers.file_type import identify
from metaanalysis.importers.limits import MAX_FILE_BYTES
from metaanalysis.importers.table import ProblemLog, Refusal
from metaanalysis.importers.text_grid import read_text_table
from metaanalysis.importers.workbook import read_workbook_table


@dataclass(frozen=True)
class RawRow:
    """`number` is what the person sees in their spreadsheet, as in the messages of `read_table`."""

    number: int
    cells: tuple[str, ...]


def read_cells(data: bytes, *, filename: str, sheet: str | None = None) -> tuple[RawRow, ...]:
    """Every row that is not blank, the header first, without judging what is in it.

    The result of a formula is not trusted: its source is given. Raises Refusal where there are no cells to show, and
    ReaderUnavailable as `read_table` does.
    """
    if len(data) > MAX_FILE_BYTES:
        raise Refusal("too_large", "the table is too large to be shown here.")
    log = ProblemLog()
    if identify(data, filename) == "csv":
        rows: tuple[Row, ...] = read_text_table(data, log).rows
    else:
        rows = read_workbook_table(data, sheet, log).rows
    return tuple(
        RawRow(row.number, tuple(_shown(cell) for cell in row.cells))
        for row in rows
        if not all(cell.is_blank for cell in row.cells)
    )


def _shown(cell: Cell) -> str:
    """As `text_of`, all digits written out: a workbook may store 0.0002 as 2E-4."""
    text = text_of(cell)
    if cell.kind is CellKind.NUMBER and "e" in text.casefold() and len(text) < 12:
        return format(Decimal(text), "f")
    return text
