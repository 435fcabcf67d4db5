"""C2, C6, V8, T, A: the other goals, each as a function of a database and a size, with the control that must fail."""

from __future__ import annotations

import asyncio
import json
import tempfile
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from tests.reliability.at_once import AT_ONCE, Broken, Crowd, Staged
from tests.reliability.history import (
    Outcome,
)
from tests.reliability.model import STEPS
from tests.reliability.panel import (
    RUN_SECONDS,
    SAFE,
    Panel,
    Result,
    panel_on,
    run_alone,
    vendor,
)
from tests.server import ExampleDatabase

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
