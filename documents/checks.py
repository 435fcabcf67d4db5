"""The check of everything that was published, for whoever asks whether all that is stored is whole."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.core.checks import CheckMessage, Error

from documents.verification import verify_guideline
from etd.models import Guideline


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
