"""Voting rounds: a round gives each eligible member a ballot; without a ballot there is no vote."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from etd.actions import audit
from etd.actions.errors import Refused, StaleEdit
from etd.actions.locks import lock_question
from etd.domain.canonical import digest
from etd.enums import RECOMMENDATION_TYPE_ITEM, QuestionStatus, Role, TallyVisibility
from etd.evidence import evidence_digests
from etd.frameworks import get_framework
from etd.models import Ballot, Guideline, PanelMembership, Question, Recusal, User, Vote, VotingRound

VOTING_ROLES = (Role.CHAIR, Role.PANEL_MEMBER)


def open_round(
    *,
    question: Question,
    item_keys: Sequence[str],
    by: User,
    closes_at: datetime | None = None,
    tally_visibility: TallyVisibility = TallyVisibility.AFTER_CLOSE,
) -> VotingRound:
    """Open a round over these items and hand a ballot to every member who may vote and is not recused."""
    now = timezone.now()
    with transaction.atomic():
        current = lock_question(question)
        if current.status != QuestionStatus.VOTING:
            raise Refused("A round can be opened only while the question is in “Panel voting”.")
        if current.rounds.filter(closed_at__isnull=True).exists():
            raise Refused("A round is open already.")
        if not item_keys or len(set(item_keys)) != len(item_keys):
            raise Refused("Please choose what the round asks about, each thing once.")
        framework = get_framework(current.framework_key, current.framework_version)
        known = {criterion.key for criterion in framework.criteria} | {RECOMMENDATION_TYPE_ITEM}
        if unknown := [key for key in item_keys if key not in known]:
            raise Refused(f"The framework has no criterion “{unknown[0]}”.")
        voting_round = VotingRound.objects.create(
            question=current,
            number=current.rounds.count() + 1,
            item_keys=list(item_keys),
            tally_visibility=tally_visibility,
            closes_at=closes_at,
            opened_at=now,
            opened_by=by,
        )
        recused = Recusal.objects.filter(question=current).values("user_id")
        members = voting_members(current.guideline).exclude(user_id__in=recused)
        Ballot.objects.bulk_create(
            Ballot(round=voting_round, member_id=user_id)
            for user_id in members.order_by("pk").values_list("user_id", flat=True)
        )
        audit.record(
            type="round_opened",
            subject=f"Round {voting_round.number}",
            after={
                "items": list(item_keys),
                "ballots": voting_round.ballots.count(),
                "tally_visibility": str(tally_visibility),
                "evidence": evidence_digests(current),
            },
            at=now,
            by=by,
            question=current,
        )
    return voting_round


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
    now = timezone.now()
    with transaction.atomic():
        current = lock_question(question)
        voting_round = (
            VotingRound.objects.select_for_update().filter(question=current, closed_at__isnull=True).first()
        )
        if voting_round is None or (voting_round.closes_at is not None and voting_round.closes_at <= now):
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
        evidence_digest = evidence_digests(current).get(item_key, "")
        if vote is not None and _content(vote) == content and vote.evidence_digest == evidence_digest:
            return vote
        _require_valid(current, voting_round, item_key, option_keys)
        if (vote.version if vote else 0) != version:
            raise StaleEdit(_content(vote), vote.version if vote else 0)
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
    """The present memberships whose role votes: a ballot outlives neither the role nor the membership."""
    return PanelMembership.objects.filter(guideline=guideline, role__in=VOTING_ROLES, ended_at__isnull=True)


def commitment(vote: Vote) -> str:
    """sha256 over the nonce and everything the member said: published at once, opened when the round closes."""
    return digest({"nonce": vote.nonce, **_content(vote)})


def _require_valid(
    question: Question, voting_round: VotingRound, item_key: str, option_keys: Sequence[str]
) -> None:
    if item_key not in voting_round.item_keys:
        raise Refused("This round does not ask about that.")
    framework = get_framework(question.framework_key, question.framework_version)
    if item_key == RECOMMENDATION_TYPE_ITEM:
        known, multiple = {t.key for t in framework.recommendation_types}, False
    else:
        criterion = framework.criterion(item_key)
        known, multiple = {option.key for option in criterion.options}, criterion.multiple
    if unknown := [key for key in option_keys if key not in known]:
        raise Refused(f"“{unknown[0]}” is not an option here.")
    if len(option_keys) > 1 and not multiple:
        raise Refused("Please choose one option.")


def _content(vote: Vote | None) -> dict[str, Any]:
    if vote is None:
        return {"option_keys": [], "comment": "", "confidence": "", "no_evidence_basis": ""}
    return {
        "option_keys": vote.option_keys,
        "comment": vote.comment,
        "confidence": vote.confidence,
        "no_evidence_basis": vote.no_evidence_basis,
    }
