"""The horizontal axis that effects are drawn on, in small plots and in forest plots alike.

Ratios (OR, RR, HR) are drawn on a log axis around 1, differences and effects as given on a linear one around 0.
Positions are strings with one decimal, made here, so that no locale can put a comma into an SVG.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

RATIO_MEASURES = frozenset({"OR", "RR", "HR"})
# Differences in the unit of their own outcome, kg or days: two outcomes have no common scale.
OWN_UNITS = frozenset({"MD", "GIV"})
_ABSURD = 1e300
_RATIO_TICKS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0)


@dataclass(frozen=True)
class Axis:
    """An axis from `low` to `high` (natural scale) over `width` units of drawing, starting at `left`."""

    low: float
    high: float
    ratio: bool
    width: float
    left: float = 0.0

    @property
    def no_effect(self) -> float:
        return 1.0 if self.ratio else 0.0

    def position(self, value: float) -> float:
        """Where `value` lies, clamped to the ends of the axis."""
        value = min(max(value, self.low), self.high)
        if self.ratio:
            share = math.log(value / self.low) / math.log(self.high / self.low)
        else:
            share = (value - self.low) / (self.high - self.low)
        return self.left + share * self.width

    def x(self, value: float) -> str:
        return f"{self.position(value):.1f}"

    def cuts_low(self, value: float) -> bool:
        return value < self.low

    def cuts_high(self, value: float) -> bool:
        return value > self.high

    def ticks(self) -> list[tuple[str, str]]:
        """Pairs of position and label."""
        if self.ratio:
            values = [t for t in _RATIO_TICKS if self.low <= t * 1.0001 and t <= self.high * 1.0001]
            if len(values) < 3:
                values = [self.low, 1.0, self.high]
            return [(self.x(v), f"{v:.3g}") for v in values]
        quarter = (self.high - self.low) / 4
        step = _nice_step(quarter)
        if step > self.high:  # 5 beside an end of 4.5, say: no tick but the zero would lie on the axis
            step = _nice_step(quarter / 2)
        first = math.ceil(self.low / step - 1e-9)
        last = math.floor(self.high / step + 1e-9)
        decimals = max(0, -math.floor(math.log10(step) + 1e-9))
        return [
            (self.x(i * step), f"{i * step:.{decimals}f}".replace("-", "−") if i else "0")
            for i in range(first, last + 1)
        ]


def _nice_step(rough: float) -> float:
    power = 10.0 ** math.floor(math.log10(rough))
    return next(m * power for m in (1.0, 2.0, 5.0, 10.0) if m * power >= rough * 0.999)


def axis_for(
    measure: str,
    intervals: Iterable[tuple[float, float]],
    *,
    width: float,
    left: float = 0.0,
    widest: float = 10.0,
) -> Axis:
    """An axis that holds the intervals (natural scale), symmetric about no effect.

    A ratio axis reaches at most from 1/`widest` to `widest`; what lies beyond is cut, and the plot shows an
    arrow there.
    """
    pairs = [pair for pair in intervals if all(math.isfinite(v) for v in pair)]
    if measure in RATIO_MEASURES:
        reach = max((abs(math.log(v)) for pair in pairs for v in pair if v > 0), default=math.log(2))
        wanted = min(math.exp(min(reach, math.log(widest))) * 1.05, widest)
        end = next((t for t in (1.5, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0) if t >= wanted), widest)
        return Axis(low=1 / end, high=end, ratio=True, width=width, left=left)
    reach = min(max((abs(v) for pair in pairs for v in pair), default=0.0), _ABSURD) * 1.05
    if reach < 1 / _ABSURD:
        reach = 1.0
    return Axis(low=-reach, high=reach, ratio=False, width=width, left=left)


def favours(measure: str, better: str, *, intervention: str, comparison: str) -> tuple[str, str]:
    """What lies left and right of no effect: the labels of the arms, by the outcome's polarity.

    Right is more of the outcome under the intervention: more events, a higher mean, a greater hazard.
    """
    left, right = (comparison, intervention) if better == "higher" else (intervention, comparison)
    return f"favours {left}", f"favours {right}"
