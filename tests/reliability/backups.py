"""O1: a backup is made while the panel votes, restored elsewhere, and compared with what members were answered."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

from tests.reliability.client import Voter
from tests.reliability.history import Outcome, Stored, Write
from tests.reliability.panel import RUN_SECONDS, Panel, Result, panel_on, run_stage, vendor
from tests.server import ExampleDatabase, RunningServer, run_manage

BLOCKS = 8
_numbers = count(1)


@dataclass(frozen=True)
class Backups:
    """`before` and `after` are votes acknowledged before the first backup and after each; `flips` changed bytes."""

    members: int
    backups: int
    flips: int
    before: int
    after: int


@dataclass(frozen=True)
class Made:
    """A backup, and the second of the clients' clock at which it was asked for."""

    path: Path
    began: float
    seconds: float


@dataclass(frozen=True)
class Held:
    """What is wrong with a restored backup: votes acknowledged before it began that it lacks, or that nobody cast."""

    lost: int
    unexplained: int
    faults: int

    @property
    def is_whole(self) -> bool:
        return not (self.lost or self.unexplained or self.faults)


def held(history: Sequence[Write], began: float, stored: Stored) -> Held:
    """Votes that were under way when the backup began may be in it or not."""
    kept = {event.op for event in stored.events}
    due = [one for one in history if one.outcome is Outcome.ACKNOWLEDGED and one.answered < began]
    sent = {one.op for one in history if one.outcome is not Outcome.REFUSED}
    versions = {(vote.member, vote.item): vote.version for vote in stored.votes}
    return Held(
        lost=sum(one.op not in kept or versions.get(one.place, 0) < one.version + 1 for one in due),
        unexplained=len(kept - sent),
        faults=len(stored.faults),
    )


def manage(database: ExampleDatabase, server: RunningServer, *arguments: object) -> CompletedProcess[str]:
    own = {"PG_BINDIR": str(database.postgres.binaries)} if database.postgres else {}
    done = run_manage(server.env | own, *map(str, arguments))
    if done.returncode != 0:
        raise RuntimeError(f"manage.py {arguments[0]}: {done.stdout}{done.stderr}")
    return done


def back_up(database: ExampleDatabase, panel: Panel) -> Made:
    began = time.monotonic()
    done = manage(database, panel.server, "backup", "--verbosity", "0")
    return Made(Path(done.stdout.strip()), began, time.monotonic() - began)


@contextmanager
def empty_database(database: ExampleDatabase, panel: Panel) -> Iterator[RunningServer]:
    """A database that holds nothing, as that of a server which is not started."""
    name = f"openetd_restored_{next(_numbers)}"
    if database.postgres:
        database.postgres.create_database(name)
    try:
        yield RunningServer(database.url(name), panel.server.folder)
    finally:
        database.drop(name)


def restored(database: ExampleDatabase, panel: Panel, path: Path) -> Stored:
    with empty_database(database, panel) as server:
        manage(database, server, "restore", path)
        return Stored.of(run_stage(server, "read", panel.facts["question"]))


async def while_voting(panel: Panel, size: Backups, work: Callable[[], Awaitable[Any]]) -> Any:
    """Everybody votes without pause, before, during and after the work."""
    voters = await panel.voters(range(size.members))
    over = asyncio.Event()

    async def vote_on(voter: Voter) -> None:
        while not over.is_set():
            await panel.vote(voter, panel.draw.choice(panel.items))

    voting = asyncio.gather(*(vote_on(voter) for voter in voters))
    try:
        await more_votes(panel, size.before)
        return await work()
    finally:
        over.set()
        await voting


async def more_votes(panel: Panel, number: int) -> None:
    """Wait until so many more are acknowledged."""
    wanted = acknowledged(panel.history) + number
    deadline = time.monotonic() + RUN_SECONDS
    while acknowledged(panel.history) < wanted:
        if time.monotonic() > deadline:
            raise RuntimeError("The members did not vote.")
        await asyncio.sleep(0.01)


def acknowledged(history: Sequence[Write]) -> int:
    return sum(one.outcome is Outcome.ACKNOWLEDGED for one in history)


def o1_backup_under_load(database: ExampleDatabase, size: Backups) -> list[Result]:
    """O1: nobody is disturbed, and each backup holds what was acknowledged before it began; a changed byte is found.

    The control: a backup that was begun earlier than it says must be found to lack votes.
    """

    async def work() -> list[Made]:
        made = []
        for _ in range(size.backups):
            made.append(await asyncio.to_thread(back_up, database, panel))
            await more_votes(panel, size.after)
        return made

    with panel_on(database, size.members, seed=11) as panel:
        made: list[Made] = panel.run(while_voting(panel, size, work))
        stored = [restored(database, panel, one.path) for one in made]
        found = [held(panel.history, one.began, kept) for one, kept in zip(made, stored, strict=True)]
        control = held(panel.history, time.monotonic(), stored[0])
        missed = run_stage(panel.server, "flip", made[0].path, size.flips)["missed"]
        during = [
            one
            for one in panel.history
            if any(backup.began < one.sent < backup.began + backup.seconds for backup in made)
        ]
    failed = sum(one.outcome is not Outcome.ACKNOWLEDGED for one in panel.history)
    figures = {
        "members": size.members,
        "backups": len(made),
        "slowest_backup_s": round(max(one.seconds for one in made), 1),
        "votes": len(panel.history),
        "during_backups": len(during),
        "failed_votes": failed,
        "lost": sum(one.lost for one in found),
        "unexplained": sum(one.unexplained for one in found),
        "faults": sum(one.faults for one in found),
        "changed_bytes": size.flips,
        "changes_missed": missed,
    }
    passed = all(one.is_whole for one in found) and not failed and not missed and bool(during)
    return [
        Result("O1", vendor(database), passed, figures),
        Result("O1 stale", vendor(database), control.lost > 0, {"lost": control.lost}, is_control=True),
    ]


def o1_control_plain_copy(database: ExampleDatabase, size: Backups) -> list[Result]:
    """The control on SQLite: the file copied block by block while members vote, as cp does with a larger one."""
    if database.postgres:
        return []

    async def work() -> float:
        began = time.monotonic()
        source = Path(panel.server.database_url.removeprefix("sqlite:///"))
        block = -(-source.stat().st_size // BLOCKS)
        with source.open("rb") as file, target.open("wb") as copy:
            for _ in range(BLOCKS):
                copy.write(file.read(block))
                await more_votes(panel, size.members)
            copy.write(file.read())
        return began

    with panel_on(database, size.members, seed=11) as panel, empty_database(database, panel) as server:
        target = Path(server.database_url.removeprefix("sqlite:///"))
        began: float = panel.run(while_voting(panel, size, work))
        try:
            found = held(panel.history, began, Stored.of(run_stage(server, "read", panel.facts["question"])))
        except RuntimeError as error:
            figures: dict[str, Any] = {"cannot_be_read": str(error).strip().splitlines()[-1][:100]}
            return [Result("O1 plain copy", "sqlite", passed=True, figures=figures, is_control=True)]
    figures = {"lost": found.lost, "unexplained": found.unexplained, "faults": found.faults}
    return [Result("O1 plain copy", "sqlite", not found.is_whole, figures, is_control=True)]
