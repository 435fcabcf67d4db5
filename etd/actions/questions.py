"""A question, its PICO and its status."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from etd.actions import audit
from etd.actions.errors import Refused, StaleEdit
from etd.actions.locks import lock_question, require_open
from etd.actions.rounds import close_if_over
from etd.domain.addresses import RESERVED
from etd.enums import QuestionStatus
from etd.models import (
    ConclusionSection,
    CriterionAssessment,
    Guideline,
    OwnFramework,
    Question,
    Recommendation,
    User,
)
from etd.workflow import TRANSITIONS, Part

QUESTION_FIELDS = (
    "title",
    "population",
    "intervention",
    "comparison",
    "main_outcomes",
    "setting",
    "perspective",
    "background",
    "intervention_label",
    "comparison_label",
)


def create_question(
    *,
    guideline: Guideline,
    slug: str,
    framework_key: str,
    framework_version: int,
    values: Mapping[str, str],
    by: User,
    own_framework: OwnFramework | None = None,
) -> Question:
    """A new draft with an empty place for every criterion and every conclusion of its framework.

    With `own_framework`, the guideline's own version, that one is meant and not the shipped one that it was made from.

    Raises Refused where the guideline has a question of that name, and for a name that addresses of the site use.
    """
    if slug in RESERVED:
        raise Refused(f"“{slug}” is used by the site itself: please choose another name for the address.")
    if own_framework:
        if own_framework.guideline_id != guideline.pk:
            raise Refused("That framework belongs to another guideline.")
        framework_key, framework_version = own_framework.base_key, own_framework.base_version
    now = timezone.now()
    with transaction.atomic():
        # One new question at a time: of two with the same name the second is told so.
        Guideline.objects.select_for_update(no_key=True).get(pk=guideline.pk)
        if Question.objects.filter(guideline=guideline, slug=slug).exists():
            raise Refused(f"This guideline has a question “{slug}” already: please choose another name.")
        question = Question.objects.create(
            guideline=guideline,
            slug=slug,
            framework_key=framework_key,
            framework_version=framework_version,
            own_framework=own_framework,
            created_at=now,
            created_by=by,
            **{field: values.get(field, "") for field in QUESTION_FIELDS},
        )
        CriterionAssessment.objects.bulk_create(
            CriterionAssessment(question=question, criterion_key=criterion.key)
            for criterion in question.framework.criteria
        )
        ConclusionSection.objects.bulk_create(
            ConclusionSection(question=question, section_key=section.key)
            for section in question.framework.sections
        )
        Recommendation.objects.create(question=question)
        audit.record(
            type="question_created",
            subject=slug,
            after=_values(question)
            | {"framework": str(own_framework or f"{framework_key} {framework_version}")},
            at=now,
            by=by,
            question=question,
        )
    return question


def edit_question(
    *, question: Question, values: Mapping[str, str], revision: int, by: User, op: UUID | None = None
) -> Question:
    """Save these fields of the question if `revision` is still the stored one; raises StaleEdit otherwise."""
    if unknown := set(values) - set(QUESTION_FIELDS):
        raise ValueError(f"not a field of a question: {sorted(unknown)}")
    with transaction.atomic():
        current = lock_question(question)
        before = _values(current)
        if all(before[field] == text for field, text in values.items()):
            return current
        require_open(current, Part.QUESTION)
        if current.revision != revision:
            raise StaleEdit(before, current.revision)
        for field, text in values.items():
            setattr(current, field, text)
        current.revision += 1
        current.save(update_fields=[*QUESTION_FIELDS, "revision"])
        audit.record(
            type="question_edited",
            subject=current.slug,
            before=before,
            after=_values(current),
            at=timezone.now(),
            by=by,
            question=current,
            op=op,
        )
    return current


def change_status(
    *,
    question: Question,
    status: QuestionStatus,
    only_from: Collection[QuestionStatus] = (),
    by: User,
    op: UUID | None = None,
) -> Question:
    """Move a question on; raises Refused for a step that there is not and over an open round.

    `only_from` are the statuses that this step is meant to leave, where there are others that it could leave too; one
    that has been taken already changes nothing then. Approvals end with it. To publish and to withdraw are actions of
    their own (`etd.actions.publication`).
    """
    with transaction.atomic():
        current = lock_question(question)
        if only_from and current.status == status:
            return current
        close_if_over(current, timezone.now())
        if only_from and current.status not in only_from:
            raise Refused(f"This question has moved on: it is “{current.get_status_display()}” now.")
        if status not in TRANSITIONS[current.status]:
            raise Refused(
                f"A question that is “{current.get_status_display()}” cannot become “{status.label}” directly."
            )
        if current.status == QuestionStatus.VOTING and current.rounds.filter(closed_at__isnull=True).exists():
            raise Refused("A round is open: what is voted on stays as it is until the round has closed.")
        before = current.status
        current.status = status
        current.save(update_fields=["status"])
        now = timezone.now()
        # Whoever approved it approved it for this review.
        current.approvals.filter(ended_at__isnull=True).update(ended_at=now, ended_by=by)
        audit.record(
            type="status_changed",
            subject=current.slug,
            before=str(before),
            after=str(status),
            at=now,
            by=by,
            question=current,
            op=op,
        )
    return current


def _values(question: Question) -> dict[str, str]:
    return {field: getattr(question, field) for field in QUESTION_FIELDS}
