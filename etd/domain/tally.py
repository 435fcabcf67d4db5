"""A tally: how often each option of one item was chosen, and where the middle of the votes lies. Shares are exact."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from etd.domain.disagreement import disagreement
from etd.frameworks.schema import Criterion, Framework, RecommendationDirection


@dataclass(frozen=True)
class TallyOption:
    """An option that can be voted for. `direction` and `strength` are those of a type of recommendation, else ""."""

    key: str
    label: str
    on_scale: bool
    direction: str = ""
    strength: str = ""


@dataclass(frozen=True)
class Item:
    """What one vote is about: a criterion or the type of recommendation. Options in the order of the scale."""

    key: str
    heading: str
    prompt: str
    options: tuple[TallyOption, ...]
    multiple: bool


@dataclass(frozen=True)
class OptionCount:
    option: TallyOption
    count: int


@dataclass(frozen=True)
class Tally:
    """The votes on one item.

    A member who chose an option has voted, also for one outside the scale ("Don't know"): `n_unsure` counts the votes
    with such an option, none where there is no scale, and they stay in every denominator. A ballot without a chosen
    option is an abstention and is in none. `leading` are the options with the most votes, several where they tie.
    `agreement` is the share (0 to 1) of votes for a leading option. `median` is the middle of the votes on the scale,
    as the keys of one option or of the two neighbours that the middle falls between; empty where several options may
    be chosen. `disagreement` (0 to 1) as in `etd.domain.disagreement`. The three are None, or empty, where there are
    too few votes.
    """

    item: Item
    n_ballots: int
    n_votes: int
    n_unsure: int
    counts: tuple[OptionCount, ...]
    leading: tuple[str, ...]
    agreement: Fraction | None
    median: tuple[str, ...]
    disagreement: Fraction | None

    @property
    def n_abstained(self) -> int:
        return self.n_ballots - self.n_votes

    @property
    def is_tie(self) -> bool:
        """Do several options lead where only one can be the answer?"""
        return len(self.leading) > 1 and not self.item.multiple

    def count(self, key: str) -> int:
        return next(counted.count for counted in self.counts if counted.option.key == key)

    def as_json(self) -> dict[str, Any]:
        """The counts alone, from which all else follows: what the digest of a tally is made of."""
        return {
            "item": self.item.key,
            "ballots": self.n_ballots,
            "votes": self.n_votes,
            "counts": {counted.option.key: counted.count for counted in self.counts},
        }


def criterion_item(criterion: Criterion) -> Item:
    """The options of the scale first, then those outside it."""
    ordered = (*criterion.scale, *(option for option in criterion.options if not option.is_scale))
    return Item(
        key=criterion.key,
        heading=criterion.heading,
        prompt=criterion.prompt,
        options=tuple(TallyOption(option.key, option.label, option.is_scale) for option in ordered),
        multiple=criterion.multiple,
    )


def type_item(framework: Framework, key: str) -> Item:
    """The type of recommendation under this key. The types are a scale where each of them has a direction."""
    types = framework.recommendation_types
    ordered = all(t.direction is not RecommendationDirection.NONE for t in types)
    return Item(
        key=key,
        heading=framework.headings.type_of_recommendation,
        prompt="",
        options=tuple(TallyOption(t.key, t.label, ordered, t.direction, t.strength) for t in types),
        multiple=False,
    )


def tally(item: Item, votes: Sequence[Collection[str]], n_ballots: int) -> Tally:
    """Count the votes: each is the options that one member chose, empty for none.

    Raises ValueError for an option that the item does not have, for several where it takes one, and for more votes
    than ballots: what is stored was checked when it was cast, so none of it can be counted as something else.
    """
    chosen = [frozenset(vote) for vote in votes if vote]
    known = {option.key for option in item.options}
    if unknown := sorted(set().union(*chosen) - known):
        raise ValueError(f"'{item.key}' has no option '{unknown[0]}'")
    if not item.multiple and any(len(vote) > 1 for vote in chosen):
        raise ValueError(f"'{item.key}' takes one option, a vote names several")
    if len(votes) > n_ballots:
        raise ValueError(f"'{item.key}' has {len(votes)} votes on {n_ballots} ballots")
    counts = tuple(OptionCount(option, sum(option.key in vote for vote in chosen)) for option in item.options)
    most = max((counted.count for counted in counts), default=0)
    has_scale = any(option.on_scale for option in item.options)
    aside = {option.key for option in item.options if has_scale and not option.on_scale}
    return Tally(
        item=item,
        n_ballots=n_ballots,
        n_votes=len(chosen),
        n_unsure=sum(bool(vote & aside) for vote in chosen),
        counts=counts,
        leading=tuple(c.option.key for c in counts if most and c.count == most),
        agreement=Fraction(most, len(chosen)) if chosen else None,
        median=() if item.multiple else _median(counts),
        disagreement=disagreement(
            [option.key for option in item.options if option.on_scale], chosen, multiple=item.multiple
        ),
    )


def _median(counts: Sequence[OptionCount]) -> tuple[str, ...]:
    steps = [
        counted.option.key for counted in counts if counted.option.on_scale for _ in range(counted.count)
    ]
    if not steps:
        return ()
    return tuple(dict.fromkeys((steps[(len(steps) - 1) // 2], steps[len(steps) // 2])))
