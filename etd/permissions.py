"""Who may do what: one table of roles, and the decorator that every view of a question carries.

The decorator loads the question through the person's own guidelines (404 for everybody else, whether or not it
exists) and then asks the table (403). Actions check state, not roles.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import wraps
from typing import Any

from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.db.models import Exists, OuterRef, Subquery
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render

from etd.enums import Role
from etd.models import (
    ConflictDeclaration,
    Guideline,
    KeptPart,
    PanelMembership,
    PublishedVersion,
    Question,
    SourceDocument,
    User,
)
from etd.renewal import ask_again
from etd.typed import typed_text
from etd.workflow import Part, is_frozen


class Permission(StrEnum):
    VIEW = "see the question, its evidence and its judgements"
    EXPORT = "export the document"
    VOTE = "give one's own judgement in an open round"
    MANAGE_ROUNDS = "open and extend voting rounds, and remind"
    END_ROUNDS = "close voting rounds, void ballots and change the settings of votes"
    DISCUSS = "write in the panel's discussion"
    DECLARE_CONFLICT = "declare one's own conflicts of interest"
    MANAGE_CONFLICTS = "manage members' conflicts of interest"
    CREATE_QUESTION = "begin a new question"
    IMPORT_DOCUMENT = "import an existing document with its judgements"
    EDIT_GUIDELINE = "change a guideline's title, organisation and wording"
    MANAGE_PEOPLE = "invite people, change their roles and end them"
    MANAGE_CHAIRS = "make somebody a chair, or end a chair's role"
    EDIT_QUESTION = "edit the PICO question"
    EDIT_TEXTS = "edit the research evidence and additional considerations"
    RECORD_JUDGEMENT = "record the panel's judgement"
    EDIT_RECOMMENDATION = "write the recommendation and the conclusions"
    EDIT_OUTCOMES = "edit outcomes, their certainty and the summary tables"
    RATE_IMPORTANCE = "rate how important an outcome is"
    SEE_CHECKS = "see what the checks find, and put a finding aside with a reason"
    APPROVE = "send a question to review and approve it for publication"
    PUBLISH = "publish a version, withdraw one and begin the next"
    UPLOAD_DATA = "upload study data and put recomputed rows into the outcome tables"


_EVERYBODY = frozenset({Permission.VIEW, Permission.EXPORT, Permission.DECLARE_CONFLICT})

ROLE_PERMISSIONS: dict[str, frozenset[Permission]] = {
    Role.CHAIR: _EVERYBODY
    | {
        Permission.VOTE,
        Permission.DISCUSS,
        Permission.MANAGE_ROUNDS,
        Permission.END_ROUNDS,
        Permission.MANAGE_CONFLICTS,
        Permission.EDIT_QUESTION,
        Permission.EDIT_TEXTS,
        Permission.EDIT_OUTCOMES,
        Permission.RATE_IMPORTANCE,
        Permission.SEE_CHECKS,
        Permission.RECORD_JUDGEMENT,
        Permission.EDIT_RECOMMENDATION,
        Permission.APPROVE,
        Permission.PUBLISH,
        Permission.IMPORT_DOCUMENT,
        Permission.CREATE_QUESTION,
        Permission.EDIT_GUIDELINE,
        Permission.MANAGE_PEOPLE,
        Permission.MANAGE_CHAIRS,
    },
    Role.PANEL_MEMBER: _EVERYBODY | {Permission.VOTE, Permission.DISCUSS, Permission.RATE_IMPORTANCE},
    Role.METHODOLOGIST: _EVERYBODY
    | {
        Permission.DISCUSS,
        Permission.EDIT_QUESTION,
        Permission.EDIT_TEXTS,
        Permission.EDIT_OUTCOMES,
        Permission.RATE_IMPORTANCE,
        Permission.SEE_CHECKS,
        Permission.RECORD_JUDGEMENT,
        Permission.EDIT_RECOMMENDATION,
        Permission.APPROVE,
        Permission.UPLOAD_DATA,
        Permission.IMPORT_DOCUMENT,
        Permission.CREATE_QUESTION,
    },
    Role.STAFF: _EVERYBODY
    | {
        Permission.SEE_CHECKS,
        Permission.EDIT_RECOMMENDATION,
        Permission.APPROVE,
        Permission.PUBLISH,
        Permission.CREATE_QUESTION,
        Permission.EDIT_GUIDELINE,
        Permission.MANAGE_PEOPLE,
    },
    Role.OBSERVER: _EVERYBODY,
}

# Asked about again where the sign-in, or the last such proof, is older than ten minutes (docs/adr/0020): it makes
# something public, shows or takes away votes, opens what is private, or lets somebody in.
RENEWED = frozenset(
    {
        Permission.APPROVE,
        Permission.PUBLISH,
        Permission.END_ROUNDS,
        Permission.MANAGE_CONFLICTS,
        Permission.MANAGE_PEOPLE,
        Permission.MANAGE_CHAIRS,
    }
)

FROZEN_WITH: dict[Permission, Part] = {
    Permission.EDIT_QUESTION: Part.QUESTION,
    Permission.EDIT_TEXTS: Part.TEXTS,
    Permission.RECORD_JUDGEMENT: Part.JUDGEMENTS,
    Permission.EDIT_RECOMMENDATION: Part.RECOMMENDATION,
    Permission.UPLOAD_DATA: Part.EVIDENCE,
    Permission.EDIT_OUTCOMES: Part.EVIDENCE,
    Permission.RATE_IMPORTANCE: Part.JUDGEMENTS,
}


@dataclass(frozen=True)
class StandingVersion:
    """The newest published version of a question, where it is not withdrawn: no earlier one comes back by that."""

    number: int
    published_at: datetime


@dataclass(frozen=True)
class Access:
    """A signed-in person at one question: what every view of a question is given.

    `has_declared`: have they said whether they have a conflict of interest for the whole guideline?
    `has_kept_parts`: is something of the question kept that had no place in its framework?
    `has_source`: was it made from another body's document, which is kept beside it?
    `standing` is what is published of it, None where nothing is.
    """

    question: Question
    user: User
    role: Role
    has_declared: bool = True
    has_kept_parts: bool = False
    has_source: bool = False
    standing: StandingVersion | None = None

    @property
    def slugs(self) -> tuple[str, str]:
        """Guideline and question, as addresses name them."""
        return self.question.guideline.slug, self.question.slug

    def may(self, permission: Permission) -> bool:
        """Does the role allow it, whatever the question's status?"""
        return permission in ROLE_PERMISSIONS[self.role]

    def can(self, permission: Permission) -> bool:
        """Does the role allow it, and is that part of the question open to changes now?"""
        part = FROZEN_WITH.get(permission)
        return self.may(permission) and not (part and is_frozen(self.question.status, part))


def load_access(user: User, guideline_slug: str, question_slug: str) -> Access:
    """The person's access to a question of their own guidelines, in one query; Http404 for anything else."""
    here = PanelMembership.objects.filter(
        guideline=OuterRef("guideline"), user=user, ended_at__isnull=True
    ).values("role")
    declared = ConflictDeclaration.objects.filter(
        guideline=OuterRef("guideline"), question__isnull=True, member=user
    )
    newest = PublishedVersion.objects.filter(question=OuterRef("pk")).order_by("-number")
    question = (
        Question.objects.select_related(
            "guideline",
            "own_framework",
            "recommendation__type_judged_by",
            "recommendation__type_reaffirmed_by",
        )
        .filter(guideline__slug=guideline_slug, slug=question_slug)
        .annotate(
            role_here=Subquery(here[:1]),
            has_declared=Exists(declared),
            has_kept_parts=Exists(KeptPart.objects.filter(question=OuterRef("pk"))),
            has_source=Exists(SourceDocument.objects.filter(question=OuterRef("pk"))),
            newest_number=Subquery(newest.values("number")[:1]),
            newest_since=Subquery(newest.values("published_at")[:1]),
            newest_withdrawn=Subquery(newest.values("withdrawal")[:1]),
        )
        .first()
    )
    if question is None or question.role_here is None:
        raise Http404
    return Access(
        question,
        user,
        Role(question.role_here),
        has_declared=question.has_declared,
        has_kept_parts=question.has_kept_parts,
        has_source=question.has_source,
        standing=StandingVersion(question.newest_number, question.newest_since)
        if question.newest_number and not question.newest_withdrawn
        else None,
    )


@dataclass(frozen=True)
class GuidelineAccess:
    """A signed-in person at one of their guidelines: what every view of a guideline is given."""

    guideline: Guideline
    user: User
    role: Role

    def may(self, permission: Permission) -> bool:
        return permission in ROLE_PERMISSIONS[self.role]


def load_guideline_access(user: User, guideline_slug: str) -> GuidelineAccess:
    """The person's access to one of their own guidelines, in one query; Http404 for anything else."""
    membership = (
        PanelMembership.objects.select_related("guideline")
        .filter(guideline__slug=guideline_slug, user=user, ended_at__isnull=True)
        .first()
    )
    if membership is None:
        raise Http404
    return GuidelineAccess(guideline=membership.guideline, user=user, role=Role(membership.role))


def ask_to_sign_in(request: HttpRequest) -> HttpResponse:
    """To the sign-in page; but a form sent after the session has ended is answered with everything typed in it."""
    if request.method == "POST":
        return render(request, "registration/session_ended.html", {"typed": typed_text(request)}, status=403)
    response = redirect_to_login(request.get_full_path())
    if request.headers.get("HX-Request"):
        return HttpResponse(headers={"HX-Redirect": response.url})
    return response


def require_permission(access: Access | GuidelineAccess, permission: Permission) -> None:
    """Raises PermissionDenied where the role does not have it."""
    if not access.may(permission):
        raise PermissionDenied(f"Your role here, {access.role.label.lower()}, cannot {permission}.")


def ask_about(
    request: HttpRequest, access: Access | GuidelineAccess, permission: Permission
) -> HttpResponse | None:
    """The page that asks again who is there, where this permission needs it and nobody has shown it lately."""
    return ask_again(request, access.user, permission) if permission in RENEWED else None


View = Callable[..., HttpResponse]


def requires(permission: Permission) -> Callable[[View], Callable[..., HttpResponseBase]]:
    """`view(request, access, …)` behind sign-in, membership (404), the role table (403) and, for some, a fresh
    proof of who it is."""

    def decorate(view: View) -> Callable[..., HttpResponseBase]:
        @wraps(view)
        def guarded(request: HttpRequest, guideline: str, question: str, **kwargs: Any) -> HttpResponse:
            if not isinstance(request.user, User):
                return ask_to_sign_in(request)
            access = load_access(request.user, guideline, question)
            require_permission(access, permission)
            return ask_about(request, access, permission) or view(request, access, **kwargs)

        guarded.permission = permission  # type: ignore[attr-defined]
        return guarded

    return decorate


def requires_in_guideline(permission: Permission) -> Callable[[View], Callable[..., HttpResponseBase]]:
    """`view(request, access, …)` of a guideline's own page: as `requires`, with a GuidelineAccess."""

    def decorate(view: View) -> Callable[..., HttpResponseBase]:
        @wraps(view)
        def guarded(request: HttpRequest, guideline: str, **kwargs: Any) -> HttpResponse:
            if not isinstance(request.user, User):
                return ask_to_sign_in(request)
            access = load_guideline_access(request.user, guideline)
            require_permission(access, permission)
            return ask_about(request, access, permission) or view(request, access, **kwargs)

        guarded.permission = permission  # type: ignore[attr-defined]
        return guarded

    return decorate
