"""The main methods of a question: which is chosen where, since when, and what it was before."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from etd.enums import ValueSource
from etd.models import Outcome, OutcomeRow, Population, Question
from metaanalysis.models import MainMethod, StudyResult
from metaanalysis.wording import specification as in_words


@dataclass(frozen=True)
class MethodLine:
    """One choice of a main method. `reason` may be empty also after results: older records have none."""

    at: datetime
    by: str
    method: str
    reason: str
    after_results: bool


@dataclass(frozen=True)
class PlaceMethod:
    """The main method of one outcome and population with its history, the oldest first.

    `row_id` is the recomputed row, None where nothing has been pooled yet.
    """

    outcome_id: int
    population_id: int
    outcome: str
    population: str
    history: tuple[MethodLine, ...]
    row_id: int | None


def method_history(outcome: Outcome, population: Population) -> tuple[MethodLine, ...]:
    """Every choice of the main method, the oldest first; empty where none was made."""
    chosen = MainMethod.objects.filter(outcome=outcome, population=population).select_related("created_by")
    stored = StudyResult.objects.filter(outcome=outcome, population=population)
    kind = stored.values_list("kind", flat=True).first()
    return tuple(_line(method, kind) for method in chosen.order_by("pk"))


def main_methods(question: Question) -> tuple[PlaceMethod, ...]:
    """The main methods of a question in the order of its outcomes, in three queries."""
    computed = {
        (row.outcome_id, row.population_id): row.pk
        for row in OutcomeRow.objects.filter(table__question=question, source=ValueSource.COMPUTED)
    }
    kinds = {
        (outcome, population): kind
        for outcome, population, kind in StudyResult.objects.filter(outcome__question=question).values_list(
            "outcome_id", "population_id", "kind"
        )
    }
    places: dict[tuple[int, int], list[MainMethod]] = {}
    for method in (
        MainMethod.objects.filter(outcome__question=question)
        .select_related("outcome", "population", "created_by")
        .order_by("outcome__position", "population__position", "pk")
    ):
        places.setdefault((method.outcome_id, method.population_id), []).append(method)
    return tuple(
        PlaceMethod(
            outcome_id=place[0],
            population_id=place[1],
            outcome=str(methods[0].outcome),
            population=methods[0].population.label,
            history=tuple(_line(method, kinds.get(place)) for method in methods),
            row_id=computed.get(place),
        )
        for place, methods in places.items()
    )


def _line(method: MainMethod, kind: str | None) -> MethodLine:
    return MethodLine(
        at=method.created_at,
        by=str(method.created_by),
        method=in_words(method.spec, kind=kind),
        reason=method.reason,
        after_results=method.after_results,
    )
