"""One analysis: looked at, tried by other methods, downloaded, used in the EtD."""

from __future__ import annotations

import json

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.utils.text import slugify
from django.views.decorators.http import require_POST, require_safe

from etd.actions.errors import Refused
from etd.permissions import Access, Permission, requires
from etd.selectors import EtdView
from etd.views.pages import page
from metaanalysis import analyses, caveats, specification
from metaanalysis.actions.analyses import run_analysis
from metaanalysis.forms.method import AnalysisForm, ReasonForm
from metaanalysis.kinds import kind_of
from metaanalysis.models import Analysis
from metaanalysis.plots.drawing import Plot
from metaanalysis.proposals import Consequences, consequences, proposal_of, proposed_row
from metaanalysis.r_code import r_code
from metaanalysis.selectors.analyses import (
    AnalysisView,
    Shown,
    analysis_view,
    data_table,
    has_subgroups,
    latest_analysis,
    measures_of,
    plot_of,
    result_document,
)
from metaanalysis.selectors.reproduction import reported_beside
from metaanalysis.stats.report import result_to_json
from metaanalysis.views.downloads import attachment, csv_file


@require_safe
@requires(Permission.VIEW)
def analysis(request: HttpRequest, access: Access, row: int) -> HttpResponse:
    """The stored analysis; with a method in the query string, the same data by that one, only to look at."""
    stored = _analysis_or_404(access, row)
    form = _form(request.GET, stored)
    return _analysis_page(
        request, access, form, shown_by(form, stored), status=200 if form.is_valid() else 422
    )


@require_POST
@requires(Permission.UPLOAD_DATA)
def use_analysis(request: HttpRequest, access: Access, row: int) -> HttpResponse:
    """Pool by the chosen method and put the row into the outcome table; a change of the main method says why."""
    stored = _analysis_or_404(access, row)
    form, reason = _form(request.POST, stored), ReasonForm(request.POST)
    shown = shown_by(form, stored)
    if form.put_right or not (form.is_valid() and reason.is_valid()):
        return _analysis_page(request, access, form, shown, reason=reason, status=422)
    try:
        run_analysis(
            outcome=stored.row.outcome,
            population=stored.row.population,
            spec=form.spec,
            by=access.user,
            reason=reason.cleaned_data["reason"],
        )
    except Refused as error:
        return _analysis_page(request, access, form, shown, reason=reason, status=409, refusal=str(error))
    messages.success(request, "The row in the EtD is now by this method.")
    return redirect("analysis", *access.slugs, row)


@require_safe
@requires(Permission.VIEW)
def analysis_data(request: HttpRequest, access: Access, row: int) -> HttpResponse:
    stored = _analysis_or_404(access, row)
    return csv_file(data_table(stored), filename(access, stored, "csv"))


@require_safe
@requires(Permission.VIEW)
def analysis_result(request: HttpRequest, access: Access, row: int) -> HttpResponse:
    """Everything the page shows as JSON, by the method in the query string."""
    shown = shown_or_404(request, access, row)
    text = json.dumps(result_document(shown), ensure_ascii=False, indent=2, allow_nan=False)
    return attachment(
        f"{text}\n".encode(), filename(access, shown.analysis, "json"), "application/json; charset=utf-8"
    )


@require_safe
@requires(Permission.VIEW)
def analysis_r_code(request: HttpRequest, access: Access, row: int) -> HttpResponse:
    """R code that makes the analysis again with metafor."""
    shown = shown_or_404(request, access, row)
    stored = shown.analysis
    code = r_code(stored.inputs, shown.pooled, title=f"{stored.row.outcome}, {stored.row.population.label}")
    return attachment(code.encode(), filename(access, stored, "R"), "text/plain; charset=utf-8")


@require_safe
@requires(Permission.VIEW)
def analysis_plot(request: HttpRequest, access: Access, row: int, name: str) -> HttpResponse:
    """The forest or the funnel plot as an SVG that stands alone."""
    shown = shown_or_404(request, access, row)
    svg = plot_svg(named_plot(access, shown, name))
    return attachment(
        svg.encode(), filename(access, shown.analysis, f"{name}.svg"), "image/svg+xml; charset=utf-8"
    )


def named_plot(access: Access, shown: Shown, name: str) -> Plot:
    """`forest` or `funnel`; Http404 where there is none."""
    plot = {
        "forest": lambda: plot_of(shown, page(access)["etd"]),
        "funnel": lambda: shown.sections.funnel,
    }.get(name, lambda: None)()
    if plot is None:
        raise Http404
    return plot


def plot_svg(plot: Plot) -> str:
    svg = render_to_string("metaanalysis/plot.svg", {"plot": plot, "standalone": True})
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{svg}'


def filename(access: Access, stored: Analysis, ending: str) -> str:
    """`mcs-after-rosc-survival-at-30-days-7.csv`; the number is that of the row."""
    outcome = slugify(str(stored.row.outcome))[:60].strip("-")
    return (
        f"{'-'.join(part for part in (access.question.slug, outcome, str(stored.row_id)) if part)}.{ending}"
    )


def shown_or_404(request: HttpRequest, access: Access, row: int) -> Shown:
    """What a download is of, by the query string; Http404 where that asks for what there is not."""
    stored = _analysis_or_404(access, row)
    form = _form(request.GET, stored)
    if not form.is_valid():
        raise Http404
    return shown_by(form, stored)


def shown_by(form: AnalysisForm, stored: Analysis) -> Shown:
    """The studies by the method of the form, or as they are stored where it is the same or cannot be."""
    stored_spec = specification.from_json(stored.spec)
    spec = form.spec if form.is_valid() and form.asks_for_a_method else stored_spec
    order = form.cleaned_data.get("order") or "year"
    with_subgroups = form.cleaned_data.get("subgroups") != "no"
    pooled = analyses.pool_inputs(stored.inputs, spec)
    if specification.same_method(spec, stored_spec):
        said = tuple((stored.row.provenance or {}).get("caveats", ()))
        return Shown(stored, stored_spec, pooled, stored.result, said, True, order, with_subgroups)
    said = caveats.caveats(
        stored.inputs,
        pooled,
        analyses.reported_values(stored.row.outcome, stored.row.population),
        (stored.row.provenance or {}).get("note", ""),
        stored.row.outcome.better_by(spec.measure),
    )
    return Shown(stored, spec, pooled, result_to_json(pooled), said, False, order, with_subgroups)


def _analysis_or_404(access: Access, row: int) -> Analysis:
    found = latest_analysis(access.question, row)
    if found is None:
        raise Http404
    return found


def _form(query: QueryDict, stored: Analysis) -> AnalysisForm:
    """The form as asked for in the query string; what it leaves out is as stored."""
    initial = AnalysisForm.initial_for(specification.from_json(stored.spec))
    asked = {name: str(query[name]) for name in AnalysisForm.base_fields if name in query}
    return AnalysisForm(
        initial | asked,
        kind=kind_of(stored.inputs[0] if stored.inputs else {}),
        has_subgroups=has_subgroups(stored),
        measures=measures_of(stored),
        by_hand=asked,
    )


def _analysis_page(
    request: HttpRequest,
    access: Access,
    form: AnalysisForm,
    shown: Shown,
    *,
    reason: ReasonForm | None = None,
    status: int = 200,
    refusal: str = "",
) -> HttpResponse:
    part = request.htmx and request.method == "GET"  # type: ignore[attr-defined]
    template = "metaanalysis/_analysis.html" if part else "metaanalysis/analysis.html"
    context = page(access)
    view = analysis_view(context["etd"], shown)
    context |= {
        "form": form,
        "reason": reason or ReasonForm(),
        "analysis": view,
        "sections": view.sections,
        "query": form.as_query(),
        "refusal": refusal,
        "consequences": _consequences(access, context["etd"], shown, view) if form.is_valid() else None,
        "reported": reported_beside(shown.analysis) if access.may(Permission.SEE_CHECKS) else None,
    }
    return render(request, template, context, status=status)


def _consequences(access: Access, etd: EtdView, shown: Shown, view: AnalysisView) -> Consequences | None:
    """What storing the result that is looked at would do; None where it is stored, or cannot be."""
    if shown.is_stored or view.misread or not access.can(Permission.UPLOAD_DATA):
        return None
    row = shown.analysis.row
    proposed = proposed_row(row.outcome, row.population, shown.analysis.inputs, shown.pooled)
    return consequences(access.question, etd, proposal_of([proposed], [row]))
