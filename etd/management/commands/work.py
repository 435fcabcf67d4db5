"""`manage.py work`: do the jobs of the queue, and what needs a timer (docs/jobs.md)."""

from __future__ import annotations

import re
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import connection

from etd.installation import presence
from etd.installation.contents import waiting_migrations
from etd.installation.worker import Until, Work


class Command(BaseCommand):
    help = (
        "Do jobs until stopped: books, letters, and every five minutes the close of rounds and reminders. Several may "
        "run at once. SIGTERM lets the job in hand be finished; what is killed is taken up again by another."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        group = parser.add_mutually_exclusive_group()
        group.add_argument(
            "--once",
            action="store_true",
            help="do what is due, rounds and reminders too, then end; for a timer",
        )
        group.add_argument(
            "--until-done",
            action="store_true",
            help="do the jobs that are there, those too that wait for another try, then end",
        )
        parser.add_argument(
            "--name", default="", help="the worker's name, unlike all others (default: drawn)"
        )

    def handle(self, *, once: bool, until_done: bool, name: str, **options: Any) -> None:
        if not re.fullmatch(r"[A-Za-z0-9_.-]{0,64}", name):
            raise CommandError("--name takes up to 64 letters, digits, dots, hyphens and underscores.")
        if waiting := waiting_migrations(connection):
            raise CommandError(
                f"The database has not the tables of this release ({len(waiting)} migrations wait). "
                "Run manage.py migrate, then start the worker again."
            )
        presence.serve(connection)
        until = Until.NOTHING_IS_DUE if once else Until.DONE if until_done else Until.STOPPED
        work = Work(until=until, name=name, rounds=not until_done)
        work.tasks.configure_signals()
        work.run()
