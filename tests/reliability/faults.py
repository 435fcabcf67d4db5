"""V9: a disk that is full."""

from __future__ import annotations

import asyncio
import html
import re
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

from psycopg2 import sql  # type: ignore[import-untyped]

from tests.reliability.client import Voter
from tests.reliability.disks import Disk, NotHere, example_on_small_disk
from tests.reliability.history import Outcome, Write, check
from tests.reliability.panel import (
    RUN_SECONDS,
    SAFE,
    Panel,
    Result,
    gather,
    not_measured,
    run_stage,
    vendor,
)
from tests.server import ExampleDatabase, RunningServer

NEVER = ("lost", "overwritten", "wrong", "duplicates", "unexplained", "faults")
SERVICE_SECONDS = 5.0
UNHANDLED = "tests.reliability.unsafe:unhandled()"
EXAMPLE = "/guidelines/ilcor-als/"
TRIALS = b"study,year,events_intervention,n_intervention,events_comparison,n_comparison\nA,2019,12,40,9,41\n"


@dataclass
class Answers:
    """What was answered while something was wrong, by kind; `bad` are those that must not be."""

    kinds: Counter[str] = field(default_factory=Counter)
    bad: list[str] = field(default_factory=list)

    def of_write(self, write: Write, page: str) -> None:
        """A vote may be accepted, or not be saved, with the reason on the page; nothing else is right."""
        if write.outcome is Outcome.ACKNOWLEDGED:
            self.kinds["saved"] += 1
        else:
            self.not_saved("vote", write.status, page, write.comment)

    def not_saved(self, what: str, status: int, page: str, typed: str) -> None:
        self.kinds["not saved"] += 1
        if status != 503 or "ot saved" not in page:
            self.bad.append(f"{what} answered {status}")
        elif typed not in html.unescape(page).replace("\r\n", "\n"):
            self.bad.append(f"{what}: what was typed is not on the page")

    def of_read(self, path: str, status: int) -> None:
        self.kinds["read"] += 1
        if status != 200:
            self.bad.append(f"{path} answered {status}")

    def figures(self) -> dict[str, Any]:
        return {name.replace(" ", "_"): n for name, n in sorted(self.kinds.items())} | {
            "bad": [f"{n} x {one}" for one, n in Counter(self.bad).most_common(8)]
        }


@dataclass(frozen=True)
class Full:
    """`free`: bytes that are left when the members begin; `beyond`: refusals of each before they stop."""

    members: int
    free: int
    beyond: int

    @property
    def most(self) -> int:
        """Votes of each member, far more than there is space for: an application that stores none refuses none."""
        return 20 + 4 * self.free // (3_000 * self.members)


def long_reason(draw: Random) -> str:
    """Three kilobytes that no database makes smaller."""
    return f"Reason {draw.getrandbits(12_000):x}"


async def vote_until_full(panel: Panel, voters: Sequence[Voter], size: Full, answers: Answers) -> list[Write]:
    """Everybody votes until they were refused so often; the last refused vote of each."""
    deadline = time.monotonic() + RUN_SECONDS

    async def vote_on(voter: Voter) -> Write | None:
        refused, left = None, size.most
        for _ in range(size.beyond):
            while left > 0 and time.monotonic() < deadline:
                left -= 1
                item, op = panel.draw.choice(panel.items), panel.op()
                option = panel.draw.choice(panel.facts["items"][item])
                write = await voter.vote(item, option, long_reason(panel.draw), op)
                answers.of_write(write, voter.page)
                if write.outcome is not Outcome.ACKNOWLEDGED:
                    refused = write
                    break
        return refused

    return [write for write in await gather(vote_on(voter) for voter in voters) if write]


async def read_everything(panel: Panel, work: dict[str, Any], answers: Answers) -> None:
    """Pages and files that a member, staff and somebody who is not signed in may read: all are there."""
    member, staff, nobody = (
        panel.browser(session) for session in (panel.facts["members"][0][1], work["staff"], "")
    )
    question = f"{EXAMPLE}{work['reviewed']}/"
    for browser, paths in (
        (member, ["/", panel.path, f"{panel.path}criteria/{panel.items[0]}/", f"{panel.path}history/"]),
        (staff, [question, f"{question}document.pdf", f"{question}document.json", f"{question}publication/"]),
        (nobody, ["/sign-in/", "/published/"]),
    ):
        for path in paths:
            answers.of_read(path, (await browser.get(path)).status)


@dataclass
class Work:
    """A file, and a version to be published, sent while the disk is full and once more afterwards."""

    panel: Panel
    sessions: dict[str, Any]
    form: dict[str, str] = field(default_factory=dict)

    async def open(self) -> None:
        self.methodologist = self.panel.browser(self.sessions["methodologist"])
        self.staff = self.panel.browser(self.sessions["staff"])
        await self.methodologist.open_form(f"{EXAMPLE}takes-files/evidence/uploads/new/")
        self.publication = f"{EXAMPLE}{self.sessions['reviewed']}/publication/"
        page = (await self.staff.open_form(self.publication)).text
        form = page.split(f'action="{self.publication}publish/"')[1].split("</form>")[0]
        hidden = dict(re.findall(r'name="(content|op)" value="([^"]+)"', form))
        self.form = hidden | {"note": "What has changed, in words that somebody thought about."}

    async def send(self) -> list[tuple[str, int, str, str]]:
        """What was sent, status, page, and what must be on a page that says it was not saved."""
        upload = f"{EXAMPLE}takes-files/evidence/uploads/new/"
        file = await self.methodologist.post_file(upload, "trials.csv", TRIALS)
        publish = await self.staff.post(f"{self.publication}publish/", self.form, in_place=False)
        return [
            ("a file", file.status, file.text, ""),
            ("a version", publish.status, publish.text, self.form["note"]),
        ]


async def until_served(panel: Panel, refused: Sequence[Write]) -> float:
    """Everybody sends the refused form again, as it was; the seconds until all are saved."""
    start = time.monotonic()
    voters = {write.member: panel.voter(n) for write in refused for n in [member_number(panel, write)]}
    await gather(
        voter.browser.open_form(f"{panel.path}criteria/{panel.items[0]}/") for voter in voters.values()
    )

    async def again(write: Write) -> None:
        while time.monotonic() - start < 60:
            voter = voters[write.member]
            sent = await voter.vote(write.item, write.option, write.comment, write.op, write.version)
            if sent.outcome is Outcome.ACKNOWLEDGED:
                return

    await gather(again(write) for write in refused)
    return time.monotonic() - start


def member_number(panel: Panel, write: Write) -> int:
    return next(n for n, (member, _) in enumerate(panel.facts["members"]) if member == write.member)


@contextmanager
def panel_on_full_disk(
    disk: Disk, database: ExampleDatabase, size: Full, application: str
) -> Iterator[Panel]:
    """A panel whose server keeps everything on this disk: data, log and letters as well."""
    name = database.copy()
    with tempfile.TemporaryDirectory(dir=disk.path) as folder:
        server = RunningServer(
            database.url(name), Path(folder), workers=2 if database.postgres else 1, application=application
        )
        try:
            facts = run_stage(server, "set_up", size.members)
            server.start()
            yield Panel(server, facts, seed=9)
        finally:
            server.kill()
            disk.free()
            database.drop(name)


def use_up_log(database: ExampleDatabase) -> None:
    """Have PostgreSQL's log files made that it will write into next, so that data find the disk full first."""
    if database.postgres:
        for _ in range(40):
            database.postgres.execute(
                sql.SQL("SELECT pg_logical_emit_message(false, 'x', 'x'), pg_switch_wal()")
            )
        for _ in range(2):
            database.postgres.execute(sql.SQL("CHECKPOINT"))


def fill_and_free(disk: Disk, database: ExampleDatabase, size: Full, application: str) -> dict[str, Any]:
    answers = Answers()
    with panel_on_full_disk(disk, database, size, application) as panel:
        work = Work(panel, run_stage(panel.server, "set_up_work", "soak@example.org"))
        process = panel.server.process

        async def run() -> tuple[float, list[str]]:
            voters = await panel.voters(range(size.members))
            await work.open()
            await asyncio.to_thread(use_up_log, database)
            disk.fill(size.free)
            refused = await vote_until_full(panel, voters, size, answers)
            # What rows of the last votes have left free is taken too.
            disk.free()
            disk.fill(0)
            await read_everything(panel, work.sessions, answers)
            for what, status, page, typed in await work.send():
                answers.not_saved(what, status, page, typed)
            disk.free()
            seconds = await until_served(panel, refused)
            again = [f"{what} answered {status}" for what, status, *_ in await work.send() if status != 302]
            return seconds, again

        seconds, again = panel.run(run())
        restarted = process is not panel.server.process or (
            process is not None and process.poll() is not None
        )
        found = check(panel.history, panel.stored())
    return (
        answers.figures()
        | {"service_after_s": round(seconds, 2), "not_done_afterwards": again, "restarted": restarted}
        | {name: value for name, value in found.figures().items() if name not in {"server_errors"}}
    )


def v9_disk_full(database: ExampleDatabase, size: Full, *, controls: bool = True) -> list[Result]:
    """Members vote until the disk is full, and further: nothing acknowledged is lost, all is readable, no 500."""
    where = vendor(database)
    try:
        with example_on_small_disk(database) as (disk, example):
            found = fill_and_free(disk, example, size, SAFE)
            results = [Result("V9", where, is_served_when_full(found), found)]
            for name in ("late", "unhandled") if controls else ():
                wrong = fill_and_free(disk, example, size, f"tests.reliability.unsafe:{name}()")
                caught = wrong["lost"] > 0 if name == "late" else bool(wrong["bad"])
                results.append(Result("V9", where, caught, {"application": name} | wrong, is_control=True))
    except NotHere as reason:
        return [not_measured("V9", where, str(reason))]
    return results


def is_served_when_full(found: dict[str, Any]) -> bool:
    return (
        not any(found[name] for name in (*NEVER, "bad", "not_done_afterwards", "restarted", "unknown"))
        and found["saved"] > 0
        and found["not_saved"] > found["read"]
        and found["service_after_s"] <= SERVICE_SECONDS
    )
