"""V1 to V6: votes at once, what they cost, races with the close, the same form again."""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from tests.reliability.client import Voter
from tests.reliability.history import (
    Findings,
    Outcome,
    Write,
    accepted_late,
    check,
    tally_differences,
)
from tests.reliability.panel import (
    RUN_SECONDS,
    SAFE,
    TRIVIAL,
    Panel,
    Result,
    gather,
    panel_on,
    vendor,
)
from tests.server import ExampleDatabase

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
