"""The text as pieces of cells. GRADEpro's tables come out of Word with a tab before every cell.

A cell goes on, over empty lines too, until the next tab. Where a line holds several tabs, it is a row of cells.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from documents.importing.marks import (
    CHOSEN,
    TABLE_END,
    has_marks,
    marked_line,
    plain_of,
    printed,
    without_typed_mark,
)
from documents.importing.roles import Role

# What ends a line besides \n: Word's soft breaks, pages, and the separators of Unicode.
_LINE_ENDS = re.compile("\r\n|[\r\x0b\x0c\x85\u2028\u2029]")
_LIST_MARK = re.compile(r"\s*(?:[·•▪◦○◯⚪●⬤⚫◉☐☒☑oO*–-]|\(?\d{1,3}[.)])\s*")
_GLYPH = re.compile(r"\s*[○◯⚪●⬤⚫◉☐☒☑oO•]?\s*")


@dataclass(frozen=True)
class Fragment:
    """A line, or the part of a line that is one cell. `index` is its place among all fragments.

    `may_continue`: it stands before the one tab of its line. It begins a row of two cells, or goes on with a cell.
    `marked` is the piece with its formatting, empty where the text has none (`marks`); `text` is without it then.
    """

    index: int
    line: int
    text: str
    begins_cell: bool = False
    ends_row: bool = False
    may_continue: bool = False
    marked: str = ""
    role: Role = Role.NONE
    ends_table: bool = False
    is_chosen: bool = False

    @property
    def stored(self) -> str:
        """What `as_markdown` makes a text of: the piece with its formatting."""
        return self.marked or self.text

    @property
    def bare(self) -> str:
        """The letters alone, also of what people typed."""
        return without_typed_mark(self.text) if self.marked else self.text

    @cached_property
    def folded(self) -> str:
        """White space to single blanks; no-break spaces are white space."""
        return " ".join(self.text.split())

    @cached_property
    def is_blank(self) -> bool:
        return not self.text.strip()


@dataclass(frozen=True)
class Cell:
    """A cell with all its lines, blank ones among them."""

    fragments: tuple[Fragment, ...]

    @cached_property
    def folded(self) -> str:
        return " ".join(" ".join(fragment.text for fragment in self.fragments).split())

    @property
    def exact(self) -> str:
        """Letter for letter where our own file says so, else with single blanks."""
        printed = [fragment for fragment in self.fragments if not fragment.is_blank]
        if printed and all(fragment.role == Role.EXACT for fragment in printed):
            return "\n".join(plain_of(marked_line(fragment.marked).text) for fragment in printed)
        return self.folded

    @cached_property
    def head(self) -> tuple[Fragment, ...]:
        """The lines before the first blank one; an empty cell is its own head."""
        for number, fragment in enumerate(self.fragments):
            if number and fragment.is_blank:
                return self.fragments[:number]
        return self.fragments

    @property
    def tail(self) -> tuple[Fragment, ...]:
        """What follows the head: blank, unless text goes on after an empty line."""
        return self.fragments[len(self.head) :]

    @property
    def ends_row(self) -> bool:
        return bool(self.tail) or any(fragment.ends_row for fragment in self.fragments)


def fragments_of(text: str) -> tuple[Fragment, ...]:
    found: list[Fragment] = []
    for number, line in enumerate(_LINE_ENDS.sub("\n", text).split("\n"), start=1):
        parts = line.split("\t")
        if has_marks(line) or TABLE_END in line:
            found += _marked_fragments(len(found), number, parts)
            continue
        if len(parts) == 1 or _is_list_item(parts):
            found.append(Fragment(len(found), number, line))
            continue
        cells = parts if parts[0].strip() else parts[1:]
        for place, cell in enumerate(cells, start=1):
            ends_row = len(cells) > 1 and place == len(cells)
            may_continue = place == 1 and len(parts) == len(cells) == 2
            found.append(Fragment(len(found), number, cell, True, ends_row, may_continue))
    return tuple(found)


def _marked_fragments(index: int, number: int, parts: Sequence[str]) -> list[Fragment]:
    """A line of a text with its formatting: a tab begins a cell, and nothing else is one."""
    pieces = [(parts[0], False)] if parts[0] else []
    pieces += [(part, True) for part in parts[1:]]
    found = []
    for place, (piece, begins_cell) in enumerate(pieces, start=index):
        line = marked_line(piece)
        found.append(
            Fragment(
                place,
                number,
                printed(line),
                begins_cell=begins_cell,
                marked=piece,
                role=line.role,
                ends_table=TABLE_END in piece,
                is_chosen=CHOSEN in piece,
            )
        )
    return found


def _is_list_item(parts: Sequence[str]) -> bool:
    """A bullet or a number, a tab and its text: no cells. Two radio buttons beside each other are cells."""
    return (
        len(parts) == 2
        and bool(parts[0].strip())
        and bool(_LIST_MARK.fullmatch(parts[0]))
        and not _GLYPH.fullmatch(parts[1])
    )


def cells_of(fragments: Sequence[Fragment]) -> tuple[Cell, ...]:
    """The fragments by cells; what stands before the first tab is a cell too."""
    cells: list[list[Fragment]] = []
    for fragment in fragments:
        if fragment.begins_cell or not cells:
            cells.append([])
        cells[-1].append(fragment)
    return tuple(Cell(tuple(cell)) for cell in cells)
