"""E-mail to the panel about a round: that it is open, has more time, is about to end, is over.

A letter names the question, the round and its time: no vote, no count, nobody else. Its event says what it was about,
never to whom it went. Letters go out after the commit: where they fail nothing else is lost, an event says so, and
`NotSent` tells whoever wanted them sent.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from etd import mail
from etd.actions import audit
from etd.actions.errors import Refused
from etd.actions.locks import lock_question
from etd.actions.voting import voting_members
from etd.enums import RECOMMENDATION_TYPE_ITEM, TallyDisplay
from etd.letters import MORE_TIME, NOT_SENT, OPENED, REMINDED, REMINDER, RESULTS, TOLD, letters_of, subject_of
from etd.models import Ballot, User, Vote, VotingRound
from etd.votes import is_over

BETWEEN_REMINDERS = timedelta(hours=1)


def announce_opening(*, voting_round: VotingRound, by: User | None) -> None:
    """Tell everybody on the roll that the round is open; once, and nobody once it is over. Raises NotSent."""
    _announce(voting_round, {"letter": OPENED}, by)


def announce_more_time(*, voting_round: VotingRound, by: User | None) -> None:
    """Tell everybody on the roll until when they may vote now; once a closing time. Raises NotSent."""
    _announce(voting_round, {"letter": MORE_TIME, "closes_at": _moment(voting_round.closes_at)}, by)


def announce_results(*, voting_round: VotingRound, by: User | None) -> bool:
    """Tell the panel that a closed round's results can be seen; False where they were told, or may not see them.

    Raises NotSent.
    """
    about = {"letter": RESULTS}
    with transaction.atomic():
        stored = _lock(voting_round)
        if stored.closed_at is None or stored.tally_display == TallyDisplay.NONE or _is_done(stored, about):
            return False
        _write(stored, about, _panel(stored), by)
    return True


def remind(*, voting_round: VotingRound, by: User) -> None:
    """A chair reminds those who have not voted on everything.

    Raises Refused once the round is over, within an hour of the last reminder and where there is nobody to write to;
    NotSent.
    """
    with transaction.atomic():
        stored = _lock(voting_round)
        if is_over(stored, timezone.now()):
            raise Refused("The round is over: nothing can be voted on any more.")
        if (then := not_before(stored)) is not None:
            raise Refused(
                f"Please leave an hour between two reminders: the next from {mail.in_utc(then)} on."
            )
        to = unfinished(stored)
        if not to:
            raise Refused("Everybody with a ballot has voted on everything.")
        _write(stored, _reminder(stored, hours=None), to, by)


def not_before(voting_round: VotingRound) -> datetime | None:
    """When a chair can remind again; None where that is now."""
    sent = [one.at for one in letters_of(voting_round) if one.kind == REMINDER and one.failed != "all"]
    then = sent[-1] + BETWEEN_REMINDERS if sent else None
    return then if then and timezone.now() < then else None


def remind_before_close(*, voting_round: VotingRound, hours: int, by: User | None) -> bool:
    """Remind those who have not voted on everything, `hours` before the close; True where that was done now.

    Once for each closing time and number of hours, however often it is run. Not at once after another letter: where
    less than twice `hours` lies between that letter and the close, in the middle of the two. Written down even where
    everybody has finished, so that the event tells nothing. Raises NotSent; where no letter at all went out, the next
    run tries again.
    """
    with transaction.atomic():
        stored = _lock(voting_round)
        now = timezone.now()
        about = _reminder(stored, hours=hours)
        due = due_at(stored, hours)
        if due is None or now < due or is_over(stored, now) or _is_done(stored, about):
            return False
        _write(stored, about, unfinished(stored), by)
    return True


def due_at(voting_round: VotingRound, hours: int) -> datetime | None:
    """When `remind_before_close` writes; None for a round without a closing time."""
    closes_at = voting_round.closes_at
    if closes_at is None:
        return None
    last = max([voting_round.opened_at, *(one.at for one in letters_of(voting_round) if one.failed != "all")])
    return max(closes_at - timedelta(hours=hours), last + (closes_at - last) / 2)


def unfinished(voting_round: VotingRound) -> list[User]:
    """The members who can vote in the round and have not voted on every item, by name: for the chair alone."""
    voted: dict[int, int] = {}
    for member_id, option_keys in Vote.objects.filter(
        ballot__round=voting_round, ballot__voided_at__isnull=True
    ).values_list("ballot__member_id", "option_keys"):
        voted[member_id] = voted.get(member_id, 0) + bool(option_keys)
    n_items = len(voting_round.item_keys)
    return [member for member in _panel(voting_round) if voted.get(member.pk, 0) < n_items]


def _panel(voting_round: VotingRound) -> list[User]:
    """Whose ballot stands and whose role votes."""
    voters = voting_members(voting_round.question.guideline).values("user_id")
    ballots = Ballot.objects.filter(
        round=voting_round, voided_at__isnull=True, member__in=voters, member__is_active=True
    ).select_related("member")
    return sorted((ballot.member for ballot in ballots), key=lambda member: (str(member), member.pk))


def _announce(voting_round: VotingRound, about: dict[str, Any], by: User | None) -> None:
    with transaction.atomic():
        stored = _lock(voting_round)
        if not is_over(stored, timezone.now()) and not _is_done(stored, about):
            _write(stored, about, _panel(stored), by)


def _lock(voting_round: VotingRound) -> VotingRound:
    """The round as it is now. Whoever writes about a round has its question locked: no letter goes out twice."""
    question = lock_question(voting_round.question)
    stored = VotingRound.objects.get(pk=voting_round.pk)
    stored.question = question
    return stored


def _reminder(voting_round: VotingRound, *, hours: int | None) -> dict[str, Any]:
    return {"letter": REMINDER, "closes_at": _moment(voting_round.closes_at), "hours": hours}


def _is_done(voting_round: VotingRound, about: dict[str, Any]) -> bool:
    return any(one.about == about and one.failed != "all" for one in letters_of(voting_round))


def _write(voting_round: VotingRound, about: dict[str, Any], to: Sequence[User], by: User | None) -> None:
    audit.record(
        type=REMINDED if about["letter"] == REMINDER else TOLD,
        subject=subject_of(voting_round),
        after=about,
        at=timezone.now(),
        by=by,
        question=voting_round.question,
    )
    transaction.on_commit(lambda: _deliver(voting_round, about, to, by))


def _deliver(voting_round: VotingRound, about: dict[str, Any], to: Sequence[User], by: User | None) -> None:
    common = _said_of(voting_round)
    failed = mail.send_each(
        about["letter"], [(member.email, common | {"name": str(member)}) for member in to]
    )
    if not failed:
        return
    with transaction.atomic():
        audit.record(
            type=NOT_SENT,
            subject=subject_of(voting_round),
            after={"about": about, "failed": "all" if len(failed) == len(to) else "some"},
            at=timezone.now(),
            by=by,
            question=voting_round.question,
        )
    raise mail.NotSent(
        "None of the e-mails could be sent."
        if len(failed) == len(to)
        else f"{len(failed)} of {len(to)} e-mails could not be sent."
    )


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


def _moment(at: datetime | None) -> str | None:
    return at.isoformat() if at else None
