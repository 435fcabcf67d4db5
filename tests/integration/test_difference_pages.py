"""What differs between two published versions, for everybody; and since the last one, for those who publish."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from html import unescape
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from documents import schema
from documents.views.difference import KEPT_DIFFERENCES, _body, _errata
from etd.actions import questions
from etd.enums import QuestionStatus
from etd.models import Question
from tests import factories as f
from tests.integration.conftest import ClientFor, demo, get_question
from tests.integration.published import publish, words
from tests.unit.documents.difference_example import full
from tests.unit.etd.test_publication import reword

SLUG = "mcs-after-rosc"
CHANGES = f"/guidelines/ilcor-als/{SLUG}/publication/changes/"


def second() -> schema.EtdDocument:
    """The full document with another judgement, another number, and a text with signs that a page must escape."""
    document = full()
    first = document.criteria[0]
    scale = tuple(cell and replace(cell, chosen=cell.key == "small", applies_to=()) for cell in first.scale)
    row = document.tables[0].groups[0].rows[0]
    values = dict(row.values) | {"estimate": 1.21, "ci_low": 1.01, "ci_high": 1.45}
    group = replace(
        document.tables[0].groups[0],
        rows=(replace(row, effect="1.21 (1.01–1.45)", values=values), *document.tables[0].groups[0].rows[1:]),
    )
    return replace(
        document,
        criteria=(
            replace(
                first, scale=scale, research_evidence=first.research_evidence.replace("seen", "<script>seen")
            ),
            *document.criteria[1:],
        ),
        tables=(replace(document.tables[0], groups=(group,)),),
        version=schema.Version(
            2, "2026-03-01T10:00:00+00:00", "Sam Osei", "A trial was added.", (), f.DIGEST
        ),
    )


@pytest.fixture
def device(db: None) -> Question:
    question = f.draft_question(guideline=f.guideline(slug="cardiac"), slug="device")
    publish(question, full())
    publish(question, second(), 2, "A trial was added.")
    return question


def address(old: int = 1, new: int = 2, question: str = "device", *, errata: bool = False) -> str:
    return reverse("version_errata" if errata else "version_difference", args=["cardiac", question, old, new])


def ask(target: str, **headers: str) -> Any:
    return Client().get(target, headers=headers)


def test_everybody_sees_what_changed_the_most_important_first(device: Question) -> None:
    answer = ask(address())
    heading, _, body = answer.content.decode().rpartition("</nav>")
    page = words(body)
    assert answer.status_code == 200
    assert "What version 2 changed in version 1" in words(heading)
    assert "A trial was added." in words(heading)
    told = [
        "Judgements, recommendations and certainty",
        "Criterion 1, Benefit",
        "removed: Large (adults)",
        "inserted: Small",
        "The lower limit of the interval went from 0.97 to 1.01: it crosses no effect (1).",
        "removed: 1.17 (0.97–1.42)",
        "inserted: 1.21 (1.01–1.45)",
        "Wording",
        "inserted: <script>seen",
        "In the data alone",
    ]
    places = [page.index(text) for text in told]
    assert places == sorted(places)
    assert "<script>seen" not in answer.content.decode()


def test_each_side_is_marked_by_more_than_colour(device: Question) -> None:
    page = ask(address()).content.decode()
    assert '<del><span class="difference-unseen">removed: </span>Large (adults)</del>' in page
    assert '<ins><span class="difference-unseen">inserted: </span>Small</ins>' in page


def test_the_errata_are_plain_text_letter_for_letter(device: Question) -> None:
    answer = ask(address(errata=True))
    text = answer.content.decode()
    assert answer["Content-Type"] == "text/plain; charset=utf-8"
    assert text.startswith("Changes from version 1 to version 2\n")
    assert "1.   Criterion 1, Benefit. Judgement\n     For “Large (adults)”\n     read “Small”\n" in text
    for version in device.versions.all():
        assert version.document_sha256 in text


def test_backwards_is_what_the_older_one_said(device: Question) -> None:
    assert "For “Small”\n     read “Large (adults)”" in ask(address(2, 1, errata=True)).content.decode()


def test_a_version_and_itself_do_not_differ(device: Question) -> None:
    assert "Nothing differs" in words(ask(address(2, 2)).content.decode())
    assert "Nothing differs" in ask(address(2, 2, errata=True)).content.decode()


@pytest.mark.parametrize("errata", [False, True])
def test_it_is_kept_by_caches_and_asks_for_no_session(device: Question, errata: bool) -> None:
    client = Client()
    answer = client.get(address(errata=errata))
    assert answer["Cache-Control"] == "public, no-cache"
    assert "Vary" not in answer or "Cookie" not in answer["Vary"]
    assert client.cookies == {}
    again = ask(address(errata=errata), if_none_match=answer["ETag"])
    assert (again.status_code, again.content) == (304, b"")


def test_a_withdrawal_shows_though_the_difference_is_kept(device: Question) -> None:
    before = ask(address())
    version = device.versions.get(number=1)
    f.withdrawal(version=version, reason="Retracted.")
    after = ask(address(), if_none_match=before["ETag"])
    assert after.status_code == 200
    assert "Withdrawn" in words(after.content.decode())


def test_a_difference_is_worked_out_once(device: Question) -> None:
    for kept in (_body, _errata):
        kept.cache_clear()
    with CaptureQueriesContext(connection) as first:
        ask(address())
    with CaptureQueriesContext(connection) as second_time:
        ask(address())
    assert len(second_time) < len(first)
    assert _body.cache_info().maxsize == KEPT_DIFFERENCES


def test_nothing_else_is_there(device: Question) -> None:
    nowhere = ask("/published/cardiac/no-such-question/")
    for target in (
        address(1, 3),
        address(0, 1),
        address(1, 2, "no-such-question"),
        address(1, 3, errata=True),
    ):
        answer = ask(target)
        assert (answer.status_code, answer.content) == (404, nowhere.content)
    assert Client().post(address()).status_code == 405


@pytest.mark.parametrize("unknown", [{1}, {2}, {1, 2}])
def test_a_version_of_another_schema_is_named_and_not_guessed_at(db: None, unknown: set[int]) -> None:
    question = f.draft_question(guideline=f.guideline(slug="cardiac"), slug="device")
    for number, document in ((1, full()), (2, second())):
        stored = schema.to_json(document)
        if number in unknown:
            stored["schema_version"] = "openetd-etd/99"
        text = json.dumps(stored)
        digest = hashlib.sha256(text.encode()).hexdigest()
        publish(question, document, number, "Because.", document=text, document_sha256=digest)
    names = " and ".join(f"Version {number}" for number in sorted(unknown))
    page, text = ask(address()), ask(address(errata=True))
    assert (page.status_code, text.status_code) == (422, 422)
    assert f"{names} {'are' if len(unknown) > 1 else 'is'} written in a form" in words(page.content.decode())
    assert names in text.content.decode()


def said(answer: Any) -> str:
    return words(unescape(answer.content.decode()).split("<main", 1)[1])


def test_what_is_published_as_it_stands_has_not_changed(client_for: ClientFor) -> None:
    page = said(client_for("observer").get(CHANGES))
    assert "Nothing has changed: the question says today what version 1 says, letter for letter." in page
    assert "A first sentence" not in page


def test_what_was_edited_since_is_shown_with_a_first_sentence_for_the_note(client_for: ClientFor) -> None:
    question = get_question(SLUG)
    questions.change_status(question=question, status=QuestionStatus.EVIDENCE, by=demo("chair")())
    reword(question, demo("chair")(), "A new reason.")
    page = said(client_for("chair").get(CHANGES))
    assert "Changed: words in one place." in page
    assert "inserted: A new reason." in page
    assert "Nothing has changed" not in page


def test_without_a_version_there_is_nothing_to_compare_with(client_for: ClientFor) -> None:
    page = said(client_for("chair").get(CHANGES.replace(SLUG, f"{SLUG}-update")))
    assert "Nothing of this question has been published yet" in page


def test_a_last_version_of_another_schema_is_named(client_for: ClientFor) -> None:
    stored = schema.to_json(full()) | {"schema_version": "openetd-etd/99"}
    publish(get_question(SLUG), full(), 2, "Because.", document=json.dumps(stored))
    answer = client_for("chair").get(CHANGES)
    assert answer.status_code == 422
    assert "Version 2 cannot be compared with the question." in said(answer)
