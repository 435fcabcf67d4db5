"""`manage.py write_schema`: the JSON Schema of the document, to a file or to the output."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from documents.json_schema import FILE_NAME, schema_bytes
from etd.management.questions import BAD_INPUT


class Command(BaseCommand):
    help = "Write the JSON Schema of exported documents."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--output",
            default=str(settings.BASE_DIR / "docs" / FILE_NAME),
            metavar="FILE",
            help=f"the file to write; - for the output (default: docs/{FILE_NAME})",
        )

    def handle(self, *args: Any, output: str, **options: Any) -> None:
        if output == "-":
            sys.stdout.buffer.write(schema_bytes())
            sys.stdout.buffer.flush()
            return
        try:
            Path(output).write_bytes(schema_bytes())
        except OSError as error:
            raise CommandError(
                f"{output} could not be written: {error.strerror}.", returncode=BAD_INPUT
            ) from error
        self.stderr.write(f"Wrote {output}.")
