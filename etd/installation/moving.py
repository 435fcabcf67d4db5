"""The move from SQLite to PostgreSQL: everything, in one transaction, compared afterwards.

Rows are copied as the application reads them, in batches, with no model's own `save`: nothing sets a time anew. SQLite
is locked for writing until PostgreSQL holds everything and holds it equally; then one commit ends the move.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Context, Decimal
from pathlib import Path
from typing import Any

from django.apps import apps
from django.conf import settings
from django.contrib.auth.models import Permission
from django.contrib.contenttypes.models import ContentType
from django.db import DatabaseError, connections, models, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models.functions import Cast

from etd.installation import presence
from etd.installation.contents import applied, tables_of, unknown_migrations, waiting_migrations

TARGET = "target"
OLDEST = (15,)
ROWS_AT_ONCE = 100
BYTES_AT_ONCE = 4 * 1024 * 1024
MIGRATE_SECONDS = 1800
# Made by every migrate, with numbers of its own: the source's take their place.
MADE_BY_MIGRATE = (Permission, ContentType)
NOT_ROWS = {"django_migrations", "sqlite_sequence"}
_EXACT = Context(prec=1000)


class MoveRefused(Exception):
    """The move was not made, and the target holds no row of it; the text says why and what to do."""


@dataclass
class Fingerprint:
    """Number of rows of a table, and the sum of the hashes of their contents: equal whatever the order."""

    rows: int = 0
    total: int = 0

    def add(self, values: Sequence[Any]) -> None:
        text = json.dumps([_told(value) for value in values], ensure_ascii=True)
        self.rows += 1
        self.total = (self.total + int.from_bytes(hashlib.sha256(text.encode()).digest(), "big")) % 2**256


def use_target(entry: dict[str, Any]) -> BaseDatabaseWrapper:
    """Make the target's database known; `entry` is one of DATABASES. Its statements may take as long as they need.

    Raises `MoveRefused` where it is not PostgreSQL 15 or later, or does not answer.
    """
    if entry["ENGINE"] != "django.db.backends.postgresql":
        raise MoveRefused(
            "Give the address of a PostgreSQL database: postgresql://user:password@host:port/name."
        )
    options = entry["OPTIONS"] | {
        "options": "-c statement_timeout=0 -c lock_timeout=5000 -c idle_in_transaction_session_timeout=0"
    }
    known = {**connections.settings, TARGET: entry | {"OPTIONS": options}}
    connections.settings = connections.configure_settings(known)
    target = connections[TARGET]
    try:
        version = target.get_database_version()
    except DatabaseError as error:
        raise MoveRefused(f"PostgreSQL cannot be reached: {str(error).strip()}") from error
    if version < OLDEST:
        raise MoveRefused(f"PostgreSQL {OLDEST[0]} or later is needed; this one is {version[0]}.")
    return target


def move(
    source: BaseDatabaseWrapper, target: BaseDatabaseWrapper, url: str, *, say: Callable[[str], None]
) -> dict[str, int]:
    """Carry every row of `source` (SQLite) to `target` (PostgreSQL at `url`, known by `use_target`).

    Returns the number of rows by table. Raises `MoveRefused` where the two do not fit, where a row cannot be carried,
    or where the two differ afterwards.
    """
    if source.vendor != "sqlite":
        raise MoveRefused("This installation is not on SQLite: DATABASE_URL names another database already.")
    # No server, and IMMEDIATE: from here nobody else writes.
    with alone_on(source), transaction.atomic(using=source.alias):
        moved = carried_models()
        refuse_source(source, moved)
        prepare_target(source, target, url, moved)
        with transaction.atomic(using=target.alias):
            for made in MADE_BY_MIGRATE:
                made._base_manager.using(target.alias).all()._raw_delete(target.alias)
            sent: dict[type[models.Model], Fingerprint] = {}
            for model in moved:
                sent[model] = copy_table(model, source, target)
                say(f"{model._meta.db_table}: {sent[model].rows} rows")
            set_sequences(source, target, moved)
            check_references(target)
            if differences := compare(sent, target):
                raise MoveRefused("After copying the two databases differ: " + "; ".join(differences) + ".")
    return {model._meta.db_table: sent[model].rows for model in moved}


def alone_on(source: BaseDatabaseWrapper) -> AbstractContextManager[None]:
    """Refuses a server that runs on the database's file, and keeps one from starting."""
    if source.is_in_memory_db():  # type: ignore[attr-defined] # SQLite's wrapper alone
        return nullcontext()
    return presence.alone(Path(source.settings_dict["NAME"]))


def carried_models() -> list[type[models.Model]]:
    """Every model with a table, those of many-to-many relations among them."""
    found = apps.get_models(include_auto_created=True)
    return [model for model in found if model._meta.managed and not model._meta.proxy]


def refuse_source(source: BaseDatabaseWrapper, moved: Sequence[type[models.Model]]) -> None:
    if waiting := waiting_migrations(source):
        raise MoveRefused(
            f"The SQLite database lacks {len(waiting)} migrations. Back it up, run `manage.py migrate`, then try again."
        )
    if unknown := unknown_migrations(_names(source)):
        raise MoveRefused(
            f"The SQLite database was used by a newer release ({unknown[-1]}). Install that release and try again."
        )
    tables = set(source.introspection.table_names()) - NOT_ROWS
    if strange := sorted(tables - {model._meta.db_table for model in moved}):
        raise MoveRefused(
            f"The SQLite database has tables that this release does not know: {', '.join(strange)}. They would be left"
            " behind; drop them, or move with the release that made them."
        )


def prepare_target(
    source: BaseDatabaseWrapper, target: BaseDatabaseWrapper, url: str, moved: Sequence[type[models.Model]]
) -> None:
    """Make the tables in an empty database; one that holds the same tables without a row will do as well."""
    tables = sorted(tables_of(target))
    if tables and "django_migrations" not in tables:
        raise MoveRefused(
            f"The PostgreSQL database is not empty: it has a table {tables[0]}. Make a new one."
        )
    if not tables:
        _migrate(url)
    if _names(target) != _names(source):
        raise MoveRefused(
            "The PostgreSQL database has the tables of another release. Make a new one, and give that."
        )
    for model in moved:
        rows = model._base_manager.using(target.alias)
        if model not in MADE_BY_MIGRATE and rows.exists():
            raise MoveRefused(
                f"The PostgreSQL database is not empty: {model._meta.db_table} has rows. Make a new one, and give that."
            )


def _names(connection: BaseDatabaseWrapper) -> tuple[str, ...]:
    return tuple(sorted(f"{app}.{name}" for app, name in applied(connection)))


def _migrate(url: str) -> None:
    """By a process of its own: there the target is the default database, also for migrations that move data."""
    done = subprocess.run(
        [sys.executable, "manage.py", "migrate", "--noinput", "--verbosity", "0"],
        cwd=settings.BASE_DIR,
        env=os.environ | {"DATABASE_URL": url},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=MIGRATE_SECONDS,
        check=False,
    )
    if done.returncode != 0:
        said = done.stderr.strip().splitlines() or [f"exit status {done.returncode}"]
        raise MoveRefused(f"The tables could not be made in PostgreSQL: {said[-1]}")


# --- Rows


class JsonText(str):
    """Text that is told by what it means: PostgreSQL stores JSON with its keys and numbers in a form of its own."""


def rows_of(model: type[models.Model], connection: BaseDatabaseWrapper) -> Iterator[tuple[Any, ...]]:
    """Every row with its columns in the model's order; JSON as the text that is stored."""
    columns = model._meta.concrete_fields
    as_json = [isinstance(column, models.JSONField) for column in columns]
    expressions = [
        Cast(column.attname, models.TextField()) if is_json else models.F(column.attname)
        for column, is_json in zip(columns, as_json, strict=True)
    ]
    named = {f"column_{number}": expression for number, expression in enumerate(expressions)}
    rows = model._base_manager.using(connection.alias).order_by("pk").annotate(**named).values_list(*named)
    for row in rows.iterator(chunk_size=ROWS_AT_ONCE):
        yield tuple(
            JsonText(value) if is_json and value is not None else value
            for value, is_json in zip(row, as_json, strict=True)
        )


def copy_table(
    model: type[models.Model], source: BaseDatabaseWrapper, target: BaseDatabaseWrapper
) -> Fingerprint:
    """Insert every row and return the fingerprint of what was read. Raises `MoveRefused` with the table's name."""
    sent = Fingerprint()
    batch: list[tuple[Any, ...]] = []
    size = 0
    for row in rows_of(model, source):
        refuse_row(model, row)
        sent.add(row)
        batch.append(row)
        size += sum(len(value) for value in row if isinstance(value, str | bytes | memoryview))
        if len(batch) >= ROWS_AT_ONCE or size >= BYTES_AT_ONCE:
            insert(model, target, batch)
            batch, size = [], 0
    insert(model, target, batch)
    return sent


def insert(model: type[models.Model], target: BaseDatabaseWrapper, batch: Sequence[tuple[Any, ...]]) -> None:
    if not batch:
        return
    columns = model._meta.concrete_fields
    quote = target.ops.quote_name
    names = [quote(str(column.column)) for column in columns]
    one = f"({', '.join('%s' for _ in columns)})"
    statement = (
        f"INSERT INTO {quote(model._meta.db_table)} ({', '.join(names)})"  # noqa: S608
        f" VALUES {', '.join(one for _ in batch)}"
    )
    prepared = [
        str(value) if isinstance(value, JsonText) else column.get_db_prep_save(value, target)
        for row in batch
        for column, value in zip(columns, row, strict=True)
    ]
    try:
        with target.cursor() as cursor:
            cursor.execute(statement, prepared)
    except DatabaseError as error:
        raise MoveRefused(
            f"PostgreSQL refuses rows of {model._meta.db_table}: {str(error).strip()}"
        ) from error


def refuse_row(model: type[models.Model], row: tuple[Any, ...]) -> None:
    """What SQLite stores and PostgreSQL does not: text with the character zero, text beyond its column's length."""
    for column, value in zip(model._meta.concrete_fields, row, strict=True):
        if not isinstance(value, str):
            continue
        limit = None if isinstance(value, JsonText) else column.max_length
        if "\0" in value or (limit is not None and len(value) > limit):
            problem = "holds the character zero" if "\0" in value else f"is longer than {limit} characters"
            key = row[model._meta.concrete_fields.index(model._meta.pk)]
            raise MoveRefused(
                f"{model._meta.db_table}, row {key}: {column.column} {problem}, which PostgreSQL cannot store."
            )


def set_sequences(
    source: BaseDatabaseWrapper, target: BaseDatabaseWrapper, moved: Sequence[type[models.Model]]
) -> None:
    """Go on counting where SQLite stood: the number of a deleted row is not given to another."""
    with source.cursor() as cursor:
        cursor.execute("SELECT name, seq FROM sqlite_sequence")
        counted = dict(cursor.fetchall())
    with target.cursor() as cursor:
        for model in moved:
            table, key = model._meta.db_table, model._meta.pk
            if isinstance(key, models.AutoField) and (last := counted.get(table)):
                quoted = target.ops.quote_name(table)
                cursor.execute(
                    "SELECT setval(pg_get_serial_sequence(%s, %s), %s)", [quoted, key.get_attname(), last]
                )


def check_references(target: BaseDatabaseWrapper) -> None:
    try:
        with target.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    except DatabaseError as error:
        raise MoveRefused(f"A row refers to one that is not there: {str(error).strip()}") from error


# --- Comparing


def compare(sent: dict[type[models.Model], Fingerprint], target: BaseDatabaseWrapper) -> list[str]:
    """In words, which tables of the target hold other rows than were read; it is read anew."""
    found = []
    for model, expected in sent.items():
        there = fingerprint(model, target)
        if there.rows != expected.rows:
            found.append(f"{model._meta.db_table} has {there.rows} rows instead of {expected.rows}")
        elif there != expected:
            found.append(f"{model._meta.db_table} has other contents")
    return found


def fingerprint(model: type[models.Model], connection: BaseDatabaseWrapper) -> Fingerprint:
    found = Fingerprint()
    for row in rows_of(model, connection):
        found.add(row)
    return found


def _told(value: Any) -> Any:
    """A value in a form that is the same whichever database it was read from."""
    if isinstance(value, JsonText):
        return ["json", json.dumps(_meant(json.loads(value, parse_float=Decimal)), sort_keys=True)]
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, bytes | memoryview):
        return ["bytes", hashlib.sha256(value).hexdigest()]
    if isinstance(value, datetime):
        return ["time", value.astimezone(UTC).isoformat()]
    if isinstance(value, Decimal):
        return _number(value)
    return [type(value).__name__, repr(value)]


def _meant(value: Any) -> Any:
    """JSON in which a number has one form: 1.0, 1 and 1e0 are one number."""
    if isinstance(value, dict):
        return {key: _meant(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_meant(one) for one in value]
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        return _number(Decimal(value))
    return value


def _number(value: Decimal) -> list[str]:
    return ["number", f"{_EXACT.plus(value).normalize(_EXACT):f}"]  # plus: there is one zero
