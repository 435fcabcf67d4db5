"""What the panel decided and the round that it refers to: checked alike for a criterion and the type of recommendation.

Parts of other actions: they run inside their transaction, with the question locked.
"""

from __future__ import annotations

import json

from etd.actions.errors import Refused
from etd.domain.consensus import rule_from_json, verdict
from etd.domain.evidence import whole_evidence_digest
from etd.enums import RECOMMENDATION_TYPE_ITEM, Basis
from etd.evidence import Evidence
from etd.models import Question, VotingRound
from etd.votes import counted_votes, tallies


def referred_round(question: Question, voting_round: VotingRound | None, item_key: str) -> VotingRound | None:
    """The round as it is stored now. Raises Refused unless it is closed and asked about this item."""
    if voting_round is None:
        return None
    stored = VotingRound.objects.filter(pk=voting_round.pk, question=question).first()
    if stored is None or item_key not in stored.item_keys:
        thing = "the type of recommendation" if item_key == RECOMMENDATION_TYPE_ITEM else "this criterion"
        raise Refused(f"That round did not ask about {thing}.")
    if stored.closed_at is None:
        raise Refused(
            f"Round {stored.number} is still open: a {_decision(item_key)} refers to what was counted at its close."
        )
    if not stored.tally_digest:
        raise Refused(
            f"Round {stored.number} was closed without a count: a {_decision(item_key)} cannot refer to it."
        )
    return stored


def require_agreement(
    *,
    question: Question,
    referred: VotingRound | None,
    item_key: str,
    chosen: set[str],
    basis: Basis,
    reason: str,
) -> None:
    """Raises Refused where a decision by vote names no round although there is one, and where a reason is missing.

    A reason is needed where the rule of the round was not met, or the votes speak for other options than those chosen.
    """
    decision = _decision(item_key)
    if referred is None:
        if basis == Basis.VOTE and _was_voted_on(question, item_key):
            raise Refused(f"Please say which round this {decision} by vote refers to.")
        return
    if reason.strip():
        return
    counted = tallies(referred, counted_votes(referred))[item_key]
    found = verdict(rule_from_json(referred.consensus_rule), counted)
    if found.met is False:
        raise Refused(
            f"Round {referred.number} ended with “{found.label}”. "
            f"Please give the panel's reason for this {decision}."
        )
    if chosen != set(found.agreed):
        what = (
            f"Most votes in round {referred.number} were for something else."
            if found.agreed == counted.leading
            else f"By its rule round {referred.number} ended with “{found.label}”."
        )
        raise Refused(f"{what} Please give the panel's reason for this {decision}.")


def evidence_digest_of(evidence: Evidence, item_key: str, referred: VotingRound | None, basis: Basis) -> str:
    """Of what a decision stands on: by vote on what the round asked about, else on `evidence`, that of today."""
    if referred is None or basis != Basis.VOTE:
        return evidence.digest_of(item_key)
    digests = json.loads(referred.snapshot.content).get("evidence") or evidence.digests
    if item_key == RECOMMENDATION_TYPE_ITEM:
        return whole_evidence_digest(digests)
    return str(digests.get(item_key) or evidence.digest_of(item_key))


def _decision(item_key: str) -> str:
    return "type" if item_key == RECOMMENDATION_TYPE_ITEM else "judgement"


def _was_voted_on(question: Question, item_key: str) -> bool:
    closed = VotingRound.objects.filter(question=question).exclude(tally_digest="")
    return any(item_key in item_keys for item_keys in closed.values_list("item_keys", flat=True))
