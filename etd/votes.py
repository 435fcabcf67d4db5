"""What was voted, counted: the one place that says which votes count, for actions and selectors alike."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from etd.domain.canonical import digest
from etd.domain.tally import Item, Tally, criterion_item, tally, type_item
from etd.enums import RECOMMENDATION_TYPE_ITEM
from etd.frameworks import Framework
from etd.models import Ballot, Vote, VotingRound


def item_of(framework: Framework, item_key: str) -> Item:
    """What a round's item asks. Raises UnknownKey for a criterion that the framework does not have."""
    if item_key == RECOMMENDATION_TYPE_ITEM:
        return type_item(framework, item_key)
    return criterion_item(framework.criterion(item_key))


def is_over(voting_round: VotingRound, now: datetime) -> bool:
    """Is its time up, or has it been closed? Votes end then, whether or not anybody has recorded the close."""
    if voting_round.closed_at is not None:
        return True
    return voting_round.closes_at is not None and voting_round.closes_at <= now


def counted_votes(voting_round: VotingRound) -> list[Vote]:
    """The votes of the round on ballots that are not voided, those without a chosen option among them.

    In an order that says nothing about who voted or when. A vote cast while its member could vote goes on counting
    when they leave the panel: only a voided ballot takes it back.
    """
    return list(
        Vote.objects.filter(ballot__round=voting_round, ballot__voided_at__isnull=True)
        .select_related("ballot__member")
        .order_by("commitment")
    )


def tallies(
    voting_round: VotingRound, votes: Sequence[Vote], n_ballots: int | None = None
) -> dict[str, Tally]:
    """Item key to its tally, in the round's order. `votes` are the round's `counted_votes`.

    `n_ballots` are its ballots that are not voided, where somebody has counted them already.
    """
    framework = voting_round.framework
    if n_ballots is None:
        n_ballots = Ballot.objects.filter(round=voting_round, voided_at__isnull=True).count()
    return {
        key: tally(
            item_of(framework, key), [vote.option_keys for vote in votes if vote.item_key == key], n_ballots
        )
        for key in voting_round.item_keys
    }


def tally_digest(counted: Mapping[str, Tally]) -> str:
    """The sha256 of all tallies of a round: what its closing event and a judgement that refers to it hold."""
    return digest([one.as_json() for one in counted.values()])


def vote_content(vote: Vote | None) -> dict[str, Any]:
    """Everything that the member said; all empty where they said nothing yet."""
    if vote is None:
        return {"option_keys": [], "comment": "", "confidence": "", "no_evidence_basis": ""}
    return {
        "option_keys": vote.option_keys,
        "comment": vote.comment,
        "confidence": vote.confidence,
        "no_evidence_basis": vote.no_evidence_basis,
    }


def commitment(vote: Vote) -> str:
    """sha256 over the nonce and everything the member said: published at once, opened when the round closes."""
    return committed(vote.nonce, vote_content(vote))


def committed(nonce: str, content: Mapping[str, Any]) -> str:
    """The commitment to `content` under `nonce`."""
    return digest({"nonce": nonce, **content})
