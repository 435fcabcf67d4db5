"""An existing document: sent, looked at, stored as a question or discarded."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from documents.actions import staging
from documents.forms.importing import ReadOtherwiseForm, SendDocumentForm, StoreDocumentForm
from documents.import_choices import frameworks_to_read_by, suggested_slug
from documents.import_preview import preview_of
from documents.importing.files import MAX_BYTES, MIB, NotADocument, read_file
from etd.actions.errors import Refused
from etd.enums import StagedStatus
from etd.models import StagedImport
from etd.permissions import GuidelineAccess, Permission, requires_in_guideline
from metaanalysis.importers import clean_filename
from metaanalysis.uploads import INTERRUPTED, TOO_LARGE


@require_http_methods(["GET", "HEAD", "POST"])
@requires_in_guideline(Permission.IMPORT_DOCUMENT)
def import_document(request: HttpRequest, access: GuidelineAccess) -> HttpResponse:
    """Send a document; one that can be read goes on to its preview."""
    if request.method != "POST":
        return _send_page(request, access)
    try:
        name, content = _received(request)
        read_file(content, frameworks=[one.framework for one in frameworks_to_read_by(access.guideline)])
        staged = staging.stage_import(
            guideline=access.guideline, file_name=name, content=content, by=access.user
        )
    except NotADocument as problem:
        return _send_page(request, access, str(problem), status=422)
    except Refused as problem:
        return _send_page(request, access, str(problem), status=409)
    return redirect("preview_import", access.guideline.slug, staged.pk)


@require_safe
@requires_in_guideline(Permission.IMPORT_DOCUMENT)
def preview_import(request: HttpRequest, access: GuidelineAccess, staged: int) -> HttpResponse:
    """What was read of the document, and what was not."""
    found = _staged_or_404(access, staged)
    if found.status != StagedStatus.STAGED:
        return _no_longer(request, access, found)
    return _preview_page(request, access, found)


@require_POST
@requires_in_guideline(Permission.IMPORT_DOCUMENT)
def store_import(request: HttpRequest, access: GuidelineAccess, staged: int) -> HttpResponse:
    found = _staged_or_404(access, staged)
    form = StoreDocumentForm(request.POST)
    if not form.is_valid():
        if found.status != StagedStatus.STAGED:
            return _no_longer(request, access, found)
        return _preview_page(request, access, found, form=form, status=422)
    reading = ReadOtherwiseForm(request.POST, frameworks=frameworks_to_read_by(access.guideline))
    cleaned = form.cleaned_data
    try:
        question = staging.store_import(
            staged=found,
            sha256=cleaned["sha256"],
            frameworks=reading.chosen(),
            better=reading.better_side(),
            slug=cleaned["slug"],
            organisation=cleaned["organisation"],
            address=cleaned["address"],
            by=access.user,
        )
    except Refused as refusal:
        found.refresh_from_db()
        if found.status != StagedStatus.STAGED:
            return _no_longer(request, access, found)
        return _preview_page(request, access, found, form=form, refusal=str(refusal), status=409)
    messages.success(
        request, f"{found.file_name} has become this question. Its judgements are taken over from it."
    )
    return redirect("question", access.guideline.slug, question.slug)


@require_POST
@requires_in_guideline(Permission.IMPORT_DOCUMENT)
def discard_import(request: HttpRequest, access: GuidelineAccess, staged: int) -> HttpResponse:
    found = _staged_or_404(access, staged)
    try:
        staging.discard_import(staged=found, by=access.user)
    except Refused as refusal:
        messages.error(request, str(refusal))
        return _no_longer(request, access, found)
    messages.success(request, f"{found.file_name} was discarded. Nothing of it is stored.")
    return redirect("import_document", access.guideline.slug)


def _staged_or_404(access: GuidelineAccess, pk: int) -> StagedImport:
    found = (
        StagedImport.objects.filter(guideline=access.guideline, pk=pk)
        .select_related("question", "guideline")
        .first()
    )
    if found is None:
        raise Http404
    return found


def _no_longer(request: HttpRequest, access: GuidelineAccess, found: StagedImport) -> HttpResponse:
    """Where a document went that is not looked at any more."""
    if found.question is not None:
        return redirect("question", access.guideline.slug, found.question.slug)
    messages.info(request, f"{found.file_name} was discarded. Send it again if it is needed after all.")
    return redirect("import_document", access.guideline.slug)


def _received(request: HttpRequest) -> tuple[str, bytes]:
    """Name and bytes of the one file that was sent. Raises NotADocument."""
    files = request.FILES.getlist("file")
    if request.META.get(TOO_LARGE):
        raise NotADocument(
            f"The file is larger than {MAX_BYTES // MIB} MiB: no such document is. Send its text alone."
        )
    if request.META.get(INTERRUPTED):
        raise NotADocument("The file was cut off on its way. Nothing was kept; please send it again.")
    if not files:
        raise NotADocument("No file was chosen. Choose a document in Word, HTML, plain text or JSON.")
    if len(files) > 1:
        raise NotADocument("Two files were sent. Send one document at a time.")
    return clean_filename(files[0].name or ""), files[0].read()


def _send_page(
    request: HttpRequest, access: GuidelineAccess, problem: str = "", status: int = 200
) -> HttpResponse:
    waiting = (
        StagedImport.objects.filter(
            guideline=access.guideline, staged_by=access.user, status=StagedStatus.STAGED
        )
        .defer("content")
        .order_by("pk")
    )
    context = {"access": access, "form": SendDocumentForm(), "problem": problem, "waiting": list(waiting)}
    return render(request, "documents/importing/send.html", context, status=status)


def _preview_page(
    request: HttpRequest,
    access: GuidelineAccess,
    staged: StagedImport,
    *,
    form: StoreDocumentForm | None = None,
    refusal: str = "",
    status: int = 200,
) -> HttpResponse:
    chosen = request.POST if request.method == "POST" else request.GET
    reading = ReadOtherwiseForm(chosen, frameworks=frameworks_to_read_by(access.guideline))
    try:
        read = read_file(
            bytes(staged.content),
            frameworks=[one.framework for one in reading.chosen()],
            better=reading.better_side(),
        )
    except NotADocument as problem:
        return _send_page(request, access, f"{staged.file_name}: {problem}", status=422)
    initial = {
        "sha256": staged.sha256,
        "framework": chosen.get("framework", ""),
        "better": chosen.get("better", ""),
        "slug": suggested_slug(read.etd),
        "organisation": read.etd.organisation,
    }
    context = {
        "access": access,
        "staged": staged,
        "preview": preview_of(read),
        "reading": reading,
        "form": form or StoreDocumentForm(initial=initial),
        "refusal": refusal,
        "back": reverse("guideline", args=[access.guideline.slug]),
    }
    return render(request, "documents/importing/preview.html", context, status=status)
