"""/metrics: for whoever has the token; numbers of requests, renders and the state of things, and no content."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Mapping
from datetime import timedelta
from functools import partial
from pathlib import Path
from unittest import mock

import pytest
from django.db import OperationalError, connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from django_tasks import TaskResultStatus
from prometheus_client.parser import text_string_to_metric_families
from pytest_django.fixtures import Settings

from documents import pdf
from etd.installation import readiness
from etd.models import AuditEvent, Worker
from tests import factories as f
from tests import renders
from tests.integration.conftest import ClientFor
from tests.integration.test_health import NOBODYS_PORT, other_database

TOKEN = "for-tests-only-0123456789"
CANARY = "zq7canary"
VOTE = "/guidelines/ilcor-als/mcs-after-rosc-vote/votes/equity/"

Labels = Mapping[str, str]


@pytest.fixture(autouse=True)
def token(settings: Settings) -> None:
    settings.METRICS_TOKEN = TOKEN


def read(client: Client | None = None) -> str:
    answer = (client or Client()).get("/metrics", headers={"authorization": f"Bearer {TOKEN}"})
    assert answer.status_code == 200
    return answer.content.decode()


def value(text: str, name: str, **labels: str) -> float:
    """The sample of that name and these labels; 0 where there is none yet."""
    return sum(
        sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name == name and labels.items() <= sample.labels.items()
    )


def gained(before: str, name: str, **labels: str) -> float:
    return value(read(), name, **labels) - value(before, name, **labels)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("header", "status"),
    [
        ({}, 401),
        ({"authorization": TOKEN}, 401),
        ({"authorization": f"Bearer {TOKEN}x"}, 401),
        ({"authorization": "Bearer "}, 401),
        ({"authorization": f"Basic {TOKEN}"}, 401),
        ({"authorization": "Bearer é"}, 401),
        ({"authorization": f"bearer {TOKEN}"}, 200),
    ],
)
def test_only_who_has_the_token_reads_them(header: dict[str, str], status: int) -> None:
    answer = Client().get("/metrics", headers=header)
    assert answer.status_code == status
    assert ("openetd_requests_total" in answer.content.decode()) is (status == 200)
    assert answer["Cache-Control"] == "no-store"
    assert not answer.cookies


def test_without_a_token_in_the_settings_there_is_no_such_page(settings: Settings) -> None:
    settings.METRICS_TOKEN = ""
    for header in ({}, {"authorization": "Bearer "}):
        answer = Client().get("/metrics", headers=header)
        assert (answer.status_code, b"openetd_" in answer.content) == (404, False)


def test_requests_are_counted_by_route_and_hold_nothing_of_them(client_for: ClientFor) -> None:
    before = read(client_for("anonymous"))
    client = client_for("panel member")
    client.get(f"/guidelines/ilcor-als/mcs-after-rosc-vote/?q={CANARY}")
    client.get(f"/no/such/{CANARY}/")
    client.generic(CANARY.upper(), "/")
    client.post("/forgotten-password/", {"email": f"{CANARY}@example.org"})
    assert gained(before, "openetd_requests_total", route="question", method="GET", status="2xx") == 1
    assert gained(before, "openetd_request_seconds_count", route="question") == 1
    assert gained(before, "openetd_requests_total", route="none", status="4xx") == 1
    assert gained(before, "openetd_requests_total", method="other") == 1
    assert CANARY not in read().lower()
    assert "mcs-after-rosc" not in read()


def test_sign_ins_are_counted_by_how_they_end(client_for: ClientFor) -> None:
    before = read(client_for("anonymous"))
    client = Client()
    for password in ["wrong"] * 12:
        client.post("/sign-in/", {"username": "chair@example.org", "password": password})
    Client().post("/sign-in/", {"username": "panel@example.org", "password": "demo-panel-2026"})
    failed, locked, given = (
        gained(before, "openetd_sign_ins_total", outcome=one) for one in ("failed", "locked", "given")
    )
    with mock.patch("etd.views.account.SignInForm.clean", side_effect=OperationalError("locked")):
        assert Client().post("/sign-in/", {"username": "a@example.org", "password": "x"}).status_code == 503
    assert gained(before, "openetd_sign_ins_total") == 13, "a fault of the database is nobody's failure"
    assert failed + locked == 12
    assert locked >= 2
    assert failed >= 4
    assert given == 1


def test_what_was_not_saved_and_conflicts_are_counted(client_for: ClientFor) -> None:
    before = read(client_for("anonymous"))
    member = client_for("panel member")
    typed = {"options": "probably_no_impact", "comment": "One", "version": "0"}
    with mock.patch("etd.views.voting.VoteForm.for_item", side_effect=OperationalError("locked")):
        assert member.post(VOTE, typed).status_code == 503
    assert gained(before, "openetd_not_saved_total") == 1
    again = reverse("send_to_review", args=["ilcor-als", "mcs-after-rosc"])
    assert [client_for(one).post(again).status_code for one in ("chair", "observer")] == [409, 403]
    assert gained(before, "openetd_conflicts_total") == 1


def test_renders_are_counted_by_how_they_end(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    before = read()
    renders.forget()
    done = mock.Mock(returncode=0, stdout=b"%PDF-1.7", stderr=b"")
    with mock.patch("documents.pdf.subprocess.run", return_value=done):
        pdf.run_worker("<p>one</p>", [])
        pdf.run_worker("<p>one</p>", [])
    done = mock.Mock(returncode=pdf.NO_LIBRARY, stdout=b"", stderr=b"")
    with mock.patch("documents.pdf.subprocess.run", return_value=done), pytest.raises(pdf.RendererMissing):
        pdf.run_worker("<p>another</p>", [])
    renders.forget()
    assert gained(before, "openetd_pdf_renders_total", outcome="made") == 1
    assert gained(before, "openetd_pdf_renders_total", outcome="RendererMissing") == 1
    assert gained(before, "openetd_pdf_render_seconds_count") == 2


COUNTING = """
import os, sys
from etd.installation import metrics_files
{before}
from etd.installation import metrics
for line in sys.stdin:
    if line.strip() == "render":
        with metrics.rendering():
            pass
    elif line.strip() == "restart":
        metrics_files.begin()
    print(metrics.page().decode() if line.strip() == "page" else "done", end="\\0", flush=True)
"""


class Counting:
    """A process that counts: a server's, or one at jobs. Told what to do by a line, it answers."""

    def __init__(self, before: str, **environ: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", COUNTING.format(before=before)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | {"OPENETD_METRICS_TOKEN": TOKEN} | environ,
        )

    def told(self, line: str) -> str:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(f"{line}\n")
        self.process.stdin.flush()
        return "".join(iter(partial(self.process.stdout.read, 1), "\0"))

    def end(self) -> None:
        self.process.communicate(timeout=60)


def test_who_does_jobs_counts_with_the_server(tmp_path: Path) -> None:
    """One after the other they take the same place; a server that begins anew is told what comes afterwards."""
    folder = {"OPENETD_METRICS_DIR": str(tmp_path)}
    server = Counting("metrics_files.begin()", **folder)

    def renders() -> float:
        return value(server.told("page"), "openetd_pdf_renders_total", outcome="made")

    try:
        server.told("render")
        for number in (2, 3):
            worker = Counting("metrics_files.join()", **folder)
            worker.told("render")
            assert renders() == number
            worker.end()
        at_once = [Counting("metrics_files.join()", **folder) for _ in range(2)]
        for worker in at_once:
            worker.told("render")
        assert renders() == 5
        n_files = len(list(tmp_path.glob("*_jobs-*.db")))
        assert n_files == 4, "two places of a counter and a histogram each"
        server.told("restart")
        at_once[0].told("render")
        assert renders() == 1
        for worker in at_once:
            worker.end()
    finally:
        server.end()


def test_who_does_jobs_and_is_told_nothing_counts_for_itself(tmp_path: Path) -> None:
    gone = str(tmp_path / "gone")
    worker = Counting("metrics_files.join()", OPENETD_METRICS_DIR="", PROMETHEUS_MULTIPROC_DIR=gone)
    worker.told("render")
    assert value(worker.told("page"), "openetd_pdf_renders_total", outcome="made") == 1
    worker.end()
    assert not Path(gone).exists()


def test_the_state_of_things_in_few_queries(client_for: ClientFor) -> None:
    client = client_for("anonymous")
    now = timezone.now()
    for status in (TaskResultStatus.READY, TaskResultStatus.FAILED, TaskResultStatus.FAILED):
        f.job(status=status)
    Worker.objects.create(name="alive", began_at=now, seen_at=now)
    Worker.objects.create(name="gone", began_at=now, seen_at=now - timedelta(minutes=2))
    with CaptureQueriesContext(connection) as queries:
        text = read(client)
    assert len(queries) <= 9
    newest = AuditEvent.objects.latest("pk").at.timestamp()
    assert value(text, "openetd_open_rounds") == 1
    assert value(text, "openetd_newest_audit_event_timestamp_seconds") == pytest.approx(newest)
    assert [value(text, "openetd_jobs", state=one) for one in ("waiting", "running", "failed")] == [1, 0, 2]
    assert value(text, "openetd_workers") == 1
    assert value(text, "openetd_database_bytes") > 100_000
    assert value(text, "openetd_database_up") == 1
    assert value(text, "openetd_info", database=connection.vendor) == 1


def test_without_a_database_the_counts_are_still_told(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    other = other_database(NOBODYS_PORT, monkeypatch)
    monkeypatch.setattr("etd.installation.state.connection", other)
    text = read()
    assert "openetd_database_up 0.0" in text
    assert "openetd_open_rounds" not in text
    assert "openetd_requests_total" in text
    assert readiness.what_is_missing()


def test_every_name_says_what_it_is(db: None) -> None:
    """Names begin with ours, and every family has its explanation."""
    families = list(text_string_to_metric_families(read()))
    assert len(families) >= 14
    assert [one.name for one in families if not re.fullmatch("openetd_[a-z_]+", one.name)] == []
    assert [one.name for one in families if not one.documentation] == []
