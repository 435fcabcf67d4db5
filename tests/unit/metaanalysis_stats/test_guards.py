"""What must never be asked of statsmodels, and what importing the statistics must not cost."""

from __future__ import annotations

import subprocess
import sys
from types import SimpleNamespace
from typing import Any

import pytest

from metaanalysis.stats.pooling import pool
from metaanalysis.stats.types import (
    Measure,
    Method,
    Model,
    PoolingSpec,
    SmdVariant,
    Tau2Method,
    ZeroRule,
)

from .reference import COUNT_MEASURES, MEANS, other_sets, reference_sets

ANALYSES = [
    *(
        PoolingSpec(measure, Model.RANDOM, Method.IV, tau2, zero=zero)
        for measure in COUNT_MEASURES
        for tau2 in Tau2Method
        for zero in (ZeroRule.ONLY0, ZeroRule.NONE, ZeroRule.ONLY0_KEEP)
    ),
    *(
        PoolingSpec(measure, method=Method.MH, zero=zero)
        for measure in COUNT_MEASURES
        for zero in (ZeroRule.POOL_NONE, ZeroRule.POOL_ONLY0)
    ),
    PoolingSpec(method=Method.PETO),
]


def pool_everything() -> None:
    for reference in reference_sets().values():
        for spec in ANALYSES:
            pool(reference.studies, spec)
    for other in other_sets().values():
        measure = Measure.SMD if other.name == MEANS else Measure.HR
        pool(other.studies, PoolingSpec(measure, smd=SmdVariant.REVMAN))


def test_statsmodels_never_corrects_empty_cells(monkeypatch: pytest.MonkeyPatch) -> None:
    from statsmodels.stats import meta_analysis

    real, calls = meta_analysis.effectsize_2proportions, []

    def watched(*counts: Any, **options: Any) -> Any:
        calls.append(options)
        assert options["zero_correction"] is None
        assert "zero_kwds" not in options
        return real(*counts, **options)

    monkeypatch.setattr(meta_analysis, "effectsize_2proportions", watched)
    pool_everything()
    assert calls


def test_the_pooled_results_of_statsmodels_are_never_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its tau² and I² are not cut at 0; what it gives rightly, the common effect, is compared with ours elsewhere."""
    from statsmodels.stats import meta_analysis

    calls: list[Any] = []
    monkeypatch.setattr(meta_analysis, "combine_effects", lambda *data, **options: calls.append(options))
    pool_everything()
    assert calls == []


def test_the_stratified_table_gets_no_double_zeros_and_shifts_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from statsmodels.stats import contingency_tables

    real, calls = contingency_tables.StratifiedTable, []

    def watched(tables: Any, **options: Any) -> Any:
        calls.append(options)
        assert not options.get("shift_zeros")
        assert all(table.sum(axis=0).min() > 0 for table in tables)
        fit = real(tables, **options)
        return SimpleNamespace(logodds_pooled=fit.logodds_pooled, logodds_pooled_se=fit.logodds_pooled_se)

    monkeypatch.setattr(contingency_tables, "StratifiedTable", watched)
    pool_everything()
    assert calls


def test_importing_the_statistics_is_cheap() -> None:
    script = (
        "import sys, metaanalysis.stats.pooling, metaanalysis.stats.report;"
        "print(*{'numpy', 'scipy', 'statsmodels', 'pandas', 'django'} & set(sys.modules))"
    )
    run = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60
    )
    assert run.stdout.split() == []
