"""`manage.py move_to_postgresql`: everything arrives, and what does not is found."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg2  # type: ignore[import-untyped]
import psycopg2.extras  # type: ignore[import-untyped]
import pytest
from django.db import connections
from psycopg2 import sql
from pytest_django import DjangoDbBlocker

from config.settings import database
from etd.installation import presence
from etd.installation.moving import TARGET, MoveRefused, move, use_target
from tests.conftest import TEST_DATABASE
from tests.launcher import ROOT
from tests.postgres import PostgresServer
from tests.server import ExampleDatabase, application_environment, run_manage

pytestmark = pytest.mark.skipif(TEST_DATABASE != "sqlite", reason="the move begins on SQLite; it runs there")

# As Django's backend does for the whole process, which another test may have loaded or not.
psycopg2.extras.register_uuid()

# Rows that every migrate makes again, and what belongs to one database alone.
OWN = {"django_migrations", "sqlite_sequence"}


@dataclass(frozen=True)
class Place:
    """A SQLite file with everything in it, and a PostgreSQL server to move it to."""

    file: Path
    server: PostgresServer

    @property
    def env(self) -> dict[str, str]:
        return application_environment(f"sqlite:///{self.file}", self.file.parent)

    def move(self, name: str) -> subprocess.CompletedProcess[str]:
        return run_manage(self.env, "move_to_postgresql", self.server.url(name))

    def change(self, statement: str) -> None:
        with closing(sqlite3.connect(self.file)) as source:
            source.execute(statement)
            source.commit()

    def ask(self, name: str, query: str) -> list[tuple[Any, ...]]:
        with closing(psycopg2.connect(self.server.url(name))) as target, target.cursor() as cursor:
            cursor.execute(query)
            return list(cursor.fetchall())

    def change_there(self, name: str, statement: str) -> None:
        """As somebody would who goes behind the application: triggers and references are not asked."""
        with closing(psycopg2.connect(self.server.url(name))) as target, target.cursor() as cursor:
            cursor.execute("SET session_replication_role = replica")
            cursor.execute(statement)
            target.commit()


@pytest.fixture(scope="module")
def place(
    example_database: ExampleDatabase,
    postgres_server: PostgresServer,
    tmp_path_factory: pytest.TempPathFactory,
) -> Place:
    folder = tmp_path_factory.mktemp("moving")
    file = folder / "openetd.sqlite3"
    file.write_bytes((example_database.folder / f"{example_database.name}.sqlite3").read_bytes())
    found = Place(file, postgres_server)
    done = subprocess.run(
        [sys.executable, "-m", "tests.integration.moving_content"],
        cwd=ROOT,
        env=found.env,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return found


@pytest.fixture(scope="module")
def moved(place: Place) -> Iterator[subprocess.CompletedProcess[str]]:
    """What the command said while it moved everything to the database `moved`."""
    place.server.create_database("moved")
    yield place.move("moved")
    place.server.drop_database("moved")


@pytest.fixture
def other(place: Place, moved: object) -> Iterator[str]:
    """A copy of the moved database, to be changed."""
    place.server.create_database("other", template="moved")
    yield "other"
    place.server.drop_database("other")


@pytest.fixture
def empty(place: Place, other: str) -> str:
    """A PostgreSQL database with every table and no row."""
    tables = ", ".join(tables_of(place.file))
    place.change_there(other, f"TRUNCATE {tables}")
    return other


@pytest.fixture
def move_here(place: Place, django_db_blocker: DjangoDbBlocker) -> Iterator[Callable[[str], str]]:
    """Moves to a database with the tables, in this process; what it is refused with, or "moved"."""
    known = connections.settings
    file = connections.configure_settings({**known, "file": database(f"sqlite:///{place.file}")})

    def move_to(name: str) -> str:
        connections.settings = file
        url = place.server.url(name)
        try:
            target = use_target(database(url))
            move(connections["file"], target, url, say=lambda line: None)
        except (MoveRefused, presence.InUse) as problem:
            return str(problem)
        finally:
            for alias in ("file", TARGET):
                if alias in connections.settings:
                    connections[alias].close()
                    del connections[alias]
        return "moved"

    with django_db_blocker.unblock():
        yield move_to
    connections.settings = known


def tables_of(file: Path) -> list[str]:
    with closing(sqlite3.connect(file)) as source:
        names = source.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
    return sorted({name for (name,) in names} - OWN)


def as_postgresql_has_it(stored: Any, there: Any) -> Any:
    """A value of SQLite in the type of the same value in PostgreSQL: what both mean, by no code of the application."""
    if stored is None or there is None:
        return None if stored == "null" else stored  # JSON's null, which both drivers give as None
    if isinstance(there, bool):
        return bool(stored)
    if isinstance(there, datetime):
        return datetime.fromisoformat(stored).replace(tzinfo=UTC)
    if isinstance(there, Decimal):
        return Decimal(str(stored))
    if isinstance(there, dict | list):
        return json.loads(stored)
    if isinstance(there, UUID):
        return UUID(stored)
    return stored


def rows_that_differ(place: Place, name: str, table: str) -> list[Any]:
    """Keys of rows of one table that are in one database alone, or with other values."""
    with (
        closing(sqlite3.connect(place.file)) as source,
        closing(psycopg2.connect(place.server.url(name))) as target,
    ):
        source.row_factory = sqlite3.Row
        ours = [dict(row) for row in source.execute(f'SELECT * FROM "{table}"')]  # noqa: S608 -- a table of the test
        with target.cursor(cursor_factory=psycopg2.extras.RealDictCursor) as cursor:
            cursor.execute(sql.SQL("SELECT * FROM {}").format(sql.Identifier(table)))
            theirs = [
                {column: bytes(v) if isinstance(v, memoryview) else v for column, v in row.items()}
                for row in cursor.fetchall()
            ]
    key = next(iter(ours[0]))
    there = {str(row[key]).replace("-", ""): row for row in theirs}
    assert len(there) == len(theirs)
    wrong = []
    for row in ours:
        other = there.pop(str(row[key]), {})
        if {column: as_postgresql_has_it(value, other.get(column)) for column, value in row.items()} != other:
            wrong.append(row[key])
    return [*wrong, *there]


class TestEverythingArrives:
    def test_the_command_says_what_it_did(
        self, moved: subprocess.CompletedProcess[str], place: Place
    ) -> None:
        assert moved.returncode == 0, moved.stderr
        assert "every table compared equal" in moved.stdout
        assert (
            "The audit trail, the votes and the published versions were checked there: whole." in moved.stdout
        )
        assert f"{len(tables_of(place.file))} tables" in moved.stdout

    def test_every_table_holds_rows_and_every_row_is_equal(
        self, moved: subprocess.CompletedProcess[str], place: Place
    ) -> None:
        tables = tables_of(place.file)
        assert len(tables) > 60
        counted = {table: place.ask("moved", f"SELECT count(*) FROM {table}") for table in tables}  # noqa: S608
        assert [table for table, count in counted.items() if count == [(0,)]] == []
        assert {table: keys for table in tables if (keys := rows_that_differ(place, "moved", table))} == {}

    def test_a_control_one_changed_value_is_seen(self, other: str, place: Place) -> None:
        place.change_there(other, "UPDATE etd_reference SET citation = citation || ' ' WHERE number = 1")
        place.change_there(other, "DELETE FROM django_session")
        assert len(rows_that_differ(place, other, "etd_reference")) >= 1
        assert len(rows_that_differ(place, other, "django_session")) == 1

    def test_numbers_go_on_where_they_stood(
        self, moved: subprocess.CompletedProcess[str], place: Place
    ) -> None:
        with closing(sqlite3.connect(place.file)) as source:
            (last,) = source.execute("SELECT seq FROM sqlite_sequence WHERE name = 'etd_user'").fetchone()
            (highest,) = source.execute("SELECT max(id) FROM etd_user").fetchone()
        assert last > highest, "a user was deleted whose number was the highest"
        assert place.ask("moved", "SELECT nextval(pg_get_serial_sequence('etd_user', 'id'))") == [(last + 1,)]


LOSES_ROWS = """
CREATE FUNCTION lose() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;
CREATE TRIGGER lose BEFORE INSERT ON etd_vote FOR EACH ROW EXECUTE FUNCTION lose();
CREATE FUNCTION bend() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN NEW.citation = NEW.citation || '.'; RETURN NEW; END $$;
CREATE TRIGGER bend BEFORE INSERT ON etd_reference FOR EACH ROW EXECUTE FUNCTION bend();
"""


class TestAllOrNothing:
    def test_a_lost_and_a_changed_row_are_found_and_nothing_stays(
        self, empty: str, place: Place, move_here: Callable[[str], str]
    ) -> None:
        place.change_there(empty, LOSES_ROWS)
        said = move_here(empty)
        assert "etd_vote has 0 rows instead of " in said
        assert "etd_reference has other contents" in said
        assert place.ask(
            empty, "SELECT (SELECT count(*) FROM etd_user), (SELECT count(*) FROM auth_permission)"
        ) == [(0, 0)]

    def test_a_control_the_same_database_takes_everything(
        self, empty: str, move_here: Callable[[str], str]
    ) -> None:
        assert move_here(empty) == "moved"

    def test_text_that_postgresql_cannot_store_is_named(
        self, empty: str, place: Place, move_here: Callable[[str], str]
    ) -> None:
        place.change("UPDATE etd_user SET name = name || char(0) WHERE email = 'chair@example.org'")
        try:
            assert "name holds the character zero, which PostgreSQL cannot store" in move_here(empty)
        finally:
            place.change("UPDATE etd_user SET name = 'Helena Brandt' WHERE email = 'chair@example.org'")
        assert place.ask(empty, "SELECT count(*) FROM etd_user") == [(0,)]


class TestRefusals:
    def test_a_target_that_holds_rows(self, other: str, move_here: Callable[[str], str]) -> None:
        assert "The PostgreSQL database is not empty: " in move_here(other)

    def test_a_target_of_another_release(
        self, empty: str, place: Place, move_here: Callable[[str], str]
    ) -> None:
        place.change_there(empty, "DELETE FROM django_migrations WHERE app = 'metaanalysis'")
        assert "tables of another release" in move_here(empty)

    def test_a_target_with_other_tables(self, place: Place, move_here: Callable[[str], str]) -> None:
        place.server.create_database("foreign")
        place.change_there("foreign", "CREATE TABLE somebody (id int)")
        assert "it has a table somebody" in move_here("foreign")
        place.server.drop_database("foreign")

    def test_a_target_that_is_not_there(self, place: Place, move_here: Callable[[str], str]) -> None:
        assert "PostgreSQL cannot be reached" in move_here("nowhere")

    def test_a_source_that_lacks_a_migration(
        self, moved: object, place: Place, move_here: Callable[[str], str]
    ) -> None:
        with closing(sqlite3.connect(place.file)) as source:
            kept = source.execute(
                "SELECT app, name, applied FROM django_migrations ORDER BY id DESC LIMIT 1"
            ).fetchone()
            source.execute("DELETE FROM django_migrations WHERE app = ? AND name = ?", kept[:2])
            source.commit()
            try:
                assert "lacks 1 migrations" in move_here("moved")
            finally:
                source.execute("INSERT INTO django_migrations (app, name, applied) VALUES (?, ?, ?)", kept)
                source.commit()

    def test_a_table_that_would_be_left_behind(
        self, moved: object, place: Place, move_here: Callable[[str], str]
    ) -> None:
        place.change("CREATE TABLE notes (id int)")
        try:
            assert "tables that this release does not know: notes" in move_here("moved")
        finally:
            place.change("DROP TABLE notes")

    def test_a_server_that_runs(self, moved: object, place: Place, move_here: Callable[[str], str]) -> None:
        with presence.alone(place.file):
            assert "A server runs on" in move_here("moved")

    def test_another_kind_of_database(self, place: Place) -> None:
        done = run_manage(place.env, "move_to_postgresql", "sqlite:////elsewhere.sqlite3")
        assert done.returncode == 1
        assert "Give the address of a PostgreSQL database" in done.stderr
