"""Pooling many tables at once gives the numbers of pooling them one by one."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from metaanalysis.stats.many import ManyPooled, pool_many
from metaanalysis.stats.pooling import pool
from metaanalysis.stats.types import CiMethod, Measure, Model, PoolingSpec, StudyEstimate, Tau2Method

from .reference import other_sets, reference_sets

NUMBERS = ("estimate", "se", "ci_low", "ci_high", "p_value", "tau2", "q", "i2")

effects = st.floats(-5, 5).map(lambda value: round(value, 3))
errors = st.floats(0.01, 3).map(lambda value: round(value, 3))
tables = st.lists(st.lists(st.tuples(effects, errors), max_size=7), min_size=1, max_size=5)


def arrays(rows: list[list[tuple[float, float]]]) -> tuple[np.ndarray, np.ndarray]:
    width = max(map(len, rows))
    y, v = np.full((len(rows), width), np.nan), np.full((len(rows), width), np.nan)
    for i, row in enumerate(rows):
        for j, (effect, se) in enumerate(row):
            y[i, j], v[i, j] = effect, se * se
    return y, v


def assert_like_pool(
    many: ManyPooled, row: int, studies: list[tuple[float, float]], spec: PoolingSpec
) -> None:
    alone = pool([StudyEstimate("Study", effect, se) for effect, se in studies], spec)
    assert many.k[row] == alone.k
    for name in NUMBERS:
        number, expected = float(getattr(many, name)[row]), getattr(alone, name)
        if expected is None:
            assert math.isnan(number), name
        else:
            assert number == pytest.approx(expected, rel=1e-12, abs=1e-12), name


@settings(deadline=None, max_examples=150)
@given(tables, st.sampled_from(Tau2Method), st.sampled_from(Model), st.sampled_from([0.8, 0.95, 0.99]))
@example([[], [(1.0, 0.5)]], Tau2Method.DL, Model.RANDOM, 0.95)
@example([[(1.0, 0.5)] * 3, [(0.2, 1e-6), (1.0, 1.0), (2.0, 1.0)]], Tau2Method.DL, Model.RANDOM, 0.95)
@example([[(1.0, 0.5), (2.0, 0.5)]], Tau2Method.DL, Model.COMMON, 0.95)
def test_each_row_is_pooled_as_if_alone(
    rows: list[list[tuple[float, float]]], tau2_method: Tau2Method, model: Model, level: float
) -> None:
    y, v = arrays(rows)
    many = pool_many(y, v, tau2_method=tau2_method, model=model, level=level)
    spec = PoolingSpec(Measure.GIV, model, tau2_method=tau2_method, ci_method=CiMethod.WALD, level=level)
    for row, studies in enumerate(rows):
        assert_like_pool(many, row, studies, spec)


def test_the_reference_by_dersimonian_laird() -> None:
    block = other_sets()["pignon2000_hr"].expected["HR"]
    expected = block["inverse_variance"]["RE_DL_z"]
    level = block["study_level"]
    many = pool_many([level["yi"]] * 3, [level["vi"]] * 3)
    for name, key in [
        ("estimate", "estimate"),
        ("se", "se"),
        ("ci_low", "ci_lb"),
        ("tau2", "tau2"),
        ("q", "Q"),
    ]:
        assert getattr(many, name) == pytest.approx([expected[key]] * 3, rel=1e-9)


def test_tables_of_different_length() -> None:
    blocks = [reference_sets()[name].expected["OR"] for name in ("bcg", "hahn2001", "li2007")]
    levels = [block["study_level"]["only0_drop00"] for block in blocks]
    rows = [
        [(yi, math.sqrt(vi)) for yi, vi in zip(level["yi"], level["vi"], strict=True) if vi is not None]
        for level in levels
    ]
    many = pool_many(*arrays(rows), tau2_method="REML")
    expected = [block["inverse_variance"]["only0_drop00"]["RE_REML_z"] for block in blocks]
    assert many.k.tolist() == [block["k"] for block in expected] == [13, 9, 22]
    assert many.estimate == pytest.approx([block["estimate"] for block in expected], rel=1e-7)
    assert many.tau2 == pytest.approx([block["tau2"] for block in expected], rel=1e-7, abs=1e-12)


def test_no_tables_and_no_studies() -> None:
    assert pool_many(np.empty((0, 4)), np.empty((0, 4))).k.tolist() == []
    empty = pool_many(np.empty((2, 0)), np.empty((2, 0)))
    assert empty.k.tolist() == [0, 0]
    assert np.isnan(empty.estimate).all()


@pytest.mark.parametrize(
    ("y", "v", "complaint"),
    [
        ([1.0, 2.0], [1.0, 1.0], "must be .tables, studies."),
        ([[1.0, 2.0]], [[1.0]], "must be .tables, studies."),
        ([[1.0, 2.0], [1.0, np.nan]], [[1.0, 1.0], [1.0, 1.0]], "table 1, study 1: the effect nan"),
        ([[1.0, 2.0]], [[1.0, np.nan]], "table 0, study 1.*variance nan"),
        ([[1.0, 2.0]], [[1.0, 0.0]], "variance must be above zero"),
        ([[1.0, 2.0]], [[1.0, -1.0]], "variance must be above zero"),
        ([[1.0, np.inf]], [[1.0, 1.0]], "the effect inf"),
        ([[1.0, 2.0]], [[1.0, np.inf]], "the variance inf"),
    ],
)
def test_what_cannot_be_pooled_is_refused(y: list[float], v: list[float], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        pool_many(y, v)


def test_unknown_choices_are_refused() -> None:
    with pytest.raises(ValueError, match="ML"):
        pool_many([[1.0]], [[1.0]], tau2_method="ML")
    with pytest.raises(ValueError, match="level"):
        pool_many([[1.0]], [[1.0]], level=95)
