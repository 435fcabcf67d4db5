from __future__ import annotations

from typing import Any
from uuid import uuid4

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST

from etd.actions import voting
from etd.actions.errors import Refused, StaleEdit
from etd.enums import RECOMMENDATION_TYPE_ITEM
from etd.forms.vote import VoteForm
from etd.frameworks import UnknownKey
from etd.permissions import Access, Permission, requires
from etd.selectors import round_progress
from etd.views.assessment import THE_ROUND, criterion_page
from etd.views.pages import Card, page


@require_POST
@requires(Permission.VOTE)
def cast_vote(request: HttpRequest, access: Access, item: str) -> HttpResponse:
    """Save the member's own judgement; they may change it until the round closes."""
    framework = access.question.framework
    try:
        form = VoteForm.for_item(framework, item, request.POST)
    except UnknownKey:
        raise Http404 from None
    if not form.is_valid():
        return _not_saved(
            request, access, item, form, status=422, message="Please choose one of the options."
        )
    try:
        vote = voting.cast_vote(
            question=access.question,
            item_key=item,
            option_keys=form.cleaned_data["options"],
            comment=form.cleaned_data["comment"],
            version=form.revision_to_save_at(),
            confidence=form.cleaned_data["confidence"],
            no_evidence_basis=form.cleaned_data["no_evidence_basis"],
            by=access.user,
            op=form.cleaned_data["op"],
        )
    except StaleEdit as error:
        return _not_saved(request, access, item, form, status=409, message=str(error), stale=error)
    except Refused as error:
        return _not_saved(request, access, item, form, status=409, message=str(error))
    if request.htmx and request.POST.get("next"):  # type: ignore[attr-defined]
        return HttpResponse(headers={"HX-Redirect": _after(request, access, item)})
    if request.htmx:  # type: ignore[attr-defined]
        context = {
            "access": access,
            "vote": vote,
            "item": item,
            "op": uuid4(),
            "round": round_progress(access.question, access.user),
        }
        return render(request, "etd/_vote_saved.html", context)
    return redirect(_after(request, access, item))


def _after(request: HttpRequest, access: Access, item: str) -> str:
    question = [access.question.guideline.slug, access.question.slug]
    following = request.POST.get("next", "")
    known = access.question.framework.criteria
    if following in {criterion.key for criterion in known}:
        return reverse("criterion", args=[*question, following])
    if following == THE_ROUND and (current := round_progress(access.question, access.user)):
        return reverse("round", args=[*question, current.number])
    on_type = RECOMMENDATION_TYPE_ITEM in (item, following)
    anchor = "recommendation" if on_type else f"criterion-{item}"
    return f"{reverse('question', args=question)}#{anchor}"


def _not_saved(
    request: HttpRequest,
    access: Access,
    item: str,
    form: VoteForm,
    *,
    status: int,
    message: str,
    stale: StaleEdit | None = None,
) -> HttpResponse:
    """Say why, beside what was typed; where it was saved elsewhere meanwhile, show both."""
    labels = dict(form.fields["options"].choices)  # type: ignore[attr-defined]
    context: dict[str, Any] = {"access": access, "item": item, "message": message, "stale": stale}
    if stale is not None:
        context["stored_options"] = ", ".join(labels[key] for key in stale.current["option_keys"]) or "none"
    if request.htmx:  # type: ignore[attr-defined]
        return render(request, "etd/_vote_not_saved.html", context, status=status)
    if item == RECOMMENDATION_TYPE_ITEM:
        whole = page(access) | {"type_form": form}
        return render(request, "etd/type_vote.html", whole | context, status=status)
    whole = criterion_page(access, item)
    whole["card"] = Card(whole["card"].criterion, form, whole["card"].feedback)
    return render(request, "etd/criterion.html", whole | context, status=status)
