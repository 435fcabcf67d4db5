from __future__ import annotations

import math
import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from etd.domain.effect_axis import Axis, axis_for, favours

RATIO = Axis(low=0.2, high=5.0, ratio=True, width=150.0)
DIFFERENCE = Axis(low=-0.1, high=0.1, ratio=False, width=100.0, left=20.0)
LIMITS = st.floats(allow_nan=False, allow_infinity=False)


@pytest.mark.parametrize(
    ("axis", "value", "x"),
    [
        (RATIO, 1.0, "75.0"),
        (RATIO, 0.2, "0.0"),
        (RATIO, 5.0, "150.0"),
        (RATIO, math.sqrt(5.0), "112.5"),
        (RATIO, 0.01, "0.0"),
        (RATIO, 0.0, "0.0"),
        (RATIO, 80.0, "150.0"),
        (DIFFERENCE, 0.0, "70.0"),
        (DIFFERENCE, -0.1, "20.0"),
        (DIFFERENCE, 0.05, "95.0"),
        (DIFFERENCE, 7.0, "120.0"),
    ],
)
def test_position(axis: Axis, value: float, x: str) -> None:
    assert axis.x(value) == x


def test_no_effect() -> None:
    assert (RATIO.no_effect, DIFFERENCE.no_effect) == (1.0, 0.0)


def test_what_is_cut() -> None:
    assert [RATIO.cuts_low(v) for v in (0.19, 0.2)] == [True, False]
    assert [RATIO.cuts_high(v) for v in (5.0, 5.1)] == [False, True]


def test_ratio_ticks_are_the_familiar_ones() -> None:
    assert [label for _, label in RATIO.ticks()] == ["0.2", "0.5", "1", "2", "5"]
    assert [x for x, _ in RATIO.ticks()] == [RATIO.x(v) for v in (0.2, 0.5, 1, 2, 5)]


def test_a_narrow_ratio_axis_has_its_ends_for_ticks() -> None:
    assert Axis(low=1 / 1.5, high=1.5, ratio=True, width=10).ticks() == [
        ("0.0", "0.667"),
        ("5.0", "1"),
        ("10.0", "1.5"),
    ]


def test_difference_ticks_have_a_minus_sign_and_a_plain_zero() -> None:
    assert [label for _, label in DIFFERENCE.ticks()] == ["−0.10", "−0.05", "0", "0.05", "0.10"]
    assert [label for _, label in Axis(-40.0, 40.0, ratio=False, width=10).ticks()] == [
        "−40",
        "−20",
        "0",
        "20",
        "40",
    ]


@pytest.mark.parametrize(
    ("high", "labels"),
    [
        (0.045, ["−0.04", "−0.02", "0", "0.02", "0.04"]),
        (0.4, ["−0.4", "−0.2", "0", "0.2", "0.4"]),
        (4.2, ["−4", "−2", "0", "2", "4"]),
        (5.5, ["−5", "0", "5"]),
        (11.0, ["−10", "0", "10"]),
    ],
)
def test_a_difference_axis_has_three_to_five_ticks(high: float, labels: list[str]) -> None:
    assert [label for _, label in Axis(-high, high, ratio=False, width=10).ticks()] == labels


@pytest.mark.parametrize(
    ("intervals", "high"),
    [
        ([], 5.0),
        ([(0.91, 1.2)], 1.5),
        ([(0.91, 1.6)], 2.0),
        ([(0.4, 1.1)], 5.0),
        ([(0.91, 400.0)], 10.0),
        ([(0.0, 1.2)], 1.5),
        ([(math.nan, 3.0), (0.91, 1.2)], 1.5),
        ([(0.9, math.inf), (0.91, 1.2)], 1.5),
    ],
)
def test_a_ratio_axis_is_symmetric_about_one_and_bounded(
    intervals: list[tuple[float, float]], high: float
) -> None:
    axis = axis_for("OR", intervals, width=150.0)
    assert axis == Axis(low=1 / high, high=high, ratio=True, width=150.0)


def test_a_difference_axis_is_symmetric_about_zero() -> None:
    axis = axis_for("RD", [(-0.1, 0.02)], width=150.0, left=5.0)
    assert (axis.low, axis.high, axis.ratio, axis.left) == (-axis.high, pytest.approx(0.105), False, 5.0)
    assert axis_for("MD", [], width=1.0).high == 1.0


@example("OR", [(5e-324, 1.0)], 1.0)
@example("MD", [(-1.7e308, 1.7e308)], 0.0)
@example("MD", [(-5e-324, 0.0)], 0.0)
@given(
    st.sampled_from(["OR", "RR", "HR", "RD", "MD", "SMD"]),
    st.lists(st.tuples(LIMITS, LIMITS), max_size=4),
    LIMITS,
)
def test_every_axis_places_every_number_inside_itself(
    measure: str, intervals: list[tuple[float, float]], value: float
) -> None:
    axis = axis_for(measure, intervals, width=150.0, left=3.0, widest=5.0)
    assert 3.0 <= float(axis.x(value)) <= 153.0
    assert float(axis.x(axis.no_effect)) == 78.0
    ticks = axis.ticks()
    assert len(ticks) >= 3
    assert [float(x) for x, _ in ticks] == sorted(float(x) for x, _ in ticks)
    assert all(re.fullmatch(r"\d+\.\d", x) for x, _ in ticks), "no comma, no sign"


@given(LIMITS, LIMITS)
def test_what_lies_further_right_is_drawn_further_right(a: float, b: float) -> None:
    low, high = min(a, b), max(a, b)
    assert RATIO.position(low) <= RATIO.position(high)
    assert DIFFERENCE.position(low) <= DIFFERENCE.position(high)


@pytest.mark.parametrize("measure", ["OR", "RR", "HR", "RD", "MD", "SMD"])
def test_right_of_no_effect_favours_the_intervention_where_more_is_better(measure: str) -> None:
    labels = {"intervention": "device", "comparison": "usual care"}
    assert favours(measure, "higher", **labels) == ("favours usual care", "favours device")
    assert favours(measure, "lower", **labels) == ("favours device", "favours usual care")
