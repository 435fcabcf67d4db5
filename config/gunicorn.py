"""How gunicorn serves the application: `gunicorn --config config/gunicorn.py config.wsgi:application`."""

import ctypes
import os
from contextlib import suppress
from pathlib import Path
from typing import Any

from etd.installation import metrics_files
from etd.installation.environment import env_bool, log_format
from etd.installation.logs import configuration

# SQLite takes one writer at a time, and threads of one process share its locks best.
_on_postgresql = os.environ.get("DATABASE_URL", "").startswith("postgres")

worker_class = "config.worker.Worker"
workers = int(os.environ.get("WEB_CONCURRENCY", 2 if _on_postgresql else 1))
threads = 4
timeout = 60
graceful_timeout = 20
# A browser that sends on a connection just being closed gets no answer: close idle ones later than people pause.
keepalive = 75
# Heartbeats must not wait for a disk, and the image's root file system is read-only.
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108 -- gunicorn names its own file in it
control_socket_disable = True
loglevel = os.environ.get("GUNICORN_LOG_LEVEL", "warning")
# A line for each request is written by etd.installation.requests: gunicorn's would hold addresses with their secrets.
accesslog = None
logconfig_dict = configuration(
    log_format(os.environ.get("LOG_FORMAT", ""), https=env_bool("HTTPS", default=False)),
    gunicorn_level=loglevel,
)

# mallopt(3): blocks of a mebibyte and more, such as files that are sent, go back to the system once they are done with.
# Left alone, glibc raises this limit after the first such block and keeps the next ones. Other systems have no mallopt.
_M_MMAP_THRESHOLD, _MIB = -3, 1024**2


def on_starting(server: Any) -> None:
    with suppress(AttributeError, OSError, TypeError):
        ctypes.CDLL(None).mallopt(_M_MMAP_THRESHOLD, _MIB)
    metrics_files.begin()


def child_exit(server: Any, worker: Any) -> None:
    metrics_files.process_ended(worker.pid)


def on_exit(server: Any) -> None:
    metrics_files.end()


def when_ready(server: Any) -> None:
    """Tell the address once it is open; before that, a browser would be refused."""
    for listener in server.LISTENERS:
        print(f"\nOpenEtD is at {listener}/ (Ctrl-C stops it)\n", flush=True)  # noqa: T201 -- for the terminal
