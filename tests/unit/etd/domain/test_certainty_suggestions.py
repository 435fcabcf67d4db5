"""What the data suggest: each rule at its border, its reason in words, and nothing without data."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etd.domain.certainty import DEGREES
from etd.domain.certainty_suggestions import (
    Evidence,
    Suggestion,
    optimal_information_size,
    suggest_imprecision,
    suggest_inconsistency,
    suggest_large_effect,
    suggest_publication_bias,
    suggestions,
)
from etd.domain.narrative import Thresholds

EXAMPLE = Evidence(
    design="randomised",
    measure="OR",
    n_studies=14,
    estimate=1.17,
    ci_low=0.97,
    ci_high=1.42,
    prediction_low=0.97,
    prediction_high=1.42,
    i_squared=0.0,
    participants=1875,
    events=811,
    comparator_risk=Fraction(385, 931),
    thresholds=Thresholds(20, 50, 100),
)
NOTHING = Evidence(design="non_randomised", measure="OR", n_studies=0)


ASYMMETRY = "small studies differ from large ones. Unpublished studies are one cause among several."


def example(**changes: Any) -> Evidence:
    return replace(EXAMPLE, **changes)


def test_all_suggestions_of_the_example() -> None:
    assert suggestions(EXAMPLE) == (
        Suggestion(
            "inconsistency",
            0,
            "I² is 0.0%: perhaps unimportant heterogeneity (bands of the Cochrane Handbook). The prediction interval "
            "(from 7 fewer to 87 more per 1,000) crosses nothing that the confidence interval (from 7 fewer to 87 more "
            "per 1,000) does not cross.",
        ),
        Suggestion(
            "imprecision",
            -2,
            "The confidence interval (from 7 fewer to 87 more per 1,000) crosses the threshold of a small effect (20 "
            "more per 1,000) and the threshold of a moderate effect (50 more per 1,000). It also holds no effect.",
        ),
        Suggestion("publication_bias", None, "Egger's test was not computed."),
        Suggestion("large_effect", 0, "Rating up for a large effect is meant for non-randomised studies."),
    )


def test_where_nothing_is_known_nothing_is_suggested() -> None:
    assert [suggestion.levels for suggestion in suggestions(NOTHING)] == [None, None, None, None]


@pytest.mark.parametrize(
    ("i_squared", "levels", "bands"),
    [
        (0, 0, "0.0%: perhaps unimportant heterogeneity"),
        (29.9, 0, "29.9%: perhaps unimportant heterogeneity"),
        (35, 0, "35.0%: perhaps unimportant or moderate heterogeneity"),
        (45, 0, "45.0%: moderate heterogeneity"),
        (49.9, 0, "49.9%: moderate heterogeneity"),
        (50, -1, "50.0%: moderate or substantial heterogeneity"),
        (70, -1, "70.0%: substantial heterogeneity"),
        (80, -1, "80.0%: substantial or considerable heterogeneity"),
        (100, -1, "100.0%: considerable heterogeneity"),
    ],
)
def test_i_squared_by_its_bands(i_squared: float, levels: int, bands: str) -> None:
    suggestion = suggest_inconsistency(example(i_squared=i_squared, prediction_low=None))
    assert (suggestion.levels, suggestion.reason) == (
        levels,
        f"I² is {bands} (bands of the Cochrane Handbook).",
    )


@pytest.mark.parametrize(
    ("i_squared", "prediction", "levels"),
    [
        (20, (0.9, 1.6), -1),  # 1 is crossed by the prediction interval alone
        (74.9, (0.9, 1.6), -1),
        (75, (0.9, 1.6), -2),
        (None, (0.9, 1.6), -1),
        (75, (1.01, 1.6), -1),
        (20, (1.0, 1.6), 0),  # touched, not crossed
    ],
)
def test_a_prediction_interval_that_crosses_what_the_interval_does_not(
    i_squared: float | None, prediction: tuple[float, float], levels: int
) -> None:
    suggestion = suggest_inconsistency(
        example(
            thresholds=None,
            ci_low=1.05,
            i_squared=i_squared,
            prediction_low=prediction[0],
            prediction_high=prediction[1],
        )
    )
    assert suggestion.levels == levels
    crosses = "the line of no effect" if prediction[0] < 1 else "nothing"
    ends = f"{prediction[0]:.2f}–1.60"
    assert suggestion.reason.endswith(
        f"The prediction interval ({ends}) crosses {crosses} that the confidence interval (1.05–1.42) does not cross."
    )


def test_a_prediction_interval_across_thresholds() -> None:
    suggestion = suggest_inconsistency(example(prediction_low=0.9, prediction_high=1.6))
    assert suggestion.levels == -1
    assert (
        "crosses the threshold of a small effect (20 fewer per 1,000) and the threshold of a large effect (100 more "
        "per 1,000) that the confidence interval" in suggestion.reason
    )


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"n_studies": 1}, "One study alone cannot be inconsistent."),
        ({"i_squared": None, "prediction_low": None}, "Neither I² nor a prediction interval is known."),
        ({"i_squared": None, "prediction_high": None}, "Neither I² nor a prediction interval is known."),
        ({"i_squared": None, "estimate": None}, "Neither I² nor a prediction interval is known."),
    ],
)
def test_no_suggestion_on_inconsistency(changes: dict[str, Any], reason: str) -> None:
    assert suggest_inconsistency(example(**changes)) == Suggestion("inconsistency", None, reason)


@pytest.mark.parametrize("missing", ["estimate", "ci_low", "ci_high"])
def test_no_suggestion_on_imprecision_without_an_interval(missing: str) -> None:
    assert suggest_imprecision(example(**{missing: None})) == Suggestion(
        "imprecision", None, "There is no confidence interval."
    )


@pytest.mark.parametrize(
    ("measure", "three", "levels", "says"),
    [
        (
            "RD",
            (0.01, -0.01, 0.019),
            0,
            "(from 10 fewer to 19 more per 1,000) crosses no decision threshold. ",
        ),
        ("RD", (0.01, -0.02, 0.02), 0, "crosses no decision threshold. "),  # touched on both sides
        ("RD", (0.01, 0.005, 0.021), -1, "crosses the threshold of a small effect (20 more per 1,000)."),
        ("RD", (0.01, -0.005, 0.021), -1, "(20 more per 1,000). It also holds no effect."),
        (
            "RD",
            (-0.04, -0.06, -0.01),
            -2,
            "small effect (20 fewer per 1,000) and the threshold of a moderate",
        ),
        (
            "RD",
            (0.04, -0.03, 0.06),
            -2,
            "An interval across three thresholds or more may be extremely imprecise",
        ),
        ("RD", (0.3, 0.2, 0.4), 0, "crosses no decision threshold. "),
    ],
)
def test_the_interval_against_thresholds(
    measure: str, three: tuple[float, float, float], levels: int, says: str
) -> None:
    there = example(measure=measure, participants=100_000, prediction_low=None)
    estimate, low, high = three
    suggestion = suggest_imprecision(replace(there, estimate=estimate, ci_low=low, ci_high=high))
    assert suggestion.levels == levels
    assert says in suggestion.reason


@pytest.mark.parametrize("lacking", ["thresholds", "comparator_risk"])
def test_the_interval_against_no_effect_where_thresholds_cannot_be_used(lacking: str) -> None:
    crosses = suggest_imprecision(example(**{lacking: None}))
    assert (crosses.levels, crosses.reason) == (
        -1,
        "The confidence interval (0.97–1.42) crosses the line of no effect. It is not held against decision "
        "thresholds: that needs them and a comparator risk.",
    )
    clear = suggest_imprecision(example(**{lacking: None}, ci_low=1.01, participants=10_000))
    assert clear.levels == 0
    assert clear.reason.startswith(
        "The confidence interval (1.01–1.42) does not cross the line of no effect. "
    )


def test_means_are_held_against_no_effect() -> None:
    weight = example(measure="MD", estimate=2.3, ci_low=-0.4, ci_high=5.0)
    assert suggest_imprecision(weight).levels == -1
    assert suggest_imprecision(replace(weight, ci_low=0.0, events=None)) == Suggestion(
        "imprecision",
        0,
        "The confidence interval (0.00–5.00) does not cross the line of no effect. Whether there are enough "
        "data is not known: neither participants nor events are.",
    )


CLEAR = {
    "thresholds": None,
    "measure": "RR",
    "estimate": 0.7,
    "ci_low": 0.6,
    "ci_high": 0.8,
    "comparator_risk": 0.2,
}


@pytest.mark.parametrize(
    ("changes", "levels", "says"),
    [
        (
            {"participants": 1812},
            0,
            "1,812 participants reach the optimal information size of 1,812 (relative risk reduction 25% at 200 per "
            "1,000, alpha 0.05, power 80%). 811 events: not fewer than the 300 of GRADE's rule of thumb.",
        ),
        ({"participants": 1811}, -1, "1,811 participants do not reach the optimal information size of 1,812"),
        (
            {"participants": 1812, "events": 299},
            0,
            "299 events: fewer than the 300 of GRADE's rule of thumb.",
        ),
        ({"participants": 1812, "events": None}, 0, "power 80%)."),
        (
            {"participants": None, "events": 299},
            -1,
            "299 events: fewer than the 300 of GRADE's rule of thumb.",
        ),
        (
            {"participants": None, "events": 300},
            0,
            "300 events: not fewer than the 300 of GRADE's rule of thumb.",
        ),
        ({"comparator_risk": None, "events": 10}, -1, "10 events: fewer"),
        ({"comparator_risk": None, "events": 1}, -1, "1 event: fewer"),
        ({"comparator_risk": 0, "events": 10}, -1, "10 events: fewer"),
        ({"comparator_risk": 1, "events": 10}, -1, "10 events: fewer"),
        (
            {"measure": "HR", "comparator_risk": 0.8, "event_free": True, "participants": 1812},
            0,
            "at 200 per 1,000",
        ),
        ({"participants": None, "events": None}, 0, "Whether there are enough data is not known"),
    ],
)
def test_the_amount_of_data(changes: dict[str, Any], levels: int, says: str) -> None:
    suggestion = suggest_imprecision(example(**{**CLEAR, **changes}))
    assert suggestion.levels == levels
    assert says in suggestion.reason


@pytest.mark.parametrize(
    ("risk", "reduction", "power", "size"),
    [
        (0.2, 0.25, 0.8, 2 * 906),  # (1.96·√0.28875 + 0.8416·√0.2875)² / 0.0025 = 905.4
        (
            0.75,
            1 / 3,
            0.9,
            2 * 77,
        ),  # the example of R's power.prop.test: n = 76.7
        (0.5, 1, 0.8, 2 * 11),  # (1.96·√0.375 + 0.8416·0.5)² / 0.25 = 10.51
    ],
)
def test_optimal_information_size(risk: float, reduction: float, power: float, size: int) -> None:
    assert optimal_information_size(risk, relative_risk_reduction=reduction, power=power) == size


@pytest.mark.parametrize(
    ("risk", "changes", "says"),
    [
        (0, {}, "comparator risk is 0: the optimal information size needs one between 0 and 1"),
        (1, {}, "comparator risk is 1"),
        (0.2, {"alpha": 0}, "alpha is 0"),
        (0.2, {"power": 1}, "power is 1"),
        (0.2, {"relative_risk_reduction": 0}, "relative risk reduction is 0: it must be above 0, up to 1"),
        (0.2, {"relative_risk_reduction": 1.5}, "relative risk reduction is 1.5"),
    ],
)
def test_impossible_trials_have_no_size(risk: float, changes: dict[str, float], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        optimal_information_size(risk, **changes)


@pytest.mark.parametrize(
    ("n_studies", "p", "levels", "reason"),
    [
        (9, 0.01, None, "With fewer than 10 studies (here 9) Egger's test says nothing."),
        (10, None, None, "Egger's test was not computed."),
        (10, 0.10, 0, "Egger's test on 10 studies: P = 0.100, not below 0.10."),
        (10, 0.097, -1, f"Egger's test on 10 studies: P = 0.097, below 0.10: {ASYMMETRY}"),
        (10, 0.2, 0, "Egger's test on 10 studies: P = 0.20, not below 0.10."),
        (
            12,
            0.04,
            -1,
            f"Egger's test on 12 studies: P = 0.04, below 0.10: {ASYMMETRY}",
        ),
        (
            40,
            0.0001,
            -1,
            f"Egger's test on 40 studies: P <0.001, below 0.10: {ASYMMETRY}",
        ),
    ],
)
def test_publication_bias(n_studies: int, p: float | None, levels: int | None, reason: str) -> None:
    suggestion = suggest_publication_bias(example(n_studies=n_studies, egger_p=p))
    assert suggestion == Suggestion("publication_bias", levels, reason)


@pytest.mark.parametrize(
    ("three", "levels", "says"),
    [
        (
            (1.99, 1.5, 2.5),
            0,
            "The risk ratio is 1.99 (1.50–2.50): between 0.5 and 2, not large (GRADE guidelines 9).",
        ),
        ((2, 1.5, 2.5), 1, "2 to 5 or 0.2 to 0.5, large (GRADE guidelines 9)."),
        ((5, 4, 6), 1, "large"),
        ((5.01, 4, 6), 2, "above 5 or below 0.2, very large (GRADE guidelines 9)."),
        ((0.51, 0.4, 0.6), 0, "not large"),
        ((0.5, 0.4, 0.6), 1, "large"),
        ((0.2, 0.1, 0.3), 1, "large"),
        ((0.19, 0.1, 0.3), 2, "very large"),
        ((6, 0.9, 40), 0, "The risk ratio is 6.00 (0.90–40.00): its interval holds 1."),
        ((6, 1, 40), 0, "its interval holds 1."),
    ],
)
def test_large_risk_ratios(three: tuple[float, float, float], levels: int, says: str) -> None:
    estimate, low, high = three
    there = example(design="non_randomised", measure="RR", estimate=estimate, ci_low=low, ci_high=high)
    suggestion = suggest_large_effect(there)
    assert suggestion.levels == levels
    assert says in suggestion.reason
    assert suggest_large_effect(replace(there, design="randomised")).levels == 0


@pytest.mark.parametrize(
    ("measure", "three", "risk", "levels", "says"),
    [
        (
            "OR",
            (6, 4, 9),
            0.4,
            1,
            "The risk ratio is 2.00 (1.82–2.14), from the OR at a comparator risk of 400 per 1,000",
        ),
        (
            "OR",
            (6, 4, 9),
            0.001,
            2,
            "The risk ratio is 5.97 (3.99–8.93), from the OR at a comparator risk of 1 per 1,000",
        ),
        ("HR", (0.1, 0.05, 0.2), 0.5, 2, "The risk ratio is 0.13 (0.07–0.26), from the HR"),
        ("RD", (-0.3, -0.4, -0.2), 0.4, 1, "The risk ratio is 0.25 (0.00–0.50), from the RD"),
        ("RD", (-0.5, -0.6, -0.4), 0.4, 2, "The risk ratio is 0.00 (0.00–0.00), from the RD"),
    ],
)
def test_other_measures_become_risk_ratios_first(
    measure: str, three: tuple[float, float, float], risk: float, levels: int, says: str
) -> None:
    estimate, low, high = three
    there = example(
        design="non_randomised",
        measure=measure,
        estimate=estimate,
        ci_low=low,
        ci_high=high,
        comparator_risk=risk,
    )
    suggestion = suggest_large_effect(there)
    assert says in suggestion.reason
    assert suggestion.levels == levels


@pytest.mark.parametrize(
    "changes",
    [
        {"comparator_risk": None},
        {"comparator_risk": 0},
        {"measure": "MD"},
        {"ci_high": None},
        {"estimate": None},
    ],
)
def test_without_a_risk_ratio_nothing_is_large(changes: dict[str, Any]) -> None:
    suggestion = suggest_large_effect(example(design="non_randomised", **changes))
    assert suggestion.levels is None
    assert suggestion.reason.startswith("A risk ratio is needed")


def test_impossible_numbers_are_refused() -> None:
    with pytest.raises(ValueError, match=r"comparator risk is 1\.4"):
        suggestions(example(comparator_risk=1.4))
    with pytest.raises(ValueError, match="outside its interval"):
        suggestions(example(estimate=3.0))


@st.composite
def any_evidence(draw: st.DrawFn) -> Evidence:
    measure = draw(st.sampled_from(["OR", "RR", "HR", "RD", "MD"]))
    value = st.floats(-1, 1) if measure == "RD" else st.floats(0.01, 100)
    lowest, low, estimate, high, highest = sorted(draw(st.tuples(*[value] * 5)))
    return Evidence(
        design=draw(st.sampled_from(["randomised", "non_randomised"])),
        measure=measure,
        n_studies=draw(st.integers(0, 20)),
        estimate=estimate,
        ci_low=low,
        ci_high=high,
        prediction_low=draw(st.none() | st.just(lowest)),
        prediction_high=highest,
        i_squared=draw(st.none() | st.floats(0, 100)),
        participants=draw(st.none() | st.integers(0, 10**6)),
        events=draw(st.none() | st.integers(0, 10**4)),
        comparator_risk=draw(st.none() | st.floats(0.001, 0.999)),
        thresholds=draw(st.none() | st.just(Thresholds(20, 50, 100))),
        egger_p=draw(st.none() | st.floats(0, 1)),
    )


@given(any_evidence())
def test_every_suggestion_is_one_that_its_domain_allows(evidence: Evidence) -> None:
    for suggestion in suggestions(evidence):
        assert suggestion.levels is None or suggestion.levels in DEGREES[suggestion.domain]
        assert suggestion.reason.endswith(".")
        assert suggestion.levels != -3, "extremely serious is for a person to say"


@given(any_evidence(), st.floats(0, 1))
def test_a_narrower_interval_is_never_less_precise(evidence: Evidence, share: float) -> None:
    assert evidence.estimate is not None
    assert evidence.ci_low is not None
    assert evidence.ci_high is not None
    low = min(evidence.estimate, evidence.ci_low + share * (evidence.estimate - evidence.ci_low))
    high = max(evidence.estimate, evidence.ci_high - share * (evidence.ci_high - evidence.estimate))
    wide, narrow = (
        suggest_imprecision(replace(there, participants=None, events=None))
        for there in (evidence, replace(evidence, ci_low=low, ci_high=high))
    )
    assert wide.levels is not None
    assert narrow.levels is not None
    assert narrow.levels >= wide.levels
