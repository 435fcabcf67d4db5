from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etd.domain.importance import BANDS, SCALE, ratings
from etd.enums import Importance


@pytest.mark.parametrize(
    ("values", "text", "band"),
    [
        ([7], "7, 1 rater", "critical"),
        ([9, 5], "7 (6 to 8), 2 raters", "critical"),
        # Sorted 3 5 5 6 7 8 8 9 9: the middle one, and those a quarter in from both ends.
        ([7, 5, 8, 3, 9, 5, 9, 6, 8], "7 (5 to 8), 9 raters", "critical"),
        ([1, 2, 3, 4], "2.5 (1.75 to 3.25), 4 raters", "limited"),
        ([3, 4], "3.5 (3.25 to 3.75), 2 raters", ""),
        ([6, 7], "6.5 (6.25 to 6.75), 2 raters", ""),
        ([4, 4, 9], "4 (4 to 6.5), 3 raters", "important"),
    ],
)
def test_median_spread_and_class(values: list[int], text: str, band: str) -> None:
    found = ratings(values)
    assert found is not None
    assert (found.text, found.band) == (text, band)


def test_the_distribution_counts_each_rating() -> None:
    found = ratings([9, 9, 1])
    assert found is not None
    assert found.counts == (1, 0, 0, 0, 0, 0, 0, 0, 2)


def test_nobody_has_rated() -> None:
    assert ratings([]) is None


@pytest.mark.parametrize("values", [[0], [5, 10], [-1, 5]])
def test_there_is_no_rating_outside_the_scale(values: list[int]) -> None:
    with pytest.raises(ValueError, match="from 1 to 9"):
        ratings(values)


@given(st.lists(st.integers(1, 9), min_size=1, max_size=40))
def test_what_holds_for_all_ratings(values: list[int]) -> None:
    found = ratings(values)
    assert found is not None
    assert min(values) <= found.lower_quartile <= found.median <= found.upper_quartile <= max(values)
    assert sum(found.counts) == found.n == len(values)
    assert ratings(values[::-1]) == found


def test_the_bands_are_the_classes_and_cover_the_scale() -> None:
    assert {name for name, _ in BANDS} == set(Importance.values)
    assert [value for _, band in BANDS for value in band] == list(SCALE)
