"""Numbers as they are printed. Rounding is half away from zero; strings are made here, never by a locale."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Context, Decimal

from etd.domain.effect_axis import RATIO_MEASURES

EN_DASH = "–"
MINUS = "−"
# Room for every digit of the largest float: an absurd interval is printed, never an error.
_ALL_DIGITS = Context(prec=400)
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
    """`1.17 (0.96–1.41)`: an effect with its interval; see `effect_number`."""
    interval = effect_interval(low, high, measure, decimals)
    return f"{effect_number(estimate, measure, decimals)} ({interval})"


def effect_interval(low: float, high: float, measure: str, decimals: int = 2) -> str:
    return _between(effect_number(low, measure, decimals), effect_number(high, measure, decimals))


def effect_number(value: float, measure: str, decimals: int = 2) -> str:
    """`decimals` (three for a risk difference); whole from 100 on; very large and very small by powers of ten.

    A ratio never reads 0: one that would gets three decimals.
    """
    size, ratio = abs(value), measure in RATIO_MEASURES
    if size >= 10_000 or (ratio and 0 < size < 0.0005):
        mantissa, _, exponent = f"{size:.1e}".partition("e")
        sign = MINUS if value < 0 else ""
        return f"{sign}{mantissa}×10{str(int(exponent)).translate(_SUPERSCRIPTS)}"
    if size >= 100:
        return rounded(value, 0)
    return rounded(value, 3 if measure == "RD" or (ratio and 0 < size < 0.005) else decimals)


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
