"""E-mail about a round: to whom, what it says and never says, once, and what becomes of it where the mail fails."""

from __future__ import annotations

import smtplib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from io import StringIO
from typing import Any
from unittest import mock

import pytest
from django.core import mail
from django.core.mail import EmailMessage
from django.core.mail.backends.locmem import EmailBackend
from django.core.management import CommandError, call_command
from django.db import OperationalError
from django.utils import timezone
from django_tasks import TaskContext
from django_tasks_db.models import DBTaskResult
from pytest_django import DjangoCaptureOnCommitCallbacks

from etd.actions import accounts, conflicts, jobs, mailings, reminders, rounds, voting
from etd.actions.errors import Refused
from etd.enums import RECOMMENDATION_TYPE_ITEM, ConflictLevel, Role, TallyDisplay
from etd.installation.worker import work_off
from etd.jobs import LETTERS_ABOUT_A_ROUND
from etd.letters import letters_of
from etd.mail import in_utc
from etd.models import AuditEvent, Mailing, PanelMembership, User, VotingRound, Worker
from tests import factories as f
from tests.unit.etd import action_examples as examples
from tests.unit.etd.worlds import OPTIONS, PLAIN, Panel, contents, last_event

Run = Callable[[Callable[..., Any]], Any]


class Killed(BaseException):
    """Nothing after it happens any more."""


def context(job: DBTaskResult) -> TaskContext:
    result: Any = job.task_result  # of the queue's own kind, which the types of the interface do not know
    return TaskContext(task_result=result)


class FailsForSome(EmailBackend):
    """A server that does not know one of the addresses."""

    def send_messages(self, messages: Any) -> int:
        if any("mia" in address for message in messages for address in message.to):
            raise smtplib.SMTPRecipientsRefused({})
        return int(super().send_messages(messages))


@pytest.fixture
def committed(django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks) -> Run:
    """`committed(act)`: act, with what comes after the commit."""

    def run(act: Callable[..., Any]) -> Any:
        with django_capture_on_commit_callbacks(execute=True):
            return act()

    return run


@pytest.fixture
def opened(panel: Panel) -> VotingRound:
    """A round over one criterion and the type, open for a week, for two more hours."""
    User.objects.filter(pk=panel.member.pk).update(email="mia@example.org")
    opened = examples.open_round_now(panel)
    VotingRound.objects.filter(pk=opened.pk).update(
        opened_at=timezone.now() - timedelta(days=7), closes_at=timezone.now() + timedelta(hours=2)
    )
    opened.refresh_from_db()
    return opened


def finish(opened: VotingRound, by: User) -> None:
    for item, option in (
        (PLAIN.key, OPTIONS[0]),
        (RECOMMENDATION_TYPE_ITEM, f.FRAMEWORK.recommendation_types[0].key),
    ):
        voting.cast_vote(
            question=opened.question,
            item_key=item,
            option_keys=[option],
            comment="Canary4711",
            version=0,
            by=by,
        )


def written_to() -> list[str]:
    found = [address for letter in mail.outbox for address in letter.to]
    mail.outbox.clear()
    return sorted(found)


def emails(*people: User) -> list[str]:
    return sorted(User.objects.filter(pk__in=[one.pk for one in people]).values_list("email", flat=True))


class TestTheOpening:
    def test_everybody_on_the_roll_gets_one_letter(
        self, panel: Panel, opened: VotingRound, committed: Run
    ) -> None:
        for _ in range(2):
            committed(lambda: reminders.announce_opening(voting_round=opened, by=panel.chair))
        assert len(mail.outbox) == 3
        (letter,) = [one for one in mail.outbox if one.to == ["mia@example.org"]]
        assert letter.subject == f"Please vote: {opened.question.title}"
        body = str(letter.body)
        assert opened.closes_at is not None
        for words in (
            "Dear Mia Member,",
            "1 criterion and the type of recommendation. ",
            f"It closes on {in_utc(opened.closes_at)}.",
            f"http://127.0.0.1:8000/guidelines/{panel.guideline.slug}/{opened.question.slug}/rounds/1/",
            "Nobody sees anybody’s votes before the round is over.",
        ):
            assert words in body
        assert "Carla" not in body
        assert "Cem" not in body
        assert written_to() == emails(panel.chair, panel.member, panel.colleague)

    def test_times_are_in_utc_wherever_the_site_is(self) -> None:
        moment = datetime(2026, 12, 7, 23, 5, tzinfo=UTC)
        with timezone.override("Asia/Tokyo"):
            assert in_utc(moment) == "7 December 2026, 23:05 UTC"
            assert in_utc(timezone.localtime(moment)) == "7 December 2026, 23:05 UTC"

    def test_not_to_those_who_cannot_vote(self, panel: Panel, opened: VotingRound, committed: Run) -> None:
        conflicts.manage_conflict(
            member=panel.member,
            guideline=panel.guideline,
            level=ConflictLevel.NO_VOTE,
            note="",
            by=panel.chair,
        )
        membership = PanelMembership.objects.get(guideline=panel.guideline, user=panel.colleague)
        accounts.change_role(membership=membership, role=Role.OBSERVER, by=panel.chair)
        committed(lambda: reminders.announce_opening(voting_round=opened, by=panel.chair))
        assert written_to() == emails(panel.chair)

    def test_more_time_is_told_once_a_closing_time(
        self, panel: Panel, opened: VotingRound, committed: Run
    ) -> None:
        assert opened.closes_at is not None
        for closes_at in (opened.closes_at + timedelta(hours=1), None):
            extended = rounds.extend_round(voting_round=opened, closes_at=closes_at, by=panel.chair)
            for _ in range(2):
                committed(lambda one=extended: reminders.announce_more_time(voting_round=one, by=panel.chair))
            said = f"It closes on {in_utc(closes_at)}." if closes_at else "It has no closing time"
            assert said in str(mail.outbox[0].body)
            assert len(written_to()) == 3


class TestReminders:
    def test_only_those_who_have_not_finished(
        self, panel: Panel, opened: VotingRound, committed: Run
    ) -> None:
        finish(opened, panel.member)
        voting.cast_vote(
            question=opened.question,
            item_key=PLAIN.key,
            option_keys=[],
            comment="Only a thought so far",
            version=0,
            by=panel.colleague,
        )
        committed(lambda: reminders.remind(voting_round=opened, by=panel.chair))
        assert "Canary4711" not in "".join(str(one.message()) for one in mail.outbox)
        assert written_to() == emails(panel.chair, panel.colleague)

    def test_its_event_is_the_same_whoever_has_voted(
        self, panel: Panel, opened: VotingRound, committed: Run
    ) -> None:
        before = None
        for person in (None, panel.member, panel.colleague, panel.chair):
            if person is not None:
                finish(opened, person)
            with (
                mock.patch.object(reminders, "_is_done", return_value=False),
                mock.patch.object(reminders, "due_at", return_value=opened.opened_at),
            ):
                reminders.remind_before_close(voting_round=opened, hours=1000, by=None)
            assert before in (None, last_event())
            before = last_event()
        assert before is not None
        assert before["after"] == {
            "letter": "round_reminder",
            "closes_at": opened.closes_at.isoformat() if opened.closes_at else None,
            "hours": 1000,
        }

    def test_an_hour_between_two_of_the_chair(
        self, panel: Panel, opened: VotingRound, committed: Run
    ) -> None:
        committed(lambda: reminders.remind(voting_round=opened, by=panel.chair))
        before = contents()
        with pytest.raises(Refused, match="leave an hour between two reminders"):
            reminders.remind(voting_round=opened, by=panel.chair)
        assert contents() == before
        later = timezone.now() + timedelta(hours=1)
        with mock.patch.object(timezone, "now", return_value=later):
            committed(lambda: reminders.remind(voting_round=opened, by=panel.chair))
        assert len(written_to()) == 6

    def test_nobody_left_and_too_late(self, panel: Panel, opened: VotingRound) -> None:
        for person in (panel.chair, panel.member, panel.colleague):
            finish(opened, person)
        with pytest.raises(Refused, match="Everybody with a ballot has voted"):
            reminders.remind(voting_round=opened, by=panel.chair)
        rounds.close_round(voting_round=opened, by=panel.chair)
        with pytest.raises(Refused, match="The round is over"):
            reminders.remind(voting_round=opened, by=panel.chair)


class TestBeforeTheClose:
    def test_once_for_a_window_and_again_for_another(
        self, panel: Panel, opened: VotingRound, committed: Run
    ) -> None:
        assert opened.closes_at is not None

        def run(hours: int = 48) -> int:
            committed(lambda: call_command("send_reminders", hours=hours, stdout=StringIO()))
            return len(written_to())

        assert (run(), run()) == (3, 0)
        assert run(1) == 0, "not due yet"
        with mock.patch.object(timezone, "now", return_value=opened.closes_at - timedelta(minutes=30)):
            assert (run(1), run(1), run()) == (3, 0, 0)
        rounds.extend_round(
            voting_round=opened, closes_at=opened.closes_at + timedelta(hours=1), by=panel.chair
        )
        with mock.patch.object(timezone, "now", return_value=opened.closes_at + timedelta(minutes=50)):
            assert (run(), run()) == (3, 0)

    def test_the_output_says_neither_whom_nor_how_many(
        self, panel: Panel, opened: VotingRound, committed: Run
    ) -> None:
        finish(opened, panel.member)
        said = StringIO()
        committed(lambda: call_command("send_reminders", stdout=said))
        assert said.getvalue() == (f"Round 1 of {panel.guideline.slug}/{opened.question.slug}: reminded.\n")

    @pytest.mark.parametrize(
        ("open_for", "hours", "after"),
        [(timedelta(days=7), 48, timedelta(days=5)), (timedelta(days=1), 48, timedelta(hours=12))],
    )
    def test_a_short_round_is_reminded_of_halfway(
        self, opened: VotingRound, open_for: timedelta, hours: int, after: timedelta
    ) -> None:
        opened.closes_at = opened.opened_at + open_for
        assert reminders.due_at(opened, hours) == opened.opened_at + after
        opened.closes_at = None
        assert reminders.due_at(opened, hours) is None

    def test_a_round_whose_time_is_up_is_left_alone(
        self, panel: Panel, opened: VotingRound, committed: Run
    ) -> None:
        VotingRound.objects.update(closes_at=timezone.now())
        committed(lambda: call_command("send_reminders", stdout=StringIO()))
        opened.refresh_from_db()
        assert not reminders.remind_before_close(voting_round=opened, hours=48, by=None)
        assert written_to() == []

    def test_hours_are_a_number_from_one(self, db: None) -> None:
        with pytest.raises(CommandError, match="whole number from 1"):
            call_command("send_reminders", hours=0)


class TestResults:
    def test_the_panel_is_told_once(self, panel: Panel, opened: VotingRound, committed: Run) -> None:
        finish(opened, panel.member)
        closed = rounds.close_round(voting_round=opened, by=panel.chair)
        for _ in range(2):
            committed(lambda: call_command("send_reminders", stdout=StringIO()))
        assert "Canary4711" not in str(mail.outbox[0].body)
        assert written_to() == emails(panel.chair, panel.member, panel.colleague)
        assert not reminders.announce_results(voting_round=closed, by=panel.chair)

    def test_not_where_the_panel_may_not_see_them_or_the_round_is_open(
        self, panel: Panel, opened: VotingRound
    ) -> None:
        assert not reminders.announce_results(voting_round=opened, by=panel.chair)
        VotingRound.objects.update(tally_display=TallyDisplay.NONE)
        closed = rounds.close_round(voting_round=opened, by=panel.chair)
        assert not reminders.announce_results(voting_round=closed, by=panel.chair)

    def test_old_rounds_are_left_alone(self, panel: Panel, opened: VotingRound, committed: Run) -> None:
        rounds.close_round(voting_round=opened, by=panel.chair)
        with mock.patch.object(timezone, "now", return_value=timezone.now() + timedelta(days=8)):
            committed(lambda: call_command("send_reminders", stdout=StringIO()))
        assert written_to() == []


def due_again() -> Any:
    """At the moment of the next try."""
    return mock.patch.object(
        timezone, "now", return_value=DBTaskResult.objects.latest("enqueued_at").run_after
    )


def to_the_last_try() -> None:
    for _ in range(jobs.MOST_TRIES - 1):
        with due_again():
            work_off()


class TestTheMailFails:
    def test_a_dead_server_is_asked_once_a_try_and_the_letters_wait(
        self, panel: Panel, opened: VotingRound, committed: Run, caplog: pytest.LogCaptureFixture
    ) -> None:
        with mock.patch.object(EmailBackend, "open", side_effect=ConnectionRefusedError, create=True) as dead:
            committed(lambda: reminders.remind(voting_round=opened, by=panel.chair))
        job = DBTaskResult.objects.get()
        assert (dead.call_count, job.status) == (1, "READY")
        assert job.traceback.strip().endswith("TryAgain: The mail server could not be reached.")
        assert "ConnectionRefusedError" in caplog.text
        assert "@" not in caplog.text + job.traceback
        assert [one.failed for one in letters_of(opened)] == ["none"]
        with due_again():
            work_off()
        assert written_to() == emails(panel.chair, panel.member, panel.colleague)
        assert Mailing.objects.get().outstanding == []

    def test_after_the_last_try_an_event_says_so_and_the_next_run_writes_again(
        self, panel: Panel, opened: VotingRound, committed: Run
    ) -> None:
        VotingRound.objects.update(closes_at=timezone.now() + timedelta(hours=12))
        opened.refresh_from_db()
        act = lambda: reminders.remind_before_close(voting_round=opened, hours=48, by=None)  # noqa: E731
        with mock.patch.object(EmailBackend, "open", side_effect=ConnectionRefusedError, create=True):
            committed(act)
            to_the_last_try()
        assert [one.failed for one in letters_of(opened)] == ["all"]
        assert DBTaskResult.objects.get().status == "FAILED"
        committed(act)
        assert len(written_to()) == 3
        # The first one is not sent beside it, should somebody have it tried again.
        failed = DBTaskResult.objects.failed().get()
        committed(lambda: jobs.try_again(job=failed.pk, by=panel.chair))
        assert written_to() == []
        assert [one.failed for one in letters_of(opened)] == ["all", "none"]

    def test_one_that_goes_after_all_is_told_as_gone(
        self, panel: Panel, opened: VotingRound, committed: Run
    ) -> None:
        VotingRound.objects.update(closes_at=None)
        opened.refresh_from_db()
        with mock.patch.object(EmailBackend, "open", side_effect=ConnectionRefusedError, create=True):
            committed(lambda: reminders.announce_opening(voting_round=opened, by=panel.chair))
            to_the_last_try()
        committed(lambda: jobs.try_again(job=DBTaskResult.objects.get().pk, by=panel.staff))
        assert len(written_to()) == 3
        assert [(one.failed, one.by) for one in letters_of(opened)] == [
            ("all", str(panel.chair)),
            ("none", str(panel.chair)),
        ]
        assert Mailing.objects.get().given_up_at is None

    def test_one_wrong_address_keeps_nobody_else_waiting_and_nobody_gets_two(
        self, panel: Panel, opened: VotingRound, committed: Run, settings: Any
    ) -> None:
        settings.EMAIL_BACKEND = f"{__name__}.FailsForSome"
        committed(lambda: reminders.announce_opening(voting_round=opened, by=panel.chair))
        assert written_to() == emails(panel.chair, panel.colleague)
        assert Mailing.objects.get().outstanding == [panel.member.pk]
        VotingRound.objects.update(closes_at=None)
        to_the_last_try()
        assert written_to() == []
        assert [one.failed for one in letters_of(opened)] == ["some"]
        assert last_event()["after"] == {"about": {**letters_of(opened)[0].about}, "failed": "some"}
        assert "refused an address" in DBTaskResult.objects.get().traceback

    def test_whose_letter_failed_comes_last_at_the_next_try(
        self, panel: Panel, opened: VotingRound, committed: Run, settings: Any
    ) -> None:
        settings.EMAIL_BACKEND = f"{__name__}.FailsForSome"
        reminders.announce_opening(voting_round=opened, by=panel.chair)
        stored = Mailing.objects.get()
        stored.outstanding.remove(panel.member.pk)
        waiting = [panel.member.pk, *stored.outstanding]
        Mailing.objects.update(outstanding=waiting)
        with mock.patch("etd.mail.FAULTS_IN_A_ROW", 1):
            work_off()
        assert written_to() == []
        assert Mailing.objects.get().outstanding == [*waiting[1:], panel.member.pk]
        with mock.patch("etd.mail.FAULTS_IN_A_ROW", 1), due_again():
            work_off()
        assert written_to() == emails(panel.chair, panel.colleague)

    def test_a_worker_killed_between_two_letters_is_followed_by_one_that_sends_the_rest(
        self, panel: Panel, opened: VotingRound, committed: Run
    ) -> None:
        sent = EmailMessage.send

        def killed(letter: EmailMessage, **options: Any) -> int:
            if mail.outbox:
                raise Killed
            return sent(letter, **options)

        reminders.announce_opening(voting_round=opened, by=panel.chair)
        job = DBTaskResult.objects.get()
        do: Any = mailings.letters_about_a_round.func
        with mock.patch.object(EmailMessage, "send", killed), pytest.raises(Killed):
            do(context(job), **job.args_kwargs["kwargs"])
        assert len(Mailing.objects.get().outstanding) == 2
        work_off()
        assert written_to() == emails(panel.chair, panel.member, panel.colleague)


class TestTheJobItselfCannotSaySo:
    """Its worker was killed, the database went away, its code has a fault: the page must not say “told”."""

    def is_said(self, opened: VotingRound) -> list[str]:
        """After two workers have looked."""
        Worker.objects.all().delete()
        work_off()
        work_off()
        assert Mailing.objects.get().given_up_at is not None
        assert AuditEvent.objects.filter(type="letters_not_sent").count() == 1
        return [one.failed for one in letters_of(opened)]

    def test_killed_at_the_last_try(self, panel: Panel, opened: VotingRound) -> None:
        reminders.announce_opening(voting_round=opened, by=panel.chair)
        Mailing.objects.update(any_sent=True)
        DBTaskResult.objects.update(
            status="RUNNING", started_at=timezone.now(), worker_ids=["gone"] * jobs.MOST_TRIES
        )
        assert self.is_said(opened) == ["some"]
        assert DBTaskResult.objects.get().status == "FAILED"

    def test_no_database_at_the_last_try(self, panel: Panel, opened: VotingRound) -> None:
        reminders.announce_opening(voting_round=opened, by=panel.chair)
        DBTaskResult.objects.update(worker_ids=["gone"] * (jobs.MOST_TRIES - 2))
        with mock.patch.object(mailings, "_send", side_effect=OperationalError):
            work_off()
            assert [one.failed for one in letters_of(opened)] == ["none"]
            with due_again():
                work_off()
        assert self.is_said(opened) == ["all"]

    def test_a_fault_in_the_code(self, panel: Panel, opened: VotingRound) -> None:
        reminders.announce_opening(voting_round=opened, by=panel.chair)
        with mock.patch.object(mailings, "_send", side_effect=ImportError):
            work_off()
        assert self.is_said(opened) == ["all"]

    def test_not_of_one_that_was_written_again(self, panel: Panel, opened: VotingRound) -> None:
        """The event would be read as being about the newer letter, which has gone."""
        reminders.remind(voting_round=opened, by=panel.chair)
        DBTaskResult.objects.update(status="FAILED", exception_class_path="builtins.ImportError")
        with mock.patch.object(timezone, "now", return_value=timezone.now() + reminders.BETWEEN_REMINDERS):
            reminders.remind(voting_round=opened, by=panel.chair)
        work_off()
        assert len(written_to()) == 3
        assert [one.failed for one in letters_of(opened)] == ["none", "none"]


class TestWhatHasBecomeNeedless:
    def waiting(self, panel: Panel, write: Callable[..., Any], voting_round: VotingRound) -> None:
        """A letter that could not be sent at the first try."""
        with mock.patch.object(EmailBackend, "open", side_effect=ConnectionRefusedError, create=True):
            write(voting_round=voting_round, by=panel.chair)
            work_off()

    def test_no_reminder_to_whoever_has_finished_meanwhile(self, panel: Panel, opened: VotingRound) -> None:
        self.waiting(panel, reminders.remind, opened)
        finish(opened, panel.member)
        with due_again():
            work_off()
        assert written_to() == emails(panel.chair, panel.colleague)

    def test_no_call_to_vote_in_a_round_that_is_over(self, panel: Panel, opened: VotingRound) -> None:
        self.waiting(panel, reminders.announce_opening, opened)
        rounds.close_round(voting_round=opened, by=panel.chair)
        with due_again():
            work_off()
        assert (written_to(), DBTaskResult.objects.get().status) == ([], "SUCCESSFUL")

    def test_no_closing_time_that_is_not_true_any_more(self, panel: Panel, opened: VotingRound) -> None:
        self.waiting(panel, reminders.announce_more_time, opened)
        assert opened.closes_at is not None
        rounds.extend_round(
            voting_round=opened, closes_at=opened.closes_at + timedelta(days=1), by=panel.chair
        )
        with due_again():
            work_off()
        assert written_to() == []


def test_a_job_about_a_round_holds_numbers_alone(panel: Panel, opened: VotingRound) -> None:
    reminders.remind(voting_round=opened, by=panel.chair)
    (job,) = DBTaskResult.objects.all()
    assert job.args_kwargs == {
        "args": [],
        "kwargs": {"guideline": panel.guideline.pk, "mailing": Mailing.objects.get().pk},
    }
    # By this name its row is kept from those who may not know of reminders.
    assert job.task_path == LETTERS_ABOUT_A_ROUND
    work_off()
    job.refresh_from_db()
    assert (job.return_value, job.traceback, Mailing.objects.get().outstanding) == (None, "", [])


def test_a_round_and_its_letters_are_stored_together(panel: Panel, monkeypatch: pytest.MonkeyPatch) -> None:
    """The machine stops between the two: neither is there."""
    monkeypatch.setattr(mailings, "post", mock.Mock(side_effect=Killed))
    with pytest.raises(Killed):
        reminders.open_and_tell(**examples.open_and_tell(panel))
    assert not VotingRound.objects.exists()
