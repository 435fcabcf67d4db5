"""Files that a browser saves and never opens as a page."""

from __future__ import annotations

from django.http import HttpResponse
from django.utils.http import content_disposition_header

from metaanalysis.importers import ParsedTable, to_frame, write_csv


def csv_file(table: ParsedTable, filename: str) -> HttpResponse:
    return attachment(write_csv(to_frame(table)), filename, "text/csv; charset=utf-8")


def attachment(content: bytes, filename: str, content_type: str) -> HttpResponse:
    response = HttpResponse(content, content_type=content_type)
    response["Content-Disposition"] = content_disposition_header(True, filename) or "attachment"
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return response
