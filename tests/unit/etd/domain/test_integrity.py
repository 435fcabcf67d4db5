"""A reported table against itself: each check once where it must speak, and where it must not."""

from __future__ import annotations

import csv
import math
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from etd.domain.findings import Severity
from etd.domain.integrity import (
    ReportedRow,
    TableFinding,
    UnreadableCellError,
    analysis,
    check_table,
    unreadable_cells,
)
from etd.domain.integrity.distributions import critical, two_sided_p
from etd.domain.integrity.geometry import Strip, shape
from etd.domain.integrity.printed import Printed, UnreadableNumberError, read_printed

EXAMPLE = Path(__file__).parents[4] / "fixtures" / "ilcor-mcs-after-rosc" / "outcomes.csv"
# The row of survival at the longest follow-up, all patients.
ROW = ReportedRow(
    row=3,
    outcome="Survival",
    subgroup="All patients",
    k="14",
    events_intervention="426",
    n_intervention="944",
    percent_intervention="45",
    events_comparison="385",
    n_comparison="931",
    percent_comparison="41",
    measure="OR",
    estimate="1.17",
    ci_low="0.97",
    ci_high="1.42",
    p_value="0.10",
    i2="0",
)


def example_rows() -> list[ReportedRow]:
    """The table of the example, numbered as in a spreadsheet."""
    with EXAMPLE.open(encoding="utf-8", newline="") as file:
        stored = list(csv.DictReader(file))
    rows = []
    for number, row in enumerate(stored, start=2):
        subgroup, studies = row.pop("population"), row.pop("n_studies") + row.pop("footnote_mark")
        rows.append(ReportedRow(row=number, subgroup=subgroup, k=studies, **row))
    return rows


def codes(findings: tuple[TableFinding, ...]) -> list[tuple[str, str]]:
    return [(each.finding.severity.value, each.finding.code) for each in findings]


def checked(row: ReportedRow = ROW, /, **changes: Any) -> list[tuple[str, str]]:
    return codes(check_table([replace(row, **changes)]))


def _effect(estimate: str, low: str, high: str, p: str) -> dict[str, str]:
    return {"estimate": estimate, "ci_low": low, "ci_high": high, "p_value": p}


def test_the_two_rows_of_the_example_and_no_other() -> None:
    findings = check_table(example_rows())
    above = [each for each in findings if each.finding.severity is not Severity.INFORMATIONAL]
    assert [(each.row, each.column, each.finding.code) for each in above] == [
        (5, "p_value", "p_against_interval"),
        (7, "p_value", "p_against_interval"),
    ]
    assert {each.finding.severity for each in above} == {Severity.INCONSISTENT}
    assert {(each.row, each.finding.code) for each in findings if each not in above} == {
        (2, "footnote_marker"),
        (6, "footnote_marker"),
    }


def test_the_arithmetic_of_the_two_rows_is_shown() -> None:
    first, second, *_ = check_table(example_rows())
    assert first.finding.message == (
        "P = 0.12 cannot come from OR 1.16 (0.97 to 1.40): a Wald interval allows 0.096 to 0.114."
        " It fits row 7, whose P fits this one: have they changed places?"
    )
    assert second.finding.message == (
        "P = 0.11 cannot come from OR 1.18 (0.95 to 1.46): a Wald interval allows 0.124 to 0.147."
        " It fits row 5, whose P fits this one: have they changed places?"
    )
    assert "The table is judged as Wald: P of rows 2, 4, 6, 9, 11 and 13 fits Wald intervals only." in (
        second.finding.evidence
    )
    assert "with 9 degrees of freedom would allow 0.109 to 0.129" in second.finding.evidence
    assert second.finding.where.startswith("row 7 (Survival at 6 months or 1 year, n (%); Cardiogenic shock")


def test_alone_the_second_row_could_be_hartung_knapp_and_the_first_could_not() -> None:
    rows = example_rows()
    assert codes(check_table([rows[3]])) == [("inconsistent", "p_against_interval")]
    assert codes(check_table([rows[5]])) == []


def test_a_few_other_rows_that_are_all_wald_are_enough() -> None:
    rows = example_rows()
    wald = [rows[4], rows[2]]
    assert [each.row for each in check_table([rows[5], *wald]) if each.column == "p_value"] == [7]
    assert not [each for each in check_table([rows[5], wald[0]]) if each.column == "p_value"]


def test_rows_without_heterogeneity_do_not_show_how_rows_with_it_are_made() -> None:
    """Programs may make Hartung-Knapp intervals only under heterogeneity."""
    rows = example_rows()
    without = [row for row in rows if row.i2 == "0" and row.row != 5]
    assert not [each for each in check_table([rows[5], *without]) if each.column == "p_value"]
    assert [each.row for each in check_table([rows[5], rows[4], *without]) if each.column == "p_value"] == [7]


def test_a_row_that_fits_is_silent() -> None:
    assert checked() == []
    assert check_table([]) == ()
    assert checked(ReportedRow(row=2, outcome="Survival", k="0", p_value="-", estimate="–")) == []


@pytest.mark.parametrize(
    ("changes", "severity", "code"),
    [
        ({"events_intervention": "946"}, "impossible", "events_beyond_n"),
        ({"percent_intervention": "46"}, "inconsistent", "percent_against_counts"),
        ({"percent_intervention": "101"}, "impossible", "percent_out_of_range"),
        ({"p_value": "1.10"}, "impossible", "p_out_of_range"),
        ({"i2": "-5"}, "impossible", "i2_out_of_range"),
        ({"ci_low": "-0.97"}, "impossible", "negative_ratio"),
        ({"ci_low": "1.42", "ci_high": "0.97"}, "impossible", "bounds_turned_round"),
        ({"estimate": "1.71"}, "impossible", "estimate_outside_interval"),
        ({"estimate": "1.20"}, "inconsistent", "estimate_not_in_the_middle"),
        ({"ci_high": "1.52"}, "inconsistent", "estimate_not_in_the_middle"),
        ({"p_value": "0.15"}, "inconsistent", "p_against_interval"),
        ({"p_value": "<0.001"}, "inconsistent", "p_against_interval"),
        ({"p_value": ">0.5"}, "inconsistent", "p_against_interval"),
        ({"estimate": "", "p_value": "0.02"}, "inconsistent", "significance_against_interval"),
        ({"estimate": "0.85", "ci_low": "0.70", "ci_high": "1.03"}, "inconsistent", "direction_against_counts"),
        (_effect("2.00", "1.66", "2.41", ""), "inconsistent", "crude_outside_interval"),
        (_effect("1.17", "1.03", "1.33", "0.02") | {"k": "3"}, "inconsistent", "interval_too_narrow"),
        (_effect("1.17", "0.89", "1.54", "0.26"), "informational", "wide_without_heterogeneity"),
        ({"k": "1000"}, "impossible", "more_studies_than_people"),
        ({"k": "0"}, "inconsistent", "effect_without_studies"),
        ({"k": "1", "i2": "30"}, "inconsistent", "heterogeneity_of_one_study"),
        ({"k": "14*"}, "informational", "footnote_marker"),
    ],
)  # fmt: skip
def test_each_check_speaks(changes: dict[str, str], severity: str, code: str) -> None:
    assert (severity, code) in checked(**changes)


def test_zero_at_the_end_is_a_digit() -> None:
    assert checked(p_value="0.10") == []
    assert checked(p_value="0.1") == []
    assert checked(p_value="0.100") == []
    assert checked(p_value="0.120") == [("inconsistent", "p_against_interval")]
    assert checked(p_value="0.12") == [("inconsistent", "p_against_interval")]
    assert checked(estimate="1.2") == []
    assert checked(estimate="1.20") == [("inconsistent", "estimate_not_in_the_middle")]


def test_a_percentage_says_what_would_fit() -> None:
    finding, *_ = check_table([replace(ROW, events_intervention="462")])
    assert finding.finding.message == (
        "462 of 944 is 49%, not 45%. Are two digits exchanged? 426 events of the intervention arm would fit."
    )
    assert "462 / 944 = 48.941%; a printed 45 stands for 44.5 to 45.5." in finding.finding.evidence
    assert finding.finding.evidence.endswith(
        "The OR of all patients as one study is 1.359 with these counts and 1.166 with 426; printed is"
        " OR 1.17 (0.97 to 1.42). That agrees with 426."
    )


def test_a_percentage_that_no_exchanged_digits_explain_says_how_many_events_it_takes() -> None:
    finding, *_ = check_table([replace(ROW, percent_intervention="49")])
    assert finding.finding.message == (
        "426 of 944 is 45%, not 49%. Are two digits exchanged? 462 events of the intervention arm would fit."
    )
    assert finding.finding.evidence.endswith("That agrees with the counts as they are printed.")
    finding, *_ = check_table([replace(ROW, percent_intervention="47")])
    assert (
        finding.finding.message
        == "426 of 944 is 45%, not 47%. With 944 people it would take 439 to 448 events."
    )
    finding, *_ = check_table([replace(ROW, n_intervention="3", events_intervention="1", k="1")])
    assert finding.finding.message == "1 of 3 is 33%, not 45%. No number of events gives it with 3 people."


def test_more_events_than_people_may_be_exchanged_digits() -> None:
    finding, *_ = check_table(
        [replace(ROW, n_intervention="494", events_intervention="526", percent_intervention="56")]
    )
    assert finding.finding.message == (
        "More events than people in the intervention arm: 526 of 494."
        " Are two digits exchanged? 944 people of the intervention arm would fit."
    )


def test_the_number_of_an_interval_that_p_accuses_is_named() -> None:
    (finding,) = check_table([replace(ROW, ci_high="1.52")])
    assert finding.finding.message == (
        "OR 1.17 (0.97 to 1.52): the estimate is not in the middle of its interval."
        " The upper bound (1.392 to 1.431 from the other two) or the estimate (1.209 to 1.219 from the other two)"
        " may be mistaken: then P = 0.10 fits."
    )
    (finding,) = check_table([replace(ROW, estimate="1.71")])
    assert "The estimate (1.169 to 1.179 from the other two) may be mistaken" in finding.finding.message
    (finding,) = check_table([replace(ROW, ci_high="1.52", p_value="")])
    assert all(
        name in finding.finding.message for name in ("The lower bound", "the upper bound", "the estimate (")
    )


def test_a_ratio_that_was_turned_round_after_it_was_rounded_is_named() -> None:
    """OR 0.65 (0.45 to 0.95) turned round number by number is not in the middle any more."""
    row = ReportedRow(
        row=2, k="5", events_intervention="70", n_intervention="200", events_comparison="90", n_comparison="200",
        measure="OR", estimate="1.54", ci_low="1.05", ci_high="2.22", i2="0",
    )  # fmt: skip
    messages = [each.finding.message for each in check_table([row])]
    assert any("Is the ratio turned round? OR 0.65 (0.45 to 0.95) would fit." in text for text in messages)


def test_a_p_that_stands_in_another_row_says_which() -> None:
    rows = example_rows()
    copied = replace(rows[2], p_value="0.19")
    found = [each for each in check_table([rows[0], *rows[4:], copied]) if each.row == copied.row]
    assert [each.finding.code for each in found] == ["p_against_interval"]
    assert found[0].finding.message.endswith(" The same P stands in row 2, where it fits: was it copied?")


def test_exchanged_digits_that_bring_the_counts_near_are_named() -> None:
    row = replace(ROW, events_intervention="246", percent_intervention="", percent_comparison="")
    (finding,) = check_table([row])
    assert (
        "With 426 in events_intervention, two digits exchanged, it would be 1.166."
        in finding.finding.evidence
    )


def test_both_ways_to_round_a_half_are_right() -> None:
    half = {
        "events_intervention": "1",
        "n_intervention": "8",
        "p_value": "",
        "estimate": "",
        "ci_low": "",
        "ci_high": "",
    }
    assert checked(**half, percent_intervention="12", k="1") == []
    assert checked(**half, percent_intervention="13", k="1") == []
    assert checked(**half, percent_intervention="14", k="1") == [("inconsistent", "percent_against_counts")]


def test_exchanged_arms_are_named() -> None:
    mirrored = replace(
        ROW,
        events_intervention="385",
        n_intervention="931",
        percent_intervention="41",
        events_comparison="426",
        n_comparison="944",
        percent_comparison="45",
    )
    (finding,) = check_table([mirrored])
    assert finding.finding.code == "direction_against_counts"
    assert "Are the arms exchanged, or is the ratio turned round?" in finding.finding.message
    assert "(385 × 518) / (546 × 426) = 0.857" in finding.finding.evidence
    assert (
        "With the arms exchanged it would be 1.166; turned round, the printed one would be 0.853."
        in finding.finding.evidence
    )


def test_differences_are_symmetrical_without_a_logarithm() -> None:
    row = ReportedRow(
        row=2, measure="MD", estimate="-2.0", ci_low="-4.0", ci_high="0.0", p_value="0.05", k="1"
    )
    assert checked(row) == []
    assert checked(row, estimate="-2.2") == [("inconsistent", "estimate_not_in_the_middle")]
    assert checked(row, p_value="0.10") == [("inconsistent", "p_against_interval")]


@pytest.mark.parametrize(("estimate", "low", "high"), [("0.038", "-0.007", "0.083"), ("3.8", "-0.7", "8.3")])
def test_a_risk_difference_is_a_proportion_or_in_percentage_points(
    estimate: str, low: str, high: str
) -> None:
    row = replace(ROW, measure="RD", estimate=estimate, ci_low=low, ci_high=high, p_value="0.10", i2="")
    assert codes(check_table([row])) == []
    turned = replace(row, estimate=f"-{estimate}", ci_low=f"-{high}", ci_high=low.removeprefix("-"))
    assert ("inconsistent", "direction_against_counts") in codes(check_table([turned]))


def test_one_study_may_have_the_p_of_another_test() -> None:
    """12 of 40 and 21 of 41: P is 0.052 from the odds ratio, 0.07 by Fisher's exact test."""
    row = ReportedRow(
        row=2, k="1", events_intervention="12", n_intervention="40", events_comparison="21", n_comparison="41",
        measure="OR", estimate="0.41", ci_low="0.16", ci_high="1.02", p_value="0.07",
    )  # fmt: skip
    (finding,) = check_table([row])
    assert (finding.finding.severity, finding.finding.code) == ("informational", "p_of_another_test")
    assert "Fisher's exact test" in finding.finding.message
    assert checked(row, p_value="0.20") == [("inconsistent", "p_against_interval")]


def test_a_table_that_follows_another_rule_is_told_so_and_not_called_wrong() -> None:
    """Intervals of 90%: no P fits, in any row."""
    rows = [
        replace(ROW, row=number, ci_low=low, ci_high=high, p_value=p, estimate=estimate, events_intervention="",
                events_comparison="", percent_intervention="", percent_comparison="")
        for number, (estimate, low, high, p) in enumerate(
            [("1.17", "1.00", "1.37", "0.10"), ("1.50", "1.06", "2.13", "0.05"), ("0.80", "0.64", "1.00", "0.10"),
             ("2.00", "1.41", "2.83", "0.001")], start=2
        )
    ]  # fmt: skip
    findings = check_table(rows)
    assert {each.finding.severity for each in findings} == {Severity.INFORMATIONAL}
    assert all("another method or level" in each.finding.message for each in findings)
    assert len(findings) >= 3


def test_a_subgroup_with_more_than_its_whole() -> None:
    part = replace(ROW, row=4, subgroup="Cardiac arrest", n_intervention="950", percent_intervention="45")
    (finding,) = check_table([ROW, part])
    assert (finding.row, finding.finding.code, finding.finding.heuristic) == (4, "subset_beyond_whole", True)
    assert finding.finding.severity is Severity.INFORMATIONAL
    assert "n_intervention: 950 > 944." in finding.finding.evidence
    assert check_table([ROW, replace(part, outcome="Another outcome")]) == ()


def test_survival_beside_death() -> None:
    death = ReportedRow(
        row=4, outcome="Death", measure="HR", estimate="0.74", ci_low="0.55", ci_high="0.99", p_value="0.04"
    )
    (finding,) = check_table([ROW, death])
    assert (finding.row, finding.finding.code) == (4, "mixed_polarity")
    assert check_table([ROW, replace(death, outcome="Major bleeding")]) == ()
    relapse = [replace(ROW, outcome="Remission"), replace(death, outcome="Relapse")]
    assert [each.finding.code for each in check_table(relapse)] == ["mixed_polarity"]
    assert "a value below 1 is better" in finding.finding.message
    assert check_table([ROW, replace(death, outcome="Survival to discharge")]) == ()


@pytest.mark.parametrize(
    ("column", "text", "said"),
    [
        ("estimate", "1,17", "Write decimals after a point"),
        ("estimate", "1·17", "Write the decimals after a point"),
        ("ci_low", "−0.97", "Type the minus sign as '-'"),
        ("ci_low", "0.97–1.42", "Give each number a column of its own"),
        ("n_intervention", "1,944", "no separator between thousands"),
        ("n_intervention", "944.5", "whole number in digits only"),
        ("k", "-3", "whole number in digits only"),
        ("events_intervention", "426/944", "Give each number a column of its own"),
        ("estimate", "<1.17", "a bound, not a number"),
        ("estimate", "=1.17", "formula"),
        ("p_value", "1e-5", "without a power of ten"),
        ("p_value", "0." + "1" * 40, "at most 24 characters"),
        ("p_value", "n.s.", "leave the cell empty"),
        ("estimate", "17%", "Write the digits"),
        ("estimate", "1٫17", "Write the digits"),
        ("measure", "IRR", "Write one of OR, RR, HR, RD, MD, SMD"),
        ("measure", "", "an effect without a measure"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_place_and_a_remedy(
    column: str, text: str, said: str
) -> None:
    changes: dict[str, Any] = {column: text}
    row = replace(ROW, **changes)
    with pytest.raises(UnreadableCellError) as caught:
        check_table([row])
    assert (caught.value.row, caught.value.column) == (3, column)
    assert said in str(caught.value)
    assert [error.column for error in unreadable_cells(row)] == [column]


def test_every_unreadable_cell_of_a_row_is_named() -> None:
    row = replace(ROW, k="many", p_value="n.s.", measure="XX")
    assert [error.column for error in unreadable_cells(row)] == ["k", "p_value", "measure"]
    assert unreadable_cells(ROW) == ()


def test_what_a_printed_number_stands_for() -> None:
    number = read_printed("0.10")
    assert number is not None
    assert (number.low, number.high, number.text) == (Fraction(95, 1000), Fraction(105, 1000), "0.10")
    short = read_printed(".1")
    assert short is not None
    assert (short.low, short.high) == (Fraction(5, 100), Fraction(15, 100))
    marked = read_printed("11*")
    assert marked is not None
    assert (marked.value, marked.mark, marked.is_whole) == (11, "*", True)
    below = read_printed("<0.001")
    assert below is not None
    assert (below.low, below.high) == (0, Fraction(1, 1000))
    assert read_printed("–") is None
    percent = read_printed("45%", percent=True)
    assert percent is not None
    assert percent.value == 45
    with pytest.raises(UnreadableNumberError):
        read_printed("45%")


# scipy.stats: norm.sf, t.sf and t.ppf of scipy 1.17
@pytest.mark.parametrize(
    ("statistic", "degrees", "p"),
    [(1.959963984540054, None, 0.05), (1.0, None, 0.31731050786291415), (1.0, 1, 0.5), (2.0, 2, 0.18350341907227397),
     (2.0, 9, 0.07655282377070101), (-2.0, 10, 0.0733880347707404), (4.0, 13, 0.0015120793588119755), (0.0, 5, 1.0)],
)  # fmt: skip
def test_tails(statistic: float, degrees: int | None, p: float) -> None:
    assert two_sided_p(statistic, degrees) == pytest.approx(p, rel=1e-9)


@pytest.mark.parametrize(
    ("degrees", "value"), [(1, 12.706204736432095), (9, 2.2621571627409915), (None, 1.959963984540054)]
)
def test_critical_values(degrees: int | None, value: float) -> None:
    assert critical(degrees) == pytest.approx(value, rel=1e-9)


def test_an_exact_interval_has_the_p_of_its_middle_and_width() -> None:
    polygon = shape(Strip(0.2, 0.2), Strip(-0.1, -0.1), Strip(0.5, 0.5))
    low, high = polygon.p_range(None)
    assert low == pytest.approx(two_sided_p(1.959963984540054 * 0.2 / 0.3, None), rel=1e-6)
    assert high == pytest.approx(low, rel=1e-6)
    assert shape(Strip(0.25, 0.25), Strip(-0.1, -0.1), Strip(0.5, 0.5)).corners == ()


def printed(value: float, places: int) -> str:
    return f"{value:.{places}f}"


@given(
    n=st.tuples(st.integers(2, 3000), st.integers(2, 3000)),
    shares=st.tuples(st.floats(0.01, 0.99), st.floats(0.01, 0.99)),
    measure=st.sampled_from(("OR", "RR", "RD")),
    places=st.integers(1, 4),
    p_places=st.integers(2, 4),
    percent_places=st.integers(0, 2),
)
@settings(max_examples=250, deadline=None)
@example(n=(2, 2), shares=(0.5, 0.5), measure="OR", places=1, p_places=2, percent_places=0)
@example(n=(3000, 2), shares=(0.01, 0.5), measure="RR", places=1, p_places=2, percent_places=0)
def test_a_right_row_of_counts_is_never_called_inconsistent(
    n: tuple[int, int],
    shares: tuple[float, float],
    measure: str,
    places: int,
    p_places: int,
    percent_places: int,
) -> None:
    """Woolf's odds ratio, Katz's risk ratio, Wald's risk difference, printed with some digits."""
    a, c = (min(max(1, round(people * share)), people - 1) for people, share in zip(n, shares, strict=True))
    estimate, se = {
        "OR": (
            math.log(a * (n[1] - c) / c / (n[0] - a)),
            math.sqrt(1 / a + 1 / (n[0] - a) + 1 / c + 1 / (n[1] - c)),
        ),
        "RR": (math.log(a * n[1] / c / n[0]), math.sqrt(1 / a - 1 / n[0] + 1 / c - 1 / n[1])),
        "RD": (
            a / n[0] - c / n[1],
            math.sqrt(a * (n[0] - a) / n[0] ** 3 + c * (n[1] - c) / n[1] ** 3),
        ),
    }[measure]
    ends = [estimate, estimate - 1.959963984540054 * se, estimate + 1.959963984540054 * se]
    assume(all(abs(end) < 20 for end in ends))
    texts = [printed(end if measure == "RD" else math.exp(end), places) for end in ends]
    row = ReportedRow(
        row=2,
        k="1",
        events_intervention=str(a),
        n_intervention=str(n[0]),
        percent_intervention=printed(100 * a / n[0], percent_places),
        events_comparison=str(c),
        n_comparison=str(n[1]),
        percent_comparison=printed(100 * c / n[1], percent_places),
        measure=measure,
        estimate=texts[0],
        ci_low=texts[1],
        ci_high=texts[2],
        p_value=printed(math.erfc(abs(estimate) / se / math.sqrt(2)), p_places),
    )
    assert [each for each in check_table([row]) if each.finding.severity is not Severity.INFORMATIONAL] == []


CELL = st.one_of(
    st.just(""),
    st.from_regex(r"-?[0-9]{1,9}(\.[0-9]{1,9})?", fullmatch=True),
    st.from_regex(r"[0-9]{1,24}", fullmatch=True),
    st.from_regex(r"0\.0{1,20}[0-9]?", fullmatch=True),
    st.sampled_from(("<0.001", ">0.99", "11*", "0", "0.00", "-0", "1.00", "100%")),
    st.text(max_size=6),
)


@given(
    st.lists(
        st.builds(
            ReportedRow,
            row=st.integers(1, 99),
            outcome=st.sampled_from(("Survival", "Death", "")),
            subgroup=st.sampled_from(("", "All", "Some")),
            measure=st.one_of(
                st.sampled_from(("OR", "RR", "RD", "MD", "HR", "SMD", "")), st.text(max_size=3)
            ),
            **{
                column: CELL
                for column in ReportedRow.__dataclass_fields__
                if column not in ("row", "outcome", "subgroup", "measure")
            },
        ),
        max_size=3,
    )
)
@settings(max_examples=80, deadline=None)
def test_no_table_raises_anything_but_the_declared_error(rows: list[ReportedRow]) -> None:
    readable = [row for row in rows if not unreadable_cells(row)]
    for row in rows:
        if row not in readable:
            with pytest.raises(UnreadableCellError):
                check_table([row])
    for each in check_table(readable):
        assert each.finding.message
        assert each.finding.evidence


NUMBER = st.one_of(
    st.from_regex(r"-?[0-9]{1,4}(\.[0-9]{1,4})?", fullmatch=True), st.just("0.00"), st.just("1.00")
)
COUNT = st.integers(0, 10**12).map(str) | st.integers(0, 40).map(str)


@given(
    st.lists(
        st.builds(
            ReportedRow,
            row=st.integers(1, 99),
            k=COUNT,
            measure=st.sampled_from(("OR", "RR", "RD", "MD", "HR", "SMD")),
            **dict.fromkeys(
                ("events_intervention", "n_intervention", "events_comparison", "n_comparison"), COUNT
            ),
            **dict.fromkeys(("estimate", "ci_low", "ci_high", "p_value", "i2", "percent_comparison"), NUMBER),
        ),
        min_size=1,
        max_size=4,
    )
)
@settings(max_examples=120, deadline=None)
def test_no_table_of_numbers_raises_anything(rows: list[ReportedRow]) -> None:
    findings = check_table(rows)
    severities = [list(Severity).index(each.finding.severity) for each in findings]
    assert severities == sorted(severities)


def test_whether_p_fits_is_found_once_a_row_and_not_once_for_every_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tried: list[Printed] = []
    before = analysis._overlap

    def counted(printed: Printed, allowed: tuple[float, float]) -> bool:
        tried.append(printed)
        return before(printed, allowed)

    monkeypatch.setattr(analysis, "_overlap", counted)

    def of_rows(count: int) -> int:
        tried.clear()
        check_table([replace(ROW, row=number) for number in range(2, count + 2)])
        return len(tried)

    assert of_rows(20) > 0
    assert of_rows(60) == 3 * of_rows(20)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (
            {"ci_low": "1.42", "ci_high": "0.97"},
            "With the bounds exchanged they would fit: OR 1.17 (0.97 to 1.42).",
        ),
        (
            {"ci_low": "9.7"},
            "The lower bound (0.952 to 0.976 from the other two) may be mistaken: then P = 0.10 fits.",
        ),
        ({"ci_high": "0.142"}, "The upper bound (1.392 to 1.431 from the other two) may be mistaken"),
        (
            {"estimate": "99.9", "p_value": ""},
            "The estimate (1.169 to 1.179 from the other two) may be mistaken.",
        ),
    ],
)
def test_bounds_out_of_order_and_a_lost_point_name_the_number(changes: dict[str, Any], said: str) -> None:
    (found,) = check_table([replace(ROW, **changes)])
    assert found.finding.severity is Severity.IMPOSSIBLE
    assert said in found.finding.message
    assert "000" not in found.finding.message, "no bound in the thousands is suspected"


def test_a_p_of_zero_stands_for_nothing_below_zero() -> None:
    (found,) = check_table([replace(ROW, p_value="0.000")])
    assert "P printed as 0.000 stands for 0.0000 to 0.0005." in found.finding.evidence
