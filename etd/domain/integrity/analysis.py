"""What a row's printed interval, P and counts say about each other, as numbers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from fractions import Fraction

from etd.domain.integrity.distributions import critical, log_choose
from etd.domain.integrity.geometry import Shape, Strip, shape
from etd.domain.integrity.printed import Printed
from etd.domain.integrity.rows import ReadRow

# A bound printed as 0.00 may be as near to 0 as it likes; exp() of this is.
_NEARLY_MINUS_INFINITY = -600.0
_P_TOLERANCE = 1e-9
# So many other rows, or all others and at least two, must fit Wald intervals only before Hartung-Knapp is ruled out.
_WALD_ROWS, _FEWEST_WALD_ROWS = 5, 2
# Beyond this the tests of one study's counts agree with each other, and Fisher's would take long.
_MOST_PEOPLE_OF_ONE_STUDY = 20_000
# With fewer events than this a study, or with few studies, some may have none and drop out, and k - 1 counts them all.
# So may small studies where events are rare.
_FEW_EVENTS, _FEW_STUDIES, _RARE = 30, 5, 0.15
# Wald intervals are rarely wider than this beside that of all patients as one study, once I² has widened it.
_WIDE_FOR_WALD = 1.15
_NEAR_MISS = 0.01


class Fit(StrEnum):
    """Which 95% intervals a row's P can come from: Wald's, Student's t with k - 1 (Hartung-Knapp), both, neither."""

    WALD_ONLY = "wald"
    T_ONLY = "t"
    BOTH = "both"
    NEITHER = "neither"


@dataclass(frozen=True, slots=True)
class PTest:
    """The joint test of P and interval.

    `t_ranges` is empty where the number of studies is not above 1. The first belongs to k - 1 = `degrees` of freedom,
    others to fewer, where studies may have dropped out. `fit` is asked of every row for every other one, and kept.
    """

    printed: Printed
    wald_range: tuple[float, float]
    t_ranges: tuple[tuple[float, float], ...]
    degrees: int | None
    fit: Fit = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "fit", self._fit())

    @property
    def t_range(self) -> tuple[float, float] | None:
        return self.t_ranges[0] if self.t_ranges else None

    def _fit(self) -> Fit:
        wald = _overlap(self.printed, self.wald_range)
        t = any(_overlap(self.printed, each) for each in self.t_ranges)
        if wald and t:
            return Fit.BOTH
        return Fit.WALD_ONLY if wald else Fit.T_ONLY if t else Fit.NEITHER


def _overlap(printed: Printed, allowed: tuple[float, float]) -> bool:
    return (
        float(printed.low) <= allowed[1] + _P_TOLERANCE and float(printed.high) >= allowed[0] - _P_TOLERANCE
    )


def strip(number: Printed, *, is_ratio: bool) -> Strip:
    """The values that a printed number stands for on the analysis scale."""
    if not is_ratio:
        return Strip(float(number.low), float(number.high))
    return Strip(_log(number.low), _log(number.high))


def _log(value: Fraction) -> float:
    """A ratio of two long numbers may overflow as a float; the logarithm of each does not."""
    return math.log(value.numerator) - math.log(value.denominator) if value > 0 else _NEARLY_MINUS_INFINITY


def interval_shape(row: ReadRow) -> Shape | None:
    """None where there is no estimate with two bounds, or where they cannot be on the scale of the measure."""
    effect = row.effect()
    if effect is None or (row.is_ratio and any(number.value < 0 or number.high <= 0 for number in effect)):
        return None
    return shape(*(strip(number, is_ratio=row.is_ratio) for number in effect))


def p_test(row: ReadRow) -> PTest | None:
    """None without P, or without a symmetrical interval."""
    return p_test_of(row, interval_shape(row))


def p_test_of(row: ReadRow, polygon: Shape | None) -> PTest | None:
    """The row's P against another interval than its own; None as `p_test`."""
    printed = row.numbers.get("p_value")
    if printed is None or polygon is None or not polygon.corners:
        return None
    studies = row.count("k")
    degrees = studies - 1 if studies is not None and studies >= 2 else None
    t_ranges = tuple(polygon.p_range(each) for each in _possible_degrees(row, degrees)) if degrees else ()
    return PTest(printed, polygon.p_range(None), t_ranges, degrees)


def _possible_degrees(row: ReadRow, degrees: int) -> range:
    arms = row.both_arms()
    events = sum(min(events, people - events) for events, people in arms) if arms else None
    few = events is not None and events < _FEW_EVENTS * (degrees + 1)
    rare = events is not None and arms is not None and events < _RARE * sum(people for _, people in arms)
    if few or rare or degrees < _FEW_STUDIES:
        return range(degrees, max(0, degrees - 10), -1)
    return range(degrees, degrees - 1, -1)


@dataclass(frozen=True, slots=True)
class WaldTable:
    """Why a row is judged as Wald: the other rows whose P fits only a Wald interval, by their numbers."""

    rows: tuple[int, ...]


def judged_as_wald(row: ReadRow, test: PTest, others: Sequence[tuple[ReadRow, PTest]]) -> WaldTable | None:
    """Whether the other rows show that this table has Wald intervals; None leaves Hartung-Knapp possible.

    A right row with a Hartung-Knapp interval never fits Wald's alone. But programs that make Hartung-Knapp intervals
    only under heterogeneity mix both in one table: then rows that fit Hartung-Knapp's alone stand among the others, or
    no row that fits Wald's alone has as much heterogeneity as this one; or this interval is wide for Wald's, beside
    its counts, or P nearly fits it. For a row that fits neither, where only the words depend on it, one in five may
    fit Hartung-Knapp's alone.
    """
    wald = [other for other, its in others if its.fit is Fit.WALD_ONLY]
    enough = len(wald) >= _WALD_ROWS or len(wald) == len(others) >= _FEWEST_WALD_ROWS
    strays = sum(other.fit is Fit.T_ONLY for _, other in others)
    if not enough or strays > (0 if test.fit is Fit.T_ONLY else len(wald) // 5):
        return None
    i2 = _i2(row)
    if i2 and not any((_i2(other) or 0) >= i2 for other in wald if (other.count("k") or 0) >= 3):
        return None
    if test.fit is Fit.T_ONLY and (_is_wide_for_wald(row) or _just_misses_wald(row, test)):
        return None
    return WaldTable(tuple(other.row for other in wald))


def _is_wide_for_wald(row: ReadRow) -> bool:
    """Whether heterogeneity explains too little of this width, and Student's t may."""
    counted, printed, i2 = crude(row), pooled(row), row.numbers.get("i2")
    if counted is None or printed is None or counted.se <= 0 or i2 is None:
        return False
    width = scales(row, counted, printed)[0].se[0] / counted.se
    return width * math.sqrt(max(0.0, 1 - float(i2.high) / 100)) > _WIDE_FOR_WALD


def _just_misses_wald(row: ReadRow, test: PTest) -> bool:
    """Of other measures than the odds ratio the width says less, so that a near miss is not enough."""
    miss = max(test.wald_range[0] - float(test.printed.high), float(test.printed.low) - test.wald_range[1])
    return row.measure != "OR" and miss < _NEAR_MISS


def _i2(row: ReadRow) -> Fraction | None:
    number = row.numbers.get("i2")
    return None if number is None else number.value


def single_study_p(row: ReadRow) -> dict[str, float]:
    """P of the usual tests of one study's counts: without and with Yates' correction, and Fisher's exact test."""
    arms = row.both_arms()
    if arms is None:
        return {}
    (a, n), (c, m) = arms
    if not (0 <= a <= n and 0 <= c <= m and 0 < a + c < n + m) or n + m > _MOST_PEOPLE_OF_ONE_STUDY:
        return {}
    gap = abs(a * (m - c) - c * (n - a))
    below = math.sqrt(n * m * (a + c) * (n + m - a - c) / (n + m))
    yates = max(0.0, gap - (n + m) / 2) / below
    return {
        "the chi-squared test": math.erfc(gap / below / math.sqrt(2)),
        "the chi-squared test with Yates' correction": math.erfc(yates / math.sqrt(2)),
        "Fisher's exact test": _fisher(a, n, c, m),
    }


def _fisher(a: int, n: int, c: int, m: int) -> float:
    """Two-sided: all tables with the same margins that are no more likely than this one."""

    def likelihood(events: int) -> float:
        return log_choose(n, events) + log_choose(m, a + c - events) - log_choose(n + m, a + c)

    seen = likelihood(a) + 1e-7
    possible = range(max(0, a + c - m), min(n, a + c) + 1)
    return min(1.0, sum(math.exp(value) for value in map(likelihood, possible) if value <= seen))


@dataclass(frozen=True, slots=True)
class Crude:
    """The effect of all patients of a row taken as one study, on the analysis scale."""

    estimate: float
    se: float


def crude(row: ReadRow) -> Crude | None:
    """For OR, RR and RD, where no cell is empty."""
    arms = row.both_arms()
    if row.measure not in ("OR", "RR", "RD") or arms is None:
        return None
    (a, n), (c, m) = arms
    if not (0 < a < n and 0 < c < m):
        return None
    if row.measure == "OR":
        estimate = math.log(a) + math.log(m - c) - math.log(n - a) - math.log(c)
        return Crude(estimate, math.sqrt(1 / a + 1 / (n - a) + 1 / c + 1 / (m - c)))
    if row.measure == "RR":
        estimate = math.log(a) - math.log(n) - math.log(c) + math.log(m)
        return Crude(estimate, math.sqrt(max(0.0, 1 / a - 1 / n + 1 / c - 1 / m)))
    p, q = a / n, c / m
    return Crude(p - q, math.sqrt(p * (1 - p) / n + q * (1 - q) / m))


@dataclass(frozen=True, slots=True)
class Pooled:
    """The printed effect on the analysis scale: the range of its middle and of its half width.

    `degrees` of freedom of the interval, None for Wald's.
    """

    middle: tuple[float, float]
    half_width: tuple[float, float]
    degrees: int | None = None

    @property
    def se(self) -> tuple[float, float]:
        """Smallest and largest standard error."""
        times = critical(self.degrees)
        return self.half_width[0] / times, self.half_width[1] / times

    def scaled(self, factor: float) -> Pooled:
        (a, b), (c, d) = self.middle, self.half_width
        return Pooled((a * factor, b * factor), (c * factor, d * factor), self.degrees)


def pooled(row: ReadRow, degrees: int | None = None) -> Pooled | None:
    """None where there is no symmetrical interval of some width."""
    polygon = interval_shape(row)
    if polygon is None or not polygon.corners or polygon.widths[1] <= 0:
        return None
    middles = [m for m, _ in polygon.corners]
    return Pooled((min(middles), max(middles)), polygon.widths, degrees)


def scales(row: ReadRow, counted: Crude, printed: Pooled) -> tuple[Pooled, ...]:
    """A risk difference is printed as a proportion or in percentage points; first the one
    whose width is nearer to that of the counts."""
    if row.measure != "RD":
        return (printed,)
    both = (printed, printed.scaled(0.01))
    return tuple(sorted(both, key=lambda each: abs(math.log(max(each.se[1], 1e-300) / counted.se))))
