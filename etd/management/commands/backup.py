"""`manage.py backup`: a verified copy of the database in one file, while people work. docs/backup.md is the drill."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection
from django.utils import timezone

from etd.installation.backup_file import Manifest
from etd.installation.backups import BackupFailed, Reason, database_of, default_folder, make_backup, thin
from etd.installation.contents import waiting_migrations
from etd.installation.thinning import Kept


def kept(text: str) -> Kept:
    """Raises ValueError, which argparse tells."""
    hourly, daily = (int(part) for part in text.split(","))
    if not 0 <= hourly <= daily:
        raise ValueError
    return Kept(hourly, daily)


class Command(BaseCommand):
    # Nothing of the pages is needed, and a database in need must not wait for them.
    requires_system_checks: tuple[str, ...] = ()
    help = (
        "Write a backup of the database into one file, which restore_check and restore read. It holds votes of open"
        " rounds and declared conflicts: encrypt it before it leaves the machine. The last line printed is its path."
        " Exit status 1 where none could be made, or where what is stored has faults."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--to",
            type=Path,
            metavar="FOLDER",
            help="where to (default: OPENETD_BACKUP_DIR, else backups in DATA_DIR)",
        )
        parser.add_argument(
            "--keep",
            type=kept,
            nargs="?",
            const=Kept(),
            metavar="HOURLY,DAILY",
            help="afterwards remove older backups of this database: one an hour stays for so many days, then one a day"
            " (default: 35,90)",
        )
        parser.add_argument(
            "--if-migrations-wait",
            action="store_true",
            help="only where the next migrate would change a file of SQLite that holds something (./openetd run asks)",
        )

    def handle(self, **options: Any) -> None:
        reason = Reason.ASKED
        if options["if_migrations_wait"]:
            if (
                connection.vendor != "sqlite"
                or not connection.introspection.table_names()
                or not waiting_migrations(connection)
            ):
                return
            reason = Reason.BEFORE_MIGRATING
        folder = (options["to"] or default_folder()).absolute()
        try:
            path, manifest = make_backup(connection, folder, reason)
            if options["keep"] and not manifest.faults:
                for gone in thin(folder, manifest, options["keep"], timezone.now()):
                    self.say(f"Removed {gone.name}", options)
        except BackupFailed as error:
            raise CommandError(f"No backup. {error}") from error
        self.tell(manifest, options)
        self.stdout.write(str(path))
        if manifest.faults:
            for fault in manifest.faults:
                self.stderr.write(fault)
            self.stderr.write(
                "The backup was made, but what is stored is not whole. Older backups were left alone."
            )
            if reason == Reason.ASKED:
                sys.exit(1)

    def tell(self, manifest: Manifest, options: dict[str, Any]) -> None:
        self.say(f"Of {database_of(connection)}", options)
        contents = manifest.contents
        for chain in contents.chains:
            self.say(f"{chain.chain}: {chain.seq} events, the last {chain.hash[:12]}", options)
        checked = (
            "audit trail and versions checked"
            if manifest.was_checked
            else "tables of another release: only counted"
        )
        self.say(
            f"{sum(contents.rows.values())} rows, {len(contents.versions)} published versions,"
            f" {manifest.size / 1e6:.1f} MB; {checked}",
            options,
        )

    def say(self, line: str, options: dict[str, Any]) -> None:
        if options["verbosity"] > 0:
            self.stdout.write(line)
