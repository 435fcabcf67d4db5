"""`manage.py close_rounds`: write down the close of every round whose time is up; for a timer."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand
from django.db import transaction
from django.utils import timezone

from etd.actions.locks import lock_question
from etd.actions.rounds import close_if_over
from etd.models import Question


class Command(BaseCommand):
    help = "Record the close of every voting round whose time is up. May be run at any time, by a timer too."

    def handle(self, **options: Any) -> None:
        over = Question.objects.filter(
            rounds__closed_at__isnull=True, rounds__closes_at__lte=timezone.now()
        ).order_by("pk")
        for question in over:
            with transaction.atomic():
                closed = close_if_over(lock_question(question), timezone.now())
            if closed is not None:
                self.stdout.write(f"Closed round {closed.number} of {question.slug}.")
