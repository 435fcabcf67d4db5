"""Turns for work that costs much: files that are read and documents that are rendered, each in a child process.

Two things are bounded. Of the whole machine, how many such children run at once, whichever process of the site started
them: files in DATA_DIR are locked, and the system frees them with the process. Of each process, how many of its threads
are at such work or wait for it: there is always one left for votes and other short pages.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from threading import BoundedSemaphore

from django.conf import settings

MOST_THREADS = 3
"""Fewer than gunicorn gives a process (config/gunicorn.py)."""
RETRY_AFTER_SECONDS = 10

_threads = BoundedSemaphore(MOST_THREADS)
_SECONDS_BETWEEN_LOOKS = 0.1


class Busy(Exception):
    """There was no turn to be had; the text says what the server is busy with. Trying again helps."""


@contextmanager
def turn(kind: str, *, places: Sequence[int], wait_seconds: float, busy: str) -> Iterator[None]:
    """Hold the first free one of these places of a kind; raises Busy(busy) where none is free for so long.

    Raises it at once where as many threads of this process as may are at such work, or wait for it.
    """
    if not _threads.acquire(blocking=False):
        raise Busy(busy)
    try:
        with _place(kind, places, wait_seconds, busy):
            yield
    finally:
        _threads.release()


@contextmanager
def _place(kind: str, places: Sequence[int], wait_seconds: float, busy: str) -> Iterator[None]:
    try:
        import fcntl  # noqa: PLC0415 -- not on Windows, where the site is used by one person
    except ImportError:
        yield
        return
    folder = settings.DATA_DIR / "turns"
    folder.mkdir(parents=True, exist_ok=True)
    give_up = time.monotonic() + wait_seconds
    while True:
        for number in places:
            with (folder / f"{kind}-{number}.lock").open("w") as place:
                try:
                    fcntl.flock(place, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    continue
                yield
                return
        if time.monotonic() > give_up:
            raise Busy(busy)
        time.sleep(_SECONDS_BETWEEN_LOOKS)
