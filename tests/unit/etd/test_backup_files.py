"""A backup's file, which of many may go, and who works on a database: without a database of Django's."""

from __future__ import annotations

import errno
import os
import sqlite3
import stat
import subprocess
import sys
import time
import zipfile
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.db.utils import ConnectionHandler
from hypothesis import given
from hypothesis import strategies as st

from etd.installation import backup_file, environment, presence, sqlite_files
from etd.installation.backup_file import Manifest, NotABackup
from etd.installation.backups import Reason, thin
from etd.installation.contents import Chain, Contents, Version, unknown_migrations
from etd.installation.thinning import Kept, Made, superfluous

NOW = datetime(2026, 11, 23, 16, 30, tzinfo=UTC)
CONTENTS = Contents(
    vendor="sqlite",
    server="3.40.1",
    migrations=("etd.0001_initial",),
    chains=(Chain("site", 2, "ab" * 32),),
    versions=(Version("als", "mcs", 1, "cd" * 32, "ef" * 32),),
    rows={"etd_vote": 7, "django_session": 3},
)


@pytest.fixture
def database(tmp_path: Path) -> Path:
    path = tmp_path / "a database.sqlite3"
    connection = sqlite3.connect(path)
    with connection:
        connection.execute("CREATE TABLE vote (comment TEXT)")
        connection.execute("INSERT INTO vote VALUES ('kept secret')")
    connection.close()
    return path


def manifest(database: Path, at: datetime = NOW, **changes: object) -> Manifest:
    made = Manifest(
        made_at=at,
        reason=Reason.ASKED,
        release="0.1.0",
        site="https://etd.example.org",
        name="openetd.sqlite3",
        contents=CONTENTS,
        was_checked=True,
        faults=(),
        size=database.stat().st_size,
        sha256=backup_file.sha256_of(database),
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def made(folder: Path, database: Path, at: datetime = NOW, **changes: object) -> Path:
    path = backup_file.new_file(folder, at)
    backup_file.write(path, database, manifest(database, at, **changes))
    return path


# --- The file


def test_what_was_packed_is_unpacked(database: Path, tmp_path: Path) -> None:
    path = made(tmp_path, database)
    (tmp_path / "out").mkdir()
    told, unpacked = backup_file.unpack(path, tmp_path / "out")
    assert told == manifest(database)
    assert unpacked.read_bytes() == database.read_bytes()
    assert {stat.S_IMODE(one.stat().st_mode) for one in (path, unpacked)} == {0o600}


def test_any_program_opens_it(database: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(made(tmp_path, database)) as archive:
        assert archive.testzip() is None
        assert archive.read("database.sqlite3") == database.read_bytes()


def test_every_changed_byte_and_every_cut_is_found(database: Path, tmp_path: Path) -> None:
    path = made(tmp_path, database)
    whole = path.read_bytes()
    assert len(whole) < 5_000  # so that each of them can be tried
    changed = [whole[:at] + bytes([whole[at] ^ (1 << at % 8)]) + whole[at + 1 :] for at in range(len(whole))]
    missed = []
    for content in [*changed, *(whole[:at] for at in range(0, len(whole), 16))]:
        path.write_bytes(content)
        try:
            backup_file.check_seal(path)
            missed.append(content)
        except NotABackup:
            pass
    path.write_bytes(whole + b"\n")
    with pytest.raises(NotABackup, match="not as it was written"):
        backup_file.check_seal(path)
    path.write_bytes(whole)
    backup_file.check_seal(path)
    assert missed == []


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"%PDF-1.7" + 100 * b"x", b"PK\x03\x04" + 99 * b"0"])
def test_what_is_no_backup_is_called_so(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "openetd-20261123T163000Z.zip"
    path.write_bytes(content)
    with pytest.raises(NotABackup, match=r"no backup|not as it was written"):
        backup_file.unpack(path, tmp_path)


def test_a_sealed_archive_of_something_else_is_no_backup(tmp_path: Path) -> None:
    path = tmp_path / "other.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("manifest.json", '{"format": "another"}')
        archive.comment = 64 * b"0"
    content = path.read_bytes()[:-64]
    path.write_bytes(content)
    path.write_bytes(content + backup_file.sha256_of(path).encode())
    backup_file.check_seal(path)
    with pytest.raises(NotABackup, match="no backup of OpenEtD"):
        backup_file.unpack(path, tmp_path)


def test_two_of_one_second_have_two_names(database: Path, tmp_path: Path) -> None:
    first, second = made(tmp_path, database), made(tmp_path, database)
    assert [first.name, second.name] == ["openetd-20261123T163000Z.zip", "openetd-20261123T163000Z-2.zip"]
    assert all(backup_file.NAME.fullmatch(one.name) for one in (first, second))


def test_what_differs_is_told_but_for_sessions() -> None:
    other = replace(CONTENTS, chains=(), versions=(), migrations=(), rows={"etd_vote": 6, "etd_ballot": 1})
    assert CONTENTS.differences(replace(CONTENTS, rows={"etd_vote": 7, "django_session": 0})) == []
    assert CONTENTS.differences(other) == [
        "the migrations are others",
        "the audit trail ends elsewhere",
        "the published versions are others",
        "etd_ballot has 1 rows instead of 0",
        "etd_vote has 6 rows instead of 7",
    ]


def test_a_migration_of_a_newer_release_is_unknown() -> None:
    known = ("etd.0001_initial", "an_app_that_is_gone.0001_initial")
    assert unknown_migrations((*known, "etd.9999_later")) == ["etd.9999_later"]


# --- SQLite's file


def test_a_copy_takes_the_place_of_a_database_that_is_open(database: Path, tmp_path: Path) -> None:
    target = tmp_path / "target.sqlite3"
    still_open = sqlite3.connect(target)
    with still_open:
        still_open.execute("CREATE TABLE other (x)")
    sqlite_files.put_in_place(database, target)
    # Whoever had it open reads and writes what was restored, and no file that has lost its name.
    assert still_open.execute("SELECT * FROM vote").fetchall() == [("kept secret",)]
    with still_open:
        still_open.execute("INSERT INTO vote VALUES ('later')")
    still_open.close()
    again = sqlite3.connect(target)
    assert again.execute("SELECT count(*) FROM vote").fetchone() == (2,)
    again.close()


def test_killed_while_it_takes_the_place_the_old_database_is_there(database: Path, tmp_path: Path) -> None:
    large, target = tmp_path / "large.sqlite3", tmp_path / "target.sqlite3"
    for path, letter in ((large, "n"), (target, "o")):
        connection = sqlite3.connect(path)
        with connection:
            connection.execute("CREATE TABLE vote (comment TEXT)")
            connection.executemany("INSERT INTO vote VALUES (?)", [(500 * letter,)] * 2_000)
        connection.close()
    script = (
        "import os, sys; from pathlib import Path; import sqlite3; from etd.installation import sqlite_files as s\n"
        "def die(status, left, total):\n"
        "    if left < total / 2: os.kill(os.getpid(), 9)\n"
        "class Dying(sqlite3.Connection):\n"
        "    def backup(self, target): super().backup(target, pages=8, progress=die)\n"
        "s.connect = lambda path, mode='rw': sqlite3.connect(path, factory=Dying, isolation_level=None)\n"
        "s.put_in_place(Path(sys.argv[1]), Path(sys.argv[2]))\n"
    )
    done = subprocess.run([sys.executable, "-c", script, large, target], timeout=60, check=False)
    assert done.returncode == -9
    assert target.with_name(f"{target.name}-journal").stat().st_size > 0
    connection = sqlite3.connect(target)
    assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    assert connection.execute("SELECT DISTINCT substr(comment, 1, 1) FROM vote").fetchall() == [("o",)]
    connection.close()


def test_a_damaged_file_is_set_aside_with_its_journal(tmp_path: Path) -> None:
    path = tmp_path / "openetd.sqlite3"
    path.write_bytes(b"no database at all" * 100)
    path.with_name("openetd.sqlite3-journal").write_bytes(b"its journal")
    kept = sqlite_files.set_aside(path, NOW)
    assert sorted(one.name for one in tmp_path.iterdir()) == [kept.name, f"{kept.name}-journal"]


def test_who_serves_and_who_restores_exclude_each_other(tmp_path: Path) -> None:
    path = tmp_path / "openetd.sqlite3"
    script = (
        "import sys; from pathlib import Path; from etd.installation import presence\n"
        "presence.hold(Path(sys.argv[1])); print('held', flush=True); sys.stdin.read()\n"
    )
    servers = [
        subprocess.Popen(
            [sys.executable, "-c", script, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for _ in range(2)
    ]
    try:
        for server in servers:
            assert server.stdout is not None
            assert server.stdout.readline() == "held\n"
        with pytest.raises(presence.InUse, match="Stop it"), presence.alone(path):
            pass
    finally:
        for server in servers:
            server.kill()
            server.communicate(timeout=30)
    with presence.alone(path), pytest.raises(presence.InUse, match="being restored"):
        presence.hold(path)


@pytest.mark.parametrize("refused", [errno.EACCES, errno.EROFS])
def test_a_lock_file_of_another_user_is_locked_all_the_same(
    refused: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "openetd.sqlite3"
    really = Path.open

    def refuse(self: Path, mode: str = "r") -> object:
        if mode == "ab":
            raise OSError(refused, os.strerror(refused), str(self))
        return really(self, mode)

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(OSError, match=os.strerror(refused)), presence.alone(path):
        pass
    presence.lock_file(path).touch()
    with presence._locked(path, shared=True), pytest.raises(presence.InUse), presence.alone(path):
        pass
    with presence.alone(path), pytest.raises(presence.InUse):
        presence.serve(ConnectionHandler({"default": environment.database(f"sqlite:///{path}")})["default"])


def test_what_was_killed_leaves_no_votes_behind_for_longer_than_a_day(tmp_path: Path) -> None:
    yesterday = time.time() - 25 * 3600
    for name in (".unfinished-a", ".restoring-b", ".unfinished-now", ".another-c", "unfinished-d"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "database.sqlite3").write_bytes(b"votes")
        if name != ".unfinished-now":
            os.utime(tmp_path / name, (yesterday, yesterday))
    backup_file.remove_leftovers(tmp_path)
    assert sorted(os.listdir(tmp_path)) == [".another-c", ".unfinished-now", "unfinished-d"]


# --- Thinning


def made_at(*hours_ago: float) -> list[Made]:
    return [Made(f"{ago:g} h", NOW - timedelta(hours=ago), is_whole=True) for ago in hours_ago]


@pytest.mark.parametrize(
    ("hours_ago", "gone"),
    [
        ([0, 0.2, 0.4, 2], {"0.2 h", "0.4 h"}),  # of an hour the newest
        ([1, 24 * 34], set()),
        ([1, 24 * 36, 24 * 36 + 1, 24 * 37], {f"{24 * 36 + 1} h"}),  # of a day the newest
        ([1, 24 * 89, 24 * 91], {f"{24 * 91} h"}),
        ([24 * 400], set()),  # the newest, however old
        ([-2, -2.1, 1], set()),  # a clock that was wrong
    ],
)
def test_one_an_hour_then_one_a_day_then_none(hours_ago: list[float], gone: set[str]) -> None:
    assert superfluous(made_at(*hours_ago), NOW, Kept()) == gone


def test_a_whole_one_stays_rather_than_a_newer_one_with_faults() -> None:
    whole, faulty = (
        Made("whole", NOW - timedelta(minutes=20), is_whole=True),
        Made("faulty", NOW, is_whole=False),
    )
    later = Made("later", NOW - timedelta(minutes=10), is_whole=False)
    assert superfluous([whole, later, faulty], NOW, Kept()) == {"later"}
    assert superfluous([replace(whole, at=NOW - timedelta(days=200)), faulty], NOW, Kept()) == set()


MANY = st.lists(st.tuples(st.integers(-200, 24 * 100), st.booleans()), min_size=1, max_size=60)


@given(many=MANY, hourly=st.integers(0, 40), daily=st.integers(0, 95))
def test_the_newest_always_stays_and_thinning_twice_is_thinning_once(
    many: list[tuple[int, bool]], hourly: int, daily: int
) -> None:
    kept = Kept(hourly, max(hourly, daily))
    every = [
        Made(str(n), NOW - timedelta(hours=ago, minutes=n), whole) for n, (ago, whole) in enumerate(many)
    ]
    gone = superfluous(every, NOW, kept)
    left = [one for one in every if one.name not in gone]
    assert max(every, key=lambda one: one.at) in left
    if any(one.is_whole for one in every):
        assert max((one for one in every if one.is_whole), key=lambda one: one.at) in left
    assert superfluous(left, NOW, kept) == set()


def test_nothing_but_older_backups_of_the_same_database_is_removed(database: Path, tmp_path: Path) -> None:
    folder = tmp_path / "backups"
    folder.mkdir()
    old = NOW - timedelta(days=200)
    newest = made(folder, database)
    gone = [made(folder, database, old), made(folder, database, old - timedelta(hours=1))]
    stays = [
        made(folder, database, old, site="https://other.example.org"),
        made(folder, database, old, name="other.sqlite3"),
        made(folder, database, old, reason=Reason.BEFORE_RESTORING),
        folder / "openetd-20200101T000000Z.zip",
        folder / "openetd-20200101T000001Z.zip",
        folder / "openetd-20200101T000002Z.zip",
        folder / "holiday.zip",
    ]
    stays[3].write_bytes(b"no backup")
    stays[4].mkdir()
    os.symlink(made(tmp_path, database, old), stays[5])
    stays[6].write_bytes(gone[0].read_bytes())
    assert sorted(thin(folder, backup_file.manifest_of(newest), Kept(), NOW)) == sorted(gone)
    assert sorted(folder.iterdir()) == sorted([newest, *stays])
