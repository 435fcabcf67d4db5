"""A first sentence of what has changed, for the person who writes the note of a new version."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from documents.difference.change import Change, Difference, Kind, Manner, Part, Weight

# So many changes of one weight are told one by one; the others are counted.
_TOLD = 8
_NOTHING = "nothing"


def proposed_note(difference: Difference) -> str:
    """The most important changes in a paragraph; empty where nothing has changed. A proposal, for a person to edit."""
    told = [one for weight in (Weight.DECISION, Weight.CROSSING) for one in difference.of(weight)]
    sentences = [_sentence(change) for change in told[:_TOLD]]
    counted = [*told[_TOLD:], *(one for one in difference.changes if one.weight > Weight.CROSSING)]
    if counted:
        sentences.append(f"{'Also changed' if sentences else 'Changed'}: {', '.join(_counts(counted))}")
    return ". ".join(sentences) + "." if sentences else ""


def _sentence(change: Change) -> str:
    if change.manner is not Manner.CHANGED:
        return f"{change.place}: {'new' if change.manner is Manner.ADDED else 'no longer there'}"
    place = change.place
    if change.kind is Kind.JUDGEMENT and place.startswith("Criterion "):
        place = f"Judgement on c{place[1:]}"
    moves = [_move(part) for part in change.printed if part.what in _TELLING or part.what == place]
    return f"{place}: {', '.join(moves) or 'changed'}"


def _move(part: Part) -> str:
    name = "" if part.what in _SAID_BY_PLACE else f"{part.what.lower()} "
    return f"{name}from {_quoted(part.before)} to {_quoted(part.after)}"


# What a sentence says of a change; the rest stands in the list of differences.
_TELLING = {"Judgement", "Kind", "Strength", "Direction", "Certainty", "Population", "Effect"}
_SAID_BY_PLACE = {"Judgement", "Type of recommendation"}


def _quoted(text: str) -> str:
    return f"“{text}”" if text else _NOTHING


def _counts(changes: list[Change]) -> Iterator[str]:
    """Who, when and how is counted apart from what it is of: a judgement with another date is no other judgement."""
    names = Counter(_name(change) for change in changes)
    order = [kind.label for kind in Kind] + [Weight.RECORD.label]
    return (f"{name.lower()} in {_places(names[name])}" for name in order if names[name])


def _name(change: Change) -> str:
    return Weight.RECORD.label if change.weight is Weight.RECORD else change.kind.label


def _places(number: int) -> str:
    return "one place" if number == 1 else f"{number} places"
