"""The queue: jobs are stored with their cause, done once, tried again with growing waits, and taken up again."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Iterator
from datetime import datetime, timedelta
from threading import Lock
from typing import Any
from unittest import mock

import pytest
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command
from django.db import OperationalError, transaction
from django.utils import timezone
from django_tasks import task
from django_tasks_db.models import DBTaskResult, get_date_max
from pytest_django import DjangoCaptureOnCommitCallbacks

from config.settings import jobs as jobs_setting
from documents.actions.books import book_of_a_guideline
from etd.actions import jobs
from etd.actions.errors import Refused
from etd.actions.invitations import letter_of_invitation
from etd.actions.mailings import letters_about_a_round
from etd.installation.requests import RequestMiddleware
from etd.installation.worker import Until, Work, work_off
from etd.jobs import STOPPED_EACH_TIME
from etd.models import AuditEvent, Worker
from tests import factories as f

pytestmark = pytest.mark.django_db

done: list[int] = []
problems: list[BaseException] = []
seen: list[list[str]] = []


@pytest.fixture(autouse=True)
def _nothing_done_yet() -> None:
    done.clear()
    problems.clear()
    seen.clear()


@pytest.fixture(autouse=True)
def timers() -> Iterator[mock.Mock]:
    """What would be done a minute later, in a thread."""
    with mock.patch.object(threading, "Timer") as made, mock.patch.object(jobs, "_timer_is_set", Lock()):
        yield made


@task
def note_it(*, guideline: int) -> None:
    """Note it"""
    if problems:
        raise problems[0]
    done.append(guideline)


@task
def look(*, guideline: int) -> None:
    """See how the others stand"""
    seen.append(list(DBTaskResult.objects.filter(priority=1).values_list("status", flat=True)))


def stored() -> DBTaskResult:
    return DBTaskResult.objects.get()


def at(moment: datetime) -> Any:
    return mock.patch.object(timezone, "now", return_value=moment)


class TestStoring:
    def test_a_job_goes_with_what_causes_it(self) -> None:
        with transaction.atomic():
            jobs.put_off(note_it, guideline=1)
            transaction.set_rollback(True)
        assert not DBTaskResult.objects.exists()

    def test_it_is_done_after_the_commit_and_once(
        self, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
    ) -> None:
        with django_capture_on_commit_callbacks(execute=True):
            jobs.put_off(note_it, guideline=7)
            assert done == []
        assert done == [7]
        work_off()
        assert done == [7]
        assert stored().status == "SUCCESSFUL"
        assert not Worker.objects.exists()


class TestWhoDoesThem:
    def test_a_worker_where_there_is_one(self, settings: Any) -> None:
        settings.JOBS = "worker"
        note_it.enqueue(guideline=1)
        jobs.begin()
        assert (done, stored().status) == ([], "READY")

    def test_a_process_of_its_own_and_no_second_one_beside_it(self, settings: Any) -> None:
        settings.JOBS = "process"
        note_it.enqueue(guideline=1)
        with mock.patch.object(subprocess, "Popen") as started:
            jobs.begin()
            jobs.begin()
        (call,) = started.call_args_list
        name = Worker.objects.get().name
        assert call.args[0][2:] == ["work", "--until-done", "--name", name]
        assert call.kwargs["start_new_session"]
        assert done == []
        Worker.objects.update(seen_at=timezone.now() - timedelta(minutes=2))
        with mock.patch.object(subprocess, "Popen") as started:
            jobs.begin()
        assert started.call_count == 1

    def test_the_request_itself_where_no_process_may_be_started(
        self, settings: Any, caplog: pytest.LogCaptureFixture
    ) -> None:
        settings.JOBS = "process"
        note_it.enqueue(guideline=3)
        with mock.patch.object(subprocess, "Popen", side_effect=PermissionError):
            jobs.begin()
        assert done == [3]
        assert "no process could be started for jobs: PermissionError" in caplog.text
        assert not Worker.objects.exists()

    @pytest.mark.parametrize(
        ("value", "means"), [("", "process"), ("worker", "worker"), ("request", "request")]
    )
    def test_the_variable(self, value: str, means: str) -> None:
        assert jobs_setting(value) == means

    def test_another_word_is_refused(self) -> None:
        with pytest.raises(ImproperlyConfigured, match="must be process, worker or request, not 'celery'"):
            jobs_setting("celery")


class TestNobodyIsLeft:
    """A process that was started for jobs has been killed, or the machine was restarted; no further job comes."""

    def a_minute_passes(self, timers: mock.Mock) -> int:
        """How many processes what was to be done then has started."""
        (_, then), _ = timers.call_args
        timers.reset_mock()
        Worker.objects.update(seen_at=timezone.now() - timedelta(seconds=61))
        # The test's own connection, which is not the thread's to close.
        with mock.patch.object(subprocess, "Popen") as started, mock.patch.object(jobs, "connection"):
            then()
        return started.call_count

    def test_after_a_worker_was_killed(self, settings: Any, timers: mock.Mock) -> None:
        settings.JOBS = "process"
        f.worker(name="gone", seen_at=timezone.now())
        note_it.enqueue(guideline=1)
        DBTaskResult.objects.update(status="RUNNING", started_at=timezone.now(), worker_ids=["gone"])
        jobs.begin()
        jobs.begin()
        timers.assert_called_once_with(61.0, mock.ANY)
        assert timers.return_value.daemon is True
        assert self.a_minute_passes(timers) == 1
        assert self.a_minute_passes(timers) == 1
        DBTaskResult.objects.update(status="SUCCESSFUL")
        assert (self.a_minute_passes(timers), timers.call_count) == (0, 0)

    def test_after_the_machine_was_restarted(self, settings: Any, timers: mock.Mock) -> None:
        settings.JOBS = "process"
        note_it.enqueue(guideline=1)
        # What a web process does before its first request.
        RequestMiddleware(mock.Mock())
        assert self.a_minute_passes(timers) == 1

    def test_it_is_looked_again_when_the_database_is_back(
        self, settings: Any, timers: mock.Mock, caplog: pytest.LogCaptureFixture
    ) -> None:
        settings.JOBS = "process"
        note_it.enqueue(guideline=1)
        jobs.look_later()
        with mock.patch.object(jobs, "begin", side_effect=OperationalError):
            assert self.a_minute_passes(timers) == 0
        assert "nobody could look for jobs that lie undone: OperationalError" in caplog.text
        assert self.a_minute_passes(timers) == 1

    @pytest.mark.parametrize("mode", ["worker", "request"])
    def test_no_timer_where_no_process_is_started(self, settings: Any, timers: mock.Mock, mode: str) -> None:
        settings.JOBS = mode
        jobs.begin()
        RequestMiddleware(mock.Mock())
        assert timers.call_count == 0


class TestALongQueue:
    def test_letters_come_before_books(self) -> None:
        order: list[str] = []
        for job in (book_of_a_guideline, letter_of_invitation, letters_about_a_round):
            DBTaskResult.objects.create(
                task_path=job.module_path,
                args_kwargs={"args": [], "kwargs": {}},
                backend_name="default",
                priority=job.priority,
                run_after=get_date_max(),
            )
        with mock.patch(
            "django_tasks_db.management.commands.db_worker.Worker.run_task",
            side_effect=lambda job: order.append(job.task_path),
        ):
            work_off()
        assert order == [
            letter_of_invitation.module_path,
            letters_about_a_round.module_path,
            book_of_a_guideline.module_path,
        ]

    def test_what_needs_a_timer_is_done_between_two_jobs(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("etd.installation.worker.SECONDS_BETWEEN_ROUNDS", 0.0)
        for number in (1, 2):
            note_it.enqueue(guideline=number)
        before: list[list[int]] = []

        def rounds(command: str, **options: Any) -> None:
            if command == "close_rounds":
                before.append(list(done))

        with mock.patch("etd.installation.worker.call_command", side_effect=rounds):
            Work(until=Until.NOTHING_IS_DUE, rounds=True).run()
        assert before[:3] == [[], [1], [1, 2]]


class TestTryingAgain:
    def test_after_growing_waits_until_it_is_given_up(self, caplog: pytest.LogCaptureFixture) -> None:
        problems.append(jobs.TryAgain("The mail server could not be reached."))
        note_it.enqueue(guideline=1)
        moment, waits = timezone.now(), []
        for _ in range(jobs.MOST_TRIES):
            with at(moment):
                work_off()
            if stored().status == "FAILED":
                break
            waits.append((stored().run_after - moment).total_seconds() / 60)
            with at(stored().run_after - timedelta(seconds=1)):
                work_off()
            moment = stored().run_after
        assert waits == [1, 5, 30, 120]
        assert (stored().status, len(stored().worker_ids)) == ("FAILED", 5)
        with at(moment + timedelta(days=3)):
            work_off()
        assert len(stored().worker_ids) == 5
        assert caplog.text.count("The mail server could not be reached.") == 5

    def test_its_next_time_is_known_before_the_queue_is_empty(self) -> None:
        """Else pages would tell of a failure while a long job is being done."""
        problems.append(jobs.TryAgain("Not now."))
        note_it.using(priority=1).enqueue(guideline=1)
        look.enqueue(guideline=2)
        work_off()
        assert seen == [["READY"]]

    def test_it_succeeds_when_what_was_wrong_is_over(self) -> None:
        problems.append(jobs.TryAgain("Not now."))
        note_it.enqueue(guideline=1)
        work_off()
        problems.clear()
        with at(timezone.now() + timedelta(minutes=2)):
            work_off()
        assert (done, stored().status, stored().traceback) == ([1], "SUCCESSFUL", "")

    @pytest.mark.parametrize(
        ("problem", "status"),
        [
            (OperationalError("away"), "READY"),
            (SystemExit(1), "READY"),
            (KeyboardInterrupt(), "READY"),
            (jobs.GaveUp("No."), "FAILED"),
            (KeyError("x"), "FAILED"),
        ],
    )
    def test_what_is_tried_again_by_itself(self, problem: BaseException, status: str) -> None:
        problems.append(problem)
        note_it.enqueue(guideline=1)
        work_off()
        assert (stored().status, done) == (status, [])

    def test_somebody_tries_a_failed_one_again_with_all_its_tries(
        self, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
    ) -> None:
        problems.append(jobs.GaveUp("No."))
        note_it.enqueue(guideline=4)
        work_off()
        by = f.user()
        problems.clear()
        with django_capture_on_commit_callbacks(execute=True):
            jobs.try_again(job=stored().pk, by=by)
        assert (done, stored().status, len(stored().worker_ids)) == ([4], "SUCCESSFUL", 1)
        event = AuditEvent.objects.get()
        assert (event.type, event.subject, event.actor_name) == ("job_tried_again", str(stored().pk), str(by))
        with pytest.raises(Refused, match="not waiting for another try"):
            jobs.try_again(job=stored().pk, by=by)


class TestAWorkerThatIsGone:
    def running(self, *, name: str = "gone", n_tries: int = 1) -> DBTaskResult:
        note_it.enqueue(guideline=1)
        DBTaskResult.objects.update(status="RUNNING", started_at=timezone.now(), worker_ids=[name] * n_tries)
        return stored()

    def test_its_job_is_taken_up(self) -> None:
        self.running()
        work_off()
        assert (done, len(stored().worker_ids)) == ([1], 2)

    def test_not_while_it_gives_signs_of_life(self) -> None:
        self.running(name="alive")
        f.worker(name="alive", seen_at=timezone.now())
        assert jobs.take_up(idle="another") == 0
        Worker.objects.update(seen_at=timezone.now() - timedelta(seconds=61))
        assert jobs.take_up(idle="another") == 1
        assert stored().status == "READY"

    def test_one_whose_end_its_own_worker_could_not_note_is_begun_again(self) -> None:
        """The database went away in the middle and has come back: the worker is there, the job is in nobody's hand."""
        self.running(name="alive")
        f.worker(name="alive", seen_at=timezone.now())
        assert jobs.take_up(idle="alive") == 1
        assert stored().status == "READY"

    def test_not_when_another_was_quicker(self) -> None:
        as_read = self.running()
        DBTaskResult.objects.update(started_at=timezone.now() + timedelta(seconds=1))
        assert (jobs._give_back(as_read), stored().status) == (0, "RUNNING")

    def test_a_job_that_ends_every_worker_is_given_up(self) -> None:
        self.running(n_tries=jobs.MOST_TRIES)
        work_off()
        assert (done, stored().status, stored().exception_class_path) == ([], "FAILED", jobs.GAVE_UP)
        assert stored().traceback.endswith(STOPPED_EACH_TIME)

    def test_it_is_forgotten_after_a_day(self) -> None:
        f.worker(seen_at=timezone.now() - timedelta(hours=25))
        kept = f.worker(seen_at=timezone.now() - timedelta(hours=23))
        jobs.forget_workers()
        assert list(Worker.objects.all()) == [kept]


class TestTheCommand:
    @pytest.fixture(autouse=True)
    def _no_signals(self) -> Any:
        with mock.patch("django_tasks_db.management.commands.db_worker.Worker.configure_signals"):
            yield

    def test_once_does_what_is_due_and_what_needs_a_timer(self) -> None:
        note_it.enqueue(guideline=5)
        ran: list[str] = []
        with mock.patch(
            "etd.installation.worker.call_command", side_effect=lambda name, **_: ran.append(name)
        ):
            call_command("work", "--once")
        assert done == [5]
        assert ran == ["close_rounds", "send_reminders", "prune_db_task_results"]

    def test_until_done_does_the_jobs_alone(self) -> None:
        note_it.enqueue(guideline=6)
        with mock.patch("etd.installation.worker.call_command") as ran:
            call_command("work", "--until-done")
        assert (done, ran.call_count) == ([6], 0)

    def test_a_fault_of_the_timer_keeps_no_job_waiting(self, caplog: pytest.LogCaptureFixture) -> None:
        note_it.enqueue(guideline=5)
        with mock.patch("etd.installation.worker.call_command", side_effect=KeyError("x")):
            call_command("work", "--once")
        assert done == [5]
        assert "send_reminders, which the worker runs every five minutes, failed" in caplog.text

    def test_old_results_go_after_their_time(self) -> None:
        for days, status in ((13, "SUCCESSFUL"), (15, "SUCCESSFUL"), (89, "FAILED"), (91, "FAILED")):
            one = note_it.enqueue(guideline=days)
            DBTaskResult.objects.filter(pk=one.id).update(
                status=status, finished_at=timezone.now() - timedelta(days=days)
            )
        call_command("work", "--once")
        left = {one.args_kwargs["kwargs"]["guideline"] for one in DBTaskResult.objects.all()}
        assert left == {13, 89}

    def test_a_database_without_the_tables_of_this_release_is_named(self) -> None:
        waiting = mock.patch(
            "etd.management.commands.work.waiting_migrations", return_value=["etd.0001_initial"]
        )
        with waiting, pytest.raises(CommandError, match=r"1 migrations wait.*Run manage.py migrate"):
            call_command("work", "--once")

    def test_a_name_that_could_be_something_else_is_refused(self) -> None:
        with pytest.raises(CommandError, match="up to 64 letters"):
            call_command("work", "--once", "--name", "a b")


def test_these_tests_do_jobs_in_the_request() -> None:
    assert settings.JOBS == "request"
