from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.forms import BaseFormSet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from etd.actions import recommendations
from etd.actions.errors import Refused, StaleEdit
from etd.enums import RECOMMENDATION_TYPE_ITEM, Basis
from etd.forms.recommendation import (
    RecommendationForm,
    SectionForm,
    StatementFormSet,
    TypeForm,
    rearranged,
    statement_in_words,
    statements_initial,
    statements_of,
)
from etd.forms.vote import VoteForm
from etd.permissions import Access, Permission, requires
from etd.selectors.rounds import find_round
from etd.views.assessment import asked_round, rounds_about
from etd.views.editing import differing_texts, edit, show_form
from etd.views.pages import etd_of, page


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Permission.RECORD_JUDGEMENT)
def edit_type(request: HttpRequest, access: Access) -> HttpResponse:
    """The type of recommendation: recorded by a person, never filled in by a count."""
    etd = etd_of(access)
    rounds = rounds_about(access, RECOMMENDATION_TYPE_ITEM)
    initial = TypeForm.initial_for(etd) | asked_round(request, rounds)
    form = TypeForm(etd, request.POST or None, initial=initial, rounds=rounds)

    def save(revision: int) -> None:
        number = form.cleaned_data["voting_round"]
        try:
            recommendations.record_type(
                question=access.question,
                type_key=form.cleaned_data["options"],
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

    def describe(current: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
        labels = {t.key: t.label for t in etd.recommendation_types}
        return ((form.name_of_type, labels.get(current["type"], "none")),)

    return edit(
        request,
        form=form,
        save=save,
        done=lambda: _part(request, access, "etd/_recommendation_type.html", "recommendation", part="type"),
        describe=describe,
        context={
            "access": access,
            "heading": form.name_of_type,
            "page_heading": f"Record the {form.name_of_type.lower()}",
            "target": "recommendation-type",
        },
    )


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Permission.EDIT_RECOMMENDATION)
def edit_recommendation(request: HttpRequest, access: Access) -> HttpResponse:
    """All statements, in one form; its other buttons put them in another order or add one, and save nothing."""
    etd = etd_of(access)
    data = request.POST or None
    form = RecommendationForm(data, initial=RecommendationForm.initial_for(etd))
    words = {"strength_word": etd.strength_word}
    # Not beside what was sent: a new statement that is stored already would count as an empty form and be dropped.
    initial = None if data else statements_initial(etd)
    formset = StatementFormSet(data, initial=initial, prefix="statements", form_kwargs=words)
    heading = etd.framework.statements_section.heading
    context = {
        "access": access,
        "heading": heading,
        "page_heading": f"Edit the {heading.lower()}",
        "target": "recommendation",
        "formset": formset,
    }
    if data and "arrange" in data:
        typed, place = rearranged(formset, data["arrange"])
        context["formset"] = _with_focus(
            StatementFormSet(initial=typed, prefix="statements", form_kwargs=words), place
        )
        return show_form(request, form=form, context=context | {"notice": "Not saved yet."})

    def save(revision: int) -> None:
        recommendations.edit_recommendation(
            question=access.question,
            note=etd.recommendation_note,
            statements=statements_of(formset),
            revision=revision,
            by=access.user,
            op=form.cleaned_data["op"],
        )

    def describe(current: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
        return tuple(
            (f"Statement {number}", statement_in_words(statement, etd.strength_word))
            for number, statement in enumerate(current["statements"], start=1)
        )

    return edit(
        request,
        form=form,
        save=save,
        done=lambda: _part(request, access, "etd/_recommendation.html", "recommendation"),
        describe=describe,
        context=context,
        valid=formset.is_valid() if data else None,
    )


def _with_focus(formset: BaseFormSet, place: int | None) -> BaseFormSet:
    if place is not None:
        formset.forms[place].fields["text"].widget.attrs["autofocus"] = True
    return formset


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Permission.EDIT_RECOMMENDATION)
def edit_section(request: HttpRequest, access: Access, key: str) -> HttpResponse:
    etd = etd_of(access)
    section = next((s for s in etd.sections if s.key == key and not s.holds_statements), None)
    if section is None:
        raise Http404
    form = SectionForm(
        section.heading, request.POST or None, initial={"revision": section.revision, "body": section.body}
    )

    def save(revision: int) -> None:
        recommendations.edit_section(
            question=access.question,
            section_key=key,
            body=form.cleaned_data["body"],
            revision=revision,
            by=access.user,
            op=form.cleaned_data["op"],
        )

    def done() -> HttpResponse:
        current = next(s for s in etd_of(access).sections if s.key == key)
        return _part(request, access, "etd/_section.html", f"section-{key}", section=current)

    return edit(
        request,
        form=form,
        save=save,
        done=done,
        describe=differing_texts(form),
        context={
            "access": access,
            "heading": section.heading,
            "page_heading": f"Edit: {section.heading}",
            "target": f"section-{key}",
        },
    )


def _part(request: HttpRequest, access: Access, template: str, anchor: str, **extra: Any) -> HttpResponse:
    if not request.htmx:  # type: ignore[attr-defined]
        address = reverse("question", args=[access.question.guideline.slug, access.question.slug])
        return redirect(f"{address}#{anchor}")
    access.question.recommendation.refresh_from_db()
    context = page(access)
    context["type_form"] = VoteForm.for_type(context["etd"]) if context["etd"].type_vote else None
    context["type_feedback"] = context["feedback"].get(RECOMMENDATION_TYPE_ITEM)
    return render(request, template, context | extra | {"saved": True})
