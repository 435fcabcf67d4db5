"""The main method of an outcome and population: chosen before results are looked at, changed only with a reason."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone

from etd.actions import audit
from etd.actions.errors import Refused
from etd.actions.locks import lock_question, require_open
from etd.models import Outcome, Population, User
from etd.workflow import Part
from metaanalysis import specification
from metaanalysis.models import Analysis, MainMethod
from metaanalysis.specification import same_method
from metaanalysis.stats.types import PoolingSpec
from metaanalysis.wording import specification as in_words

WHY_A_REASON = (
    "The results of this outcome and population have been seen. Say why the main method changes; the reason is shown "
    "beside the result."
)


class ReasonNeeded(Refused):
    """The main method changes after results were there, and nobody said why."""


def choose_main_method(
    *, outcome: Outcome, population: Population, spec: PoolingSpec, reason: str = "", by: User
) -> MainMethod:
    """Record by which method this outcome and population is pooled for the EtD; the same method again changes nothing.

    A choice while there is an analysis already is kept as one made after results, and raises ReasonNeeded without a
    `reason`. Nothing is pooled here: `run_analysis` does that and records its method by this.
    """
    reason = reason.strip()
    now = timezone.now()
    with transaction.atomic():
        question = lock_question(outcome.question)
        require_open(question, Part.EVIDENCE)
        if population.question_id != question.pk:
            raise Refused("The outcome and the population must be of the same question.")
        current = MainMethod.objects.filter(outcome=outcome, population=population).first()
        if current is not None and same_method(specification.from_json(current.spec), spec):
            return current
        after_results = Analysis.objects.filter(row__outcome=outcome, row__population=population).exists()
        if after_results and not reason:
            raise ReasonNeeded(WHY_A_REASON)
        chosen = MainMethod.objects.create(
            outcome=outcome,
            population=population,
            spec=specification.to_json(spec),
            reason=reason,
            after_results=after_results,
            created_at=now,
            created_by=by,
        )
        audit.record(
            type="main_method_chosen",
            subject=f"{outcome}, {population}"[:300],
            before={"method": in_words(current.spec), "spec": current.spec} if current else None,
            after={
                "method": in_words(chosen.spec),
                "spec": chosen.spec,
                "reason": reason,
                "after_results": after_results,
            },
            at=now,
            by=by,
            question=question,
        )
    return chosen
