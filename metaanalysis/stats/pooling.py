"""From studies to one pooled effect: inverse variance, Mantel-Haenszel or Peto; common or random effects.

Studies bring counts, means or estimates. The effect of each is computed first, and all that follows is the same.

statsmodels supplies the effects of single studies from counts, RevMan's Hedges' g, and the Mantel-Haenszel odds
ratio. Its DerSimonian-Laird results, its I² and its zero corrections are wrong in common situations and are never
used; see docs/statistical-methods.md, section 12.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

from metaanalysis.stats import heterogeneity
from metaanalysis.stats.continuous import SMD_METHODS, mean_estimates
from metaanalysis.stats.distributions import critical_value
from metaanalysis.stats.effects import Table, effect_tables, raw_table, study_estimates
from metaanalysis.stats.heterogeneity import Tau2Interval
from metaanalysis.stats.intervals import (
    HKSJ_NEEDS_TWO,
    Interval,
    choose_interval,
    hksj_interval,
    prediction_interval,
    wald_interval,
)
from metaanalysis.stats.mantel_haenszel import mantel_haenszel, se_method
from metaanalysis.stats.peto import peto_estimates
from metaanalysis.stats.types import (
    CiMethod,
    DataKind,
    Excluded,
    Measure,
    Method,
    Model,
    PooledResult,
    PoolingSpec,
    StudyCounts,
    StudyData,
    StudyEffect,
    StudyEstimate,
    StudyMeans,
    ZeroRule,
    to_natural,
)

NO_STUDIES = "There are no studies to pool."
NOTHING_ESTIMABLE = "No study can enter the analysis: see the reasons given for each."
MH_UNDEFINED = (
    "The Mantel-Haenszel {measure} is not defined without a zero-cell correction, because a sum it divides by is"
    " zero: as when one arm has no events in any study."
)
ONE_STUDY = "Only one study: there is no heterogeneity to estimate."
ONE_STUDY_RANDOM = (
    "Only one study: heterogeneity cannot be estimated, τ² is taken as 0 and the study stands alone."
)
TOO_LARGE = "A bound is too large to be written as a ratio and is left out."

_KINDS = {StudyCounts: DataKind.COUNTS, StudyMeans: DataKind.MEANS, StudyEstimate: DataKind.ESTIMATE}
_MEASURE_NAMES = {Measure.OR: "odds ratio", Measure.RR: "risk ratio", Measure.RD: "risk difference"}


@dataclass(frozen=True, slots=True)
class _Evidence:
    """Studies in the analysis: effects, whether 0.5 was added, Mantel-Haenszel's tables; and those left out."""

    kind: DataKind | None
    effects: list[StudyEstimate]
    corrected: list[bool]
    excluded: list[Excluded]
    mh_tables: list[Table]

    @property
    def y(self) -> list[float]:
        return [effect.estimate for effect in self.effects]

    @property
    def v(self) -> list[float]:
        return [effect.variance for effect in self.effects]


@dataclass(frozen=True, slots=True)
class _Pooled:
    """A pooled effect with relative weights; `se` is None where its variance is zero.

    `q` is Cochran's Q around a common effect, None where there is one study.
    """

    estimate: float
    se: float | None
    weights: Sequence[float]
    q: float | None = None


def pool(studies: Sequence[StudyData], spec: PoolingSpec) -> PooledResult:
    """The meta-analysis that the spec asks for, of studies of one kind: counts, means or estimates.

    Estimates are on the analysis scale and go with any measure, by inverse variance. Any number of studies, none
    included, is answered with a result; what cannot be estimated is None and the result's `note` says why. Studies
    keep their order. Raises ValueError for studies of several kinds, or of a kind that the measure or the method
    cannot come from.
    """
    evidence = _gather(studies, spec)
    if not evidence.effects:
        note = NOTHING_ESTIMABLE if studies else NO_STUDIES
        return PooledResult(spec, 0, (), tuple(evidence.excluded), kind=evidence.kind, note=note)
    common = _common_effect(evidence, spec)
    if common is None:
        return _undefined(evidence, spec)
    if spec.model is Model.RANDOM:
        return _random_effects(evidence, spec, common.q)
    interval = wald_interval(common.estimate, common.se, spec.level)
    notes = [ONE_STUDY] if len(evidence.effects) == 1 else []
    return _result(evidence, spec, common, interval, _Spread(common.q), notes)


def _gather(studies: Sequence[StudyData], spec: PoolingSpec) -> _Evidence:
    kind = _kind(studies)
    if kind is None:
        return _Evidence(None, [], [], [], [])
    _refuse_what_does_not_fit(kind, spec)
    if kind is DataKind.COUNTS:
        return _gather_counts(cast("Sequence[StudyCounts]", studies), spec)
    if kind is DataKind.MEANS:
        effects = mean_estimates(cast("Sequence[StudyMeans]", studies), spec.measure, spec.smd)
    else:
        effects = list(cast("Sequence[StudyEstimate]", studies))
    return _Evidence(kind, effects, [False] * len(effects), [], [])


def _kind(studies: Sequence[StudyData]) -> DataKind | None:
    kinds = {_KINDS[type(study)] for study in studies}
    if len(kinds) > 1:
        raise ValueError(
            f"These studies bring {' and '.join(sorted(kinds))}: pool each kind on its own, or give all of them as"
            " estimates with standard errors on one scale"
        )
    return kinds.pop() if kinds else None


def _refuse_what_does_not_fit(kind: DataKind, spec: PoolingSpec) -> None:
    if kind is DataKind.COUNTS and not spec.measure.is_of_counts:
        raise ValueError(f"{spec.measure} does not come from events and totals: choose OR, RR or RD")
    if kind is DataKind.MEANS and not spec.measure.is_of_means:
        raise ValueError(f"{spec.measure} does not come from means and standard deviations: choose MD or SMD")
    if kind is DataKind.ESTIMATE and spec.method is not Method.IV:
        raise ValueError(
            f"The method {spec.method} needs events and totals, and these studies bring estimates with standard errors:"
            " choose inverse variance (iv)"
        )


def _gather_counts(studies: Sequence[StudyCounts], spec: PoolingSpec) -> _Evidence:
    if spec.method is Method.PETO:
        effects, excluded = peto_estimates([raw_table(study) for study in studies])
        return _Evidence(DataKind.COUNTS, effects, [False] * len(effects), excluded, [])
    assert spec.zero is not None
    rule = _rule_for_single_effects(spec.measure, spec.zero)
    tables, excluded = effect_tables(studies, spec.measure, rule)
    pooled_raw = spec.zero is ZeroRule.POOL_NONE
    return _Evidence(
        DataKind.COUNTS,
        study_estimates(tables, spec.measure),
        [table.corrected for table in tables],
        excluded,
        [raw_table(table.counts) for table in tables] if pooled_raw else tables,
    )


def _rule_for_single_effects(measure: Measure, rule: ZeroRule) -> ZeroRule:
    """Mantel-Haenszel may pool raw cells, but single studies are always shown and compared with the correction."""
    if rule in (ZeroRule.POOL_NONE, ZeroRule.POOL_ONLY0):
        return ZeroRule.ONLY0 if measure.is_ratio else ZeroRule.ONLY0_KEEP
    return rule


def _common_effect(evidence: _Evidence, spec: PoolingSpec) -> _Pooled | None:
    if spec.method is not Method.MH:
        return _inverse_variance(evidence)
    pooled = mantel_haenszel(evidence.mh_tables, spec.measure, spec.rd_se)
    if pooled is None:
        return None
    several = len(evidence.effects) > 1
    q = heterogeneity.q_around(pooled.estimate, evidence.y, evidence.v) if several else None
    return _Pooled(pooled.estimate, pooled.se, pooled.weights, q)


def _inverse_variance(evidence: _Evidence) -> _Pooled:
    """The common effect by inverse variance with its Q.

    statsmodels' `combine_effects` gives the same numbers, and the tests compare them; it is not called because the
    random-effects model that it fits besides takes longer than everything else here and is not read.
    """
    y, weights = evidence.y, [1 / variance for variance in evidence.v]
    if len(y) == 1:
        return _Pooled(y[0], evidence.effects[0].se, weights)
    mean, q = heterogeneity.mean_and_q(y, weights)
    return _Pooled(mean, math.fsum(weights) ** -0.5, weights, q)


@dataclass(frozen=True, slots=True)
class _Spread:
    """Everything a result says on heterogeneity; tau² only under random effects."""

    q: float | None
    tau2: float | None = None
    tau2_interval: Tau2Interval | None = None
    i2_tau2: float | None = None
    prediction: tuple[float, float] | None = None


def _random_effects(evidence: _Evidence, spec: PoolingSpec, q: float | None) -> PooledResult:
    y, v, k = evidence.y, evidence.v, len(evidence.effects)
    tau2 = _tau2(spec, y, v, q)
    weights = [1 / (variance + tau2) for variance in v]
    mean, _ = heterogeneity.mean_and_q(y, weights)
    pooled = _Pooled(mean, math.fsum(weights) ** -0.5, weights)
    interval = _random_effects_interval(spec, pooled, y, tau2)
    spread = _Spread(
        q,
        tau2,
        heterogeneity.q_profile_interval(y, v, spec.level) if k > 1 else None,
        heterogeneity.i2_from_tau2(tau2, v) if k > 1 else None,
        prediction_interval(mean, interval.se, tau2, k, spec.prediction, spec.level),
    )
    notes = [ONE_STUDY_RANDOM] if k == 1 else []
    if k == 1 and spec.ci_method in (CiMethod.HKSJ, CiMethod.HKSJ_ADHOC):
        notes.append(HKSJ_NEEDS_TWO)
    return _result(evidence, spec, pooled, interval, spread, notes)


def _tau2(spec: PoolingSpec, y: list[float], v: list[float], q: float | None) -> float:
    if q is None:
        return 0.0
    assert spec.tau2_method is not None
    return heterogeneity.estimate_tau2(spec.tau2_method, y, v, q)


def _random_effects_interval(spec: PoolingSpec, pooled: _Pooled, y: list[float], tau2: float) -> Interval:
    method = choose_interval(spec.ci_method, len(y), tau2)
    if method is CiMethod.WALD:
        return wald_interval(pooled.estimate, pooled.se, spec.level)
    return hksj_interval(method, pooled.estimate, y, pooled.weights, spec.level)


def _result(
    evidence: _Evidence,
    spec: PoolingSpec,
    pooled: _Pooled,
    interval: Interval,
    spread: _Spread,
    notes: list[str],
) -> PooledResult:
    profile, (prediction_low, prediction_high) = spread.tau2_interval, spread.prediction or (None, None)
    q = heterogeneity.from_q(spread.q, len(evidence.effects)) if spread.q is not None else None
    se_name = se_method(spec) if _is_mantel_haenszel(spec) else None
    if se_name and spec.measure is Measure.RD:
        notes = [*notes, f"Standard error of the pooled risk difference: {se_name}."]
    smd_name = SMD_METHODS[spec.smd] if spec.smd and evidence.kind is DataKind.MEANS else None
    if smd_name:
        notes = [*notes, f"Standardised mean difference: {smd_name}."]
    notes = [*notes, *filter(None, [interval.note, profile.note if profile else None])]
    bounds = (pooled.estimate, interval.high, prediction_high)
    if any(bound is not None and to_natural(bound, spec.measure) is None for bound in bounds):
        notes.append(TOO_LARGE)
    return PooledResult(
        spec=spec,
        k=len(evidence.effects),
        studies=_study_effects(evidence, spec, pooled.weights),
        excluded=tuple(evidence.excluded),
        estimate=pooled.estimate,
        se=interval.se,
        ci_method=interval.method,
        ci_low=interval.low,
        ci_high=interval.high,
        p_value=interval.p_value,
        q=q.q if q else None,
        q_df=len(evidence.effects) - 1,
        q_p=q.p_value if q else None,
        i2=q.i2 if q else None,
        i2_tau2=spread.i2_tau2,
        h2=q.h2 if q else None,
        tau2=spread.tau2,
        tau2_ci_low=profile.low if profile else None,
        tau2_ci_high=profile.high if profile else None,
        prediction_low=prediction_low,
        prediction_high=prediction_high,
        se_method=se_name,
        smd_method=smd_name,
        kind=evidence.kind,
        note=" ".join(notes) or None,
    )


def _is_mantel_haenszel(spec: PoolingSpec) -> bool:
    return spec.method is Method.MH and spec.model is Model.COMMON


def _undefined(evidence: _Evidence, spec: PoolingSpec) -> PooledResult:
    return PooledResult(
        spec,
        len(evidence.effects),
        _study_effects(evidence, spec, None),
        tuple(evidence.excluded),
        kind=evidence.kind,
        note=MH_UNDEFINED.format(measure=_MEASURE_NAMES[spec.measure]),
    )


def _study_effects(
    evidence: _Evidence, spec: PoolingSpec, weights: Sequence[float] | None
) -> tuple[StudyEffect, ...]:
    reach = critical_value(spec.level)
    total = sum(weights) if weights else 1.0
    percentages: list[float | None] = [None] * len(evidence.effects)
    if weights:
        percentages = [100 * weight / total for weight in weights]
    return tuple(
        StudyEffect(
            study=effect.study,
            measure=spec.measure,
            estimate=effect.estimate,
            se=effect.se,
            ci_low=effect.estimate - reach * effect.se,
            ci_high=effect.estimate + reach * effect.se,
            weight=weight,
            corrected=corrected,
        )
        for effect, corrected, weight in zip(evidence.effects, evidence.corrected, percentages, strict=True)
    )
