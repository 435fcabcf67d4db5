"""Absolute effects, against counts of the example's Table 2, exact fractions and the rules of their wording."""

from __future__ import annotations

import math
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from etd.domain.absolute import (
    PER_CHOICES,
    AbsoluteEffect,
    Interval,
    Number,
    absolute_effect,
    absolute_text,
    difference_interval_text,
    difference_text,
    intervention_risk_text,
    mean_difference_text,
    median_risk,
    number_needed_text,
    people_per,
    pooled_risk,
    risk_ratio_from_odds_ratio,
    risk_text,
    rounds_away,
)

SHARES = st.floats(0, 1)
RATIOS = st.floats(0, 1e300, exclude_min=True)


def effect_of(
    measure: str, three: tuple[Number, Number, Number], risk: Number, **rest: bool
) -> AbsoluteEffect:
    return absolute_effect(measure, *three, comparator_risk=risk, **rest)


@pytest.mark.parametrize(
    ("events", "people", "odds_ratio", "base", "text"),
    [
        (171, 410, (1.21, 0.91, 1.60), 417, "47 more per 1,000 (from 23 fewer to 117 more)"),
        (385, 931, (1.17, 0.97, 1.42), 414, "39 more per 1,000 (from 7 fewer to 87 more)"),
        (213, 386, (0.97, 0.73, 1.30), 552, "8 fewer per 1,000 (from 78 fewer to 64 more)"),
        (479, 914, (1.16, 0.97, 1.40), 524, "37 more per 1,000 (from 8 fewer to 82 more)"),
        (174, 381, (1.21, 0.87, 1.68), 457, "48 more per 1,000 (from 34 fewer to 129 more)"),
        (389, 862, (1.18, 0.95, 1.46), 451, "41 more per 1,000 (from 13 fewer to 94 more)"),
        (108, 279, (1.11, 0.79, 1.57), 387, "25 more per 1,000 (from 54 fewer to 111 more)"),
        (103, 280, (0.85, 0.60, 1.21), 368, "37 fewer per 1,000 (from 109 fewer to 45 more)"),
        (104, 266, (1.09, 0.77, 1.54), 391, "21 more per 1,000 (from 60 fewer to 106 more)"),
    ],
)
def test_the_rows_of_the_example(
    events: int, people: int, odds_ratio: tuple[float, float, float], base: int, text: str
) -> None:
    risk = pooled_risk(events, people)
    assert people_per(risk) == base
    assert absolute_text(effect_of("OR", odds_ratio, risk)) == text


def test_a_hazard_ratio_of_the_event_and_of_being_free_of_it() -> None:
    death = effect_of("HR", (0.74, 0.55, 0.99), 0.5)
    assert absolute_text(death) == "99 fewer per 1,000 (from 183 fewer to 3 fewer)"
    assert [
        float(v) * 1000 for v in (death.difference.estimate, death.difference.low, death.difference.high)
    ] == (pytest.approx([1000 * (0.5 - 0.5**hr) for hr in (0.74, 0.55, 0.99)]))
    survival = effect_of("HR", (0.74, 0.55, 0.99), 0.5, event_free=True)
    assert absolute_text(survival) == "99 more per 1,000 (from 3 more to 183 more)"


def test_hazard_ratios_by_exact_powers() -> None:
    assert effect_of("HR", (2, Fraction(1, 2), 3), Fraction(36, 100)).intervention_risk == Interval(
        1 - Fraction(64, 100) ** 2, Fraction(2, 10), 1 - Fraction(64, 100) ** 3
    )
    assert effect_of(
        "HR", (2, Fraction(1, 2), 3), Decimal("0.81"), event_free=True
    ).intervention_risk == Interval(Fraction(81, 100) ** 2, Fraction(81, 100) ** 3, Fraction(9, 10))


@pytest.mark.parametrize("event_free", [False, True])
def test_a_hazard_ratio_of_1_is_exactly_no_difference(event_free: bool) -> None:
    none = effect_of("HR", (1, 0.5, 2), Fraction(1, 3), event_free=event_free)
    assert none.difference.estimate == 0
    assert number_needed_text(none, better="lower").startswith("NNT ∞ (NNTH ")


def test_risk_ratios_and_differences_are_exact() -> None:
    assert effect_of("RR", (0.8, 0.5, 1.1), 0.1).difference == Interval(
        Fraction(-2, 100), Fraction(-5, 100), Fraction(1, 100)
    )
    assert effect_of("RD", (Decimal("-0.04"), -0.09, 0.01), Fraction(1, 3)).intervention_risk == Interval(
        Fraction(1, 3) - Fraction(4, 100),
        Fraction(1, 3) - Fraction(9, 100),
        Fraction(1, 3) + Fraction(1, 100),
    )


def test_what_leaves_0_to_1_is_capped_and_said() -> None:
    rr = effect_of("RR", (3, 1.1, 9), 0.4)
    assert rr.intervention_risk == Interval(Fraction(1), Fraction(44, 100), Fraction(1))
    assert rr.capped == ("estimate", "high")
    assert rr.cap_warning == (
        "The RR leads from a comparator risk of 400 per 1,000 to a risk with the intervention that cannot be. "
        "Capped: the estimate at 1,000 per 1,000, the upper limit at 1,000 per 1,000."
    )
    rd = effect_of("RD", (-0.1, -0.3, 0.1), 0.2)
    assert rd.difference == Interval(Fraction(-1, 10), Fraction(-2, 10), Fraction(1, 10))
    assert rd.capped == ("low",)
    assert rd.cap_warning.endswith("Capped: the lower limit at 0.")
    assert effect_of("RR", (2, 1, 2.5), 0.4).cap_warning == "", "1,000 per 1,000 is a risk"


@pytest.mark.parametrize(
    ("measure", "three", "risk", "says"),
    [
        ("OR", (1.2, 1, 2), 1.4, r"comparator risk is 1\.4: it must lie between 0 and 1"),
        ("OR", (1.2, 1, 2), -0.1, "comparator risk is −0.1: it must lie between 0 and 1"),
        ("RD", (0.1, 0, 0.2), Decimal(41), "comparator risk is 41: it must lie"),
        ("OR", (1.2, 1, 2), math.nan, "comparator risk must be a number"),
        ("OR", (1.2, 1, math.inf), 0.5, "upper limit of the OR must be a number"),
        ("RR", (Decimal("NaN"), 1, 2), 0.5, "The RR must be a number"),
        ("MD", (1.2, 1, 2), 0.5, "no absolute effect in people for MD"),
        ("RR", (0, 0, 2), 0.5, "The RR is 0, from 0: a ratio is above 0"),
        ("HR", (0.5, -0.5, 2), 0.5, "HR is 0.5, from −0.5: a ratio is above 0"),
        ("RD", (1.5, 1, 2), 0.5, "RD is 1.5: a risk difference lies between −1 and 1"),
        ("RD", (-41, -50, 2), 0.5, "RD is −41: a risk difference"),
        ("OR", (2.5, 1, 2), 0.5, r"OR is 2\.5, outside its interval from 1 to 2"),
        ("OR", (0.5, 1, 2), 0.5, r"OR is 0\.5, outside its interval from 1 to 2"),
    ],
)
def test_impossible_numbers_are_refused(
    measure: str, three: tuple[Number, Number, Number], risk: Number, says: str
) -> None:
    with pytest.raises(ValueError, match=says):
        effect_of(measure, three, risk)


def test_only_a_hazard_ratio_has_an_event_free_outcome() -> None:
    with pytest.raises(ValueError, match=r"Only a hazard ratio .* not RR"):
        effect_of("RR", (0.8, 0.7, 0.9), 0.5, event_free=True)


@pytest.mark.parametrize(("measure", "low"), [("OR", 0), ("RR", 0), ("HR", 0)])
def test_a_lower_limit_of_0_leaves_nobody_with_the_event(measure: str, low: float) -> None:
    assert effect_of(measure, (0.5, low, 2), 0.3).intervention_risk.low == 0


@pytest.mark.parametrize(
    ("share", "per", "people"),
    [
        (Fraction(1, 400), 1000, 3),  # 2.5 exactly
        (Fraction(-1, 400), 1000, -3),
        (Fraction(2499999, 10**9), 1000, 2),
        (0.0025, 1000, 3),  # as it is written
        (-0.0025, 1000, -3),
        (Decimal("0.4135"), 100, 41),
        (0.4135, 10_000, 4135),
        (1, 100_000, 100_000),
        (0, 100, 0),
        (Fraction(-1, 2500), 1000, 0),
    ],
)
def test_people_are_rounded_half_away_from_zero(share: Number, per: int, people: int) -> None:
    assert people_per(share, per) == people


def test_a_half_that_floats_would_lose() -> None:
    """0.05 · 0.95 − 0.05 is −2.5 per 1,000; 0.15 + 0.0005 − 0.15 is half a person."""
    assert difference_text(effect_of("RR", (0.95, 0.9, 1), 0.05)) == "3 fewer per 1,000"
    assert difference_text(effect_of("RD", (0.0005, 0, 0.001), 0.15)) == "1 more per 1,000"


def test_only_the_four_denominators() -> None:
    with pytest.raises(ValueError, match="per 100, 1,000, 10,000, 100,000, not per 500"):
        people_per(0.5, 500)


@pytest.mark.parametrize(
    ("per", "text", "risk"),
    [
        (100, "4 more per 100 (from 1 fewer to 9 more)", "45 per 100 (41 to 50)"),
        (1_000, "39 more per 1,000 (from 7 fewer to 87 more)", "452 per 1,000 (406 to 500)"),
        (10_000, "385 more per 10,000 (from 74 fewer to 868 more)", "4,521 per 10,000 (4,062 to 5,003)"),
        (
            100_000,
            "3,852 more per 100,000 (from 737 fewer to 8,679 more)",
            "45,205 per 100,000 (40,617 to 50,032)",
        ),
    ],
)
def test_the_other_denominators(per: int, text: str, risk: str) -> None:
    effect = effect_of("OR", (1.17, 0.97, 1.42), Fraction(385, 931))
    assert absolute_text(effect, per) == text
    assert intervention_risk_text(effect, per) == risk


@pytest.mark.parametrize(
    ("three", "text"),
    [
        ((0, -0.003, 0.003), "0 fewer per 1,000 (from 3 fewer to 3 more)"),
        ((0.0004, 0.0001, 0.0006), "0 fewer per 1,000 (from 0 fewer to 1 more)"),
        ((-0.002, -0.004, -0.0004), "2 fewer per 1,000 (from 4 fewer to 0 fewer)"),
        ((0.002, -0.0004, 0.004), "2 more per 1,000 (from 0 fewer to 4 more)"),
    ],
)
def test_whatever_rounds_to_0_is_0_fewer(three: tuple[float, float, float], text: str) -> None:
    assert absolute_text(effect_of("RD", three, 0.25)) == text


def test_an_effect_too_small_for_its_denominator_is_known() -> None:
    rare = effect_of("RR", (0.5, 0.3, 0.8), 0.0002)
    assert [rounds_away(rare, per) for per in PER_CHOICES] == [True, True, False, False]
    assert not rounds_away(effect_of("RR", (1, 0.3, 1.8), 0.0002), 100), "no difference is not a lost one"


@pytest.mark.parametrize(
    ("measure", "three", "risk", "better", "text"),
    [
        ("OR", (1.17, 0.97, 1.42), Fraction(385, 931), "higher", "NNTB 26 (NNTH 136 to ∞ to NNTB 12)"),
        ("OR", (1.17, 0.97, 1.42), Fraction(385, 931), "lower", "NNTH 26 (NNTH 12 to ∞ to NNTB 136)"),
        ("HR", (0.74, 0.55, 0.99), 0.5, "lower", "NNTB 11 (6 to 288)"),
        ("HR", (0.74, 0.55, 0.99), 0.5, "higher", "NNTH 11 (6 to 288)"),
        ("RD", (0.1, -0.05, 0.25), 0.3, "higher", "NNTB 10 (NNTH 20 to ∞ to NNTB 4)"),  # Altman's own example
        ("RD", (-0.12, -0.22, -0.02), 0.3, "lower", "NNTB 9 (5 to 50)"),  # -0.12 and -0.22: Handbook 12.5.4.1
        ("RD", (0.1, 0, 0.2), 0.3, "higher", "NNTB 10 (5 to ∞)"),
        ("RD", (0, 0, 0.2), 0.3, "higher", "NNT ∞ (NNTB 5 to ∞)"),
        ("RD", (0, -0.1, 0.2), 0.3, "lower", "NNT ∞ (NNTH 5 to ∞ to NNTB 10)"),
        ("RD", (0, 0, 0), 0.3, "lower", "NNT ∞"),
        ("RD", (1, 1, 1), 0, "higher", "NNTB 1 (1 to 1)"),
        ("RD", (0.0001, 1e-9, 0.0002), 0, "higher", "NNTB 10,000 (5,000 to more than 1,000,000)"),
    ],
)
def test_number_needed_to_treat(
    measure: str, three: tuple[Number, Number, Number], risk: Number, better: str, text: str
) -> None:
    assert number_needed_text(effect_of(measure, three, risk), better=better) == text


def test_a_number_needed_asks_for_the_polarity() -> None:
    with pytest.raises(ValueError, match=r"good .higher. or bad .lower., not ''"):
        number_needed_text(effect_of("RD", (0.1, 0, 0.2), 0.3), better="")


def test_odds_ratios_as_risk_ratios() -> None:
    assert risk_ratio_from_odds_ratio(2, Fraction(1, 2)) == Fraction(4, 3)
    assert risk_ratio_from_odds_ratio(0.1, 0) == Fraction(1, 10)
    assert effect_of("OR", (2, 1, 3), Fraction(1, 2)).risk_ratio == Interval(
        Fraction(4, 3), Fraction(1), Fraction(3, 2)
    )
    assert effect_of("OR", (2, 1, 3), 0).risk_ratio is None
    with pytest.raises(ValueError, match="OR is 0"):
        risk_ratio_from_odds_ratio(0, 0.5)


def test_risks_of_comparison_groups() -> None:
    assert pooled_risk(385, 931) == Fraction(385, 931)
    assert median_risk([(1, 10), (1, 2), (3, 10)]) == Fraction(3, 10)
    assert median_risk([(1, 10), (3, 10)]) == Fraction(1, 5)
    with pytest.raises(ValueError, match="no trial"):
        median_risk([])
    for events, people in ((0, 0), (3, 2), (-1, 2)):
        with pytest.raises(ValueError, match=f"{events} events among {people} people give no risk"):
            pooled_risk(events, people)


@pytest.mark.parametrize(
    ("measure", "three", "text"),
    [
        ("MD", (2.3, -0.4, 5.0), "MD 2.3 higher (0.4 lower to 5.0 higher)"),
        ("MD", (-2.25, -4, -0.5), "MD 2.3 lower (4.0 lower to 0.5 lower)"),
        ("MD", (0.03, 0.01, 0.05), "MD 0.030 higher (0.010 higher to 0.050 higher)"),
        ("MD", (250, 240, 260), "MD 250 higher (240 higher to 260 higher)"),
        ("MD", (0.0, -1.2, 1.2), "MD 0.0 (1.2 lower to 1.2 higher)"),
        ("SMD", (-0.3, -0.6, 0.001), "SMD 0.30 lower (0.60 lower to 0.00)"),
        ("SMD", (0.0125, -0.6, 0.63), "SMD 0.01 higher (0.60 lower to 0.63 higher)"),
    ],
)
def test_differences_of_means(measure: str, three: tuple[float, float, float], text: str) -> None:
    assert mean_difference_text(measure, *three) == text


def test_what_is_no_difference_of_means() -> None:
    with pytest.raises(ValueError, match="OR is no difference of means"):
        mean_difference_text("OR", 1, 0.5, 2)
    with pytest.raises(ValueError, match="MD is 3, outside its interval from 0 to 2"):
        mean_difference_text("MD", 3, 0, 2)
    with pytest.raises(ValueError, match="lower limit of the SMD must be a number"):
        mean_difference_text("SMD", 3, -math.inf, 5)


@st.composite
def effects(draw: st.DrawFn) -> tuple[str, float, float, float]:
    measure = draw(st.sampled_from(["OR", "RR", "HR", "RD"]))
    value = st.floats(-1, 1) if measure == "RD" else RATIOS
    low, estimate, high = sorted(draw(st.tuples(value, value, value)))
    return measure, estimate, low, high


@example(("HR", 1e300, 5e-324, 1e300), 1e-300, True)
@example(("HR", 0.5, 0.5, 0.5), 5e-324, False)
@example(("OR", 1.0, 5e-324, 1e300), 1.0, False)
@given(effects(), SHARES, st.booleans())
def test_risks_stay_risks_and_limits_stay_in_order(
    four: tuple[str, float, float, float], risk: float, free: bool
) -> None:
    measure, estimate, low, high = four
    effect = absolute_effect(
        measure, estimate, low, high, comparator_risk=risk, event_free=free and measure == "HR"
    )
    there = effect.intervention_risk
    assert 0 <= there.low <= there.estimate <= there.high <= 1
    for name in ("estimate", "low", "high"):
        assert getattr(there, name) == getattr(effect.difference, name) + Fraction(repr(risk))
    if "estimate" not in effect.capped:
        neutral, sign = (0 if measure == "RD" else 1), (-1 if free and measure == "HR" else 1)
        more = sign * (Fraction(repr(estimate)) - neutral) > 0
        assert (1 if more else -1) * effect.difference.estimate >= -Fraction(1, 10**39), (
            "a power is kept to 40 decimals"
        )
    assert bool(effect.capped) is bool(effect.cap_warning)
    for better in ("higher", "lower"):
        assert number_needed_text(effect, better=better).startswith(("NNTB ", "NNTH ", "NNT ∞"))


@given(effects(), SHARES, st.sampled_from(PER_CHOICES))
def test_words_say_what_the_numbers_say(four: tuple[str, float, float, float], risk: float, per: int) -> None:
    measure, *three = four
    effect = absolute_effect(measure, *three, comparator_risk=risk)
    people, word, of, number = difference_text(effect, per).split()
    sign = 1 if word == "more" else -1
    assert abs(sign * int(people.replace(",", "")) - effect.difference.estimate * per) <= Fraction(1, 2)
    assert (of, number) == ("per", f"{per:,}")
    assert difference_interval_text(effect, per).startswith("from ")
    assert " 0 more" not in f" {absolute_text(effect, per)}"


@given(RATIOS, SHARES)
def test_an_odds_ratio_overstates_the_risk_ratio(odds_ratio: float, risk: float) -> None:
    ratio = risk_ratio_from_odds_ratio(odds_ratio, risk)
    exact = Fraction(repr(odds_ratio))
    assert min(exact, Fraction(1)) <= ratio <= max(exact, Fraction(1))


@given(effects(), SHARES)
def test_the_complement_of_an_odds_ratio_mirrors_its_difference(
    four: tuple[str, float, float, float], risk: float
) -> None:
    """Survival instead of death: 1/OR at 1 − risk is the same effect with the other sign."""
    odds_ratio = Fraction(repr(abs(four[1]) or 1.0))
    base = Fraction(repr(risk))
    death = effect_of("OR", (odds_ratio, odds_ratio, odds_ratio), base)
    survival = effect_of("OR", (1 / odds_ratio,) * 3, 1 - base)
    assert death.difference.estimate == -survival.difference.estimate
    assert number_needed_text(death, better="lower") == number_needed_text(survival, better="higher")


@given(SHARES)
def test_a_risk_in_words(risk: float) -> None:
    assert risk_text(risk, 100).endswith(" per 100")
    assert 0 <= people_per(risk, 100) <= 100
