"""A table that was typed, pasted or corrected on a page: from there on a file like every other one."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone

from etd.actions import audit
from etd.models import Question, User
from metaanalysis.actions.uploads import discard_upload, stage_upload
from metaanalysis.models import DataUpload, UploadStatus


def stage_typed(
    *,
    question: Question,
    filename: str,
    content: bytes,
    made_from: str = "",
    replaces: DataUpload | None = None,
    by: User,
) -> DataUpload:
    """Stage the table as a file; `made_from` says in a sentence what it was made from, and is shown with it.

    A staged upload that it `replaces` is kept and put aside; the new one is then no other file of that hour. Raises
    what `stage_upload` and `discard_upload` raise.
    """
    is_correction = replaces is not None and replaces.status != UploadStatus.DISCARDED
    with transaction.atomic():
        staged = stage_upload(
            question=question, filename=filename, content=content, is_correction=is_correction, by=by
        )
        if made_from and made_from not in staged.reading["notices"]:
            staged.reading["notices"] = [made_from, *staged.reading["notices"]]
            staged.save(update_fields=["reading"])
        if replaces is not None and is_correction and replaces != staged:
            discard_upload(upload=replaces, by=by)
            audit.record(
                type="upload_corrected",
                subject=replaces.filename,
                before={"upload": replaces.sha256},
                after={"upload": staged.sha256},
                at=timezone.now(),
                by=by,
                question=question,
            )
    return staged
