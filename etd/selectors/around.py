"""What the checks read around a question: its panel, its rounds, and the findings that were put aside."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import DateTimeField, Exists, OuterRef, Q, QuerySet, Value
from django.db.models.functions import Cast

from etd.models import (
    ConflictDeclaration,
    DismissedFinding,
    PanelMembership,
    Question,
    User,
    Vote,
    VotingRound,
)
from etd.selectors.declaring import PANEL


@dataclass(frozen=True)
class Dismissal:
    reason: str
    by: str
    at: datetime


@dataclass(frozen=True)
class Member:
    """Somebody of the panel now; `has_declared`: for the question or for the whole guideline."""

    name: str
    has_declared: bool


@dataclass(frozen=True)
class Around:
    """`dismissals` are by fingerprint, `n_rounds` are closed.

    `stated_bases` are the criteria on which voters of a round that is over said what they rest on without evidence.
    """

    members: tuple[Member, ...]
    dismissals: Mapping[str, Dismissal]
    stated_bases: frozenset[str]
    n_rounds: int


def load_around(question: Question) -> Around:
    """In one query."""
    return around_together([question])[question.pk]


def around_together(questions: Sequence[Question]) -> dict[int, Around]:
    """By the id of the question, of all of them in one query.

    Its lines have the same columns: question, kind, id, key, text, person's name and e-mail, flag, time.
    """
    ids = [question.pk for question in questions]
    lines = list(_dismissals(ids).union(_members(ids), _stated_bases(ids), _closed_rounds(ids), all=True))
    return {one: _around([line[1:] for line in lines if line[0] == one]) for one in ids}


def _around(lines: Sequence[tuple[Any, ...]]) -> Around:
    return Around(
        members=tuple(
            Member(_person(name, email), bool(has_declared))
            for kind, _, _, _, name, email, has_declared, _ in sorted(lines, key=lambda line: line[1])
            if kind == "member"
        ),
        dismissals={
            fingerprint: Dismissal(reason, _person(name, email), at)
            for kind, _, fingerprint, reason, name, email, _, at in lines
            if kind == "dismissal"
        },
        stated_bases=frozenset(line[2] for line in lines if line[0] == "basis"),
        n_rounds=sum(line[0] == "round" for line in lines),
    )


def _person(name: str, email: str) -> str:
    return str(User(name=name, email=email))


Lines = QuerySet[Any, tuple[Any, ...]]
_NONE, _NO, _NEVER = Value(""), Value(False), Cast(Value(None), DateTimeField())


def _dismissals(questions: Sequence[int]) -> Lines:
    """The first of the four: where a database has no type for times, those of the first say what is a time."""
    return DismissedFinding.objects.filter(question__in=questions).values_list(
        "question", Value("dismissal"), "pk", "fingerprint", "reason", "dismissed_by__name",
        "dismissed_by__email", _NO, "dismissed_at",
    )  # fmt: skip


def _members(questions: Sequence[int]) -> Lines:
    """Those of a guideline once for each question."""
    question = OuterRef("guideline__questions")
    here = Q(question=question) | Q(question__isnull=True, guideline=OuterRef("guideline"))
    declared = ConflictDeclaration.objects.filter(here, member=OuterRef("user"))
    return PanelMembership.objects.filter(
        guideline__questions__in=questions, role__in=PANEL, ended_at__isnull=True
    ).values_list(
        "guideline__questions", Value("member"), "pk", _NONE, _NONE, "user__name", "user__email",
        Exists(declared), _NEVER,
    )  # fmt: skip


def _stated_bases(questions: Sequence[int]) -> Lines:
    return (
        Vote.objects.filter(
            ballot__round__question__in=questions,
            ballot__round__closed_at__isnull=False,
            ballot__voided_at__isnull=True,
        )
        .exclude(no_evidence_basis="")
        .order_by()
        .values_list(
            "ballot__round__question", Value("basis"), Value(0), "item_key", _NONE, _NONE, _NONE, _NO, _NEVER
        )
        .distinct()
    )


def _closed_rounds(questions: Sequence[int]) -> Lines:
    return (
        VotingRound.objects.filter(question__in=questions, closed_at__isnull=False)
        .order_by()
        .values_list("question", Value("round"), "pk", _NONE, _NONE, _NONE, _NONE, _NO, _NEVER)
    )
