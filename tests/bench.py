"""`./openetd bench`: what things cost, as ratios to a peer measured in the same run, on a fresh copy of the example,
and how often the integrity checks are right.

Absolute times depend on the machine and are printed for orientation only. Nothing here passes or fails.
"""

from __future__ import annotations

import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

from tests.launcher import load_launcher
from tests.server import application_environment, run_manage

if TYPE_CHECKING:
    from metaanalysis.stats.types import StudyCounts

ROUNDS = 15


def seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def side_by_side(rounds: int, **works: Callable[[], object]) -> dict[str, float]:
    """The median time of each, taken in turns, so that a busy moment of the machine falls on all alike."""
    for work in works.values():
        work()
    times: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(rounds):
        for name, work in works.items():
            times[name].append(seconds(work))
    return {name: statistics.median(values) for name, values in times.items()}


STUDIES = 14
TABLES = 1000


def random_tables(tables: int, studies: int) -> list[list[StudyCounts]]:
    """Tables of made-up trials with events in both arms, the same in every run."""
    from metaanalysis.stats.types import StudyCounts

    draw = random.Random(14)  # noqa: S311 -- made-up trials, not secrets

    def trial(number: int) -> StudyCounts:
        n_intervention, n_comparison = draw.randint(40, 400), draw.randint(40, 400)
        return StudyCounts(
            study=f"Trial {number}",
            events_intervention=draw.randint(5, n_intervention // 2),
            n_intervention=n_intervention,
            events_comparison=draw.randint(5, n_comparison // 2),
            n_comparison=n_comparison,
        )

    return [[trial(number) for number in range(studies)] for _ in range(tables)]


def pooling(folder: Path) -> None:
    import numpy as np
    from statsmodels.stats.meta_analysis import combine_effects

    from metaanalysis.stats.many import pool_many
    from metaanalysis.stats.pooling import pool
    from metaanalysis.stats.sensitivity import leave_one_out
    from metaanalysis.stats.types import CiMethod, Measure, PoolingSpec, StudyEstimate, Tau2Method

    tables = random_tables(TABLES, STUDIES)
    results = [pool(table, PoolingSpec()) for table in tables]
    y = np.array([[study.estimate for study in result.studies] for result in results])
    v = np.array([[study.se**2 for study in result.studies] for result in results])
    dl = PoolingSpec(tau2_method=Tau2Method.DL, ci_method=CiMethod.WALD)

    median = side_by_side(
        200,
        rule=lambda: pool(tables[0], PoolingSpec()),
        dl=lambda: pool(tables[0], dl),
        statsmodels=lambda: combine_effects(y[0], v[0], method_re="dl"),
    )
    bare = "a bare DerSimonian-Laird call of statsmodels"
    line("one table of 14 studies, full result by REML", median["rule"], bare, median["statsmodels"])
    line("one table of 14 studies, full result by DL", median["dl"], bare, median["statsmodels"])
    rma = metafor_seconds(folder, y[0], v[0])
    if rma is None:
        print("R with metafor is missing, so its rma is not a peer in this run.")
    else:
        line("one table of 14 studies, full result by REML", median["rule"], "rma of metafor", rma)

    many = side_by_side(
        7,
        many=lambda: pool_many(y, v, tau2_method=Tau2Method.DL),
        statsmodels=lambda: [combine_effects(y[i], v[i], method_re="dl") for i in range(TABLES)],
    )
    line("1,000 tables of 14 studies by DL", many["many"], "1,000 calls of statsmodels", many["statsmodels"])
    if rma is not None:
        line("1,000 tables of 14 studies by DL", many["many"], "1,000 calls of rma", rma * TABLES)

    effects, variances = y.ravel()[:TABLES], v.ravel()[:TABLES]
    one = [
        StudyEstimate(f"Trial {i}", float(effect), float(variance) ** 0.5)
        for i, (effect, variance) in enumerate(zip(effects, variances, strict=True))
    ]
    keep = [np.arange(TABLES) != i for i in range(TABLES)]
    by_dl = PoolingSpec(Measure.GIV, tau2_method=Tau2Method.DL, ci_method=CiMethod.WALD)
    without = side_by_side(
        3,
        dl=lambda: leave_one_out(one, by_dl),
        reml=lambda: leave_one_out(one, PoolingSpec(Measure.GIV)),
        statsmodels=lambda: [
            combine_effects(effects[kept], variances[kept], method_re="dl") for kept in keep
        ],
    )
    loop = "statsmodels in a loop (DL)"
    line("leave-one-out of 1,000 studies by DL", without["dl"], loop, without["statsmodels"])
    line("leave-one-out of 1,000 studies by REML", without["reml"], loop, without["statsmodels"])


def metafor_seconds(folder: Path, y: Sequence[float], v: Sequence[float]) -> float | None:
    """The median time of one call of rma by REML with its Q-profile interval and prediction; None without R."""
    if shutil.which("Rscript") is None:
        return None
    script = folder / "rma.R"
    numbers = [",".join(map(repr, map(float, values))) for values in (y, v)]
    script.write_text(
        "suppressMessages(library(metafor))\n"
        f"y <- c({numbers[0]}); v <- c({numbers[1]})\n"
        "once <- function() system.time(for (i in 1:20) "
        '{ m <- rma(y, v, method="REML", test="knha"); confint(m); predict(m) })[["elapsed"]] / 20\n'
        "invisible(once()); cat(median(replicate(5, once())))\n",
        encoding="utf-8",
    )
    done = subprocess.run(["Rscript", str(script)], capture_output=True, text=True, timeout=120, check=False)
    return float(done.stdout) if done.returncode == 0 else None


def pages() -> None:
    from django.test import Client

    from etd.models import User

    question = "/guidelines/ilcor-als/mcs-after-rosc-vote/"
    client = Client()
    client.force_login(
        User.objects.get(email="panel@example.org"), "django.contrib.auth.backends.ModelBackend"
    )
    versions = iter(range(10_000))

    def vote() -> None:
        version = next(versions)
        data = {"revision": version, "op": uuid4(), "options": ["reduced"], "comment": f"Reason {version}"}
        answer = client.post(f"{question}votes/equity/", data, headers={"HX-Request": "true"})
        assert answer.status_code == 200, answer.content

    median = side_by_side(
        ROUNDS,
        trivial=lambda: Client().get("/no-such-page/"),
        page=lambda: client.get(question),
        vote=vote,
    )
    line(
        "the question page with an open round",
        median["page"],
        "a page that says “not found”",
        median["trivial"],
    )
    line("saving a judgement", median["vote"], "a page that says “not found”", median["trivial"])


def document(folder: Path) -> None:
    from documents.assemble import assemble
    from documents.html import render_html
    from documents.pdf import render_pdf
    from etd.models import Question

    chromium = load_launcher().find_chromium()
    question = Question.objects.select_related("guideline", "recommendation").get(slug="mcs-after-rosc")
    assembled = assemble(question)
    page = folder / "document.html"
    page.write_text(render_html(assembled), encoding="utf-8")
    flags = [
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--disable-background-networking",
    ]
    target = f"--print-to-pdf={folder / 'chromium.pdf'}"

    def ours() -> None:
        from documents import pdf

        pdf._rendered.cache_clear()
        render_pdf(assembled)

    def chromiums() -> None:
        subprocess.run(
            [str(chromium), *flags, target, page.as_uri()], capture_output=True, check=True, timeout=120
        )

    if chromium is None:
        print("Chromium is missing, so the PDF has no peer to be compared with.")
        return
    median = side_by_side(3, ours=ours, chromium=chromiums)
    line("the example as PDF", median["ours"], "headless Chromium printing the same page", median["chromium"])


def integrity_checks() -> None:
    """Shares of altered numbers found and false alarms, from seeded simulations: the same in every run."""
    from tests.detection import report

    for text in report():
        print(text, flush=True)


def line(what: str, mine: float, peer: str, theirs: float) -> None:
    ratio = mine / theirs
    times = f"{mine * 1000:.3g} ms against {theirs * 1000:.3g} ms"
    print(f"{what}: {ratio:.3g} x {peer} ({times})", flush=True)


def main() -> int:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        environment = application_environment(f"sqlite:///{folder / 'bench.sqlite3'}", folder)
        for command in (["migrate", "--noinput"], ["load_example"]):
            done = run_manage(environment, *command)
            if done.returncode:
                print(done.stdout + done.stderr, file=sys.stderr)
                return 1
        os.environ.update(environment, ALLOWED_HOSTS="testserver")
        import logging

        import django

        django.setup()
        logging.disable(logging.WARNING)
        pooling(folder)
        pages()
        document(folder)
        integrity_checks()
    return 0


if __name__ == "__main__":
    sys.exit(main())
