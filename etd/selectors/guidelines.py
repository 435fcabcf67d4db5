"""One's own guidelines and their questions."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from typing import Any

from django.db.models import Count, Q
from django.utils import timezone

from etd.domain.paging import Page, page_of
from etd.enums import QuestionStatus, Role
from etd.models import (
    Ballot,
    CriterionAssessment,
    Guideline,
    Invitation,
    OwnFramework,
    PanelMembership,
    PublishedVersion,
    Question,
    User,
    Vote,
)
from etd.selectors.declaring import PANEL


@dataclass(frozen=True)
class QuestionCard:
    """A question in the list of one's own: its state, and what it asks of the viewer."""

    guideline_slug: str
    slug: str
    title: str
    status: str
    status_label: str
    n_criteria: int
    n_judged: int
    closes_at: datetime | None
    n_left: int | None

    @property
    def progress(self) -> str:
        """`3 of 12`: one text, as a template takes longer over a number than over a line of them."""
        return f"{self.n_judged} of {self.n_criteria}"


@dataclass(frozen=True)
class GuidelineCard:
    """`questions` are those of one page, `tasks` all that wait for judgements of the viewer."""

    slug: str
    title: str
    organisation: str
    role_label: str
    page: Page
    questions: tuple[QuestionCard, ...]
    tasks: tuple[QuestionCard, ...]


@dataclass(frozen=True)
class PersonView:
    """Somebody with a role in a guideline; `number` names the membership in addresses."""

    number: int
    name: str
    initials: str
    email: str
    role: str
    role_label: str
    is_viewer: bool


@dataclass(frozen=True)
class InvitationView:
    """An invitation that waits for an answer."""

    number: int
    email: str
    name: str
    role: str
    role_label: str
    invited_by: str
    expires_at: datetime
    is_sent: bool
    is_expired: bool


@dataclass(frozen=True)
class GuidelineView:
    """A guideline's own page; `invitations` is empty for viewers who do not manage people."""

    card: GuidelineCard
    people: tuple[PersonView, ...]
    invitations: tuple[InvitationView, ...]


def is_anything_published() -> bool:
    return PublishedVersion.objects.exists()


def my_guidelines(viewer: User) -> tuple[GuidelineCard, ...]:
    """The viewer's guidelines, each with its first page of questions, in six queries however many there are."""
    return _guideline_cards(
        viewer,
        PanelMembership.objects.filter(user=viewer, ended_at__isnull=True)
        .select_related("guideline")
        .order_by("guideline__title"),
    )


def load_guideline(
    guideline: Guideline, viewer: User, *, manages_people: bool, page: str = ""
) -> GuidelineView:
    """One of the viewer's own guidelines, with a page of its questions and its people, in eight queries at most."""
    (card,) = _guideline_cards(
        viewer,
        PanelMembership.objects.filter(
            user=viewer, guideline=guideline, ended_at__isnull=True
        ).select_related("guideline"),
        page,
    )
    order = {role: position for position, role in enumerate(Role.values)}
    people = sorted(
        PanelMembership.objects.filter(guideline=guideline, ended_at__isnull=True).select_related("user"),
        key=lambda membership: (order[membership.role], membership.user.name.casefold()),
    )
    return GuidelineView(
        card=card,
        people=tuple(_person(membership, viewer) for membership in people),
        invitations=_waiting(guideline) if manages_people else (),
    )


def _person(membership: PanelMembership, viewer: User) -> PersonView:
    return PersonView(
        number=membership.pk,
        name=membership.user.name,
        initials=membership.user.initials,
        email=membership.user.email,
        role=membership.role,
        role_label=membership.get_role_display(),
        is_viewer=membership.user_id == viewer.pk,
    )


def _waiting(guideline: Guideline) -> tuple[InvitationView, ...]:
    now = timezone.now()
    return tuple(
        InvitationView(
            number=invitation.pk,
            email=invitation.email,
            name=invitation.name,
            role=invitation.role,
            role_label=invitation.get_role_display(),
            invited_by=str(invitation.created_by),
            expires_at=invitation.expires_at,
            is_sent=invitation.sent_at is not None,
            is_expired=invitation.expires_at <= now,
        )
        for invitation in Invitation.objects.filter(
            guideline=guideline, accepted_at__isnull=True, withdrawn_at__isnull=True
        )
        .select_related("created_by")
        .order_by("email")
    )


def open_ballots(membership: PanelMembership) -> tuple[str, ...]:
    """The titles of the questions in whose open rounds the member has a ballot: what a change of role may cost them."""
    return tuple(
        Ballot.objects.filter(
            Q(round__closes_at__isnull=True) | Q(round__closes_at__gt=timezone.now()),
            member=membership.user,
            voided_at__isnull=True,
            round__closed_at__isnull=True,
            round__question__guideline=membership.guideline,
        )
        .order_by("round__question__pk")
        .values_list("round__question__title", flat=True)
    )


def _guideline_cards(
    viewer: User, of: Iterable[PanelMembership], asked: str = ""
) -> tuple[GuidelineCard, ...]:
    memberships = list(of)
    guidelines = {m.guideline_id: m.guideline for m in memberships}
    ids: dict[int, list[int]] = {guideline_id: [] for guideline_id in guidelines}
    for guideline_id, pk in (
        Question.objects.filter(guideline__in=ids).order_by("pk").values_list("guideline_id", "pk")
    ):
        ids[guideline_id].append(pk)
    pages = {guideline_id: page_of(len(own), asked) for guideline_id, own in ids.items()}
    shown = {
        guideline_id: own[pages[guideline_id].start : pages[guideline_id].stop]
        for guideline_id, own in ids.items()
    }
    # A ballot outlives no role that votes.
    votes_in = [m.guideline_id for m in memberships if m.role in PANEL]
    ballots = {
        ballot.round.question_id: ballot
        for ballot in Ballot.objects.filter(
            Q(round__closes_at__isnull=True) | Q(round__closes_at__gt=timezone.now()),
            member=viewer,
            voided_at__isnull=True,
            round__closed_at__isnull=True,
            round__question__guideline__in=votes_in,
        ).select_related("round")
    }
    cards = _question_cards({*chain.from_iterable(shown.values()), *ballots}, ballots, guidelines)
    waiting = [cards[pk] for pk in sorted(ballots) if cards[pk].n_left]
    return tuple(
        GuidelineCard(
            slug=m.guideline.slug,
            title=m.guideline.title,
            organisation=m.guideline.organisation,
            role_label=m.get_role_display(),
            page=pages[m.guideline_id],
            questions=tuple(cards[pk] for pk in shown[m.guideline_id]),
            tasks=tuple(card for card in waiting if card.guideline_slug == m.guideline.slug),
        )
        for m in memberships
    )


def _question_cards(
    ids: Collection[int], ballots: Mapping[int, Ballot], guidelines: Mapping[int, Guideline]
) -> dict[int, QuestionCard]:
    """By id, in three queries. `ballots` are the viewer's in open rounds, by question."""
    judged = dict(
        CriterionAssessment.objects.filter(question__in=ids, judgements__isnull=False)
        .order_by()
        .values("question_id")
        .annotate(n=Count("pk", distinct=True))
        .values_list("question_id", "n")
    )
    voted: dict[int, int] = {}
    for ballot_id, option_keys in Vote.objects.filter(ballot__in=ballots.values()).values_list(
        "ballot_id", "option_keys"
    ):
        voted[ballot_id] = voted.get(ballot_id, 0) + bool(option_keys)
    n_criteria: dict[tuple[int | None, str, int], int] = {}
    cards = {}
    # Lines and no models: a page of them is made at each visit, and a question has many long texts.
    for pk, guideline_id, slug, title, status, own, key, version, *changed in Question.objects.filter(
        pk__in=ids
    ).values_list(*_OF_A_LINE):
        framework = (own, key, version)
        if framework not in n_criteria:
            n_criteria[framework] = _n_criteria(guidelines[guideline_id], *framework, *changed)
        ballot = ballots.get(pk)
        cards[pk] = QuestionCard(
            guideline_slug=guidelines[guideline_id].slug,
            slug=slug,
            title=title,
            status=status,
            status_label=QuestionStatus(status).label,
            n_criteria=n_criteria[framework],
            n_judged=judged.get(pk, 0),
            closes_at=ballot.round.closes_at if ballot else None,
            n_left=len(ballot.round.item_keys) - voted.get(ballot.pk, 0) if ballot else None,
        )
    return cards


_OF_A_LINE = (
    "pk",
    "guideline_id",
    "slug",
    "title",
    "status",
    "own_framework_id",
    "framework_key",
    "framework_version",
    "own_framework__base_key",
    "own_framework__base_version",
    "own_framework__changes",
)


def _n_criteria(
    guideline: Guideline,
    own: int | None,
    key: str,
    version: int,
    base_key: str,
    base_version: int,
    changes: dict[str, Any],
) -> int:
    """Of a shipped framework, or of the guideline's own where `own` names one: how many criteria it has."""
    own_framework = (
        OwnFramework(pk=own, version=version, base_key=base_key, base_version=base_version, changes=changes)
        if own
        else None
    )
    question = Question(
        guideline=guideline, framework_key=key, framework_version=version, own_framework=own_framework
    )
    return len(question.framework.criteria)
