"""From review to a published version: approvals, the version itself, and its withdrawal."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from etd.actions import audit
from etd.actions.errors import Refused
from etd.actions.locks import lock_question
from etd.domain.version_record import VersionRecord
from etd.enums import APPROVING, QuestionStatus
from etd.models import Approval, PanelMembership, PublishedVersion, Question, User, Withdrawal
from etd.row_checks import open_impossible


@dataclass(frozen=True)
class Finished:
    """What is stored of a version: the text of its JSON file, the bytes of its PDF, and their sha256."""

    number: int
    previous_sha256: str
    published_at: datetime
    note: str
    schema_version: str
    document: str
    document_sha256: str
    pdf: bytes
    pdf_sha256: str


def in_utc(at: datetime) -> str:
    """As records and documents hold a time: UTC, ISO 8601 with microseconds."""
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def standing_approvals(question: Question) -> QuerySet[Approval]:
    """Those of this review, of any content, by people who may still sign in and approve; the oldest first."""
    may_approve = PanelMembership.objects.filter(
        guideline=question.guideline_id,
        user=OuterRef("approved_by"),
        role__in=APPROVING,
        ended_at__isnull=True,
    )
    return (
        Approval.objects.filter(
            Exists(may_approve), question=question, ended_at__isnull=True, approved_by__is_active=True
        )
        .select_related("approved_by")
        .order_by("approved_at", "pk")
    )


def approvals_of(question: Question, content_sha256: str) -> list[tuple[str, str]]:
    """Name and time of everybody who approves this content, in the order in which they did."""
    standing = standing_approvals(question).filter(content_sha256=content_sha256)
    return [(str(one.approved_by), in_utc(one.approved_at)) for one in standing]


def last_version(question: Question) -> PublishedVersion | None:
    """The newest version, without its document and PDF."""
    return question.versions.defer("document", "pdf").order_by("number").last()


def record_of(version: PublishedVersion) -> VersionRecord:
    """The record that `record_sha256` is taken of."""
    return VersionRecord(
        guideline=version.question.guideline.slug,
        question=version.question.slug,
        number=version.number,
        note=version.note,
        schema_version=version.schema_version,
        document_sha256=version.document_sha256,
        pdf_sha256=version.pdf_sha256,
        approvals=version.approvals,
        published_at=in_utc(version.published_at),
        published_by=version.published_by_name,
        previous_sha256=version.previous_sha256,
    )


def require_publishable(question: Question, content_sha256: str, *, note: str) -> None:
    """Raises Refused for whatever keeps the question from being published with this note.

    That is: no review, too few approvals of this content, a number held impossible, nothing said of what has changed.
    """
    _require_review(question)
    _require_approvals(question, len(approvals_of(question, content_sha256)))
    _require_possible(question)
    if not note.strip() and question.versions.exists():
        raise Refused("Please say what has changed since the last version.")


def approve(*, question: Question, content_sha256: str, by: User, op: UUID | None = None) -> Approval:
    """Put on record that this person approves the content; doing so twice changes nothing.

    The caller has compared `content_sha256` with the question as it is now, under the question's lock. Raises Refused
    unless the question is in review.
    """
    now = timezone.now()
    with transaction.atomic():
        current = lock_question(question)
        _require_review(current)
        approval, is_new = Approval.objects.get_or_create(
            question=current,
            approved_by=by,
            content_sha256=content_sha256,
            ended_at=None,
            defaults={"approved_at": now},
        )
        if is_new:
            audit.record(
                type="approved",
                subject=current.slug,
                after={"content_sha256": content_sha256},
                at=now,
                by=by,
                question=current,
                op=op,
            )
    return approval


def store_version(
    *, question: Question, content_sha256: str, finished: Finished, by: User, op: UUID | None = None
) -> PublishedVersion:
    """Store a finished version of a question in review and make the question published.

    The caller has compared `content_sha256` with the question as it is now, under the question's lock. Raises Refused
    outside a review, without enough approvals of this very content, while a number is held impossible, where another
    version came in between, and for one after the first without a note of what has changed.
    """
    with transaction.atomic():
        current = lock_question(question)
        before = last_version(current)
        if before and before.document_sha256 == finished.document_sha256:
            return before
        require_publishable(current, content_sha256, note=finished.note)
        _require_next(finished, before)
        approvals = approvals_of(current, content_sha256)
        version = PublishedVersion(
            question=current,
            number=finished.number,
            note=finished.note,
            schema_version=finished.schema_version,
            document=finished.document,
            document_sha256=finished.document_sha256,
            pdf=finished.pdf,
            pdf_sha256=finished.pdf_sha256,
            approvals=[list(one) for one in approvals],
            previous_sha256=finished.previous_sha256,
            published_at=finished.published_at,
            published_by=by,
            published_by_name=str(by),
        )
        version.record_sha256 = record_of(version).sha256
        version.save(force_insert=True)
        current.status = QuestionStatus.PUBLISHED
        current.save(update_fields=["status"])
        audit.record(
            type="version_published",
            subject=f"version {version.number}",
            after={
                "number": version.number,
                "note": version.note,
                "document_sha256": version.document_sha256,
                "pdf_sha256": version.pdf_sha256,
                "record_sha256": version.record_sha256,
                "approved_by": [name for name, _ in approvals],
            },
            at=finished.published_at,
            by=by,
            question=current,
            op=op,
        )
    return version


def withdraw_version(
    *, version: PublishedVersion, reason: str, by: User, op: UUID | None = None
) -> Withdrawal:
    """Withdraw a published version: it stays readable, marked as withdrawn, with the reason.

    Where it is the newest one and the question is published, the question is withdrawn too. Raises Refused without a
    reason and for a version that is withdrawn already.
    """
    if not reason.strip():
        raise Refused("Please say why this version is withdrawn: readers of it will see the reason.")
    now = timezone.now()
    with transaction.atomic():
        current = lock_question(version.question)
        earlier = Withdrawal.objects.filter(version=version).first()
        if earlier and (earlier.reason, earlier.withdrawn_by) == (reason, by):
            return earlier
        if earlier:
            raise Refused(f"Version {version.number} is withdrawn already.")
        withdrawal = Withdrawal.objects.create(
            version=version, reason=reason, withdrawn_at=now, withdrawn_by=by
        )
        newest = last_version(current)
        if newest == version and current.status == QuestionStatus.PUBLISHED:
            current.status = QuestionStatus.WITHDRAWN
            current.save(update_fields=["status"])
        audit.record(
            type="version_withdrawn",
            subject=f"version {version.number}",
            after={"number": version.number, "reason": reason, "record_sha256": version.record_sha256},
            at=now,
            by=by,
            question=current,
            op=op,
        )
    return withdrawal


def _require_review(question: Question) -> None:
    if question.status != QuestionStatus.IN_REVIEW:
        raise Refused(f"This question is not in review: it is “{question.get_status_display()}”.")


def _require_approvals(question: Question, n_approvals: int) -> None:
    needed = question.guideline.approvals_needed
    if n_approvals < needed:
        raise Refused(
            f"{n_approvals} of {needed} people have approved the question as it stands now. An approval counts for what"
            " its author saw: whoever approved before the last change is asked again."
        )


def _require_possible(question: Question) -> None:
    found = [one.finding for one in open_impossible(question)]
    if found:
        more = f" And {len(found) - 1} more." if len(found) > 1 else ""
        raise Refused(
            f"This cannot be published yet. {found[0].where}: {found[0].message} Mend it, or dismiss the finding with a"
            f" reason on the Checks page.{more}"
        )


def _require_next(finished: Finished, before: PublishedVersion | None) -> None:
    number, previous = (before.number + 1, before.record_sha256) if before else (1, "")
    if (finished.number, finished.previous_sha256) != (number, previous):
        raise Refused(
            "Another version was published in the meantime. Please look at it before you publish this one."
        )
