"""Tests for funnel plot asymmetry."""

from __future__ import annotations

import math

import pytest

from metaanalysis.stats.pooling import pool
from metaanalysis.stats.small_study import (
    FEW_STUDIES,
    ONLY_ODDS_RATIOS,
    NotComputed,
    RankTest,
    RegressionTest,
    begg_test,
    egger_test,
    small_study_effects,
)
from metaanalysis.stats.types import Measure, Method, PoolingSpec, StudyCounts, StudyEstimate, ZeroRule

from .blocks import Block, blocks, close

CASES = [block for block in blocks() if "egger" in block.expected.get("small_study_effects", {})]


def same_regression(found: RegressionTest | NotComputed, expected: dict[str, float], key: str) -> bool:
    assert isinstance(found, RegressionTest)
    return (
        close(found.coefficient, expected[key])
        and close(found.se, expected["se"])
        and close(found.t, expected["t"])
        and found.df == expected["df"]
        and close(found.p_value, expected["p"], zero=0)
    )


@pytest.mark.parametrize("block", CASES, ids=lambda block: block.name)
def test_as_in_the_reference(block: Block) -> None:
    expected = block.expected["small_study_effects"]
    found = small_study_effects(block.studies, block.spec("RE_REML_z"))
    assert found.k == expected["k"]
    assert same_regression(found.egger, expected["egger"], "intercept")
    assert isinstance(found.begg, RankTest)
    assert close(found.begg.kendall_tau, expected["begg_rank"]["kendall_tau"])
    assert close(found.begg.p_value, expected["begg_rank"]["p"], zero=0)
    assert (found.note == FEW_STUDIES) is (found.k < 10)
    if block.measure is Measure.OR:
        assert same_regression(found.harbord, expected["harbord"], "intercept")
        assert same_regression(found.peters, expected["peters"], "slope")
    else:
        assert found.harbord == found.peters == NotComputed(ONLY_ODDS_RATIOS)


def test_the_reference_has_all_four_tests() -> None:
    keys = {key for block in CASES for key in block.expected["small_study_effects"]}
    assert keys >= {"egger", "begg_rank", "harbord", "peters"}


def test_eggers_test_of_petos_odds_ratios_is_harbords() -> None:
    studies = next(block for block in CASES if block.name == "nielweise2007-OR").studies
    found = small_study_effects(studies, PoolingSpec(method=Method.PETO))
    assert isinstance(found.egger, RegressionTest)
    assert isinstance(found.harbord, RegressionTest)
    assert found.egger.t == pytest.approx(found.harbord.t)


def test_swapping_the_arms_turns_the_sign() -> None:
    studies = next(block for block in CASES if block.name == "bcg-OR").studies
    assert all(isinstance(study, StudyCounts) for study in studies)
    swapped = [
        StudyCounts(s.study, s.events_comparison, s.n_comparison, s.events_intervention, s.n_intervention)
        for s in studies
        if isinstance(s, StudyCounts)
    ]
    one, other = small_study_effects(studies, PoolingSpec()), small_study_effects(swapped, PoolingSpec())
    for name in ("egger", "harbord", "peters"):
        assert getattr(one, name).t == pytest.approx(-getattr(other, name).t)


def test_odds_ratios_that_came_as_estimates_have_no_counts() -> None:
    studies = [StudyEstimate(f"S{i}", 0.1 * i * i, 0.1 + 0.1 * i) for i in range(5)]
    found = small_study_effects(studies, PoolingSpec(Measure.OR))
    assert isinstance(found.egger, RegressionTest)
    assert isinstance(found.harbord, NotComputed)
    assert "events and totals" in found.harbord.reason


@pytest.mark.parametrize(
    ("y", "se", "reason"),
    [
        ([], [], "three studies"),
        ([0.1, 0.2], [0.1, 0.3], "three studies"),
        ([0.1, 0.2, 0.4], [0.3, 0.3, 0.3], "same precision"),
        ([0.2, 0.4, 0.6], [0.1, 0.2, 0.3], "one line"),
        ([0.5, 0.5, 0.5], [0.1, 0.2, 0.3], "one line"),
    ],
)
def test_what_cannot_be_tested_says_why(y: list[float], se: list[float], reason: str) -> None:
    found = egger_test(y, se)
    assert isinstance(found, NotComputed)
    assert reason in found.reason


@pytest.mark.parametrize(
    ("y", "se", "reason"),
    [
        ([0.1, 0.2], [0.1, 0.3], "three studies"),
        ([0.1, 0.2, 0.4], [0.3, 0.3, 0.3], "same precision"),
        ([0.5, 0.5, 0.5], [0.1, 0.2, 0.3], "same effect"),
    ],
)
def test_what_cannot_be_ranked_says_why(y: list[float], se: list[float], reason: str) -> None:
    found = begg_test(y, se)
    assert isinstance(found, NotComputed)
    assert reason in found.reason


def test_ranks_with_ties_are_compared_by_the_normal_distribution() -> None:
    found = begg_test([0.1, 0.3, 0.2, 0.7, 0.4], [0.2, 0.2, 0.3, 0.4, 0.5])
    # metafor 3.8-1: ranktest(c(.1, .3, .2, .7, .4), sei=c(.2, .2, .3, .4, .5))
    assert isinstance(found, RankTest)
    assert found.kendall_tau == pytest.approx(0.5270462767, rel=1e-9)
    assert found.p_value == pytest.approx(0.2065072955, rel=1e-9)


def test_many_ranks_without_ties_have_an_exact_p() -> None:
    studies = range(1, 61)
    found = begg_test([math.sin(i) for i in studies], [0.1 + i / 100 for i in studies])
    # metafor 3.8-1: ranktest(sin(1:60), sei = .1 + 1:60/100)
    assert isinstance(found, RankTest)
    assert found.kendall_tau == pytest.approx(0.0045197740113, rel=1e-10)
    assert found.p_value == pytest.approx(0.964549846142, rel=1e-11)


def test_effects_that_are_nothing_but_rounding_are_not_tested() -> None:
    studies = [StudyCounts(f"S{n}", 0, n, 0, n) for n in (22, 30, 29, 11, 57, 32)]
    spec = PoolingSpec(zero=ZeroRule.ONLY0_KEEP)
    assert any(study.estimate for study in pool(studies, spec).studies)
    found = small_study_effects(studies, spec)
    assert isinstance(found.egger, NotComputed)
    assert isinstance(found.begg, NotComputed)
