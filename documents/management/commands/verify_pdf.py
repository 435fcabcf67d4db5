"""`manage.py verify_pdf FILE`: is this file what this site published?"""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser
from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.core.serializers.json import DjangoJSONEncoder

from documents.verification import Answer, Verdict, verify_file
from documents.verify_etd import MIB, MOST_BYTES
from etd.management.questions import BAD_INPUT

STATUS = {Verdict.PUBLISHED: 0, Verdict.UNREADABLE: BAD_INPUT}
NOT_PUBLISHED = 1


class Command(BaseCommand):
    help = (
        "Compare a PDF (or the JSON or the bundle of a version) with what this site has published. Exit status 0: it"
        " was published, byte for byte. 1: it was not, and what is different is said. 2: it cannot be read."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", metavar="FILE")
        parser.add_argument("--json", action="store_true", help="print the answer as JSON")

    def handle(self, *args: Any, file: str, **options: Any) -> None:
        answer = verify_file(_read(file))
        if options["json"]:
            self.stdout.write(json.dumps(asdict(answer), ensure_ascii=False, indent=2, cls=DjangoJSONEncoder))
        else:
            self._say(answer)
        sys.exit(STATUS.get(answer.verdict, NOT_PUBLISHED))

    def _say(self, answer: Answer) -> None:
        for sentence in answer.sentences:
            self.stdout.write(sentence)
        for one in answer.differences:
            self.stdout.write(f"  {one.where}")
            self.stdout.write(f"    published  {one.published or '(nothing)'}")
            self.stdout.write(f"    this file  {one.file or '(nothing)'}")
        if answer.has_more:
            self.stdout.write("  … and more.")
        self.stdout.write(f"sha256 of this file   {answer.file_sha256}")
        if answer.document_sha256 not in {"", answer.file_sha256}:
            self.stdout.write(f"sha256 of its data    {answer.document_sha256}")
        if answer.version and not answer.is_published:
            self.stdout.write(f"published PDF         {answer.version.pdf_sha256}")
            self.stdout.write(f"published data        {answer.version.document_sha256}")


def _read(file: str) -> bytes:
    try:
        with Path(file).open("rb") as opened:
            content = opened.read(MOST_BYTES + 1)
    except OSError as error:
        raise CommandError(f"{file} could not be opened: {error.strerror}.", returncode=BAD_INPUT) from error
    if len(content) > MOST_BYTES:
        raise CommandError(f"{file} is larger than {MOST_BYTES // MIB} MiB.", returncode=BAD_INPUT)
    return content
