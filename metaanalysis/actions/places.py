"""Outcomes and populations that a person chooses, or names anew."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.db import transaction

from etd.actions.errors import Refused
from etd.actions.locks import lock_question, require_open
from etd.actions.outcome_tables import create_outcome, create_population
from etd.enums import Better
from etd.models import Outcome, Population, Question, User
from etd.workflow import Part


class WrongAssignment(Refused):
    """The file as assigned cannot be stored: one study twice in one place, say, or two kinds of data in one."""


@dataclass(frozen=True)
class NewOutcome:
    name: str
    better: Better


def find_or_create_outcome(*, question: Question, chosen: Outcome | NewOutcome, by: User) -> Outcome:
    """The outcome that was chosen; a new one of a known name is that one. Raises WrongAssignment."""
    with transaction.atomic():
        current = lock_question(question)
        require_open(current, Part.EVIDENCE)
        if isinstance(chosen, Outcome):
            if chosen.question_id != current.pk:
                raise WrongAssignment("The outcome must be one of this question.")
            return chosen
        known = known_outcome(current.outcomes.all(), chosen)
        return known or create_outcome(question=current, name=chosen.name, better=chosen.better, by=by)


def known_outcome(outcomes: Iterable[Outcome], chosen: NewOutcome) -> Outcome | None:
    """The one of a question's outcomes that is named so already. Raises WrongAssignment."""
    known = next((each for each in outcomes if each.name == chosen.name and not each.timepoint), None)
    if known is not None and known.better != chosen.better:
        stored = Better(known.better).label.lower()
        raise WrongAssignment(
            f"There is already an outcome {known}, of which {stored}. Choose the same, or another name."
        )
    return known


def find_or_create_population(*, question: Question, chosen: Population | str, by: User) -> Population:
    """The population that was chosen; a new one of a known name is that one. Raises WrongAssignment."""
    with transaction.atomic():
        current = lock_question(question)
        require_open(current, Part.EVIDENCE)
        if isinstance(chosen, Population):
            if chosen.question_id != current.pk:
                raise WrongAssignment("The population must be one of this question.")
            return chosen
        known = current.populations.filter(label=chosen).first()
        return known or create_population(question=current, label=chosen, by=by)
