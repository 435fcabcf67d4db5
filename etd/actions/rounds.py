"""Voting rounds: opened over some items with a ballot for each eligible member, closed by a chair or by its time.

Every action here locks the question first and the round after it; votes do the same, so that a vote is either counted
at the close or refused. A round whose time is up is over for everybody at that moment. The close is written down by the
next action, or by `manage.py close_rounds`; no vote comes in between, so the count is the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from etd.actions import audit
from etd.actions.errors import Refused
from etd.actions.kept_evidence import keep_evidence
from etd.actions.locks import lock_question
from etd.actions.voting import voting_members
from etd.domain.canonical import canonical_json, digest
from etd.domain.consensus import Rule, rule_of, rule_to_json, with_quorum
from etd.domain.tally import Item
from etd.enums import RECOMMENDATION_TYPE_ITEM, QuestionStatus, TallyDisplay
from etd.evidence import Evidence, evidence_now
from etd.models import Ballot, Question, Recusal, RoundSnapshot, User, VotingRound
from etd.votes import counted_votes, is_over, item_of, tallies, tally_digest, vote_content


def open_round(
    *,
    question: Question,
    item_keys: Sequence[str],
    by: User,
    closes_at: datetime | None = None,
    blind: bool = True,
    rule: Rule | None = None,
    tally_display: TallyDisplay | None = None,
    reasons_named: bool | None = None,
) -> VotingRound:
    """Open a round over these items and hand a ballot to every member who may vote and is not recused.

    In a blind round nobody sees a tally before it is over; in an open one, those with a ballot see them live. `rule`,
    `tally_display` and `reasons_named` are the guideline's where they are None. What is voted on is frozen in the
    round's snapshot. Raises Refused where the question is not in voting, a round is open, an item is unknown, the
    closing time has passed or nobody may vote.
    """
    with transaction.atomic():
        current = lock_question(question)
        now = timezone.now()
        close_if_over(current, now)
        if current.status != QuestionStatus.VOTING:
            raise Refused("A round can be opened only while the question is in “Panel voting”.")
        if current.rounds.filter(closed_at__isnull=True).exists():
            raise Refused("A round is open already.")
        if closes_at is not None and closes_at <= now:
            raise Refused("The closing time has passed already: please choose a later one.")
        items = _items(current, item_keys)
        guideline = current.guideline
        voting_round = VotingRound.objects.create(
            question=current,
            framework_key=current.framework_key,
            framework_version=current.framework_version,
            own_framework=current.own_framework,
            number=current.rounds.count() + 1,
            item_keys=list(item_keys),
            blind=blind,
            tally_display=guideline.tally_display if tally_display is None else tally_display,
            reasons_named=guideline.reasons_named if reasons_named is None else reasons_named,
            consensus_rule=rule_to_json(
                rule
                or with_quorum(
                    rule_of(guideline.consensus_preset, guideline.consensus_threshold),
                    guideline.consensus_quorum,
                )
            ),
            closes_at=closes_at,
            opened_at=now,
            opened_by=by,
        )
        recused = recusals(current)
        members = list(
            voting_members(guideline)
            .exclude(user_id__in=recused.values("user_id"))
            .order_by("pk")
            .select_related("user")
        )
        if not members:
            raise Refused(
                "Nobody may vote on this question: every member of the panel is recused or has left."
            )
        Ballot.objects.bulk_create(Ballot(round=voting_round, member_id=member.user_id) for member in members)
        evidence = evidence_now(current)
        keep_evidence(question=current, evidence=evidence, item_keys=[RECOMMENDATION_TYPE_ITEM], at=now)
        snapshot = _snapshot(
            voting_round, items, [member.user for member in members], list(recused), evidence
        )
        RoundSnapshot.objects.create(
            round=voting_round, content=canonical_json(snapshot), sha256=digest(snapshot)
        )
        audit.record(
            type="round_opened",
            subject=f"Round {voting_round.number}",
            after={
                "items": list(item_keys),
                "ballots": len(members),
                "blind": blind,
                "closes_at": _moment(closes_at),
                "tally_display": str(voting_round.tally_display),
                "reasons_named": voting_round.reasons_named,
                "rule": voting_round.consensus_rule,
                "evidence": snapshot["evidence"],
                "snapshot": digest(snapshot),
            },
            at=now,
            by=by,
            question=current,
        )
    return voting_round


def extend_round(*, voting_round: VotingRound, closes_at: datetime | None, by: User) -> VotingRound:
    """Give an open round more time; None takes its closing time away. Raises Refused where it is over, or for less."""
    with transaction.atomic():
        current, stored = _lock(voting_round)
        now = timezone.now()
        if is_over(stored, now):
            raise Refused("The round is over: it cannot be extended. Open another one.")
        if stored.closes_at == closes_at:
            return stored
        if stored.closes_at is None or (closes_at is not None and closes_at <= stored.closes_at):
            raise Refused("A round can only be given more time. To end it, close it.")
        before, stored.closes_at = stored.closes_at, closes_at
        stored.save(update_fields=["closes_at"])
        audit.record(
            type="round_extended",
            subject=f"Round {stored.number}",
            before={"closes_at": _moment(before)},
            after={"closes_at": _moment(closes_at)},
            at=now,
            by=by,
            question=current,
        )
    return stored


def close_round(*, voting_round: VotingRound, by: User) -> VotingRound:
    """Close a round for good and open every commitment; one that is closed already stays as it is."""
    with transaction.atomic():
        current, stored = _lock(voting_round)
        now = timezone.now()
        if close_if_over(current, now) is None and stored.closed_at is None:
            _close(current, stored, closed_at=now, closed_by=by, now=now, by=by)
        stored.refresh_from_db()
    return stored


def close_if_over(question: Question, now: datetime) -> VotingRound | None:
    """Write down the close of the question's round if its time is up; the round, None where there was nothing to do.

    Part of other actions: runs inside their transaction, with `question` locked.
    """
    stored = VotingRound.objects.select_for_update().filter(question=question, closed_at__isnull=True).first()
    if stored is None or not is_over(stored, now):
        return None
    assert stored.closes_at is not None
    _close(question, stored, closed_at=stored.closes_at, closed_by=stored.opened_by, now=now, by=None)
    return stored


def void_ballot(*, ballot: Ballot, reason: str, by: User) -> Ballot:
    """Take a ballot out of an open round, with what was voted on it; the votes stay stored and are counted nowhere.

    Raises Refused without a reason and once the round is over. A voided ballot never comes back: the member gets one in
    the next round.
    """
    with transaction.atomic():
        current, stored = _lock(ballot.round)
        now = timezone.now()
        if is_over(stored, now):
            raise Refused("The round is over: what was counted stays as it is.")
        if not reason.strip():
            raise Refused("Please say why this ballot is not to count.")
        mine = Ballot.objects.select_related("member").get(pk=ballot.pk)
        if mine.voided_at is None:
            void(current, stored, mine, reason=reason, voided_at=now, voided_by=by)
    return mine


def void(
    question: Question,
    voting_round: VotingRound,
    ballot: Ballot,
    *,
    reason: str,
    voided_at: datetime,
    voided_by: User,
) -> None:
    """Void one ballot: part of other actions, runs inside their transaction, with question and round locked."""
    ballot.voided_at, ballot.voided_by, ballot.void_reason = voided_at, voided_by, reason
    ballot.save(update_fields=["voided_at", "voided_by", "void_reason"])
    audit.record(
        type="ballot_voided",
        subject=f"Round {voting_round.number}, {ballot.member}",
        after={"reason": reason},
        at=voided_at,
        by=voided_by,
        question=question,
    )


def recusals(question: Question) -> QuerySet[Recusal]:
    """The recusals in force that keep somebody from voting on this question, from it alone or the whole guideline."""
    return (
        Recusal.objects.filter(
            Q(question=question) | Q(guideline=question.guideline_id), ended_at__isnull=True
        )
        .select_related("user")
        .order_by("pk")
    )


def _lock(voting_round: VotingRound) -> tuple[Question, VotingRound]:
    question = lock_question(voting_round.question)
    return question, VotingRound.objects.select_for_update().get(pk=voting_round.pk)


def _items(question: Question, item_keys: Sequence[str]) -> list[Item]:
    if not item_keys or len(set(item_keys)) != len(item_keys):
        raise Refused("Please choose what the round asks about, each thing once.")
    framework = question.framework
    known = {criterion.key for criterion in framework.criteria} | {RECOMMENDATION_TYPE_ITEM}
    if unknown := [key for key in item_keys if key not in known]:
        raise Refused(f"The framework has no criterion “{unknown[0]}”.")
    return [item_of(framework, key) for key in item_keys]


def _snapshot(
    voting_round: VotingRound,
    items: Sequence[Item],
    members: Sequence[User],
    recused: Sequence[Recusal],
    evidence: Evidence,
) -> dict[str, Any]:
    """Question, items, evidence, rule and roll as they are now. Of a recusal it holds the scope, never the reason."""
    question = voting_round.question
    framework = question.framework
    return {
        "round": voting_round.number,
        "question": {"slug": question.slug, "title": question.title}
        | {field.key: getattr(question, field.key) for field in framework.question_fields},
        "framework": {"key": question.framework_key, "version": question.framework_version},
        "items": [
            {
                "key": item.key,
                "heading": item.heading,
                "prompt": item.prompt,
                "multiple": item.multiple,
                "options": [
                    {"key": option.key, "label": option.label, "on_scale": option.on_scale}
                    for option in item.options
                ],
            }
            for item in items
        ],
        "evidence": evidence.digests,
        "blind": voting_round.blind,
        "rule": voting_round.consensus_rule,
        "tally_display": str(voting_round.tally_display),
        "reasons_named": voting_round.reasons_named,
        "roll": [{"member": str(user.pk), "name": str(user)} for user in members],
        "recused": [
            {
                "member": str(recusal.user_id),
                "name": str(recusal.user),
                "scope": "question" if recusal.question_id else "guideline",
            }
            for recusal in recused
        ],
    }


def _close(
    question: Question,
    voting_round: VotingRound,
    *,
    closed_at: datetime,
    closed_by: User,
    now: datetime,
    by: User | None,
) -> None:
    votes = counted_votes(voting_round)
    counted = tallies(voting_round, votes)
    voting_round.closed_at, voting_round.closed_by = closed_at, closed_by
    voting_round.tally_digest = tally_digest(counted)
    voting_round.save(update_fields=["closed_at", "closed_by", "tally_digest"])
    # Ordered by commitment, and without the member's name: the order of the events says nothing of its own.
    audit.record_each(
        type="vote_revealed",
        happened=[
            (
                f"Round {voting_round.number}, {vote.item_key}",
                {"commitment": vote.commitment, "nonce": vote.nonce, **vote_content(vote)},
            )
            for vote in votes
        ],
        at=now,
        by=by,
        question=question,
    )
    audit.record(
        type="round_closed",
        subject=f"Round {voting_round.number}",
        after={
            "closed_at": _moment(closed_at),
            "tallies": [one.as_json() for one in counted.values()],
            "tally_digest": voting_round.tally_digest,
        },
        at=now,
        by=by,
        question=question,
    )


def _moment(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()
