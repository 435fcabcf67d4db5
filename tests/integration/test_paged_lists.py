"""Lists of questions and of events come a page at a time, at the same cost however long they are."""

from __future__ import annotations

import re

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from etd.models import AuditEvent, Question
from metaanalysis.models import DataUpload
from tests import factories
from tests.integration.conftest import ClientFor, demo, get_question

GUIDELINE = "/guidelines/ilcor-als/"
CHAIR = demo("chair")


def more_questions(n: int) -> None:
    guideline = get_question().guideline
    for number in range(n):
        factories.question(guideline=guideline, slug=f"more-{number}", title=f"Question {number}?")


def listed(client: Client, address: str) -> list[str]:
    return re.findall(
        r'class="question-line" href="/guidelines/ilcor-als/([^/]+)/"', client.get(address).content.decode()
    )


def n_queries(client: Client, address: str) -> int:
    with CaptureQueriesContext(connection) as found:
        client.get(address)
    return len(found)


def test_a_guideline_lists_twenty_questions_a_page_and_all_of_them_in_turn(client_for: ClientFor) -> None:
    chair = client_for("chair")
    before = n_queries(chair, GUIDELINE), n_queries(chair, "/")
    more_questions(40)
    first, second, third = (listed(chair, f"{GUIDELINE}?page={number}") for number in (1, 2, 3))
    assert [len(one) for one in (first, second, third)] == [20, 20, 3]
    assert len({*first, *second, *third}) == Question.objects.count() == 43
    page = chair.get(f"{GUIDELINE}?page=2").content.decode()
    assert "Questions 21–40 of 43" in page
    assert re.findall(r'rel="(prev|next)" href="([^"]*)"', page) == [("prev", "?page=1"), ("next", "?page=3")]
    assert (n_queries(chair, GUIDELINE), n_queries(chair, "/")) == before


def test_my_questions_lead_on_to_the_others(client_for: ClientFor) -> None:
    chair = client_for("chair")
    assert "?page=2" not in chair.get("/").content.decode()
    more_questions(30)
    page = chair.get("/").content.decode()
    assert len(listed(chair, "/")) == 20
    assert f'href="{GUIDELINE}?page=2"' in page
    assert "1–20 of 33 are shown here" in page


def test_what_waits_for_me_is_there_wherever_its_question_stands_in_the_list(client_for: ClientFor) -> None:
    more_questions(30)
    last = factories.draft_question(
        guideline=get_question().guideline, slug="last", title="The last?", status="voting"
    )
    factories.ballot(round=factories.voting_round(question=last), member=CHAIR())
    chair = client_for("chair")
    page = chair.get("/").content.decode()
    assert "last" not in listed(chair, "/")
    assert re.search(r'class="task" href="/guidelines/ilcor-als/last/"', page)


def test_the_history_comes_twenty_events_a_page(client_for: ClientFor) -> None:
    question = get_question()
    last = AuditEvent.objects.filter(guideline="ilcor-als").latest("seq").seq
    for number in range(1, 61):
        factories.audit_event(
            chain="ilcor-als",
            seq=last + number,
            guideline="ilcor-als",
            question=question.slug,
            type="question_edited",
            actor_name=f"Editor {number}",
        )
    chair = client_for("chair")
    address = f"{GUIDELINE}{question.slug}/history/"
    seen = [
        re.findall(r"<strong>Editor (\d+)</strong>", chair.get(f"{address}?page={number}").content.decode())
        for number in (1, 2, 3)
    ]
    assert [one for page in seen for one in page] == [str(number) for number in range(60, 0, -1)]
    assert len(seen[0]) == len(seen[1]) == 20
    kind = re.search(r'href="\?kind=(\w+)"', chair.get(address).content.decode())
    assert kind is not None
    assert "<h1" in chair.get(f"{address}?kind={kind[1]}&page=2").content.decode()


def test_the_checks_of_a_guideline_come_twenty_questions_a_page_and_all_in_turn(
    client_for: ClientFor,
) -> None:
    for number in range(20):
        factories.draft_question(guideline=get_question().guideline, slug=f"more-{number}")
    chair = client_for("chair")
    address = f"{GUIDELINE}checks/"
    pages = [chair.get(f"{address}?page={number}").content.decode() for number in (1, 2)]
    listed_here = [
        re.findall(r'class="question-title" href="/guidelines/ilcor-als/([^/]+)/checks/"', page)
        for page in pages
    ]
    assert [len(one) for one in listed_here] == [20, 3]
    assert {*listed_here[0], *listed_here[1]} == set(Question.objects.values_list("slug", flat=True))
    assert "Questions 21–23 of 23" in pages[1]
    assert 'rel="next" href="?page=2"' in pages[0]


def test_the_files_of_a_question_come_twenty_a_page_the_newest_first(client_for: ClientFor) -> None:
    question = get_question()
    DataUpload.objects.filter(question=question).delete()
    chair = client_for("chair")
    address = f"{GUIDELINE}{question.slug}/evidence/"
    factories.data_upload(question=question, filename="file-1.csv")
    before = n_queries(chair, address)
    for number in range(2, 46):
        factories.data_upload(question=question, filename=f"file-{number}.csv")
    pages = [chair.get(f"{address}?page={number}").content.decode() for number in (1, 2, 3)]
    seen = [re.findall(r'class="file-name">file-(\d+)\.csv', page) for page in pages]
    assert [one for page in seen for one in page] == [str(number) for number in range(45, 0, -1)]
    assert [len(one) for one in seen] == [20, 20, 5]
    assert "Files 21–40 of 45" in pages[1]
    assert 'rel="next" href="?page=3#files-heading"' in pages[1]
    assert n_queries(chair, address) == before
