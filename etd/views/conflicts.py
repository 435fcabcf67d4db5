"""Conflicts of interest: one's own, and for chairs the register. No other page shows anybody's words."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from etd.actions import conflicts
from etd.actions.errors import Refused, StaleEdit
from etd.enums import ConflictLevel
from etd.forms.conflicts import DeclarationForm, ManageForm
from etd.models import Question, User
from etd.permissions import Access, GuidelineAccess, Permission, requires_in_guideline
from etd.selectors import EtdView, conflict_register, declaring, own_conflicts
from etd.selectors.conflicts import RegisterRow
from etd.views.editing import Conflict


@require_safe
@requires_in_guideline(Permission.DECLARE_CONFLICT)
def my_conflicts(request: HttpRequest, access: GuidelineAccess) -> HttpResponse:
    """What I have declared here, for the guideline and for each question, and how it is managed."""
    mine = own_conflicts(access.guideline, access.user)
    decisions = {one.question_slug: one for one in mine.decisions}
    scopes = [
        {
            "slug": slug,
            "title": title,
            "present": mine.for_scope(slug),
            "decision": decisions.get(slug),
            "earlier": [one for one in mine.history if one.question_slug == slug][1:],
            "openings": [one for one in mine.openings if one.question_slug == slug],
        }
        for slug, title in (
            ("", "The whole guideline"),
            *((q.slug, q.title) for q in declaring.questions_of(access.guideline)),
        )
    ]
    return render(
        request, "etd/conflicts/mine.html", _context(access) | {"whole": scopes[0], "questions": scopes[1:]}
    )


@sensitive_post_parameters("text")
@require_http_methods(["GET", "HEAD", "POST"])
@requires_in_guideline(Permission.DECLARE_CONFLICT)
def declare_conflict(request: HttpRequest, access: GuidelineAccess, scope: str = "") -> HttpResponse:
    """Declare, or amend what was declared; a version made elsewhere meanwhile is shown beside what was typed."""
    question = _question_or_404(access, scope)
    present = own_conflicts(access.guideline, access.user).for_scope(scope)
    form = DeclarationForm(request.POST or None, initial=DeclarationForm.initial_for(present))
    status, conflict, refusal = 200, None, ""
    if request.method == "POST":
        status = 422
        form = DeclarationForm(request.POST)
        if form.is_valid():
            try:
                conflicts.declare_conflict(
                    guideline=access.guideline,
                    question=question,
                    **form.declared(),
                    version=form.revision_to_save_at(),
                    by=access.user,
                    op=form.cleaned_data["op"],
                )
            except StaleEdit as error:
                status, conflict = 409, Conflict(error.revision, DeclarationForm.described(error.current))
            except Refused as error:
                status, refusal = 409, str(error)
            else:
                messages.success(
                    request, "Thank you. Your declaration is saved; you can change it at any time."
                )
                return redirect("my_conflicts", access.guideline.slug)
    return render(
        request,
        "etd/conflicts/declare.html",
        _context(access)
        | {"form": form, "question": question, "present": present, "conflict": conflict, "refusal": refusal},
        status=status,
    )


@require_safe
@requires_in_guideline(Permission.MANAGE_CONFLICTS)
def conflict_list(request: HttpRequest, access: GuidelineAccess) -> HttpResponse:
    """The chair's register: every member, what they declared and how it is managed, without anybody's words."""
    titles = {question.slug: question.title for question in declaring.questions_of(access.guideline)}
    members: dict[int, dict[str, Any]] = {}
    for row in conflict_register(access.guideline, access.user):
        member = members.setdefault(
            row.member_id, {"name": row.name, "is_me": row.member_id == access.user.pk, "standings": []}
        )
        member["standings"].append({"row": row, "title": titles.get(row.question_slug, "")})
    rows = [standing["row"] for member in members.values() for standing in member["standings"]]
    return render(
        request,
        "etd/conflicts/register.html",
        _context(access)
        | {
            "members": members,
            "n_declared": sum(
                any(standing["row"].declaration_id for standing in member["standings"])
                for member in members.values()
            ),
            "n_waiting": sum(bool(row.has_conflict and row.decision is None) for row in rows),
            "n_outdated": sum(row.is_outdated for row in rows),
        },
    )


@require_POST
@requires_in_guideline(Permission.MANAGE_CONFLICTS)
def open_declaration(
    request: HttpRequest, access: GuidelineAccess, member: int, scope: str = ""
) -> HttpResponse:
    """Show a member's words on this answer alone, of now or of a version before, and write down who opened them."""
    question = _question_or_404(access, scope)
    row = _standing_or_404(access, member, scope)
    context = _management(access, row, question)
    wanted = request.POST.get("version", str(row.version))
    found = next((one for one in context["versions"] if str(one.version) == wanted), None)
    if found is None:
        raise Http404
    opened = declaring.declaration(found.id)
    text = conflicts.read_declaration(declaration=opened, by=access.user)
    # What is decided about is the version that the register held when this page was made, also beside an earlier one.
    return render(request, "etd/conflicts/manage.html", context | {"opened": opened, "text": text})


@sensitive_post_parameters("note")
@require_http_methods(["GET", "HEAD", "POST"])
@requires_in_guideline(Permission.MANAGE_CONFLICTS)
def manage_conflict(
    request: HttpRequest, access: GuidelineAccess, member: int, scope: str = ""
) -> HttpResponse:
    """Decide how a member's interests are managed; what it does to an open round stands on the page before."""
    question = _question_or_404(access, scope)
    row = _standing_or_404(access, member, scope)
    if request.method != "POST":
        return render(request, "etd/conflicts/manage.html", _management(access, row, question))
    context = _management(access, row, question, request)
    form, status = context["form"], 422
    if form is not None and form.is_valid():
        try:
            conflicts.manage_conflict(
                member=context["member"],
                guideline=access.guideline,
                question=question,
                level=ConflictLevel(form.cleaned_data["level"]),
                note=form.cleaned_data["note"],
                declaration=declaring.declaration(row.declaration_id) if row.declaration_id else None,
                by=access.user,
                op=form.cleaned_data["op"],
            )
        except Refused as error:
            context["refusal"], status = str(error), 409
        else:
            messages.success(request, f"Saved: {row.name} can see how it is managed, and your note.")
            return redirect("conflict_register", access.guideline.slug)
    return render(request, "etd/conflicts/manage.html", context, status=status)


def asks_to_declare(access: Access, etd: EtdView) -> bool:
    """Has the person a ballot in the open round, and not said yet whether they have a conflict of interest?"""
    has_ballot = etd.round is not None and etd.round.has_ballot
    return has_ballot and not access.has_declared and access.may(Permission.VOTE)


def _context(access: GuidelineAccess) -> dict[str, Any]:
    return {
        "access": access,
        "guideline": access.guideline,
        "is_chair": access.may(Permission.MANAGE_CONFLICTS),
    }


def _question_or_404(access: GuidelineAccess, slug: str) -> Question | None:
    """The question of this guideline that a scope names, None for the whole guideline (an empty slug)."""
    if not slug:
        return None
    for question in declaring.questions_of(access.guideline):
        if question.slug == slug:
            return question
    raise Http404


def _standing_or_404(access: GuidelineAccess, member_id: int, slug: str) -> RegisterRow:
    """Where a present member stands in one scope, as the register tells it; an empty row where nothing is known."""
    rows = [row for row in conflict_register(access.guideline, access.user) if row.member_id == member_id]
    if not rows:
        raise Http404
    for row in rows:
        if row.question_slug == slug:
            return row
    return RegisterRow(
        member_id=member_id,
        name=rows[0].name,
        question_slug=slug,
        declaration_id=None,
        version=0,
        has_conflict=None,
        kinds=(),
        made_at=None,
        decision=None,
        is_outdated=False,
    )


def _management(
    access: GuidelineAccess, row: RegisterRow, question: Question | None, request: HttpRequest | None = None
) -> dict[str, Any]:
    member = declaring.present_member(access.guideline, row.member_id)
    if member is None:
        raise Http404
    ballots = declaring.open_ballots(access.guideline, question, member)
    levels = _levels(access.user, member, row)
    form = None
    if levels:
        form = ManageForm(
            request.POST if request else None,
            levels=levels,
            voids=bool(ballots),
            present=row.declaration_id,
            initial={
                "declaration": row.declaration_id,
                "level": row.decision.level if row.decision else None,
                "note": row.decision.note if row.decision else "",
            },
        )
    return _context(access) | {
        "row": row,
        "member": member,
        "question": question,
        "questions": declaring.questions_of(access.guideline),
        "versions": declaring.declared_versions(access.guideline, question, member),
        "ballots": ballots,
        "form": form,
        "is_me": member == access.user,
        "other_chairs": declaring.other_chairs(access.guideline, access.user),
    }


def _levels(user: User, member: User, row: RegisterRow) -> list[ConflictLevel]:
    """What this chair may decide: about themselves only something stricter than what holds."""
    if user != member:
        return list(ConflictLevel)
    now = row.decision.level if row.decision else ConflictLevel.DISCLOSURE
    return [
        level
        for level in ConflictLevel
        if ConflictLevel.values.index(level) > ConflictLevel.values.index(now)
    ]
