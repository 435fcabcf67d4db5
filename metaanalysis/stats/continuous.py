"""From means and standard deviations to the effect of each study: mean difference, or Hedges' g with its variance.

The mean difference has variance sd1²/n1 + sd2²/n2 (unequal variances). The standardised mean difference divides by the
pooled standard deviation and has two conventions, by name, whose variances differ by up to 4 %:

* `exact`: exact small-sample correction J = Γ(m/2) / (√(m/2) Γ((m-1)/2)), m = n1 + n2 - 2 (Hedges 1981), and variance
  1/n1 + 1/n2 + g²/2N: metafor's.
* `revman`: J = 1 - 3/(4N - 9) and variance N/(n1 n2) + g²/2(N - 3.94): RevMan 5's, and statsmodels' `effectsize_smd`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from metaanalysis.stats.types import Measure, SmdVariant, StudyEstimate, StudyMeans

SMD_METHODS = {
    SmdVariant.EXACT: "Hedges' g with the exact correction and variance 1/n1 + 1/n2 + g²/2N (as metafor)",
    SmdVariant.REVMAN: "Hedges' g with J = 1 - 3/(4N - 9) and variance N/(n1 n2) + g²/2(N - 3.94) (as RevMan 5)",
}

# from here on the series is exact to a double, and the difference of two log Γ no longer is
_LARGE = 1000


def mean_estimates(
    studies: Sequence[StudyMeans], measure: Measure, variant: SmdVariant | None
) -> list[StudyEstimate]:
    """Mean difference, or standardised mean difference by the variant, intervention minus comparison."""
    if measure is Measure.MD:
        return [_mean_difference(study) for study in studies]
    if variant is SmdVariant.REVMAN:
        return _revman_smd(studies)
    return [_exact_smd(study) for study in studies]


def exact_correction(df: int) -> float:
    """Hedges' exact J for df >= 2 degrees of freedom: what makes the standardised mean difference unbiased."""
    if df <= _LARGE:
        return math.exp(math.lgamma(df / 2) - math.lgamma((df - 1) / 2) - math.log(df / 2) / 2)
    # Γ(z + 1/2) / Γ(z) = √z (1 - 1/8z + 1/128z² + 5/1024z³ - …), z = (df - 1) / 2
    z = (df - 1) / 2
    return math.sqrt(2 * z / df) * (1 - (1 - (1 + 5 / (8 * z)) / (16 * z)) / (8 * z))


def _mean_difference(study: StudyMeans) -> StudyEstimate:
    variance = study.sd_intervention**2 / study.n_intervention + study.sd_comparison**2 / study.n_comparison
    return _estimate(study, study.mean_intervention - study.mean_comparison, variance)


def _exact_smd(study: StudyMeans) -> StudyEstimate:
    n1, n2 = study.n_intervention, study.n_comparison
    df = n1 + n2 - 2
    pooled_variance = ((n1 - 1) * study.sd_intervention**2 + (n2 - 1) * study.sd_comparison**2) / df
    difference = study.mean_intervention - study.mean_comparison
    g = exact_correction(df) * difference / math.sqrt(pooled_variance)
    return _estimate(study, g, 1 / n1 + 1 / n2 + g * g / (2 * (n1 + n2)))


def _revman_smd(studies: Sequence[StudyMeans]) -> list[StudyEstimate]:
    if not studies:
        return []
    import numpy as np  # noqa: PLC0415 -- slow import
    from statsmodels.stats.meta_analysis import effectsize_smd

    columns = (
        "mean_intervention", "sd_intervention", "n_intervention", "mean_comparison", "sd_comparison", "n_comparison",
    )  # fmt: skip
    effects, variances = effectsize_smd(
        *(np.array([getattr(study, column) for study in studies], dtype=float) for column in columns)
    )
    return [
        _estimate(study, float(effect), float(variance))
        for study, effect, variance in zip(studies, effects, variances, strict=True)
    ]


def _estimate(study: StudyMeans, effect: float, variance: float) -> StudyEstimate:
    return StudyEstimate(study.study, effect, math.sqrt(variance), study.year, study.subgroup)
