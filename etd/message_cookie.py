"""Where what a page is to say next is kept until then: Django's cookie, under a name that browsers guard."""

from __future__ import annotations

from django.conf import settings
from django.contrib.messages.storage.cookie import CookieStorage
from django.contrib.messages.storage.fallback import FallbackStorage
from django.contrib.messages.storage.session import SessionStorage


class GuardedCookieStorage(CookieStorage):
    """With HTTPS `__Host-`: no other host and no page without https can set it."""

    cookie_name = "__Host-messages" if settings.HTTPS else "messages"


class MessageStorage(FallbackStorage):
    """In the cookie; what is too long for it, in the session."""

    storage_classes = (GuardedCookieStorage, SessionStorage)
