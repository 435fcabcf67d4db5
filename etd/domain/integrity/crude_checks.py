"""The pooled effect against all patients of the row taken as one study."""

from __future__ import annotations

import math
from collections.abc import Iterator

from etd.domain.integrity.analysis import Crude, Fit, Pooled, crude, judged_as_wald, pooled
from etd.domain.integrity.distributions import NORMAL_CRITICAL
from etd.domain.integrity.rows import ReadRow
from etd.domain.integrity.table import INCONSISTENT, INFORMATIONAL, Table, TableFinding, found, number_text

# Right rows point both ways only where one of the two effects is near none: within so many standard errors, more with
# heterogeneity and with unequal arms.
_NEAR_NONE, _NEAR_NONE_A_POINT_OF_I2, _NEAR_NONE_UNEQUAL, _NEAR_NONE_AT_MOST = 0.2, 0.01, 0.25, 0.75
_UNEQUAL = 0.05
_FAR = 0.5
# Right pooled effects can lie a little more than half an interval away from the crude effect; not this much more.
_BEYOND_INTERVAL = 1.25
# With more heterogeneity than this, small studies can pull the pooled effect anywhere.
_MUCH_HETEROGENEITY = 40
_NARROW, _TOO_NARROW = 0.97, 0.9
_WIDE = 1.15


def crude_against_pooled(row: ReadRow) -> Iterator[TableFinding]:
    """All patients as one study against the pooled effect: outside the interval, the other way, or far."""
    counted, printed = crude(row), pooled(row)
    if counted is None or printed is None or counted.se <= 0 or printed.se[0] <= 0:
        return
    scales = _scales(row, counted, printed)
    printed = scales[0]
    # a Hartung-Knapp interval of two studies that agree by chance can be far narrower than its counts allow
    outside = min(
        _distance(counted.estimate, each.middle) / max(each.half_width[1], NORMAL_CRITICAL * counted.se)
        for each in scales
    )
    nearest = min(abs(end) for end in printed.middle) if printed.middle[0] * printed.middle[1] > 0 else 0.0
    opposite = nearest > 0 and counted.estimate * printed.middle[0] < 0
    beyond = outside > _BEYOND_INTERVAL and _is_comparable(row)
    smaller = min(abs(counted.estimate), nearest) / max(printed.se[1], counted.se)
    evidence = _crude_evidence(row, counted, printed)
    if opposite:
        strong = smaller > _largest_near_none(row)
        yield found(
            row,
            "estimate",
            "direction_against_counts",
            INCONSISTENT if strong or beyond else INFORMATIONAL,
            f"{row.effect_text} points one way, the counts of the two arms the other."
            + (
                " Are the arms exchanged, or is the ratio turned round?"
                if row.is_ratio
                else " Are the arms exchanged?"
            ),
            evidence,
        )
    elif outside > 1:
        yield found(
            row,
            "estimate",
            "crude_outside_interval",
            INCONSISTENT if beyond else INFORMATIONAL,
            f"The {row.measure} of all patients taken together lies outside {row.effect_text}.",
            evidence,
        )
    elif _distance(counted.estimate, printed.middle) > _FAR * printed.se[1]:
        yield found(
            row,
            "estimate",
            "crude_far_from_pooled",
            INFORMATIONAL,
            f"The {row.measure} of all patients taken together is more than half a standard error away from"
            f" {row.effect_text}.",
            f"{evidence} Under heterogeneity, or with unequal arms, right rows do this too.",
        )


def _distance(value: float, span: tuple[float, float]) -> float:
    return max(span[0] - value, value - span[1], 0.0)


def _largest_near_none(row: ReadRow) -> float:
    """How far from none, in standard errors, both effects of a right row can be when they point both ways.

    Risk ratios and risk differences are weighted otherwise than by people, as risks differ between studies.
    """
    i2, arms = row.numbers.get("i2"), row.both_arms()
    if i2 is None or arms is None or row.measure != "OR":
        return _NEAR_NONE_AT_MOST
    people = arms[0][1] / arms[1][1]
    unequal = _NEAR_NONE_UNEQUAL if abs(math.log(people)) > _UNEQUAL else 0.0
    return min(_NEAR_NONE + unequal + _NEAR_NONE_A_POINT_OF_I2 * float(i2.high), _NEAR_NONE_AT_MOST)


def _is_comparable(row: ReadRow) -> bool:
    """Whether the pooled effect of right studies stays near that of all their patients."""
    i2 = row.numbers.get("i2")
    return row.measure == "OR" and i2 is not None and i2.value <= _MUCH_HETEROGENEITY


def _is_homogeneous(row: ReadRow) -> bool:
    i2 = row.numbers.get("i2")
    return i2 is not None and i2.value == 0


def _scales(row: ReadRow, counted: Crude, printed: Pooled) -> tuple[Pooled, ...]:
    """A risk difference is printed as a proportion or in percentage points; first the one
    whose width is nearer to that of the counts."""
    if row.measure != "RD":
        return (printed,)
    both = (printed, printed.scaled(0.01))
    return tuple(sorted(both, key=lambda each: abs(math.log(max(each.se[1], 1e-300) / counted.se))))


def _crude_evidence(row: ReadRow, counted: Crude, printed: Pooled) -> str:
    arms = row.both_arms()
    assert arms is not None  # or there were no crude effect
    (a, n), (c, m) = arms
    arithmetic = {
        "OR": f"({a} × {m - c}) / ({n - a} × {c})",
        "RR": f"({a} / {n}) / ({c} / {m})",
        "RD": f"{a} / {n} − {c} / {m}",
    }[row.measure]
    value = _safe_exp(counted.estimate) if row.is_ratio else counted.estimate
    middle = sum(printed.middle) / 2
    away = abs(counted.estimate - middle) * 2 / sum(printed.se)
    text = (
        f"All patients as one study: {arithmetic} = {number_text(value)}, printed {row.effect_text};"
        f" {away:.1f} standard errors apart."
    )
    if row.is_ratio and counted.estimate * middle < 0 and abs(counted.estimate + middle) < printed.se[1]:
        text += f" With the arms exchanged it would be {number_text(_safe_exp(-counted.estimate))}."
    return text


def _safe_exp(value: float) -> float:
    return math.exp(min(value, 700.0))


def width_against_heterogeneity(table: Table, place: int) -> Iterator[TableFinding]:
    """A Wald interval is as wide as the crude one without heterogeneity, and wider with it.

    Of odds ratios only: the risk ratio and the risk difference gain from risks that differ between studies.
    """
    row = table.rows[place]
    counted, printed = crude(row), pooled(row)
    if row.measure != "OR" or counted is None or printed is None or counted.se <= 0 or printed.se[1] <= 0:
        return
    test = table.p_tests.get(place)
    if test is None or not (
        judged_as_wald(row, test, table.other_p_tests(place)) or test.fit is Fit.WALD_ONLY
    ):
        return
    widest, narrowest = printed.se[1] / counted.se, printed.se[0] / counted.se
    arithmetic = (
        f"Standard error from the interval {number_text(printed.se[0])} to {number_text(printed.se[1])}; of all"
        f" patients as one study {number_text(counted.se)}; ratio {narrowest:.2f} to {widest:.2f}."
    )
    if widest < _NARROW:
        yield found(
            row,
            "ci_low",
            "interval_too_narrow",
            INCONSISTENT if widest < _TOO_NARROW else INFORMATIONAL,
            f"The interval of {row.effect_text} is narrower than these counts allow.",
            f"{arithmetic} Pooling does not make an interval narrower than that of all patients together.",
        )
    elif narrowest > _WIDE and _is_homogeneous(row):
        yield found(
            row,
            "i2",
            "wide_without_heterogeneity",
            INFORMATIONAL,
            f"The interval of {row.effect_text} is wide for these counts, and I² is 0%.",
            f"{arithmetic} Without heterogeneity the ratio is near 1.",
        )
