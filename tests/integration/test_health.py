"""What a balancer or a container engine asks: does the process live, and is it ready?"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import connection
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.utils import ConnectionHandler
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from config.settings import database
from etd.installation import readiness
from etd.models import AuditEvent

NOBODYS_PORT = "postgresql://nobody:secret-canary@127.0.0.1:1/nothing"


@pytest.fixture(autouse=True)
def nothing_remembered() -> Iterator[None]:
    readiness.forget()
    yield
    readiness.forget()


def other_database(url: str, monkeypatch: pytest.MonkeyPatch) -> BaseDatabaseWrapper:
    """Let readiness look at that database, as if it were the site's."""
    other: BaseDatabaseWrapper = ConnectionHandler({"default": database(url)})["default"]
    monkeypatch.setattr(readiness, "connection", other)
    return other


def ready() -> tuple[int, str]:
    answer = Client().get("/readyz")
    return answer.status_code, answer.content.decode()


def test_the_process_lives_without_a_database(settings: Settings) -> None:
    """Without the mark for the database a query would fail. Plain http and any host will do where all else is https."""
    settings.ALLOWED_HOSTS = ["etd.example.org"]
    settings.SECURE_SSL_REDIRECT = True
    settings.SECURE_REDIRECT_EXEMPT = ["^healthz$", "^readyz$"]
    answer = Client().get("/healthz", headers={"host": "10.0.0.7:8000"})
    assert (answer.status_code, answer.content.decode()) == (200, "alive\n")
    assert Client().get("/sign-in/", headers={"host": "etd.example.org"}).status_code == 301


def test_https_leaves_the_probes_alone() -> None:
    source = Path("config/settings.py").read_text(encoding="utf-8")
    assert 'SECURE_REDIRECT_EXEMPT = ["^healthz$", "^readyz$", "^metrics$"]' in source


@pytest.mark.django_db
def test_ready_by_reading_alone_and_without_a_session(settings: Settings) -> None:
    settings.ALLOWED_HOSTS = ["etd.example.org"]
    with CaptureQueriesContext(connection) as queries:
        answer = Client().get("/readyz", headers={"host": "10.0.0.7:8000"})
    assert (answer.status_code, answer.content.decode()) == (200, "ready\n")
    assert not answer.cookies
    first = {query["sql"].split()[0].upper() for query in queries}
    assert first <= {"SELECT", "SET", "PRAGMA"}
    with CaptureQueriesContext(connection) as again:
        assert ready() == (200, "ready\n")
    assert len(again) <= 5
    assert "django_migrations" not in str(again.captured_queries)


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_probes_have_the_headers_of_every_page_and_take_no_form(path: str) -> None:
    answer = Client().get(path)
    page = Client().get("/account/")
    own = {"Content-Type", "Content-Length", "Vary", "Location", "X-Request-ID"}
    assert {name: value for name, value in page.items() if name not in own} == {
        name: value for name, value in answer.items() if name not in own
    }
    assert {"Content-Security-Policy", "X-Frame-Options", "Cache-Control"} <= set(answer.headers)
    refused = Client().post(path)
    assert (refused.status_code, refused["Cache-Control"], refused["Allow"]) == (405, "no-store", "GET, HEAD")


@pytest.mark.django_db
def test_a_dropped_trigger_is_told() -> None:
    table = AuditEvent._meta.db_table
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(f"DROP TRIGGER {table}_no_change ON {table}")
        else:
            cursor.execute(f"DROP TRIGGER {table}_no_update")
    assert ready() == (503, "not ready\n- Append-only tables without their triggers: 1.\n")


@pytest.mark.django_db
def test_a_migration_that_is_not_applied_is_told() -> None:
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM django_migrations WHERE app = 'etd' AND name = '0018_staged_import'")
    assert ready() == (503, "not ready\n- Migrations are not applied: 1.\n")


@pytest.mark.django_db
def test_a_database_that_is_gone_is_told_without_its_address(monkeypatch: pytest.MonkeyPatch) -> None:
    other_database(NOBODYS_PORT, monkeypatch)
    assert ready() == (503, "not ready\n- The database does not answer (OperationalError).\n")


@pytest.mark.django_db
def test_a_locked_database_is_not_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = other_database(f"sqlite:///{tmp_path}/other.sqlite3", monkeypatch)
    monkeypatch.setattr(readiness, "LIMIT_SECONDS", 0.02)
    assert ready() == (503, "not ready\n- The database is empty: no migration is applied.\n")
    holder = sqlite3.connect(tmp_path / "other.sqlite3", isolation_level=None)
    try:
        holder.execute("BEGIN EXCLUSIVE")
        assert ready() == (503, "not ready\n- The database does not answer (OperationalError).\n")
    finally:
        holder.close()
    with other.cursor() as cursor:
        cursor.execute("PRAGMA busy_timeout")
        assert cursor.fetchone() == (20_000,)
    other.close()


@pytest.mark.django_db
def test_a_database_that_takes_no_write_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """PostgreSQL says so itself; SQLite's file lies in a folder, and both must take writes.

    os.access stands for a file system that is mounted read-only: whoever runs tests as root may write anywhere.
    """
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SET transaction_read_only = on")
        assert ready() == (503, "not ready\n- The database is read-only: a standby, or set so.\n")
        return
    other = other_database(f"sqlite:///{tmp_path}/other.sqlite3", monkeypatch)
    for refused, told in (("other.sqlite3", "database file"), ("", "folder of the database file")):
        monkeypatch.setattr(os, "access", lambda path, mode, no=refused: Path(path) != tmp_path / no)
        assert ready() == (503, f"not ready\n- The {told} cannot be written.\n")
    other.close()


def test_the_limit_is_put_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, db: None) -> None:
    other = other_database(f"sqlite:///{tmp_path}/other.sqlite3", monkeypatch)
    monkeypatch.setattr(readiness, "_is_empty", lambda connection: False)
    monkeypatch.setattr(readiness, "not_migrated", lambda connection: [])
    assert ready() == (200, "ready\n")
    with other.cursor() as cursor:
        cursor.execute("PRAGMA busy_timeout")
        assert cursor.fetchone() == (20_000,)
    other.close()
