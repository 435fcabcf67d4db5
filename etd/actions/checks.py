"""A finding of the checks put aside with a reason, and shown again."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from etd.actions import audit
from etd.actions.errors import Refused
from etd.actions.locks import lock_question
from etd.domain.located import LocatedFinding
from etd.models import DismissedFinding, Question, User

Find = Callable[[Question], Iterable[LocatedFinding]]


def dismiss_finding(
    *, question: Question, fingerprint: str, reason: str, find: Find, by: User, op: UUID | None = None
) -> DismissedFinding:
    """Put aside the finding with this fingerprint, which `find` (`selectors.checks.located_findings`) must still give.

    The same reason again changes nothing. Raises Refused without a reason, where there is no such finding any more, and
    where somebody has put it aside for another reason.
    """
    reason = reason.strip()
    with transaction.atomic():
        current = lock_question(question)
        if not reason:
            raise Refused("Please say why this can stay as it is.")
        stored = DismissedFinding.objects.filter(question=current, fingerprint=fingerprint).first()
        if stored is not None:
            if stored.reason == reason:
                return stored
            raise Refused(f"{stored.dismissed_by} has dismissed this already, because: {stored.reason}")
        located = next((one for one in find(current) if one.fingerprint == fingerprint), None)
        if located is None:
            raise Refused(
                "This finding is not there any more: what it was about has changed. Nothing was dismissed."
            )
        finding, now = located.finding, timezone.now()
        words = {
            "code": finding.code,
            "severity": finding.severity.value,
            "where": finding.where,
            "message": finding.message,
            "evidence": finding.evidence,
        }
        dismissed = DismissedFinding.objects.create(
            question=current,
            fingerprint=fingerprint,
            reason=reason,
            dismissed_at=now,
            dismissed_by=by,
            **words,
        )
        audit.record(
            type="finding_dismissed",
            subject=finding.where[:300],
            after=words | {"fingerprint": fingerprint, "reason": reason},
            at=now,
            by=by,
            question=current,
            op=op,
        )
    return dismissed


def restore_finding(*, question: Question, fingerprint: str, by: User, op: UUID | None = None) -> None:
    """Show a finding again that was put aside; one that is not put aside stays as it is."""
    with transaction.atomic():
        current = lock_question(question)
        stored = DismissedFinding.objects.filter(question=current, fingerprint=fingerprint).first()
        if stored is None:
            return
        before = {
            "code": stored.code,
            "where": stored.where,
            "message": stored.message,
            "reason": stored.reason,
        }
        stored.delete()
        audit.record(
            type="finding_restored",
            subject=stored.where[:300],
            before=before | {"fingerprint": fingerprint},
            at=timezone.now(),
            by=by,
            question=current,
            op=op,
        )
