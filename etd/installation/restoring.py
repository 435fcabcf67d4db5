"""Trying a backup, and putting it in the place of the database that the program uses. docs/backup.md is the drill."""

from __future__ import annotations

import sqlite3
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from pathlib import Path

from django.conf import settings
from django.db.backends.base.base import BaseDatabaseWrapper
from django.utils import timezone

from etd.append_only import append_only_tables
from etd.installation import backup_file, postgresql_programs, presence, sqlite_files
from etd.installation.backup_file import Manifest, NotABackup
from etd.installation.backups import BackupFailed, Reason, database_of, make_backup
from etd.installation.contents import (
    OF_WORKERS,
    Look,
    foreign_tables,
    is_of_this_release,
    look_at,
    tables_of,
    unknown_migrations,
)

Say = Callable[[str], None]


class RestoreFailed(Exception):
    """The backup cannot be used, or not here; the message says why and what to do. `problems` are the single ones."""

    def __init__(self, message: str, problems: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.problems = problems


def check(path: Path) -> Manifest:
    """Read every byte of a backup and try what can be tried without a server. Raises RestoreFailed.

    A backup of SQLite is opened and verified like a database in use. One of PostgreSQL is unpacked to its last byte and
    compared with its list of tables; only a trial restore tells more.
    """
    with _unpacked(path) as (manifest, _, _):
        _refuse_faults(manifest)
        return manifest


def restore(
    path: Path,
    connection: BaseDatabaseWrapper,
    *,
    replace: bool,
    keep_in: Path,
    say: Say,
    with_faults: bool = False,
) -> Look:
    """Make the database of this program hold what the backup holds, without sessions.

    It is all or nothing: what fails leaves the database as it was. With `replace` a backup of what is there is made
    into the folder `keep_in` first. The look at the restored database is for the caller to judge. Raises RestoreFailed.
    """
    with ExitStack() as stack:
        with _failing():
            backup_file.check_seal(path)
            manifest = backup_file.manifest_of(path)
        _refuse_misfit(manifest, connection)
        say(f"To be filled: {database_of(connection)}")
        if not with_faults:
            _refuse_faults(manifest)
        stack.enter_context(_alone(connection))
        is_empty = _is_empty(connection)
        if not is_empty and not replace:
            raise RestoreFailed(
                "The database is not empty. With --replace it is backed up, and then replaced; or name another one in"
                " DATABASE_URL."
            )
        _refuse_foreign_tables(manifest, connection)
        manifest, database, folder = stack.enter_context(_unpacked(path))
        with nullcontext() if is_empty else _kept(connection, keep_in, say), _failing():
            if connection.vendor == "sqlite":
                connection.close()
                sqlite_files.end_sessions(database)
                sqlite_files.put_in_place(database, _file(connection))
            else:
                _refuse_others(connection)
                postgresql_programs.load(connection, database, folder)
        with _failing("It was replaced, but "):
            found = look_at()
    if differences := manifest.contents.differences(found.contents, but=OF_WORKERS):
        raise RestoreFailed(
            "It was replaced, but what is there now is not what was backed up.", tuple(differences)
        )
    return found


@contextmanager
def _unpacked(path: Path) -> Iterator[tuple[Manifest, Path, Path]]:
    """A backup that can be read: its manifest, the database in it, and the folder where that lies for the moment."""
    with _failing():
        Path(settings.DATA_DIR).mkdir(parents=True, exist_ok=True)
        backup_file.remove_leftovers(Path(settings.DATA_DIR))
        folder = tempfile.TemporaryDirectory(prefix=backup_file.RESTORING, dir=settings.DATA_DIR)
    with folder as name:
        with _failing():
            manifest, database = backup_file.unpack(path, Path(name))
            if newer := unknown_migrations(manifest.contents.migrations):
                raise RestoreFailed(
                    f"{path} was made by OpenEtD {manifest.release}, which is newer than this one"
                    f" ({settings.VERSION}): {newer[0]} is unknown here. Install that release, or a later one."
                )
            if manifest.contents.vendor == "sqlite":
                _compare(manifest, look_at(sqlite_files.url_of(database)))
            else:
                _compare_list(manifest, *postgresql_programs.tables_and_triggers(database))
                postgresql_programs.script(database, Path(name) / "unpacked.sql")
                (Path(name) / "unpacked.sql").unlink()
        yield manifest, database, Path(name)


def _compare(manifest: Manifest, found: Look) -> None:
    problems = manifest.contents.differences(found.contents)
    problems += [fault for fault in found.faults if fault not in manifest.faults]
    if problems:
        raise RestoreFailed("The database in the backup is not whole.", tuple(problems))


def _compare_list(manifest: Manifest, tables: set[str], triggers: set[str]) -> None:
    problems = [f"{table} is missing" for table in sorted(manifest.contents.rows.keys() - tables)]
    if is_of_this_release(manifest.contents.migrations):
        problems += [
            f"{table} lacks its append-only triggers"
            for table in append_only_tables()
            if table in tables and not {f"{table}_no_change", f"{table}_no_truncate"} <= triggers
        ]
    if problems:
        raise RestoreFailed("The dump in the backup is not whole.", tuple(problems))


def _refuse_faults(manifest: Manifest) -> None:
    if manifest.faults:
        raise RestoreFailed(
            "The backup is as it was written, but what was backed up was not whole. Take an older one.",
            manifest.faults,
        )


def _refuse_misfit(manifest: Manifest, connection: BaseDatabaseWrapper) -> None:
    if manifest.contents.vendor != connection.vendor:
        names = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}
        raise RestoreFailed(
            f"The backup is of {names[manifest.contents.vendor]}, and DATABASE_URL leads to"
            f" {names[connection.vendor]}. Restore it into a database of its own kind."
        )
    if connection.vendor == "sqlite" and connection.is_in_memory_db():  # type: ignore[attr-defined]
        raise RestoreFailed("DATABASE_URL leads to a database in memory, which would be gone at once.")


@contextmanager
def _alone(connection: BaseDatabaseWrapper) -> Iterator[None]:
    """Nobody else uses the database."""
    if connection.vendor != "sqlite":
        _refuse_others(connection)
        yield
        return
    with _failing():
        _file(connection).parent.mkdir(parents=True, exist_ok=True)
        with ExitStack() as stack:
            try:
                stack.enter_context(presence.alone(_file(connection)))
            except presence.InUse as error:
                raise RestoreFailed(str(error)) from error
            yield


def _refuse_others(connection: BaseDatabaseWrapper) -> None:
    if others := postgresql_programs.others_connected(connection):
        raise RestoreFailed(
            f"{others} other sessions are connected to the database. Stop the servers and the worker, then try again."
        )


def _refuse_foreign_tables(manifest: Manifest, connection: BaseDatabaseWrapper) -> None:
    """On PostgreSQL somebody else's tables may lie beside ours; those that the backup holds it brings back."""
    if connection.vendor != "postgresql":
        return
    if foreign := sorted(foreign_tables(connection) - manifest.contents.rows.keys()):
        raise RestoreFailed(
            f"In the database are tables that are not OpenEtD's and not in the backup: {', '.join(foreign)}."
            " Nothing was changed. Move them into a schema of their own (ALTER TABLE … SET SCHEMA …), then try again."
        )


def _is_empty(connection: BaseDatabaseWrapper) -> bool:
    try:
        if connection.vendor == "sqlite":
            return sqlite_files.is_empty(_file(connection))
        return not tables_of(connection)
    except sqlite3.DatabaseError:
        return False


@contextmanager
def _kept(connection: BaseDatabaseWrapper, folder: Path, say: Say) -> Iterator[None]:
    """What is in the database is kept, and it is said where; what fails meanwhile leaves it. Raises RestoreFailed."""
    aside = None
    try:
        kept, _ = make_backup(connection, folder, Reason.BEFORE_RESTORING)
    except BackupFailed as error:
        cause = error.__cause__
        if not isinstance(cause, sqlite3.DatabaseError) or isinstance(cause, sqlite3.OperationalError):
            raise RestoreFailed(
                f"What is there could not be backed up, and was left alone: {error}"
            ) from error
        # A file that SQLite cannot read as a database any more: there is nothing to copy, and it may be needed.
        with _failing():
            kept = aside = sqlite_files.set_aside(_file(connection), timezone.now())
    say(f"What was there is kept in {kept}")
    try:
        yield
    except BaseException:
        if aside:
            with _failing():
                sqlite_files.put_back(aside, _file(connection))
            say(f"It has its name again: {_file(connection)}")
        raise


def _file(connection: BaseDatabaseWrapper) -> Path:
    return Path(connection.settings_dict["NAME"])


@contextmanager
def _failing(before: str = "") -> Iterator[None]:
    """What may go wrong, in words for whoever asked, after those that say how far it came."""
    try:
        yield
    except sqlite3.Error as error:
        raise RestoreFailed(
            f"{before}SQLite says: {error}. Stop whatever uses the database, then try again."
        ) from error
    except (postgresql_programs.NoProgram, postgresql_programs.ProgramFailed, NotABackup) as error:
        raise RestoreFailed(f"{before}{error}") from error
    except RuntimeError as error:
        raise RestoreFailed(f"{before}the restored database is not usable: {error}") from error
    except subprocess.SubprocessError as error:
        raise RestoreFailed(f"{before}{error}") from error
    except OSError as error:
        raise RestoreFailed(f"{before}{error.strerror or error}: {error.filename or 'the file'}") from error
