"""A published version as one file that can be checked without this site: `verify_etd.py` reads it."""

from __future__ import annotations

from dataclasses import asdict

from documents import verify_etd
from etd.actions.publication import record_of
from etd.models import PublishedVersion


def bundle_of(guideline: str, question: str, number: int) -> bytes | None:
    """The bundle of the version at this address, None where there is none."""
    version = (
        PublishedVersion.objects.filter(
            question__guideline__slug=guideline, question__slug=question, number=number
        )
        .select_related("question__guideline")
        .first()
    )
    return bundle(version) if version else None


def bundle(version: PublishedVersion) -> bytes:
    """A zip of the PDF, the data, the record, and the records of all versions before: always the same bytes."""
    before = PublishedVersion.objects.filter(question=version.question_id, number__lt=version.number)
    earlier = [
        asdict(record_of(one))
        for one in before.defer("document", "pdf").select_related("question__guideline").order_by("number")
    ]
    return verify_etd.pack(verify_etd.bundle_files(version.document.encode(), bytes(version.pdf), earlier))
