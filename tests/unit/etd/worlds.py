"""A guideline with its people, and what the tables and the trail hold at a moment."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from django.apps import apps

from etd.enums import QuestionStatus, Role
from etd.models import AuditEvent, Guideline, Question, User
from tests import factories as f

APPS = ("etd", "metaanalysis", "documents")
CRITERIA = f.FRAMEWORK.criteria
PLAIN = next(criterion for criterion in CRITERIA if criterion.role is None and not criterion.multiple)
JUDGED_BY_TABLES = next(criterion for criterion in CRITERIA if criterion.role == "desirable")
OPTIONS = tuple(option.key for option in PLAIN.options)


@dataclass(frozen=True)
class Panel:
    guideline: Guideline
    chair: User
    member: User
    colleague: User
    methodologist: User
    staff: User
    observer: User
    outsider: User

    def question(self, status: str = QuestionStatus.DRAFT, **fields: Any) -> Question:
        return f.draft_question(guideline=self.guideline, status=status, **fields)


def panel_of() -> Panel:
    guideline = f.guideline()

    def person(role: Role, name: str) -> User:
        return f.panel_membership(guideline=guideline, role=role, user=f.user(name=name)).user

    return Panel(
        guideline=guideline,
        chair=person(Role.CHAIR, "Carla Chair"),
        member=person(Role.PANEL_MEMBER, "Mia Member"),
        colleague=person(Role.PANEL_MEMBER, "Cem Colleague"),
        methodologist=person(Role.METHODOLOGIST, "Mats Methodologist"),
        staff=person(Role.STAFF, "Sam Staff"),
        observer=person(Role.OBSERVER, "Oda Observer"),
        outsider=f.user(name="Otto Outsider"),
    )


def contents() -> dict[str, list[dict[str, Any]]]:
    """Every row of every table of the project."""
    return {
        model.__name__: [
            {k: bytes(v) if isinstance(v, memoryview) else v for k, v in row.items()}
            for row in model._default_manager.order_by("pk").values()
        ]
        for model in apps.get_models()
        if model._meta.app_label in APPS
    }


def last_event() -> dict[str, Any]:
    """What the newest event of the trail says, `before` and `after` read back from their JSON."""
    event = AuditEvent.objects.latest("pk")
    return {
        "type": event.type,
        "subject": event.subject,
        "before": json.loads(event.before) if event.before else None,
        "after": json.loads(event.after) if event.after else None,
        "by": (event.actor_id, event.actor_name),
        "where": (event.guideline, event.question),
    }


def expected_event(
    type: str,
    subject: str,
    *,
    by: User,
    guideline: Guideline | None = None,
    question: Question | None = None,
    before: Any = None,
    after: Any = None,
) -> dict[str, Any]:
    guideline = question.guideline if question else guideline
    return {
        "type": type,
        "subject": subject,
        "before": before,
        "after": after,
        "by": (str(by.pk), by.name),
        "where": (guideline.slug if guideline else "", question.slug if question else ""),
    }
