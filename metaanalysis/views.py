from __future__ import annotations

import logging
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from etd.actions.errors import Refused
from etd.permissions import Access, Permission, requires
from etd.views.pages import page
from etd.workflow import WHY_FROZEN
from metaanalysis import actions, analyses, caveats, specification
from metaanalysis.forms import SpecForm, UploadForm
from metaanalysis.importers import ParsedTable, StudyRow, to_frame, write_csv
from metaanalysis.importers.workbook import WorkbookReaderUnavailable
from metaanalysis.models import Analysis, DataUpload, UploadStatus
from metaanalysis.previews import Preview, preview
from metaanalysis.selectors import (
    AnalysisView,
    data_table,
    latest_analysis,
    load_evidence,
    stored_view,
    tried_view,
)
from metaanalysis.stats.report import result_to_json
from metaanalysis.uploads import BadUpload, received_file

logger = logging.getLogger(__name__)

READER_MISSING = (
    "Workbooks cannot be read on this server at the moment. Save the sheet as CSV UTF-8 and send that."
)
UNTICKED = "Tick that you have looked at the warnings."
INCOMPLETE = "Something is missing or does not fit together; it is said at the fields below."
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
    return _csv(ParsedTable(rows=(EXAMPLE_ROW,)), "study-data.csv")


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Permission.UPLOAD_DATA)
def upload(request: HttpRequest, access: Access) -> HttpResponse:
    """Choose a file; a table that can be read goes on to its preview."""
    if not access.can(Permission.UPLOAD_DATA):
        return _frozen(request, access)
    if request.method != "POST":
        return _upload_form(request, access)
    try:
        received = received_file(request, "file")
        staged = actions.stage_upload(
            question=access.question, filename=received.filename, content=received.content, by=access.user
        )
    except BadUpload as error:
        return _upload_form(request, access, [str(error)], status=422)
    except actions.UnreadableFile as error:
        return _upload_form(request, access, error.messages, status=422, filename=received.filename)
    except Refused as error:
        return _upload_form(request, access, [str(error)], status=409)
    except WorkbookReaderUnavailable:
        logger.exception("workbook reader unavailable")
        return _upload_form(request, access, [READER_MISSING], status=503)
    return redirect("upload_preview", *_slugs(access), staged.pk)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Permission.UPLOAD_DATA)
def upload_preview(request: HttpRequest, access: Access, upload: int) -> HttpResponse:
    """What was read, what it becomes; then confirm or discard."""
    staged = _upload_or_404(access, upload)
    if request.method != "POST":
        return _preview_page(request, access, staged, preview(access.question, staged))
    if staged.status == UploadStatus.STAGED and not access.can(Permission.UPLOAD_DATA):
        return _frozen(request, access)
    match request.POST.get("action"):
        case "sheet":
            return _choose_sheet(request, access, staged)
        case "discard":
            return _discard(request, access, staged)
        case "confirm":
            return _confirm(request, access, staged)
        case _:
            shown = preview(access.question, staged, request.POST)
            if request.htmx:  # type: ignore[attr-defined]
                context = _preview_context(access, staged, shown, request.POST)
                return render(request, "metaanalysis/_assignments.html", context)
            return _preview_page(request, access, staged, shown)


@require_safe
@requires(Permission.VIEW)
def upload_file(request: HttpRequest, access: Access, upload: int) -> HttpResponse:
    """The file as it came. A browser can only save it, never open it as a page."""
    stored = _upload_or_404(access, upload)
    if stored.status != UploadStatus.CONFIRMED and not access.may(Permission.UPLOAD_DATA):
        raise PermissionDenied("This file has not been confirmed; only those who upload data can see it.")
    return _attachment(bytes(stored.content), stored.filename, "application/octet-stream")


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
        actions.run_analysis(
            outcome=stored.row.outcome, population=stored.row.population, spec=form.spec, by=access.user
        )
    except Refused as error:
        return _analysis_page(request, context, form, shown, status=409, refusal=str(error))
    messages.success(request, "The row in the EtD is now by this method.")
    return redirect("analysis", *_slugs(access), row)


@require_safe
@requires(Permission.VIEW)
def analysis_data(request: HttpRequest, access: Access, row: int) -> HttpResponse:
    return _csv(data_table(_analysis_or_404(access, row)), f"{access.question.slug}-{row}.csv")


def _slugs(access: Access) -> tuple[str, str]:
    return access.question.guideline.slug, access.question.slug


def _upload_or_404(access: Access, upload: int) -> DataUpload:
    found = (
        DataUpload.objects.filter(question=access.question, pk=upload)
        .select_related("question__guideline", "created_by", "confirmed_by")
        .first()
    )
    if found is None:
        raise Http404
    return found


def _analysis_or_404(access: Access, row: int) -> Analysis:
    found = latest_analysis(access.question, row)
    if found is None:
        raise Http404
    return found


def _upload_form(
    request: HttpRequest,
    access: Access,
    problems: Any = (),
    *,
    status: int = 200,
    filename: str = "",
) -> HttpResponse:
    context = {"problems": problems, "filename": filename, "form": UploadForm()}
    return render(request, "metaanalysis/upload.html", page(access) | context, status=status)


def _frozen(request: HttpRequest, access: Access) -> HttpResponse:
    why = WHY_FROZEN[access.question.status]
    return render(request, "metaanalysis/frozen.html", page(access) | {"why": why}, status=409)


def _choose_sheet(request: HttpRequest, access: Access, staged: DataUpload) -> HttpResponse:
    sheet = request.POST.get("sheet", "")
    if sheet not in preview(access.question, staged).table.sheets:
        return _preview_page(
            request,
            access,
            staged,
            preview(access.question, staged),
            status=422,
            refusal="Choose one of the sheets.",
        )
    try:
        chosen = actions.choose_sheet(upload=staged, sheet=sheet, by=access.user)
    except Refused as error:
        shown = preview(access.question, staged)
        status = 422 if isinstance(error, actions.UnreadableFile) else 409
        return _preview_page(request, access, staged, shown, status=status, refusal=str(error))
    except WorkbookReaderUnavailable:
        logger.exception("workbook reader unavailable")
        shown = preview(access.question, staged)
        return _preview_page(request, access, staged, shown, status=503, refusal=READER_MISSING)
    return redirect("upload_preview", *_slugs(access), chosen.pk)


def _discard(request: HttpRequest, access: Access, staged: DataUpload) -> HttpResponse:
    try:
        actions.discard_upload(upload=staged, by=access.user)
    except Refused as error:
        shown = preview(access.question, staged)
        return _preview_page(request, access, staged, shown, status=409, refusal=str(error))
    messages.success(request, f"{staged.filename} was discarded. No study data were changed.")
    return redirect("evidence", *_slugs(access))


def _confirm(request: HttpRequest, access: Access, staged: DataUpload) -> HttpResponse:
    shown = preview(access.question, staged, request.POST, validate=True)
    accepted = request.POST.get("accepted_warnings") == "yes"
    if staged.status == UploadStatus.STAGED and shown.table.ok:
        valid = [form.is_valid() for form in shown.forms]
        unticked = bool(shown.table.warning_count) and not accepted
        if unticked or not all(valid):
            text = UNTICKED if unticked else INCOMPLETE
            return _preview_page(request, access, staged, shown, status=422, refusal=text)
    try:
        rows = actions.confirm_upload(
            upload=staged,
            assignments=[
                assignment
                for form in shown.forms
                if form.is_valid() and (assignment := form.assignment()) is not None
            ],
            sha256=request.POST.get("sha256", ""),
            accepted_warnings=accepted,
            by=access.user,
        )
    except actions.WrongAssignment as error:
        return _preview_page(request, access, staged, shown, status=422, refusal=str(error))
    except Refused as error:
        return _preview_page(request, access, staged, shown, status=409, refusal=str(error))
    messages.success(request, f"The studies of {staged.filename} are stored and pooled.")
    if len(rows) == 1:
        return redirect("analysis", *_slugs(access), rows[0].pk)
    return redirect("evidence", *_slugs(access))


def _preview_context(
    access: Access, staged: DataUpload, shown: Preview, data: QueryDict | None = None
) -> dict[str, Any]:
    return {
        "access": access,
        "preview": shown,
        "sha256": staged.sha256,
        "upload_form": UploadForm(corrected=True),
        "accepted": bool(data) and data is not None and data.get("accepted_warnings") == "yes",
        "can_confirm": staged.status == UploadStatus.STAGED and shown.table.ok and bool(shown.table.rows),
    }


def _preview_page(
    request: HttpRequest,
    access: Access,
    staged: DataUpload,
    shown: Preview,
    *,
    status: int = 200,
    refusal: str = "",
) -> HttpResponse:
    context = page(access) | _preview_context(access, staged, shown, request.POST) | {"refusal": refusal}
    return render(request, "metaanalysis/preview.html", context, status=status)


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


def _csv(table: ParsedTable, filename: str) -> HttpResponse:
    return _attachment(write_csv(to_frame(table)), filename, "text/csv; charset=utf-8")


def _attachment(content: bytes, filename: str, content_type: str) -> HttpResponse:
    response = HttpResponse(content, content_type=content_type)
    response["Content-Disposition"] = content_disposition_header(True, filename) or "attachment"
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return response
