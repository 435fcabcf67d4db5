"""Subgroups and the test for differences between them."""

from __future__ import annotations

import pytest

from metaanalysis.stats.pooling import pool
from metaanalysis.stats.subgroups import TOO_FEW, UNNAMED, pool_subgroups
from metaanalysis.stats.types import CiMethod, Measure, PoolingSpec, StudyCounts, StudyEstimate

from .blocks import Block, blocks, close

CASES = [(block, key) for block in blocks() for key in block.expected.get("subgroups", {})]

SMALL = StudyCounts("Small", 3, 20, 6, 20, subgroup="small")
OTHER_SMALL = StudyCounts("Other small", 2, 25, 7, 24, subgroup="small")
LARGE = StudyCounts("Large", 30, 200, 60, 200, subgroup="large")
EMPTY = StudyCounts("Empty", 0, 20, 0, 20, subgroup="empty")


@pytest.mark.parametrize(("block", "key"), CASES, ids=lambda value: getattr(value, "name", value))
def test_as_in_the_reference(block: Block, key: str) -> None:
    expected = block.expected["subgroups"][key]
    found = pool_subgroups(block.studies, block.spec(key))
    theirs = {group["subgroup"]: group for group in expected["groups"]}
    assert {group.name for group in found.groups} == set(theirs)
    for group in found.groups:
        its, result = theirs[group.name], group.result
        assert result.k == its.get("k", its.get("k_pooled"))
        assert close(result.estimate, its["estimate"])
        assert close(result.se, its["se"])
        assert close(result.ci_low, its["ci_lb"])
        assert close(result.ci_high, its["ci_ub"])
        assert close(result.p_value, its["p"], zero=0)
        assert close(result.q, its["Q"])
        assert close(result.i2, its["I2_Q"])
        if "tau2" in its:
            assert close(result.tau2, its["tau2"])
    test = expected["test_subgroup_differences"]
    assert found.test is not None
    assert close(found.test.q, test["Q"])
    assert found.test.df == test["df"]
    assert close(found.test.p_value, test["p"], zero=0)


def test_every_kind_of_analysis_with_subgroups_is_in_the_reference() -> None:
    assert {key for _, key in CASES} == {"common_effect", "RE_DL", "RE_REML", "MH_pool_none"}
    assert {block.measure for block, _ in CASES} >= {Measure.OR, Measure.RR, Measure.RD, Measure.HR}


@pytest.mark.parametrize("interval", [CiMethod.AUTO, CiMethod.HKSJ, CiMethod.HKSJ_ADHOC])
def test_the_interval_that_is_shown_does_not_change_the_test(interval: CiMethod) -> None:
    block = next(block for block, _ in CASES if block.name == "bcg-OR")
    found = pool_subgroups(block.studies, PoolingSpec(ci_method=interval))
    expected = block.expected["subgroups"]["RE_REML"]["test_subgroup_differences"]
    assert found.groups[0].result.ci_method is CiMethod.HKSJ or interval is CiMethod.HKSJ_ADHOC
    assert found.test is not None
    assert close(found.test.q, expected["Q"])


def test_subgroups_stand_in_the_order_in_which_they_appear() -> None:
    found = pool_subgroups([SMALL, LARGE, OTHER_SMALL], PoolingSpec())
    assert [group.name for group in found.groups] == ["small", "large"]
    assert found.groups[0].result == pool([SMALL, OTHER_SMALL], PoolingSpec())
    assert found.note is None


def test_a_subgroup_without_an_estimate_is_listed_and_not_tested() -> None:
    without = pool_subgroups([SMALL, LARGE], PoolingSpec())
    found = pool_subgroups([SMALL, EMPTY, LARGE], PoolingSpec())
    assert [group.name for group in found.groups] == ["small", "empty", "large"]
    assert found.groups[1].result.estimate is None
    assert found.test == without.test
    assert found.note is not None
    assert found.note.endswith("standard error: empty.")


def test_studies_without_a_subgroup_are_shown_and_not_tested() -> None:
    nameless = StudyCounts("Nameless", 9, 90, 9, 90)
    without = pool_subgroups([SMALL, LARGE], PoolingSpec())
    found = pool_subgroups([nameless, SMALL, LARGE], PoolingSpec())
    assert [group.name for group in found.groups] == ["", "small", "large"]
    assert found.test == without.test
    assert found.note == UNNAMED


@pytest.mark.parametrize("studies", [[], [SMALL], [SMALL, OTHER_SMALL], [SMALL, EMPTY]])
def test_one_subgroup_has_nothing_to_be_tested_against(studies: list[StudyCounts]) -> None:
    found = pool_subgroups(studies, PoolingSpec())
    assert found.test is None
    assert found.note is not None
    assert TOO_FEW in found.note


def test_equal_effects_have_an_undefined_interval_and_still_a_standard_error() -> None:
    equal = [StudyEstimate(name, 0.5, 0.2, subgroup="a") for name in "xyz"]
    other = StudyEstimate("w", 1.5, 0.2, subgroup="b")
    found = pool_subgroups([*equal, other], PoolingSpec(Measure.GIV, ci_method=CiMethod.HKSJ))
    assert found.groups[0].result.se is None
    assert found.test is not None
    assert found.test.q == pytest.approx(1 / (0.04 / 3 + 0.04))
