"""`./openetd reliability [--quick] [GOAL…]`: every goal with its control, into reports/reliability.json.

Exit status 1 where a goal is missed, where a control does not fail, or where something broke. What cannot be measured
on this machine is said with its reason, and is neither a pass nor a miss.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

from tests.launcher import ROOT
from tests.postgres import PostgresServer, find_binaries
from tests.reliability import (
    backups,
    cuts,
    faults,
    kills,
    limits,
    outputs,
    panel,
    sieges,
    soak,
    syncs,
    uploads,
    votes,
)
from tests.reliability import scenarios as s
from tests.reliability.disks import MIB
from tests.server import ExampleDatabase

REPORT = ROOT / "reports" / "reliability.json"
Run = Callable[[ExampleDatabase], list[panel.Result]]

WRITES = 2600
# No scenario takes half of it on two quiet processors.
SCENARIO_SECONDS = 1800
FULL: tuple[tuple[str, Run], ...] = (
    *(("V1", lambda d, n=n: votes.v1_no_vote_is_lost(d, votes.Load(n, WRITES))) for n in (50, 100, 200)),
    ("V1", lambda d: votes.v4_a_naive_application_loses_votes(d, votes.Load(20, 480, rivals=1))),
    ("V1", lambda d: votes.v2_control_deferred(d, votes.Load(40, 600))),
    ("V3", lambda d: votes.v3_cost_of_a_vote(d, 200)),
    ("V3", lambda d: votes.v3_with_pauses(d, 100)),
    ("V5", lambda d: votes.v5_close_while_voting(d, 40, 200)),
    ("V5", lambda d: votes.v5_control_naive(d, 40, 200)),
    ("V6", lambda d: votes.v6_the_same_form_again(d, 20, 12)),
    ("V6", lambda d: votes.v6_control_naive(d, 20, 12)),
    ("V7", lambda d: kills.v7_kill(d, kills.Kills(20, 12, 600))),
    ("V7", lambda d: kills.v7_control_late(d, kills.Kills(2, 12, 80))),
    ("V7", lambda d: kills.v7_kill_postgres(d, kills.Kills(10, 12, 400))),
    ("V7", lambda d: kills.v7_control_postgres(d, kills.Kills(5, 12, 200))),
    ("V8", s.v8_nothing_typed_is_lost),
    ("V9", lambda d: faults.v9_disk_full(d, faults.Full(12, 2 * MIB, 10))),
    ("V10", lambda d: cuts.v10_connections_cut(d, cuts.Cuts(5, 16, 100))),
    ("V10", lambda d: cuts.v10_lock_held(d, 3)),
    ("V11", lambda d: syncs.v11_what_is_saved_is_on_the_disk(d, 100)),
    ("V12", lambda d: soak.v12_soak(d, soak.Soak(100, 600, 120, 10), soak.Soak(30, 60, 10, 2))),
    ("C2", lambda d: s.c2_nobody_sees_blind_votes(d, full=True)),
    ("C6", s.c6_ends_at_the_next_request),
    ("C6", s.c6_control_remembering),
    ("A1", lambda d: s.a1_any_history(d, 400)),
    ("A2", lambda d: s.a2_at_once(d, 2000, 25)),
    ("A2", lambda d: s.a2_control_unlocked(d, 10, 25)),
    ("U1", lambda d: uploads.u1_bad_files(d, 1)),
    ("U1", lambda d: uploads.u1_control_trusting(d, 5)),
    ("U1", uploads.u1_slow_clients),
    ("U1", uploads.u1_control_patient),
    ("U2", lambda d: outputs.u2_never_a_wrong_number(d, 2000)),
    ("U3", lambda d: sieges.u3_others_go_on(d, 3)),
    ("U3", sieges.u3_control_in_the_process),
    ("U4", lambda d: outputs.u4_damaged_files(d, 60)),
    ("U5", limits.u5_limits),
    ("P1", outputs.p1_nothing_is_fetched),
    ("P2", lambda d: outputs.p2_bombs(d, 3)),
    ("P3", lambda d: outputs.p3_turns(d, 20)),
    ("P3", lambda d: outputs.p3_control_without_turns(d, 6)),
    ("T1", lambda d: s.t_the_trail(d, 1)),
    ("T5", lambda d: outputs.t5_what_is_published_stays(d, 1000)),
    ("T7", lambda d: s.t7_printed_is_published(d, 20)),
    ("O1", lambda d: backups.o1_backup_under_load(d, backups.Backups(50, 3, 200, 200, 200))),
    ("O1", lambda d: backups.o1_control_plain_copy(d, backups.Backups(50, 1, 0, 100, 0))),
)
QUICK: tuple[tuple[str, Run], ...] = (
    ("V1", lambda d: votes.v1_no_vote_is_lost(d, votes.Load(12, 144))),
    ("V1", lambda d: votes.v4_a_naive_application_loses_votes(d, votes.Load(4, 144, rivals=1))),
    ("V3", lambda d: votes.v3_cost_of_a_vote(d, 12, blocks=1)),
    ("V5", lambda d: votes.v5_close_while_voting(d, 8, 30)),
    ("V5", lambda d: votes.v5_control_naive(d, 8, 30)),
    ("V6", lambda d: votes.v6_the_same_form_again(d, 4, 6)),
    ("V7", lambda d: kills.v7_kill(d, kills.Kills(2, 6, 40))),
    ("V7", lambda d: kills.v7_control_late(d, kills.Kills(1, 6, 20))),
    ("V9", lambda d: faults.v9_disk_full(d, faults.Full(6, MIB // 2, 5))),
    ("V10", lambda d: cuts.v10_connections_cut(d, cuts.Cuts(3, 6, 20))),
    ("V10", lambda d: cuts.v10_lock_held(d, 3)),
    ("V11", lambda d: syncs.v11_what_is_saved_is_on_the_disk(d, 20)),
    ("V12", lambda d: soak.v12_soak(d, soak.Soak(20, 60, 20, 3), soak.Soak(10, 25, 5, 1.5))),
    ("C6", s.c6_ends_at_the_next_request),
    ("A1", lambda d: s.a1_any_history(d, 10)),
    ("A2", lambda d: s.a2_at_once(d, 100, 25)),
    ("U1", lambda d: uploads.u1_bad_files(d, 12)),
    ("U1", lambda d: uploads.u1_control_trusting(d, 40)),
    ("U2", lambda d: outputs.u2_never_a_wrong_number(d, 200)),
    ("U4", lambda d: outputs.u4_damaged_files(d, 1)),
    ("P3", lambda d: outputs.p3_turns(d, 6)),
    ("T1", lambda d: s.t_the_trail(d, 12)),
    ("T5", lambda d: outputs.t5_what_is_published_stays(d, 60)),
    ("T7", lambda d: s.t7_printed_is_published(d, 1)),
    ("O1", lambda d: backups.o1_backup_under_load(d, backups.Backups(6, 1, 20, 12, 12))),
    ("O1", lambda d: backups.o1_control_plain_copy(d, backups.Backups(6, 1, 0, 12, 0))),
)
# A scenario also answers for these goals.
ALSO = {"V2": "V1", "V4": "V1", "T2": "T1", "A3": "A1"}


@contextmanager
def database(kind: str) -> Iterator[ExampleDatabase]:
    """A fresh example on SQLite or on a PostgreSQL server of this run; gone afterwards."""
    postgres = None
    if kind == "postgres":
        binaries = find_binaries()
        if binaries is None:
            raise SystemExit("PostgreSQL is missing; ./openetd reliability --sqlite measures the rest.")
        postgres = PostgresServer(binaries, durable=True)
    with tempfile.TemporaryDirectory() as folder:
        try:
            if postgres:
                postgres.start()
            made = ExampleDatabase(Path(folder), postgres)
            made.make()
            yield made
        finally:
            if postgres:
                postgres.stop()


def machine() -> dict[str, Any]:
    """What the figures depend on. The load says how busy the machine was with other things at the start.

    Each result has the load at its own end besides, which holds what the scenario did itself.
    """
    binaries = find_binaries()
    postgres = ""
    if binaries:
        asked = [str(binaries / "postgres"), "--version"]
        postgres = subprocess.run(
            asked, capture_output=True, text=True, timeout=30, check=False
        ).stdout.strip()
    return {
        "system": platform.platform(),
        "processors": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        "load": [round(one, 2) for one in os.getloadavg()],
        "openetd": our_version(),
        "python": platform.python_version(),
        "django": version("django"),
        "gunicorn": version("gunicorn"),
        "sqlite": sqlite3.sqlite_version,
        "postgresql": postgres,
    }


def our_version() -> str:
    """The newest one named in CHANGELOG.md."""
    found = re.search(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), flags=re.MULTILINE)
    return found.group(1) if found else ""


@contextmanager
def limit(seconds: int) -> Iterator[None]:
    """Raises TimeoutError in what takes longer; what it started ends with it."""

    def stop(number: int, frame: object) -> None:
        raise TimeoutError(f"not done in {seconds} s")

    signal.signal(signal.SIGALRM, stop)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)


def run(name: str, work: Run, on: ExampleDatabase) -> list[dict[str, Any]]:
    """The results of one scenario as they are reported; what breaks is a failure that says why."""
    start = time.monotonic()
    try:
        with limit(SCENARIO_SECONDS):
            results = [asdict(result) for result in work(on)]
    except Exception:
        results = [
            asdict(
                panel.Result(name, panel.vendor(on), passed=False, figures={"broke": traceback.format_exc()})
            )
        ]
    for result in results:
        result["seconds"] = round(time.monotonic() - start, 1)
        result["load"] = round(os.getloadavg()[0], 2)
        say(line(result))
    return results


def say(message: str) -> None:
    sys.stdout.write(f"{message}\n")
    sys.stdout.flush()


def line(result: dict[str, Any]) -> str:
    if result["not_measured"]:
        return f"{result['goal']:<12}{result['database']:<12}not measured here: {result['not_measured']}"
    what = "control" if result["is_control"] else "goal"
    good = "fails, as it must" if result["is_control"] else "reached"
    bad = "DOES NOT FAIL" if result["is_control"] else "MISSED"
    figures = ", ".join(
        f"{name} {len(value) if isinstance(value, list) else value}"
        for name, value in result["figures"].items()
    )
    return f"{result['goal']:<12}{result['database']:<12}{what:<8}{good if result['passed'] else bad:<18}{figures}"


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="./openetd reliability", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="small numbers, within some ten minutes")
    parser.add_argument("--sqlite", action="store_true", help="on SQLite alone")
    parser.add_argument("--postgres", action="store_true", help="on PostgreSQL alone")
    parser.add_argument("goals", nargs="*", metavar="GOAL", help="V1, V3, V5, …: only these")
    chosen = parser.parse_args(arguments)
    kinds = [kind for kind in ("sqlite", "postgres") if getattr(chosen, kind)] or ["sqlite", "postgres"]
    scenarios = QUICK if chosen.quick else FULL
    wanted = {ALSO.get(goal.upper(), goal.upper()) for goal in chosen.goals}
    if unknown := sorted(wanted - {name for name, _ in scenarios}):
        parser.error(f"{unknown[0]} is no goal of this run; there are {', '.join(names(scenarios))}.")
    report: dict[str, Any] = {"quick": chosen.quick, "finished": False, "machine": machine(), "results": []}
    start = time.monotonic()
    for kind in kinds:
        with database(kind) as made:
            for name, work in scenarios:
                if not wanted or name in wanted:
                    report["results"] += run(name, work, made)
                    report["seconds"] = round(time.monotonic() - start)
                    write(report)
    measured = [result for result in report["results"] if not result["not_measured"]]
    missed = [result for result in measured if not result["passed"]]
    left_out = len(report["results"]) - len(measured)
    write(report | {"finished": True, "passed": not missed, "not_measured": left_out})
    unmeasured = f", {left_out} not measured here" if left_out else ""
    say(f"\n{len(measured)} results in {report['seconds']} s, {len(missed)} not as they must be{unmeasured}.")
    say(f"Report: {REPORT.relative_to(ROOT)}")
    return 1 if missed else 0


def write(report: dict[str, Any]) -> None:
    """After each scenario: a run of two hours that is cut off leaves what it has measured."""
    REPORT.parent.mkdir(exist_ok=True)
    REPORT.write_text(json.dumps(report, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")


def names(scenarios: tuple[tuple[str, Run], ...]) -> list[str]:
    return list(dict.fromkeys(name for name, _ in scenarios))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
