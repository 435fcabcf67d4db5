"""What a question can be taken away as, and the files that `exports` does not hold. None writes anything."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_safe

from documents.assemble import assemble
from documents.single_file import to_single_file
from etd.permissions import Access, Permission, requires


@require_safe
@requires(Permission.EXPORT)
def document_html(request: HttpRequest, access: Access) -> HttpResponse:
    """The document as one HTML file, with everything that it needs inside."""
    return _file(to_single_file(assemble(access.question)), "text/html; charset=utf-8", access, ".html")


def _file(content: bytes, content_type: str, access: Access, ending: str) -> HttpResponse:
    header = content_disposition_header(as_attachment=True, filename="-".join(access.slugs) + ending)
    return HttpResponse(content, content_type=content_type, headers={"Content-Disposition": header or ""})
