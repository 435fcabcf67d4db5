"""Rules for consensus at and around their thresholds, and what they say."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etd.domain.consensus import (
    AWMF,
    GRADE_GRID,
    NO_RULE,
    OWN,
    PRESETS,
    WHO_TWO_THIRDS,
    Rule,
    Verdict,
    own_rule,
    percent,
    rule_from_json,
    rule_of,
    rule_to_json,
    verdict,
    with_quorum,
)
from etd.domain.rule_wording import asks_for
from etd.domain.tally import Item, Tally, TallyOption, tally, type_item
from etd.enums import ConsensusPreset
from etd.frameworks import get_framework

CRITERION = Item(
    "asked", "Asked", "", tuple(TallyOption(k, k, on_scale=True) for k in "abcd"), multiple=False
)
TYPE = type_item(get_framework("grade_clinical_population", 1), "the-type")


def of(*counts: int, item: Item = CRITERION, silent: int = 0) -> Tally:
    """A tally with so many votes for each option, in the order of the options, and `silent` ballots without one."""
    votes = [[option.key] for option, n in zip(item.options, counts, strict=False) for _ in range(n)]
    return tally(item, votes, n_ballots=len(votes) + silent)


@pytest.mark.parametrize(
    ("rule", "counts", "label", "met"),
    [
        (AWMF, (24, 1), "strong consensus", True),
        (AWMF, (19, 1), "consensus", True),  # 95 % is not more than 95 %
        (AWMF, (96, 4), "strong consensus", True),
        (AWMF, (3, 1), "majority agreement", False),  # 75 % is not more than 75 %
        (AWMF, (76, 24), "consensus", True),
        (AWMF, (51, 49), "majority agreement", False),
        (AWMF, (1, 1), "no consensus", False),
        (AWMF, (2, 1, 1), "no consensus", False),
        (WHO_TWO_THIRDS, (2, 1), "no two-thirds majority", False),  # 2 of 3 are not more than two thirds
        (WHO_TWO_THIRDS, (67, 33), "more than two thirds agree", True),
        (WHO_TWO_THIRDS, (666, 334), "no two-thirds majority", False),
        (own_rule(80), (4, 1), "consensus", True),
        (own_rule(80), (79, 21), "no consensus", False),
        (own_rule(50), (2, 1, 1), "consensus", True),
        (own_rule(50), (1, 1), "no consensus", False),  # a tie is no answer
    ],
)
def test_shares_of_the_leading_option(rule: Rule, counts: tuple[int, ...], label: str, met: bool) -> None:
    found = verdict(rule, of(*counts))
    assert (found.label, found.met) == (label, met)
    assert (found.n_agree, found.n_votes) == (max(counts), sum(counts))
    assert set(found.agreed) == {key for key, n in zip("abcd", counts, strict=False) if n == max(counts)}


STRONG_AGAINST, AGAINST, EITHER, FOR, STRONG_FOR = (option.key for option in TYPE.options)


# Votes for: strong against, conditional against, either, conditional for, strong for.
@pytest.mark.parametrize(
    ("counts", "label", "met", "n_agree", "agreed"),
    [
        ((0, 0, 2, 1, 7), "strong recommendation for the intervention", True, 7, STRONG_FOR),
        ((0, 0, 3, 1, 6), "conditional recommendation for the intervention", True, 7, FOR),
        ((0, 1, 4, 5, 0), "conditional recommendation for the intervention", True, 5, FOR),
        ((0, 2, 3, 5, 0), "no recommendation for or against", False, 5, FOR),  # 20 % prefer the comparison
        ((0, 0, 6, 4, 0), "no recommendation for or against", False, 4, EITHER),
        ((7, 1, 1, 1, 0), "strong recommendation against the intervention", True, 7, STRONG_AGAINST),
        ((2, 4, 3, 1, 0), "conditional recommendation against the intervention", True, 6, AGAINST),
    ],
)
def test_the_grade_grid(counts: tuple[int, ...], label: str, met: bool, n_agree: int, agreed: str) -> None:
    """`agreed` is the type of that side and strength: in the second row not the one with the most votes."""
    found = verdict(GRADE_GRID, of(*counts, item=TYPE))
    assert found == Verdict(label, met, n_agree, 10, (agreed,))


def test_the_grade_grid_speaks_in_the_words_of_the_framework() -> None:
    weak = type_item(get_framework("grade_test_population", 1).worded("weak"), "the-type")
    assert verdict(GRADE_GRID, of(0, 0, 3, 1, 6, item=weak)).label == "weak recommendation for the test"
    assert verdict(GRADE_GRID, of(7, 1, 1, 1, 0, item=weak)).label == "strong recommendation against the test"


def test_the_grade_grid_says_nothing_of_types_without_a_direction() -> None:
    coverage = type_item(get_framework("grade_coverage", 1), "the-type")
    found = verdict(GRADE_GRID, of(3, 0, 0, 0, 1, item=coverage))
    assert (found.met, found.agreed) == (None, (coverage.options[0].key,))


def test_the_grade_grid_says_nothing_of_a_criterion() -> None:
    found = verdict(GRADE_GRID, of(9, 1))
    assert found.met is None
    assert found.wording() == "the GRADE grid speaks of recommendations for or against only"


def test_without_votes_or_without_a_rule() -> None:
    assert [(verdict(rule, of(item=TYPE)).label, verdict(rule, of(item=TYPE)).met) for rule in PRESETS] == [
        ("no votes", False)
    ] * 3
    assert verdict(None, of(3)) == replace(NO_RULE, agreed=("a",))
    assert verdict(None, of(3)).wording() == "no rule for consensus"


@pytest.mark.parametrize(
    ("rule", "quorum", "n_votes", "n_ballots", "found"),
    [
        (AWMF, 60, 7, 12, "no quorum (7 of 12 voted; 8 needed)"),  # 60 % of 12 are 7.2
        (AWMF, 60, 8, 12, "strong consensus, 100% (8 of 8)"),
        (AWMF, 50, 6, 12, "strong consensus, 100% (6 of 6)"),
        (AWMF, 51, 6, 12, "no quorum (6 of 12 voted; 7 needed)"),
        (own_rule(50), 100, 11, 12, "no quorum (11 of 12 voted; 12 needed)"),
        (AWMF, 1, 1, 12, "strong consensus, 100% (1 of 1)"),
        (AWMF, None, 1, 12, "strong consensus, 100% (1 of 1)"),
        (AWMF, 60, 0, 12, "no votes"),
    ],
)
def test_a_quorum(rule: Rule, quorum: int | None, n_votes: int, n_ballots: int, found: str) -> None:
    seen = verdict(with_quorum(rule, quorum), of(n_votes, silent=n_ballots - n_votes))
    assert (seen.wording(), seen.met) == (found, found.startswith("strong"))


def test_a_quorum_holds_for_the_grade_grid_where_it_speaks() -> None:
    rule = with_quorum(GRADE_GRID, 80)
    assert (
        verdict(rule, of(0, 0, 0, 0, 3, item=TYPE, silent=2)).wording()
        == "no quorum (3 of 5 voted; 4 needed)"
    )
    assert verdict(rule, of(3, silent=2)).met is None


def test_what_a_rule_asks_for_names_its_quorum() -> None:
    assert asks_for(AWMF) == "more than 75%"
    assert asks_for(with_quorum(AWMF, 60)) == "more than 75%, with votes on at least 60% of the ballots"


@pytest.mark.parametrize("quorum", [0, -1, 101])
def test_quorums_that_cannot_be(quorum: int) -> None:
    with pytest.raises(ValueError, match="between 1 and 100 percent"):
        with_quorum(AWMF, quorum)


@given(
    quorum=st.integers(1, 100),
    counts=st.lists(st.integers(0, 20), min_size=4, max_size=4),
    silent=st.integers(0, 30),
)
def test_a_quorum_takes_away_a_consensus_or_leaves_the_verdict_as_it_is(
    quorum: int, counts: list[int], silent: int
) -> None:
    one = of(*counts, silent=silent)
    for rule in (AWMF, WHO_TWO_THIRDS, own_rule(60)):
        strict = with_quorum(rule, quorum)
        needed = strict.votes_needed(one.n_ballots)
        assert 100 * needed >= quorum * one.n_ballots > 100 * (needed - 1)
        if 100 * one.n_votes >= quorum * one.n_ballots:
            assert verdict(strict, one) == verdict(rule, one)
        else:
            assert verdict(strict, one).met is False
        assert rule_from_json(rule_to_json(strict)) == strict


def test_wording() -> None:
    assert verdict(AWMF, of(24, 1)).wording() == "strong consensus, 96% (24 of 25)"
    assert verdict(WHO_TWO_THIRDS, of(2, 1)).wording() == "no two-thirds majority, 66.7% (2 of 3)"
    assert verdict(AWMF, of(4)).wording(with_share=False) == "strong consensus, 4 of 4"
    assert [percent(Fraction(*share)) for share in ((0, 1), (1, 8), (1, 1), (1, 3))] == [
        "0%",
        "12.5%",
        "100%",
        "33.3%",
    ]


@pytest.mark.parametrize("rule", [*PRESETS, own_rule(80)])
def test_a_frozen_rule_is_the_rule(rule: Rule) -> None:
    assert rule_from_json(rule_to_json(rule)) == rule
    assert rule.citation


def test_the_settings_offer_the_rules_that_there_are() -> None:
    assert set(ConsensusPreset.values) == {rule.key for rule in PRESETS} | {OWN}
    assert [rule_of(rule.key, None) for rule in PRESETS] == list(PRESETS)
    assert rule_of(OWN, 75) == own_rule(75)
    assert rule_from_json({}) is None


@pytest.mark.parametrize(
    ("preset", "threshold"), [("gut", None), (OWN, None), (OWN, 49), (OWN, 101)], ids=str
)
def test_rules_that_cannot_be(preset: str, threshold: int | None) -> None:
    with pytest.raises(ValueError, match=r"threshold|no rule"):
        rule_of(preset, threshold)


@given(counts=st.lists(st.integers(0, 30), min_size=4, max_size=4), more=st.integers(1, 5))
def test_more_agreement_never_makes_it_worse(counts: list[int], more: int) -> None:
    counts.sort(reverse=True)
    stronger = [counts[0] + more, *counts[1:]]
    for rule in (AWMF, WHO_TWO_THIRDS, own_rule(60)):
        if verdict(rule, of(*counts)).met:
            assert verdict(rule, of(*stronger)).met
