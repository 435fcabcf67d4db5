"""SQLite's part of backup and restore: a copy of a database in use, and a copy put in the place of one.

https://www.sqlite.org/lang_vacuum.html#vacuuminto, https://www.sqlite.org/backup.html
"""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from datetime import datetime
from pathlib import Path
from urllib.parse import quote

# A vote waits 20 seconds for the lock: whoever copies is more patient.
LOCK_SECONDS = 60.0
BESIDE = ("", "-journal", "-wal", "-shm")


def url_of(path: Path) -> str:
    """The DATABASE_URL of a file."""
    return f"sqlite:///{quote(str(path.absolute()))}"


def connect(path: Path, mode: str = "rw") -> sqlite3.Connection:
    """`mode`: rw for a file that is there, rwc to make one."""
    return sqlite3.connect(
        f"file:{quote(str(path.absolute()))}?mode={mode}",
        uri=True,
        timeout=LOCK_SECONDS,
        isolation_level=None,
    )


def copy(source: Path, target: Path) -> None:
    """Write a consistent copy of a database that others are writing to; they wait until it is done.

    One read transaction, so the copy is the database of one moment, without free pages. Raises sqlite3.Error.
    """
    with closing(connect(source)) as connection:
        connection.execute("VACUUM INTO ?", [str(target)])


def is_empty(path: Path) -> bool:
    """No file, or one without a table. Raises sqlite3.DatabaseError where it is no database, or a damaged one."""
    if not path.exists():
        return True
    with closing(connect(path)) as connection:
        (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    return bool(tables == 0)


def end_sessions(path: Path) -> None:
    with closing(connect(path)) as connection:
        connection.execute("DELETE FROM django_session")


def put_in_place(source: Path, target: Path) -> None:
    """Make `target` hold what `source` holds, in one transaction: killed in the middle, it holds what it held before.

    Into the file itself, because a program that has it open would go on writing into one that was renamed away.
    Raises sqlite3.Error: locked, or `target` is no database.
    """
    with closing(connect(source)) as copied, closing(connect(target, "rwc")) as connection:
        connection.execute("PRAGMA journal_mode=TRUNCATE")
        connection.execute("PRAGMA synchronous=FULL")
        copied.backup(connection)


def set_aside(path: Path, at: datetime) -> Path:
    """Rename a file that is no readable database, with what SQLite keeps beside it; its new name."""
    name = f"{path.name}.damaged-{at:%Y%m%dT%H%M%SZ}"
    for end in BESIDE:
        beside = path.with_name(path.name + end)
        if beside.exists():
            os.replace(beside, path.with_name(name + end))
    return path.with_name(name)


def put_back(aside: Path, path: Path) -> None:
    """Give a file that was set aside its name again, and whatever was begun under that name is gone."""
    for end in BESIDE:
        path.with_name(path.name + end).unlink(missing_ok=True)
        if (beside := aside.with_name(aside.name + end)).exists():
            os.replace(beside, path.with_name(path.name + end))
