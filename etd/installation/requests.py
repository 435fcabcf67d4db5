"""Every request: its id, its line in the log, and what is counted of it."""

from __future__ import annotations

import logging
import re
import time
import uuid
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from etd.actions import jobs
from etd.installation import logs, metrics
from etd.models import User

logger = logging.getLogger("openetd.request")

HEADER = "X-Request-ID"
# What proxies make: UUIDs, hexadecimal numbers, ULIDs. Anything else is replaced.
_WELL_FORMED = re.compile(r"[A-Za-z0-9_-]{8,64}")
# Asked every few seconds; while they go well there is nothing to tell.
_QUIET = frozenset({"healthz", "readyz", "metrics", "static"})


class RequestMiddleware:
    """Outermost, so that it sees whatever is answered. The id is the proxy's, or a new one; the answer carries it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response
        # Once in the life of a web process: jobs may have been left by the one before.
        jobs.look_later()

    def __call__(self, request: HttpRequest) -> HttpResponse:
        started = time.perf_counter()
        logs.request_id.set(id_of(request))
        response = self.get_response(request)
        response[HEADER] = logs.request_id.get()
        seconds = time.perf_counter() - started
        _tell(request, response, seconds)
        _count(request, response, seconds)
        return response


def id_of(request: HttpRequest) -> str:
    """The id that the proxy gave, where it is well-formed, else a new one."""
    given = request.headers.get(HEADER, "")
    return given if _WELL_FORMED.fullmatch(given) else uuid.uuid4().hex


def route_of(request: HttpRequest) -> str:
    """The name of the address that was asked, which holds nothing of its values; `static` for files, else `none`."""
    if request.resolver_match is not None:
        return request.resolver_match.view_name or "unnamed"
    return "static" if request.path_info.startswith(f"/{settings.STATIC_URL.strip('/')}/") else "none"


def _tell(request: HttpRequest, response: HttpResponse, seconds: float) -> None:
    route = route_of(request)
    level = logging.DEBUG if route in _QUIET and response.status_code < 400 else logging.INFO
    values: dict[str, object] = {
        "method": _method(request),
        "route": route,
        "status": response.status_code,
        "ms": round(seconds * 1000, 1),
    }
    if user := _who(request):
        values["user"] = user
    logger.log(level, "answered", extra={"values": values})


def _count(request: HttpRequest, response: HttpResponse, seconds: float) -> None:
    route, method, status = route_of(request), _method(request), response.status_code
    metrics.answered(route=route, method=method, status=status, seconds=seconds)
    if getattr(request, "axes_locked_out", False):
        metrics.sign_in("locked")
    elif method == "POST" and route in {"sign_in", "sign_in_code"} and status < 500:
        # The form again is a refusal; an answer leads on.
        metrics.sign_in("given" if status == 302 else "failed")


def _method(request: HttpRequest) -> str:
    """A method that exists: anybody may send another word."""
    known = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}
    return request.method if request.method in known else "other"


def _who(request: HttpRequest) -> int | None:
    """The id of who is signed in, where somebody has asked for that already: the log must not ask the database."""
    user = getattr(getattr(request, "user", None), "_wrapped", None)
    return user.pk if isinstance(user, User) else None
