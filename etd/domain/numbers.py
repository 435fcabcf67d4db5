"""Numbers as they are printed. Rounding is half away from zero; strings are made here, never by a locale."""

from __future__ import annotations

import math
from decimal import ROUND_HALF_UP, Context, Decimal

from etd.domain.effect_axis import OWN_UNITS, RATIO_MEASURES

EN_DASH = "–"
MINUS = "−"
# Room for every digit of the largest float: an absurd interval is printed, never an error.
_ALL_DIGITS = Context(prec=400)
_BEYOND_WORDS = 1e7
_MOST_DECIMALS = 8
_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def rounded(value: float, decimals: int) -> str:
    """`value` with `decimals` decimals and a real minus sign; never a negative zero."""
    quantum = Decimal(1).scaleb(-decimals)
    number = Decimal(repr(float(value))).quantize(quantum, ROUND_HALF_UP, _ALL_DIGITS)
    text = f"{number.copy_abs():,f}"
    return f"{MINUS}{text}" if number < 0 else text


def interval(low: float, high: float, decimals: int) -> str:
    """`0.91–1.60`, or with a minus sign in it `−0.10 to 0.20`."""
    return _between(rounded(low, decimals), rounded(high, decimals))


def _between(low: str, high: str) -> str:
    return (" to " if MINUS in low + high else EN_DASH).join((low, high))


def effect(estimate: float, low: float, high: float, measure: str, decimals: int = 2) -> str:
    """`1.17 (0.96–1.41)`: an effect with its interval; see `effect_interval`."""
    interval = effect_interval(low, high, measure, decimals)
    if measure in OWN_UNITS:
        number = rounded_by_width(estimate, low, high, decimals)
    else:
        number = effect_number(estimate, measure, decimals)
    return f"{number} ({interval})"


def effect_interval(low: float, high: float, measure: str, decimals: int = 2) -> str:
    """`0.96–1.41`. Where the unit is the outcome's own, the width of the interval says how many decimals matter."""
    if measure in OWN_UNITS:
        return _between(
            rounded_by_width(low, low, high, decimals), rounded_by_width(high, low, high, decimals)
        )
    return _between(effect_number(low, measure, decimals), effect_number(high, measure, decimals))


def rounded_by_width(value: float, low: float, high: float, decimals: int) -> str:
    """A number beside or at the ends of an interval, with at least two digits of the interval's width.

    `decimals` at least, unless the interval reaches 100: `0.0030` in 0.0010–0.0050, `250` in 240–260. A number of any
    unit can be very large or very small: those go by powers of ten.
    """
    width, size = high - low, max(abs(low), abs(high))
    if size >= _BEYOND_WORDS or 0 < width < 1 / _BEYOND_WORDS:
        return _power_of_ten(value, _digits_that_tell_apart(low, high)) if value else "0"
    wanted = 1 - math.floor(math.log10(width)) if width > 0 else decimals
    fewest = decimals if size < 100 else 0
    return rounded(value, min(max(wanted, fewest), _MOST_DECIMALS))


def effect_number(value: float, measure: str, decimals: int = 2) -> str:
    """`decimals` (three for a risk difference); whole from 100 on; very large and very small by powers of ten.

    A ratio never reads 0: one that would gets three decimals, and a difference in the outcome's own unit neither.
    """
    size, ratio = abs(value), measure in RATIO_MEASURES
    if measure in OWN_UNITS:
        return rounded_by_width(value, -size, size, decimals)
    if size >= 10_000 or (ratio and 0 < size < 0.0005):
        return _power_of_ten(value)
    if size >= 100:
        return rounded(value, 0)
    return rounded(value, 3 if measure == "RD" or (ratio and 0 < size < 0.005) else decimals)


def _digits_that_tell_apart(low: float, high: float) -> int:
    """How many digits after the first the ends of an interval need to read otherwise: one, where that is enough."""
    enough = (n for n in range(1, _MOST_DECIMALS) if f"{low:.{n}e}" != f"{high:.{n}e}")
    return next(enough, _MOST_DECIMALS) if low != high else 1


def _power_of_ten(value: float, digits: int = 1) -> str:
    mantissa, _, exponent = f"{abs(value):.{digits}e}".partition("e")
    sign = MINUS if value < 0 else ""
    return f"{sign}{mantissa}×10{str(int(exponent)).translate(_SUPERSCRIPTS)}"


def p_value(p: float) -> str:
    """Two decimals, three below 0.01 (and where two would read 0.05), `<0.001` below that."""
    if p < 0.001:
        return "<0.001"
    if p < 0.01 or 0.045 <= p < 0.055:
        return rounded(p, 3)
    return rounded(p, 2)


def percent(part: int, whole: int) -> str:
    """`47%`: whole percent of `whole`, which is at least 1."""
    number = (Decimal(part) * 100 / Decimal(whole)).quantize(Decimal(1), rounding=ROUND_HALF_UP)
    return f"{number}%"


def count(value: int) -> str:
    return f"{value:,}"
