"""Decision thresholds: from how many people in 1,000 on an effect is small, moderate or large.

Source: GRADE guidance 42 (Wiercioch et al.); nothing but their order is prescribed.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

SIZES = ("small", "moderate", "large")
LARGEST = Decimal(1_000)


def faults(values: Mapping[str, Decimal]) -> dict[str, str]:
    """What is wrong with three thresholds per 1,000, by the name of the one that must change; empty where nothing is.

    `values` has the keys `small`, `moderate` and `large`; one that is missing is not spoken of.
    """
    found: dict[str, str] = {}
    for lower, upper in (("small", "moderate"), ("moderate", "large"), ("small", "large")):
        if lower in values and upper in values and values[upper] <= values[lower] and upper not in found:
            found[upper] = (
                f"The {upper} threshold, {plain(values[upper])}, must be larger than the {lower} one, "
                f"{plain(values[lower])}."
            )
    for size, value in values.items():
        if value <= 0:
            found[size] = f"The {size} threshold is {plain(value)}: it must be above 0."
        elif value > LARGEST:
            found[size] = (
                f"The {size} threshold is {plain(value)}: there are no more than 1,000 people in 1,000."
            )
    return found


def plain(value: Decimal) -> str:
    """`5`, `2.5`: no zeros that say nothing, a real minus sign."""
    text = f"{value.normalize():f}"
    return text.replace("-", "−")


def in_words(values: Mapping[str, Decimal | str]) -> str:
    """`5, 20 and 50 per 1,000`."""
    small, moderate, large = (plain(Decimal(values[size])) for size in SIZES)
    return f"{small}, {moderate} and {large} per 1,000"


def in_short(values: Mapping[str, Decimal | str]) -> str:
    """`5/20/50`."""
    return "/".join(plain(Decimal(values[size])) for size in SIZES)
