"""Where several server processes count together: prometheus-client keeps a file for each process in one folder.

https://prometheus.github.io/client_python/multiprocess/
"""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"  # what prometheus-client reads when it is first imported
_made: list[Path] = []


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
        except OSError as error:
            raise ImproperlyConfigured(
                f"OPENETD_METRICS_DIR: the folder {folder} cannot be made or emptied ({error.strerror})."
            ) from error
    else:
        folder = Path(tempfile.mkdtemp(prefix="openetd-metrics-", dir=_in_memory()))
        _made.append(folder)
    os.environ[_VARIABLE] = str(folder)


def process_ended(pid: int) -> None:
    """What it counted stays; what it measured of itself goes."""
    if _VARIABLE in os.environ:
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
