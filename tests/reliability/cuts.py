"""V10: connections that are cut, a database that starts again, a lock that is never given."""

from __future__ import annotations

import asyncio
import signal
import sqlite3
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from dataclasses import dataclass, field
from typing import Any

import psycopg2  # type: ignore[import-untyped]

from tests.postgres import PostgresServer
from tests.reliability.client import Browser, ConnectionBroke, Voter
from tests.reliability.faults import NEVER, SERVICE_SECONDS, UNHANDLED, Answers, until_served
from tests.reliability.history import Outcome, Write, check
from tests.reliability.kills import start_again
from tests.reliability.panel import RUN_SECONDS, SAFE, Panel, Result, panel_on, vendor
from tests.server import ExampleDatabase

STUBBORN = "tests.reliability.unsafe:stubborn()"


@dataclass(frozen=True)
class Cuts:
    """`times`: how often all connections are cut; before each cut there are so many votes, as after the last."""

    times: int
    members: int
    votes: int

    @property
    def hopeless(self) -> int:
        """So many errors are no consequence of cuts."""
        return 8 * self.times * self.members + 50


@dataclass
class Interrupted:
    """Members who vote, and read a page after each vote, without pause; a refused vote is sent again in a moment."""

    panel: Panel
    size: Cuts
    answers: Answers = field(default_factory=Answers)
    # When each request that failed was sent.
    errors: list[float] = field(default_factory=list)
    saved: int = 0
    is_over: bool = False

    async def take_part(self, voter: Voter) -> None:
        while not self.is_over:
            item, op = self.panel.draw.choice(self.panel.items), self.panel.op()
            write = await self.vote(voter, item, op)
            while write.outcome is not Outcome.ACKNOWLEDGED and not self.is_over:
                await asyncio.sleep(0.05)
                # "Not saved" is taken at its word: a form with another id must find nothing stored.
                op = write.op if write.outcome is Outcome.UNKNOWN else self.panel.op()
                write = await self.vote(voter, item, op, write)
            await self.read(voter.browser, f"{self.panel.path}criteria/{item}/")

    async def vote(self, voter: Voter, item: str, op: str, before: Write | None = None) -> Write:
        option = before.option if before else self.panel.draw.choice(self.panel.facts["items"][item])
        comment, version = (before.comment, before.version) if before else (f"Reason {op}", None)
        write = await voter.vote(item, option, comment, op, version)
        self.answers.of_write(write, voter.page)
        if write.outcome is Outcome.ACKNOWLEDGED:
            self.saved += 1
        else:
            self.failed(write.sent)
        return write

    async def read(self, browser: Browser, path: str) -> None:
        sent, status = time.monotonic(), 0
        with suppress(ConnectionBroke):
            status = (await browser.get(path)).status
        self.answers.kinds["read"] += 1
        if status != 200:
            self.failed(sent)
        if status not in {200, 503}:
            self.answers.bad.append(f"a page answered {status}")

    def failed(self, sent: float) -> None:
        self.errors.append(sent)
        self.is_over = self.is_over or len(self.errors) > self.size.hopeless

    async def wait_for(self, votes: int) -> None:
        until, deadline = self.saved + votes, time.monotonic() + RUN_SECONDS
        while self.saved < until and not self.is_over:
            if time.monotonic() > deadline:
                raise RuntimeError("The members did not vote on.")
            await asyncio.sleep(0.005)


def cut_all(postgres: PostgresServer, name: str) -> int:
    """End every connection to this database; how many there were."""
    end = "SELECT count(*) FILTER (WHERE pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = %s"
    with (
        closing(psycopg2.connect(postgres.url("postgres"), connect_timeout=10)) as connection,
        connection.cursor() as cursor,
    ):
        cursor.execute(end, [name])
        return int(cursor.fetchone()[0])


def restart_at_once(postgres: PostgresServer) -> None:
    """As `pg_ctl restart -m immediate` does: without a checkpoint, every connection cut."""
    assert postgres.process is not None
    postgres.process.send_signal(signal.SIGQUIT)
    postgres.process.wait(timeout=60)
    start_again(postgres)


def cut_among_votes(
    database: ExampleDatabase, size: Cuts, *, application: str = SAFE, restart: bool = True
) -> dict[str, Any]:
    postgres = database.postgres
    assert postgres is not None

    async def live(crowd: Interrupted) -> dict[str, Any]:
        panel = crowd.panel
        members = asyncio.gather(*map(crowd.take_part, await panel.voters(range(size.members))))
        name = panel.server.database_url.rpartition("/")[2].partition("?")[0]
        cut, back = 0, 0.0
        for _ in range(size.times):
            await crowd.wait_for(size.votes)
            cut += await asyncio.to_thread(cut_all, postgres, name)
        await crowd.wait_for(size.votes)
        errors = len(crowd.errors)
        if restart:
            await asyncio.to_thread(restart_at_once, postgres)
            back = time.monotonic()
            await crowd.wait_for(size.votes)
        crowd.is_over = True
        await members
        found = {"cuts": size.times, "connections_cut": cut, "errors_at_cuts": errors}
        while_away = len(crowd.errors) - errors
        after = sum(sent > back for sent in crowd.errors) if restart else 0
        return found | {"errors_at_restart": while_away, "errors_after_restart": after}

    with panel_on(database, size.members, application=application) as panel:
        crowd = Interrupted(panel, size)
        process = panel.server.process
        figures = panel.run(live(crowd))
        figures["application_restarted"] = process is None or process.poll() is not None
        found = check(panel.history, panel.stored()).figures()
    return (
        figures
        | crowd.answers.figures()
        | {name: found[name] for name in (*NEVER, "acknowledged", "unknown")}
    )


def v10_connections_cut(database: ExampleDatabase, size: Cuts, *, restart: bool = True) -> list[Result]:
    """Each cut connection fails at most the one request that it carried; nothing is lost, nobody restarts anything."""
    if not database.postgres:
        return []
    found = cut_among_votes(database, size, restart=restart)
    wrong = cut_among_votes(database, size, application=STUBBORN, restart=False)
    return [
        Result("V10", vendor(database), is_well_after_cuts(found), found),
        Result(
            "V10",
            vendor(database),
            wrong["errors_at_cuts"] > wrong["connections_cut"],
            wrong,
            is_control=True,
        ),
    ]


def is_well_after_cuts(found: dict[str, Any]) -> bool:
    return (
        not any(found[name] for name in (*NEVER, "bad", "errors_after_restart", "application_restarted"))
        and found["connections_cut"] > 0
        and found["errors_at_cuts"] <= found["connections_cut"]
    )


# --- SQLite: somebody else holds the only lock


def lock_held(database: ExampleDatabase, members: int, application: str) -> dict[str, Any]:
    """A program beside the server holds the write lock until every vote was answered; then it lets go."""
    answers = Answers()

    async def live(panel: Panel, holder: sqlite3.Connection) -> float:
        voters = await panel.voters(range(members))
        reader = panel.browser(panel.facts["members"][0][1])
        holder.execute("BEGIN IMMEDIATE")
        start = time.monotonic()
        voting = asyncio.gather(*(panel.vote(voter, panel.items[0]) for voter in voters))
        while not voting.done():
            path = panel.draw.choice(["/", panel.path, f"{panel.path}criteria/{panel.items[0]}/"])
            answers.of_read(path, (await reader.get(path)).status)
            await asyncio.sleep(0.2)
        waited = time.monotonic() - start
        refused = await voting
        for write, voter in zip(refused, voters, strict=True):
            answers.of_write(write, voter.page)
        holder.rollback()
        answers.kinds["waited s"] = round(waited)
        return await until_served(panel, refused)

    with panel_on(database, members, application=application) as panel:
        path = panel.server.database_url.removeprefix("sqlite:///")
        with closing(sqlite3.connect(path, isolation_level=None, check_same_thread=False)) as holder:
            seconds = panel.run(live(panel, holder))
        found = check(panel.history, panel.stored()).figures()
    return answers.figures() | {"service_after_s": round(seconds, 2)} | {name: found[name] for name in NEVER}


def v10_lock_held(database: ExampleDatabase, members: int) -> list[Result]:
    """Votes that never get the lock are answered with what was typed, pages are read meanwhile, and then all is well.

    One thread of the server's four must be left for reading.
    """
    if database.postgres:
        return []
    with ThreadPoolExecutor() as pool:
        goal, control = (
            pool.submit(lock_held, database, members, application) for application in (SAFE, UNHANDLED)
        )
        found, wrong = goal.result(), control.result()
    passed = not any(found[name] for name in (*NEVER, "bad")) and found.get("not_saved") == members
    return [
        Result("V10", "sqlite", passed and found["service_after_s"] <= SERVICE_SECONDS, found),
        Result("V10", "sqlite", bool(wrong["bad"]), wrong, is_control=True),
    ]
