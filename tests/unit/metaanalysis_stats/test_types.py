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
    RdSe,
    SmdVariant,
    StudyCounts,
    StudyEstimate,
    StudyMeans,
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
        (1e41, 1.0),
        (0.0, 1e-41),
        (0.0, 1e41),
    ],
)
def test_an_estimate_needs_numbers_and_a_standard_error(estimate: float, se: float) -> None:
    with pytest.raises(ValueError, match="Trial"):
        StudyEstimate("Trial", estimate, se)


@pytest.mark.parametrize(
    ("means", "complaint"),
    [
        (("Trial", float("nan"), 1.0, 9, 0.0, 1.0, 9), "mean_intervention is nan"),
        (("Trial", 0.0, 1.0, 9, float("inf"), 1.0, 9), "mean_comparison is inf"),
        (("Trial", 0.0, 0.0, 9, 0.0, 1.0, 9), "sd_intervention is 0.0; it must be above zero"),
        (("Trial", 0.0, 1.0, 9, 0.0, -1.0, 9), "sd_comparison is -1.0"),
        (("Trial", 0.0, 1.0, 1, 0.0, 1.0, 9), "n_intervention is 1; it must be from 2"),
        (("Trial", 0.0, 1.0, 9, 0.0, 1.0, 9.0), "n_comparison is 9.0; it must be a whole number"),
        (("Trial", 1e16, 1.0, 9, 0.0, 1.0, 9), "mean_intervention is 1e.16; choose a unit"),
        (("Trial", 0.0, 1e-16, 9, 0.0, 1.0, 9), "sd_intervention is 1e-16; choose a unit"),
        (("Trial", 0.0, 1.0, 9, 0.0, 1e16, 9), "sd_comparison is 1e.16; choose a unit"),
        ((" ", 0.0, 1.0, 9, 0.0, 1.0, 9), "needs a name"),
    ],
)
def test_impossible_means_are_refused(means: tuple[Any, ...], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        StudyMeans(*means)


def test_defaults_of_the_whole_spec() -> None:
    spec = PoolingSpec()
    assert (spec.measure, spec.model, spec.method) == (Measure.OR, Model.RANDOM, Method.IV)
    assert (spec.tau2_method, spec.ci_method, spec.zero) == (Tau2Method.REML, CiMethod.AUTO, ZeroRule.ONLY0)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"method": "mh"}, {"model": Model.COMMON, "tau2_method": None, "zero": ZeroRule.POOL_NONE}),
        ({"method": "mh", "zero": "none"}, {"zero": ZeroRule.POOL_NONE}),
        ({"method": "mh", "zero": "only0"}, {"zero": ZeroRule.POOL_ONLY0}),
        ({"method": "mh", "measure": "RD", "zero": "only0-keep"}, {"zero": ZeroRule.POOL_ONLY0}),
        ({"method": "mh", "measure": "RD"}, {"zero": ZeroRule.POOL_NONE, "rd_se": RdSe.SATO}),
        ({"method": "mh", "measure": "RD", "model": "random", "rd_se": "sato"}, {"rd_se": None}),
        ({"measure": "RD", "rd_se": "greenland-robins"}, {"rd_se": None}),
        ({"measure": "SMD"}, {"smd": SmdVariant.EXACT, "zero": None}),
        ({"measure": "MD", "smd": "revman", "zero": "none"}, {"smd": None, "zero": None}),
        ({"measure": "HR"}, {"tau2_method": Tau2Method.REML, "zero": None}),
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
        ({"measure": "hr"}, "“hr” is not one of: OR, RR, RD, MD, SMD, HR, GIV"),
        ({"zero": "0.5"}, "is not one of: only0, none, only0-keep, pool-none, pool-only0"),
        ({"zero": "pool-none"}, "belongs to Mantel-Haenszel: choose only0"),
        ({"zero": "only0-keep", "method": "mh"}, "choose pool-none or pool-only0"),
        ({"measure": "MD", "method": "mh"}, "Mantel-Haenszel needs events and totals"),
        ({"smd": "hedges"}, "is not one of: exact, revman"),
        ({"rd_se": "revman"}, "is not one of: sato, greenland-robins"),
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
