"""How large a request's files may be: reading stops at the limit, nothing is written to disk."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.core.files.uploadhandler import MemoryFileUploadHandler, StopUpload
from django.http import HttpRequest

from metaanalysis.importers import clean_filename
from metaanalysis.importers.limits import MAX_BYTES_IN_WORDS, MAX_REVIEW_BYTES, MIB

TOO_LARGE = "openetd.file_too_large"
INTERRUPTED = "openetd.upload_interrupted"


class LimitedUploadHandler(MemoryFileUploadHandler):
    """Keeps the files of a request in memory, together at most MAX_REVIEW_BYTES.

    Which format it is, and so whether its own limit is lower, is known from the whole body only (`read_table`).
    A larger upload is read to its end without being kept, so that the person gets an answer, and the request is marked
    as too large; one that was cut off on its way is marked as interrupted and leaves no file.
    """

    def handle_raw_input(self, *args: Any, **kwargs: Any) -> None:
        self.activated = True
        self.received = 0

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes | None:
        self.received += len(raw_data)
        if self.received > MAX_REVIEW_BYTES:
            self._mark(TOO_LARGE)
            raise StopUpload(connection_reset=False)
        return super().receive_data_chunk(raw_data, start)

    def upload_interrupted(self) -> None:
        self._mark(INTERRUPTED)

    def _mark(self, name: str) -> None:
        assert self.request is not None
        self.request.META[name] = True


class BadUpload(Exception):
    """There is not one whole file to read; the message says so to the person who sent it."""


@dataclass(frozen=True)
class ReceivedFile:
    """`filename` is cleaned, fit for showing."""

    filename: str
    content: bytes


def received_file(request: HttpRequest, field: str) -> ReceivedFile:
    """The one file sent in this field. Raises BadUpload."""
    files = request.FILES.getlist(field)
    if request.META.get(TOO_LARGE):
        raise BadUpload(
            f"The file is larger than {MAX_REVIEW_BYTES // MIB} MiB; the limit is {MAX_BYTES_IN_WORDS}. Keep only the "
            "table of studies in it."
        )
    if request.META.get(INTERRUPTED):
        raise BadUpload("The upload was cut off on its way. Nothing was kept; please send the file again.")
    if not files:
        raise BadUpload("No file was chosen. Choose a CSV or XLSX file with one study a row.")
    if len(files) > 1:
        raise BadUpload("Two files were sent. Send one file at a time.")
    name = clean_filename(files[0].name or "")
    content = files[0].read()
    if not content:
        raise BadUpload(f"The file “{name}” is empty. Save it once more and send it again.")
    return ReceivedFile(name, content)
