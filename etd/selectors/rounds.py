"""What the pages of voting rounds show: tallies laid out on the scale, how the panel moved, feedback for voters.

Everything here that speaks of votes comes through `round_results`, which decides what may be seen; the one exception is
the viewer's own votes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from etd.domain.consensus import rule_from_json
from etd.domain.rule_wording import asks_for
from etd.enums import RECOMMENDATION_TYPE_ITEM
from etd.frameworks import Framework
from etd.letters import MORE_TIME, OPENED, REMINDER, RoundLetter, letters_of
from etd.models import Ballot, Question, User, Vote, VotingRound
from etd.selectors.held_rounds import HeldRound, last_over
from etd.selectors.question import recommendation_types
from etd.selectors.results import ItemResult, OptionResult, RoundResults, results_of
from etd.selectors.voting import VoteView, vote_view
from etd.votes import item_of


@dataclass(frozen=True)
class TallyCell:
    """One option on the scale with its votes. `height` is its share of the votes as a whole percentage, for a bar.

    `column` is that of the judgement scale, 1 to 7, and `tone` the style of a type of recommendation.
    """

    option: OptionResult
    column: int
    direction: str
    tone: str
    height: int
    leads: bool
    is_mine: bool

    @property
    def aside(self) -> bool:
        return not self.option.on_scale


@dataclass(frozen=True)
class EarlierTally:
    """The same item in a round before."""

    number: int
    result: ItemResult
    cells: tuple[TallyCell, ...]


@dataclass(frozen=True)
class ItemTally:
    """One item of a round that is over, or of an open round as it stands, laid out on its scale."""

    result: ItemResult
    heading: str
    prompt: str
    is_type: bool
    round_number: int
    rule_asks: str
    cells: tuple[TallyCell, ...]
    earlier: tuple[EarlierTally, ...]

    @property
    def round_number_text(self) -> str:
        return str(self.round_number)

    @property
    def with_reasons(self) -> tuple[OptionResult, ...]:
        return tuple(option for option in self.result.options if option.reasons)


@dataclass(frozen=True)
class ItemName:
    """An item of a round, by name."""

    key: str
    heading: str
    prompt: str
    is_type: bool


@dataclass(frozen=True)
class Letters:
    """What a chair is told of the e-mail about a round: the last of each kind, None where there was none."""

    invitation: RoundLetter | None
    reminder: RoundLetter | None


def letters(voting_round: VotingRound) -> Letters:
    """The newest letter that asked for votes, at the opening or with more time, and the newest reminder."""
    sent = letters_of(voting_round)
    return Letters(
        invitation=next((one for one in reversed(sent) if one.kind in (OPENED, MORE_TIME)), None),
        reminder=next((one for one in reversed(sent) if one.kind == REMINDER), None),
    )


def find_round(question: Question, number: int) -> VotingRound | None:
    return VotingRound.objects.filter(question=question, number=number).select_related("question").first()


def item_names(question: Question) -> tuple[ItemName, ...]:
    """Everything that a round can ask about, in the framework's order, the type of recommendation last."""
    framework = question.framework
    return tuple(
        item_name(framework, key) for key in (*(c.key for c in framework.criteria), RECOMMENDATION_TYPE_ITEM)
    )


def item_name(framework: Framework, item_key: str) -> ItemName:
    """Raises UnknownKey for what the framework does not have."""
    if item_key == RECOMMENDATION_TYPE_ITEM:
        return ItemName(item_key, framework.headings.type_of_recommendation.capitalize(), "", is_type=True)
    criterion = framework.criterion(item_key)
    return ItemName(item_key, criterion.heading, criterion.prompt, is_type=False)


def option_labels(framework: Framework, item_key: str, option_keys: tuple[str, ...]) -> tuple[str, ...]:
    labels = {option.key: option.label for option in item_of(framework, item_key).options}
    return tuple(labels[key] for key in option_keys)


def laid_out(held: Sequence[HeldRound], one: HeldRound) -> tuple[RoundResults, tuple[ItemTally, ...]] | None:
    """The results of one of these rounds with each item laid out; None where the viewer may see nothing of them.

    `held` as `rounds_with_votes` reads them.
    """
    results = results_of(one)
    if results is None:
        return None
    before = [
        found
        for earlier in held
        if earlier.number < one.number and (found := results_of(earlier)) is not None
    ]
    mine = {vote.item_key: vote for vote in one.own}
    return results, tuple(
        _laid_out(one.stored, result, before, mine.get(result.key)) for result in results.items
    )


def feedback(held: Sequence[HeldRound]) -> dict[str, ItemTally]:
    """What the last round before the open one found of each item of it, as far as may be seen.

    `held` as `rounds_of_voter` reads them: without the rounds before that last one.
    """
    current = next((one for one in held if not one.is_closed), None)
    if current is None:
        return {}
    found: dict[str, ItemTally] = {}
    last = {key: last_over(held, key) for key in current.stored.item_keys}
    for one in held:
        keys = [key for key, asked in last.items() if asked is one]
        results = results_of(one) if keys else None
        mine = {vote.item_key: vote for vote in one.own}
        for result in results.items if results else ():
            if result.key in keys:
                found[result.key] = _laid_out(one.stored, result, [], mine.get(result.key))
    return found


def own_votes(one: HeldRound) -> dict[str, VoteView]:
    """The viewer's own votes in a round, also in one that is over; item key to vote."""
    return {vote.item_key: vote_view(vote) for vote in one.own}


def own_ballot(voting_round: VotingRound, viewer: User) -> Ballot | None:
    return Ballot.objects.filter(round=voting_round, member=viewer).first()


def _laid_out(
    voting_round: VotingRound, result: ItemResult, before: list[RoundResults], mine: Vote | None
) -> ItemTally:
    framework = voting_round.framework
    name = item_name(framework, result.key)
    earlier = [(one.number, found) for one in before if (found := one.item(result.key)) is not None]
    return ItemTally(
        result=result,
        heading=name.heading,
        prompt=name.prompt,
        is_type=name.is_type,
        round_number=voting_round.number,
        rule_asks=asks_for(rule_from_json(voting_round.consensus_rule)),
        cells=tally_cells(framework, result, tuple(mine.option_keys) if mine else ()),
        earlier=tuple(
            EarlierTally(number, found, tally_cells(framework, found)) for number, found in reversed(earlier)
        ),
    )


def tally_cells(
    framework: Framework, result: ItemResult, mine: tuple[str, ...] = ()
) -> tuple[TallyCell, ...]:
    """The result of an item on its scale, or by types of recommendation; `mine` are the keys of the viewer's vote."""
    if result.key == RECOMMENDATION_TYPE_ITEM:
        places = {
            one.key: (column, "", one.tone)
            for column, one in enumerate(recommendation_types(framework, ""), start=1)
        }
    else:
        criterion = framework.criterion(result.key)
        places = {option.key: (option.column, str(option.direction), "") for option in criterion.options}
    return tuple(
        TallyCell(
            option=option,
            column=places[option.key][0],
            direction=places[option.key][1],
            tone=places[option.key][2],
            height=round(100 * option.count / result.n_votes) if result.n_votes else 0,
            leads=option.label in result.leading,
            is_mine=option.key in mine,
        )
        for option in result.options
    )
