"""Outcomes, populations and the rows of outcome tables. Meta-analysis pushes its rows in here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from etd.actions import audit
from etd.actions.errors import Refused
from etd.actions.locks import lock_question, require_open
from etd.domain.row_values import RowValues as RowValues
from etd.enums import Better, ValueSource
from etd.frameworks import UnknownKey
from etd.models import Outcome, OutcomeRow, OutcomeTable, Population, Question, User
from etd.workflow import Part


def create_outcome(
    *,
    question: Question,
    name: str,
    better: Better,
    by: User,
    timepoint: str = "",
    importance: str = "",
    measured_with: str = "",
    hazard_ratio_of: str = "",
    certainty: str = "",
) -> Outcome:
    """A new outcome, the last of the question's; raises Refused where one of this name and time point is there.

    `certainty` is the level that a document reports without a worksheet of ours.
    """
    with transaction.atomic():
        current = lock_question(question)
        require_open(current, Part.EVIDENCE)
        outcome = Outcome(
            question=current,
            name=name,
            timepoint=timepoint,
            better=better,
            importance=importance,
            measured_with=measured_with,
            hazard_ratio_of=hazard_ratio_of,
            certainty=certainty,
            position=(current.outcomes.aggregate(last=Max("position"))["last"] or 0) + 1,
        )
        if current.outcomes.filter(name=name, timepoint=timepoint).exists():
            raise Refused(f"There is already an outcome “{outcome}”. Choose another name or time point.")
        outcome.save()
        said = {"better": str(better)} | ({"certainty": certainty} if certainty else {})
        _record("outcome_created", str(outcome), said, question=current, by=by)
    return outcome


def create_population(*, question: Question, label: str, by: User) -> Population:
    with transaction.atomic():
        current = lock_question(question)
        require_open(current, Part.EVIDENCE)
        population = Population.objects.create(
            question=current, label=label, position=current.populations.count() + 1
        )
        _record("population_created", label, {}, question=current, by=by)
    return population


def create_table(
    *,
    question: Question,
    criterion_key: str,
    number: int,
    title: str,
    by: User,
    abbreviations: str = "",
    footnotes: str = "",
) -> OutcomeTable:
    with transaction.atomic():
        current = lock_question(question)
        require_open(current, Part.EVIDENCE)
        try:
            current.framework.criterion(criterion_key)
        except UnknownKey as error:
            raise Refused(f"The framework has no criterion “{criterion_key}”.") from error
        table = OutcomeTable.objects.create(
            question=current,
            criterion_key=criterion_key,
            number=number,
            title=title,
            abbreviations=abbreviations,
            footnotes=footnotes,
        )
        _record("table_created", str(table), {"criterion": criterion_key}, question=current, by=by)
    return table


def rename_table(*, table: OutcomeTable, title: str, by: User) -> OutcomeTable:
    with transaction.atomic():
        question = lock_question(table.question)
        require_open(question, Part.EVIDENCE)
        current = OutcomeTable.objects.get(pk=table.pk)
        if current.title == title:
            return current
        before, current.title = current.title, title
        current.save(update_fields=["title"])
        audit.record(
            type="table_renamed",
            subject=str(current)[:300],
            before={"title": before},
            after={"title": title},
            at=timezone.now(),
            by=by,
            question=question,
        )
    return current


def record_reported_row(
    *,
    table: OutcomeTable,
    outcome: Outcome,
    population: Population,
    values: RowValues,
    printed: Mapping[str, str],
    by: User,
) -> OutcomeRow:
    """A row as the document prints it; `printed` keeps the digits of each number as they stand there."""
    with transaction.atomic():
        current = lock_question(table.question)
        require_open(current, Part.EVIDENCE)
        _require_same_question(table, outcome, population)
        row = OutcomeRow.objects.create(
            table=table,
            outcome=outcome,
            population=population,
            source=ValueSource.REPORTED,
            printed=dict(printed),
            created_at=timezone.now(),
            created_by=by,
            **asdict(values),
        )
        _record("row_reported", f"{outcome}, {population}", asdict(values), question=current, by=by)
    return row


def record_computed_row(
    *,
    table: OutcomeTable,
    outcome: Outcome,
    population: Population,
    values: RowValues,
    provenance: Mapping[str, Any],
    by: User,
) -> OutcomeRow:
    """Put a recomputed row beside the reported one, or renew it; raises Refused while the evidence is frozen."""
    now = timezone.now()
    with transaction.atomic():
        current = lock_question(table.question)
        require_open(current, Part.EVIDENCE)
        _require_same_question(table, outcome, population)
        row = OutcomeRow.objects.filter(
            table=table, outcome=outcome, population=population, source=ValueSource.COMPUTED
        ).first()
        before = _row_values(row) if row else None
        if row is None:
            row = OutcomeRow(table=table, outcome=outcome, population=population, source=ValueSource.COMPUTED)
        for field, value in asdict(values).items():
            setattr(row, field, value)
        row.provenance = dict(provenance)
        row.is_stale = False
        row.created_at, row.created_by = now, by
        row.save()
        audit.record(
            type="row_computed",
            subject=f"{outcome}, {population}"[:300],
            before=before,
            after=asdict(values),
            at=now,
            by=by,
            question=current,
        )
    return row


def _require_same_question(table: OutcomeTable, outcome: Outcome, population: Population) -> None:
    if {outcome.question_id, population.question_id} != {table.question_id}:
        raise Refused("The outcome and the population must be of the table's own question.")


def _row_values(row: OutcomeRow) -> dict[str, Any]:
    return {field: getattr(row, field) for field in RowValues.__dataclass_fields__}


def _record(type: str, subject: str, after: Mapping[str, Any], *, question: Question, by: User) -> None:
    audit.record(
        type=type, subject=subject[:300], after=dict(after), at=timezone.now(), by=by, question=question
    )
