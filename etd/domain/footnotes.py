"""Footnotes of a table: the same text has the same letter, in the order in which the table is read."""

from __future__ import annotations

from collections.abc import Iterable
from string import ascii_lowercase


class Footnotes:
    """Gives letters out; `items` are the pairs of letter and text so far."""

    def __init__(self) -> None:
        self._letters: dict[str, str] = {}

    def marks(self, texts: Iterable[str]) -> tuple[str, ...]:
        """The letters of these texts, in their order, each once."""
        return tuple(
            dict.fromkeys(self._letters.setdefault(text, letter(len(self._letters))) for text in texts)
        )

    @property
    def items(self) -> tuple[tuple[str, str], ...]:
        return tuple((mark, text) for text, mark in self._letters.items())


def letter(number: int) -> str:
    """`a` for 0, `z` for 25, `aa` for 26."""
    before, last = divmod(number, len(ascii_lowercase))
    return (letter(before - 1) if before else "") + ascii_lowercase[last]
