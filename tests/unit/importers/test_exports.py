"""Tables out: types kept, formulas disarmed, and the same table when read in again."""

import csv
import io

import pytest

from metaanalysis.importers import read_table, to_frame, write_csv, write_xlsx
from metaanalysis.importers.exports import guarded, unguarded

PAYLOADS = [
    "=1+1",
    "+1",
    "-1",
    "@SUM(A1)",
    "\t=1",
    " =1",
    "＝1+1",
    "'=1",
    "''-1",
    '=HYPERLINK("http://x","y")',
]
HEADER = "study,year,events_t,n_t,events_c,n_c,outcome,note\n"


def table(name: str = "Able", note: str = "") -> bytes:
    stream = io.StringIO()
    csv.writer(stream).writerow([name, "", "0", "10", "12", "99", "death", note])
    return (HEADER + stream.getvalue()).encode()


def test_frame_has_text_and_whole_numbers() -> None:
    frame = to_frame(read_table(table("NA"), filename="a.csv"))
    assert [str(kind) for kind in frame.dtypes[:6]] == ["str", "Int64", "Int64", "Int64", "Int64", "Int64"]
    assert frame["study"].tolist() == ["NA"]
    assert frame["year"].isna().tolist() == [True]
    assert frame["n_comparison"].tolist() == [99]


def test_a_table_without_rows_gives_the_columns() -> None:
    assert list(to_frame(read_table(b"", filename="a.csv")).columns)[:2] == ["study", "year"]


@pytest.mark.parametrize("payload", PAYLOADS)
def test_no_text_cell_starts_like_a_formula(payload: str) -> None:
    import openpyxl
    import pandas

    frame = pandas.DataFrame({"study": [payload], payload: ["x"], "effect": [-1.5]})
    for record in csv.reader(io.StringIO(write_csv(frame).decode("utf-8-sig"), newline="")):
        assert record[0] == "study" or record[0].startswith("'")
        assert record[1] == "x" or record[1].startswith("'")
        assert record[2] in {"effect", "-1.5"}
    sheet = openpyxl.load_workbook(io.BytesIO(write_xlsx(frame))).worksheets[0]
    assert sheet["A2"].data_type == "s"
    assert str(sheet["A2"].value).startswith("'")
    assert (sheet["C2"].data_type, sheet["C2"].value) == ("n", -1.5)


@pytest.mark.parametrize("payload", [*PAYLOADS, "Able", "O'Neil", "'quoted'", "", "Müller"])
def test_the_guard_can_be_taken_off(payload: str) -> None:
    assert unguarded(guarded(payload)) == payload


@pytest.mark.parametrize("name", ["=1+1", "@x", "Müller", "p<0.05 & more", "007", "TRUE", "-"])
def test_what_is_written_is_read_again(name: str) -> None:
    parsed = read_table(table(name, note="=cmd"), filename="a.csv")
    assert parsed.rows[0].study == name
    frame = to_frame(parsed)
    assert read_table(write_csv(frame), filename="a.csv").rows == parsed.rows
    assert read_table(write_xlsx(frame), filename="a.xlsx").rows == parsed.rows
