"""Trim and fill: how many studies a lopsided funnel plot seems to lack, and the pooled effect if they were there.

Estimator L0 of Duval & Tweedie 2000. The studies that are filled in are not data: the result is a what-if beside the
analysis and never replaces it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from metaanalysis.stats import heterogeneity
from metaanalysis.stats.distributions import root_between
from metaanalysis.stats.pooling import pool
from metaanalysis.stats.types import (
    Method,
    Model,
    PooledResult,
    PoolingSpec,
    StudyData,
    StudyEstimate,
    Tau2Method,
)

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]

ONLY_INVERSE_VARIANCE = "Trim and fill is defined for inverse variance: choose that method (iv) to see it."
NEEDS_THREE = "Trim and fill needs at least three studies."
NO_CONVERGENCE = "Trim and fill does not settle on a number of missing studies."

_MOST_ROUNDS = 100
_GRID_POINTS = 97


@dataclass(frozen=True, slots=True)
class TrimAndFill:
    """`k0` studies are filled in on the `side`; `result` pools them with the others by the spec of the analysis.

    `filled` are mirror images on the analysis scale. Where it cannot be computed, `result` is None and `note` says why.
    """

    k0: int
    side: Literal["left", "right"] | None
    filled: tuple[StudyEstimate, ...]
    result: PooledResult | None
    note: str | None = None


def trim_and_fill(studies: Sequence[StudyData], spec: PoolingSpec) -> TrimAndFill:
    """Missing studies by L0, on the side opposite to where the small studies lie; centre and tau² by the spec.

    The side is that of a negative ("right") or positive ("left") slope of the effects on their standard errors, in a
    regression with the spec's tau² method, as metafor chooses it.
    """
    if spec.method is not Method.IV:
        return TrimAndFill(0, None, (), None, ONLY_INVERSE_VARIANCE)
    whole = pool(studies, spec)
    if whole.k < 3:
        return TrimAndFill(0, None, (), None, NEEDS_THREE)
    effects = [(study.estimate, study.se**2) for study in whole.studies]
    tau2_method = spec.tau2_method if spec.model is Model.RANDOM else None
    right = _slope_on_se([y for y, _ in effects], [v for _, v in effects], tau2_method) < 0
    # filling is to the left: what lacks studies on the right is mirrored and mirrored back
    sign = -1 if right else 1
    in_order = sorted(((sign * y, v) for y, v in effects), key=lambda effect: effect[0])
    found = _missing_on_the_left(in_order, tau2_method)
    if found is None:
        return TrimAndFill(0, None, (), None, NO_CONVERGENCE)
    filled = tuple(
        StudyEstimate(f"Filled {number}", sign * y, math.sqrt(v))
        for number, (y, v) in enumerate(found, start=1)
    )
    observed = [StudyEstimate(study.study, study.estimate, study.se) for study in whole.studies]
    result = pool([*observed, *filled], spec) if filled else whole
    return TrimAndFill(len(filled), "right" if right else "left", filled, result)


def _missing_on_the_left(
    effects: Sequence[tuple[float, float]], tau2_method: Tau2Method | None
) -> list[tuple[float, float]] | None:
    """Mirror images of the k0 rightmost of the (effect, variance), sorted by effect; None if k0 never settles."""
    k, k0 = len(effects), 0
    for _ in range(_MOST_ROUNDS):
        centre = _centre(effects[: k - k0], tau2_method)
        before, k0 = k0, _l0([y - centre for y, _ in effects])
        if k0 == before:
            return [(2 * centre - y, v) for y, v in effects[k - k0 :]]
    return None


def _l0(distances: Sequence[float]) -> int:
    """L0 = (4 T - k(k+1)) / (2k - 1), T the rank sum of the studies right of the centre; whole and not negative."""
    k = len(distances)
    by_size = sorted(range(k), key=lambda i: abs(distances[i]))
    rank_sum = sum(rank for rank, i in enumerate(by_size, start=1) if distances[i] > 0)
    return max(0, round((4 * rank_sum - k * (k + 1)) / (2 * k - 1)))


def _centre(effects: Sequence[tuple[float, float]], tau2_method: Tau2Method | None) -> float:
    y, v = [y for y, _ in effects], [v for _, v in effects]
    if tau2_method is None or len(y) < 2:
        return heterogeneity.weighted_mean(y, v, 0.0)
    q = heterogeneity.q_around(heterogeneity.weighted_mean(y, v, 0.0), y, v)
    return heterogeneity.weighted_mean(y, v, heterogeneity.estimate_tau2(tau2_method, y, v, q))


def _slope_on_se(y: Sequence[float], v: Sequence[float], tau2_method: Tau2Method | None) -> float:
    """Slope of the effects on their standard errors, weights 1 / (v + tau²); 0 if all are equally precise."""
    import numpy as np  # noqa: PLC0415 -- slow import

    regression = _Regression(np.array(y), np.array(v))
    if np.ptp(regression.x) <= 1e-12 * math.sqrt(max(v)):
        return 0.0
    return regression.slope(0.0 if tau2_method is None else regression.tau2(tau2_method))


class _Regression:
    """Random-effects regression of y on sqrt(v), with the residual tau² of Raudenbush 2009 and Viechtbauer 2005."""

    def __init__(self, y: Numbers, v: Numbers) -> None:
        import numpy as np  # noqa: PLC0415 -- slow import

        self.v = v
        self.y = y - y.mean()
        self.x = np.sqrt(v) - np.sqrt(v).mean()
        self.df = len(y) - 2

    def slope(self, tau2: float) -> float:
        return float(self._fit(tau2)[0])

    def tau2(self, method: Tau2Method) -> float:
        if method is Tau2Method.DL:
            return max(0.0, (self._q(0.0) - self.df) / self._trace())
        if method is Tau2Method.PM:
            if self._q(0.0) <= self.df:
                return 0.0
            return root_between(lambda tau2: self._q(tau2) - self.df, 0.0, self._upper())
        return self._reml()

    def _upper(self) -> float:
        """Above the sum of squares over the degrees of freedom, Q lies below these and the likelihood falls."""
        return 2 * float((self.y**2).sum()) + float(self.v.min())

    def _fit(self, tau2: float) -> tuple[float, float, float, float]:
        """Slope, weighted residual sum of squares, sum of the weights, weighted spread of x around its mean."""
        weights = 1 / (self.v + tau2)
        total = weights.sum()
        x = self.x - (weights * self.x).sum() / total
        y = self.y - (weights * self.y).sum() / total
        spread = (weights * x**2).sum()
        slope = (weights * x * y).sum() / spread
        return slope, (weights * (y - slope * x) ** 2).sum(), total, spread

    def _q(self, tau2: float) -> float:
        return float(self._fit(tau2)[1])

    def _trace(self) -> float:
        """Trace of P = W - W X (X'WX)^-1 X'W at tau² = 0."""
        weights = 1 / self.v
        _, _, total, spread = self._fit(0.0)
        x = self.x - (weights * self.x).sum() / total
        return float(weights.sum() - (weights**2).sum() / total - (weights**2 * x**2).sum() / spread)

    def _height(self, tau2: float) -> float:
        """Twice the restricted log likelihood, without its constant."""
        _, q, total, spread = self._fit(tau2)
        return -float(sum(math.log(vi + tau2) for vi in self.v) + math.log(total) + math.log(spread) + q)

    def _reml(self) -> float:
        import numpy as np  # noqa: PLC0415 -- slow import
        from scipy.optimize import minimize_scalar

        grid = [0.0, *np.geomspace(1e-3 * self.v.min(), self._upper(), _GRID_POINTS).tolist()]
        best = max(range(len(grid)), key=lambda i: self._height(grid[i]))
        bounds = grid[max(best - 1, 0)], grid[min(best + 1, len(grid) - 1)]
        found = minimize_scalar(lambda tau2: -self._height(tau2), bounds=bounds, method="bounded")
        return max(grid[best], float(found.x), key=self._height)
