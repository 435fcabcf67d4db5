"""Who is asked again who they are, when, and what becomes of the form that was sent."""

from __future__ import annotations

import html
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from axes.models import AccessAttempt
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from etd import permissions, sessions
from etd.actions import conflicts, one_time_codes
from etd.enums import ConflictKind, Role
from etd.models import AuditEvent, ConflictDeclaration, Guideline, PanelMembership, User
from etd.views import people
from tests import factories
from tests.clients import client_of
from tests.integration.everything import every_pattern
from tests.unit.etd.people_examples import KEY, code_of_now

PASSWORD = "demo-panel-2026"
WORDS = 'For an hour & "more": p<0.05\nsecond line'
TITLE = "Is it still you?"

# Opening, extending and reminding do not ask: each can be taken back, and in a meeting it would be once too often.
ASKED_ABOUT = {
    *(
        "send_to_review",
        "back_to_work",
        "approve_question",
        "publish_version",
        "begin_version",
        "withdraw_version",
    ),
    *("close_round", "void_ballot", "vote_settings", "publishing_settings"),
    *("conflict_register", "manage_conflict", "open_declaration"),
    *("invite", "change_role", "end_membership", "resend_invitation", "withdraw_invitation"),
    *("new_guideline", "set_up_codes"),
}
ONLY_READ = {"conflict_register"}


def person(name: str) -> User:
    return User.objects.get(email=f"{name}@example.org")


def asks(view: Any) -> bool:
    return getattr(view, "permission", None) in permissions.RENEWED or hasattr(view, "renewed")


def address(name: str) -> str:
    """Of the example: of its patient's membership, of a waiting invitation, of its open round."""
    guideline = Guideline.objects.get(slug="ilcor-als")
    invited = guideline.invitations.first() or factories.invitation(guideline=guideline)
    member = person("patient")
    is_person = name in {"manage_conflict", "open_declaration"}
    values = {
        "guideline": "ilcor-als",
        "question": "mcs-after-rosc-vote",
        "number": invited.pk if name.endswith("invitation") else 1,
        "member": member.pk if is_person else member.memberships.get(guideline=guideline).pk,
    }
    pattern = next(one for one in every_pattern() if one.name == name)
    return reverse(name, kwargs={key: values[key] for key in pattern.pattern.converters})


def hidden(page: str) -> dict[str, list[str]]:
    """What the page carries, as a browser would send it."""
    found: dict[str, list[str]] = {}
    for name, value in re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', page):
        found.setdefault(html.unescape(name), []).append(html.unescape(value))
    found.pop("csrfmiddlewaretoken", None)
    found.pop("proof-back", None)
    return found


def role_of(name: str) -> str:
    return str(PanelMembership.objects.get(user=person(name)).role)


@pytest.fixture
def chair(example: None) -> Client:
    """Signed in more than ten minutes ago; begins guidelines too."""
    User.objects.filter(email="chair@example.org").update(is_staff=True)
    return client_of(person("chair"), is_proved=False)


def asked(client: Client) -> set[str]:
    """The addresses of ASKED_ABOUT that answer a form with the question who sends it."""
    found = set()
    for name in ASKED_ABOUT - ONLY_READ:
        page = client.post(address(name), {"note": WORDS, "op": "1"})
        if page.status_code == 403 and TITLE in page.content.decode():
            assert hidden(page.content.decode())["note"] == [WORDS], name
            found.add(name)
    return found


class TestWhoIsAsked:
    def test_every_view_of_such_a_permission_and_no_other(self) -> None:
        assert {str(one.name) for one in every_pattern() if asks(one.callback)} == ASKED_ABOUT

    def test_each_of_them_asks_and_does_nothing(self, chair: Client) -> None:
        address("withdraw_invitation")
        before = AuditEvent.objects.count()
        assert asked(chair) == ASKED_ABOUT - ONLY_READ
        assert AuditEvent.objects.count() == before

    def test_a_control_without_the_flag_nobody_is_asked(
        self, chair: Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(permissions, "RENEWED", frozenset())
        assert asked(chair) == {"new_guideline", "set_up_codes"}

    def test_a_fresh_sign_in_is_proof_enough(self, example: None) -> None:
        User.objects.filter(email="chair@example.org").update(is_staff=True)
        client = Client()
        client.post("/sign-in/", {"username": "chair@example.org", "password": PASSWORD})
        assert asked(client) == set()

    def test_reading_and_what_can_be_taken_back_ask_nobody(self, chair: Client) -> None:
        for name in ("conflict_register", "close_round", "invite", "publication", "new_guideline"):
            assert chair.get(address(name)).status_code == 200
        opened = chair.post(address("open_round"), {"closes_at": ""})
        assert TITLE not in opened.content.decode()
        assert opened.status_code == 422

    def test_whoever_may_not_is_refused_before_being_asked(self, example: None) -> None:
        for name, status in (("observer", 403), ("outsider", 404)):
            answer = client_of(person(name), is_proved=False).post(address("close_round"))
            assert (answer.status_code, TITLE in answer.content.decode()) == (status, False)


class TestGoingOn:
    def test_the_password_carries_the_form_on_under_a_new_key(self, chair: Client) -> None:
        path = address("change_role")
        page = chair.post(path, {"role": "observer"}).content.decode()
        assert "invite people, change their roles and end them" in page
        assert role_of("patient") == Role.PANEL_MEMBER
        before = chair.session.session_key
        answer = chair.post(path, hidden(page) | {"proof-password": PASSWORD})
        assert (answer.status_code, role_of("patient")) == (302, Role.OBSERVER)
        assert chair.session.session_key not in {before, None}
        stolen = Client()
        stolen.cookies[settings.SESSION_COOKIE_NAME] = str(before)
        assert stolen.get("/account/").status_code == 302
        assert chair.post(path, {"role": "panel_member"}).status_code == 302
        assert role_of("patient") == Role.PANEL_MEMBER

    def test_after_ten_minutes_it_is_asked_again(
        self, example: None, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        start, client = datetime.now(UTC), Client()
        client.post("/sign-in/", {"username": "chair@example.org", "password": PASSWORD})
        told = []
        for minutes in (9, 11, 12, 20, 22):
            moment = start + timedelta(minutes=minutes)
            monkeypatch.setattr(timezone, "now", lambda moment=moment: moment)
            answer = client.post(address("change_role"), {"role": "panel_member"})
            told.append((minutes, answer.status_code))
            if minutes == 11:
                client.post(address("change_role"), {"role": "panel_member", "proof-password": PASSWORD})
        assert told == [(9, 302), (11, 403), (12, 302), (20, 302), (22, 403)]

    def test_twelve_hours_are_not_made_longer(self, chair: Client) -> None:
        ends = datetime.now(UTC) + timedelta(hours=2)
        session = chair.session
        session.set_expiry(ends)
        session.save()
        chair.post(address("change_role"), {"role": "observer", "proof-password": PASSWORD})
        assert chair.session.get_expiry_date() == ends

    def test_the_view_never_sees_the_proof(self, chair: Client, monkeypatch: pytest.MonkeyPatch) -> None:
        seen = []

        def submit(request: HttpRequest, **more: Any) -> HttpResponse:
            seen.append(dict(request.POST))
            return HttpResponse("Done.")

        monkeypatch.setattr(people, "submit", submit)
        for proof in (PASSWORD, "given twice"):
            chair.post(
                address("change_role"), {"role": "observer", "proof-password": proof, "proof-back": "/"}
            )
        assert seen == [{"role": ["observer"]}] * 2

    def test_words_opened_once_stand_in_one_event(self, chair: Client) -> None:
        guideline = Guideline.objects.get(slug="ilcor-als")
        conflicts.declare_conflict(
            guideline=guideline,
            text=WORDS,
            version=0,
            has_conflict=True,
            kinds={ConflictKind.FINANCIAL},
            by=person("patient"),
        )
        path = address("open_declaration")
        told = WORDS.splitlines()[0]
        assert told not in html.unescape(chair.post(path).content.decode())
        assert not AuditEvent.objects.filter(type="declaration_read").exists()
        assert told in html.unescape(chair.post(path, {"proof-password": PASSWORD}).content.decode())
        assert AuditEvent.objects.filter(type="declaration_read").count() == 1
        assert ConflictDeclaration.objects.count() == 1

    def test_with_htmx_the_page_takes_the_place_of_the_other(self, chair: Client) -> None:
        answer = chair.post(address("change_role"), {"role": "observer"}, HTTP_HX_REQUEST="true")
        assert answer.status_code == 422
        assert (answer["HX-Retarget"], answer["HX-Reselect"], answer["HX-Reswap"]) == (
            "#main",
            "#main",
            "outerHTML",
        )
        assert 'id="main"' in answer.content.decode()
        assert hidden(answer.content.decode()) == {"role": ["observer"]}

    def test_cancelling_leads_to_the_page_before_and_nowhere_else(self, chair: Client) -> None:
        path, told = address("publish_version"), []
        for referer in ("http://testserver/a/page/", "https://evil.example/", "javascript:alert(1)"):
            page = chair.post(path, HTTP_REFERER=referer).content.decode()
            again = chair.post(path, {"proof-back": referer, "proof-password": "no"}).content.decode()
            told.append({re.findall('href="([^"]*)">Cancel<', one)[0] for one in (page, again)})
        assert told == [{"http://testserver/a/page/"}, {"/"}, {"/"}]

    def test_a_sign_in_that_ended_meanwhile_gives_the_words_back(self, example: None) -> None:
        answer = Client().post(address("manage_conflict"), {"note": WORDS, "proof-password": PASSWORD})
        page = html.unescape(answer.content.decode())
        assert (answer.status_code, WORDS in page, PASSWORD in page) == (403, True, False)


class TestAWrongProof:
    def test_it_is_told_and_everything_is_still_there(self, chair: Client) -> None:
        sent = {"note": WORDS, "items": ["equity", "values"], "proof-password": "not-my-password"}
        answer = chair.post(address("manage_conflict"), sent)
        page = answer.content.decode()
        assert (answer.status_code, "This is not your password." in page) == (403, True)
        assert hidden(page) == {"note": [WORDS], "items": ["equity", "values"]}
        assert "not-my-password" not in page

    def test_ten_wrong_ones_close_it_and_nothing_is_lost(self, chair: Client) -> None:
        path, before = address("change_role"), role_of("patient")
        for number in range(settings.AXES_FAILURE_LIMIT):
            answer = chair.post(path, {"role": "observer", "proof-password": f"guess-{number}"})
        right = chair.post(path, {"role": "observer", "proof-password": PASSWORD})
        assert (answer.status_code, right.status_code) == (429, 429)
        assert "wait a quarter of an hour" in right.content.decode()
        assert hidden(right.content.decode()) == {"role": ["observer"]}
        assert role_of("patient") == before
        signing_in = Client().post("/sign-in/", {"username": "chair@example.org", "password": PASSWORD})
        assert signing_in.status_code == 302

    def test_neither_the_guess_nor_the_form_is_noted(self, chair: Client) -> None:
        chair.post(address("manage_conflict"), {"note": WORDS, "proof-password": "not-my-password"})
        noted = AccessAttempt.objects.values().get()
        assert noted["username"] == f"proof of {person('chair').pk}"
        assert not [value for value in noted.values() if "not-my" in str(value) or "hour" in str(value)]

    def test_a_right_one_forgets_the_wrong_ones(self, chair: Client) -> None:
        for proof in ("guess-1", PASSWORD):
            chair.post(address("change_role"), {"role": "observer", "proof-password": proof})
        assert AccessAttempt.objects.count() == 0
        assert role_of("patient") == Role.OBSERVER


class TestWithCodes:
    @pytest.fixture
    def recovery(self, example: None) -> list[str]:
        return one_time_codes.set_up_codes(
            user=person("chair"), key=KEY, code=code_of_now(), by=person("chair")
        )

    def test_a_code_is_asked_for_and_is_good_once(self, recovery: list[str]) -> None:
        path = address("change_role")
        first, second = (client_of(person("chair"), is_proved=False) for _ in range(2))
        page = first.post(path, {"role": "observer"}).content.decode()
        assert ("proof-code" in page, "proof-password" in page) == (True, False)
        assert first.post(path, hidden(page) | {"proof-code": recovery[0]}).status_code == 302
        assert role_of("patient") == Role.OBSERVER
        again = second.post(path, {"role": "panel_member", "proof-code": recovery[0]})
        assert (again.status_code, "has been used" in again.content.decode()) == (403, True)

    def test_the_password_is_no_proof_then(self, recovery: list[str]) -> None:
        client = client_of(person("chair"), is_proved=False)
        answer = client.post(address("change_role"), {"role": "observer", "proof-password": PASSWORD})
        assert (answer.status_code, role_of("patient")) == (403, Role.PANEL_MEMBER)


class TestAdministrators:
    def client(self) -> Client:
        return client_of(
            User.objects.create_superuser("root@example.org", name="Root", password=PASSWORD), is_proved=False
        )

    def test_what_they_send_asks_and_no_password_is_carried(self, db: None) -> None:
        client, path = self.client(), "/admin/etd/user/add/"
        assert client.get(path).status_code == 200
        sent = {
            "email": "new@example.org",
            "name": "New",
            "password1": "a-long-one-1",
            "password2": "a-long-one-1",
        }
        page = client.post(path, sent).content.decode()
        assert TITLE in page
        assert "a-long-one-1" not in page
        assert hidden(page) == {"email": ["new@example.org"], "name": ["New"]}
        form = client.post(path, hidden(page) | {"proof-password": PASSWORD}).content.decode()
        assert "new@example.org" in form
        assert not User.objects.filter(email="new@example.org").exists()
        client.post(path, sent)
        assert User.objects.filter(email="new@example.org").exists()

    def test_whoever_is_none_is_not_asked(self, example: None) -> None:
        client = client_of(person("panel"), is_proved=False)
        assert client.post("/admin/etd/user/add/")["Location"].startswith("/admin/login/")
        assert client.post("/admin/logout/").status_code != 403

    def test_signing_out_asks_nobody(self, db: None) -> None:
        client = self.client()
        assert TITLE not in client.post("/admin/logout/").content.decode()
        assert sessions.SIGNED_IN not in client.session
        assert client.get("/admin/").status_code == 302
