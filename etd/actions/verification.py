"""Does what is stored agree with the audit trail? Reading only: nothing here repairs anything.

Beyond the chain itself: every commitment that was opened must fit what it opens, every stored vote must be the one its
member last committed to, and every round's snapshot must be the one it was opened with.
"""

from __future__ import annotations

import json
from typing import Any

from etd.actions.audit import ChainFault, chain_name, verify_chain
from etd.domain.canonical import digest
from etd.models import AuditEvent, Guideline, RoundSnapshot, Vote
from etd.votes import commitment, committed


def verify_guideline(guideline: Guideline) -> list[ChainFault]:
    """Every fault of the guideline's chain, of its votes and of its rounds; empty when all is whole.

    `seq` of a fault is that of the event at which it shows, 0 where an event is missing.
    """
    chain = chain_name(guideline)
    return [*verify_chain(chain), *_votes(guideline, chain), *_snapshots(guideline, chain)]


def _votes(guideline: Guideline, chain: str) -> list[ChainFault]:
    faults = []
    cast: dict[str, tuple[int, str, str, str]] = {}
    last: dict[tuple[str, str, str], str] = {}
    revealed: dict[str, dict[str, Any]] = {}
    for event in _events(chain, "vote_cast", "vote_revealed"):
        after = json.loads(event.after)
        code = after.pop("commitment", "")
        if event.type == "vote_cast":
            cast[code] = (event.seq, event.question, event.subject, event.actor_id)
            last[event.question, event.subject, event.actor_id] = code
            continue
        revealed[code] = after
        if committed(after.pop("nonce", ""), after) != code:
            faults.append(ChainFault(chain, event.seq, "what is revealed is not what was committed to"))
        if code not in cast:
            faults.append(ChainFault(chain, event.seq, "reveals a vote that nobody cast"))
    stored = Vote.objects.filter(ballot__round__question__guideline=guideline).select_related(
        "ballot__round__question"
    )
    for vote in stored.order_by("pk"):
        faults += _vote(vote, chain, cast, last, revealed)
    kept = {vote.commitment for vote in stored}
    faults += [
        ChainFault(chain, cast[code][0], "the vote that was cast here is no longer stored")
        for code in last.values()
        if code not in kept
    ]
    return faults


def _vote(
    vote: Vote,
    chain: str,
    cast: dict[str, tuple[int, str, str, str]],
    last: dict[tuple[str, str, str], str],
    revealed: dict[str, dict[str, Any]],
) -> list[ChainFault]:
    voting_round = vote.ballot.round
    subject = f"Round {voting_round.number}, {vote.item_key}"
    named = f"the stored vote on {subject[0].lower()}{subject[1:]} of “{voting_round.question.slug}”"
    seq = cast[vote.commitment][0] if vote.commitment in cast else 0
    problems = []
    if commitment(vote) != vote.commitment:
        problems.append(f"{named} is not what was committed to")
    key = (voting_round.question.slug, subject, str(vote.ballot.member_id))
    if last.get(key) != vote.commitment:
        problems.append(f"{named} is not the last one that its member cast")
    counted = voting_round.tally_digest and vote.ballot.voided_at is None
    if counted and vote.commitment not in revealed:
        problems.append(f"{named} was not revealed when the round closed")
    return [ChainFault(chain, seq, problem) for problem in problems]


def _snapshots(guideline: Guideline, chain: str) -> list[ChainFault]:
    opened = {
        (event.question, event.subject): (event.seq, json.loads(event.after).get("snapshot"))
        for event in _events(chain, "round_opened")
    }
    faults = []
    for snapshot in RoundSnapshot.objects.filter(round__question__guideline=guideline).select_related(
        "round__question"
    ):
        key = (snapshot.round.question.slug, f"Round {snapshot.round.number}")
        seq, sha256 = opened.pop(key, (0, None))
        if not sha256 == snapshot.sha256 == digest(json.loads(snapshot.content)):
            faults.append(
                ChainFault(chain, seq, f"the snapshot of {snapshot.round} is not the one it opened with")
            )
    faults += [
        ChainFault(chain, seq, "the snapshot of the round that was opened here is missing")
        for seq, sha256 in opened.values()
        if sha256
    ]
    return faults


def _events(chain: str, *types: str) -> list[AuditEvent]:
    return list(AuditEvent.objects.filter(chain=chain, type__in=types).order_by("seq"))
