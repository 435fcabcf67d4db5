"""Every number that metafor gives for these data and that we also give."""

from __future__ import annotations

import itertools
import math
from typing import Any

import pytest

from metaanalysis.stats.effects import effect_tables, study_estimates
from metaanalysis.stats.pooling import pool
from metaanalysis.stats.types import (
    CiMethod,
    Measure,
    Method,
    Model,
    PooledResult,
    PoolingSpec,
    PredictionDf,
    Tau2Method,
    ZeroRule,
)

from .reference import (
    INTERVALS,
    INVERSE_VARIANCE_RULES,
    inverse_variance_cases,
    mantel_haenszel_cases,
    random_effects_blocks,
    reference_sets,
)

MH_RULES = {"pool_none": ZeroRule.NONE, "pool_only0": ZeroRule.ONLY0}


def assert_close(
    actual: float | None, expected: float | None, what: str, rel: float = 1e-7, zero: float = 1e-12
) -> None:
    """Equal to the stored digits; the absolute part is for values that are zero up to rounding."""
    if expected is None or actual is None:
        assert actual is expected, f"{what}: {actual} instead of {expected}"
    else:
        assert math.isclose(actual, expected, rel_tol=rel, abs_tol=zero), f"{what}: {actual} != {expected}"


def assert_pooled_effect(result: PooledResult, block: dict[str, Any]) -> None:
    for ours, theirs in [
        (result.estimate, "estimate"),
        (result.se, "se"),
        (result.ci_low, "ci_lb"),
        (result.ci_high, "ci_ub"),
    ]:
        assert_close(ours, block[theirs], theirs)
    assert_close(result.p_value, block["p"], "P", zero=0)
    for ours, theirs in [
        (result.estimate_natural, "estimate"),
        (result.ci_low_natural, "ci_lb"),
        (result.ci_high_natural, "ci_ub"),
    ]:
        assert_close(ours, block["exp"][theirs] if "exp" in block else block[theirs], f"natural {theirs}")


def assert_q(result: PooledResult, block: dict[str, Any]) -> None:
    assert result.q_df == block["Q_df"]
    assert_close(result.q, block["Q"], "Q")
    assert_close(result.q_p, block["Q_p"], "P of Q", zero=0)
    assert_close(result.i2, block["I2_Q"], "I2 by Q")
    if "H2_Q" in block:
        h2 = block["H2_Q"]
        assert_close(result.h2, h2 if h2 is None else max(1.0, h2), "H2")


def assert_weights(result: PooledResult, percentages: list[float | None]) -> None:
    expected = [weight for weight in percentages if weight is not None]
    assert len(result.studies) == len(expected)
    for study, weight in zip(result.studies, expected, strict=True):
        assert_close(study.weight, weight, f"weight of {study.study}")


def assert_tau2(result: PooledResult, block: dict[str, Any]) -> None:
    assert_close(result.tau2, block["tau2"], "tau2")
    if result.k == 1:
        assert result.i2_tau2 is result.tau2_ci_low is result.tau2_ci_high is None
        return
    assert_close(result.i2_tau2, block["I2_tau2"], "I2 by tau2", zero=1e-10)
    if "tau2_ci_lb" in block:
        assert_close(result.tau2_ci_low, block["tau2_ci_lb"], "tau2, lower", rel=1e-6)
        assert_close(result.tau2_ci_high, block["tau2_ci_ub"], "tau2, upper", rel=1e-6)
        assert ("no value of tau²" in (result.note or "")) == ("null set" in block["tau2_ci_note"])


def assert_prediction(result: PooledResult, block: dict[str, Any], df: str) -> None:
    if result.k < 3:
        assert result.prediction_low is result.prediction_high is None
        return
    intervals = block.get("prediction", {})
    expected = intervals.get(f"pi_t_kminus{df}") or intervals.get(f"pi_hk_kminus{df}")
    if expected:
        assert_close(result.prediction_low, expected[0], "prediction, lower")
        assert_close(result.prediction_high, expected[1], "prediction, upper")


def spec_of_block(measure: Measure, rule: str, block: str, **more: Any) -> PoolingSpec:
    zero = INVERSE_VARIANCE_RULES[rule]
    if block == "common_effect":
        return PoolingSpec(measure, Model.COMMON, Method.IV, None, CiMethod.WALD, zero, **more)
    _, tau2, interval = block.split("_")
    return PoolingSpec(measure, Model.RANDOM, Method.IV, Tau2Method(tau2), INTERVALS[interval], zero, **more)


@pytest.mark.parametrize(("name", "measure", "rule", "block"), inverse_variance_cases())
def test_inverse_variance(name: str, measure: Measure, rule: str, block: str) -> None:
    reference = reference_sets()[name]
    blocks = reference.expected[measure]["inverse_variance"][rule]
    expected = blocks[block]
    spec = spec_of_block(measure, rule, block)
    result = pool(reference.studies, spec)
    if expected.get("not_estimable"):
        if "HKSJ undefined" not in expected["reason"]:
            assert result.estimate is None
            assert result.note
            return
        # One study: it stands alone, with its own interval.
        assert result.ci_method is CiMethod.WALD
        assert "Hartung-Knapp" in (result.note or "")
        expected = blocks[block.rsplit("_", 1)[0] + "_z"]
    assert result.k == expected["k"]
    assert_q(result, expected)
    if block != "common_effect":
        assert_tau2(result, expected)
    if expected["se"] < 1e-8:
        assert_close(result.estimate, expected["estimate"], "estimate")
        assert result.se is result.ci_low is result.ci_high is result.p_value is None
        assert "same effect" in (result.note or "")
        return
    assert_pooled_effect(result, expected)
    if "weights_pct" in expected:
        assert_weights(result, expected["weights_pct"])
    if block == "common_effect":
        assert result.tau2 is result.prediction_low is None
        return
    assert_prediction(result, expected, "1")
    by_k_minus_2 = spec_of_block(measure, rule, block, prediction=PredictionDf.K_MINUS_2)
    assert_prediction(pool(reference.studies, by_k_minus_2), expected, "2")


@pytest.mark.parametrize(("name", "measure", "rule"), mantel_haenszel_cases())
def test_mantel_haenszel(name: str, measure: Measure, rule: str) -> None:
    reference = reference_sets()[name]
    expected = reference.expected[measure]["mantel_haenszel"][rule]
    result = pool(reference.studies, PoolingSpec(measure, Model.COMMON, Method.MH, zero=MH_RULES[rule]))
    if expected.get("not_estimable"):
        assert result.estimate is result.q is None
        assert result.note
        return
    assert result.k == expected["k_pooled"]
    assert_q(result, expected)
    assert_weights(result, expected["weights_pct"])
    if expected["se"] == 0:
        assert_close(result.estimate, expected["estimate"], "estimate")
        assert result.se is result.ci_low is result.p_value is None
        assert "zero without a zero-cell correction" in (result.note or "")
    else:
        assert_pooled_effect(result, expected)


@pytest.mark.parametrize(("name", "measure", "rule"), mantel_haenszel_cases())
def test_random_effects_with_tau2_from_mantel_haenszel(name: str, measure: Measure, rule: str) -> None:
    reference = reference_sets()[name]
    block = reference.expected[measure]["mantel_haenszel"][rule].get("mh_random_dl")
    spec = PoolingSpec(measure, Model.RANDOM, Method.MH, ci_method=CiMethod.WALD, zero=MH_RULES[rule])
    assert spec.tau2_method is Tau2Method.DL
    result = pool(reference.studies, spec)
    if block is None or block.get("not_estimable"):
        assert result.k < 2 or result.estimate is None
        return
    assert result.k == block["k"]
    assert_close(result.tau2, block["tau2"], "tau2")
    assert_pooled_effect(result, block)


@pytest.mark.parametrize("name", reference_sets())
def test_peto(name: str) -> None:
    reference = reference_sets()[name]
    expected = reference.expected["OR"]["peto"]
    result = pool(reference.studies, PoolingSpec(method=Method.PETO))
    if expected.get("not_estimable"):
        assert result.estimate is None
        assert result.note
        return
    assert result.k == expected["k"]
    assert_pooled_effect(result, expected)
    assert_q(result, expected)


@pytest.mark.parametrize(
    ("name", "measure", "rule"),
    sorted({(name, measure, rule) for name, measure, rule, _ in inverse_variance_cases()}),
)
def test_effect_of_each_study(name: str, measure: Measure, rule: str) -> None:
    reference = reference_sets()[name]
    expected = reference.expected[measure]["study_level"][rule]
    tables, excluded = effect_tables(reference.studies, measure, INVERSE_VARIANCE_RULES[rule])
    estimates = iter(zip(tables, study_estimates(tables, measure), strict=True))
    for position, study in enumerate(reference.studies):
        if not expected["estimable"][position]:
            assert study.study in {out.study for out in excluded}
            continue
        table, effect = next(estimates)
        assert effect.study == study.study
        assert table.corrected == (expected["cc_added"][position] > 0)
        assert_close(effect.estimate, expected["yi"][position], "effect")
        assert_close(effect.variance, expected["vi"][position], "variance")
    assert next(estimates, None) is None


def test_every_analysis_that_can_be_asked_for_has_a_reference() -> None:
    """Of the full product of options: which are refused, which are checked against metafor, which cannot be."""
    Asked = tuple[Measure, Model, Method, Tau2Method | None, CiMethod, ZeroRule | None]
    possible: set[Asked] = set()
    refused = 0
    fixed_intervals = [method for method in CiMethod if method is not CiMethod.AUTO]
    product = itertools.product(Measure, Model, Method, Tau2Method, fixed_intervals, ZeroRule)
    for options in product:
        try:
            spec = PoolingSpec(*options)
        except ValueError:
            refused += 1
        else:
            possible.add(_identity(spec))
    checked = {
        _identity(spec_of_block(measure, rule, block)) for _, measure, rule, block in inverse_variance_cases()
    }
    for measure, rule in itertools.product(Measure, MH_RULES.values()):
        for model in Model:
            checked.add(_identity(PoolingSpec(measure, model, Method.MH, ci_method=CiMethod.WALD, zero=rule)))
    checked.add(_identity(PoolingSpec(method=Method.PETO, ci_method=CiMethod.WALD)))
    without_reference = {
        identity for identity in possible - checked if identity[2] is Method.MH and _no_reference(identity)
    }
    assert possible == checked | without_reference
    assert refused > 0
    assert len(random_effects_blocks()) == len(Tau2Method) * len(fixed_intervals)


def _no_reference(
    identity: tuple[Measure, Model, Method, Tau2Method | None, CiMethod, ZeroRule | None],
) -> bool:
    """metafor's Mantel-Haenszel always drops double zeros from ratios, and RevMan's random-effects one is Wald."""
    measure, model, _, _, interval, zero = identity
    keeps_double_zeros = measure.is_ratio and zero is ZeroRule.ONLY0_KEEP
    return keeps_double_zeros or (model is Model.RANDOM and interval is not CiMethod.WALD)


def _identity(
    spec: PoolingSpec,
) -> tuple[Measure, Model, Method, Tau2Method | None, CiMethod, ZeroRule | None]:
    assert spec.model is not None
    return spec.measure, spec.model, spec.method, spec.tau2_method, spec.ci_method, spec.zero
