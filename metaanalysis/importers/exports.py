"""Study tables out: as a pandas frame, and as CSV or XLSX that no spreadsheet will take for formulas."""

import io
import re
from typing import TYPE_CHECKING

from metaanalysis.importers.table import ParsedTable

if TYPE_CHECKING:
    import pandas

TEXT_COLUMNS = ("study", "outcome", "timepoint", "population", "subgroup", "source", "note")
EXPORT_COLUMNS = (
    "study",
    "year",
    "events_intervention",
    "n_intervention",
    "events_comparison",
    "n_comparison",
    "outcome",
    "timepoint",
    "population",
    "subgroup",
    "source",
    "note",
)
_FORMULA = re.compile(r"'*(?:\s*[=+\-@＝＋－＠]|[\t\r\n\x00])")
_NOT_IN_XML = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


def to_frame(table: ParsedTable) -> "pandas.DataFrame":
    """One row a study in the canonical columns: text columns as strings, numbers as nullable Int64.

    Nothing is guessed: the numbers are those that the strict reader accepted.
    """
    import pandas

    columns = {}
    for name in EXPORT_COLUMNS:
        values = [getattr(row, name) for row in table.rows]
        columns[name] = pandas.array(values, dtype="str" if name in TEXT_COLUMNS else "Int64")
    return pandas.DataFrame(columns, columns=list(EXPORT_COLUMNS))


def guarded(text: str) -> str:
    """Text that a spreadsheet would run as a formula gets a leading apostrophe; `unguarded` takes it off again."""
    return "'" + text if _FORMULA.match(text) else text


def unguarded(text: str) -> str:
    """The text before `guarded`."""
    return text[1:] if text.startswith("'") and _FORMULA.match(text[1:]) else text


def write_csv(frame: "pandas.DataFrame") -> bytes:
    """CSV in UTF-8 with a byte order mark, so that Excel reads the letters right; text cells guarded."""
    text: str = _guarded_frame(frame).to_csv(index=False, lineterminator="\r\n")
    return text.encode("utf-8-sig")


def write_xlsx(frame: "pandas.DataFrame", sheet: str = "Studies") -> bytes:
    """A workbook with one sheet; text cells guarded and typed as text, numbers as numbers, missing cells empty."""
    import openpyxl
    import pandas

    workbook = openpyxl.Workbook()
    workbook.remove(workbook.worksheets[0])
    worksheet = workbook.create_sheet(sheet)
    safe = _guarded_frame(frame)
    records = [list(safe.columns), *safe.astype(object).to_numpy().tolist()]
    for row, values in enumerate(records, start=1):
        for column, value in enumerate(values, start=1):
            if isinstance(value, str):
                cell = worksheet.cell(row, column, _NOT_IN_XML.sub("\ufffd", value))
                cell.data_type = "s"
            elif not pandas.isna(value):
                worksheet.cell(row, column, value)
    stream = io.BytesIO()
    workbook.save(stream)
    return stream.getvalue()


def _guarded_frame(frame: "pandas.DataFrame") -> "pandas.DataFrame":
    import pandas

    safe = frame.copy()
    for name in safe.columns:
        if not pandas.api.types.is_numeric_dtype(safe[name]):
            safe[name] = safe[name].map(_guarded_value).astype(object)
    return safe.rename(columns=_guarded_value)


def _guarded_value(value: object) -> object:
    return guarded(value) if isinstance(value, str) else value
