"""A stored question as the coherence checks read it (`etd.domain.coherence`)."""

from __future__ import annotations

from collections.abc import Sequence

from django.db.models import Exists, OuterRef, Q

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
from etd.evidence import load_rows
from etd.frameworks import Criterion
from etd.models import ConflictDeclaration, OutcomeRow, PanelMembership, Question, Vote, VotingRound
from etd.selectors.declaring import PANEL
from etd.selectors.outcome_tables import OutcomeGroup, OutcomeTableView, RowView
from etd.selectors.question import CriterionView, EtdView, StatementView, load_etd
from etd.selectors.summary import effects_counted

_DATA = ("events_intervention", "events_comparison", "n_intervention", "n_comparison", "estimate")


def coherence_input(
    question: Question, view: EtdView | None = None, rows: Sequence[OutcomeRow] | None = None
) -> EtdInput:
    """The whole question, in a number of queries that does not grow with it: six beside `view` and `rows`.

    `view` and `rows` (`load_rows`) are the question where somebody has loaded it already; nothing is read of
    anybody's own vote.
    """
    view = view or load_etd(question, None)
    n_lines, n_absolute = effects_counted(question, load_rows(question) if rows is None else rows)
    outcomes_heading = next(
        (one.heading for one in view.fields if one.key == "main_outcomes"), "Main outcomes"
    )
    based = _items_with_stated_basis(question)
    return EtdInput(
        title=view.title,
        intervention_label=view.intervention_label,
        comparison_label=view.comparison_label,
        fields=tuple(Passage(one.heading, one.text) for one in view.fields),
        main_outcomes=Passage(outcomes_heading, question.main_outcomes),
        criteria=tuple(
            _criterion(one, view.framework.criterion(one.key), stated_basis=one.key in based)
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
        panel=_panel(question, view),
        n_summary_rows=n_lines,
        n_absolute=n_absolute,
    )


def _items_with_stated_basis(question: Question) -> frozenset[str]:
    """The criteria on which voters of a round that is over said what they rest on without evidence."""
    votes = Vote.objects.filter(
        ballot__round__question=question,
        ballot__round__closed_at__isnull=False,
        ballot__voided_at__isnull=True,
    )
    return frozenset(votes.exclude(no_evidence_basis="").values_list("item_key", flat=True))


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


def _panel(question: Question, view: EtdView) -> PanelInput:
    here = Q(question=question) | Q(question__isnull=True, guideline_id=question.guideline_id)
    declared = ConflictDeclaration.objects.filter(here, member=OuterRef("user"))
    members = list(
        PanelMembership.objects.filter(guideline=question.guideline_id, role__in=PANEL, ended_at__isnull=True)
        .select_related("user")
        .annotate(has_declared=Exists(declared))
        .order_by("pk")
    )
    return PanelInput(
        members=tuple(str(member.user) for member in members),
        undeclared=tuple(str(member.user) for member in members if not member.has_declared),
        agreed_on=_agreed_on(question, view),
        n_rounds=VotingRound.objects.filter(question=question, closed_at__isnull=False).count(),
    )


def _agreed_on(question: Question, view: EtdView) -> str:
    """The day of the panel's last judgement, once it has agreed; what a document decided has no day here."""
    if question.status not in (QuestionStatus.IN_REVIEW, QuestionStatus.PUBLISHED, QuestionStatus.WITHDRAWN):
        return ""
    judgements = [one for criterion in view.criteria for one in criterion.judgements]
    days = [one.at.date() for one in judgements if one.basis != Basis.DOCUMENT]
    return max(days).isoformat() if days else ""
