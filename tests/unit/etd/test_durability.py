"""Settings under which a database forgets what it has acknowledged are found, on a connection of the application."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.checks import run_checks
from django.db import connection
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.utils import ConnectionHandler

from config import settings
from etd.installation.durability import what_may_be_lost

pytestmark = pytest.mark.django_db


@pytest.fixture
def on_disk(tmp_path: Path) -> Iterator[BaseDatabaseWrapper]:
    """A connection to a SQLite file, with the settings that are shipped."""
    handler = ConnectionHandler({"default": settings.database(f"sqlite:///{tmp_path}/one.sqlite3")})
    opened = handler["default"]
    yield opened
    opened.close()


def test_sqlite_as_shipped_loses_nothing(on_disk: BaseDatabaseWrapper) -> None:
    assert what_may_be_lost(on_disk) == []


@pytest.mark.parametrize(
    ("weaker", "named"),
    [
        ("PRAGMA synchronous=OFF", "synchronous = OFF"),
        ("PRAGMA synchronous=NORMAL", "synchronous = NORMAL"),
        ("PRAGMA journal_mode=MEMORY", "journal_mode = memory"),
        ("PRAGMA journal_mode=OFF", "journal_mode = off"),
    ],
)
def test_a_weaker_setting_of_sqlite_is_named(on_disk: BaseDatabaseWrapper, weaker: str, named: str) -> None:
    with on_disk.cursor() as cursor:
        cursor.execute(weaker)
    (line,) = what_may_be_lost(on_disk)
    assert named in line
    assert "Leave it at" in line


def test_what_the_tests_run_on_is_known_to_be_forgetful() -> None:
    """SQLite in memory is nobody's database; PostgreSQL of the tests is set not to wait for a disk."""
    warnings = run_checks(tags=["database"], databases=["default"])
    found = [warning.msg for warning in warnings if warning.id == "etd.W004"]
    if connection.vendor == "sqlite":
        assert found == []
        return
    assert [line.split(" = off")[0].split()[-1] for line in found] == [
        "fsync",
        "full_page_writes",
        "synchronous_commit",
    ]
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL synchronous_commit = on")
    assert len(what_may_be_lost(connection)) == 2
