"""Do small studies show other effects than large ones? Tests for funnel plot asymmetry.

All of them have little power below ten studies (Sterne et al. 2011); the numbers are given all the same, with a
note.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from metaanalysis.stats.distributions import two_sided_p
from metaanalysis.stats.effects import Table, no_information_on_a_ratio, raw_table
from metaanalysis.stats.pooling import pool
from metaanalysis.stats.sensitivity import studies_in_analysis
from metaanalysis.stats.types import Measure, PoolingSpec, StudyCounts, StudyData

ENOUGH_STUDIES = 10

FEW_STUDIES = "Fewer than ten studies: these tests can hardly tell asymmetry from chance."
NEEDS_THREE = "needs at least three studies"
SAME_SIZE = "the studies are all of the same precision"
EXACT_FIT = "the studies lie on one line, which leaves nothing to test against"
ONLY_ODDS_RATIOS = "defined for odds ratios only"
NEEDS_COUNTS = "needs the events and totals of every study"

_MOST_FOR_EXACT_P = 300  # the distribution of more ranks than these is normal, and slow to count out
_ROUNDING = 1e-12


@dataclass(frozen=True, slots=True)
class RegressionTest:
    """The coefficient that shows asymmetry, with its standard error and t on `df` degrees of freedom, two-sided P."""

    coefficient: float
    se: float
    t: float
    df: int
    p_value: float


@dataclass(frozen=True, slots=True)
class RankTest:
    """Kendall's tau with its two-sided P: exact up to 300 studies without ties, else by the normal distribution."""

    kendall_tau: float
    p_value: float


@dataclass(frozen=True, slots=True)
class NotComputed:
    """Why a test is not given, as the end of a sentence."""

    reason: str


@dataclass(frozen=True, slots=True)
class SmallStudyEffects:
    """The four tests on the `k` studies in the analysis; `note` speaks of too few studies."""

    k: int
    egger: RegressionTest | NotComputed
    harbord: RegressionTest | NotComputed
    peters: RegressionTest | NotComputed
    begg: RankTest | NotComputed
    note: str | None


def small_study_effects(studies: Sequence[StudyData], spec: PoolingSpec) -> SmallStudyEffects:
    """Egger, Harbord, Peters and Begg on the studies that enter the analysis, with their effects as shown there."""
    result = pool(studies, spec)
    y = [study.estimate for study in result.studies]
    se = [study.se for study in result.studies]
    counts = [study for study in studies_in_analysis(studies, spec) if isinstance(study, StudyCounts)]
    harbord: RegressionTest | NotComputed
    peters: RegressionTest | NotComputed
    if spec.measure is not Measure.OR:
        harbord = peters = NotComputed(ONLY_ODDS_RATIOS)
    elif len(counts) < len(y):
        harbord = peters = NotComputed(NEEDS_COUNTS)
    else:
        tables = [raw_table(study) for study in counts]
        harbord, peters = harbord_test(tables), peters_test(y, tables)
    return SmallStudyEffects(
        k=result.k,
        egger=egger_test(y, se),
        harbord=harbord,
        peters=peters,
        begg=begg_test(y, se),
        note=FEW_STUDIES if result.k < ENOUGH_STUDIES else None,
    )


def egger_test(y: Sequence[float], se: Sequence[float]) -> RegressionTest | NotComputed:
    """Regression of effects on their standard errors, weighted by 1 / se² (Egger et al. 1997).

    The coefficient is the slope, which is the intercept of Egger's own y / se on 1 / se.
    """
    return _slope_test(se, y, [si**-2 for si in se])


def harbord_test(tables: Sequence[Table]) -> RegressionTest | NotComputed:
    """Intercept of Z / sqrt(V) on sqrt(V) from raw counts: efficient score and its variance (Harbord et al. 2006).

    Written as Egger's regression of Z / V on 1 / sqrt(V) with weights V. Tables without events, or without
    non-events, have V = 0 and say nothing.
    """
    scores: list[float] = []
    variances: list[float] = []
    for table in tables:
        if no_information_on_a_ratio(table):
            continue
        events, n1, n2, n = table.a + table.c, table.n_intervention, table.n_comparison, table.total
        scores.append(table.a - events * n1 / n)
        variances.append(n1 / n * (n2 / n) * events * (n - events) / (n - 1))
    y = [z / v for z, v in zip(scores, variances, strict=True)]
    return _slope_test([v**-0.5 for v in variances], y, variances)


def peters_test(y: Sequence[float], tables: Sequence[Table]) -> RegressionTest | NotComputed:
    """Slope of the log odds ratio on 1 / N (Peters et al. 2006), weighted by 1 / (1/(a+c) + 1/(b+d)) of raw counts."""
    informative = [
        (yi, table) for yi, table in zip(y, tables, strict=True) if not no_information_on_a_ratio(table)
    ]
    weights = [1 / (1 / (t.a + t.c) + 1 / (t.b + t.d)) for _, t in informative]
    return _slope_test([1 / t.total for _, t in informative], [yi for yi, _ in informative], weights)


def begg_test(y: Sequence[float], se: Sequence[float]) -> RankTest | NotComputed:
    """Kendall's rank correlation of standardised effects with their variances (Begg & Mazumdar 1994)."""
    if len(y) < 3:
        return NotComputed(NEEDS_THREE)
    if _all_the_same(se):
        return NotComputed(SAME_SIZE)
    from scipy.stats import kendalltau

    weights = [si**-2 for si in se]
    total = math.fsum(weights)
    mean = math.fsum(w * yi for w, yi in zip(weights, y, strict=True)) / total
    # v - 1 / sum w, written as a share of v so that nothing is lost where one study holds all the weight
    others = [math.fsum(weights[:i] + weights[i + 1 :]) / total for i in range(len(y))]
    standardised = [
        (yi - mean) / (si * math.sqrt(share)) for yi, si, share in zip(y, se, others, strict=True)
    ]
    if max(y) - min(y) <= _ROUNDING * max(max(map(abs, y)), min(se)):
        return NotComputed("all studies have the same effect")
    variances = [si**2 for si in se]
    no_ties = len(set(standardised)) == len(set(variances)) == len(y)
    exact = no_ties and len(y) <= _MOST_FOR_EXACT_P
    found = kendalltau(standardised, variances, method="exact" if exact else "asymptotic")
    return RankTest(float(found.statistic), float(found.pvalue))


def _slope_test(
    x: Sequence[float], y: Sequence[float], weights: Sequence[float]
) -> RegressionTest | NotComputed:
    """Weighted least squares of y on x: the slope, its standard error and t with k - 2 degrees of freedom."""
    if len(y) < 3:
        return NotComputed(NEEDS_THREE)
    if _all_the_same(x):
        return NotComputed(SAME_SIZE)
    total = math.fsum(weights)
    x_mean = math.fsum(w * xi for w, xi in zip(weights, x, strict=True)) / total
    y_mean = math.fsum(w * yi for w, yi in zip(weights, y, strict=True)) / total
    x_spread = math.fsum(w * (xi - x_mean) ** 2 for w, xi in zip(weights, x, strict=True))
    slope = (
        math.fsum(w * (xi - x_mean) * (yi - y_mean) for w, xi, yi in zip(weights, x, y, strict=True))
        / x_spread
    )
    rest = math.fsum(
        w * (yi - y_mean - slope * (xi - x_mean)) ** 2 for w, xi, yi in zip(weights, x, y, strict=True)
    )
    # weights are about 1 / se²: what is nothing beside 1 is nothing beside the standard errors
    if rest <= _ROUNDING**2 * (1 + math.fsum(w * yi**2 for w, yi in zip(weights, y, strict=True))):
        return NotComputed(EXACT_FIT)
    df = len(y) - 2
    se = math.sqrt(rest / df / x_spread)
    return RegressionTest(slope, se, slope / se, df, two_sided_p(slope / se, df))


def _all_the_same(values: Sequence[float]) -> bool:
    return max(values) - min(values) <= _ROUNDING * max(values)
