"""`manage.py export_etd SLUG --format pdf|json|docx|html|xlsx --output FILE`: one question as a document."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from documents.assemble import assemble
from documents.pdf import CannotRender, render_pdf
from documents.published import document_bytes
from documents.schema import EtdDocument
from documents.single_file import to_single_file
from documents.word_etd import CannotHold, word_file
from documents.xlsx import to_xlsx
from etd.management.questions import BAD_INPUT, find_question

FORMATS: dict[str, Callable[[EtdDocument], bytes]] = {
    "pdf": render_pdf,
    "json": document_bytes,
    "docx": word_file,
    "html": to_single_file,
    "xlsx": to_xlsx,
}


class Command(BaseCommand):
    help = (
        "Write one question as a PDF, as JSON, as a Word file, as one HTML file, or its tables as a workbook."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("slug", metavar="SLUG", help="QUESTION, or GUIDELINE/QUESTION")
        parser.add_argument("--format", choices=list(FORMATS), default="pdf")
        parser.add_argument(
            "--output", required=True, metavar="FILE", help="the file to write; - for the output"
        )

    def handle(self, *args: Any, slug: str, format: str, output: str, **options: Any) -> None:
        question = find_question(slug)
        document = assemble(question)
        try:
            content = FORMATS[format](document)
        except (CannotRender, CannotHold) as problem:
            raise CommandError(str(problem)) from problem
        if output == "-":
            sys.stdout.buffer.write(content)
            sys.stdout.buffer.flush()
            return
        try:
            Path(output).write_bytes(content)
        except OSError as error:
            raise CommandError(
                f"{output} could not be written: {error.strerror}.", returncode=BAD_INPUT
            ) from error
        self.stderr.write(f"Wrote {output}.")
