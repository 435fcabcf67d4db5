"""Conflicts of interest, as far as each may know: one's own with its words, the chair's register, what is printed.

The words of a declaration leave here for their author alone; a chair opens them with
`etd.actions.conflicts.read_declaration`, which is logged.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q, QuerySet

from etd.enums import ConflictKind, ConflictLevel, Role
from etd.models import (
    AuditEvent,
    ConflictDeclaration,
    ConflictManagement,
    Guideline,
    PanelMembership,
    Question,
    Recusal,
    User,
)

# A member, and the question that it is about, None for the whole guideline.
Scope = tuple[int, int | None]


@dataclass(frozen=True)
class DeclarationView:
    """One version of the viewer's own declaration; `question_slug` is empty for the whole guideline."""

    question_slug: str
    version: int
    has_conflict: bool
    kinds: tuple[str, ...]
    text: str
    made_at: datetime


@dataclass(frozen=True)
class OwnConflicts:
    """The viewer's own side: present declarations, every version (the newest first), how they are managed, and why.

    `openings` are those by somebody else, the newest first.
    """

    present: tuple[DeclarationView, ...]
    history: tuple[DeclarationView, ...]
    decisions: tuple[DecisionView, ...]
    openings: tuple[OpeningView, ...]

    def for_scope(self, question_slug: str) -> DeclarationView | None:
        return next((one for one in self.present if one.question_slug == question_slug), None)


@dataclass(frozen=True)
class OpeningView:
    """Somebody opened one version of the viewer's declaration."""

    question_slug: str
    version: int
    by: str
    at: datetime


@dataclass(frozen=True)
class DecisionView:
    question_slug: str
    level: str
    level_label: str
    note: str
    managed_at: datetime
    managed_by: str


@dataclass(frozen=True)
class RegisterRow:
    """One member and one scope in the chair's register: whether and of what kind, never the words.

    `declaration_id` is what `read_declaration` opens, None where nothing was declared; `decision` is the last one.
    `is_outdated` says that the member has declared again since that decision.
    """

    member_id: int
    name: str
    question_slug: str
    declaration_id: int | None
    version: int
    has_conflict: bool | None
    kinds: tuple[str, ...]
    made_at: datetime | None
    decision: DecisionView | None
    is_outdated: bool


@dataclass(frozen=True)
class PrintedConflict:
    """The fact and the scope, as the document prints them: "question" or "guideline", and how it is managed."""

    name: str
    scope: str
    level: str
    level_label: str


def own_conflicts(guideline: Guideline, viewer: User) -> OwnConflicts:
    """What `viewer` has declared in this guideline, and what was decided about it."""
    versions = list(
        ConflictDeclaration.objects.filter(guideline=guideline, member=viewer)
        .select_related("question")
        .order_by("-pk")
    )
    decisions = _decisions(ConflictManagement.objects.filter(guideline=guideline, member=viewer))
    return OwnConflicts(
        present=tuple(_declaration(one) for one in _newest(versions).values()),
        history=tuple(_declaration(one) for one in versions),
        decisions=tuple(_decision(one) for one in decisions.values()),
        openings=_openings(guideline, viewer),
    )


def _openings(guideline: Guideline, member: User) -> tuple[OpeningView, ...]:
    """From the events that name the member; older ones hold only the name of the time."""
    events = AuditEvent.objects.filter(guideline=guideline.slug, type="declaration_read").exclude(
        actor_id=str(member.pk)
    )
    opened = ((event, json.loads(event.after)) for event in events.order_by("-seq"))
    return tuple(
        OpeningView(question_slug=event.question, version=after["version"], by=event.actor_name, at=event.at)
        for event, after in opened
        if after.get("member") == str(member.pk)
    )


def conflict_register(guideline: Guideline, viewer: User) -> tuple[RegisterRow, ...]:
    """Every present member with the guideline's scope, and each question they declared or were decided about.

    For chairs of the guideline; empty for anybody else.
    """
    members = list(
        PanelMembership.objects.filter(guideline=guideline, ended_at__isnull=True)
        .select_related("user")
        .order_by("pk")
    )
    if not any(one.user_id == viewer.pk and one.role == Role.CHAIR for one in members):
        return ()
    declared = _newest(
        ConflictDeclaration.objects.filter(guideline=guideline).select_related("question").order_by("-pk")
    )
    decided = _decisions(ConflictManagement.objects.filter(guideline=guideline))
    slugs = dict(Question.objects.filter(guideline=guideline).order_by("pk").values_list("pk", "slug"))
    rows = []
    for membership in members:
        for question_id in (None, *slugs):
            key = (membership.user_id, question_id)
            if question_id is None or key in declared or key in decided:
                slug = slugs[question_id] if question_id else ""
                rows.append(_row(membership.user, slug, declared.get(key), decided.get(key)))
    return tuple(rows)


def printed_conflicts(question: Question) -> tuple[PrintedConflict, ...]:
    """Whoever has a conflict declared or managed for this question or its guideline, by name; nothing of the words.

    A declared conflict that no chair has decided about yet has an empty `level`. Members who left stay listed.
    """
    return conflicts_among(*declared_and_decided(question))


def declared_and_decided(
    question: Question,
) -> tuple[dict[Scope, ConflictDeclaration], dict[Scope, ConflictManagement]]:
    """Each member's present declaration, and the last decision of a chair, for the question and its guideline."""
    here = Q(question=question) | Q(question__isnull=True, guideline_id=question.guideline_id)
    return (
        _newest(
            ConflictDeclaration.objects.filter(here).select_related("question", "member").order_by("-pk")
        ),
        _decisions(ConflictManagement.objects.filter(here)),
    )


def conflicts_among(
    declared: Mapping[Scope, ConflictDeclaration], decided: Mapping[Scope, ConflictManagement]
) -> tuple[PrintedConflict, ...]:
    """As `printed_conflicts`, without a query, of what `declared_and_decided` gives."""
    found = [
        PrintedConflict(
            name=str(decided[key].member if key in decided else declared[key].member),
            scope="question" if key[1] else "guideline",
            level=decided[key].level if key in decided else "",
            level_label=decided[key].get_level_display() if key in decided else "",
        )
        for key in declared.keys() | decided.keys()
        if (key in declared and declared[key].has_conflict)
        or (key in decided and decided[key].level != ConflictLevel.DISCLOSURE)
    ]
    return tuple(sorted(found, key=lambda one: (one.name, one.scope)))


def may_discuss(question: Question, user: User) -> bool:
    """May this person see and join what is said about the question? Not who is excluded from it, or from all."""
    return not _recusals(question, user).filter(level=ConflictLevel.EXCLUDED).exists()


def is_recused(question: Question, user: User) -> bool:
    """Is this person kept from voting on the question by a recusal in force?"""
    return _recusals(question, user).exists()


def _recusals(question: Question, user: User) -> QuerySet[Recusal]:
    return Recusal.objects.filter(
        Q(question=question) | Q(guideline_id=question.guideline_id), user=user, ended_at__isnull=True
    )


def _newest(declarations: Iterable[ConflictDeclaration]) -> dict[Scope, ConflictDeclaration]:
    """Member and question to the present version; the newest come first."""
    newest: dict[Scope, ConflictDeclaration] = {}
    for one in declarations:
        newest.setdefault((one.member_id, one.question_id), one)
    return newest


def _decisions(managements: QuerySet[ConflictManagement]) -> dict[Scope, ConflictManagement]:
    last: dict[Scope, ConflictManagement] = {}
    for one in managements.select_related("question", "member", "managed_by").order_by("pk"):
        last[one.member_id, one.question_id] = one
    return last


def _row(
    member: User, slug: str, declared: ConflictDeclaration | None, decided: ConflictManagement | None
) -> RegisterRow:
    return RegisterRow(
        member_id=member.pk,
        name=str(member),
        question_slug=slug,
        declaration_id=declared.pk if declared else None,
        version=declared.version if declared else 0,
        has_conflict=declared.has_conflict if declared else None,
        kinds=_kinds(declared) if declared else (),
        made_at=declared.made_at if declared else None,
        decision=_decision(decided) if decided else None,
        is_outdated=bool(declared and decided and declared.pk != decided.declaration_id),
    )


def _decision(decided: ConflictManagement) -> DecisionView:
    return DecisionView(
        question_slug=decided.question.slug if decided.question else "",
        level=decided.level,
        level_label=decided.get_level_display(),
        note=decided.note,
        managed_at=decided.managed_at,
        managed_by=str(decided.managed_by),
    )


def _declaration(declared: ConflictDeclaration) -> DeclarationView:
    return DeclarationView(
        question_slug=declared.question.slug if declared.question else "",
        version=declared.version,
        has_conflict=declared.has_conflict,
        kinds=_kinds(declared),
        text=declared.text,
        made_at=declared.made_at,
    )


def _kinds(declared: ConflictDeclaration) -> tuple[str, ...]:
    return tuple(kind.label for kind in ConflictKind if getattr(declared, kind))
