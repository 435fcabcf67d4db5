"""All the intervals that a printed estimate and its printed bounds can stand for.

An interval around the middle m with half its width w, on the scale on which it is symmetrical, is a point (m, w).
Each printed number allows a strip of points: m between the ends of the estimate's rounding range, m - w and m + w
between those of the bounds. The three strips cut out a polygon; where it is empty, no symmetrical interval is printed
so. The ratio |m|/w, from which P follows, has its smallest and largest value at corners.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from etd.domain.integrity.distributions import critical, two_sided_p

Point = tuple[float, float]
# Corners are found in floating-point numbers: an interval that touches a rounding range in one point is allowed.
TOLERANCE = 1e-9


@dataclass(frozen=True, slots=True)
class Strip:
    """Values from `low` to `high` on the analysis scale."""

    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Shape:
    """The polygon of (middle, half width). No corner: no symmetrical interval rounds to these numbers."""

    corners: tuple[Point, ...]

    @property
    def widths(self) -> tuple[float, float]:
        """The smallest and largest half width."""
        return min(w for _, w in self.corners), max(w for _, w in self.corners)

    def p_range(self, degrees: int | None) -> tuple[float, float]:
        """The smallest and largest P of a 95% interval: Wald, or of Student's t with `degrees` of freedom."""
        return self._p_range(critical(degrees), degrees)

    def wald_p_range(self, times: float) -> tuple[float, float]:
        """The same of a Wald interval that reaches `times` standard errors to each side."""
        return self._p_range(times, None)

    def _p_range(self, times: float, degrees: int | None) -> tuple[float, float]:
        middles = [m for m, _ in self.corners]
        ratios = [abs(m) / w if w > 0 else math.inf for m, w in self.corners]
        nearest = 0.0 if min(middles) <= 0 <= max(middles) else min(ratios)
        return two_sided_p(times * max(ratios), degrees), two_sided_p(times * nearest, degrees)


def shape(estimate: Strip, low: Strip, high: Strip) -> Shape:
    """The points that all three strips share."""
    size = max(abs(end) for strip in (estimate, low, high) for end in (strip.low, strip.high))
    slack = TOLERANCE * max(1.0, size) if size > 1 else TOLERANCE * size
    corners: Sequence[Point] = (
        (estimate.low - slack, 0.0),
        (estimate.high + slack, 0.0),
        (estimate.high + slack, 2 * size + 1),
        (estimate.low - slack, 2 * size + 1),
    )
    for sign, strip in ((-1, low), (1, high)):
        corners = _cut(corners, sign, strip.low - slack, above=True)
        corners = _cut(corners, sign, strip.high + slack, above=False)
    return Shape(tuple(corners))


def _cut(corners: Sequence[Point], sign: int, limit: float, *, above: bool) -> list[Point]:
    """What is left of a convex polygon on one side of m + sign * w = limit (Sutherland and Hodgman 1974)."""
    kept: list[Point] = []
    for number, point in enumerate(corners):
        before = corners[number - 1]
        inside, was_inside = ((p[0] + sign * p[1] - limit) * (1 if above else -1) for p in (point, before))
        if (inside >= 0) != (was_inside >= 0):
            share = was_inside / (was_inside - inside)
            kept.append(
                (before[0] + share * (point[0] - before[0]), before[1] + share * (point[1] - before[1]))
            )
        if inside >= 0:
            kept.append(point)
    return kept
