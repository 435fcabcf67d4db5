"""Goal C3: what opens an account or the site is in no page, file, letter, line of the trail or report of ours."""

from __future__ import annotations

import base64
from binascii import unhexlify
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from io import StringIO
from unittest import mock

import pytest
from django.contrib.auth.tokens import default_token_generator
from django.core import mail
from django.core.management import call_command
from django.test import Client
from django.urls import reverse
from django_otp.plugins.otp_static.models import StaticDevice, StaticToken
from django_otp.plugins.otp_totp.models import TOTPDevice
from pytest_django.fixtures import DjangoCaptureOnCommitCallbacks, Settings

from etd.actions import accounts, one_time_codes
from etd.actions.invitations import token_hash
from etd.models import AuditEvent, User
from tests import factories
from tests.clients import client_of, readable
from tests.integration.everything import Site, site

METRICS_TOKEN, MAIL_PASSWORD, LINK = "metrics-canary-4711", "mail-canary-4712", "link-canary-4713"


@dataclass
class Planted:
    """`secrets` have a name each, `clients` are signed in as each person that has some."""

    site: Site
    secrets: dict[str, str]
    clients: dict[str, Client]

    def leaks(self, text: str) -> set[str]:
        return {name for name, secret in self.secrets.items() if secret in text}


@pytest.fixture
def planted(db: None, settings: Settings) -> Planted:
    settings.METRICS_TOKEN, settings.EMAIL_HOST_PASSWORD = METRICS_TOKEN, MAIL_PASSWORD
    found = site()
    invited = factories.invitation(guideline=found.question.guideline, token_hash=token_hash(LINK))
    secrets = {
        "key of the site": settings.SECRET_KEY,
        "token of the figures": METRICS_TOKEN,
        "password of the mail server": MAIL_PASSWORD,
        "link of an invitation": LINK,
        "its digest": invited.token_hash,
    }
    clients = {"nobody": Client()}
    people = [user for actor in ("chair", "staff", "panel member", "observer") for user in found.users(actor)]
    administrator = factories.user(is_staff=True, is_superuser=True, password="a password of 2026")
    for user in (*people, administrator):
        clients[user.email] = client_of(user)
        secrets |= {
            f"{what} of {user.email}": secret for what, secret in secrets_of(user, clients[user.email])
        }
    return Planted(found, secrets, clients)


def secrets_of(user: User, client: Client) -> Iterator[tuple[str, str]]:
    key = one_time_codes.new_key()
    TOTPDevice.objects.create(user=user, name="Authenticator", key=key)
    device = StaticDevice.objects.create(user=user, name="Recovery codes")
    codes = [f"qz7x{number}x{user.pk:07}" for number in range(2)]
    StaticToken.objects.bulk_create(StaticToken(device=device, token=code) for code in codes)
    yield "key of codes", key
    yield "key of codes as it is typed", base64.b32encode(unhexlify(key)).decode()
    for number, code in enumerate(codes):
        yield f"recovery code {number}", code
    yield "session", client.session.session_key or ""
    yield "link for a new password", default_token_generator.make_token(user)
    if user.has_usable_password():
        yield "password's digest", user.password


def test_no_page_or_file_holds_a_secret_of_anybody(planted: Planted) -> None:
    """One's own among them: what is shown once, when it is made, is shown never again."""
    assert all(planted.secrets.values())
    administrator = list(planted.clients)[-1]
    change = reverse("admin:etd_user_change", args=[User.objects.get(email=administrator).pk])
    found: dict[tuple[str, str], set[str]] = {}
    statuses: dict[str, set[int]] = {}
    for who, client in planted.clients.items():
        for path in (*planted.site.paths, change):
            answer = client.get(path)
            statuses.setdefault(who, set()).add(answer.status_code)
            headers = "".join(f"{name}: {value}" for name, value in answer.headers.items())
            if leaked := planted.leaks(readable(answer) + headers):
                found[who, path] = leaked
    assert found == {}
    assert all(200 in of_one for of_one in statuses.values())
    assert planted.clients[administrator].get(change).status_code == 200


def test_a_control_a_page_that_holds_one_is_found(planted: Planted) -> None:
    user = User.objects.get(email=list(planted.clients)[1])
    name = f"link for a new password of {user.email}"
    User.objects.filter(pk=user.pk).update(name=planted.secrets[name])
    assert planted.leaks(readable(planted.clients[user.email].get("/"))) == {name}


def test_an_error_that_names_them_shows_none(planted: Planted, capfd: pytest.CaptureFixture[str]) -> None:
    client = list(planted.clients.values())[1]
    client.raise_request_exception = False
    said = " ".join(planted.secrets.values())
    with mock.patch("etd.views.history.render", side_effect=ValueError(said)):
        path = reverse("history", args=[planted.site.question.guideline.slug, planted.site.question.slug])
        answer = client.get(path)
    assert answer.status_code == 500
    assert planted.leaks(readable(answer)) == set()
    assert planted.leaks("".join(capfd.readouterr())) == set()


def test_neither_trail_letters_figures_nor_the_report_of_the_site_hold_one(
    planted: Planted, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    user = User.objects.get(email=list(planted.clients)[1])
    with django_capture_on_commit_callbacks(execute=True):
        planted.clients["nobody"].post(reverse("ask_for_reset"), {"email": user.email})
        one_time_codes.renew_recovery_codes(user=user, by=user)
        accounts.change_password(user=user, password="another password of 2026", by=user)
        one_time_codes.remove_codes(user=user, by=user)
    trail = [
        " ".join(map(str, event)) for event in AuditEvent.objects.values_list("subject", "before", "after")
    ]
    assert len(trail) > 3
    assert [line for line in trail if planted.leaks(line)] == []
    assert mail.outbox
    # That letter is what the link is for; it is another one where a second has passed.
    leaked = {name for letter in mail.outbox for name in planted.leaks(f"{letter.subject}{letter.body}")}
    assert leaked <= {f"link for a new password of {user.email}"}
    figures = Client().get("/metrics", headers={"authorization": f"Bearer {METRICS_TOKEN}"})
    assert figures.status_code == 200
    assert planted.leaks(readable(figures)) == set()
    report = StringIO()
    with suppress(SystemExit):
        call_command("doctor", "--fast", stdout=report, stderr=report)
    assert report.getvalue().startswith("Settings:")
    assert planted.leaks(report.getvalue()) == set()
