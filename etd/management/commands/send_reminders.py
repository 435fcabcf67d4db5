"""`manage.py send_reminders`: e-mail before a round closes, and when its results are there; for a timer."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from etd.actions import reminders
from etd.models import VotingRound

RESULTS_FOR = timedelta(days=7)


class Command(BaseCommand):
    help = (
        "Remind members who have not voted on everything before their round closes, once for each closing time; "
        "and tell panels that the results of a round of the last seven days are there. May be run at any time, by a "
        "timer too: nobody is written to twice. `manage.py work` does this by itself."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--hours", type=int, default=48, help="how long before the close (default: 48)")

    def handle(self, **options: Any) -> None:
        hours: int = options["hours"]
        if hours < 1:
            raise CommandError("--hours takes a whole number from 1.")
        now = timezone.now()
        rounds = VotingRound.objects.select_related("question__guideline").order_by("pk")
        for one in rounds.filter(closed_at__isnull=True, closes_at__gt=now):
            self.write(one, "reminded", partial(reminders.remind_before_close, hours=hours))
        for one in rounds.filter(closed_at__gt=now - RESULTS_FOR):
            self.write(one, "told that the results are there", reminders.announce_results)

    def write(self, one: VotingRound, done: str, act: Callable[..., bool]) -> None:
        """Says never to how many or to whom: whoever reads this need not be a chair."""
        if act(voting_round=one, by=None):
            self.stdout.write(
                f"Round {one.number} of {one.question.guideline.slug}/{one.question.slug}: {done}."
            )
