"""One-time codes, forgotten and changed passwords, and how long a sign-in lasts."""

from __future__ import annotations

import re
import time
from base64 import b32decode
from datetime import UTC, datetime, timedelta
from io import StringIO
from typing import Any

import pytest
from django.conf import settings as the_settings
from django.contrib.sessions.models import Session
from django.core import mail
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone
from django_otp.oath import totp
from django_otp.plugins.otp_static.models import StaticDevice
from django_otp.plugins.otp_totp.models import TOTPDevice

from config.settings import email, roles_with_codes, site_url
from etd.actions import one_time_codes
from etd.actions.errors import Refused
from etd.models import AuditEvent, User
from tests.integration.conftest import ClientFor
from tests.unit.etd.people_examples import KEY, code_of_now

PASSWORD = "demo-panel-2026"
NEW_PASSWORD = "a long walk by the sea"


def user(name: str = "chair") -> User:
    return User.objects.get(email=f"{name}@example.org")


def sign_in(
    name: str = "chair", password: str = PASSWORD, client: Client | None = None, **extra: str
) -> Client:
    client = client or Client()
    client.post("/sign-in/", {"username": f"{name}@example.org", "password": password, **extra})
    return client


def next_code(key: str = KEY) -> str:
    """The code of the next half minute, which a clock that is a little fast shows."""
    return f"{totp(bytes.fromhex(key), t0=-30):06}"


def signed_in(client: Client) -> bool:
    return client.get("/").status_code == 200


@pytest.fixture
def recovery(example: None) -> list[str]:
    """The chair has set up codes."""
    return one_time_codes.set_up_codes(user=user(), key=KEY, code=code_of_now(), by=user())


class TestSettingUp:
    def test_picture_key_code_and_ten_recovery_codes(self, example: None) -> None:
        client, elsewhere = sign_in(), sign_in()
        page = client.get("/account/codes/").content.decode()
        assert '<svg class="qr"' in page
        key = b32decode("".join(re.search(r'class="key">([A-Z2-7 ]+)<', page)[1].split())).hex()  # type: ignore[index]
        setup = re.search(r'name="setup" value="([^"]+)"', page)[1]  # type: ignore[index]
        assert not TOTPDevice.objects.exists()
        answer = client.post("/account/codes/", {"setup": setup, "code": code_of_now(key)})
        codes = re.findall(r"<li><code>(\w{8})</code></li>", answer.content.decode())
        assert len(set(codes)) == 10
        assert answer["Cache-Control"] == "no-store"
        assert TOTPDevice.objects.get().key == key
        assert signed_in(client)
        assert not signed_in(elsewhere)
        assert not any(code in client.get("/account/").content.decode() for code in codes)
        assert "one-time codes were set up" in mail.outbox[-1].subject

    def test_a_wrong_code_keeps_the_key_and_shows_no_code_again(self, example: None) -> None:
        client = sign_in()
        setup = re.search(r'name="setup" value="([^"]+)"', client.get("/account/codes/").content.decode())[1]  # type: ignore[index]
        first = client.post("/account/codes/", {"setup": setup, "code": "12345x"})
        second = client.post("/account/codes/", {"setup": setup, "code": ""})
        keys = [re.search(r'class="key">([A-Z2-7 ]+)<', page.content.decode())[1] for page in (first, second)]  # type: ignore[index]
        assert (first.status_code, second.status_code) == (409, 422)
        assert keys[0] == keys[1]
        assert "not the code of now" in first.content.decode()
        assert "12345x" not in first.content.decode()
        assert not TOTPDevice.objects.exists()

    def test_a_key_made_for_somebody_else_is_not_taken(self, example: None) -> None:
        theirs = sign_in("staff").get("/account/codes/").content.decode()
        setup = re.search(r'name="setup" value="([^"]+)"', theirs)[1]  # type: ignore[index]
        answer = sign_in().post("/account/codes/", {"setup": setup, "code": "123456"})
        assert answer.status_code == 422
        assert "This page is too old" in answer.content.decode()

    def test_the_key_is_in_no_event(self, recovery: list[str]) -> None:
        texts = "".join(f"{e.subject}{e.before}{e.after}" for e in AuditEvent.objects.all())
        assert KEY not in texts
        assert not any(code in texts for code in recovery)
        assert (
            AuditEvent.objects.filter(type="one_time_codes_set_up", subject="chair@example.org").count() == 1
        )


class TestSigningIn:
    def test_the_password_alone_opens_nothing(self, recovery: list[str]) -> None:
        client = Client()
        answer = client.post(
            "/sign-in/", {"username": "chair@example.org", "password": PASSWORD, "next": "/account/"}
        )
        assert answer["Location"] == "/sign-in/code/?next=%2Faccount%2F"
        assert not signed_in(client)
        assert client.get("/account/").status_code == 302
        done = client.post("/sign-in/code/", {"code": next_code(), "next": "/account/"})
        assert done["Location"] == "/account/"
        assert signed_in(client)

    def test_a_code_is_good_once(self, recovery: list[str]) -> None:
        code = next_code()
        assert signed_in(self.give(sign_in(), code))
        again = self.give(sign_in(), code)
        assert not signed_in(again)

    def test_the_code_that_set_them_up_is_not_good_for_a_sign_in(self, example: None) -> None:
        step = int(time.time()) // 30
        one_time_codes.set_up_codes(user=user(), key=KEY, code=code_of_now(), by=user())
        assert TOTPDevice.objects.get().last_t >= step

    def test_a_recovery_code_is_good_once_and_the_rest_are_counted(self, recovery: list[str]) -> None:
        client = sign_in()
        spaced = f" {recovery[3][:4].upper()}-{recovery[3][4:]} "
        page = client.post("/sign-in/code/", {"code": spaced}, follow=True).content.decode()
        assert "You used a recovery code; 9 are left." in page
        assert not signed_in(self.give(sign_in(), recovery[3]))

    def test_wrong_codes_make_the_next_wait(self, recovery: list[str]) -> None:
        client = sign_in()
        wrong = "000000" if code_of_now() != "000000" else "000001"
        first = client.post("/sign-in/code/", {"code": wrong}).content.decode()
        assert "This code is not right" in first
        assert f'value="{wrong}"' not in first
        TOTPDevice.objects.update(throttling_failure_count=12, throttling_failure_timestamp=timezone.now())
        waiting = client.post("/sign-in/code/", {"code": next_code()}).content.decode()
        assert "too many wrong codes" in waiting
        assert not signed_in(client)
        TOTPDevice.objects.update(throttling_failure_timestamp=timezone.now() - timedelta(hours=2))
        assert signed_in(self.give(client, next_code()))
        assert AuditEvent.objects.filter(type="one_time_code_refused").count() == 1

    def test_the_code_alone_opens_nothing(self, recovery: list[str]) -> None:
        client = Client()
        assert client.get("/sign-in/code/")["Location"] == "/sign-in/"
        assert client.post("/sign-in/code/", {"code": next_code()})["Location"] == "/sign-in/"
        assert not signed_in(client)

    def test_ten_minutes_or_a_new_password_later_it_begins_again(self, recovery: list[str]) -> None:
        late = sign_in()
        session = late.session
        session["waiting_for_code"] |= {"until": (timezone.now() - timedelta(seconds=1)).isoformat()}
        session.save()
        changed = sign_in()
        chair = user()
        chair.set_password(NEW_PASSWORD)
        chair.save()
        for client in (late, changed):
            assert client.post("/sign-in/code/", {"code": next_code()})["Location"] == "/sign-in/"
            assert not signed_in(client)

    def test_an_address_elsewhere_is_not_followed(self, recovery: list[str]) -> None:
        client = sign_in(next="https://evil.example/")
        assert (
            client.post("/sign-in/code/", {"code": next_code(), "next": "https://evil.example/"})["Location"]
            == "/"
        )

    @staticmethod
    def give(client: Client, code: str) -> Client:
        client.post("/sign-in/code/", {"code": code})
        return client


class TestRemoving:
    def test_it_takes_the_password_and_a_code(self, recovery: list[str]) -> None:
        client = sign_in()
        client.post("/sign-in/code/", {"code": recovery[0]})
        wrong = client.post("/account/codes/remove/", {"password": "wrong-password-1", "code": next_code()})
        assert "This is not your password" in wrong.content.decode()
        assert "wrong-password-1" not in wrong.content.decode()
        refused = client.post("/account/codes/remove/", {"password": PASSWORD, "code": recovery[0]})
        assert refused.status_code == 409
        assert TOTPDevice.objects.exists()
        client.post("/account/codes/remove/", {"password": PASSWORD, "code": next_code()})
        assert (TOTPDevice.objects.count(), StaticDevice.objects.count()) == (0, 0)
        assert signed_in(client)
        assert signed_in(sign_in())


class TestRolesThatNeedCodes:
    @pytest.fixture(autouse=True)
    def required(self, settings: Any, example: None) -> None:
        settings.REQUIRE_TOTP_FOR = frozenset({"chair", "staff"})

    def test_they_set_them_up_before_they_see_anything(self) -> None:
        client = sign_in()
        for path in ("/", "/account/", "/guidelines/ilcor-als/", "/guidelines/ilcor-als/mcs-after-rosc/"):
            assert client.get(path)["Location"] == "/account/codes/"
        page = client.get("/account/codes/").content.decode()
        assert "Your role needs them on this site" in page
        assert client.get("/", headers={"HX-Request": "true"})["HX-Redirect"] == "/account/codes/"
        typed = client.post("/guidelines/ilcor-als/mcs-after-rosc-update/edit/", {"title": "My <words>"})
        assert typed.status_code == 403
        assert "My &lt;words&gt;" in typed.content.decode()
        setup = re.search(r'name="setup" value="([^"]+)"', page)[1]  # type: ignore[index]
        key = b32decode("".join(re.search(r'class="key">([A-Z2-7 ]+)<', page)[1].split())).hex()  # type: ignore[index]
        client.post("/account/codes/", {"setup": setup, "code": code_of_now(key)})
        assert signed_in(client)

    def test_other_roles_do_not_and_signing_out_is_always_possible(self) -> None:
        assert signed_in(sign_in("panel"))
        client = sign_in("staff")
        assert not signed_in(client)
        assert client.post("/sign-out/")["Location"] == "/sign-in/"

    def test_a_role_that_needs_them_asks_at_the_next_request(self) -> None:
        client = sign_in("panel")
        user("panel").memberships.update(role="staff")
        assert client.get("/")["Location"] == "/account/codes/"


class TestRenewingRecoveryCodes:
    PATH = "/account/codes/recovery/"

    def client(self) -> Client:
        client = sign_in()
        client.post("/sign-in/code/", {"code": next_code()})
        return client

    def test_new_ones_are_shown_once_and_the_old_ones_end(self, recovery: list[str]) -> None:
        client = self.client()
        assert "10 recovery codes are left" in client.get("/account/").content.decode()
        answer = client.post(self.PATH, {"password": PASSWORD, "code": recovery[0]})
        codes = re.findall(r"<li><code>(\w{8})</code></li>", answer.content.decode())
        assert len(set(codes)) == 10
        assert set(codes) & set(recovery) == set()
        assert answer["Cache-Control"] == "no-store"
        assert "the recovery codes were renewed" in mail.outbox[-1].subject
        assert TOTPDevice.objects.get().key == KEY
        assert signed_in(client)
        for code, is_good in ((recovery[1], False), (codes[0], True)):
            other = sign_in()
            StaticDevice.objects.update(throttling_failure_count=0)
            other.post("/sign-in/code/", {"code": code})
            assert signed_in(other) is is_good
        texts = "".join(f"{e.subject}{e.before}{e.after}" for e in AuditEvent.objects.all())
        assert not any(code in texts for code in codes)

    @pytest.mark.parametrize(
        ("password", "code", "status", "said"),
        [
            ("not my password", "", 422, "This is not your password."),
            (PASSWORD, "12345678", 409, "This code is not right"),
        ],
    )
    def test_both_are_asked_for(
        self, password: str, code: str, status: int, said: str, recovery: list[str]
    ) -> None:
        answer = self.client().post(self.PATH, {"password": password, "code": code or recovery[0]})
        assert answer.status_code == status
        assert said in answer.content.decode()
        assert one_time_codes.recovery_codes_left(user()) == 10

    def test_there_is_nothing_to_renew_without_codes(self, example: None) -> None:
        assert sign_in().post(self.PATH)["Location"] == "/account/"
        with pytest.raises(Refused, match="are not set up"):
            one_time_codes.renew_recovery_codes(user=user(), by=user())


class TestForgottenPassword:
    def ask(self, address: str) -> str:
        page = Client().post("/forgotten-password/", {"email": address}).content.decode()
        return re.sub(r'name="csrfmiddlewaretoken" value="\w+"', "", page).replace(address, "ADDRESS")

    def link(self) -> str:
        (found,) = re.findall(rf"{the_settings.SITE_URL}(/forgotten-password/\S+)", str(mail.outbox[-1].body))
        return found

    def test_known_and_unknown_addresses_get_the_same_answer(self, example: None) -> None:
        assert self.ask("chair@example.org") == self.ask("nobody@example.org")
        assert [letter.to for letter in mail.outbox] == [["chair@example.org"]]

    def test_the_letter_goes_out_after_the_answer(self, example: None) -> None:
        """So that its time tells nothing either."""
        from django.test import RequestFactory

        from etd.views.account import ask_for_reset
        from etd.views.submitting import AnswerFirst

        request = RequestFactory().post("/forgotten-password/", {"email": "chair@example.org"})
        request.user = request.session = None  # type: ignore[assignment]
        request._messages = []  # type: ignore[attr-defined]
        answer = ask_for_reset(request)
        assert isinstance(answer, AnswerFirst)
        assert "a link is on its way" in answer.content.decode()
        assert not AuditEvent.objects.filter(type="password_reset_asked").exists()
        assert mail.outbox == []
        answer.work()  # as its `close` does, which would also close this test's connection
        assert len(mail.outbox) == 1

    def test_three_an_hour(self, example: None) -> None:
        answers = {self.ask("chair@example.org") for _ in range(5)}
        assert len(answers) == 1
        assert len(mail.outbox) == 3

    def test_the_link_works_once_and_ends_other_sessions(self, example: None) -> None:
        elsewhere = sign_in()
        self.ask("  CHAIR@example.org")
        path = self.link()
        sessions = Session.objects.count()
        assert "Choose a new password" in Client().get(path).content.decode()
        assert Session.objects.count() == sessions
        typed = {"new_password1": NEW_PASSWORD, "new_password2": NEW_PASSWORD}
        assert Client().post(path, typed)["Location"] == "/sign-in/"
        assert not signed_in(elsewhere)
        assert not signed_in(sign_in())
        assert signed_in(sign_in(password=NEW_PASSWORD))
        again = Client().post(path, {"new_password1": PASSWORD, "new_password2": PASSWORD})
        assert again.status_code == 410
        assert "Ask for a new one" in again.content.decode()
        assert user().check_password(NEW_PASSWORD)

    def test_passwords_that_cannot_be_are_said_and_not_shown(self, example: None) -> None:
        self.ask("chair@example.org")
        for first, second, why in (
            ("too-short-1", "too-short-1", "at least 12 characters"),
            (NEW_PASSWORD, NEW_PASSWORD + "!", "didn’t match"),
        ):
            answer = Client().post(self.link(), {"new_password1": first, "new_password2": second})
            assert answer.status_code == 422
            assert why in answer.content.decode()
            assert first not in answer.content.decode()
        assert user().check_password(PASSWORD)

    @pytest.mark.parametrize("path", ["x/y", "MQ/abc-def", "OTk5OTk5/c0ffee-1", "4pyT/1-1", "LTE/1-1"])
    def test_a_made_up_link(self, path: str, example: None) -> None:
        answer = Client().get(f"/forgotten-password/{path}/")
        assert (answer.status_code, "does not work" in answer.content.decode()) == (410, True)

    def test_codes_are_still_asked_for(self, recovery: list[str]) -> None:
        self.ask("chair@example.org")
        Client().post(self.link(), {"new_password1": NEW_PASSWORD, "new_password2": NEW_PASSWORD})
        assert not signed_in(sign_in(password=NEW_PASSWORD))

    def test_a_closed_account_gets_no_letter(self, example: None) -> None:
        User.objects.filter(email="chair@example.org").update(is_active=False)
        self.ask("chair@example.org")
        assert mail.outbox == []


class TestTheAccount:
    def test_a_new_name_stands_in_the_page_and_in_the_trail(self, example: None) -> None:
        client = sign_in("panel")
        page = client.post("/account/", {"name": "Maria <Rossi>"}, follow=True).content.decode()
        assert "Maria &lt;Rossi&gt;" in page
        event = AuditEvent.objects.latest("pk")
        assert (event.type, event.before) == ("account_renamed", '{"name":"Maria Bianchi"}')
        assert client.post("/account/", {"name": ""}).status_code == 422

    def test_a_new_password_keeps_this_session_and_ends_the_others(self, example: None) -> None:
        client, elsewhere = sign_in(), sign_in()
        typed = {"old_password": PASSWORD, "new_password1": NEW_PASSWORD, "new_password2": NEW_PASSWORD}
        wrong = client.post("/account/password/", typed | {"old_password": "not-the-old-one"})
        assert wrong.status_code == 422
        assert not any(one in wrong.content.decode() for one in ("not-the-old-one", NEW_PASSWORD))
        before = client.session.session_key
        client.post("/account/password/", typed)
        assert client.session.session_key != before
        assert (signed_in(client), signed_in(elsewhere)) == (True, False)
        assert "the password was changed" in mail.outbox[-1].subject
        assert NEW_PASSWORD not in str(mail.outbox[-1].body)

    def test_sign_out_everywhere(self, example: None) -> None:
        client, elsewhere, colleague = sign_in(), sign_in(), sign_in("panel")
        assert client.get("/account/sign-out-everywhere/").status_code == 405
        assert client.post("/account/sign-out-everywhere/")["Location"] == "/sign-in/"
        assert [signed_in(one) for one in (client, elsewhere, colleague)] == [False, False, True]

    @pytest.mark.parametrize(
        "path",
        [
            "/account/",
            "/account/password/",
            "/account/codes/",
            "/account/codes/recovery/",
            "/account/codes/remove/",
        ],
    )
    def test_nobody_without_sign_in_and_no_secret_comes_back(self, path: str, example: None) -> None:
        assert Client().get(path)["Location"].startswith("/sign-in/?next=")
        secrets = {
            "old_password": "secret-one-1",
            "new_password1": "secret-two-2",
            "new_password2": "secret-two-2",
            "password": "secret-three-3",
            "code": "123456",
            "setup": "the-signed-key",
        }
        answer = Client().post(path, secrets | {"name": "My name"})
        assert answer.status_code == 403
        page = answer.content.decode()
        assert "My name" in page
        assert [secret for secret in secrets.values() if secret in page] == []

    @pytest.mark.parametrize(
        "path", ["/account/", "/account/password/", "/account/codes/", "/forgotten-password/"]
    )
    def test_reading_never_writes(self, path: str, client_for: ClientFor) -> None:
        from django.db import connection
        from django.test.utils import CaptureQueriesContext

        client = sign_in()
        with CaptureQueriesContext(connection) as queries:
            page = client.get(path).content.decode()
        assert "<form" in page
        assert [
            q["sql"] for q in queries if q["sql"].upper().startswith(("INSERT", "UPDATE", "DELETE"))
        ] == []


class TestHowLongASignInLasts:
    def at(self, monkeypatch: pytest.MonkeyPatch, moment: datetime) -> None:
        monkeypatch.setattr(timezone, "now", lambda: moment)

    def test_it_has_a_new_key(self, example: None) -> None:
        client = Client()
        session = client.session
        session["planted"] = True
        session.save()
        planted = session.session_key
        client.cookies[the_settings.SESSION_COOKIE_NAME] = str(planted)
        sign_in(client=client)
        assert signed_in(client)
        assert client.session.session_key != planted

    def test_an_hour_without_a_request_ends_it(self, example: None, monkeypatch: pytest.MonkeyPatch) -> None:
        start = datetime.now(UTC)
        client = sign_in()
        for minutes in (50, 100, 150):
            self.at(monkeypatch, start + timedelta(minutes=minutes))
            assert signed_in(client)
        self.at(monkeypatch, start + timedelta(minutes=150 + 61))
        assert not signed_in(client)
        answer = client.post("/guidelines/ilcor-als/mcs-after-rosc-update/edit/", {"title": "My words"})
        assert (answer.status_code, "My words" in answer.content.decode()) == (403, True)

    def test_without_its_cookie_an_hour_from_the_sign_in(
        self, example: None, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        start = datetime.now(UTC)
        client = sign_in()
        self.at(monkeypatch, start + timedelta(minutes=59))
        assert signed_in(client)
        del client.cookies["seen"]
        self.at(monkeypatch, start + timedelta(minutes=61))
        assert not signed_in(client)
        client.cookies["seen"] = "forged:1:2"
        assert not signed_in(client)

    def test_twelve_hours_after_the_sign_in_it_ends_whatever_happens(
        self, example: None, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        start = datetime.now(UTC)
        client = sign_in()
        for half_hours in range(1, 24):
            self.at(monkeypatch, start + timedelta(minutes=30 * half_hours))
            assert signed_in(client)
        client.post(
            "/account/password/",
            {"old_password": PASSWORD, "new_password1": NEW_PASSWORD, "new_password2": NEW_PASSWORD},
        )
        self.at(monkeypatch, start + timedelta(hours=12, seconds=1))
        assert not signed_in(client)


class TestSettings:
    def test_the_ways_of_e_mail(self) -> None:
        smtp = "django.core.mail.backends.smtp.EmailBackend"
        assert email("", https=False)["EMAIL_BACKEND"] == "django.core.mail.backends.console.EmailBackend"
        assert email("", https=True)["EMAIL_BACKEND"] == "etd.mail.NoMailBackend"
        assert email("file:///var/mail%20out", https=True)["EMAIL_FILE_PATH"] == "/var/mail out"
        full = email("smtp://ann%40example.org:p%3Aw@mail.example.org", https=True)
        assert full == {
            "EMAIL_BACKEND": smtp,
            "EMAIL_HOST": "mail.example.org",
            "EMAIL_PORT": 587,
            "EMAIL_HOST_USER": "ann@example.org",
            "EMAIL_HOST_PASSWORD": "p:w",
            "EMAIL_USE_TLS": True,
            "EMAIL_USE_SSL": False,
        }
        tls = email("smtps://mail.example.org", https=True)
        assert (tls["EMAIL_PORT"], tls["EMAIL_USE_TLS"], tls["EMAIL_USE_SSL"]) == (465, False, True)
        plain = email("smtp+plain://127.0.0.1:2525", https=True)
        assert (plain["EMAIL_PORT"], plain["EMAIL_USE_TLS"], plain["EMAIL_USE_SSL"]) == (2525, False, False)

    @pytest.mark.parametrize("url", ["mail.example.org", "smtp://", "imap://user:secret-pw@x", "file:here"])
    def test_a_wrong_way_of_e_mail_is_refused_without_its_password(self, url: str) -> None:
        with pytest.raises(ImproperlyConfigured) as refused:
            email(url, https=False)
        assert "secret-pw" not in str(refused.value)

    def test_the_address_of_the_site(self) -> None:
        assert site_url("", https=True, host="etd.example.org") == "https://etd.example.org"
        assert site_url("https://etd.example.org/", https=True, host="x") == "https://etd.example.org"
        for wrong in ("http://etd.example.org", "etd.example.org", "ftp://x"):
            with pytest.raises(ImproperlyConfigured, match="SITE_URL"):
                site_url(wrong, https=True, host="x")

    def test_roles(self) -> None:
        assert roles_with_codes(["chair", "staff"]) == {"chair", "staff"}
        with pytest.raises(ImproperlyConfigured, match="'boss' is no role"):
            roles_with_codes(["chair", "boss"])


class TestTheCommand:
    def test_an_operator_removes_codes(self, recovery: list[str]) -> None:
        client = sign_in()
        client.post("/sign-in/code/", {"code": recovery[0]})
        out = StringIO()
        call_command("remove_codes", "Chair@example.org", stdout=out)
        assert "One-time codes of chair@example.org are removed" in out.getvalue()
        assert (signed_in(client), signed_in(sign_in())) == (False, True)
        assert AuditEvent.objects.latest("pk").actor_name == "System"
        for address, why in (("chair@example.org", "not set up"), ("nobody@example.org", "no account")):
            with pytest.raises(CommandError, match=why):
                call_command("remove_codes", address)
