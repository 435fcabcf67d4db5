"""The estimate, its interval and its P against each other."""

from __future__ import annotations

import math
from collections.abc import Iterator
from fractions import Fraction

from etd.domain.integrity.analysis import (
    Fit,
    PTest,
    WaldTable,
    interval_shape,
    judged_as_wald,
    single_study_p,
)
from etd.domain.integrity.distributions import critical
from etd.domain.integrity.exact_interval import exact_odds_ratio
from etd.domain.integrity.printed import Printed
from etd.domain.integrity.rows import EFFECT_COLUMNS, ReadRow
from etd.domain.integrity.suspects import exchanged_bounds_hint, interval_hint, rows_with_its_p
from etd.domain.integrity.table import (
    IMPOSSIBLE,
    INCONSISTENT,
    INFORMATIONAL,
    Table,
    TableFinding,
    equals_text,
    follow_another_rule,
    found,
    listed,
    number_text,
    p_range_text,
    range_text,
)

# Normal quantiles of intervals that are printed beside those of 95%.
_OTHER_LEVELS = {90: 1.6448536269514722, 99: 2.5758293035489004}


def interval(table: Table, place: int) -> Iterator[TableFinding]:
    """Bounds in order, the estimate between them, and in the middle."""
    row = table.rows[place]
    effect = row.effect()
    if effect is None:
        return
    estimate, low, high = effect
    if low.value > high.value:
        yield found(
            row,
            "ci_low",
            "bounds_turned_round",
            IMPOSSIBLE,
            f"The lower bound {low.text} is above the upper bound {high.text}."
            + (exchanged_bounds_hint(row) or interval_hint(row)),
            f"{low.text} > {high.text}.",
        )
    elif estimate.high < low.low or estimate.low > high.high:
        yield found(
            row,
            "estimate",
            "estimate_outside_interval",
            IMPOSSIBLE,
            f"The estimate {estimate.text} lies outside its own interval {low.text} to {high.text}."
            + interval_hint(row),
            f"{estimate.text} stands for {range_text(estimate)}, the bounds for {range_text(low)}"
            f" and {range_text(high)}.",
        )
    elif _is_symmetrical(row) is False:
        yield _exact(row) or _not_in_the_middle(table, place, estimate, low, high)


def _is_symmetrical(row: ReadRow) -> bool | None:
    polygon = interval_shape(row)
    return None if polygon is None else bool(polygon.corners)


def _exact(row: ReadRow) -> TableFinding | None:
    """A hint instead where the numbers are those of an exact interval around one study's odds ratio."""
    arms, effect = row.both_arms(), row.effect()
    if row.measure != "OR" or row.count("k") not in (None, 1) or arms is None or effect is None:
        return None
    exact = exact_odds_ratio(*arms)
    if exact is None:
        return None
    values = [math.exp(value) for value in exact]
    crude_ratio = arms[0][0] * (arms[1][1] - arms[1][0]) / (arms[0][1] - arms[0][0]) / arms[1][0]
    bounds_fit = all(
        number.holds(Fraction(value)) for number, value in zip(effect[1:], values[1:], strict=True)
    )
    if not bounds_fit or not any(effect[0].holds(Fraction(value)) for value in (values[0], crude_ratio)):
        return None
    return found(
        row,
        "ci_low",
        "exact_interval",
        INFORMATIONAL,
        f"{row.effect_text} is the exact interval of these counts, which need not be symmetrical.",
        f"Conditional on both margins: odds ratio {number_text(values[0])} ({number_text(values[1])} to"
        f" {number_text(values[2])}); from the counts themselves {number_text(crude_ratio)}.",
    )


def _not_in_the_middle(
    table: Table, place: int, estimate: Printed, low: Printed, high: Printed
) -> TableFinding:
    row = table.rows[place]
    others = [
        fits
        for other, other_row in enumerate(table.rows)
        if other != place and (fits := _is_symmetrical(other_row)) is not None
    ]
    other_rule = follow_another_rule(others)
    middle = _middle_range(low, high, is_ratio=row.is_ratio)
    kind = "geometric mean" if row.is_ratio else "mean"
    return found(
        row,
        "estimate",
        "estimate_not_in_the_middle",
        INFORMATIONAL if other_rule else INCONSISTENT,
        f"{row.effect_text}: the estimate is not in the middle of its interval."
        + (
            " So it is in most rows: their intervals may be made by a method that is not symmetrical."
            if other_rule
            else interval_hint(row) or " One of the three numbers may be mistaken."
        ),
        f"The {kind} of bounds that round to {low.text} and {high.text} lies between {number_text(middle[0])} and"
        f" {number_text(middle[1])}; an estimate printed as {estimate.text} stands for {range_text(estimate)}."
        " Intervals from a profile likelihood or an exact method need not be symmetrical.",
    )


def _middle_range(low: Printed, high: Printed, *, is_ratio: bool) -> tuple[float, float]:
    if not is_ratio:
        return float((low.low + high.low) / 2), float((low.high + high.high) / 2)
    least = max(Fraction(0), low.low), max(Fraction(0), high.low)
    return math.sqrt(float(least[0]) * float(least[1])), math.sqrt(float(low.high) * float(high.high))


def p_against_interval(table: Table, place: int) -> Iterator[TableFinding]:
    """The sharp test: no point of the rounding ranges of estimate and bounds gives the printed P."""
    test = table.p_tests.get(place)
    if test is None or not _is_a_probability(test.printed):
        return
    row, others = table.rows[place], table.other_p_tests(place)
    if test.fit in (Fit.WALD_ONLY, Fit.BOTH):
        return
    wald = judged_as_wald(row, test, others)
    if test.fit is Fit.T_ONLY and wald is None:
        return
    if row.count("k") in (None, 1) and (other_test := _other_test(row, test.printed)):
        yield _from_counts(row, test, other_test)
        return
    yield _p_finding(
        table,
        place,
        wald,
        other_rule=follow_another_rule([other.fit is not Fit.NEITHER for _, other in others]),
    )


def _is_a_probability(number: Printed) -> bool:
    return 0 <= number.value <= 1


def _other_test(row: ReadRow, printed: Printed) -> str:
    """The name of a usual test of one study's counts that gives this P; empty where none does."""
    for name, p in single_study_p(row).items():
        if float(printed.low) - 1e-9 <= p <= float(printed.high) + 1e-9:
            return name
    return ""


def _from_counts(row: ReadRow, test: PTest, name: str) -> TableFinding:
    return found(
        row,
        "p_value",
        "p_of_another_test",
        INFORMATIONAL,
        f"P = {test.printed.text} is not from the interval, but from {name} on the counts.",
        f"The interval gives {p_range_text(test.wald_range)} (Wald); {name} gives the printed value.",
    )


def _p_finding(table: Table, place: int, wald: WaldTable | None, *, other_rule: bool) -> TableFinding:
    row, test = table.rows[place], table.p_tests[place]
    printed = test.printed
    if wald or test.t_range is None:
        allowed = f"a Wald interval allows {p_range_text(test.wald_range)}"
    else:
        allowed = (
            f"a Wald interval allows {p_range_text(test.wald_range)}, one with Student's t (Hartung-Knapp)"
            f" {p_range_text(test.t_range)}"
        )
    message = f"P {equals_text(printed)} cannot come from {row.effect_text}: {allowed}."
    if other_rule:
        message += " So it is in most rows: P or intervals of this table are made by another method or level."
    else:
        message += rows_with_its_p(table, place) or _another_level(row, test)
    evidence = [_arithmetic(row, test)]
    if wald:
        rows = listed(wald.rows)
        evidence.append(f"The table is judged as Wald: P of rows {rows} fits Wald intervals only.")
        if test.t_range:
            evidence.append(
                f"A Hartung-Knapp interval with {test.degrees} degrees of freedom would allow"
                f" {p_range_text(test.t_range)}."
            )
    return found(
        row,
        "p_value",
        "p_against_interval",
        INFORMATIONAL if other_rule else INCONSISTENT,
        message,
        " ".join(evidence),
    )


def _another_level(row: ReadRow, test: PTest) -> str:
    polygon = interval_shape(row)
    assert polygon is not None  # or P were not tested
    for percent, times in _OTHER_LEVELS.items():
        low, high = polygon.wald_p_range(times)
        if float(test.printed.low) <= high and float(test.printed.high) >= low:
            return f" It fits an interval of {percent}%."
    return ""


def _arithmetic(row: ReadRow, test: PTest) -> str:
    estimate, low, high = (row.numbers[column] for column in EFFECT_COLUMNS)
    name = f"ln {row.measure}" if row.is_ratio else row.measure
    return (
        f"{estimate.text}, {low.text} and {high.text} stand for {range_text(estimate)}, {range_text(low)} and"
        f" {range_text(high)}. Over all 95% intervals among these that are symmetrical around {name},"
        f" z = {critical(None):.3f} × |{name}| / half the width gives P from {p_range_text(test.wald_range)}."
        f" P printed as {test.printed.text} stands for {range_text(test.printed, least=Fraction(0))}."
    )


def significance_against_interval(row: ReadRow) -> Iterator[TableFinding]:
    """For a row whose estimate is missing, so that the sharp test cannot be made."""
    low, high, p = (row.numbers.get(column) for column in ("ci_low", "ci_high", "p_value"))
    if "estimate" in row.numbers or low is None or high is None or p is None or low.value > high.value:
        return
    none = Fraction(1 if row.is_ratio else 0)
    limit = Fraction(1, 20)
    excludes, includes = low.low > none or high.high < none, low.high < none < high.low
    if (excludes and p.low > limit) or (includes and p.high < limit):
        said = "excludes" if excludes else "includes"
        yield found(
            row,
            "p_value",
            "significance_against_interval",
            INCONSISTENT,
            f"The interval {low.text} to {high.text} {said} no effect, and P {equals_text(p)} says otherwise.",
            f"A 95% interval excludes {none} where P is below 0.05, and only there; P printed as {p.text} stands for"
            f" {range_text(p, least=Fraction(0))}.",
        )
