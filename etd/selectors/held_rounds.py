"""A question's rounds with their votes as one person stands to them, all of them in a few queries.

What may be seen is decided here. Of a blind round nothing leaves before it is over; an open round shows its tallies
live, to those with a ballot in it. One's own votes are always one's own.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from django.db.models import Count, Exists, OuterRef, Q
from django.utils import timezone

from etd.enums import Role, TallyDisplay
from etd.models import Ballot, PanelMembership, Question, User, Vote, VotingRound
from etd.selectors.declaring import PANEL
from etd.votes import is_over


@dataclass(frozen=True)
class HeldRound:
    """A round, its ballots that are not voided, and whether the viewer holds one and may see its tallies now.

    `may_vote`: they hold a ballot, and their role votes still. A ballot outlives no role.
    `votes` are those that count, in an order that says nothing; empty where the viewer may not see them or nobody
    asked for them. `own` are the viewer's, counted or not.
    """

    stored: VotingRound
    is_over: bool
    n_ballots: int
    holds_ballot: bool
    may_vote: bool
    may_see: bool
    votes: tuple[Vote, ...] = ()
    own: tuple[Vote, ...] = ()

    @property
    def number(self) -> int:
        return self.stored.number

    @property
    def is_closed(self) -> bool:
        """Has somebody written down that it is over?"""
        return self.stored.closed_at is not None

    def asks_about(self, item_key: str) -> bool:
        return item_key in self.stored.item_keys


def rounds_with_votes(question: Question, viewer: User | None) -> tuple[HeldRound, ...]:
    """All rounds, the first first, each with the votes that `viewer` may see (None: those that are printed)."""
    held = _held(question, viewer, role_in(question, viewer) if viewer else None)
    return _with_votes(held, viewer, seen=held, own=held)


def rounds_of_voter(question: Question, viewer: User, role: str) -> tuple[HeldRound, ...]:
    """All rounds, in two queries, with what somebody who votes has before them.

    That is their own votes in the round that nobody has closed and, where they hold a ballot in it, all votes of the
    rounds that last asked about its items. No votes of any other round.
    """
    held = _held(question, viewer, role)
    now = [one for one in held if not one.is_closed]
    keys = {key for one in now if one.holds_ballot and not one.is_over for key in one.stored.item_keys}
    before = {last.number: last for key in keys if (last := last_over(held, key)) is not None}
    return _with_votes(held, viewer, seen=before.values(), own=[one for one in now if one.holds_ballot])


def rounds_with_own_votes(question: Question, viewer: User) -> tuple[HeldRound, ...]:
    """All rounds, in two queries, with the viewer's own votes in the round that nobody has closed and no others."""
    held = _held(question, viewer, None)
    return _with_votes(
        held, viewer, seen=(), own=[one for one in held if not one.is_closed and one.holds_ballot]
    )


def last_over(held: Sequence[HeldRound], item_key: str = "") -> HeldRound | None:
    """The newest round that is over (and asked about the item), recorded as closed or not."""
    return next(
        (one for one in reversed(held) if one.is_over and (not item_key or one.asks_about(item_key))), None
    )


def role_in(question: Question, viewer: User) -> str | None:
    """The viewer's role in the question's guideline now, None for somebody who is not, or no longer, of it."""
    return (
        PanelMembership.objects.filter(guideline_id=question.guideline_id, user=viewer, ended_at__isnull=True)
        .values_list("role", flat=True)
        .first()
    )


def _held(question: Question, viewer: User | None, role: str | None) -> tuple[HeldRound, ...]:
    now = timezone.now()
    standing = Ballot.objects.filter(round=OuterRef("pk"), voided_at__isnull=True)
    mine = standing.filter(member=viewer) if viewer else standing.none()
    voters = PanelMembership.objects.filter(
        guideline=question.guideline_id, role__in=PANEL, ended_at__isnull=True
    ).values("user_id")
    held = []
    for one in (
        VotingRound.objects.filter(question=question)
        .select_related("own_framework")
        .annotate(
            n_standing=Count("ballots", filter=Q(ballots__voided_at__isnull=True)),
            holds_ballot=Exists(mine),
            may_vote=Exists(mine.filter(member__in=voters)),
        )
        .order_by("number")
    ):
        # The question as the page knows it: with its guideline and framework, in no query of its own.
        one.question = question
        over = is_over(one, now)
        if viewer is None:
            may_see = over and one.tally_display != TallyDisplay.NONE
        elif over:
            may_see = role == Role.CHAIR or (role is not None and one.tally_display != TallyDisplay.NONE)
        else:
            may_see = role is not None and not one.blind and one.holds_ballot
        held.append(HeldRound(one, over, one.n_standing, one.holds_ballot, one.may_vote, may_see))
    return tuple(held)


def _with_votes(
    held: Sequence[HeldRound], viewer: User | None, *, seen: Iterable[HeldRound], own: Iterable[HeldRound]
) -> tuple[HeldRound, ...]:
    counted = [one.stored.pk for one in seen if one.may_see]
    wanted = Q(ballot__round__in=counted, ballot__voided_at__isnull=True)
    if viewer is not None:
        wanted |= Q(ballot__round__in=[one.stored.pk for one in own], ballot__member=viewer)
    votes: dict[int, list[Vote]] = {}
    for vote in Vote.objects.filter(wanted).select_related("ballot__member").order_by("commitment"):
        votes.setdefault(vote.ballot.round_id, []).append(vote)
    return tuple(
        replace(
            one,
            votes=tuple(
                vote
                for vote in votes.get(one.stored.pk, ())
                if one.stored.pk in counted and vote.ballot.voided_at is None
            ),
            own=tuple(
                vote
                for vote in votes.get(one.stored.pk, ())
                if viewer is not None and vote.ballot.member_id == viewer.pk
            ),
        )
        for one in held
    )
