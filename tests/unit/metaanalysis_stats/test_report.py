"""The JSON that scripts rely on."""

from __future__ import annotations

import json
import math

import pytest

from metaanalysis.stats.pooling import pool
from metaanalysis.stats.report import (
    cumulative_to_json,
    engine_versions,
    leave_one_out_to_json,
    result_to_json,
    small_study_to_json,
    subgroups_to_json,
)
from metaanalysis.stats.sensitivity import cumulative, leave_one_out
from metaanalysis.stats.small_study import small_study_effects
from metaanalysis.stats.subgroups import pool_subgroups
from metaanalysis.stats.trim_and_fill import trim_and_fill
from metaanalysis.stats.types import (
    CiMethod,
    Measure,
    Method,
    PoolingSpec,
    StudyCounts,
    StudyEstimate,
    StudyMeans,
    Tau2Method,
)

from .reference import reference_sets

KEYS = [
    "measure", "model", "method", "tau2_method", "ci_method", "k", "estimate", "ci_low", "ci_high", "se", "p_value",
    "tau2", "i2", "i2_tau2", "h2", "q", "q_df", "q_p", "tau2_ci_low", "tau2_ci_high", "prediction_low",
    "prediction_high", "zero", "smd", "rd_se", "note", "studies", "excluded",
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


BCG = reference_sets()["bcg"]
DL = PoolingSpec(tau2_method=Tau2Method.DL, ci_method=CiMethod.WALD)


def test_the_conventions_that_were_followed_are_named() -> None:
    means = [StudyMeans("A", 10, 3, 20, 12, 3, 21), StudyMeans("B", 11, 2, 40, 12, 3, 41)]
    report = result_to_json(pool(means, PoolingSpec(Measure.SMD)))
    assert (report["smd"], report["rd_se"], report["zero"]) == ("exact", None, None)
    given = [StudyEstimate("A", -0.2, 0.3), StudyEstimate("B", -0.5, 0.2)]
    assert result_to_json(pool(given, PoolingSpec(Measure.SMD)))["smd"] is None
    difference = PoolingSpec(Measure.RD, method=Method.MH)
    assert result_to_json(pool(BCG.studies, difference))["rd_se"] == "sato"


def test_subgroups_as_people_read_them() -> None:
    expected = BCG.expected["OR"]["subgroups"]["RE_DL"]
    report = subgroups_to_json(pool_subgroups(BCG.studies, DL))
    assert list(report) == ["subgroups", "subgroup_test", "subgroup_note"]
    groups = report["subgroups"]
    assert isinstance(groups, list)
    assert list(groups[0]) == ["name", "k", "estimate", "ci_low", "ci_high", "tau2", "i2"]
    theirs = {group["subgroup"]: group for group in expected["groups"]}
    for group in groups:
        its = theirs[group["name"]]
        assert group["estimate"] == pytest.approx(its["exp"]["estimate"])
        assert group["ci_low"] == pytest.approx(its["exp"]["ci_lb"])
        assert group["ci_high"] == pytest.approx(its["exp"]["ci_ub"])
        assert group["tau2"] == pytest.approx(its["tau2"])
        assert group["i2"] == pytest.approx(its["I2_Q"])
    test = expected["test_subgroup_differences"]
    assert report["subgroup_test"] == pytest.approx({"q": test["Q"], "df": test["df"], "p_value": test["p"]})
    one = subgroups_to_json(pool_subgroups([StudyCounts("A", 1, 9, 2, 9)], DL))
    assert one["subgroup_test"] is None
    assert one["subgroup_note"]


def test_leave_one_out_and_cumulative_as_people_read_them() -> None:
    keys = ["k", "estimate", "ci_low", "ci_high", "p_value", "tau2", "i2"]
    rows = leave_one_out_to_json(leave_one_out(BCG.studies, DL))["leave_one_out"]
    assert isinstance(rows, list)
    assert list(rows[0]) == ["omitted", *keys]
    expected = BCG.expected["OR"]["leave_one_out"]["RE_DL_z"][0]
    assert rows[0]["omitted"] == expected["omitted"]
    assert math.log(rows[0]["estimate"]) == pytest.approx(expected["estimate"])
    assert [rows[0][key] for key in ("k", "p_value", "tau2", "i2")] == pytest.approx(
        [expected[key] for key in ("k", "p", "tau2", "I2_Q")]
    )
    added = cumulative_to_json(cumulative(BCG.studies, DL))["cumulative"]
    assert isinstance(added, list)
    assert list(added[0]) == ["added", *keys]
    assert [row["added"] for row in added] == BCG.expected["OR"]["cumulative"]["order"]
    assert added[0]["i2"] is None


def test_small_study_effects_stay_on_the_scale_of_their_regressions() -> None:
    expected = BCG.expected["OR"]["small_study_effects"]
    report = small_study_to_json(small_study_effects(BCG.studies, DL), trim_and_fill(BCG.studies, DL))
    found = report["small_study"]
    assert isinstance(found, dict)
    assert list(found) == ["k", "egger", "harbord", "peters", "begg", "trim_and_fill", "note"]
    for name, coefficient in (("egger", "intercept"), ("harbord", "intercept"), ("peters", "slope")):
        assert list(found[name]) == [coefficient, "se", "t", "df", "p_value"]
        assert found[name][coefficient] == pytest.approx(expected[name][coefficient])
        assert found[name]["p_value"] == pytest.approx(expected[name]["p"])
    assert found["begg"]["p_value"] == pytest.approx(expected["begg_rank"]["p"])
    filled = expected["trimfill_DL_L0"]
    assert (found["trim_and_fill"]["k0"], found["trim_and_fill"]["side"]) == (filled["k0"], filled["side"])
    assert found["trim_and_fill"]["estimate"] == pytest.approx(filled["exp"]["estimate"])
    assert found["note"] is None


def test_what_small_studies_cannot_show_is_null_with_a_reason() -> None:
    studies = [StudyCounts("A", 1, 20, 3, 20), StudyCounts("B", 4, 30, 3, 31)]
    spec = PoolingSpec(Measure.RR)
    found = small_study_to_json(small_study_effects(studies, spec), trim_and_fill(studies, spec))[
        "small_study"
    ]
    assert isinstance(found, dict)
    assert [found[name] for name in ("egger", "harbord", "peters", "begg", "trim_and_fill")] == [None] * 5
    assert found["note"].startswith("Fewer than ten studies")
    assert "Egger: needs at least three studies." in found["note"]
    assert "Harbord: defined for odds ratios only." in found["note"]
