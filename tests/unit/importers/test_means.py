"""Tables of means: spellings of the columns, and what is odd about standard deviations."""

import pytest

from metaanalysis.importers import ParsedTable, StudyRow, read_table

NUMBERS = "1.5,2.25,90,-1,2.5,80"


def read(header: str, *rows: str) -> ParsedTable:
    return read_table("\n".join([header, *rows, ""]).encode(), filename="a.csv")


def values(row: StudyRow) -> tuple[float | None, ...]:
    return (
        *(row.mean_intervention, row.sd_intervention, row.n_intervention),
        *(row.mean_comparison, row.sd_comparison, row.n_comparison),
    )


@pytest.mark.parametrize(
    "header",
    [
        "study,mean_intervention,sd_intervention,n_intervention,mean_comparison,sd_comparison,n_comparison",
        "study,mean_t,sd_t,n_t,mean_c,sd_c,n_c",
        "study,mean_i,sd_i,n_i,mean_control,sd_control,n_control",
        "Study,Mean 1,SD 1,Total 1,Mean 2,SD 2,Total 2",
        "study,m1i,sd1i,n1i,m2i,sd2i,n2i",
        "studlab,mean.e,sd.e,n.e,mean.c,sd.c,n.c",
        "Study,Experimental mean,Experimental SD,Experimental N,Control mean,Control SD,Control N",
    ],
)
def test_spellings(header: str) -> None:
    table = read(header, f"A,{NUMBERS}")
    assert table.problems == ()
    assert table.layout == "means"
    assert table.rows[0].kind == "means"
    assert values(table.rows[0]) == (1.5, 2.25, 90, -1.0, 2.5, 80)
    assert table.rows[0].events_intervention is None
    assert [name for _, name in table.column_mapping] == [
        *("study", "mean_intervention", "sd_intervention", "n_intervention"),
        *("mean_comparison", "sd_comparison", "n_comparison"),
    ]


def test_arms_in_the_other_order() -> None:
    table = read("study,mean_c,sd_c,n_c,mean_t,sd_t,n_t", f"A,{NUMBERS}")
    assert values(table.rows[0]) == (-1.0, 2.5, 80, 1.5, 2.25, 90)


HEADER = "study,mean_t,sd_t,n_t,mean_c,sd_c,n_c"


@pytest.mark.parametrize(
    ("row", "code", "column"),
    [
        ("A,1,20,90,1,2,90", "unequal_sds", "sd_c"),
        ("A,1,2,4,1,2,9", "small_total", "n_t"),
        ("A,1,2,9,1,2,900", "unequal_arms", "n_t"),
        ("Total,1,2,90,1,2,90", "total_row", "study"),
    ],
)
def test_what_is_odd_is_said_and_imported(row: str, code: str, column: str) -> None:
    table = read(HEADER, row)
    assert [(problem.code, problem.column) for problem in table.warnings] == [(code, column)]
    assert len(table.rows) == 1


def test_less_than_ten_times_is_not_odd() -> None:
    assert read(HEADER, "A,1,19.9,90,1,2,90").problems == ()


def test_a_total_of_the_people_above_is_refused() -> None:
    table = read(HEADER, "A,1,2,10,1,2,20", "B,1,2,30,1,2,40", "Pooled,1,2,40,1,2,60")
    assert [(problem.code, problem.row) for problem in table.errors] == [("total_row", 4)]


def test_duplicates_and_swapped_arms_are_found_for_means() -> None:
    assert [p.code for p in read(HEADER, "A,1,2,9,1,2,8", "A,1,2,9,1,2,8").errors] == ["duplicate_study"]
    swapped = read(HEADER + ",outcome", "A,1,2,9,1,2,8,pain", "A,1,2,8,1,2,9,sleep")
    assert [problem.code for problem in swapped.warnings] == ["arms_swapped"]


def test_a_standard_error_is_never_taken_or_offered_for_a_standard_deviation() -> None:
    table = read("study,mean_t,se_t,n_t,mean_c,se_c,n_c", f"A,{NUMBERS}")
    assert table.rows == ()
    assert [problem.code for problem in table.errors] == ["missing_column", "missing_column"]
    for problem in table.errors:
        assert "SD = SE × √n" in problem.message
        assert "Did you mean" not in problem.message


def test_a_long_table_of_means() -> None:
    header = f"{HEADER},outcome,timepoint,population,subgroup,year"
    table = read(
        header, f"A,{NUMBERS},pain,1 week,adults,women,2001", f"A,{NUMBERS},sleep,1 week,adults,women,2001"
    )
    assert table.problems == ()
    assert table.outcomes == ("pain", "sleep")
    row = table.rows[1]
    assert (row.timepoint, row.population, row.subgroup, row.year) == ("1 week", "adults", "women", 2001)


def test_other_columns_are_kept_under_their_name() -> None:
    row = read(HEADER + ",dose,quality", f"A,{NUMBERS},high,").rows[0]
    assert dict(row.extra) == {"dose": "high"}
    assert row.note == "dose: high"


def test_counts_and_means_in_one_table_are_refused() -> None:
    table = read(f"{HEADER},events_t,events_c", f"A,{NUMBERS},1,2")
    assert [problem.code for problem in table.errors] == ["two_layouts"]
    assert "events and totals" in table.errors[0].message
    assert "means and standard deviations" in table.errors[0].message


def test_an_effect_beside_the_means_stays_in_the_note() -> None:
    table = read(f"{HEADER},yi,vi", f"A,{NUMBERS},0.4,0.1")
    assert table.layout == "means"
    assert "two_layouts" in {problem.code for problem in table.warnings}
    assert table.rows[0].note == "yi: 0.4; vi: 0.1"
    assert table.rows[0].estimate is None
