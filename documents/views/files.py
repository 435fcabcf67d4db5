"""What a question can be taken away as, and the files that `exports` does not hold. None of them writes anything."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from documents.assemble import assemble
from documents.export_list import export_list
from documents.json_schema import schema_bytes
from documents.sheets import sheet_csv, sheets_of
from documents.single_file import to_single_file
from documents.xlsx import to_xlsx
from etd.actions.publication import last_version
from etd.permissions import Access, Permission, requires
from etd.views.pages import page
from metaanalysis.views.downloads import attachment

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
SCHEMA_SECONDS = 3600


@require_safe
@requires(Permission.EXPORT)
def exports(request: HttpRequest, access: Access) -> HttpResponse:
    """Every file there is of the question, each with what it is for."""
    context = page(access)
    sheets = sheets_of(assemble(access.question))
    version = last_version(access.question)
    context |= {
        "groups": export_list(context["etd"], sheets, version),
        "is_published": version is not None,
    }
    return render(request, "documents/files/exports.html", context)


@require_safe
@requires(Permission.EXPORT)
def document_html(request: HttpRequest, access: Access) -> HttpResponse:
    """The document as one HTML file, with everything that it needs inside."""
    content = to_single_file(assemble(access.question))
    return attachment(content, _name(access, ".html"), "text/html; charset=utf-8")


@require_safe
@requires(Permission.EXPORT)
def tables_xlsx(request: HttpRequest, access: Access) -> HttpResponse:
    """Every table of the document as one workbook."""
    return attachment(to_xlsx(assemble(access.question)), _name(access, "-tables.xlsx"), XLSX)


@require_safe
@requires(Permission.EXPORT)
def table_csv(request: HttpRequest, access: Access, table: str) -> HttpResponse:
    """A sheet of that workbook as CSV; Http404 where the question has none of this name."""
    for sheet in sheets_of(assemble(access.question)):
        if sheet.key == table:
            return attachment(sheet_csv(sheet), _name(access, f"-{table}.csv"), "text/csv; charset=utf-8")
    raise Http404


@require_safe
@cache_control(public=True, max_age=SCHEMA_SECONDS)
def document_schema(request: HttpRequest) -> HttpResponse:
    """The JSON Schema of exported documents; it says nothing of any, so everybody may have it."""
    return HttpResponse(schema_bytes(), content_type="application/schema+json")


def _name(access: Access, ending: str) -> str:
    return "-".join(access.slugs) + ending
