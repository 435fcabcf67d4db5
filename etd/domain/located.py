"""Findings at their place on the question page, with the fingerprint by which a dismissal knows one again."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from etd.domain.canonical import digest
from etd.domain.findings import Finding

# `row 3`, `rows 1, 2 and 5`: the number of a row moves when one is added above it, what is said of the row does not.
_ROW_NUMBERS = re.compile(r"\brows? \d+(?:, \d+)*(?: and \d+)?")


@dataclass(frozen=True, slots=True)
class Place:
    """A part of the question page: the name that findings give it, and its fragment there."""

    name: str
    fragment: str


@dataclass(frozen=True, slots=True)
class Words:
    """A piece of what says where something is; `fragment` is empty where it names no part of the page."""

    text: str
    fragment: str = ""


@dataclass(frozen=True, slots=True)
class LocatedFinding:
    """`fingerprint` is a sha256 that changes with the place and with the words or the arithmetic."""

    finding: Finding
    fingerprint: str
    where: tuple[Words, ...]

    @property
    def fragments(self) -> tuple[str, ...]:
        """The parts of the page that it is about; none where it is about the whole question."""
        return tuple(dict.fromkeys(words.fragment for words in self.where if words.fragment))


def located(finding: Finding, places: Sequence[Place]) -> LocatedFinding:
    """A finding that names its places in words."""
    content = {name: value for name, value in finding.to_json().items() if name != "heuristic"}
    return LocatedFinding(finding, digest(content), words_with_places(finding.where, places))


def located_in_row(finding: Finding, *, row: Sequence[Any], fragment: str) -> LocatedFinding:
    """A finding of a table's row. `row` says which row it is, whatever its number is in the table."""
    text, _, column = finding.where.rpartition(", ")
    content = {
        "code": finding.code,
        "severity": finding.severity.value,
        "row": list(row),
        "column": column,
        "message": _ROW_NUMBERS.sub("row", finding.message),
        "evidence": _ROW_NUMBERS.sub("row", finding.evidence),
    }
    return LocatedFinding(finding, digest(content), (Words(text, fragment),))


def words_with_places(where: str, places: Sequence[Place]) -> tuple[Words, ...]:
    """`where` in pieces; of two names that begin at the same word the longer is meant, of the same name the first."""
    if not where:
        return ()
    fragments: dict[str, str] = {}
    for place in places:
        if place.name:
            fragments.setdefault(place.name.casefold(), place.fragment)
    names = sorted(fragments, key=len, reverse=True)
    if not names:
        return (Words(where),)
    pattern = rf"(?<!\w)({'|'.join(map(re.escape, names))})(?!\w)"
    pieces = re.split(pattern, where, flags=re.IGNORECASE)
    # re.split gives what is between the names at the even places, and the names at the odd ones
    return tuple(
        Words(_plain(piece), fragments.get(piece.casefold(), "")) if at % 2 else Words(piece)
        for at, piece in enumerate(pieces)
        if piece
    )


def _plain(name: str) -> str:
    """Headings that a framework prints in capitals are no louder here than others."""
    return name.capitalize() if name.isupper() else name
