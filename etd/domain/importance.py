"""How important an outcome is for the decision: what members' ratings from 1 to 9 say together.

Source: GRADE guidelines 2 (Guyatt et al., J Clin Epidemiol 2011;64:395-400): 1 to 3 of limited importance, 4 to 6
important, 7 to 9 critical.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from statistics import median, quantiles

SCALE = range(1, 10)
BANDS = (("limited", range(1, 4)), ("important", range(4, 7)), ("critical", range(7, 10)))


@dataclass(frozen=True)
class Ratings:
    """All ratings of one outcome. Quartiles by linear interpolation between the ratings (R's type 7)."""

    n: int
    median: float
    lower_quartile: float
    upper_quartile: float
    counts: tuple[int, ...]

    @property
    def text(self) -> str:
        """`7 (5 to 8), 9 raters`: the median, the middle half of the ratings, how many there are."""
        if self.n == 1:
            return f"{self.median:g}, 1 rater"
        spread = f"{self.lower_quartile:g} to {self.upper_quartile:g}"
        return f"{self.median:g} ({spread}), {self.n} raters"

    @property
    def band(self) -> str:
        """The class that the median falls into; empty where it lies between two (3.5, 6.5)."""
        return next((name for name, band in BANDS if band[0] <= self.median <= band[-1]), "")


def ratings(values: Iterable[int]) -> Ratings | None:
    """What the ratings say together; None without one. Raises ValueError for a rating outside 1 to 9."""
    given = sorted(values)
    if not given:
        return None
    if given[0] not in SCALE or given[-1] not in SCALE:
        raise ValueError("Importance is rated from 1 to 9.")
    lower, _, upper = quantiles(given, n=4, method="inclusive") if len(given) > 1 else given * 3
    return Ratings(
        n=len(given),
        median=float(median(given)),
        lower_quartile=float(lower),
        upper_quartile=float(upper),
        counts=tuple(given.count(value) for value in SCALE),
    )
