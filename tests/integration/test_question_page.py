"""The question page holds the whole document, in few queries, and shows each person what is theirs to do."""

from __future__ import annotations

import html
import re
from pathlib import Path

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import translation

from etd.actions import references
from etd.enums import QuestionStatus
from etd.models import User
from tests import factories as f
from tests.integration.conftest import ClientFor, get_question

QUESTION = "/guidelines/ilcor-als/mcs-after-rosc/"
UPDATE = "/guidelines/ilcor-als/mcs-after-rosc-update/"
VOTE = "/guidelines/ilcor-als/mcs-after-rosc-vote/"
SOURCE = Path(__file__).parents[2] / "fixtures" / "ilcor-mcs-after-rosc" / "source.txt"


def text_of(client: Client, address: str) -> str:
    """The page's text as a reader gets it: tags away, white space folded."""
    markup = client.get(address).content.decode()
    markup = re.sub(r"<(title|script|desc)\b.*?</\1>", " ", markup, flags=re.DOTALL)
    # Tags inside a sentence join; those between blocks part.
    markup = re.sub(r"</?(sup|em|strong|a|span)\b[^>]*>", "", markup)
    return fold(html.unescape(re.sub(r"<[^>]+>", " ", markup)))


def fold(text: str) -> str:
    return " ".join(text.replace("\u00a0", " ").split())


def test_every_sentence_of_the_document_is_on_the_page(client_for: ClientFor) -> None:
    page = text_of(client_for("observer"), QUESTION)
    paragraphs = [fold(line) for line in SOURCE.read_text(encoding="utf-8").splitlines()]
    sentences = [
        s for p in paragraphs for s in re.split(r"(?<=[a-z)]\.) (?=[A-Z])", p) if len(s.split()) >= 5
    ]
    options = [s.lstrip("○● ") for s in sentences]
    assert len(options) > 120
    # Headings that the document prints in capitals stand in small letters on the page.
    assert [s for s in options if s not in page and not (s.isupper() and s.lower() in page.lower())] == []


def test_copies_of_a_question_can_be_told_apart_by_the_titles_of_their_pages(client_for: ClientFor) -> None:
    client = client_for("observer")
    pages = [client.get(address).content.decode() for address in (QUESTION, UPDATE, VOTE)]
    assert len({re.findall(r"<title>.*?</title>", page)[0] for page in pages}) == 3
    (crumbs,) = re.findall(r'<nav class="crumbs".*?</nav>', pages[0], flags=re.DOTALL)
    assert html.escape(get_question().title) in crumbs


def test_every_figure_of_the_outcome_table_is_on_the_page(client_for: ClientFor) -> None:
    page = text_of(client_for("observer"), QUESTION)
    for row in (
        "11* 190/406 (47%) 171/410 (42%) 1.21 (0.91–1.60) 0.19 0%",
        "14 426/944 (45%) 385/931 (41%) 1.17 (0.97–1.42) 0.10 0%",
        "10* 188/376 (50%) 174/381 (46%) 1.21 (0.87–1.68) 0.25 11%",
        "10 427/871 (49%) 389/862 (45%) 1.18 (0.95–1.46) 0.11 8%",
        "3 93/280 (33%) 103/280 (37%) 0.85 (0.60–1.21) 0.37 0%",
        "2 110/268 (41%) 104/266 (39%) 1.09 (0.77–1.54) 0.64 0%",
    ):
        assert row.replace(") ", ") ") in re.sub(r"(favours MCS|Plot:)", "", page), row
    assert page.count("0 - - - - -") == 3


def test_both_ticks_of_resources_required_are_kept_and_flagged(client_for: ClientFor) -> None:
    page = text_of(client_for("observer"), QUESTION)
    assert "● Moderate costs (chosen) ● Negligible costs and savings (chosen)" in page
    assert "2 options are ticked where the framework takes one" in page


@pytest.mark.parametrize(
    ("actor", "address", "shown", "hidden"),
    [
        (
            "panel member",
            VOTE,
            ["Your judgement", "Save"],
            ["Edit the question", "Record the panel’s judgement"],
        ),
        (
            "chair",
            UPDATE,
            ["Edit the question", "Edit the texts", "Record the panel’s judgement"],
            ["Your judgement"],
        ),
        ("staff", UPDATE, ["Edit the recommendation"], ["Edit the question", "Record the panel’s judgement"]),
        ("observer", UPDATE, [], ["Edit the question", "Edit the recommendation", "Your judgement"]),
        ("observer", VOTE, ["Round 1 is open"], ["Your judgement"]),
        (
            "chair",
            QUESTION,
            ["Published"],
            ["Edit the question", "Edit the texts", "Edit the recommendation"],
        ),
    ],
)
def test_each_person_sees_what_is_theirs_to_do(
    actor: str, address: str, shown: list[str], hidden: list[str], client_for: ClientFor
) -> None:
    page = text_of(client_for(actor), address)
    assert [words for words in shown if words not in page] == []
    assert [words for words in hidden if words in page] == []


def test_what_is_kept_from_a_former_framework_is_led_to(client_for: ClientFor) -> None:
    client = client_for("observer")
    with CaptureQueriesContext(connection) as before:
        assert "former framework" not in text_of(client, UPDATE)
    f.kept_part(question=get_question())
    with CaptureQueriesContext(connection) as after:
        page = client.get(UPDATE).content.decode()
    assert f'<a class="kicker-link" href="{UPDATE}framework/#kept">Kept beside the question</a>' in page
    assert len(after) == len(before)
    assert 'id="kept"' in client.get(f"{UPDATE}framework/").content.decode()


def test_the_page_takes_few_queries_sign_in_included(client_for: ClientFor) -> None:
    client = client_for("panel member")
    client.get(VOTE)
    with CaptureQueriesContext(connection) as queries:
        client.get(VOTE)
    assert len(queries) <= 14, [q["sql"] for q in queries]


def test_more_outcomes_do_not_take_more_queries(client_for: ClientFor) -> None:
    client = client_for("chair")
    with CaptureQueriesContext(connection) as before:
        client.get(UPDATE)
    question = get_question()
    chair = User.objects.get(email="chair@example.org")
    for number in range(20, 24):
        references.add_reference(question=question, number=number, citation=f"Reference {number}", by=chair)
    with CaptureQueriesContext(connection) as after:
        assert "Reference 23" in client.get(UPDATE).content.decode()
    assert len(after) == len(before)


def test_a_comma_locale_changes_no_number(client_for: ClientFor) -> None:
    with translation.override("de"):
        page = client_for("observer").get(QUESTION, headers={"Accept-Language": "de"}).content.decode()
    assert re.findall(r'(?:x|y|x1|x2|width|height)="\d+,\d+"', page) == []
    assert "1.21 (0.91–1.60)" in page


def test_a_frozen_part_refuses_and_keeps_what_was_typed(client_for: ClientFor) -> None:
    answer = client_for("chair").post(
        f"{QUESTION}criteria/equity/texts/",
        {"revision": 2, "research_evidence": "My new text", "additional_considerations": ""},
    )
    assert answer.status_code == 409
    page = answer.content.decode()
    assert "It is published; a published version does not change." in html.unescape(page)
    assert "My new text" in page


def test_home_lists_only_my_guidelines_and_what_waits_for_me(client_for: ClientFor) -> None:
    page = text_of(client_for("panel member"), "/")
    assert "13 judgements left to give" in page
    assert "mcs-after-rosc-update" in page
    outsider = text_of(client_for("outsider"), "/")
    assert "You are not a member of any guideline yet" in outsider
    assert "ILCOR" not in outsider


def test_the_status_is_shown_in_words(client_for: ClientFor) -> None:
    page = text_of(client_for("observer"), QUESTION)
    assert page.index(QuestionStatus.PUBLISHED.label) < page.index("Population")
