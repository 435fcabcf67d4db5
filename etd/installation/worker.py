"""The worker: does the jobs of the queue, one after the other, and what is to be done every few minutes."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from enum import StrEnum
from typing import Any

from django.core.management import call_command
from django.db import DatabaseError, InterfaceError, close_old_connections, connections
from django_tasks import DEFAULT_TASK_BACKEND_ALIAS, TaskResultStatus
from django_tasks_db.management.commands.db_worker import Worker as TaskWorker
from django_tasks_db.models import DBTaskResult, get_date_max

from etd.actions import jobs, mailings
from etd.installation.database_away import is_away

logger = logging.getLogger(__name__)

SECONDS_BETWEEN_LOOKS = 1.0
SECONDS_BETWEEN_SIGNS = 10.0
SECONDS_BETWEEN_SEARCHES = 15.0
SECONDS_BETWEEN_ROUNDS = 5 * 60.0
SECONDS_WITHOUT_DATABASE = 5.0
SUCCEEDED_KEPT_DAYS, FAILED_KEPT_DAYS = 14, 90


class Until(StrEnum):
    """When a worker ends by itself."""

    STOPPED = "never"
    DONE = "nothing waits, not even for another try"
    NOTHING_IS_DUE = "nothing is due now"


def work_off() -> None:
    """Do what is due, in this process, and come back."""
    Work(until=Until.NOTHING_IS_DUE).run()


def _settle() -> None:
    """Of jobs that failed: the next try, or that there is none."""
    jobs.plan_next_tries()
    mailings.give_up_failed()


class _Hands(TaskWorker):
    """What must not wait until the queue is empty is done between two jobs."""

    def __init__(self, *, between_jobs: Callable[[], None], **options: Any) -> None:
        super().__init__(**options)
        self.between_jobs = between_jobs

    def run_task(self, db_task_result: DBTaskResult) -> None:
        super().run_task(db_task_result)
        _settle()
        if self.running:
            self.between_jobs()


class Work:
    """A worker's life. Two may run at once: each job is claimed by one of them."""

    def __init__(self, *, until: Until, name: str = "", rounds: bool = False) -> None:
        """`rounds`: do also what needs a timer, every five minutes."""
        self.until, self.rounds = until, rounds
        self.name = name or jobs.new_name()
        self.tasks = _Hands(
            between_jobs=self._look_around,
            queue_names=["*"],
            excluded_queue_names=[],
            interval=SECONDS_BETWEEN_LOOKS,
            batch=True,
            backend_name=DEFAULT_TASK_BACKEND_ALIAS,
            startup_delay=False,
            max_tasks=None,
            worker_id=self.name,
        )
        self._last: dict[str, float] = {}

    def run(self) -> None:
        """Returns when it is time to end; SIGTERM and SIGINT, once heard, let the job in hand be finished."""
        while True:
            with _signs_of_life(self.name):
                while not self._round_ends():
                    time.sleep(SECONDS_BETWEEN_LOOKS)
            # Whoever stored a job while this worker was still seen alive has started nobody else.
            if (
                self.until == Until.STOPPED
                or not self.tasks.running
                or not DBTaskResult.objects.ready().exists()
            ):
                return

    def _round_ends(self) -> bool:
        """One look at the queue. True: nothing more to do."""
        try:
            close_old_connections()
            self._look_around()
            if DBTaskResult.objects.ready().exists():
                self.tasks.run()
            return not self.tasks.running or not self._waits_for_more()
        except (DatabaseError, InterfaceError) as error:
            if self.until == Until.NOTHING_IS_DUE or not is_away(error):
                raise
            logger.warning("the database does not answer: %s", type(error).__name__)
            connections.close_all()
            time.sleep(SECONDS_WITHOUT_DATABASE)
            return not self.tasks.running

    def _look_around(self) -> None:
        """What is due by the clock, whatever the queue holds."""
        self._search()
        if self.rounds:
            self._do_rounds()

    def _search(self) -> None:
        if self._is_time("search", SECONDS_BETWEEN_SEARCHES):
            jobs.take_up(idle=self.name)
            _settle()

    def _waits_for_more(self) -> bool:
        if self.until == Until.STOPPED:
            return True
        waiting = DBTaskResult.objects.filter(status=TaskResultStatus.READY)
        return self.until == Until.DONE and waiting.filter(run_after__lt=get_date_max()).exists()

    def _do_rounds(self) -> None:
        """What else needs a timer. A fault in it must not keep jobs waiting."""
        if not self._is_time("rounds", SECONDS_BETWEEN_ROUNDS):
            return
        jobs.forget_workers()
        for command, options in (
            ("close_rounds", {}),
            ("send_reminders", {}),
            (
                "prune_db_task_results",
                {
                    "queue_name": "*",
                    "min_age_days": SUCCEEDED_KEPT_DAYS,
                    "failed_min_age_days": FAILED_KEPT_DAYS,
                    "verbosity": 0,
                },
            ),
        ):
            try:
                call_command(command, **options)
            except Exception as error:
                if is_away(error):
                    raise
                logger.exception("%s, which the worker runs every five minutes, failed", command)

    def _is_time(self, what: str, seconds: float) -> bool:
        now = time.monotonic()
        if now - self._last.get(what, float("-inf")) < seconds:
            return False
        self._last[what] = now
        return True


@contextmanager
def _signs_of_life(name: str) -> Iterator[None]:
    """While this lasts the others know that the worker lives, however long a job takes."""
    jobs.beat(name)
    over = threading.Event()
    thread = threading.Thread(target=_give_signs, args=(name, over), name="signs of life", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
        # Where the database is away, the row is found to be old a minute later.
        with suppress(DatabaseError):
            jobs.sign_off(name)


def _give_signs(name: str, over: threading.Event) -> None:
    try:
        while not over.wait(SECONDS_BETWEEN_SIGNS):
            try:
                jobs.beat(name)
            except DatabaseError as error:
                logger.warning("no sign of life could be given: %s", type(error).__name__)
                connections.close_all()
    finally:
        connections.close_all()
