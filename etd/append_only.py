"""Triggers that refuse to change or delete rows of append-only tables, on SQLite and on PostgreSQL.

Django's migrations rebuild tables on SQLite and so lose triggers; they are installed again after every migrate.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig, apps
from django.core.checks import CheckMessage, Warning
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper


def append_only_tables() -> list[str]:
    return sorted(m._meta.db_table for m in apps.get_models() if getattr(m, "append_only", False))


def _sqlite_statements(table: str) -> list[str]:
    return [
        statement
        for event in ("update", "delete")
        for statement in (
            f"DROP TRIGGER IF EXISTS {table}_no_{event}",
            f"CREATE TRIGGER {table}_no_{event} BEFORE {event.upper()} ON {table} "
            f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END",
        )
    ]


def _postgresql_statements(table: str) -> list[str]:
    return [
        "CREATE OR REPLACE FUNCTION openetd_append_only() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME; END $$",
        f"DROP TRIGGER IF EXISTS {table}_no_change ON {table}",
        f"CREATE TRIGGER {table}_no_change BEFORE UPDATE OR DELETE ON {table} "
        "FOR EACH ROW EXECUTE FUNCTION openetd_append_only()",
        f"DROP TRIGGER IF EXISTS {table}_no_truncate ON {table}",
        f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} "
        "FOR EACH STATEMENT EXECUTE FUNCTION openetd_append_only()",
    ]


def install_triggers(connection: BaseDatabaseWrapper) -> None:
    existing = set(connection.introspection.table_names())
    statements = _postgresql_statements if connection.vendor == "postgresql" else _sqlite_statements
    with connection.cursor() as cursor:
        for table in append_only_tables():
            if table in existing:
                for statement in statements(table):
                    cursor.execute(statement)


def missing_triggers(connection: BaseDatabaseWrapper) -> list[str]:
    """The append-only tables that exist but lack a trigger."""
    if connection.vendor == "postgresql":
        query = "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal AND tgenabled <> 'D'"
        wanted = ("no_change", "no_truncate")
    else:
        query = "SELECT name FROM sqlite_master WHERE type = 'trigger'"
        wanted = ("no_update", "no_delete")
    existing = set(connection.introspection.table_names())
    with connection.cursor() as cursor:
        cursor.execute(query)
        found = {name for (name,) in cursor.fetchall()}
    return [
        table
        for table in append_only_tables()
        if table in existing and any(f"{table}_{suffix}" not in found for suffix in wanted)
    ]


def check_triggers(
    app_configs: Sequence[AppConfig] | None = None, databases: Sequence[str] | None = None, **kwargs: Any
) -> list[CheckMessage]:
    """A warning: an error would keep `migrate` from running, which is the remedy."""
    return [
        Warning(
            f"Table {table} can be changed: its append-only trigger is missing.",
            hint="Run `./openetd manage migrate`, which installs it again.",
            id="etd.W002",
        )
        for alias in databases or []
        for table in missing_triggers(connections[alias])
    ]
