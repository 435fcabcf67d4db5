"""What a round found, as one person may see it: tallies by disagreement, reasons, and receipts.

Of a blind round nothing leaves before it is over: no vote, no count, no order. The one thing a chair sees of it is how
many items each member has voted on. An open round shows its tallies live, to those with a ballot in it.

Small panels: where names are withheld and fewer than five members voted on an item, counts by option stay (a panel must
see where it differs) but percentages do not (a share of three votes says more than it knows), and reasons are listed
together, not under the option their author chose. Reasons without names are never under an option where it is
said who chose what.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction

from django.utils import timezone

from etd.domain.canonical import canonical_json
from etd.domain.consensus import percent, rule_from_json, verdict
from etd.domain.tally import OptionCount, Tally
from etd.enums import Confidence, Role, TallyDisplay
from etd.models import AuditEvent, Ballot, Question, User, Vote, VotingRound
from etd.selectors.held_rounds import HeldRound, role_in, rounds_with_votes
from etd.votes import is_over, tallies

SMALL_PANEL = 5


@dataclass(frozen=True)
class ReasonView:
    """What a member wrote; `name` is empty where names are withheld."""

    text: str
    name: str


@dataclass(frozen=True)
class OptionResult:
    """`share` is empty, and `names` and `reasons` are, where they are withheld."""

    key: str
    label: str
    on_scale: bool
    count: int
    share: str
    names: tuple[str, ...]
    reasons: tuple[ReasonView, ...]


@dataclass(frozen=True)
class ItemResult:
    """The result of one item. `disagreement` is 0 to 1, None below two votes.

    `is_met` is the verdict of the round's rule: None where the rule does not speak of such an item. `is_small` says
    that percentages and the options of reasons are withheld for so few votes. `reasons` are those under no option.
    """

    key: str
    heading: str
    n_ballots: int
    n_votes: int
    n_abstained: int
    n_unsure: int
    options: tuple[OptionResult, ...]
    leading: tuple[str, ...]
    median: tuple[str, ...]
    verdict: str
    is_met: bool | None
    disagreement: float | None
    confidence: tuple[tuple[str, int], ...]
    reasons: tuple[ReasonView, ...]
    is_small: bool


@dataclass(frozen=True)
class RoundResults:
    """A round's results, the item with the most disagreement first (equal ones in the round's order)."""

    number: int
    blind: bool
    is_over: bool
    opened_at: datetime
    ended_at: datetime | None
    rule: str
    rule_citation: str
    tally_display: str
    reasons_named: bool
    tally_digest: str
    items: tuple[ItemResult, ...]

    def item(self, key: str) -> ItemResult | None:
        return next((item for item in self.items if item.key == key), None)


@dataclass(frozen=True)
class RoundSummary:
    """A round in the list of a question's rounds; `n_voided` ballots are not in `n_ballots`.

    `quorum` is the share of the ballots that must hold a vote, such as `60%`, empty where the rule asks for none.
    """

    id: int
    number: int
    blind: bool
    is_over: bool
    opened_at: datetime
    closes_at: datetime | None
    ended_at: datetime | None
    by_time: bool
    item_keys: tuple[str, ...]
    n_ballots: int
    n_voided: int
    rule: str
    quorum: str


@dataclass(frozen=True)
class BallotProgress:
    """How many items a member has voted on: all that a chair sees of an open blind round."""

    ballot_id: int
    name: str
    n_items: int
    n_voted: int
    is_voided: bool


@dataclass(frozen=True)
class ReceiptCheck:
    """What is known of a receipt. `is_counted` is None while the round is open; `why_not` says why not."""

    stands: bool
    round_number: int | None
    item_key: str
    cast_at: datetime | None
    is_counted: bool | None
    why_not: str


NO_RECEIPT = ReceiptCheck(False, None, "", None, None, "No vote on this question has this receipt.")


def round_results(question: Question, voting_round: VotingRound, viewer: User | None) -> RoundResults | None:
    """The results as `viewer` may see them (None: as they are printed); None where they may see nothing.

    Before the round is over: nobody of a blind one, the holders of a valid ballot of an open one. Once it is over:
    every present member of the guideline, but the chair alone where tallies are not shown; nor are those printed.
    """
    held = rounds_with_votes(question, viewer)
    return next((results_of(one) for one in held if one.stored.pk == voting_round.pk), None)


def results_of(held: HeldRound) -> RoundResults | None:
    """As `round_results`, without a query, of a round that was read with its votes."""
    if not held.may_see:
        return None
    stored = held.stored
    rule = rule_from_json(stored.consensus_rule)
    counted = sorted(
        tallies(stored, held.votes, held.n_ballots).values(),
        key=lambda one: -1 if one.disagreement is None else one.disagreement,
        reverse=True,
    )
    return RoundResults(
        number=stored.number,
        blind=stored.blind,
        is_over=held.is_over,
        opened_at=stored.opened_at,
        ended_at=_ended_at(stored, timezone.now()),
        rule=rule.label if rule else "",
        rule_citation=rule.citation if rule else "",
        tally_display=stored.tally_display,
        reasons_named=stored.reasons_named,
        tally_digest=stored.tally_digest,
        items=tuple(
            _item(stored, one, [vote for vote in held.votes if vote.item_key == one.item.key])
            for one in counted
        ),
    )


def rounds_of(question: Question) -> tuple[RoundSummary, ...]:
    """The question's rounds, the first first, in two queries; nothing in it depends on a vote."""
    now = timezone.now()
    ballots: dict[int, list[bool]] = {}
    for round_id, voided_at in Ballot.objects.filter(round__question=question).values_list(
        "round_id", "voided_at"
    ):
        ballots.setdefault(round_id, []).append(voided_at is None)
    return tuple(
        summary_of(one, ballots.get(one.pk, []), now)
        for one in VotingRound.objects.filter(question=question).order_by("number")
    )


def ballot_progress(
    question: Question, voting_round: VotingRound, viewer: User
) -> tuple[BallotProgress, ...]:
    """Each ballot of a round with how many items were voted on, by name, for chairs of the guideline; else empty."""
    if role_in(question, viewer) != Role.CHAIR:
        return ()
    voted: dict[int, int] = {}
    for ballot_id, option_keys in Vote.objects.filter(ballot__round=voting_round).values_list(
        "ballot_id", "option_keys"
    ):
        voted[ballot_id] = voted.get(ballot_id, 0) + bool(option_keys)
    ballots = Ballot.objects.filter(round=voting_round).select_related("member")
    return tuple(
        BallotProgress(
            ballot_id=ballot.pk,
            name=str(ballot.member),
            n_items=len(voting_round.item_keys),
            n_voted=voted.get(ballot.pk, 0),
            is_voided=ballot.voided_at is not None,
        )
        for ballot in sorted(ballots, key=lambda ballot: (str(ballot.member), ballot.pk))
    )


def receipt(vote: Vote) -> str:
    """The code that a member gets for a vote: its commitment, which the audit trail holds."""
    return vote.commitment


def check_receipt(question: Question, code: str) -> ReceiptCheck:
    """Does this receipt stand in the audit trail, and is its vote counted? Never whose it is.

    While the round is open, only that it stands: whether a later vote has taken its place is its owner's to know.
    """
    code = code.strip().lower()
    event = AuditEvent.objects.filter(
        guideline=question.guideline.slug,
        question=question.slug,
        type="vote_cast",
        after=canonical_json({"commitment": code}),
    ).first()
    if event is None:
        return NO_RECEIPT
    number, _, item_key = event.subject.removeprefix("Round ").partition(", ")
    voting_round = VotingRound.objects.get(question=question, number=int(number))
    counted, why_not = _is_counted(voting_round, code)
    return ReceiptCheck(True, voting_round.number, item_key, event.at, counted, why_not)


def _is_counted(voting_round: VotingRound, code: str) -> tuple[bool | None, str]:
    if not is_over(voting_round, timezone.now()):
        return None, "The round is open: votes are counted when it is over."
    vote = Vote.objects.filter(ballot__round=voting_round, commitment=code).select_related("ballot").first()
    if vote is None:
        return False, "A later vote by the same member has taken its place."
    if vote.ballot.voided_at is not None:
        return False, "The ballot was voided."
    if not vote.option_keys:
        return False, "It holds a reason without a chosen option."
    return True, ""


def _ended_at(voting_round: VotingRound, now: datetime) -> datetime | None:
    if voting_round.closed_at is not None:
        return voting_round.closed_at
    return voting_round.closes_at if is_over(voting_round, now) else None


def summary_of(voting_round: VotingRound, valid: Sequence[bool], now: datetime) -> RoundSummary:
    """`valid` says of each of its ballots whether it stands."""
    rule = rule_from_json(voting_round.consensus_rule)
    ended_at = _ended_at(voting_round, now)
    return RoundSummary(
        id=voting_round.pk,
        number=voting_round.number,
        blind=voting_round.blind,
        is_over=ended_at is not None,
        opened_at=voting_round.opened_at,
        closes_at=voting_round.closes_at,
        ended_at=ended_at,
        by_time=ended_at is not None and ended_at == voting_round.closes_at,
        item_keys=tuple(voting_round.item_keys),
        n_ballots=sum(valid),
        n_voided=len(valid) - sum(valid),
        rule=rule.label if rule else "",
        quorum=percent(rule.quorum) if rule and rule.quorum else "",
    )


def _item(voting_round: VotingRound, one: Tally, votes: list[Vote]) -> ItemResult:
    named = voting_round.tally_display == TallyDisplay.NAMED
    few = one.n_votes < SMALL_PANEL
    with_share = named or not few
    by_option = voting_round.reasons_named or not (named or few)
    found = verdict(rule_from_json(voting_round.consensus_rule), one)
    labels = {option.key: option.label for option in one.item.options}
    loose = [vote for vote in votes if not (by_option and vote.option_keys)]
    return ItemResult(
        key=one.item.key,
        heading=one.item.heading,
        n_ballots=one.n_ballots,
        n_votes=one.n_votes,
        n_abstained=one.n_abstained,
        n_unsure=one.n_unsure,
        options=tuple(
            OptionResult(
                key=counted.option.key,
                label=counted.option.label,
                on_scale=counted.option.on_scale,
                count=counted.count,
                share=_share(counted, one.n_votes) if with_share else "",
                names=_names(votes, counted.option.key) if named else (),
                reasons=_reasons(
                    [vote for vote in votes if by_option and counted.option.key in vote.option_keys],
                    named=voting_round.reasons_named,
                ),
            )
            for counted in one.counts
        ),
        leading=tuple(labels[key] for key in one.leading),
        median=tuple(labels[key] for key in one.median),
        verdict=found.wording(with_share=with_share),
        is_met=found.met,
        disagreement=None if one.disagreement is None else float(one.disagreement),
        confidence=_confidence(votes),
        reasons=_reasons(loose, named=voting_round.reasons_named),
        is_small=not with_share,
    )


def _share(counted: OptionCount, n_votes: int) -> str:
    return percent(Fraction(counted.count, n_votes)) if n_votes else ""


def _names(votes: Iterable[Vote], option_key: str) -> tuple[str, ...]:
    return tuple(sorted(str(vote.ballot.member) for vote in votes if option_key in vote.option_keys))


def _reasons(votes: Iterable[Vote], *, named: bool) -> tuple[ReasonView, ...]:
    """In the order of the votes, which is that of their commitments and says nothing."""
    return tuple(
        ReasonView(vote.comment, str(vote.ballot.member) if named else "") for vote in votes if vote.comment
    )


def _confidence(votes: Iterable[Vote]) -> tuple[tuple[str, int], ...]:
    counts = dict.fromkeys(Confidence.values, 0)
    for vote in votes:
        if vote.option_keys and vote.confidence:
            counts[vote.confidence] += 1
    return tuple((Confidence(level).label, count) for level, count in counts.items() if count)
