"""Browsers in which somebody has signed in without the page that asks for a password, and what they are answered."""

from __future__ import annotations

import io
import zipfile
from typing import Any

import pypdf
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


def readable(answer: Any) -> str:
    """All that an answer holds, also inside a PDF and inside what is packed."""
    content = b"".join(answer.streaming_content) if answer.streaming else answer.content
    if content.startswith(b"%PDF"):
        document = pypdf.PdfReader(io.BytesIO(content))
        attached = b"".join(part for parts in document.attachments.values() for part in parts)
        return "".join(page.extract_text() for page in document.pages) + attached.decode()
    if content.startswith(b"PK"):
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            return "".join(packed.read(name).decode(errors="replace") for name in packed.namelist())
    return str(content.decode(errors="replace"))
