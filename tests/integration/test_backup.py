"""The drill of docs/backup.md on a copy of the example: back up, check, restore, and what is refused on the way."""

from __future__ import annotations

import os
import sqlite3
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg2  # type: ignore[import-untyped]
import pytest
from django.core.checks import CheckMessage
from django.db import connection

from etd.installation import backup_file, contents, presence
from tests.reliability.panel import run_stage
from tests.server import ExampleDatabase, RunningServer, run_manage
from tests.tools import missing_tool


@pytest.fixture
def copied(example_database: ExampleDatabase, tmp_path: Path) -> Iterator[RunningServer]:
    """A copy of the example with a panel that votes; no server runs on it."""
    if example_database.postgres and not (example_database.postgres.binaries / "pg_dump").exists():
        missing_tool("PostgreSQL's client programs are missing")
    name = example_database.copy()
    try:
        yield RunningServer(example_database.url(name), tmp_path)
    finally:
        example_database.drop(name)


@pytest.fixture
def manage(example_database: ExampleDatabase, copied: RunningServer) -> Callable[..., tuple[int, str]]:
    """manage.py on the copy: exit status, and everything it said."""

    def run(*arguments: object, url: str = copied.database_url) -> tuple[int, str]:
        environment = copied.env | {"DATABASE_URL": url}
        if example_database.postgres:
            environment["PG_BINDIR"] = str(example_database.postgres.binaries)
        done = run_manage(environment, *map(str, arguments))
        return done.returncode, done.stdout + done.stderr

    return run


def test_the_drill(
    example_database: ExampleDatabase, copied: RunningServer, manage: Callable[..., tuple[int, str]]
) -> None:
    """Back up, lose something, restore: what was backed up is there, sessions are not, what was lost is kept."""
    panel = run_stage(copied, "set_up", 2)
    status, said = manage("backup", "--to", copied.folder / "kept", "--keep")
    assert (status, "openetd_copy_" in said.splitlines()[0]) == (0, True), said
    path = Path(said.splitlines()[-1])
    before = backup_file.manifest_of(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert os.listdir(path.parent) == [path.name]
    assert before.contents.rows["django_session"] == 3
    assert (before.faults, before.was_checked) == ((), True)

    version = before.contents.versions[0]
    status, said = manage("restore_check", path, "--holds", version.document_sha256[:12])
    *_, held, proved = said.splitlines()
    assert (status, held) == (0, f"It holds {version.named}, which bears {version.document_sha256[:12]}.")
    only_into_proves = "only --into proves that it can be restored."
    assert proved.endswith(only_into_proves if example_database.postgres else "This backup can be restored.")
    run_stage(copied, "recuse", panel["question"], panel["members"][0][0])
    status, said = manage("restore", path)
    assert (status, "not empty" in said) == (1, True)
    with somebody_who_uses_it(example_database, copied):
        status, said = manage("restore", path, "--replace")
    assert (status, "Stop" in said) == (1, True)
    damaged = path.with_name("damaged.zip")
    damaged.write_bytes(path.read_bytes().replace(b'"etd_vote"', b'"etd_note"', 1)[:-1] + b"0")
    status, said = manage("restore", damaged, "--replace")
    assert (status, "not as it was written" in said) == (1, True)
    assert not (copied.folder / "backups").exists()  # nothing of the three was begun

    status, said = manage("restore", path, "--replace")
    assert (status, "the audit trail and the versions are whole" in said) == (0, True), said
    later = Path(next(line for line in said.splitlines() if "is kept in" in line).split()[-1])
    recused = "SELECT count(*) FROM etd_recusal"
    (count,) = asked(copied.database_url, recused)
    assert count == before.contents.rows["etd_recusal"]
    assert backup_file.manifest_of(later).contents.rows["etd_recusal"] == count + 1
    assert asked(copied.database_url, "SELECT count(*) FROM django_session") == (0,)
    for chain in before.contents.chains:
        query = f"SELECT hash FROM etd_auditevent WHERE chain = '{chain.chain}' ORDER BY seq DESC LIMIT 1"  # noqa: S608
        assert asked(copied.database_url, query) == (chain.hash,)


@contextmanager
def somebody_who_uses_it(example_database: ExampleDatabase, copied: RunningServer) -> Iterator[None]:
    if example_database.postgres:
        connection = psycopg2.connect(copied.database_url)
        try:
            yield
        finally:
            connection.close()
    else:
        with presence._locked(Path(copied.database_url.removeprefix("sqlite:///")), shared=True):
            yield


def asked(url: str, *statements: str) -> tuple[Any, ...]:
    """The first row that the last statement finds, past the application."""
    if url.startswith("sqlite"):
        connection: Any = sqlite3.connect(url.removeprefix("sqlite:///"))
    else:
        connection = psycopg2.connect(url)
    try:
        cursor = connection.cursor()
        for statement in statements:
            cursor.execute(statement)
        found = cursor.fetchone() if cursor.description else None
        connection.commit()
    finally:
        connection.close()
    return found or ()


def test_faults_of_what_is_stored_are_told_and_kept(
    example_database: ExampleDatabase, copied: RunningServer, manage: Callable[..., tuple[int, str]]
) -> None:
    past_the_trigger = (
        "SET session_replication_role = replica"
        if example_database.postgres
        else "DROP TRIGGER etd_auditevent_no_update"
    )
    asked(copied.database_url, past_the_trigger, "UPDATE etd_auditevent SET subject = 'x' WHERE seq = 1")
    status, said = manage("backup")
    assert (status, "event 1: has been changed" in said) == (1, True)
    (path,) = (copied.folder / "backups").iterdir()
    assert any("has been changed" in fault for fault in backup_file.manifest_of(path).faults)
    status, said = manage("restore", path, "--replace")
    assert (status, "was not whole. Take an older one" in said) == (1, True)


def test_a_value_that_nobody_can_read_is_told_and_kept(
    example_database: ExampleDatabase, copied: RunningServer, manage: Callable[..., tuple[int, str]]
) -> None:
    """A backup with a fault is better than none, and a restore over what is damaged is what backups are for."""
    _, said = manage("backup")
    whole = said.splitlines()[-1]
    past_the_trigger = (
        "SET session_replication_role = replica"
        if example_database.postgres
        else "DROP TRIGGER etd_auditevent_no_update"
    )
    damage = "UPDATE etd_auditevent SET after = '{' WHERE type = 'round_opened'"
    asked(copied.database_url, past_the_trigger, damage)
    status, said = manage("backup")
    assert status == 1
    assert "has been changed" in said
    assert "guideline-1, event 0: cannot be read to its end: JSONDecodeError" in said
    assert backup_file.manifest_of(newest(copied)).faults
    status, said = manage("restore", whole, "--replace")
    assert (status, "the audit trail and the versions are whole" in said) == (0, True), said


@pytest.mark.django_db
def test_whatever_a_check_stumbles_over_is_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    def stumble(**given: object) -> list[CheckMessage]:
        with connection.cursor() as cursor:
            cursor.execute("SELECT nothing_of_that_name")
        return []

    monkeypatch.setattr(contents, "run_checks", stumble)
    found = contents.look(connection)
    assert found.contents.rows["etd_user"] == 0
    (fault,) = found.faults
    assert fault.startswith("What is stored cannot be read to its end: ")
    assert "nothing_of_that_name" in fault


def newest(copied: RunningServer) -> Path:
    return max((copied.folder / "backups").iterdir())


def test_over_the_tables_of_a_newer_release_the_way_back_is_open(
    example_database: ExampleDatabase, copied: RunningServer, manage: Callable[..., tuple[int, str]]
) -> None:
    _, said = manage("backup")
    before = said.splitlines()[-1]
    newer = "INSERT INTO django_migrations (app, name, applied) VALUES ('etd', '9999_later', '2026-11-23')"
    changed = "ALTER TABLE etd_recusal RENAME TO etd_stepping_aside"
    asked(copied.database_url, newer, changed)
    status, said = manage("backup")
    assert (status, "tables of another release: only counted" in said) == (0, True), said
    kept = backup_file.manifest_of(newest(copied))
    assert (kept.was_checked, kept.faults) == (False, ())
    status, said = manage("restore", before, "--replace")
    assert (status, "the audit trail and the versions are whole" in said) == (0, True), said


def test_on_postgresql_a_restore_is_all_or_nothing(
    example_database: ExampleDatabase, copied: RunningServer, manage: Callable[..., tuple[int, str]]
) -> None:
    """A view of the operator's own stands in the way: the tables that it reads are still there afterwards."""
    if not example_database.postgres:
        pytest.skip("On SQLite a restore is killed in its middle: tests/unit/etd/test_backup_files.py.")
    view = "CREATE VIEW report AS SELECT count(*) FROM etd_auditevent"
    events = asked(copied.database_url, view, "SELECT * FROM report")
    _, said = manage("backup")
    status, said = manage("restore", said.splitlines()[-1], "--replace")
    assert (status, "view report depends on table etd_auditevent" in said) == (1, True)
    assert asked(copied.database_url, "SELECT * FROM report") == events


def test_on_postgresql_an_extension_is_no_hindrance_to_a_role_without_privileges(
    example_database: ExampleDatabase, copied: RunningServer, manage: Callable[..., tuple[int, str]]
) -> None:
    """A trial restore into a database where the administrator has made the same extension, and its tables."""
    postgres, extension = example_database.postgres, "pg_trgm"
    if not postgres:
        pytest.skip("SQLite has no extensions of this kind.")
    offered = "SELECT count(*) FROM pg_available_extensions WHERE name = 'pg_trgm'"
    if asked(copied.database_url, offered) == (0,):
        missing_tool("PostgreSQL's contributed extensions are missing")
    # As PostGIS does: the extension keeps a table of its own, whose rows pg_dump would dump.
    made = (
        f"CREATE EXTENSION {extension}",
        "CREATE TABLE spatial_ref_sys (srid integer)",
        "INSERT INTO spatial_ref_sys VALUES (4326)",
        f"ALTER EXTENSION {extension} ADD TABLE spatial_ref_sys",
        "UPDATE pg_extension SET extconfig = ARRAY['spatial_ref_sys'::regclass::oid], extcondition = ARRAY['']"
        " WHERE extname = 'pg_trgm'",
    )
    asked(copied.database_url, *made)
    _, said = manage("backup")
    role, name = "openetd_plain", f"openetd_plain_{os.getpid()}"
    postgres.create_database(name)
    try:
        asked(postgres.url(name), f"CREATE ROLE {role} LOGIN", f"ALTER DATABASE {name} OWNER TO {role}")
        asked(postgres.url(name), *made)
        plain = postgres.url(name).replace("openetd@", f"{role}@")
        for how in ([], ["--replace"]):
            status, told = manage("restore", said.splitlines()[-1], *how, url=plain)
            assert (status, "the audit trail and the versions are whole" in told) == (0, True), told
        assert asked(plain, "SELECT count(*) > 0 FROM etd_auditevent") == (True,)
        assert asked(postgres.url(name), "SELECT srid FROM spatial_ref_sys") == (4326,)
    finally:
        postgres.drop_database(name)
        asked(copied.database_url, f"DROP ROLE IF EXISTS {role}")


def test_on_postgresql_nobody_elses_table_is_dropped(
    example_database: ExampleDatabase, copied: RunningServer, manage: Callable[..., tuple[int, str]]
) -> None:
    """One that came after the backup is named; of one that the backup holds, it holds the rows."""
    if not example_database.postgres:
        pytest.skip("On SQLite a database is one program's file.")
    _, said = manage("backup")
    asked(copied.database_url, "CREATE TABLE wine_list (name text)", "INSERT INTO wine_list VALUES ('Rioja')")
    kept = sorted((copied.folder / "backups").iterdir())
    status, told = manage("restore", said.splitlines()[-1], "--replace")
    assert (status, "not OpenEtD's and not in the backup: wine_list" in told) == (1, True), told
    assert sorted((copied.folder / "backups").iterdir()) == kept
    _, said = manage("backup")
    asked(copied.database_url, "DELETE FROM wine_list")
    status, told = manage("restore", said.splitlines()[-1], "--replace")
    assert status == 0, told
    assert asked(copied.database_url, "SELECT name FROM wine_list") == ("Rioja",)
