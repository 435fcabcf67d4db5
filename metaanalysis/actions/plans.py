"""What is settled about an outcome before there are data of it."""

from __future__ import annotations

from django.db import transaction

from etd.actions.errors import Refused
from etd.actions.locks import lock_question, require_open
from etd.models import Outcome, Population, Question, User
from etd.workflow import Part
from metaanalysis.actions.methods import choose_main_method
from metaanalysis.actions.places import NewOutcome, find_or_create_outcome, find_or_create_population
from metaanalysis.models import Analysis, MainMethod
from metaanalysis.stats.types import PoolingSpec

RESULTS_ARE_THERE = (
    "This outcome and population has results already. Choose another method on the page of its analysis, where the "
    "change is shown with its reason."
)


def plan_main_method(
    *,
    question: Question,
    outcome: Outcome | NewOutcome,
    population: Population | str,
    spec: PoolingSpec,
    by: User,
) -> MainMethod:
    """Record the main method of an outcome and population, there already or new by name, that have no results yet."""
    with transaction.atomic():
        current = lock_question(question)
        require_open(current, Part.EVIDENCE)
        chosen = find_or_create_outcome(question=current, chosen=outcome, by=by)
        whom = find_or_create_population(question=current, chosen=population, by=by)
        if Analysis.objects.filter(row__outcome=chosen, row__population=whom).exists():
            raise Refused(RESULTS_ARE_THERE)
        return choose_main_method(outcome=chosen, population=whom, spec=spec, by=by)
