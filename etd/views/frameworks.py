"""A guideline's own framework, and moving a question from one framework to another."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from etd.actions import frameworks
from etd.forms.frameworks import (
    MoveForm,
    OwnCriterionFormSet,
    OwnFrameworkForm,
    own_criteria_of,
    own_initial,
)
from etd.frameworks import get_framework
from etd.frameworks.mapping import placed, proposed
from etd.frameworks.overlay import Changes
from etd.permissions import Access, GuidelineAccess, Permission, requires, requires_in_guideline
from etd.selectors.frameworks import (
    FrameworkChoice,
    current_framework,
    find_framework,
    framework_choices,
    kept_parts,
    own_versions,
)
from etd.views.submitting import submit


@require_safe
@requires_in_guideline(Permission.VIEW)
def own_frameworks(request: HttpRequest, access: GuidelineAccess) -> HttpResponse:
    """The guideline's own versions, and what is shipped to make one from."""
    context = {
        "access": access,
        "versions": own_versions(access.guideline),
        "choices": [choice for choice in framework_choices(access.guideline) if not choice.own],
        "edits": access.may(Permission.EDIT_GUIDELINE),
    }
    return render(request, "etd/frameworks/frameworks.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@requires_in_guideline(Permission.EDIT_GUIDELINE)
def edit_own_framework(request: HttpRequest, access: GuidelineAccess, base: str) -> HttpResponse:
    """The next version of the guideline's own framework, from an earlier version or from a shipped framework."""
    choice = _found(find_framework(access.guideline, base))
    shipped = get_framework(choice.key, choice.version)
    changes = Changes.from_json(choice.own.changes) if choice.own else Changes()
    title = choice.own.title if choice.own else f"{shipped.title}, {access.guideline.title}"[:200]
    data = request.POST or None
    form = OwnFrameworkForm(shipped, data, initial=OwnFrameworkForm.initial_for(title, changes))
    formset = OwnCriterionFormSet(
        data,
        initial=None if data else own_initial(changes),
        prefix="own",
        form_kwargs={"base": shipped},
    )

    def act() -> HttpResponse:
        made = frameworks.create_own_framework(
            guideline=access.guideline,
            title=form.cleaned_data["title"],
            base_key=choice.key,
            base_version=choice.version,
            changes=form.changes(own_criteria_of(formset)),
            by=access.user,
            op=form.cleaned_data["op"],
        )
        messages.success(
            request,
            f"Version {made.version} of your framework is there. Questions keep the version they began with; "
            "each can be moved on its own page.",
        )
        return redirect("own_frameworks", access.guideline.slug)

    return submit(
        request,
        form=form,
        act=act,
        template="etd/frameworks/edit.html",
        context={"access": access, "formset": formset, "base": shipped, "choice": choice},
        valid=formset.is_valid() if data else None,
    )


@require_safe
@requires(Permission.VIEW)
def question_framework(request: HttpRequest, access: Access) -> HttpResponse:
    """Which framework the question is judged by, what is kept from former ones, and which others there are."""
    now = current_framework(access.question)
    choices = framework_choices(access.question.guideline)
    context = {
        "access": access,
        "now": now,
        "kept": kept_parts(access.question),
        "choices": [choice for choice in choices if choice.value != now.value],
        "may_move": access.may(Permission.EDIT_QUESTION),
        "can_move": access.can(Permission.EDIT_QUESTION),
    }
    return render(request, "etd/frameworks/choose.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Permission.EDIT_QUESTION)
def move_question(request: HttpRequest, access: Access, to: str) -> HttpResponse:
    """What the move means for every criterion, shown before it is made."""
    target = _found(find_framework(access.question.guideline, to))
    former = access.question.framework
    initial = proposed(former, target.framework)
    form = MoveForm(former, target.framework, request.POST or None, initial=initial)
    mapping = form.mapping() if form.is_bound and form.is_valid() else initial

    def act() -> HttpResponse:
        frameworks.move_question(
            question=access.question,
            framework_key=target.key,
            framework_version=target.version,
            own_framework=target.own,
            mapping=form.mapping(),
            by=access.user,
            op=form.cleaned_data["op"],
        )
        messages.success(request, f"The question is judged by “{target.title}” now.")
        return redirect("question", *access.slugs)

    return submit(
        request,
        form=form,
        act=act,
        template="etd/frameworks/move.html",
        context={
            "access": access,
            "target": target,
            "former": former,
            "rows": [
                (place, form[place.criterion.key]) for place in placed(former, target.framework, mapping)
            ],
        },
    )


def _found(choice: FrameworkChoice | None) -> FrameworkChoice:
    if choice is None:
        raise Http404
    return choice
