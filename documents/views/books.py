"""The page of a guideline's book: how far it has come, and the PDF once it is there."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from documents.actions.books import ask_for_book
from documents.selectors.books import book_pdf, load_books
from etd.actions.errors import Refused
from etd.permissions import GuidelineAccess, Permission, requires_in_guideline
from metaanalysis.views.downloads import attachment


@require_safe
@requires_in_guideline(Permission.EXPORT)
def book(request: HttpRequest, access: GuidelineAccess) -> HttpResponse:
    """htmx asks again for the part that changes while a book is being made."""
    context = {"access": access, "shelf": load_books(access.guideline)}
    part = "documents/book/_state.html" if request.headers.get("HX-Request") else "documents/book/book.html"
    return render(request, part, context)


@require_POST
@requires_in_guideline(Permission.EXPORT)
def make_book(request: HttpRequest, access: GuidelineAccess) -> HttpResponse:
    try:
        ask_for_book(guideline=access.guideline, by=access.user)
    except Refused as error:
        messages.error(request, str(error))
    return redirect("book", access.guideline.slug)


@require_safe
@requires_in_guideline(Permission.EXPORT)
def book_file(request: HttpRequest, access: GuidelineAccess) -> HttpResponse:
    pdf = book_pdf(access.guideline)
    if pdf is None:
        raise Http404
    return attachment(pdf, f"{access.guideline.slug}-book.pdf", "application/pdf")
