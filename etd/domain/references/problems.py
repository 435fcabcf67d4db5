"""What a reader of references could not take as it stands."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Problem:
    """`entry` is 0 for what stands in none. `is_left_out`: the entry is not among what was read."""

    entry: int
    line: int
    text: str
    is_left_out: bool = False

    @property
    def where(self) -> str:
        return f"Entry {self.entry}, line {self.line}" if self.entry else f"Line {self.line}"
