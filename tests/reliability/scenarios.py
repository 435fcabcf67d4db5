"""The goals, each as a function of a database and a size, and beside it the control that must fail."""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID

from tests.launcher import ROOT
from tests.postgres import PostgresServer, find_binaries
from tests.reliability.at_once import AT_ONCE, Broken, Crowd, Staged
from tests.reliability.client import Browser, ConnectionBroke, Voter
from tests.reliability.history import (
    Findings,
    Outcome,
    Stored,
    Write,
    accepted_late,
    check,
    tally_differences,
)
from tests.reliability.model import STEPS
from tests.server import ExampleDatabase, RunningServer, application_environment

TRIVIAL = "/no-such-page/"
RUN_SECONDS = 300.0
SAFE = "config.wsgi:application"
T = TypeVar("T")


@dataclass(frozen=True)
class Result:
    """One goal, or one control, on one database. Of a control, `passed` says that it failed as it must."""

    goal: str
    database: str
    passed: bool
    figures: dict[str, Any]
    is_control: bool = False


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


def run_stage(server: RunningServer, command: str, *arguments: object) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", "tests.reliability.stage", command, *map(str, arguments)],
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
def panel_on(
    database: ExampleDatabase, members: int, *, application: str = SAFE, seed: int = 1
) -> Iterator[Panel]:
    """gunicorn as shipped on a fresh copy, with so many members in an open round; all gone afterwards."""
    name = database.copy()
    with tempfile.TemporaryDirectory() as folder:
        server = RunningServer(
            database.url(name),
            Path(folder),
            workers=2 if database.postgres else 1,
            application=application,
        )
        try:
            facts = run_stage(server, "set_up", members)
            server.start()
            yield Panel(server, facts, seed)
        finally:
            server.kill()
            database.drop(name)


async def gather(works: Any) -> list[Any]:
    return list(await asyncio.gather(*works))


def vendor(database: ExampleDatabase) -> str:
    return "postgresql" if database.postgres else "sqlite"


# --- V1, V2, V4: a panel votes at once, some members on two devices


@dataclass(frozen=True)
class Load:
    """`rivals`: every so many-th member votes on a second device too, on the same items at the same time."""

    members: int
    writes: int
    rivals: int = 5


async def vote_through(panel: Panel, load: Load, deadline: float) -> None:
    numbers = range(load.members)
    voters = await panel.voters(numbers)
    rivals = await panel.voters([n for n in numbers if n % load.rivals == 0])
    per_item = -(-load.writes // (load.members * len(panel.items)))

    async def all_items(voter: Voter, *, shuffled: bool) -> None:
        items = panel.items * per_item
        if shuffled:
            panel.draw.shuffle(items)
        for item in items:
            if time.monotonic() > deadline:
                return
            await panel.vote(voter, item)

    # The first devices of members with two go in the same order as the second ones, so that they meet.
    await gather(
        all_items(voter, shuffled=n < load.members and n % load.rivals != 0)
        for n, voter in enumerate([*voters, *rivals])
    )


def votes_under_load(
    database: ExampleDatabase, load: Load, *, application: str = SAFE
) -> tuple[Findings, dict[str, Any]]:
    with panel_on(database, load.members, application=application) as panel:
        panel.run(vote_through(panel, load, time.monotonic() + RUN_SECONDS))
        found = check(panel.history, panel.stored())
        return found, {"members": load.members, "resent": panel.resent} | found.figures()


def v1_no_vote_is_lost(database: ExampleDatabase, load: Load) -> list[Result]:
    """V1: nothing acknowledged is lost, wrong or twice. V2: nobody gets an error of the server."""
    found, figures = votes_under_load(database, load)
    where = vendor(database)
    enough = found.writes >= load.writes
    return [
        Result("V1", where, found.is_clean and enough and found.refused > 0, figures),
        Result(
            "V2",
            where,
            found.server_errors == 0 and found.unknown == 0,
            {"members": load.members, "writes": found.writes, "server_errors": found.server_errors},
        ),
    ]


def v4_a_naive_application_loses_votes(database: ExampleDatabase, load: Load) -> list[Result]:
    """The control of V1: without lock, transaction and version check the same load must lose votes."""
    found, figures = votes_under_load(database, load, application="tests.reliability.unsafe:naive()")
    return [Result("V4", vendor(database), found.overwritten > 0, figures, is_control=True)]


def v2_control_deferred(database: ExampleDatabase, load: Load) -> list[Result]:
    """The control of V2, on SQLite alone: with Django's default transactions members are sent away."""
    if database.postgres:
        return []
    found, figures = votes_under_load(database, load, application="tests.reliability.unsafe:deferred()")
    return [Result("V2", "sqlite", found.server_errors > 0, figures, is_control=True)]


# --- V3: what a vote costs, beside a page that does nothing


def percentile_95(values: Sequence[float]) -> float:
    return statistics.quantiles(values, n=20)[-1]


async def timed(works: Sequence[Callable[[], Awaitable[object]]], each: int) -> tuple[list[float], float]:
    """Every worker does its work so often, all at once; the seconds each took, and those of the whole."""
    taken: list[float] = []

    async def repeat(work: Callable[[], Awaitable[object]]) -> None:
        for _ in range(each):
            start = time.monotonic()
            await work()
            taken.append(time.monotonic() - start)

    start = time.monotonic()
    await gather(repeat(work) for work in works)
    return taken, time.monotonic() - start


def v3_cost_of_a_vote(
    database: ExampleDatabase, members: int, *, blocks: int = 3, most: float = 30.0
) -> list[Result]:
    """p95 and throughput of votes, as ratios to a page that says “not found”, at the same number of people at once.

    Blocks of pages and of votes take turns; the median of the blocks' ratios counts. `most` is the pass line.
    """

    async def run(panel: Panel) -> list[tuple[float, float, float, float]]:
        voters = await panel.voters(range(members))
        measured = []
        for block in range(blocks):
            vote = partial(panel.vote, item=panel.items[block % len(panel.items)])
            pages, whole = await timed([partial(voter.browser.get, TRIVIAL) for voter in voters], 3)
            votes, all_votes = await timed([partial(vote, voter) for voter in voters], 2)
            measured.append(
                (
                    percentile_95(votes),
                    percentile_95(pages),
                    len(votes) / all_votes,
                    len(pages) / whole,
                )
            )
        return measured

    with panel_on(database, members) as panel:
        measured = panel.run(run(panel))
        accepted = all(write.outcome is Outcome.ACKNOWLEDGED for write in panel.history)
    ratio = statistics.median(vote / page for vote, page, _, _ in measured)
    throughput = statistics.median(votes / pages for _, _, votes, pages in measured)
    figures = {
        "members": members,
        "p95_ratio": round(ratio, 2),
        "throughput_ratio": round(throughput, 3),
        "p95_vote_s": round(statistics.median(vote for vote, _, _, _ in measured), 3),
        "p95_page_s": round(statistics.median(page for _, page, _, _ in measured), 3),
        "votes_a_second": round(statistics.median(votes for _, _, votes, _ in measured), 1),
    }
    passed = accepted and ratio <= most and throughput >= 1 / most
    return [Result("V3", vendor(database), passed, figures)]


def v3_with_pauses(
    database: ExampleDatabase, members: int, *, each: int = 5, pause: float = 2.0, most: float = 30.0
) -> list[Result]:
    """p95 of votes of people who think in between, as a ratio to that of “not found” asked for between the votes.

    One in ten asks for the page that does nothing, at the same time as the others vote. `most` is the pass line.
    """
    votes: list[float] = []
    pages: list[float] = []

    async def run(panel: Panel) -> None:
        voters = await panel.voters(range(members))
        asking = [panel.voter(n) for n in range(max(3, members // 10))]

        async def repeat(work: Callable[[], Awaitable[object]], taken: list[float]) -> None:
            for _ in range(each):
                await asyncio.sleep(panel.draw.uniform(0, 2 * pause))
                start = time.monotonic()
                await work()
                taken.append(time.monotonic() - start)

        await gather(
            [
                *(
                    repeat(partial(panel.vote, voter, panel.items[n % len(panel.items)]), votes)
                    for n, voter in enumerate(voters)
                ),
                *(repeat(partial(one.browser.get, TRIVIAL), pages) for one in asking),
            ]
        )

    with panel_on(database, members) as panel:
        panel.run(run(panel))
        accepted = all(write.outcome is Outcome.ACKNOWLEDGED for write in panel.history)
    figures = {
        "members": members,
        "mean_pause_s": pause,
        "votes": len(votes),
        "p95_ratio": round(percentile_95(votes) / percentile_95(pages), 2),
        "p95_vote_s": round(percentile_95(votes), 3),
        "p95_page_s": round(percentile_95(pages), 3),
    }
    return [Result("V3 thinking", vendor(database), accepted and figures["p95_ratio"] <= most, figures)]


# --- V5: the chair closes the round while the panel votes


async def vote_until_closed(panel: Panel, members: int, before: int) -> tuple[float, float]:
    """The panel votes without pause; a member is recused, the round closed. When the close was sent and answered."""
    voters = await panel.voters(range(members))
    chair = panel.browser(panel.facts["chair"][1])
    close_path = f"{panel.path}rounds/{panel.facts['round']}/close/"
    await chair.open_form(close_path)
    over = asyncio.Event()

    async def vote_on(voter: Voter) -> None:
        after_close = 0
        while after_close < 2:
            write = await panel.vote(voter, panel.draw.choice(panel.items[:3]))
            after_close += over.is_set() and write.outcome is not Outcome.ACKNOWLEDGED
            if write.member == recused and write.outcome is Outcome.REFUSED:
                return

    async def votes(n: int) -> None:
        deadline = time.monotonic() + RUN_SECONDS
        while sum(w.outcome is Outcome.ACKNOWLEDGED for w in panel.history) < n:
            if time.monotonic() > deadline:
                raise RuntimeError("The members did not vote.")
            await asyncio.sleep(0.01)

    recused = panel.facts["members"][0][0]
    voting = asyncio.gather(*(vote_on(voter) for voter in voters))
    await votes(before // 2)
    await asyncio.to_thread(panel.stage, "recuse", panel.facts["question"], recused)
    await votes(before)
    sent = time.monotonic()
    answer = await chair.post(close_path, {}, in_place=False)
    answered = time.monotonic()
    over.set()
    if answer.status != 302:
        raise RuntimeError(f"The close was answered with {answer.status}")
    await voting
    return sent, answered


def close_among_votes(
    database: ExampleDatabase, members: int, before: int, application: str
) -> dict[str, Any]:
    with panel_on(database, members, application=application) as panel:
        _, closed_at = panel.run(vote_until_closed(panel, members, before))
        stored = panel.stored()
        recused = panel.facts["members"][0][0]
    found = check(panel.history, stored)
    assert stored.closed_seq is not None
    return {
        "members": members,
        "acknowledged": found.acknowledged,
        "refused": found.refused,
        "lost_or_wrong": found.lost + found.overwritten + found.wrong + found.duplicates + found.unexplained,
        "faults": found.faults,
        "server_errors": found.server_errors,
        "accepted_after_close": accepted_late(panel.history, closed_at)
        + sum(event.seq > stored.closed_seq for event in stored.events),
        "tally_differences": tally_differences(panel.history, stored),
        "recused_not_voided": int(recused not in stored.voided),
    }


NEVER_AT_A_CLOSE = (
    "lost_or_wrong",
    "faults",
    "server_errors",
    "accepted_after_close",
    "tally_differences",
    "recused_not_voided",
)


def v5_close_while_voting(database: ExampleDatabase, members: int, before: int) -> list[Result]:
    figures = close_among_votes(database, members, before, SAFE)
    return [Result("V5", vendor(database), not any(figures[name] for name in NEVER_AT_A_CLOSE), figures)]


def v5_control_naive(database: ExampleDatabase, members: int, before: int) -> list[Result]:
    """Reading “open” without a lock and saving later must let a vote in after the close."""
    figures = close_among_votes(database, members, before, "tests.reliability.unsafe:naive()")
    caught = figures["accepted_after_close"] + figures["tally_differences"]
    return [Result("V5", vendor(database), caught > 0, figures, is_control=True)]


# --- V6: the same form again


async def vote_with_replays(panel: Panel, members: int, votes: int) -> int:
    """Every form is sent one to three times at once, and some once more much later; answers that differ."""
    first = await panel.voters(range(members))
    devices = {voter.member: [voter, *(panel.voter(n) for _ in range(2))] for n, voter in enumerate(first)}
    differing = 0

    async def vote(member: int) -> None:
        nonlocal differing
        mine = devices[member]
        for voter in mine[1:]:
            voter.browser.token, voter.browser.cookies = mine[0].browser.token, dict(mine[0].browser.cookies)
        sent: list[Write] = []
        for _ in range(votes):
            item = panel.draw.choice(panel.items[:3])
            op = panel.op()
            one = (panel.draw.choice(panel.facts["items"][item]), f"Reason {op}", op)
            newest = max(voter.versions.get(item, 0) for voter in mine)
            copies = mine[: panel.draw.randint(1, 3)]
            for voter in copies:
                voter.versions[item] = newest
            answers = await gather(voter.vote(item, *one) for voter in copies)
            differing += len({answer.outcome for answer in answers}) > 1
            sent.append(answers[0])
        for old in panel.draw.sample(sent, k=len(sent) // 3):
            await mine[-1].vote(old.item, old.option, old.comment, old.op, old.version)

    await gather(vote(member) for member in devices)
    return differing


def replays(
    database: ExampleDatabase, members: int, votes: int, application: str
) -> tuple[Findings, dict[str, Any]]:
    with panel_on(database, members, application=application) as panel:
        differing = panel.run(vote_with_replays(panel, members, votes))
        found = check(panel.history, panel.stored())
    forms = len({write.op for write in panel.history})
    return found, {"forms": forms, "differing_answers": differing} | found.figures()


def v6_the_same_form_again(database: ExampleDatabase, members: int, votes: int) -> list[Result]:
    """Copies sent at once all get the same answer and leave one event; a late copy changes nothing."""
    found, figures = replays(database, members, votes, SAFE)
    passed = found.is_clean and figures["differing_answers"] == 0 and found.server_errors == 0
    return [Result("V6", vendor(database), passed and found.writes > figures["forms"], figures)]


def v6_control_naive(database: ExampleDatabase, members: int, votes: int) -> list[Result]:
    found, figures = replays(database, members, votes, "tests.reliability.unsafe:naive()")
    caught = found.duplicates + figures["differing_answers"]
    return [Result("V6", vendor(database), caught > 0, figures, is_control=True)]


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


# --- C6: what ends, ends at the next request


ENDINGS = ("end_membership", "make_observer", "deactivate", "end_sessions")


async def vote_after_each_ending(panel: Panel) -> list[str]:
    """The endings after which a vote, on the connection that was open already, was still accepted."""
    voters = await panel.voters(range(len(ENDINGS)))
    for voter in voters:
        write = await panel.vote(voter, panel.items[0])
        if write.outcome is not Outcome.ACKNOWLEDGED:
            raise RuntimeError(f"A member's vote was answered with {write.status}")
    still = []
    for voter, ending in zip(voters, ENDINGS, strict=True):
        await asyncio.to_thread(panel.stage, ending, panel.facts["question"], voter.member)
        write = await panel.vote(voter, panel.items[1])
        page = await voter.browser.get(f"{panel.path}criteria/{panel.items[0]}/")
        may_read = ending == "make_observer"
        if write.outcome is not Outcome.REFUSED or (page.status == 200) != may_read:
            still.append(ending)
    return still


def c6_ends_at_the_next_request(database: ExampleDatabase) -> list[Result]:
    with panel_on(database, len(ENDINGS)) as panel:
        still = panel.run(vote_after_each_ending(panel))
    return [Result("C6", vendor(database), not still, {"endings": list(ENDINGS), "still_in_force": still})]


def c6_control_remembering(database: ExampleDatabase) -> list[Result]:
    """An application that asks only once who somebody is must be caught, on every ending."""
    application = "tests.reliability.unsafe:remembering()"
    with panel_on(database, len(ENDINGS), application=application) as panel:
        # One worker: what is remembered is remembered by a process.
        panel.server.kill()
        panel.server.workers = 1
        panel.server.start()
        still = panel.run(vote_after_each_ending(panel))
    return [Result("C6", vendor(database), bool(still), {"still_in_force": still}, is_control=True)]


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


# --- What runs inside one process on a database of its own


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


def two_worlds(database: ExampleDatabase, *options: str) -> tuple[dict[str, Any], dict[str, Any]]:
    with tempfile.TemporaryDirectory() as folder:
        targets = [Path(folder) / "0.json", Path(folder) / "1.json"]
        with ThreadPoolExecutor() as pool:
            running = [
                pool.submit(run_alone, database, "tests.reliability.worlds", world, target, *options)
                for world, target in enumerate(targets)
            ]
            for one in running:
                one.result()
        first, second = (json.loads(target.read_text(encoding="utf-8")) for target in targets)
    return first, second


def c2_nobody_sees_blind_votes(database: ExampleDatabase, *, full: bool) -> list[Result]:
    """Two databases that differ only in others' blind votes give everybody else the same bytes; closed, they differ.

    `full` asks as everybody, otherwise as four people. Of PDFs the text and the attached files are compared.
    """
    one, other = two_worlds(database, *(() if full else ("--few",)))
    closed, closed_other = two_worlds(database, "--closed", "--few")
    differing = sorted(key for key in one["answers"] if one["answers"][key] != other["answers"].get(key))
    canaries = [key for world in (one, other) for key, seen in world["answers"].items() if seen["canaries"]]
    canaries += ["e-mail" for world in (one, other) if world["canaries_in_mails"]]
    errors = [key for key, seen in one["answers"].items() if seen["status"] >= 500]
    after = [key for key, seen in closed["answers"].items() if seen != closed_other["answers"].get(key)]
    figures = {
        "answers": len(one["answers"]),
        "differing": differing,
        "canaries": canaries,
        "server_errors": errors,
        "addresses_without_values": one["left_out"],
        "mails": len(one["mails"]),
        "pdfs": sum(key.endswith(".pdf") for key in one["answers"]),
    }
    same_mails = len(one["mails"]) > 0 and one["mails"] == other["mails"]
    passed = not (differing or canaries or errors or one["left_out"]) and same_mails and figures["pdfs"] > 0
    where = vendor(database)
    return [
        Result("C2", where, passed, figures),
        Result(
            "C2",
            where,
            any(key.endswith(".pdf") for key in after) and len(after) > 1,
            {"differing_after_the_close": after},
            is_control=True,
        ),
    ]


def v8_nothing_typed_is_lost(database: ExampleDatabase) -> list[Result]:
    with ThreadPoolExecutor() as pool:
        goal = pool.submit(run_alone, database, "tests.reliability.typed")
        other = pool.submit(run_alone, database, "tests.reliability.typed", "--forgetful")
        found, control = json.loads(goal.result()), json.loads(other.result())
    where = vendor(database)
    figures = {name: found[name] for name in ("forms", "tried", "lost")}
    passed = not found["lost"] and found["forms"] > 5
    return [
        Result("V8", where, passed, figures),
        Result("V8", where, len(control["lost"]) > 0, {"lost": len(control["lost"])}, is_control=True),
    ]


def t_the_trail(database: ExampleDatabase, every: int) -> list[Result]:
    """T1: no statement changes what is append-only. T2: every change behind the triggers' back is found."""
    found = json.loads(run_alone(database, "tests.reliability.trail", "--every", every))
    where, rows, events = vendor(database), found["append_only"], found["tampering"]
    control_t1 = {"accepted": rows.pop("control_accepted")}
    control_t2 = {"missed": events.pop("control_missed")}
    return [
        Result("T1", where, not rows["accepted"], rows),
        Result("T1", where, control_t1["accepted"] > 0, control_t1, is_control=True),
        Result("T2", where, not events["missed"] and not events["faults_before"], events),
        Result("T2", where, control_t2["missed"] > 0, control_t2, is_control=True),
    ]


def t7_printed_is_published(database: ExampleDatabase, documents: int) -> list[Result]:
    """T7: the pages of a PDF say what its data say, each says of which version, and a second rendering is the same."""
    found = json.loads(run_alone(database, "tests.reliability.printed", "--documents", documents))
    control = {key: found.pop(key) for key in ("control_changes", "control_missed")}
    where = vendor(database)
    return [
        Result("T7", where, not found["wrong"], found),
        Result("T7", where, control["control_missed"] == 0, control, is_control=True),
    ]


def a1_any_history(database: ExampleDatabase, histories: int) -> list[Result]:
    """A1: thousands of random steps against a plain model. A3: with recusals left out the model is contradicted."""
    shares = [histories // 2, histories - histories // 2]
    with ThreadPoolExecutor() as pool:
        running = [
            pool.submit(run_alone, database, "tests.reliability.machine", first, share)
            for first, share in zip((0, shares[0]), shares, strict=True)
        ]
        parts = [json.loads(one.result()) for one in running]
    controls = [part.pop("control") for part in parts]
    acts: Counter[str] = Counter()
    for part in parts:
        acts.update(part["acts"])
    figures = {
        "histories": sum(part["histories"] for part in parts),
        "steps": sum(part["steps"] for part in parts),
        "acts": dict(sorted(acts.items())),
        "complaint": "; ".join(part["complaint"] for part in parts if part["complaint"]),
    }
    control = {
        "histories_until_found": [one["histories"] for one in controls],
        "complaint": controls[0]["complaint"][:300],
    }
    found = all(one["complaint"] for one in controls)
    where = vendor(database)
    return [
        Result("A1", where, not figures["complaint"] and figures["steps"] == histories * STEPS, figures),
        Result("A3", where, found, control, is_control=True),
    ]


# --- A2: the same acts through HTTP, four at once


def live_at_once(database: ExampleDatabase, histories: int, batches: int, application: str) -> dict[str, Any]:
    """So many histories on a server as shipped, until one cannot be explained."""
    done: Counter[str] = Counter()
    figures: dict[str, Any] = {"histories": 0, "complaint": "", "server_errors": 0}
    with panel_on(database, 0, application=application) as panel:
        staged = Staged(panel.server)
        try:
            for number in range(histories):
                crowd = Crowd(panel.server, staged, number, done)
                figures["histories"] = number + 1
                try:
                    panel.run(crowd.live(batches, time.monotonic() + RUN_SECONDS))
                except Broken as error:
                    figures["complaint"] = str(error)
                    break
                finally:
                    figures["server_errors"] += crowd.server_errors
        finally:
            staged.end()
    return figures | {"steps": done.total(), "acts": dict(sorted(done.items()))}


def a2_at_once(database: ExampleDatabase, steps: int, batches: int) -> list[Result]:
    """Four acts at once, and again, until there are so many steps; a history has so many batches of them."""
    figures = live_at_once(database, -(-steps // (AT_ONCE * batches)), batches, SAFE)
    passed = not (figures["complaint"] or figures["server_errors"]) and figures["steps"] >= steps
    return [Result("A2", vendor(database), passed, figures)]


def a2_control_unlocked(database: ExampleDatabase, histories: int, batches: int) -> list[Result]:
    """Without locks and transactions, no order explains what happens sooner or later."""
    figures = live_at_once(database, histories, batches, "tests.reliability.unsafe:unlocked()")
    return [Result("A2", vendor(database), bool(figures["complaint"]), figures, is_control=True)]
