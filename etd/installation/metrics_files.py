"""Where several server processes count together: prometheus-client keeps a file for each process in one folder.

https://prometheus.github.io/client_python/multiprocess/

Processes that do jobs count there too. There may be many, each for a minute, and in a container of their own: so their
files are named after places that they take in turn, not after numbers of processes.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import IO

from django.core.exceptions import ImproperlyConfigured

_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"  # what prometheus-client reads when it is first imported
_made: list[Path] = []
_BEGUN = "begun"  # is written when a server empties the folder
_MOST_AT_JOBS = 16
_place: list[IO[str]] = []  # of this process, where it does jobs; locked as long as it lives


def begin() -> None:
    """Before the server's processes start: a folder without old counts. Nobody may read the counts: nothing is done.

    Raises ImproperlyConfigured where OPENETD_METRICS_DIR cannot be made.
    """
    os.environ.pop(_VARIABLE, None)
    if not os.environ.get("OPENETD_METRICS_TOKEN", ""):
        return
    if given := os.environ.get("OPENETD_METRICS_DIR", ""):
        folder = Path(given).absolute()
        try:
            folder.mkdir(parents=True, exist_ok=True)
            for old in folder.glob("*.db"):
                old.unlink()
            (folder / _BEGUN).touch()
        except OSError as error:
            raise ImproperlyConfigured(
                f"OPENETD_METRICS_DIR: the folder {folder} cannot be made or emptied ({error.strerror})."
            ) from error
    else:
        folder = Path(tempfile.mkdtemp(prefix="openetd-metrics-", dir=_in_memory()))
        _made.append(folder)
    os.environ[_VARIABLE] = str(folder)


def join() -> None:
    """In a process that does jobs, before prometheus-client is imported: it counts where the server's processes do.

    They must have told it where, or OPENETD_METRICS_DIR is the same for both. Otherwise it counts for itself.
    """
    told = os.environ.pop(_VARIABLE, "")
    given = os.environ.get("OPENETD_METRICS_DIR", "") if os.environ.get("OPENETD_METRICS_TOKEN", "") else ""
    folder = Path(told or given).absolute()
    if not (told and folder.is_dir()) and not given:
        return
    # Jobs are done, counted or not.
    with suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
        if _takes_a_place(folder):
            os.environ[_VARIABLE] = str(folder)


def _takes_a_place(folder: Path) -> bool:
    try:
        import fcntl  # noqa: PLC0415 -- not on Windows
    except ImportError:
        return False
    for number in range(_MOST_AT_JOBS):
        place = (folder / f"jobs-{number}.lock").open("w")
        try:
            fcntl.flock(place, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            place.close()
            continue
        _place.append(place)
        return True
    return False


def name_of_this_process() -> str:
    """What its files are named after. A server that has emptied the folder gives whoever is at jobs a new name."""
    if not _place:
        return str(os.getpid())
    place = Path(_place[0].name)
    try:
        return f"{place.stem}-{(place.parent / _BEGUN).stat().st_mtime_ns}"
    except FileNotFoundError:
        return place.stem


def are_together() -> bool:
    """Does this process count together with others?"""
    return _VARIABLE in os.environ


def process_ended(pid: int) -> None:
    """What it counted stays; what it measured of itself goes."""
    if are_together():
        from prometheus_client import multiprocess  # noqa: PLC0415 -- reads the variable when it is imported

        multiprocess.mark_process_dead(pid)


def end() -> None:
    """The server has ended: a folder that `begin` made goes."""
    for folder in _made:
        shutil.rmtree(folder, ignore_errors=True)
    _made.clear()


def _in_memory() -> str | None:
    """Counts are written at every request: best where no disk is behind it."""
    memory = Path("/dev/shm")  # noqa: S108 -- mkdtemp makes a folder of its own in it
    return str(memory) if memory.is_dir() and os.access(memory, os.W_OK) else None
