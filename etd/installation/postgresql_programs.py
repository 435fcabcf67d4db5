"""PostgreSQL's part of backup and restore: pg_dump, pg_restore and psql, the client programs of the system.

https://www.postgresql.org/docs/15/app-pgdump.html, https://www.postgresql.org/docs/15/app-pgrestore.html
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from django.db import transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from psycopg2.extensions import make_dsn  # type: ignore[import-untyped]

from etd.installation.contents import ENDED_BY_RESTORE, tables_of

SECONDS = 4 * 3600
LOCK_MILLISECONDS = 60_000
# Bytes of a script that hold its settings, and no row yet.
HEAD = 1024


class NoProgram(Exception):
    """A client program is missing or too old; the message says how to get it."""


class ProgramFailed(Exception):
    """A client program ended with an error; the message is what it said."""


def program(name: str, server: int = 0) -> str:
    """The path of pg_dump, pg_restore or psql, from the folder PG_BINDIR or the PATH.

    `server` is the major version that it must have at least. Raises NoProgram.
    """
    folder = os.environ.get("PG_BINDIR") or None
    path = shutil.which(name, path=folder)
    remedy = (
        f"Install PostgreSQL's client programs, version {server or 15} or later (on Debian and Ubuntu: apt-get install"
        " postgresql-client), or name the folder that holds them in PG_BINDIR."
    )
    if path is None:
        raise NoProgram(f"{name} is not {f'in {folder}' if folder else 'on the PATH'}. {remedy}")
    told = subprocess.run([path, "--version"], capture_output=True, text=True, timeout=60, check=False).stdout
    found = re.search(r"\) (\d+)", told)
    if found and int(found.group(1)) < server:
        raise NoProgram(f"{path} is of version {found.group(1)}, older than the server's {server}. {remedy}")
    return path


def server_major(connection: BaseDatabaseWrapper) -> int:
    return int(connection.get_database_version()[0])


@contextmanager
def one_moment(connection: BaseDatabaseWrapper) -> Iterator[str]:
    """A transaction that sees the database of one moment, which pg_dump can be given; its name.

    https://www.postgresql.org/docs/15/functions-admin.html#FUNCTIONS-SNAPSHOT-SYNCHRONIZATION
    """
    with transaction.atomic(using=connection.alias, durable=True), connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        # The limits of a request would end a long dump.
        cursor.execute("SET LOCAL statement_timeout = 0")
        cursor.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
        cursor.execute("SELECT pg_export_snapshot()")
        (snapshot,) = cursor.fetchone()
        yield str(snapshot)


def dump(connection: BaseDatabaseWrapper, target: Path, snapshot: str) -> None:
    """Write what the snapshot sees, in pg_dump's custom format. Raises NoProgram, ProgramFailed."""
    command = [
        program("pg_dump", server_major(connection)),
        "--format=custom",
        # The one that our triggers are written in. Others, and what they keep in tables, are the operator's.
        "--extension=plpgsql",
        f"--snapshot={snapshot}",
        f"--lock-wait-timeout={LOCK_MILLISECONDS}",
        "--no-password",
        f"--file={target}",
    ]
    _run([*command, *_connection_arguments(connection)], _password(connection))


def tables_and_triggers(source: Path) -> tuple[set[str], set[str]]:
    """The names of the tables whose rows a dump holds, and those of its triggers. Raises NoProgram, ProgramFailed."""
    listed = _run([program("pg_restore"), "--list", str(source)])
    tables = re.findall(r" TABLE DATA \S+ (\S+) ", listed)
    triggers = re.findall(r" TRIGGER \S+ \S+ (\S+) ", listed)
    return set(tables), set(triggers)


def script(source: Path, target: Path, schema: str = "") -> None:
    """Write a dump as SQL, without the names of roles, which another server need not have.

    Without `schema` it reads and unpacks every byte of it; with one it leaves out what lies elsewhere, and extensions,
    which the role that restores need not own. Raises NoProgram, ProgramFailed.
    """
    arguments = ["--no-owner", "--no-privileges", "--no-comments", f"--file={target}", str(source)]
    _run([program("pg_restore"), *([f"--schema={schema}"] if schema else []), *arguments])


def for_server(head: bytes, major: int) -> bytes:
    """The first lines of a script, without the setting that pg_restore 17 writes and older servers refuse."""
    return head if major >= 17 else head.replace(b"\nSET transaction_timeout = 0;\n", b"\n", 1)


def load(connection: BaseDatabaseWrapper, source: Path, folder: Path) -> None:
    """Put a dump into the database, instead of the tables that are there, and end all sessions: all of it or nothing.

    `folder` takes the SQL meanwhile. Raises NoProgram, ProgramFailed, OSError.
    """
    psql = program("psql")
    dumped, whole = folder / "dump.sql", folder / "restore.sql"
    schema, before = _emptying(connection)
    major = server_major(connection)
    connection.close()
    script(source, dumped, schema)
    schema = connection.ops.quote_name(schema)
    with whole.open("wb") as file:
        file.write(f"SET statement_timeout = 0; SET lock_timeout = {LOCK_MILLISECONDS};\n{before}".encode())
        with dumped.open("rb") as content:
            file.write(for_server(content.read(HEAD), major))
            shutil.copyfileobj(content, file)
        file.write(f"\nDELETE FROM {schema}.{ENDED_BY_RESTORE};\n".encode())
    dumped.unlink()
    settings = ["--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", "--single-transaction", "--no-password"]
    _run(
        [psql, *settings, "--output=/dev/null", f"--file={whole}", *_connection_arguments(connection)],
        _password(connection),
    )


def others_connected(connection: BaseDatabaseWrapper) -> int:
    """How many other sessions use the database now, whoever's they are."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND usesysid IS NOT NULL"
            " AND pid <> pg_backend_pid()"
        )
        return int(cursor.fetchone()[0])


def _emptying(connection: BaseDatabaseWrapper) -> tuple[str, str]:
    """The name of the schema of our tables, and the SQL that drops them; nothing else goes, so no CASCADE."""
    quote = connection.ops.quote_name
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_schema()")
        (name,) = cursor.fetchone()
        schema = quote(name)
    tables = [f"{schema}.{quote(table)}" for table in sorted(tables_of(connection))]
    if not tables:
        return name, ""
    return (
        name,
        f"DROP TABLE {', '.join(tables)};\nDROP FUNCTION IF EXISTS {schema}.openetd_append_only();\n",
    )


def _connection_arguments(connection: BaseDatabaseWrapper) -> list[str]:
    """--dbname, with everything but the password, which other users of the machine would see."""
    values = connection.settings_dict
    given = {
        "dbname": values["NAME"],
        "user": values["USER"],
        "host": values["HOST"],
        "port": values["PORT"],
        **{name: value for name, value in values["OPTIONS"].items() if name not in {"options", "password"}},
    }
    return [f"--dbname={make_dsn(**{name: str(value) for name, value in given.items() if value})}"]


def _password(connection: BaseDatabaseWrapper) -> dict[str, str]:
    values = connection.settings_dict
    password = values["PASSWORD"] or values["OPTIONS"].get("password")
    return {"PGPASSWORD": password} if password else {}


def _run(command: Sequence[str], environment: dict[str, str] | None = None) -> str:
    """What the program printed. Raises ProgramFailed with what it complained of."""
    done = subprocess.run(
        command,
        env=os.environ | (environment or {}),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    if done.returncode != 0:
        said = done.stderr.strip() or f"exit status {done.returncode}"
        raise ProgramFailed(f"{Path(command[0]).name}: {said}")
    return done.stdout
