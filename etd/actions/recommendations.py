"""The type of recommendation, the statements, and the conclusions."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from etd.actions import audit
from etd.actions.agreement import evidence_digest_of, referred_round, require_agreement
from etd.actions.errors import Refused, StaleEdit
from etd.actions.kept_evidence import keep_evidence
from etd.actions.locks import lock_question, require_open
from etd.actions.rounds import close_if_over
from etd.domain.recommendation_rules import ANSWERS, PARADIGMS, PRACTICE_BASES, PRACTICE_QUESTIONS, faults
from etd.enums import (
    RECOMMENDATION_TYPE_ITEM,
    Basis,
    CertaintyLevel,
    Direction,
    StatementKind,
    Strength,
)
from etd.evidence import evidence_now
from etd.models import (
    ConclusionSection,
    PracticeAnswer,
    Question,
    Recommendation,
    RecommendationStatement,
    User,
    VotingRound,
)
from etd.workflow import Part

TYPE_FIELDS = (
    "type_key",
    "type_basis",
    "type_evidence_digest",
    "type_round_number",
    "type_tally_digest",
    "type_reason",
    "type_judged_at",
    "type_judged_by",
    "type_reaffirmed_at",
    "type_reaffirmed_by",
    "type_reaffirmed_because",
    "type_revision",
)


@dataclass(frozen=True)
class Answer:
    """The answer (yes, no, or empty for not yet) to one question of a good practice statement, and why."""

    question_key: str
    answer: str = ""
    rationale: str = ""

    def __post_init__(self) -> None:
        _require_known(self.question_key, tuple(PRACTICE_QUESTIONS))
        _require_known(self.answer, ("", *ANSWERS))


@dataclass(frozen=True)
class Statement:
    """What one statement says: see `etd.domain.recommendation_rules` for what may stand together.

    A strong recommendation on low or very low certainty without one of the five situations is taken as it is. Answers
    that say nothing are left out; the rest stand in the order of the questions.
    """

    kind: str
    text: str
    population: str = ""
    strength: str = ""
    direction: str = ""
    certainty: str = ""
    remark: str = ""
    paradigm: str = ""
    paradigm_reason: str = ""
    practice_basis: str = ""
    answers: tuple[Answer, ...] = ()

    def __post_init__(self) -> None:
        _require_known(self.kind, StatementKind.values)
        for value, known in (
            (self.strength, Strength.values),
            (self.direction, Direction.values),
            (self.certainty, CertaintyLevel.values),
            (self.paradigm, PARADIGMS),
            (self.practice_basis, PRACTICE_BASES),
        ):
            _require_known(value, ("", *known))
        given = {answer.question_key: answer for answer in self.answers if answer.answer or answer.rationale}
        if len(given) < sum(bool(answer.answer or answer.rationale) for answer in self.answers):
            raise Refused("A question of the good practice statement is answered twice.")
        object.__setattr__(self, "answers", tuple(given[key] for key in PRACTICE_QUESTIONS if key in given))
        for fault in faults(
            kind=self.kind,
            strength=self.strength,
            direction=self.direction,
            certainty=self.certainty,
            paradigm=self.paradigm,
            paradigm_reason=self.paradigm_reason,
            practice_basis=self.practice_basis,
            is_answered=bool(self.answers),
        ).values():
            raise Refused(fault)


def _require_known(value: str, known: Collection[str]) -> None:
    if value not in known:
        raise Refused(f"“{value}” is not one of: {', '.join(filter(None, known))}.")


def record_type(
    *,
    question: Question,
    type_key: str,
    basis: Basis,
    revision: int,
    by: User,
    voting_round: VotingRound | None = None,
    reason: str = "",
    op: UUID | None = None,
) -> Recommendation:
    """Record the type of recommendation that the panel decided on; an empty `type_key` takes it back.

    With `voting_round`, a round that is over and asked about it, the type keeps the round's number and the digest of
    its tallies; a `reason` is then needed where the round's rule was not met, and where the type is not the one that
    led. A type by vote names its round wherever there is one, and stands on the evidence that was voted on; any other
    stands on today's. Raises StaleEdit when `revision` is not the stored `type_revision`, Refused for an unknown type,
    a round that is not over or asked about something else, and a missing reason.
    """
    with transaction.atomic():
        current = lock_question(question)
        close_if_over(current, timezone.now())
        recommendation = Recommendation.objects.get(question=current)
        before = recorded_type(recommendation)
        referred = referred_round(current, voting_round, RECOMMENDATION_TYPE_ITEM) if type_key else None
        evidence = evidence_now(current)
        stands_on = (
            evidence_digest_of(evidence, RECOMMENDATION_TYPE_ITEM, referred, basis) if type_key else ""
        )
        after: dict[str, Any] = {
            "type": type_key,
            "basis": str(basis) if type_key else "",
            "evidence_digest": stands_on,
            "round": referred.number if referred else None,
            "tally_digest": referred.tally_digest if referred else "",
            "reason": reason if type_key else "",
        }
        if before in (after, after | {"evidence_digest": evidence.whole_digest}):
            return recommendation
        require_open(current, Part.JUDGEMENTS)
        if recommendation.type_revision != revision:
            raise StaleEdit(before, recommendation.type_revision)
        framework = current.framework
        if type_key and type_key not in {t.key for t in framework.recommendation_types}:
            raise Refused(f"The framework has no type of recommendation “{type_key}”.")
        if type_key:
            require_agreement(
                question=current,
                referred=referred,
                item_key=RECOMMENDATION_TYPE_ITEM,
                chosen={type_key},
                basis=basis,
                reason=reason,
            )
        now = timezone.now()
        recommendation.type_key = type_key
        recommendation.type_basis = after["basis"]
        recommendation.type_evidence_digest = after["evidence_digest"]
        recommendation.type_round_number = after["round"]
        recommendation.type_tally_digest = after["tally_digest"]
        recommendation.type_reason = after["reason"]
        recommendation.type_judged_at = now if type_key else None
        recommendation.type_judged_by = by if type_key else None
        recommendation.type_reaffirmed_at = recommendation.type_reaffirmed_by = None
        recommendation.type_reaffirmed_because = ""
        recommendation.type_revision += 1
        recommendation.save(update_fields=TYPE_FIELDS)
        if type_key:
            keep_evidence(question=current, evidence=evidence, item_keys=[RECOMMENDATION_TYPE_ITEM], at=now)
        audit.record(
            type="recommendation_type_recorded",
            subject=current.slug,
            before=before,
            after=after,
            at=now,
            by=by,
            question=current,
            op=op,
        )
    return recommendation


def edit_recommendation(
    *,
    question: Question,
    note: str,
    statements: Sequence[Statement],
    revision: int,
    by: User,
    op: UUID | None = None,
) -> Recommendation:
    """Save the note and all statements, in order; raises StaleEdit when `revision` has passed."""
    with transaction.atomic():
        current = lock_question(question)
        recommendation = Recommendation.objects.get(question=current)
        before = _content(recommendation)
        after = {"note": note, "statements": [asdict(s) for s in statements]}
        if before == after:
            return recommendation
        require_open(current, Part.RECOMMENDATION)
        if recommendation.revision != revision:
            raise StaleEdit(before, recommendation.revision)
        recommendation.note = note
        recommendation.revision += 1
        recommendation.save(update_fields=["note", "revision"])
        RecommendationStatement.objects.filter(question=current).delete()
        _store(current, statements)
        audit.record(
            type="recommendation_edited",
            subject=current.slug,
            before=before,
            after=after,
            at=timezone.now(),
            by=by,
            question=current,
            op=op,
        )
    return recommendation


def edit_section(
    *, question: Question, section_key: str, body: str, revision: int, by: User, op: UUID | None = None
) -> ConclusionSection:
    """Save one section of the conclusions; raises StaleEdit when `revision` has passed."""
    with transaction.atomic():
        current = lock_question(question)
        section = ConclusionSection.objects.get(question=current, section_key=section_key)
        before = section.body
        if before == body:
            return section
        require_open(current, Part.RECOMMENDATION)
        if section.revision != revision:
            raise StaleEdit({"body": before}, section.revision)
        section.body = body
        section.revision += 1
        section.save(update_fields=["body", "revision"])
        audit.record(
            type="section_edited",
            subject=section_key,
            before=before,
            after=body,
            at=timezone.now(),
            by=by,
            question=current,
            op=op,
        )
    return section


def clear_type(recommendation: Recommendation) -> None:
    """No type, and nothing of what it rested on; part of other actions, which save it."""
    recommendation.type_key = recommendation.type_basis = recommendation.type_evidence_digest = ""
    recommendation.type_tally_digest = recommendation.type_reason = ""
    recommendation.type_round_number = recommendation.type_judged_at = recommendation.type_judged_by = None
    recommendation.type_reaffirmed_at = recommendation.type_reaffirmed_by = None
    recommendation.type_reaffirmed_because = ""


def recorded_type(recommendation: Recommendation) -> dict[str, Any]:
    """The type and what it rests on, as the trail tells it."""
    return {
        "type": recommendation.type_key,
        "basis": recommendation.type_basis,
        "evidence_digest": recommendation.type_evidence_digest,
        "round": recommendation.type_round_number,
        "tally_digest": recommendation.type_tally_digest,
        "reason": recommendation.type_reason,
    }


def _store(question: Question, statements: Sequence[Statement]) -> None:
    stored = RecommendationStatement.objects.bulk_create(
        RecommendationStatement(
            question=question,
            position=position,
            **{name: value for name, value in asdict(statement).items() if name != "answers"},
        )
        for position, statement in enumerate(statements, start=1)
    )
    PracticeAnswer.objects.bulk_create(
        PracticeAnswer(statement=one, **asdict(answer))
        for one, statement in zip(stored, statements, strict=True)
        for answer in statement.answers
    )


def _content(recommendation: Recommendation) -> dict[str, Any]:
    statements = (
        RecommendationStatement.objects.filter(question=recommendation.question)
        .prefetch_related("practice_answers")
        .order_by("position")
    )
    return {"note": recommendation.note, "statements": [asdict(_statement(s)) for s in statements]}


def _statement(stored: RecommendationStatement) -> Statement:
    return Statement(
        kind=stored.kind,
        text=stored.text,
        population=stored.population,
        strength=stored.strength,
        direction=stored.direction,
        certainty=stored.certainty,
        remark=stored.remark,
        paradigm=stored.paradigm,
        paradigm_reason=stored.paradigm_reason,
        practice_basis=stored.practice_basis,
        answers=tuple(Answer(a.question_key, a.answer, a.rationale) for a in stored.practice_answers.all()),
    )
