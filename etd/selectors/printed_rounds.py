"""Rounds that are over, as the document prints them, each by the setting for tallies that it was opened with.

A round that is open has no place here, not even the fact of it. Of a round whose tallies are not shown ("none") the
fact is printed, as the judgements refer to it and readers must know how a panel decided: when it was, what it asked,
how many could vote, by which rule. No count, no verdict, not how many voted, and no digest of the tallies: the few
counts that a small panel can give are soon tried through.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.utils import timezone

from etd.domain.consensus import rule_from_json
from etd.domain.rule_wording import asks_for
from etd.enums import TallyDisplay
from etd.frameworks import Framework
from etd.models import Ballot, Question, Vote, VotingRound
from etd.selectors.results import ItemResult, RoundSummary, round_results, rounds_of
from etd.selectors.rounds import TallyCell, item_name, tally_cells
from etd.votes import is_over


@dataclass(frozen=True)
class PrintedTally:
    result: ItemResult
    cells: tuple[TallyCell, ...]


@dataclass(frozen=True)
class PrintedRound:
    """`n_cast` ballots hold a vote on at least one item, None where tallies are not shown; then `tallies` is empty.

    `roll` are the names of those with a ballot, where it is said who chose what. `tallies` are in the round's order.
    """

    summary: RoundSummary
    tally_display: str
    items: tuple[str, ...]
    rule_asks: str
    rule_citation: str
    n_cast: int | None
    roll: tuple[str, ...]
    tallies: tuple[PrintedTally, ...]
    tally_digest: str


def printed_rounds(question: Question) -> tuple[PrintedRound, ...]:
    """The rounds that are over, the first first; in one query where there is none, else in five and two a round."""
    now = timezone.now()
    over = [
        one for one in VotingRound.objects.filter(question=question).order_by("number") if is_over(one, now)
    ]
    if not over:
        return ()
    framework = question.framework
    summaries = {summary.id: summary for summary in rounds_of(question)}
    n_cast = _n_cast([one for one in over if one.tally_display != TallyDisplay.NONE])
    rolls = _rolls([one for one in over if one.tally_display == TallyDisplay.NAMED])
    return tuple(
        _printed(question, framework, one, summaries[one.pk], n_cast.get(one.pk), rolls.get(one.pk, ()))
        for one in over
    )


def _printed(
    question: Question,
    framework: Framework,
    voting_round: VotingRound,
    summary: RoundSummary,
    n_cast: int | None,
    roll: tuple[str, ...],
) -> PrintedRound:
    rule = rule_from_json(voting_round.consensus_rule)
    results = round_results(question, voting_round, None)
    found = [results.item(key) for key in summary.item_keys] if results else []
    return PrintedRound(
        summary=summary,
        tally_display=voting_round.tally_display,
        items=tuple(item_name(framework, key).heading for key in summary.item_keys),
        rule_asks=asks_for(rule),
        rule_citation=rule.citation if rule else "",
        n_cast=n_cast,
        roll=roll,
        tallies=tuple(PrintedTally(one, tally_cells(framework, one)) for one in found if one is not None),
        tally_digest=results.tally_digest if results else "",
    )


def _n_cast(rounds: Iterable[VotingRound]) -> dict[int, int]:
    cast: dict[int, set[int]] = {one.pk: set() for one in rounds}
    for round_id, ballot_id, option_keys in Vote.objects.filter(
        ballot__round__in=cast, ballot__voided_at__isnull=True
    ).values_list("ballot__round_id", "ballot_id", "option_keys"):
        if option_keys:
            cast[round_id].add(ballot_id)
    return {round_id: len(ballots) for round_id, ballots in cast.items()}


def _rolls(rounds: Iterable[VotingRound]) -> dict[int, tuple[str, ...]]:
    names: dict[int, list[str]] = {one.pk: [] for one in rounds}
    for ballot in Ballot.objects.filter(round__in=names, voided_at__isnull=True).select_related("member"):
        names[ballot.round_id].append(str(ballot.member))
    return {round_id: tuple(sorted(found)) for round_id, found in names.items()}
