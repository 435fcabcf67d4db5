"""V11: what is answered as saved has been handed to the disk."""

from __future__ import annotations

import re
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.postgres import PostgresServer, find_binaries
from tests.reliability.disks import NotHere
from tests.reliability.history import Outcome, check
from tests.reliability.panel import SAFE, Panel, Result, not_measured, panel_on, run_stage, vendor
from tests.server import ExampleDatabase, RunningServer

# A call that was interrupted by another thread is printed twice, the second time as "resumed".
SYNC = re.compile(rb"\b(?:fsync|fdatasync)\(")
TRACE_SECONDS = 30


def children_of(pid: int) -> list[int]:
    found = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii")
    return [int(child) for child in found.split()]


@contextmanager
def traced(server: RunningServer, folder: Path) -> Iterator[Path]:
    """The file in which every sync of the server's workers is written down. Raises NotHere."""
    if (strace := shutil.which("strace")) is None:
        raise NotHere("strace is not installed")
    assert server.process is not None
    trace, said = folder / "trace", folder / "strace"
    workers = [part for pid in children_of(server.process.pid) for part in ("-p", str(pid))]
    command = [strace, "-f", "-e", "trace=fsync,fdatasync", "-o", str(trace), *workers]
    with said.open("wb") as log:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    try:
        deadline = time.monotonic() + TRACE_SECONDS
        while b"attached" not in said.read_bytes():
            if process.poll() is not None or time.monotonic() > deadline:
                raise NotHere(f"strace may not look at a process: {said.read_text().strip()[:200]}")
            time.sleep(0.02)
        yield trace
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(timeout=TRACE_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(timeout=TRACE_SECONDS)


def n_syncs(trace: Path) -> int:
    return len(SYNC.findall(trace.read_bytes()))


async def vote_one_by_one(panel: Panel, votes: int, trace: Path) -> list[int]:
    """How many syncs there were between the sending and the answer of each acknowledged vote."""
    (voter,) = await panel.voters([0])
    found = []
    for n in range(votes):
        before = n_syncs(trace)
        write = await panel.vote(voter, panel.items[n % len(panel.items)])
        if write.outcome is Outcome.ACKNOWLEDGED:
            found.append(n_syncs(trace) - before)
    return found


def syncs_of(database: ExampleDatabase, votes: int, application: str) -> dict[str, Any]:
    with panel_on(database, 1, application=application) as panel, tempfile.TemporaryDirectory() as folder:
        with traced(panel.server, Path(folder)) as trace:
            found = panel.run(vote_one_by_one(panel, votes, trace))
        lost = check(panel.history, panel.stored()).lost
    return {"acknowledged": len(found), "fewest_a_vote": min(found), "syncs": sum(found), "lost": lost}


def v11_what_is_saved_is_on_the_disk(database: ExampleDatabase, votes: int) -> list[Result]:
    """SQLite: at least one sync before each answer. PostgreSQL: its own settings, as the application finds them."""
    if database.postgres:
        return settings_of_postgresql(database)
    try:
        found = syncs_of(database, votes, SAFE)
        without = syncs_of(database, votes, "tests.reliability.unsafe:unsynced()")
    except NotHere as reason:
        return [not_measured("V11", "sqlite", str(reason))]
    return [
        Result("V11", "sqlite", found["acknowledged"] == votes and found["fewest_a_vote"] >= 1, found),
        Result("V11", "sqlite", without["fewest_a_vote"] == 0, without, is_control=True),
    ]


def settings_of_postgresql(database: ExampleDatabase) -> list[Result]:
    """Asked on a connection of the application; the control is a server that waits for no disk."""
    binaries = find_binaries()
    assert binaries is not None
    found = may_be_lost(database.url(database.name))
    careless = PostgresServer(binaries)
    try:
        careless.start()
        without = may_be_lost(careless.url("postgres"))
    finally:
        careless.stop()
    return [
        Result("V11", vendor(database), not found, {"may_be_lost": found}),
        Result("V11", vendor(database), len(without) == 3, {"may_be_lost": without}, is_control=True),
    ]


def may_be_lost(url: str) -> list[str]:
    with tempfile.TemporaryDirectory() as folder:
        found: list[str] = run_stage(RunningServer(url, Path(folder)), "durability")["may_be_lost"]
    return found
