"""The JSON that scripts rely on."""

from __future__ import annotations

import json

import pytest

from metaanalysis.stats.pooling import pool
from metaanalysis.stats.report import engine_versions, result_to_json
from metaanalysis.stats.types import Measure, Method, PoolingSpec, StudyCounts

from .reference import reference_sets

KEYS = [
    "measure", "model", "method", "tau2_method", "ci_method", "k", "estimate", "ci_low", "ci_high", "se", "p_value",
    "tau2", "i2", "i2_tau2", "h2", "q", "q_df", "q_p", "tau2_ci_low", "tau2_ci_high", "prediction_low",
    "prediction_high", "zero", "note", "studies", "excluded",
]  # fmt: skip


def test_ratios_as_people_read_them_se_and_tau2_on_the_log_scale() -> None:
    reference = reference_sets()["bcg"]
    expected = reference.expected["OR"]["inverse_variance"]["only0_drop00"]["RE_REML_knha"]
    report = result_to_json(pool(reference.studies, PoolingSpec()))
    assert list(report) == KEYS
    words = ["measure", "model", "method", "tau2_method", "ci_method", "k", "zero"]
    assert [report[key] for key in words] == ["OR", "random", "iv", "REML", "hksj", 13, "only0"]
    numbers = {
        "estimate": expected["exp"]["estimate"],
        "ci_low": expected["exp"]["ci_lb"],
        "ci_high": expected["exp"]["ci_ub"],
        "se": expected["se"],
        "p_value": expected["p"],
        "tau2": expected["tau2"],
        "i2": expected["I2_Q"],
        "i2_tau2": expected["I2_tau2"],
    }
    assert {key: report[key] for key in numbers} == pytest.approx(numbers)
    assert report["prediction_low"] == pytest.approx(0.126, abs=5e-4)
    assert report["prediction_high"] == pytest.approx(1.795, abs=5e-4)
    studies = report["studies"]
    assert isinstance(studies, list)
    assert list(studies[0]) == ["study", "estimate", "ci_low", "ci_high", "weight"]
    assert studies[0]["estimate"] == pytest.approx((4 * 128) / (119 * 11))
    assert report["excluded"] == []


def test_plain_words_and_numbers_only() -> None:
    report = result_to_json(pool(reference_sets()["hahn2001"].studies, PoolingSpec(Measure.RR)))
    assert type(report["measure"]) is str
    assert json.loads(json.dumps(report, allow_nan=False)) == report
    excluded = report["excluded"]
    assert isinstance(excluded, list)
    assert [sorted(study) for study in excluded] == [["reason", "study"]] * 3


def test_what_does_not_apply_is_null() -> None:
    studies = [StudyCounts("A", 4, 40, 9, 41), StudyCounts("B", 5, 40, 7, 41)]
    report = result_to_json(pool(studies, PoolingSpec(method=Method.PETO)))
    assert report["zero"] is report["tau2"] is report["tau2_method"] is report["prediction_low"] is None
    assert report["ci_method"] == "wald"


def test_versions_are_added_on_request() -> None:
    report = result_to_json(pool([], PoolingSpec()), engine_versions())
    assert list(report) == [*KEYS, "versions"]
    versions = report["versions"]
    assert isinstance(versions, dict)
    assert sorted(versions) == ["numpy", "scipy", "statsmodels"]
