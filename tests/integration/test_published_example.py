"""The published example, and that nobody who asks for it is looked at."""

from __future__ import annotations

import json

import pytest
from django.conf import LazySettings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from documents.html import render_html
from documents.schema import from_json
from etd.models import (
    CriterionAssessment,
    Guideline,
    PublishedVersion,
    Question,
    RecommendationStatement,
    User,
)
from tests import factories as f
from tests.integration.conftest import MEMBERS, STRANGERS, ClientFor
from tests.integration.published import every_address, forget, left_out, read

EXAMPLE = ("ilcor-als", "mcs-after-rosc")


@pytest.fixture(autouse=True)
def nothing_is_kept(example: None) -> None:
    forget()


def test_everything_of_the_document_is_on_its_page() -> None:
    """But the name of its kind, and the headings under which nothing is recorded."""
    stored = PublishedVersion.objects.get(question__slug=EXAMPLE[1])
    missing = left_out(render_html(from_json(json.loads(stored.document))), read(*EXAMPLE))
    assert missing == {"Evidence-to-Decision", "ADDITIONAL CONSIDERATIONS"}


def test_the_page_is_what_was_stored_whatever_becomes_of_the_question() -> None:
    before = {address: Client().get(address).content for address in every_address(*EXAMPLE)}
    forget()
    Question.objects.filter(slug=EXAMPLE[1]).update(title="DRAFTED", intervention_label="DRAFTED")
    Guideline.objects.filter(slug=EXAMPLE[0]).update(title="DRAFTED", organisation="DRAFTED")
    RecommendationStatement.objects.update(text="DRAFTED")
    CriterionAssessment.objects.update(research_evidence="DRAFTED")
    User.objects.update(name="DRAFTED")
    after = {address: Client().get(address).content for address in every_address(*EXAMPLE)}
    assert after == before
    assert not any(b"DRAFTED" in content for content in after.values())


def test_nothing_published_is_one_answer_whatever_lies_behind_it(client_for: ClientFor) -> None:
    other = f.draft_question(guideline=f.guideline(slug="elsewhere"), slug="mcs-after-rosc")
    asked: list[tuple[str, list[object]]] = [
        ("published_guideline", ["elsewhere"]),
        ("published_guideline", ["no-such-guideline"]),
        ("published_feed", ["elsewhere"]),
        ("published_question", ["ilcor-als", "mcs-after-rosc-vote"]),
        ("published_question", ["ilcor-als", "no-such-question"]),
        ("published_question", ["elsewhere", other.slug]),
        ("published_question_feed", ["ilcor-als", "mcs-after-rosc-update"]),
        *(
            (name, ["ilcor-als", question, number])
            for name in ("published_version", "published_pdf", "published_json", "published_metadata")
            for question, number in (("mcs-after-rosc", 2), ("mcs-after-rosc-vote", 1), ("nothing", 1))
        ),
        ("published_citation", ["ilcor-als", "mcs-after-rosc", 1, "doc"]),
    ]
    answers = {
        (answer.status_code, answer.content, tuple(sorted(answer.headers.items())))
        for actor in ("anonymous", "chair", "outsider")
        for name, place in asked
        if (
            answer := client_for(actor).get(
                reverse(name, args=place), headers={"X-Request-ID": "one-id-for-all"}
            )
        )
    }
    assert len(answers) == 1
    ((status, content, headers),) = answers
    assert status == 404
    assert b"Nothing is published at this address" in content
    assert "no-store" in dict(headers)["Cache-Control"]


def test_nothing_of_anybody_is_shown_but_what_the_document_holds() -> None:
    stored = PublishedVersion.objects.get().document
    kept_back = [
        value for user in User.objects.all() for value in (user.email, user.name) if value not in stored
    ]
    kept_back += [question.title for question in Question.objects.all() if question.title not in stored]
    shown = " ".join(Client().get(one).content.decode("utf-8", "replace") for one in every_address(*EXAMPLE))
    assert len(kept_back) > 5
    assert [value for value in kept_back if value in shown] == []
    assert "mcs-after-rosc-vote" not in shown


@pytest.mark.parametrize("codes", [False, True])
def test_everybody_gets_the_same_bytes_and_no_cookie(
    codes: bool, client_for: ClientFor, settings: LazySettings
) -> None:
    settings.REQUIRE_TOTP_FOR = frozenset({"chair"} if codes else ())
    for address in every_address(*EXAMPLE):
        answers = [client_for(actor).get(address) for actor in ("anonymous", *MEMBERS, *STRANGERS)]
        assert {answer.status_code for answer in answers} == {200}
        assert len({answer.content for answer in answers}) == 1
        for answer in answers:
            assert not answer.cookies
            assert "Set-Cookie" not in answer
            assert "Cookie" not in answer.headers.get("Vary", "")


def test_no_session_is_read(client_for: ClientFor) -> None:
    chair = client_for("chair")
    for address in every_address(*EXAMPLE):
        with CaptureQueriesContext(connection) as queries:
            chair.get(address)
        assert [q["sql"] for q in queries if "session" in q["sql"] or "etd_user" in q["sql"]] == []
