"""Tails of the normal and of Student's t distribution, without any package.

t with a whole number of degrees of freedom has a closed form: Abramowitz and Stegun, Handbook of Mathematical
Functions (1964), 26.7.3 and 26.7.4.
"""

from __future__ import annotations

import math
from functools import lru_cache

# For a 95% interval: the 97.5th percentile of the normal distribution.
NORMAL_CRITICAL = 1.959963984540054
# From here on t and normal differ by less than any printed P value shows, and the sums would be long.
MANY_DEGREES = 400


def two_sided_p(statistic: float, degrees: int | None) -> float:
    """P of |statistic|, normal where `degrees` is None, else Student's t with that many (at least 1)."""
    size = abs(statistic)
    if degrees is None or degrees > MANY_DEGREES:
        return math.erfc(size / math.sqrt(2))
    return max(0.0, 1.0 - _t_central(size, degrees))


@lru_cache(maxsize=1024)
def critical(degrees: int | None) -> float:
    """The statistic with a two-sided P of 0.05."""
    if degrees is None or degrees > MANY_DEGREES:
        return NORMAL_CRITICAL
    low, high = 1.0, 20.0
    for _ in range(60):
        middle = (low + high) / 2
        if two_sided_p(middle, degrees) > 0.05:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def _t_central(t: float, degrees: int) -> float:
    """The probability between -t and t."""
    if t > 1e150:
        return 1.0
    theta = math.atan(t / math.sqrt(degrees))
    cos2 = math.cos(theta) ** 2
    term, total = 1.0, 1.0
    first = 1 if degrees % 2 == 0 else 2
    for step in range(first, degrees - 2, 2):
        term *= cos2 * step / (step + 1)
        total += term
    if degrees % 2 == 0:
        return math.sin(theta) * total
    if degrees == 1:
        return 2 * theta / math.pi
    return 2 / math.pi * (theta + math.sin(theta) * math.cos(theta) * total)


def log_choose(n: int, k: int) -> float:
    """The natural logarithm of the number of ways to choose k of n."""
    return math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)
