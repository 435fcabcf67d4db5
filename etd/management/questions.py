"""A question named on the command line."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandError

from etd.models import Question

BAD_INPUT = 2


def find_question(slug: str) -> Question:
    """The one question of this slug. Raises CommandError (exit status 2) where there is none or more than one."""
    guideline, _, name = slug.rpartition("/")
    questions = Question.objects.select_related("guideline", "recommendation").order_by(
        "guideline__slug", "slug"
    )
    found = (
        questions.filter(slug=name, guideline__slug=guideline) if guideline else questions.filter(slug=name)
    )
    if len(found) == 1:
        return found[0]
    if found:
        raise CommandError(f"More than one question is called {slug}: {_names(found)}.", returncode=BAD_INPUT)
    known = _names(questions)
    raise CommandError(
        f"There is no question {slug}. {f'There are: {known}.' if known else 'No question has been made yet.'}",
        returncode=BAD_INPUT,
    )


def _names(questions: Any) -> str:
    return ", ".join(f"{question.guideline.slug}/{question.slug}" for question in questions)
