"""What is counted of requests and renders, in Prometheus' text format. docs/operating.md lists it.

Labels are names of routes, methods, statuses and outcomes of ours, never what somebody typed. Under gunicorn the
processes count together (`metrics_files`), and whoever does jobs with them; elsewhere each counts for itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest, values
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from etd.installation import metrics_files

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

if metrics_files.are_together():
    values.ValueClass = values.MultiProcessValue(metrics_files.name_of_this_process)
_registry = CollectorRegistry()
_REQUESTS = Counter(
    "openetd_requests", "Answered requests.", ["route", "method", "status"], registry=_registry
)
_SECONDS = Histogram(
    "openetd_request_seconds",
    "Seconds until the answer was ready.",
    ["route"],
    buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
    registry=_registry,
)
_NOT_SAVED = Counter(
    "openetd_not_saved", "Requests whose change the database did not take.", registry=_registry
)
_CONFLICTS = Counter(
    "openetd_conflicts",
    "Changes that were refused because of the state of things, mostly another one's edit.",
    registry=_registry,
)
_SIGN_INS = Counter(
    "openetd_sign_ins", "Attempts to sign in: given, failed or locked.", ["outcome"], registry=_registry
)
_RENDERS = Counter(
    "openetd_pdf_renders", "Documents that were rendered as PDF.", ["outcome"], registry=_registry
)
_RENDER_SECONDS = Histogram(
    "openetd_pdf_render_seconds",
    "Seconds that a PDF took, waiting for its turn included.",
    buckets=(0.5, 1, 2, 5, 10, 20, 45, 120, 600, 1800),
    registry=_registry,
)


def answered(*, route: str, method: str, status: int, seconds: float) -> None:
    _REQUESTS.labels(route=route, method=method, status=f"{status // 100}xx").inc()
    if route != "static":
        _SECONDS.labels(route=route).observe(seconds)
    if status == 409:
        _CONFLICTS.inc()


def not_saved() -> None:
    _NOT_SAVED.inc()


def sign_in(outcome: str) -> None:
    _SIGN_INS.labels(outcome=outcome).inc()


@contextmanager
def rendering() -> Iterator[None]:
    """Count what happens inside as one render, by how it ends: `made`, or the kind of the fault."""
    with _RENDER_SECONDS.time():
        try:
            yield
        except Exception as error:
            _RENDERS.labels(outcome=type(error).__name__).inc()
            raise
    _RENDERS.labels(outcome="made").inc()


def page(*collectors: Collector) -> bytes:
    """Everything that is counted, by all processes of the server, and what the collectors find now."""
    if metrics_files.are_together():
        together = CollectorRegistry()
        MultiProcessCollector(together)
        counted = generate_latest(together)
    else:
        counted = generate_latest(_registry)
    now = CollectorRegistry()
    for collector in collectors:
        now.register(collector)
    return counted + generate_latest(now)
