"""A whole question as one person sees it: everything its page and its document need."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any

from etd.domain import certainty
from etd.domain.evidence_change import Change, worst
from etd.domain.recommendation_rules import (
    ANSWERS,
    PARADIGMS,
    PRACTICE_BASES,
    PRACTICE_QUESTIONS,
    graded,
    practice_hint,
    strong_on_low,
)
from etd.domain.references import doi_address, pmid_address
from etd.domain.scale import ScaleCell, scale
from etd.enums import (
    RECOMMENDATION_TYPE_ITEM,
    Basis,
    CertaintyLevel,
    QuestionStatus,
    StatementKind,
    Strength,
    StrengthWord,
)
from etd.evidence import Evidence
from etd.evidence_history import Moved, Stood, moved
from etd.frameworks import Criterion, Framework, RecommendationType
from etd.frameworks.schema import Role
from etd.models import (
    CriterionAssessment,
    Judgement,
    Question,
    Recommendation,
    User,
    Vote,
)
from etd.selectors.certainty import CertaintyView, load_certainty
from etd.selectors.held_rounds import HeldRound, rounds_with_own_votes
from etd.selectors.outcome_tables import OutcomeTableView, load_tables
from etd.selectors.voting import RoundView, VoteView, round_and_votes, vote_view
from etd.stored import Stored


@dataclass(frozen=True)
class JudgementView:
    """What the panel recorded; `evidence_change` is what has become of its evidence since, a Change.

    Once it was reaffirmed, that is since then: `reaffirmed_by` and `_because` are empty where nobody has.
    """

    option_key: str
    label: str
    applies_to: str
    basis: str
    basis_label: str
    by: str
    at: datetime
    evidence_change: Change = Change.NONE
    round_number: int | None = None
    reason: str = ""
    evidence_digest: str = ""
    reaffirmed_by: str = ""
    reaffirmed_at: datetime | None = None
    reaffirmed_because: str = ""

    @property
    def evidence_changed(self) -> bool:
        """Does the change cross anything that the panel must know of?"""
        return self.evidence_change == Change.CHANGED

    @property
    def minor_change(self) -> bool:
        return self.evidence_change == Change.MINOR


@dataclass(frozen=True)
class CriterionView:
    key: str
    number: int
    heading: str
    prompt: str
    to_consider: tuple[str, ...]
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
    def is_about_certainty(self) -> bool:
        """Is it the criterion that the certainty of the outcomes suggests an option for?"""
        return self.role == Role.OVERALL_CERTAINTY

    @property
    def is_judged(self) -> bool:
        return bool(self.judgements)

    @property
    def too_many(self) -> bool:
        """Two or more options for the same thing, where the criterion takes one: kept, and flagged."""
        seen = [j.applies_to for j in self.judgements]
        return not self.multiple and len(seen) != len(set(seen))

    @property
    def evidence_change(self) -> Change:
        """What has become of the evidence of its judgements, where they differ the gravest."""
        return worst(j.evidence_change for j in self.judgements)

    @property
    def evidence_changed(self) -> bool:
        return self.evidence_change == Change.CHANGED

    @property
    def minor_change(self) -> bool:
        return self.evidence_change == Change.MINOR

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
class PracticeAnswerView:
    """One of the five questions of a good practice statement; `answer_label` also says that it is not answered."""

    question_key: str
    question: str
    answer: str
    answer_label: str
    rationale: str


@dataclass(frozen=True)
class StatementView:
    """`practice_answers` are all five where one is answered, else none; `practice_hint` says what is missing to yes.

    `grade` is its strength and direction in words, or its kind. `strong_on_low` names the situation of a strong
    recommendation on low or very low certainty, empty where it is none.
    """

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
    grade: str
    remark: str
    paradigm: str
    paradigm_label: str
    paradigm_reason: str
    strong_on_low: str
    practice_basis: str
    practice_basis_label: str
    practice_answers: tuple[PracticeAnswerView, ...]
    practice_hint: str

    @property
    def n_yes(self) -> int:
        return sum(answer.answer == "yes" for answer in self.practice_answers)


@dataclass(frozen=True)
class SectionView:
    key: str
    heading: str
    holds_statements: bool
    body: str
    revision: int


@dataclass(frozen=True)
class ReferenceView:
    """`doi` and `pmid` are empty where the work has none, `citation` where the number stands alone."""

    number: int
    citation: str
    doi: str = ""
    pmid: str = ""
    revision: int = 1

    @property
    def doi_address(self) -> str:
        return doi_address(self.doi)

    @property
    def pmid_address(self) -> str:
        return pmid_address(self.pmid)


@dataclass(frozen=True)
class FieldView:
    key: str
    heading: str
    text: str


@dataclass(frozen=True)
class EtdView:
    """One whole Evidence-to-Decision question as one person sees it.

    `type_judgement` is what the chosen type of recommendation rests on, None where there is no type or no record of it.
    """

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
    certainty: CertaintyView
    recommendation_types: tuple[RecommendationTypeView, ...]
    type_judgement: JudgementView | None
    type_revision: int
    recommendation_note: str
    recommendation_revision: int
    statements: tuple[StatementView, ...]
    sections: tuple[SectionView, ...]
    references: tuple[ReferenceView, ...]
    round: RoundView | None
    type_vote: VoteView | None

    @property
    def has_type(self) -> bool:
        return any(one.chosen for one in self.recommendation_types)

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
        """Judgements, the type of recommendation among them, whose evidence has changed since."""
        return self._evidence_changes.count(Change.CHANGED)

    @property
    def n_minor_changes(self) -> int:
        """Judgements, the type of recommendation among them, with a minor change of their evidence since."""
        return self._evidence_changes.count(Change.MINOR)

    @property
    def _evidence_changes(self) -> list[Change]:
        found = [criterion.evidence_change for criterion in self.criteria]
        return [*found, self.type_judgement.evidence_change] if self.type_judgement else found

    @property
    def listed_references(self) -> frozenset[int]:
        """The numbers that have a citation."""
        return frozenset(reference.number for reference in self.references if reference.citation)

    def criterion(self, key: str) -> CriterionView | None:
        return next((criterion for criterion in self.criteria if criterion.key == key), None)


def load_etd(
    question: Question,
    viewer: User | None,
    held: Sequence[HeldRound] | None = None,
    stored: Stored | None = None,
) -> EtdView:
    """The question as `viewer` may see it (None: as a document, without anybody's vote), in at most seven queries.

    Two more say how the evidence of a judgement has moved, where it has.
    `held` are its rounds with the viewer's own votes, `stored` what is stored of it, where somebody has read them.
    """
    stored = stored or Stored(question)
    framework = question.framework
    judgements = stored.judgements
    outcomes = load_certainty(stored)
    tables = load_tables(stored, outcomes.reasons)
    if held is None:
        held = rounds_with_own_votes(question, viewer) if viewer else ()
    round_view, votes = round_and_votes(held)
    now = stored.evidence
    recommendation = question.recommendation
    changes = moved(stored, _stood_on(judgements, recommendation), now=now)
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
                stored.assessments[criterion.key],
                judgements.get(criterion.key, []),
                tuple(table for table in tables if table.criterion_key == criterion.key),
                votes.get(criterion.key),
                now,
                changes,
                in_round=criterion.key in votes,
            )
            for number, criterion in enumerate(framework.criteria, start=1)
        ),
        tables=tables,
        certainty=outcomes,
        recommendation_types=recommendation_types(framework, recommendation.type_key),
        type_judgement=_type_judgement(framework, recommendation, changes),
        type_revision=recommendation.type_revision,
        recommendation_note=recommendation.note,
        recommendation_revision=recommendation.revision,
        statements=_statements(stored),
        sections=tuple(
            SectionView(
                section.key,
                section.heading,
                section.holds_statements,
                stored.sections[section.key].body,
                stored.sections[section.key].revision,
            )
            for section in framework.sections
        ),
        references=tuple(
            ReferenceView(r.number, r.citation, r.doi, r.pmid, r.revision) for r in stored.references
        ),
        round=round_view,
        type_vote=vote_view(votes[RECOMMENDATION_TYPE_ITEM], now)
        if RECOMMENDATION_TYPE_ITEM in votes
        else None,
    )


def _stood_on(judgements: Mapping[str, Sequence[Judgement]], recommendation: Recommendation) -> set[Stood]:
    stood = {(key, judgement.evidence_digest) for key, of_one in judgements.items() for judgement in of_one}
    if recommendation.type_evidence_digest:
        stood.add((RECOMMENDATION_TYPE_ITEM, recommendation.type_evidence_digest))
    return stood


def recommendation_types(framework: Framework, chosen: str) -> tuple[RecommendationTypeView, ...]:
    return tuple(
        RecommendationTypeView(t.key, t.label, _tone(t), chosen=t.key == chosen)
        for t in framework.recommendation_types
    )


def _tone(recommendation_type: RecommendationType) -> str:
    """The style class of a type: `against-strong` … `either` … `for-strong`."""
    return "-".join(part for part in (recommendation_type.direction, recommendation_type.strength) if part)


def _type_judgement(
    framework: Framework, recommendation: Recommendation, changes: Mapping[Stood, Moved]
) -> JudgementView | None:
    by, at = recommendation.type_judged_by, recommendation.type_judged_at
    if by is None or at is None:
        return None
    digest = recommendation.type_evidence_digest
    return JudgementView(
        option_key=recommendation.type_key,
        label=framework.recommendation_type(recommendation.type_key).label,
        applies_to="",
        basis=recommendation.type_basis,
        basis_label=Basis(recommendation.type_basis).label,
        by=str(by),
        at=at,
        evidence_change=changes[RECOMMENDATION_TYPE_ITEM, digest].change,
        round_number=recommendation.type_round_number,
        reason=recommendation.type_reason,
        evidence_digest=digest,
        reaffirmed_by=str(recommendation.type_reaffirmed_by or ""),
        reaffirmed_at=recommendation.type_reaffirmed_at,
        reaffirmed_because=recommendation.type_reaffirmed_because,
    )


def _criterion(
    number: int,
    criterion: Criterion,
    assessment: CriterionAssessment,
    judgements: list[Judgement],
    tables: tuple[OutcomeTableView, ...],
    vote: Vote | None,
    now: Evidence,
    changes: Mapping[Stood, Moved],
    *,
    in_round: bool,
) -> CriterionView:
    chosen: dict[str, list[str]] = {}
    for judgement in judgements:
        chosen.setdefault(judgement.option_key, []).append(judgement.applies_to)
    own = vote_view(vote, now)
    return CriterionView(
        key=criterion.key,
        number=number,
        heading=criterion.heading,
        prompt=criterion.prompt,
        to_consider=criterion.to_consider,
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
                evidence_change=changes[criterion.key, j.evidence_digest].change,
                round_number=j.round_number,
                reason=j.reason,
                evidence_digest=j.evidence_digest,
                reaffirmed_by=str(j.reaffirmed_by or ""),
                reaffirmed_at=j.reaffirmed_at,
                reaffirmed_because=j.reaffirmed_because,
            )
            for j in judgements
        ),
        research_evidence=assessment.research_evidence,
        additional_considerations=assessment.additional_considerations,
        revision=assessment.revision,
        judgement_revision=assessment.judgement_revision,
        tables=tables,
        in_round=in_round,
        vote=own,
        vote_scale=scale(criterion, dict.fromkeys(own.option_keys, ("",))),
    )


def strength_label(strength: str, strength_word: str) -> str:
    """The guideline's own word: a conditional recommendation may be called weak."""
    return StrengthWord(strength_word).label if strength == Strength.CONDITIONAL else strength.capitalize()


def _statements(stored: Stored) -> tuple[StatementView, ...]:
    return tuple(
        _statement(list(of_one), stored.question.guideline.strength_word)
        for _, of_one in groupby(stored.statement_lines, key=lambda line: line.position)
    )


def _statement(lines: Sequence[Any], strength_word: str) -> StatementView:
    stored = lines[0]
    strength = strength_label(stored.strength, strength_word)
    situation = PARADIGMS.get(stored.paradigm, "")
    answers = {line.answered: (line.answer, line.rationale) for line in lines if line.answered}
    is_good_practice = stored.kind == StatementKind.GOOD_PRACTICE
    return StatementView(
        kind=stored.kind,
        kind_label=stored.get_kind_display(),
        text=stored.text,
        population=stored.population,
        strength=stored.strength,
        strength_label=strength,
        direction=stored.direction,
        direction_label=stored.get_direction_display(),
        certainty=stored.certainty,
        certainty_label=CertaintyLevel(stored.certainty).label if stored.certainty else "",
        certainty_symbols=certainty.symbols(stored.certainty),
        grade=graded(strength, stored.direction) if strength else stored.get_kind_display(),
        remark=stored.remark,
        paradigm=stored.paradigm,
        paradigm_label=situation,
        paradigm_reason=stored.paradigm_reason,
        strong_on_low=strong_on_low(stored.strength, stored.certainty, situation),
        practice_basis=stored.practice_basis,
        practice_basis_label=PRACTICE_BASES.get(stored.practice_basis, ""),
        practice_answers=tuple(
            _practice_answer(key, *answers.get(key, ("", ""))) for key in PRACTICE_QUESTIONS if answers
        ),
        practice_hint=practice_hint({key: answer for key, (answer, _) in answers.items()})
        if is_good_practice
        else "",
    )


def _practice_answer(key: str, answer: str, rationale: str) -> PracticeAnswerView:
    return PracticeAnswerView(
        question_key=key,
        question=PRACTICE_QUESTIONS[key],
        answer=answer,
        answer_label=ANSWERS.get(answer, "Not answered yet"),
        rationale=rationale,
    )
