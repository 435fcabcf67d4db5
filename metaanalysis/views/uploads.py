"""Files: sent, looked at, confirmed or discarded."""

from __future__ import annotations

import logging
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from etd.actions.errors import Refused
from etd.models import Question
from etd.permissions import Access, Permission, requires
from etd.selectors import EtdView
from etd.views.pages import page
from etd.workflow import WHY_FROZEN
from metaanalysis.actions import uploads
from metaanalysis.forms.uploads import UploadForm
from metaanalysis.importers.child_process import ReaderUnavailable
from metaanalysis.models import DataUpload, UploadStatus
from metaanalysis.previews import Preview, preview
from metaanalysis.proposals import Consequences, consequences, propose
from metaanalysis.stats.types import DataKind
from metaanalysis.uploads import BadUpload, received_file
from metaanalysis.views.downloads import attachment

logger = logging.getLogger(__name__)

KINDS = (
    (DataKind.COUNTS, "Events and totals", "18 of 58 and 19 of 59"),
    (DataKind.MEANS, "Means and SDs", "12.5 (SD 6.2, n = 58) and 14.1 (SD 7, n = 59)"),
    (DataKind.ESTIMATE, "Estimates", "hazard ratio 0.74 (0.55–0.99), or a log ratio with its standard error"),
)
READER_MISSING = (
    "Only text tables can be read on this server at the moment. Save the sheet, or export the analyses, as CSV UTF-8 "
    "and send that."
)
UNTICKED = "Tick that you have looked at the warnings."
METHOD_OF_ANOTHER = (
    "The method shown was that of another outcome. Look at the one shown now, then store the studies."
)
INCOMPLETE = "Something is missing or does not fit together; it is said at the fields below."


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Permission.UPLOAD_DATA)
def upload(request: HttpRequest, access: Access) -> HttpResponse:
    """Choose a file; a table that can be read goes on to its preview."""
    if not access.can(Permission.UPLOAD_DATA):
        return frozen(request, access)
    if request.method != "POST":
        return _upload_form(request, access)
    try:
        received = received_file(request, "file")
        staged = uploads.stage_upload(
            question=access.question, filename=received.filename, content=received.content, by=access.user
        )
    except BadUpload as error:
        return _upload_form(request, access, [str(error)], status=422)
    except uploads.UnreadableFile as error:
        return _upload_form(request, access, error.messages, status=422, filename=received.filename)
    except Refused as error:
        return _upload_form(request, access, [str(error)], status=409)
    except ReaderUnavailable:
        logger.exception("workbook reader unavailable")
        return _upload_form(request, access, [READER_MISSING], status=503)
    return redirect("upload_preview", *access.slugs, staged.pk)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Permission.UPLOAD_DATA)
def upload_preview(request: HttpRequest, access: Access, upload: int) -> HttpResponse:
    """What was read, what it becomes; then confirm or discard."""
    staged = upload_or_404(access, upload)
    if request.method != "POST":
        return _preview_page(request, access, staged, preview(access.question, staged, request.GET))
    if staged.status == UploadStatus.STAGED and not access.can(Permission.UPLOAD_DATA):
        return frozen(request, access)
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
                context = page(access)
                context |= _preview_context(access, staged, shown, context["etd"], request.POST)
                return render(request, "metaanalysis/_assignments.html", context)
            return _preview_page(request, access, staged, shown)


@require_safe
@requires(Permission.VIEW)
def upload_file(request: HttpRequest, access: Access, upload: int) -> HttpResponse:
    """The file as it came. A browser can only save it, never open it as a page."""
    stored = upload_or_404(access, upload)
    if stored.status != UploadStatus.CONFIRMED and not access.may(Permission.UPLOAD_DATA):
        raise PermissionDenied("This file has not been confirmed; only those who upload data can see it.")
    return attachment(bytes(stored.content), stored.filename, "application/octet-stream")


def upload_or_404(access: Access, upload: int) -> DataUpload:
    found = (
        DataUpload.objects.filter(question=access.question, pk=upload)
        .select_related("question__guideline", "created_by", "confirmed_by")
        .first()
    )
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
    context = {"problems": problems, "filename": filename, "form": UploadForm(), "kinds": KINDS}
    return render(request, "metaanalysis/upload.html", page(access) | context, status=status)


def frozen(request: HttpRequest, access: Access) -> HttpResponse:
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
        chosen = uploads.choose_sheet(upload=staged, sheet=sheet, by=access.user)
    except Refused as error:
        shown = preview(access.question, staged)
        status = 422 if isinstance(error, uploads.UnreadableFile) else 409
        return _preview_page(request, access, staged, shown, status=status, refusal=str(error))
    except ReaderUnavailable:
        logger.exception("workbook reader unavailable")
        shown = preview(access.question, staged)
        return _preview_page(request, access, staged, shown, status=503, refusal=READER_MISSING)
    return redirect("upload_preview", *access.slugs, chosen.pk)


def _discard(request: HttpRequest, access: Access, staged: DataUpload) -> HttpResponse:
    try:
        uploads.discard_upload(upload=staged, by=access.user)
    except Refused as error:
        shown = preview(access.question, staged)
        return _preview_page(request, access, staged, shown, status=409, refusal=str(error))
    messages.success(request, f"{staged.filename} was discarded. No study data were changed.")
    return redirect("evidence", *access.slugs)


def _confirm(request: HttpRequest, access: Access, staged: DataUpload) -> HttpResponse:
    shown = preview(access.question, staged, request.POST, validate=True)
    accepted = request.POST.get("accepted_warnings") == "yes"
    if staged.status == UploadStatus.STAGED and shown.table.ok:
        valid = [form.is_valid() for form in shown.forms]
        unticked = bool(shown.table.warning_count) and not accepted
        if unticked or not all(valid):
            text = UNTICKED if unticked else INCOMPLETE
            return _preview_page(request, access, staged, shown, status=422, refusal=text)
        if any(part.shows_method_of_another and not part.form.leaves_out for part in shown.parts):
            again = preview(access.question, staged, request.POST)
            return _preview_page(request, access, staged, again, status=422, refusal=METHOD_OF_ANOTHER)
    try:
        rows = uploads.confirm_upload(
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
    except uploads.WrongAssignment as error:
        return _preview_page(request, access, staged, shown, status=422, refusal=str(error))
    except Refused as error:
        return _preview_page(request, access, staged, shown, status=409, refusal=str(error))
    messages.success(request, f"The studies of {staged.filename} are stored and pooled.")
    if len(rows) == 1:
        return redirect("analysis", *access.slugs, rows[0].pk)
    return redirect("evidence", *access.slugs)


def _preview_context(
    access: Access, staged: DataUpload, shown: Preview, etd: EtdView, data: QueryDict | None = None
) -> dict[str, Any]:
    can_confirm = staged.status == UploadStatus.STAGED and shown.table.ok and bool(shown.parts)
    return {
        "access": access,
        "preview": shown,
        "sha256": staged.sha256,
        "upload_form": UploadForm(corrected=True),
        "accepted": bool(data) and data is not None and data.get("accepted_warnings") == "yes",
        "can_confirm": can_confirm,
        "consequences": _consequences(access.question, etd, shown) if can_confirm else None,
    }


def _consequences(question: Question, etd: EtdView, shown: Preview) -> Consequences:
    stored = shown.stored.results if shown.stored else {}
    return consequences(question, etd, propose(question, shown.table, shown.forms, stored))


def _preview_page(
    request: HttpRequest,
    access: Access,
    staged: DataUpload,
    shown: Preview,
    *,
    status: int = 200,
    refusal: str = "",
) -> HttpResponse:
    context = page(access)
    context |= _preview_context(access, staged, shown, context["etd"], request.POST) | {"refusal": refusal}
    return render(request, "metaanalysis/preview.html", context, status=status)
