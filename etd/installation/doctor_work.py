"""Examinations of what has to happen by itself: jobs, the close of rounds, backups; and of who looks after the site."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning
from django.db import connection
from django.db.models import Q
from django.utils import timezone
from django_tasks_db.models import DBTaskResult, get_date_max

from etd.actions import jobs
from etd.installation import backup_file
from etd.installation.backup_file import Manifest, NotABackup
from etd.installation.backups import default_folder, is_of
from etd.installation.doctor import Area, examination, is_public
from etd.models import Guideline, User, VotingRound, Worker

WAITS_TOO_LONG = timedelta(minutes=15)
CLOSE_IS_LATE = timedelta(hours=1)
BACKUP_IS_OLD = timedelta(hours=26)


@examination(Area.PEOPLE)
def examine_administrators() -> Iterator[CheckMessage]:
    administrators = User.objects.filter(is_active=True, is_superuser=True)
    if not administrators.exists():
        kind = Warning if Guideline.objects.exists() else Error
        yield kind(
            "There is no administrator: nobody can begin a guideline.",
            hint="./openetd manage createsuperuser",
            id="installation.no_administrator",
        )
    without = administrators.exclude(totpdevice__confirmed=True).count()
    if is_public() and without:
        yield Warning(
            f"Administrators without one-time codes: {without}. Their password alone opens every account.",
            hint="Let them set up codes on the page of their account.",
            id="installation.administrator_without_codes",
        )


@examination(Area.JOBS)
def examine_jobs() -> Iterator[CheckMessage]:
    now = timezone.now()
    if settings.JOBS == "worker" and not jobs.somebody_works():
        seen = Worker.objects.order_by("-seen_at").values_list("seen_at", flat=True).first()
        last = f"the last sign of life was at {seen:%Y-%m-%d %H:%M} UTC" if seen else "none was ever seen"
        yield Error(
            f"OPENETD_JOBS is worker, and no worker lives: {last}. No letter is sent and no book made.",
            hint="Start it: python manage.py work (or the service `worker` of docker compose).",
            id="installation.no_worker",
        )
    late = now - WAITS_TOO_LONG
    waiting = (
        DBTaskResult.objects.ready()
        .filter(Q(run_after=get_date_max(), enqueued_at__lt=late) | Q(run_after__lt=late))
        .count()
    )
    if waiting:
        yield Error(
            f"Jobs that have waited for more than a quarter of an hour: {waiting}.",
            hint="python manage.py work --once does what is due, and says what hinders it (docs/jobs.md).",
            id="installation.jobs_wait",
        )
    failed = DBTaskResult.objects.failed().count()
    if failed:
        yield Warning(
            f"Jobs that have failed: {failed}.",
            hint="An administrator sees them at /jobs/, with the reason and a button to try again.",
            id="installation.jobs_failed",
        )


@examination(Area.JOBS)
def examine_rounds() -> Iterator[CheckMessage]:
    late = VotingRound.objects.filter(
        closed_at__isnull=True, closes_at__lt=timezone.now() - CLOSE_IS_LATE
    ).count()
    if late:
        yield Warning(
            f"Voting rounds whose time was up an hour ago and whose close is not written down: {late}.",
            hint="Let a timer run python manage.py work --once every five minutes, or run a worker (docs/jobs.md).",
            id="installation.rounds_late",
        )


@examination(Area.BACKUPS)
def examine_backups() -> Iterator[CheckMessage]:
    folder = default_folder()
    newest = newest_backup(folder)
    if newest is None:
        yield Warning(
            f"There is no backup of this site in {folder}.",
            hint="python manage.py backup --keep, hourly by a timer. Kept elsewhere? Set OPENETD_BACKUP_DIR.",
            id="installation.no_backup",
        )
        return
    age = timezone.now() - newest.made_at
    if age > BACKUP_IS_OLD:
        yield Warning(
            f"The newest backup in {folder} is {age.days * 24 + age.seconds // 3600} hours old.",
            hint="Look at the timer that runs python manage.py backup --keep, and at what it said.",
            id="installation.old_backup",
        )
    if newest.faults:
        yield Error(
            f"The newest backup says that what is stored has faults: {newest.faults[0]}",
            hint="Keep every backup that is there, and see what verify_chain and verify_versions say.",
            id="installation.backup_of_faults",
        )


def newest_backup(folder: Path) -> Manifest | None:
    """What the newest readable backup of this site's database says of itself; those before a migration are no habit."""
    if not folder.is_dir():
        return None
    for path in sorted(folder.iterdir(), reverse=True):
        if backup_file.NAME.fullmatch(path.name) and path.is_file():
            try:
                manifest = backup_file.manifest_of(path)
            except (NotABackup, OSError):
                continue
            if is_of(connection, manifest):
                return manifest
    return None
