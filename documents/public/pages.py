"""Pages for everybody: no sign-in is asked, none is looked at, and what is not there is one and the same 404."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from functools import wraps
from hashlib import sha256
from typing import Concatenate, ParamSpec

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.template.loader import render_to_string
from django.utils.cache import get_conditional_response
from django.utils.http import content_disposition_header, quote_etag
from django.views.decorators.http import require_safe

P = ParamSpec("P")

# Every cache may keep it and asks each time whether it still holds: a withdrawal shows at once.
REVALIDATED = "public, no-cache"
FOR_GOOD = "public, max-age=31536000, immutable"


def public(
    view: Callable[Concatenate[HttpRequest, P], HttpResponseBase],
) -> Callable[Concatenate[HttpRequest, P], HttpResponseBase]:
    """A view that everybody may read, GET and HEAD only; it must not touch `request.user` or the session.

    Its 404 is the same for everybody too, and says nothing of what may be at an address one day.
    """

    @wraps(view)
    def answer(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        try:
            return view(request, *args, **kwargs)
        except Http404:
            return HttpResponse(render_to_string("documents/public/not_found.html"), status=404)

    answer.is_public = True  # type: ignore[attr-defined]  # asked by etd.gates.RequiredCodesMiddleware
    return require_safe(answer)


def page(
    request: HttpRequest, content: str, content_type: str = "text/html; charset=utf-8"
) -> HttpResponseBase:
    """A text that may change: caches keep it, and are answered with 304 while it has not."""
    data = content.encode()
    response = HttpResponse(data, content_type=content_type, headers={"Cache-Control": REVALIDATED})
    return _unless_known(request, sha256(data).hexdigest(), response)


def file(
    request: HttpRequest,
    load: Callable[[], bytes],
    *,
    digest: str,
    name: str,
    content_type: str,
    as_attachment: bool,
) -> HttpResponseBase:
    """A file that never changes; `digest` is the sha256 of what `load` gives, which is asked only where it is sent."""
    headers = {
        "Cache-Control": FOR_GOOD,
        "Content-Disposition": content_disposition_header(as_attachment=as_attachment, filename=name) or "",
        "Repr-Digest": f"sha-256=:{b64encode(bytes.fromhex(digest)).decode()}:",
    }
    known = _unless_known(request, digest, HttpResponse(content_type=content_type, headers=headers))
    if known.status_code == 200 and isinstance(known, HttpResponse):
        known.content = load()
    return known


def _unless_known(request: HttpRequest, digest: str, response: HttpResponse) -> HttpResponseBase:
    etag = quote_etag(digest)
    response["ETag"] = etag
    return get_conditional_response(request, etag=etag, response=response) or response
