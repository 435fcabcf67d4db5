"""Tables of estimates: every way in which a report prints one, and what contradicts itself."""

import math

import pytest

from metaanalysis.importers import ParsedTable, read_table

Z = 1.959963984540054
HR = "study,hr,ci_low,ci_high"


def read(header: str, *rows: str) -> ParsedTable:
    return read_table("\n".join([header, *rows, ""]).encode(), filename="a.csv")


def one(header: str, row: str) -> tuple[float | None, float | None, str, str]:
    """Estimate, standard error, measure and note of the only row, which reads without a problem."""
    table = read(header, row)
    assert table.problems == ()
    assert table.layout == table.rows[0].kind == "estimate"
    found = table.rows[0]
    return found.estimate, found.se, found.measure, found.note


@pytest.mark.parametrize(
    ("header", "measure"),
    [
        ("study,estimate,se", ""),
        ("study,yi,sei", ""),
        ("study,TE,seTE", ""),
        ("Study,Estimate,Standard error", ""),
        ("study,log_hr,se", "HR"),
        ("study,loghr,se_loghr", "HR"),
        ("study,lnHR,selnHR", "HR"),
        ("study,log(HR),SE(log(HR))", "HR"),
        ("study,log hazard ratio,SE log hazard ratio", "HR"),
        ("study,log_or,se_log_or", "OR"),
        ("study,lnRR,se", "RR"),
        ("study,mean_difference,se", "MD"),
        ("study,Hedges g,se", "SMD"),
        ("study,risk difference,se", "RD"),
    ],
)
def test_an_estimate_with_its_standard_error_is_taken_as_it_is(header: str, measure: str) -> None:
    assert one(header, "A,-0.301,0.15") == (-0.301, 0.15, measure, "")


@pytest.mark.parametrize(
    "header",
    [
        HR,
        "Study,HR,95% CI low,95% CI high",
        "study,hazard_ratio,lower,upper",
        "study,Hazard ratio,CI lower,CI upper",
        "study,hr,hr_lower,hr_upper",
        "study,hr,hr_ci_low,hr_ci_high",
        "study,HR,Lower 95% CI,Upper 95% CI",
        "study,HR,LCI,UCI",
        "study,hr,conf.low,conf.high",
        "study,hr,CI95 low,CI95 high",
        "study,hr,ci_lb,ci_ub",
        'study,HR,"95% CI, lower","95% CI, upper"',
        "study,Hazard Ratio,Lower confidence limit,Upper confidence limit",
        "study,HR,LL 95% CI,UL 95% CI",
        "study,hr,lower .95,upper .95",
    ],
)
def test_a_ratio_with_its_interval(header: str) -> None:
    estimate, se, measure, note = one(header, "A,0.74,0.55,0.99")
    assert estimate == pytest.approx(math.log(0.74), rel=1e-15)
    assert se == pytest.approx((math.log(0.99) - math.log(0.55)) / (2 * Z), rel=1e-12)
    assert (measure, note) == ("HR", "HR 0.74 (0.55 to 0.99)")


@pytest.mark.parametrize(
    "names",
    [
        "90% CI low,90% CI high",
        "low,high",
        "l,u",
        "upper age,lower age",
        "or_ci_low,or_ci_high",
        "2.5%,97.5%",
    ],
)
def test_what_is_no_95_percent_limit_of_this_ratio_is_not_taken_for_one(names: str) -> None:
    table = read(f"study,hr,{names}", "A,0.74,0.55,0.99")
    assert table.rows == ()
    assert [problem.code for problem in table.errors] == ["missing_column"]


@pytest.mark.parametrize(
    ("column", "measure"),
    [("or", "OR"), ("Odds ratio", "OR"), ("RR", "RR"), ("relative risk", "RR"), ("risk_ratio", "RR")],
)
def test_odds_and_risk_ratios(column: str, measure: str) -> None:
    estimate, _, found, note = one(f"study,{column},ci_low,ci_high", "A,2.00,1.25,3.20")
    assert estimate == pytest.approx(math.log(2))
    assert (found, note) == (measure, f"{measure} 2.00 (1.25 to 3.20)")


def test_how_ratios_were_read_is_said_once() -> None:
    table = read(HR, "A,0.74,0.55,0.99", "B,0.80,0.64,1.00")
    assert [notice for notice in table.notices if "natural logarithm" in notice] == list(table.notices)
    assert len(table.notices) == 1


def test_a_ratio_with_the_standard_error_of_its_logarithm() -> None:
    assert one("study,hr,se_log_hr", "A,0.74,0.15") == (math.log(0.74), 0.15, "HR", "HR 0.74")


def test_an_interval_on_the_analysis_scale() -> None:
    estimate, se, measure, note = one("study,md,ci_low,ci_high", "A,-1.25,-2.50,0.00")
    assert estimate == -1.25
    assert se == pytest.approx(2.5 / (2 * Z), rel=1e-12)
    assert (measure, note) == ("MD", "MD −1.25 (−2.50 to 0.00)")


def test_a_variance() -> None:
    assert one("study,yi,vi", "A,-0.3,0.0625") == (-0.3, 0.25, "", "variance 0.0625")
    assert one("study,yi,vi,sei", "A,-0.3,0.063,0.25") == (-0.3, 0.25, "", "")


@pytest.mark.parametrize(
    "header", ["study,o_e,v", "study,O-E,Variance", "study,O minus E,Var", "study,O−E,V"]
)
def test_observed_minus_expected(header: str) -> None:
    estimate, se, measure, note = one(header, "A,-3.2,12.1")
    assert estimate == pytest.approx(-3.2 / 12.1, rel=1e-15)
    assert se == pytest.approx(1 / math.sqrt(12.1), rel=1e-15)
    assert (measure, note) == ("HR", "O−E −3.2, V 12.1")


def test_observed_minus_expected_of_an_odds_ratio() -> None:
    assert one("study,o_e,v,measure", "A,-3.2,12.1,OR")[2] == "OR"
    table = read("study,o_e,v,measure", "A,-3.2,12.1,RR")
    assert [problem.code for problem in table.errors] == ["measure_conflict"]


def test_the_measure_may_be_a_column() -> None:
    table = read("study,measure,estimate,se", "A,hr,-0.3,0.1", "B,Odds ratio,0.2,0.1", "C,,0.2,0.1")
    assert [row.measure for row in table.rows] == ["HR", "OR", ""]
    table = read("study,measure,estimate,se", "A,IRR,-0.3,0.1")
    assert [(problem.code, problem.column) for problem in table.errors] == [("measure", "measure")]
    table = read("study,measure,log_hr,se", "A,OR,-0.3,0.1")
    assert [problem.code for problem in table.errors] == ["measure_conflict"]


def test_rows_may_report_in_different_ways() -> None:
    table = read(
        "study,hr,ci_low,ci_high,log_hr,se_log_hr,note", "A,0.74,0.55,0.99,,,", "B,,NA,NA,-0.2,0.1,kept"
    )
    assert table.problems == ()
    assert [row.note for row in table.rows] == ["HR 0.74 (0.55 to 0.99)", "kept"]
    assert [row.estimate for row in table.rows] == [pytest.approx(math.log(0.74)), -0.2]


@pytest.mark.parametrize(
    ("header", "row", "code", "column"),
    [
        (HR, "A,-0.3,-0.6,-0.01", "not_above_zero", "hr"),
        (HR, "A,0,0,1", "not_above_zero", "hr"),
        (HR, "A,0.10,0.00,1.20", "not_above_zero", "ci_low"),
        (HR, "A,1.10,0.55,0.99", "outside_interval", "hr"),
        (HR, "A,0.74,0.99,0.55", "limits_reversed", "ci_low"),
        (HR, "A,0.74,0.74,0.74", "limits_reversed", "ci_low"),
        (HR, "A,0.74,0.55,", "one_limit", "ci_low"),
        (HR, "A,0.74,,", "missing_spread", "hr"),
        (HR, "A,,0.55,0.99", "missing", "hr"),
        (HR + ",se", "A,0.74,0.55,0.99,0.11", "contradiction", "se"),
        (HR + ",se", "A,0.74,,,0.11", "unclear_scale", "se"),
        (HR + ",log_hr", "A,0.74,0.55,0.99,-0.33", "contradiction", "log_hr"),
        ("study,yi,vi,sei", "A,-0.3,0.1,0.1", "contradiction", "vi"),
        ("study,yi,sei,ci_low,ci_high", "A,-0.30,0.10,-0.40,-0.20", "contradiction", "sei"),
        ("study,estimate,ci_low,ci_high", "A,0.74,0.55,0.99", "looks_like_ratio", "estimate"),
        ("study,log_hr,ci_low,ci_high", "A,0.405,0.30,7.50", "looks_like_ratio", "log_hr"),
        ("study,measure,estimate,ci_low,ci_high", "A,HR,0.30,0.10,0.50", "unclear_scale", "estimate"),
        ("study,estimate,se", "A,0.3,0", "zero_spread", "se"),
        ("study,estimate,se", "A,0.3,-0.1", "negative", "se"),
        ("study,o_e,v", "A,0.3,0", "zero_spread", "v"),
        ("study,o_e,v", "A,0.3,", "missing", "v"),
    ],
)
def test_what_contradicts_itself_is_refused(header: str, row: str, code: str, column: str) -> None:
    table = read(header, row)
    assert [(problem.code, problem.row, problem.column) for problem in table.errors] == [(code, 2, column)]
    assert table.rows == ()


@pytest.mark.parametrize(
    ("header", "code"),
    [
        ("study,hr,or,ci_low,ci_high", "two_estimates"),
        ("study,estimate,log_hr,se,x", "two_estimates"),
        ("study,yi,se,se_log_hr,x", "two_estimates"),
        ("study,log_or,se_log_hr,x,y", "two_estimates"),
        ("study,hr,log_or,se,x", "two_estimates"),
        ("study,o_e,v,hr,x", "two_estimates"),
        ("study,hr,ci_low,ci_high,hr_ci_low", "two_estimates"),
        ("study,hr,se,x,y", "unclear_scale"),
        ("study,hr,variance,x,y", "unclear_scale"),
        ("study,hr,95% CI,x,y", "ambiguous_column"),
        ("study,estimate,ci,x,y", "ambiguous_column"),
        ("study,estimate,x,y,z", "missing_column"),
        ("study,hr,ci_low,x,y", "missing_column"),
        ("study,hr,90% CI low,90% CI high,y", "missing_column"),
        ("study,o_e,x,y,z", "missing_column"),
        ("study,se,x,y,z", "missing_column"),
        ("trial name 2,estimate,se,y,z", "missing_column"),
        ("study,yi,yi,se,z", "duplicate_column"),
        ("study,yi,estimate,se,z", "duplicate_column"),
    ],
)
def test_a_header_that_leaves_a_choice_is_refused(header: str, code: str) -> None:
    table = read(header, "A,0.74,0.55,0.99,0.6")
    assert [problem.code for problem in table.errors] == [code]
    assert table.errors[0].row == 1


def test_rounding_is_no_contradiction() -> None:
    table = read(
        f"{HR},log_hr,se_log_hr",
        "A,0.74,0.55,0.99,-0.301,0.150",
        "B,0.74,0.55,0.99,-0.30,0.15",
        "C,1.3,1.0,1.7,0.26,0.13",
    )
    assert table.errors == ()
    assert [(row.estimate, row.se) for row in table.rows] == [(-0.301, 0.15), (-0.3, 0.15), (0.26, 0.13)]


def test_an_estimate_far_from_the_middle_of_its_interval_is_said() -> None:
    table = read(HR, "A,0.90,0.50,3.00")
    assert [(problem.code, problem.column) for problem in table.warnings] == [("off_middle", "hr")]
    assert "0.90" in table.warnings[0].message
    assert len(table.rows) == 1


def test_few_digits_that_leave_the_standard_error_open_are_said() -> None:
    table = read(HR, "A,0.2,0.1,0.5")
    assert [problem.code for problem in table.warnings] == ["few_digits"]
    assert "between" in table.warnings[0].message


def test_limits_that_fit_a_ratio_as_well_as_a_difference_are_said() -> None:
    table = read("study,estimate,ci_low,ci_high", "A,0.95,0.90,1.00")
    assert [(problem.code, problem.column) for problem in table.warnings] == [("scale_by_name", "estimate")]
    assert table.rows[0].estimate == 0.95
    assert read("study,md,ci_low,ci_high", "A,0.95,0.90,1.00").problems == ()
    assert read("study,estimate,ci_low,ci_high", "A,-0.95,-1.00,-0.90").problems == ()
    assert read("study,estimate,se", "A,0.95,0.025").problems == ()


def test_a_title_above_a_table_of_estimates_is_told() -> None:
    table = read_table(b"My hazard ratios\n\nstudy,hr,ci_low,ci_high\nA,0.74,0.55,0.99\n", filename="a.csv")
    assert [problem.code for problem in table.errors] == ["header_not_found"]
    assert "row 3" in table.errors[0].message


@pytest.mark.parametrize("delimiter", [";", "\t", "|"])
def test_other_delimiters(delimiter: str) -> None:
    data = f"{HR}\nA,0.74,0.55,0.99\n".replace(",", delimiter).encode()
    assert read_table(data, filename="a.csv").rows[0].measure == "HR"


def test_a_long_table_of_estimates() -> None:
    table = read(
        "study,year,outcome,timepoint,population,subgroup,hr,ci_low,ci_high",
        "A,2001,death,1 year,all,women,0.74,0.55,0.99",
        "A,2001,stroke,1 year,all,women,0.84,0.65,1.09",
        "A,2001,stroke,1 year,all,men,0.84,0.65,1.09",
    )
    assert table.problems == ()
    assert table.outcomes == ("death", "stroke")
    assert [row.subgroup for row in table.rows] == ["women", "women", "men"]
    again = read("study,outcome,yi,sei", "A,death,0.1,0.1", "A,death,0.2,0.1")
    assert [problem.code for problem in again.errors] == ["duplicate_study"]


def test_a_row_of_the_pooled_estimate_is_said() -> None:
    table = read("study,yi,sei", "A,0.1,0.1", "Pooled,0.1,0.05")
    assert [problem.code for problem in table.warnings] == ["total_row"]


def test_counts_win_over_an_estimate_beside_them_and_that_is_said() -> None:
    table = read("study,events_t,n_t,events_c,n_c,hr,ci_low,ci_high", "A,3,90,5,80,0.74,0.55,0.99")
    assert table.layout == "counts"
    assert table.rows[0].estimate is None
    assert table.rows[0].note == "hr: 0.74; ci_low: 0.55; ci_high: 0.99"
    said = [problem.message for problem in table.warnings if problem.code == "two_layouts"]
    assert len(said) == 1
    assert "events and totals are used" in said[0]
    assert "hr, ci_low, ci_high" in said[0]


def test_other_columns_are_kept_under_their_name() -> None:
    row = read("study,yi,sei,dose", "A,0.1,0.1,high").rows[0]
    assert dict(row.extra) == {"dose": "high"}
    assert row.note == "dose: high"
