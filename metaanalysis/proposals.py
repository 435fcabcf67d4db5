"""What confirming a file would make of the recomputed rows, worked out without storing anything."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from etd.actions.errors import Refused
from etd.domain.evidence_change import Change
from etd.domain.row_values import RowValues
from etd.enums import ValueSource
from etd.evidence import ROW_VALUES
from etd.models import Outcome, OutcomeRow, OutcomeTable, Population, Question
from etd.selectors import EtdView
from etd.selectors.evidence_changes import ItemChange, ProposedRow, RowChangeView, touched_by
from metaanalysis.actions.places import NewOutcome, known_outcome
from metaanalysis.actions.uploads import Assignment, Missing, Place, places_of
from metaanalysis.analyses import (
    DoesNotFit,
    entry_of,
    median_comparison_risk,
    pool_inputs,
    table_beside,
    values_of,
)
from metaanalysis.comparison import compare, row_values
from metaanalysis.forms.uploads import AssignmentForm
from metaanalysis.importers import ParsedTable
from metaanalysis.models import Study, StudyResult
from metaanalysis.stats.types import PooledResult

_TO_CHOOSE = {
    "outcome": "choose an outcome",
    "new_outcome": "name the new outcome",
    "better": "say what is better",
    "population": "choose a population",
    "new_population": "name the new population",
}


@dataclass(frozen=True)
class Proposal:
    """`rows` are empty while something `to_choose` is left, a sentence each, or where confirming would be `refused`.

    `is_as_stored` tells that all of them have the very results that their rows have now.
    """

    rows: tuple[ProposedRow, ...] = ()
    to_choose: tuple[str, ...] = ()
    refused: str = ""
    is_as_stored: bool = False


@dataclass(frozen=True)
class Touched:
    """Judgements that would stand on other evidence in the same way: the same `rows` then and after."""

    items: tuple[ItemChange, ...]

    @property
    def change(self) -> Change:
        return self.items[0].change

    @property
    def rows(self) -> tuple[RowChangeView, ...]:
        return self.items[0].rows


@dataclass(frozen=True)
class Consequences:
    """What storing the proposed rows would do to the judgements of a question.

    The `cleared` are marked today and would stand on the evidence again; `n_kept` stay marked just as they are.
    """

    proposal: Proposal
    touched: tuple[Touched, ...] = ()
    cleared: tuple[ItemChange, ...] = ()
    n_kept: int = 0

    @property
    def n_judgements(self) -> int:
        return sum(len(group.items) for group in self.touched)


def consequences(question: Question, etd: EtdView, proposal: Proposal) -> Consequences:
    """Which judgements the proposed rows would touch, those alike together."""
    if not proposal.rows:
        return Consequences(proposal)
    groups: list[list[ItemChange]] = []
    marks = touched_by(question, etd, proposal.rows)
    for item in marks.marked:
        alike = (group for group in groups if (group[0].change, group[0].rows) == (item.change, item.rows))
        if (group := next(alike, None)) is not None:
            group.append(item)
        else:
            groups.append([item])
    return Consequences(
        proposal, tuple(Touched(tuple(group)) for group in groups), marks.cleared, len(marks.kept)
    )


def propose(
    question: Question,
    table: ParsedTable,
    forms: Sequence[AssignmentForm],
    stored: Mapping[tuple[int, int], Sequence[StudyResult]],
) -> Proposal:
    """The rows that `confirm_upload` would store for these forms, to the last digit. In three queries.

    `stored` are the study results of the question by outcome and population, in their order and with their studies.
    """
    sent = [form.as_chosen() for form in forms]
    to_choose = [sentence for form in sent if (sentence := _to_choose(form, alone=len(sent) == 1))]
    if to_choose:
        return Proposal(to_choose=tuple(to_choose))
    assignments = [assignment for form in sent if (assignment := form.assignment()) is not None]
    if not assignments:
        return Proposal()
    several = Study.objects.filter(question=question, n_trials__gt=1)
    n_trials = dict(several.values_list("label", "n_trials"))
    rows = list(OutcomeRow.objects.filter(table__question=question).order_by("pk"))
    tables = list(OutcomeTable.objects.filter(question=question).order_by("number"))
    placed = []
    try:
        for place in places_of(table, _resolved(question, assignments, sent[0])):
            ids = (place.outcome.pk, place.population.pk)
            placed.append(_pooled(place, studies_after(place, stored.get(ids, ()), n_trials)))
            table_beside(rows, tables, ids, str(place.spec.measure))
    except Refused as error:
        return Proposal(refused=str(error))
    return proposal_of(placed, rows)


def proposal_of(proposed: Sequence[ProposedRow], rows: Iterable[OutcomeRow]) -> Proposal:
    """These rows; `rows` are what is stored."""
    now: dict[tuple[int | None, int | None], OutcomeRow] = {
        (row.outcome_id, row.population_id): row for row in rows if row.source == ValueSource.COMPUTED
    }
    as_stored = [_is_as_stored(one.values, now.get((one.outcome_id, one.population_id))) for one in proposed]
    return Proposal(rows=tuple(proposed), is_as_stored=all(as_stored))


def _is_as_stored(values: RowValues, row: OutcomeRow | None) -> bool:
    judged_by = [field.name for field in fields(values) if field.name in ROW_VALUES]
    return row is not None and all(getattr(values, name) == getattr(row, name) for name in judged_by)


def _pooled(place: Place, studies: Sequence[Mapping[str, Any]]) -> ProposedRow:
    try:
        result = pool_inputs(studies, place.spec)
    except DoesNotFit as error:
        raise DoesNotFit(f"{place.outcome}, {place.population}: {error}") from error
    return proposed_row(place.outcome, place.population, studies, result)


def proposed_row(
    outcome: Outcome, population: Population, studies: Sequence[Mapping[str, Any]], result: PooledResult
) -> ProposedRow:
    """The row of an outcome and a population, which may be new and not stored, of these studies so pooled."""
    median = median_comparison_risk(studies)
    return ProposedRow(
        outcome_id=outcome.pk,
        outcome=str(outcome),
        population_id=population.pk,
        population=population.label,
        values=values_of(studies, result),
        median_comparison_risk=median["risk"] if median else None,
    )


def _to_choose(form: AssignmentForm, *, alone: bool) -> str:
    """What is still to be chosen for these rows, or does not fit; empty where nothing is."""
    if form.is_valid():
        return ""
    steps = " and ".join(step for field, step in _TO_CHOOSE.items() if field in form.errors)
    said = [f"{steps[:1].upper()}{steps[1:]}."] if steps else []
    said += [str(error) for name, errors in form.errors.items() if name not in _TO_CHOOSE for error in errors]
    return " ".join(said if alone else [f"“{form.group}”:", *said])


def _resolved(
    question: Question, assignments: Iterable[Assignment], form: AssignmentForm
) -> list[tuple[Assignment, Outcome, Population]]:
    """Each with its outcome and population; new ones are there, but not stored. Raises WrongAssignment."""
    outcomes, populations = list(form.outcomes.values()), list(form.populations.values())
    found = []
    for assignment in assignments:
        outcome, population = assignment.outcome, assignment.population
        if isinstance(outcome, NewOutcome):
            new = outcome
            outcome = known_outcome(outcomes, new) or Outcome(
                question=question, name=new.name, better=new.better
            )
        if isinstance(population, str):
            label = population
            known = next((each for each in populations if each.label == label), None)
            population = known or Population(question=question, label=label)
        outcomes.append(outcome)
        populations.append(population)
        found.append((assignment, outcome, population))
    return found


def studies_after(
    place: Place, stored: Iterable[StudyResult], n_trials: Mapping[str, int]
) -> list[dict[str, Any]]:
    """The studies of an outcome and population as they would be stored and pooled: the file's, then what it lacks."""
    found = compare(place.rows, stored)
    unchanged = {result.study.label: result for result in found.unchanged}
    after = []
    for row in place.rows:
        study = Study(label=row.study, n_trials=n_trials.get(row.study, 1))
        after.append(unchanged.get(row.study) or StudyResult(study=study, **row_values(row)))
    if place.missing is not Missing.REMOVE:
        after += found.missing
    return [entry_of(result) for result in after]
