"""The pages of jobs: what chairs, staff and administrators see, what they do not, and the button to try again."""

from __future__ import annotations

from typing import Any
from unittest import mock

import pytest
from django.urls import reverse
from django.utils import timezone
from django_tasks_db.models import DBTaskResult
from pytest_django import DjangoCaptureOnCommitCallbacks

from documents.actions.books import ask_for_book
from etd.actions import invitations, jobs, mailings, reminders
from etd.enums import Role
from etd.installation.worker import work_off
from etd.jobs import LETTERS, STOPPED_EACH_TIME
from etd.models import AuditEvent, Guideline, Invitation, User, VotingRound
from etd.selectors.jobs import workers
from tests import factories as f
from tests.integration.conftest import ClientFor, demo
from tests.integration.test_round_pages import CHAIR, words

PLACE = "/guidelines/ilcor-als/jobs/"
ADDRESS = "nora.new@example.org"


def invite() -> Invitation:
    return invitations.invite(
        guideline=Guideline.objects.get(slug="ilcor-als"),
        email=ADDRESS,
        name="Nora New",
        role=Role.PANEL_MEMBER,
        by=demo("staff")(),
    )


@pytest.fixture
def administrator(client_for: ClientFor) -> Any:
    client = client_for("outsider")
    User.objects.filter(email="outsider@example.org").update(is_staff=True)
    return client


def test_a_letter_that_waits_is_seen_with_its_problem_and_without_its_address(
    client_for: ClientFor, settings: Any
) -> None:
    settings.EMAIL_BACKEND = "etd.mail.NoMailBackend"
    assert "Nothing waits." in words(client_for("staff").get(PLACE))
    invite()
    assert "Waits to begin" in words(client_for("staff").get(PLACE))
    work_off()
    page = words(client_for("staff").get(PLACE))
    for said in (
        "1 not done yet.",
        "An invitation by e-mail",
        "Waits for another try",
        "This site has no e-mail settings: whoever runs it sets EMAIL_URL.",
    ):
        assert said in page
    assert ADDRESS not in page
    assert "Try again" not in page
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    with mock.patch.object(timezone, "now", return_value=DBTaskResult.objects.get().run_after):
        work_off()
    page = words(client_for("staff").get(PLACE))
    assert "Nothing waits." in page
    assert "no e-mail settings" not in page


def test_letters_about_rounds_are_for_chairs_alone(client_for: ClientFor) -> None:
    """That one has gone out tells of a reminder, and so of somebody who has not voted."""
    before = client_for("staff").get(PLACE).content.count(b"<tr>")
    reminders.remind(voting_round=VotingRound.objects.get(closed_at__isnull=True), by=CHAIR())
    assert client_for("staff").get(PLACE).content.count(b"<tr>") == before
    assert "E-mail to the panel about a round" not in words(client_for("staff").get(PLACE))
    assert "E-mail to the panel about a round" in words(client_for("chair").get(PLACE))


def test_another_guidelines_jobs_are_not_seen(client_for: ClientFor) -> None:
    there = f.guideline()
    invitations.invite(guideline=there, email="x@example.org", name="", role=Role.OBSERVER, by=f.user())
    assert "An invitation by e-mail" not in words(client_for("chair").get(PLACE))


def test_administrators_see_all_and_can_try_again(
    administrator: Any, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks, settings: Any
) -> None:
    settings.EMAIL_BACKEND = "etd.mail.NoMailBackend"
    invite()
    while (job := DBTaskResult.objects.get()).status == "READY":
        with mock.patch.object(timezone, "now", return_value=max(timezone.now(), job.run_after)):
            if job.worker_ids:
                work_off()
        if not job.worker_ids:
            work_off()
    page = words(administrator.get("/jobs/"))
    assert "1 could not be done" in page
    assert "Not done" in page
    assert ADDRESS not in page
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    again = reverse("try_job_again", args=[job.pk])
    with django_capture_on_commit_callbacks(execute=True):
        answer = administrator.post(again, follow=True)
    assert "The job is tried again." in words(answer)
    assert Invitation.objects.get().sent_at is not None
    assert AuditEvent.objects.filter(type="job_tried_again", chain="site").count() == 1
    assert "not waiting for another try" in words(administrator.post(again, follow=True))


@pytest.mark.parametrize("actor", ["chair", "staff", "observer", "outsider"])
def test_nobody_else_does(client_for: ClientFor, actor: str) -> None:
    invite()
    DBTaskResult.objects.update(status="FAILED", finished_at=timezone.now())
    job = DBTaskResult.objects.get()
    client = client_for(actor)
    assert client.get("/jobs/").status_code == 403
    assert client.post(reverse("try_job_again", args=[job.pk])).status_code == 403
    assert DBTaskResult.objects.get().status == "FAILED"


def test_without_signing_in_they_lead_to_the_sign_in(client_for: ClientFor) -> None:
    assert client_for("anonymous").get("/jobs/")["Location"] == "/sign-in/?next=/jobs/"


@pytest.mark.parametrize(
    ("kind", "traceback", "said"),
    [
        (
            jobs.GAVE_UP,
            f"Traceback\n  x@example.org\n{jobs.GAVE_UP}: Pango is missing.\n",
            "Pango is missing.",
        ),
        (
            "builtins.KeyError",
            "Traceback\nKeyError: 'x@example.org'\n",
            "Something went wrong. The site’s log",
        ),
        ("builtins.SystemExit", "SystemExit: 1", "The worker was stopped while it did this."),
        ("django.db.utils.OperationalError", "x", "The database did not answer."),
    ],
)
def test_a_problem_is_told_in_plain_words(administrator: Any, kind: str, traceback: str, said: str) -> None:
    invite()
    DBTaskResult.objects.update(
        status="FAILED", finished_at=timezone.now(), exception_class_path=kind, traceback=traceback
    )
    page = words(administrator.get("/jobs/"))
    assert said in page
    assert "x@example.org" not in page
    assert "Traceback" not in page


def test_why_a_book_could_not_be_made_is_for_its_guideline(administrator: Any, client_for: ClientFor) -> None:
    """The reason may name addresses of files that a text of the guideline leads to."""
    reason = "The document could not be rendered: https://intranet.example.org/unpublished.png is blocked."
    ask_for_book(guideline=Guideline.objects.get(slug="ilcor-als"), by=CHAIR())
    DBTaskResult.objects.update(
        status="FAILED",
        finished_at=timezone.now(),
        exception_class_path=jobs.GAVE_UP,
        traceback=f"Traceback\n{jobs.GAVE_UP}: {reason}\n",
    )
    page = words(administrator.get("/jobs/"))
    assert "Could not be rendered." in page
    assert "unpublished" not in page
    assert reason in words(client_for("chair").get(PLACE))
    DBTaskResult.objects.update(traceback=f"{jobs.GAVE_UP}: {STOPPED_EACH_TIME}")
    assert STOPPED_EACH_TIME in words(administrator.get("/jobs/"))


def test_the_jobs_that_send_letters_are_known_by_their_names() -> None:
    sent = (invitations.letter_of_invitation, mailings.letters_about_a_round)
    assert {job.module_path for job in sent} == LETTERS


def test_a_job_whose_function_has_gone_is_told_and_fails(administrator: Any) -> None:
    invite()
    DBTaskResult.objects.update(task_path="etd.actions.gone.letter")
    work_off()
    page = words(administrator.get("/jobs/"))
    assert "A job of another release" in page
    assert "Not done" in page


@pytest.mark.parametrize(
    ("mode", "said"),
    [
        ("worker", "No worker lives. Jobs wait until one runs: start manage.py work"),
        ("process", "There is no standing worker: a process is started"),
        ("request", "There is no worker: the request that causes a job does it."),
    ],
)
def test_who_does_them_is_told(
    administrator: Any, settings: Any, mode: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "look_later", mock.Mock())
    settings.JOBS = mode
    assert said in words(administrator.get("/jobs/"))
    f.worker(seen_at=timezone.now())
    assert (workers().n_alive, workers().is_missing) == (1, False)


def test_jobs_come_twenty_a_page_those_that_are_not_done_first(administrator: Any) -> None:
    DBTaskResult.objects.all().delete()
    failed = f.job(status="FAILED", finished_at=timezone.now())
    for _ in range(20):
        f.job(status="SUCCESSFUL", finished_at=timezone.now())
    first, second = (administrator.get(f"/jobs/?page={number}").content.decode() for number in (1, 2))
    assert [page.count('<th scope="row">') for page in (first, second)] == [20, 1]
    assert (str(failed.pk) in first, str(failed.pk) in second) == (True, False)
    assert "Jobs 21–21 of 21" in second
    assert 'rel="next" href="?page=2"' in first
