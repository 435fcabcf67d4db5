"""Interval and P of the pooled effect, and the prediction interval, on the analysis scale."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from metaanalysis.stats.distributions import critical_value, two_sided_p
from metaanalysis.stats.heterogeneity import mean_and_q
from metaanalysis.stats.types import CiMethod, PredictionDf

HKSJ_NEEDS_TWO = (
    "A Hartung-Knapp-Sidik-Jonkman interval needs two studies; the interval shown is the study's own."
)
HKSJ_OF_IDENTICAL_EFFECTS = (
    "All studies have the same effect, which makes the Hartung-Knapp-Sidik-Jonkman standard error 0:"
    " the interval and P are not defined."
)
HKSJ_NARROWER = (
    "The Hartung-Knapp-Sidik-Jonkman interval is narrower here than the Wald interval, because the studies differ"
    " less than chance alone would make likely; hksj-adhoc prevents that."
)
NO_VARIANCE = (
    "The variance of the pooled effect is zero without a zero-cell correction: no interval can be given."
)

SAME_EFFECT = 1e-12


@dataclass(frozen=True, slots=True)
class Interval:
    """Standard error, bounds and two-sided P, all None where they are not defined, with the reason in `note`."""

    method: CiMethod
    se: float | None
    low: float | None
    high: float | None
    p_value: float | None
    note: str | None = None


def choose_interval(asked: CiMethod, k: int, tau2: float | None) -> CiMethod:
    """The rule behind `auto`: HKSJ with three or more studies and tau² above 0, else Wald. One study is Wald."""
    if asked is CiMethod.AUTO:
        return CiMethod.HKSJ if k >= 3 and tau2 else CiMethod.WALD
    return CiMethod.WALD if k < 2 else asked


def wald_interval(estimate: float, se: float | None, level: float) -> Interval:
    if se is None:
        return Interval(CiMethod.WALD, None, None, None, None, NO_VARIANCE)
    reach = critical_value(level) * se
    return Interval(CiMethod.WALD, se, estimate - reach, estimate + reach, two_sided_p(estimate / se))


def hksj_interval(
    method: CiMethod, mean: float, y: Sequence[float], weights: Sequence[float], level: float
) -> Interval:
    """Hartung-Knapp-Sidik-Jonkman interval around the weighted mean of k >= 2 effects, t with k - 1 df.

    `hksj-adhoc` never lets the interval become narrower than the t interval of the Wald standard error.
    """
    information, residual = math.fsum(weights), mean_and_q(y, weights)[1]
    spread, largest = max(y) - min(y), max(map(abs, y))
    is_one_effect = spread <= SAME_EFFECT * max(largest, max(weights) ** -0.5)
    return hksj_from_sums(method, mean, len(y), information, residual, is_one_effect, level)


def hksj_from_sums(
    method: CiMethod,
    mean: float,
    k: int,
    information: float,
    residual: float,
    is_one_effect: bool,
    level: float,
) -> Interval:
    """`hksj_interval` from the sum of the weights and the weighted sum of squared distances from the mean.

    `is_one_effect` tells that the effects differ by rounding only: that their spread is nothing (`SAME_EFFECT`) beside
    the largest of them, or beside the smallest standard error.
    """
    df = k - 1
    scale = residual / df
    if method is CiMethod.HKSJ_ADHOC:
        scale = max(1.0, scale)
    elif is_one_effect:
        return Interval(method, None, None, None, None, HKSJ_OF_IDENTICAL_EFFECTS)
    wald_se = information**-0.5
    se = math.sqrt(scale) * wald_se
    reach = critical_value(level, df) * se
    note = HKSJ_NARROWER if reach < critical_value(level) * wald_se else None
    return Interval(method, se, mean - reach, mean + reach, two_sided_p(mean / se, df), note)


def prediction_interval(
    mean: float, se: float | None, tau2: float, k: int, df_rule: PredictionDf, level: float
) -> tuple[float, float] | None:
    """Where the effect in a new, similar study would lie; None below three studies.

    mean ± t * sqrt(tau² + se²), with the standard error of the interval that is shown.
    """
    if k < 3 or se is None:
        return None
    df = k - 1 if df_rule is PredictionDf.K_MINUS_1 else k - 2
    reach = critical_value(level, df) * math.sqrt(tau2 + se * se)
    return mean - reach, mean + reach
