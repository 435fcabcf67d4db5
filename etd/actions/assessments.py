"""One criterion: its two texts, and the panel's judgement."""

from __future__ import annotations

from collections.abc import Sequence
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
from etd.enums import Basis
from etd.evidence import evidence_now
from etd.models import CriterionAssessment, Judgement, Question, User, VotingRound
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
    voting_round: VotingRound | None = None,
    reason: str = "",
    op: UUID | None = None,
) -> CriterionAssessment:
    """Record what the panel judged: pairs of option key and what it applies to ("" for all).

    Several options are kept even where the criterion takes one (the page flags that). An empty `choices` takes the
    judgement back. With `voting_round`, a round that is over and asked about the criterion, the judgement keeps the
    round's number and the digest of its tallies; a `reason` is then needed where the round's rule was not met, and
    where the options are not those that led. A judgement by vote names its round wherever there is one, and stands on
    the evidence that was voted on; any other stands on today's. Raises StaleEdit when `revision` is not the stored one,
    Refused for an unknown option, a round that is not over or asked about something else, and a missing reason.
    """
    with transaction.atomic():
        current = lock_question(question)
        close_if_over(current, timezone.now())
        assessment = CriterionAssessment.objects.get(question=current, criterion_key=criterion_key)
        before = recorded_judgement(assessment)
        evidence = evidence_now(current)
        referred = referred_round(current, voting_round, criterion_key) if choices else None
        stands_on = evidence_digest_of(evidence, criterion_key, referred, basis) if choices else ""
        after: dict[str, Any] = {
            "choices": [list(choice) for choice in dict.fromkeys(choices)],
            "basis": str(basis) if choices else "",
            "evidence_digest": stands_on,
        }
        if choices and (referred or reason):
            after |= {
                "round": referred.number if referred else None,
                "tally_digest": referred.tally_digest if referred else "",
                "reason": reason,
            }
        if before in (after, after | {"evidence_digest": evidence.digests[criterion_key]}):
            return assessment
        require_open(current, Part.JUDGEMENTS)
        if assessment.judgement_revision != revision:
            raise StaleEdit(before, assessment.judgement_revision)
        criterion = current.framework.criterion(criterion_key)
        known = {option.key for option in criterion.options}
        if unknown := [key for key, _ in choices if key not in known]:
            raise Refused(f"“{criterion.heading}” has no option “{unknown[0]}”.")
        if choices:
            require_agreement(
                question=current,
                referred=referred,
                item_key=criterion_key,
                chosen={key for key, _ in choices},
                basis=basis,
                reason=reason,
            )
        now = timezone.now()
        assessment.judgements.all().delete()
        Judgement.objects.bulk_create(
            Judgement(
                assessment=assessment,
                option_key=key,
                applies_to=applies_to,
                basis=basis,
                evidence_digest=stands_on,
                round_number=referred.number if referred else None,
                tally_digest=referred.tally_digest if referred else "",
                reason=reason,
                judged_at=now,
                judged_by=by,
            )
            for key, applies_to in dict.fromkeys(choices)
        )
        assessment.judgement_revision += 1
        assessment.save(update_fields=["judgement_revision"])
        if choices:
            keep_evidence(question=current, evidence=evidence, item_keys=[criterion_key], at=now)
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


def recorded_judgement(assessment: CriterionAssessment) -> dict[str, Any]:
    """What is judged and what it rests on, as the trail tells it."""
    judgements = list(assessment.judgements.order_by("pk"))
    choices = {
        "choices": [[j.option_key, j.applies_to] for j in judgements],
        "basis": judgements[0].basis if judgements else "",
        "evidence_digest": judgements[0].evidence_digest if judgements else "",
    }
    if judgements and (judgements[0].round_number or judgements[0].reason):
        return choices | {
            "round": judgements[0].round_number,
            "tally_digest": judgements[0].tally_digest,
            "reason": judgements[0].reason,
        }
    return choices
