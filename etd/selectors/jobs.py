"""The jobs of the queue as people see them: what it is, how far it has come, and why it is not done."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.utils import timezone
from django.utils.module_loading import import_string
from django_tasks import TaskResultStatus
from django_tasks_db.models import DBTaskResult, get_date_max

from etd.domain.paging import Page, page_of
from etd.jobs import GAVE_UP, GONE_AFTER, LETTERS, LETTERS_ABOUT_A_ROUND, STOPPED_EACH_TIME, TRY_AGAIN
from etd.models import Guideline, Worker

OF_OUR_OWN = {TRY_AGAIN, GAVE_UP}
STOPPED = {"builtins.SystemExit", "builtins.KeyboardInterrupt"}
DATABASE_AWAY = {
    f"django.db.utils.{name}" for name in ("DatabaseError", "OperationalError", "InterfaceError")
}


@dataclass(frozen=True)
class JobView:
    """`state` is a key for the look of it, `state_label` its words; `next_try` is there where it waits for one."""

    id: UUID
    name: str
    state: str
    state_label: str
    n_tries: int
    since: datetime
    next_try: datetime | None
    problem: str

    @property
    def is_failed(self) -> bool:
        return self.state == "failed"


@dataclass(frozen=True)
class JobsView:
    """A page of the jobs, those that are not done first, then the newest; what waits and has failed counts all."""

    page: Page
    jobs: tuple[JobView, ...]
    n_waiting: int
    n_failed: int


@dataclass(frozen=True)
class WorkersView:
    """Who does jobs here: what the settings say, how many workers live, and when one last gave a sign of life."""

    mode: str
    n_alive: int
    last_seen: datetime | None

    @property
    def is_missing(self) -> bool:
        """Should there be a worker, and is there none?"""
        return self.mode == "worker" and not self.n_alive


def all_jobs(page: str = "") -> JobsView:
    """Of the whole site, for its administrators: kinds and states, nothing of what is in them.

    Why a book could not be rendered is for its guideline's people: the reason may name files of theirs.
    """
    return _view(DBTaskResult.objects.all(), page, tells_contents=False)


def jobs_of(guideline: Guideline, *, sees_letters_of_rounds: bool, page: str = "") -> JobsView:
    """Of one guideline. That there is a letter about a round tells of a reminder, which is for chairs alone."""
    jobs = DBTaskResult.objects.filter(args_kwargs__kwargs__guideline=guideline.pk)
    if not sees_letters_of_rounds:
        jobs = jobs.exclude(task_path=LETTERS_ABOUT_A_ROUND)
    return _view(jobs, page, tells_contents=True)


def workers() -> WorkersView:
    alive_since = timezone.now() - GONE_AFTER
    seen = list(Worker.objects.order_by("-seen_at").values_list("seen_at", flat=True))
    return WorkersView(
        mode=settings.JOBS,
        n_alive=sum(moment > alive_since for moment in seen),
        last_seen=seen[0] if seen else None,
    )


def _view(jobs: Iterable[DBTaskResult], page: str, *, tells_contents: bool) -> JobsView:
    """In one query: results are removed after their time, so there are never many."""
    found = sorted(
        jobs, key=lambda job: (job.status == TaskResultStatus.SUCCESSFUL, -job.enqueued_at.timestamp())
    )
    states = [job.status for job in found]
    shown = page_of(len(found), page)
    return JobsView(
        page=shown,
        jobs=tuple(_job(job, tells_contents) for job in found[shown.start : shown.stop]),
        n_waiting=states.count(TaskResultStatus.READY) + states.count(TaskResultStatus.RUNNING),
        n_failed=states.count(TaskResultStatus.FAILED),
    )


def _job(job: DBTaskResult, tells_contents: bool) -> JobView:
    state, label = _state(job)
    return JobView(
        id=job.pk,
        name=_name(job.task_path),
        state=state,
        state_label=label,
        n_tries=len(job.worker_ids),
        since=job.enqueued_at,
        next_try=job.run_after if state == "later" and job.run_after != get_date_max() else None,
        problem="" if state == "done" else _problem(job, tells_contents),
    )


def _state(job: DBTaskResult) -> tuple[str, str]:
    if job.status == TaskResultStatus.READY:
        return ("later", "Waits for another try") if job.worker_ids else ("waiting", "Waits to begin")
    if job.status == TaskResultStatus.RUNNING:
        return "running", "Being done"
    return ("done", "Done") if job.status == TaskResultStatus.SUCCESSFUL else ("failed", "Not done")


def _name(path: str) -> str:
    """What the job's own function says it does."""
    try:
        return (import_string(path).func.__doc__ or "").strip() or path
    except (ImportError, AttributeError):
        return "A job of another release"


def _problem(job: DBTaskResult, tells_contents: bool) -> str:
    """Why the last try did not succeed, in plain words; a traceback is for the log alone."""
    kind = job.exception_class_path
    if kind in OF_OUR_OWN:
        said = job.traceback.strip().rpartition("\n")[2].partition(": ")[2]
        is_ours = job.task_path in LETTERS or said == STOPPED_EACH_TIME
        return said if tells_contents or is_ours else "Could not be rendered."
    if kind in STOPPED:
        return "The worker was stopped while it did this."
    if kind in DATABASE_AWAY:
        return "The database did not answer."
    if kind:
        return "Something went wrong. The site’s log says what."
    return "Its worker was stopped while it did this." if len(job.worker_ids) > 1 else ""
