from __future__ import annotations

import re
from decimal import Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from etd.domain import numbers

FINITE = st.floats(allow_nan=False, allow_infinity=False)


@pytest.mark.parametrize(
    ("value", "decimals", "text"),
    [
        (0.125, 2, "0.13"),  # a binary half exactly: up, not to even
        (0.375, 2, "0.38"),
        (-0.125, 2, "−0.13"),
        (2.5, 0, "3"),
        (3.5, 0, "4"),
        (-2.5, 0, "−3"),
        (1.005, 2, "1.01"),  # as it is written, though the float lies just below
        (1.115, 2, "1.12"),
        (0.9648, 3, "0.965"),
        (-0.004, 2, "0.00"),
        (-0.0, 2, "0.00"),
        (-0.005, 2, "−0.01"),
        (1.6, 2, "1.60"),
        (1234.5, 1, "1,234.5"),
        (1e-30, 3, "0.000"),
        (1e30, 1, "1,000,000,000,000,000,000,000,000,000,000.0"),
        (3, 1, "3.0"),
    ],
)
def test_rounded(value: float, decimals: int, text: str) -> None:
    assert numbers.rounded(value, decimals) == text


@given(FINITE, st.integers(0, 4))
def test_rounded_is_within_half_a_unit_and_away_from_zero(value: float, decimals: int) -> None:
    text = numbers.rounded(value, decimals)
    printed = Decimal(text.replace("−", "-").replace(",", ""))
    exact = Decimal(repr(value))
    half = Decimal(5).scaleb(-decimals - 1)
    assert abs(printed - exact) <= half * (1 + Decimal("1e-20"))
    if abs(printed - exact) == half:
        assert abs(printed) > abs(exact)
    assert re.fullmatch(r"−?\d{1,3}(,\d{3})*(\.\d+)?", text)
    assert not (text.startswith("−") and printed == 0), "never a negative zero"


@given(FINITE, st.integers(0, 4))
def test_a_number_and_its_opposite_differ_in_the_sign_alone(value: float, decimals: int) -> None:
    assert numbers.rounded(value, decimals).lstrip("−") == numbers.rounded(-value, decimals).lstrip("−")


@pytest.mark.parametrize(
    ("low", "high", "text"),
    [
        (0.91, 1.6, "0.91–1.60"),
        (-0.1, 0.2, "−0.10 to 0.20"),
        (-0.3, -0.2, "−0.30 to −0.20"),
        (-0.001, 0.2, "0.00–0.20"),
    ],
)
def test_interval(low: float, high: float, text: str) -> None:
    assert numbers.interval(low, high, 2) == text


@pytest.mark.parametrize(
    ("measure", "values", "text"),
    [
        ("OR", (1.1678, 0.9648, 1.4134), "1.17 (0.96–1.41)"),
        ("RR", (0.003, 0.0004, 0.0201), "0.003 (4.0×10⁻⁴–0.02)"),
        ("OR", (150.2, 12.1, 28_000_000.0), "150 (12.10–2.8×10⁷)"),
        ("OR", (0.5, 0.0, 2.0), "0.50 (0.00–2.00)"),
        ("RD", (-0.0504, -0.1, 0.0009), "−0.050 (−0.100 to 0.001)"),
        ("SMD", (-12_345.0, -20_000.0, 3.0), "−1.2×10⁴ (−2.0×10⁴ to 3.00)"),
        ("OR", (1.205, 0.91, 1.6), "1.21 (0.91–1.60)"),
    ],
)
def test_an_effect_never_reads_zero_or_endless(
    measure: str, values: tuple[float, float, float], text: str
) -> None:
    assert numbers.effect(*values, measure) == text


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ((-13.952, -23.834, -4.0707), "−13.95 (−23.83 to −4.07)"),
        ((0.003, 0.001, 0.005), "0.0030 (0.0010–0.0050)"),
        ((0.031, -0.002, 0.064), "0.031 (−0.002 to 0.064)"),
        ((250.3, 240.4, 260.2), "250 (240–260)"),
        ((99.96, -20.0, 219.9), "100 (−20 to 220)"),
        ((1234.52, 1234.12, 1234.91), "1,234.52 (1,234.12–1,234.91)"),
        ((15_230.0, -1_020.4, 31_480.0), "15,230 (−1,020 to 31,480)"),
        ((2.5e9, 1e9, 4e9), "2.5×10⁹ (1.0×10⁹–4.0×10⁹)"),
        ((2e-12, -1e-12, 5e-12), "2.0×10⁻¹² (−1.0×10⁻¹² to 5.0×10⁻¹²)"),
        ((0.0, 0.0, 0.0), "0.00 (0.00–0.00)"),
        ((5.0, 5.0, 5.0), "5.00 (5.00–5.00)"),
    ],
)
@pytest.mark.parametrize("measure", ["MD", "GIV"])
def test_an_effect_in_the_unit_of_its_outcome_has_the_digits_of_its_interval(
    measure: str, values: tuple[float, float, float], text: str
) -> None:
    assert numbers.effect(*values, measure) == text


@given(FINITE, st.floats(min_value=0, allow_infinity=False, allow_nan=False))
@example(2.1227906869160664e-34, 1.1754943508222875e-38)
def test_no_interval_of_any_unit_is_printed_as_a_point(middle: float, half: float) -> None:
    low, high = middle - half, middle + half
    wide_enough = high - low > 1e-6 * max(abs(low), abs(high)) and abs(high - low) < 1e300
    if wide_enough and max(abs(low), abs(high)) < 1e7:
        ends = (numbers.rounded_by_width(end, low, high, 2) for end in (low, high))
        assert len(set(ends)) == 2


def test_a_difference_alone_never_reads_zero_unless_it_is() -> None:
    texts = [numbers.effect_number(value, "MD") for value in (0.0, 0.003, -13.952, 100.5, 3e-9)]
    assert texts == ["0.00", "0.0030", "−13.95", "101", "3.0×10⁻⁹"]


def test_an_effect_with_three_decimals() -> None:
    assert numbers.effect(1.1678, 0.9648, 1.4129, "OR", 3) == "1.168 (0.965–1.413)"
    assert numbers.effect(0.001, 0.0002, 0.01, "OR", 3) == "0.001 (2.0×10⁻⁴–0.010)"


@pytest.mark.parametrize(
    ("p", "text"),
    [
        (0.0, "<0.001"),
        (0.000999, "<0.001"),
        (0.001, "0.001"),
        (0.0014, "0.001"),
        (0.0096, "0.010"),
        (0.01, "0.01"),
        (0.0449, "0.04"),
        (0.0450, "0.045"),
        (0.0499, "0.050"),
        (0.0504, "0.050"),
        (0.0549, "0.055"),
        (0.055, "0.06"),
        (0.19, "0.19"),
        (0.125, "0.13"),
        (1.0, "1.00"),
    ],
)
def test_p_value(p: float, text: str) -> None:
    assert numbers.p_value(p) == text


@pytest.mark.parametrize(
    ("part", "whole", "text"),
    [
        (190, 406, "47%"),
        (171, 410, "42%"),
        (1, 200, "1%"),
        (1, 201, "0%"),
        (0, 5, "0%"),
        (5, 5, "100%"),
        (1, 8, "13%"),
    ],
)
def test_percent(part: int, whole: int, text: str) -> None:
    assert numbers.percent(part, whole) == text


def test_count() -> None:
    assert [numbers.count(n) for n in (0, 999, 1875, 1000000)] == ["0", "999", "1,875", "1,000,000"]
