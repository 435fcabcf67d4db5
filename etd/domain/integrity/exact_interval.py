"""The exact odds ratio of one study: conditional on both margins, as R's fisher.test and others print it.

The number of events in one arm then has Fisher's noncentral hypergeometric distribution (Breslow and Day, Statistical
Methods in Cancer Research I, 1980, 4.2): the estimate is the ratio under which the mean is what was seen, the bounds
those under which what was seen or more extreme has a probability of 2.5%.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from etd.domain.integrity.distributions import log_choose

_MOST_EVENTS = 5_000
_WIDEST = 20.0


def exact_odds_ratio(
    intervention: tuple[int, int], comparison: tuple[int, int]
) -> tuple[float, float, float] | None:
    """Estimate, lower and upper 95% bound on the log scale; None with an empty cell, or with very many events."""
    (a, n), (c, m) = intervention, comparison
    if not (0 < a < n and 0 < c < m) or a + c > _MOST_EVENTS:
        return None
    events = range(max(0, a + c - m), min(n, a + c) + 1)
    likelihoods = [log_choose(n, x) + log_choose(m, a + c - x) for x in events]

    def shares(log_ratio: float) -> list[float]:
        logs = [likelihood + x * log_ratio for x, likelihood in zip(events, likelihoods, strict=True)]
        most = max(logs)
        weights = [math.exp(each - most) for each in logs]
        total = math.fsum(weights)
        return [weight / total for weight in weights]

    def mean(log_ratio: float) -> float:
        return math.fsum(x * share for x, share in zip(events, shares(log_ratio), strict=True))

    place = a - events[0]
    return (
        _where(mean, a),
        _where(lambda log_ratio: math.fsum(shares(log_ratio)[place:]), 0.025),
        _where(lambda log_ratio: -math.fsum(shares(log_ratio)[: place + 1]), -0.025),
    )


def _where(rising: Callable[[float], float], value: float) -> float:
    """The log odds ratio at which a rising function has this value."""
    low, high = -_WIDEST, _WIDEST
    for _ in range(50):
        middle = (low + high) / 2
        if rising(middle) < value:
            low = middle
        else:
            high = middle
    return (low + high) / 2
