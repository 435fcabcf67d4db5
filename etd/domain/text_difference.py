"""Two states of one text beside each other, with the words marked that the other does not have."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher

_WORD = re.compile(r"\S+\s*|^\s+")


@dataclass(frozen=True)
class Piece:
    text: str
    differs: bool


@dataclass(frozen=True)
class TextDifference:
    """Both texts in pieces of whole words; joined, the pieces are the texts letter for letter."""

    before: tuple[Piece, ...]
    after: tuple[Piece, ...]


def text_difference(before: str, after: str) -> TextDifference:
    """What was taken out of `before` and what is new in `after`."""
    old, new = _WORD.findall(before), _WORD.findall(after)
    steps = SequenceMatcher(None, old, new).get_opcodes()
    return TextDifference(
        before=tuple(_pieces((old[i:j], step != "equal") for step, i, j, _, _ in steps)),
        after=tuple(_pieces((new[i:j], step != "equal") for step, _, _, i, j in steps)),
    )


def _pieces(parts: Iterator[tuple[list[str], bool]]) -> Iterator[Piece]:
    for words, differs in parts:
        if words:
            yield Piece("".join(words), differs)
