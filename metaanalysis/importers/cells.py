"""One cell: what it holds, and the strict reading of a count, a year or a text from it.

CSV and workbook cells end here alike. A number is accepted only if it is written as plain ASCII digits (or is a
workbook number that is a whole number): `int()` would also take `1_0` and the digits of other scripts.
"""

import re
import unicodedata
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple

from metaanalysis.importers.limits import MAX_CELL_CHARACTERS, MAX_COUNT, MAX_NAME_CHARACTERS
from metaanalysis.importers.table import Severity


class CellKind(StrEnum):
    TEXT = "text"
    NUMBER = "number"
    DATE = "date"
    BOOLEAN = "boolean"
    ERROR = "error"
    FORMULA = "formula"


class Cell(NamedTuple):
    """`text`: the characters of a text, the stored digits of a number, the source of a formula."""

    text: str
    kind: CellKind = CellKind.TEXT
    number_format: str = ""

    @property
    def is_blank(self) -> bool:
        return trimmed(self.text) == "" and self.kind in {CellKind.TEXT, CellKind.NUMBER}


EMPTY = Cell("")


class Row(NamedTuple):
    """A row with the number that the person sees in their spreadsheet."""

    number: int
    cells: tuple[Cell, ...]


class Finding(NamedTuple):
    severity: Severity
    code: str
    text: str


class CountReading(NamedTuple):
    """`value` is None exactly if there is an error finding; a year may also be left empty."""

    value: int | None
    finding: Finding | None = None


_SPACES = (
    "".join(chr(code) for code in range(0x2000, 0x200B)) + " \u00a0\u1680\u202f\u205f\u3000"
)  # Unicode's space separators: no tab, no line end
_DIGITS = re.compile(r"[0-9]{1,8}")
_WHOLE_DECIMAL = re.compile(r"([0-9]{1,8})\.0+")
_MAYBE_THOUSANDS = re.compile(r"[0-9]{1,3}\.000")
STORED_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]{1,3})?")
MISSING_MARKS = frozenset(
    {"", "na", "n/a", "#n/a", "n.a.", "nan", "null", "none", "nr", "-", "–", "—", ".", "..", "?", "*"}
)
_MONTH = r"(jan|feb|mar|apr|may|mai|mrz|jun|jul|aug|sep|oct|okt|nov|dec|dez)[a-z]*\.?"
_DATE = re.compile(
    rf"[0-9]{{1,4}}[-/. ]{_MONTH}|{_MONTH}[-/. ][0-9]{{1,4}}"
    r"|[0-9]{4}[-/.][0-9]{1,2}[-/.][0-9]{1,2}|[0-9]{1,2}([-/.])[0-9]{1,2}\3[0-9]{2,4}$",
    re.IGNORECASE,
)
_NOT_A_COUNT: tuple[tuple[str, re.Pattern[str], str], ...] = (
    ("formula", re.compile(r"[=@]"), "this is a formula. Write the number itself."),
    ("error_value", re.compile(r"#[A-Z]"), "this is a spreadsheet error. Write the number itself."),
    (
        "negative",
        re.compile(r"[-−–—‒‐﹣-]\s*[0-9]"),
        "a count cannot be negative. Write it as digits without a sign.",
    ),
    ("plus_sign", re.compile(r"[+＋]"), "a count is written without a sign. Write the digits only."),
    (
        "thousands",
        re.compile(r"[0-9]{1,3}([.,'’\s][0-9]{3})+$"),
        "a count must be written without a thousands separator. Remove the thousands separator.",
    ),
    (
        "date",
        _DATE,
        "this looks like a date, as spreadsheets make of some entries. Format the column as text and "
        "type the count again.",
    ),
    (
        "two_numbers",
        re.compile(r".*[%/(]"),
        "a count must be one whole number. Put events and totals in two columns, without percentages.",
    ),
    (
        "scientific",
        re.compile(r"[0-9]+([.,][0-9]+)?[eE][+-]?[0-9]+$"),
        "a count must be written in plain digits, not in scientific notation.",
    ),
    ("too_large", re.compile(r"[0-9]{9,}$"), f"this is larger than {MAX_COUNT:,}. Check the number."),
)


def trimmed(text: str) -> str:
    """Without spaces at both ends, among them the no-break and thin spaces that word processors leave."""
    return text.strip(_SPACES)


def read_count(cell: Cell) -> CountReading:
    """A whole number from 0 to 10,000,000, or the reason why the cell holds none."""
    if cell.kind is CellKind.NUMBER:
        return _stored_count(cell)
    if cell.kind is not CellKind.TEXT:
        return CountReading(None, unusable(cell))
    text = trimmed(cell.text)
    whole = _WHOLE_DECIMAL.fullmatch(text)
    if whole and not _MAYBE_THOUSANDS.fullmatch(text):
        reading = _plain_count(whole[1])
        found = Finding("warning", "whole_decimal", f"read as {reading.value}. Write it without decimals.")
        return reading if reading.value is None else CountReading(reading.value, found)
    return _plain_count(text)


def read_year(cell: Cell) -> CountReading:
    """A year from 1900 to 2100; no finding and no value if the cell is empty.

    Words around one year (2001a, 2001 (report)) are left out with a warning; words that name none, or several, leave
    the year empty with a warning. A number that is no year is an error: its column may have been shifted.
    """
    if cell.kind in {CellKind.TEXT, CellKind.NUMBER} and trimmed(cell.text).casefold() in MISSING_MARKS:
        return CountReading(None)
    reading = read_count(cell)
    if reading.value is not None and 1900 <= reading.value <= 2100:
        return reading
    if cell.kind is CellKind.TEXT and _has_words(cell.text):
        return _year_in_words(cell.text)
    text = "a year is four digits from 1900 to 2100. Write it so, or leave the cell empty."
    return CountReading(None, Finding("error", "year", text))


_YEAR = re.compile(r"(?<![0-9])(?:19[0-9]{2}|20[0-9]{2}|2100)(?![0-9])")
_LETTER = re.compile(r"[^\W\d_]")
_ONLY_A_NUMBER = re.compile(
    r"\s*([=+@#-].*|0x.*|[0-9.,'’\s]+(e[+-]?[0-9]+)?\s*|(inf|infinity|true|false)\s*)", re.IGNORECASE
)


def _has_words(text: str) -> bool:
    """Whether this is more than a number: letters, or signs around a year (2001*, 2001/2002)."""
    if _ONLY_A_NUMBER.fullmatch(text):
        return False
    return bool(_LETTER.search(text) or _YEAR.search(text))


def _year_in_words(text: str) -> CountReading:
    years = _YEAR.findall(text)
    if years and len(re.findall(r"[0-9]+", text)) == 1:
        said = f"the year was read as {years[0]}. Write four digits if that is wrong."
        return CountReading(int(years[0]), Finding("warning", "year_read", said))
    said = "no single year can be read from this; it was left empty. Write four digits if the year matters."
    return CountReading(None, Finding("warning", "year_left_empty", said))


def unusable(cell: Cell) -> Finding:
    """Why a date, boolean, error or formula cell of a workbook cannot be read."""
    if cell.kind is CellKind.FORMULA:
        text = "this cell holds a formula. Copy the cells and paste them as values."
        return Finding("error", "formula", text)
    if cell.kind is CellKind.DATE:
        text = "this cell holds a date. Format the column as text and type the entry again."
        return Finding("error", "date", text)
    if cell.kind is CellKind.ERROR:
        return Finding("error", "error_value", "this is a spreadsheet error. Write the entry itself.")
    return Finding("error", "boolean", "this cell holds TRUE or FALSE. Write the number.")


def read_text(cell: Cell, *, is_name: bool, in_workbook: bool) -> tuple[str, tuple[Finding, ...]]:
    """The trimmed text, kept letter for letter, and what is wrong with it."""
    if cell.kind in {CellKind.FORMULA, CellKind.DATE, CellKind.ERROR}:
        return "", (unusable(cell),)
    return check_text(text_of(cell), is_name=is_name, in_workbook=in_workbook)


def check_text(text: str, *, is_name: bool, in_workbook: bool) -> tuple[str, tuple[Finding, ...]]:
    """As `read_text`, for the characters alone."""
    if in_workbook and _ESCAPED_CONTROL.search(text):
        return text, (_control(),)
    limit = MAX_NAME_CHARACTERS if is_name else MAX_CELL_CHARACTERS
    if len(text) > limit:
        return text[:limit], (
            Finding("error", "cell_too_long", f"longer than {limit:,} characters. Shorten it."),
        )
    if text.isascii() and text.isprintable():
        return text, ()
    findings = tuple(found for found in (_line_break(text, is_name), _bad_character(text)) if found)
    return text, findings


def text_of(cell: Cell) -> str:
    """The cell as text: a stored number by its shortest digits."""
    if cell.kind is CellKind.NUMBER and STORED_NUMBER.fullmatch(cell.text):
        number = Decimal(cell.text)
        if number == number.to_integral_value() and abs(number) < 10**15:
            return str(int(number))
    return trimmed(cell.text)


def has_plain_format(cell: Cell) -> bool:
    """Whether a workbook shows the number as it is stored (10, 10.0, 1,000) and not as 10 %, 010 or 10 kg."""
    return _PLAIN_FORMAT.fullmatch(cell.number_format) is not None


def shows_as_stored(cell: Cell) -> bool:
    """As `has_plain_format`, for decimals, which a workbook may also show in scientific notation."""
    return has_plain_format(cell) or re.fullmatch(r"0(\.0+)?E\+0+", cell.number_format) is not None


def looks_like_date(text: str) -> bool:
    return _DATE.match(text) is not None


_PLAIN_FORMAT = re.compile(r"|General|@|0|0\.0+|#,##0(\.0+)?", re.IGNORECASE)
_ESCAPED_CONTROL = re.compile(r"_x00[01][0-9A-Fa-f]_")
_JOINERS = "\u200c\u200d"


def _plain_count(text: str) -> CountReading:
    if _DIGITS.fullmatch(text) and (text == "0" or text[0] != "0"):
        value = int(text)
        if value <= MAX_COUNT:
            return CountReading(value)
        return CountReading(None, Finding("error", "too_large", _NOT_A_COUNT[-1][2]))
    return CountReading(None, _why_not_a_count(text))


def _stored_count(cell: Cell) -> CountReading:
    text = trimmed(cell.text)
    if not text:
        return CountReading(None, _why_not_a_count(text))
    if not STORED_NUMBER.fullmatch(text):
        return CountReading(None, Finding("error", "not_a_number", "a count must be a whole number."))
    number = Decimal(text)
    if number != number.to_integral_value() and "%" in cell.number_format:
        text = (
            f"the workbook shows this number ({number}) as a percentage. Write the number of people, and give the "
            "cell the format General."
        )
        return CountReading(None, Finding("error", "percent", text))
    if number != number.to_integral_value():
        return CountReading(None, _why_not_a_count(format(number, "f")))
    if number < 0:
        return CountReading(None, _why_not_a_count("-1"))
    if number > MAX_COUNT:
        return CountReading(None, Finding("error", "too_large", _NOT_A_COUNT[-1][2]))
    if not has_plain_format(cell):
        text = (
            f"the workbook shows this number in its own format ('{cell.number_format[:40]}'); read as "
            f"{int(number)}. Check it, or give the cell the format General."
        )
        return CountReading(int(number), Finding("warning", "number_format", text))
    return CountReading(int(number))


def _why_not_a_count(text: str) -> Finding:
    if text.casefold() in MISSING_MARKS:
        return Finding("error", "missing", "the count is missing. Write the number; 0 only if it was none.")
    if any(char.isnumeric() and not char.isascii() for char in text):
        return Finding("error", "other_digits", "a count must be typed with the digits 0 to 9.")
    for code, pattern, reason in _NOT_A_COUNT:
        if pattern.match(text):
            return Finding("error", code, reason)
    decimal = re.fullmatch(r"([0-9]{1,8})[.,]([0-9]+)", text)
    if decimal:
        below = int(decimal[1])
        if not decimal[2].strip("0"):
            return Finding("error", "decimal", f"a count has no decimal places. Write {below}.")
        return Finding("error", "decimal", f"a count must be a whole number. Write {below} or {below + 1}.")
    if re.fullmatch(r"0[0-9]{1,7}", text):
        return Finding("error", "leading_zero", f"a count has no leading zero. Write {int(text)}.")
    return Finding("error", "not_a_number", "a count must be a whole number. Write digits only, such as 10.")


def _line_break(text: str, is_name: bool) -> Finding | None:
    if "\n" not in text and "\r" not in text:
        return None
    if is_name:
        return Finding("error", "line_break", "there is a line break in this cell. Write it in one line.")
    return Finding(
        "warning",
        "line_break",
        "this cell runs over several lines. If rows seem to be missing, look for an unclosed quote.",
    )


def _bad_character(text: str) -> Finding | None:
    marks = 0
    for position, char in enumerate(text):
        category = unicodedata.category(char)
        marks = marks + 1 if category in {"Mn", "Me"} else 0
        if marks > 4:
            text = "more than four accents are piled on one letter. Type the text again."
            return Finding("error", "combining_marks", text)
        if category in {"Zl", "Zp", "Cs", "Cn"} or (category == "Cc" and char not in "\t\n\r"):
            return _control()
        if category == "Cf" and not _joins(text, position):
            text = "there are invisible or direction-changing characters in this cell. Type the text again."
            return Finding("error", "invisible_character", text)
    if "\ufffd" in text:
        text = "a character was already lost when this file was made (shown as \ufffd). Check the text."
        return Finding("warning", "lost_character", text)
    return None


def _joins(text: str, position: int) -> bool:
    """Whether a joiner stands where scripts and emoji need it: between characters that are not ASCII."""
    if text[position] not in _JOINERS or not 0 < position < len(text) - 1:
        return False
    return not text[position - 1].isascii() and not text[position + 1].isascii()


def _control() -> Finding:
    text = "there is a control character in this cell. Type the text again."
    return Finding("error", "control_character", text)
