"""What the installation holds at this moment, for `/metrics`: numbers only, in a handful of queries."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from django.conf import settings
from django.db import Error, connection
from django.db.models import Count, Q
from django.utils import timezone
from django_tasks import TaskResultStatus
from django_tasks_db.models import DBTaskResult
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from etd.installation import readiness
from etd.models import AuditEvent, VotingRound, Worker

_ALIVE = timedelta(minutes=1)


class State(Collector):
    """Where the database does not answer, `openetd_database_up` is 0 and what needs it is left out."""

    def describe(self) -> list[Metric]:
        return []

    def collect(self) -> Iterator[Metric]:
        info = GaugeMetricFamily(
            "openetd_info", "1; its labels say what runs.", labels=["version", "database"]
        )
        info.add_metric([settings.VERSION, connection.vendor], 1)
        yield info
        try:
            with readiness.short_of_patience(connection):
                found = list(_stored())
        except Error:
            if not connection.in_atomic_block:
                connection.close()
            found = []
        yield GaugeMetricFamily("openetd_database_up", "1 where the database answers.", value=bool(found))
        yield from found
        yield GaugeMetricFamily(
            "openetd_disk_free_bytes", "Free space where DATA_DIR lies.", value=_free_bytes()
        )


def _stored() -> Iterator[Metric]:
    yield GaugeMetricFamily("openetd_database_bytes", "Size of the database.", value=_database_bytes())
    yield GaugeMetricFamily(
        "openetd_open_rounds",
        "Voting rounds that are open.",
        value=VotingRound.objects.filter(closed_at__isnull=True).count(),
    )
    newest = AuditEvent.objects.order_by("-pk").values_list("at", flat=True).first()
    if newest is not None:
        yield GaugeMetricFamily(
            "openetd_newest_audit_event_timestamp_seconds",
            "When something was last written down in an audit trail; time() minus it is the age.",
            value=newest.timestamp(),
        )
    of = {
        "waiting": TaskResultStatus.READY,
        "running": TaskResultStatus.RUNNING,
        "failed": TaskResultStatus.FAILED,
    }
    counted = DBTaskResult.objects.aggregate(
        **{name: Count("pk", filter=Q(status=status)) for name, status in of.items()}
    )
    jobs = GaugeMetricFamily("openetd_jobs", "Jobs of the queue, by their state.", labels=["state"])
    for name in of:
        jobs.add_metric([name], counted[name])
    yield jobs
    yield GaugeMetricFamily(
        "openetd_workers",
        "Workers that gave a sign of life within a minute.",
        value=Worker.objects.filter(seen_at__gt=timezone.now() - _ALIVE).count(),
    )


def _database_bytes() -> int:
    query = (
        "SELECT pg_database_size(current_database())"
        if connection.vendor == "postgresql"
        else "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()"
    )
    with connection.cursor() as cursor:
        cursor.execute(query)
        return int(cursor.fetchone()[0])


def _free_bytes() -> int:
    folder = Path(settings.DATA_DIR)
    return shutil.disk_usage(folder).free if folder.is_dir() else 0
