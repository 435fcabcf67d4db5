"""Every number that metafor gives for these data and that we also give."""

from __future__ import annotations

import itertools
import math
from typing import Any

import pytest

from metaanalysis.stats.continuous import SMD_METHODS, mean_estimates
from metaanalysis.stats.effects import effect_tables, study_estimates
from metaanalysis.stats.mantel_haenszel import RD_SE_METHODS
from metaanalysis.stats.pooling import pool
from metaanalysis.stats.types import (
    CiMethod,
    Measure,
    Method,
    Model,
    PooledResult,
    PoolingSpec,
    PredictionDf,
    RdSe,
    SmdVariant,
    StudyMeans,
    Tau2Method,
    ZeroRule,
)

from .reference import (
    EDGE_BLOCKS,
    HAZARD_RATIOS,
    INVERSE_VARIANCE_RULES,
    MEANS,
    OTHER_BLOCKS,
    OtherSet,
    edge_cases,
    edge_sets,
    inverse_variance_cases,
    mantel_haenszel_cases,
    other_cases,
    other_sets,
    random_effects_blocks,
    reference_sets,
    spec_of_block,
)

EFFECT_KEYS = ("estimate", "ci_lb", "ci_ub")
MH_RULES = {"pool_none": ZeroRule.POOL_NONE, "pool_only0": ZeroRule.POOL_ONLY0}


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
        assert ("no value of τ²" in (result.note or "")) == ("null set" in block["tau2_ci_note"])


def assert_prediction(result: PooledResult, block: dict[str, Any], df: str) -> None:
    if result.k < 3:
        assert result.prediction_low is result.prediction_high is None
        return
    intervals = block.get("prediction", {})
    expected = intervals.get(f"pi_t_kminus{df}") or intervals.get(f"pi_hk_kminus{df}")
    if expected:
        assert_close(result.prediction_low, expected[0], "prediction, lower")
        assert_close(result.prediction_high, expected[1], "prediction, upper")


@pytest.mark.parametrize(("name", "measure", "rule", "block"), inverse_variance_cases())
def test_inverse_variance(name: str, measure: Measure, rule: str, block: str) -> None:
    reference = reference_sets()[name]
    blocks = reference.expected[measure]["inverse_variance"][rule]
    expected = blocks[block]
    zero = INVERSE_VARIANCE_RULES[rule]
    result = pool(reference.studies, spec_of_block(measure, block, zero=zero))
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
    by_k_minus_2 = spec_of_block(measure, block, zero=zero, prediction=PredictionDf.K_MINUS_2)
    assert_prediction(pool(reference.studies, by_k_minus_2), expected, "2")


@pytest.mark.parametrize(("name", "block_of_measure", "block"), other_cases())
def test_inverse_variance_of_means_and_of_estimates(name: str, block_of_measure: str, block: str) -> None:
    measure, smd = OTHER_BLOCKS[name][block_of_measure]
    assert_other_block(other_sets()[name], block_of_measure, block, measure, smd)


@pytest.mark.parametrize(("name", "block_of_measure", "block"), edge_cases())
def test_inverse_variance_where_the_arithmetic_is_strained(
    name: str, block_of_measure: str, block: str
) -> None:
    measure, smd = EDGE_BLOCKS[block_of_measure]
    assert_other_block(edge_sets()[name], block_of_measure, block, measure, smd)


def assert_other_block(
    reference: OtherSet, block_of_measure: str, block: str, measure: Measure, smd: SmdVariant | None
) -> None:
    expected = reference.expected[block_of_measure]["inverse_variance"][block]
    result = pool(reference.studies, spec_of_block(measure, block, smd=smd))
    assert result.k == expected["k"]
    assert result.excluded == ()
    assert result.smd_method == (SMD_METHODS[smd] if smd else None)
    assert_q(result, expected)
    assert_pooled_effect(result, expected)
    if "weights_pct" in expected:
        assert_weights(result, expected["weights_pct"])
    if block == "common_effect":
        return
    assert_tau2(result, expected)
    assert_prediction(result, expected, "1")
    by_k_minus_2 = spec_of_block(measure, block, smd=smd, prediction=PredictionDf.K_MINUS_2)
    assert_prediction(pool(reference.studies, by_k_minus_2), expected, "2")


@pytest.mark.parametrize("block", ["common_effect", *random_effects_blocks()])
@pytest.mark.parametrize("measure", Measure)
def test_an_estimate_is_taken_as_it_is_whatever_it_measures(measure: Measure, block: str) -> None:
    """The reference is that of the hazard ratio: the analysis scale knows no measure."""
    reference = other_sets()[HAZARD_RATIOS]
    expected = reference.expected["HR"]["inverse_variance"][block]
    result = pool(reference.studies, spec_of_block(measure, block))
    natural = {key: expected["exp"][key] if measure.is_ratio else expected[key] for key in EFFECT_KEYS}
    for key, ours, ours_natural in zip(
        EFFECT_KEYS,
        (result.estimate, result.ci_low, result.ci_high),
        (result.estimate_natural, result.ci_low_natural, result.ci_high_natural),
        strict=True,
    ):
        assert_close(ours, expected[key], key)
        assert_close(ours_natural, natural[key], f"natural {key}")
    assert result.smd_method is result.zero is None


@pytest.mark.parametrize("block_of_measure", OTHER_BLOCKS[MEANS])
def test_effect_of_each_study_from_means(block_of_measure: str) -> None:
    reference = other_sets()[MEANS]
    measure, smd = OTHER_BLOCKS[MEANS][block_of_measure]
    expected = reference.expected[block_of_measure]["study_level"]
    studies = [study for study in reference.studies if isinstance(study, StudyMeans)]
    effects = mean_estimates(studies, measure, smd)
    assert [effect.study for effect in effects] == [study.study for study in reference.studies]
    for effect, estimate, variance in zip(effects, expected["yi"], expected["vi"], strict=True):
        assert_close(effect.estimate, estimate, "effect")
        assert_close(effect.variance, variance, "variance")


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


@pytest.mark.parametrize(
    ("name", "rule"),
    [(name, rule) for name, measure, rule in mantel_haenszel_cases() if measure is Measure.RD],
)
def test_risk_difference_with_the_standard_error_of_greenland_and_robins(name: str, rule: str) -> None:
    reference = reference_sets()[name]
    expected = reference.expected["RD"]["mantel_haenszel"][rule]
    spec = PoolingSpec(Measure.RD, method=Method.MH, zero=MH_RULES[rule], rd_se=RdSe.GREENLAND_ROBINS)
    result = pool(reference.studies, spec)
    assert result.k == expected["k_pooled"] == len(reference.studies)
    assert_close(result.estimate, expected["estimate"], "estimate")
    assert result.se_method == RD_SE_METHODS[RdSe.GREENLAND_ROBINS]
    assert result.se_method in (result.note or "")
    if expected["se_greenland_robins"] == 0:
        assert result.se is result.ci_low is result.p_value is None
        return
    assert_close(result.se, expected["se_greenland_robins"], "se")
    assert_close(result.ci_low, expected["ci_greenland_robins"][0], "ci, lower")
    assert_close(result.ci_high, expected["ci_greenland_robins"][1], "ci, upper")
    assert_close(result.p_value, expected["p_greenland_robins"], "P", zero=0)


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
    """Of the full product of options: which are refused, which are checked against metafor, which cannot be.

    Estimates go with every measure, which `test_an_estimate_is_taken_as_it_is_whatever_it_measures` asks of all blocks;
    so inverse variance of a measure that comes from nothing else (HR, GIV) is checked there.
    """
    possible: set[Identity] = set()
    refused = 0
    fixed_intervals = [method for method in CiMethod if method is not CiMethod.AUTO]
    product = itertools.product(
        Measure, Model, Method, Tau2Method, fixed_intervals, ZeroRule, SmdVariant, RdSe
    )
    for measure, model, method, tau2, interval, zero, smd, rd_se in product:
        try:
            spec = PoolingSpec(measure, model, method, tau2, interval, zero, smd=smd, rd_se=rd_se)
        except ValueError:
            refused += 1
        else:
            possible.add(_identity(spec))
    checked = _checked()
    without_reference = {identity for identity in possible - checked if _no_reference(identity)}
    assert possible == checked | without_reference
    assert {spec.measure for spec in map(_spec, possible)} == set(Measure)
    assert refused > 0
    assert len(random_effects_blocks()) == len(Tau2Method) * len(fixed_intervals)


Identity = tuple[object, ...]


def _checked() -> set[Identity]:
    specs = [
        spec_of_block(measure, block, zero=INVERSE_VARIANCE_RULES[rule])
        for _, measure, rule, block in inverse_variance_cases()
    ]
    for name, block_of_measure, block in other_cases():
        measure, smd = OTHER_BLOCKS[name][block_of_measure]
        specs.append(spec_of_block(measure, block, smd=smd))
    specs += [spec_of_block(Measure.GIV, block) for block in ("common_effect", *random_effects_blocks())]
    wald = CiMethod.WALD
    for _, measure, rule in mantel_haenszel_cases():
        for rd_se in RdSe:
            specs.append(PoolingSpec(measure, None, Method.MH, None, wald, MH_RULES[rule], rd_se=rd_se))
        specs.append(PoolingSpec(measure, Model.RANDOM, Method.MH, None, wald, MH_RULES[rule]))
    specs.append(PoolingSpec(method=Method.PETO, ci_method=wald))
    return {_identity(spec) for spec in specs}


def _no_reference(identity: Identity) -> bool:
    """RevMan's random effects with Mantel-Haenszel's Q is Wald only; other intervals use the same parts."""
    spec = _spec(identity)
    return spec.method is Method.MH and spec.model is Model.RANDOM and spec.ci_method is not CiMethod.WALD


def _identity(spec: PoolingSpec) -> Identity:
    return tuple(getattr(spec, field) for field in IDENTITY_FIELDS)


def _spec(identity: Identity) -> PoolingSpec:
    return PoolingSpec(**dict(zip(IDENTITY_FIELDS, identity, strict=True)))  # type: ignore[arg-type]


IDENTITY_FIELDS = ("measure", "model", "method", "tau2_method", "ci_method", "zero", "smd", "rd_se")
