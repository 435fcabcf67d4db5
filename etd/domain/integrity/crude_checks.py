"""The pooled effect against all patients of the row taken as one study."""

from __future__ import annotations

import math
from collections.abc import Iterator

from etd.domain.integrity.analysis import Crude, Fit, Pooled, PTest, crude, judged_as_wald, pooled, scales
from etd.domain.integrity.distributions import NORMAL_CRITICAL
from etd.domain.integrity.rows import ReadRow
from etd.domain.integrity.suspects import exchanged_counts
from etd.domain.integrity.table import INCONSISTENT, INFORMATIONAL, Table, TableFinding, found, number_text

# Right rows point both ways only where one of the two effects is near none. How near, in standard errors: from
# simulations in which no right row went beyond (docs/checks.md).
_NEAR_NONE, _NEAR_NONE_OF_I2, _NEAR_NONE_NARROW = 0.2, 0.35, 0.15
_NEAR_NONE_OTHER, _NEAR_NONE_OTHER_OF_I2, _NEAR_NONE_OTHER_NARROW = 0.45, 0.9, 1.5
_UNKNOWN_I2 = 0.55
# Below this risk a pooled risk difference is that of the studies with hardly any events, and half an event added to
# empty cells moves the pooled odds ratio.
_RARE, _BIAS_OF_RARE = 0.1, 0.05
# How far unequal arms and unequal studies can move the odds ratio of all patients, on the logarithmic scale: where one
# arm is larger, studies with high risks may have more people in it. A wide interval shows studies that differ.
_UNEQUAL, _BIAS_OF_UNEQUAL, _BIAS_OF_WIDTH, _LEAST_WIDTH = 0.02, 0.5, 0.01, 1.04
_FAR = 0.5
# Right pooled effects can lie a little more than half an interval away from the crude effect; not so many times, and,
# as intervals of many patients are narrow, not so much more on the logarithmic scale.
_BEYOND_INTERVAL, _BEYOND_INTERVAL_LOG = 1.25, 0.25
# With more heterogeneity than this, small studies can pull the pooled effect anywhere.
_MUCH_HETEROGENEITY = 40
_NARROW, _TOO_NARROW = 0.97, 0.9
_WIDE = 1.15
_ADJUSTED = "An effect that was adjusted need not follow its counts."


def crude_against_pooled(table: Table, place: int) -> Iterator[TableFinding]:
    """All patients as one study against the pooled effect: outside the interval, the other way, or far."""
    row = table.rows[place]
    counted, printed = crude(row), pooled(row, _degrees(table.p_tests.get(place)))
    if counted is None or printed is None or counted.se <= 0 or printed.se[0] <= 0:
        return
    possible = scales(row, counted, printed)
    printed = possible[0]
    # a Hartung-Knapp interval of two studies that agree by chance can be far narrower than its counts allow
    outside = min(
        _distance(counted.estimate, each.middle) / max(each.half_width[1], NORMAL_CRITICAL * counted.se)
        for each in possible
    )
    nearest = min(abs(end) for end in printed.middle) if printed.middle[0] * printed.middle[1] > 0 else 0.0
    opposite = nearest > 0 and counted.estimate * printed.middle[0] < 0
    beyond = (
        outside > _BEYOND_INTERVAL
        and _distance(counted.estimate, printed.middle) > printed.half_width[1] + _BEYOND_INTERVAL_LOG
        and _is_comparable(row)
    )
    smaller = min(abs(counted.estimate), nearest) / max(printed.se[1], counted.se)
    evidence = _crude_evidence(row, counted, printed)
    if opposite:
        if not _fits_exchanged(counted, printed):
            evidence = " ".join([evidence, *exchanged_counts(row)])
        strong = smaller > _largest_near_none(row, counted, printed)
        yield found(
            row,
            "estimate",
            "direction_against_counts",
            INCONSISTENT if strong or beyond else INFORMATIONAL,
            f"{row.effect_text} points one way, the counts of the two arms the other."
            f" {_exchange_hint(row, counted, printed)}",
            f"{evidence} {_ADJUSTED}",
        )
    elif outside > 1:
        yield found(
            row,
            "estimate",
            "crude_outside_interval",
            INCONSISTENT if beyond else INFORMATIONAL,
            f"The {row.measure} of all patients taken together lies outside {row.effect_text}.",
            " ".join([evidence, *exchanged_counts(row), _ADJUSTED]),
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


def _degrees(test: PTest | None) -> int | None:
    """Of Student's t, where P fits no Wald interval."""
    return test.degrees if test is not None and test.fit is Fit.T_ONLY else None


def _distance(value: float, span: tuple[float, float]) -> float:
    return max(span[0] - value, value - span[1], 0.0)


def _largest_near_none(row: ReadRow, counted: Crude, printed: Pooled) -> float:
    """How far from none, in standard errors, both effects of a right row can be when they point both ways.

    Risk ratios and risk differences are weighted otherwise than by people, as risks differ between studies; then their
    intervals are narrower than those of all patients. A risk difference of rare events says nothing here.
    """
    arms = row.both_arms()
    assert arms is not None  # or there were no crude effect
    width = printed.se[1] / counted.se
    bias = _BIAS_OF_UNEQUAL * max(0.0, abs(math.log(arms[0][1] / arms[1][1])) - _UNEQUAL)
    rare = arms[0][0] + arms[1][0] < _RARE * (arms[0][1] + arms[1][1])
    if row.measure != "OR":
        if row.measure == "RD" and rare:
            return math.inf
        near = _NEAR_NONE_OTHER + _NEAR_NONE_OTHER_OF_I2 * _largest_i2(row)
        return near + _NEAR_NONE_OTHER_NARROW * max(0.0, 1 - width) + bias / _log_odds_ratio_se(*arms)
    bias += _BIAS_OF_RARE if rare else 0.0
    bias += _BIAS_OF_WIDTH * math.sqrt(max(width, _LEAST_WIDTH) ** 2 - 1)
    near = _NEAR_NONE + _NEAR_NONE_OF_I2 * _largest_i2(row) + (_NEAR_NONE_NARROW if width < 1 else 0.0)
    return near + bias / counted.se


def _largest_i2(row: ReadRow) -> float:
    """The largest I² that is printed so, as a proportion. One study has none; where it is missing, much is allowed."""
    i2 = row.numbers.get("i2")
    if i2 is not None:
        return float(i2.high) / 100
    return 0.0 if row.count("k") == 1 else _UNKNOWN_I2


def _log_odds_ratio_se(intervention: tuple[int, int], comparison: tuple[int, int]) -> float:
    (a, n), (c, m) = intervention, comparison
    return math.sqrt(1 / a + 1 / (n - a) + 1 / c + 1 / (m - c))


def _is_comparable(row: ReadRow) -> bool:
    """Whether the pooled effect of right studies stays near that of all their patients."""
    i2 = row.numbers.get("i2")
    return row.measure == "OR" and i2 is not None and i2.value <= _MUCH_HETEROGENEITY


def _is_homogeneous(row: ReadRow) -> bool:
    i2 = row.numbers.get("i2")
    return i2 is not None and i2.value == 0


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
    if counted.estimate * middle < 0 and _fits_exchanged(counted, printed):
        exchanged = _safe_exp(-counted.estimate) if row.is_ratio else -counted.estimate
        text += f" With the arms exchanged it would be {number_text(exchanged)}"
        text += (
            f"; turned round, the printed one would be {number_text(_safe_exp(-middle))}."
            if row.is_ratio
            else "."
        )
    return text


def _fits_exchanged(counted: Crude, printed: Pooled) -> bool:
    return _distance(-counted.estimate, printed.middle) < max(printed.se[1], counted.se)


def _exchange_hint(row: ReadRow, counted: Crude, printed: Pooled) -> str:
    if not _fits_exchanged(counted, printed):
        return "To exchange the arms would not bring them together: one of the numbers may be mistaken."
    return (
        "Are the arms exchanged, or is the ratio turned round?"
        if row.is_ratio
        else "Are the arms exchanged, or is the sign turned round?"
    )


def _least_se(row: ReadRow) -> float:
    """Of the log odds ratio of all patients as other methods have it; 0 where k is missing.

    Studies without events are pooled with half an event more in each cell, which makes the interval narrower. Peto's
    has the variance of the events under no effect, which is larger.
    """
    arms, studies = row.both_arms(), row.count("k")
    if arms is None or studies is None:
        return 0.0
    (a, n), (c, m) = arms
    events, people = a + c, n + m
    corrected = math.sqrt(sum(1 / (cell + studies / 2) for cell in (a, n - a, c, m - c)))
    peto = math.sqrt(people * people * (people - 1) / (n * m * events * (people - events)))
    return min(corrected, peto)


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
            INCONSISTENT if printed.se[1] < _TOO_NARROW * _least_se(row) else INFORMATIONAL,
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
