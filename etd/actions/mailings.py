"""Letters about a round on their way: stored with what they are about, sent by a job, one by one.

A letter names the question, the round and its time: no vote, no count, nobody else. What has become untrue or needless
meanwhile is not sent: to whoever has voted on everything no reminder, about a round that is over no call to vote.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from django_tasks import TaskContext, task
from django_tasks_db.models import DBTaskResult

from etd import mail
from etd.actions import audit, jobs
from etd.actions.voting import voting_members
from etd.enums import RECOMMENDATION_TYPE_ITEM
from etd.jobs import LETTERS_ABOUT_A_ROUND, LETTERS_FIRST
from etd.letters import MORE_TIME, NOT_SENT, REMINDED, REMINDER, RESULTS, TOLD, subject_of
from etd.models import Ballot, Mailing, User, Vote, VotingRound
from etd.votes import is_over


def post(voting_round: VotingRound, about: dict[str, Any], to: Sequence[User], asked_by: User | None) -> None:
    """Store a letter to these members, and a job that sends it; within the transaction of what it is about."""
    mailing = Mailing.objects.create(
        round=voting_round,
        about=about,
        outstanding=[member.pk for member in to],
        at=timezone.now(),
        by=asked_by,
    )
    jobs.put_off(letters_about_a_round, guideline=voting_round.question.guideline_id, mailing=mailing.pk)


@task(priority=LETTERS_FIRST, takes_context=True)
def letters_about_a_round(context: TaskContext, *, guideline: int, mailing: int) -> None:
    """E-mail to the panel about a round"""
    current = Mailing.objects.select_related("round__question__guideline", "by").filter(pk=mailing).first()
    if current is None or not current.outstanding:
        return
    try:
        n_meant = _send(current)
    except mail.NotSent as problem:
        if jobs.is_last_try(context):
            _give_up(current)
        jobs.not_done(context, str(problem))
    if n_meant and current.given_up_at is not None:
        _sent_after_all(current)


def _send(mailing: Mailing) -> int:
    """To everybody outstanding who is still meant, so many; each is taken out as soon as the mail server has it.

    Whose letter failed comes last at the next try: it must not stand in the way of the others each time. A worker
    killed between the two sends that one letter again: rather twice than never. Raises NotSent.
    """
    to = _still_meant(mailing)
    common = _said_of(mailing.round)
    left = [member.pk for member in to]
    _keep(mailing, left)

    def note(number: int, has_gone: bool) -> None:
        left.remove(to[number].pk)
        if not has_gone:
            left.append(to[number].pk)
        mailing.any_sent = mailing.any_sent or has_gone
        _keep(mailing, left)

    mail.send_each(
        mailing.about["letter"],
        [(member.email, common | {"name": str(member)}) for member in to],
        note_tried=note,
    )
    return len(to)


def _keep(mailing: Mailing, outstanding: Sequence[int]) -> None:
    mailing.outstanding = list(outstanding)
    Mailing.objects.filter(pk=mailing.pk).update(outstanding=mailing.outstanding, any_sent=mailing.any_sent)


def _still_meant(mailing: Mailing) -> list[User]:
    """Who of those outstanding is to get the letter as things stand now, in the order they wait in."""
    about, voting_round = mailing.about, mailing.round
    if _has_a_successor(mailing):
        return []
    if about["letter"] != RESULTS and is_over(voting_round, timezone.now()):
        return []
    if about["letter"] in {MORE_TIME, REMINDER} and about["closes_at"] != moment(voting_round.closes_at):
        return []
    meant = unfinished(voting_round) if about["letter"] == REMINDER else panel_of(voting_round)
    by_number = {member.pk: member for member in meant}
    return [by_number[pk] for pk in mailing.outstanding if pk in by_number]


def _has_a_successor(mailing: Mailing) -> bool:
    """Has the same been written about the round again?"""
    return Mailing.objects.filter(round=mailing.round_id, about=mailing.about, pk__gt=mailing.pk).exists()


def give_up_failed() -> None:
    """What `letters_about_a_round` could not say itself: its worker was killed at the last try, or it never began."""
    failed = DBTaskResult.objects.failed().filter(task_path=LETTERS_ABOUT_A_ROUND)
    numbers = [job.args_kwargs["kwargs"]["mailing"] for job in failed if not jobs.has_tries_left(job)]
    if not numbers:
        return
    for mailing in Mailing.objects.select_related("round__question__guideline").filter(
        pk__in=numbers, given_up_at__isnull=True
    ):
        if mailing.outstanding and not _has_a_successor(mailing):
            _give_up(mailing)


def _give_up(mailing: Mailing) -> None:
    """The last try has failed: an event says so, as "some" or "all", never as a number."""
    failed = "some" if mailing.any_sent else "all"
    _record(NOT_SENT, mailing, {"about": mailing.about, "failed": failed}, None, given_up_at=timezone.now())


def _sent_after_all(mailing: Mailing) -> None:
    """Somebody had it tried again after it had been given up: that event is followed by another of its having gone."""
    type = REMINDED if mailing.about["letter"] == REMINDER else TOLD
    _record(type, mailing, mailing.about, mailing.by, given_up_at=None)


def _record(
    type: str, mailing: Mailing, after: dict[str, Any], by: User | None, *, given_up_at: datetime | None
) -> None:
    """Only where the mailing stands as it was read: two workers say it once."""
    with transaction.atomic():
        as_read = Mailing.objects.filter(pk=mailing.pk, given_up_at=mailing.given_up_at)
        if not as_read.update(given_up_at=given_up_at):
            return
        audit.record(
            type=type,
            subject=subject_of(mailing.round),
            after=after,
            at=timezone.now(),
            by=by,
            question=mailing.round.question,
        )


def unfinished(voting_round: VotingRound) -> list[User]:
    """The members who can vote in the round and have not voted on every item, by name: for the chair alone."""
    voted: dict[int, int] = {}
    for member_id, option_keys in Vote.objects.filter(
        ballot__round=voting_round, ballot__voided_at__isnull=True
    ).values_list("ballot__member_id", "option_keys"):
        voted[member_id] = voted.get(member_id, 0) + bool(option_keys)
    n_items = len(voting_round.item_keys)
    return [member for member in panel_of(voting_round) if voted.get(member.pk, 0) < n_items]


def panel_of(voting_round: VotingRound) -> list[User]:
    """Whose ballot stands and whose role votes."""
    voters = voting_members(voting_round.question.guideline).values("user_id")
    ballots = Ballot.objects.filter(
        round=voting_round, voided_at__isnull=True, member__in=voters, member__is_active=True
    ).select_related("member")
    return sorted((ballot.member for ballot in ballots), key=lambda member: (str(member), member.pk))


def _said_of(voting_round: VotingRound) -> dict[str, str]:
    question, closes_at = voting_round.question, voting_round.closes_at
    return {
        "guideline": question.guideline.title,
        "question": question.title,
        "number": str(voting_round.number),
        "items": _items(voting_round.item_keys),
        "closing": (
            f"It closes on {mail.in_utc(closes_at)}."
            if closes_at
            else "It has no closing time: a chair closes it."
        ),
        "secrecy": (
            "Nobody sees anybody’s votes before the round is over."
            if voting_round.blind
            else "Those with a ballot see the tallies while votes come in."
        ),
        "link": mail.site_address(
            reverse("round", args=[question.guideline.slug, question.slug, voting_round.number])
        ),
        "account": mail.site_address(reverse("account")),
        "site": mail.site_address("/"),
    }


def _items(item_keys: Iterable[str]) -> str:
    """`12 criteria and the type of recommendation`."""
    keys = set(item_keys)
    n = len(keys - {RECOMMENDATION_TYPE_ITEM})
    parts = [f"{n} criteri{'on' if n == 1 else 'a'}"] if n else []
    if RECOMMENDATION_TYPE_ITEM in keys:
        parts.append("the type of recommendation")
    return " and ".join(parts)


def moment(at: datetime | None) -> str | None:
    """As the events and letters about a round write a closing time."""
    return at.isoformat() if at else None
