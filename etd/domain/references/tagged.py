"""Tagged lines as entries: RIS (`TY  - JOUR` to `ER  -`) and MEDLINE, which PubMed names NBIB (`PMID- 37634145`)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from etd.domain.references.problems import Problem

_RIS_LINE = re.compile(r"([A-Z][A-Z0-9])([ \t]{1,3})-(?:[ \t](.*))?")
# The tag takes four places; a copied page may have lost the blanks before the hyphen.
_NBIB_LINE = re.compile(r"([A-Z]{2,4})( {0,2})-(?:[ \t](.*))?")
# With fewer or more than its two blanks, a line counts as tagged only where RIS has the tag.
_RIS_TAG = re.compile(
    "A[1-4BDNUV]|BT|C[1-8ANPTY]|D[ABOP]|E[DPRT]|FD|H[12]|I[DPS]|J[12AFO]|K[1W]|L[1-4ABK]|M[1-3]|N[12OV]|O[LP]|P[BPY]"
    "|R[DINPS]|S[ENOPTV]|T[1-3AISTY]|U[1-5R]|V[LO]|W[PTV]|Y[12R]"
)
_QUOTED = 60


@dataclass
class Entry:
    """`number` counts from 1, `line` is its first; `values` are (tag, value) in the order of the file."""

    number: int
    line: int
    values: list[tuple[str, str]] = field(default_factory=list)


class Entries:
    """Builds entries from lines; what stands in none is kept as a problem."""

    def __init__(self, begins_with: str) -> None:
        self.done: list[Entry] = []
        self.problems: list[Problem] = []
        self._begins_with = begins_with
        self._current: Entry | None = None
        self._last: list[str] = []
        self._in_stray = False

    @property
    def is_open(self) -> bool:
        return self._current is not None

    def begin(self, line: int) -> None:
        self.end()
        self._current = Entry(len(self.done) + 1, line)

    def add(self, tag: str, value: str) -> None:
        assert self._current is not None
        self._flush()
        self._current.values.append((tag, ""))
        self._last = [value]

    def go_on(self, text: str) -> None:
        self._last.append(text)

    def end(self) -> None:
        if self._current is not None:
            self._flush()
            self.done.append(self._current)
        self._current = None
        self._in_stray = False

    def stray(self, line: int, text: str) -> None:
        """Lines one below the other are said once."""
        if not self._in_stray:
            words = (
                f"Stands in no entry, and was not read: “{text.strip()[:_QUOTED]}”."
                f" An entry begins with {self._begins_with}."
            )
            self.problems.append(Problem(0, line, words, is_left_out=True))
        self._in_stray = True

    def not_ended(self) -> None:
        if self._current is not None:
            number, line = self._current.number, self._current.line
            words = "Has no line ER  - at its end. It was read; please look whether it is whole."
            self.problems.append(Problem(number, line, words))

    def _flush(self) -> None:
        if self._current is not None and self._current.values:
            tag, _ = self._current.values[-1]
            self._current.values[-1] = (tag, one_line(" ".join(self._last)))
        self._last = []


def one_line(text: str) -> str:
    """Without line breaks, control characters and runs of blanks."""
    return " ".join(
        "".join(" " if ord(letter) < 32 or ord(letter) == 127 else letter for letter in text).split()
    )


def ris_entries(lines: Iterable[str]) -> Entries:
    entries = Entries("a line TY  -")
    for number, line in enumerate(lines, start=1):
        match = _RIS_LINE.fullmatch(line.rstrip())
        tag = match[1] if match and (len(match[2]) == 2 or _RIS_TAG.fullmatch(match[1])) else ""
        value = (match[3] or "") if match and tag else ""
        if tag == "TY":
            entries.not_ended()
            entries.begin(number)
            entries.add(tag, value)
        elif not line.strip():
            continue
        elif not entries.is_open:
            entries.stray(number, line)
        elif tag == "ER":
            entries.end()
        elif tag:
            entries.add(tag, value)
        else:
            entries.go_on(line)
    entries.not_ended()
    entries.end()
    return entries


def nbib_entries(lines: Iterable[str]) -> Entries:
    """A blank line ends an entry, a line that begins with blanks continues the one above."""
    entries = Entries("a line PMID-")
    for number, line in enumerate(lines, start=1):
        match = _NBIB_LINE.fullmatch(line.rstrip())
        if not line.strip():
            entries.end()
        elif match and match[1] == "PMID":
            entries.begin(number)
            entries.add("PMID", match[3] or "")
        elif match:
            if not entries.is_open:
                entries.begin(number)
            entries.add(match[1], match[3] or "")
        elif entries.is_open:
            entries.go_on(line)
        else:
            entries.stray(number, line)
    entries.end()
    return entries


def format_of(lines: Iterable[str]) -> str:
    """`RIS`, `NBIB` or empty: by the first line that begins an entry of either."""
    for line in lines:
        ris, nbib = _RIS_LINE.fullmatch(line.rstrip()), _NBIB_LINE.fullmatch(line.rstrip())
        if ris and ris[1] == "TY":
            return "RIS"
        if nbib and nbib[1] == "PMID":
            return "NBIB"
    return ""
