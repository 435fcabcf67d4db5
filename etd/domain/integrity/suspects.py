"""Which number may be mistaken, and what would stand in its place: hints beside a finding, never a correction."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

from etd.domain.integrity.analysis import Fit, PTest, crude, interval_shape, p_test_of, pooled, scales, strip
from etd.domain.integrity.geometry import Strip, shape
from etd.domain.integrity.printed import read_printed
from etd.domain.integrity.rows import EFFECT_COLUMNS, ReadRow
from etd.domain.integrity.table import Table, equals_text, listed, number_text

_COLUMN_NAMES = {"estimate": "the estimate", "ci_low": "the lower bound", "ci_high": "the upper bound"}
# A number that the two others put beyond this is not the one that is mistaken.
_LARGEST_LOG_RATIO = math.log(1000)
# Counts agree with the pooled effect within so many standard errors, and disagree beyond.
_AGREE, _DISAGREE = 0.3, 0.6


@dataclass(frozen=True, slots=True)
class Suspect:
    """A number of an interval, and the values that the two others would give it, on the natural scale."""

    column: str
    low: float
    high: float

    @property
    def text(self) -> str:
        """`the lower bound (0.957 to 0.978 from the other two)`."""
        return f"{_COLUMN_NAMES[self.column]} ({number_text(self.low)} to {number_text(self.high)} from the other two)"


def interval_suspects(row: ReadRow) -> tuple[list[Suspect], bool]:
    """Whose replacement makes the interval symmetrical, and whether P chose them: those it fits, else all three."""
    effect = row.effect()
    if effect is None:
        return [], False
    estimate, low, high = (strip(number, is_ratio=row.is_ratio) for number in effect)
    replaced = {
        "ci_low": Strip(2 * estimate.low - high.high, 2 * estimate.high - high.low),
        "ci_high": Strip(2 * estimate.low - low.high, 2 * estimate.high - low.low),
        "estimate": Strip((low.low + high.low) / 2, (low.high + high.high) / 2),
    }
    strips = dict(zip(EFFECT_COLUMNS, (estimate, low, high), strict=True))
    suspects, fitting = [], []
    for column, values in replaced.items():
        polygon = shape(*{**strips, column: values}.values())
        is_absurd = row.is_ratio and max(abs(values.low), abs(values.high)) > _LARGEST_LOG_RATIO
        if not polygon.corners or is_absurd:
            continue
        ends = (math.exp(values.low), math.exp(values.high)) if row.is_ratio else (values.low, values.high)
        suspects.append(Suspect(column, *ends))
        test = p_test_of(row, polygon)
        if test is not None and test.fit is not Fit.NEITHER:
            fitting.append(suspects[-1])
    return (fitting, True) if fitting else (suspects, False)


def exchanged_bounds_hint(row: ReadRow) -> str:
    """` With the bounds exchanged they would fit: OR 1.17 (0.97 to 1.42).`, with the estimate then in the middle."""
    effect = row.effect()
    if effect is None:
        return ""
    estimate, low, high = effect
    exchanged = replace(row, numbers={**row.numbers, "ci_low": high, "ci_high": low})
    polygon = interval_shape(exchanged)
    if polygon is None or not polygon.corners or not low.value >= estimate.value >= high.value:
        return ""
    return f" With the bounds exchanged they would fit: {exchanged.effect_text}."


def interval_hint(row: ReadRow) -> str:
    """` The lower bound (0.957 to 0.978 from the other two) may be mistaken: then P = 0.10 fits.`"""
    if turned := _turned_round(row):
        return f" The counts point the other way. Is the ratio turned round? {turned} would fit."
    suspects, by_p = interval_suspects(row)
    if not suspects:
        return ""
    text = " or ".join(suspect.text for suspect in suspects)
    fits = f": then P {equals_text(row.numbers['p_value'])} fits" if by_p else ""
    return f" {text[:1].upper()}{text[1:]} may be mistaken{fits}."


def _turned_round(row: ReadRow) -> str:
    """1 / the effect with its decimals, where that is symmetrical and points the way of the counts; else empty."""
    counted, effect = crude(row), row.effect()
    if counted is None or effect is None or not row.is_ratio or any(number.value <= 0 for number in effect):
        return ""
    estimate, low, high = effect
    if counted.estimate * math.log(estimate.value) >= 0:
        return ""
    places = max(len(number.text.partition(".")[2]) for number in effect)
    texts = [f"{float(1 / number.value):.{places}f}" for number in (estimate, high, low)]
    numbers = dict(zip(EFFECT_COLUMNS, map(read_printed, texts), strict=True))
    turned = replace(row, numbers={**row.numbers, **{c: n for c, n in numbers.items() if n is not None}})
    polygon = interval_shape(turned)
    return turned.effect_text if polygon is not None and polygon.corners else ""


def exchanged_digits(digits: str) -> list[str]:
    """The texts in which two neighbouring digits have changed places."""
    swapped = (digits[:n] + digits[n + 1] + digits[n] + digits[n + 2 :] for n in range(len(digits) - 1))
    return [text for text in dict.fromkeys(swapped) if text != digits]


def effect_of_counts(row: ReadRow, column: str, count: int) -> str:
    """What the printed effect says of another count in `column`; empty where neither agrees with it."""
    printed, other = _away(row), _away(_with_count(row, column, count))
    if printed is None or other is None:
        return ""
    (value, away), (other_value, other_away) = printed, other
    arithmetic = (
        f"The {row.measure} of all patients as one study is {number_text(value)} with these counts and"
        f" {number_text(other_value)} with {count}; printed is {row.effect_text}."
    )
    if away < _AGREE and other_away > _DISAGREE:
        return f"{arithmetic} That agrees with the counts as they are printed."
    if other_away < _AGREE and away > _DISAGREE:
        return f"{arithmetic} That agrees with {count}."
    return ""


def _with_count(row: ReadRow, column: str, count: int) -> ReadRow:
    number = row.numbers[column]
    changed = replace(number, text=str(count), value=type(number.value)(count))
    return replace(row, numbers={**row.numbers, column: changed})


def _away(row: ReadRow) -> tuple[float, float] | None:
    """The effect of all patients as one study on the natural scale; its distance from the printed one in se."""
    counted, printed = crude(row), pooled(row)
    if counted is None or printed is None or counted.se <= 0:
        return None
    scaled = scales(row, counted, printed)[0]
    value = math.exp(min(counted.estimate, 700.0)) if row.is_ratio else counted.estimate
    return value, abs(counted.estimate - sum(scaled.middle) / 2) / max(scaled.se[1], counted.se)


def exchanged_counts(row: ReadRow) -> Iterator[str]:
    """Counts with two digits exchanged that would bring all patients near the printed effect."""
    for column in ("events_intervention", "n_intervention", "events_comparison", "n_comparison"):
        for text in exchanged_digits(str(row.count(column))):
            away = None if int(text) == 0 else _away(_with_count(row, column, int(text)))
            if away is not None and away[1] < _AGREE:
                yield f"With {text} in {column}, two digits exchanged, it would be {number_text(away[0])}."


def rows_with_its_p(table: Table, place: int) -> str:
    """Where this P may come from: rows that print the same and fit it, or that it could have changed places with."""
    test, others = table.p_tests[place], table.p_tests.items()
    same = [
        table.rows[other].row
        for other, its in others
        if other != place and its.printed.text == test.printed.text and its.fit is not Fit.NEITHER
    ]
    exchanged = [
        table.rows[other].row
        for other, its in others
        if other != place and not _is_wald(its) and _is_wald(replace(its, printed=test.printed))
        and _is_wald(replace(test, printed=its.printed))
    ]  # fmt: skip
    text = ""
    if exchanged:
        text += f" It fits row {listed(exchanged)}, whose P fits this one: have they changed places?"
    if same:
        text += f" The same P stands in row {listed(same)}, where it fits: was it copied?"
    return text


def _is_wald(test: PTest) -> bool:
    return test.fit in (Fit.WALD_ONLY, Fit.BOTH)
