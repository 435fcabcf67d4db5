"""What is published, for everybody: guidelines, questions, each version with its files, a feed, a map of it all.

A page shows what was stored with a version, never the question as it is today.
"""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Any

from django.http import Http404, HttpRequest, HttpResponseBase
from django.template.loader import render_to_string

from documents.html import context_of
from documents.public.addresses import whole
from documents.public.citation import Citation, File, to_bibtex, to_json_ld, to_ris
from documents.public.feed import CONTENT_TYPE as ATOM
from documents.public.feed import of_guideline, of_question
from documents.public.pages import file, page, public
from documents.published import short
from documents.schema import UnknownSchema
from documents.selectors.published_versions import (
    PublishedGuideline,
    PublishedQuestion,
    Version,
    published_guideline,
    published_guidelines,
    published_question,
    stored_document,
    stored_json,
    stored_pdf,
)
from etd.domain.paging import page_of
from etd.domain.text import plain

KEPT_PAGES = 16
LETTERS_OF_A_DESCRIPTION = 300
STYLES = {
    "ris": (to_ris, "application/x-research-info-systems; charset=utf-8"),
    "bib": (to_bibtex, "application/x-bibtex; charset=utf-8"),
}


@public
def guidelines(request: HttpRequest) -> HttpResponseBase:
    return _page(
        request,
        "guidelines",
        {"guidelines": published_guidelines(), "address": whole("published_guidelines")},
    )


@public
def guideline(request: HttpRequest, guideline: str) -> HttpResponseBase:
    """Its questions, a page at a time; the first page has the address without a number."""
    found = _guideline(guideline)
    shown = page_of(len(found.questions), request.GET.get("page", ""))
    address = whole("published_guideline", guideline)
    context = {
        "guideline": found,
        "page": shown,
        "questions": found.questions[shown.start : shown.stop],
        "address": f"{address}?page={shown.number}" if shown.previous else address,
    }
    return _page(request, "guideline", context)


@public
def question(request: HttpRequest, guideline: str, question: str) -> HttpResponseBase:
    """The version that stands; where the newest is withdrawn, that it is, and why: an earlier one does not return."""
    found = _question(guideline, question)
    if found.standing is None:
        context = {"question": found, "version": found.newest, "address": _address(found)}
        return _page(request, "withdrawn", context)
    return _version_page(request, found, found.standing, _address(found))


@public
def version(request: HttpRequest, guideline: str, question: str, number: int) -> HttpResponseBase:
    found = _question(guideline, question)
    one = _version(found, number)
    address = _address(found) if one is found.standing else _version_address("published_version", one)
    return _version_page(request, found, one, address)


@public
def pdf(request: HttpRequest, guideline: str, question: str, number: int) -> HttpResponseBase:
    one = _version(_question(guideline, question), number)
    return file(
        request,
        lambda: stored_pdf(one.pk),
        digest=one.pdf_sha256,
        name=f"{_file_name(one)}.pdf",
        content_type="application/pdf",
        as_attachment=False,
    )


@public
def document_json(request: HttpRequest, guideline: str, question: str, number: int) -> HttpResponseBase:
    """The JSON file, byte for byte as it was stored, whatever its schema."""
    one = _version(_question(guideline, question), number)
    return file(
        request,
        lambda: stored_json(one.pk),
        digest=one.document_sha256,
        name=f"{_file_name(one)}.json",
        content_type="application/json",
        as_attachment=True,
    )


@public
def citation(
    request: HttpRequest, guideline: str, question: str, number: int, style: str
) -> HttpResponseBase:
    if style not in STYLES:
        raise Http404
    one = _version(_question(guideline, question), number)
    write, content_type = STYLES[style]
    return page(request, write(_citation(one)), content_type)


@public
def metadata(request: HttpRequest, guideline: str, question: str, number: int) -> HttpResponseBase:
    one = _version(_question(guideline, question), number)
    text = json.dumps(to_json_ld(_citation(one)), ensure_ascii=False, indent=2)
    return page(request, text, "application/ld+json")


@public
def feed(request: HttpRequest, guideline: str) -> HttpResponseBase:
    return page(request, of_guideline(_guideline(guideline)), ATOM)


@public
def question_feed(request: HttpRequest, guideline: str, question: str) -> HttpResponseBase:
    found = _question(guideline, question)
    return page(request, of_question(found), ATOM)


@public
def robots(request: HttpRequest) -> HttpResponseBase:
    text = render_to_string("documents/public/robots.txt", {"sitemap": whole("sitemap")})
    return page(request, text, "text/plain; charset=utf-8")


@public
def sitemap(request: HttpRequest) -> HttpResponseBase:
    """The pages that may change. What is withdrawn is not offered to search engines."""
    found = published_guidelines()
    pages = [(whole("published_guidelines"), max((one.changed_at for one in found), default=None))]
    for one in found:
        pages.append((whole("published_guideline", one.slug), one.changed_at))
        pages += [(_address(each), each.changed_at) for each in one.questions if each.standing]
    text = render_to_string("documents/public/sitemap.xml", {"pages": pages})
    return page(request, text, "application/xml; charset=utf-8")


def _version_page(
    request: HttpRequest, found: PublishedQuestion, one: Version, canonical: str
) -> HttpResponseBase:
    cited = _citation(one)
    return _page(
        request,
        "version",
        {
            "question": found,
            "version": one,
            "newest": found.newest,
            "stands": one is found.standing,
            "before": found.version(one.number - 1),
            "body": _body(one.pk, one.document_sha256) if one.front.is_readable else None,
            "citation": cited,
            "description": _shortened(one.front.answer),
            "short_sha256": short(one.document_sha256),
            "address": canonical,
            "site": whole("published_guidelines"),
        },
    )


def _page(request: HttpRequest, template: str, context: dict[str, Any]) -> HttpResponseBase:
    # Without the request: nobody's name or session may come near a page that caches keep for all.
    return page(request, render_to_string(f"documents/public/{template}.html", context))


@lru_cache(maxsize=KEPT_PAGES)
def _body(pk: int, document_sha256: str) -> str | None:
    """The document of a version as the body of its page, None where its schema is unknown."""
    try:
        document = stored_document(pk)
    except UnknownSchema:
        return None
    return render_to_string("documents/public/_document.html", context_of(document))


def _guideline(guideline: str) -> PublishedGuideline:
    found = published_guideline(guideline)
    if found is None:
        raise Http404
    return found


def _question(guideline: str, question: str) -> PublishedQuestion:
    found = published_question(guideline, question)
    if found is None:
        raise Http404
    return found


def _version(found: PublishedQuestion, number: int) -> Version:
    one = found.version(number)
    if one is None:
        raise Http404
    return one


def _citation(one: Version) -> Citation:
    front = one.front
    return Citation(
        key=_file_name(one),
        author=front.author,
        title=front.title,
        guideline=front.guideline_title,
        number=one.number,
        published_at=one.published_at,
        address=_version_address("published_version", one),
        language=front.language,
        answer=front.answer,
        statements=[(" ".join(plain(said.text).split()), said.grade) for said in front.statements],
        files=[
            File(_version_address("published_pdf", one), "application/pdf", one.pdf_sha256),
            File(_version_address("published_json", one), "application/json", one.document_sha256),
        ],
    )


def _address(found: PublishedQuestion) -> str:
    return whole("published_question", found.guideline, found.slug)


def _version_address(name: str, one: Version) -> str:
    return whole(name, one.guideline, one.question, one.number)


def _file_name(one: Version) -> str:
    return f"{one.guideline}-{one.question}-v{one.number}"


def _shortened(text: str) -> str:
    if len(text) <= LETTERS_OF_A_DESCRIPTION:
        return text
    return text[:LETTERS_OF_A_DESCRIPTION].rsplit(" ", 1)[0] + " …"
