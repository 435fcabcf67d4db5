"""Does the database keep what it has acknowledged, whatever happens to the machine? Asked of a connection in use.

https://www.postgresql.org/docs/15/runtime-config-wal.html, https://www.sqlite.org/pragma.html#pragma_synchronous
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.core.checks import CheckMessage, Warning
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper

_POSTGRESQL = {
    "fsync": "an operating system that stops may leave a database that cannot be read",
    "full_page_writes": "a power cut may leave pages that are half old and half new",
    "synchronous_commit": "votes answered as saved in the last moments before a stop may be gone",
}
_SYNCHRONOUS = ("OFF", "NORMAL", "FULL", "EXTRA")
_JOURNALS_ON_DISK = frozenset({"delete", "truncate", "persist", "wal"})


def what_may_be_lost(connection: BaseDatabaseWrapper) -> list[str]:
    """Settings of this connection under which an acknowledged write can be lost, each with its remedy; empty if none.

    Reads alone. Raises django.db.Error where the database does not answer. A database in memory keeps nothing, and
    nobody expects it to.
    """
    if connection.vendor == "postgresql":
        return _postgresql(connection)
    return [] if connection.is_in_memory_db() else _sqlite(connection)  # type: ignore[attr-defined]


def _postgresql(connection: BaseDatabaseWrapper) -> list[str]:
    names = list(_POSTGRESQL)
    with connection.cursor() as cursor:
        cursor.execute("SELECT name FROM pg_settings WHERE name = ANY(%s) AND setting = 'off'", [names])
        off = {name for (name,) in cursor.fetchall()}
    return [
        f"PostgreSQL runs with {name} = off: {consequence}. Set {name} = on in postgresql.conf."
        for name, consequence in _POSTGRESQL.items()
        if name in off
    ]


def _sqlite(connection: BaseDatabaseWrapper) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA synchronous")
        (synchronous,) = cursor.fetchone()
        cursor.execute("PRAGMA journal_mode")
        (journal,) = cursor.fetchone()
    found = []
    if synchronous < _SYNCHRONOUS.index("FULL"):
        found.append(
            f"SQLite runs with synchronous = {_SYNCHRONOUS[synchronous]}: after a power cut the last votes may be gone."
            " Leave it at FULL."
        )
    if journal not in _JOURNALS_ON_DISK:
        found.append(
            f"SQLite runs with journal_mode = {journal}: a stop in the middle of a write may leave a database that"
            " cannot be read. Leave it at TRUNCATE."
        )
    return found


def check_durability(
    app_configs: Sequence[AppConfig] | None = None, databases: Sequence[str] | None = None, **kwargs: Any
) -> list[CheckMessage]:
    """`manage.py migrate` and `check --database default` warn: a server for tests may be set so on purpose."""
    return [
        Warning(line, id="etd.W004")
        for alias in databases or []
        for line in what_may_be_lost(connections[alias])
    ]
