"""What was said about the results of rounds, for those who may take part in the discussion."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from etd.models import DiscussionNote, Question, User
from etd.selectors.conflicts import may_discuss


@dataclass(frozen=True)
class NoteView:
    round_number: int
    author: str
    text: str
    written_at: datetime


def discussion(question: Question, viewer: User) -> dict[str, tuple[NoteView, ...]]:
    """Item key to all notes on it, of every round, the first first; empty for somebody who takes no part."""
    if not may_discuss(question, viewer):
        return {}
    found: dict[str, list[NoteView]] = {}
    for note in (
        DiscussionNote.objects.filter(question=question).select_related("author", "round").order_by("pk")
    ):
        found.setdefault(note.item_key, []).append(
            NoteView(note.round.number, str(note.author), note.text, note.written_at)
        )
    return {key: tuple(notes) for key, notes in found.items()}
