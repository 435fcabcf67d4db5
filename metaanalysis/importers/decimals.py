"""The strict reading of a decimal number (a mean, a standard deviation, an estimate, a limit of an interval).

A text is a number only as an optional `-`, digits, after a point more digits, and a power of ten as programs write
it (`9.5e-05`): `1,5` may be one and a half or fifteen hundred and is never guessed. A number cell of a workbook may
hold any finite number up to MAX_DECIMAL.
"""

import re
from decimal import Decimal
from typing import NamedTuple

from metaanalysis.importers.cells import (
    MISSING_MARKS,
    STORED_NUMBER,
    Cell,
    CellKind,
    Finding,
    looks_like_date,
    shows_as_stored,
    trimmed,
    unusable,
)
from metaanalysis.importers.limits import MAX_DECIMAL, MIN_SPREAD


class Number(NamedTuple):
    """A number with the text it was written as; `half_unit` is half of its last printed decimal place."""

    value: float
    text: str
    half_unit: float

    @property
    def low(self) -> float:
        """The smallest number that rounds to this one."""
        return self.value - self.half_unit

    @property
    def high(self) -> float:
        """The largest number that rounds to this one."""
        return self.value + self.half_unit


class DecimalReading(NamedTuple):
    """`number` is None exactly if there is an error finding."""

    number: Number | None
    finding: Finding | None = None


_DECIMAL = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]{1,3})?")
_THOUSANDS = re.compile(r"-?[0-9]{1,3}(['’\s][0-9]{3}([.,][0-9]+)?)+|-?[0-9]{1,3}(\.[0-9]{3}){2,}(,[0-9]+)?")
_COMMA_AND_POINT = re.compile(
    r"-?[1-9][0-9]{0,2}(,[0-9]{3})+(\.[0-9]+)?|-?[1-9][0-9]{0,2}(\.[0-9]{3})+,[0-9]+"
)
_COMMA = re.compile(r"(-?[0-9]+),([0-9]+)")
_NOT_A_DECIMAL: tuple[tuple[str, re.Pattern[str], str], ...] = (
    ("formula", re.compile(r"[=@]"), "this is a formula. Write the number itself."),
    ("error_value", re.compile(r"#[A-Z]"), "this is a spreadsheet error. Write the number itself."),
    (
        "unicode_minus",
        re.compile(r"[−–—‒‐﹣－]\s*[0-9.]"),
        "the minus sign is another character than the hyphen of the keyboard. Type it as '-'.",
    ),
    ("plus_sign", re.compile(r"[+＋]"), "a number is written without a plus sign. Remove it."),
)
_AFTER_DATES: tuple[tuple[str, re.Pattern[str], str], ...] = (
    (
        "percent",
        re.compile(r".*%"),
        "this is a percentage. Write the number itself, in the unit of its column.",
    ),
    (
        "two_numbers",
        re.compile(r".*[/(±;]|.*[0-9]\s*(to|-|–|\s)\s*[0-9]"),
        "there must be one number in this cell. Put each number in a column of its own.",
    ),
    (
        "scientific",
        re.compile(r"-?[0-9]+([.,][0-9]+)?[eE][+-]?[0-9]+$"),
        "this is not how a power of ten is written here. Write 0.001 or 1e-3.",
    ),
)


def read_decimal(cell: Cell) -> DecimalReading:
    """A number from -1,000,000,000,000 to 1,000,000,000,000, or the reason why the cell holds none."""
    if cell.kind is CellKind.NUMBER:
        return _stored_decimal(cell)
    if cell.kind is not CellKind.TEXT:
        return DecimalReading(None, unusable(cell))
    text = trimmed(cell.text)
    if not _DECIMAL.fullmatch(text):
        return DecimalReading(None, _why_not_a_decimal(text))
    return _within_limits(Decimal(text), format(Decimal(text), "f"))


def read_spread(cell: Cell) -> DecimalReading:
    """As `read_decimal`, for a standard deviation, standard error or variance, which is above zero."""
    reading = read_decimal(cell)
    if reading.number is None or reading.number.value >= MIN_SPREAD:
        return reading
    if reading.number.value == 0:
        text = (
            "a value of 0 would mean that there was no variation at all. Write the value with more decimal places, "
            "or delete the row if it was not reported."
        )
        return DecimalReading(None, Finding("error", "zero_spread", text))
    if reading.number.value < 0:
        text = "this must be above zero. Check the number and its column."
        return DecimalReading(None, Finding("error", "negative", text))
    text = f"this is smaller than {MIN_SPREAD:.9f}. Check the number and its unit."
    return DecimalReading(None, Finding("error", "too_small", text))


def is_missing(cell: Cell) -> bool:
    """Whether the cell is empty or holds a sign for 'not reported'."""
    plain = cell.kind in {CellKind.TEXT, CellKind.NUMBER}
    return plain and trimmed(cell.text).casefold() in MISSING_MARKS


def _stored_decimal(cell: Cell) -> DecimalReading:
    text = trimmed(cell.text)
    if not STORED_NUMBER.fullmatch(text):
        return DecimalReading(None, _why_not_a_decimal(text))
    number = Decimal(text)
    plain = format(number, "f")
    reading = _within_limits(number, plain)
    if reading.number is None or shows_as_stored(cell):
        return reading
    shown = cell.number_format[:40]
    hint = "as a percentage" if "%" in shown else "in its own format"
    text = f"the workbook shows this number {hint} ('{shown}'); read as {plain}. Check it."
    return DecimalReading(reading.number, Finding("warning", "number_format", text))


def _within_limits(number: Decimal, text: str) -> DecimalReading:
    if abs(number) > MAX_DECIMAL:
        found = Finding("error", "too_large", f"this is larger than {MAX_DECIMAL:,}. Check the number.")
        return DecimalReading(None, found)
    places = len(text.partition(".")[2])
    # -0 is 0, and a sign that says nothing must not travel on
    value = float(number) or 0.0
    return DecimalReading(Number(value, text, 0.5 * 10.0**-places))


def _why_not_a_decimal(text: str) -> Finding:
    if text.casefold() in MISSING_MARKS:
        return Finding("error", "missing", "the number is missing. Write it, or delete the row.")
    if any(char.isnumeric() and not char.isascii() for char in text):
        return Finding("error", "other_digits", "a number must be typed with the digits 0 to 9.")
    for code, pattern, reason in _NOT_A_DECIMAL:
        if pattern.match(text):
            return Finding("error", code, reason)
    if _THOUSANDS.fullmatch(text) or _COMMA_AND_POINT.fullmatch(text):
        return Finding("error", "thousands", _thousands_or_comma(text))
    if looks_like_date(text):
        reason = (
            "this looks like a date, as spreadsheets make of some entries. Format the column as text and type the "
            "number again."
        )
        return Finding("error", "date", reason)
    comma = _COMMA.fullmatch(text)
    if comma:
        reason = f"a number is written with a decimal point, not a comma. Write {comma[1]}.{comma[2]}."
        return Finding("error", "decimal_comma", reason)
    for code, pattern, reason in _AFTER_DATES:
        if pattern.match(text):
            return Finding("error", code, reason)
    return _nearly_a_decimal(text)


def _thousands_or_comma(text: str) -> str:
    comma = _COMMA.fullmatch(text)
    if comma:
        return (
            "the comma may be a decimal comma or a thousands separator. Write "
            f"{comma[1]}.{comma[2]} or {comma[1]}{comma[2]}."
        )
    return "a number must be written without a thousands separator. Remove it, and write a decimal point."


def _nearly_a_decimal(text: str) -> Finding:
    if re.fullmatch(r"-?\.[0-9]+", text):
        return Finding("error", "no_leading_digit", f"write a 0 before the point: {text.replace('.', '0.')}.")
    if re.fullmatch(r"-?[0-9]+\.", text):
        return Finding("error", "no_decimals", f"there is no digit after the point. Write {text[:-1]}.")
    if re.fullmatch(r"-?0[0-9]+(\.[0-9]+)?", text):
        plain = re.sub(r"^(-?)0+(?=[0-9])", r"\1", text)
        return Finding("error", "leading_zero", f"a number has no leading zero. Write {plain}.")
    if re.match(r"-\s", text):
        return Finding("error", "not_a_number", "there is a space after the minus sign. Remove it.")
    return Finding("error", "not_a_number", "this must be a number. Write it like 1.5.")
