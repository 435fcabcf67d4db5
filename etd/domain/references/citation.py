"""A work as one citation in Vancouver style.

After the sample references of the ICMJE Recommendations ("Samples of Formatted References for Authors of Journal
Articles", National Library of Medicine, and Citing Medicine, 2nd edition): surname and initials without points; the
first six authors, then et al.; journal, year;volume(issue):pages. Numbers and titles stay as they were given.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

MOST_AUTHORS = 6
_LONGEST_INITIALS = 3
_ET_AL = frozenset({"et al", "et al.", "and others"})


@dataclass(frozen=True)
class Work:
    """`authors` and `editors` as a citation prints them; `container` is the journal, or the book of a chapter."""

    title: str
    authors: tuple[str, ...] = ()
    editors: tuple[str, ...] = ()
    container: str = ""
    year: str = ""
    volume: str = ""
    issue: str = ""
    pages: str = ""
    edition: str = ""
    place: str = ""
    publisher: str = ""
    url: str = ""
    is_journal: bool = False


def vancouver(work: Work) -> str:
    """One line; what the work does not have is left out."""
    parts = [listed_authors(work.authors), work.title]
    if work.is_journal:
        parts += [work.container, _issue(work)]
    elif work.container:
        editors = f"{listed_authors(work.editors)}, {_editors(work.editors)}. " if work.editors else ""
        parts += [f"In: {editors}{work.container}", work.edition, _imprint(work)]
        parts += [f"p. {work.pages}" if work.pages else ""]
    else:
        parts += [work.edition, _imprint(work), _issue_of_book(work)]
    line = " ".join(_with_stop(part) for part in parts if part)
    return f"{line} Available from: {work.url}" if work.url else line


def listed_authors(authors: Sequence[str]) -> str:
    """`Thiele H, Zeymer U, et al`: six names at most, then et al."""
    named = [author for author in authors if author.casefold() not in _ET_AL]
    more = len(named) > MOST_AUTHORS or len(named) < len(authors)
    return ", ".join([*named[:MOST_AUTHORS], *(["et al"] if more and named else [])])


def short_name(author: str) -> str:
    """`Thiele HJ` from `Thiele, Holger J.`; a name without a comma (a group, or short already) as it was given."""
    surname, comma, rest = author.partition(",")
    given, _, suffix = rest.partition(",")
    if not comma or not surname.strip():
        return author.strip(" ,") or author.strip()
    return " ".join(part for part in (surname.strip(), _initials(given), suffix.strip(" .")) if part)


def _initials(given: str) -> str:
    letters, particles = "", []
    for name in re.split(r"[\s.\-‐]+", given):
        if not name:
            continue
        if letters and name.islower():
            particles.append(name)
        elif name.isupper() and len(name) <= _LONGEST_INITIALS:
            letters += name
        else:
            letters += name[0].upper()
    return " ".join([letters, *particles]).strip()


def _issue(work: Work) -> str:
    issue = f"({work.issue})" if work.issue else ""
    number = f"{work.volume}{issue}"
    pages = f":{work.pages}" if work.pages else ""
    if not work.year:
        return f"{number}{pages}".lstrip(":")
    return f"{work.year};{number}{pages}" if number else f"{work.year}{pages}"


def _imprint(work: Work) -> str:
    """`Geneva: WHO; 2023`."""
    publisher = ": ".join(part for part in (work.place, work.publisher) if part)
    return "; ".join(part for part in (publisher, work.year) if part)


def _issue_of_book(work: Work) -> str:
    """The numbers of a report or a book, in words, so that none is lost."""
    named = (("vol.", work.volume), ("no.", work.issue), ("p.", work.pages))
    return ", ".join(f"{name} {value}" for name, value in named if value)


def _editors(editors: Sequence[str]) -> str:
    return "editor" if len(editors) == 1 else "editors"


def _with_stop(part: str) -> str:
    return part if part.endswith((".", "?", "!")) else f"{part}."
