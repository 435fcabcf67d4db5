"""The outcomes of a question: the list, one outcome, and what is decided about it before the evidence is judged."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from etd.actions import outcome_tables
from etd.actions import outcomes as actions
from etd.actions.errors import Refused, StaleEdit
from etd.domain.comparator_risk import risks_revision
from etd.domain.thresholds import plain
from etd.enums import Better, Importance, RiskLevel, RiskSource
from etd.forms.fields import RevisionForm
from etd.forms.outcomes import MoveForm, OutcomeForm, RatingsForm, RisksForm, ThresholdsForm
from etd.models import DecisionThresholds, Outcome, Population
from etd.permissions import Access, Permission, requires
from etd.selectors.outcomes import OutcomeView, load_outcomes
from etd.views.editing import edit
from etd.views.pages import page

PAGE = "etd/outcomes/edit.html"


@require_safe
@requires(Permission.VIEW)
def outcomes(request: HttpRequest, access: Access) -> HttpResponse:
    """All outcomes in order."""
    return render(request, "etd/outcomes/outcomes.html", page(access) | {"outcomes": _views(access)})


@require_safe
@requires(Permission.VIEW)
def outcome(request: HttpRequest, access: Access, outcome: int) -> HttpResponse:
    """One outcome: its words, importance, thresholds with their history, comparator risks."""
    return render(request, "etd/outcomes/outcome.html", page(access) | {"outcome": _view(access, outcome)})


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Permission.EDIT_OUTCOMES)
def add_outcome(request: HttpRequest, access: Access) -> HttpResponse:
    form = OutcomeForm(request.POST or None, initial={"revision": 0})
    made: list[Outcome] = []

    def save(revision: int) -> None:
        values = form.values()
        made.append(
            outcome_tables.create_outcome(
                question=access.question,
                name=values["name"],
                better=Better(values["better"]),
                timepoint=values["timepoint"],
                importance=values["importance"],
                measured_with=values["measured_with"],
                hazard_ratio_of=values["hazard_ratio_of"],
                by=access.user,
            )
        )

    def done() -> HttpResponse:
        messages.success(request, f"The outcome “{made[0]}” is added.")
        return redirect("outcome", *access.slugs, made[0].pk)

    return edit(
        request,
        form=form,
        save=save,
        done=done,
        describe=lambda current: (),
        context=_form_page(access, "Add an outcome", back=reverse("outcomes", args=access.slugs)),
        page_template=PAGE,
    )


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Permission.EDIT_OUTCOMES)
def edit_outcome(request: HttpRequest, access: Access, outcome: int) -> HttpResponse:
    stored, shown = _stored(access, outcome), _view(access, outcome)
    form = OutcomeForm(
        request.POST or None, initial=OutcomeForm.initial_for(stored), proposal=shown.importance.proposal
    )

    def save(revision: int) -> None:
        actions.edit_outcome(
            outcome=stored,
            values=form.values(),
            revision=revision,
            by=access.user,
            op=form.cleaned_data["op"],
        )

    def describe(current: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
        words = dict(Better.choices) | dict(Importance.choices)
        return tuple(
            (str(form[name].label), words.get(text, text))
            for name, text in current.items()
            if text != form.cleaned_data[name]
        )

    return edit(
        request,
        form=form,
        save=save,
        done=lambda: _back_to(access, outcome),
        describe=describe,
        context=_form_page(access, f"Edit: {stored}", back=_address(access, outcome)),
        page_template=PAGE,
    )


@require_POST
@requires(Permission.EDIT_OUTCOMES)
def move_outcome(request: HttpRequest, access: Access, outcome: int) -> HttpResponse:
    """Put the outcome at the place that the button names; back to the list."""
    form = MoveForm(request.POST)
    if not form.is_valid():
        return render(
            request, "etd/outcomes/outcomes.html", page(access) | {"outcomes": _views(access)}, status=422
        )
    try:
        actions.move_outcome(
            outcome=_stored(access, outcome),
            position=form.cleaned_data["position"],
            by=access.user,
            op=form.cleaned_data["op"],
        )
    except Refused as error:
        messages.error(request, f"Not moved. {error}")
    return redirect(f"{reverse('outcomes', args=access.slugs)}#outcome-{outcome}")


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Permission.EDIT_OUTCOMES)
def remove_outcome(request: HttpRequest, access: Access, outcome: int) -> HttpResponse:
    """Ask, naming what will be lost; then remove."""
    stored = _stored(access, outcome)
    refusal = ""
    if request.method == "POST":
        try:
            actions.remove_outcome(outcome=stored, by=access.user)
        except Refused as error:
            refusal = str(error)
        else:
            messages.success(request, f"The outcome “{stored}” is removed.")
            return redirect("outcomes", *access.slugs)
    context = page(access) | {"outcome": _view(access, outcome), "refusal": refusal}
    return render(request, "etd/outcomes/remove.html", context, status=409 if refusal else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Permission.RATE_IMPORTANCE)
def rate_importance(request: HttpRequest, access: Access) -> HttpResponse:
    """The member's own ratings of all outcomes, saved all at once or one at a time."""
    form = RatingsForm(_views(access), request.POST or None)
    status, refusal = 200, ""
    only = request.POST.get("only", "")
    if request.method == "POST":
        status, refusal = 422, " ".join(str(error) for errors in form.errors.values() for error in errors)
        if form.is_valid():
            try:
                actions.rate_importance(
                    question=access.question,
                    ratings=form.ratings(),
                    by=access.user,
                    op=form.cleaned_data["op"],
                )
            except Refused as error:
                status, refusal = 409, str(error)
            else:
                return _rated(request, access, only, bool(form.ratings()))
        if request.htmx and refusal:  # type: ignore[attr-defined]
            return render(request, "etd/outcomes/_rated.html", {"refusal": refusal}, status=status)
    context = page(access) | {"form": form, "refusal": refusal, "rows": form.rows()}
    return render(request, "etd/outcomes/importance.html", context, status=status)


def _rated(request: HttpRequest, access: Access, only: str, chose: bool) -> HttpResponse:
    """What is said of a saved rating; of a single one without leaving what else is chosen on the page."""
    shown = _views(access)
    if not only:
        words = (
            "Your ratings are saved. You can change them."
            if chose
            else "Nothing was chosen, nothing is saved."
        )
        messages.success(request, words)
        return redirect("rate_importance", *access.slugs)
    one = next((view for view in shown if str(view.id) == only), None)
    if one is None:
        raise Http404
    if request.htmx:  # type: ignore[attr-defined]
        return render(request, "etd/outcomes/_rated.html", {"outcome": one, "saved": chose})
    form = RatingsForm(shown, request.POST)
    context = page(access) | {"form": form, "rows": form.rows(), "saved": one.id if chose else None}
    return render(request, "etd/outcomes/importance.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Permission.EDIT_OUTCOMES)
def edit_thresholds(request: HttpRequest, access: Access, outcome: int) -> HttpResponse:
    one = _stored(access, outcome)
    stored = DecisionThresholds.objects.filter(outcome=one).first()
    form = ThresholdsForm(
        request.POST or None,
        initial=ThresholdsForm.initial_for(stored),
        is_locked=bool(stored and stored.locked_at),
    )

    def save(revision: int) -> None:
        actions.set_thresholds(
            outcome=one,
            thresholds=form.thresholds(),
            revision=revision,
            reason=form.cleaned_data.get("reason", ""),
            by=access.user,
            op=form.cleaned_data["op"],
        )

    return edit(
        request,
        form=form,
        save=save,
        done=lambda: _back_to(access, outcome, "thresholds"),
        describe=_differing(form),
        context=_form_page(
            access,
            f"Decision thresholds: {one}",
            lead="From how many people in 1,000 on an effect is small, moderate or large. A smaller one is trivial.",
            back=_address(access, outcome),
        ),
        page_template=PAGE,
    )


@require_POST
@requires(Permission.EDIT_OUTCOMES)
def lock_thresholds(request: HttpRequest, access: Access, outcome: int) -> HttpResponse:
    """Lock the thresholds that the page showed; back to the outcome."""
    form = RevisionForm(request.POST)
    if not form.is_valid():
        context = page(access) | {"outcome": _view(access, outcome)}
        return render(request, "etd/outcomes/outcome.html", context, status=422)
    try:
        actions.lock_thresholds(
            outcome=_stored(access, outcome),
            revision=form.revision_to_save_at(),
            by=access.user,
            op=form.cleaned_data["op"],
        )
    except StaleEdit:
        messages.error(
            request, "Not locked: somebody else has changed the thresholds in the meantime. Look again."
        )
    except Refused as error:
        messages.error(request, f"Not locked. {error}")
    else:
        messages.success(request, "The thresholds are locked.")
    return _back_to(access, outcome, "thresholds")


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Permission.EDIT_OUTCOMES)
def edit_risks(request: HttpRequest, access: Access, outcome: int, population: int) -> HttpResponse:
    """The comparator risks of one outcome in one population that has results."""
    one, shown = _stored(access, outcome), _view(access, outcome)
    whom = get_object_or_404(Population, pk=population, question=access.question)
    place = next((place for place in shown.places if place.population_id == population), None)
    if place is None:
        raise Http404
    stored = actions.stored_risks(one, whom)
    revision = risks_revision([actions.risk_values(risk) for risk in stored])
    form = RisksForm(
        request.POST or None, initial=RisksForm.initial_for(stored, revision), effects=place.effects
    )

    def save(revision: int) -> None:
        actions.set_comparator_risks(
            outcome=one,
            population=whom,
            risks=form.risks(),
            revision=revision,
            by=access.user,
            op=form.cleaned_data["op"],
        )

    return edit(
        request,
        form=form,
        save=save,
        done=lambda: _back_to(access, outcome, "risks"),
        describe=_risks_in_words,
        context=_form_page(
            access,
            f"Comparator risks: {one}, {whom}",
            lead="The risk without the intervention, which absolute effects are reckoned from.",
            back=_address(access, outcome),
        )
        | {"place": place},
        page_template="etd/outcomes/risks.html",
    )


def _risks_in_words(current: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    levels, sources = dict(RiskLevel.choices), dict(RiskSource.choices)
    said = []
    for one in current["risks"]:
        words = [sources[one["source"]]]
        if one["risk"]:
            words += [f"{plain(Decimal(one['risk']) * 1_000)} per 1,000", one["citation"]]
        said.append((levels[one["level"]], ", ".join(words)))
    return tuple(said) or (("Comparator risks", "None are chosen."),)


def _differing(form: RevisionForm) -> Any:
    def describe(current: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
        return tuple(
            (str(form[name].label), str(text))
            for name, text in current.items()
            if str(text) != str(form.data.get(name, "")).replace("\r\n", "\n")
        )

    return describe


def _form_page(access: Access, heading: str, *, back: str, lead: str = "") -> dict[str, Any]:
    return page(access) | {"heading": heading, "target": "outcome", "lead": lead, "back": back}


def _address(access: Access, outcome: int) -> str:
    return reverse("outcome", args=[*access.slugs, outcome])


def _back_to(access: Access, outcome: int, part: str = "") -> HttpResponse:
    return redirect(f"{_address(access, outcome)}{f'#{part}' if part else ''}")


def _views(access: Access) -> tuple[OutcomeView, ...]:
    return load_outcomes(access.question, access.user, manages=access.may(Permission.EDIT_OUTCOMES))


def _view(access: Access, outcome: int) -> OutcomeView:
    found = next((one for one in _views(access) if one.id == outcome), None)
    if found is None:
        raise Http404
    return found


def _stored(access: Access, outcome: int) -> Outcome:
    return get_object_or_404(Outcome.objects.select_related("question"), pk=outcome, question=access.question)
