"""One criterion: its two texts, and the panel's judgement."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from etd.actions import audit
from etd.actions.errors import Refused, StaleEdit
from etd.actions.locks import lock_question, require_open
from etd.enums import Basis
from etd.evidence import evidence_digests
from etd.frameworks import get_framework
from etd.models import CriterionAssessment, Judgement, Question, User
from etd.workflow import Part

TEXT_FIELDS = ("research_evidence", "additional_considerations")


def edit_texts(
    *,
    question: Question,
    criterion_key: str,
    research_evidence: str,
    additional_considerations: str,
    revision: int,
    by: User,
    op: UUID | None = None,
) -> CriterionAssessment:
    """Save the two texts if `revision` is still the stored one; raises StaleEdit otherwise."""
    with transaction.atomic():
        current = lock_question(question)
        assessment = CriterionAssessment.objects.get(question=current, criterion_key=criterion_key)
        before = {field: getattr(assessment, field) for field in TEXT_FIELDS}
        after = dict(zip(TEXT_FIELDS, (research_evidence, additional_considerations), strict=True))
        if before == after:
            return assessment
        require_open(current, Part.TEXTS)
        if assessment.revision != revision:
            raise StaleEdit(before, assessment.revision)
        assessment.research_evidence = research_evidence
        assessment.additional_considerations = additional_considerations
        assessment.revision += 1
        assessment.save(update_fields=[*TEXT_FIELDS, "revision"])
        audit.record(
            type="texts_edited",
            subject=criterion_key,
            before=before,
            after=after,
            at=timezone.now(),
            by=by,
            question=current,
            op=op,
        )
    return assessment


def record_judgement(
    *,
    question: Question,
    criterion_key: str,
    choices: Sequence[tuple[str, str]],
    basis: Basis,
    revision: int,
    by: User,
    op: UUID | None = None,
) -> CriterionAssessment:
    """Record what the panel judged: pairs of option key and what it applies to ("" for all).

    Several options are kept even where the criterion takes one (the page flags that). An empty `choices` takes the
    judgement back. Raises StaleEdit when `revision` is not the stored one, Refused for an unknown option.
    """
    with transaction.atomic():
        current = lock_question(question)
        assessment = CriterionAssessment.objects.get(question=current, criterion_key=criterion_key)
        before = _choices(assessment)
        digests = evidence_digests(current)
        after = {
            "choices": [list(choice) for choice in dict.fromkeys(choices)],
            "basis": str(basis) if choices else "",
            "evidence_digest": digests[criterion_key] if choices else "",
        }
        if before == after:
            return assessment
        require_open(current, Part.JUDGEMENTS)
        if assessment.judgement_revision != revision:
            raise StaleEdit(before, assessment.judgement_revision)
        criterion = get_framework(current.framework_key, current.framework_version).criterion(criterion_key)
        known = {option.key for option in criterion.options}
        if unknown := [key for key, _ in choices if key not in known]:
            raise Refused(f"“{criterion.heading}” has no option “{unknown[0]}”.")
        now = timezone.now()
        assessment.judgements.all().delete()
        Judgement.objects.bulk_create(
            Judgement(
                assessment=assessment,
                option_key=key,
                applies_to=applies_to,
                basis=basis,
                evidence_digest=digests[criterion_key],
                judged_at=now,
                judged_by=by,
            )
            for key, applies_to in dict.fromkeys(choices)
        )
        assessment.judgement_revision += 1
        assessment.save(update_fields=["judgement_revision"])
        audit.record(
            type="judgement_recorded",
            subject=criterion_key,
            before=before,
            after=after,
            at=now,
            by=by,
            question=current,
            op=op,
        )
    return assessment


def _choices(assessment: CriterionAssessment) -> dict[str, Any]:
    judgements = list(assessment.judgements.order_by("pk"))
    return {
        "choices": [[j.option_key, j.applies_to] for j in judgements],
        "basis": judgements[0].basis if judgements else "",
        "evidence_digest": judgements[0].evidence_digest if judgements else "",
    }
