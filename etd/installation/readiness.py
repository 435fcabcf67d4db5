"""Can this installation take a request that writes? Asked by reading alone."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.db import Error, connection
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.loader import MigrationLoader

from etd.append_only import missing_triggers
from etd.models import AuditEvent

LIMIT_SECONDS = 2
# Migrations and triggers change when somebody migrates: what was sound a moment ago is not read again.
SOUND_SECONDS = 60
_sound_until: dict[str, float] = {}


def what_is_missing() -> list[str]:
    """Why requests cannot be served now, in plain words for an operator; empty when all is well.

    Writes nothing, and names nothing that a guideline holds. A database that does not answer within `LIMIT_SECONDS`
    is told like one that does not answer.
    """
    try:
        with short_of_patience(connection):
            found = not_writable(connection)
            if not found and _is_empty(connection):
                found = ["The database is empty: no migration is applied."]
            if not found and time.monotonic() >= _sound_until.get(_name(connection), 0):
                found = not_migrated(connection)
                if not found:
                    _sound_until[_name(connection)] = time.monotonic() + SOUND_SECONDS
    except Error as error:
        if not connection.in_atomic_block:
            connection.close()
        return [f"The database does not answer ({type(error).__name__})."]
    return found


def forget() -> None:
    """Read migrations and triggers again when next asked."""
    _sound_until.clear()


def not_writable(connection: BaseDatabaseWrapper) -> list[str]:
    """Why the database answers but would take no write. Raises django.db.Error where it does not answer."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(
                "SELECT pg_is_in_recovery(), current_setting('transaction_read_only') = 'on',"
                " has_table_privilege(to_regclass(%s), 'INSERT')",
                [AuditEvent._meta.db_table],
            )
            in_recovery, read_only, may_insert = cursor.fetchone()
            if in_recovery or read_only:
                return ["The database is read-only: a standby, or set so."]
            return ["The database role may not write."] if may_insert is False else []
        cursor.execute("SELECT name FROM sqlite_master LIMIT 1")
        cursor.fetchall()
    return _not_writable_file(connection)


def _not_writable_file(connection: BaseDatabaseWrapper) -> list[str]:
    """SQLite writes a journal beside its file, so that the folder must take files too."""
    path = Path(_name(connection))
    if not path.is_absolute() or not path.exists():
        return []  # in memory
    if not os.access(path, os.W_OK):
        return ["The database file cannot be written."]
    return [] if os.access(path.parent, os.W_OK) else ["The folder of the database file cannot be written."]


def _is_empty(connection: BaseDatabaseWrapper) -> bool:
    return AuditEvent._meta.db_table not in connection.introspection.table_names()


def not_migrated(connection: BaseDatabaseWrapper) -> list[str]:
    """Which migrations and triggers the code has and the database lacks."""
    loader = MigrationLoader(connection)
    waiting = len(loader.graph.nodes.keys() - loader.applied_migrations.keys())
    if waiting:
        return [f"Migrations are not applied: {waiting}."]
    tables = missing_triggers(connection)
    return [f"Append-only tables without their triggers: {len(tables)}."] if tables else []


def _name(connection: BaseDatabaseWrapper) -> str:
    return str(connection.settings_dict["NAME"])


@contextmanager
def short_of_patience(connection: BaseDatabaseWrapper) -> Iterator[None]:
    """A balancer asks again in seconds: neither a lock nor a slow server is waited for any longer."""
    ask, tell = {
        "postgresql": (
            "SELECT setting::int FROM pg_settings WHERE name = 'statement_timeout'",
            "SET statement_timeout = {}",
        ),
        "sqlite": ("PRAGMA busy_timeout", "PRAGMA busy_timeout = {}"),
    }[connection.vendor]
    with connection.cursor() as cursor:
        cursor.execute(ask)
        (before,) = cursor.fetchone()
        cursor.execute(tell.format(LIMIT_SECONDS * 1000))
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute(tell.format(int(before)))
