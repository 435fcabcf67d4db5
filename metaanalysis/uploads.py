"""How large a request's file may be: reading stops at the limit, nothing is written to disk."""

from __future__ import annotations

from typing import Any

from django.core.files.uploadhandler import MemoryFileUploadHandler, StopUpload

MAX_FILE_BYTES = 2 * 1024 * 1024


class LimitedUploadHandler(MemoryFileUploadHandler):
    """Keeps a file of at most MAX_FILE_BYTES in memory; a larger one is cut off and marked as too large."""

    def handle_raw_input(
        self, input_data: Any, META: Any, content_length: int, *args: Any, **kwargs: Any
    ) -> None:
        self.activated = True

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        super().new_file(*args, **kwargs)
        self.received = 0

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes | None:
        self.received += len(raw_data)
        if self.received > MAX_FILE_BYTES:
            assert self.request is not None
            self.request.META["openetd.file_too_large"] = True
            raise StopUpload(connection_reset=False)
        return super().receive_data_chunk(raw_data, start)
