"""A table that is typed or corrected: it becomes a file with the same cells, whatever is in them."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metaanalysis import grids
from metaanalysis.grids import Grid, Mark
from metaanalysis.importers import read_table
from metaanalysis.importers.column_names import known_names
from metaanalysis.importers.raw_cells import RawRow, read_cells
from metaanalysis.importers.table import Refusal
from metaanalysis.models import Study, StudyResult
from metaanalysis.stats.types import DataKind

COUNTS = ("study", "events_intervention", "n_intervention", "events_comparison", "n_comparison")
NAMES = "\t".join(COUNTS)


def grid(*rows: tuple[str, ...], columns: tuple[str, ...] = COUNTS) -> Grid:
    return Grid(columns, tuple(RawRow(number, cells) for number, cells in enumerate(rows, start=2)))


cell = st.text(
    st.characters(exclude_categories=("Cs", "Cc", "Zl", "Zp"), exclude_characters="\x85"), max_size=12
).map(str.strip)


@settings(deadline=None)
@given(st.lists(st.tuples(cell, cell, cell, cell, cell).filter(any), max_size=5))
def test_the_cells_of_the_file_are_those_of_the_table(rows: list[tuple[str, ...]]) -> None:
    read = read_cells(grids.to_csv(grid(*rows)), filename="t.csv")
    kept = [row for row in rows if any(each.strip() for each in row)]
    assert [row.cells for row in read[1:]] == kept


def test_a_text_that_looks_like_a_formula_stays_one_and_is_safe_in_a_spreadsheet() -> None:
    content = grids.to_csv(grid(("=1+1", "-5", "20", "7", "21")))
    assert b"'=1+1,-5,20,7,21" in content
    assert read_cells(content, filename="t.csv")[1].cells == ("=1+1", "-5", "20", "7", "21")


def test_what_the_page_sends_is_read_as_it_was_shown() -> None:
    shown = grid(("Alpha, the\nfirst", "5", "20", "7", "21"), ('say "B"', "1,5", "", "", ""))
    assert grids.of_text(grids.to_text(shown)) == shown


def test_blank_lines_count_for_nothing_and_rows_are_numbered_from_two() -> None:
    typed = grids.of_text(f"{NAMES}\n\nAlpha\t5\t20\t7\t21\n\t\t\t\t\nBeta\t1\t2\t3\t4\n")
    assert [row.number for row in typed.rows] == [2, 3]


def test_a_table_pasted_with_its_names_below_ours_has_its_own() -> None:
    pasted = grids.of_text("study\tyear\tevents_intervention\nTrial\tEvents 1\tTotal 1\nAlpha\t5\t20\n")
    assert pasted == grid(("Alpha", "5", "20"), columns=("Trial", "Events 1", "Total 1"))


def test_short_and_long_rows_make_the_table_wider_and_shift_nothing() -> None:
    typed = grids.of_text("study\tse\nAlpha\nBeta\t1\t2\n")
    assert typed.columns == ("study", "se", "")
    assert [row.cells for row in typed.rows] == [("Alpha", "", ""), ("Beta", "1", "2")]


def test_a_value_in_a_column_without_a_name_is_refused_not_dropped() -> None:
    typed = grids.of_text(f"{NAMES}\nAlpha\t5\t20\t7\t21\t99\n")
    table = read_table(grids.to_csv(typed), filename="t.csv")
    assert [problem.code for problem in table.errors] == ["too_many_values"]
    (mark,) = grids.marks(typed, table.errors)
    assert (mark.row, mark.column) == (0, 0)


@pytest.mark.parametrize("text", ["", " \n\t\n"])
def test_nothing_is_refused_with_what_to_do(text: str) -> None:
    with pytest.raises(Refusal, match="Type or paste one study a row"):
        grids.of_text(text)


def test_each_problem_stands_at_its_cell() -> None:
    typed = grid(("Alpha", "12", "10", "3", "20"), ("Beta", "1.5", "10", "", "20"))
    found = grids.marks(typed, read_table(grids.to_csv(typed), filename="t.csv").problems)
    assert [(mark.row, mark.column, mark.severity) for mark in found] == [
        (0, 1, "error"),
        (1, 1, "error"),
        (1, 3, "error"),
    ]
    assert "more events (12) than people" in found[0].message


def test_a_problem_of_a_column_stands_at_its_name() -> None:
    typed = grid(("Alpha", "1", "10", "3", "20", "x"), columns=(*COUNTS, "Centre"))
    (mark,) = (
        m
        for m in grids.marks(typed, read_table(grids.to_csv(typed), filename="t.csv").problems)
        if m.row is None
    )
    assert mark == Mark(None, 5, "warning", mark.message)


@pytest.mark.parametrize("kind", DataKind)
def test_every_column_that_is_offered_is_one_that_the_reader_knows(kind: DataKind) -> None:
    offered = [option["name"] for option in grids.for_script(kind, grids.blank(kind), [])["options"]]
    assert known_names(offered) == offered
    assert set(offered) <= set(grids.LABELS)


@pytest.mark.parametrize("kind", DataKind)
def test_a_blank_table_has_the_columns_of_its_kind(kind: DataKind) -> None:
    blank = grids.blank(kind)
    words = {"study": "Alpha", "measure": "HR"}
    filled = grid(tuple(words.get(name, "3") for name in blank.columns), columns=blank.columns)
    table = read_table(grids.to_csv(filled), filename="t.csv")
    assert table.layout == kind
    assert {problem.code for problem in table.errors} <= {"year"}


def test_an_understood_name_is_shown_beside_what_it_was_read_as() -> None:
    script = grids.for_script(
        DataKind.COUNTS, grid(columns=("Trial", "ai", "n1i", "ci", "n2i", "Centre")), []
    )
    assert [(c["name"], c["written"], c["known"]) for c in script["columns"]] == [
        ("study", "Trial", True),
        ("events_intervention", "ai", True),
        ("n_intervention", "n1i", True),
        ("events_comparison", "ci", True),
        ("n_comparison", "n2i", True),
        ("Centre", "Centre", False),
    ]


@settings(deadline=None)
@given(
    st.floats(-100, 100, allow_subnormal=False).filter(lambda x: x == 0 or abs(x) > 1e-9),
    st.floats(1e-3, 100),
)
def test_stored_decimals_come_back_to_the_last_digit(estimate: float, se: float) -> None:
    result = StudyResult(study=Study(label="Alpha"), kind="estimate", estimate=estimate, se=se, measure="HR")
    shown = grids.of_results(DataKind.ESTIMATE, [result])
    assert shown.columns == ("study", "year", "estimate", "se", "measure")
    table = read_table(grids.to_csv(shown), filename="t.csv")
    assert table.errors == ()
    assert (table.rows[0].estimate, table.rows[0].se, table.rows[0].measure) == (estimate, se, "HR")
