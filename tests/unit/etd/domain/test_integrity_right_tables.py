"""Right rows and tables of kinds that are easily called wrong, and their like with one number altered."""

from __future__ import annotations

import math
import random
from dataclasses import replace

import pytest

from etd.domain.findings import Severity
from etd.domain.integrity import ReportedRow, check_table
from etd.domain.integrity.analysis import single_study_p
from etd.domain.integrity.exact_interval import exact_odds_ratio
from etd.domain.integrity.rows import read_row
from metaanalysis.stats.pooling import pool
from metaanalysis.stats.types import PoolingSpec, StudyCounts
from tests.detection import above_informational
from tests.unit.etd.domain.published_tables import METHODS, Trials, draw_studies, printed_row, spec_of


def row_of(text: str) -> ReportedRow:
    """`k events/people events/people measure estimate low high P I²`, `-` where there is none."""
    k, intervention, comparison, measure, estimate, low, high, p, i2 = text.split()
    events, people = intervention.split("/"), comparison.split("/")
    return ReportedRow(
        row=2, k=k, events_intervention=events[0], n_intervention=events[-1], events_comparison=people[0],
        n_comparison=people[-1], measure=measure, estimate=estimate, ci_low=low, ci_high=high, p_value=p, i2=i2,
    )  # fmt: skip


@pytest.mark.parametrize(
    "text",
    [
        # pooled from up to 14 trials of up to 3,000 people, arms unequal, risks from 5% to 80%
        "14 4803/10187 4388/8859 OR 0.66 0.62 0.70 <0.001 0",
        "9 2655/6241 3113/6254 OR 0.94 0.87 1.02 0.15 0",
        "11 2697/5759 4059/7766 OR 0.99 0.91 1.07 0.77 0",
        # risks of 1 to 5%: inverse variance weights the differences of the trials without events most
        "13 191/3742 202/3745 RD 0.004 -0.002 0.011 0.20 0",
        # one trial without events dropped out, so that Student's t has fewer than k - 1 degrees of freedom
        "12 320/3085 286/3168 OR 1.13 0.77 1.65 0.48 60",
        # half an event added to empty cells
        "3 1/530 2/532 OR 0.61 0.07 5.01 0.65 0",
    ],
)
def test_right_rows_that_differ_from_their_counts(text: str) -> None:
    assert above_informational(check_table([row_of(text)])) == []


# REML with Hartung-Knapp intervals where tau² is above 0, else Wald's. The third row is Hartung-Knapp's.
MIXED = """6 62/214 308/160 OR 2.35 0.96 5.75 0.06 62
13 558/1101 621/1106 OR 0.80 0.64 0.99 0.04 20
9 339/868 324/879 OR 1.10 0.87 1.39 0.36 2
5 46/404 75/397 OR 0.55 0.37 0.83 0.00 0
13 546/910 369/893 OR 2.24 1.77 2.84 <0.001 14
5 102/375 105/377 OR 0.97 0.70 1.34 0.84 0
5 83/217 57/220 OR 1.77 1.16 2.68 0.01 0
4 51/195 36/189 OR 1.52 0.93 2.49 0.10 0
6 213/426 237/433 OR 0.82 0.62 1.08 0.16 11"""


def test_a_table_that_mixes_intervals_is_not_judged_as_wald_where_the_width_speaks_against_it() -> None:
    rows = [replace(row_of(text), row=number) for number, text in enumerate(MIXED.splitlines(), start=2)]
    rows[0] = replace(rows[0], events_comparison="", n_comparison="")
    assert above_informational(check_table(rows)) == []
    narrower = replace(rows[2], events_intervention="240", events_comparison="228", n_intervention="600")
    narrower = replace(narrower, n_comparison="610", i2="0")
    found = above_informational(check_table([*rows[:2], narrower, *rows[3:]]))
    assert [(each.row, each.finding.code) for each in found] == [(4, "p_against_interval")]


def rare_studies(draw: random.Random) -> list[StudyCounts]:
    """1 to 9 trials of 20 to 200 people an arm with risks of 1 to 6%: many cells are empty."""
    risk = draw.uniform(0.01, 0.06)
    studies = []
    for number in range(draw.randint(1, 9)):
        n = int(math.exp(draw.uniform(math.log(20), math.log(200))))
        events = [
            sum(draw.random() < risk * times for _ in range(n)) for times in (draw.uniform(0.5, 1.5), 1)
        ]
        studies.append(StudyCounts(f"Trial {number}", events[0], n, events[1], n))
    return studies


@pytest.mark.parametrize("measure", ["OR", "RR", "RD"])
@pytest.mark.parametrize("method", METHODS)
def test_tables_of_rare_events_with_a_decimal_in_their_percentages(method: str, measure: str) -> None:
    draw = random.Random(6)  # noqa: S311 -- made-up tables, not secrets
    rows: list[ReportedRow] = []
    while len(rows) < 18:
        studies = rare_studies(draw)
        row = printed_row(len(rows) + 2, studies, pool(studies, spec_of(method, measure)))
        if row:
            rows.append(with_decimals(row))
    assert above_informational(check_table(rows[:9])) == []
    assert above_informational(check_table(rows[9:])) == []


def with_decimals(row: ReportedRow) -> ReportedRow:
    return replace(
        row,
        percent_intervention=f"{100 * int(row.events_intervention) / int(row.n_intervention):.1f}",
        percent_comparison=f"{100 * int(row.events_comparison) / int(row.n_comparison):.1f}",
    )


def test_a_percentage_with_a_decimal_shows_people_off_by_ten() -> None:
    row = with_decimals(replace(row_of("14 426/944 385/931 OR 1.17 0.97 1.42 0.10 0"), row=2))
    assert above_informational(check_table([row])) == []
    (finding,) = above_informational(check_table([replace(row, n_intervention="934")]))
    assert (
        finding.finding.message == "426 of 934 is 45.6%, not 45.1%. With 934 people it would take 421 events."
    )


@pytest.mark.parametrize("method", ["peto", "mh"])
def test_rows_by_peto_and_by_mantel_haenszel_with_random_effects(method: str) -> None:
    spec = PoolingSpec(method=method, model="common" if method == "peto" else "random")  # type: ignore[arg-type]
    draw = random.Random(7)  # noqa: S311 -- as above
    for number in range(40):
        studies = rare_studies(draw) if number % 2 else draw_studies(draw, Trials())
        row = printed_row(2, studies, pool(studies, spec), decimals=3)
        if row:
            assert above_informational(check_table([row])) == []


@pytest.mark.parametrize("name", ["the chi-squared test", "Fisher's exact test"])
@pytest.mark.parametrize("measure", ["OR", "RR", "RD"])
def test_one_study_with_the_p_of_a_test_of_its_counts(measure: str, name: str) -> None:
    draw = random.Random(8)  # noqa: S311 -- as above
    for number in range(20):
        n, m = draw.randint(20, 200), draw.randint(20, 200)
        studies = [StudyCounts("Trial", draw.randint(1, n - 1), n, draw.randint(1, m - 1), m)]
        row = printed_row(number, studies, pool(studies, spec_of("MH", measure)))
        assert row is not None
        p = single_study_p(read_row(row))[name]
        row = replace(row, i2="", p_value="<0.001" if p < 0.001 else f"{p:.3f}")
        assert above_informational(check_table([row])) == []


# R 4.5: fisher.test(matrix(c(3, 47, 9, 41), 2)) gives 0.2942 (0.0480 to 1.2823), P = 0.1205
EXACT = "1 3/50 9/50 OR 0.29 0.05 1.28 0.12 -"


def test_the_exact_interval_of_one_study_is_known() -> None:
    exact = exact_odds_ratio((3, 50), (9, 50))
    assert exact is not None
    assert [round(math.exp(value), 4) for value in exact] == [0.2942, 0.0480, 1.2823]
    assert exact_odds_ratio((0, 50), (9, 50)) is None
    row = row_of(EXACT.replace("0.05", "0.048").replace("0.29", "0.294").replace("1.28", "1.282"))
    (finding,) = check_table([row])
    assert (finding.finding.severity, finding.finding.code) == (Severity.INFORMATIONAL, "exact_interval")
    assert above_informational(check_table([replace(row, ci_high="1.382")]))


def test_a_row_with_another_level_is_told_which() -> None:
    """0.10 is P of OR 1.17 with a 90% interval from 1.00 to 1.37."""
    (finding,) = check_table([replace(row_of("14 - - OR 1.17 1.00 1.37 0.10 0"), row=2)])
    assert finding.finding.message.endswith(" It fits an interval of 90%.")


@pytest.mark.parametrize("measure", ["HR", "MD", "SMD"])
def test_effects_without_counts(measure: str) -> None:
    draw = random.Random(9)  # noqa: S311 -- as above
    for number in range(60):
        estimate, se = draw.gauss(0, 0.6), draw.uniform(0.05, 0.5)
        ends = [estimate, estimate - 1.96 * se, estimate + 1.96 * se]
        texts = [f"{math.exp(end) if measure == 'HR' else end:.2f}" for end in ends]
        p = math.erfc(abs(estimate) / se / math.sqrt(2))
        row = ReportedRow(
            row=number, k="6", measure=measure, estimate=texts[0], ci_low=texts[1], ci_high=texts[2],
            p_value=f"{p:.2f}",
        )  # fmt: skip
        assert check_table([row]) == ()
        moved = f"{float(texts[2]) + 0.3:.2f}"
        found = above_informational(check_table([replace(row, ci_high=moved)]))
        assert [each.finding.code for each in found] == ["estimate_not_in_the_middle"]
