"""A disk that can be filled: of memory, mounted for one scenario, gone afterwards."""

from __future__ import annotations

import errno
import os
import secrets
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.postgres import PostgresServer, find_binaries
from tests.server import ExampleDatabase

MIB = 1024 * 1024
# A log that finds its next file already there: a database whose log cannot go on stops.
RESERVED = {"min_wal_size": "48MB", "max_wal_size": "16MB", "autovacuum": "off"}


class NotHere(Exception):
    """This machine, or this account, cannot do what a scenario needs; the message says what."""


@dataclass(frozen=True)
class Disk:
    path: Path

    @property
    def ballast(self) -> Path:
        return self.path / "ballast"

    def fill(self, free: int) -> None:
        """Leave so many bytes."""
        with self.ballast.open("wb") as file:
            # Whoever works on the disk may be quicker: then the rest is taken.
            for _ in range(100):
                found = os.statvfs(self.path)
                size = os.fstat(file.fileno()).st_blocks * 512
                try:
                    os.posix_fallocate(file.fileno(), size, found.f_bavail * found.f_frsize - free)
                except OSError as error:
                    if error.errno != errno.ENOSPC:
                        raise
                else:
                    return
        raise RuntimeError(f"{self.path} was not to be filled")

    def free(self) -> None:
        self.ballast.unlink(missing_ok=True)


@contextmanager
def small_disk(megabytes: int) -> Iterator[Disk]:
    """Raises NotHere where nothing may be mounted."""
    if sys.platform != "linux" or os.geteuid() != 0:
        raise NotHere("a small disk can be mounted by root on Linux alone")
    # Everybody may pass through: PostgreSQL does not run as root.
    path = Path(tempfile.gettempdir()) / f"etd-disk-{secrets.token_hex(6)}"
    path.mkdir(mode=0o755)
    try:
        done = mount("mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=0755", "tmpfs", str(path))
        if done.returncode != 0:
            raise NotHere(f"no small disk can be mounted: {done.stderr.strip()}")
        try:
            yield Disk(path)
        finally:
            # Lazily: what was killed may hold a file for a moment longer.
            mount("umount", "--lazy", str(path))
    finally:
        path.rmdir()


def mount(*command: str) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    except OSError as error:
        raise NotHere(f"{command[0]} is not on this machine") from error


@contextmanager
def example_on_small_disk(database: ExampleDatabase) -> Iterator[tuple[Disk, ExampleDatabase]]:
    """The example on a database of the same kind, with all its files on a small disk."""
    with small_disk(200 if database.postgres else 40) as disk:
        if database.postgres is None:
            copy = ExampleDatabase(disk.path, None)
            source = database.folder / f"{database.name}.sqlite3"
            (disk.path / source.name).write_bytes(source.read_bytes())
            yield disk, copy
            return
        binaries = find_binaries()
        assert binaries is not None
        postgres = PostgresServer(
            binaries,
            durable=True,
            parent=disk.path,
            initdb_options=("--wal-segsize=1",),
            settings=RESERVED,
        )
        try:
            postgres.start()
            made = ExampleDatabase(disk.path, postgres)
            carry_over(database, made, binaries)
            yield disk, made
        finally:
            postgres.stop()


def carry_over(database: ExampleDatabase, to: ExampleDatabase, binaries: Path) -> None:
    """The example, from one server to the other. Raises NotHere without the programs for it."""
    assert to.postgres is not None
    programs = [binaries / name for name in ("pg_dump", "psql")]
    if missing := [program.name for program in programs if not program.exists()]:
        raise NotHere(f"{missing[0]} is not beside {binaries / 'postgres'}")
    to.postgres.create_database(to.name)
    dump = subprocess.run(
        [str(programs[0]), "--no-owner", database.url(database.name)],
        capture_output=True,
        timeout=300,
        check=True,
    ).stdout
    subprocess.run(
        [str(programs[1]), "--quiet", "--no-psqlrc", "--set=ON_ERROR_STOP=1", to.url(to.name)],
        input=dump,
        capture_output=True,
        timeout=300,
        check=True,
    )
