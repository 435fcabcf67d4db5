from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from etd.domain.timeline import KIND_LABELS, Kind
from etd.permissions import Access, Permission, requires
from etd.selectors.timeline import chain_head, timeline
from etd.views.pages import page


@require_safe
@requires(Permission.VIEW)
def history(request: HttpRequest, access: Access) -> HttpResponse:
    """What happened to the question, the newest first, and where its trail stands."""
    asked = request.GET.get("kind", "")
    kind = Kind(asked) if asked in set(Kind) else None
    context = {
        "timeline": timeline(
            access.question,
            for_chair=access.may(Permission.MANAGE_CONFLICTS),
            kind=kind,
            page=request.GET.get("page", ""),
        ),
        "kinds": [(str(key), label) for key, label in KIND_LABELS.items()],
        "kind": kind or "",
        "head": chain_head(access.question),
    }
    return render(request, "etd/rounds/history.html", page(access) | context)
