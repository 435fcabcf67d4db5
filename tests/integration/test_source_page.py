"""The page of the source: what it judged, what the panel makes of it, and who may say so."""

from __future__ import annotations

import hashlib

import pytest
from django.test import Client
from django.urls import reverse

from etd.actions.adolopment import keep_source
from etd.domain.source_content import SourceContent, SourceCriterion
from etd.enums import QuestionStatus
from etd.models import Adolopment, Judgement, Question
from tests.integration.conftest import ClientFor, demo, get_question

SLUG = "mcs-after-rosc-update"
PLACE = ["ilcor-als", SLUG]
ORIGINAL = b"PK\x03\x04 as it came"


@pytest.fixture
def sourced(example: None) -> Question:
    question = get_question(SLUG)
    judged = {}
    for criterion in question.framework.criteria[:2]:
        found = Judgement.objects.filter(
            assessment__question=question, assessment__criterion_key=criterion.key
        )
        options = tuple((one.option_key, one.applies_to) for one in found)
        judged[criterion.key] = SourceCriterion(
            options, tuple(f"Source’s {key}" for key, _ in options), "Two trials <b>of theirs</b>."
        )
    keep_source(
        question=question,
        title="Devices after arrest",
        organisation="Another body",
        address="https://example.org/etd",
        file_name="devices ✓.docx",
        original=ORIGINAL,
        content=SourceContent(criteria=judged, statements=("They suggest it.",), type_label="Conditional"),
        by=demo("chair")(),
    )
    return question


def first_key(question: Question) -> str:
    return question.framework.criteria[0].key


def send(client: Client, question: Question, **given: str) -> tuple[int, str]:
    sent = {"choice": "adopt", "reason": "", "revision": "0"} | given
    answer = client.post(reverse("choose_adolopment", args=[*PLACE, first_key(question)]), sent)
    return answer.status_code, answer.content.decode()


def test_it_shows_both_judgements_and_names_the_source(sourced: Question, client_for: ClientFor) -> None:
    page = client_for("observer").get(reverse("source", args=PLACE)).content.decode()
    assert "Devices after arrest" in page
    assert "Another body" in page
    assert "They suggest it." in page
    assert "<strong>2 of 2</strong> judgements of the source wait" in page
    assert "&lt;b&gt;of theirs&lt;/b&gt;" in page
    assert 'name="choice"' not in page
    home = client_for("observer").get(reverse("question", args=PLACE)).content.decode()
    assert home.count("What the source judged") == len(sourced.framework.criteria)


def test_the_file_comes_back_byte_for_byte(sourced: Question, client_for: ClientFor) -> None:
    answer = client_for("panel member").get(reverse("source_file", args=PLACE))
    assert answer.content == ORIGINAL
    assert answer["Content-Type"] == "application/octet-stream"
    assert answer["Content-Disposition"].startswith("attachment")


def test_a_choice_is_recorded_and_shown(sourced: Question, client_for: ClientFor) -> None:
    status, _ = send(client_for("methodologist"), sourced)
    assert status == 302
    assert Adolopment.objects.get().choice == "adopt"
    page = client_for("observer").get(reverse("source", args=PLACE)).content.decode()
    assert '<span class="pill">Adopted</span>' in page
    assert "<strong>1 of 2</strong>" in page


def test_what_is_refused_loses_nothing(sourced: Question, client_for: ClientFor) -> None:
    client = client_for("chair")
    status, page = send(client, sourced, choice="", reason="Our costs & theirs")
    assert (status, "Please choose one of the three." in page, "Our costs &amp; theirs" in page) == (
        422,
        True,
        True,
    )
    status, page = send(client, sourced, choice="adapt", reason=" ")
    assert (status, "what is adapted and why" in page) == (409, True)
    send(client, sourced, choice="redo")
    status, page = send(client, sourced, choice="adapt", reason="Our costs & theirs")
    assert (status, "Recorded by now: Judged anew" in page, "Our costs &amp; theirs" in page) == (
        409,
        True,
        True,
    )
    status, _ = send(client, sourced, choice="adapt", reason="Our costs & theirs", revision="1")
    assert (status, Adolopment.objects.get().choice) == (302, "adapt")


def test_a_form_that_is_gone_gives_its_words_back(sourced: Question, client_for: ClientFor) -> None:
    Question.objects.filter(pk=sourced.pk).update(status=QuestionStatus.IN_REVIEW)
    status, page = send(client_for("chair"), sourced, choice="adapt", reason="Our costs & theirs")
    assert (status, "Now closed to changes" in page, "Our costs &amp; theirs" in page) == (409, True, True)


@pytest.mark.parametrize(
    ("actor", "status"),
    [
        ("chair", 302),
        ("methodologist", 302),
        ("panel member", 403),
        ("staff", 403),
        ("observer", 403),
        ("outsider", 404),
    ],
)
def test_who_may_say_so(sourced: Question, client_for: ClientFor, actor: str, status: int) -> None:
    assert send(client_for(actor), sourced)[0] == status
    assert Adolopment.objects.exists() == (status == 302)
    for name in ("source", "source_file"):
        seen = client_for(actor).get(reverse(name, args=PLACE)).status_code
        assert seen == (404 if actor == "outsider" else 200)


def test_a_question_without_a_source_has_no_such_page(example: None, client_for: ClientFor) -> None:
    place = ["ilcor-als", "mcs-after-rosc"]
    client = client_for("chair")
    found = {client.get(reverse(name, args=place)).status_code for name in ("source", "source_file")}
    key = get_question("mcs-after-rosc").framework.criteria[0].key
    found.add(client.post(reverse("choose_adolopment", args=[*place, key]), {}).status_code)
    assert found == {404}
    assert "What the source judged" not in client.get(reverse("question", args=place)).content.decode()


def test_the_document_says_what_became_of_each_judgement(sourced: Question, client_for: ClientFor) -> None:
    client = client_for("chair")
    send(client, sourced, choice="adapt", reason="Our costs & theirs")
    document = client.get(reverse("document_json", args=PLACE)).json()
    assert document["source"]["title"] == "Devices after arrest"
    assert document["source"]["sha256"] == hashlib.sha256(ORIGINAL).hexdigest()
    said = [one["adolopment"] for one in document["criteria"]]
    assert said[1:] == [None] * (len(said) - 1)
    assert {key: said[0][key] for key in ("choice", "reason", "differs")} == {
        "choice": "adapt",
        "reason": "Our costs & theirs",
        "differs": False,
    }
    printed = client.get(reverse("document", args=PLACE)).content.decode()
    assert f"The source judged: {said[0]['source'][0]}." in printed
    assert "Our costs &amp; theirs" in printed
    assert "Devices after arrest. Another body." in printed


def test_a_document_without_a_source_names_none(example: None, client_for: ClientFor) -> None:
    place = ["ilcor-als", "mcs-after-rosc"]
    document = client_for("chair").get(reverse("document_json", args=place)).json()
    assert document["source"] is None
    assert {one["adolopment"] for one in document["criteria"]} == {None}
    assert "Made from" not in client_for("chair").get(reverse("document", args=place)).content.decode()
