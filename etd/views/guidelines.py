"""A guideline's own page, and what is begun there."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from etd.actions import accounts, questions
from etd.forms.guideline import GuidelineForm, NewQuestionForm
from etd.models import User
from etd.permissions import GuidelineAccess, Permission, ask_to_sign_in, requires_in_guideline
from etd.renewal import renewed
from etd.selectors import load_guideline
from etd.views.submitting import submit


@require_safe
@requires_in_guideline(Permission.VIEW)
def guideline(request: HttpRequest, access: GuidelineAccess) -> HttpResponse:
    """Its questions, and its people with their roles."""
    manages = access.may(Permission.MANAGE_PEOPLE)
    return render(
        request,
        "etd/guidelines/guideline.html",
        {
            "access": access,
            "view": load_guideline(
                access.guideline, access.user, manages_people=manages, page=request.GET.get("page", "")
            ),
            "manages_people": manages,
            "manages_chairs": access.may(Permission.MANAGE_CHAIRS),
            "manages_conflicts": access.may(Permission.MANAGE_CONFLICTS),
            "edits_guideline": access.may(Permission.EDIT_GUIDELINE),
            "sees_checks": access.may(Permission.SEE_CHECKS),
            "creates_questions": access.may(Permission.CREATE_QUESTION),
            "imports_documents": access.may(Permission.IMPORT_DOCUMENT),
        },
    )


@require_http_methods(["GET", "HEAD", "POST"])
@renewed("begin a guideline and be its chair")
def new_guideline(request: HttpRequest) -> HttpResponse:
    """For administrators of the site (Django's `is_staff`); whoever begins a guideline is its first chair."""
    user = request.user
    if not isinstance(user, User):
        return ask_to_sign_in(request)
    if not user.is_staff:
        raise PermissionDenied("Guidelines are begun by the administrators of this site.")
    form = GuidelineForm(request.POST or None)

    def act() -> HttpResponse:
        made = accounts.start_guideline(**form.cleaned_data, by=user)
        messages.success(
            request, "The guideline has begun, and you are its chair. Invite people, begin a question."
        )
        return redirect("guideline", made.slug)

    return submit(
        request,
        form=form,
        act=act,
        template="etd/guidelines/form.html",
        context={"heading": "New guideline", "button": "Begin the guideline"},
    )


@require_http_methods(["GET", "HEAD", "POST"])
@requires_in_guideline(Permission.CREATE_QUESTION)
def new_question(request: HttpRequest, access: GuidelineAccess) -> HttpResponse:
    form = NewQuestionForm(access.guideline, request.POST or None)

    def act() -> HttpResponse:
        slug, framework = form.cleaned_data["slug"], form.chosen_framework()
        made = questions.create_question(
            guideline=access.guideline,
            slug=slug,
            framework_key=framework.key,
            framework_version=framework.version,
            own_framework=framework.own,
            values=form.values(),
            by=access.user,
        )
        return redirect("question", access.guideline.slug, made.slug)

    return submit(
        request,
        form=form,
        act=act,
        template="etd/guidelines/form.html",
        context={"access": access, "heading": "New question", "button": "Begin the question"},
    )
