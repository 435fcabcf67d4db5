"""Whole addresses of public pages, with the site's name, for whatever is read elsewhere: citations, feeds, search."""

from __future__ import annotations

from django.conf import settings
from django.urls import reverse


def whole(name: str, *arguments: object) -> str:
    """The address of a page with the site's own name, whatever name a visitor asked by."""
    return f"{settings.SITE_URL}{reverse(name, args=arguments)}"
