"""One's own guidelines and their questions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q
from django.utils import timezone

from etd.enums import QuestionStatus
from etd.frameworks import get_framework
from etd.models import Ballot, CriterionAssessment, PanelMembership, Question, User, Vote


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


@dataclass(frozen=True)
class GuidelineCard:
    slug: str
    title: str
    organisation: str
    role_label: str
    questions: tuple[QuestionCard, ...]


def my_guidelines(viewer: User) -> tuple[GuidelineCard, ...]:
    """The viewer's guidelines with their questions, in five queries however many there are."""
    memberships = list(
        PanelMembership.objects.filter(user=viewer, ended_at__isnull=True)
        .select_related("guideline")
        .order_by("guideline__title")
    )
    questions = list(
        Question.objects.filter(guideline__in=[m.guideline_id for m in memberships]).order_by("pk")
    )
    judged: dict[int, int] = {}
    for question_id, _ in (
        CriterionAssessment.objects.filter(question__in=questions, judgements__isnull=False)
        .distinct()
        .values_list("question_id", "pk")
    ):
        judged[question_id] = judged.get(question_id, 0) + 1
    ballots = {
        ballot.round.question_id: ballot
        for ballot in Ballot.objects.filter(
            Q(round__closes_at__isnull=True) | Q(round__closes_at__gt=timezone.now()),
            member=viewer,
            voided_at__isnull=True,
            round__closed_at__isnull=True,
            round__question__in=questions,
        ).select_related("round")
    }
    voted: dict[int, int] = {}
    for ballot_id, option_keys in Vote.objects.filter(ballot__in=ballots.values()).values_list(
        "ballot_id", "option_keys"
    ):
        voted[ballot_id] = voted.get(ballot_id, 0) + bool(option_keys)
    return tuple(
        GuidelineCard(
            slug=m.guideline.slug,
            title=m.guideline.title,
            organisation=m.guideline.organisation,
            role_label=m.get_role_display(),
            questions=tuple(_cards(m.guideline.slug, m.guideline_id, questions, judged, ballots, voted)),
        )
        for m in memberships
    )


def _cards(
    guideline_slug: str,
    guideline_id: int,
    questions: Iterable[Question],
    judged: Mapping[int, int],
    ballots: Mapping[int, Ballot],
    voted: Mapping[int, int],
) -> Iterable[QuestionCard]:
    for question in questions:
        if question.guideline_id != guideline_id:
            continue
        ballot = ballots.get(question.pk)
        framework = get_framework(question.framework_key, question.framework_version)
        yield QuestionCard(
            guideline_slug=guideline_slug,
            slug=question.slug,
            title=question.title,
            status=question.status,
            status_label=QuestionStatus(question.status).label,
            n_criteria=len(framework.criteria),
            n_judged=judged.get(question.pk, 0),
            closes_at=ballot.round.closes_at if ballot else None,
            n_left=len(ballot.round.item_keys) - voted.get(ballot.pk, 0) if ballot else None,
        )
