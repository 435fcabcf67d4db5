"""How often the checks find a number that was altered on purpose, and how often they call a right row wrong.

Seeded and bounded: a smaller run of what docs/checks.md reports, with the same tables and the same alterations.
"""

from __future__ import annotations

import random
from dataclasses import replace
from functools import cache

import pytest

from etd.domain.integrity import ReportedRow, check_table
from metaanalysis.stats.pooling import pool
from metaanalysis.stats.types import PoolingSpec
from tests.detection import HARD, Share, above_informational, detection
from tests.unit.etd.domain.published_tables import (
    ALTERATIONS,
    METHODS,
    Trials,
    draw_table,
    printed_row,
    spec_of,
)
from tests.unit.etd.domain.test_integrity import example_rows
from tests.unit.metaanalysis_stats.reference import reference_sets

TABLES = 20
ROWS_ALTERED = 3
# The share of alterations that must be found, in percent, in tables of DerSimonian-Laird rows.
FOUND = {
    "two digits of the events exchanged": 99,
    "two digits of the people exchanged": 92,
    "arms exchanged": 95,
    "odds ratio inverted": 95,
    "one bound moved by 0.1": 99,
    "P moved by 0.05": 93,
    "P of another row": 95,
    "people of an arm off by ten": 64,
    "percentage off by two": 100,
}
# As more than informational: the direction of a row near no effect is only ever a hint.
INCONSISTENT = FOUND | {"arms exchanged": 76, "odds ratio inverted": 78}
# With the suspicion, the right number or the arm in the message.
NAMED = FOUND | {"odds ratio inverted": 93, "one bound moved by 0.1": 98}


@cache
def shares() -> dict[str, Share]:
    return detection("DL", tables=TABLES, rows_altered=ROWS_ALTERED, seed=2)


@pytest.mark.parametrize("alteration", ALTERATIONS)
def test_an_altered_number_is_found(alteration: str) -> None:
    share = shares()[alteration]
    assert share.found >= FOUND[alteration]
    assert share.inconsistent >= INCONSISTENT[alteration]
    assert share.named >= NAMED[alteration]


@pytest.mark.parametrize("balanced", [True, False], ids=["balanced", "lopsided"])
@pytest.mark.parametrize("measure", ["OR", "RR", "RD"])
@pytest.mark.parametrize("method", [name for name in METHODS if name != "by rule"])
def test_right_tables_are_left_in_peace(method: str, measure: str, balanced: bool) -> None:
    draw = random.Random(3)  # noqa: S311 -- as above
    for _ in range(3):
        table = draw_table(draw, method, measure, Trials(balanced=balanced))
        assert above_informational(check_table(table)) == []


@pytest.mark.parametrize("kind", HARD.values(), ids=list(HARD))
@pytest.mark.parametrize("measure", ["OR", "RD"])
@pytest.mark.parametrize("method", ["DL", "HKSJ"])
def test_right_tables_of_hard_kinds_are_left_in_peace(method: str, measure: str, kind: Trials) -> None:
    draw = random.Random(14)  # noqa: S311 -- as above
    for _ in range(2):
        assert above_informational(check_table(draw_table(draw, method, measure, kind))) == []


@pytest.mark.parametrize("method", METHODS)
def test_right_rows_alone_are_left_in_peace(method: str) -> None:
    """No other row says how the table is made, so both kinds of interval are allowed."""
    draw = random.Random(4)  # noqa: S311 -- as above
    for _ in range(3):
        for row in draw_table(draw, method):
            assert above_informational(check_table([row])) == []


@pytest.mark.parametrize("decimals", [1, 2, 3])
@pytest.mark.parametrize("measure", ["OR", "RR", "RD"])
@pytest.mark.parametrize("method", METHODS)
def test_published_trials_pooled_rightly_are_left_in_peace(method: str, measure: str, decimals: int) -> None:
    """The reference data sets, with many zero cells, unequal arms and much heterogeneity."""
    rows = []
    for number, reference in enumerate(reference_sets().values(), start=2):
        result = pool(reference.studies, spec_of(method, measure))
        row = printed_row(number, reference.studies, result, decimals=decimals)
        if row:
            rows.append(row)
    assert len(rows) >= 6
    for row in rows:
        assert above_informational(check_table([row])) == []


def test_altered_published_rows_are_found() -> None:
    """Every alteration of the events of a published data set's row that its printed percentage can show."""
    spec = PoolingSpec(tau2_method="DL", ci_method="wald")  # type: ignore[arg-type]
    for reference in reference_sets().values():
        row = printed_row(2, reference.studies, pool(reference.studies, spec))
        if row is None:
            continue
        wrong = str(int(row.percent_comparison) + 2)
        found = above_informational(check_table([replace(row, percent_comparison=wrong)]))
        assert "percent_against_counts" in [each.finding.code for each in found]


def test_alterations_of_the_examples_right_rows_are_found() -> None:
    """Rows 5 and 7 are found as they are; of the other seven every percentage and bound."""
    rows = example_rows()
    for place, row in enumerate(rows):
        if row.row in (5, 7) or row.k == "0":
            continue
        for altered in _alterations_that_show(row):
            table = [*rows[:place], altered, *rows[place + 1 :]]
            assert [each for each in above_informational(check_table(table)) if each.row == row.row]


def _alterations_that_show(row: ReportedRow) -> list[ReportedRow]:
    return [
        replace(row, percent_intervention=str(int(row.percent_intervention) + 2)),
        replace(row, percent_comparison=str(int(row.percent_comparison) - 2)),
        replace(row, ci_low=f"{float(row.ci_low) - 0.1:.2f}"),
        replace(row, ci_high=f"{float(row.ci_high) + 0.1:.2f}"),
    ]
