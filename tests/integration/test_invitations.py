"""Invitations: a link in an e-mail that works once, for people with and without an account, and for nobody else."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any
from unittest import mock

import pytest
from django.conf import settings
from django.core import mail
from django.test import Client
from django.utils import timezone
from django_tasks_db.models import DBTaskResult
from pytest_django import DjangoCaptureOnCommitCallbacks

from etd.actions import audit, invitations
from etd.actions.errors import Refused
from etd.enums import Role
from etd.installation.worker import work_off
from etd.models import AuditEvent, Guideline, Invitation, PanelMembership, User
from tests import factories as f
from tests.integration.conftest import MEMBERS, ClientFor

HOME = "/guidelines/ilcor-als/"
NEW = {"name": "Nora New", "email": "Nora.New@Example.org", "role": "panel_member"}
PASSWORD = "a long walk by the sea"
ACCOUNT = {"name": "Nora New-Smith", "password": PASSWORD}


def link() -> str:
    """The path of the newest e-mail's link."""
    (found,) = re.findall(rf"{settings.SITE_URL}(/invitations/\S+)", str(mail.outbox[-1].body))
    return found


@pytest.fixture
def invited(
    client_for: ClientFor, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> Client:
    """The chair, who has just invited somebody; the e-mail has gone out."""
    chair = client_for("chair")
    with django_capture_on_commit_callbacks(execute=True):
        answer = chair.post(f"{HOME}people/invite/", NEW)
    assert answer["Location"] == HOME
    return chair


def invitation() -> Invitation:
    return Invitation.objects.get()


class TestTheLetter:
    def test_it_says_who_invites_to_what_and_until_when(self, invited: Client) -> None:
        (letter,) = mail.outbox
        assert letter.to == ["nora.new@example.org"]
        assert letter.subject == f"Invitation: {Guideline.objects.get().title}"
        body = str(letter.body)
        for words in (
            "Dear Nora New,",
            "Helena Brandt invites you",
            "as panel member",
            f"{settings.SITE_URL}/invitations/",
        ):
            assert words in body
        page = invited.get(HOME).content.decode()
        assert "The invitation is on its way to Nora.New@Example.org." in page
        assert "Link good until" in page

    def test_the_token_is_in_the_letter_alone(self, invited: Client) -> None:
        token = link().split("/")[3]
        assert len(token) >= 43
        stored = invitation()
        assert stored.token_hash == invitations.token_hash(token) != token
        assert token not in "".join(
            f"{event.before}{event.after}{event.subject}" for event in AuditEvent.objects.all()
        )
        assert (stored.expires_at - stored.created_at) == timedelta(days=14)
        assert stored.sent_at is not None

    def test_a_forged_host_is_not_in_it(
        self, client_for: ClientFor, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
    ) -> None:
        with django_capture_on_commit_callbacks(execute=True):
            client_for("staff").post(f"{HOME}people/invite/", NEW, HTTP_HOST="localhost")
        assert settings.SITE_URL == "http://127.0.0.1:8000"
        assert "localhost" not in str(mail.outbox[-1].body)

    def test_a_name_cannot_add_a_header(
        self, client_for: ClientFor, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
    ) -> None:
        Guideline.objects.update(title="Care\r\nBcc: everybody@example.org")
        with django_capture_on_commit_callbacks(execute=True):
            client_for("chair").post(f"{HOME}people/invite/", NEW)
        message = mail.outbox[-1].message()
        assert message["Bcc"] is None
        assert message["Subject"] == "Invitation: Care Bcc: everybody@example.org"

    def test_where_sending_fails_the_page_says_so_and_the_next_try_sends_a_link_that_works(
        self,
        client_for: ClientFor,
        django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
        settings: Any,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        settings.EMAIL_BACKEND = "etd.mail.NoMailBackend"
        chair = client_for("chair")
        with django_capture_on_commit_callbacks(execute=True):
            chair.post(f"{HOME}people/invite/", NEW)
        job = DBTaskResult.objects.get()
        assert "whoever runs it sets EMAIL_URL" in job.traceback
        assert "/invitations/" not in caplog.text + job.traceback
        assert "@" not in caplog.text + job.traceback
        assert "E-mail not sent yet" in chair.get(HOME).content.decode()
        settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
        with mock.patch.object(timezone, "now", return_value=job.run_after):
            work_off()
            work_off()
        assert len(mail.outbox) == 1
        assert "E-mail not sent" not in chair.get(HOME).content.decode()
        assert Client().get(link()).status_code == 200

    def test_sent_again_while_the_first_letter_waits_it_goes_out_once(
        self, client_for: ClientFor, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
    ) -> None:
        chair = client_for("chair")
        chair.post(f"{HOME}people/invite/", NEW)
        chair.post(f"{HOME}invitations/{invitation().pk}/resend/")
        assert DBTaskResult.objects.count() == 2
        work_off()
        assert len(mail.outbox) == 1
        assert Client().get(link()).status_code == 200

    def test_a_letter_that_was_on_its_way_when_it_was_sent_again_opens_nothing(self, invited: Client) -> None:
        """As two letters in one mailbox: the link of the newer one alone is good."""
        first = link()
        invited.post(f"{HOME}invitations/{invitation().pk}/resend/")
        assert Client().get(first).status_code == 404
        invitations._deliver(invitation(), first.split("/")[3])
        assert invitation().sent_at is None
        work_off()
        assert (Client().get(first).status_code, Client().get(link()).status_code) == (404, 200)

    def test_none_goes_out_once_it_is_withdrawn_or_has_expired(self, client_for: ClientFor) -> None:
        chair = client_for("chair")
        chair.post(f"{HOME}people/invite/", NEW)
        Invitation.objects.update(expires_at=timezone.now())
        work_off()
        chair.post(f"{HOME}invitations/{invitation().pk}/resend/")
        chair.post(f"{HOME}invitations/{invitation().pk}/withdraw/")
        work_off()
        assert mail.outbox == []

    def test_its_job_holds_numbers_alone(self, invited: Client) -> None:
        job = DBTaskResult.objects.get()
        assert job.args_kwargs["kwargs"] == {
            "guideline": invitation().guideline_id,
            "invitation": invitation().pk,
        }
        assert (job.args_kwargs["args"], job.return_value, job.traceback) == ([], None, "")


class TestSomebodyNew:
    def test_reading_the_link_changes_nothing(self, invited: Client) -> None:
        page = Client().get(link()).content.decode()
        assert "Helena Brandt invites" in page
        assert "nora.new@example.org" in page
        assert invitation().accepted_at is None
        assert not User.objects.filter(email="nora.new@example.org").exists()

    def test_name_and_password_make_the_account_and_the_role(self, invited: Client) -> None:
        client, path = Client(), link()
        answer = client.post(path, ACCOUNT)
        assert (answer.status_code, answer["Location"]) == (302, HOME)
        page = client.get(HOME).content.decode()
        assert "Welcome. You are here as panel member." in page
        user = User.objects.get(email="nora.new@example.org")
        assert (user.name, user.check_password(PASSWORD)) == ("Nora New-Smith", True)
        assert PanelMembership.objects.get(user=user).role == Role.PANEL_MEMBER
        assert invitation().accepted_by == user
        assert Client().post("/sign-in/", {"username": user.email, "password": PASSWORD}).status_code == 302
        types = list(AuditEvent.objects.order_by("pk").values_list("type", flat=True))[-3:]
        assert types == ["account_created", "member_added", "invitation_accepted"]
        assert audit.verify_chain(audit.SITE_CHAIN) == []

    @pytest.mark.parametrize(
        ("typed", "why"),
        [
            ({"password": "short-pw-11"}, "at least 12 characters"),
            ({"password": "nora.new@example.org"}, "too similar to the e-mail address"),
            ({"password": "nora new-smith"}, "too similar to the name"),
            ({"password": "1qaz2wsx3edc"}, "too common"),
            ({"password": ""}, "This field is required"),
            ({"name": ""}, "This field is required"),
        ],
    )
    def test_a_weak_password_is_refused_and_never_shown(
        self, typed: dict[str, str], why: str, invited: Client
    ) -> None:
        answer = Client().post(link(), ACCOUNT | typed)
        page = answer.content.decode()
        assert answer.status_code == 422
        assert why in page
        assert (ACCOUNT | typed)["password"] == "" or f'value="{(ACCOUNT | typed)["password"]}"' not in page
        assert invitation().accepted_at is None

    def test_it_works_once(self, invited: Client) -> None:
        path = link()
        first = Client()
        first.post(path, ACCOUNT)
        again = Client().post(path, ACCOUNT | {"name": "Mallory"})
        assert again.status_code == 410
        assert "has been accepted already. Sign in" in again.content.decode()
        assert not User.objects.filter(name="Mallory").exists()
        assert first.get(path)["Location"] == HOME


class TestSomebodyWithAnAccount:
    @pytest.fixture
    def path(
        self, client_for: ClientFor, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
    ) -> str:
        with django_capture_on_commit_callbacks(execute=True):
            client_for("chair").post(f"{HOME}people/invite/", NEW | {"email": "OUTSIDER@example.org"})
        return link()

    def test_they_sign_in_and_accept(self, path: str, client_for: ClientFor) -> None:
        page = Client().get(path).content.decode()
        assert f"/sign-in/?next={path}" in page
        client = client_for("outsider")
        assert "Accept the invitation" in client.get(path).content.decode()
        assert client.get(HOME).status_code == 404
        assert client.post(path)["Location"] == HOME
        assert "Welcome" in client.get(HOME).content.decode()

    def test_nobody_else_can(self, path: str, client_for: ClientFor) -> None:
        client = client_for("member of another guideline")
        assert "which is another address" in client.get(path).content.decode()
        answer = client.post(path)
        assert answer.status_code == 409
        assert "This invitation is for outsider@example.org" in answer.content.decode()
        taken_over = Client().post(path, {"name": "Mallory", "password": PASSWORD})
        assert taken_over.status_code == 403
        assert PASSWORD not in taken_over.content.decode()
        assert User.objects.get(email="outsider@example.org").check_password("demo-panel-2026")
        assert invitation().accepted_at is None


class TestLinksThatAreNotGood:
    def test_each_says_what_to_do(self, invited: Client) -> None:
        path = link()
        Invitation.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
        expired = Client().post(path, ACCOUNT)
        assert (expired.status_code, "has expired. Ask whoever invited you" in expired.content.decode()) == (
            410,
            True,
        )
        invited.post(f"{HOME}invitations/{invitation().pk}/withdraw/")
        withdrawn = Client().get(path)
        assert (withdrawn.status_code, "has been withdrawn" in withdrawn.content.decode()) == (410, True)
        assert not User.objects.filter(email="nora.new@example.org").exists()

    def test_a_wrong_token_and_no_invitation_are_alike(self, invited: Client) -> None:
        number, token = link().split("/")[2:4]
        wrong = [f"/invitations/{number}/{token[:-1]}_/", f"/invitations/{number}999/{token}/"]
        answers = [Client().get(path) for path in wrong]
        assert [answer.status_code for answer in answers] == [404, 404]
        assert answers[0].content == answers[1].content
        assert "copy all of it from the newest e-mail" in answers[0].content.decode()

    def test_sending_again_ends_the_old_link(
        self, invited: Client, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
    ) -> None:
        old = link()
        Invitation.objects.update(expires_at=timezone.now() - timedelta(days=1))
        assert "Link expired" in invited.get(HOME).content.decode()
        with django_capture_on_commit_callbacks(execute=True):
            invited.post(f"{HOME}invitations/{invitation().pk}/resend/")
        assert len(mail.outbox) == 2
        assert Client().get(old).status_code == 404
        assert Client().post(link(), ACCOUNT)["Location"] == HOME

    def test_what_is_over_cannot_be_sent_again_or_withdrawn(self, invited: Client) -> None:
        Client().post(link(), ACCOUNT)
        for verb in ("resend", "withdraw"):
            page = invited.post(f"{HOME}invitations/{invitation().pk}/{verb}/", follow=True).content.decode()
            assert "nora.new@example.org has accepted this invitation already." in page
        assert invitation().withdrawn_at is None


class TestWhoIsInvited:
    def test_nobody_twice(self, invited: Client) -> None:
        again = invited.post(f"{HOME}people/invite/", NEW | {"email": "nora.new@example.org"})
        assert again.status_code == 409
        assert "has been invited already" in again.content.decode()
        member = invited.post(f"{HOME}people/invite/", NEW | {"email": "Panel@example.org"})
        assert member.status_code == 409
        assert "Maria Bianchi has a role here already: Panel member." in member.content.decode()
        assert Invitation.objects.count() == 1

    def test_after_a_withdrawal_again(self, invited: Client) -> None:
        invited.post(f"{HOME}invitations/{invitation().pk}/withdraw/")
        invited.post(f"{HOME}people/invite/", NEW)
        assert Invitation.objects.count() == 2

    def test_only_those_who_manage_people_see_it(self, invited: Client, client_for: ClientFor) -> None:
        seen = {
            actor: "nora.new@example.org" in client_for(actor).get(HOME).content.decode() for actor in MEMBERS
        }
        assert [actor for actor in MEMBERS if seen[actor]] == ["chair", "staff"]

    def test_a_member_since_keeps_their_role(self, invited: Client) -> None:
        path = link()
        user = f.user(email="nora.new@example.org")
        f.panel_membership(guideline=Guideline.objects.get(slug="ilcor-als"), user=user, role="observer")
        with pytest.raises(Refused, match="already has a role"):
            invitations.accept_invitation(invitation=invitation(), token=path.split("/")[3], by=user)
        assert invitation().accepted_at is None

    @pytest.mark.parametrize(
        ("change", "why"),
        [
            ({"expires_at": timezone.now() - timedelta(days=1)}, "has expired"),
            ({"withdrawn_at": timezone.now()}, "has been withdrawn"),
            ({"token_hash": f.DIGEST}, "A newer e-mail has replaced this link"),
        ],
    )
    def test_what_ends_while_the_page_is_open_ends_it(
        self, change: dict[str, Any], why: str, invited: Client
    ) -> None:
        token, seen = link().split("/")[3], invitation()
        by = {"withdrawn_by": seen.created_by} if "withdrawn_at" in change else {}
        Invitation.objects.update(**change, **by)
        with pytest.raises(Refused, match=why):
            invitations.accept_invitation(invitation=seen, token=token, by=None, name="N", password=PASSWORD)
        assert not User.objects.filter(email="nora.new@example.org").exists()
