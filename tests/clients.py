"""Browsers in which somebody has signed in a moment ago, without the page that asks for a password."""

from __future__ import annotations

from typing import Any

from django.test import Client
from django.utils import timezone

from etd import sessions
from etd.models import User


def client_of(user: User, *, is_proved: bool = True, **options: Any) -> Client:
    """Signed in; as proof of who it is that counts for ten minutes, or `is_proved` False: no longer.

    `options` are those of Django's test client.
    """
    client = Client(**options)
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    if is_proved:
        session = client.session
        session[sessions.PROVED] = timezone.now().isoformat()
        session.save()
    return client
