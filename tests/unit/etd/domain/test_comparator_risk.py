from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest

from etd.domain.absolute import absolute_effect, absolute_text
from etd.domain.comparator_risk import (
    EXTERNAL,
    MEDIAN,
    NO_CITATION,
    NO_COUNTS,
    NO_MEDIAN,
    POOLED,
    AssumedRisk,
    NoRisk,
    assumed_risk,
    impossible_with,
)
from etd.domain.narrative import Thresholds, size_of_effect
from etd.enums import RiskSource


def test_the_sources_are_those_that_are_stored() -> None:
    assert RiskSource.values == [POOLED, MEDIAN, EXTERNAL]


def test_the_pooled_risk_is_all_events_over_all_people_of_the_comparison_arms() -> None:
    found = assumed_risk(POOLED, events=385, n=931, median={"risk": 0.5, "trials": 2}, risk=0.9)
    assert found == AssumedRisk(Fraction(385, 931), "385 of 931 in the comparison arms")


def test_nobody_with_the_event_is_a_risk_of_zero_and_not_a_missing_one() -> None:
    assert assumed_risk(POOLED, events=0, n=1_200) == AssumedRisk(
        Fraction(0), "0 of 1,200 in the comparison arms"
    )


def test_the_median_says_of_how_many_trials() -> None:
    found = assumed_risk(MEDIAN, events=385, n=931, median={"risk": 0.4125, "trials": 14})
    assert found == AssumedRisk(Fraction(33, 80), "median of 14 trials")
    assert assumed_risk(MEDIAN, median={"risk": 0.0, "trials": 1}) == AssumedRisk(
        Fraction(0), "the one trial"
    )


@pytest.mark.parametrize("source", [POOLED, MEDIAN])
def test_a_risk_that_no_float_is_loses_no_half_person_and_no_threshold(source: str) -> None:
    found = assumed_risk(source, events=10, n=120, median={"risk": 10 / 120, "trials": 3})
    assert isinstance(found, AssumedRisk)
    half = absolute_effect("RR", 0.97, 0.90, 1.05, comparator_risk=found.risk)
    assert absolute_text(half) == "3 fewer per 1,000 (from 8 fewer to 4 more)"
    at_the_threshold = absolute_effect("RR", 0.88, 0.80, 1.05, comparator_risk=found.risk)
    assert size_of_effect(at_the_threshold.difference.estimate, Thresholds(10, 20, 30)) == "small"


def test_an_external_risk_carries_its_citation() -> None:
    found = assumed_risk(EXTERNAL, risk=Decimal("0.52000000"), citation="Registry 2024", events=1, n=2)
    assert found == AssumedRisk(Fraction(13, 25), "external cohort", "Registry 2024")


@pytest.mark.parametrize(
    ("source", "given", "reason"),
    [
        (POOLED, {"n": 931}, NO_COUNTS),
        (POOLED, {"events": 0, "n": 0}, NO_COUNTS),
        (POOLED, {}, NO_COUNTS),
        (MEDIAN, {"events": 385, "n": 931}, NO_MEDIAN),
        (EXTERNAL, {"risk": 0.5, "citation": " "}, NO_CITATION),
        (EXTERNAL, {"citation": "Registry 2024"}, NO_CITATION),
    ],
)
def test_a_risk_that_is_not_to_be_had_says_why(source: str, given: dict[str, object], reason: str) -> None:
    assert assumed_risk(source, **given) == NoRisk(reason)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("source", "given"),
    [
        (POOLED, {"events": 3, "n": 2}),
        (MEDIAN, {"median": {"risk": 1.2, "trials": 2}}),
        (EXTERNAL, {"risk": -0.01, "citation": "Registry 2024"}),
        (EXTERNAL, {"risk": float("nan"), "citation": "Registry 2024"}),
        ("guessed", {}),
    ],
)
def test_what_is_no_risk_is_never_returned(source: str, given: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"between 0 and 1|no source|give no risk|must be a number"):
        assumed_risk(source, **given)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("measure", "estimate", "risk", "after"),
    [
        (
            "RR",
            2.44,
            Decimal("0.6"),
            "With the RR of 2.44 a risk of 600 per 1,000 would become 1,464 per 1,000,",
        ),
        (
            "RD",
            -0.2,
            Decimal("0.1"),
            "With the RD of −0.200 a risk of 100 per 1,000 would become −100 per 1,000,",
        ),
        ("RR", 2.0, Decimal("0.5"), ""),
        ("RD", 0.5, Decimal("0.5"), ""),
        ("OR", 40.0, Decimal("0.99"), ""),
        ("HR", 9.0, Decimal("0.9"), ""),
        ("MD", 9.0, Decimal("0.9"), ""),
    ],
)
def test_an_effect_that_leads_out_of_what_can_be_is_told(
    measure: str, estimate: float, risk: Decimal, after: str
) -> None:
    told = impossible_with(measure, estimate, risk)
    assert told.startswith(after) if after else not told
