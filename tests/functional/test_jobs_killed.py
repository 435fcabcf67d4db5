"""A worker is killed in the middle of a job: the next one takes it up, and nothing is done twice.

Both tests of that have their control in the middle: while the killed worker is still thought alive nobody takes
anything up, and what it had begun stays undone.
"""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg2  # type: ignore[import-untyped]
import pytest

from tests.launcher import ROOT
from tests.mail_server import mail_server
from tests.server import ExampleDatabase, application_environment, run_manage

LETTERS = """
from etd.actions import reminders
from etd.models import VotingRound
reminders.announce_opening(voting_round=VotingRound.objects.get(closed_at=None), by=None)
"""
BOOK = """
from documents.actions.books import ask_for_book
from etd.models import Guideline, User
ask_for_book(guideline=Guideline.objects.get(), by=User.objects.get(email="chair@example.org"))
"""
JOBS = "SELECT status, worker_ids FROM django_tasks_database_dbtaskresult"
SECONDS = 90.0


@dataclass
class Installation:
    """A database of this test's own, and the environment of processes on it."""

    url: str
    environment: dict[str, str]

    def asks(self, sql: str) -> list[tuple[Any, ...]]:
        """The rows of one statement, from outside of the application."""
        if self.url.startswith("sqlite"):
            connection: Any = sqlite3.connect(self.url.removeprefix("sqlite:///"), timeout=30)
        else:
            connection = psycopg2.connect(self.url)
        try:
            cursor = connection.cursor()
            cursor.execute(sql)
            rows = cursor.fetchall() if cursor.description else []
            connection.commit()
        finally:
            connection.close()
        return rows

    def stores(self, code: str) -> None:
        done = run_manage(self.environment, "shell", "--no-imports", "--command", code)
        assert done.returncode == 0, done.stderr

    def works(self) -> None:
        """A worker that does what is there, and ends."""
        done = run_manage(self.environment, "work", "--until-done")
        assert done.returncode == 0, done.stderr

    def state(self) -> tuple[str, int]:
        """Of the one job: its status, and how many workers have begun it."""
        ((status, workers),) = self.asks(JOBS)
        return status, len(workers) if isinstance(workers, list) else workers.count('"') // 2

    def the_killed_worker_seems_alive(self) -> None:
        """However long it takes until the next one looks."""
        self.asks("UPDATE etd_worker SET seen_at = '2099-01-01 00:00:00+00:00'")

    def a_minute_passes(self) -> None:
        self.asks("UPDATE etd_worker SET seen_at = '2020-01-01 00:00:00+00:00'")


@pytest.fixture
def installation(example_database: ExampleDatabase, tmp_path: Path) -> Iterator[Installation]:
    name = example_database.copy()
    url = example_database.url(name)
    environment = application_environment(url, tmp_path) | {"OPENETD_JOBS": "worker"}
    try:
        yield Installation(url, environment)
    finally:
        example_database.drop(name)


@contextmanager
def worker(installation: Installation) -> Iterator[None]:
    """A worker in a process of its own, killed at the end with whatever it has started."""
    process = subprocess.Popen(
        [sys.executable, "manage.py", "work", "--until-done"],
        cwd=ROOT,
        env=installation.environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        yield
        assert process.poll() is None, "the worker was to be killed in the middle of its job"
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(timeout=30)


def test_letters_of_a_killed_worker_go_to_everybody_once(installation: Installation) -> None:
    with mail_server(hold=3) as mail:
        installation.environment["EMAIL_URL"] = f"smtp+plain://127.0.0.1:{mail.port}"
        installation.stores(LETTERS)
        with worker(installation):
            mail.wait_for_the_letter()
        assert (installation.state(), len(mail.accepted)) == (("RUNNING", 1), 2)
        installation.the_killed_worker_seems_alive()
        installation.works()
        assert (installation.state(), len(mail.accepted)) == (("RUNNING", 1), 2)
        installation.a_minute_passes()
        installation.works()
    assert installation.state() == ("SUCCESSFUL", 2)
    panel = installation.asks(
        "SELECT u.email FROM etd_ballot b JOIN etd_user u ON u.id = b.member_id "
        "JOIN etd_votinground r ON r.id = b.round_id WHERE r.closed_at IS NULL"
    )
    assert sorted(mail.accepted) == sorted(email for (email,) in panel)
    assert len(panel) > 3


def test_the_book_of_a_killed_worker_is_made_once(installation: Installation) -> None:
    installation.stores(BOOK)
    with worker(installation):
        until = time.monotonic() + SECONDS
        while installation.asks("SELECT phase FROM etd_book") == [("waiting",)]:
            assert time.monotonic() < until, "no worker began the book"
            time.sleep(0.02)
    assert installation.state() == ("RUNNING", 1)
    installation.the_killed_worker_seems_alive()
    installation.works()
    ((phase, run),) = installation.asks("SELECT phase, run FROM etd_book")
    assert (installation.state(), phase in {"gathering", "setting"}) == (("RUNNING", 1), True)
    installation.a_minute_passes()
    installation.works()
    assert installation.state() == ("SUCCESSFUL", 2)
    ((done, pdf, second),) = installation.asks("SELECT phase, pdf, run FROM etd_book")
    assert (done, bytes(pdf)[:5], second == run) == ("done", b"%PDF-", False)


def test_a_process_started_for_a_job_prints_where_its_server_does(installation: Installation) -> None:
    """A local run prints its letters: an invitation's link stands nowhere else."""
    installation.environment |= {"OPENETD_JOBS": "process", "EMAIL_URL": ""}
    done = run_manage(installation.environment, "shell", "--no-imports", "--command", LETTERS)
    assert (done.returncode, installation.state()) == (0, ("SUCCESSFUL", 1))
    assert "To: panel@example.org" in done.stdout
    assert "/guidelines/ilcor-als/" in done.stdout
