"""tau² of many analyses that share their studies: each row of a matrix marks the studies of one analysis.

The numbers are those of `heterogeneity`, reached for all rows at once. A row of which this cannot be sure (several
hills of the likelihood, or a study that dwarfs the others) is handed to `heterogeneity` by itself.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from metaanalysis.stats import heterogeneity
from metaanalysis.stats.types import Tau2Method

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]
    Membership = NDArray[np.bool_]

_GRID_STEPS_A_DECADE = 8
_DWARFED = 1e-4  # share of the weight that must lie outside the heaviest study for sums to keep their digits


def tau2_of_rows(method: Tau2Method, y: Numbers, v: Numbers, members: Membership, q: Numbers) -> Numbers:
    """tau² >= 0 of each row, 0 below two studies. `v` must fall; `q` is Cochran's Q of each row, which DL takes."""
    import numpy as np  # noqa: PLC0415 -- slow import

    tau2 = np.zeros(len(members))
    several = members.sum(axis=1) > 1
    solve = {
        Tau2Method.DL: _dersimonian_laird,
        Tau2Method.PM: _paule_mandel,
        Tau2Method.REML: _restricted_likelihood,
    }[method]
    if several.any():
        tau2[several] = solve(y, v, members[several], q[several])
    for i in np.flatnonzero(np.isnan(tau2)).tolist():
        there = members[i]
        tau2[i] = heterogeneity.estimate_tau2(method, y[there].tolist(), v[there].tolist(), float(q[i]))
    return tau2


def _dersimonian_laird(y: Numbers, v: Numbers, members: Membership, q: Numbers) -> Numbers:
    """(Q - df) / (sum w - sum w² / sum w), the latter as a sum of products; weights rise along each row."""
    import numpy as np  # noqa: PLC0415 -- slow import

    weights = members / v
    products = (weights[:, 1:] * np.cumsum(weights, axis=1)[:, :-1]).sum(axis=1)
    found: Numbers = np.maximum(0.0, (q - members.sum(axis=1) + 1) * weights.sum(axis=1) / (2 * products))
    return found


def _paule_mandel(y: Numbers, v: Numbers, members: Membership, q: Numbers) -> Numbers:
    """The tau² at which Q equals its degrees of freedom. NaN where no root was found."""
    import numpy as np  # noqa: PLC0415 -- slow import

    df = members.sum(axis=1) - 1
    tau2 = np.zeros(len(members))
    rows = np.flatnonzero(q > df)

    def excess(at: Numbers, row: NDArray[np.int_]) -> Numbers:
        weights = members[row] / (v + at[:, None])
        mean = (weights * y).sum(axis=1) / weights.sum(axis=1)
        distance: Numbers = (weights * (y - mean[:, None]) ** 2).sum(axis=1)
        return 1 / df[row] - 1 / distance  # nearly a straight line in tau²

    # Q(tau²) < sum of squares / tau² encloses the root
    high = 2 * _sums_of_squares(y, members[rows]) / df[rows]
    tau2[rows] = _roots(excess, np.zeros(len(rows)), high, rows)
    return tau2


def _restricted_likelihood(y: Numbers, v: Numbers, members: Membership, q: Numbers) -> Numbers:
    """The top of the only hill of the restricted likelihood (Viechtbauer 2005). NaN where there are more, or none."""
    import numpy as np  # noqa: PLC0415 -- slow import

    squares = _sums_of_squares(y, members)
    low, high = 1e-3 * v[-1], 2 * max(float(squares.max()), float(v[-1]))
    steps = max(96, int(np.ceil(_GRID_STEPS_A_DECADE * np.log10(high / low))))
    grid = np.concatenate(([0.0], np.geomspace(low, high, steps + 1)))
    rises, is_sure = _slopes_on_grid(grid, y, v, members)
    tops = rises[:, :-1] & ~rises[:, 1:]
    hills = tops.sum(axis=1) + ~rises[:, 0]
    tau2 = np.where(is_sure & (hills == 1), 0.0, np.nan)
    rows = np.flatnonzero(is_sure & (hills == 1) & rises[:, 0])
    cell = tops[rows].argmax(axis=1)

    def score(at: Numbers, row: NDArray[np.int_]) -> Numbers:
        """As `heterogeneity._reml_score`."""
        weights = members[row] / (v + at[:, None])
        sums = np.cumsum(weights, axis=1)
        mean = (weights * y).sum(axis=1) / sums[:, -1]
        squares = ((weights * (y - mean[:, None])) ** 2).sum(axis=1)
        slope: Numbers = squares - 2 * (weights[:, 1:] * sums[:, :-1]).sum(axis=1) / sums[:, -1]
        return slope

    tau2[rows] = _roots(score, grid[cell], grid[cell + 1], rows)
    return tau2


def _slopes_on_grid(
    grid: Numbers, y: Numbers, v: Numbers, members: Membership
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Whether the likelihood of each row rises at each tau², and whether the row's sums can be trusted for that."""
    import numpy as np  # noqa: PLC0415 -- slow import

    weights = 1 / (v[:, None] + grid)
    centred = (y - y.mean())[:, None]
    marks = members.astype(float)
    total, first, second = marks @ weights, marks @ (weights * centred), marks @ weights**2
    mean = first / total
    distance = (
        marks @ (weights * centred) ** 2 - 2 * mean * (marks @ (weights**2 * centred)) + mean**2 * second
    )
    outside_heaviest = total - second / total
    is_sure = np.all(outside_heaviest > _DWARFED * total, axis=1)
    return distance > outside_heaviest, is_sure


def _sums_of_squares(y: Numbers, members: Membership) -> Numbers:
    """Around each row's own mean."""
    mean = (members * y).sum(axis=1) / members.sum(axis=1)
    squares: Numbers = (members * (y - mean[:, None]) ** 2).sum(axis=1)
    return squares


def _roots(
    function: Callable[[Numbers, NDArray[np.int_]], Numbers],
    low: Numbers,
    high: Numbers,
    rows: NDArray[np.int_],
) -> Numbers:
    """Where the function of (tau², row) crosses zero between low and high (Chandrupatla); NaN where it does not."""
    import numpy as np  # noqa: PLC0415 -- slow import
    from scipy.optimize import elementwise

    if not len(rows):
        return np.zeros(0)

    tolerances = {"xatol": 0.0, "xrtol": 1e-14, "fatol": 0.0, "frtol": 0.0}
    found = elementwise.find_root(function, (low, high), args=(rows,), tolerances=tolerances, maxiter=200)
    roots: Numbers = np.where(found.success, found.x, np.nan)
    return roots
