"""`manage.py restore_check FILE`: can this backup be restored, and what is in it? docs/backup.md is the drill."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from etd.installation.backup_file import Manifest
from etd.installation.restoring import RestoreFailed, check

FEWEST_DIGITS = 8


class Command(BaseCommand):
    # Nothing of the pages is needed, and a database in need must not wait for them.
    requires_system_checks: tuple[str, ...] = ()
    help = (
        "Read every byte of a backup, and open and verify what is in it. Exit status 1 where anything is wrong: a"
        " changed byte, a missing end, a broken audit trail. A backup of PostgreSQL is unpacked and listed; --into"
        " restores it on trial."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument(
            "--into", metavar="URL", help="also restore it into this empty database (as in DATABASE_URL)"
        )
        parser.add_argument(
            "--holds",
            metavar="SHA256",
            help="is the version in it that bears this number, or at least its first 8 digits (those on a printed"
            " page)? Exit status 1 where it is not",
        )

    def handle(self, **options: Any) -> None:
        try:
            manifest = check(options["file"])
        except RestoreFailed as error:
            for problem in error.problems:
                self.stderr.write(problem)
            raise CommandError(str(error)) from error
        self.tell(manifest)
        if options["into"]:
            self.restore(options["file"], options["into"])
        if options["holds"]:
            self.stdout.write(holds(manifest, options["holds"]))
        self.stdout.write(
            "This backup can be restored."
            if options["into"] or manifest.contents.vendor == "sqlite"
            else "Every byte is as it was written, and the dump can be unpacked; only --into proves that it can be"
            " restored."
        )

    def tell(self, manifest: Manifest) -> None:
        contents = manifest.contents
        self.stdout.write(
            f"Made {manifest.made_at:%Y-%m-%d %H:%M:%S} UTC by OpenEtD {manifest.release} of {manifest.name}"
            f" ({contents.vendor} {contents.server}) at {manifest.site}"
        )
        for chain in contents.chains:
            self.stdout.write(f"{chain.chain}: {chain.seq} events, the last {chain.hash}")
        self.stdout.write(
            f"{sum(contents.rows.values())} rows, {len(contents.versions)} published versions,"
            f" {manifest.size / 1e6:.1f} MB"
        )
        for version in contents.versions:
            self.stdout.write(f"  {version.named}: {version.document_sha256}")
        if not manifest.was_checked:
            self.stdout.write(
                "Its tables are those of another release than made it: its audit trail was not checked."
            )

    def restore(self, path: Path, url: str) -> None:
        done = subprocess.run(
            [sys.executable, "manage.py", "restore", str(path.absolute())],
            cwd=settings.BASE_DIR,
            env=os.environ | {"DATABASE_URL": url},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise CommandError(f"The trial restore failed.\n{done.stdout}{done.stderr}".rstrip())
        self.stdout.write("Restored on trial; the audit trail and the versions there are whole.")


def holds(manifest: Manifest, number: str) -> str:
    """Which version bears the number. Raises CommandError where none does."""
    digits = number.strip().lower()
    if len(digits) < FEWEST_DIGITS or set(digits) - set("0123456789abcdef"):
        raise CommandError(f"--holds takes at least {FEWEST_DIGITS} digits of a sha256: 0 to 9 and a to f.")
    for version in manifest.contents.versions:
        if version.document_sha256.startswith(digits) or version.record_sha256.startswith(digits):
            return f"It holds {version.named}, which bears {digits}."
    raise CommandError(
        f"No version in it bears {digits}: the backup is older than that version, or of another site."
    )
