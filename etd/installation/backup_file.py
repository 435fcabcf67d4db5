"""A backup as one file: a zip archive of the database and a manifest, sealed by a hash over every byte of it.

Any program that reads zip archives gets at the two parts: `manifest.json`, and `database.sqlite3` (a database of
SQLite) or `database.dump` (a dump of PostgreSQL in pg_dump's custom format). The last 64 bytes, the archive's comment,
are the sha256 of all bytes before them: a change anywhere in the file, and a cut, are found.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import struct
import time
import zipfile
import zlib
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from etd.installation.contents import Contents

FORMAT = "openetd-backup 1"
MANIFEST = "manifest.json"
MEMBERS = {"sqlite": "database.sqlite3", "postgresql": "database.dump"}
UNFINISHED, RESTORING = ".unfinished-", ".restoring-"
LEFTOVER_SECONDS = 24 * 3600
SEAL = 64
BLOCK = 1024 * 1024
MOST_MANIFEST = 64 * 1024 * 1024
# What reading an archive that is none, or somebody's own, may raise.
UNREADABLE = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    ValueError,
    KeyError,
    TypeError,
    NotImplementedError,
    RuntimeError,
    EOFError,
)
NAME = re.compile(r"openetd-\d{8}T\d{6}Z(-\d+)?\.zip")


class NotABackup(Exception):
    """A file that is no backup, or no longer the one that was made. The message says which, for a person."""


@dataclass(frozen=True)
class Manifest:
    """`reason` says who wanted it (`asked`, `before migrating`, `before restoring`); `site` and `name` of what.

    `was_checked`: the audit trail and the versions were verified (not where the tables were another release's);
    `faults` are those that were found. `size` (bytes) and `sha256` are those of the database in it.
    """

    made_at: datetime
    reason: str
    release: str
    site: str
    name: str
    contents: Contents
    was_checked: bool
    faults: tuple[str, ...]
    size: int
    sha256: str

    @property
    def member(self) -> str:
        """The name of the database in the archive."""
        return MEMBERS[self.contents.vendor]

    def as_json(self) -> str:
        values = asdict(self) | {"made_at": self.made_at.isoformat()}
        return json.dumps({"format": FORMAT} | values, ensure_ascii=False, indent=1)

    @classmethod
    def of(cls, text: bytes) -> Manifest:
        """Raises ValueError, KeyError and TypeError where it is none."""
        values = json.loads(text)
        if values.pop("format") != FORMAT:
            raise ValueError("another format")
        values["made_at"] = datetime.fromisoformat(values["made_at"])
        values["contents"] = Contents.of(values["contents"])
        values["faults"] = tuple(values["faults"])
        found = cls(**values)
        if found.made_at.tzinfo is None or found.contents.vendor not in MEMBERS:
            raise ValueError("another format")
        return found


def remove_leftovers(folder: Path) -> None:
    """What a backup or a restore that was killed left in the folder, votes among it, once it is a day old."""
    for path in folder.glob(".*-*"):
        is_ours = path.name.startswith((UNFINISHED, RESTORING)) and path.is_dir() and not path.is_symlink()
        if is_ours and time.time() - path.stat().st_mtime > LEFTOVER_SECONDS:
            shutil.rmtree(path, ignore_errors=True)


def new_file(folder: Path, at: datetime) -> Path:
    """A name for a backup that nothing in the folder has."""
    stem = f"openetd-{at:%Y%m%dT%H%M%SZ}"
    path, number = folder / f"{stem}.zip", 1
    while path.exists():
        number += 1
        path = folder / f"{stem}-{number}.zip"
    return path


def write(path: Path, database: Path, manifest: Manifest) -> None:
    """Write the file, readable by its owner alone, and wait until the disk has it."""
    # A dump of PostgreSQL is compressed already.
    method = zipfile.ZIP_DEFLATED if manifest.contents.vendor == "sqlite" else zipfile.ZIP_STORED
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w+b") as file:
        with zipfile.ZipFile(file, "w", method, compresslevel=1) as archive:
            archive.write(database, manifest.member)
            archive.writestr(MANIFEST, manifest.as_json())
            archive.comment = SEAL * b"0"
        size = file.seek(-SEAL, os.SEEK_END)
        seal = _sha256(file, size)
        file.seek(size)
        file.write(seal.encode())
        file.flush()
        os.fsync(file.fileno())


def publish(written: Path, path: Path) -> None:
    """Give a finished file its name, for good: the folder's entry is on the disk afterwards."""
    os.replace(written, path)
    if os.name != "nt":
        descriptor = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def manifest_of(path: Path) -> Manifest:
    """What the file says of itself, without a look at the rest of it. Raises NotABackup, OSError."""
    try:
        with zipfile.ZipFile(path) as archive:
            if archive.getinfo(MANIFEST).file_size > MOST_MANIFEST:
                raise NotABackup(f"{path} is no backup of OpenEtD.")
            return Manifest.of(archive.read(MANIFEST))
    except UNREADABLE as error:
        raise NotABackup(f"{path} is no backup of OpenEtD.") from error


def check_seal(path: Path) -> None:
    """Read every byte. Raises NotABackup where one is not as it was written, OSError where it cannot be read."""
    with path.open("rb") as file:
        if file.read(4) != b"PK\x03\x04" or file.seek(0, os.SEEK_END) <= SEAL:
            raise NotABackup(f"{path} is no backup of OpenEtD, or its beginning was changed.")
        size = file.seek(-SEAL, os.SEEK_END)
        seal = file.read()
        if seal != _sha256(file, size).encode():
            raise NotABackup(
                f"{path} is not as it was written: a byte was changed, or its end is missing. Do not use it; take an"
                " older backup, or another copy of this one."
            )


def unpack(path: Path, folder: Path) -> tuple[Manifest, Path]:
    """Check the seal, and write the database into the folder. Raises NotABackup, OSError."""
    check_seal(path)
    manifest = manifest_of(path)
    target = folder / manifest.member
    digest, size = hashlib.sha256(), 0
    descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with (
            os.fdopen(descriptor, "wb") as file,
            zipfile.ZipFile(path) as archive,
            archive.open(manifest.member) as member,
        ):
            while block := member.read(BLOCK):
                size += len(block)
                if size > manifest.size:
                    break
                digest.update(block)
                file.write(block)
    except UNREADABLE as error:
        raise NotABackup(f"{path} is no backup of OpenEtD.") from error
    if (size, digest.hexdigest()) != (manifest.size, manifest.sha256):
        raise NotABackup(f"{path}: what is in it is not what its manifest says.")
    return manifest, target


def sha256_of(path: Path) -> str:
    with path.open("rb") as file:
        return _sha256(file, path.stat().st_size)


def _sha256(file: BinaryIO, size: int) -> str:
    """Of the first `size` bytes of an open file."""
    file.seek(0)
    digest = hashlib.sha256()
    while size and (block := file.read(min(BLOCK, size))):
        digest.update(block)
        size -= len(block)
    return digest.hexdigest()
