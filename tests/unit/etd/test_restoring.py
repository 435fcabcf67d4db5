"""What a restore says and leaves behind where it fails, without a database of Django's and without a server."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.utils import ConnectionHandler
from pytest_django.fixtures import Settings

from config.settings import database
from etd.installation import backup_file, postgresql_programs, restoring
from etd.installation.backup_file import Manifest
from etd.installation.backups import Reason, database_of
from etd.installation.contents import Look
from etd.installation.restoring import RestoreFailed
from tests.unit.etd.test_backup_files import CONTENTS, NOW

DAMAGED = b"no database at all" * 100


def opened(url: str) -> BaseDatabaseWrapper:
    return ConnectionHandler({"default": database(url)})["default"]


@pytest.fixture
def path(tmp_path: Path, settings: Settings) -> Path:
    """Where the program's database is, or will be."""
    settings.DATA_DIR = tmp_path / "data"
    settings.DATA_DIR.mkdir()
    return tmp_path / "data" / "openetd.sqlite3"


@pytest.fixture
def backup(tmp_path: Path) -> Path:
    member = tmp_path / "database.sqlite3"
    connection = sqlite3.connect(member)
    connection.execute("CREATE TABLE django_session (session_key TEXT)")
    connection.close()
    manifest = Manifest(
        made_at=NOW,
        reason=Reason.ASKED,
        release="0.1.0",
        site="https://etd.example.org",
        name="openetd.sqlite3",
        contents=CONTENTS,
        was_checked=True,
        faults=(),
        size=member.stat().st_size,
        sha256=backup_file.sha256_of(member),
    )
    written = tmp_path / "openetd-20261123T163000Z.zip"
    backup_file.write(written, member, manifest)
    return written


def looks(*found: Look | Exception) -> Callable[[str], Look]:
    """What one look after the other finds."""
    left = list(found)

    def look_at(url: str = "") -> Look:
        one = left.pop(0)
        if isinstance(one, Exception):
            raise one
        return one

    return look_at


WHOLE = Look(CONTENTS, is_current=True, faults=())


def restored(backup: Path, path: Path, said: list[str]) -> Look:
    return restoring.restore(
        backup, opened(f"sqlite:///{path}"), replace=False, keep_in=path.parent, say=said.append
    )


def left_by_another(folder: Path) -> None:
    """As if one that was killed two days ago had made it."""
    folder.mkdir(parents=True)
    then = time.time() - 48 * 3600
    os.utime(folder, (then, then))


def test_it_says_first_which_database_it_fills(
    backup: Path, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    left_by_another(path.parent / ".restoring-x")
    monkeypatch.setattr(restoring, "look_at", looks(WHOLE, WHOLE))
    assert restored(backup, path, said) == WHOLE
    assert said == [f"To be filled: {path}"]
    assert sorted(one.name for one in path.parent.glob(".*")) == []


def test_no_password_is_said() -> None:
    named = database_of(opened("postgresql://openetd:secret-canary@db.example.org:5432/etd"))
    assert named == "db.example.org/etd"
    assert database_of(opened("postgresql:///etd")) == "this machine/etd"


def test_what_fails_after_the_replacement_says_that_it_took_place(
    backup: Path, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(restoring, "look_at", looks(WHOLE, RuntimeError("it cannot be read")))
    with pytest.raises(RestoreFailed, match=r"^It was replaced, but .*cannot be read"):
        restored(backup, path, [])
    path.unlink()
    another = replace(WHOLE, contents=replace(CONTENTS, rows={"etd_vote": 6}))
    monkeypatch.setattr(restoring, "look_at", looks(WHOLE, another))
    with pytest.raises(RestoreFailed, match=r"^It was replaced, but ") as raised:
        restored(backup, path, [])
    assert raised.value.problems == ("etd_vote has 6 rows instead of 7",)


def test_a_worker_that_starts_at_once_is_no_difference(
    backup: Path, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    at_work = {"etd_worker": 1, "django_tasks_database_dbtaskresult": 2}
    later = replace(WHOLE, contents=replace(CONTENTS, rows=CONTENTS.rows | at_work))
    monkeypatch.setattr(restoring, "look_at", looks(WHOLE, later))
    assert restored(backup, path, []) == later


def test_a_damaged_file_has_its_name_again_where_none_takes_its_place(path: Path) -> None:
    path.write_bytes(DAMAGED)
    left_by_another(path.parent / "backups" / ".unfinished-x")
    said: list[str] = []

    def fail_half_way() -> None:
        with restoring._kept(opened(f"sqlite:///{path}"), path.parent / "backups", said.append):
            assert not path.exists()
            path.write_bytes(b"half of the new one")
            raise RestoreFailed("the disk is full")

    with pytest.raises(RestoreFailed, match="disk is full"):
        fail_half_way()
    assert path.read_bytes() == DAMAGED
    assert sorted(one.name for one in path.parent.rglob("*")) == ["backups", path.name]
    assert [line.split(" /")[0] for line in said] == ["What was there is kept in", "It has its name again:"]


def test_an_older_server_is_spared_what_only_a_newer_one_knows() -> None:
    head = b"-- dump\nSET lock_timeout = 0;\nSET transaction_timeout = 0;\nSET client_encoding = 'UTF8';\n"
    told = b"-- dump\nSET lock_timeout = 0;\nSET client_encoding = 'UTF8';\n"
    assert postgresql_programs.for_server(head, 15) == told
    assert postgresql_programs.for_server(head, 17) == head
