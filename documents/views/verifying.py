"""Verification for everybody: the page that compares a file with what was published, the verifier, and bundles."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_http_methods

from documents import verify_etd
from documents.bundle import bundle_of
from documents.public.pages import file, page, public
from documents.verification import verify_file
from metaanalysis.importers.limits import MAX_REVIEW_BYTES, MIB
from metaanalysis.uploads import INTERRUPTED, TOO_LARGE

VERIFIER = Path(verify_etd.__file__)
NOT_SENT = 422


class NoFile(Exception):
    """There is no whole file to look at; the message says so to the person who sent it."""


@require_http_methods(["GET", "HEAD", "POST"])
def verify_pdf(request: HttpRequest) -> HttpResponse:
    """A form for a file, and the answer. The file is read in memory and gone with the answer."""
    context: dict[str, Any] = {"most_mib": MAX_REVIEW_BYTES // MIB, "answer": None, "problem": ""}
    if request.method != "POST":
        return render(request, "documents/public/verify.html", context)
    try:
        name, content = _sent(request)
    except NoFile as problem:
        context["problem"] = str(problem)
        return render(request, "documents/public/verify.html", context, status=NOT_SENT)
    context |= {"answer": verify_file(content), "name": verify_etd.shown(name, 120)}
    return render(request, "documents/public/verify.html", context)


verify_pdf.is_public = True  # type: ignore[attr-defined]  # asked by etd.gates.RequiredCodesMiddleware


@public
def verifier(request: HttpRequest) -> HttpResponseBase:
    """The verifier that needs nothing of this site, to be kept and read by whoever uses it."""
    response = page(request, VERIFIER.read_text(encoding="utf-8"), "text/x-python; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{VERIFIER.name}"'
    return response


@public
def version_bundle(request: HttpRequest, guideline: str, question: str, number: int) -> HttpResponseBase:
    content = bundle_of(guideline, question, number)
    if content is None:
        raise Http404
    return file(
        request,
        lambda: content,
        digest=verify_etd.sha256(content),
        name=f"{guideline}-{question}-v{number}.zip",
        content_type="application/zip",
        as_attachment=True,
    )


def _sent(request: HttpRequest) -> tuple[str, bytes]:
    """Name and content of the one file that was sent. Raises NoFile."""
    files = request.FILES.getlist("file")
    if request.META.get(TOO_LARGE):
        raise NoFile(
            f"The file is larger than {MAX_REVIEW_BYTES // MIB} MiB, which no published PDF is. verify_etd.py below"
            f" takes files of up to {verify_etd.MOST_BYTES // MIB} MiB."
        )
    if request.META.get(INTERRUPTED):
        raise NoFile("The upload was cut off on its way. Please send the file again.")
    if not files:
        raise NoFile("No file was chosen. Choose the PDF that you want to verify.")
    if len(files) > 1:
        raise NoFile("Two files were sent. Send one file at a time.")
    content = files[0].read()
    if not content:
        raise NoFile("The file is empty. Save it once more and send it again.")
    return files[0].name or "", content
