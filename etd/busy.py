"""What people are told whose turn did not come."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from etd.installation.turns import RETRY_AFTER_SECONDS, Busy
from etd.typed import typed_text


class BusyMiddleware:
    """Where there is no turn for costly work: 503, what was typed, and when to try again. A page does so by itself."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if not isinstance(exception, Busy):
            return None
        was_sent = request.method == "POST"
        context = {
            "problem": exception,
            "was_sent": was_sent,
            "typed": typed_text(request) if was_sent else [],
            "address": request.get_full_path(),
        }
        response = render(request, "busy.html", context, status=503)
        response["Retry-After"] = str(RETRY_AFTER_SECONDS)
        if not was_sent:
            response["Refresh"] = str(RETRY_AFTER_SECONDS)
        return response
