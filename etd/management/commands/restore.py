"""`manage.py restore FILE`: the database as a backup holds it. docs/backup.md is the drill."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection

from etd.installation.backups import default_folder
from etd.installation.restoring import RestoreFailed, restore


class Command(BaseCommand):
    # Nothing of the pages is needed, and a database in need must not wait for them.
    requires_system_checks: tuple[str, ...] = ()
    help = (
        "Put a backup into the database of DATABASE_URL, while no server runs. Everybody has to sign in again. Exit"
        " status 1 where it was not restored (then the database is as it was), or where what was restored has faults."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument(
            "--replace", action="store_true", help="back up what is in the database, then replace it"
        )
        parser.add_argument(
            "--to",
            type=Path,
            metavar="FOLDER",
            help="where that backup goes (default: OPENETD_BACKUP_DIR, else backups in DATA_DIR)",
        )
        parser.add_argument(
            "--with-faults",
            action="store_true",
            help="also a backup of which restore_check says that what was backed up was not whole",
        )

    def handle(self, **options: Any) -> None:
        try:
            found = restore(
                options["file"],
                connection,
                replace=options["replace"],
                keep_in=(options["to"] or default_folder()).absolute(),
                say=self.stdout.write,
                with_faults=options["with_faults"],
            )
        except RestoreFailed as error:
            for problem in error.problems:
                self.stderr.write(problem)
            raise CommandError(str(error)) from error
        for fault in found.faults:
            self.stderr.write(fault)
        for chain in found.contents.chains:
            self.stdout.write(f"{chain.chain}: {chain.seq} events, the last {chain.hash}")
        if not found.is_current:
            self.stdout.write(
                "Restored. It is of an older release: now run manage.py migrate, then verify_database."
            )
        elif not found.faults:
            self.stdout.write(
                "Restored; the audit trail and the versions are whole, and triggers guard them."
            )
        self.stdout.write(
            "Everybody has to sign in again. What was done since the backup is undone: ended roles and closed accounts"
            " are in force again, old passwords too, and withdrawn invitations open."
        )
        if found.faults:
            sys.exit(1)
