"""The open round and one's own votes in it: never anybody else's."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from django.utils import timezone

from etd.evidence import Evidence
from etd.models import Question, User, Vote, VotingRound
from etd.selectors.held_rounds import HeldRound, rounds_with_own_votes
from etd.votes import is_over


@dataclass(frozen=True)
class VoteView:
    """The viewer's own vote on one item; version 0 means that there is none yet."""

    option_keys: tuple[str, ...]
    comment: str
    confidence: str
    no_evidence_basis: str
    version: int
    cast_at: datetime | None
    commitment: str
    evidence_changed: bool

    @property
    def is_cast(self) -> bool:
        return bool(self.option_keys)


NO_VOTE = VoteView((), "", "", "", 0, None, "", False)


@dataclass(frozen=True)
class RoundView:
    """The open round, as the viewer may know it; `is_over` where nobody has closed it but its time is up."""

    number: int
    blind: bool
    closes_at: datetime | None
    is_over: bool
    has_ballot: bool
    n_items: int
    n_voted: int

    @property
    def n_left(self) -> int:
        return self.n_items - self.n_voted


def vote_view(vote: Vote | None, now: Evidence | None = None) -> VoteView:
    """A vote as its own member sees it, beside the evidence now where that is asked.

    During a round the evidence is frozen: any other digest is of other evidence. A vote on the type of recommendation
    has none from the time before it was written down.
    """
    if vote is None:
        return NO_VOTE
    return VoteView(
        option_keys=tuple(vote.option_keys),
        comment=vote.comment,
        confidence=vote.confidence,
        no_evidence_basis=vote.no_evidence_basis,
        version=vote.version,
        cast_at=vote.cast_at,
        commitment=vote.commitment,
        evidence_changed=now is not None
        and vote.evidence_digest != ""
        and not now.is_of(vote.item_key, vote.evidence_digest),
    )


def round_and_votes(held: Iterable[HeldRound]) -> tuple[RoundView | None, dict[str, Vote | None]]:
    """The open round, and its items with the viewer's own votes, None where they have not voted yet.

    No items where they cannot vote: without a ballot or a role that votes, and when its time is up.
    """
    current = next((one for one in held if not one.is_closed), None)
    if current is None:
        return None, {}
    view = _round_view(current.stored)
    if view.is_over or not current.may_vote:
        return view, {}
    votes: dict[str, Vote | None] = dict.fromkeys(current.stored.item_keys)
    votes.update({vote.item_key: vote for vote in current.own})
    n_voted = sum(bool(vote and vote.option_keys) for vote in votes.values())
    return replace(view, has_ballot=True, n_voted=n_voted), votes


def round_progress(question: Question, viewer: User) -> RoundView | None:
    """How far the viewer has come in the open round, in two queries."""
    return round_and_votes(rounds_with_own_votes(question, viewer))[0]


def _round_view(voting_round: VotingRound) -> RoundView:
    return RoundView(
        number=voting_round.number,
        blind=voting_round.blind,
        closes_at=voting_round.closes_at,
        is_over=is_over(voting_round, timezone.now()),
        has_ballot=False,
        n_items=len(voting_round.item_keys),
        n_voted=0,
    )
