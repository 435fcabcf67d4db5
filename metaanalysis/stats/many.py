"""Many small meta-analyses at once, by inverse variance with Wald intervals: the numbers of `pool`, in arrays.

For work that needs hundreds or thousands of pooled effects and nothing else of each, such as every outcome of a
guideline after a change.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from metaanalysis.stats import heterogeneity
from metaanalysis.stats.distributions import critical_value
from metaanalysis.stats.types import LARGEST_ESTIMATE, Model, Tau2Method

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike, NDArray

_DWARFED = (
    1e-3  # share of the total weight below which the smaller studies lose digits in a difference of sums
)


@dataclass(frozen=True, slots=True)
class ManyPooled:
    """One number for each table, on the analysis scale; NaN where `pool` gives None.

    So it is for everything but `k` in a table without studies, for `q` and `i2` with one study, and for `tau2` under
    the common-effect model. `i2` is a percentage, by Q, cut at 0. The model of `tau2` is the one that was asked for.
    """

    k: NDArray[np.int64]
    estimate: NDArray[np.float64]
    se: NDArray[np.float64]
    ci_low: NDArray[np.float64]
    ci_high: NDArray[np.float64]
    p_value: NDArray[np.float64]
    tau2: NDArray[np.float64]
    q: NDArray[np.float64]
    i2: NDArray[np.float64]


def pool_many(
    y: ArrayLike,
    v: ArrayLike,
    *,
    tau2_method: Tau2Method | str = Tau2Method.DL,
    model: Model | str = Model.RANDOM,
    level: float = 0.95,
) -> ManyPooled:
    """Pools every row of `y`, effects on the analysis scale, with within-study variances `v`.

    Both have the shape (tables, studies), with NaN in both where a table has fewer studies. DL and the common effect
    are computed for all tables at once; PM and REML go table by table through `heterogeneity`, which for REML looks
    for the highest of several hills. Raises ValueError for other shapes, for an effect without a variance or the
    reverse, and for numbers that `StudyEstimate` would refuse.
    """
    import numpy as np  # noqa: PLC0415 -- slow import
    from scipy import special

    model, tau2_method = Model(model), Tau2Method(tau2_method)
    if not 0 < level < 1:
        raise ValueError(f"level is {level}; it must lie between 0 and 1, for example 0.95")
    effects, variances, k = _checked(np.asarray(y, dtype=float), np.asarray(v, dtype=float))
    if effects.size == 0:
        empty = np.full(len(k), np.nan)
        return ManyPooled(k, empty, empty, empty, empty, empty, empty, empty, empty)
    with np.errstate(divide="ignore", invalid="ignore"):  # tables without studies, which become NaN
        weights = 1 / variances
        # counted from the most precise study, so that one that dwarfs the others costs no digits
        origin = effects[np.arange(len(k)), weights.argmax(axis=1)]
        distances = effects - origin[:, np.newaxis]
        total, shift = _mean(weights, distances)
        residuals = distances - shift[:, np.newaxis]
        q = np.einsum("ij,ij,ij->i", weights, residuals, residuals)
        df = k - 1
        if model is Model.COMMON:
            tau2 = np.full(len(k), np.nan)
        else:
            if tau2_method is Tau2Method.DL:
                tau2 = _dersimonian_laird(q, df, weights, total)
            else:
                tau2 = _table_by_table(tau2_method, effects, variances, q, k)
            total, shift = _mean(1 / (variances + tau2[:, np.newaxis]), distances)
        mean = origin + shift
        se = 1 / np.sqrt(total)
        reach = critical_value(level) * se
        i2 = 100 * np.maximum(0.0, (q - df) / q)
    if k.min() < 2:
        q[k < 2] = i2[k < 2] = np.nan
        se[k == 0] = reach[k == 0] = tau2[k == 0] = np.nan
    i2[q == 0] = 0.0
    p_value = 2 * special.ndtr(-np.abs(mean / se))
    return ManyPooled(k, mean, se, mean - reach, mean + reach, p_value, tau2, q, i2)


def _checked(
    y: NDArray[np.float64], v: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.int64]]:
    """Effects and variances with 0 and infinity where a study is missing, which then has no weight; and k."""
    import numpy as np  # noqa: PLC0415 -- slow import

    if y.ndim != 2 or y.shape != v.shape:
        raise ValueError(
            f"effects have the shape {y.shape} and variances {v.shape}; both must be (tables, studies), the same"
        )
    tables, studies = y.shape
    if y.size == 0 or _in_range(y, v):
        return y, v, np.full(tables, studies)
    missing = np.isnan(y) & np.isnan(v)
    wrong = ~missing & ~(
        (np.abs(y) <= LARGEST_ESTIMATE) & (v >= LARGEST_ESTIMATE**-2) & (v <= LARGEST_ESTIMATE**2)
    )
    if wrong.any():
        table, study = np.argwhere(wrong)[0].tolist()
        raise ValueError(
            f"table {table}, study {study}: the effect {y[table, study]} with the variance {v[table, study]} cannot be"
            " pooled; the variance must be above zero, or both NaN where a study is missing"
        )
    return np.where(missing, 0.0, y), np.where(missing, np.inf, v), studies - missing.sum(axis=1)


def _in_range(y: NDArray[np.float64], v: NDArray[np.float64]) -> bool:
    """True if no study is missing and every number can be calculated with; a NaN makes every comparison false."""
    return bool(
        -LARGEST_ESTIMATE <= y.min() <= y.max() <= LARGEST_ESTIMATE
        and LARGEST_ESTIMATE**-2 <= v.min() <= v.max() <= LARGEST_ESTIMATE**2
    )


def _mean(
    weights: NDArray[np.float64], y: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Sum of weights and weighted mean of each row."""
    import numpy as np  # noqa: PLC0415 -- slow import

    total = np.einsum("ij->i", weights)
    return total, np.einsum("ij,ij->i", weights, y) / total


def _dersimonian_laird(
    q: NDArray[np.float64],
    df: NDArray[np.int64],
    weights: NDArray[np.float64],
    total: NDArray[np.float64],
) -> NDArray[np.float64]:
    import numpy as np  # noqa: PLC0415 -- slow import

    scale = total - np.einsum("ij,ij->i", weights, weights) / total
    dwarfed = scale < _DWARFED * total
    if dwarfed.any():
        ascending = np.sort(weights[dwarfed], axis=1)
        products = ascending[:, 1:] * np.cumsum(ascending, axis=1)[:, :-1]
        scale[dwarfed] = 2 * products.sum(axis=1) / total[dwarfed]
    tau2 = np.maximum(0.0, (q - df) / scale)
    tau2[df < 1] = 0.0
    return tau2


def _table_by_table(
    method: Tau2Method,
    y: NDArray[np.float64],
    v: NDArray[np.float64],
    q: NDArray[np.float64],
    k: NDArray[np.int64],
) -> NDArray[np.float64]:
    import numpy as np  # noqa: PLC0415 -- slow import

    present = np.isfinite(v)
    return np.array(
        [
            heterogeneity.estimate_tau2(method, y[row, there].tolist(), v[row, there].tolist(), float(q[row]))
            if k[row] > 1
            else 0.0
            for row, there in enumerate(present)
        ]
    )
