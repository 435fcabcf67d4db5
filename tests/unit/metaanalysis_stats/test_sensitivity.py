"""Leave-one-out, cumulative analysis and influence."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metaanalysis.stats.heterogeneity import estimate_tau2
from metaanalysis.stats.pooling import pool
from metaanalysis.stats.sensitivity import Influence, Repooled, cumulative, influence, leave_one_out
from metaanalysis.stats.types import (
    CiMethod,
    Measure,
    Method,
    Model,
    PoolingSpec,
    StudyCounts,
    StudyData,
    StudyEstimate,
    Tau2Method,
)

from .blocks import Block, blocks, close


def name_of(value: Any) -> Any:
    return getattr(value, "name", value)


def cases(part: str) -> list[tuple[Block, str]]:
    return [(block, key) for block in blocks() for key in block.expected[part] if key != "order"]


def assert_as_in(expected: dict[str, Any], row: Repooled) -> None:
    assert row.k == expected.get("k", row.k)
    for ours, theirs in [
        (row.estimate, "estimate"),
        (row.se, "se"),
        (row.ci_low, "ci_lb"),
        (row.ci_high, "ci_ub"),
        (row.q, "Q"),
        (row.i2, "I2_Q"),
        (row.tau2, "tau2"),
    ]:
        if theirs in expected:
            assert close(ours, expected[theirs]), theirs
    assert close(row.p_value, expected["p"], zero=0)


def in_analysis(block: Block, key: str) -> set[str]:
    return {study.study for study in pool(block.studies, block.spec(key)).studies}


@pytest.mark.parametrize(("block", "key"), cases("leave_one_out"), ids=name_of)
def test_leave_one_out_as_in_the_reference(block: Block, key: str) -> None:
    listed = in_analysis(block, key)
    expected = [row for row in block.expected["leave_one_out"][key] if row["omitted"] in listed]
    found = leave_one_out(block.studies, block.spec(key))
    assert [row.omitted for row in found] == [row["omitted"] for row in expected]
    for ours, theirs in zip(found, expected, strict=True):
        assert_as_in(theirs, ours.pooled)


@pytest.mark.parametrize(("block", "key"), cases("cumulative"), ids=name_of)
def test_cumulative_as_in_the_reference(block: Block, key: str) -> None:
    listed = in_analysis(block, key)
    expected = [row for row in block.expected["cumulative"][key] if row["added"] in listed]
    found = cumulative(block.studies, block.spec(key))
    assert [row.added for row in found] == [row["added"] for row in expected]
    for ours, theirs in zip(found, expected, strict=True):
        assert_as_in(theirs, ours.pooled)


def specs(measure: Measure, *methods: Method) -> list[PoolingSpec]:
    """Every analysis that can be asked for with these methods."""
    found = []
    for method in methods:
        for model in Model:
            for tau2 in Tau2Method if model is Model.RANDOM else (None,):
                for interval in CiMethod:
                    try:
                        found.append(PoolingSpec(measure, model, method, tau2, interval))
                    except ValueError:
                        continue
    return found


def assert_same(row: Repooled, studies: Sequence[StudyData], spec: PoolingSpec) -> None:
    alone = pool(studies, spec)
    assert (row.k, row.ci_method) == (alone.k, alone.ci_method)
    for name in ("estimate", "se", "ci_low", "ci_high", "q", "i2", "tau2"):
        assert close(getattr(row, name), getattr(alone, name), rel=1e-9, zero=1e-9), name
    assert close(row.p_value, alone.p_value, rel=1e-7, zero=0)


@pytest.mark.parametrize("spec", specs(Measure.OR, *Method), ids=str)
def test_each_row_is_the_analysis_of_its_studies(spec: PoolingSpec) -> None:
    studies = next(block for block in blocks() if block.name == "nielweise2007-OR").studies
    rows = leave_one_out(studies, spec)
    listed = {study.study for study in pool(studies, spec).studies}
    kept = [study for study in studies if study.study in listed]
    for i, row in enumerate(rows):
        assert row.omitted == kept[i].study
        assert_same(row.pooled, kept[:i] + kept[i + 1 :], spec)
    for i, added in enumerate(cumulative(studies, spec)):
        assert_same(added.pooled, kept[: i + 1], spec)


estimates = st.lists(
    st.tuples(st.integers(-400, 400), st.integers(2, 300)), min_size=1, max_size=7, unique=True
).map(lambda pairs: [StudyEstimate(f"S{i}", y / 100, se / 100) for i, (y, se) in enumerate(pairs)])


@settings(max_examples=60, deadline=None)
@given(studies=estimates, spec=st.sampled_from(specs(Measure.GIV, Method.IV)))
def test_leaving_one_out_is_pooling_the_others(studies: list[StudyEstimate], spec: PoolingSpec) -> None:
    rows = leave_one_out(studies, spec)
    assert len(rows) == len(studies)
    for i, row in enumerate(rows):
        assert_same(row.pooled, studies[:i] + studies[i + 1 :], spec)
    assert_same(cumulative(studies, spec)[-1].pooled, studies, spec)


@pytest.mark.parametrize("spec", specs(Measure.GIV, Method.IV), ids=str)
def test_a_study_that_dwarfs_the_others_costs_no_digits(spec: PoolingSpec) -> None:
    studies = [
        StudyEstimate("A", 0.5, 1.0),
        StudyEstimate("B", -1.0, 0.8),
        StudyEstimate("C", 1.5, 0.9),
        StudyEstimate("Huge", 1e4, 1e-7),
    ]
    for i, row in enumerate(leave_one_out(studies, spec)):
        assert_same(row.pooled, studies[:i] + studies[i + 1 :], spec)


@pytest.mark.parametrize(
    ("y", "v"),
    [
        (
            [-0.03, -0.14, -32.59, -14.81, 0.0, 0.07],
            [0.0023, 0.0052, 9.2794, 6.0278, 0.0003, 0.0038],
        ),
        ([-0.07, 0.04, -2.04], [0.0018, 0.0027, 0.5097]),
        ([9.09, -0.01, -0.03, 0.05, 0.09], [4.5352, 0.0006, 0.0161, 0.0126, 1.385]),
    ],
)
def test_the_likelihood_of_a_row_may_have_several_hills(y: list[float], v: list[float]) -> None:
    studies = [StudyEstimate(f"S{i}", yi, vi**0.5) for i, (yi, vi) in enumerate(zip(y, v, strict=True))]
    spec = PoolingSpec(Measure.GIV, ci_method=CiMethod.WALD)
    assert_same(cumulative(studies, spec)[-1].pooled, studies, spec)
    for i, row in enumerate(leave_one_out(studies, spec)):
        assert_same(row.pooled, studies[:i] + studies[i + 1 :], spec)


def test_rows_that_sums_cannot_settle_are_computed_by_themselves(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []

    def alone(method: Tau2Method, y: list[float], v: list[float], q: float) -> float:
        asked.append(len(y))
        return estimate_tau2(method, y, v, q)

    monkeypatch.setattr("metaanalysis.stats.heterogeneity.estimate_tau2", alone)
    studies = [StudyEstimate("Huge", 1e4, 1e-7), *(StudyEstimate(f"S{i}", i / 2, 1.0) for i in range(3))]
    leave_one_out(studies, PoolingSpec(Measure.GIV))
    assert asked == [3, 3, 3]


def test_studies_with_one_effect_have_no_hartung_knapp_interval() -> None:
    studies = [StudyEstimate("A", 0.5, 0.2), StudyEstimate("B", 0.5, 0.3), StudyEstimate("C", 0.9, 0.2)]
    for interval in (CiMethod.HKSJ, CiMethod.HKSJ_ADHOC):
        spec = PoolingSpec(Measure.GIV, ci_method=interval)
        row = leave_one_out(studies, spec)[2].pooled
        assert_same(row, studies[:2], spec)
        assert (row.se is None) is (interval is CiMethod.HKSJ)


def test_effects_that_differ_by_rounding_only_have_none_either() -> None:
    studies = [StudyEstimate(f"S{i}", i * 1e-17, 0.1) for i in range(4)]
    spec = PoolingSpec(Measure.GIV, ci_method=CiMethod.HKSJ)
    for i, row in enumerate(leave_one_out(studies, spec)):
        assert row.pooled.se is row.pooled.ci_low is row.pooled.p_value is None
        assert_same(row.pooled, studies[:i] + studies[i + 1 :], spec)


def estimates_of(studies: Sequence[StudyData], spec: PoolingSpec) -> list[float | None]:
    left_out, added = leave_one_out(studies, spec), cumulative(studies, spec)
    return [*(row.pooled.estimate for row in left_out), *(row.pooled.estimate for row in added)]


def test_many_studies_are_computed_in_blocks_of_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    studies = [StudyEstimate(f"S{i}", (i * 37 % 11) / 10, 0.2 + (i * 13 % 7) / 10) for i in range(40)]
    spec = PoolingSpec(Measure.GIV)
    at_once = estimates_of(studies, spec)
    monkeypatch.setattr("metaanalysis.stats.sensitivity._NUMBERS_AT_ONCE", 300)
    assert estimates_of(studies, spec) == pytest.approx(at_once, rel=1e-12)


def test_without_the_only_study_nothing_is_left() -> None:
    (row,) = leave_one_out([StudyEstimate("A", 0.5, 0.2)], PoolingSpec(Measure.GIV))
    assert row.pooled == Repooled(measure=Measure.GIV, k=0)
    (added,) = cumulative([StudyEstimate("A", 0.5, 0.2)], PoolingSpec(Measure.GIV))
    assert (added.pooled.estimate, added.pooled.q, added.pooled.i2) == (0.5, None, None)
    assert leave_one_out([], PoolingSpec()) == cumulative([], PoolingSpec()) == ()


def test_years_order_the_studies_and_rows_break_ties() -> None:
    years = {"A": 2005, "B": None, "C": 1999, "D": 2005, "E": 1999}
    studies = [StudyEstimate(name, 0.1, 0.2, year) for name, year in years.items()]
    found = cumulative(studies, PoolingSpec(Measure.GIV))
    assert [(row.added, row.year) for row in found] == [
        ("C", 1999),
        ("E", 1999),
        ("A", 2005),
        ("D", 2005),
        ("B", None),
    ]
    assert [row.pooled.k for row in found] == [1, 2, 3, 4, 5]


def test_studies_of_one_name_are_told_apart() -> None:
    twins = [
        StudyCounts("Twin", 0, 20, 0, 20),
        StudyCounts("Twin", 5, 20, 9, 20),
        StudyCounts("A", 4, 30, 8, 30),
    ]
    for method in Method:
        spec = PoolingSpec(method=method)
        rows = leave_one_out(twins, spec)
        assert [row.omitted for row in rows] == ["Twin", "A"]
        assert_same(rows[0].pooled, [twins[2]], spec)


def test_ratios_are_also_given_as_people_read_them() -> None:
    studies = [StudyEstimate("A", 0.0, 0.2), StudyEstimate("B", 0.7, 0.2)]
    row = leave_one_out(studies, PoolingSpec(Measure.HR))[0].pooled
    assert row.estimate_natural == pytest.approx(2.0137527)
    assert row.ci_low_natural == pytest.approx(2.0137527 / 1.4799, rel=1e-4)


def influence_in(studies: Sequence[StudyData], spec: PoolingSpec) -> Influence:
    return influence(pool(studies, spec), leave_one_out(studies, spec))


def test_influence_names_those_whose_absence_changes_the_conclusion() -> None:
    studies = [
        StudyEstimate("Large effect", 0.9, 0.2),
        StudyEstimate("B", 0.1, 0.3),
        StudyEstimate("C", 0.15, 0.3),
    ]
    found = influence_in(studies, PoolingSpec(Measure.GIV, Model.COMMON))
    assert found.excludes_no_effect is True
    assert [row.omitted for row in found.crossing] == ["Large effect"]
    assert found.crossing[0].pooled.excludes_no_effect is False
    assert found.most == found.crossing[0]
    assert found.shift == pytest.approx(0.125 - (0.9 / 0.04 + 0.25 / 0.09) / (1 / 0.04 + 2 / 0.09))


def test_where_no_study_changes_the_conclusion_the_one_that_moves_most_is_still_named() -> None:
    studies = [StudyEstimate(name, y, 0.1) for name, y in [("A", 0.9), ("B", 1.0), ("C", 1.3)]]
    found = influence_in(studies, PoolingSpec(Measure.GIV, Model.COMMON))
    assert (found.excludes_no_effect, found.crossing) == (True, ())
    assert found.most is not None
    assert found.most.omitted == "C"


def test_one_study_alone_has_no_influence_to_show() -> None:
    found = influence_in([StudyEstimate("A", 0.9, 0.1)], PoolingSpec(Measure.GIV))
    assert (found.excludes_no_effect, found.crossing, found.most, found.shift) == (True, (), None, None)
    nothing = influence_in([], PoolingSpec())
    assert (nothing.excludes_no_effect, nothing.most) == (None, None)
