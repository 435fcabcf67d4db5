"""Locking, always in one order: the question, its round, the end of the audit chain.

On SQLite a transaction holds the only write lock from its start (IMMEDIATE), so each action opens its outermost
transaction before its first read; on PostgreSQL the rows are locked.
"""

from __future__ import annotations

from etd.actions.errors import Refused
from etd.models import Question
from etd.workflow import WHY_FROZEN, Part, is_frozen


def lock_question(question: Question) -> Question:
    """The question as it is now, locked until the end of the transaction."""
    return (
        Question.objects.select_for_update(of=("self",))
        .select_related("guideline", "own_framework")
        .get(pk=question.pk)
    )


def require_open(question: Question, part: Part) -> None:
    """Raises Refused where the question's status freezes this part."""
    if is_frozen(question.status, part):
        raise Refused(f"Now closed to changes: {part.value}. {WHY_FROZEN[question.status]}")
