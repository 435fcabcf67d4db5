"""A guideline's book: asked for on a page, made by a process of its own that says how far it has come."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from documents.assemble import assemble
from documents.book import render_book
from documents.pdf import CannotRender
from documents.published import document_sha256
from documents.schema import EtdDocument, UnknownSchema, from_json
from etd.actions import audit
from etd.actions.errors import Refused
from etd.enums import BookPhase, QuestionStatus
from etd.models import Book, Guideline, Question, User

RUNNING = (BookPhase.WAITING, BookPhase.GATHERING, BookPhase.SETTING)
# Between two pages, and between two questions, lie seconds; without a word for so long the process is gone.
GONE_AFTER = timedelta(minutes=5)
SECONDS_BETWEEN_WORDS = 1
STOPPED = "It was stopped before it was done. Please ask for it again."


def ask_for_book(*, guideline: Guideline, by: User, op: UUID | None = None) -> Book:
    """A book that waits to be made; a process for it begins once this is stored. Where one is being made, that one.

    Raises Refused for a guideline without questions.
    """
    now = timezone.now()
    with transaction.atomic():
        current = Guideline.objects.select_for_update(no_key=True).get(pk=guideline.pk)
        running = Book.objects.filter(guideline=current, phase__in=RUNNING).first()
        if running and running.sign_of_life > now - GONE_AFTER:
            return running
        if running:
            _fail(running.pk, STOPPED)
        n_questions = current.questions.count()
        if not n_questions:
            raise Refused("This guideline has no question yet, so there is nothing to print.")
        book = Book.objects.create(
            guideline=current, asked_at=now, asked_by=by, n_questions=n_questions, sign_of_life=now
        )
        audit.record(
            type="book_asked_for",
            subject=current.slug,
            after={"questions": n_questions},
            at=now,
            by=by,
            guideline=current,
            op=op,
        )
        transaction.on_commit(lambda: _begin(book.pk))
    return book


def make_book(pk: int) -> None:
    """Make the book that waits under this number; another process's, and one that is done, is left alone.

    What goes wrong is written into the book, for whoever asked for it.
    """
    if not Book.objects.filter(pk=pk, phase=BookPhase.WAITING).update(
        phase=BookPhase.GATHERING, sign_of_life=timezone.now()
    ):
        return
    book = Book.objects.select_related("guideline").get(pk=pk)
    try:
        documents = _gathered(book)
        _say(pk, phase=BookPhase.SETTING)
        pdf = render_book(
            title=book.guideline.title,
            organisation=book.guideline.organisation,
            made_at=book.asked_at,
            documents=documents,
            tell_page=_now_and_then(pk),
        )
    except CannotRender as problem:
        _fail(pk, str(problem))
    except Exception:
        _fail(pk, "Something went wrong while it was made. The site’s log says what.")
        raise
    else:
        _finish(pk, pdf, documents)


def _begin(pk: int) -> None:
    """A process that outlives the request: `manage.py make_book`."""
    subprocess.Popen(
        [sys.executable, str(settings.BASE_DIR / "manage.py"), "make_book", str(pk)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=None,
        env=os.environ.copy(),
        start_new_session=True,
    )


def _gathered(book: Book) -> list[EtdDocument]:
    """Every question: as it was published where it is and can be printed so, else as it stands."""
    documents = []
    for number, question in enumerate(_questions(book.guideline), start=1):
        documents.append(_as_published(question) or assemble(question))
        _say(book.pk, n_ready=number, n_questions=max(number, book.n_questions))
    return documents


def _questions(guideline: Guideline) -> list[Question]:
    return list(
        Question.objects.filter(guideline=guideline)
        .select_related("guideline", "own_framework", "recommendation")
        .order_by("pk")
    )


def _as_published(question: Question) -> EtdDocument | None:
    """The document of the published version, None where there is none.

    None also where an earlier release stored it in a form that this one does not write letter for letter: the book
    would give it another sha256 than the one that was published.
    """
    if question.status != QuestionStatus.PUBLISHED:
        return None
    newest = question.versions.defer("pdf").order_by("number").last()
    if newest is None:
        return None
    try:
        document = from_json(json.loads(newest.document))
    except UnknownSchema:
        return None
    return document if document_sha256(document) == newest.document_sha256 else None


def _say(pk: int, **progress: int | str) -> None:
    Book.objects.filter(pk=pk, phase__in=RUNNING).update(sign_of_life=timezone.now(), **progress)


def _now_and_then(pk: int) -> Callable[[int], None]:
    """Says which page is being set, but not more often than anybody could read it."""
    said_at = 0.0

    def say(page: int) -> None:
        nonlocal said_at
        if time.monotonic() - said_at >= SECONDS_BETWEEN_WORDS:
            said_at = time.monotonic()
            _say(pk, page=page)

    return say


def _fail(pk: int, problem: str) -> None:
    Book.objects.filter(pk=pk, phase__in=RUNNING).update(
        phase=BookPhase.FAILED, problem=problem, sign_of_life=timezone.now()
    )


def _finish(pk: int, pdf: bytes, documents: list[EtdDocument]) -> None:
    """The newest book takes the place of the ones before it."""
    with transaction.atomic():
        done = Book.objects.filter(pk=pk, phase__in=RUNNING).update(
            phase=BookPhase.DONE,
            pdf=pdf,
            contents=[[document.question.slug, document_sha256(document)] for document in documents],
            sign_of_life=timezone.now(),
        )
        if done:
            book = Book.objects.defer("pdf").get(pk=pk)
            Book.objects.filter(guideline_id=book.guideline_id, pk__lt=pk).exclude(phase__in=RUNNING).delete()
