"""Reading a question: everything a page or a document needs, as frozen dataclasses, in a fixed number of queries."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from etd.domain import certainty, numbers
from etd.domain.effect_axis import Axis, axis_for, favours
from etd.domain.evidence import evidence_digest
from etd.domain.scale import ScaleCell, scale
from etd.enums import (
    RECOMMENDATION_TYPE_ITEM,
    Basis,
    CertaintyLevel,
    Measure,
    QuestionStatus,
    StatementKind,
    Strength,
    StrengthWord,
    ValueSource,
)
from etd.evidence import ROW_VALUES
from etd.frameworks import Criterion, Framework, RecommendationType, get_framework
from etd.models import (
    Ballot,
    ConclusionSection,
    CriterionAssessment,
    Judgement,
    OutcomeRow,
    OutcomeTable,
    PanelMembership,
    Question,
    RecommendationStatement,
    Reference,
    User,
    Vote,
    VotingRound,
)

MINI_PLOT_WIDTH = 150.0


@dataclass(frozen=True)
class MiniPlot:
    """One row's interval on its table's common axis; positions are strings in units of the drawing."""

    line_x1: str
    line_x2: str
    estimate_x: str
    square: str
    square_x: str
    square_y: str
    no_effect_x: str
    cut_low: bool
    cut_high: bool
    text: str


@dataclass(frozen=True)
class RowView:
    """One line of an outcome table, its numbers as they are printed. `values` are the raw numbers."""

    id: int
    outcome_id: int
    population_id: int
    population: str
    source: str
    source_label: str
    is_computed: bool
    is_stale: bool
    n_studies: int
    footnote_mark: str
    intervention: str
    comparison: str
    effect: str
    p_value: str
    i_squared: str
    measure: str
    values: Mapping[str, Any]
    provenance: Mapping[str, Any] | None
    plot: MiniPlot | None

    @property
    def caveats(self) -> tuple[str, ...]:
        """What a reader must know beside a recomputed number, as sentences."""
        return tuple((self.provenance or {}).get("caveats", ()))


@dataclass(frozen=True)
class OutcomeGroup:
    """The rows of one outcome, under its name."""

    id: int
    name: str
    better: str
    certainty: str
    certainty_symbols: str
    rows: tuple[RowView, ...]

    @property
    def recomputed_populations(self) -> frozenset[int]:
        """The populations of which a recomputed row stands beside the reported one."""
        return frozenset(row.population_id for row in self.rows if row.is_computed)


@dataclass(frozen=True)
class OutcomeTableView:
    id: int
    number: int
    title: str
    criterion_key: str
    abbreviations: str
    footnotes: str
    measure_label: str
    groups: tuple[OutcomeGroup, ...]
    favours_left: str
    favours_right: str
    has_certainty: bool


@dataclass(frozen=True)
class JudgementView:
    option_key: str
    label: str
    applies_to: str
    basis: str
    basis_label: str
    by: str
    at: datetime
    evidence_changed: bool


@dataclass(frozen=True)
class VoteView:
    """The viewer's own vote on one item; version 0 means that there is none yet."""

    option_keys: tuple[str, ...]
    comment: str
    confidence: str
    no_evidence_basis: str
    version: int
    cast_at: datetime | None
    commitment: str
    evidence_changed: bool

    @property
    def is_cast(self) -> bool:
        return bool(self.option_keys)


NO_VOTE = VoteView((), "", "", "", 0, None, "", False)


@dataclass(frozen=True)
class CriterionView:
    key: str
    number: int
    heading: str
    prompt: str
    multiple: bool
    role: str
    scale: tuple[ScaleCell | None, ...]
    judgements: tuple[JudgementView, ...]
    research_evidence: str
    additional_considerations: str
    revision: int
    judgement_revision: int
    tables: tuple[OutcomeTableView, ...]
    in_round: bool
    vote: VoteView
    vote_scale: tuple[ScaleCell | None, ...]

    @property
    def is_judged(self) -> bool:
        return bool(self.judgements)

    @property
    def too_many(self) -> bool:
        """Two or more options for the same thing, where the criterion takes one: kept, and flagged."""
        seen = [j.applies_to for j in self.judgements]
        return not self.multiple and len(seen) != len(set(seen))

    @property
    def evidence_changed(self) -> bool:
        return any(j.evidence_changed for j in self.judgements)

    @property
    def my_evidence_changed(self) -> bool:
        return self.vote.is_cast and self.vote.evidence_changed

    @property
    def status(self) -> str:
        """`changed`, `done` or `open`: the dot in the outline; in a round it speaks of the viewer's own vote."""
        if self.in_round:
            if self.my_evidence_changed:
                return "changed"
            return "done" if self.vote.is_cast else "open"
        if self.evidence_changed:
            return "changed"
        return "done" if self.is_judged else "open"


@dataclass(frozen=True)
class RecommendationTypeView:
    key: str
    label: str
    tone: str
    chosen: bool


@dataclass(frozen=True)
class StatementView:
    kind: str
    kind_label: str
    text: str
    population: str
    strength: str
    strength_label: str
    direction: str
    direction_label: str
    certainty: str
    certainty_label: str
    certainty_symbols: str

    @property
    def is_good_practice(self) -> bool:
        return self.kind == StatementKind.GOOD_PRACTICE


@dataclass(frozen=True)
class SectionView:
    key: str
    heading: str
    holds_statements: bool
    body: str
    revision: int


@dataclass(frozen=True)
class ReferenceView:
    number: int
    citation: str


@dataclass(frozen=True)
class FieldView:
    key: str
    heading: str
    text: str


@dataclass(frozen=True)
class RoundView:
    """The open round, as the viewer may know it: never anybody else's vote."""

    number: int
    closes_at: datetime | None
    has_ballot: bool
    n_items: int
    n_voted: int

    @property
    def n_left(self) -> int:
        return self.n_items - self.n_voted


@dataclass(frozen=True)
class EtdView:
    """One whole Evidence-to-Decision question as one person sees it."""

    id: int
    guideline_slug: str
    guideline_title: str
    organisation: str
    strength_word: str
    slug: str
    title: str
    status: str
    status_label: str
    revision: int
    framework: Framework
    fields: tuple[FieldView, ...]
    intervention_label: str
    comparison_label: str
    criteria: tuple[CriterionView, ...]
    tables: tuple[OutcomeTableView, ...]
    recommendation_types: tuple[RecommendationTypeView, ...]
    recommendation_note: str
    recommendation_revision: int
    statements: tuple[StatementView, ...]
    sections: tuple[SectionView, ...]
    references: tuple[ReferenceView, ...]
    round: RoundView | None
    type_vote: VoteView | None

    @property
    def type_status(self) -> str:
        return "done" if self.type_vote and self.type_vote.is_cast else "open"

    @property
    def n_judged(self) -> int:
        return sum(criterion.is_judged for criterion in self.criteria)

    @property
    def n_outcomes(self) -> int:
        return len({group.id for table in self.tables for group in table.groups})

    @property
    def n_evidence_changed(self) -> int:
        return sum(criterion.evidence_changed for criterion in self.criteria)

    @property
    def references_without_citation(self) -> tuple[int, ...]:
        return tuple(reference.number for reference in self.references if not reference.citation)

    def criterion(self, key: str) -> CriterionView | None:
        return next((criterion for criterion in self.criteria if criterion.key == key), None)


def load_etd(question: Question, viewer: User | None) -> EtdView:
    """The question as `viewer` may see it (None: as a document, without anybody's vote), in at most nine queries."""
    framework = get_framework(question.framework_key, question.framework_version)
    assessments = {a.criterion_key: a for a in CriterionAssessment.objects.filter(question=question)}
    judgements: dict[str, list[Judgement]] = {}
    for judgement in (
        Judgement.objects.filter(assessment__question=question)
        .select_related("judged_by", "assessment")
        .order_by("pk")
    ):
        judgements.setdefault(judgement.assessment.criterion_key, []).append(judgement)
    tables = _tables(question)
    round_view, votes = _round_and_votes(question, viewer)
    raw_rows = [row.values for table in tables for group in table.groups for row in group.rows]
    digests = {
        criterion.key: evidence_digest(
            role=criterion.role or "",
            research_evidence=assessments[criterion.key].research_evidence,
            rows=raw_rows,
        )
        for criterion in framework.criteria
    }
    sections = {s.section_key: s for s in ConclusionSection.objects.filter(question=question)}
    recommendation = question.recommendation
    return EtdView(
        id=question.pk,
        guideline_slug=question.guideline.slug,
        guideline_title=question.guideline.title,
        organisation=question.guideline.organisation,
        strength_word=question.guideline.strength_word,
        slug=question.slug,
        title=question.title,
        status=question.status,
        status_label=QuestionStatus(question.status).label,
        revision=question.revision,
        framework=framework,
        fields=tuple(
            FieldView(field.key, field.heading, getattr(question, field.key))
            for field in framework.question_fields
            if getattr(question, field.key) or not field.optional
        ),
        intervention_label=question.intervention_label,
        comparison_label=question.comparison_label,
        criteria=tuple(
            _criterion(
                number,
                criterion,
                assessments[criterion.key],
                judgements.get(criterion.key, []),
                tuple(table for table in tables if table.criterion_key == criterion.key),
                votes.get(criterion.key) if votes is not None else None,
                digests[criterion.key],
            )
            for number, criterion in enumerate(framework.criteria, start=1)
        ),
        tables=tables,
        recommendation_types=recommendation_types(framework, recommendation.type_key),
        recommendation_note=recommendation.note,
        recommendation_revision=recommendation.revision,
        statements=_statements(question),
        sections=tuple(
            SectionView(
                section.key,
                section.heading,
                section.holds_statements,
                sections[section.key].body,
                sections[section.key].revision,
            )
            for section in framework.sections
        ),
        references=tuple(
            ReferenceView(r.number, r.citation)
            for r in Reference.objects.filter(question=question).order_by("number")
        ),
        round=round_view,
        type_vote=_vote_view(votes[RECOMMENDATION_TYPE_ITEM], "")
        if votes and RECOMMENDATION_TYPE_ITEM in votes
        else None,
    )


def recommendation_types(framework: Framework, chosen: str) -> tuple[RecommendationTypeView, ...]:
    return tuple(
        RecommendationTypeView(t.key, t.label, _tone(t), chosen=t.key == chosen)
        for t in framework.recommendation_types
    )


def _tone(recommendation_type: RecommendationType) -> str:
    """The style class of a type: `against-strong` … `either` … `for-strong`."""
    return "-".join(part for part in (recommendation_type.direction, recommendation_type.strength) if part)


def _criterion(
    number: int,
    criterion: Criterion,
    assessment: CriterionAssessment,
    judgements: list[Judgement],
    tables: tuple[OutcomeTableView, ...],
    vote: Vote | _NoVoteYet | None,
    digest: str,
) -> CriterionView:
    chosen: dict[str, list[str]] = {}
    for judgement in judgements:
        chosen.setdefault(judgement.option_key, []).append(judgement.applies_to)
    vote_view = NO_VOTE if vote is None else _vote_view(vote, digest)
    return CriterionView(
        key=criterion.key,
        number=number,
        heading=criterion.heading,
        prompt=criterion.prompt,
        multiple=criterion.multiple,
        role=criterion.role or "",
        scale=scale(criterion, chosen),
        judgements=tuple(
            JudgementView(
                option_key=j.option_key,
                label=criterion.option(j.option_key).label,
                applies_to=j.applies_to,
                basis=j.basis,
                basis_label=Basis(j.basis).label,
                by=str(j.judged_by),
                at=j.judged_at,
                evidence_changed=j.evidence_digest != digest,
            )
            for j in judgements
        ),
        research_evidence=assessment.research_evidence,
        additional_considerations=assessment.additional_considerations,
        revision=assessment.revision,
        judgement_revision=assessment.judgement_revision,
        tables=tables,
        in_round=vote is not None,
        vote=vote_view,
        vote_scale=scale(criterion, dict.fromkeys(vote_view.option_keys, ("",))),
    )


class _NoVoteYet:
    """An item of the round on which the viewer has a ballot but has saved nothing."""


def _vote_view(vote: Vote | _NoVoteYet, digest: str) -> VoteView:
    if isinstance(vote, _NoVoteYet):
        return NO_VOTE
    return VoteView(
        option_keys=tuple(vote.option_keys),
        comment=vote.comment,
        confidence=vote.confidence,
        no_evidence_basis=vote.no_evidence_basis,
        version=vote.version,
        cast_at=vote.cast_at,
        commitment=vote.commitment,
        evidence_changed=bool(digest) and vote.evidence_digest != digest,
    )


def _round_and_votes(
    question: Question, viewer: User | None
) -> tuple[RoundView | None, dict[str, Vote | _NoVoteYet] | None]:
    """The open round, and the viewer's own votes by item (None where they have no ballot)."""
    if viewer is None:
        return None, None
    ballot = (
        Ballot.objects.filter(
            round__question=question, round__closed_at__isnull=True, member=viewer, voided_at__isnull=True
        )
        .select_related("round")
        .first()
    )
    if ballot is None:
        others = VotingRound.objects.filter(question=question, closed_at__isnull=True).first()
        return (_round_view(others), None) if others else (None, None)
    votes: dict[str, Vote | _NoVoteYet] = {key: _NoVoteYet() for key in ballot.round.item_keys}
    votes.update({vote.item_key: vote for vote in Vote.objects.filter(ballot=ballot)})
    n_voted = sum(isinstance(vote, Vote) and bool(vote.option_keys) for vote in votes.values())
    return replace(_round_view(ballot.round), has_ballot=True, n_voted=n_voted), votes


def round_progress(question: Question, viewer: User) -> RoundView | None:
    """How far the viewer has come in the open round, in two queries."""
    return _round_and_votes(question, viewer)[0]


def _round_view(voting_round: VotingRound) -> RoundView:
    return RoundView(
        number=voting_round.number,
        closes_at=voting_round.closes_at,
        has_ballot=False,
        n_items=len(voting_round.item_keys),
        n_voted=0,
    )


def _strength_label(strength: str, strength_word: str) -> str:
    """The guideline's own word: a conditional recommendation may be called weak."""
    return StrengthWord(strength_word).label if strength == Strength.CONDITIONAL else strength.capitalize()


def _statements(question: Question) -> tuple[StatementView, ...]:
    return tuple(
        StatementView(
            kind=s.kind,
            kind_label=s.get_kind_display(),
            text=s.text,
            population=s.population,
            strength=s.strength,
            strength_label=_strength_label(s.strength, question.guideline.strength_word),
            direction=s.direction,
            direction_label=s.get_direction_display(),
            certainty=s.certainty,
            certainty_label=CertaintyLevel(s.certainty).label if s.certainty else "",
            certainty_symbols=certainty.symbols(s.certainty),
        )
        for s in RecommendationStatement.objects.filter(question=question).order_by("position")
    )


def _tables(question: Question) -> tuple[OutcomeTableView, ...]:
    rows: dict[int, list[OutcomeRow]] = {}
    for row in (
        OutcomeRow.objects.filter(table__question=question)
        .select_related("outcome", "population")
        .order_by("outcome__position", "population__position", "-source")
    ):
        rows.setdefault(row.table_id, []).append(row)
    return tuple(
        _table(question, table, rows.get(table.pk, []))
        for table in OutcomeTable.objects.filter(question=question).order_by("number")
    )


def _table(question: Question, table: OutcomeTable, rows: list[OutcomeRow]) -> OutcomeTableView:
    measure = next((row.measure for row in rows if row.measure), Measure.OR)
    axis = axis_for(
        measure,
        [(r.ci_low, r.ci_high) for r in rows if r.ci_low is not None and r.ci_high is not None],
        width=MINI_PLOT_WIDTH,
        widest=5.0,
    )
    betters = {row.outcome.better for row in rows}
    left, right = (
        favours(
            measure,
            betters.pop(),
            intervention=question.intervention_label,
            comparison=question.comparison_label,
        )
        if len(betters) == 1
        else ("", "")
    )
    groups: dict[int, list[OutcomeRow]] = {}
    for row in rows:
        groups.setdefault(row.outcome_id, []).append(row)
    return OutcomeTableView(
        id=table.pk,
        number=table.number,
        title=table.title,
        criterion_key=table.criterion_key,
        abbreviations=table.abbreviations,
        footnotes=table.footnotes,
        measure_label=Measure(measure).label,
        groups=tuple(_group(group, axis) for group in groups.values()),
        favours_left=left,
        favours_right=right,
        has_certainty=any(row.outcome.certainty for row in rows),
    )


def _group(rows: list[OutcomeRow], axis: Axis) -> OutcomeGroup:
    outcome = rows[0].outcome
    return OutcomeGroup(
        id=outcome.pk,
        name=str(outcome),
        better=outcome.better,
        certainty=CertaintyLevel(outcome.certainty).label if outcome.certainty else "",
        certainty_symbols=certainty.symbols(outcome.certainty),
        rows=tuple(_row(row, axis) for row in rows),
    )


def _row(row: OutcomeRow, axis: Axis) -> RowView:
    return RowView(
        id=row.pk,
        outcome_id=row.outcome_id,
        population_id=row.population_id,
        population=row.population.label,
        source=row.source,
        source_label=ValueSource(row.source).label,
        is_computed=row.source == ValueSource.COMPUTED,
        is_stale=row.is_stale,
        n_studies=row.n_studies,
        footnote_mark=row.footnote_mark,
        intervention=arm(
            row.events_intervention, row.n_intervention, row.printed.get("percent_intervention")
        ),
        comparison=arm(row.events_comparison, row.n_comparison, row.printed.get("percent_comparison")),
        effect=_effect(row),
        p_value=row.printed.get("p_value") or ("-" if row.p_value is None else numbers.p_value(row.p_value)),
        i_squared=_i_squared(row),
        measure=row.measure,
        values={"id": row.pk, **{name: getattr(row, name) for name in ROW_VALUES}},
        provenance=row.provenance,
        plot=_mini_plot(row, axis),
    )


def arm(events: int | None, n: int | None, percent: str | None = None) -> str:
    """`190/406 (47%)`, the percentage as printed where the document printed one; `-` where there are no counts."""
    if events is None or n is None:
        return "-"
    return f"{events}/{n} ({percent or numbers.percent(events, n).removesuffix('%')}%)"


def _effect(row: OutcomeRow) -> str:
    if row.estimate is None or row.ci_low is None or row.ci_high is None:
        return "-"
    printed = row.printed
    if {"estimate", "ci_low", "ci_high"} <= printed.keys():
        low, high = printed["ci_low"], printed["ci_high"]
        between = " to " if (low + high).strip("0123456789.,") else numbers.EN_DASH
        return f"{printed['estimate']} ({low}{between}{high})"
    decimals = 3 if row.measure == Measure.RD else 2
    return numbers.estimate_with_interval(row.estimate, row.ci_low, row.ci_high, decimals)


def _i_squared(row: OutcomeRow) -> str:
    if "i2" in row.printed and row.i_squared is not None:
        return f"{row.printed['i2']}%"
    return "-" if row.i_squared is None else f"{numbers.rounded(row.i_squared, 0)}%"


def _mini_plot(row: OutcomeRow, axis: Axis) -> MiniPlot | None:
    if row.estimate is None or row.ci_low is None or row.ci_high is None:
        return None
    total = (row.n_intervention or 0) + (row.n_comparison or 0)
    side = 6.0 + min(total, 2000) / 2000 * 5.0
    return MiniPlot(
        line_x1=axis.x(row.ci_low),
        line_x2=axis.x(row.ci_high),
        estimate_x=axis.x(row.estimate),
        square=f"{side:.1f}",
        square_x=f"{axis.position(row.estimate) - side / 2:.1f}",
        square_y=f"{10 - side / 2:.1f}",
        no_effect_x=axis.x(axis.no_effect),
        cut_low=axis.cuts_low(row.ci_low),
        cut_high=axis.cuts_high(row.ci_high),
        text=_effect(row),
    )


@dataclass(frozen=True)
class QuestionCard:
    """A question in the list of one's own: its state, and what it asks of the viewer."""

    guideline_slug: str
    slug: str
    title: str
    status: str
    status_label: str
    n_criteria: int
    n_judged: int
    closes_at: datetime | None
    n_left: int | None


@dataclass(frozen=True)
class GuidelineCard:
    slug: str
    title: str
    organisation: str
    role_label: str
    questions: tuple[QuestionCard, ...]


def my_guidelines(viewer: User) -> tuple[GuidelineCard, ...]:
    """The viewer's guidelines with their questions, in five queries however many there are."""
    memberships = list(
        PanelMembership.objects.filter(user=viewer, ended_at__isnull=True)
        .select_related("guideline")
        .order_by("guideline__title")
    )
    questions = list(
        Question.objects.filter(guideline__in=[m.guideline_id for m in memberships]).order_by("pk")
    )
    judged: dict[int, int] = {}
    for question_id in (
        CriterionAssessment.objects.filter(question__in=questions, judgements__isnull=False)
        .distinct()
        .values_list("question_id", "pk")
    ):
        judged[question_id[0]] = judged.get(question_id[0], 0) + 1
    ballots = {
        ballot.round.question_id: ballot
        for ballot in Ballot.objects.filter(
            member=viewer,
            voided_at__isnull=True,
            round__closed_at__isnull=True,
            round__question__in=questions,
        ).select_related("round")
    }
    voted: dict[int, int] = {}
    for ballot_id, option_keys in Vote.objects.filter(ballot__in=ballots.values()).values_list(
        "ballot_id", "option_keys"
    ):
        voted[ballot_id] = voted.get(ballot_id, 0) + bool(option_keys)
    return tuple(
        GuidelineCard(
            slug=m.guideline.slug,
            title=m.guideline.title,
            organisation=m.guideline.organisation,
            role_label=m.get_role_display(),
            questions=tuple(_cards(m.guideline.slug, m.guideline_id, questions, judged, ballots, voted)),
        )
        for m in memberships
    )


def _cards(
    guideline_slug: str,
    guideline_id: int,
    questions: Iterable[Question],
    judged: Mapping[int, int],
    ballots: Mapping[int, Ballot],
    voted: Mapping[int, int],
) -> Iterable[QuestionCard]:
    for question in questions:
        if question.guideline_id != guideline_id:
            continue
        ballot = ballots.get(question.pk)
        framework = get_framework(question.framework_key, question.framework_version)
        yield QuestionCard(
            guideline_slug=guideline_slug,
            slug=question.slug,
            title=question.title,
            status=question.status,
            status_label=QuestionStatus(question.status).label,
            n_criteria=len(framework.criteria),
            n_judged=judged.get(question.pk, 0),
            closes_at=ballot.round.closes_at if ballot else None,
            n_left=len(ballot.round.item_keys) - voted.get(ballot.pk, 0) if ballot else None,
        )
