"""Parses a workbook in the child process (`child_main`).

Gives `{"rows": [[row, [[column, kind, text, number format], …]], …], "sheet", "sheets", …}`. Columns and rows count
from 1.
"""

import re
import sys
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from io import BytesIO
from typing import TYPE_CHECKING, Any

from metaanalysis.importers.limits import MAX_CELL_CHARACTERS, MAX_COLUMNS, MAX_ROWS
from metaanalysis.importers.table import Refusal

if TYPE_CHECKING:
    from openpyxl import Workbook

_NAMESPACE = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_NUMBER = re.compile(r"\s*(-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]{1,3})?)\s*")
_INDEX = re.compile(r"\s*[0-9]{1,7}\s*")
_REFERENCE = re.compile(r"([A-Z]{1,3})([1-9][0-9]{0,6})")
_RANGE = re.compile(r"\$?([A-Z]{1,3})\$?([0-9]{1,7})(?::\$?([A-Z]{1,3})\$?([0-9]{1,7}))?")
_KINDS = {
    "n": "number",
    "d": "date",
    "b": "boolean",
    "e": "error",
    "f": "formula",
    "s": "text",
    "inlineStr": "text",
}
_SAVE_AGAIN = "Open it in a spreadsheet program, save it as .xlsx and upload that."


@dataclass
class Structure:
    """What the sheet's XML says of the places of its cells, read before the parser that would not tell."""

    raw_numbers: dict[tuple[int, int], str] = field(default_factory=dict)
    rows: set[int] = field(default_factory=set)
    first_column: int = 0
    last_column: int = 0
    hidden_rows: set[int] = field(default_factory=set)
    hidden_columns: list[tuple[int, int]] = field(default_factory=list)
    merged: list[str] = field(default_factory=list)

    def add_cell(self, row: int, column: int) -> None:
        self.rows.add(row)
        self.first_column = min(self.first_column or column, column)
        self.last_column = max(self.last_column, column)
        if row - min(self.rows) > MAX_ROWS:
            text = f"row {row:,} holds something; a table may have at most {MAX_ROWS:,} studies. Delete the rest."
            raise Refusal("too_many_rows", text)
        if self.last_column - self.first_column >= MAX_COLUMNS:
            text = f"more than {MAX_COLUMNS} columns, up to column number {self.last_column:,}. Delete the others."
            raise Refusal("too_many_columns", text, row=row)


def load_parser() -> None:
    """Imports openpyxl, once the process is limited. Raises SystemExit where it would parse XML unguarded."""
    sys.modules["numpy"] = None  # type: ignore[assignment]  # openpyxl would load it only to know its number types
    import openpyxl

    if not openpyxl.DEFUSEDXML:
        raise SystemExit("defusedxml is missing")


def read_workbook(data: bytes, wanted: str | None) -> dict[str, Any]:
    """The cells of one sheet. Raises Refusal; `choose_sheet` if several hold something and none was named."""
    import openpyxl

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        workbook = openpyxl.load_workbook(BytesIO(data), read_only=True, data_only=False, keep_links=False)
        try:
            return _read_sheet(workbook, wanted)
        finally:
            workbook.close()


def _read_sheet(workbook: "Workbook", wanted: str | None) -> dict[str, Any]:
    sheets = _sheets(workbook)
    name = _chosen(workbook, sheets, wanted)
    sheet: Any = workbook[name]
    try:
        structure = _structure(sheet)
        rows = list(_rows(sheet, structure))
    except Refusal as refusal:
        refusal.sheet = name
        raise
    filled_columns = range(structure.first_column, structure.last_column + 1)
    return {
        "sheet": name,
        "sheets": list(sheets),
        "unread_hidden_sheets": [
            each for each, state in sheets.items() if state != "visible" and each != name
        ],
        "rows": rows,
        "merged": _merged_in_table(structure),
        "hidden_rows": len(structure.hidden_rows & structure.rows),
        "hidden_columns": sum(
            any(low <= column <= high for low, high in structure.hidden_columns) for column in filled_columns
        ),
    }


def _sheets(workbook: "Workbook") -> dict[str, str]:
    """Name and state of each worksheet (charts left out)."""
    sheets: dict[str, str] = {sheet.title: sheet.sheet_state for sheet in workbook.worksheets}
    if not sheets:
        raise Refusal("no_worksheet", "the workbook has no worksheet. Upload the one with the table.")
    if len(sheets) != len(workbook.worksheets):
        raise Refusal("damaged", f"two sheets have the same name. {_SAVE_AGAIN}")
    return sheets


def _chosen(workbook: "Workbook", sheets: dict[str, str], wanted: str | None) -> str:
    """The sheet asked for, or the only visible one that holds something; never one of several."""
    names = tuple(sheets)
    listed = ", ".join(f"'{name}'" for name in names[:20])
    if wanted is not None:
        if wanted not in sheets:
            raise Refusal(
                "choose_sheet", f"there is no sheet of that name. Choose one of {listed}.", sheets=names
            )
        return wanted
    if len(names) == 1:
        return names[0]
    filled = [name for name in names if _has_cells(workbook[name])]
    if not filled:
        return names[0]
    visible = [name for name in filled if sheets[name] == "visible"]
    if len(visible) == 1:
        return visible[0]
    raise Refusal("choose_sheet", f"the workbook has several sheets. Choose one of {listed}.", sheets=names)


def _has_cells(sheet: Any) -> bool:
    from defusedxml.ElementTree import iterparse  # noqa: PLC0415 -- only after the limits are set

    with sheet.parent._archive.open(sheet._worksheet_path) as source:
        for _, element in iterparse(source, forbid_dtd=True):
            if element.tag == _NAMESPACE + "row":
                if any(_holds_something(cell) for cell in element):
                    return True
                element.clear()
    return False


def _structure(sheet: Any) -> Structure:
    from defusedxml.ElementTree import iterparse  # noqa: PLC0415 -- only after the limits are set

    found = Structure()
    last_row = 0
    with sheet.parent._archive.open(sheet._worksheet_path) as source:
        for _, element in iterparse(source, forbid_dtd=True):
            if element.tag == _NAMESPACE + "row":
                last_row = _structure_of_row(element, last_row, found)
                element.clear()
            elif element.tag == _NAMESPACE + "col" and _is_true(element.get("hidden")):
                found.hidden_columns.append((int(element.get("min")), int(element.get("max"))))
            elif element.tag == _NAMESPACE + "mergeCell":
                found.merged.append(element.get("ref", ""))
    return found


def _structure_of_row(element: Any, last_row: int, found: Structure) -> int:
    row = int(element.get("r", last_row + 1))
    if row <= last_row:
        raise Refusal("damaged", f"the rows of the sheet are out of order. {_SAVE_AGAIN}")
    if _is_true(element.get("hidden")):
        found.hidden_rows.add(row)
    last_column = 0
    for cell in element:
        if cell.tag != _NAMESPACE + "c":
            continue
        column = _column(cell.get("r"), row, last_column)
        if column <= last_column:
            raise Refusal("damaged", f"the cells of row {row} are out of order. {_SAVE_AGAIN}")
        last_column = column
        if _holds_something(cell):
            found.add_cell(row, column)
            _check_stored(cell, row, column, found)
    return row


def _holds_something(cell: Any) -> bool:
    if cell.find(_NAMESPACE + "f") is not None or cell.findtext(_NAMESPACE + "v"):
        return True
    inline = cell.find(_NAMESPACE + "is")
    return inline is not None and any(inline.itertext())


def _column(reference: str | None, row: int, last_column: int) -> int:
    if reference is None:
        return last_column + 1
    place = _REFERENCE.fullmatch(reference)
    if place is None or int(place[2]) != row:
        raise Refusal("damaged", f"a cell of row {row} is out of place. {_SAVE_AGAIN}")
    return _column_number(place[1])


def _column_number(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number


def _check_stored(cell: Any, row: int, column: int, found: Structure) -> None:
    """Keeps the digits of a number as they are stored, which Python's int() and float() would read too freely."""
    if cell.find(_NAMESPACE + "f") is not None:
        return
    stored = cell.findtext(_NAMESPACE + "v") or ""
    kind = cell.get("t", "n")
    if kind == "n" and stored:
        number = _NUMBER.fullmatch(stored)
        if not number:
            letters = re.sub("[0-9]", "", cell.get("r", "")) or f"number {column}"
            text = f"this cell holds no valid number. {_SAVE_AGAIN}"
            raise Refusal("not_a_number", text, row=row, column=letters, value=stored[:60])
        found.raw_numbers[row, column] = number[1]
    elif kind == "s" and not _INDEX.fullmatch(stored):
        raise Refusal("damaged", f"a text cell of row {row} is damaged. {_SAVE_AGAIN}")


def _rows(sheet: Any, structure: Structure) -> Iterator[list[Any]]:
    if not structure.rows:
        return
    sheet.reset_dimensions()
    last_row = max(structure.rows)
    for cells in sheet.iter_rows(
        min_row=min(structure.rows), max_row=last_row, max_col=structure.last_column
    ):
        filled = [_cell(cell, structure) for cell in cells if cell.value is not None]
        if filled:
            row = next(cell.row for cell in cells if cell.value is not None)
            yield [row, filled]


def _cell(cell: Any, structure: Structure) -> list[Any]:
    kind = _KINDS[cell.data_type]
    raw = structure.raw_numbers.get((cell.row, cell.column))
    if kind == "number":
        if raw is None or (Decimal(raw) != Decimal(repr(cell.value)) and float(raw) != cell.value):
            raise Refusal("damaged", f"row {cell.row} is not clear. {_SAVE_AGAIN}")
        return [cell.column, kind, raw, cell.number_format[:100]]
    value = cell.value
    if kind == "formula":
        text = getattr(value, "text", None) or str(value)
    elif kind == "boolean":
        text = "TRUE" if value else "FALSE"
    else:
        text = str(value)
    return [cell.column, kind, text[: MAX_CELL_CHARACTERS + 1], ""]


def _merged_in_table(structure: Structure) -> list[str]:
    if not structure.rows:
        return []
    low, high = min(structure.rows), max(structure.rows)
    return [ref for ref in structure.merged if _touches(ref, low, high, structure)][:5]


def _touches(ref: str, low: int, high: int, structure: Structure) -> bool:
    place = _RANGE.fullmatch(ref)
    if not place:
        return True
    left, top = _column_number(place[1]), int(place[2])
    right, bottom = _column_number(place[3] or place[1]), int(place[4] or place[2])
    return top <= high and bottom >= low and left <= structure.last_column and right >= structure.first_column


def _is_true(value: str | None) -> bool:
    return value in {"1", "true"}
