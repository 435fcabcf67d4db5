"""Examinations of the database: does it answer, is it the right one, and does its set-up protect what it is given?"""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from django.core.checks import CheckMessage, Error, Info, Warning
from django.db import Error as DatabaseError
from django.db import connection
from django.utils import timezone

from etd.installation import readiness
from etd.installation.contents import applied, unknown_migrations, waiting_migrations
from etd.installation.doctor import Area, examination
from etd.models import AuditEvent

OLDEST_POSTGRESQL = 15
# A race may leave a damaged file: from 3.7.0, mended in these (https://sqlite.org/wal.html#walresetbug).
MENDED_WAL = ((3, 44, 6), (3, 50, 7), (3, 51, 3))
OVER_A_NETWORK = frozenset(
    {"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "fuse.sshfs", "ceph", "glusterfs", "afs"}
)
MOST_SECONDS_APART = 5
REQUIRED_PRAGMAS = {
    "foreign_keys": "rows may refer to nothing",
    "recursive_triggers": "the audit trail may be replaced",
}


@examination(Area.DATABASE)
def examine_whether_it_answers() -> Iterator[CheckMessage]:
    try:
        problems = readiness.not_writable(connection)
    except DatabaseError as error:
        yield Error(
            f"The database does not answer: {str(error).strip().splitlines()[0] if str(error) else 'no reason given'}",
            hint="Is it running, and do address, user and password in DATABASE_URL fit?",
            id="installation.database",
        )
        return
    for problem in problems:
        yield Error(
            problem,
            hint="Give the account or role that runs OpenEtD the right to write.",
            id="installation.database_written",
        )


@examination(Area.DATABASE)
def examine_migrations() -> Iterator[CheckMessage]:
    if waiting := waiting_migrations(connection):
        yield Error(
            f"The database is not that of this release: {len(waiting)} migrations are not applied,"
            f" the first is {waiting[0]}.",
            hint="Make a backup, then run manage.py migrate.",
            id="installation.migrations",
        )
    names = tuple(sorted(f"{app}.{name}" for app, name in applied(connection)))
    if unknown := unknown_migrations(names):
        yield Error(
            f"The database was changed by a newer release: {unknown[-1]} is not known here.",
            hint="Install that release again, or restore a backup that is older than the change.",
            id="installation.newer_database",
        )


@examination(Area.DATABASE)
def examine_version() -> Iterator[CheckMessage]:
    version = connection.get_database_version()
    if connection.vendor == "postgresql":
        if version[0] < OLDEST_POSTGRESQL:
            yield Error(
                f"PostgreSQL {version[0]} is older than {OLDEST_POSTGRESQL}, which OpenEtD is tested with.",
                hint=f"Upgrade to PostgreSQL {OLDEST_POSTGRESQL} or later.",
                id="installation.database_version",
            )
        return
    if _pragma("journal_mode") == "wal" and has_wal_fault(version):
        yield Error(
            f"SQLite {'.'.join(map(str, version))} can damage a file in WAL mode.",
            hint='Set "PRAGMA journal_mode=TRUNCATE" (OpenEtD\'s own setting), or install SQLite 3.51.3 or later.',
            id="installation.wal",
        )


def has_wal_fault(version: tuple[int, ...]) -> bool:
    return (
        version >= (3, 7, 0)
        and not any(version[:2] == mended[:2] and version >= mended for mended in MENDED_WAL)
        and version < MENDED_WAL[-1]
    )


@examination(Area.DATABASE)
def examine_sqlite() -> Iterator[CheckMessage]:
    if connection.vendor != "sqlite":
        return
    for name, consequence in REQUIRED_PRAGMAS.items():
        if _pragma(name) != 1:
            yield Error(
                f"SQLite runs with {name} off: {consequence}.",
                hint="Leave OPTIONS of DATABASES in config/settings.py as they are shipped.",
                id=f"installation.{name}",
            )
    path = Path(str(connection.settings_dict["NAME"]))
    mounts = Path("/proc/self/mounts")
    if path.is_absolute() and mounts.exists():
        kind = file_system_of(path, mounts.read_text(encoding="utf-8", errors="replace"))
        if kind in OVER_A_NETWORK:
            yield Error(
                f"The database file lies on a network file system ({kind}), whose locks SQLite cannot rely on.",
                hint="Move DATA_DIR to a disk of this machine, or move to PostgreSQL (manage.py move_to_postgresql).",
                id="installation.network_file_system",
            )


def file_system_of(path: Path, mounts: str) -> str:
    """The kind of file system that holds the path, by the lines of /proc/self/mounts; "" where none does."""
    best, kind = Path(), ""
    for line in mounts.splitlines():
        fields = line.split(" ")
        if len(fields) < 3:
            continue
        folder = Path(fields[1].replace("\\040", " "))
        if (path == folder or folder in path.parents) and len(folder.parts) >= len(best.parts):
            best, kind = folder, fields[2]
    return kind


@examination(Area.DATABASE)
def examine_role() -> Iterator[CheckMessage]:
    """Whoever owns a table can switch its triggers off: then only the hashes protect the audit trail."""
    if connection.vendor != "postgresql":
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT r.rolsuper, c.relowner = r.oid, has_table_privilege(c.oid, 'UPDATE') FROM pg_roles r, pg_class c"
            " WHERE r.rolname = current_user AND c.oid = to_regclass(%s)",
            [AuditEvent._meta.db_table],
        )
        row = cursor.fetchone()
    is_super, is_owner, may_update = row or (False, False, False)
    if is_super:
        yield Warning(
            "The site uses a superuser of PostgreSQL: a fault in it could change everything on that server.",
            hint="Make a role for the site: CREATE ROLE openetd LOGIN, and let it own one database.",
            id="installation.superuser_role",
        )
    elif is_owner:
        yield Info(
            "The site's role owns its tables, so that it could switch off the triggers that protect the audit trail.",
            hint="For more, let another role own them: MIGRATION_DATABASE_URL in .env.example.",
            id="installation.owner_role",
        )
    elif may_update:
        yield Warning(
            "The site's role may change rows of the audit trail; only triggers keep it from that.",
            hint=f"REVOKE UPDATE, DELETE, TRUNCATE ON {AuditEvent._meta.db_table} FROM that role.",
            id="installation.role_may_update",
        )


@examination(Area.DATABASE)
def examine_clock() -> Iterator[CheckMessage]:
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT extract(epoch FROM clock_timestamp())")
            apart = abs(float(cursor.fetchone()[0]) - time.time())
        if apart > MOST_SECONDS_APART:
            yield Error(
                f"The clocks of this machine and of the database are {apart:,.0f} seconds apart.",
                hint="Let both machines ask a time server (systemd-timesyncd or chrony).",
                id="installation.clocks",
            )
    newest = AuditEvent.objects.order_by("-pk").values_list("at", flat=True).first()
    if newest is not None and newest > timezone.now() + timedelta(seconds=MOST_SECONDS_APART):
        yield Error(
            f"The newest event of the audit trail is of {newest:%Y-%m-%d %H:%M} UTC, which is yet to come.",
            hint="Is this machine's clock right? Rounds close by it. Let it ask a time server.",
            id="installation.clock",
        )


def _pragma(name: str) -> object:
    with connection.cursor() as cursor:
        cursor.execute(f"PRAGMA {name}")
        return cursor.fetchone()[0]
