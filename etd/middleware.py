"""Small promises kept for every page: nothing private is cached, nothing typed is lost, and no page is empty."""

from __future__ import annotations

import logging
from collections.abc import Callable

from django.db import InterfaceError, connection
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.urls import resolve, reverse

from etd import health_urls
from etd.installation import logs, metrics
from etd.installation.database_away import is_away
from etd.installation.requests import route_of
from etd.typed import typed_text

logger = logging.getLogger(__name__)


class NoStoreMiddleware:
    """Pages are kept by no cache, those without a sign-in neither: they may show what somebody typed.

    It asks for no user: the page that says “not saved” must not need the database.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if "Cache-Control" not in response:
            response["Cache-Control"] = "no-store"
        return response


class ProbeMiddleware:
    """Whoever watches the server asks from beside it: by its number, whatever host names it has, and without a session.

    So the answer is given before the host is looked at, and before anything that could need the database.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response
        self.paths = frozenset(reverse(pattern.name) for pattern in health_urls.urlpatterns)

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path_info not in self.paths:
            return self.get_response(request)
        request.resolver_match = resolve(request.path_info)
        answer: HttpResponse = request.resolver_match.func(request)
        return answer


class NotSavedMiddleware:
    """When the database cannot take a write (locked, full, cut off): 503, and everything that was typed on the page."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        return not_saved(request, exception)


def not_saved(request: HttpRequest, exception: BaseException | None) -> HttpResponse | None:
    """The page for an exception of a database that is busy, full or gone; None for any other."""
    if exception is None or not is_away(exception):
        return None
    metrics.not_saved()
    logger.error("not saved: %s %s: %s", request.method, route_of(request), type(exception).__name__)
    # Without the request: the page must not ask the database who is signed in.
    context = {
        "typed": typed_text(request),
        "is_reading": request.method in {"GET", "HEAD"},
        "is_unsure": was_cut_off(exception),
        "request_id": logs.request_id.get(),
    }
    page = render_to_string("not_saved.html", context)
    response = HttpResponse(page, status=503)
    response["Retry-After"] = "5"
    return response


def was_cut_off(exception: BaseException) -> bool:
    """Did the connection end? Then a commit may have been carried out without its answer."""
    return isinstance(exception, InterfaceError) or not connection.is_usable()


class NotAPageMiddleware:
    """An address that only takes what a form sends says so, where Django would answer with an empty page."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if response.status_code == 405 and request.method == "GET" and not response.content:
            response.content = render_to_string("405.html", request=request).encode()
        return response
