"""One analysis: looked at, tried by other methods, used in the EtD."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from etd.actions.errors import Refused
from etd.permissions import Access, Permission, requires
from etd.views.pages import page
from metaanalysis import analyses, caveats, specification
from metaanalysis.actions.analyses import run_analysis
from metaanalysis.forms.method import SpecForm
from metaanalysis.models import Analysis
from metaanalysis.selectors.analyses import AnalysisView, data_table, latest_analysis, stored_view, tried_view
from metaanalysis.stats.report import result_to_json
from metaanalysis.views.downloads import csv_file


@require_safe
@requires(Permission.VIEW)
def analysis(request: HttpRequest, access: Access, row: int) -> HttpResponse:
    """The stored analysis; with a method in the query string, the same data by that one, only to look at."""
    stored = _analysis_or_404(access, row)
    context = page(access)
    form = _spec_form(request.GET, stored)
    shown, status = stored_view(context["etd"], stored), 200
    if form.is_bound:
        if not form.is_valid():
            status = 422
        elif (spec := specification.to_json(form.spec)) != stored.spec:
            result = analyses.pool_inputs(stored.inputs, form.spec)
            reported = analyses.reported_values(stored.row.outcome, stored.row.population)
            shown = tried_view(
                context["etd"],
                stored,
                spec=spec,
                result=result_to_json(result),
                caveats=caveats.caveats(
                    stored.inputs, result, reported, (stored.row.provenance or {}).get("note", "")
                ),
            )
    return _analysis_page(request, context, form, shown, status=status)


@require_POST
@requires(Permission.UPLOAD_DATA)
def use_analysis(request: HttpRequest, access: Access, row: int) -> HttpResponse:
    """Pool by the chosen method and put the row into the outcome table."""
    stored = _analysis_or_404(access, row)
    context = page(access)
    form = SpecForm(request.POST)
    shown = stored_view(context["etd"], stored)
    if not form.is_valid():
        return _analysis_page(request, context, form, shown, status=422)
    try:
        run_analysis(
            outcome=stored.row.outcome, population=stored.row.population, spec=form.spec, by=access.user
        )
    except Refused as error:
        return _analysis_page(request, context, form, shown, status=409, refusal=str(error))
    messages.success(request, "The row in the EtD is now by this method.")
    return redirect("analysis", *access.slugs, row)


@require_safe
@requires(Permission.VIEW)
def analysis_data(request: HttpRequest, access: Access, row: int) -> HttpResponse:
    return csv_file(data_table(_analysis_or_404(access, row)), f"{access.question.slug}-{row}.csv")


def _analysis_or_404(access: Access, row: int) -> Analysis:
    found = latest_analysis(access.question, row)
    if found is None:
        raise Http404
    return found


def _spec_form(query: QueryDict, stored: Analysis) -> SpecForm:
    """The form as asked for in the query string; what it leaves out is as stored."""
    initial = SpecForm.initial_for(specification.from_json(stored.spec))
    asked = {name: query[name] for name in initial if name in query}
    return SpecForm(initial | asked) if asked else SpecForm(initial=initial)


def _analysis_page(
    request: HttpRequest,
    context: dict[str, Any],
    form: SpecForm,
    shown: AnalysisView,
    *,
    status: int = 200,
    refusal: str = "",
) -> HttpResponse:
    part = request.htmx and request.method == "GET"  # type: ignore[attr-defined]
    template = "metaanalysis/_analysis.html" if part else "metaanalysis/analysis.html"
    context = context | {"form": form, "analysis": shown, "plot": shown.plot, "refusal": refusal}
    return render(request, template, context, status=status)
