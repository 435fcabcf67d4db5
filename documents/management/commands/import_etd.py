"""`manage.py import_etd FILE --guideline SLUG`: an existing document as a new question."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.core.validators import validate_slug
from django.db import transaction

from documents.actions.imports import import_document
from documents.import_choices import choice_of, frameworks_to_read_by, suggested_slug
from documents.importing import ImportedEtd
from documents.importing.files import MAX_BYTES, NotADocument, ReadFile, read_file
from etd.actions.errors import Refused
from etd.enums import Better, Role
from etd.installation.turns import Busy
from etd.management.questions import BAD_INPUT
from etd.models import Guideline, PanelMembership, User
from etd.permissions import ROLE_PERMISSIONS, Permission

NOT_ALL_UNDERSTOOD = 1


class Command(BaseCommand):
    help = (
        "Read an Evidence-to-Decision document (Word, HTML or plain text in GRADEpro's layout, or OpenEtD's own JSON"
        " or HTML) into a new question. Exit status 1 where parts of it were not understood: they are kept beside the"
        " question. 2 where nothing could be stored."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", metavar="FILE", help="a document; - for the input")
        parser.add_argument("--guideline", required=True, metavar="SLUG")
        parser.add_argument(
            "--slug", default="", help="the question's address; by default made from its title"
        )
        parser.add_argument(
            "--as",
            dest="email",
            default="",
            metavar="EMAIL",
            help="the member who imports it; by default a chair",
        )
        parser.add_argument(
            "--better",
            choices=Better.values,
            default="",
            help="which way is better for outcomes whose name does not say it; without, their rows are kept aside",
        )
        parser.add_argument(
            "--organisation", default="", help="whose document it is, where another body made it"
        )
        parser.add_argument("--address", default="", help="where it was found: its address or DOI")
        parser.add_argument("--dry-run", action="store_true", help="read, try and report, but store nothing")
        parser.add_argument("--json", action="store_true", help="print the report as JSON and nothing else")

    def handle(self, *args: Any, file: str, guideline: str, slug: str, email: str, **options: Any) -> None:
        into = _guideline(guideline)
        by = _importer(into, email)
        content = _bytes_of(file)
        choices = frameworks_to_read_by(into)
        try:
            read = read_file(
                content, frameworks=[choice.framework for choice in choices], better=options["better"]
            )
        except (NotADocument, Busy) as problem:
            raise _bad(f"{file}: {problem} Nothing was stored.") from problem
        etd = read.etd
        slug = _slug(slug) or suggested_slug(etd)
        try:
            with transaction.atomic():
                import_document(
                    etd=etd,
                    framework=choice_of(etd.framework, choices),
                    guideline=into,
                    slug=slug,
                    source="from the input" if file == "-" else Path(file).name,
                    original=content,
                    organisation=options["organisation"] or etd.organisation,
                    address=options["address"],
                    by=by,
                )
                transaction.set_rollback(options["dry_run"])
        except Refused as refusal:
            raise _bad(f"{refusal} Nothing was stored; --slug gives another address.") from refusal
        report = {
            "question": f"{into.slug}/{slug}",
            "stored": not options["dry_run"],
            "format": read.format,
            "encoding": read.encoding,
            "imported_by": by.email,
            **etd.to_json(),
        }
        if options["json"]:
            self.stdout.write(json.dumps(report, ensure_ascii=False, indent=2))
        else:
            self._say(read, report)
        if etd.not_understood:
            sys.exit(NOT_ALL_UNDERSTOOD)

    def _say(self, read: ReadFile, report: dict[str, Any]) -> None:
        etd: ImportedEtd = read.etd
        done = "Stored as" if report["stored"] else "A trial, nothing was stored. It would become"
        self.stdout.write(f"{done} {report['question']}: {etd.title}")
        encoding = f" ({read.encoding})" if read.encoding else ""
        self.stdout.write(f"Read as {read.format}{encoding}, by: {etd.framework.title}")
        self.stdout.write(f"\nUnderstood: {len(etd.understood)} parts, by the lines of the document")
        for one in etd.understood:
            self.stdout.write(f"  {_lines(one.first_line, one.last_line):>9}  {one.became}")
        self.stdout.write(f"\nTo look at: {len(etd.flags)}")
        for flag in etd.flags:
            self.stdout.write(f"  {flag.where}: {flag.message}")
        self.stdout.write(f"\nNot understood: {len(etd.not_understood)}")
        for left in etd.not_understood:
            self.stdout.write(f"  {left.place}: {left.reason}")
            for line in left.text.split("\n"):
                self.stdout.write(f"    | {line}")
        if etd.not_understood and report["stored"]:
            self.stdout.write(
                "\nWhat was not understood is kept beside the question, on its page of the framework."
            )


def _bad(message: str) -> CommandError:
    return CommandError(message, returncode=BAD_INPUT)


def _guideline(slug: str) -> Guideline:
    guideline = Guideline.objects.filter(slug=slug).first()
    if guideline is None:
        known = ", ".join(Guideline.objects.order_by("slug").values_list("slug", flat=True))
        raise _bad(
            f"There is no guideline {slug}. {f'There are: {known}.' if known else 'No guideline has been made yet.'}"
        )
    return guideline


def _importer(guideline: Guideline, email: str) -> User:
    """The member of this address, or the first chair. Raises CommandError where the role does not allow it."""
    members = PanelMembership.objects.filter(guideline=guideline, ended_at__isnull=True).select_related(
        "user"
    )
    if not email:
        chair = members.filter(role=Role.CHAIR).order_by("pk").first()
        if chair is None:
            raise _bad(
                f"The guideline {guideline.slug} has no chair: say who imports the document with --as EMAIL."
            )
        return chair.user
    member = members.filter(user__email=email.strip().lower()).first()
    if member is None:
        raise _bad(f"{email} is no member of the guideline {guideline.slug}.")
    if Permission.IMPORT_DOCUMENT not in ROLE_PERMISSIONS[member.role]:
        raise _bad(
            f"{email} is {member.get_role_display().lower()} of the guideline {guideline.slug} and may not record"
            " judgements: a chair or a methodologist may import a document."
        )
    return member.user


def _bytes_of(file: str) -> bytes:
    """What is in the file, one byte more than is read at most. Raises CommandError where it cannot be opened."""
    try:
        if file == "-":
            return sys.stdin.buffer.read(MAX_BYTES + 1)
        with Path(file).open("rb") as stream:
            return stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise _bad(f"{file} could not be read: {error.strerror}.") from error


def _slug(slug: str) -> str:
    try:
        if slug:
            validate_slug(slug)
    except ValidationError as error:
        raise _bad(f"“{slug}” is no address: use letters, digits and hyphens.") from error
    if len(slug) > 80:
        raise _bad("An address has 80 characters at most.")
    return slug


def _lines(first: int, last: int) -> str:
    """Empty for a document that has no lines."""
    if not first:
        return ""
    return str(first) if first == last else f"{first}–{last}"
