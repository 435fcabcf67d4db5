"""What actions and pages both know of jobs: how one fails, and when a worker is gone."""

from __future__ import annotations

from datetime import timedelta

# A worker gives a sign of life every ten seconds.
GONE_AFTER = timedelta(minutes=1)
# A letter takes seconds and is waited for; a book takes up to half an hour.
LETTERS_FIRST = 10
# The jobs that send letters, as they are stored.
LETTERS_ABOUT_A_ROUND = "etd.actions.mailings.letters_about_a_round"
LETTERS = frozenset({LETTERS_ABOUT_A_ROUND, "etd.actions.invitations.letter_of_invitation"})
STOPPED_EACH_TIME = "The worker was stopped each time it did this."


class TryAgain(Exception):
    """A job that may succeed later. The message is shown on pages: plain words, nobody's address."""


class GaveUp(Exception):
    """A job that will not succeed by itself. The message is shown on pages: plain words, nobody's address."""


TRY_AGAIN, GAVE_UP = (f"{one.__module__}.{one.__qualname__}" for one in (TryAgain, GaveUp))
