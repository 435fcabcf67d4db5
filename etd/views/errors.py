from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from etd.typed import typed_text


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form without a valid token: refused, and everything typed in it shown again."""
    return render(request, "403_csrf.html", {"typed": typed_text(request)}, status=403)
