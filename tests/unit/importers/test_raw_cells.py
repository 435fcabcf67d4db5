"""The cells of a file as text, before anything is read from them."""

from __future__ import annotations

import io
from typing import Any

import pytest

from metaanalysis.importers import read_table
from metaanalysis.importers.limits import MAX_FILE_BYTES
from metaanalysis.importers.raw_cells import RawRow, read_cells
from metaanalysis.importers.table import Refusal

HEADER = "study,events_intervention,n_intervention,events_comparison,n_comparison"


def workbook(*rows: list[Any], formats: dict[str, str] | None = None) -> bytes:
    import openpyxl

    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    for row in rows:
        sheet.append(row)
    for place, number_format in (formats or {}).items():
        sheet[place].number_format = number_format
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def test_rows_have_the_numbers_that_the_messages_of_the_reader_name() -> None:
    content = f"{HEADER}\n\nAlpha,12,10,3,20\n,,,,\nBeta,1,10,x,20\n".encode()
    rows = read_cells(content, filename="t.csv")
    assert [row.number for row in rows] == [1, 3, 5]
    wrong = {problem.row for problem in read_table(content, filename="t.csv").errors}
    assert wrong == {3, 5}
    assert rows[2] == RawRow(5, ("Beta", "1", "10", "x", "20"))


def test_what_cannot_be_read_as_a_number_is_still_shown() -> None:
    content = workbook(["study", "mean", "se"], ["A", "=1+1", 0.0002], ["B", True, 12.5])
    rows = read_cells(content, filename="t.xlsx")
    assert [row.cells for row in rows[1:]] == [("A", "=1+1", "0.0002"), ("B", "TRUE", "12.5")]


def test_a_whole_number_of_a_workbook_has_no_decimals() -> None:
    (_, row) = read_cells(workbook(["study", "n"], ["A", 58.0]), filename="t.xlsx")
    assert row.cells == ("A", "58")


@pytest.mark.parametrize(
    ("content", "name"), [(b"", "t.csv"), (b"%PDF-1.7", "t.csv"), (b"x" * (MAX_FILE_BYTES + 1), "t.csv")]
)
def test_what_has_no_cells_is_refused(content: bytes, name: str) -> None:
    with pytest.raises(Refusal):
        read_cells(content, filename=name)
