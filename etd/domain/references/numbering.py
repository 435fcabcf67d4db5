"""Which number each reference of a file is given, and which of them the list has already."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import count

from etd.domain.references.reading import ReadReference


@dataclass(frozen=True)
class Known:
    """What the list has under a number."""

    citation: str
    doi: str
    pmid: str


@dataclass(frozen=True)
class Numbered:
    """`same_as` says in words which reference it repeats, empty where it is new."""

    number: int
    reference: ReadReference
    same_as: str = ""


def numbered(
    references: Sequence[ReadReference], known: Mapping[int, Known], first: int
) -> tuple[Numbered, ...]:
    """In the order of the file. New ones take the free numbers from `first` on; repeated ones follow after them.

    Repeated is what has the DOI, the PMID or, unless the DOIs differ, the letters and digits of another.
    """
    free = (number for number in count(first) if number not in known)
    same = _repeated(references, known)
    order = [one for one in references if one.entry not in same] + [
        one for one in references if one.entry in same
    ]
    numbers = {one.entry: number for one, number in zip(order, free, strict=False)}
    return tuple(Numbered(numbers[one.entry], one, same.get(one.entry, "")) for one in references)


def _repeated(references: Iterable[ReadReference], known: Mapping[int, Known]) -> dict[int, str]:
    """Entry to what it repeats."""
    seen: dict[str, tuple[str, str]] = {}
    for number, listed in known.items():
        for key in _keys(listed.citation, listed.doi, listed.pmid):
            seen.setdefault(key, (f"reference {number}", listed.doi))
    found: dict[int, str] = {}
    for one in references:
        keys = _keys(one.citation, one.doi, one.pmid)
        for key in keys:
            name, doi = seen.get(key, ("", ""))
            if name and not (key.startswith("citation") and doi and one.doi and doi != one.doi):
                found.setdefault(one.entry, name)
        for key in keys:
            seen.setdefault(key, (f"entry {one.entry} of this file", one.doi))
    return found


def _keys(citation: str, doi: str, pmid: str) -> list[str]:
    letters = "".join(letter for letter in citation.casefold() if letter.isalnum())
    return [f"{kind} {key}" for kind, key in (("doi", doi), ("pmid", pmid), ("citation", letters)) if key]
