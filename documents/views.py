"""Exports of a question: the PDF, the JSON and a preview of the printed page. None of them writes anything."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_safe

from documents.assemble import assemble
from documents.html import render_html
from documents.pdf import CannotRender, RendererBusy, RendererMissing, document_bytes, render_pdf
from documents.plots import png_of
from etd.permissions import Access, Permission, requires
from metaanalysis.views.analyses import filename, named_plot, plot_svg, shown_or_404

RETRY_AFTER_SECONDS = 60


@require_safe
@requires(Permission.EXPORT)
def document(request: HttpRequest, access: Access) -> HttpResponse:
    """The document as it will be printed, as a page."""
    return HttpResponse(render_html(assemble(access.question), back=_question_address(access)))


@require_safe
@requires(Permission.EXPORT)
def document_pdf(request: HttpRequest, access: Access) -> HttpResponse:
    try:
        pdf = render_pdf(assemble(access.question))
    except CannotRender as problem:
        return _no_pdf(request, access, problem)
    return _download(pdf, "application/pdf", access, "pdf")


@require_safe
@requires(Permission.EXPORT)
def document_json(request: HttpRequest, access: Access) -> HttpResponse:
    return _download(document_bytes(assemble(access.question)), "application/json", access, "json")


@require_safe
@requires(Permission.VIEW)
def analysis_image(request: HttpRequest, access: Access, row: int, name: str) -> HttpResponse:
    """The forest or the funnel plot of an analysis as PNG, by the method in the query string."""
    shown = shown_or_404(request, access, row)
    plot = named_plot(access, shown, name)
    try:
        png = png_of(plot_svg(plot), plot)
    except CannotRender as problem:
        return _no_pdf(request, access, problem)
    header = content_disposition_header(
        as_attachment=True, filename=filename(access, shown.analysis, f"{name}.png")
    )
    return HttpResponse(png, content_type="image/png", headers={"Content-Disposition": header or ""})


def _download(content: bytes, content_type: str, access: Access, ending: str) -> HttpResponse:
    name = f"{access.question.guideline.slug}-{access.question.slug}.{ending}"
    header = content_disposition_header(as_attachment=True, filename=name)
    return HttpResponse(content, content_type=content_type, headers={"Content-Disposition": header or ""})


def _no_pdf(request: HttpRequest, access: Access, problem: CannotRender) -> HttpResponse:
    """A page that says why there is no PDF: 503 where trying again may help, 422 where the document is at fault."""
    unavailable = isinstance(problem, RendererBusy | RendererMissing)
    context = {"access": access, "problem": problem, "back": _question_address(access)}
    response = render(request, "documents/no_pdf.html", context, status=503 if unavailable else 422)
    if isinstance(problem, RendererBusy):
        response["Retry-After"] = str(RETRY_AFTER_SECONDS)
    return response


def _question_address(access: Access) -> str:
    return reverse("question", args=[access.question.guideline.slug, access.question.slug])
