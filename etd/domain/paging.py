"""Long lists, a page at a time."""

from __future__ import annotations

from dataclasses import dataclass

A_PAGE = 20
_LONGEST_NUMBER = 6


@dataclass(frozen=True)
class Page:
    """Page `number` of `n_pages`, both from 1, of `n_items`: those from `start` up to `stop`, as slices are."""

    number: int
    n_pages: int
    n_items: int
    start: int
    stop: int

    @property
    def place(self) -> str:
        """`21–40 of 1,000`."""
        return f"{self.start + 1:,}–{self.stop:,} of {self.n_items:,}"

    @property
    def previous(self) -> int | None:
        return self.number - 1 if self.number > 1 else None

    @property
    def next(self) -> int | None:
        return self.number + 1 if self.number < self.n_pages else None


def page_of(n_items: int, asked: str = "") -> Page:
    """The page that an address asks for; the first where it names none, the last where it names one after that."""
    n_pages = max(1, -(-n_items // A_PAGE))
    is_number = asked.isascii() and asked.isdecimal() and len(asked) <= _LONGEST_NUMBER
    number = min(max(int(asked), 1), n_pages) if is_number else 1
    start = (number - 1) * A_PAGE
    return Page(number, n_pages, n_items, start, min(start + A_PAGE, n_items))
