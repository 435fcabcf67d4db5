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
    """What was taken out of `before` and what is new in `after`; the space between words makes no difference."""
    old, new = _WORD.findall(before), _WORD.findall(after)
    bare_old, bare_new = ([word.strip() for word in words] for words in (old, new))
    steps = SequenceMatcher(None, bare_old, bare_new).get_opcodes()
    return TextDifference(
        before=tuple(_pieces((old[i:j], step != "equal") for step, i, j, _, _ in steps)),
        after=tuple(_pieces((new[i:j], step != "equal") for step, _, _, i, j in steps)),
    )


def _pieces(parts: Iterator[tuple[list[str], bool]]) -> Iterator[Piece]:
    for words, differs in parts:
        text = "".join(words)
        marked = text.rstrip() if differs else ""
        if marked:
            yield Piece(marked, differs=True)
        if rest := text.removeprefix(marked):
            yield Piece(rest, differs=False)
