"""The main methods of a question: choosing one before there are results, and what was chosen when."""

from __future__ import annotations

from collections.abc import Mapping

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from etd.actions.errors import Refused
from etd.models import Outcome, Population
from etd.permissions import Access, Permission, requires
from etd.views.pages import page
from metaanalysis.actions.places import WrongAssignment
from metaanalysis.actions.plans import plan_main_method
from metaanalysis.forms.method import AnalysisForm
from metaanalysis.forms.place import PlaceForm
from metaanalysis.kinds import NAMES
from metaanalysis.selectors.methods import main_methods
from metaanalysis.specification import usual_for
from metaanalysis.stats.types import DataKind


@require_safe
@requires(Permission.VIEW)
def methods(request: HttpRequest, access: Access) -> HttpResponse:
    """Every main method with its history; a methodologist can choose one where there are no results yet."""
    asked = {name.removeprefix("place-"): value for name, value in request.GET.items()}
    place = PlaceForm(*_places(access), initial=asked, prefix="place")
    return _methods_page(request, access, place, _method_form(request.GET))


@require_POST
@requires(Permission.UPLOAD_DATA)
def choose_method(request: HttpRequest, access: Access) -> HttpResponse:
    place = PlaceForm(*_places(access), request.POST, prefix="place")
    method = _method_form(request.POST)
    if not (place.is_valid() and method.is_valid()):
        return _methods_page(request, access, place, method, status=422)
    try:
        chosen = plan_main_method(
            question=access.question,
            outcome=place.chosen_outcome,
            population=place.chosen_population,
            spec=method.spec,
            by=access.user,
        )
    except Refused as error:
        status = 422 if isinstance(error, WrongAssignment) else 409
        return _methods_page(request, access, place, method, status=status, refusal=str(error))
    messages.success(request, f"The main method of {chosen.outcome}, {chosen.population} is recorded.")
    return redirect("main_methods", *access.slugs)


def _places(access: Access) -> tuple[list[Outcome], list[Population]]:
    return list(access.question.outcomes.all()), list(access.question.populations.all())


def _method_form(asked: Mapping[str, str]) -> AnalysisForm:
    """The choices of a method as asked for, from the usual method for the kind of data on."""
    kind = asked.get("kind", "")
    chosen_kind = DataKind(kind) if kind in set(DataKind) else DataKind.COUNTS
    usual = AnalysisForm.initial_for(usual_for(chosen_kind))
    form = AnalysisForm(
        usual | {name: asked[name] for name in AnalysisForm.base_fields if name in asked},
        kind=chosen_kind,
        has_subgroups=False,
    )
    del form.fields["order"]
    form.helper.layout.fields.remove("order")
    return form


def _methods_page(
    request: HttpRequest,
    access: Access,
    place: PlaceForm,
    method: AnalysisForm,
    *,
    status: int = 200,
    refusal: str = "",
) -> HttpResponse:
    part = request.htmx and request.method == "GET"  # type: ignore[attr-defined]
    context = page(access) | {
        "places": main_methods(access.question),
        "place_form": place,
        "method_form": method,
        "kinds": [(kind, name[:1].upper() + name[1:], kind == method.kind) for kind, name in NAMES.items()],
        "kind": method.kind,
        "refusal": refusal,
    }
    template = "metaanalysis/_choose_method.html" if part else "metaanalysis/methods.html"
    return render(request, template, context, status=status)
