"""A guideline's book: asked for on a page, made by a job that says how far it has come."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from datetime import timedelta
from uuid import UUID, uuid4

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django_tasks import task

from documents.assemble import assemble
from documents.book import render_book
from documents.pdf import CannotRender, RendererBusy
from documents.published import document_sha256
from documents.schema import EtdDocument, UnknownSchema, from_json
from etd.actions import audit, jobs
from etd.actions.errors import Refused
from etd.enums import BookPhase, QuestionStatus
from etd.installation.database_away import is_away
from etd.models import Book, Guideline, Question, User

RUNNING = (BookPhase.WAITING, BookPhase.GATHERING, BookPhase.SETTING)
# Between two pages, and between two questions, lie seconds; without a word for so long nobody is at it any more.
GONE_AFTER = timedelta(minutes=5)
# Books of other guidelines may come first.
WAITS_AT_MOST = timedelta(minutes=30)
SECONDS_BETWEEN_WORDS = 1
STOPPED = "It was stopped before it was done. Please ask for it again."


def ask_for_book(*, guideline: Guideline, by: User, op: UUID | None = None) -> Book:
    """A book that waits to be made; a job for it is stored with it. Where one is being made, that one.

    Raises Refused for a guideline without questions.
    """
    now = timezone.now()
    with transaction.atomic():
        current = Guideline.objects.select_for_update(no_key=True).get(pk=guideline.pk)
        running = Book.objects.filter(guideline=current, phase__in=RUNNING).first()
        if running and not is_gone(running):
            return running
        if running:
            Book.objects.filter(pk=running.pk, phase__in=RUNNING).update(
                phase=BookPhase.FAILED, problem=STOPPED, sign_of_life=now
            )
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
        jobs.put_off(book_of_a_guideline, guideline=current.pk, book=book.pk)
    return book


def is_gone(book: Book) -> bool:
    """Has a book that is not done been without a word for so long that nobody makes it any more?"""
    limit = WAITS_AT_MOST if book.phase == BookPhase.WAITING else GONE_AFTER
    return book.phase in RUNNING and book.sign_of_life < timezone.now() - limit


@task
def book_of_a_guideline(*, guideline: int, book: int) -> None:
    """The guideline as one PDF"""
    make_book(book)


def make_book(pk: int) -> None:
    """Make the book with this number from its beginning; one that is done, or that a newer one follows, is left alone.

    What goes wrong is written into the book, for whoever asked for it. Raises TryAgain where it had no turn, GaveUp
    where it cannot be rendered.
    """
    run = _begin(pk)
    if run is None:
        return
    book = Book.objects.select_related("guideline").get(pk=pk)
    try:
        documents = _gathered(book, run)
        _say(run, phase=BookPhase.SETTING)
        pdf = render_book(
            title=book.guideline.title,
            organisation=book.guideline.organisation,
            made_at=book.asked_at,
            documents=documents,
            tell_page=_now_and_then(run),
        )
        _finish(run, pdf, documents)
    except RendererBusy as problem:
        _fail(run, str(problem))
        raise jobs.TryAgain(" ".join(str(problem).split())) from None
    except CannotRender as problem:
        _fail(run, str(problem))
        raise jobs.GaveUp(" ".join(str(problem).split())) from None
    except Exception as problem:
        if not is_away(problem):
            _fail(run, "Something went wrong while it was made. The site’s log says what.")
        raise


def _begin(pk: int) -> UUID | None:
    """Take the book for this run: an earlier run, should it still be there after all, changes nothing any more."""
    book = Book.objects.filter(pk=pk).first()
    if book is None or Book.objects.filter(guideline_id=book.guideline_id, pk__gt=pk).exists():
        return None
    run = uuid4()
    begun = Book.objects.filter(Q(phase__in=RUNNING) | Q(phase=BookPhase.FAILED), pk=pk).update(
        phase=BookPhase.GATHERING, run=run, n_ready=0, page=0, problem="", sign_of_life=timezone.now()
    )
    return run if begun else None


def _gathered(book: Book, run: UUID) -> list[EtdDocument]:
    """Every question: as it was published where it is and can be printed so, else as it stands."""
    documents = []
    for number, question in enumerate(_questions(book.guideline), start=1):
        documents.append(_as_published(question) or assemble(question))
        _say(run, n_ready=number, n_questions=max(number, book.n_questions))
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


def _say(run: UUID, **progress: int | str) -> None:
    Book.objects.filter(run=run, phase__in=RUNNING).update(sign_of_life=timezone.now(), **progress)


def _now_and_then(run: UUID) -> Callable[[int], None]:
    """Says which page is being set, but not more often than anybody could read it."""
    said_at = 0.0

    def say(page: int) -> None:
        nonlocal said_at
        if time.monotonic() - said_at >= SECONDS_BETWEEN_WORDS:
            said_at = time.monotonic()
            _say(run, page=page)

    return say


def _fail(run: UUID, problem: str) -> None:
    Book.objects.filter(run=run, phase__in=RUNNING).update(
        phase=BookPhase.FAILED, problem=problem, sign_of_life=timezone.now()
    )


def _finish(run: UUID, pdf: bytes, documents: list[EtdDocument]) -> None:
    """The newest book takes the place of the ones before it."""
    with transaction.atomic():
        done = Book.objects.filter(run=run, phase__in=RUNNING).update(
            phase=BookPhase.DONE,
            pdf=pdf,
            contents=[[document.question.slug, document_sha256(document)] for document in documents],
            sign_of_life=timezone.now(),
        )
        if done:
            book = Book.objects.defer("pdf").get(run=run)
            Book.objects.filter(guideline_id=book.guideline_id, pk__lt=book.pk).exclude(
                phase__in=RUNNING
            ).delete()
