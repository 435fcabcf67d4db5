"""Applications that trust files, for the controls: each must be caught by the scenario that it belongs to.

gunicorn starts one as `tests.reliability.unsafe_files:trusting()`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

from django.core.handlers.wsgi import WSGIHandler

from tests.reliability.unsafe import made


def trusting() -> WSGIHandler:
    """Reads every file as a table whose cells are what they should be."""
    application = made()
    from metaanalysis.actions import uploads
    from metaanalysis.importers import ParsedTable, StudyRow

    def read_table(data: bytes, *, filename: str, sheet: str | None = None) -> ParsedTable:
        lines = [line.split(",") for line in data.decode().splitlines()]
        rows = [
            StudyRow(
                row=number,
                study=cells[0],
                events_intervention=int(cells[1]),
                n_intervention=int(cells[2]),
                events_comparison=int(cells[3]),
                n_comparison=int(cells[4]),
                year=None,
            )
            for number, cells in enumerate(lines[1:], start=2)
        ]
        return ParsedTable(rows=tuple(rows), file_format="csv")

    mock.patch.object(uploads, "read_table", read_table).start()
    return application


def without_turns() -> WSGIHandler:
    """As many children at once as are asked for."""
    application = made()
    from documents import pdf

    @contextmanager
    def turn(*arguments: Any, **options: Any) -> Iterator[None]:
        yield

    mock.patch.object(pdf, "turn", turn).start()
    return application


def in_the_process() -> WSGIHandler:
    """Reads files in the process that answers pages."""
    application = made()
    from documents.importing import docx, html_document
    from documents.importing.docx_package import open_package
    from documents.importing.docx_text import text_of as text_of_word
    from documents.importing.html_page import text_of
    from metaanalysis.importers import review, workbook, workbook_worker
    from metaanalysis.importers.child_main import Job, answer
    from metaanalysis.importers.table import Refusal

    def run_worker(data: bytes, job: Job) -> dict[str, Any]:
        workbook_worker.load_parser()
        found: dict[str, Any] = json.loads(answer(data, job))
        if "refusal" in found:
            refusal = found["refusal"]
            raise Refusal(refusal["code"], refusal["text"])
        return found

    def read_docx(content: bytes) -> str:
        return str(text_of_word(open_package(content)))

    mock.patch.object(review, "run_worker", run_worker).start()
    mock.patch.object(workbook, "run_worker", run_worker).start()
    mock.patch.object(docx, "read_docx", read_docx).start()
    mock.patch("documents.importing.files.page_text", text_of).start()
    mock.patch.object(html_document, "page_text", text_of).start()
    return application
