"""The evidence of a question: rows, studies, files."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from etd.permissions import Access, Permission, requires
from etd.views.pages import page
from metaanalysis.importers import template_csv, template_xlsx
from metaanalysis.importers.exports import NUMBER_COLUMNS
from metaanalysis.importers.table import Kind
from metaanalysis.selectors.study_data import load_evidence
from metaanalysis.views.downloads import attachment

FILE_FORMATS = {
    "csv": (template_csv, "text/csv; charset=utf-8"),
    "xlsx": (template_xlsx, "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
}


@require_safe
@requires(Permission.VIEW)
def evidence(request: HttpRequest, access: Access) -> HttpResponse:
    """The outcomes with their rows, the studies behind them, and the files they came from."""
    return render(
        request,
        "metaanalysis/evidence.html",
        page(access) | {"evidence": load_evidence(access.question, request.GET.get("page", ""))},
    )


@require_safe
@requires(Permission.VIEW)
def upload_template(request: HttpRequest, access: Access, kind: Kind, file_format: str) -> HttpResponse:
    """The columns of one kind of table with an example row, to be filled in."""
    if kind not in NUMBER_COLUMNS or file_format not in FILE_FORMATS:
        raise Http404
    write, content_type = FILE_FORMATS[file_format]
    return attachment(write(kind), f"study-data-{kind}.{file_format}", content_type)
