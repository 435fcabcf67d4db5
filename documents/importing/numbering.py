"""What stands before the items of Word's lists: Word stores no numbers, it counts."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from typing import Any

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_PLAIN_NUMBER = re.compile(r"%[1-9]([.)])")
_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_ROMAN = {
    "m": 1000,
    "cm": 900,
    "d": 500,
    "cd": 400,
    "c": 100,
    "xc": 90,
    "l": 50,
    "xl": 40,
    "x": 10,
    "ix": 9,
    "v": 5,
    "iv": 4,
    "i": 1,
}
_HIGHEST = 999_999_999


@dataclass(frozen=True)
class Item:
    """`marker` is • or +, a number with its sign (`is_ordered`), or another sign as it is printed."""

    level: int
    marker: str
    is_ordered: bool


@dataclass(frozen=True)
class _Level:
    start: int
    kind: str
    text: str


class Numbering:
    """Counts the items of every list as they come, in the order of the document."""

    def __init__(self, numbering: Any, styles: Any) -> None:
        self._levels: dict[str, dict[int, _Level]] = {}
        self._counts: dict[str, dict[int, int]] = defaultdict(dict)
        self._of_style: dict[str, tuple[str, int]] = {}
        abstract: dict[str, dict[int, _Level]] = {}
        for one in numbering.iter(f"{W}abstractNum") if numbering is not None else ():
            abstract[one.get(f"{W}abstractNumId", "")] = _levels_of(one)
        for one in numbering.iter(f"{W}num") if numbering is not None else ():
            levels = dict(abstract.get(_value(one, "abstractNumId"), {}))
            for override in one.iter(f"{W}lvlOverride"):
                number = _integer(override.get(f"{W}ilvl"), 0)
                levels |= _levels_of(override)
                start = _value(override, "startOverride")
                if start and number in levels:
                    known = levels[number]
                    levels[number] = _Level(_integer(start, known.start), known.kind, known.text)
            self._levels[one.get(f"{W}numId", "")] = levels
        for style in styles.iter(f"{W}style") if styles is not None else ():
            properties = style.find(f"{W}pPr/{W}numPr")
            if properties is not None:
                level = _integer(_value(properties, "ilvl"), 0)
                self._of_style[style.get(f"{W}styleId", "")] = (_value(properties, "numId"), level)

    def item(self, properties: Any, style: str) -> Item | None:
        """The item that a paragraph is, counted; None where it stands in no list."""
        number, level = self._of_style.get(style, ("", 0))
        own = properties.find(f"{W}numPr") if properties is not None else None
        if own is not None:
            number = _value(own, "numId") or number
            level = _integer(_value(own, "ilvl"), level)
        known = self._levels.get(number, {}).get(level)
        if number in ("", "0") or known is None:
            return None
        if known.kind == "bullet":
            return Item(level, "+" if known.text == "+" else "•", is_ordered=False)
        if known.kind == "none":
            return None
        counts = self._counts[number]
        counts[level] = counts.get(level, known.start - 1) + 1
        for deeper in [one for one in counts if one > level]:
            del counts[deeper]
        plain = _PLAIN_NUMBER.fullmatch(known.text)
        is_own = known.kind == "decimal" and known.text.startswith(f"%{level + 1}")
        if plain and is_own and counts[level] <= _HIGHEST:
            return Item(level, f"{counts[level]}{plain[1]}", is_ordered=True)
        return Item(level, self._printed(number, known.text, level), is_ordered=False)

    def _printed(self, number: str, text: str, level: int) -> str:
        levels, counts = self._levels[number], self._counts[number]

        def counted(match: re.Match[str]) -> str:
            place = int(match[1]) - 1
            known = levels.get(place)
            if known is None:
                return ""
            return _in_words(counts.get(place, known.start), known.kind)

        return re.sub("%([1-9])", counted, text)


def _levels_of(parent: Any) -> dict[int, _Level]:
    return {
        _integer(one.get(f"{W}ilvl"), 0): _Level(
            _integer(_value(one, "start"), 1), _value(one, "numFmt") or "decimal", _value(one, "lvlText")
        )
        for one in parent.iter(f"{W}lvl")
    }


def _value(parent: Any, name: str) -> str:
    child = parent.find(f"{W}{name}")
    return str(child.get(f"{W}val", "")) if child is not None else ""


def _integer(text: str | None, otherwise: int) -> int:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) <= 9 else otherwise


def _in_words(count: int, kind: str) -> str:
    if kind in ("lowerLetter", "upperLetter"):
        word = _LETTERS[(count - 1) % 26] * min((count - 1) // 26 + 1, 20)
    elif kind in ("lowerRoman", "upperRoman"):
        word, left = "", count % 4000
        for letters, value in _ROMAN.items():
            word += letters * (left // value)
            left %= value
    else:
        return str(count)
    return word.upper() if kind.startswith("upper") else word
