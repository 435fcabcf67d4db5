"""`manage.py check_table`: what scripts may rely on. No database is there for these tests to reach."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from etd.domain.integrity import check_table
from metaanalysis.importers.reported_rows import COLUMNS, MAX_REPORTED_ROWS, read_reported_rows
from metaanalysis.importers.table import ProblemLog

EXAMPLE = settings.BASE_DIR / "fixtures" / "ilcor-mcs-after-rosc" / "outcomes.csv"
HEADER = (
    "outcome,subgroup,k,events_intervention,n_intervention,percent_intervention,events_comparison,n_comparison,"
    "percent_comparison,measure,estimate,ci_low,ci_high,p_value,i2"
)
RIGHT = "Survival,All,14,426,944,45,385,931,41,OR,1.17,0.97,1.42,0.10,0"

Write = Callable[..., Path]


@pytest.fixture
def table(tmp_path: Path) -> Write:
    def write(*rows: str, header: str = HEADER, encoding: str = "utf-8") -> Path:
        file = tmp_path / "table.csv"
        file.write_text("\n".join([header, *rows]) + "\n", encoding=encoding)
        return file

    return write


def listed(capsys: pytest.CaptureFixture[str], file: Path) -> list[dict[str, Any]]:
    call_command("check_table", str(file), "--json")
    out, err = capsys.readouterr()
    assert err == ""
    found: list[dict[str, Any]] = json.loads(out)
    return found


def refused(capsys: pytest.CaptureFixture[str], file: Path) -> str:
    with pytest.raises(CommandError) as caught:
        call_command("check_table", str(file), "--json")
    assert caught.value.returncode == 2
    assert capsys.readouterr().out == ""
    return str(caught.value)


def test_the_columns_are_those_that_are_promised() -> None:
    assert ",".join(COLUMNS) == HEADER


def test_the_two_rows_of_the_example(capsys: pytest.CaptureFixture[str]) -> None:
    found = listed(capsys, EXAMPLE)
    assert [(each["row"], each["column"], each["code"], each["severity"]) for each in found] == [
        (5, "p_value", "p_against_interval", "inconsistent"),
        (7, "p_value", "p_against_interval", "inconsistent"),
    ]
    assert {"code", "severity", "where", "message", "evidence"} <= found[0].keys()


def test_nothing_found_is_an_empty_list(capsys: pytest.CaptureFixture[str], table: Write) -> None:
    assert listed(capsys, table(RIGHT)) == []
    call_command("check_table", str(table(RIGHT)))
    assert capsys.readouterr().out == "1 row checked: nothing found.\n"


def test_the_text_shows_place_reason_arithmetic_and_a_summary(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("check_table", str(EXAMPLE))
    out = capsys.readouterr().out
    assert out.startswith(
        "Inconsistent: row 5 (Survival at hospital discharge or 30 days, n (%); Cardiogenic shock"
    )
    assert (
        "\n  P = 0.12 cannot come from OR 1.16 (0.97 to 1.40): a Wald interval allows 0.096 to 0.114."
        " It fits row 7, whose P fits this one: have they changed places?\n"
    ) in out
    assert out.endswith("12 rows checked: 2 inconsistent.\n")


def test_impossible_is_exit_status_one(capsys: pytest.CaptureFixture[str], table: Write) -> None:
    file = table(RIGHT.replace("426,944", "946,944"))
    with pytest.raises(SystemExit) as caught:
        call_command("check_table", str(file), "--json")
    assert caught.value.code == 1
    first, *_ = json.loads(capsys.readouterr().out)
    assert first["severity"] == "impossible"


@pytest.mark.parametrize(("options", "status"), [((str(EXAMPLE), "--json"), 0), (("nowhere.csv",), 2)])
def test_the_exit_status_of_the_process(options: tuple[str, ...], status: int) -> None:
    done = subprocess.run(
        [sys.executable, "manage.py", "check_table", *options],
        cwd=settings.BASE_DIR,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == status
    if status:
        assert "nowhere.csv: no such file or directory. Give the path of a CSV file" in done.stderr
        assert done.stdout == ""


def test_zero_at_the_end_of_a_number_is_kept(capsys: pytest.CaptureFixture[str], table: Write) -> None:
    assert listed(capsys, table(RIGHT.replace("1.17", "1.2"))) == []
    (found,) = listed(capsys, table(RIGHT.replace("1.17", "1.20")))
    assert found["code"] == "estimate_not_in_the_middle"


def test_a_marker_in_a_number_cell(capsys: pytest.CaptureFixture[str], table: Write) -> None:
    (found,) = listed(capsys, table(RIGHT.replace(",14,", ",14*,")))
    assert (found["code"], found["severity"], found["column"]) == ("footnote_marker", "informational", "k")


def test_columns_in_any_order_some_missing_and_semicolons(
    capsys: pytest.CaptureFixture[str], table: Write
) -> None:
    header = "p_value;measure;ci_high;ci_low;estimate"
    assert listed(capsys, table("0.10;OR;1.42;0.97;1.17", header=header)) == []
    (found,) = listed(capsys, table("0.20;OR;1.42;0.97;1.17", header=header))
    assert (found["row"], found["code"]) == (2, "p_against_interval")


@pytest.mark.parametrize(
    ("row", "header", "said"),
    [
        (RIGHT.replace("1.17", "1·17"), HEADER, "Row 2, column estimate ('1·17'): this is not a number"),
        (RIGHT.replace("944", "n/s"), HEADER, "Row 2, column n_intervention ('n/s'): "),
        (
            RIGHT.replace(",OR,", ",IRR,"),
            HEADER,
            "Row 2, column measure ('IRR'): this is not a measure that can be",
        ),
        (RIGHT.replace(",OR,", ",,"), HEADER, "the row has an effect without a measure. Write one of OR, RR"),
        (RIGHT.replace("Survival", "Survival, late"), HEADER, "Row 2: 16 cells under 15 columns."),
        (RIGHT.removesuffix(",0"), HEADER, "Row 2: 14 cells under 15 columns."),
        (
            RIGHT,
            HEADER.replace("p_value", "pval"),
            "Row 1, column pval: this column is not known. Name it as one",
        ),
        (RIGHT, HEADER.replace("ci_high", "ci_low"), "Row 1, column ci_low: two columns are named ci_low."),
        (RIGHT, HEADER.replace("i2", ""), "this cell stands under no name"),
        ('"Survival,14', HEADER, "a quote opened in this row is never closed"),
    ],
)
def test_bad_input_names_row_column_and_remedy(
    capsys: pytest.CaptureFixture[str], table: Write, row: str, header: str, said: str
) -> None:
    assert said in refused(capsys, table(row, header=header))


def test_every_bad_cell_is_named_at_once(capsys: pytest.CaptureFixture[str], table: Write) -> None:
    text = refused(capsys, table(RIGHT.replace("0.10", "ns"), RIGHT.replace("1.42", "1,42")))
    assert "Row 2, column p_value ('ns')" in text
    assert "Row 3: 16 cells under 15 columns" in text


def test_files_that_are_no_table(capsys: pytest.CaptureFixture[str], tmp_path: Path, table: Write) -> None:
    empty, workbook, folder = tmp_path / "empty.csv", tmp_path / "table.xlsx", tmp_path / "folder"
    empty.write_bytes(b"")
    workbook.write_bytes(b"PK\x03\x04" + bytes(100))
    folder.mkdir()
    assert "the file is empty" in refused(capsys, empty).casefold()
    assert refused(capsys, workbook)
    assert "is a directory" in refused(capsys, folder)
    assert "there are no rows of results" in refused(capsys, table()).casefold()
    assert (
        f"more than {MAX_REPORTED_ROWS} rows"
        in refused(capsys, table(*[RIGHT] * (MAX_REPORTED_ROWS + 1))).casefold()
    )
    assert listed(capsys, table(*[RIGHT] * 3)) == []


def test_windows_text_is_read_and_said(capsys: pytest.CaptureFixture[str], table: Write) -> None:
    file = table(RIGHT.replace("Survival", "Überleben"), encoding="cp1252")
    assert listed(capsys, file) == []
    call_command("check_table", str(file))
    assert "read as Windows-1252" in capsys.readouterr().out


@given(st.binary(max_size=300) | st.text(max_size=300).map(lambda text: f"{HEADER}\n{text}".encode()))
@hypothesis_settings(max_examples=200, deadline=None)
def test_no_bytes_raise(data: bytes) -> None:
    log = ProblemLog()
    rows = read_reported_rows(data, filename="table.csv", log=log)
    assert bool(rows) != log.has_errors
    check_table(rows)
