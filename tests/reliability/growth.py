"""What a server holds while it is used: memory, open files, temporary files, connections to its database."""

from __future__ import annotations

import asyncio
import os
import statistics
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg2  # type: ignore[import-untyped]

from tests.reliability.processes import PROC, mib_of, workers_of
from tests.server import RunningServer

MOST_SAMPLES = 120
# Of an idle moment: what requests in flight hold comes on top, so the least of many looks is compared.
SPARE = 2


@dataclass(frozen=True)
class Sample:
    at: float
    mib: float
    open_files: int
    temporary: int
    connections: int


@dataclass
class Looks:
    """The workers of a server, looked at again and again. `folder` is its temporary folder."""

    server: RunningServer
    folder: Path
    connections: Callable[[], int]
    samples: list[Sample] = field(default_factory=list)
    workers: set[int] = field(default_factory=set)

    def look(self) -> None:
        assert self.server.process is not None
        workers = workers_of(self.server.process.pid)
        self.workers |= set(workers)
        clients = sockets_of_clients()
        self.samples.append(
            Sample(
                at=time.monotonic(),
                mib=sum(mib_of(pid) for pid in workers),
                open_files=sum(open_files(pid, clients) for pid in workers),
                temporary=sum(1 for _ in self.folder.iterdir()),
                connections=self.connections(),
            )
        )

    async def go_on(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            await asyncio.to_thread(self.look)
            await asyncio.sleep(seconds / MOST_SAMPLES)

    def figures(self, since: float) -> dict[str, Any]:
        """The first and the last fifth of the looks after `since`, compared."""
        found = [one for one in self.samples if one.at >= since]
        fifth = max(1, len(found) // 5)
        first, last = found[:fifth], found[-fifth:]
        before, after = (statistics.median(one.mib for one in part) for part in (first, last))
        return {
            "looks": len(found),
            "workers": len(self.workers),
            "mib_before": round(before, 1),
            "mib_after": round(after, 1),
            "mib_growth": round(after / before - 1, 4),
            "more_open_files": more(first, last, lambda one: one.open_files),
            "open_files": min(one.open_files for one in last),
            "more_temporary_files": more(first, last, lambda one: one.temporary),
            "most_connections": max(one.connections for one in found),
        }


def more(first: Sequence[Sample], last: Sequence[Sample], what: Callable[[Sample], int]) -> int:
    return min(map(what, last)) - min(map(what, first))


def sockets_of_clients() -> set[str]:
    """The numbers of all TCP sockets: browsers keep theirs open, and come and go."""
    found = set()
    for table in ("tcp", "tcp6"):
        try:
            lines = (PROC / "net" / table).read_text(encoding="ascii").splitlines()[1:]
        except OSError:
            continue
        found |= {line.split()[9] for line in lines}
    return found


def open_files(pid: int, clients: set[str]) -> int:
    """Open files and pipes of a process, connections to a database among them; not those to browsers."""
    n = 0
    folder = PROC / str(pid) / "fd"
    for name in os.listdir(folder):
        try:
            target = os.readlink(folder / name)
        except OSError:
            continue
        n += target.removeprefix("socket:[").removesuffix("]") not in clients
    return n


def connections_to(url: str, name: str) -> int:
    with closing(psycopg2.connect(url, connect_timeout=10)) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE datname = %s", [name])
        return int(cursor.fetchone()[0])
