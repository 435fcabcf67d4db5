from __future__ import annotations

from decimal import Decimal

import pytest

from etd.domain.thresholds import faults, in_short, in_words


def of(small: str, moderate: str, large: str) -> dict[str, Decimal]:
    return {"small": Decimal(small), "moderate": Decimal(moderate), "large": Decimal(large)}


@pytest.mark.parametrize("values", [of("5", "20", "50"), of("0.01", "0.02", "1000")])
def test_thresholds_in_order(values: dict[str, Decimal]) -> None:
    assert faults(values) == {}


@pytest.mark.parametrize(
    ("values", "field", "message"),
    [
        (
            of("20", "5", "50"),
            "moderate",
            "The moderate threshold, 5, must be larger than the small one, 20.",
        ),
        (
            of("5", "5.00", "50"),
            "moderate",
            "The moderate threshold, 5, must be larger than the small one, 5.",
        ),
        (
            of("5", "50", "20.5"),
            "large",
            "The large threshold, 20.5, must be larger than the moderate one, 50.",
        ),
        (of("0", "20", "50"), "small", "The small threshold is 0: it must be above 0."),
        (of("-2", "20", "50"), "small", "The small threshold is −2: it must be above 0."),
        (
            of("5", "20", "1000.01"),
            "large",
            "The large threshold is 1000.01: there are no more than 1,000 people in 1,000.",
        ),
    ],
)
def test_a_fault_names_both_numbers_at_the_field_that_must_change(
    values: dict[str, Decimal], field: str, message: str
) -> None:
    assert faults(values) == {field: message}


def test_every_fault_is_said_at_once() -> None:
    assert set(faults(of("50", "20", "5"))) == {"moderate", "large"}


def test_a_field_that_could_not_be_read_does_not_hide_the_others() -> None:
    values = of("50", "60", "5")
    del values["moderate"]
    assert faults(values) == {"large": "The large threshold, 5, must be larger than the small one, 50."}


def test_thresholds_in_words() -> None:
    assert in_words(of("5.00", "20", "50.50")) == "5, 20 and 50.5 per 1,000"
    assert in_short({"small": "5", "moderate": "20", "large": "100"}) == "5/20/100"
