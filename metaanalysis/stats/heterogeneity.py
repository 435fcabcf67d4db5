"""How much the studies differ: Q, I², H², and the between-study variance tau² with its interval.

Every function takes the studies' effects `y` and within-study variances `v` on the analysis scale, two or more
of each. Sources of the formulas are listed in docs/statistical-methods.md, section 5.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from operator import mul
from typing import TYPE_CHECKING

from metaanalysis.stats.distributions import chi2_quantile, chi2_upper_tail, root_between
from metaanalysis.stats.types import Tau2Method

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_REML_GRID_STEPS = 96
_REML_GRID_STEPS_A_DECADE = 8

NULL_SET = (
    "The studies agree more closely than chance alone would make likely: no value of τ² fits,"
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
    return math.fsum([(yi - centre) ** 2 / vi for yi, vi in zip(y, v, strict=True)])


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
    return _tau2_where_q_is(len(y) - 1, *_most_precise_last(y, v))


def tau2_reml(y: Sequence[float], v: Sequence[float]) -> float:
    """The tau² >= 0 at the highest point of the restricted likelihood.

    The likelihood may have several hills. A grid over the whole possible range finds where its slope turns from
    rise to fall, Brent's method finds the top of each hill, and the highest top is taken.
    """
    import numpy as np  # noqa: PLC0415 -- slow import

    y, v = _most_precise_last(y, v)
    # The likelihood falls everywhere above the sum of squares, and everywhere if that is below every variance.
    upper, smallest = _sum_of_squares(y), v[-1]
    if upper <= smallest:
        return 0.0
    effects, variances = np.array(y), np.array(v)
    grid = _reml_grid(1e-3 * smallest, upper)
    rises = _reml_slopes(grid, effects, variances) > 0
    tops = [
        _root_of_reml_score(float(grid[i]), float(grid[i + 1]), y, v)
        for i in np.flatnonzero(rises[:-1] & ~rises[1:]).tolist()
    ]
    if not rises[0]:
        tops.append(0.0)
    if len(tops) == 1:
        return tops[0]
    return tops[int(np.argmax(_reml_log_likelihood(np.array(tops), effects, variances)))]


def q_profile_interval(y: Sequence[float], v: Sequence[float], level: float) -> Tau2Interval:
    """Interval of tau² by the Q-profile method (Viechtbauer 2007), cut at 0."""
    df = len(y) - 1
    tail = (1 - level) / 2
    y, v = _most_precise_last(y, v)
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
    return mean_and_q(y, [1 / (vi + tau2) for vi in v])[0]


def mean_and_q(y: Sequence[float], weights: Sequence[float]) -> tuple[float, float]:
    """Weighted mean of the effects, and the weighted sum of their squared distances from it.

    Counted from the heaviest study, whose distance from the mean may be too small to be seen in the difference.
    """
    origin = y[weights.index(max(weights))]
    distances = [yi - origin for yi in y]
    shift = math.fsum(map(mul, weights, distances)) / math.fsum(weights)
    q = math.fsum([w * (distance - shift) ** 2 for w, distance in zip(weights, distances, strict=True)])
    return origin + shift, q


def _most_precise_last(y: Sequence[float], v: Sequence[float]) -> tuple[list[float], list[float]]:
    """The studies by falling variance, effects counted from that of the most precise one.

    So sums run from small weights to large ones and a study that dwarfs the others costs them no digits.
    """
    ordered = sorted(zip(v, y, strict=True), reverse=True)
    origin = ordered[-1][1]
    return [yi - origin for _, yi in ordered], [vi for vi, _ in ordered]


def _tau2_where_q_is(target: float, y: Sequence[float], v: Sequence[float]) -> float:
    """The tau² at which Q, which falls as tau² grows, has come down to the target; 0 if it starts below it.

    The studies must come from `_most_precise_last`.
    """
    if _q_at(0.0, y, v) <= target:
        return 0.0
    # SS / (largest v + tau²) <= Q <= SS / (smallest v + tau²) with the sum of squares SS, which encloses the root
    equal = _sum_of_squares(y) / target
    low, high = max(0.0, equal - v[0] - 1e-9 * equal), equal - v[-1] + 1e-9 * equal
    # 1/Q is nearly a straight line in tau²
    return root_between(lambda tau2: 1 / _q_at(tau2, y, v) - 1 / target, low, high)


def _q_at(tau2: float, y: Sequence[float], v: Sequence[float]) -> float:
    weights = [1 / (vi + tau2) for vi in v]
    mean = sum(map(mul, weights, y)) / sum(weights)
    return sum([w * (yi - mean) ** 2 for w, yi in zip(weights, y, strict=True)])


def _sum_of_squares(y: Sequence[float]) -> float:
    mean = math.fsum(y) / len(y)
    return math.fsum([(yi - mean) ** 2 for yi in y])


def _sum_of_pairwise_products(weights: Sequence[float]) -> float:
    """Sum of w_i * w_j over all pairs: half of (sum w)² - sum w², safe when one weight dwarfs the others."""
    ascending = sorted(weights)
    return sum(map(mul, ascending[1:], accumulate(ascending)))


def _reml_grid(low: float, high: float) -> NDArray[np.float64]:
    """0, and evenly on the logarithm from low to twice high."""
    import numpy as np  # noqa: PLC0415 -- slow import

    decades = math.log10(2 * high / low)
    steps = max(_REML_GRID_STEPS, math.ceil(_REML_GRID_STEPS_A_DECADE * decades))
    return np.concatenate(([0.0], low * 10.0 ** (np.arange(steps + 1) * (decades / steps))))


def _reml_slopes(
    tau2: NDArray[np.float64], y: NDArray[np.float64], v: NDArray[np.float64]
) -> NDArray[np.float64]:
    """`_reml_score` at every tau² given."""
    import numpy as np  # noqa: PLC0415 -- slow import

    weights = 1 / (v[:, np.newaxis] + tau2)
    sums = np.cumsum(weights, axis=0)
    mean = (y @ weights) / sums[-1]
    squares = ((weights * (y[:, np.newaxis] - mean)) ** 2).sum(axis=0)
    slopes: NDArray[np.float64] = squares - 2 * (weights[1:] * sums[:-1]).sum(axis=0) / sums[-1]
    return slopes


def _reml_log_likelihood(
    tau2: NDArray[np.float64], y: NDArray[np.float64], v: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Restricted log-likelihood, up to a constant, at every tau² given (Viechtbauer 2005)."""
    import numpy as np  # noqa: PLC0415 -- slow import

    total = v[:, np.newaxis] + tau2
    weights = 1 / total
    sum_of_weights = weights.sum(axis=0)
    mean = (y @ weights) / sum_of_weights
    distance = (weights * (y[:, np.newaxis] - mean) ** 2).sum(axis=0)
    likelihood: NDArray[np.float64] = -0.5 * (np.log(total).sum(axis=0) + np.log(sum_of_weights) + distance)
    return likelihood


def _root_of_reml_score(low: float, high: float, y: Sequence[float], v: Sequence[float]) -> float:
    """Where the score turns from positive to negative between two values of tau² at which it has these signs."""
    at_low, at_high = _reml_score(low, y, v), _reml_score(high, y, v)
    if not at_low > 0 > at_high:  # but for rounding
        return low if abs(at_low) < abs(at_high) else high
    return root_between(lambda tau2: _reml_score(tau2, y, v), low, high)


def _reml_score(tau2: float, y: Sequence[float], v: Sequence[float]) -> float:
    """Twice the slope of the restricted log-likelihood in tau², of studies from `_most_precise_last`.

    Sum of w²(y - mean)² minus sum w - sum w² / sum w, the latter written without the subtraction.
    """
    weights = [1 / (vi + tau2) for vi in v]
    sum_of_weights = sum(weights)
    mean = sum(map(mul, weights, y)) / sum_of_weights
    squares = sum([(w * (yi - mean)) ** 2 for w, yi in zip(weights, y, strict=True)])
    return squares - 2 * sum(map(mul, weights[1:], accumulate(weights))) / sum_of_weights
