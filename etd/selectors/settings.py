"""What a guideline's settings do and do not reach."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Q
from django.utils import timezone

from etd.models import Guideline, VotingRound


@dataclass(frozen=True)
class OpenRound:
    """A round that votes are taken in now: it keeps the settings that it was opened with."""

    question_slug: str
    question_title: str
    number: int


def open_rounds(guideline: Guideline) -> tuple[OpenRound, ...]:
    return tuple(
        OpenRound(one.question.slug, one.question.title, one.number)
        for one in VotingRound.objects.filter(
            Q(closes_at__isnull=True) | Q(closes_at__gt=timezone.now()),
            question__guideline=guideline,
            closed_at__isnull=True,
        )
        .select_related("question")
        .order_by("question_id")
    )
