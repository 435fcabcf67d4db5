"""Voting: a member with a ballot says what they judge, and may change it until the round closes."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from etd.actions import audit
from etd.actions.errors import Refused, StaleEdit
from etd.actions.locks import lock_question
from etd.enums import Role
from etd.evidence import evidence_now
from etd.models import Ballot, Guideline, PanelMembership, Question, User, Vote, VotingRound
from etd.votes import commitment, is_over, item_of, vote_content

VOTING_ROLES = (Role.CHAIR, Role.PANEL_MEMBER)


def cast_vote(
    *,
    question: Question,
    item_key: str,
    option_keys: Sequence[str],
    comment: str,
    version: int,
    by: User,
    confidence: str = "",
    no_evidence_basis: str = "",
    op: UUID | None = None,
) -> Vote:
    """Save a member's own vote on one item, first or changed; `version` is that of the vote they saw (0 for none).

    An empty `option_keys` keeps the reason alone: not yet a vote. Raises Refused where the member has no ballot or the
    round is not open, StaleEdit where they have voted on this item elsewhere in the meantime.
    """
    with transaction.atomic():
        current = lock_question(question)
        now = (
            timezone.now()
        )  # after waiting for the lock: a vote is in time when it is stored, not when it was sent
        voting_round = (
            VotingRound.objects.select_for_update().filter(question=current, closed_at__isnull=True).first()
        )
        if voting_round is None or is_over(voting_round, now):
            raise Refused("The round has closed. Your last saved judgement stands.")
        ballot = Ballot.objects.filter(round=voting_round, member=by, voided_at__isnull=True).first()
        if ballot is None or not voting_members(current.guideline).filter(user=by).exists():
            raise Refused("You have no ballot in this round.")
        vote = Vote.objects.filter(ballot=ballot, item_key=item_key).first()
        content = {
            "option_keys": list(option_keys),
            "comment": comment,
            "confidence": confidence,
            "no_evidence_basis": no_evidence_basis,
        }
        evidence_digest = evidence_now(current).digest_of(item_key)
        if vote is not None and vote_content(vote) == content and vote.evidence_digest == evidence_digest:
            return vote
        _require_valid(current, voting_round, item_key, option_keys)
        if (vote.version if vote else 0) != version:
            raise StaleEdit(vote_content(vote), vote.version if vote else 0)
        if vote is None:
            vote = Vote(ballot=ballot, item_key=item_key, version=0)
        for field, value in content.items():
            setattr(vote, field, value)
        vote.evidence_digest = evidence_digest
        vote.nonce = secrets.token_hex(32)
        vote.commitment = commitment(vote)
        vote.version += 1
        vote.cast_at = now
        vote.save()
        audit.record(
            type="vote_cast",
            subject=f"Round {voting_round.number}, {item_key}",
            after={"commitment": vote.commitment},
            at=now,
            by=by,
            question=current,
            op=op,
        )
    return vote


def voting_members(guideline: Guideline) -> QuerySet[PanelMembership]:
    """The present memberships whose role votes.

    A ballot outlives neither the role nor the membership: nobody votes with it afterwards. What they voted while they
    were of the panel counts, as they were on the roll; a chair who wants it otherwise voids the ballot.
    """
    return PanelMembership.objects.filter(guideline=guideline, role__in=VOTING_ROLES, ended_at__isnull=True)


def _require_valid(
    question: Question, voting_round: VotingRound, item_key: str, option_keys: Sequence[str]
) -> None:
    if item_key not in voting_round.item_keys:
        raise Refused("This round does not ask about that.")
    item = item_of(question.framework, item_key)
    known = {option.key for option in item.options}
    if unknown := [key for key in option_keys if key not in known]:
        raise Refused(f"“{unknown[0]}” is not an option here.")
    if len(option_keys) > 1 and not item.multiple:
        raise Refused("Please choose one option.")
