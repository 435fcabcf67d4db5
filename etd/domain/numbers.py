"""Numbers as they are printed. Rounding is half away from zero; strings are made here, never by a locale."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Context, Decimal

EN_DASH = "–"
MINUS = "−"
# Room for every digit of the largest float: an absurd interval is printed, never an error.
_ALL_DIGITS = Context(prec=400)


def rounded(value: float, decimals: int) -> str:
    """`value` with `decimals` decimals and a real minus sign; never a negative zero."""
    quantum = Decimal(1).scaleb(-decimals)
    number = Decimal(repr(float(value))).quantize(quantum, ROUND_HALF_UP, _ALL_DIGITS)
    text = f"{number.copy_abs():,f}"
    return f"{MINUS}{text}" if number < 0 else text


def interval(low: float, high: float, decimals: int) -> str:
    """`0.91–1.60`, or with a minus sign in it `−0.10 to 0.20`."""
    texts = rounded(low, decimals), rounded(high, decimals)
    return (" to " if MINUS in "".join(texts) else EN_DASH).join(texts)


def estimate_with_interval(estimate: float, low: float, high: float, decimals: int = 2) -> str:
    return f"{rounded(estimate, decimals)} ({interval(low, high, decimals)})"


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
