"""Plain-language statements: every cell of the table, in both directions, and none without its basis."""

from __future__ import annotations

import math
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etd.domain.absolute import Number, absolute_effect
from etd.domain.certainty import LEVELS
from etd.domain.narrative import SIZES, STATEMENTS, Thresholds, in_a_sentence, narrative, size_of_effect

THRESHOLDS = Thresholds(10, 30, 100)
OF_SIZE = {"trivial": 0.005, "small": 0.02, "moderate": 0.05, "large": 0.2}
UNCERTAIN = "The evidence is very uncertain about the effect of drug A on pain"


def statements(
    certainty: str, difference: Number | None, thresholds: Thresholds | None = THRESHOLDS
) -> list[str]:
    made = narrative(
        intervention="drug A",
        outcome="pain",
        certainty=certainty,
        difference=difference,
        thresholds=thresholds,
    )
    assert made.sentence == (made.statements[0] if made.statements else None)
    return list(made.statements)


@pytest.mark.parametrize(
    ("certainty", "size", "fewer"),
    [
        ("high", "large", ["Drug A results in a large reduction in pain"]),
        ("high", "moderate", ["Drug A reduces pain", "Drug A results in a reduction in pain"]),
        ("high", "small", ["Drug A reduces pain slightly", "Drug A results in a slight reduction in pain"]),
        (
            "high",
            "trivial",
            ["Drug A results in little to no difference in pain", "Drug A does not reduce pain"],
        ),
        (
            "moderate",
            "large",
            [
                "Drug A likely results in a large reduction in pain",
                "Drug A probably results in a large reduction in pain",
            ],
        ),
        (
            "moderate",
            "moderate",
            [
                "Drug A likely reduces pain",
                "Drug A probably reduces pain",
                "Drug A likely results in a reduction in pain",
                "Drug A probably results in a reduction in pain",
            ],
        ),
        (
            "moderate",
            "small",
            [
                "Drug A probably reduces pain slightly",
                "Drug A likely reduces pain slightly",
                "Drug A probably results in a slight reduction in pain",
                "Drug A likely results in a slight reduction in pain",
            ],
        ),
        (
            "moderate",
            "trivial",
            [
                "Drug A likely results in little to no difference in pain",
                "Drug A probably results in little to no difference in pain",
            ],
        ),
        (
            "low",
            "large",
            [
                "Drug A may result in a large reduction in pain",
                "The evidence suggests drug A results in a large reduction in pain",
            ],
        ),
        ("low", "moderate", ["Drug A may reduce pain", "The evidence suggests drug A reduces pain"]),
        (
            "low",
            "small",
            ["Drug A may reduce pain slightly", "The evidence suggests drug A reduces pain slightly"],
        ),
        (
            "low",
            "trivial",
            [
                "Drug A may result in little to no difference in pain",
                "The evidence suggests that drug A results in little to no difference in pain",
            ],
        ),
        ("very_low", "large", [UNCERTAIN, "Drug A may reduce pain but the evidence is very uncertain"]),
        ("very_low", "moderate", [UNCERTAIN, "Drug A may reduce pain but the evidence is very uncertain"]),
        ("very_low", "small", [UNCERTAIN, "Drug A may reduce pain but the evidence is very uncertain"]),
        (
            "very_low",
            "trivial",
            [UNCERTAIN, "Drug A may have little to no effect on pain but the evidence is very uncertain"],
        ),
    ],
)
def test_every_cell_of_the_table_in_both_directions(certainty: str, size: str, fewer: list[str]) -> None:
    assert statements(certainty, -OF_SIZE[size]) == fewer
    more = [
        text.replace("reduces", "increases")
        .replace("a reduction", "an increase")
        .replace("reduction", "increase")
        .replace("reduce", "increase")
        for text in fewer
    ]
    assert statements(certainty, OF_SIZE[size]) == more


def test_the_table_has_every_cell() -> None:
    assert set(STATEMENTS) == {(level, size) for level in LEVELS for size in SIZES}


def test_no_difference_has_no_direction() -> None:
    assert statements("high", 0)[1] == "Drug A does not reduce or increase pain"


def test_a_good_event_is_increased() -> None:
    effect = absolute_effect("OR", 1.17, 0.97, 1.42, comparator_risk=Fraction(385, 931))
    made = narrative(
        intervention="mechanical circulatory support",
        outcome="survival",
        certainty="low",
        difference=effect.difference.estimate,
        thresholds=Thresholds(Decimal("20.00"), Decimal("50.00"), Decimal("100.00")),
    )
    assert made.sentence == "Mechanical circulatory support may increase survival slightly"
    assert made.size == "small"


def test_a_name_with_capitals_of_its_own_keeps_them() -> None:
    made = narrative(
        intervention="mRNA vaccine",
        outcome="ICU stay",
        certainty="high",
        difference=-0.2,
        thresholds=THRESHOLDS,
    )
    assert made.sentence == "mRNA vaccine results in a large reduction in ICU stay"


@pytest.mark.parametrize(
    ("certainty", "difference", "thresholds", "reason"),
    [
        ("", -0.2, THRESHOLDS, "The certainty of the evidence is not rated."),
        ("low", None, THRESHOLDS, "There is no absolute effect in people to take a size from."),
        ("low", -0.2, None, "No decision thresholds are recorded: no size of the effect is claimed."),
    ],
)
def test_no_statement_without_its_basis(
    certainty: str, difference: float | None, thresholds: Thresholds | None, reason: str
) -> None:
    made = narrative(
        intervention="A", outcome="pain", certainty=certainty, difference=difference, thresholds=thresholds
    )
    assert (made.sentence, made.size, made.reason) == (None, "", reason)


@pytest.mark.parametrize(
    ("difference", "size"),
    [
        (0, "trivial"),
        (-0.0099999, "trivial"),
        (0.01, "small"),
        (-0.01, "small"),
        (Decimal("0.0299"), "small"),
        (0.03, "moderate"),
        (Fraction(299, 10_000), "small"),
        (0.0999, "moderate"),
        (-0.1, "large"),
        (1, "large"),
    ],
)
def test_an_effect_that_equals_a_threshold_has_reached_it(difference: Number, size: str) -> None:
    assert size_of_effect(difference, THRESHOLDS) == size


@pytest.mark.parametrize(
    ("three", "says"),
    [
        ((0, 30, 100), "threshold for a small effect is 0 per 1,000: it must be above 0."),
        ((-5, 30, 100), "threshold for a small effect is −5 per 1,000: it must be above 0."),
        (
            (30, 30, 100),
            "threshold for a moderate effect is 30 per 1,000: it must be above the one for a small effect (30).",
        ),
        (
            (10, 30, 20.5),
            "threshold for a large effect is 20.5 per 1,000: it must be above the one for a moderate effect (30).",
        ),
        (
            (100, 30, 10),
            "threshold for a moderate effect is 30 per 1,000: it must be above the one for a small effect (100).",
        ),
        ((10, 30, 1001), "threshold for a large effect is 1001 per 1,000: it cannot be above 1,000."),
        ((10, math.nan, 100), "threshold for a moderate effect must be a number."),
    ],
)
def test_thresholds_out_of_order_are_named(three: tuple[Number, Number, Number], says: str) -> None:
    with pytest.raises(ValueError) as refused:  # noqa: PT011 -- the whole sentence is compared below
        Thresholds(*three)
    assert str(refused.value) == f"The {says}"


@given(
    st.floats(-1, 1), st.floats(-1, 1), st.lists(st.integers(1, 1000), min_size=3, max_size=3, unique=True)
)
def test_a_greater_effect_is_never_called_smaller(one: float, other: float, values: list[int]) -> None:
    thresholds = Thresholds(*sorted(values))
    small, large = sorted((one, other), key=abs)
    assert SIZES.index(size_of_effect(small, thresholds)) <= SIZES.index(size_of_effect(large, thresholds))
    assert size_of_effect(small, thresholds) == size_of_effect(-small, thresholds)


@given(st.sampled_from(LEVELS), st.floats(-1, 1))
def test_every_statement_names_who_and_what(certainty: str, difference: float) -> None:
    for text in statements(certainty, difference):
        assert "rug A " in text
        assert "pain" in text
        assert "{" not in text
        assert not text.endswith(".")
        assert ("increase" in text) <= (difference >= 0)
        assert ("reduc" in text) <= (difference <= 0)


@pytest.mark.parametrize("difference", [None, -0.2, 0])
def test_very_low_certainty_claims_no_size_and_needs_no_thresholds(difference: float | None) -> None:
    made = narrative(
        intervention="drug A", outcome="Pain", certainty="very_low", difference=difference, thresholds=None
    )
    assert (made.statements, made.size, made.reason) == ((UNCERTAIN,), "", "")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("Survival at the longest follow-up available, n (%)", "survival at the longest follow-up available"),
        ("Death No. (%)", "death"),
        ("Stroke [n (%)]", "stroke"),
        ("Reduction of pain (n)", "reduction of pain (n)"),
        ("IL-6 above 10", "IL-6 above 10"),
        ("ICU stay", "ICU stay"),
        ("mRS 0 to 3, n (%)", "mRS 0 to 3"),
        ("Hospital-acquired pneumonia", "hospital-acquired pneumonia"),
        ("Crohn’s disease relapse", "Crohn’s disease relapse"),
        ("n (%)", "n (%)"),
        ("", ""),
    ],
)
def test_an_outcome_inside_a_sentence(name: str, words: str) -> None:
    assert in_a_sentence(name) == words
