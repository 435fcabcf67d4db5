"""The page of a guideline's book: asked for, told how far it is, and downloaded once it is there."""

from __future__ import annotations

import hashlib
import json
from datetime import timedelta
from typing import Any
from unittest import mock
from uuid import uuid4

import pytest
from django.db import DatabaseError
from django.urls import reverse
from django.utils import timezone
from django_tasks_db.models import DBTaskResult
from pytest_django import DjangoCaptureOnCommitCallbacks

from documents import pdf
from documents.actions import books
from documents.pdf import RendererMissing
from documents.published import document_sha256
from documents.schema import EtdDocument
from etd.actions.jobs import GaveUp, TryAgain
from etd.enums import BookPhase
from etd.installation.turns import RENDERING_FOR_LONG
from etd.models import AuditEvent, Book, Guideline, PublishedVersion
from tests import factories
from tests.integration.conftest import ClientFor, demo

PLACE = ["ilcor-als"]
PAGE, MAKE, FILE = (
    "/guidelines/ilcor-als/book/",
    "/guidelines/ilcor-als/book/make/",
    "/guidelines/ilcor-als/book/book.pdf",
)


@pytest.fixture
def rendered(monkeypatch: pytest.MonkeyPatch) -> list[EtdDocument]:
    """The documents that were asked to be rendered; the PDF is a stand-in, since a true one takes seconds."""
    given: list[EtdDocument] = []

    def render(**job: Any) -> bytes:
        given.extend(job["documents"])
        for page in range(1, 4):
            job["tell_page"](page)
        return b"%PDF-1.7 book"

    monkeypatch.setattr(books, "render_book", render)
    return given


def asked() -> Book:
    return books.ask_for_book(guideline=Guideline.objects.get(slug="ilcor-als"), by=demo("chair")())


def test_a_book_is_asked_for_made_and_downloaded(client_for: ClientFor, rendered: list[EtdDocument]) -> None:
    client = client_for("observer")
    assert "No book has been made yet" in client.get(PAGE).content.decode()
    assert client.get(FILE).status_code == 404
    assert client.post(MAKE).status_code == 302
    waiting = client.get(PAGE).content.decode()
    assert "Waiting to begin" in waiting
    assert 'hx-trigger="every 2s"' in waiting
    assert "Make the book" not in waiting
    book = Book.objects.get()
    books.make_book(book.pk)
    book.refresh_from_db()
    assert (book.phase, book.n_ready, book.page) == (BookPhase.DONE, 3, 1)
    assert "Ready" in client.get(PAGE).content.decode()
    answer = client.get(FILE)
    assert (answer.content, answer["Content-Type"]) == (b"%PDF-1.7 book", "application/pdf")
    # What is published stands in it as it was published, what is not as it is now.
    version = PublishedVersion.objects.get()
    assert [one.question.slug for one in rendered] == [
        "mcs-after-rosc",
        "mcs-after-rosc-update",
        "mcs-after-rosc-vote",
    ]
    assert document_sha256(rendered[0]) == version.document_sha256
    assert book.contents == [[one.question.slug, document_sha256(one)] for one in rendered]


@pytest.mark.parametrize("form", ["openetd-etd/0", "openetd-etd/1"])
def test_a_version_in_an_older_form_is_no_version_in_the_book(
    example: None, rendered: list[EtdDocument], form: str
) -> None:
    """Of a form that cannot be read, and of one that would be written with more than was published."""
    first = PublishedVersion.objects.get()
    older = json.loads(first.document)
    older["schema_version"] = form
    del older["source"]
    factories.published_version(
        question=first.question,
        number=2,
        note="Older.",
        previous_sha256=first.record_sha256,
        document=json.dumps(older),
        document_sha256=hashlib.sha256(json.dumps(older).encode()).hexdigest(),
    )
    books.make_book(asked().pk)
    assert Book.objects.get().phase == BookPhase.DONE
    assert [one.version for one in rendered] == [None, None, None]


def test_asking_again_while_one_is_made_makes_no_second(example: None) -> None:
    first = asked()
    assert asked() == first
    assert AuditEvent.objects.filter(type="book_asked_for").count() == 1


def test_a_book_whose_process_is_gone_is_told_and_can_be_asked_for_again(client_for: ClientFor) -> None:
    gone = asked()
    Book.objects.filter(pk=gone.pk).update(
        phase=BookPhase.SETTING, sign_of_life=timezone.now() - timedelta(minutes=6)
    )
    page = client_for("chair").get(PAGE).content.decode()
    assert "It was stopped before it was done" in page
    assert "Make it anew" in page
    run = uuid4()
    Book.objects.filter(pk=gone.pk).update(run=run)
    again = asked()
    gone.refresh_from_db()
    assert (again.pk != gone.pk, gone.phase, gone.problem) == (True, BookPhase.FAILED, books.STOPPED)
    # Its job may still be there after all, only slow: it changes nothing any more.
    books._say(run, page=9)
    books._finish(run, b"%PDF late", [])
    books.make_book(gone.pk)
    gone.refresh_from_db()
    assert (gone.phase, gone.page) == (BookPhase.FAILED, 0)


def test_why_there_is_no_pdf_is_said(client_for: ClientFor, monkeypatch: pytest.MonkeyPatch) -> None:
    def render(**job: Any) -> bytes:
        raise RendererMissing("PDF export is off: Pango is missing.")

    monkeypatch.setattr(books, "render_book", render)
    book = asked()
    with pytest.raises(GaveUp, match="Pango is missing"):
        books.make_book(book.pk)
    page = client_for("chair").get(PAGE).content.decode()
    assert "The last one could not be made" in page
    assert "Pango is missing" in page


def test_a_book_that_got_no_turn_is_made_later(
    client_for: ClientFor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pdf, "WAIT_FOR_A_BOOK_SECONDS", 0)
    book = asked()
    with pdf._turn(RENDERING_FOR_LONG), pytest.raises(TryAgain, match="are being rendered at this moment"):
        books.make_book(book.pk)
    assert "Several documents are being rendered" in client_for("chair").get(PAGE).content.decode()
    monkeypatch.setattr(books, "render_book", lambda **job: b"%PDF-1.7 book")
    books.make_book(book.pk)
    book.refresh_from_db()
    assert (book.phase, book.problem, bytes(book.pdf or b"")) == (BookPhase.DONE, "", b"%PDF-1.7 book")


def test_an_error_of_ours_is_told_too_and_raised(example: None, monkeypatch: pytest.MonkeyPatch) -> None:
    def render(**job: Any) -> bytes:
        raise KeyError("chapter")

    monkeypatch.setattr(books, "render_book", render)
    book = asked()
    with pytest.raises(KeyError):
        books.make_book(book.pk)
    book.refresh_from_db()
    assert (book.phase, "Something went wrong" in book.problem) == (BookPhase.FAILED, True)


def test_a_connection_that_ends_amid_an_answer_is_tried_again_and_is_no_error_of_ours(
    example: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def render(**job: Any) -> bytes:
        raise DatabaseError

    monkeypatch.setattr(books, "render_book", render)
    book = asked()
    with (
        mock.patch("etd.installation.database_away.connection.is_usable", return_value=False),
        pytest.raises(DatabaseError),
    ):
        books.make_book(book.pk)
    book.refresh_from_db()
    assert (book.phase, book.problem) == (BookPhase.SETTING, "")


def test_a_new_book_takes_the_place_of_the_one_before(
    client_for: ClientFor, rendered: list[EtdDocument]
) -> None:
    client = client_for("chair")
    for _ in range(2):
        books.make_book(asked().pk)
    assert Book.objects.get().phase == BookPhase.DONE
    asked()
    assert client.get(FILE).content == b"%PDF-1.7 book"
    assert "The one before" in client.get(PAGE).content.decode()


def test_a_job_that_is_taken_up_makes_the_one_book_from_its_beginning(
    client_for: ClientFor, rendered: list[EtdDocument]
) -> None:
    """The first run stands still for so long that its worker is thought gone, and says its word when it is too late."""
    book = asked()
    first = books._begin(book.pk)
    assert first is not None
    books._say(first, n_ready=2, phase=BookPhase.SETTING)
    second = books._begin(book.pk)
    assert second not in {None, first}
    books._finish(first, b"%PDF of the first", [])
    books._fail(first, "Too late.")
    book.refresh_from_db()
    assert (book.phase, book.n_ready, book.pdf) == (BookPhase.GATHERING, 0, None)
    books.make_book(book.pk)
    books.make_book(book.pk)
    assert [(one.phase, bytes(one.pdf or b"")) for one in Book.objects.all()] == [
        (BookPhase.DONE, b"%PDF-1.7 book")
    ]
    assert len(rendered) == 3


def test_its_job_is_stored_with_it_and_begins_after_the_commit(
    client_for: ClientFor,
    rendered: list[EtdDocument],
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    with django_capture_on_commit_callbacks() as callbacks:
        book = asked()
    job = DBTaskResult.objects.get()
    assert (job.status, job.args_kwargs["kwargs"]) == (
        "READY",
        {"guideline": book.guideline_id, "book": book.pk},
    )
    assert rendered == []
    for callback in callbacks:
        callback()
    job.refresh_from_db()
    book.refresh_from_db()
    assert (job.status, book.phase) == ("SUCCESSFUL", BookPhase.DONE)


def test_a_guideline_without_questions_has_none(example: None, client_for: ClientFor) -> None:
    membership = factories.panel_membership(role="chair")
    with pytest.raises(books.Refused, match="no question yet"):
        books.ask_for_book(guideline=membership.guideline, by=membership.user)
    assert not Book.objects.exists()


MEMBERS = ("chair", "panel member", "methodologist", "staff", "observer")


@pytest.mark.parametrize(
    ("actor", "status"), [*((one, 200) for one in MEMBERS), ("outsider", 404), ("anonymous", 302)]
)
def test_who_may_download_it(
    client_for: ClientFor, rendered: list[EtdDocument], actor: str, status: int
) -> None:
    books.make_book(asked().pk)
    assert client_for(actor).get(reverse("book_file", args=PLACE)).status_code == status
