"""The strip of other methods: every row is an analysis that the reference tests cover."""

from __future__ import annotations

import pytest

from metaanalysis.stats.other_methods import other_methods
from metaanalysis.stats.pooling import pool
from metaanalysis.stats.types import (
    CiMethod,
    Measure,
    Method,
    Model,
    PoolingSpec,
    SmdVariant,
    StudyCounts,
    StudyEstimate,
    StudyMeans,
    Tau2Method,
    ZeroRule,
)

from .blocks import close
from .reference import reference_sets

BCG = reference_sets()["bcg"]
MEANS = [
    StudyMeans("A", 10, 3, 20, 12, 3, 21),
    StudyMeans("B", 11, 2, 40, 12, 3, 41),
    StudyMeans("C", 9, 4, 30, 15, 3, 31),
]


def words(spec: PoolingSpec) -> str:
    parts = (spec.method, spec.model, spec.tau2_method, spec.ci_method, spec.zero, spec.smd, spec.rd_se)
    return " ".join(part for part in parts if part)


def test_the_usual_methods_for_odds_ratios() -> None:
    rows = other_methods(BCG.studies, PoolingSpec())
    assert [words(row.spec) for row in rows] == [
        "mh common wald pool-none",
        "mh common wald pool-only0",
        "peto common wald",
        "mh random DL wald pool-only0",
        "iv common wald only0",
        "iv random DL wald only0",
        "iv random REML wald only0",
        "iv random REML hksj only0",
        "iv random PM hksj only0",
    ]
    assert [words(row.spec) for row in rows if row.is_chosen] == ["iv random REML hksj only0"]
    assert all(row.result == pool(BCG.studies, row.spec) for row in rows if not row.is_chosen)


def test_every_row_of_the_odds_ratio_as_in_the_reference() -> None:
    expected = BCG.expected["OR"]
    iv, mh = expected["inverse_variance"]["only0_drop00"], expected["mantel_haenszel"]
    theirs = [
        mh["pool_none"],
        mh["pool_only0"],
        expected["peto"],
        mh["pool_only0"]["mh_random_dl"],
        iv["common_effect"],
        iv["RE_DL_z"],
        iv["RE_REML_z"],
        iv["RE_REML_knha"],
        iv["RE_PM_knha"],
    ]
    rows = other_methods(BCG.studies, PoolingSpec())
    for row, block in zip(rows, theirs, strict=True):
        assert close(row.result.estimate, block["estimate"]), words(row.spec)
        assert close(row.result.ci_low, block["ci_lb"]), words(row.spec)
        assert close(row.result.ci_high, block["ci_ub"]), words(row.spec)


@pytest.mark.parametrize(
    ("studies", "measure", "number"),
    [
        (BCG.studies, Measure.RR, 8),
        (BCG.studies, Measure.RD, 10),
        (MEANS, Measure.MD, 5),
        (MEANS, Measure.SMD, 10),
    ],
)
def test_how_many_there_are_for_the_other_measures(
    studies: list[StudyCounts] | list[StudyMeans], measure: Measure, number: int
) -> None:
    rows = other_methods(studies, PoolingSpec(measure))
    assert len(rows) == len({words(row.spec) for row in rows}) == number
    assert sum(row.is_chosen for row in rows) == 1
    assert Method.PETO not in {row.spec.method for row in rows}


def test_standardised_mean_differences_come_by_both_conventions() -> None:
    rows = other_methods(MEANS, PoolingSpec(Measure.SMD, smd=SmdVariant.REVMAN))
    assert [row.spec.smd for row in rows] == [SmdVariant.EXACT] * 5 + [SmdVariant.REVMAN] * 5
    assert [row.spec.smd for row in rows if row.is_chosen] == [SmdVariant.REVMAN]


def test_estimates_have_only_inverse_variance() -> None:
    studies = [StudyEstimate("A", 0.1, 0.2), StudyEstimate("B", 0.7, 0.3), StudyEstimate("C", 0.9, 0.3)]
    for measure in Measure:
        rows = other_methods(studies, PoolingSpec(measure))
        assert {row.spec.method for row in rows} == {Method.IV}
        assert len(rows) == 5


def test_an_unusual_choice_is_added_and_marked() -> None:
    spec = PoolingSpec(tau2_method=Tau2Method.PM, ci_method=CiMethod.HKSJ_ADHOC, zero=ZeroRule.ONLY0_KEEP)
    rows = other_methods(BCG.studies, spec)
    assert len(rows) == 10
    assert [row.is_chosen for row in rows] == [True] + [False] * 9
    assert rows[0].spec == spec
    kept = [row.spec.zero for row in rows if row.spec.method is Method.IV]
    assert set(kept) == {ZeroRule.ONLY0_KEEP}


def test_level_and_prediction_are_those_of_the_spec() -> None:
    spec = PoolingSpec(method=Method.MH, level=0.9, prediction="k-2")  # type: ignore[arg-type]
    rows = other_methods(BCG.studies, spec)
    assert {(row.spec.level, row.spec.prediction) for row in rows} == {(0.9, "k-2")}
    assert [words(row.spec) for row in rows if row.is_chosen] == ["mh common wald pool-none"]


def test_without_studies_every_row_says_so() -> None:
    rows = other_methods([], PoolingSpec(model=Model.COMMON))
    assert {row.result.note for row in rows} == {"There are no studies to pool."}
    assert sum(row.is_chosen for row in rows) == 1
