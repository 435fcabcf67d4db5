"""The audit trail: one append-only, hash-chained list of events a guideline, and one for the site."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from etd.domain.canonical import canonical_json
from etd.installation.logs import request_id
from etd.models import AuditChainHead, AuditEvent, Guideline, Question, User

SITE_CHAIN = "site"


def chain_name(guideline: Guideline | None) -> str:
    return f"guideline-{guideline.pk}" if guideline else SITE_CHAIN


def event_hash(event: AuditEvent) -> str:
    """sha256 over the previous hash and every other field of the event, as canonical JSON.

    An event without a request's id has no such key, as had all before there was one.
    """
    content = {
        "chain": event.chain,
        "seq": event.seq,
        "guideline": event.guideline,
        "question": event.question,
        "actor_id": event.actor_id,
        "actor_name": event.actor_name,
        "op": str(event.op) if event.op else None,
        "type": event.type,
        "subject": event.subject,
        "before": event.before,
        "after": event.after,
        "at": event.at.astimezone(UTC).isoformat(timespec="microseconds"),
    }
    if event.request_id:
        content["request_id"] = event.request_id
    return hashlib.sha256((event.prev_hash + canonical_json(content)).encode()).hexdigest()


def record(
    *,
    type: str,
    subject: str,
    at: datetime,
    by: User | None,
    guideline: Guideline | None = None,
    question: Question | None = None,
    before: Any = None,
    after: Any = None,
    op: UUID | None = None,
) -> AuditEvent:
    """Append one event. Must run inside the action's transaction, after its other locks (the chain head comes last).

    `op` names the request, so that an event can be traced to it. A repeated request never gets here: an action that
    finds what it was asked to store already stored does nothing.
    """
    if question is not None:
        guideline = question.guideline
    actor_id = str(by.pk) if by else "system"
    with transaction.atomic():
        if op is not None and AuditEvent.objects.filter(actor_id=actor_id, op=op).exists():
            # The same form again, but with other words (the back button): an edit of its own, not a repetition.
            op = None
        event = AuditEvent(
            guideline=guideline.slug if guideline else "",
            question=question.slug if question else "",
            actor_id=actor_id,
            actor_name=str(by) if by else "System",
            op=op,
            type=type,
            subject=subject,
            before="" if before is None else canonical_json(before),
            after="" if after is None else canonical_json(after),
            at=at,
        )
        _append(chain_name(guideline), [event])
    return event


def record_each(
    *, type: str, happened: Iterable[tuple[str, Any]], at: datetime, by: User | None, question: Question
) -> None:
    """Append one event for each pair of subject and `after`, in this order, with the chain head locked once."""
    events = [
        AuditEvent(
            guideline=question.guideline.slug,
            question=question.slug,
            actor_id=str(by.pk) if by else "system",
            actor_name=str(by) if by else "System",
            type=type,
            subject=subject,
            after=canonical_json(after),
            at=at,
        )
        for subject, after in happened
    ]
    if events:
        _append(chain_name(question.guideline), events)


def _append(chain: str, events: Iterable[AuditEvent]) -> None:
    with transaction.atomic():
        AuditChainHead.objects.get_or_create(chain=chain)
        head = AuditChainHead.objects.select_for_update().get(chain=chain)
        for event in events:
            event.chain, event.seq, event.prev_hash = chain, head.seq + 1, head.hash
            event.request_id = request_id.get()
            event.hash = event_hash(event)
            event.save(force_insert=True)
            head.seq, head.hash = event.seq, event.hash
        head.save(update_fields=["seq", "hash"])


@dataclass(frozen=True)
class ChainFault:
    chain: str
    seq: int
    problem: str


def verify_chain(chain: str) -> list[ChainFault]:
    """Every place where the stored chain does not follow from itself; empty when it is whole."""
    faults: list[ChainFault] = []
    previous, seq = "", 0
    for event in AuditEvent.objects.filter(chain=chain).order_by("seq"):
        seq += 1
        if event.seq != seq:
            faults.append(ChainFault(chain, event.seq, f"number {seq} is missing"))
            seq = event.seq
        if event.prev_hash != previous:
            faults.append(ChainFault(chain, event.seq, "does not follow from the event before it"))
        if event.hash != event_hash(event):
            faults.append(ChainFault(chain, event.seq, "has been changed"))
        previous = event.hash
    head = AuditChainHead.objects.filter(chain=chain).first()
    if (head.seq, head.hash) != (seq, previous) if head else seq:
        faults.append(ChainFault(chain, head.seq if head else seq, "the end of the chain is missing"))
    return faults
