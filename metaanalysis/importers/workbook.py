"""XLSX: bytes → rows of cells, through the check of the package and a limited child process."""

from dataclasses import dataclass
from typing import Any

from metaanalysis.importers.cells import EMPTY, Cell, CellKind, Row
from metaanalysis.importers.child_main import Job
from metaanalysis.importers.child_process import run_worker
from metaanalysis.importers.exports import unguarded
from metaanalysis.importers.table import ProblemLog, Refusal
from metaanalysis.importers.workbook_archive import check_archive

_SAVE_AGAIN = "Open it in a spreadsheet program, save it as .xlsx and upload that."


@dataclass(frozen=True)
class WorkbookTable:
    """`first_column` is 0 if the table starts in column A; all rows have the same width."""

    rows: tuple[Row, ...]
    sheet: str
    sheets: tuple[str, ...]
    first_column: int


def read_workbook_table(data: bytes, sheet: str | None, log: ProblemLog) -> WorkbookTable:
    """The cells of one sheet. Raises Refusal, ReaderUnavailable."""
    check_archive(data)
    found = run_worker(data, workbook_job(sheet))
    log.sheet = found["sheet"]
    if found["merged"]:
        ranges = ", ".join(found["merged"])
        raise Refusal(
            "merged_cells", f"there are merged cells in {ranges}. Unmerge them and fill every cell."
        )
    _warn_hidden(found, log)
    numbers = [cell[0] for _, cells in found["rows"] for cell in cells]
    first, last = min(numbers, default=1), max(numbers, default=1)
    rows = tuple(Row(number, _padded(cells, first, last)) for number, cells in found["rows"])
    return WorkbookTable(rows, found["sheet"], tuple(found["sheets"]), first - 1)


def workbook_job(sheet: str | None) -> Job:
    return Job("workbook", "workbook", _SAVE_AGAIN, "Keep only the sheet with the table.", sheet)


def _warn_hidden(found: dict[str, Any], log: ProblemLog) -> None:
    hidden = [
        (found["hidden_rows"], "hidden_rows", "hidden row", "read too"),
        (found["hidden_columns"], "hidden_columns", "hidden column", "read too"),
        (len(found["unread_hidden_sheets"]), "hidden_sheets", "hidden sheet", "not read"),
    ]
    for count, code, name, fate in hidden:
        if count:
            plural = f"{count} {name}s are" if count > 1 else f"1 {name} is"
            log.warning(code, f"{plural} {fate}. Check that this is what you want.")


def _padded(cells: list[list[Any]], first: int, last: int) -> tuple[Cell, ...]:
    row = [EMPTY] * (last - first + 1)
    for column, kind, text, number_format in cells:
        plain = unguarded(text) if kind == CellKind.TEXT else text
        row[column - first] = Cell(plain, CellKind(kind), number_format)
    return tuple(row)
