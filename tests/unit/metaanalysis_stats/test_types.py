"""What is refused at the door, and which defaults a spec settles on."""

from __future__ import annotations

from typing import Any

import pytest

from metaanalysis.stats.types import (
    CiMethod,
    Measure,
    Method,
    Model,
    PoolingSpec,
    StudyCounts,
    StudyEstimate,
    Tau2Method,
    ZeroRule,
    to_natural,
)


@pytest.mark.parametrize(
    ("counts", "complaint"),
    [
        (("Trial", 5, 4, 0, 4), "events_intervention is 5; it must be from 0 to n_intervention"),
        (("Trial", 0, 4, 5, 4), "events_comparison is 5"),
        (("Trial", -1, 4, 0, 4), "events_intervention is -1"),
        (("Trial", 0, 0, 0, 4), "n_intervention is 0; it must be from 1"),
        (("Trial", 0, 4, 0, 10**10), "n_comparison is 10000000000"),
        (("Trial", 1.0, 4, 0, 4), "must be a whole number"),
        (("Trial", True, 4, 0, 4), "must be a whole number"),
        (("Trial", 1, 4, 0, "4"), "must be a whole number"),
        (("Trial", 1, 4, 0, 4, "2020"), "year is '2020'"),
        (("  ", 1, 4, 0, 4), "needs a name"),
    ],
)
def test_impossible_counts_are_refused(counts: tuple[Any, ...], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint.replace("(", r"\(")):
        StudyCounts(*counts)


@pytest.mark.parametrize(
    ("estimate", "se"),
    [
        (float("nan"), 1.0),
        (float("inf"), 1.0),
        (0.0, 0.0),
        (0.0, -1.0),
        (0.0, float("nan")),
        (0.0, float("inf")),
    ],
)
def test_an_estimate_needs_numbers_and_a_standard_error(estimate: float, se: float) -> None:
    with pytest.raises(ValueError, match="Trial"):
        StudyEstimate("Trial", estimate, se)


def test_defaults_of_the_whole_spec() -> None:
    spec = PoolingSpec()
    assert (spec.measure, spec.model, spec.method) == (Measure.OR, Model.RANDOM, Method.IV)
    assert (spec.tau2_method, spec.ci_method, spec.zero) == (Tau2Method.REML, CiMethod.AUTO, ZeroRule.ONLY0)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"method": "mh"}, {"model": Model.COMMON, "tau2_method": None, "zero": ZeroRule.NONE}),
        ({"method": "mh", "model": "random"}, {"tau2_method": Tau2Method.DL}),
        ({"method": "peto", "zero": "none"}, {"model": Model.COMMON, "zero": None}),
        ({"model": "common", "tau2_method": "PM"}, {"tau2_method": None}),
        ({"measure": "RD"}, {"zero": ZeroRule.ONLY0_KEEP}),
        ({"measure": "RD", "zero": "only0"}, {"zero": ZeroRule.ONLY0_KEEP}),
        ({"measure": "RD", "zero": "none"}, {"zero": ZeroRule.NONE}),
        ({"measure": "RR", "zero": "only0-keep"}, {"zero": ZeroRule.ONLY0_KEEP}),
    ],
)
def test_what_is_left_open_is_settled(options: dict[str, Any], expected: dict[str, object]) -> None:
    spec = PoolingSpec(**options)
    assert {name: getattr(spec, name) for name in expected} == expected


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"measure": "HR"}, "“HR” is not one of: OR, RR, RD"),
        ({"zero": "0.5"}, "is not one of: only0, none, only0-keep"),
        ({"tau2_method": "reml"}, "is not one of: DL, PM, REML"),
        ({"method": "peto", "measure": "RR"}, "choose measure OR"),
        ({"method": "peto", "model": "random"}, "common-effect method"),
        ({"method": "mh", "model": "random", "tau2_method": "REML"}, "choose DL, or inverse variance"),
        ({"model": "common", "ci_method": "hksj"}, "choose Wald, or the interval by rule"),
        ({"level": 1}, "between 0 and 1"),
        ({"level": float("nan")}, "between 0 and 1"),
    ],
)
def test_what_no_method_defines_is_refused_with_a_remedy(options: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        PoolingSpec(**options)


def test_natural_scale() -> None:
    assert to_natural(0.0, Measure.OR) == 1
    assert to_natural(-0.25, Measure.RD) == -0.25
    assert to_natural(None, Measure.RR) is None
    assert to_natural(1000.0, Measure.RR) is None
