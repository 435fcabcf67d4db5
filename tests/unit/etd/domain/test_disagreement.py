"""The index that orders an agenda: Blair and Lacy's 1 - l² on a scale, Rao's quadratic entropy beyond it."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etd.domain.disagreement import disagreement

SCALE = ("no", "probably_no", "probably_yes", "yes")
ANY = (*SCALE, "varies", "dont_know")


def of(*votes: str) -> Fraction | None:
    return disagreement(SCALE, [frozenset({vote}) for vote in votes], multiple=False)


@pytest.mark.parametrize(
    ("votes", "index"),
    [
        (["yes"] * 6, Fraction(0)),
        (["no", "yes"], Fraction(1)),
        (["no"] * 5 + ["yes"] * 5, Fraction(1)),
        (["probably_yes", "yes"], Fraction(1, 3)),
        (["yes", "yes", "yes", "no"], Fraction(3, 4)),
        (["yes", "dont_know"], Fraction(1, 2)),
        (["varies", "dont_know"], Fraction(1, 2)),
        (["varies"] * 3, Fraction(0)),
        (["no", "probably_no", "probably_yes", "yes"], Fraction(5, 6)),
    ],
)
def test_worked_out_by_hand(votes: list[str], index: Fraction) -> None:
    assert of(*votes) == index


def test_below_two_votes_there_is_none() -> None:
    assert of() is None
    assert of("yes") is None


def blair_lacy(votes: list[str]) -> Fraction:
    """1 - l² from the cumulative shares, as Blair and Lacy write it."""
    k = len(SCALE)
    shares = [Fraction(sum(SCALE.index(vote) <= step for vote in votes), len(votes)) for step in range(k - 1)]
    return 1 - sum((share - Fraction(1, 2)) ** 2 for share in shares) / Fraction(k - 1, 4)


@given(st.lists(st.sampled_from(SCALE), min_size=2, max_size=30))
def test_on_a_scale_it_is_one_minus_l_squared(votes: list[str]) -> None:
    assert of(*votes) == blair_lacy(votes)


@given(st.lists(st.sampled_from(ANY), min_size=2, max_size=30))
def test_from_zero_for_one_opinion_to_one(votes: list[str]) -> None:
    index = of(*votes)
    assert index is not None
    assert 0 <= index <= 1
    assert (index == 0) == (len(set(votes)) == 1)
    turned = {**dict(zip(SCALE, reversed(SCALE), strict=True)), "varies": "varies", "dont_know": "dont_know"}
    assert of(*(turned[vote] for vote in votes)) == index, "a scale read from its other end is the same scale"


@given(st.lists(st.frozensets(st.sampled_from(ANY), min_size=1), min_size=2, max_size=20))
def test_several_options(votes: list[frozenset[str]]) -> None:
    index = disagreement(SCALE, votes, multiple=True)
    assert index is not None
    assert 0 <= index <= 1
    assert (index == 0) == (len(set(votes)) == 1)


def test_several_options_by_what_they_have_in_common() -> None:
    votes = [frozenset({"no", "varies"}), frozenset({"yes", "varies"})]
    assert disagreement(SCALE, votes, multiple=True) == Fraction(2, 3)
    assert disagreement(SCALE, [frozenset({key}) for key in ("no", "yes", "varies")], multiple=True) == 1
