"""What a difference between two documents consists of."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum, StrEnum


class Kind(StrEnum):
    """What a change is of."""

    JUDGEMENT = "judgement"
    STATEMENT = "statement"
    CERTAINTY = "certainty"
    NUMBERS = "numbers"
    WORDS = "words"
    REFERENCES = "references"
    PANEL = "panel"
    FRAMEWORK = "framework"
    OTHER = "other"

    @property
    def label(self) -> str:
        return _KINDS[self]


_KINDS = {
    Kind.JUDGEMENT: "Judgement",
    Kind.STATEMENT: "Statement",
    Kind.CERTAINTY: "Certainty of the evidence",
    Kind.NUMBERS: "Numbers",
    Kind.WORDS: "Words",
    Kind.REFERENCES: "References",
    Kind.PANEL: "Panel and voting",
    Kind.FRAMEWORK: "Framework and labels",
    Kind.OTHER: "Other data",
}


class Weight(IntEnum):
    """How much a change matters, the most important first.

    `DECISION` is a change of a judgement, of what a statement recommends or of a certainty; `CROSSING` of a result that
    crosses no effect, is new or is gone. `RECORD` is who, when and how, and data that the pages do not print.
    """

    DECISION = 1
    CROSSING = 2
    NUMBERS = 3
    WORDS = 4
    RECORD = 5

    @property
    def label(self) -> str:
        return _WEIGHTS[self]


_WEIGHTS = {
    Weight.DECISION: "Judgements, recommendations and certainty",
    Weight.CROSSING: "Results that say something else, are new or are gone",
    Weight.NUMBERS: "Other numbers",
    Weight.WORDS: "Wording",
    Weight.RECORD: "Panel, voting and record",
}


class Manner(StrEnum):
    CHANGED = "changed"
    ADDED = "added"
    REMOVED = "removed"


@dataclass(frozen=True)
class Part:
    """One thing that reads otherwise, both sides letter for letter; a side is empty where it was not there.

    `prose` is text that is compared word by word. What is not `printed` stands in the document's data alone.
    """

    what: str
    before: str
    after: str
    prose: bool = False
    printed: bool = True


@dataclass(frozen=True)
class Change:
    """What is different in one place; `reasons` say why a result counts as more than a number."""

    kind: Kind
    weight: Weight
    place: str
    parts: tuple[Part, ...]
    manner: Manner = Manner.CHANGED
    reasons: tuple[str, ...] = ()

    @property
    def printed(self) -> tuple[Part, ...]:
        return tuple(part for part in self.parts if part.printed)

    @property
    def unprinted(self) -> tuple[Part, ...]:
        return tuple(part for part in self.parts if not part.printed)


@dataclass(frozen=True)
class Difference:
    """Every change, the most important first, within a weight in the order of the document."""

    changes: tuple[Change, ...]

    def __bool__(self) -> bool:
        return bool(self.changes)

    def of(self, weight: Weight) -> tuple[Change, ...]:
        return tuple(change for change in self.changes if change.weight is weight)

    @property
    def by_weight(self) -> Iterator[tuple[Weight, tuple[Change, ...]]]:
        """The weights that occur, each with its changes."""
        return ((weight, changes) for weight in Weight if (changes := self.of(weight)))


def manner(before: object | None, after: object | None) -> Manner:
    """What became of a thing that is None where it is not there."""
    if before is None:
        return Manner.ADDED
    return Manner.REMOVED if after is None else Manner.CHANGED
