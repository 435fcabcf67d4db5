"""Numbers as they are printed, with the range of values that each can stand for. 0.10 is not 0.1.

Both usual ways to round a half (up, and to the even digit) are allowed, so that both ends of a range belong to it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

MISSING_MARKS = frozenset({"", "-", "–", "—", "na", "n/a", "nr", "ne", "."})
LONGEST_NUMBER = 24
_MARKS = "*†‡§¶‖#"
_NUMBER = re.compile(
    rf"(?P<bound>[<>≤≥]=?)?\s*(?P<number>-?(?:[0-9]+(?:\.[0-9]+)?|\.[0-9]+))\s*(?P<percent>%)?"
    rf"\s*(?P<mark>[{_MARKS}]+|[⁰¹²³⁴-⁹ᵃ-ᶻ]+|\[[a-z0-9]\]|[a-h])?"
)
_REMEDIES: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"[−–—‒‐﹣－]\s*[0-9.]"), "Type the minus sign as '-'."),
    (re.compile(r"[0-9]+·[0-9]+"), "Write the decimals after a point."),
    (re.compile(r"-?[0-9]+,[0-9]+"), "Write decimals after a point and no separator between thousands."),
    (re.compile(r"[=@]"), "This is a formula. Write the number itself."),
    (re.compile(r".*[0-9]\s*[/(;]"), "Give each number a column of its own."),
    (re.compile(r".*[0-9]\s*(to|-|–|\s)\s*[0-9]"), "Give each number a column of its own."),
    (re.compile(r".*[eE][+-]?[0-9]"), "Write all digits, without a power of ten."),
)


class UnreadableNumberError(ValueError):
    """A cell that cannot be read as a number. `remedy` says what to do."""

    def __init__(self, text: str, remedy: str) -> None:
        super().__init__(f"'{text}': {remedy}")
        self.remedy = f"this is not a number that can be read. {remedy}"


@dataclass(frozen=True, slots=True)
class Printed:
    """A printed number: `text` as it stands, without mark; it stands for a value from `low` to `high`.

    `mark` is the footnote marker that stood in the same cell.
    """

    text: str
    value: Fraction
    low: Fraction
    high: Fraction
    mark: str = ""

    @property
    def is_whole(self) -> bool:
        """A count: nothing but digits."""
        return self.text.isascii() and self.text.isdigit()

    def holds(self, value: Fraction) -> bool:
        return self.low <= value <= self.high


def read_printed(text: str, *, percent: bool = False) -> Printed | None:
    """The number, or None for an empty cell and the usual marks for “not there”.

    `<0.001` stands for 0 to 0.001, `>0.99` for 0.99 to 1 (a bound only makes sense for a P value). A percent sign is
    read where `percent` says that the column is one of percentages. Raises UnreadableNumberError.
    """
    trimmed = text.strip()
    if trimmed.casefold() in MISSING_MARKS:
        return None
    found = _NUMBER.fullmatch(trimmed) if len(trimmed) <= LONGEST_NUMBER else None
    if found is None or (found["percent"] and not percent):
        raise UnreadableNumberError(trimmed[:60], _remedy(trimmed))
    value = Fraction(found["number"])
    shown = f"{found['bound'] or ''}{found['number']}"
    if found["bound"]:
        low, high = (Fraction(0), value) if found["bound"][0] in "<≤" else (value, max(Fraction(1), value))
        return Printed(shown, value, low, high, found["mark"] or "")
    half = half_unit(found["number"])
    return Printed(shown, value, value - half, value + half, found["mark"] or "")


def half_unit(number: str) -> Fraction:
    """Half of the last printed place: 0.005 for `0.10`, 0.5 for `12`."""
    exponent = Decimal(number).as_tuple().exponent
    return Fraction(10) ** int(exponent) / 2


def _remedy(text: str) -> str:
    if len(text) > LONGEST_NUMBER:
        return f"Write a number of at most {LONGEST_NUMBER} characters, or leave the cell empty."
    for pattern, remedy in _REMEDIES:
        if pattern.match(text):
            return remedy
    return "Write the digits as they are printed, or leave the cell empty."
