"""How much the studies differ: Q, I², H², and the between-study variance tau² with its interval.

Every function takes the studies' effects `y` and within-study variances `v` on the analysis scale, two or more
of each. Sources of the formulas are listed in docs/statistical-methods.md, section 5.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from metaanalysis.stats.distributions import chi2_quantile, chi2_upper_tail, root_between
from metaanalysis.stats.types import Tau2Method

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_REML_GRID_POINTS = 97

NULL_SET = (
    "The studies agree more closely than chance alone would make likely: no value of tau² fits,"
    " so both bounds of its interval are given as 0."
)


@dataclass(frozen=True, slots=True)
class Heterogeneity:
    """Cochran's Q around the common effect; `i2` in percent and truncated at 0, `h2` at least 1."""

    q: float
    df: int
    p_value: float
    i2: float
    h2: float


@dataclass(frozen=True, slots=True)
class Tau2Interval:
    low: float
    high: float
    note: str | None = None


def from_q(q: float, k: int) -> Heterogeneity:
    """Q with its degrees of freedom, P, I² and H² (Higgins & Thompson 2002), for k >= 2 studies."""
    df = k - 1
    return Heterogeneity(
        q=q,
        df=df,
        p_value=chi2_upper_tail(q, df),
        i2=100 * (q - df) / q if q > df else 0.0,
        h2=max(1.0, q / df),
    )


def q_around(centre: float, y: Sequence[float], v: Sequence[float]) -> float:
    """Sum of squared distances from the centre, each in units of its study's variance."""
    return math.fsum((yi - centre) ** 2 / vi for yi, vi in zip(y, v, strict=True))


def estimate_tau2(method: Tau2Method, y: Sequence[float], v: Sequence[float], q: float) -> float:
    """tau² >= 0 by the named method; only DerSimonian-Laird looks at `q`, which lets it take the Q around MH."""
    if method is Tau2Method.DL:
        return tau2_dersimonian_laird(q, v)
    if method is Tau2Method.PM:
        return tau2_paule_mandel(y, v)
    return tau2_reml(y, v)


def tau2_dersimonian_laird(q: float, v: Sequence[float]) -> float:
    weights = [1 / vi for vi in v]
    df = len(weights) - 1
    # sum w - sum w² / sum w, written without the subtraction
    scale = 2 * _sum_of_pairwise_products(weights) / math.fsum(weights)
    return max(0.0, (q - df) / scale)


def tau2_paule_mandel(y: Sequence[float], v: Sequence[float]) -> float:
    """The tau² at which Q equals its degrees of freedom; 0 if it is smaller from the start."""
    return _tau2_where_q_is(len(y) - 1, y, v)


def tau2_reml(y: Sequence[float], v: Sequence[float]) -> float:
    """The tau² >= 0 at the highest point of the restricted likelihood.

    The likelihood may have several hills. A coarse grid over the whole possible range finds them, Brent's method
    finds where the score crosses zero on each, and the highest top is taken.
    """
    import numpy as np  # noqa: PLC0415 -- slow import

    effects, variances = np.asarray(y, dtype=float), np.asarray(v, dtype=float)
    # The likelihood falls everywhere above the sum of squares, and everywhere if that is below every variance.
    upper, smallest = _sum_of_squares(y), float(variances.min())
    if upper <= smallest:
        return 0.0
    grid = np.concatenate(([0.0], np.geomspace(1e-3 * smallest, upper, _REML_GRID_POINTS)))
    heights = _reml_log_likelihood(grid, effects, variances)
    last = len(grid) - 1
    tops = [
        _top_of_hill(float(grid[max(i - 1, 0)]), float(grid[min(i + 1, last)]), effects, variances)
        for i in range(len(grid))
        if heights[i] >= heights[max(i - 1, 0)] and heights[i] >= heights[min(i + 1, last)]
    ]
    return tops[int(np.argmax(_reml_log_likelihood(np.array(tops), effects, variances)))]


def q_profile_interval(y: Sequence[float], v: Sequence[float], level: float) -> Tau2Interval:
    """Interval of tau² by the Q-profile method (Viechtbauer 2007), cut at 0."""
    df = len(y) - 1
    tail = (1 - level) / 2
    high = _tau2_where_q_is(chi2_quantile(1 - tail, df), y, v)
    if high == 0:
        return Tau2Interval(0.0, 0.0, NULL_SET)
    return Tau2Interval(_tau2_where_q_is(chi2_quantile(tail, df), y, v), high)


def i2_from_tau2(tau2: float, v: Sequence[float]) -> float:
    """Percentage of the total variance that is tau², against the typical within-study variance."""
    weights = [1 / vi for vi in v]
    typical = (len(weights) - 1) * math.fsum(weights) / (2 * _sum_of_pairwise_products(weights))
    return 100 * tau2 / (tau2 + typical)


def weighted_mean(y: Sequence[float], v: Sequence[float], tau2: float) -> float:
    """Mean of the effects with weights 1 / (v + tau²)."""
    weights = [1 / (vi + tau2) for vi in v]
    return math.fsum(w * yi for w, yi in zip(weights, y, strict=True)) / math.fsum(weights)


def _q_at(tau2: float, y: Sequence[float], v: Sequence[float]) -> float:
    return q_around(weighted_mean(y, v, tau2), y, [vi + tau2 for vi in v])


def _tau2_where_q_is(target: float, y: Sequence[float], v: Sequence[float]) -> float:
    """The tau² at which Q, which falls as tau² grows, has come down to the target; 0 if it starts below it."""
    if _q_at(0.0, y, v) <= target:
        return 0.0
    # Q(tau²) < sum of squares / tau², so the root lies below sum of squares / target: no search for a bracket
    return root_between(lambda tau2: _q_at(tau2, y, v) - target, 0.0, 2 * _sum_of_squares(y) / target)


def _sum_of_squares(y: Sequence[float]) -> float:
    mean = math.fsum(y) / len(y)
    return math.fsum((yi - mean) ** 2 for yi in y)


def _sum_of_pairwise_products(weights: Sequence[float]) -> float:
    """Sum of w_i * w_j over all pairs: half of (sum w)² - sum w², safe when one weight dwarfs the others."""
    products: list[float] = []
    sum_before = 0.0
    for weight in sorted(weights):
        products.append(weight * sum_before)
        sum_before += weight
    return math.fsum(products)


def _top_of_hill(low: float, high: float, y: NDArray[np.float64], v: NDArray[np.float64]) -> float:
    """The highest point between two values of tau² that enclose one hill."""
    import numpy as np  # noqa: PLC0415 -- slow import

    def score(tau2: float) -> float:
        return _reml_score(tau2, y, v)

    while high - low > 1e-12 * high:
        if score(low) > 0 > score(high):
            return root_between(score, low, high)
        closer = np.linspace(low, high, 9)
        best = int(np.argmax(_reml_log_likelihood(closer, y, v)))
        if closer[best] == 0 and score(0.0) <= 0:
            return 0.0
        low, high = float(closer[max(best - 1, 0)]), float(closer[min(best + 1, 8)])
    return low


def _reml_log_likelihood(
    tau2: NDArray[np.float64], y: NDArray[np.float64], v: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Restricted log-likelihood, up to a constant, at every tau² given (Viechtbauer 2005)."""
    import numpy as np  # noqa: PLC0415 -- slow import

    total = v[:, np.newaxis] + tau2
    weights = 1 / total
    sum_of_weights = weights.sum(axis=0)
    mean = (weights * y[:, np.newaxis]).sum(axis=0) / sum_of_weights
    distance = (weights * (y[:, np.newaxis] - mean) ** 2).sum(axis=0)
    likelihood: NDArray[np.float64] = -0.5 * (np.log(total).sum(axis=0) + np.log(sum_of_weights) + distance)
    return likelihood


def _reml_score(tau2: float, y: NDArray[np.float64], v: NDArray[np.float64]) -> float:
    """Twice the slope of the restricted log-likelihood in tau²."""
    weights = 1 / (v + tau2)
    sum_of_weights = weights.sum()
    squares = weights * weights
    mean = (weights * y).sum() / sum_of_weights
    return float((squares * (y - mean) ** 2).sum() - sum_of_weights + squares.sum() / sum_of_weights)
