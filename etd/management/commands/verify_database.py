"""`manage.py verify_database`: is everything in the database whole?"""

from __future__ import annotations

import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.db import connection

from etd.installation.contents import look


class Command(BaseCommand):
    # Nothing of the pages is needed, and a database in need must not wait for them.
    requires_system_checks: tuple[str, ...] = ()
    help = (
        "Check the database itself, its append-only triggers, the audit trail with votes and rounds, and every"
        " published version: what backup and restore ask. Exit status 1 where anything is wrong."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="print what is stored and the faults as JSON")

    def handle(self, **options: Any) -> None:
        found = look(connection)
        if options["json"]:
            self.stdout.write(found.as_json())
        else:
            for fault in found.faults:
                self.stdout.write(fault)
            for chain in found.contents.chains:
                self.stdout.write(f"{chain.chain}: {chain.seq} events, the last {chain.hash}")
            self.stdout.write(
                f"{sum(found.contents.rows.values())} rows, {len(found.contents.versions)} published versions,"
                f" {len(found.faults)} faults"
            )
            if not found.is_current:
                self.stdout.write("Tables of another release: the audit trail was not checked.")
        if found.faults:
            sys.exit(1)
