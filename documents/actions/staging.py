"""A document is staged, looked at, then stored as a question or discarded."""

from __future__ import annotations

import hashlib

from django.db import transaction
from django.utils import timezone

from documents.actions.imports import import_document
from documents.import_choices import choice_of
from documents.importing import ImportedEtd
from documents.importing.files import NotADocument, read_file
from etd.actions import audit
from etd.actions.errors import Refused
from etd.enums import StagedStatus
from etd.models import Guideline, Question, StagedImport, User
from etd.selectors.frameworks import FrameworkChoice
from metaanalysis.actions.quotas import require_quotas_kept

MOST_STAGED = 10
"""Documents that one person can have waiting in a guideline."""


def stage_import(*, guideline: Guideline, file_name: str, content: bytes, by: User) -> StagedImport:
    """Keep a file as it came, until it is stored or discarded; the same file again is the same one while it waits.

    Raises Refused where the person has MOST_STAGED documents waiting, QuotaReached where no more files are kept.
    """
    sha256 = hashlib.sha256(content).hexdigest()
    now = timezone.now()
    with transaction.atomic():
        Guideline.objects.select_for_update(no_key=True).get(pk=guideline.pk)
        waiting = StagedImport.objects.filter(
            guideline=guideline, staged_by=by, status=StagedStatus.STAGED
        ).defer("content")
        same = waiting.filter(sha256=sha256).first()
        if same is not None:
            return same
        if waiting.count() >= MOST_STAGED:
            raise Refused(
                f"You have {MOST_STAGED} documents waiting to be looked at. Store or discard one of them first."
            )
        staged = StagedImport.objects.create(
            guideline=guideline,
            file_name=file_name[:300],
            content=content,
            sha256=sha256,
            staged_at=now,
            staged_by=by,
        )
        _record("import_staged", staged, by)
        require_quotas_kept(guideline=guideline, person=by, at=now)
    return staged


def discard_import(*, staged: StagedImport, by: User) -> StagedImport:
    """Forget a file that waits; only its name and hash stay. Doing it twice changes nothing."""
    with transaction.atomic():
        current = _locked(staged)
        if current.status == StagedStatus.DISCARDED:
            return current
        if current.status == StagedStatus.STORED:
            raise Refused("This document has become a question already.")
        current.status, current.content = StagedStatus.DISCARDED, b""
        current.save(update_fields=["status", "content"])
        _record("import_discarded", current, by)
    return current


def store_import(
    *,
    staged: StagedImport,
    sha256: str,
    frameworks: tuple[FrameworkChoice, ...],
    slug: str,
    by: User,
    better: str = "",
    organisation: str = "",
    address: str = "",
) -> Question:
    """The staged document becomes a question, as `import_document` says, with the file kept as its source.

    `sha256` is that of the file which the person saw; `frameworks` and `better` are what it was read by then. Sent
    twice by one person, it is done once. Raises Refused where the file was discarded, is another one or cannot be read,
    and as `import_document` does; nothing is stored then.
    """
    # Before the transaction: reading may take seconds, and on SQLite nobody else could save in that time.
    content = bytes(StagedImport.objects.values_list("content", flat=True).get(pk=staged.pk))
    is_the_same = hashlib.sha256(content).hexdigest() == sha256
    etd = _read(content, frameworks, better) if is_the_same else None
    with transaction.atomic():
        current = _locked(staged)
        if current.question is not None and current.staged_by_id == by.pk:
            return current.question
        if current.status != StagedStatus.STAGED:
            raise Refused(
                f"This document was {'stored' if current.question else 'discarded'} in the meantime. "
                "Send the file again if it is needed after all."
            )
        if etd is None:
            raise Refused(
                "This is not the file that was shown to you. Look at the preview again, then store it."
            )
        question = import_document(
            etd=etd,
            framework=choice_of(etd.framework, frameworks),
            guideline=current.guideline,
            slug=slug,
            source=current.file_name,
            original=content,
            organisation=organisation,
            address=address,
            by=by,
        )
        current.status, current.question, current.content = StagedStatus.STORED, question, b""
        current.save(update_fields=["status", "question", "content"])
    return question


def _read(content: bytes, frameworks: tuple[FrameworkChoice, ...], better: str) -> ImportedEtd:
    try:
        return read_file(content, frameworks=[one.framework for one in frameworks], better=better).etd
    except NotADocument as problem:
        raise Refused(str(problem)) from problem


def _locked(staged: StagedImport) -> StagedImport:
    return StagedImport.objects.select_for_update(of=("self",)).select_related("guideline").get(pk=staged.pk)


def _record(type: str, staged: StagedImport, by: User) -> None:
    audit.record(
        type=type,
        subject=staged.file_name,
        after={"sha256": staged.sha256},
        at=timezone.now(),
        by=by,
        guideline=staged.guideline,
    )
