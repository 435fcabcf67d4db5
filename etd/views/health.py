"""For whoever watches the server: does it live, and is it ready? No session, no cookie, nothing of a guideline."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.crypto import constant_time_compare
from django.views.decorators.http import require_safe

from etd.installation import metrics, readiness
from etd.installation.state import State


@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """The process lives. It asks nothing of the database: whoever restarts what does not answer asks here."""
    return _plain("alive\n")


@require_safe
def readyz(request: HttpRequest) -> HttpResponse:
    """200 where requests can be served and saved, otherwise 503 with the reasons, a line each."""
    if missing := readiness.what_is_missing():
        return _plain("not ready\n" + "".join(f"- {line}\n" for line in missing), status=503)
    return _plain("ready\n")


@require_safe
def metrics_page(request: HttpRequest) -> HttpResponse:
    """What is counted, for Prometheus, and for nobody without the token; where none is set there is no such page."""
    if not settings.METRICS_TOKEN:
        return _plain("no such page\n", status=404)
    kind, _, token = request.headers.get("Authorization", "").partition(" ")
    if kind.lower() != "bearer" or not constant_time_compare(token.strip(), settings.METRICS_TOKEN):
        answer = _plain("a bearer token is needed\n", status=401)
        answer["WWW-Authenticate"] = "Bearer"
        return answer
    return HttpResponse(metrics.page(State()), content_type=metrics.CONTENT_TYPE)


def _plain(text: str, *, status: int = 200) -> HttpResponse:
    return HttpResponse(text, content_type="text/plain; charset=utf-8", status=status)
