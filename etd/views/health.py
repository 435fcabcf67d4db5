"""For whoever watches the server: does it live, and is it ready? No session, no cookie, nothing of a guideline."""

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from etd.installation import readiness


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


def _plain(text: str, *, status: int = 200) -> HttpResponse:
    return HttpResponse(text, content_type="text/plain; charset=utf-8", status=status)
