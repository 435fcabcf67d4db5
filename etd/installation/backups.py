"""Making a backup of the database that the program uses, and thinning the older ones. docs/backup.md is the drill."""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from enum import StrEnum
from pathlib import Path

from django.conf import settings
from django.db.backends.base.base import BaseDatabaseWrapper
from django.utils import timezone

from etd.installation import backup_file, postgresql_programs, sqlite_files
from etd.installation.backup_file import Manifest, NotABackup
from etd.installation.contents import Look, look, look_at
from etd.installation.thinning import Kept, Made, superfluous


class BackupFailed(Exception):
    """There is no backup, or none that can be used; the message says why and what to do."""


class Reason(StrEnum):
    ASKED = "asked"
    BEFORE_MIGRATING = "before migrating"
    BEFORE_RESTORING = "before restoring"


def default_folder() -> Path:
    return Path(settings.BACKUP_DIR)


def make_backup(
    connection: BaseDatabaseWrapper, folder: Path, reason: Reason = Reason.ASKED
) -> tuple[Path, Manifest]:
    """Write a backup of what the database holds now into the folder; people go on voting meanwhile.

    It is verified before it gets its name: a file of that name is a whole one. Faults of the stored data themselves are
    told in the manifest; such a backup is better than none. Raises BackupFailed.
    """
    if connection.vendor == "sqlite" and connection.is_in_memory_db():  # type: ignore[attr-defined]
        raise BackupFailed("The database is in memory: there is nothing to keep.")
    with _failing():
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        backup_file.remove_leftovers(folder)
        backup_file.remove_leftovers(Path(settings.DATA_DIR))
        with tempfile.TemporaryDirectory(prefix=backup_file.UNFINISHED, dir=folder) as unfinished:
            made_at = timezone.now()
            database, found = _copied(connection, Path(unfinished))
            manifest = Manifest(
                made_at=made_at,
                reason=reason,
                release=settings.VERSION,
                site=settings.SITE_URL,
                name=_name(connection),
                contents=found.contents,
                was_checked=found.is_current,
                faults=found.faults,
                size=database.stat().st_size,
                sha256=backup_file.sha256_of(database),
            )
            written = Path(unfinished) / "backup.zip"
            backup_file.write(written, database, manifest)
            backup_file.check_seal(written)
            path = backup_file.new_file(folder, made_at)
            backup_file.publish(written, path)
    return path, manifest


def _copied(connection: BaseDatabaseWrapper, folder: Path) -> tuple[Path, Look]:
    """A copy of the database, and what a look at it found."""
    target = folder / backup_file.MEMBERS[connection.vendor]
    if connection.vendor == "sqlite":
        sqlite_files.copy(Path(connection.settings_dict["NAME"]), target)
        return target, look_at(sqlite_files.url_of(target))
    with postgresql_programs.one_moment(connection) as snapshot:
        postgresql_programs.dump(connection, target, snapshot)
        found = look(connection)
    held, _ = postgresql_programs.tables_and_triggers(target)
    if missing := sorted(found.contents.rows.keys() - held):
        raise BackupFailed(f"pg_dump left out {missing[0]}.")
    return target, found


@contextmanager
def _failing() -> Iterator[None]:
    """What may go wrong, in words for whoever asked for the backup."""
    try:
        yield
    except sqlite3.OperationalError as error:
        raise BackupFailed(f"SQLite says: {error}. The database is as it was; try again.") from error
    except sqlite3.Error as error:
        raise BackupFailed(
            f"SQLite says: {error}. The database is damaged: keep its file, and restore the newest backup."
        ) from error
    except (postgresql_programs.NoProgram, postgresql_programs.ProgramFailed, NotABackup) as error:
        raise BackupFailed(str(error)) from error
    except RuntimeError as error:
        raise BackupFailed(f"The copy is not usable: {error}") from error
    except OSError as error:
        raise BackupFailed(
            f"{error.strerror or error}: {error.filename or 'the folder of backups'}"
        ) from error


def database_of(connection: BaseDatabaseWrapper) -> str:
    """Which database it is, for a person: the path of a file, or host and name; no password."""
    values = connection.settings_dict
    if connection.vendor == "sqlite":
        return str(Path(values["NAME"]).absolute())
    return f"{values['HOST'] or 'this machine'}/{values['NAME']}"


def _name(connection: BaseDatabaseWrapper) -> str:
    name = str(connection.settings_dict["NAME"])
    return Path(name).name if connection.vendor == "sqlite" else name


def thin(folder: Path, newest: Manifest, kept: Kept, now: datetime) -> list[Path]:
    """Remove backups of the same database that `superfluous` lets go; the paths that are gone.

    Only files that are named like a backup and say that they are one, of this site and database, made because somebody
    (or a timer) asked: no other file, and none that was made before a restore or a migration. Raises BackupFailed.
    """
    found = {path.name: manifest for path, manifest in _backups_in(folder) if _is_alike(manifest, newest)}
    made = (Made(name, one.made_at, not one.faults) for name, one in found.items())
    gone = [folder / name for name in sorted(superfluous(made, now, kept))]
    with _failing():
        for path in gone:
            path.unlink()
    return gone


def _backups_in(folder: Path) -> Iterable[tuple[Path, Manifest]]:
    for path in sorted(folder.iterdir()):
        if backup_file.NAME.fullmatch(path.name) and path.is_file() and not path.is_symlink():
            with suppress(NotABackup, OSError):
                yield path, backup_file.manifest_of(path)


def _is_alike(one: Manifest, other: Manifest) -> bool:
    return one.reason == other.reason == Reason.ASKED and _of(one) == _of(other)


def _of(manifest: Manifest) -> tuple[str, ...]:
    return manifest.site, manifest.name, manifest.contents.vendor


def is_of(connection: BaseDatabaseWrapper, manifest: Manifest) -> bool:
    """Was it asked for, by somebody or a timer, of this site and database?"""
    ours = (settings.SITE_URL, _name(connection), connection.vendor)
    return manifest.reason == Reason.ASKED and _of(manifest) == ours
