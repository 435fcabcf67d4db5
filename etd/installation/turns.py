"""Turns for work that costs much: files that are read and documents that are rendered, each in a child process.

Two things are bounded. Of the whole machine, how many such children run at once, whichever process of the site started
them: files in DATA_DIR are locked, and the system frees them with the process. Of each process, how many of its threads
are at such work or wait for it: there is always one left for votes and other short pages.
"""

from __future__ import annotations

import errno
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from threading import BoundedSemaphore
from typing import IO

MOST_THREADS = 3
"""Fewer than gunicorn gives a process (config/gunicorn.py)."""
RETRY_AFTER_SECONDS = 10
_SECONDS_BETWEEN_LOOKS = 0.1

_threads = BoundedSemaphore(MOST_THREADS)


@dataclass(frozen=True)
class Kind:
    """A kind of work: the places it may take, the first free one of them, and what is said where none is."""

    name: str
    places: tuple[int, ...]
    busy: str


READING = Kind(
    "read", (0, 1), "The server is reading other files at this moment. Send this one again in a minute."
)
RENDERING = Kind(
    "render", (1, 0), "Several documents are being rendered at this moment. Try again in a minute."
)
# Takes half an hour at most, and leaves one of the two places to the documents.
RENDERING_FOR_LONG = replace(RENDERING, places=(0,))


class Busy(Exception):
    """There was no turn to be had; the text says what the server is busy with. Trying again helps."""


@contextmanager
def turn(kind: Kind, *, wait_seconds: float) -> Iterator[None]:
    """Hold one of the places of a kind; raises Busy where none is free for so long.

    Raises it at once where as many threads of this process as may are at such work, or wait for it.
    """
    if not _threads.acquire(blocking=False):
        raise Busy(kind.busy)
    try:
        with _place(kind, wait_seconds):
            yield
    finally:
        _threads.release()


@contextmanager
def _place(kind: Kind, wait_seconds: float) -> Iterator[None]:
    try:
        import fcntl  # noqa: PLC0415 -- not on Windows, where the site is used by one person
    except ImportError:
        yield
        return
    # The children that read files load this module too, and nothing of Django.
    from django.conf import settings  # noqa: PLC0415 -- slow import

    folder = settings.DATA_DIR / "turns"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        if error.errno not in {errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EEXIST}:
            raise
        # A command where nothing may be written: nobody's work is here to take turns with.
        yield
        return
    give_up = time.monotonic() + wait_seconds
    while True:
        for number in kind.places:
            with _opened(folder / f"{kind.name}-{number}.lock") as place:
                try:
                    fcntl.flock(place, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    continue
                yield
                return
        if time.monotonic() > give_up:
            raise Busy(kind.busy)
        time.sleep(_SECONDS_BETWEEN_LOOKS)


def _opened(lock: Path) -> IO[str]:
    """For writing, which makes it; for reading where it is another account's, which is enough to lock it."""
    try:
        return lock.open("w")
    except PermissionError:
        return lock.open()
