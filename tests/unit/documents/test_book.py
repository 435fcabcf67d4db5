"""A guideline's book: every question once, its places its own, its data attached."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime
from io import BytesIO

import pytest
from pypdf import PdfReader

from documents.book import book_html, render_book
from documents.pdf import DocumentTooLarge
from documents.published import document_bytes
from documents.schema import EtdDocument
from tests.unit.documents.example import example

AT = datetime(2026, 3, 3, 10, 15, tzinfo=UTC)


def of(slug: str, title: str) -> EtdDocument:
    document = example()
    return replace(document, question=replace(document.question, slug=slug, title=title))


@pytest.fixture(scope="module")
def documents() -> list[EtdDocument]:
    return [of("cooling", "Cooling?"), of("oxygen", "Oxygen <b>now</b>?")]


def test_every_place_is_there_once_and_every_link_leads_somewhere(documents: list[EtdDocument]) -> None:
    html = book_html(title="ALS", organisation="ILCOR", made_at=AT, documents=documents)
    places = re.findall(r'\sid="([^"]+)"', html)
    assert len(places) == len(set(places))
    assert {"q1", "q2", "q1-reference-2", "q2-reference-2"} <= set(places)
    links = set(re.findall(r'href="#([^"]+)"', html))
    assert {"q1", "q2"} <= links <= set(places)
    assert "chapter 1 -->" not in html


def test_what_people_wrote_is_text_in_the_contents_too(documents: list[EtdDocument]) -> None:
    html = book_html(title="<i>ALS</i>", organisation="", made_at=AT, documents=documents)
    assert "Oxygen &lt;b&gt;now&lt;/b&gt;?" in html
    assert "<b>now" not in html
    assert "<i>ALS" not in html
    typed = replace(documents[0], recommendation_note="<!-- chapter 2 -->")
    html = book_html(title="ALS", organisation="", made_at=AT, documents=[typed, documents[1]])
    assert html.count('id="q2-reference-2"') == 1


def test_the_pdf_has_each_question_with_its_own_footer_and_data(documents: list[EtdDocument]) -> None:
    told: list[int] = []
    pdf = render_book(
        title="ALS", organisation="ILCOR", made_at=AT, documents=documents, tell_page=told.append
    )
    reader = PdfReader(BytesIO(pdf))
    pages = [" ".join(page.extract_text().split()) for page in reader.pages]
    assert "2 questions, as on 3 March 2026, 10:15 UTC" in pages[0]
    starts = [number for number, page in enumerate(pages) if "Evidence-to-Decision document" in page][1:]
    assert [("Cooling?" in pages[n], "Oxygen" in pages[n]) for n in starts] == [(True, False), (False, True)]
    # The page numbers of the contents are those on which the chapters begin.
    assert re.search(rf"Cooling\? *{starts[0] + 1}\b", pages[0])
    assert re.search(rf"Oxygen <b>now</b>\? *{starts[1] + 1}\b", pages[0])
    assert {name: content[0] for name, content in reader.attachments.items()} == {
        "cooling.json": document_bytes(documents[0]),
        "oxygen.json": document_bytes(documents[1]),
    }
    assert max(told) >= len(pages)


def test_a_question_that_is_too_large_is_named(documents: list[EtdDocument]) -> None:
    large = replace(documents[1], recommendation_note="word " * 5_000)
    with pytest.raises(DocumentTooLarge, match="recommendation_note"):
        render_book(
            title="ALS",
            organisation="",
            made_at=AT,
            documents=[documents[0], large],
            tell_page=lambda page: None,
        )
