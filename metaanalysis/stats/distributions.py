"""Quantiles, tail probabilities and roots. Tails are always asked for directly, never as one minus the rest."""

from __future__ import annotations

from collections.abc import Callable


def two_sided_p(statistic: float, df: int | None = None) -> float:
    """P of a statistic that is standard normal, or Student's t with `df` degrees of freedom."""
    from scipy import special

    tail = special.ndtr(-abs(statistic)) if df is None else special.stdtr(df, -abs(statistic))
    return float(2 * tail)


def critical_value(level: float, df: int | None = None) -> float:
    """How many standard errors a two-sided interval of this level reaches: normal, or t with `df`."""
    from scipy import special

    lower_tail = (1 - level) / 2
    return float(-special.ndtri(lower_tail) if df is None else -special.stdtrit(df, lower_tail))


def chi2_upper_tail(statistic: float, df: int) -> float:
    """P that chi-squared with `df` degrees of freedom exceeds the statistic."""
    from scipy import special

    return float(special.chdtrc(df, statistic))


def chi2_quantile(upper_tail: float, df: int) -> float:
    """The value that chi-squared with `df` degrees of freedom exceeds with this probability."""
    from scipy import special

    return float(special.chdtri(df, upper_tail))


def root_between(function: Callable[[float], float], low: float, high: float) -> float:
    """Where the function crosses zero between two points of opposite sign, to the precision of a double (Brent)."""
    from scipy.optimize import brentq

    return float(brentq(function, low, high, xtol=1e-18 * high, rtol=1e-14, maxiter=500))
