"""The history of a question as one person may read it, and the end of the trail that it stands in."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone

from etd.domain.paging import Page, page_of
from etd.domain.timeline import NEVER_TOLD, TOLD_TO_CHAIRS, Happened, Kind, kind_of, sentence
from etd.enums import QuestionStatus
from etd.models import AuditEvent, Question, VotingRound
from etd.selectors.rounds import item_names
from etd.votes import is_over


@dataclass(frozen=True)
class Entry:
    """One line: who, what they did (a sentence without its subject), when."""

    at: datetime
    actor: str
    words: str
    kind: Kind


@dataclass(frozen=True)
class ChainHead:
    """The end of the guideline's chain; `is_held` where it is the one from before the rounds that are open now."""

    seq: int
    hash: str
    at: datetime
    is_held: bool


@dataclass(frozen=True)
class Timeline:
    page: Page
    entries: tuple[Entry, ...]


def timeline(question: Question, *, for_chair: bool, kind: Kind | None = None, page: str = "") -> Timeline:
    """A page of it, the newest first, in two queries.

    Of votes it says nothing but their round's opening and close.
    """
    names = {name.key: name.heading for name in item_names(question)}
    framework = question.framework
    names |= {section.key: section.heading.capitalize() for section in framework.sections}
    hidden = NEVER_TOLD if for_chair else NEVER_TOLD | TOLD_TO_CHAIRS
    events = (
        AuditEvent.objects.filter(guideline=question.guideline.slug, question=question.slug)
        .exclude(type__in=hidden)
        .order_by("-seq")
    )
    statuses = dict(QuestionStatus.choices)
    found = [
        seq for seq, type_ in events.values_list("seq", "type") if kind is None or kind_of(type_) is kind
    ]
    shown = page_of(len(found), page)
    entries = tuple(
        Entry(
            at=event.at,
            actor="" if _speaks_for_itself(event) else event.actor_name,
            words=sentence(
                Happened(
                    type=event.type,
                    actor=event.actor_name,
                    subject=event.subject,
                    after=json.loads(event.after) if event.after else None,
                    names=names,
                    statuses=statuses,
                )
            ),
            kind=kind_of(event.type),
        )
        for event in events.filter(seq__in=found[shown.start : shown.stop])
    )
    return Timeline(shown, entries)


def chain_head(question: Question) -> ChainHead | None:
    """The last event of the guideline's chain that says nothing of votes in open rounds.

    While a round of the guideline is open, each vote moves the end of the chain: its number would tell how often the
    others have voted. What is shown is then the event that opened the oldest of the open rounds.
    """
    now = timezone.now()
    open_rounds = [
        f"Round {one.number}\n{one.question.slug}"
        for one in VotingRound.objects.filter(
            question__guideline=question.guideline, closed_at__isnull=True
        ).select_related("question")
        if not is_over(one, now)
    ]
    trail = AuditEvent.objects.filter(guideline=question.guideline.slug)
    opened = [
        event
        for event in trail.filter(type="round_opened").order_by("seq")
        if f"{event.subject}\n{event.question}" in open_rounds
    ]
    last = opened[0] if opened else trail.order_by("-seq").first()
    if last is None:
        return None
    return ChainHead(seq=last.seq, hash=last.hash, at=last.at, is_held=bool(opened))


def _speaks_for_itself(event: AuditEvent) -> bool:
    """A round that its time has closed: nobody did it."""
    return event.type == "round_closed" and event.actor_name == "System"
