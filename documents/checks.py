"""The check of everything that was published, and what is wrong with an installation as far as documents know it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from django.apps import AppConfig
from django.core.checks import CheckMessage, Error, Warning

from documents.verification import verify_guideline
from etd.installation.doctor import Area, examination, is_public
from etd.models import Guideline, User


def check_versions(
    app_configs: Sequence[AppConfig] | None = None, databases: Sequence[str] | None = None, **kwargs: Any
) -> list[CheckMessage]:
    """A message for each fault of a published version or of its withdrawal."""
    if not databases:
        return []
    return [
        Error(
            f"{fault.guideline}/{fault.question}, version {fault.number}: {fault.problem}",
            id="documents.E001",
        )
        for guideline in Guideline.objects.order_by("slug")
        for fault in verify_guideline(guideline)
    ]


@examination(Area.DOCUMENTS)
def examine_rendering() -> Iterator[CheckMessage]:
    """A document is rendered, as for somebody who asks for a PDF."""
    from documents import pdf  # noqa: PLC0415 -- slow import

    try:
        pdf.made_anew("<p>examined by manage.py doctor</p>", [])
    except pdf.RendererMissing as error:
        yield Warning(str(error), hint="Everything else works without it.", id="installation.pdf_off")
    except pdf.CannotRender as error:
        yield Error(
            f"No PDF can be made: {error}",
            hint="Is the machine short of memory? The log has the reason.",
            id="installation.pdf",
        )


@examination(Area.PEOPLE)
def examine_demo_accounts() -> Iterator[CheckMessage]:
    """On one's own machine everybody may know them."""
    from documents.management.commands.load_example import DEMO_PASSWORD, PEOPLE  # noqa: PLC0415 -- slow import

    if not is_public():
        return
    accounts = User.objects.filter(is_active=True, email__in=[one.email for one in PEOPLE])
    if open_to_all := [one.email for one in accounts if one.check_password(DEMO_PASSWORD)]:
        yield Error(
            f"Anybody can sign in as {open_to_all[0]}: the password of the demo accounts is public"
            f" ({len(open_to_all)} accounts).",
            hint="Switch these accounts off at /admin/, or give them other passwords: manage.py changepassword.",
            id="installation.demo_accounts",
        )
