"""The type of recommendation, the statements, and the conclusions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from etd.actions import audit
from etd.actions.agreement import referred_round, require_agreement
from etd.actions.errors import Refused, StaleEdit
from etd.actions.locks import lock_question, require_open
from etd.actions.rounds import close_if_over
from etd.domain.evidence import whole_evidence_digest
from etd.enums import (
    RECOMMENDATION_TYPE_ITEM,
    Basis,
    CertaintyLevel,
    Direction,
    StatementKind,
    Strength,
)
from etd.evidence import evidence_digests
from etd.models import (
    ConclusionSection,
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
    "type_revision",
)


@dataclass(frozen=True)
class Statement:
    """What one statement says; a good practice statement has no strength, direction or certainty."""

    kind: str
    text: str
    population: str = ""
    strength: str = ""
    direction: str = ""
    certainty: str = ""

    def __post_init__(self) -> None:
        for value, known in (
            (self.kind, StatementKind),
            (self.strength, Strength),
            (self.direction, Direction),
            (self.certainty, CertaintyLevel),
        ):
            if value not in known.values and (value or known is StatementKind):
                raise Refused(f"“{value}” is not one of: {', '.join(known.values)}.")
        if self.kind == StatementKind.GOOD_PRACTICE and (self.strength or self.direction or self.certainty):
            raise Refused("A good practice statement carries no strength, direction or certainty.")


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
    led. A type by vote names its round wherever there is one. Raises StaleEdit when `revision` is not the stored
    `type_revision`, Refused for an unknown type, a round that is not over or asked about something else, and a missing
    reason.
    """
    with transaction.atomic():
        current = lock_question(question)
        close_if_over(current, timezone.now())
        recommendation = Recommendation.objects.get(question=current)
        before = _type(recommendation)
        referred = referred_round(current, voting_round, RECOMMENDATION_TYPE_ITEM) if type_key else None
        after: dict[str, Any] = {
            "type": type_key,
            "basis": str(basis) if type_key else "",
            "evidence_digest": whole_evidence_digest(evidence_digests(current)) if type_key else "",
            "round": referred.number if referred else None,
            "tally_digest": referred.tally_digest if referred else "",
            "reason": reason if type_key else "",
        }
        if before == after:
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
        recommendation.type_revision += 1
        recommendation.save(update_fields=TYPE_FIELDS)
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
        RecommendationStatement.objects.bulk_create(
            RecommendationStatement(question=current, position=position, **asdict(statement))
            for position, statement in enumerate(statements, start=1)
        )
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


def _type(recommendation: Recommendation) -> dict[str, Any]:
    return {
        "type": recommendation.type_key,
        "basis": recommendation.type_basis,
        "evidence_digest": recommendation.type_evidence_digest,
        "round": recommendation.type_round_number,
        "tally_digest": recommendation.type_tally_digest,
        "reason": recommendation.type_reason,
    }


def _content(recommendation: Recommendation) -> dict[str, Any]:
    statements = RecommendationStatement.objects.filter(question=recommendation.question).order_by("position")
    return {
        "note": recommendation.note,
        "statements": [
            {
                "kind": s.kind,
                "text": s.text,
                "population": s.population,
                "strength": s.strength,
                "direction": s.direction,
                "certainty": s.certainty,
            }
            for s in statements
        ],
    }
