"""Fills an empty database with a dump of an earlier state: `python -m tests.older_databases FILE`.

On SQLite the dump is executed. On PostgreSQL the migrations of that state make the tables, and the rows are inserted.
"""

from __future__ import annotations

import gzip
import sqlite3
import sys
from pathlib import Path
from typing import Any

import django

FOLDER = Path(__file__).parent / "data" / "older_databases"


def dumped(path: Path) -> sqlite3.Connection:
    """The database of a dump, in memory."""
    connection = sqlite3.connect(":memory:")
    connection.executescript(gzip.decompress(path.read_bytes()).decode())
    return connection


def tables_of(connection: sqlite3.Connection) -> list[str]:
    """In an order; without those of SQLite itself."""
    found = connection.execute(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
    )
    return sorted(name for (name,) in found)


def fill_sqlite(source: sqlite3.Connection, target: str) -> None:
    made = sqlite3.connect(target)
    source.backup(made)
    made.close()


def fill_postgresql(source: sqlite3.Connection) -> None:
    from django.db import connection, transaction
    from django.db.migrations.executor import MigrationExecutor

    from etd.append_only import install_triggers

    state = set(source.execute("SELECT app, name FROM django_migrations"))
    executor = MigrationExecutor(connection)
    executor.migrate(
        [
            key
            for key in state
            if not any(
                child.key in state and child.key[0] == key[0]
                for child in executor.loader.graph.node_map[key].children
            )
        ]
    )
    with transaction.atomic(), connection.cursor() as cursor:
        for table in tables_of(source):
            if table == "django_migrations":
                continue
            cursor.execute(
                "SELECT column_name, data_type FROM information_schema.columns WHERE table_name = %s", [table]
            )
            kinds = dict(cursor.fetchall())
            rows = source.execute(f'SELECT * FROM "{table}"')  # noqa: S608 -- a name of our own dump
            names = [column[0] for column in rows.description]
            values = ", ".join(["%s"] * len(names))
            columns = ", ".join(f'"{name}"' for name in names)
            for row in rows:
                cursor.execute(
                    f'INSERT INTO "{table}" ({columns}) VALUES ({values})',  # noqa: S608 -- as above
                    [fitting(value, kinds[name]) for name, value in zip(names, row, strict=True)],
                )
            if kinds.get("id") in {"integer", "bigint"}:
                cursor.execute(
                    f"SELECT setval(pg_get_serial_sequence('\"{table}\"', 'id'), max(id)) FROM \"{table}\""  # noqa: S608
                )
        install_triggers(connection)


def fitting(value: Any, kind: str) -> Any:
    return bool(value) if kind == "boolean" and value is not None else value


if __name__ == "__main__":
    django.setup()
    from django.db import connection

    with_rows = dumped(Path(sys.argv[1]))
    if connection.vendor == "sqlite":
        fill_sqlite(with_rows, str(connection.settings_dict["NAME"]))
    else:
        fill_postgresql(with_rows)
