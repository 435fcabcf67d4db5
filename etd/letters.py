"""Which letters have gone out about a round, read off the trail, for actions and selectors alike.

The events say what a letter was about and when; to whom it went is in none of them: that would tell who has voted.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from etd.models import AuditEvent, VotingRound

OPENED, MORE_TIME, REMINDER, RESULTS = "round_opened", "round_extended", "round_reminder", "round_results"
TOLD, REMINDED, NOT_SENT = "panel_told", "reminder_sent", "letters_not_sent"


@dataclass(frozen=True)
class RoundLetter:
    """One letter to all or some of a round's panel.

    `about` says which one: its kind, and where there can be several of it the closing time and the hours before it.
    `failed` is "none", "some" or "all", never a number.
    """

    about: Mapping[str, Any]
    at: datetime
    by: str
    by_timer: bool
    failed: str

    @property
    def kind(self) -> str:
        return str(self.about["letter"])


def subject_of(voting_round: VotingRound) -> str:
    """What the events about a round's letters call it."""
    return f"Round {voting_round.number}"


def letters_of(voting_round: VotingRound) -> tuple[RoundLetter, ...]:
    """The letters about a round, the oldest first."""
    question = voting_round.question
    letters: list[RoundLetter] = []
    for event in AuditEvent.objects.filter(
        guideline=question.guideline.slug,
        question=question.slug,
        type__in=[TOLD, REMINDED, NOT_SENT],
        subject=subject_of(voting_round),
    ).order_by("seq"):
        after = json.loads(event.after)
        if event.type == NOT_SENT:
            last = max(i for i, one in enumerate(letters) if one.about == after["about"])
            letters[last] = replace(letters[last], failed=after["failed"])
        else:
            letters.append(
                RoundLetter(
                    about=after,
                    at=event.at,
                    by=event.actor_name,
                    by_timer=event.actor_id == "system",
                    failed="none",
                )
            )
    return tuple(letters)
