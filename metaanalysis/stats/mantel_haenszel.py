"""Mantel-Haenszel pooled effects: odds ratio, risk ratio and risk difference.

The odds ratio is statsmodels' `StratifiedTable`; it has no standard error for the risk ratio and no risk
difference, so these are computed here.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from metaanalysis.stats.effects import Table
from metaanalysis.stats.types import Measure, PoolingSpec, RdSe

SE_METHODS = {Measure.OR: "Robins, Breslow and Greenland 1986", Measure.RR: "Greenland and Robins 1985"}
RD_SE_METHODS = {
    RdSe.SATO: "Sato, Greenland and Robins 1989",
    RdSe.GREENLAND_ROBINS: "Greenland and Robins 1985",
}


@dataclass(frozen=True, slots=True)
class MantelHaenszel:
    """Pooled effect on the analysis scale; `se` is None where its variance is zero. Weights sum to 1."""

    estimate: float
    se: float | None
    weights: tuple[float, ...]


def se_method(spec: PoolingSpec) -> str:
    """The source of the standard error that `mantel_haenszel` gives for this measure."""
    return RD_SE_METHODS[spec.rd_se or RdSe.SATO] if spec.measure is Measure.RD else SE_METHODS[spec.measure]


def mantel_haenszel(
    tables: Sequence[Table], measure: Measure, rd_se: RdSe | None = None
) -> MantelHaenszel | None:
    """The pooled effect of one or more tables; None if it is not defined, as when an arm has no event anywhere.

    `rd_se` chooses the standard error of the risk difference, Sato's where it is left open.
    """
    if measure is Measure.OR:
        return _odds_ratio(tables)
    if measure is Measure.RR:
        return _risk_ratio(tables)
    return _risk_difference(tables, rd_se or RdSe.SATO)


def _odds_ratio(tables: Sequence[Table]) -> MantelHaenszel | None:
    weights = [table.b * table.c / table.total for table in tables]
    if math.fsum(weights) == 0 or math.fsum(table.a * table.d for table in tables) == 0:
        return None
    import numpy as np  # noqa: PLC0415 -- slow import
    from statsmodels.stats.contingency_tables import StratifiedTable

    stratified = StratifiedTable([np.array([[table.a, table.b], [table.c, table.d]]) for table in tables])
    return MantelHaenszel(
        float(stratified.logodds_pooled), float(stratified.logodds_pooled_se), _shares(weights)
    )


def _risk_ratio(tables: Sequence[Table]) -> MantelHaenszel | None:
    weights = [t.c * t.n_intervention / t.total for t in tables]
    intervention = math.fsum(t.a * t.n_comparison / t.total for t in tables)
    comparison = math.fsum(weights)
    if intervention == 0 or comparison == 0:
        return None
    variance = math.fsum(
        ((t.a + t.c) * t.n_intervention * t.n_comparison - t.a * t.c * t.total) / t.total**2 for t in tables
    ) / (intervention * comparison)
    return MantelHaenszel(
        math.log(intervention / comparison), math.sqrt(variance) if variance > 0 else None, _shares(weights)
    )


def _risk_difference(tables: Sequence[Table], rd_se: RdSe) -> MantelHaenszel:
    weights = [t.n_intervention * t.n_comparison / t.total for t in tables]
    total_weight = math.fsum(weights)
    estimate = (
        math.fsum((t.a * t.n_comparison - t.c * t.n_intervention) / t.total for t in tables) / total_weight
    )
    by_sato = rd_se is RdSe.SATO
    variance = _sato_variance(tables, estimate) if by_sato else _greenland_robins_variance(tables)
    se = math.sqrt(variance) / total_weight if variance else None
    return MantelHaenszel(estimate, se, _shares(weights))


def _sato_variance(tables: Sequence[Table], estimate: float) -> float:
    """Variance of the risk difference times the squared sum of weights (Sato, Greenland & Robins 1989)."""
    within = math.fsum((t.a * t.d + t.c * t.b) / t.total for t in tables) / 2
    balance = math.fsum(
        t.c * (t.n_intervention / t.total) ** 2
        - t.a * (t.n_comparison / t.total) ** 2
        + t.n_intervention * t.n_comparison * (t.n_comparison - t.n_intervention) / (2 * t.total**2)
        for t in tables
    )
    variance = estimate * balance + within
    # without variation in any arm the two parts cancel, save for rounding
    return variance if variance > 1e-12 * within else 0.0


def _greenland_robins_variance(tables: Sequence[Table]) -> float:
    """Variance of the risk difference times the squared sum of weights (Greenland & Robins 1985)."""
    return math.fsum(
        (t.a * t.b * t.n_comparison**3 + t.c * t.d * t.n_intervention**3)
        / (t.n_intervention * t.n_comparison * t.total**2)
        for t in tables
    )


def _shares(weights: Sequence[float]) -> tuple[float, ...]:
    total = math.fsum(weights)
    return tuple(weight / total for weight in weights)
