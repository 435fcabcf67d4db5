"""The difference between two documents: in judgements, numbers, statements and words. No Django."""

from documents.difference.change import Change, Difference, Kind, Manner, Part, Weight
from documents.difference.compare import compare
from documents.difference.errata import Edition, errata
from documents.difference.note import proposed_note

__all__ = [
    "Change",
    "Difference",
    "Edition",
    "Kind",
    "Manner",
    "Part",
    "Weight",
    "compare",
    "errata",
    "proposed_note",
]
