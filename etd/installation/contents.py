"""What a database holds, and whether it is whole: asked of the running one, of a copy, and of a restored one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import nullcontext
from dataclasses import asdict, dataclass
from typing import Any

from django.apps import apps
from django.conf import settings
from django.core.checks import run_checks
from django.db import transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder

from etd.append_only import missing_triggers

# The tag of system checks that read everything stored. They are registered with `deploy`, so that neither a start nor
# a migration pays for them; `manage.py check --deploy --tag whole --database default` runs them alone.
WHOLE = "whole"
LOOK_SECONDS = 3600
# What is gone after a restore on purpose, and so differs from what was backed up.
ENDED_BY_RESTORE = "django_session"
# Where a worker that starts at once writes, and a job that it does.
OF_WORKERS = frozenset({"etd_worker", "django_tasks_database_dbtaskresult"})


@dataclass(frozen=True)
class Chain:
    """The end of one chain of the audit trail: how many events it has, and the hash of the last."""

    chain: str
    seq: int
    hash: str


@dataclass(frozen=True)
class Version:
    guideline: str
    question: str
    number: int
    document_sha256: str
    record_sha256: str

    @property
    def named(self) -> str:
        return f"version {self.number} of {self.guideline}/{self.question}"


@dataclass(frozen=True)
class Contents:
    """`vendor` is sqlite or postgresql, `server` its version; `migrations` are "app.name", `rows` counts by table."""

    vendor: str
    server: str
    migrations: tuple[str, ...]
    chains: tuple[Chain, ...]
    versions: tuple[Version, ...]
    rows: dict[str, int]

    @classmethod
    def of(cls, read: dict[str, Any]) -> Contents:
        """From what `asdict` and JSON made of it. Raises KeyError and TypeError where it is something else."""
        return cls(
            vendor=read["vendor"],
            server=read["server"],
            migrations=tuple(read["migrations"]),
            chains=tuple(Chain(**one) for one in read["chains"]),
            versions=tuple(Version(**one) for one in read["versions"]),
            rows=dict(read["rows"]),
        )

    def differences(self, other: Contents, but: frozenset[str] = frozenset()) -> list[str]:
        """In words, what another database holds otherwise; sessions, which a restore ends, are left out, and `but`."""
        found = []
        if set(self.migrations) != set(other.migrations):
            found.append("the migrations are others")
        if self.chains != other.chains:
            found.append("the audit trail ends elsewhere")
        if self.versions != other.versions:
            found.append("the published versions are others")
        for table in sorted((self.rows.keys() | other.rows.keys()) - {ENDED_BY_RESTORE} - but):
            ours, theirs = self.rows.get(table, 0), other.rows.get(table, 0)
            if ours != theirs:
                found.append(f"{table} has {theirs} rows instead of {ours}")
        return found


@dataclass(frozen=True)
class Look:
    """What a look at a database found. `is_current`: its tables are those of this release, and more than counted."""

    contents: Contents
    is_current: bool
    faults: tuple[str, ...]

    def as_json(self) -> str:
        return json.dumps(asdict(self), ensure_ascii=False)


def look(connection: BaseDatabaseWrapper) -> Look:
    """Read everything and write nothing.

    Tables of an older or a newer release are counted only, and the database's own checks are made. A value that the
    checks stumble over is a fault like others: whoever asks for a backup gets one.
    """
    contents = read(connection)
    is_current = not waiting_migrations(connection) and not unknown_migrations(contents.migrations)
    faults = database_faults(connection)
    if is_current and not faults:
        faults += [f"{table} lacks its append-only triggers" for table in missing_triggers(connection)]
        faults += _faults_of_what_is_stored(connection)
    return Look(contents, is_current, tuple(faults))


def _faults_of_what_is_stored(connection: BaseDatabaseWrapper) -> list[str]:
    # PostgreSQL takes nothing more in a transaction after an error; on SQLite one would make voters wait.
    savepoint = transaction.atomic(using=connection.alias) if connection.in_atomic_block else nullcontext()
    try:
        with savepoint:
            messages = run_checks(tags=[WHOLE], include_deployment_checks=True, databases=[connection.alias])
    except Exception as error:  # noqa: BLE001, RUF100 -- whatever a damaged value does to whoever reads it
        return [f"What is stored cannot be read to its end: {type(error).__name__}: {error}"]
    return [str(message.msg) for message in messages]


def look_at(url: str = "") -> Look:
    """A look by a process of its own at another database, or anew at that of this program.

    Raises RuntimeError where it cannot be read at all.
    """
    done = subprocess.run(
        [sys.executable, "manage.py", "verify_database", "--json"],
        cwd=settings.BASE_DIR,
        env=os.environ | ({"DATABASE_URL": url} if url else {}),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=LOOK_SECONDS,
        check=False,
    )
    try:
        found = json.loads(done.stdout)
        return Look(Contents.of(found["contents"]), found["is_current"], tuple(found["faults"]))
    except (ValueError, KeyError, TypeError):
        said = done.stderr.strip().splitlines() or [f"exit status {done.returncode}"]
        raise RuntimeError(f"it cannot be read: {said[-1]}") from None


def read(connection: BaseDatabaseWrapper) -> Contents:
    """By names of tables and columns that every release has had, so that an older database can be read too."""
    tables = sorted(tables_of(connection))
    chains: tuple[Any, ...] = ()
    versions: tuple[Any, ...] = ()
    if "etd_auditchainhead" in tables:
        chains = _rows(connection, "SELECT chain, seq, hash FROM etd_auditchainhead ORDER BY chain")
    if "etd_publishedversion" in tables:
        versions = _rows(
            connection,
            "SELECT g.slug, q.slug, v.number, v.document_sha256, v.record_sha256 FROM etd_publishedversion v"
            " JOIN etd_question q ON q.id = v.question_id JOIN etd_guideline g ON g.id = q.guideline_id"
            " ORDER BY g.slug, q.slug, v.number",
        )
    counts = {
        table: _rows(connection, f"SELECT count(*) FROM {connection.ops.quote_name(table)}")[0][0]  # noqa: S608 -- its own name
        for table in tables
    }
    return Contents(
        vendor=connection.vendor,
        server=".".join(map(str, connection.get_database_version())),
        migrations=tuple(sorted(f"{app}.{name}" for app, name in applied(connection))),
        chains=tuple(Chain(*row) for row in chains),
        versions=tuple(Version(*row) for row in versions),
        rows=counts,
    )


def tables_of(connection: BaseDatabaseWrapper) -> set[str]:
    """The names of all tables, but those of PostgreSQL's extensions: they are whoever's the extension is.

    https://www.postgresql.org/docs/15/catalog-pg-depend.html
    """
    tables = set(connection.introspection.table_names())
    if connection.vendor != "postgresql":
        return tables
    of_extensions = _rows(
        connection,
        "SELECT c.relname FROM pg_depend d JOIN pg_class c ON c.oid = d.objid"
        " WHERE d.classid = 'pg_class'::regclass AND d.deptype = 'e' AND pg_table_is_visible(c.oid)",
    )
    return tables - {name for (name,) in of_extensions}


def foreign_tables(connection: BaseDatabaseWrapper) -> set[str]:
    """The names of tables that no release made, as far as can be told: ours begin with the name of an app."""
    known = set(connection.introspection.django_table_names())
    ours = ("django_", *(f"{app.label}_" for app in apps.get_app_configs()))
    return {table for table in tables_of(connection) - known if not table.startswith(ours)}


def applied(connection: BaseDatabaseWrapper) -> set[tuple[str, str]]:
    return set(MigrationRecorder(connection).applied_migrations())


def waiting_migrations(connection: BaseDatabaseWrapper) -> list[str]:
    """The migrations of this release that the database still lacks."""
    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    return [f"{migration.app_label}.{migration.name}" for migration, _ in plan]


def unknown_migrations(names: tuple[str, ...]) -> list[str]:
    """Those of `names` that this release does not have: a newer one made them.

    An app that this release does not use at all says nothing: its tables lie there unread.
    """
    loader = MigrationLoader(None)
    known = {f"{app}.{name}" for app, name in loader.disk_migrations or {}}
    return [name for name in names if name not in known and name.partition(".")[0] in loader.migrated_apps]


def is_of_this_release(names: tuple[str, ...]) -> bool:
    """Whether a database with these migrations has the tables of this release."""
    loader = MigrationLoader(None)
    return set(names) >= {f"{app}.{name}" for app, name in loader.disk_migrations or {}}


def database_faults(connection: BaseDatabaseWrapper) -> list[str]:
    """What the database finds wrong with itself. PostgreSQL tells of a broken page when it is read, by an error."""
    if connection.vendor != "sqlite":
        return []
    faults = [line for (line,) in _rows(connection, "PRAGMA integrity_check") if line != "ok"]
    return faults + [
        f"{table}, row {row}: refers to a row of {parent} that is not there"
        for table, row, parent, _ in _rows(connection, "PRAGMA foreign_key_check")
    ]


def _rows(connection: BaseDatabaseWrapper, query: str) -> tuple[Any, ...]:
    with connection.cursor() as cursor:
        cursor.execute(query)
        return tuple(cursor.fetchall())
