"""The queue of jobs: what actions put off, who does it, and what becomes of a job that did not succeed.

A job is a task of django-tasks, stored in the transaction that causes it. Its arguments are numbers of rows, nothing
else, and always the guideline's. A job may be done twice: it has to find out for itself what is left to do.
"""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import threading
from datetime import timedelta
from secrets import token_hex
from typing import Any, NoReturn
from uuid import UUID

from django.conf import settings
from django.db import DatabaseError, InterfaceError, connection, transaction
from django.utils import timezone
from django_tasks import TaskContext, TaskResultStatus
from django_tasks.base import Task
from django_tasks_db.models import DBTaskResult, get_date_max

from etd.actions import audit
from etd.actions.errors import Refused
from etd.jobs import GAVE_UP, GONE_AFTER, STOPPED_EACH_TIME, TRY_AGAIN, GaveUp, TryAgain
from etd.models import User, Worker

logger = logging.getLogger(__name__)

# Before the second, third, fourth and fifth try; after that a job has failed until somebody tries it again.
WAITS = (timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=30), timedelta(hours=2))
MOST_TRIES = len(WAITS) + 1
UNDONE = (TaskResultStatus.READY, TaskResultStatus.RUNNING)
FORGET_WORKERS_AFTER = timedelta(days=1)
# The second signal to end a worker, and a database that is away, say nothing about the job.
TRIED_AGAIN = (
    TRY_AGAIN,
    "builtins.SystemExit",
    "builtins.KeyboardInterrupt",
    "django.db.utils.DatabaseError",
    "django.db.utils.OperationalError",
    "django.db.utils.InterfaceError",
)

_timer_is_set = threading.Lock()


def put_off(job: Task[..., Any], **numbers: int) -> None:
    """Store a job with what causes it: both are there, or neither. It begins once that is committed."""
    job.enqueue(**numbers)
    transaction.on_commit(begin, robust=True)


def begin() -> None:
    """See to it that what is stored gets done: by the worker, by a process of its own, or here and now."""
    if settings.JOBS == "worker":
        return
    look_later()
    if settings.JOBS == "process" and (somebody_works() or _begin_process()):
        return
    from etd.installation.worker import work_off  # noqa: PLC0415 -- it imports this module

    work_off()


def look_later() -> None:
    """Where processes are started for jobs: see to it in a minute that nothing lies undone. One timer a process.

    Whoever was found at work may have been killed, and after a restart of the machine nobody is there at all.
    """
    if settings.JOBS == "process" and _timer_is_set.acquire(blocking=False):
        timer = threading.Timer(GONE_AFTER.total_seconds() + 1, _look_from_a_thread)
        timer.daemon = True
        timer.start()


def _look_from_a_thread() -> None:
    _timer_is_set.release()
    try:
        look()
    except (DatabaseError, InterfaceError) as error:
        logger.warning("nobody could look for jobs that lie undone: %s", type(error).__name__)
        look_later()
    finally:
        connection.close()


def look() -> None:
    """Begin what lies undone, as long as anything does."""
    if settings.JOBS == "process" and DBTaskResult.objects.filter(status__in=UNDONE).exists():
        begin()


def somebody_works() -> bool:
    """Has any worker given a sign of life within the last minute?"""
    return Worker.objects.filter(seen_at__gt=timezone.now() - GONE_AFTER).exists()


def _begin_process() -> bool:
    """A process that outlives the request; False where none may be started.

    Its first sign of life is given here: the next request must not start a second one meanwhile. It prints where this
    process does: in a local run that is where the letters are read.
    """
    name = new_name()
    beat(name)
    try:
        subprocess.Popen(
            [sys.executable, str(settings.BASE_DIR / "manage.py"), "work", "--until-done", "--name", name],
            stdin=subprocess.DEVNULL,
            env=os.environ.copy(),
            start_new_session=True,
        )
    except OSError as error:
        logger.warning("no process could be started for jobs: %s", type(error).__name__)
        sign_off(name)
        return False
    return True


def new_name() -> str:
    return token_hex(16)


def beat(name: str) -> None:
    """A sign of life of the worker with this name."""
    now = timezone.now()
    if not Worker.objects.filter(name=name).update(seen_at=now):
        Worker.objects.create(name=name, began_at=now, seen_at=now)


def sign_off(name: str) -> None:
    Worker.objects.filter(name=name).delete()


def forget_workers() -> None:
    Worker.objects.filter(seen_at__lt=timezone.now() - FORGET_WORKERS_AFTER).delete()


def take_up(*, idle: str) -> int:
    """Give back to the queue what workers had begun that are gone; how many jobs that were.

    `idle` is the worker that asks: it has no job in hand, so one that stands in its name is one that it could not
    note the end of.
    """
    seen = Worker.objects.filter(seen_at__gt=timezone.now() - GONE_AFTER).exclude(name=idle)
    alive = set(seen.values_list("name", flat=True))
    lost = [one for one in DBTaskResult.objects.running() if not alive & set(one.worker_ids[-1:])]
    return sum(_give_back(one) for one in lost)


def _give_back(job: DBTaskResult) -> int:
    """Only as it was read: another worker may have been quicker."""
    as_read = DBTaskResult.objects.running().filter(pk=job.pk, started_at=job.started_at)
    if len(job.worker_ids) < MOST_TRIES:
        return as_read.update(status=TaskResultStatus.READY, run_after=timezone.now())
    return as_read.update(
        status=TaskResultStatus.FAILED,
        finished_at=timezone.now(),
        exception_class_path=GAVE_UP,
        traceback=f"{GAVE_UP}: {STOPPED_EACH_TIME}",
    )


def plan_next_tries() -> None:
    """Give every failed job that may succeed later its next time, while it has tries left."""
    for job in DBTaskResult.objects.failed().filter(exception_class_path__in=TRIED_AGAIN):
        if has_tries_left(job):
            DBTaskResult.objects.failed().filter(pk=job.pk, finished_at=job.finished_at).update(
                status=TaskResultStatus.READY,
                run_after=(job.finished_at or timezone.now()) + WAITS[max(len(job.worker_ids) - 1, 0)],
            )


def has_tries_left(job: DBTaskResult) -> bool:
    """Is a failed job tried again by itself?"""
    return job.exception_class_path in TRIED_AGAIN and len(job.worker_ids) < MOST_TRIES


def is_last_try(context: TaskContext) -> bool:
    return context.attempt >= MOST_TRIES


def not_done(context: TaskContext, problem: str) -> NoReturn:
    """Raises TryAgain with this problem, GaveUp at the last try."""
    raise (GaveUp if is_last_try(context) else TryAgain)(problem) from None


def try_again(*, job: UUID, by: User) -> None:
    """Begin a failed job anew, with all its tries. Raises Refused where it has not failed, or is not there any more."""
    with transaction.atomic():
        again = (
            DBTaskResult.objects.failed()
            .filter(pk=job)
            .update(status=TaskResultStatus.READY, run_after=get_date_max(), worker_ids=[], finished_at=None)
        )
        if not again:
            raise Refused("This job is not waiting for another try: look at its state again.")
        audit.record(type="job_tried_again", subject=str(job), at=timezone.now(), by=by)
        transaction.on_commit(begin, robust=True)
