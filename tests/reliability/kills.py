"""V7: kill -9 of the server, and of PostgreSQL, among votes."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from tests.postgres import PostgresServer, find_binaries
from tests.reliability.client import ConnectionBroke, Voter
from tests.reliability.history import (
    Outcome,
    Write,
    check,
)
from tests.reliability.panel import (
    RUN_SECONDS,
    SAFE,
    Panel,
    Result,
    gather,
    panel_on,
    vendor,
)
from tests.server import ExampleDatabase

# --- V7: kill -9


async def vote_and_kill(panel: Panel, voters: Sequence[Voter], kill: Callable[[], None], writes: int) -> int:
    """Everybody votes without pause until, at a random moment after so many answers, something is killed.

    Returns how many requests had no answer then; each is asked again, with the same `op`, by the next round of votes.
    """
    before = len(panel.history)
    killed = asyncio.Event()

    async def vote_on(voter: Voter) -> None:
        while not killed.is_set():
            write = await panel.vote(voter, panel.draw.choice(panel.items))
            if write.outcome is not Outcome.ACKNOWLEDGED:
                return

    voting = asyncio.gather(*(vote_on(voter) for voter in voters))
    deadline = time.monotonic() + RUN_SECONDS
    while len(panel.history) - before < writes and not voting.done() and time.monotonic() < deadline:
        await asyncio.sleep(0.001)
    await asyncio.sleep(panel.draw.uniform(0, 0.05))
    kill()
    killed.set()
    await voting
    return sum(write.outcome is Outcome.UNKNOWN for write in panel.history[before:])


async def send_again(panel: Panel, voters: Sequence[Voter]) -> None:
    """As a person does who saw no answer: the same form once more. It must count once, and be answered."""
    last: dict[tuple[int, str], Write] = {}
    for write in panel.history:
        last[write.place] = write
    again: dict[int, list[Write]] = defaultdict(list)
    for write in last.values():
        if write.outcome is Outcome.UNKNOWN:
            again[write.member].append(write)

    async def resend(voter: Voter) -> None:
        for write in again[voter.member]:
            await voter.vote(write.item, write.option, write.comment, write.op, write.version)

    await gather(resend(voter) for voter in voters)


@dataclass(frozen=True)
class Kills:
    kills: int
    members: int
    writes: int


def kill_the_server(database: ExampleDatabase, size: Kills, application: str) -> dict[str, Any]:
    """`size.writes` are those of the whole run; between two kills there are as many as come to each, at random."""
    unanswered, slowest = 0, 0.0
    with panel_on(database, size.members, application=application, seed=7) as panel:
        for _ in range(size.kills):
            share = size.writes / size.kills
            writes = round(panel.draw.uniform(0.5, 1.5) * share)
            unanswered += panel.run(life_of_a_server(panel, size, writes))
            start = time.monotonic()
            panel.server.start()
            slowest = max(slowest, time.monotonic() - start)
        panel.run(life_of_a_server(panel, size, 0))
        stored = panel.stored()
    return {
        "kills": size.kills,
        "unanswered": unanswered,
        "slowest_restart_s": round(slowest, 2),
    } | check(panel.history, stored).figures()


async def life_of_a_server(
    panel: Panel, size: Kills, writes: int, kill: Callable[[], None] | None = None
) -> int:
    """What had no answer is sent again; then votes until the kill, where `writes` is more than none.

    Killed is gunicorn, where nothing else is named.
    """
    versions: dict[int, dict[str, int]] = defaultdict(dict)
    for write in panel.history:
        if write.outcome is Outcome.ACKNOWLEDGED:
            versions[write.member][write.item] = write.version + 1
    voters = await panel.voters(range(size.members))
    for voter in voters:
        voter.versions = versions[voter.member]
    await send_again(panel, voters)
    return await vote_and_kill(panel, voters, kill or panel.server.kill, writes) if writes else 0


def is_whole_after_kills(figures: dict[str, Any], size: Kills) -> bool:
    never = ("lost", "overwritten", "wrong", "duplicates", "unexplained", "faults")
    in_flight = size.kills * size.members
    return (
        not any(figures[name] for name in never)
        and figures["unknown"] <= in_flight
        and figures["acknowledged"] >= size.writes // 2
    )


def v7_kill(database: ExampleDatabase, size: Kills) -> list[Result]:
    """kill -9 of gunicorn and its workers at random moments: all that was acknowledged is there afterwards."""
    figures = kill_the_server(database, size, SAFE)
    return [Result("V7", vendor(database), is_whole_after_kills(figures, size), figures)]


def v7_control_late(database: ExampleDatabase, size: Kills) -> list[Result]:
    """An application that answers before it saves must lose votes."""
    figures = kill_the_server(database, size, "tests.reliability.unsafe:late()")
    return [Result("V7", vendor(database), figures["lost"] > 0, figures, is_control=True)]


# --- V7 on PostgreSQL: kill -9 of the database server under a running application


def kill_group(process: subprocess.Popen[bytes]) -> None:
    """End a process that was started with a session of its own, and everything it started."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait(timeout=30)


def start_again(postgres: PostgresServer) -> None:
    """PostgreSQL refuses to start while processes of the killed server still hold its shared memory."""
    deadline = time.monotonic() + 60
    while True:
        try:
            return postgres.launch()
        except RuntimeError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)


def kill_the_database(size: Kills, *, durable: bool) -> dict[str, Any] | None:
    """A PostgreSQL server of this run's own is killed among votes and started again; None where there is none.

    gunicorn is not restarted: it must find the database again by itself.
    """
    binaries = find_binaries()
    if binaries is None:
        return None
    postgres = PostgresServer(binaries, durable=durable)
    unanswered, slowest = 0, 0.0
    with tempfile.TemporaryDirectory() as folder:
        try:
            postgres.start()
            database = ExampleDatabase(Path(folder), postgres)
            database.make()
            with panel_on(database, size.members, seed=11) as panel:
                for _ in range(size.kills):
                    writes = round(panel.draw.uniform(0.5, 1.5) * size.writes / size.kills)
                    process = postgres.process
                    assert process is not None
                    kill = partial(kill_group, process)
                    unanswered += panel.run(life_of_a_server(panel, size, writes, kill))
                    start = time.monotonic()
                    start_again(postgres)
                    panel.run(until_served(panel))
                    slowest = max(slowest, time.monotonic() - start)
                panel.run(life_of_a_server(panel, size, 0))
                stored = panel.stored()
        finally:
            postgres.stop()
    return {
        "kills": size.kills,
        "unanswered": unanswered,
        "slowest_restart_s": round(slowest, 2),
    } | check(panel.history, stored).figures()


async def until_served(panel: Panel) -> None:
    """Until every worker has found the database again; a connection that was cut may cost a request each."""
    served, deadline = 0, time.monotonic() + 60
    browser = panel.voter(0).browser
    while served < 8:
        if time.monotonic() > deadline:
            raise RuntimeError("The application did not find its database again.")
        try:
            answer = await browser.get(panel.path)
            served = served + 1 if answer.status == 200 else 0
        except ConnectionBroke:
            served = 0


def v7_kill_postgres(database: ExampleDatabase, size: Kills) -> list[Result]:
    if not database.postgres or (figures := kill_the_database(size, durable=True)) is None:
        return []
    never = ("lost", "overwritten", "wrong", "duplicates", "unexplained", "faults")
    passed = not any(figures[name] for name in never)
    return [Result("V7 database", "postgresql", passed, figures)]


def v7_control_postgres(database: ExampleDatabase, size: Kills) -> list[Result]:
    """A server that answers before its log is written (synchronous_commit = off) must lose votes."""
    if not database.postgres or (figures := kill_the_database(size, durable=False)) is None:
        return []
    return [
        Result("V7 database", "postgresql", figures["lost"] + figures["wrong"] > 0, figures, is_control=True)
    ]
