"""How certain the evidence is: all outcomes, one outcome's worksheet, and rating it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.forms import BoundField
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from etd.actions.certainty import rate_certainty
from etd.actions.errors import Refused, StaleEdit
from etd.certainty_evidence import Suggested, seen_digest, suggestions_of
from etd.domain import certainty as grade
from etd.enums import StudyDesign
from etd.forms.certainty import CertaintyForm, DomainFields, stored_texts
from etd.models import Outcome, OutcomeRow
from etd.permissions import Access, Permission, requires
from etd.selectors import EtdView
from etd.selectors.certainty import (
    OutcomeCertainty,
    ResultLine,
    degree,
    load_result_lines,
    sum_of,
)
from etd.views.editing import Conflict
from etd.views.pages import page

NO_DATA = "Nothing: the data here do not speak of it. It is for you to judge."


@require_safe
@requires(Permission.VIEW)
def overview(request: HttpRequest, access: Access) -> HttpResponse:
    """Every outcome with its importance and certainty, and what they suggest for the question as a whole."""
    return render(request, "etd/certainty/overview.html", page(access))


@require_safe
@requires(Permission.VIEW)
def worksheet(request: HttpRequest, access: Access, outcome: int) -> HttpResponse:
    """How one outcome came to its level."""
    context = page(access)
    return render(
        request, "etd/certainty/worksheet.html", context | {"rated": _outcome_or_404(context["etd"], outcome)}
    )


@dataclass(frozen=True)
class DomainPart:
    """One domain of the form with what the data suggest; `take_label` is empty where there is nothing to take over."""

    key: str
    is_up: bool
    label: str
    levels: BoundField
    reason: BoundField
    choices: list[tuple[int, str, bool]]
    suggested: str
    take_label: str


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Permission.EDIT_OUTCOMES)
def rate(request: HttpRequest, access: Access, outcome: int) -> HttpResponse:
    """Rate one outcome. The form's `action` is `save`, or what stores nothing: `preview`, or `take-` and a domain."""
    context = page(access)
    rated = _outcome_or_404(context["etd"], outcome)
    lines = load_result_lines(outcome)
    form = CertaintyForm(
        [(line.id, line.label) for line in lines],
        request.POST if request.method == "POST" else None,
        initial=CertaintyForm.initial_for(rated.worksheet, lines[0].id if lines else None),
    )
    row = _chosen_row(form, lines)
    suggestions = suggestions_of(row, form["design"].value() or "")
    seen = seen_digest(row, suggestions)
    if request.POST.get("seen") == seen:
        # Nobody is asked why they leave what they were not shown.
        form.suggestions = suggestions
    action = request.POST.get("action", "save")
    status, refusal, conflict = 200, "", None
    if request.method == "POST" and action == "save":
        status = 422
        if form.is_valid():
            try:
                _save(form, access, outcome, row)
            except StaleEdit as error:
                status, conflict = (
                    409,
                    Conflict(error.revision, stored_texts(error.current, form.cleaned_data)),
                )
            except Refused as error:
                status, refusal = 409, str(error)
            else:
                return redirect("certainty", *access.slugs, outcome)
    elif request.method == "POST" and action.startswith("take-"):
        form.take_over(action.removeprefix("take-"), suggestions)
    show_errors = status == 422
    return render(
        request,
        "etd/certainty/rate.html",
        context
        | {
            "rated": rated,
            "form": form,
            "lines": lines,
            "chosen_row": row.pk if row else None,
            "designs": [
                (value, label, grade.LABELS[grade.START_LEVELS[value]])
                for value, label in StudyDesign.choices
            ],
            "domains": [_part(domain, suggestions) for domain in form.domains()],
            "seen": seen,
            "result": sum_of(so_far) if (so_far := form.so_far()) else None,
            "not_rated_yet": form.not_rated_yet(),
            "show_errors": show_errors,
            "n_errors": len(form.errors) if show_errors else 0,
            "refusal": refusal,
            "conflict": conflict,
        },
        status=status,
    )


def _outcome_or_404(etd: EtdView, outcome: int) -> OutcomeCertainty:
    found = etd.certainty.outcome(outcome)
    if found is None:
        raise Http404
    return found


def _chosen_row(form: CertaintyForm, lines: Sequence[ResultLine]) -> OutcomeRow | None:
    chosen = str(form["row"].value()) if lines else ""
    if chosen not in {str(line.id) for line in lines}:
        return None
    return OutcomeRow.objects.select_related("outcome", "population").get(pk=int(chosen))


def _save(form: CertaintyForm, access: Access, outcome: int, row: OutcomeRow | None) -> None:
    rate_certainty(
        outcome=Outcome.objects.select_related("question").get(pk=outcome),
        row=row,
        design=form.cleaned_data["design"],
        design_note=form.cleaned_data["design_note"],
        ratings=form.ratings(),
        revision=form.revision_to_save_at(),
        seen=form.cleaned_data["seen"],
        by=access.user,
        op=form.cleaned_data["op"],
    )


def _part(domain: DomainFields, suggestions: Mapping[str, Suggested]) -> DomainPart:
    suggestion = suggestions.get(domain.key)
    levels = suggestion["levels"] if suggestion else None
    return DomainPart(
        key=domain.key,
        is_up=domain.is_up,
        label=domain.label,
        levels=domain.levels,
        reason=domain.reason,
        choices=[(n, label, str(n) == str(domain.levels.value())) for n, label in domain.choices],
        suggested=suggestion["text"] if suggestion else NO_DATA,
        take_label="" if levels is None else degree(domain.key, levels),
    )
