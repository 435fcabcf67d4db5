"""What must hold for any studies at all."""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from metaanalysis.stats.effects import raw_table
from metaanalysis.stats.pooling import pool
from metaanalysis.stats.report import result_to_json
from metaanalysis.stats.types import (
    LARGEST_ESTIMATE,
    LARGEST_MEAN,
    MAX_PARTICIPANTS,
    CiMethod,
    Measure,
    Method,
    Model,
    PooledResult,
    PoolingSpec,
    PredictionDf,
    RdSe,
    SmdVariant,
    StudyCounts,
    StudyData,
    StudyEstimate,
    StudyMeans,
    Tau2Method,
    ZeroRule,
)


def _possible_specs() -> list[PoolingSpec]:
    specs = []
    choices = itertools.product(Measure, Model, Method, Tau2Method, CiMethod, ZeroRule, PredictionDf)
    for options, smd, rd_se in itertools.product(choices, SmdVariant, RdSe):
        try:
            spec = PoolingSpec(*options, smd=smd, rd_se=rd_se)
        except ValueError:
            continue
        specs.append(spec)
    return list(dict.fromkeys(specs))


ALL_SPECS = _possible_specs()
SPECS = [spec for spec in ALL_SPECS if spec.measure.is_of_counts]
specs = st.sampled_from(SPECS)
ratio_specs = st.sampled_from([spec for spec in SPECS if spec.measure.is_ratio])
mean_specs = st.sampled_from([spec for spec in ALL_SPECS if spec.measure.is_of_means])
estimate_specs = st.sampled_from([spec for spec in ALL_SPECS if spec.method is Method.IV])


@st.composite
def study_counts(draw: st.DrawFn, largest: int = 500) -> StudyCounts:
    arms: list[Any] = []
    for _ in range(2):
        n = draw(st.integers(1, largest))
        events = draw(st.one_of(st.integers(0, n), st.sampled_from([0, n])))
        arms += [events, n]
    return StudyCounts(draw(st.sampled_from("ABCDEFGH")), *arms)


def _magnitudes(smallest: float, largest: float) -> st.SearchStrategy[float]:
    """Positive numbers, as many small as large ones, and the two ends."""
    exponents = st.floats(math.log10(smallest), math.log10(largest))
    return st.one_of(st.sampled_from([smallest, largest]), exponents.map(lambda power: 10.0**power)).map(
        lambda number: min(max(number, smallest), largest)
    )


def _signed(magnitudes: st.SearchStrategy[float]) -> st.SearchStrategy[float]:
    return st.one_of(st.just(0.0), magnitudes, magnitudes.map(lambda number: -number))


@st.composite
def study_means(draw: st.DrawFn, unit: float = 1e3, largest: int = 500) -> StudyMeans:
    """A study with numbers of people up to `largest`, means and standard deviations within `unit` and 1 / `unit`."""
    arms: list[Any] = []
    for _ in range(2):
        arms += [draw(_signed(_magnitudes(1 / unit, unit))), draw(_magnitudes(1 / unit, unit))]
        arms.append(draw(st.integers(2, largest)))
    return StudyMeans(draw(st.sampled_from("ABCDEFGH")), *arms)


@st.composite
def study_estimates(draw: st.DrawFn, largest: float = 1e3) -> StudyEstimate:
    """A study with an estimate of at most `largest` and a standard error between that and one divided by it."""
    magnitudes = _magnitudes(1 / largest, largest)
    return StudyEstimate(draw(st.sampled_from("ABCDEFGH")), draw(_signed(magnitudes)), draw(magnitudes))


means_and_spec = st.tuples(st.lists(study_means(), max_size=8), mean_specs)
estimates_and_spec = st.tuples(st.lists(study_estimates(), max_size=8), estimate_specs)
some_studies = st.lists(study_counts(), min_size=0, max_size=8)
relaxed = settings(deadline=None, max_examples=150)


def _summary(result: PooledResult) -> list[float | None]:
    return [
        result.estimate, result.se, result.ci_low, result.ci_high, result.p_value, result.q, result.i2, result.tau2,
        result.prediction_low, result.prediction_high,
    ]  # fmt: skip


def _assert_same(actual: list[float | None], expected: list[float | None], tolerance: float = 1e-6) -> None:
    for one, other in zip(actual, expected, strict=True):
        if one is None or other is None:
            assert one is other
        else:
            assert math.isclose(one, other, rel_tol=tolerance, abs_tol=tolerance)


def _walk(value: object) -> list[float]:
    if isinstance(value, dict):
        return [number for inner in value.values() for number in _walk(inner)]
    if isinstance(value, list):
        return [number for inner in value for number in _walk(inner)]
    return [value] if isinstance(value, float) else []


@relaxed
@given(st.lists(study_counts(largest=MAX_PARTICIPANTS), max_size=8), specs, st.floats(0.001, 0.99999))
@example([StudyCounts("A", 1, 2, 1, 2)] * 2, PoolingSpec(ci_method=CiMethod.HKSJ), 0.95)
@example(
    [StudyCounts("Giant", 1, MAX_PARTICIPANTS, 0, MAX_PARTICIPANTS), StudyCounts("Dwarf", 0, 1, 1, 1)],
    PoolingSpec(Measure.RD),
    0.95,
)
def test_nothing_but_numbers_and_nulls_leaves(
    studies: list[StudyCounts], spec: PoolingSpec, level: float
) -> None:
    _assert_only_numbers_and_nulls(studies, replace(spec, level=level))


@relaxed
@given(
    st.lists(study_means(LARGEST_MEAN, MAX_PARTICIPANTS), max_size=8), mean_specs, st.floats(0.001, 0.99999)
)
def test_nothing_but_numbers_and_nulls_leaves_for_means(
    studies: list[StudyMeans], spec: PoolingSpec, level: float
) -> None:
    _assert_only_numbers_and_nulls(studies, replace(spec, level=level))


@relaxed
@given(st.lists(study_estimates(LARGEST_ESTIMATE), max_size=8), estimate_specs, st.floats(0.001, 0.99999))
@example([StudyEstimate("A", 0.0, 1e-40), StudyEstimate("B", 1e40, 1e40)], PoolingSpec(Measure.GIV), 0.95)
@example([StudyEstimate("A", 800.0, 1.0)] * 2, PoolingSpec(Measure.HR, ci_method=CiMethod.HKSJ), 0.95)
def test_nothing_but_numbers_and_nulls_leaves_for_estimates(
    studies: list[StudyEstimate], spec: PoolingSpec, level: float
) -> None:
    _assert_only_numbers_and_nulls(studies, replace(spec, level=level))


def _assert_only_numbers_and_nulls(studies: Sequence[StudyData], spec: PoolingSpec) -> None:
    result = pool(studies, spec)
    report = result_to_json(result)
    json.dumps(report, allow_nan=False)
    for field in _summary(result):
        assert field is None or math.isfinite(field)
    assert all(math.isfinite(number) for number in _walk(report))
    assert result.estimate is not None or result.note
    assert len(result.studies) + len(result.excluded) == len(studies)
    assert result.k == len(result.studies)
    if result.se is not None:
        assert result.ci_low is not None
        assert result.ci_high is not None
        assert result.estimate is not None
        assert result.ci_low <= result.estimate <= result.ci_high


@relaxed
@given(some_studies.flatmap(lambda studies: st.tuples(st.just(studies), st.permutations(studies))), specs)
def test_the_order_of_studies_does_not_matter(
    orders: tuple[list[StudyCounts], list[StudyCounts]], spec: PoolingSpec
) -> None:
    one, other = (pool(studies, spec) for studies in orders)
    _assert_same(_summary(one), _summary(other))
    assert sorted(out.study for out in one.excluded) == sorted(out.study for out in other.excluded)


@relaxed
@given(
    st.one_of(means_and_spec, estimates_and_spec).flatmap(
        lambda pair: st.tuples(st.just(pair[0]), st.permutations(pair[0]), st.just(pair[1]))
    )
)
def test_the_order_of_means_and_of_estimates_does_not_matter(
    orders: tuple[list[StudyData], list[StudyData], PoolingSpec],
) -> None:
    studies, permuted, spec = orders
    _assert_same(_summary(pool(studies, spec)), _summary(pool(permuted, spec)))


@relaxed
@given(means_and_spec)
def test_swapping_the_arms_turns_the_sign_of_a_difference(case: tuple[list[StudyMeans], PoolingSpec]) -> None:
    studies, spec = case
    swapped = [
        StudyMeans(
            study.study,
            study.mean_comparison,
            study.sd_comparison,
            study.n_comparison,
            study.mean_intervention,
            study.sd_intervention,
            study.n_intervention,
        )
        for study in studies
    ]
    one, other = pool(studies, spec), pool(swapped, spec)
    assert one.k == other.k
    if one.estimate is None or other.estimate is None:
        assert one.estimate is other.estimate
        return
    assert one.estimate == pytest.approx(-other.estimate, rel=1e-9, abs=1e-12)
    _assert_same([one.se, one.p_value, one.q, one.tau2], [other.se, other.p_value, other.q, other.tau2])


@relaxed
@given(
    st.one_of(
        st.tuples(st.lists(study_counts(), min_size=1, max_size=6), specs),
        st.tuples(st.lists(study_means(), min_size=1, max_size=6), mean_specs),
        st.tuples(st.lists(study_estimates(), min_size=1, max_size=6), estimate_specs),
    )
)
def test_more_of_the_same_narrows_the_common_effect(case: tuple[list[StudyData], PoolingSpec]) -> None:
    studies, asked = case
    assume(not any(isinstance(study, StudyCounts) and raw_table(study).has_empty_cell for study in studies))
    spec = replace(asked, model=Model.COMMON, tau2_method=None, ci_method=CiMethod.WALD)
    once, twice = pool(studies, spec), pool(studies * 2, spec)
    assert once.estimate is not None
    assert once.se is not None
    assert twice.estimate == pytest.approx(once.estimate, rel=1e-9, abs=1e-9 * once.se)
    assert twice.se == pytest.approx(once.se / math.sqrt(2), rel=1e-9)


@relaxed
@given(
    st.one_of(st.tuples(study_means(), mean_specs), st.tuples(study_estimates(), estimate_specs)),
    st.integers(2, 6),
)
def test_identical_means_or_estimates_have_no_heterogeneity(
    case: tuple[StudyData, PoolingSpec], k: int
) -> None:
    study, spec = case
    one, many = pool([study], spec), pool([study] * k, spec)
    assert many.k == k
    assert many.estimate == one.estimate
    assert many.q == many.i2 == 0
    assert many.h2 == 1
    if spec.model is Model.RANDOM:
        assert many.tau2 == many.i2_tau2 == 0


@relaxed
@given(st.lists(study_estimates(100.0), min_size=2, max_size=8), estimate_specs, st.floats(-100, 100))
def test_moving_every_estimate_moves_the_pooled_effect_and_nothing_else(
    studies: list[StudyEstimate], asked: PoolingSpec, shift: float
) -> None:
    spec = replace(asked, measure=Measure.GIV)
    moved = [replace(study, estimate=study.estimate + shift) for study in studies]
    one, other = pool(studies, spec), pool(moved, spec)
    assume(one.se is not None and other.se is not None)
    assert one.estimate is not None
    assert other.estimate == pytest.approx(one.estimate + shift, rel=1e-6, abs=1e-6)
    _assert_same([one.se, one.tau2], [other.se, other.tau2])


@relaxed
@given(some_studies, specs)
def test_swapping_the_arms_inverts_the_effect(studies: list[StudyCounts], spec: PoolingSpec) -> None:
    swapped = [
        StudyCounts(
            study.study,
            study.events_comparison,
            study.n_comparison,
            study.events_intervention,
            study.n_intervention,
        )
        for study in studies
    ]
    one, other = pool(studies, spec), pool(swapped, spec)
    assert one.k == other.k
    if one.estimate is None or other.estimate is None:
        assert one.estimate is other.estimate
        return
    assert one.estimate == pytest.approx(-other.estimate, rel=1e-6, abs=1e-6)
    _assert_same([one.se, one.p_value, one.q, one.tau2], [other.se, other.p_value, other.q, other.tau2])


@relaxed
@given(study_counts(), st.integers(2, 6), specs)
def test_identical_studies_have_no_heterogeneity(study: StudyCounts, k: int, spec: PoolingSpec) -> None:
    one, many = pool([study], spec), pool([study] * k, spec)
    if one.estimate is None or many.estimate is None:
        assert one.estimate is many.estimate
        return
    assert many.estimate == pytest.approx(one.estimate, rel=1e-9, abs=1e-12)
    assert many.k == k
    if spec.model is Model.RANDOM and spec.method is Method.IV:
        assert many.tau2 == many.i2 == 0


@relaxed
@given(some_studies, ratio_specs, st.integers(1, 100), st.integers(1, 100), st.data())
def test_a_study_without_events_changes_nothing_but_the_list_of_the_excluded(
    studies: list[StudyCounts], spec: PoolingSpec, n: int, m: int, data: st.DataObject
) -> None:
    assume(studies)
    assume(spec.zero is not ZeroRule.ONLY0_KEEP)
    position = data.draw(st.integers(0, len(studies)))
    without = pool(studies, spec)
    added = pool([*studies[:position], StudyCounts("No events", 0, n, 0, m), *studies[position:]], spec)
    assert "No events" in {out.study for out in added.excluded}
    assert replace(added, excluded=()) == replace(without, excluded=())
