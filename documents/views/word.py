"""The document as a Word file. Nothing is written."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from documents.assemble import assemble
from documents.views.exports import WORD
from documents.word_etd import CannotHold, word_file
from etd.permissions import Access, Permission, requires
from metaanalysis.views.downloads import attachment


@require_safe
@requires(Permission.EXPORT)
def document_docx(request: HttpRequest, access: Access) -> HttpResponse:
    """422 and a page that names the field and the sign where a text has one that no Word file can hold."""
    try:
        content = word_file(assemble(access.question))
    except CannotHold as problem:
        back = reverse("question", args=access.slugs)
        context = {"access": access, "problem": problem, "back": back}
        return render(request, "documents/no_word.html", context, status=422)
    return attachment(content, "-".join(access.slugs) + ".docx", WORD)
