"""A guideline's book: all its questions as one PDF, with a table of contents."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.template.loader import render_to_string

from documents.html import context_of, moment, render_html
from documents.pdf import Attachment, check_size, run_worker_for_long
from documents.published import document_bytes
from documents.schema import EtdDocument

# What names a place within a document, or leads to one: chapters of one book must not share them.
_PLACE = re.compile(r'(?<=\s)(id|for|headers|aria-labelledby|aria-describedby|href)="(#?)([^"]+)"')

_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)


@dataclass(frozen=True)
class Chapter:
    """One question in the table of contents; `html` is its whole document, with places of its own."""

    number: int
    title: str
    language: str
    state: str
    running_title: str
    n_judged: int
    n_criteria: int
    html: str


def render_book(
    *,
    title: str,
    organisation: str,
    made_at: datetime,
    documents: Sequence[EtdDocument],
    tell_page: Callable[[int], None],
) -> bytes:
    """The PDF of these documents, in this order, each attached as JSON; `tell_page` is told each page that is set.

    Raises CannotRender.
    """
    for document in documents:
        check_size(document)
    html = book_html(title=title, organisation=organisation, made_at=made_at, documents=documents)
    return run_worker_for_long(html, [_attached(document) for document in documents], tell_page)


def book_html(*, title: str, organisation: str, made_at: datetime, documents: Sequence[EtdDocument]) -> str:
    """The book as one HTML page: its title and contents, then the documents."""
    chapters = [_chapter(number, document) for number, document in enumerate(documents, start=1)]
    language = documents[0].framework.language if documents else "en"
    html: str = render_to_string(
        "documents/book.html",
        {
            "title": title,
            "organisation": organisation,
            "made": moment(made_at.isoformat()),
            "language": language,
            "chapters": chapters,
        },
    )
    # Nobody can type such a comment: all text is escaped.
    for chapter in chapters:
        html = html.replace(f"<!-- chapter {chapter.number} -->", chapter.html)
    return html


def _chapter(number: int, document: EtdDocument) -> Chapter:
    context = context_of(document)
    return Chapter(
        number=number,
        title=document.question.title,
        language=document.framework.language,
        state=context["state"],
        running_title=context["running_title"],
        n_judged=sum(bool(criterion.judgements) for criterion in document.criteria),
        n_criteria=len(document.criteria),
        html=_own_places(render_html(document), f"q{number}-"),
    )


def _own_places(html: str, prefix: str) -> str:
    """The part of a page between <main> and its end, with every place in it named for this chapter.

    Comments are for a document that stands alone: the renderer fits the summary of that to its page.
    """
    inside = _COMMENT.sub("", html.partition("<main>")[2].rpartition("</main>")[0])
    return _PLACE.sub(lambda found: _prefixed(found[1], found[2], found[3], prefix), inside)


def _prefixed(attribute: str, hash: str, value: str, prefix: str) -> str:
    if attribute == "href":
        return f'href="#{prefix}{value}"' if hash else f'href="{value}"'
    return f'{attribute}="' + " ".join(f"{prefix}{name}" for name in value.split()) + '"'


def _attached(document: EtdDocument) -> Attachment:
    return Attachment(
        name=f"{document.question.slug}.json",
        description=f"The whole document of {document.question.slug} as data ({document.schema_version})",
        relationship="Source",
        content=document_bytes(document),
    )
