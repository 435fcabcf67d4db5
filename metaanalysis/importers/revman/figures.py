"""The numbers of RevMan's files, read as strictly as any other. RevMan is a Java program: it writes 49.0 and 1.0E-4."""

import re

from metaanalysis.importers.cells import Cell, CellKind, Finding, read_count
from metaanalysis.importers.decimals import read_decimal, read_spread

_WRITTEN_COUNT = re.compile(r"[0-9]{1,8}(\.0)?|[0-9](\.[0-9]{1,7})?E[0-9]")
_WRITTEN_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]{1,3})?")


class NotAFigure(Exception):
    """The text is no such number; `finding` says why and what to do."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(finding.text)
        self.finding = finding


def count_of(text: str) -> int:
    """A whole number from 0 to 10,000,000. Raises NotAFigure."""
    reading = read_count(_cell(text, _WRITTEN_COUNT))
    if reading.value is None or (reading.finding and reading.finding.severity == "error"):
        raise NotAFigure(reading.finding or Finding("error", "not_a_number", "this must be a whole number."))
    return reading.value


def decimal_of(text: str) -> float:
    """A finite number. Raises NotAFigure."""
    reading = read_decimal(_cell(text, _WRITTEN_NUMBER))
    if reading.number is None:
        raise NotAFigure(reading.finding or Finding("error", "not_a_number", "this must be a number."))
    return reading.number.value


def spread_of(text: str) -> float:
    """A standard deviation, standard error or variance, above zero. Raises NotAFigure."""
    reading = read_spread(_cell(text, _WRITTEN_NUMBER))
    if reading.number is None:
        raise NotAFigure(reading.finding or Finding("error", "not_a_number", "this must be a number."))
    return reading.number.value


def is_nothing(text: str) -> bool:
    """Whether the cell holds no entry: empty, or the zero that RevMan writes for one."""
    return re.fullmatch(r"|-?0+(\.0+)?", text) is not None


def _cell(text: str, written: re.Pattern[str]) -> Cell:
    kind = CellKind.NUMBER if written.fullmatch(text) else CellKind.TEXT
    return Cell(text, kind)
