"""PDFs that were made, as files under the hash of all that went into them (docs/adr/0021).

Every process of a server shares them and a restart keeps them. They can be deleted at any time: what is missing is made
again.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Callable
from contextlib import suppress
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path

from django.conf import settings

MOST_BYTES = 256 * 1024**2
MOST_FILES = 500
# What sets the pages, beside our own worker and its style sheet.
_LIBRARIES = ("weasyprint", "pydyf", "fonttools", "tinycss2", "tinyhtml5", "pyphen", "pillow")


def kept_or_made(job: bytes, sources: tuple[Path, ...], make: Callable[[], bytes]) -> bytes:
    """The PDF of this job as it was made before, else as `make` gives it now; whatever that raises is raised.

    `sources` are the files that decide how a job looks: others, or other versions of the libraries, make another PDF.
    A disk that cannot be written to is no reason not to answer: then nothing is kept.
    """
    path = folder() / f"{_key(job, sources)}.pdf"
    if (kept := _read(path)) is not None:
        return kept
    made = make()
    with suppress(OSError):
        _write(path, made)
        _prune(path.parent)
    return made


def folder() -> Path:
    """Where they are; it need not be there."""
    return Path(settings.DATA_DIR) / "renders"


def _key(job: bytes, sources: tuple[Path, ...]) -> str:
    found = hashlib.sha256(_libraries())
    for source in sources:
        stat = source.stat()
        found.update(_digest(source, stat.st_mtime_ns, stat.st_size))
    found.update(hashlib.sha256(job).digest())
    return found.hexdigest()


@lru_cache(maxsize=64)
def _digest(source: Path, _changed_at: int, _size: int) -> bytes:
    return hashlib.sha256(source.read_bytes()).digest()


@lru_cache(maxsize=1)
def _libraries() -> bytes:
    return repr([(name, version(name)) for name in _LIBRARIES]).encode()


def _read(path: Path) -> bytes | None:
    """What was kept, None where nothing was or the disk gives other bytes than were written."""
    try:
        content = path.read_bytes()
        os.utime(path)
    except OSError:
        return None
    digest, _, pdf = content.partition(b"\n")
    return pdf if hashlib.sha256(pdf).hexdigest().encode() == digest else None


def _write(path: Path, pdf: bytes) -> None:
    """Whole or not at all; for the account of the site alone."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=path.parent, suffix=".part", delete=False) as part:
        try:
            part.write(hashlib.sha256(pdf).hexdigest().encode() + b"\n" + pdf)
            part.close()
            Path(part.name).replace(path)
        except OSError:
            Path(part.name).unlink(missing_ok=True)
            raise


def _prune(kept: Path) -> None:
    """The files that were asked for last stay, as many and as much as may be kept."""
    files = []
    for path in kept.iterdir():
        # Another process may be pruning as well.
        with suppress(FileNotFoundError):
            stat = path.stat()
            files.append((stat.st_mtime_ns, stat.st_size, path))
    kept_bytes = 0
    for number, (_, size, path) in enumerate(sorted(files, reverse=True), start=1):
        kept_bytes += size
        if number > MOST_FILES or kept_bytes > MOST_BYTES:
            path.unlink(missing_ok=True)
