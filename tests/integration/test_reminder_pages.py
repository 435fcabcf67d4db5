"""What a chair sees of the e-mail about a round, and what nobody else sees; a mail server that fails loses nothing."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any
from unittest import mock

import pytest
from django.core import mail
from django.utils import timezone
from django_tasks_db.models import DBTaskResult
from pytest_django import DjangoCaptureOnCommitCallbacks

from etd.actions import reminders, rounds
from etd.installation.worker import work_off
from etd.models import VotingRound
from tests.integration.conftest import ClientFor
from tests.integration.test_round_pages import CHAIR, ROUND, SLUG, VOTE, close, first_round, opening, words

REMIND = f"{ROUND}remind/"


@pytest.fixture
def at_once(
    monkeypatch: pytest.MonkeyPatch,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    """What comes after an action's commit happens at its end, as it does outside tests."""

    def committed(act: Callable[..., Any], **arguments: Any) -> Any:
        with django_capture_on_commit_callbacks(execute=True):
            return act(**arguments)

    for name in ("open_and_tell", "extend_and_tell", "close_and_tell", "remind"):
        monkeypatch.setattr(reminders, name, partial(committed, getattr(reminders, name)))


def test_the_panel_is_told_of_the_opening(client_for: ClientFor, at_once: None) -> None:
    close()
    mail.outbox.clear()
    page = client_for("chair").post(f"{VOTE}rounds/new/", opening("equity"), follow=True)
    assert "Round 2 is open." in words(page)
    assert "The panel gets an e-mail." in words(page)
    assert len(mail.outbox) == VotingRound.objects.get(question__slug=SLUG, number=2).ballots.count() > 2
    assert "It has no closing time: a chair closes it." in str(mail.outbox[0].body)
    assert "told the panel by e-mail that round 2 is open" in words(
        client_for("observer").get(f"{VOTE}history/")
    )


def test_a_dead_mail_server_loses_no_opening(client_for: ClientFor, at_once: None, settings: Any) -> None:
    close()
    settings.EMAIL_BACKEND = "etd.mail.NoMailBackend"
    chair = client_for("chair")
    page = words(chair.post(f"{VOTE}rounds/new/", opening("equity"), follow=True))
    opened = VotingRound.objects.get(question__slug=SLUG, number=2)
    assert opened.closed_at is None
    assert "Round 2 is open." in page
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    assert mail.outbox == []
    with mock.patch.object(timezone, "now", return_value=DBTaskResult.objects.get().run_after):
        work_off()
    assert len(mail.outbox) == opened.ballots.count()


def test_once_it_is_given_up_the_chair_is_told(client_for: ClientFor, at_once: None, settings: Any) -> None:
    close()
    settings.EMAIL_BACKEND = "etd.mail.NoMailBackend"
    chair = client_for("chair")
    chair.post(f"{VOTE}rounds/new/", opening("equity"))
    assert "The panel has not been told by e-mail" not in words(chair.get(f"{VOTE}rounds/2/"))
    while (job := DBTaskResult.objects.get()).status == "READY":
        with mock.patch.object(timezone, "now", return_value=job.run_after):
            work_off()
    assert "The panel has not been told by e-mail" in words(chair.get(f"{VOTE}rounds/2/"))


def test_more_time_is_told(client_for: ClientFor, at_once: None) -> None:
    VotingRound.objects.filter(question__slug=SLUG).update(closes_at=timezone.now() + timedelta(hours=1))
    later = timezone.localtime(timezone.now() + timedelta(days=2))
    page = client_for("chair").post(f"{ROUND}extend/", {"closes_at": f"{later:%Y-%m-%dT%H:%M}"}, follow=True)
    assert "has more time. The panel gets an e-mail." in words(page)
    assert mail.outbox[0].subject.startswith("More time to vote: ")
    assert f"{later:%H:%M} UTC." in str(mail.outbox[0].body)


def test_the_close_tells_of_results(client_for: ClientFor, at_once: None) -> None:
    page = client_for("chair").post(f"{ROUND}close/", follow=True)
    assert "The panel gets an e-mail that the results are there." in words(page)
    assert mail.outbox[0].subject.startswith("Results of round 1: ")


def test_the_chair_asks_first_sends_and_sees_when(client_for: ClientFor, at_once: None) -> None:
    chair = client_for("chair")
    assert "No reminder has been sent in this round yet." in words(chair.get(ROUND))
    names = [str(member) for member in reminders.unfinished(first_round())]
    assert len(names) > 1
    asked = words(chair.get(REMIND))
    assert f"{len(names)} members have something left to vote on: {', '.join(names)}." in asked
    assert mail.outbox == []
    page = words(chair.post(REMIND, follow=True))
    assert "The reminder is on its way." in page
    assert f"Last reminder: {timezone.localtime():%-d %B %Y}" in page
    assert "by Helena Brandt." in page
    assert len(mail.outbox) == len(names)
    page = words(chair.get(REMIND))
    assert "The next one can go out from" in page
    assert "Send the reminder" not in page
    again = chair.post(REMIND)
    assert again.status_code == 409
    assert "Please leave an hour between two reminders" in words(again)


def test_nobody_else_learns_that_somebody_was_reminded(client_for: ClientFor, at_once: None) -> None:
    others = ("panel member", "observer", "methodologist", "staff")
    pages = [ROUND, f"{VOTE}history/", VOTE, f"{VOTE}rounds/"]
    before = [client_for(actor).get(page).content.count(b"emind") for actor in others for page in pages]
    client_for("chair").post(REMIND)
    after = [client_for(actor).get(page).content.count(b"emind") for actor in others for page in pages]
    assert sum(after) == sum(before) == 0
    assert "sent a reminder to those who had not finished round 1" in words(
        client_for("chair").get(f"{VOTE}history/")
    )


def test_a_reminder_of_the_timer_is_told_as_such(
    client_for: ClientFor, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    current = rounds.extend_round(voting_round=first_round(), closes_at=None, by=CHAIR())
    VotingRound.objects.filter(pk=current.pk).update(closes_at=timezone.now() + timedelta(hours=2))
    with (
        django_capture_on_commit_callbacks(execute=True),
        mock.patch.object(reminders, "due_at", return_value=timezone.now()),
    ):
        assert reminders.remind_before_close(voting_round=first_round(), hours=48, by=None)
    assert "by the timer." in words(client_for("chair").get(ROUND))


def test_there_is_nobody_to_remind_of_a_round_that_is_over(client_for: ClientFor) -> None:
    close()
    answer = client_for("chair").post(REMIND)
    assert answer.status_code == 409
    assert "The round is over: nothing can be voted on any more." in words(answer)
