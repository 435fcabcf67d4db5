"""Who uses a SQLite database now? A server holds a lock file beside it from its start to its end.

SQLite's own locks last as long as a transaction, so between two requests nobody could see that a server is running.
The lock is the operating system's and ends with its process, however that ends. Windows has no such lock: there a
restore cannot know, and its user must stop the server.
"""

from __future__ import annotations

import errno
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from django.db.backends.base.base import BaseDatabaseWrapper

REFUSED = (errno.EACCES, errno.EPERM, errno.EROFS)
# Of this process, as long as it lives.
_held: list[BinaryIO] = []


class InUse(Exception):
    """A server runs on the database, or it is being restored."""


def lock_file(database: Path) -> Path:
    return database.with_name(f"{database.name}.in-use")


def serve(connection: BaseDatabaseWrapper) -> None:
    """Say, until this process ends, that it works on the database. Raises InUse while a restore replaces that.

    PostgreSQL knows who is connected, and a database in memory is nobody else's: of them nothing is said.
    """
    if connection.vendor == "sqlite" and not connection.is_in_memory_db():  # type: ignore[attr-defined]
        try:
            hold(Path(connection.settings_dict["NAME"]))
        except OSError as error:
            # A folder that takes no file takes no journal of SQLite either: nothing is written there.
            if error.errno not in {*REFUSED, errno.ENOENT}:
                raise


def hold(database: Path) -> None:
    if not any(file.name == str(lock_file(database)) for file in _held):
        _held.append(_locked(database, shared=True))


@contextmanager
def alone(database: Path) -> Iterator[None]:
    """No server runs meanwhile, and none starts. Raises InUse."""
    with _locked(database, shared=False):
        yield


def _opened(path: Path) -> BinaryIO:
    try:
        return path.open("ab")
    except OSError as error:
        # Made by another user: a lock needs no more than to read it.
        if error.errno not in REFUSED or not path.exists():
            raise
        return path.open("rb")


def _locked(database: Path, *, shared: bool) -> BinaryIO:
    file = _opened(lock_file(database))
    if sys.platform == "win32":
        return file
    import fcntl  # noqa: PLC0415 -- does not exist on Windows

    try:
        fcntl.flock(file, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except OSError:
        file.close()
        raise InUse(
            f"{database} is being restored; start the server when that is done."
            if shared
            else f"A server runs on {database}. Stop it, then try again."
        ) from None
    return file
