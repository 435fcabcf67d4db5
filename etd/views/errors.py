import sys

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string

from etd.installation import logs
from etd.middleware import not_saved
from etd.typed import typed_text


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form without a valid token: refused, and everything typed in it shown again."""
    return render(request, "403_csrf.html", {"typed": typed_text(request)}, status=403)


def server_error(request: HttpRequest) -> HttpResponse:
    """Something went wrong. Without the request: the page must need neither the database nor a session.

    A database that fails outside every view, where a session is saved or “not found” is shown, comes here too.
    """
    if unsaved := not_saved(request, sys.exc_info()[1]):
        return unsaved
    return HttpResponse(render_to_string("500.html", {"request_id": logs.request_id.get()}), status=500)
