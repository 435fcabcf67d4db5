"""The tables of a document as one workbook: a sheet a table, and one that says what they are.

Texts are typed as text, also those that begin as a formula does, and marked so that editing a cell keeps them text.
Numbers are numbers. The same document gives the same bytes.
"""

from __future__ import annotations

import io
import re
import zipfile
from datetime import datetime
from typing import TYPE_CHECKING

from documents.published import document_sha256
from documents.schema import EtdDocument
from documents.sheets import Sheet, Value, sheets_of
from metaanalysis.importers.exports import guarded

if TYPE_CHECKING:
    from openpyxl.worksheet.worksheet import Worksheet

READ_ME = "Read me"
# What a cell takes, in the units of UTF-16.
MOST_LETTERS = 32_767
TOO_LONG = " … [shortened: a cell takes no more; the CSV file of this table has the whole text]"
NARROWEST, WIDEST = 9, 60

# A fixed moment for the workbook and the files in it: the same content must give the same bytes.
_FIXED_DATE = datetime(2000, 1, 1)  # noqa: DTZ001 -- the format has no zone
_MODIFIED = re.compile(rb"(<dcterms:modified[^>]*>)[^<]*")
_NOT_IN_XML = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
# `_x0041_` in a text would be read as the letter A.
_ESCAPE = re.compile(r"_(?=x[0-9A-Fa-f]{4}_)")


def to_xlsx(document: EtdDocument) -> bytes:
    """A workbook of all tables of the document."""
    import openpyxl

    sheets = sheets_of(document)
    workbook = openpyxl.Workbook()
    workbook.remove(workbook.worksheets[0])
    _fill(workbook.create_sheet(READ_ME), _read_me(document, sheets))
    for sheet in sheets:
        _fill(workbook.create_sheet(sheet.name), sheet)
    workbook.properties.creator = _text(document.guideline.organisation or document.guideline.title)
    workbook.properties.title = _text(document.question.title)
    workbook.properties.created = _FIXED_DATE
    stream = io.BytesIO()
    workbook.save(stream)
    return _without_times(stream.getvalue())


def _read_me(document: EtdDocument, sheets: tuple[Sheet, ...]) -> Sheet:
    question, version = document.question, document.version
    state = f"version {version.number}" if version else f"revision {question.revision}"
    facts = (
        ("Guideline", document.guideline.title),
        ("Organisation", document.guideline.organisation),
        ("Status", f"{question.status_label}, {state}"),
        ("Document", f"sha256 {document_sha256(document)} (of the document as JSON)"),
        ("Made with", f"OpenEtD {document.openetd_version}"),
    )
    listed = tuple((sheet.name, sheet.about) for sheet in sheets)
    notes = (
        ("", "Texts stand as the document prints them."),
        ("", "Columns with small headings such as ci_low are raw numbers: ratios as ratios, I² in percent."),
        ("", "Letters in brackets, [a], lead to the notes under the table."),
    )
    return Sheet("", READ_ME, "", ("Question", question.title), (*facts, (None, None), *listed), notes)


def _fill(worksheet: Worksheet, sheet: Sheet) -> None:
    """The headings in the first row, the rows, and after an empty row the notes."""
    from openpyxl.styles import Font, PatternFill
    from openpyxl.utils import get_column_letter

    under = [(), *sheet.notes] if sheet.notes else []
    for number, row in enumerate((sheet.headings, *sheet.rows, *under), start=1):
        for place, value in enumerate(row, start=1):
            _write(worksheet, number, place, value)
    for place in range(1, len(sheet.headings) + 1):
        heading = worksheet.cell(1, place)
        heading.font, heading.fill = Font(bold=True), PatternFill("solid", fgColor="E8EEF0")
        texts = [str(row[place - 1] or "") for row in (sheet.headings, *sheet.rows)]
        longest = max(len(line) for text in texts for line in text.split("\n"))
        worksheet.column_dimensions[get_column_letter(place)].width = min(WIDEST, max(NARROWEST, longest + 2))
    worksheet.freeze_panes = "A2"


def _write(worksheet: Worksheet, row: int, column: int, value: Value) -> None:
    from openpyxl.styles import Alignment

    if value is None or value == "":
        return
    cell = worksheet.cell(row, column)
    cell.alignment = Alignment(vertical="top", wrap_text=isinstance(value, str))
    if isinstance(value, str):
        cell.value = _text(value)
        cell.data_type = "s"
        cell.quotePrefix = guarded(value) != value
    elif isinstance(value, float):
        # as a number openpyxl would write 16 digits of it, one too few to give the same number again
        cell.value = repr(value)
        cell.data_type = "n"
    else:
        cell.value = value


def _text(value: str) -> str:
    """The text as a cell takes it: letters that XML cannot hold as the sign for an unknown one, and not too long."""
    text = _ESCAPE.sub("_x005F_", _NOT_IN_XML.sub("\ufffd", re.sub(r"\r\n?", "\n", value)))
    units = text.encode("utf-16-le")
    if len(units) <= 2 * MOST_LETTERS:
        return text
    return units[: 2 * (MOST_LETTERS - len(TOO_LONG))].decode("utf-16-le", errors="ignore") + TOO_LONG


def _without_times(workbook: bytes) -> bytes:
    """The same workbook, each of its files at the fixed moment."""
    stream = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(workbook)) as old, zipfile.ZipFile(stream, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            if name == "docProps/core.xml":
                content = _MODIFIED.sub(rb"\g<1>2000-01-01T00:00:00Z", content)
            entry = zipfile.ZipInfo(name, _FIXED_DATE.timetuple()[:6])
            new.writestr(entry, content, compress_type=zipfile.ZIP_DEFLATED)
    return stream.getvalue()
