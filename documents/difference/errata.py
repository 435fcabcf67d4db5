"""The difference between two documents as an errata text: for “this” read “that”, letter for letter."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from documents.difference.change import Change, Difference, Manner, Part
from documents.difference.passages import Passage, passages
from documents.schema import EtdDocument

WIDTH = 100
LINE_BREAK = "¶"
_INDENT = " " * 5
_HOW_TO_READ = (
    "Quotations are letter for letter: what stands between the outermost quotation marks. A long one goes on in the"
    f" next line; {LINE_BREAK} stands where the text itself begins a new line. Where only a passage of a text changes,"
    " it is quoted with the words beside it."
)
_UNPRINTED = "In the data of the document alone (numbers before rounding, keys, technical records)"


@dataclass(frozen=True)
class Edition:
    """One of the two documents: its name in a heading, as “Version 2”, and the sha256 of its JSON file."""

    name: str
    document: EtdDocument
    sha256: str


def errata(before: Edition, after: Edition, difference: Difference) -> str:
    """The whole text: heading, numbered changes by importance, and last what stands in the data alone."""
    return "\n".join([*_heading(before, after), *_body(difference)]) + "\n"


def _heading(before: Edition, after: Edition) -> Iterator[str]:
    title = f"Changes from {_within(before.name)} to {_within(after.name)}"
    yield from (title, "=" * len(title), "")
    yield from wrapped(after.document.question.title, "")
    owner = ". ".join(filter(None, (after.document.guideline.title, after.document.guideline.organisation)))
    yield from (*wrapped(owner, ""), "")
    for edition in (before, after):
        yield from _edition(edition)
    yield ""
    yield from (*wrapped(_HOW_TO_READ, ""), "")


def _within(name: str) -> str:
    return name[:1].lower() + name[1:]


def _edition(edition: Edition) -> Iterator[str]:
    version = edition.document.version
    if version is None:
        yield f"{edition.name}: not published"
    else:
        yield f"{edition.name}: published {date_in_words(version.published_at)} by {version.published_by}"
    yield f"  sha256 of its JSON file: {edition.sha256}"
    if version and version.note:
        yield from wrapped(f"Note: “{_one_line(version.note)}”", "  ")


def date_in_words(at: str) -> str:
    """`1 March 2026` of a time in ISO 8601; what is no such time stays as it is."""
    try:
        moment = datetime.fromisoformat(at)
    except ValueError:
        return at
    return f"{moment.day} {moment:%B %Y}"


def _body(difference: Difference) -> Iterator[str]:
    if not difference:
        yield "Nothing differs: both say the same, letter for letter."
        return
    number = 0
    for weight, changes in difference.by_weight:
        entries = [entry for change in changes for entry in _entries(change, change.printed)]
        if entries:
            yield from (weight.label, "-" * len(weight.label), "")
        for entry in entries:
            number += 1
            yield from _numbered(number, entry)
    data = [entry for change in difference.changes for entry in _entries(change, change.unprinted)]
    if data:
        yield from (_UNPRINTED, "-" * len(_UNPRINTED), "")
    for entry in data:
        number += 1
        yield from _numbered(number, entry)


@dataclass(frozen=True)
class _Entry:
    place: str
    passage: Passage


def _entries(change: Change, parts: Sequence[Part]) -> Iterator[_Entry]:
    came_or_went = {Manner.ADDED: " (new)", Manner.REMOVED: " (no longer there)", Manner.CHANGED: ""}
    for part in parts:
        what = "" if part.what == change.place else f". {part.what}"
        place = f"{change.place}{came_or_went[change.manner]}{what}"
        found = passages(part.before, part.after) if part.prose else ()
        for passage in found or (Passage(part.before, part.after),):
            yield _Entry(place, passage)


def _numbered(number: int, entry: _Entry) -> Iterator[str]:
    first, *rest = wrapped(entry.place, _INDENT)
    yield f"{number}.".ljust(len(_INDENT)) + first.removeprefix(_INDENT)
    yield from rest
    before, after = _one_line(entry.passage.before), _one_line(entry.passage.after)
    if not before:
        yield from wrapped(f"Insert “{after}”", _INDENT)
    elif not after:
        yield from wrapped(f"Delete “{before}”", _INDENT)
    else:
        yield from wrapped(f"For “{before}”", _INDENT)
        yield from wrapped(f"read “{after}”", _INDENT)
    yield ""


def _one_line(text: str) -> str:
    """A text with a sign for each of its line breaks."""
    return text.replace("\r\n", "\n").replace("\n", LINE_BREAK)


def wrapped(text: str, indent: str) -> list[str]:
    """Lines of at most WIDTH signs, broken where there is one space: joined with spaces they are the text again.

    A word that is longer stands whole on a line of its own. Spaces in a row are never broken.
    """
    room = WIDTH - len(indent)
    lines: list[str] = []
    current: list[str] = []
    for word in text.split(" "):
        joined = " ".join([*current, word])
        if current and current[-1] and word and len(joined) > room:
            lines.append(indent + " ".join(current))
            current = [word]
        else:
            current.append(word)
    return [*lines, indent + " ".join(current)]
