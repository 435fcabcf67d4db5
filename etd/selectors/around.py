"""What the checks read around a question: its panel, its rounds, and the findings that were put aside."""

from __future__ import annotations

from collections.abc import Mapping
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
    """In one query, of lines with the same eight columns: kind, id, key, text, person's name and e-mail, flag, time."""
    lines = list(
        _dismissals(question).union(
            _members(question), _stated_bases(question), _closed_rounds(question), all=True
        )
    )
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


def _dismissals(question: Question) -> Lines:
    """The first of the four: where a database has no type for times, those of the first say what is a time."""
    return DismissedFinding.objects.filter(question=question).values_list(
        Value("dismissal"), "pk", "fingerprint", "reason", "dismissed_by__name", "dismissed_by__email",
        _NO, "dismissed_at",
    )  # fmt: skip


def _members(question: Question) -> Lines:
    here = Q(question=question) | Q(question__isnull=True, guideline_id=question.guideline_id)
    declared = ConflictDeclaration.objects.filter(here, member=OuterRef("user"))
    return PanelMembership.objects.filter(
        guideline=question.guideline_id, role__in=PANEL, ended_at__isnull=True
    ).values_list(
        Value("member"), "pk", _NONE, _NONE, "user__name", "user__email", Exists(declared), _NEVER
    )  # fmt: skip


def _stated_bases(question: Question) -> Lines:
    return (
        Vote.objects.filter(
            ballot__round__question=question,
            ballot__round__closed_at__isnull=False,
            ballot__voided_at__isnull=True,
        )
        .exclude(no_evidence_basis="")
        .order_by()
        .values_list(Value("basis"), Value(0), "item_key", _NONE, _NONE, _NONE, _NO, _NEVER)
        .distinct()
    )


def _closed_rounds(question: Question) -> Lines:
    return (
        VotingRound.objects.filter(question=question, closed_at__isnull=False)
        .order_by()
        .values_list(Value("round"), "pk", _NONE, _NONE, _NONE, _NONE, _NO, _NEVER)
    )
