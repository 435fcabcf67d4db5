"""Looks at a zip package before anything in it is unpacked.

The central directory alone refuses bombs. `zipfile` before Python 3.11.8 does not look for overlapping entries
(CVE-2024-0450), so that is done here.
"""

import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import PurePosixPath

from metaanalysis.importers.limits import (
    MAX_DIRECTORY_ENTRIES,
    MAX_PARTS,
    MAX_RATIO,
    MAX_UNPACKED_BYTES,
    MIB,
    RATIO_FLOOR_BYTES,
)
from metaanalysis.importers.table import Refusal

_LOCAL_HEADER_BYTES = 30
_ENTRY = b"PK\x01\x02"
_ENCRYPTED_FLAGS = 0x1 | 0x40 | 0x2000


@dataclass(frozen=True)
class PackageKind:
    """How a package is called in messages, what to do if it is damaged or too large, how many parts it may have.

    `read_endings`: what the names of the parts end in that will be unpacked; the sizes of the others do not matter.
    """

    name: str
    save_again: str
    make_smaller: str
    max_parts: int = MAX_PARTS
    read_endings: tuple[str, ...] = ("",)

    def reads(self, name: str) -> bool:
        return name.casefold().endswith(self.read_endings) and not _is_shadow(name)


def part_names(data: bytes) -> tuple[str, ...]:
    """Names of the parts of a zip, none if it is damaged or its directory too long to be listed."""
    if not data.startswith(b"PK") or _too_many_entries(data):
        return ()
    try:
        with zipfile.ZipFile(BytesIO(data)) as archive:
            return tuple(name for name in archive.namelist() if not _is_shadow(name))
    except (zipfile.BadZipFile, OSError, ValueError, OverflowError, NotImplementedError):
        return ()


def _is_shadow(name: str) -> bool:
    """Whether a Mac put this part beside the one of the same name, to hold its colours and icon."""
    return name.startswith("__MACOSX/") or PurePosixPath(name).name.startswith("._")


def _too_many_entries(data: bytes) -> bool:
    """Each entry of the directory begins with this signature, so there cannot be more of them."""
    return data.count(_ENTRY) > MAX_DIRECTORY_ENTRIES


@contextmanager
def checked_archive(data: bytes, kind: PackageKind) -> Iterator[zipfile.ZipFile]:
    """The package, its directory checked. Raises Refusal for it, and for damage met while parts are read."""
    if not data.startswith(b"PK\x03\x04"):
        raise _damaged(kind)
    if _too_many_entries(data):
        text = f"the package has more parts than the limit of {kind.max_parts:,}. {kind.save_again}"
        raise Refusal("too_many_parts", text)
    try:
        with zipfile.ZipFile(BytesIO(data)) as archive:
            parts = archive.infolist()
            _check_names(parts, kind)
            _check_sizes([part for part in parts if kind.reads(part.filename)], kind)
            _check_places(parts, data, kind)
            yield archive
    except (
        zipfile.BadZipFile,
        zlib.error,
        EOFError,
        struct.error,
        NotImplementedError,
        RuntimeError,
    ) as error:
        raise _damaged(kind) from error
    except (OSError, ValueError, OverflowError, UnicodeDecodeError) as error:
        raise _damaged(kind) from error


def _damaged(kind: PackageKind) -> Refusal:
    return Refusal("damaged", f"the {kind.name} is damaged. {kind.save_again}")


def _check_names(parts: list[zipfile.ZipInfo], kind: PackageKind) -> None:
    if len(parts) > kind.max_parts:
        text = f"the package has {len(parts):,} parts; the limit is {kind.max_parts:,}. {kind.save_again}"
        raise Refusal("too_many_parts", text)
    seen = set()
    for part in parts:
        name = part.orig_filename
        pieces = name.replace("\\", "/").split("/")
        if name.startswith(("/", "\\")) or ".." in pieces or ":" in name or not name.isprintable():
            raise Refusal("part_name", f"a part has an unsafe name. {kind.save_again}", value=name)
        if name.casefold() in seen:
            raise Refusal("duplicate_part", f"a part is in the package twice. {kind.save_again}", value=name)
        seen.add(name.casefold())
        if part.flag_bits & _ENCRYPTED_FLAGS:
            text = "the file is protected by a password. Remove the password and upload it again."
            raise Refusal("encrypted", text)


def _check_sizes(parts: list[zipfile.ZipInfo], kind: PackageKind) -> None:
    total = sum(part.file_size for part in parts)
    if total > MAX_UNPACKED_BYTES:
        text = f"the file unpacks to {total / MIB:,.0f} MiB; the limit is {MAX_UNPACKED_BYTES // MIB} MiB. "
        raise Refusal("unpacks_too_large", text + kind.make_smaller)
    for part in parts:
        if part.file_size > RATIO_FLOOR_BYTES and part.file_size > MAX_RATIO * part.compress_size:
            text = f"a part unpacks to more than {MAX_RATIO} times its size. {kind.save_again}"
            raise Refusal("unpacks_too_large", text, value=part.filename)


def _check_places(parts: list[zipfile.ZipInfo], data: bytes, kind: PackageKind) -> None:
    """The parts must follow one another from byte 0 without overlap."""
    end = 0
    for part in sorted(parts, key=lambda each: each.header_offset):
        start = part.header_offset
        if start < end:
            raise Refusal(
                "overlapping_parts", f"parts of the package overlap. {kind.save_again}", value=part.filename
            )
        if end == 0 and start != 0:
            raise Refusal("prefix_data", f"there is other data before the {kind.name}. {kind.save_again}")
        name_bytes, extra_bytes = struct.unpack_from("<HH", data, start + 26)
        end = start + _LOCAL_HEADER_BYTES + name_bytes + extra_bytes + part.compress_size
    if end > len(data):
        raise _damaged(kind)
