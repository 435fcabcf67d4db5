"""What becomes of a right proof when the answer fails, and how wrong passwords of somebody signed in are counted."""

from __future__ import annotations

import html
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from axes.models import AccessAttempt
from django.conf import settings
from django.db import OperationalError
from django.db.models import F
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import reverse
from django_otp.plugins.otp_totp.models import TOTPDevice

from etd import sessions, throttle
from etd.actions import one_time_codes
from etd.enums import Role
from etd.installation.turns import Busy
from etd.models import User
from etd.views import people
from tests.clients import client_of
from tests.integration.test_renewal import PASSWORD, WORDS, address, hidden, person, role_of
from tests.unit.etd.people_examples import KEY, code_of_now

NEW_PASSWORD = "a-new-one-of-the-chair"
CHAIR = "chair@example.org"
LOCKED = OperationalError("database is locked")


@pytest.fixture
def chair(example: None) -> Client:
    """Signed in more than ten minutes ago. Faults are answered as they are on a site."""
    return client_of(person("chair"), is_proved=False, raise_request_exception=False)


def failing(fault: Exception | None) -> Callable[..., HttpResponse]:
    """A view's work that raises, or (None) answers that the renderer is missing."""

    def work(*_: Any, **__: Any) -> HttpResponse:
        if fault is not None:
            raise fault
        return HttpResponse("Not now.", status=503)

    return work


def cookie_of(client: Client) -> dict[str, Any]:
    return dict(client.cookies[settings.SESSION_COOKIE_NAME])


def sign_in(password: str, email: str = CHAIR) -> int:
    return Client().post("/sign-in/", {"username": email, "password": password}).status_code


def prove(client: Client, password: str) -> HttpResponse:
    sent = {"role": "observer", "proof-password": password}
    answer: HttpResponse = client.post(address("change_role"), sent)  # type: ignore[assignment]
    return answer


class TestAnAnswerThatFailed:
    @pytest.mark.parametrize(
        ("fault", "status"),
        [(LOCKED, 503), (Busy("Two at a time."), 503), (ValueError("wrong"), 500), (None, 503)],
    )
    def test_whoever_gave_a_right_proof_is_still_there_and_proved(
        self, fault: Exception | None, status: int, chair: Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        before = chair.session.session_key
        with monkeypatch.context() as patched:
            patched.setattr(people, "submit", failing(fault))
            assert prove(chair, PASSWORD).status_code == status
        assert chair.session.session_key not in {before, None}
        again = chair.post(address("change_role"), {"role": "observer"})
        assert (again.status_code, role_of("patient")) == (302, Role.OBSERVER)

    def test_its_cookie_is_like_that_of_a_sign_in(
        self, example: None, monkeypatch: pytest.MonkeyPatch, settings: Any
    ) -> None:
        settings.SESSION_COOKIE_SECURE = True
        client = Client(raise_request_exception=False)
        client.post("/sign-in/", {"username": CHAIR, "password": PASSWORD})
        first, session = cookie_of(client), client.session
        del session[sessions.PROVED]
        session.save()
        client.cookies.clear()
        client.cookies[settings.SESSION_COOKIE_NAME] = str(session.session_key)
        monkeypatch.setattr(people, "submit", failing(LOCKED))
        prove(client, PASSWORD)
        second = cookie_of(client)
        assert 0 < second.pop("max-age") <= first.pop("max-age") <= settings.SESSION_COOKIE_AGE
        assert second.pop("expires").endswith("GMT")
        first.pop("expires")
        assert (second, second["secure"], second["httponly"]) == (first, True, True)

    def test_so_is_whoever_has_changed_their_password(
        self, chair: Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("etd.mail.tell", failing(LOCKED))
        sent = {"old_password": PASSWORD, "new_password1": NEW_PASSWORD, "new_password2": NEW_PASSWORD}
        assert chair.post("/account/password/", sent).status_code == 503
        assert person("chair").check_password(NEW_PASSWORD)
        assert chair.get("/account/").status_code == 200


class TestADatabaseThatFailsAtTheProof:
    @pytest.mark.parametrize("place", [(sessions, "prove"), (one_time_codes, "has_codes")])
    def test_what_was_typed_is_on_the_page(
        self, place: tuple[Any, str], chair: Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with monkeypatch.context() as patched:
            patched.setattr(*place, failing(LOCKED))
            answer = chair.post(
                address("manage_conflict"), {"note": WORDS, "proof-password": PASSWORD, "proof-back": "/back"}
            )
        page = html.unescape(answer.content.decode())
        assert (answer.status_code, WORDS in page) == (503, True)
        assert not [one for one in (PASSWORD, "/back") if one in page]
        assert chair.get("/account/").status_code == 200

    def test_the_way_back_is_nothing_that_somebody_typed(self, example: None) -> None:
        answer = Client().post(address("manage_conflict"), {"note": WORDS, "proof-back": "/the/way/back"})
        page = html.unescape(answer.content.decode())
        assert (WORDS in page, "/the/way/back" in page) == (True, False)


class TestGuessing:
    def test_nobody_outside_keeps_somebody_from_a_proof(
        self, chair: Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(throttle, "FAILURES_AN_ADDRESS", 12)
        told = [sign_in(f"guess-{n}") for n in range(settings.AXES_FAILURE_LIMIT)]
        told += [sign_in("guess", f"somebody-{n}@example.org") for n in range(3)]
        assert told[-1] == 429, "the address is over its limit too"
        assert (prove(chair, PASSWORD).status_code, role_of("patient")) == (302, Role.OBSERVER)
        assert sign_in(PASSWORD) == 429

    def test_wrong_proofs_close_no_sign_in_of_their_address(
        self, chair: Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(throttle, "FAILURES_AN_ADDRESS", 2)
        told = [prove(chair, f"guess-{n}").status_code for n in range(3)]
        assert (told, sign_in(PASSWORD, "panel@example.org")) == ([403] * 3, 302)

    def test_each_count_is_forgotten_by_its_own_right_password(self, chair: Client) -> None:
        assert (sign_in("guess"), prove(chair, "guess").status_code) == (200, 403)
        assert AccessAttempt.objects.count() == 2
        prove(chair, PASSWORD)
        assert AccessAttempt.objects.get().username == CHAIR
        prove(client_of(person("chair"), is_proved=False), "guess")
        assert sign_in(PASSWORD) == 302
        assert AccessAttempt.objects.get().username == f"proof of {person('chair').pk}"

    def test_nobody_signs_in_under_the_name_of_such_a_count(self, example: None) -> None:
        name = f"proof of {person('chair').pk}"
        told = [sign_in("guess", name) for _ in range(settings.AXES_FAILURE_LIMIT + 1)]
        assert set(told) == {200}
        assert AccessAttempt.objects.count() == 0

    def test_forms_that_ask_for_the_password_count_with_the_proofs(self, chair: Client) -> None:
        path, told = "/account/password/", []
        sent = {"new_password1": NEW_PASSWORD, "new_password2": NEW_PASSWORD}
        for n in range(settings.AXES_FAILURE_LIMIT):
            told.append(chair.post(path, sent | {"old_password": f"guess-{n}"}).content.decode())
        assert all("This is not your password." in one for one in told[:-1])
        locked = chair.post(path, sent | {"old_password": PASSWORD})
        assert "Please wait a quarter of an hour" in locked.content.decode()
        assert person("chair").check_password(PASSWORD)
        assert prove(chair, PASSWORD).status_code == 429
        assert hidden(prove(chair, PASSWORD).content.decode()) == {"role": ["observer"]}
        AccessAttempt.objects.update(attempt_time=F("attempt_time") - timedelta(minutes=15))
        assert chair.post(path, sent | {"old_password": PASSWORD}).status_code == 302
        assert AccessAttempt.objects.count() == 0

    def test_so_do_those_that_touch_the_codes(self, chair: Client) -> None:
        TOTPDevice.objects.create(user=person("chair"), key=KEY, confirmed=True, tolerance=1)
        paths = ("/account/codes/remove/", "/account/codes/recovery/")
        for n in range(settings.AXES_FAILURE_LIMIT):
            chair.post(paths[n % 2], {"password": f"guess-{n}", "code": "123456"})
        for path in paths:
            locked = chair.post(path, {"password": PASSWORD, "code": code_of_now()})
            assert "Please wait a quarter of an hour" in locked.content.decode()
        assert TOTPDevice.objects.filter(user=person("chair")).count() == 1

    def test_the_admin_has_no_form_beside_it(self, chair: Client) -> None:
        User.objects.filter(email=CHAIR).update(is_staff=True)
        sent = {"old_password": PASSWORD, "new_password1": NEW_PASSWORD, "new_password2": NEW_PASSWORD}
        for client in (chair, client_of(person("chair"))):
            assert client.post(reverse("admin:password_change"), sent)["Location"] == "/account/password/"
        assert person("chair").check_password(PASSWORD)

    def test_nothing_of_such_a_form_is_noted(self, chair: Client) -> None:
        sent = {"old_password": "my-old-0ne", "new_password1": NEW_PASSWORD, "new_password2": NEW_PASSWORD}
        chair.post("/account/password/", sent)
        noted = AccessAttempt.objects.values().get()
        assert not [one for one in noted.values() if "0ne" in str(one) or NEW_PASSWORD in str(one)]

    def test_a_forgotten_password_that_was_set_anew_forgets_both(self, chair: Client) -> None:
        for n in range(settings.AXES_FAILURE_LIMIT):
            prove(chair, f"guess-{n}")
        assert sign_in("guess") == 200
        throttle.forget(person("chair"))
        assert AccessAttempt.objects.count() == 0


def test_the_request_keeps_its_form(example: None, rf: Any) -> None:
    request: HttpRequest = rf.post("/", {"note": WORDS})
    assert throttle.is_password_of(person("chair"), "guess", request=request) is False
    assert request.POST.dict() == {"note": WORDS}
