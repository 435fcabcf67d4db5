"""How far a guideline's book has come, and the book itself."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from documents.actions.books import RUNNING, STOPPED, is_gone
from etd.enums import BookPhase
from etd.models import Book, Guideline


@dataclass(frozen=True)
class BookView:
    """`n_ready` of `n_questions` are put together; `page` is the one that is being set, 0 before that."""

    phase: str
    phase_label: str
    asked_by: str
    asked_at: datetime
    n_questions: int
    n_ready: int
    page: int
    problem: str

    @property
    def is_running(self) -> bool:
        return self.phase in RUNNING

    @property
    def is_failed(self) -> bool:
        return self.phase == BookPhase.FAILED


@dataclass(frozen=True)
class BookShelf:
    """The newest book of a guideline, and the newest that is done: while one is made, the one before stays."""

    newest: BookView | None
    done: BookView | None
    n_questions: int


def load_books(guideline: Guideline) -> BookShelf:
    """In two queries."""
    books = list(
        Book.objects.defer("pdf").filter(guideline=guideline).select_related("asked_by").order_by("-pk")[:20]
    )
    done = next((book for book in books if book.phase == BookPhase.DONE), None)
    return BookShelf(
        newest=_view(books[0]) if books else None,
        done=_view(done) if done else None,
        n_questions=guideline.questions.count(),
    )


def book_pdf(guideline: Guideline) -> bytes | None:
    """The newest finished book."""
    done = Book.objects.filter(guideline=guideline, phase=BookPhase.DONE).order_by("-pk").first()
    return bytes(done.pdf or b"") if done else None


def _view(book: Book) -> BookView:
    phase, problem = BookPhase(book.phase), book.problem
    if is_gone(book):
        phase, problem = BookPhase.FAILED, STOPPED
    return BookView(
        phase=phase.value,
        phase_label=phase.label,
        asked_by=str(book.asked_by),
        asked_at=book.asked_at,
        n_questions=book.n_questions,
        n_ready=book.n_ready,
        page=book.page,
        problem=problem,
    )
