from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from etd.actions import assessments
from etd.actions.errors import Refused, StaleEdit
from etd.enums import RECOMMENDATION_TYPE_ITEM, Basis
from etd.forms.assessment import JudgementForm, TextsForm
from etd.permissions import Access, Permission, requires
from etd.selectors import CriterionView, EtdView, rounds_of
from etd.selectors.rounds import find_round
from etd.views.conflicts import asks_to_declare
from etd.views.editing import differing_texts, edit
from etd.views.pages import card, criterion_or_404, etd_of, page

# What “Save and next” leads to after the last criterion that a round asks about.
THE_ROUND = "round"


@require_safe
@requires(Permission.VIEW)
def criterion(request: HttpRequest, access: Access, key: str) -> HttpResponse:
    """One criterion at a time, with the way to the one before and the one after."""
    return render(request, "etd/criterion.html", criterion_page(access, key))


def criterion_page(access: Access, key: str) -> dict[str, Any]:
    context = page(access)
    criteria = context["etd"].criteria
    current = criterion_or_404(context["etd"], key)
    return context | {
        "card": card(current, context["feedback"]),
        "previous": criteria[current.number - 2] if current.number > 1 else None,
        "next": criteria[current.number] if current.number < len(criteria) else None,
        "then_vote_on": _then_vote_on(context["etd"], current),
        "alone": True,
        "asks_to_declare": asks_to_declare(access, context["etd"]),
    }


def _then_vote_on(etd: EtdView, current: CriterionView) -> str:
    """Where “Save and next” leads: what the round asks after this criterion, or the round itself after the last."""
    asked = [criterion.key for criterion in etd.criteria[current.number :] if criterion.in_round]
    if etd.type_vote:
        asked.append(RECOMMENDATION_TYPE_ITEM)
    return asked[0] if asked else THE_ROUND


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Permission.EDIT_TEXTS)
def edit_texts(request: HttpRequest, access: Access, key: str) -> HttpResponse:
    current = criterion_or_404(etd_of(access), key)
    form = TextsForm(
        request.POST or None,
        initial={
            "revision": current.revision,
            "research_evidence": current.research_evidence,
            "additional_considerations": current.additional_considerations,
        },
    )

    def save(revision: int) -> None:
        assessments.edit_texts(
            question=access.question,
            criterion_key=key,
            research_evidence=form.cleaned_data["research_evidence"],
            additional_considerations=form.cleaned_data["additional_considerations"],
            revision=revision,
            by=access.user,
            op=form.cleaned_data["op"],
        )

    return edit(
        request,
        form=form,
        save=save,
        done=lambda: _card(request, access, key),
        describe=differing_texts(form),
        context={
            "access": access,
            "heading": current.heading,
            "page_heading": f"Edit the texts: {current.heading}",
            "target": f"criterion-{key}",
        },
    )


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Permission.RECORD_JUDGEMENT)
def edit_judgement(request: HttpRequest, access: Access, key: str) -> HttpResponse:
    """The panel's judgement: never filled in by itself, one or several options."""
    etd = etd_of(access)
    current = criterion_or_404(etd, key)
    initial = JudgementForm.initial_for(current)
    rounds = rounds_about(access, key)
    initial |= asked_round(request, rounds)
    form = JudgementForm(current, request.POST or None, initial=initial, rounds=rounds)

    def save(revision: int) -> None:
        number = form.cleaned_data["voting_round"]
        try:
            assessments.record_judgement(
                question=access.question,
                criterion_key=key,
                choices=form.choices(),
                basis=Basis(form.cleaned_data["basis"]),
                revision=revision,
                voting_round=find_round(access.question, number) if number else None,
                reason=form.cleaned_data["reason"],
                by=access.user,
                op=form.cleaned_data["op"],
            )
        except StaleEdit:
            raise
        except Refused as error:
            form.ask_for_what_is_missing(str(error))
            raise

    return edit(
        request,
        form=form,
        save=save,
        done=lambda: _card(request, access, key),
        describe=_stored_judgement(current),
        context={
            "access": access,
            "heading": current.heading,
            "page_heading": f"Record the panel’s judgement: {current.heading}",
            "target": f"criterion-{key}",
            "multiple": True,
            "proposed_by_outcomes": etd.certainty if current.is_about_certainty else None,
            "prompt": current.prompt,
            "to_consider": current.to_consider,
        },
    )


def rounds_about(access: Access, item_key: str) -> list[int]:
    """The numbers of the rounds that are over and asked about the item."""
    return [one.number for one in rounds_of(access.question) if one.is_over and item_key in one.item_keys]


def asked_round(request: HttpRequest, rounds: list[int]) -> dict[str, Any]:
    """The round that the address names (`?round=2`), as the initial value of its field; empty where it names none."""
    asked = request.GET.get("round", "")
    return {"voting_round": int(asked)} if asked in map(str, rounds) else {}


def _stored_judgement(current: CriterionView) -> Any:
    labels = {cell.key: cell.label for cell in current.scale if cell}

    def describe(stored: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
        options = [labels[key] + (f" ({part})" if part else "") for key, part in stored["choices"]]
        stands = (("The panel's judgement", ", ".join(options) or "none"),)
        return (*stands, ("The panel's reason", stored["reason"])) if stored.get("reason") else stands

    return describe


def _card(request: HttpRequest, access: Access, key: str) -> HttpResponse:
    question = [access.question.guideline.slug, access.question.slug]
    if not request.htmx:  # type: ignore[attr-defined]
        return redirect(f"{reverse('question', args=question)}#criterion-{key}")
    context = page(access)
    saved = {
        "card": card(criterion_or_404(context["etd"], key), context["feedback"]),
        "saved": True,
        # On the page of one criterion its name is the heading of the page.
        "alone": request.htmx.current_url_abs_path == reverse("criterion", args=[*question, key]),  # type: ignore[attr-defined]
    }
    return render(request, "etd/_criterion_card_saved.html", context | saved)
