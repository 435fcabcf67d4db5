"""The type of recommendation, the statements, and the conclusions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from etd.actions import audit
from etd.actions.errors import Refused, StaleEdit
from etd.actions.locks import lock_question, require_open
from etd.enums import CertaintyLevel, Direction, StatementKind, Strength
from etd.frameworks import get_framework
from etd.models import ConclusionSection, Question, Recommendation, RecommendationStatement, User
from etd.workflow import Part


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


def edit_recommendation(
    *,
    question: Question,
    type_key: str,
    note: str,
    statements: Sequence[Statement],
    revision: int,
    by: User,
    op: UUID | None = None,
) -> Recommendation:
    """Save the type of recommendation with all statements, in order; raises StaleEdit when `revision` has passed."""
    with transaction.atomic():
        current = lock_question(question)
        recommendation = Recommendation.objects.get(question=current)
        before = _content(recommendation)
        after = {"type_key": type_key, "note": note, "statements": [asdict(s) for s in statements]}
        if before == after:
            return recommendation
        require_open(current, Part.RECOMMENDATION)
        if recommendation.revision != revision:
            raise StaleEdit(before, recommendation.revision)
        framework = get_framework(current.framework_key, current.framework_version)
        if type_key and type_key not in {t.key for t in framework.recommendation_types}:
            raise Refused(f"The framework has no type of recommendation “{type_key}”.")
        recommendation.type_key = type_key
        recommendation.note = note
        recommendation.revision += 1
        recommendation.save(update_fields=["type_key", "note", "revision"])
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


def _content(recommendation: Recommendation) -> dict[str, Any]:
    statements = RecommendationStatement.objects.filter(question=recommendation.question).order_by("position")
    return {
        "type_key": recommendation.type_key,
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
