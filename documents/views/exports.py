"""Exports of a question: the PDF, the JSON and a preview of the printed page. None of them writes anything."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_safe

from documents.assemble import assemble, outcome_table
from documents.html import Layout, Preview, render_html
from documents.pdf import CannotRender, RendererBusy, RendererMissing, render_pdf
from documents.plots import png_of
from documents.published import document_bytes
from documents.summary import summary_tables
from documents.tables import TextTable, of_outcomes, of_summary, to_csv
from documents.word import to_docx
from etd.permissions import Access, Permission, requires
from etd.selectors.certainty import load_certainty
from etd.selectors.outcome_tables import load_tables
from etd.stored import Stored
from metaanalysis.views.analyses import filename, named_plot, plot_svg, shown_or_404

RETRY_AFTER_SECONDS = 60
WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


@require_safe
@requires(Permission.EXPORT)
def document(request: HttpRequest, access: Access) -> HttpResponse:
    """The document as it will be printed, as a page. `?layout=classic` has three columns, as the PDF then has."""
    layout = _layout_or_404(request)
    page, pdf = (reverse(name, args=_place(access)) for name in ("document", "document_pdf"))
    preview = Preview(
        back=_question_address(access),
        other_layout=page if layout is Layout.CLASSIC else f"{page}?layout={Layout.CLASSIC}",
        pdf=f"{pdf}?layout={layout}" if layout is Layout.CLASSIC else pdf,
    )
    return HttpResponse(render_html(assemble(access.question), layout=layout, preview=preview))


@require_safe
@requires(Permission.EXPORT)
def document_pdf(request: HttpRequest, access: Access) -> HttpResponse:
    layout = _layout_or_404(request)
    try:
        pdf = render_pdf(assemble(access.question), layout)
    except CannotRender as problem:
        return _no_pdf(request, access, problem)
    part = layout if layout is Layout.CLASSIC else ""
    return _download(pdf, "application/pdf", access, "pdf", part)


@require_safe
@requires(Permission.EXPORT)
def document_json(request: HttpRequest, access: Access) -> HttpResponse:
    return _download(document_bytes(assemble(access.question)), "application/json", access, "json")


@require_safe
@requires(Permission.EXPORT)
def summary_csv(request: HttpRequest, access: Access, table: str) -> HttpResponse:
    """A summary table (`sof`, `what-happens`, `profile`) or an outcome table (`table-2`)."""
    return _download(to_csv(_text_table(access, table)), "text/csv; charset=utf-8", access, "csv", table)


@require_safe
@requires(Permission.EXPORT)
def summary_docx(request: HttpRequest, access: Access, table: str) -> HttpResponse:
    """As `summary_csv`, as a Word file."""
    question = access.question
    content = to_docx(
        _text_table(access, table),
        title=question.title,
        subtitle=f"{question.guideline.title}. {question.get_status_display()}, revision {question.revision}.",
        author=question.guideline.organisation or question.guideline.title,
        language=question.framework.language,
    )
    return _download(content, WORD, access, "docx", table)


def _text_table(access: Access, key: str) -> TextTable:
    """The table of this name; Http404 where the question has none, and where no outcome was chosen for it."""
    question = access.question
    arms = {"intervention": question.intervention_label, "comparison": question.comparison_label}
    for summary in summary_tables(question):
        if summary.key == key:
            return of_summary(summary, **arms)
    stored = Stored(question)
    for view in load_tables(stored, load_certainty(stored).reasons):
        if view.export_key == key:
            return of_outcomes(outcome_table(view, {}), **arms)
    raise Http404


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


def _download(content: bytes, content_type: str, access: Access, ending: str, part: str = "") -> HttpResponse:
    name = "-".join(filter(None, (access.question.guideline.slug, access.question.slug, part))) + f".{ending}"
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


def _layout_or_404(request: HttpRequest) -> Layout:
    try:
        return Layout(request.GET.get("layout", Layout.SCALES))
    except ValueError as error:
        raise Http404 from error


def _place(access: Access) -> list[str]:
    return [access.question.guideline.slug, access.question.slug]


def _question_address(access: Access) -> str:
    return reverse("question", args=_place(access))
