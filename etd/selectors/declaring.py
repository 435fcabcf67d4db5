"""Around declarations of interests: what they can be about, who is asked for one, what a recusal would void."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from etd.enums import ConflictLevel, Role
from etd.models import (
    Ballot,
    ConflictDeclaration,
    Guideline,
    PanelMembership,
    Question,
    User,
    VotingRound,
)
from etd.selectors.conflicts import PrintedConflict, conflicts_among, declared_and_decided

# Those whose role votes: they are asked for a declaration, and the document lists them.
PANEL = (Role.CHAIR, Role.PANEL_MEMBER)


@dataclass(frozen=True)
class DeclaredVersion:
    """One version of a member's declaration, without its words."""

    id: int
    version: int
    has_conflict: bool
    made_at: datetime


@dataclass(frozen=True)
class OpenBallot:
    """A ballot in an open round, whether or not anything has been voted on it."""

    question_title: str
    round_number: int


@dataclass(frozen=True)
class PrintedPanel:
    """Names of the panel by what they declared; `conflicts` holds each scope with a conflict declared or managed."""

    conflicts: tuple[PrintedConflict, ...]
    declared_none: tuple[str, ...]
    no_declaration: tuple[str, ...]


def questions_of(guideline: Guideline) -> tuple[Question, ...]:
    """The questions of a guideline, the oldest first."""
    return tuple(Question.objects.filter(guideline=guideline).order_by("pk"))


def present_member(guideline: Guideline, member_id: int) -> User | None:
    """The person of a present membership, None where there is none."""
    membership = (
        PanelMembership.objects.filter(guideline=guideline, user_id=member_id, ended_at__isnull=True)
        .select_related("user")
        .first()
    )
    return membership.user if membership else None


def other_chairs(guideline: Guideline, user: User) -> tuple[str, ...]:
    """The names of the present chairs but this one."""
    chairs = PanelMembership.objects.filter(guideline=guideline, role=Role.CHAIR, ended_at__isnull=True)
    return tuple(str(one.user) for one in chairs.exclude(user=user).select_related("user").order_by("pk"))


def declaration(declaration_id: int) -> ConflictDeclaration:
    """The version that `etd.actions.conflicts.read_declaration` is to open. Raises DoesNotExist."""
    return ConflictDeclaration.objects.select_related("guideline", "question", "member").get(
        pk=declaration_id
    )


def declared_versions(
    guideline: Guideline, question: Question | None, member: User
) -> tuple[DeclaredVersion, ...]:
    """Every version for one question, or (None) the whole guideline, the newest first; for chairs."""
    return tuple(
        DeclaredVersion(one.pk, one.version, one.has_conflict, one.made_at)
        for one in ConflictDeclaration.objects.filter(
            guideline=guideline, question=question, member=member
        ).order_by("-version")
    )


def asked_to_declare(viewer: User) -> frozenset[str]:
    """The slugs of the guidelines in which the viewer votes and has declared nothing for the whole guideline yet."""
    declared = ConflictDeclaration.objects.filter(
        guideline=OuterRef("guideline"), question__isnull=True, member=viewer
    )
    return frozenset(
        PanelMembership.objects.filter(
            ~Exists(declared), user=viewer, role__in=PANEL, ended_at__isnull=True
        ).values_list("guideline__slug", flat=True)
    )


def open_ballots(guideline: Guideline, question: Question | None, member: User) -> tuple[OpenBallot, ...]:
    """The member's ballots that a recusal from the question, or (None) the whole guideline, would void now."""
    ballots = Ballot.objects.filter(
        Q(round__closes_at__isnull=True) | Q(round__closes_at__gt=timezone.now()),
        member=member,
        voided_at__isnull=True,
        round__closed_at__isnull=True,
        round__question__guideline=guideline,
    )
    if question is not None:
        ballots = ballots.filter(round__question=question)
    return tuple(
        OpenBallot(ballot.round.question.title, ballot.round.number)
        for ballot in ballots.select_related("round__question").order_by("round__question_id")
    )


def printed_panel(question: Question) -> PrintedPanel | None:
    """The fact and the scope of what the panel declared, as the document prints them; nothing of the words.

    None where nobody has declared anything and nothing was voted on: a document taken over from elsewhere had a panel
    of its own.
    """
    declared, decided = declared_and_decided(question)
    conflicts = conflicts_among(declared, decided)
    if not (declared or conflicts or VotingRound.objects.filter(question=question).exists()):
        return None
    listed = {member_id for (member_id, _), one in declared.items() if one.has_conflict}
    listed |= {member_id for (member_id, _), one in decided.items() if one.level != ConflictLevel.DISCLOSURE}
    someone = {member_id for member_id, _ in declared}
    others = [
        membership
        for membership in PanelMembership.objects.filter(
            guideline=question.guideline_id, role__in=PANEL, ended_at__isnull=True
        )
        .select_related("user")
        .order_by("pk")
        if membership.user_id not in listed
    ]
    return PrintedPanel(
        conflicts=conflicts,
        declared_none=tuple(str(one.user) for one in others if one.user_id in someone),
        no_declaration=tuple(str(one.user) for one in others if one.user_id not in someone),
    )
