"""Published versions for tests, and the addresses that everybody may read."""

from __future__ import annotations

import hashlib
import re
from datetime import timedelta
from html import unescape
from typing import Any

from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from documents.published import document_bytes
from documents.schema import EtdDocument
from documents.views import public
from etd.models import PublishedVersion, Question
from tests import factories as f


def forget() -> None:
    """Versions never change, so what is read of them is kept; tests take their tables back."""
    cache.clear()
    public._body.cache_clear()


def words(html: str) -> str:
    body = re.sub(r"<head>.*?</head>", " ", html, flags=re.DOTALL)
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", body)).split())


def read(*place: object, name: str = "published_question") -> str:
    answer = Client().get(reverse(name, args=place))
    assert answer.status_code == 200
    return answer.content.decode()


def publish(
    question: Question, stored: EtdDocument, number: int = 1, note: str = "", **more: Any
) -> PublishedVersion:
    """A version of this very document, with the hashes of its files."""
    text, pdf = document_bytes(stored), b"%PDF-1.7 version " + str(number).encode()
    values: dict[str, Any] = {
        "number": number,
        "note": note,
        "document": text.decode(),
        "document_sha256": hashlib.sha256(text).hexdigest(),
        "pdf": pdf,
        "pdf_sha256": hashlib.sha256(pdf).hexdigest(),
        "previous_sha256": f.DIGEST if number > 1 else "",
        "published_at": f.NOW + timedelta(days=number),
    }
    return f.published_version(question=question, **values | more)


def every_address(guideline: str, question: str, number: int = 1) -> list[str]:
    place = (guideline, question)
    version = (*place, number)
    return [
        reverse("published_guidelines"),
        reverse("published_guideline", args=[guideline]),
        reverse("published_feed", args=[guideline]),
        reverse("published_question", args=place),
        reverse("published_question_feed", args=place),
        reverse("published_version", args=version),
        reverse("published_pdf", args=version),
        reverse("published_json", args=version),
        reverse("published_metadata", args=version),
        reverse("published_citation", args=[*version, "ris"]),
        reverse("published_citation", args=[*version, "bib"]),
        reverse("robots"),
        reverse("sitemap"),
    ]


def left_out(printed: str, page: str) -> set[str]:
    """The texts of a printed document that are not on its page; how its own bytes are checked stands aside."""
    main = printed.partition("<main>")[2].partition('<section class="part versions">')[0]
    texts = {" ".join(unescape(one).split()).rstrip(": ·") for one in re.findall(r">([^<>]+)<", main)}
    shown = words(page).casefold()
    return {one for one in texts if one.casefold() not in shown}
