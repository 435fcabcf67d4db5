"""Reported rows against the stored studies, by every method that is offered."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from etd.permissions import Access, Permission, requires
from etd.views.pages import page
from metaanalysis.selectors.reproduction import load_reproduction


@require_safe
@requires(Permission.SEE_CHECKS)
def reproduction(request: HttpRequest, access: Access) -> HttpResponse:
    """All reported rows; with `?row=ID` that row alone, however many studies are stored of it."""
    context = page(access)
    only = request.GET.get("row", "")
    if only and not (only.isascii() and only.isdecimal()):
        raise Http404
    found = load_reproduction(access.question, context["etd"], int(only) if only else None)
    if only and not (found.rows or found.without_studies):
        raise Http404
    return render(request, "metaanalysis/reproduction.html", context | {"reproduction": found})
