"""Rounds that are over, as the document prints them, each by the setting for tallies that it was opened with.

A round that is open has no place here, not even the fact of it. Of a round whose tallies are not shown ("none") the
fact is printed, as the judgements refer to it and readers must know how a panel decided: when it was, what it asked,
how many could vote, by which rule. No count, no verdict, not how many voted, and no digest of the tallies: the few
counts that a small panel can give are soon tried through.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone

from etd.domain.consensus import rule_from_json
from etd.domain.rule_wording import asks_for
from etd.enums import TallyDisplay
from etd.models import Ballot, Question
from etd.selectors.held_rounds import HeldRound, rounds_with_votes
from etd.selectors.results import ItemResult, RoundSummary, results_of, summary_of
from etd.selectors.rounds import TallyCell, item_name, tally_cells


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
    """The rounds that are over, the first first; in one query where there is none, else in three."""
    over = [one for one in rounds_with_votes(question, None) if one.is_over]
    if not over:
        return ()
    ballots: dict[int, list[Ballot]] = {one.stored.pk: [] for one in over}
    for ballot in Ballot.objects.filter(round__in=ballots).select_related("member"):
        ballots[ballot.round_id].append(ballot)
    now = timezone.now()
    return tuple(_printed(one, ballots[one.stored.pk], now) for one in over)


def _printed(one: HeldRound, ballots: Sequence[Ballot], now: datetime) -> PrintedRound:
    summary = summary_of(one.stored, [ballot.voided_at is None for ballot in ballots], now)
    framework = one.stored.framework
    rule = rule_from_json(one.stored.consensus_rule)
    results = results_of(one)
    found = [results.item(key) for key in summary.item_keys] if results else []
    return PrintedRound(
        summary=summary,
        tally_display=one.stored.tally_display,
        items=tuple(item_name(framework, key).heading for key in summary.item_keys),
        rule_asks=asks_for(rule),
        rule_citation=rule.citation if rule else "",
        n_cast=len({vote.ballot_id for vote in one.votes if vote.option_keys}) if results else None,
        roll=_roll(ballots) if one.stored.tally_display == TallyDisplay.NAMED else (),
        tallies=tuple(PrintedTally(item, tally_cells(framework, item)) for item in found if item is not None),
        tally_digest=results.tally_digest if results else "",
    )


def _roll(ballots: Iterable[Ballot]) -> tuple[str, ...]:
    return tuple(sorted(str(ballot.member) for ballot in ballots if ballot.voided_at is None))
