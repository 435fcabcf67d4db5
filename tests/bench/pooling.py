"""Pooling against statsmodels and, where R has it, metafor."""

from __future__ import annotations

import random
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tests.bench.measure import line, side_by_side

if TYPE_CHECKING:
    from metaanalysis.stats.types import StudyCounts

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
