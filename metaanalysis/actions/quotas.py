"""How many files people may send, and how much of them a guideline keeps."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from math import ceil

from django.conf import settings
from django.db.models import Count, Max, Q, QuerySet, Sum
from django.db.models.functions import Length

from etd.actions.errors import Refused
from etd.models import AuditEvent, Guideline, SourceDocument, StagedImport, User
from metaanalysis.importers.limits import MIB
from metaanalysis.models import DataUpload, UploadStatus

HOUR = timedelta(hours=1)


class QuotaReached(Refused):
    """One file more than may be kept; the text says what to do."""


def require_quotas_kept(
    *, guideline: Guideline, person: User, at: datetime, is_correction: bool = False
) -> None:
    """Raises QuotaReached where the file that was stored just now is one too many; of a correction only bytes count.

    To be asked after the event was recorded: the end of the guideline's trail is locked then, so that of two files sent
    at once the second is counted with the first.
    """
    if not is_correction:
        _require_files_of_an_hour(person, at)
    _require_bytes_of_a_guideline(guideline)


def _require_files_of_an_hour(person: User, at: datetime) -> None:
    begin = at - HOUR
    uploads = DataUpload.objects.filter(created_by=person, created_at__gt=begin)
    documents = StagedImport.objects.filter(staged_by=person, staged_at__gt=begin)
    sent = dict(uploads.order_by("-created_at").values_list("sha256", "created_at"))
    sent |= dict(documents.order_by("-staged_at").values_list("sha256", "staged_at"))
    if len(sent) > settings.UPLOADS_AN_HOUR:
        for sha256 in _corrections(person, begin):
            sent.pop(sha256, None)
    if len(sent) <= settings.UPLOADS_AN_HOUR:
        return
    minutes = ceil((min(sent.values()) + HOUR - at).total_seconds() / 60)
    raise QuotaReached(
        f"You have sent {settings.UPLOADS_AN_HOUR} files within an hour, and no more are taken. Send this one again in"
        f" {minutes} minutes; whoever runs this site can allow more (OPENETD_UPLOADS_AN_HOUR)."
    )


def _corrections(person: User, begin: datetime) -> set[str]:
    """The sha256 of the tables that this person put in the place of others."""
    events = AuditEvent.objects.filter(type="upload_corrected", actor_id=str(person.pk), at__gt=begin)
    return {json.loads(after)["upload"] for after in events.values_list("after", flat=True)}


def _require_bytes_of_a_guideline(guideline: Guideline) -> None:
    kept = (
        _bytes_of_tables(DataUpload.objects.filter(question__guideline=guideline))
        + _bytes(StagedImport.objects.filter(guideline=guideline), "content")
        + _bytes(SourceDocument.objects.filter(question__guideline=guideline), "original")
    )
    if kept <= settings.GUIDELINE_MIB * MIB:
        return
    raise QuotaReached(
        f"The files of this guideline would take {kept / MIB:.1f} MiB with this one, and {settings.GUIDELINE_MIB} MiB"
        " are kept at most. Tables of studies that were sent stay counted, discarded ones too. Discard documents that"
        " wait to be imported, if there are any; whoever runs this site can allow more (OPENETD_GUIDELINE_MIB)."
    )


def _bytes_of_tables(uploads: QuerySet[DataUpload]) -> int:
    """A file counts once, however many of its sheets were looked at, and each time that it was confirmed."""
    files = uploads.order_by().values("sha256")
    sizes = files.annotate(
        n_bytes=Max(Length("content")), n_confirmed=Count("pk", filter=Q(status=UploadStatus.CONFIRMED))
    )
    return sum(size["n_bytes"] * max(1, size["n_confirmed"]) for size in sizes)


def _bytes(rows: QuerySet, field: str) -> int:
    return int(rows.order_by().aggregate(total=Sum(Length(field)))["total"] or 0)
