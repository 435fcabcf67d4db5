"""What the table holds beside its problems: the example's trials, names of files, earlier data."""

import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metaanalysis.importers import ProblemLog, check_against_earlier, clean_filename, read_table
from metaanalysis.importers.table import Refusal
from metaanalysis.importers.workbook_archive import check_archive

from .corpus import CASES, package, parts_of

SMALL_FILES = [
    data for case in CASES if len(data := case.data if isinstance(case.data, bytes) else b"") < 2_000
]
TRIALS = Path(__file__).parents[3] / "fixtures" / "ilcor-mcs-after-rosc" / "trials"


@pytest.mark.parametrize("path", sorted(TRIALS.glob("*.csv")), ids=lambda path: path.stem)
def test_the_example_trials_are_read(path: Path) -> None:
    parsed = read_table(path.read_bytes(), filename=path.name)
    lines = path.read_text(encoding="utf-8").count("\n")
    assert parsed.errors == ()
    assert len(parsed.rows) == lines - 1
    assert ("events_control", "events_comparison") in parsed.column_mapping
    assert all("confidence: " in row.note and row.source for row in parsed.rows)


def test_outcomes_and_populations_in_order() -> None:
    data = b"study,events_t,n_t,events_c,n_c,outcome,population\nA,1,9,2,8,death,all\nB,1,9,2,7,stroke,all\n"
    parsed = read_table(data, filename="a.csv")
    assert (parsed.outcomes, parsed.populations) == (("death", "stroke"), ("all",))


def test_different_follow_up_is_said_once_for_each_outcome() -> None:
    header = "study,events_t,n_t,events_c,n_c,outcome,timepoint\n"
    rows = "A,1,9,2,8,death,30 days\nB,1,9,2,7,death,1 year\nC,1,9,2,7,stroke,1 year\n"
    parsed = read_table((header + rows).encode(), filename="a.csv")
    assert [problem.code for problem in parsed.warnings] == ["mixed_timepoints"]
    assert "30 days, 1 year" in parsed.warnings[0].message


def test_row_numbers_are_those_of_the_spreadsheet() -> None:
    data = b'study,events_t,n_t,events_c,n_c,note\n\nA,1,9,2,8,"two\nlines"\n\nB,x,9,2,7,\n'
    parsed = read_table(data, filename="a.csv")
    assert [(problem.row, problem.column) for problem in parsed.errors] == [(5, "events_t")]


def test_every_error_of_a_row_is_told() -> None:
    parsed = read_table(b"study,events_t,n_t,events_c,n_c\n,x,,-1,7\n", filename="a.csv")
    assert {problem.code for problem in parsed.errors} == {
        "missing_study",
        "not_a_number",
        "missing",
        "negative",
    }


def test_arms_swapped_against_earlier_data() -> None:
    rows = read_table(
        b"study,events_t,n_t,events_c,n_c\nECMO-CS,1,58,2,59\nB,1,9,2,8\n", filename="a.csv"
    ).rows
    log = ProblemLog()
    check_against_earlier(rows, [("ECMO-CS ", 59, 58), ("B", 9, 8)], log)
    assert [(problem.code, problem.row) for problem in log.problems] == [("arms_swapped", 2)]


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("trials.csv", "trials.csv"),
        ("../../etc/passwd", "passwd"),
        ("C:\\data\\trials.csv", "trials.csv"),
        ('a\r\nb\u202e"c".csv', "abc.csv"),
        ("", "unnamed"),
        ("...", "unnamed"),
    ],
)
def test_file_names_are_cleaned(given: str, shown: str) -> None:
    assert clean_filename(given) == shown


def test_long_file_names_keep_their_suffix() -> None:
    name = clean_filename("x" * 300 + ".csv")
    assert len(name) == 120
    assert name.endswith("….csv")


@given(st.sampled_from(SMALL_FILES), st.integers(0, 2_000), st.integers(0, 20), st.binary(max_size=8))
@settings(max_examples=400, deadline=None)
def test_a_damaged_file_never_raises(data: bytes, start: int, removed: int, added: bytes) -> None:
    damaged = data[:start] + added + data[start + removed :]
    if damaged.startswith(b"PK"):
        return
    parsed = read_table(damaged, filename="a")
    assert parsed.rows == () or parsed.ok
    assert all(problem.message.isprintable() for problem in parsed.problems)


@given(st.integers(0, 2_000), st.integers(0, 4), st.binary(max_size=4))
@settings(max_examples=300, deadline=None)
def test_a_damaged_package_is_refused_or_passed_on(start: int, removed: int, added: bytes) -> None:
    data = package(parts_of())
    with suppress(Refusal):
        check_archive(data[:start] + added + data[start + removed :])


def test_importing_the_reader_loads_neither_django_nor_the_slow_libraries() -> None:
    program = (
        "import sys, metaanalysis.importers; "
        "print(*sorted({'django', 'pandas', 'openpyxl', 'numpy', 'statsmodels'} & set(sys.modules)))"
    )
    root = Path(__file__).parents[3]
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=root, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == ""
