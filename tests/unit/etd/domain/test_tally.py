"""Counting: exact shares, ties, the middle of a scale, abstentions and votes outside the scale."""

from __future__ import annotations

from collections import Counter
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etd.domain.tally import Item, TallyOption, criterion_item, tally, type_item
from etd.frameworks import get_framework

FRAMEWORK = get_framework("grade_clinical_population", 1)
STEPS = ("no", "probably_no", "probably_yes", "yes")
ASIDE = ("varies", "dont_know")


def item(*, multiple: bool = False) -> Item:
    options = [TallyOption(key, key, key in STEPS) for key in (*STEPS, *ASIDE)]
    return Item("asked", "Asked", "Is it?", tuple(options), multiple)


def votes(**counts: int) -> list[list[str]]:
    return [[key] for key, count in counts.items() for _ in range(count)]


def test_counts_shares_and_abstentions() -> None:
    found = tally(item(), [*votes(yes=3, no=1, dont_know=1), []], n_ballots=8)
    assert (found.n_votes, found.n_abstained, found.n_unsure) == (5, 3, 1)
    assert {counted.option.key: counted.count for counted in found.counts if counted.count} == {
        "yes": 3,
        "no": 1,
        "dont_know": 1,
    }
    assert (found.leading, found.agreement, found.is_tie) == (("yes",), Fraction(3, 5), False)
    assert found.as_json() == {
        "item": "asked",
        "ballots": 8,
        "votes": 5,
        "counts": {"no": 1, "probably_no": 0, "probably_yes": 0, "yes": 3, "varies": 0, "dont_know": 1},
    }


def test_without_votes_there_is_nothing_to_say() -> None:
    found = tally(item(), [[]], n_ballots=4)
    assert (found.leading, found.agreement, found.median, found.disagreement) == ((), None, (), None)
    assert (found.n_votes, found.n_abstained) == (0, 4)


@pytest.mark.parametrize(
    ("cast", "median"),
    [
        (votes(no=1), ("no",)),
        (votes(no=2, yes=1), ("no",)),
        (votes(no=1, probably_no=1, yes=1), ("probably_no",)),
        (votes(no=1, yes=1), ("no", "yes")),
        (votes(no=2, probably_yes=1, yes=1), ("no", "probably_yes")),
        (votes(no=1, varies=5), ("no",)),
        (votes(varies=2), ()),
    ],
)
def test_the_median_lies_on_the_scale(cast: list[list[str]], median: tuple[str, ...]) -> None:
    assert tally(item(), cast, n_ballots=9).median == median


def test_several_options_each_have_their_share() -> None:
    found = tally(item(multiple=True), [["yes", "varies"], ["yes", "varies"], ["no"]], n_ballots=3)
    assert (found.leading, found.agreement, found.is_tie) == (("yes", "varies"), Fraction(2, 3), False)
    assert (found.n_votes, found.n_unsure, found.median) == (3, 2, ())


def test_types_without_a_direction_are_no_scale_and_none_of_them_is_beside_one() -> None:
    types = type_item(get_framework("grade_coverage", 1), "the-type")
    found = tally(types, [[option.key] for option in types.options], n_ballots=5)
    assert (found.n_votes, found.n_unsure, found.median, found.disagreement) == (5, 0, (), Fraction(4, 5))


def test_a_tie_is_one_where_one_option_is_the_answer() -> None:
    found = tally(item(), votes(no=2, yes=2, varies=1), n_ballots=5)
    assert (found.leading, found.is_tie, found.agreement) == (("no", "yes"), True, Fraction(2, 5))


@pytest.mark.parametrize(
    ("cast", "n_ballots", "message"),
    [
        ([["splendid"]], 1, "no option 'splendid'"),
        ([["yes", "no"]], 1, "takes one option"),
        ([["yes"], ["no"]], 1, "2 votes on 1 ballots"),
    ],
)
def test_what_cannot_have_been_cast_is_never_counted(
    cast: list[list[str]], n_ballots: int, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        tally(item(), cast, n_ballots=n_ballots)


single = st.lists(st.sampled_from([*STEPS, *ASIDE]).map(lambda key: [key]) | st.just([]), max_size=40)
several = st.lists(st.lists(st.sampled_from([*STEPS, *ASIDE]), unique=True, max_size=4), max_size=30)


@given(cast=single, spare=st.integers(0, 5))
def test_nothing_is_lost_and_nothing_counted_twice(cast: list[list[str]], spare: int) -> None:
    found = tally(item(), cast, n_ballots=len(cast) + spare)
    assert sum(counted.count for counted in found.counts) == found.n_votes == sum(map(bool, cast))
    assert found.n_votes + found.n_abstained == len(cast) + spare
    expected = Counter(vote[0] for vote in cast if vote)
    assert {c.option.key: c.count for c in found.counts if c.count} == dict(expected)
    if found.n_votes:
        assert found.agreement == Fraction(max(expected.values()), found.n_votes)
        assert set(found.leading) == {key for key, n in expected.items() if n == max(expected.values())}
    steps = sorted(STEPS.index(vote[0]) for vote in cast if vote and vote[0] in STEPS)
    below = [STEPS.index(key) for key in found.median]
    if steps:
        assert sum(step <= below[-1] for step in steps) * 2 >= len(steps)
        assert sum(step >= below[0] for step in steps) * 2 >= len(steps)


@given(cast=several, order=st.randoms())
def test_the_order_of_votes_says_nothing(cast: list[list[str]], order: object) -> None:
    shuffled = list(cast)
    order.shuffle(shuffled)  # type: ignore[attr-defined]
    asked = item(multiple=True)
    assert tally(asked, cast, len(cast)) == tally(asked, shuffled, len(cast))


def test_items_of_the_framework() -> None:
    for criterion in FRAMEWORK.criteria:
        asked = criterion_item(criterion)
        assert {option.key for option in asked.options} == {option.key for option in criterion.options}
        assert [o.key for o in asked.options if o.on_scale] == [option.key for option in criterion.scale]
    types = type_item(FRAMEWORK, "the-type")
    assert [option.direction for option in types.options] == ["against", "against", "either", "for", "for"]
    assert all(option.on_scale for option in types.options)
