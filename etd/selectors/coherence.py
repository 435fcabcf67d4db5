"""A stored question as the coherence checks read it (`etd.domain.coherence`)."""

from __future__ import annotations

from etd.domain.coherence.inputs import (
    Choice,
    CriterionInput,
    EtdInput,
    OutcomeInput,
    PanelInput,
    Passage,
    RowInput,
    SectionInput,
    StatementInput,
    Step,
    TableInput,
    TypeInput,
)
from etd.domain.recommendation_rules import PRACTICE_QUESTIONS
from etd.enums import Basis, QuestionStatus, StatementKind
from etd.frameworks import Criterion
from etd.models import Question
from etd.selectors.around import Around
from etd.selectors.outcome_tables import OutcomeGroup, OutcomeTableView, RowView
from etd.selectors.question import CriterionView, EtdView, StatementView
from etd.selectors.summary import effects_counted
from etd.stored import Stored

_DATA = ("events_intervention", "events_comparison", "n_intervention", "n_comparison", "estimate")


def coherence_input(stored: Stored, view: EtdView, around: Around) -> EtdInput:
    """The whole question as `view` shows it, in one query. Nothing is read of anybody's own vote."""
    question = stored.question
    n_lines, n_absolute = effects_counted(stored)
    outcomes_heading = next(
        (one.heading for one in view.fields if one.key == "main_outcomes"), "Main outcomes"
    )
    return EtdInput(
        title=view.title,
        intervention_label=view.intervention_label,
        comparison_label=view.comparison_label,
        fields=tuple(Passage(one.heading, one.text) for one in view.fields),
        main_outcomes=Passage(outcomes_heading, question.main_outcomes),
        criteria=tuple(
            _criterion(one, view.framework.criterion(one.key), stated_basis=one.key in around.stated_bases)
            for one in view.criteria
        ),
        type=_type(view),
        type_note=view.recommendation_note,
        statements=tuple(_statement(number, one) for number, one in enumerate(view.statements, start=1)),
        sections=tuple(SectionInput(one.heading, one.body, one.holds_statements) for one in view.sections),
        tables=tuple(_table(one) for one in view.tables),
        outcomes=tuple(
            OutcomeInput(o.name, o.better, o.importance, o.level, o.worksheet.design if o.worksheet else "")
            for o in view.certainty.outcomes
        ),
        references={one.number: one.citation for one in view.references},
        panel=PanelInput(
            members=tuple(member.name for member in around.members),
            undeclared=tuple(member.name for member in around.members if not member.has_declared),
            agreed_on=_agreed_on(question, view),
            n_rounds=around.n_rounds,
        ),
        n_summary_rows=n_lines,
        n_absolute=n_absolute,
    )


def _criterion(view: CriterionView, criterion: Criterion, *, stated_basis: bool) -> CriterionInput:
    steps = {option.key: Step(option.label, option.column, option.direction) for option in criterion.scale}
    return CriterionInput(
        heading=criterion.heading,
        scale=tuple(steps.values()),
        choices=tuple(
            Choice(
                label=judgement.label,
                step=steps.get(judgement.option_key),
                applies_to=judgement.applies_to,
                reason=judgement.reason,
                from_document=judgement.basis == Basis.DOCUMENT,
            )
            for judgement in view.judgements
        ),
        role=criterion.role,
        multiple=criterion.multiple,
        is_certainty=criterion.certainty,
        research_evidence=view.research_evidence,
        additional_considerations=view.additional_considerations,
        has_table=bool(view.tables),
        stated_basis=stated_basis,
    )


def _type(view: EtdView) -> TypeInput | None:
    chosen = next((one for one in view.recommendation_types if one.chosen), None)
    if chosen is None:
        return None
    stored = view.framework.recommendation_type(chosen.key)
    return TypeInput(stored.label, stored.strength, stored.direction)


def _statement(number: int, view: StatementView) -> StatementInput:
    is_practice = view.kind == StatementKind.GOOD_PRACTICE
    return StatementInput(
        number=number,
        kind=view.kind,
        text=view.text,
        population=view.population,
        strength=view.strength,
        direction=view.direction,
        certainty=view.certainty,
        remark=view.remark,
        paradigm=view.paradigm,
        practice_questions_open=len(PRACTICE_QUESTIONS) - view.n_yes if is_practice else 0,
    )


def _table(view: OutcomeTableView) -> TableInput:
    return TableInput(
        number=view.number,
        title=view.title,
        abbreviations=view.abbreviations,
        footnotes=view.footnotes,
        rows=tuple(_row(group, row) for group in view.groups for row in group.rows),
    )


def _row(group: OutcomeGroup, row: RowView) -> RowInput:
    return RowInput(
        outcome=group.name,
        population=row.population,
        better=group.better,
        measure=row.measure,
        estimate=row.values["estimate"],
        has_data=any(row.values[name] is not None for name in _DATA),
    )


def _agreed_on(question: Question, view: EtdView) -> str:
    """The day of the panel's last judgement, once it has agreed; what a document decided has no day here."""
    if question.status not in (QuestionStatus.IN_REVIEW, QuestionStatus.PUBLISHED, QuestionStatus.WITHDRAWN):
        return ""
    judgements = [one for criterion in view.criteria for one in criterion.judgements]
    days = [one.at.date() for one in judgements if one.basis != Basis.DOCUMENT]
    return max(days).isoformat() if days else ""
