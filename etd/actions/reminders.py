"""E-mail to the panel about a round: that it is open, has more time, is about to end, is over.

Here is decided who gets which letter, and when. Its event says what it was about, never to whom it went. The letters
are stored with the event and go out after the commit, by a job (`mailings.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from etd import mail
from etd.actions import audit, mailings, rounds
from etd.actions.errors import Refused
from etd.actions.locks import lock_question
from etd.actions.mailings import moment, panel_of, unfinished
from etd.domain.consensus import Rule
from etd.enums import TallyDisplay
from etd.letters import MORE_TIME, OPENED, REMINDED, REMINDER, RESULTS, TOLD, letters_of, subject_of
from etd.models import Question, User, VotingRound
from etd.votes import is_over

BETWEEN_REMINDERS = timedelta(hours=1)


def open_and_tell(
    *,
    question: Question,
    item_keys: Sequence[str],
    closes_at: datetime | None,
    blind: bool,
    rule: Rule | None,
    by: User,
) -> VotingRound:
    """As `rounds.open_round`, and everybody on the roll is told: both are stored, or neither."""
    with transaction.atomic():
        opened = rounds.open_round(
            question=question, item_keys=item_keys, closes_at=closes_at, blind=blind, rule=rule, by=by
        )
        announce_opening(voting_round=opened, by=by)
    return opened


def extend_and_tell(*, voting_round: VotingRound, closes_at: datetime, by: User) -> VotingRound:
    """As `rounds.extend_round`, and everybody on the roll is told: both are stored, or neither."""
    with transaction.atomic():
        extended = rounds.extend_round(voting_round=voting_round, closes_at=closes_at, by=by)
        announce_more_time(voting_round=extended, by=by)
    return extended


def close_and_tell(*, voting_round: VotingRound, by: User) -> tuple[VotingRound, bool]:
    """As `rounds.close_round`, and the panel is told where it may see the results; with it, whether it is."""
    with transaction.atomic():
        closed = rounds.close_round(voting_round=voting_round, by=by)
        told = announce_results(voting_round=closed, by=by)
    return closed, told


def announce_opening(*, voting_round: VotingRound, by: User | None) -> None:
    """Tell everybody on the roll that the round is open; once, and nobody once it is over."""
    _announce(voting_round, {"letter": OPENED}, by)


def announce_more_time(*, voting_round: VotingRound, by: User | None) -> None:
    """Tell everybody on the roll until when they may vote now; once a closing time."""
    _announce(voting_round, {"letter": MORE_TIME, "closes_at": moment(voting_round.closes_at)}, by)


def announce_results(*, voting_round: VotingRound, by: User | None) -> bool:
    """Tell the panel that a closed round's results can be seen; False where they were told, or may not see them."""
    about = {"letter": RESULTS}
    with transaction.atomic():
        stored = _lock(voting_round)
        if stored.closed_at is None or stored.tally_display == TallyDisplay.NONE or _is_done(stored, about):
            return False
        _write(stored, about, panel_of(stored), by)
    return True


def remind(*, voting_round: VotingRound, by: User) -> None:
    """A chair reminds those who have not voted on everything.

    Raises Refused once the round is over, within an hour of the last reminder and where there is nobody to write to.
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
    everybody has finished, so that the event tells nothing. Where no letter at all could be sent, the next run after
    the last try writes again.
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


def _announce(voting_round: VotingRound, about: dict[str, Any], by: User | None) -> None:
    with transaction.atomic():
        stored = _lock(voting_round)
        if not is_over(stored, timezone.now()) and not _is_done(stored, about):
            _write(stored, about, panel_of(stored), by)


def _lock(voting_round: VotingRound) -> VotingRound:
    """The round as it is now. Whoever writes about a round has its question locked: no letter goes out twice."""
    question = lock_question(voting_round.question)
    stored = VotingRound.objects.get(pk=voting_round.pk)
    stored.question = question
    return stored


def _reminder(voting_round: VotingRound, *, hours: int | None) -> dict[str, Any]:
    return {"letter": REMINDER, "closes_at": moment(voting_round.closes_at), "hours": hours}


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
    mailings.post(voting_round, about, to, by)
