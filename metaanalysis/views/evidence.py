"""The evidence of a question: rows, studies, files."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from etd.permissions import Access, Permission, requires
from etd.views.pages import page
from metaanalysis.importers import ParsedTable, StudyRow
from metaanalysis.selectors.study_data import load_evidence
from metaanalysis.views.downloads import csv_file

EXAMPLE_ROW = StudyRow(
    row=2,
    study="Example 2024",
    year=2024,
    events_intervention=18,
    n_intervention=58,
    events_comparison=19,
    n_comparison=59,
    outcome="survival",
    timepoint="30 days",
    population="adults with cardiogenic shock",
    source="doi or page of the report",
    note="delete this row",
)


@require_safe
@requires(Permission.VIEW)
def evidence(request: HttpRequest, access: Access) -> HttpResponse:
    """The outcomes with their rows, the studies behind them, and the files they came from."""
    return render(
        request,
        "metaanalysis/evidence.html",
        page(access) | {"evidence": load_evidence(access.question)},
    )


@require_safe
@requires(Permission.VIEW)
def upload_template(request: HttpRequest, access: Access) -> HttpResponse:
    return csv_file(ParsedTable(rows=(EXAMPLE_ROW,)), "study-data.csv")
