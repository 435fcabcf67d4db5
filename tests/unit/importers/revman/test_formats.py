"""What each format says in its own way, and its traps: zeros that are no data, logarithms, totals, escaped names."""

import math
from collections.abc import Callable
from dataclasses import replace

import pytest

from metaanalysis.importers import ParsedTable, StudyRow, read_table
from tests.unit.importers.corpus import raw, rows_xml, sheet_xml

from .excerpts import FLEISS_CSV, FLEISS_RM5_ANALYSES, FLEISS_RM5_STUDIES
from .writers import (
    ROW_COLUMNS,
    ROWS,
    SETTING_COLUMNS,
    SETTINGS,
    Analysis,
    Study,
    as_csv,
    as_package,
    as_rm5,
    rm5_of,
    table_bytes,
    tables_of,
)

ABLE = Study("Able 2001", {"events_1": 3, "total_1": 50, "events_2": 5, "total_2": 52}, "2001")
BAKER = Study("Baker 2005", {"events_1": 0, "total_1": 20, "events_2": 0, "total_2": 21}, "2005")
EMPTY = Study("Empty 2009", {"events_1": 0, "total_1": 0, "events_2": 0, "total_2": 0}, "2009")
DEATH = Analysis("Drug v placebo", "Death", "counts", "OR", {"": [ABLE]}, method="MH")
HAZARD = Study("Able 2001", {"estimate": -0.5, "se": 0.25}, "2001")
SURVIVAL = Analysis("Drug v placebo", "Survival", "estimate", "HR", {"": [HAZARD]})
WRITERS = pytest.mark.parametrize("write", [as_csv, as_package, as_rm5])
Writer = Callable[[list[Analysis]], bytes]


def read(data: bytes) -> ParsedTable:
    return read_table(data, filename="review.any")


def counts_of(row: StudyRow) -> tuple[int | None, ...]:
    return row.events_intervention, row.n_intervention, row.events_comparison, row.n_comparison


def codes(parsed: ParsedTable) -> list[str]:
    return [problem.code for problem in parsed.problems]


def test_the_published_csv() -> None:
    parsed = read(FLEISS_CSV.encode())
    assert (parsed.problems, parsed.layout, parsed.delimiter) == ((), "mixed", ",")
    assert [(row.row, row.study, row.year) for row in parsed.rows] == [
        (4, "MRC-1", 1974),
        (5, "CDP", 1976),
        (7, "Davis", 1973),
        (8, "Florell", 1971),
    ]
    assert counts_of(parsed.rows[0]) == (49, 615, 67, 624)
    davis = parsed.rows[2]
    assert (davis.mean_intervention, davis.sd_comparison, davis.n_comparison) == (5.0, 3.8, 13)
    assert parsed.outcomes[0] == "Aspirin for Preventing Death after Myocardial Infarction"
    assert parsed.rows[0].note == "RevMan: Mantel-Haenszel, odds ratio, fixed effect"
    assert "RevMan shows OR 0.90 (95 % interval 0.84 to 0.96)." in parsed.notices[0]


def test_the_published_rm5_with_results_that_are_empty() -> None:
    parsed = read(rm5_of(FLEISS_RM5_STUDIES, FLEISS_RM5_ANALYSES))
    assert parsed.problems == ()
    assert [(row.study, row.year) for row in parsed.rows] == [("MRC-1", 1974), ("CDP", 1976), ("Davis", 1973)]
    assert counts_of(parsed.rows[1]) == (44, 758, 64, 771)
    assert "standardised mean difference" in parsed.rows[2].note
    assert "RevMan shows OR 0.90 (95 % interval 0.84 to 0.96)." in parsed.notices[0]
    assert "RevMan shows" not in parsed.notices[1]


def test_a_csv_saved_again_as_a_workbook_is_read_alike() -> None:
    lines = [line.split(",") for line in FLEISS_CSV.splitlines()]
    cells = [
        [float(value) if value[:1].isdigit() and value != "0" else value for value in line] for line in lines
    ]
    parsed = read_table(raw(sheet_xml(wide_rows_xml(cells))), filename="review.xlsx")
    assert parsed.errors == ()
    assert [row.study for row in parsed.rows] == ["MRC-1", "CDP", "Davis", "Florell"]
    assert counts_of(parsed.rows[0]) == (49, 615, 67, 624)


def wide_rows_xml(lines: list[list[float | str]]) -> str:
    """As `rows_xml`, for more columns than letters."""
    rows = []
    for number, line in enumerate(lines, start=1):
        cells = ""
        for place, value in enumerate(line):
            name = ("" if place < 26 else "A") + chr(65 + place % 26) + "1"
            cell = rows_xml([[value]]).split(">", 1)[1].removesuffix("</row>")
            cells += cell.replace('r="A1"', f'r="{name[:-1]}{number}"')
        rows.append(f'<row r="{number}">{cells}</row>')
    return "".join(rows)


@WRITERS
def test_double_zeros_are_kept_and_studies_without_people_left_out(write: Writer) -> None:
    parsed = read(write([replace(DEATH, studies={"": [ABLE, BAKER, EMPTY]})]))
    assert [row.study for row in parsed.rows] == ["Able 2001", "Baker 2005"]
    assert sorted(codes(parsed)) == ["double_zero", "no_data"]
    said = {problem.code: problem.message for problem in parsed.warnings}
    assert "'Baker 2005'" in said["double_zero"]
    assert "Empty 2009 (no people)" in said["no_data"]


@WRITERS
def test_a_mean_without_standard_deviations_is_no_data_but_one_of_zero_is_an_error(write: Writer) -> None:
    numbers = {"mean_1": 5.5, "sd_1": 0, "total_1": 12, "mean_2": 6, "sd_2": 0, "total_2": 11}
    good = Study("Good", numbers | {"sd_1": 1.5, "sd_2": 2})
    pain = Analysis("Drug", "Pain", "means", "MD", {"": [Study("No SD", numbers), good]})
    parsed = read(write([pain]))
    assert [row.study for row in parsed.rows] == ["Good"]
    assert "No SD (no standard deviations)" in parsed.warnings[0].message
    half = read(write([replace(pain, studies={"": [Study("Half", numbers | {"sd_2": 2}), good]})]))
    assert (codes(half), half.rows) == (["zero_spread"], ())
    assert "'Pain', study 'Half'" in half.errors[0].message


@WRITERS
def test_an_estimate_with_a_standard_error_of_zero_is_no_data(write: Writer) -> None:
    none = Study("None", {"estimate": 0, "se": 0.25})
    data = write([replace(SURVIVAL, studies={"": [HAZARD, none]})])
    parsed = read(data)
    assert [row.estimate for row in parsed.rows] == pytest.approx([-0.5, 0.0])
    empty = replace(none, numbers={"estimate": 0, "se": 0})
    parsed = read(write([replace(SURVIVAL, studies={"": [HAZARD, empty]})]))
    assert [row.study for row in parsed.rows] == ["Able 2001"]
    assert "None (no standard error)" in parsed.warnings[0].message


@WRITERS
@pytest.mark.parametrize("value", ["12.5", "1,234", "-3", "1e2x", "NaN"])
def test_a_count_that_is_none_names_analysis_study_and_value(write: Writer, value: str) -> None:
    bad = Study("Able 2001", ABLE.numbers | {"events_1": value})
    parsed = read(write([replace(DEATH, studies={"": [bad, BAKER]})]))
    assert (len(parsed.errors), parsed.rows) == (1, ())
    message = parsed.errors[0].message
    assert "analysis 1.1 'Death', study 'Able 2001'" in message
    assert value in message
    assert "export the file again" in message


@WRITERS
def test_all_errors_are_told_at_once(write: Writer) -> None:
    studies = [
        Study("A", ABLE.numbers | {"events_1": 51, "total_2": "x"}),
        Study("B", ABLE.numbers | {"events_1": 51}),
    ]
    pain = Analysis(
        "Drug v placebo", "Survival", "estimate", "HR", {"": [Study("A", {"estimate": -0.5, "se": -1})]}
    )
    parsed = read(write([replace(DEATH, studies={"": studies}), pain]))
    assert {"events_exceed_total", "not_a_number"} < set(codes(parsed))
    assert len(parsed.errors) >= 3
    assert parsed.rows == ()


@pytest.mark.parametrize("write", [as_csv, as_package, as_rm5])
def test_only_names_that_several_comparisons_share_get_the_comparison(write: Writer) -> None:
    other = replace(DEATH, comparison="Drug v surgery")
    parsed = read(write([DEATH, replace(DEATH, name="Stroke"), other]))
    assert parsed.outcomes == ("Drug v placebo: Death", "Stroke", "Drug v surgery: Death")


@WRITERS
def test_the_same_outcome_twice_in_a_comparison_gets_its_number(write: Writer) -> None:
    assert read(write([DEATH, DEATH])).outcomes == ("Death (1.1)", "Death (1.2)")


def test_a_comparison_of_a_long_name_is_cut_and_still_tells_outcomes_apart() -> None:
    analyses = [
        replace(DEATH, comparison="x" * 190 + end, name="Death " * 10 + "s") for end in ("one", "two")
    ]
    parsed = read(as_rm5(analyses))
    assert parsed.errors == ()
    assert len(set(parsed.outcomes)) == 2
    assert max(map(len, parsed.outcomes)) <= 200


@WRITERS
def test_a_study_in_two_subgroups_is_kept_twice_under_two_names(write: Writer) -> None:
    again = replace(ABLE, numbers=ABLE.numbers | {"events_1": 4})
    parsed = read(write([replace(DEATH, studies={"Men": [ABLE, BAKER], "Women": [again]})]))
    assert [(row.study, row.subgroup) for row in parsed.rows] == [
        ("Able 2001", "Men"),
        ("Baker 2005", "Men"),
        ("Able 2001 (Women)", "Women"),
    ]
    assert "study_twice" in codes(parsed)


@WRITERS
def test_the_same_row_twice_is_refused_and_other_numbers_get_another_name(write: Writer) -> None:
    assert codes(read(write([replace(DEATH, studies={"": [ABLE, ABLE]})]))) == ["duplicate_study"]
    again = replace(ABLE, numbers=ABLE.numbers | {"events_1": 4})
    parsed = read(write([replace(DEATH, studies={"": [ABLE, again]})]))
    assert [row.study for row in parsed.rows] == ["Able 2001", "Able 2001 (2)"]


@pytest.mark.parametrize("write", [as_package, as_rm5])
def test_swapped_events_stay_the_events_of_the_file_and_are_said(write: Writer) -> None:
    parsed = read(write([replace(DEATH, is_swapped=True, measure="RR")]))
    assert counts_of(parsed.rows[0]) == (3, 50, 5, 52)
    assert codes(parsed) == ["swapped_events"]
    assert parsed.rows[0].note.endswith("RevMan analyses the non-events")


def test_swapped_events_in_the_csv_are_said_by_the_measure() -> None:
    parsed = read(as_csv([replace(DEATH, measure="Odds Ratio (Non-event)")]))
    assert codes(parsed) == ["swapped_events"]


@WRITERS
def test_a_peto_analysis_says_its_method(write: Writer) -> None:
    parsed = read(write([replace(DEATH, measure="PETO_OR", method="PETO")]))
    assert parsed.rows[0].note == "RevMan: Peto, Peto odds ratio, fixed effect"
    assert counts_of(parsed.rows[0]) == (3, 50, 5, 52)


@pytest.mark.parametrize("write", [as_package, as_rm5])
def test_ratios_that_were_not_entered_as_logarithms_are_refused(write: Writer) -> None:
    settings = {"LOG_DATA": "NO"} if write is as_rm5 else {"Log-scale data": "FALSE"}
    parsed = read(write([replace(SURVIVAL, settings=settings)]))
    assert (codes(parsed), parsed.rows) == (["unknown_scale"], ())
    unknown = {"LOG_DATA": ""} if write is as_rm5 else {"Log-scale data": "#N/A"}
    assert codes(read(write([replace(SURVIVAL, settings=unknown)]))) == ["unknown_scale"]


def test_the_logarithms_to_base_10_of_an_rm5_are_never_used() -> None:
    data = as_rm5([SURVIVAL])
    assert f'LOG_EFFECT_SIZE="{math.log10(math.exp(-0.5))}"'.encode() in data
    assert read(data).rows[0].estimate == -0.5
    other = data.replace(b'LOG_EFFECT_SIZE="-0.2', b'LOG_EFFECT_SIZE="-0.9')
    assert read(other) == read(data)


@pytest.mark.parametrize("write", [as_package, as_rm5])
def test_an_effect_kept_beside_another_estimate_is_said(write: Writer) -> None:
    shown = repr(math.exp(-0.5)).encode()
    data = write([SURVIVAL])
    if write is as_rm5:
        stale = data.replace(shown, b"0.9")
        assert stale != data
    else:
        part = tables_with(SURVIVAL, {"Mean": 0.9})
        stale = as_package([SURVIVAL], {ROWS: part})
    parsed = read(stale)
    assert codes(parsed) == ["stale_effect"]
    assert parsed.rows[0].estimate == -0.5
    assert codes(read(data)) == []


def tables_with(analysis: Analysis, changes: dict[str, object]) -> bytes:
    return table_bytes(ROW_COLUMNS, [row | changes for row in tables_of([analysis])[1]])


def test_a_csv_whose_hazard_ratios_turn_out_to_be_logarithms_is_refused() -> None:
    """The export shows exponentials: an interval that is symmetric on the plain scale contradicts that."""
    plain = replace(SURVIVAL, measure="MD", studies={"": [Study("A", {"estimate": 0.7, "se": 0.1})]})
    data = as_csv([plain]).replace(b",MD,", b",HR,")
    assert codes(read(data)) == ["unknown_scale"]
    logs = as_csv([plain]).replace(b",MD,", b",log Hazard Ratio,")
    row = read(logs).rows[0]
    assert (row.estimate, row.measure) == (0.7, "HR")


def test_a_csv_effect_that_does_not_fit_its_interval_is_refused() -> None:
    studies = [Study(f"S{number}", {"estimate": 0.1 * number, "se": 0.2}) for number in range(1, 5)]
    data = as_csv([replace(SURVIVAL, studies={"": studies})])
    shown = repr(math.exp(0.1 * 3)).encode()
    assert data.count(shown) == 1
    parsed = read(data.replace(shown, b"1.9"))
    assert codes(parsed) == ["interval"]
    assert "study 'S3'" in parsed.errors[0].message


def test_o_e_and_variance_of_a_csv_are_used_where_it_has_them() -> None:
    analysis = Analysis("Drug", "Death", "o_e", "HR", {"": [Study("A", {"o_e": -3.0, "variance": 10.0})]})
    text = as_csv([analysis]).decode("utf-8-sig").splitlines()
    wide = [f"{line},{extra}" for line, extra in zip(text, ("O-E,Var", ",", ",", "-4.0,16.0"), strict=True)]
    row = read("\n".join(wide).encode()).rows[0]
    assert (row.estimate, row.se, row.measure) == (-0.25, 0.25, "HR")


def test_an_estimate_among_arms_is_refused() -> None:
    mixed = Study(
        "Able 2001", {"events_1": 0, "total_1": 0, "events_2": 0, "total_2": 0, "estimate": -0.4, "se": 0.2}
    )
    parsed = read(as_package([replace(DEATH, studies={"": [mixed, BAKER]})]))
    assert (codes(parsed), parsed.rows) == (["mixed_analysis", "double_zero"], ())


def test_a_data_package_of_the_later_version_is_read() -> None:
    """Its settings have more columns, and its random-effects analyses an estimator and a kind of interval."""
    settings, _ = tables_of([replace(DEATH, is_random=True, shown=("0.6", "0.2", "1.5"))])
    later = settings[0] | {
        "Heterogeneity estimator": "REML",
        "CI method": "Wald-type",
        "CI/PI level": "90%",
        "ID": "1",
    }
    columns = [*SETTING_COLUMNS[:-1], "Heterogeneity estimator", "CI method", "CI/PI level", "Sort by", "ID"]
    columns.remove("Estimate CI")
    later.pop("Estimate CI")
    part = table_bytes(columns, [later])
    data = as_package([DEATH], {SETTINGS: part})
    parsed = read(data)
    assert parsed.rows[0].note == (
        "RevMan: Mantel-Haenszel, odds ratio, random effects, tau² by REML, interval by Wald-type"
    )
    assert "RevMan shows OR 0.60 (90 % interval 0.20 to 1.50)." in parsed.notices[0]


@WRITERS
@pytest.mark.parametrize("shown", [("0.0", "0.0", "0.0"), ("", "", ""), ("2.5", "0.1", "0.4")])
def test_results_that_were_not_computed_are_not_shown(write: Writer, shown: tuple[str, str, str]) -> None:
    assert "shows" not in " ".join(read(write([replace(DEATH, shown=shown)])).notices)


def test_no_overall_result_is_said() -> None:
    assert "no overall result" in read(as_rm5([replace(DEATH, settings={"TOTALS": "NO"})])).notices[0]


def test_a_study_named_as_a_missing_value_keeps_its_name() -> None:
    parsed = read(as_package([replace(DEATH, studies={"#N/A": [replace(ABLE, name="NA")]})]))
    assert [(row.study, row.subgroup) for row in parsed.rows] == [("NA", "")]


def test_escapes_that_revman_5_leaves_in_its_csv() -> None:
    data = as_csv([replace(DEATH, studies={"&lt; 65 years": [ABLE]})])
    assert read(data).rows[0].subgroup == "< 65 years"


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("1,1,0,Death,DIC", "1,1,0,Death,XYZ", "data_type"),
        ("1,1,0,Death,DIC", "1,1,0,Death,", "totals_row"),
        ("1,1,0,Death,DIC", "1,1,0,Death,OTH", "no_rows"),
        ("1,1,0,Able 2001,,", "1,1,0,Able 2001,DIC,", "totals_row"),
        ("1,1,0,Able 2001,,", "1,1,3,Able 2001,,", "totals_row"),
        ("1,1,0,Able 2001,,", "x,1,0,Able 2001,,", "row_number"),
        ("1,1,0,Able 2001,", "1,1,0,Able 2001,,", "too_many_values"),
        ("Data Type", "Kind", "missing_column"),
        ("Events 1", "Happened 1", "missing_column"),
        ("Events 2", "Events 1", "duplicate_column"),
    ],
)
def test_a_csv_that_is_not_as_exported(old: str, new: str, code: str) -> None:
    text = as_csv([DEATH]).decode()
    changed = text.replace(old, new, 1)
    if code == "too_many_values":
        changed = changed.rstrip() + "1\r\n"
    assert changed != text
    parsed = read(changed.encode())
    assert code in codes(parsed)
    assert parsed.rows == ()


def test_total_rows_are_never_studies() -> None:
    studies = {"Men": [ABLE], "Women": [BAKER]}
    parsed = read(as_csv([replace(DEATH, studies=studies), SURVIVAL]))
    assert [row.study for row in parsed.rows] == ["Able 2001", "Baker 2005", "Able 2001"]


def test_rows_of_an_analysis_without_settings_are_refused() -> None:
    part = tables_with(DEATH, {"Analysis number": "7"})
    parsed = read(as_package([DEATH], {ROWS: part}))
    assert codes(parsed) == ["unknown_analysis"]


def test_a_study_that_the_review_does_not_list_is_refused() -> None:
    data = as_rm5([DEATH]).replace(b'STUDY_ID="STD-Able', b'STUDY_ID="STD-Cain')
    assert codes(read(data)) == ["unknown_study"]


@WRITERS
def test_a_year_that_is_none_is_told_once_for_all_analyses(write: Writer) -> None:
    odd = replace(ABLE, year="unpublished")
    parsed = read(write([replace(DEATH, name=name, studies={"": [odd]}) for name in ("Death", "Stroke")]))
    assert codes(parsed) == ["year_left_empty"]
    assert "'Able 2001'" in parsed.warnings[0].message
    assert [row.year for row in parsed.rows] == [None, None]


@WRITERS
def test_everybody_with_the_event_is_kept_and_said(write: Writer) -> None:
    all_events = Study("All", {"events_1": 20, "total_1": 20, "events_2": 21, "total_2": 21})
    parsed = read(write([replace(DEATH, studies={"": [ABLE, all_events]})]))
    assert (codes(parsed), len(parsed.rows)) == (["all_events"], 2)


@WRITERS
def test_logarithms_of_a_measure_that_is_not_known_are_said(write: Writer) -> None:
    settings = {"LOG_DATA": "YES"} if write is as_rm5 else {"Log-scale data": "TRUE"}
    analysis = replace(SURVIVAL, measure="Rate ratio", settings=settings)
    data = write([analysis])
    if write is as_csv:
        data = as_csv([SURVIVAL]).replace(b",HR,", b",Rate ratio,")
    row = read(data).rows[0]
    assert (row.estimate, row.measure) == (pytest.approx(-0.5), "")
    assert (
        row.note == "RevMan: inverse variance, Rate ratio, fixed effect; the estimates are natural logarithms"
    )
