"""`manage.py move_to_postgresql`: everything from the SQLite database in use to an empty PostgreSQL database."""

from __future__ import annotations

import os
import sys
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError, connection

from etd.installation.contents import look_at
from etd.installation.environment import database
from etd.installation.moving import MoveRefused, move, use_target
from etd.installation.presence import InUse


class Command(BaseCommand):
    help = (
        "Move everything from the SQLite database of this installation to an empty PostgreSQL database (15 or later),"
        " compare every table, and check the audit trail and the published versions there. All or nothing. Stop the"
        " server and the worker first; the SQLite database stays as it is. Exit status 1 where anything is wrong."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "url",
            metavar="POSTGRESQL_URL",
            help="postgresql://user:password@host:port/name; without a password PGPASSWORD or ~/.pgpass is asked",
        )

    def handle(self, *, url: str, **options: Any) -> None:
        self.stdout.write(
            "Stop the server and the worker first: what is written to SQLite from now on stays there."
        )
        try:
            rows = move(connection, use_target(database(url)), url, say=self.stdout.write)
        except ImproperlyConfigured as problem:
            raise CommandError(str(problem).replace("DATABASE_URL", "The address")) from problem
        except (MoveRefused, InUse) as problem:
            raise CommandError(f"{problem}\nNothing was moved.") from problem
        except DatabaseError as problem:
            raise CommandError(
                f"{str(problem).strip()}\nNothing was moved. Is the server stopped?"
            ) from problem
        self.stdout.write(
            f"{sum(rows.values())} rows of {len(rows)} tables moved; every table compared equal."
        )
        self.verify(url)
        self.say_what_is_next()

    def verify(self, url: str) -> None:
        """By a process of its own on PostgreSQL: trail, votes, rounds, published versions."""
        try:
            seen = look_at(url)
        except RuntimeError as problem:
            raise CommandError(f"All rows are in PostgreSQL, but {problem}") from problem
        for fault in seen.faults:
            self.stderr.write(fault)
        if seen.faults:
            self.stderr.write(
                f"{len(seen.faults)} faults in PostgreSQL. Its rows are those of SQLite, so SQLite has them too:"
                " `manage.py verify_chain` and `manage.py verify_versions` tell of them there."
            )
            sys.exit(1)
        self.stdout.write("The audit trail, the votes and the published versions were checked there: whole.")

    def say_what_is_next(self) -> None:
        key = "the same SECRET_KEY"
        if not os.environ.get("SECRET_KEY"):
            key = f"SECRET_KEY set to what is in {settings.DATA_DIR / 'secret_key'}"
        self.stdout.write(
            f"From now on start OpenEtD with DATABASE_URL set to that address and with {key}: with another key"
            " everybody is signed out, and links in letters end."
        )
