"""What real tables hold beside clean numbers: lines copied from a forest plot, years in words, cells of 2x2 tables."""

from collections.abc import Sequence

import pytest

from metaanalysis.importers import ParsedTable, read_table

from .corpus import GOOD_CELLS, HEADER, csv, with_cell, workbook

GOOD = "Able,10,100,12,99"


def codes(table: ParsedTable) -> list[tuple[str, int | None]]:
    return [(problem.code, problem.row) for problem in table.problems]


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("Total (95% CI),30,300,37,297", "the pooled result"),
        ("Total (95% CI),,300,,297", "the pooled result"),
        ("Total (Wald 95 % CI),,300,,297", "the pooled result"),
        ("Subtotal (95% CI),30,300,37,297", "the pooled result of a subgroup"),
        ("Total events,30,,37,", "the sum of the events"),
        ("Total events: 30 37,,,,", "the sum of the events"),
        ('"Heterogeneity: Tau² = 0.00; Chi² = 1.2, df = 3 (P = 0.75); I² = 0%",,,,', "heterogeneity"),
        ("Heterogeneity: Chi² = 1.2, df = 3", "heterogeneity"),
        ("Heterogeneity: Not applicable", "heterogeneity"),
        ("Test for overall effect: Z = 1.24 (P = 0.21),,,,", "the test of the pooled result"),
        ("Test for subgroup differences: Chi² = 0.3", "the test for subgroup differences"),
    ],
)
def test_a_line_copied_from_a_forest_plot_is_named_and_to_be_deleted(line: str, what: str) -> None:
    table = read_table(csv(GOOD, line), filename="a.csv")
    assert codes(table) == [("not_a_study", 3)], "and not one error for each of its cells"
    assert what in table.errors[0].message
    assert "Delete this row" in table.errors[0].message
    assert table.errors[0].column == "study"


@pytest.mark.parametrize(
    "name", ["Total Cardiac Care 2001", "Heterogeneity trial", "Testa 2001", "SUBTOTAL-1"]
)
def test_a_study_of_such_a_name_is_read(name: str) -> None:
    table = read_table(csv(GOOD, f"{name},20,200,25,198"), filename="a.csv")
    assert [row.study for row in table.rows] == ["Able", name]


def test_such_lines_are_named_in_tables_of_means_and_estimates_too() -> None:
    table = read_table(
        b"study,yi,sei\nA,0.1,0.1\nTotal (95% CI),0.1,0.05\nHeterogeneity: I2 = 0%\n", filename="a.csv"
    )
    assert codes(table) == [("not_a_study", 3), ("not_a_study", 4)]
    table = read_table(
        b"study,mean_t,sd_t,n_t,mean_c,sd_c,n_c\nA,1,2,90,1,2,90\nTotal (95% CI),,,90,,,90\n",
        filename="a.csv",
    )
    assert codes(table) == [("not_a_study", 3)]


def test_the_heading_of_a_subgroup_gets_one_error_with_its_remedy() -> None:
    table = read_table(csv("1.1.1 Adults,,,,", GOOD), filename="a.csv")
    assert codes(table) == [("missing", 2)]
    assert "write the subgroup beside each of its studies" in table.errors[0].message


@pytest.mark.parametrize("text", ["2001a", "2001 (report)", "2001*", "(2001)", "c. 2001", "2001 [abstract]"])
def test_a_year_with_words_around_it_is_read_and_said(text: str) -> None:
    table = read_table(csv(f"{GOOD},{text}", header=f"{HEADER},year"), filename="a.csv")
    assert codes(table) == [("year_read", 2)]
    assert table.rows[0].year == 2001
    assert "2001" in table.warnings[0].message


@pytest.mark.parametrize(
    "text",
    ["2001/2002", "2001-2002", "2001–02", "in press", "unpublished", "n.d.", "2001 and 2003", "May 5, 2001"],
)
def test_a_year_that_is_not_one_year_is_left_empty_and_said(text: str) -> None:
    table = read_table(csv(f'{GOOD},"{text}"', header=f"{HEADER},year"), filename="a.csv")
    assert codes(table) == [("year_left_empty", 2)]
    assert table.rows[0].year is None
    assert "left empty" in table.warnings[0].message


@pytest.mark.parametrize(
    "text", ["99", "201", "2101", "20011", "2001.5", "-2001", "1e3", "=2001", "#REF!", "２００１"]
)
def test_a_number_that_is_no_year_may_come_from_a_shifted_column_and_is_refused(text: str) -> None:
    table = read_table(csv(f"{GOOD},{text}", header=f"{HEADER},year"), filename="a.csv")
    assert codes(table) == [("year", 2)]


@pytest.mark.parametrize("text", ["", "NA", "-", "?"])
def test_no_year_is_no_problem(text: str) -> None:
    table = read_table(csv(f"{GOOD},{text}", header=f"{HEADER},year"), filename="a.csv")
    assert table.problems == ()
    assert table.rows[0].year is None


def test_totals_must_agree_with_events_and_non_events() -> None:
    header = "study,ai,bi,ci,di,n1i,n2i"
    good = read_table(f"{header}\nA,3,7,4,9,10,13\n".encode(), filename="a.csv")
    assert good.problems == ()
    assert (good.rows[0].n_intervention, good.rows[0].n_comparison, good.rows[0].note) == (10, 13, "")
    bad = read_table(f"{header}\nA,3,7,4,9,11,13\n".encode(), filename="a.csv")
    assert [(problem.code, problem.column) for problem in bad.errors] == [("contradiction", "n1i")]
    assert "make 10, not 11" in bad.errors[0].message


def test_events_and_non_events_by_their_names() -> None:
    data = b"study,events_t,nonevents_t,events_c,non-events_c\nA,3,7,4,9\n"
    row = read_table(data, filename="a.csv").rows[0]
    assert (row.events_intervention, row.n_intervention, row.events_comparison, row.n_comparison) == (
        3,
        10,
        4,
        13,
    )


@pytest.mark.parametrize("cells", ["3,7.5,4,9", "3,,4,9", "3,-7,4,9", "x,7,4,9"])
def test_a_bad_cell_among_non_events_is_refused(cells: str) -> None:
    table = read_table(f"study,ai,bi,ci,di\nA,{cells}\n".encode(), filename="a.csv")
    assert table.error_count == 1
    assert table.rows == ()


def test_two_empty_cells_make_an_arm_of_nobody() -> None:
    table = read_table(b"study,ai,bi,ci,di\nA,0,0,4,9\n", filename="a.csv")
    assert [(problem.code, problem.column) for problem in table.errors] == [("zero_total", "ai")]


def test_a_small_arm_of_cells_is_said_at_a_column_that_exists() -> None:
    table = read_table(b"study,ai,bi,ci,di\nA,1,2,40,90\n", filename="a.csv")
    assert {(problem.code, problem.column) for problem in table.warnings} == {
        ("small_total", "ai"),
        ("unequal_arms", "ai"),
    }


@pytest.mark.parametrize("header", ["study,tpos,tneg,cpos,x", "study,ai,bi,ci,x", "study,m1i,sd1i,n1i,m2i"])
def test_part_of_metafor_s_names_is_not_enough(header: str) -> None:
    table = read_table(f"{header}\nA,1,9,2,8\n".encode(), filename="a.csv")
    assert table.rows == ()
    assert {problem.code for problem in table.errors} <= {"missing_column", "header_not_found"}


def test_number_of_events_is_never_taken_for_people_without_the_event() -> None:
    """'No. events' and 'no events' look the same once the point is gone."""
    table = read_table(b"study,No. events t,n_t,No. events c,n_c\nA,1,9,2,8\n", filename="a.csv")
    assert "nonevents_intervention" not in dict(table.column_mapping).values()


def test_a_percentage_cell_of_a_workbook_gets_the_remedy() -> None:
    table = read_table(with_cell(0.1, number_format="0%"), filename="a.xlsx")
    assert [(problem.code, problem.row, problem.column) for problem in table.errors] == [
        ("percent", 3, "events_int")
    ]
    assert "as a percentage" in table.errors[0].message
    assert "Write the number of people" in table.errors[0].message


def test_a_column_of_percentages_stays_in_the_note() -> None:
    data = csv(f"{GOOD},10%,12.1", header=f"{HEADER},events_int %,Events (ctl) %")
    table = read_table(data, filename="a.csv")
    assert [problem.column for problem in table.warnings] == ["events_int %", "Events (ctl) %"]
    assert table.rows[0].note == "events_int %: 10%; Events (ctl) %: 12.1"
    assert dict(table.rows[0].extra) == {"events_int %": "10%", "Events (ctl) %": "12.1"}


@pytest.mark.parametrize("extra", [(), ("dose",)])
def test_the_columns_of_the_command_line_read_cleanly(extra: Sequence[str]) -> None:
    means = (
        "study,mean_intervention,sd_intervention,n_intervention,mean_comparison,sd_comparison,n_comparison"
    )
    for header, row in (
        (means, "A,1,2,30,1,2,30"),
        ("study,mean_t,sd_t,n_t,mean_c,sd_c,n_c", "A,1,2,30,1,2,30"),
        ("study,estimate,se", "A,0.1,0.2"),
        ("study,yi,sei", "A,-0.1,0.2"),
    ):  # fmt: skip
        data = ",".join([header, *extra]) + "\n" + ",".join([row, *("high" for _ in extra)]) + "\n"
        table = read_table(data.encode(), filename="a.csv")
        assert {problem.code for problem in table.problems} == ({"unknown_column"} if extra else set())
        assert dict(table.rows[0].extra) == dict.fromkeys(extra, "high")


def test_years_as_numbers_of_a_workbook() -> None:
    cells = [[*GOOD_CELLS[0], "year"], [*GOOD_CELLS[1], 2001], [*GOOD_CELLS[2], "2001a"]]
    table = read_table(workbook(cells), filename="a.xlsx")
    assert [row.year for row in table.rows] == [2001, 2001]
    assert codes(table) == [("year_read", 3)]


def _with_first_column(*numbers: str, header: str = '""') -> ParsedTable:
    studies = ("1,20,3,22", "4,50,9,52", "5,30,4,31")
    rows = [
        f'{number},"S{i}",{cells}' for i, (number, cells) in enumerate(zip(numbers, studies, strict=True))
    ]
    lines = [f"{header},study,events_t,n_t,events_c,n_c", *rows]
    return read_table("\n".join(lines).encode(), filename="a.csv")


@pytest.mark.parametrize("numbers", [('"1"', '"2"', '"3"'), ("0", "1", "2"), ("2", "5", "11")])
def test_the_row_numbers_of_r_and_pandas_are_left_out_and_said(numbers: tuple[str, ...]) -> None:
    table = _with_first_column(*numbers)
    assert [(row.study, row.events_intervention, row.note) for row in table.rows] == [
        ("S0", 1, ""),
        ("S1", 4, ""),
        ("S2", 5, ""),
    ]
    assert any("numbers the rows" in notice for notice in table.notices)


@pytest.mark.parametrize("numbers", [("1", "1", "2"), ("3", "2", "1"), ("1", "", "3"), ("1", "2", "x")])
def test_another_first_column_without_a_name_is_refused(numbers: tuple[str, ...]) -> None:
    assert codes(_with_first_column(*numbers))[0][0] == "unnamed_column"
