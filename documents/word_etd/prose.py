"""A text in CommonMark as paragraphs and true lists of Word."""

from __future__ import annotations

from documents.importing.roles import INDENT
from documents.prose import Block, blocks_of
from documents.word_etd.elements import Element, Writer
from documents.word_etd.styles import LEVELS, new_list


def prose(writer: Writer, text: str, style: str, following: str = "") -> list[Element]:
    """Its paragraphs; the first in `style`, the others in `following` where that is given."""
    lists = _Lists(writer)
    return [
        writer.paragraph(
            (following or style) if number else style,
            block.runs,
            numbering=lists.place(block),
            # No space above tells an item that stands right under the line before it.
            before=0 if block.joined else None,
            indent=INDENT * block.depth if block.depth and not block.marker else 0,
        )
        for number, block in enumerate(blocks_of(text))
    ]


class _Lists:
    """The Word list of each item: an own one wherever the numbers, as typed, do not run on."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer
        self._open: list[tuple[int, str]] = []

    def place(self, block: Block) -> tuple[int, int] | None:
        del self._open[block.depth :]
        if not block.marker or block.depth > LEVELS:
            return None
        while len(self._open) < block.depth:
            self._open.append((0, ""))
        number, last = self._open[-1]
        if not number or not _runs_on(last, block.marker):
            number = new_list(self._writer.document, block.marker)
        self._open[-1] = (number, block.marker)
        return number, block.depth - 1


def _runs_on(last: str, marker: str) -> bool:
    if marker[-1] != last[-1]:
        return False
    return not marker[:-1] or int(marker[:-1]) == int(last[:-1]) + 1
