"""U3: other people's pages while files that cost much are read, with the control that must fail."""

from __future__ import annotations

import statistics
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from tests.reliability import bad_files as bad
from tests.reliability.panel import SAFE, TRIVIAL, Result, vendor
from tests.reliability.posted import Sender
from tests.reliability.processes import mib_of, watched
from tests.reliability.site import PEOPLE, Site, load, percentile_95, site_on
from tests.server import ExampleDatabase
from tests.unit.importers import corpus

READERS = ("child_main", "docx_worker", "html_page.py")
HOSTILE = 8
TRY_AGAIN_SECONDS = 2.0
GIVE_UP_SECONDS = 240.0
NO_ANSWER = 0


@dataclass
class Siege:
    """What others and the processes felt while hostile files were sent at once."""

    ratio: float
    p95_before: float
    p95_during: float
    pings: int
    ping_errors: int
    grown_mib: float
    peak_mib: float
    statuses: Counter[int]
    children: dict[str, float]


def besiege(site: Site) -> Siege:
    """HOSTILE people send a costly file each, and again where they are told to; others ask for a page meanwhile."""
    kinds = (
        (site.table_path(), bad.costly_review(), "review.rm5"),
        (site.table_path(), bad.costly_workbook(), "trials.xlsx"),
        (site.document_path, bad.costly_word(), "etd.docx"),
        (site.document_path, bad.costly_page(), "etd.html"),
    )
    people = [site.person(number) for number in range(HOSTILE)]
    quiet, errors_before = pings(site.port, lambda: False, at_least=60)
    workers = site.workers
    before = sum(map(mib_of, workers))
    statuses: Counter[int] = Counter()

    def send(number: int) -> None:
        path, content, name = kinds[number % len(kinds)]
        give_up = time.monotonic() + GIVE_UP_SECONDS
        while time.monotonic() < give_up:
            try:
                got = people[number].send_file(path, content, name)
            except OSError:
                statuses[NO_ANSWER] += 1
                return
            statuses[got.status] += 1
            if got.status != 503 or "retry-after" not in got.headers:
                return
            time.sleep(TRY_AGAIN_SECONDS)

    with (
        watched(workers, lambda command: any(reader in command for reader in READERS)) as watch,
        ThreadPoolExecutor(HOSTILE) as pool,
    ):
        sending = [pool.submit(send, number) for number in range(HOSTILE)]
        busy, errors = pings(site.port, lambda: not all(one.done() for one in sending), at_least=60)
        for one in sending:
            one.result()
    return Siege(
        ratio=percentile_95(busy) / percentile_95(quiet),
        p95_before=percentile_95(quiet),
        p95_during=percentile_95(busy),
        pings=len(busy),
        ping_errors=errors + errors_before,
        grown_mib=sum(map(mib_of, workers)) - before,
        peak_mib=watch.most_mib_of_a_worker,
        statuses=statuses,
        children=watch.figures(),
    )


def pings(port: int, goes_on: Callable[[], bool], *, at_least: int) -> tuple[list[float], int]:
    """The seconds that a page which does nothing takes, asked for again and again, and errors of the server."""
    sender, seconds, errors = Sender(port), list[float](), 0
    while len(seconds) < at_least or goes_on():
        start = time.monotonic()
        try:
            errors += sender.get(TRIVIAL).status >= 500
        except OSError:
            errors += 1
        seconds.append(time.monotonic() - start)
        time.sleep(0.02)
    return seconds, errors


def sieges(
    database: ExampleDatabase, times: int, application: str = SAFE
) -> tuple[list[Siege], dict[str, Any]]:
    with site_on(database, application=application) as site:
        # The first files load what the process keeps.
        for number, name in enumerate(("good.csv", "good.xlsx")):
            site.person(PEOPLE - 1 - number).send_file(site.table_path(), corpus.GOOD.encode(), name)
        all_of_them = [besiege(site) for _ in range(times)]
    statuses = sum((one.statuses for one in all_of_them), Counter())
    figures = {
        "uploads": statuses.total(),
        "statuses": {str(status): number for status, number in sorted(statuses.items())},
        "pings": sum(one.pings for one in all_of_them),
        "ping_errors": sum(one.ping_errors for one in all_of_them),
        "p95_ratio": round(statistics.median(one.ratio for one in all_of_them), 2),
        "p95_before_s": round(statistics.median(one.p95_before for one in all_of_them), 3),
        "p95_during_s": round(statistics.median(one.p95_during for one in all_of_them), 3),
        # The first siege may make the process keep what the next ones use again.
        "web_grown_mib": round(sum(one.grown_mib for one in all_of_them), 1),
        "web_peak_mib": round(max(one.peak_mib for one in all_of_them), 1),
        "load": load(),
    }
    for name in all_of_them[0].children:
        figures[name] = max(one.children[name] for one in all_of_them)
    return all_of_them, figures


def u3_others_go_on(database: ExampleDatabase, times: int) -> list[Result]:
    _, figures = sieges(database, times)
    passed = (
        figures["ping_errors"] == 0
        # Refused, or on a quiet machine read within the limits and previewed; one who is told to comes again.
        and set(figures["statuses"]) <= {"302", "422", "503"}
        and figures["statuses"]["422"] + figures["statuses"].get("302", 0) == times * HOSTILE
        and figures["p95_ratio"] <= 5
        and figures["web_grown_mib"] <= 50
        and figures["children"] > 0
        and figures["most_children_at_once"] <= 2
        and figures["most_mib_of_a_child"] <= 512
        # The last look comes up to a tenth of a second after the end.
        and figures["most_cpu_s_of_a_child"] <= 10.2
        and figures["longest_child_s"] <= 20.5
    )
    return [Result("U3", vendor(database), passed, figures)]


def u3_control_in_the_process(database: ExampleDatabase) -> list[Result]:
    """Files read in the process that answers pages hold up everybody, or leave their memory behind."""
    _, figures = sieges(database, 1, "tests.reliability.unsafe_files:in_the_process()")
    caught = figures["p95_ratio"] > 5 or figures["ping_errors"] > 0 or figures["web_grown_mib"] > 50
    return [Result("U3", vendor(database), caught, figures, is_control=True)]
