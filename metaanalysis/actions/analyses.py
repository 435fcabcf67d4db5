"""Pooling the stored results of an outcome and population into a row of the outcome table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db import transaction
from django.utils import timezone

from etd.actions import audit
from etd.actions.errors import Refused
from etd.actions.locks import lock_question, require_open
from etd.actions.outcome_tables import create_table, record_computed_row, rename_table
from etd.domain.canonical import digest
from etd.enums import Measure, ValueSource
from etd.frameworks.schema import Role
from etd.models import Outcome, OutcomeRow, OutcomeTable, Population, Question, User
from etd.workflow import Part
from metaanalysis import specification
from metaanalysis.actions.methods import choose_main_method
from metaanalysis.analyses import (
    engine,
    files_of,
    input_of,
    median_comparison_risk,
    pool_inputs,
    rating_facts,
    reported_values,
    results_of,
    table_beside,
    values_of,
)
from metaanalysis.caveats import caveats
from metaanalysis.models import Analysis
from metaanalysis.stats.report import result_to_json
from metaanalysis.stats.types import PoolingSpec


def run_analysis(
    *,
    outcome: Outcome,
    population: Population,
    spec: PoolingSpec,
    by: User,
    note: str = "",
    reason: str = "",
) -> Analysis:
    """Pool the stored results of this outcome and population and put the row into the outcome table.

    The specification becomes the main method; where it is another than before, `reason` says why (ReasonNeeded).
    `note` is what the methodologist says beside the number, a sentence a line; empty keeps what was said before.
    Raises DoesNotFit where the studies bring what the specification cannot be made from.
    """
    now = timezone.now()
    with transaction.atomic():
        question = lock_question(outcome.question)
        require_open(question, Part.EVIDENCE)
        results = results_of(outcome, population)
        computed = OutcomeRow.objects.filter(
            outcome=outcome, population=population, source=ValueSource.COMPUTED
        )
        if not results and not computed.exists():
            raise Refused("There are no study results for this outcome and population yet.")
        inputs = [input_of(result) for result in results]
        result = pool_inputs(inputs, spec)
        table = _table_for(question, outcome, population, str(spec.measure), by)
        choose_main_method(outcome=outcome, population=population, spec=spec, reason=reason, by=by)
        earlier = computed.first()
        note = note or ((earlier.provenance or {}).get("note", "") if earlier else "")
        sentences = caveats(
            inputs, result, reported_values(outcome, population), note, outcome.better_by(spec.measure)
        )
        provenance: dict[str, Any] = {
            "input_digest": digest(inputs),
            "spec": specification.to_json(spec),
            "ci_method": str(result.ci_method) if result.ci_method else None,
            "k": result.k,
            **rating_facts(result),
            "uploads": files_of(results),
            "median_comparison_risk": median_comparison_risk(inputs),
            "engine": engine(),
            "caveats": list(sentences),
            "note": note,
        }
        row = record_computed_row(
            table=table,
            outcome=outcome,
            population=population,
            values=values_of(inputs, result),
            provenance=provenance,
            by=by,
        )
        analysis = Analysis.objects.create(
            row=row,
            spec=provenance["spec"],
            inputs=inputs,
            input_digest=provenance["input_digest"],
            result=result_to_json(result),
            engine=provenance["engine"],
            created_at=now,
            created_by=by,
        )
        # The analysis belongs to the row and the row names its analysis: one of the two comes first.
        row.provenance = provenance | {"analysis": analysis.pk}
        row.save(update_fields=["provenance"])
        audit.record(
            type="analysis_run",
            subject=f"{outcome}, {population}"[:300],
            after={"analysis": analysis.pk, **provenance},
            at=now,
            by=by,
            question=question,
        )
    return analysis


def _table_for(
    question: Question, outcome: Outcome, population: Population, measure: str, by: User
) -> OutcomeTable:
    """The table that `table_beside` finds, or a new one. Raises Refused as it does."""
    rows = list(OutcomeRow.objects.filter(table__question=question).order_by("pk"))
    tables = list(OutcomeTable.objects.filter(question=question).order_by("number"))
    place = (outcome.pk, population.pk)
    table = table_beside(rows, tables, place, measure)
    if table is None:
        return _new_table(question, tables, measure, by)
    own = [row for row in rows if (row.outcome_id, row.population_id) == place]
    return _named_by(table, own, measure, by)


def _named_by(table: OutcomeTable, own: Sequence[OutcomeRow], measure: str, by: User) -> OutcomeTable:
    """The table; a name that we gave it by the measure of this row alone follows the row to another measure."""
    ours = {_title(row.measure) for row in own if row.measure and row.measure != measure}
    return rename_table(table=table, title=_title(measure), by=by) if table.title in ours else table


def _title(measure: str) -> str:
    return f"Results of the studies, {Measure(measure).label.lower()}"


def _new_table(question: Question, tables: Sequence[OutcomeTable], measure: str, by: User) -> OutcomeTable:
    framework = question.framework
    criterion = framework.criterion_with_role(Role.DESIRABLE) or framework.criteria[0]
    return create_table(
        question=question,
        criterion_key=criterion.key,
        number=max((table.number for table in tables), default=0) + 1,
        title=_title(measure),
        by=by,
    )
