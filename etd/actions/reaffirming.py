"""When the evidence under a judgement has moved: it still stands, or the criterion is open again, and why."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from etd.actions import audit
from etd.actions.assessments import recorded_judgement
from etd.actions.errors import Refused, StaleEdit
from etd.actions.kept_evidence import keep_evidence
from etd.actions.locks import lock_question, require_open
from etd.actions.recommendations import TYPE_FIELDS, clear_type, recorded_type
from etd.actions.rounds import close_if_over
from etd.domain.canonical import canonical_json
from etd.enums import RECOMMENDATION_TYPE_ITEM
from etd.evidence import evidence_now
from etd.models import AuditEvent, CriterionAssessment, Question, Recommendation, User
from etd.workflow import Part


def reaffirm(
    *,
    question: Question,
    item_key: str,
    reason: str,
    revision: int,
    evidence_digest: str,
    by: User,
    op: UUID | None = None,
) -> None:
    """The judgement on this criterion, or the type of recommendation, stands on today's evidence as well.

    `evidence_digest` is of the evidence that the person saw: Refused where there is another one by now. Refused also
    without a reason, without a judgement and where it stands on today's evidence already; StaleEdit where `revision` is
    not the stored one.
    """
    with transaction.atomic():
        current = lock_question(question)
        now = timezone.now()
        close_if_over(current, now)
        item = _item(current, item_key)
        evidence = evidence_now(current)
        stands = item.digests == {evidence.digest_of(item_key)}
        if stands and item.because == reason:
            return
        _require(current, item, reason, revision)
        if not item.digests:
            raise Refused("There is no judgement here that could stand on any evidence.")
        if stands:
            raise Refused("It stands on today’s evidence already: there is nothing to reaffirm.")
        if evidence_digest != evidence.digest_of(item_key):
            raise Refused(
                "The evidence has changed once more since you opened this page. Look at it again before you reaffirm."
            )
        item.reaffirm(evidence_digest, reason, now, by)
        keep_evidence(question=current, evidence=evidence, item_keys=[item_key], at=now)
        audit.record(
            type="judgement_reaffirmed",
            subject=item_key,
            before={"evidence_digests": sorted(item.digests)},
            after={"evidence_digest": evidence_digest, "reason": reason},
            at=now,
            by=by,
            question=current,
            op=op,
        )


def reopen(
    *,
    question: Question,
    item_key: str,
    reason: str,
    revision: int,
    by: User,
    op: UUID | None = None,
) -> None:
    """Take the judgement on this criterion, or the type of recommendation, back: it is open again.

    Nothing is stored where the same person has done so for the same reason. Refused without a reason and where it is
    open already, StaleEdit where `revision` is not the stored one.
    """
    with transaction.atomic():
        current = lock_question(question)
        now = timezone.now()
        close_if_over(current, now)
        item = _item(current, item_key)
        if not item.is_recorded and _was_reopened(current, item_key, reason, by):
            return
        _require(current, item, reason, revision)
        if not item.is_recorded:
            raise Refused("There is no judgement here that could be taken back.")
        item.take_back()
        audit.record(
            type="judgement_reopened",
            subject=item_key,
            before=item.recorded,
            after={"reason": reason},
            at=now,
            by=by,
            question=current,
            op=op,
        )


def _was_reopened(question: Question, item_key: str, reason: str, by: User) -> bool:
    """Did this person open it for this reason, the last time that it was? Then the request has come twice."""
    last = (
        AuditEvent.objects.filter(
            guideline=question.guideline.slug,
            question=question.slug,
            type="judgement_reopened",
            subject=item_key,
        )
        .order_by("seq")
        .last()
    )
    return (
        last is not None and last.actor_id == str(by.pk) and last.after == canonical_json({"reason": reason})
    )


def _require(question: Question, item: _Criterion | _Type, reason: str, revision: int) -> None:
    require_open(question, Part.JUDGEMENTS)
    if item.revision != revision:
        raise StaleEdit(item.recorded, item.revision)
    if not reason.strip():
        raise Refused("Please say why.")


def _item(question: Question, item_key: str) -> _Criterion | _Type:
    if item_key == RECOMMENDATION_TYPE_ITEM:
        return _type(Recommendation.objects.get(question=question))
    assessment = CriterionAssessment.objects.filter(question=question, criterion_key=item_key).first()
    if assessment is None:
        raise Refused(f"The framework has no criterion “{item_key}”.")
    return _criterion(assessment)


def _criterion(assessment: CriterionAssessment) -> _Criterion:
    judgements = list(assessment.judgements.order_by("pk"))
    return _Criterion(
        stored=assessment,
        recorded=recorded_judgement(assessment),
        digests={judgement.evidence_digest for judgement in judgements},
        because=judgements[0].reaffirmed_because if judgements else "",
    )


def _type(recommendation: Recommendation) -> _Type:
    digest = recommendation.type_evidence_digest
    return _Type(
        stored=recommendation,
        recorded=recorded_type(recommendation),
        digests={digest} if digest else set(),
        because=recommendation.type_reaffirmed_because,
    )


@dataclass(frozen=True)
class _Criterion:
    """A criterion with what was judged; `digests` are of the evidence that it stands on, `because` why it still does.

    What a judgement stands on may differ by option where several criteria became one.
    """

    stored: CriterionAssessment
    recorded: dict[str, Any]
    digests: set[str]
    because: str

    @property
    def is_recorded(self) -> bool:
        return bool(self.digests)

    @property
    def revision(self) -> int:
        return self.stored.judgement_revision

    def reaffirm(self, digest: str, reason: str, at: datetime, by: User) -> None:
        self.stored.judgements.update(
            evidence_digest=digest, reaffirmed_at=at, reaffirmed_by=by, reaffirmed_because=reason
        )
        self._next_revision()

    def take_back(self) -> None:
        self.stored.judgements.all().delete()
        self._next_revision()

    def _next_revision(self) -> None:
        self.stored.judgement_revision += 1
        self.stored.save(update_fields=["judgement_revision"])


@dataclass(frozen=True)
class _Type:
    """The type of recommendation; `digests` are empty where none is recorded, or none with what it rests on."""

    stored: Recommendation
    recorded: dict[str, Any]
    digests: set[str]
    because: str

    @property
    def is_recorded(self) -> bool:
        return bool(self.stored.type_key)

    @property
    def revision(self) -> int:
        return self.stored.type_revision

    def reaffirm(self, digest: str, reason: str, at: datetime, by: User) -> None:
        self.stored.type_evidence_digest = digest
        self.stored.type_reaffirmed_at, self.stored.type_reaffirmed_by = at, by
        self.stored.type_reaffirmed_because = reason
        self._next_revision()

    def take_back(self) -> None:
        clear_type(self.stored)
        self._next_revision()

    def _next_revision(self) -> None:
        self.stored.type_revision += 1
        self.stored.save(update_fields=TYPE_FIELDS)
