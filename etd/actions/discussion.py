"""The panel's discussion between rounds: notes by name. Votes are never spoken of here but by their own authors."""

from __future__ import annotations

from uuid import UUID

from django.db import transaction
from django.utils import timezone

from etd.actions import audit
from etd.actions.errors import Refused
from etd.actions.locks import lock_question
from etd.actions.rounds import close_if_over, recusals
from etd.domain.canonical import digest
from etd.enums import ConflictLevel
from etd.models import DiscussionNote, User, VotingRound
from etd.votes import is_over


def add_discussion_note(
    *, voting_round: VotingRound, item_key: str, text: str, by: User, op: UUID | None = None
) -> DiscussionNote:
    """Add a note on one item of a round that is over. The author's last note again, unchanged, is stored once.

    Raises Refused for an empty note, before the round is over, for an item it did not ask about, and from somebody who
    takes no part in the question. The trail holds the digest of the words.
    """
    with transaction.atomic():
        current = lock_question(voting_round.question)
        now = timezone.now()
        close_if_over(current, now)
        stored = VotingRound.objects.get(pk=voting_round.pk)
        if not is_over(stored, now):
            raise Refused("The discussion begins when the round is over.")
        if item_key not in stored.item_keys:
            raise Refused("This round did not ask about that.")
        if not text.strip():
            raise Refused("Please write something first.")
        if recusals(current).filter(user=by, level=ConflictLevel.EXCLUDED).exists():
            raise Refused("You take no part in this question, nor in its discussion.")
        last = DiscussionNote.objects.filter(round=stored, item_key=item_key).order_by("pk").last()
        if last is not None and (last.author_id, last.text) == (by.pk, text):
            return last
        note = DiscussionNote.objects.create(
            question=current, round=stored, item_key=item_key, author=by, text=text, written_at=now
        )
        audit.record(
            type="discussion_note_added",
            subject=f"Round {stored.number}, {item_key}",
            after={"sha256": digest({"text": text})},
            at=now,
            by=by,
            question=current,
            op=op,
        )
    return note
