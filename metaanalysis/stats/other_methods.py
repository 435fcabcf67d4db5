"""The same data by other methods: one row for each of the usual ones, so that nobody has to wonder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from metaanalysis.stats.pooling import pool
from metaanalysis.stats.types import (
    CiMethod,
    DataKind,
    Measure,
    Method,
    Model,
    PooledResult,
    PoolingSpec,
    RdSe,
    SmdVariant,
    StudyData,
    Tau2Method,
    ZeroRule,
)

INVERSE_VARIANCE = (
    (Model.COMMON, None, CiMethod.WALD),
    (Model.RANDOM, Tau2Method.DL, CiMethod.WALD),
    (Model.RANDOM, Tau2Method.REML, CiMethod.WALD),
    (Model.RANDOM, Tau2Method.REML, CiMethod.HKSJ),
    (Model.RANDOM, Tau2Method.PM, CiMethod.HKSJ),
)
"""Model, tau² method and interval of the usual inverse-variance analyses."""


@dataclass(frozen=True, slots=True)
class OtherMethod:
    """One way to pool the data and what it gives; `is_chosen` marks the analysis that was asked for."""

    spec: PoolingSpec
    result: PooledResult
    is_chosen: bool


def other_methods(studies: Sequence[StudyData], spec: PoolingSpec) -> tuple[OtherMethod, ...]:
    """The usual methods for the measure and the kind of data; the one asked for first if it is not among them.

    An interval chosen by rule counts as the one it led to. Measure, level and prediction interval are those of the
    spec, and so is the zero-cell rule of inverse variance where the spec has one.
    """
    chosen = pool(studies, spec)
    settled = replace(spec, ci_method=chosen.ci_method or spec.ci_method)
    specs = usual_specs(spec, chosen.kind)
    if settled not in specs:
        specs = (settled, *specs)
    return tuple(
        OtherMethod(each, chosen if each == settled else pool(studies, each), each == settled)
        for each in specs
    )


def usual_specs(spec: PoolingSpec, kind: DataKind | None) -> tuple[PoolingSpec, ...]:
    """The specs of the usual methods, without results; `kind` is what the studies bring, None for no studies."""
    counts = kind in (DataKind.COUNTS, None) and spec.measure.is_of_counts
    from_means = kind in (DataKind.MEANS, None) and spec.measure is Measure.SMD
    variants = tuple(SmdVariant) if from_means else (spec.smd,)
    rows = [*_mantel_haenszel_and_peto(spec)] if counts else []
    for variant in variants:
        rows += [
            _usual(spec, model=model, tau2_method=tau2, ci_method=interval, smd=variant)
            for model, tau2, interval in INVERSE_VARIANCE
        ]
    return tuple(rows)


def _mantel_haenszel_and_peto(spec: PoolingSpec) -> list[PoolingSpec]:
    """Mantel-Haenszel by both zero-cell rules, as random effects the way of RevMan 5, and Peto's odds ratio."""
    standard_errors = tuple(RdSe) if spec.measure is Measure.RD else (None,)
    rows = [
        _usual(spec, method=Method.MH, model=Model.COMMON, zero=rule, rd_se=se)
        for rule in (ZeroRule.POOL_NONE, ZeroRule.POOL_ONLY0)
        for se in standard_errors
    ]
    if spec.measure is Measure.OR:
        rows.append(_usual(spec, method=Method.PETO, model=Model.COMMON))
    rows.append(_usual(spec, method=Method.MH, model=Model.RANDOM, zero=ZeroRule.POOL_ONLY0))
    return rows


def _usual(
    spec: PoolingSpec,
    *,
    method: Method = Method.IV,
    model: Model,
    tau2_method: Tau2Method | None = None,
    ci_method: CiMethod = CiMethod.WALD,
    zero: ZeroRule | None = None,
    smd: SmdVariant | None = None,
    rd_se: RdSe | None = None,
) -> PoolingSpec:
    if method is Method.IV and spec.method is Method.IV:
        zero = spec.zero
    return PoolingSpec(
        measure=spec.measure,
        model=model,
        method=method,
        tau2_method=tau2_method,
        ci_method=ci_method,
        zero=zero,
        prediction=spec.prediction,
        level=spec.level,
        smd=smd,
        rd_se=rd_se,
    )
