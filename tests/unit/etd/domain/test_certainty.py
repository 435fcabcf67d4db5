"""The worksheet's arithmetic for one outcome, and the proposal for the whole."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etd.domain import certainty
from etd.domain.certainty import (
    DEGREES,
    LEVELS,
    START_LEVELS,
    Proposal,
    RatedOutcome,
    direction,
    propose_overall_certainty,
    rate,
)
from etd.enums import CertaintyDomain, CertaintyLevel, StudyDesign


def test_the_words_are_those_of_the_stored_keys() -> None:
    assert list(DEGREES) == list(certainty.DOMAIN_NAMES) == CertaintyDomain.values
    assert list(START_LEVELS) == StudyDesign.values
    assert {level.value: level.label for level in CertaintyLevel} == certainty.LABELS
    assert set(LEVELS) == set(certainty.DEFINITIONS) == set(certainty.SYMBOLS) == set(CertaintyLevel.values)


def test_each_level_says_how_sure_we_are() -> None:
    words = ["very little confidence", "limited", "moderately confident", "very confident"]
    assert all(word in certainty.DEFINITIONS[level] for word, level in zip(words, LEVELS, strict=True))


@pytest.mark.parametrize(
    ("design", "levels", "level", "arithmetic"),
    [
        ("randomised", {}, "high", "High, neither rated down nor up"),
        ("non_randomised", {"imprecision": 0}, "low", "Low, neither rated down nor up"),
        ("non_randomised_robins_i", {"risk_of_bias": -2}, "low", "High − 2 (risk of bias) = Low"),
        (
            "randomised",
            {"imprecision": -1, "risk_of_bias": -1},
            "low",
            "High − 1 (risk of bias) − 1 (imprecision) = Low",
        ),
        ("randomised", {"indirectness": -2}, "low", "High − 2 (indirectness) = Low"),
        ("randomised", {"imprecision": -3}, "very_low", "High − 3 (imprecision) = Very low"),
        (
            "randomised",
            {"inconsistency": -1, "publication_bias": -1},
            "low",
            "High − 1 (inconsistency) − 1 (publication bias) = Low",
        ),
        ("non_randomised", {"large_effect": 2}, "high", "Low + 2 (large effect) = High"),
        ("non_randomised", {"dose_response": 1}, "moderate", "Low + 1 (dose-response gradient) = Moderate"),
        ("non_randomised", {"confounding": 1}, "moderate", "Low + 1 (plausible confounding) = Moderate"),
    ],
)
def test_arithmetic(design: str, levels: dict[str, int], level: str, arithmetic: str) -> None:
    rating = rate(design, levels)
    assert (rating.start, rating.level, rating.arithmetic) == (START_LEVELS[design], level, arithmetic)
    assert rating.warnings == ()


def test_what_a_methodologist_would_ask_about() -> None:
    mixed = rate("non_randomised", {"imprecision": -1, "large_effect": 1, "dose_response": 1})
    assert mixed.arithmetic == (
        "Low − 1 (imprecision) + 1 (large effect) + 1 (dose-response gradient) = Moderate"
    )
    assert mixed.warnings == (
        "Rated up (large effect, dose-response gradient) although rated down (imprecision): as a rule, evidence is "
        "rated up only where nothing rates it down.",
    )
    low = rate("non_randomised", {"risk_of_bias": -2})
    assert (low.level, low.warnings) == (
        "very_low",
        ("There is no level below Very low: the certainty stays there.",),
    )
    high = rate("randomised", {"large_effect": 1})
    assert (high.level, high.warnings) == (
        "high",
        ("There is no level above High: the certainty stays there.",),
    )


@pytest.mark.parametrize(
    ("design", "levels", "says"),
    [
        ("case_series", {}, "'case_series' is no study design; there are randomised, non_randomised"),
        ("randomised", {"charm": -1}, "'charm' is no domain"),
        (
            "randomised",
            {"publication_bias": -2},
            r"Publication bias can change .* by 0, −1 levels, not by −2\.",
        ),
        (
            "randomised",
            {"risk_of_bias": 1},
            r"Risk of bias can change .* by 0, −1, −2, −3 levels, not by \+1\.",
        ),
        (
            "randomised",
            {"large_effect": 3},
            r"Large effect can change .* by 0, \+1, \+2 levels, not by \+3\.",
        ),
        (
            "randomised",
            {"dose_response": -1},
            r"Dose-response gradient can change .* by 0, \+1 levels, not by −1",
        ),
    ],
)
def test_impossible_ratings_are_refused(design: str, levels: dict[str, int], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        rate(design, levels)


RATINGS = st.fixed_dictionaries(
    {}, optional={domain: st.sampled_from(list(DEGREES[domain])) for domain in DEGREES}
)


@given(st.sampled_from(list(START_LEVELS)), RATINGS)
def test_every_rating_stays_among_the_levels(design: str, levels: dict[str, int]) -> None:
    rating = rate(design, levels)
    place = LEVELS.index(rating.start) + sum(levels.values())
    assert LEVELS.index(rating.level) == sorted((0, place, 3))[1]
    assert (not 0 <= place <= 3) is any("no level" in warning for warning in rating.warnings)
    if any(levels.values()):
        assert rating.arithmetic.endswith(f"= {certainty.LABELS[rating.level]}")
        assert rating.arithmetic.count("(") == sum(1 for change in levels.values() if change)


@given(st.sampled_from(list(START_LEVELS)), RATINGS, st.sampled_from(list(DEGREES)[:5]))
def test_rating_down_never_raises_the_certainty(design: str, levels: dict[str, int], domain: str) -> None:
    without = rate(design, {**levels, domain: 0})
    assert LEVELS.index(rate(design, {**levels, domain: -1}).level) <= LEVELS.index(without.level)


@pytest.mark.parametrize(
    ("low", "high", "better", "where"),
    [
        (0.01, 0.2, "higher", "benefit"),
        (0.01, 0.2, "lower", "harm"),
        (-0.2, -0.01, "lower", "benefit"),
        (-0.2, -0.01, "higher", "harm"),
        (-0.01, 0.2, "higher", "uncertain"),
        (0, 0.2, "higher", "uncertain"),
        (-0.2, 0, "lower", "uncertain"),
    ],
)
def test_where_an_interval_points(low: float, high: float, better: str, where: str) -> None:
    assert direction(low, high, better) == where


def rated(
    name: str, level: str, where: str = "benefit", importance: str = "critical", suffices: bool = False
) -> RatedOutcome:
    return RatedOutcome(name, importance, level, where, suffices)


DEATH, PAIN = rated("death", "low", suffices=True), rated("pain", "moderate", suffices=True)
STROKE = rated("stroke", "very_low", suffices=False)
SAME = "The critical outcomes point in the same direction"
LOWEST = "the lowest certainty among them counts"
HIGHEST = "the highest certainty counts among those that alone would support the decision"


@pytest.mark.parametrize(
    ("outcomes", "level", "reason"),
    [
        ([], None, "No outcome is critical: the overall certainty rests on the critical outcomes alone."),
        ([rated("cost", "high", importance="important")], None, "No outcome is critical"),
        (
            [DEATH, rated("stroke", ""), rated("fits", "")],
            None,
            "not yet rated for the critical outcome stroke; fits.",
        ),
        ([DEATH, rated("cost", "", importance="limited")], "low", "Low for every critical outcome."),
        ([DEATH, rated("fits", "low", "harm")], "low", "Low for every critical outcome."),
        (
            [DEATH, PAIN, rated("bleeding", "high", "harm")],
            "low",
            f"point in different directions: {LOWEST} (death: Low).",
        ),
        (
            [PAIN, rated("bleeding", "very_low", "harm"), rated("fits", "low", "uncertain")],
            "very_low",
            f"different directions: {LOWEST} (bleeding: Very low).",
        ),
        ([DEATH, PAIN, STROKE], "moderate", f"{SAME}: {HIGHEST} (pain: Moderate)."),
        ([DEATH, rated("pain", "moderate")], "low", f"{SAME}: {HIGHEST} (death: Low)."),
        (
            [rated("a", "low", "harm", suffices=True), rated("b", "high", "harm", suffices=True)],
            "high",
            "(b: High).",
        ),
        (
            [rated("death", "low"), rated("pain", "moderate")],
            "low",
            f"{SAME}, none is said to support the decision on its own: {LOWEST} (death: Low).",
        ),
        (
            [DEATH, rated("pain", "high", "uncertain", suffices=True)],
            "low",
            "uncertain in which direction some of the critical outcomes point: the",
        ),
        (
            [rated("a", "low", "uncertain"), rated("b", "high", "uncertain", suffices=True)],
            "low",
            "uncertain in which direction",
        ),
    ],
)
def test_proposals(outcomes: list[RatedOutcome], level: str | None, reason: str) -> None:
    proposal = propose_overall_certainty(outcomes)
    assert proposal.level == level
    assert reason in proposal.reason


def test_an_uncertain_balance_asks_for_the_lowest() -> None:
    assert propose_overall_certainty([DEATH, PAIN], balance_uncertain=True) == Proposal(
        "low",
        "The balance of desirable and undesirable effects is uncertain: the lowest certainty among them counts "
        "(death: Low).",
    )


OUTCOMES = st.builds(
    RatedOutcome,
    name=st.sampled_from("abc"),
    importance=st.sampled_from(["critical", "important", ""]),
    certainty=st.sampled_from([*LEVELS, ""]),
    direction=st.sampled_from(["benefit", "harm", "uncertain"]),
    suffices=st.booleans(),
)


@given(st.lists(OUTCOMES, max_size=5), st.booleans())
def test_a_proposal_is_the_certainty_of_a_critical_outcome(
    outcomes: list[RatedOutcome], unsure: bool
) -> None:
    critical = [outcome for outcome in outcomes if outcome.importance == "critical"]
    proposal = propose_overall_certainty(outcomes, balance_uncertain=unsure)
    assert proposal.reason.endswith(".")
    if not critical or any(not outcome.certainty for outcome in critical):
        assert proposal.level is None
    else:
        assert proposal.level in {outcome.certainty for outcome in critical}
        assert proposal == propose_overall_certainty(critical, balance_uncertain=unsure)
