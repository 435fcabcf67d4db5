"""Fills the database of this process, which holds the example: `python -m tests.integration.moving_content`.

What people do comes through actions, so that the trail fits it; every other table gets at least one row.
"""

from __future__ import annotations

import os
import re
from datetime import UTC, datetime

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()

from axes.models import (  # noqa: E402 -- after the set-up
    AccessAttempt,
    AccessAttemptExpiration,
    AccessFailureLog,
    AccessLog,
)
from django.contrib.admin.models import LogEntry  # noqa: E402
from django.contrib.auth.models import Group, Permission  # noqa: E402
from django.contrib.sessions.backends.db import SessionStore  # noqa: E402
from django.db import models  # noqa: E402
from django_otp.plugins.otp_static.models import StaticDevice  # noqa: E402
from django_otp.plugins.otp_totp.models import TOTPDevice  # noqa: E402

from etd.actions.publication import withdraw_version  # noqa: E402
from etd.installation.moving import carried_models  # noqa: E402
from etd.models import PublishedVersion, User  # noqa: E402
from tests import factories as f  # noqa: E402
from tests.integration import everything  # noqa: E402


def sign_in_records(user: User) -> None:
    session = SessionStore()
    session["user"] = user.pk
    session.save()
    TOTPDevice.objects.create(user=user, name="telephone", confirmed=True)
    StaticDevice.objects.create(user=user, name="codes").token_set.create(token="abcdefgh")
    where = {"username": user.email, "ip_address": "192.0.2.7"}
    attempt = AccessAttempt.objects.create(**where, failures_since_start=3)
    AccessAttemptExpiration.objects.create(access_attempt=attempt, expires_at=f.NOW)
    AccessFailureLog.objects.create(**where)
    AccessLog.objects.create(**where)
    group = Group.objects.create(name="Office")
    group.permissions.add(Permission.objects.order_by("pk")[0])
    user.groups.add(group)
    user.user_permissions.add(Permission.objects.order_by("pk")[1])
    LogEntry.objects.log_actions(user.pk, [user], 2)


def waiting_job() -> None:
    f.job(
        args_kwargs={"args": [1.0, 1e16, -0.0, 12345678901234567890], "kwargs": {"b": "Zürich ⊕", "a": None}},
        run_after=f.NOW,
    )


def empty() -> list[type[models.Model]]:
    return [model for model in carried_models() if not model._base_manager.exists()]


def fill() -> None:
    everything.site()
    staff = User.objects.get(email="staff@example.org")
    sign_in_records(staff)
    waiting_job()
    withdraw_version(version=PublishedVersion.objects.get(), reason="An error in table 2.", by=staff)
    for model in empty():
        factory = getattr(f, re.sub(r"(?<!^)(?=[A-Z])", "_", model.__name__).lower(), None)
        if factory is not None:
            factory()
    # Microseconds, and a number that was given and taken back.
    user = f.user(email="gone@example.org")
    user.delete()
    User.objects.filter(email="chair@example.org").update(
        last_login=datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)
    )


if __name__ == "__main__":
    fill()
