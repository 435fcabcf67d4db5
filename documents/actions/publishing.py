"""A question is approved and published: assembled, rendered outside any transaction, and stored if nothing moved."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from documents import schema
from documents.assemble import assemble
from documents.pdf import render_pdf
from documents.published import content_sha256, document_bytes
from documents.verify_etd import MIB, MOST_DOCUMENT
from etd.actions import publication
from etd.actions.errors import Refused
from etd.actions.locks import lock_question
from etd.enums import QuestionStatus
from etd.models import Approval, PublishedVersion, Question, User
from metaanalysis.importers.limits import MAX_REVIEW_BYTES

Render = Callable[[schema.EtdDocument], bytes]

CHANGED = "The question has changed since you opened this page. Please look at it as it is now."


def approve(*, question: Question, content: str, by: User, op: UUID | None = None) -> Approval:
    """Approve the question as it stands; `content` is the `content_sha256` of what the person saw.

    Raises Refused where that is not what it is now, and as `etd.actions.publication.approve` does.
    """
    with transaction.atomic():
        current = _unchanged(question, content)
        return publication.approve(question=current, content_sha256=content, by=by, op=op)


def publish(
    *,
    question: Question,
    content: str,
    note: str,
    by: User,
    op: UUID | None = None,
    render: Render = render_pdf,
) -> PublishedVersion:
    """Publish the question as it stands as its next version: the JSON, the PDF and their hashes.

    `content` is the `content_sha256` of what the person saw, `note` says what has changed since the last version.
    Raises Refused where the question is no longer that, before and after rendering, where its data or PDF are too large
    to be verified, and as `etd.actions.publication.store_version` does; `documents.pdf.CannotRender` where no PDF can
    be made of it. Nothing is stored then. The same request again, also while the first is being rendered, gives the
    same version.
    """
    with transaction.atomic():
        question = _unchanged(question, content)
        before = publication.last_version(question)
        if already := _published_already(question, note=note, by=by):
            return already
        # before the PDF is made, which takes seconds; all is asked again when it is stored
        publication.require_publishable(question, content, note=note)
    published_at = timezone.now()
    approvals = publication.approvals_of(question, content)
    assembled = assemble(question)
    # What changes now and is changed back before it is stored would go out without having been approved.
    if content_sha256(assembled) != content:
        raise Refused(CHANGED)
    document = _as_version(
        assembled,
        schema.Version(
            number=before.number + 1 if before else 1,
            published_at=publication.in_utc(published_at),
            published_by=str(by),
            note=note,
            approvals=tuple(schema.Approval(name, at) for name, at in approvals),
            previous_sha256=before.record_sha256 if before else "",
            earlier=_earlier_versions(question),
        ),
    )
    assert document.version is not None
    text = document_bytes(document)
    _require_verifiable("data", text, MOST_DOCUMENT)
    pdf = render(document)
    _require_verifiable("PDF", pdf, MAX_REVIEW_BYTES)
    with transaction.atomic():
        current = _unchanged(question, content)
        if already := _published_already(current, note=note, by=by):
            return already
        if publication.approvals_of(current, content) != approvals:
            raise Refused("Somebody approved it at this moment. Please publish again.")
        if _earlier_versions(current) != document.version.earlier:
            raise Refused("An earlier version was withdrawn at this moment. Please publish again.")
        return publication.store_version(
            question=current,
            content_sha256=content,
            finished=publication.Finished(
                number=document.version.number,
                previous_sha256=document.version.previous_sha256,
                published_at=published_at,
                note=note,
                schema_version=document.schema_version,
                document=text.decode(),
                document_sha256=hashlib.sha256(text).hexdigest(),
                pdf=pdf,
                pdf_sha256=hashlib.sha256(pdf).hexdigest(),
            ),
            by=by,
            op=op,
        )


def _published_already(question: Question, *, note: str, by: User) -> PublishedVersion | None:
    """The version that this very request has made before, None where the question is not published.

    Raises Refused where it was somebody else, or with another note.
    """
    last = publication.last_version(question) if question.status == QuestionStatus.PUBLISHED else None
    if last and (last.note, last.published_by_id) != (note, by.pk):
        raise Refused(f"{last.published_by_name} has just published it, as version {last.number}.")
    return last


def _earlier_versions(question: Question) -> tuple[schema.EarlierVersion, ...]:
    versions = question.versions.defer("document", "pdf").select_related("withdrawal").order_by("number")
    return tuple(
        schema.EarlierVersion(
            number=one.number,
            published_at=publication.in_utc(one.published_at),
            published_by=one.published_by_name,
            note=one.note,
            record_sha256=one.record_sha256,
            withdrawn=one.withdrawal.reason if hasattr(one, "withdrawal") else "",
        )
        for one in versions
    )


def _as_version(document: schema.EtdDocument, version: schema.Version) -> schema.EtdDocument:
    published = QuestionStatus.PUBLISHED
    question = replace(document.question, status=published.value, status_label=published.label)
    return replace(document, question=question, version=version)


def _require_verifiable(what: str, content: bytes, most: int) -> None:
    """Raises Refused for what is too large for the page and the program that verify it: nothing else goes out."""
    if len(content) > most:
        raise Refused(
            f"The {what} of this question would have {len(content) / MIB:.1f} MiB. Published {what} may have at most"
            f" {most // MIB} MiB, so that everybody can verify it. Shorten its longest texts or lists."
        )


def _unchanged(question: Question, content: str) -> Question:
    """The question, locked, if it is still what the person saw; raises Refused otherwise."""
    current = lock_question(question)
    if content_sha256(assemble(current)) != content:
        raise Refused(CHANGED)
    return current
