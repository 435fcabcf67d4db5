"""A running server with a panel, and what was found of a goal on one database: what all scenarios begin with."""

from __future__ import annotations

import asyncio
import json
import random
import subprocess
import sys
import tempfile
from collections.abc import Coroutine, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID

from tests.launcher import ROOT
from tests.reliability.client import Browser, Voter
from tests.reliability.history import (
    Stored,
    Write,
)
from tests.server import ExampleDatabase, RunningServer, application_environment

TRIVIAL = "/no-such-page/"
RUN_SECONDS = 300.0
SAFE = "config.wsgi:application"
STAGE = "tests.reliability.stage"
T = TypeVar("T")


@dataclass(frozen=True)
class Result:
    """One goal, or one control, on one database. Of a control, `passed` says that it failed as it must.

    `not_measured` says why nothing was measured on this machine: that is neither a pass nor a miss.
    """

    goal: str
    database: str
    passed: bool
    figures: dict[str, Any]
    is_control: bool = False
    not_measured: str = ""


def not_measured(goal: str, database: str, reason: str) -> Result:
    return Result(goal, database, passed=False, figures={}, not_measured=reason)


@dataclass
class Panel:
    """A running server, a round over every criterion, and the members' history."""

    server: RunningServer
    facts: dict[str, Any]
    seed: int
    history: list[Write] = field(default_factory=list)
    browsers: list[Browser] = field(default_factory=list)
    resent: int = 0

    def __post_init__(self) -> None:
        self.draw = random.Random(self.seed)  # noqa: S311 -- a load, not a secret

    @property
    def path(self) -> str:
        return f"/guidelines/{self.facts['guideline']}/{self.facts['question']}/"

    @property
    def items(self) -> list[str]:
        return list(self.facts["items"])

    @property
    def port(self) -> int:
        return int(self.server.url.rpartition(":")[2])

    def stage(self, command: str, *arguments: object) -> dict[str, Any]:
        return run_stage(self.server, command, *arguments)

    def stored(self) -> Stored:
        return Stored.of(self.stage("read", self.facts["question"]))

    def browser(self, session: str) -> Browser:
        self.browsers.append(Browser(self.port, session))
        return self.browsers[-1]

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """What people do, to its end; their connections are closed afterwards.

        In a thread of its own, because a browser test may have left a loop running in this one.
        """

        async def whole() -> T:
            try:
                return await work
            finally:
                while self.browsers:
                    browser = self.browsers.pop()
                    self.resent += browser.resent
                    await browser.end()

        with ThreadPoolExecutor(1) as thread:
            return thread.submit(lambda: asyncio.run(whole())).result()

    def voter(self, n: int) -> Voter:
        """A device of the n-th member, which has no form open yet."""
        member, session = self.facts["members"][n]
        return Voter(member, self.browser(session), self.path, self.history)

    async def voters(self, numbers: Sequence[int]) -> list[Voter]:
        """A device for each, with the form of the first item open."""
        found = [self.voter(n) for n in numbers]
        await gather(voter.browser.open_form(f"{self.path}criteria/{self.items[0]}/") for voter in found)
        return found

    def op(self) -> str:
        return str(UUID(int=self.draw.getrandbits(128), version=4))

    async def vote(self, voter: Voter, item: str) -> Write:
        op = self.op()
        return await voter.vote(item, self.draw.choice(self.facts["items"][item]), f"Reason {op}", op)


def run_stage(server: RunningServer, command: str, *arguments: object, module: str = STAGE) -> dict[str, Any]:
    """What a module that sets up and reads the server's database says."""
    done = subprocess.run(
        [sys.executable, "-m", module, command, *map(str, arguments)],
        cwd=ROOT,
        env=application_environment(server.database_url, server.folder),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    if done.returncode != 0:
        raise RuntimeError(f"{command}: {done.stdout}{done.stderr}")
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@contextmanager
def server_on(
    database: ExampleDatabase, size: int, *, module: str = STAGE, application: str = SAFE
) -> Iterator[tuple[RunningServer, dict[str, Any]]]:
    """gunicorn as shipped on a fresh copy that `module` has set up, and what it said; all gone afterwards."""
    name = database.copy()
    with tempfile.TemporaryDirectory() as folder:
        server = RunningServer(
            database.url(name),
            Path(folder),
            workers=2 if database.postgres else 1,
            application=application,
        )
        try:
            facts = run_stage(server, "set_up", size, module=module)
            server.start()
            yield server, facts
        finally:
            server.kill()
            database.drop(name)


@contextmanager
def panel_on(
    database: ExampleDatabase, members: int, *, application: str = SAFE, seed: int = 1
) -> Iterator[Panel]:
    """A server with so many members in an open round."""
    with server_on(database, members, application=application) as (server, facts):
        yield Panel(server, facts, seed)


async def gather(works: Any) -> list[Any]:
    return list(await asyncio.gather(*works))


def vendor(database: ExampleDatabase) -> str:
    return "postgresql" if database.postgres else "sqlite"


def run_alone(database: ExampleDatabase, module: str, *arguments: object) -> str:
    """What `python -m MODULE` prints on a fresh copy of the database, with names hashed the same way in each run."""
    name = database.copy()
    try:
        with tempfile.TemporaryDirectory() as folder:
            environment = application_environment(database.url(name), Path(folder)) | {"PYTHONHASHSEED": "0"}
            done = subprocess.run(
                [sys.executable, "-m", module, *map(str, arguments)],
                cwd=ROOT,
                env=environment,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=1700,
                check=False,
            )
    finally:
        database.drop(name)
    if done.returncode != 0:
        raise RuntimeError(f"{module}: {done.stdout[-2000:]}{done.stderr[-4000:]}")
    return done.stdout
