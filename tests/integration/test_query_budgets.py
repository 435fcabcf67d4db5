"""Pages of a question with voting rounds take the same few queries, however many items, members and rounds."""

from __future__ import annotations

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from documents.assemble import assemble
from documents.published import content_sha256
from etd.enums import QuestionStatus, Role
from etd.models import OutcomeRow, Question, VotingRound
from etd.selectors.checks import located_findings
from tests import factories
from tests.integration.conftest import ClientFor, demo, get_question
from tests.integration.full_question import ALL, furnish, over

SLUG = "mcs-after-rosc-update"
QUESTION = f"/guidelines/ilcor-als/{SLUG}/"
CHAIR, PANEL = demo("chair"), demo("panel")


def queries_of(client_for: ClientFor, actor: str, address: str) -> list[str]:
    client = client_for(actor)
    client.get(address)
    with CaptureQueriesContext(connection) as queries:
        answer = client.get(address)
    assert answer.status_code == 200
    return [query["sql"] for query in queries]


PAGES = {
    "question": "",
    "criterion": "criteria/equity/",
    "rounds": "rounds/",
    "a round that is over": "rounds/1/",
    "open round": "rounds/{open}/",
    "opening the next": "rounds/new/",
    "agenda": "meeting/",
    "meeting": "meeting/equity/",
}
FOR_CHAIRS = {"opening the next"}

WORLDS = {"one item, two members": (["equity"], 0), "all items, eight members": (ALL, 6)}


@pytest.fixture(params=["panel member", "chair", "observer"])
def actor(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def counted(
    client_for: ClientFor, actor: str, item_keys: list[str], n_more: int, n_rounds: int
) -> dict[str, int]:
    """Name of the page to its number of queries, in a world that is gone afterwards."""
    point = transaction.savepoint()
    question = get_question(SLUG)
    more = [factories.panel_membership(guideline=question.guideline).user for _ in range(n_more)]
    over(question, item_keys, [CHAIR(), PANEL(), *more], n_rounds, CHAIR())
    found = {
        name: len(queries_of(client_for, actor, QUESTION + address.format(open=n_rounds + 1)))
        for name, address in PAGES.items()
        if actor == "chair" or name not in FOR_CHAIRS
    }
    transaction.savepoint_rollback(point)
    return found


def test_more_items_members_or_rounds_take_no_more_queries(client_for: ClientFor, actor: str) -> None:
    one, many = (counted(client_for, actor, *world, n_rounds=1) for world in WORLDS.values())
    assert many == one
    assert counted(client_for, actor, *WORLDS["all items, eight members"], n_rounds=3) == one


def test_with_two_rounds_behind_it_the_question_shows_what_the_last_one_found(
    client_for: ClientFor, actor: str
) -> None:
    over(get_question(SLUG), ALL, [CHAIR(), PANEL()], 2, CHAIR())
    queries = queries_of(client_for, actor, QUESTION)
    assert len(queries) <= MOST, queries
    page = client_for(actor).get(QUESTION).content.decode()
    assert page.count("Round 2: how the panel voted") == (0 if actor == "observer" else len(ALL))


def put_in_review(question: Question, n: int) -> None:
    """With everything in it, no finding that is open, and more approvals than it needs: it can be published."""
    furnish(question, n, CHAIR())
    over(question, ALL[-n:], [CHAIR(), PANEL()], 2 if n > 1 else 1, CHAIR())
    VotingRound.objects.filter(question=question, closed_at=None).update(
        closed_at=factories.NOW, closed_by=CHAIR()
    )
    Question.objects.filter(pk=question.pk).update(status=QuestionStatus.IN_REVIEW)
    question.refresh_from_db()
    for row in OutcomeRow.objects.filter(table__question=question)[:n]:
        factories.analysis(row=row)
    for finding in located_findings(question):
        factories.dismissed_finding(question=question, fingerprint=finding.fingerprint)
    content = content_sha256(assemble(question))
    for _ in range(n + 1):
        by = factories.panel_membership(guideline=question.guideline, role=Role.METHODOLOGIST).user
        factories.approval(question=question, content_sha256=content, approved_by=by)


def published_in(client_for: ClientFor, n: int) -> list[str]:
    """The queries of the publication page of a question that can be published, with `n` of everything in it."""
    point = transaction.savepoint()
    put_in_review(get_question(SLUG), n)
    queries = queries_of(client_for, "staff", f"{QUESTION}publication/")
    page = client_for("staff").get(f"{QUESTION}publication/").content.decode()
    assert f"Publish version {n + 1}</button>" in page
    transaction.savepoint_rollback(point)
    return queries


def test_the_publication_page_takes_as_many_for_one_of_everything_as_for_many(client_for: ClientFor) -> None:
    one, many = (published_in(client_for, n) for n in (1, 5))
    assert len(one) == len(many) == MOST_TO_PUBLISH, many


MOST = 14
MOST_TO_PUBLISH = 26
ROLES = ("chair", "methodologist", "panel member", "staff", "observer")


def in_every_status(client_for: ClientFor, n: int) -> dict[tuple[str, str], list[str]]:
    """Status and role to the queries of the question's page, with `n` of everything in it; gone afterwards."""
    point = transaction.savepoint()
    question = get_question(SLUG)
    furnish(question, n, CHAIR())
    over(question, ALL[-n:], [CHAIR(), PANEL()], 2 if n > 1 else 1, CHAIR())
    clients = {role: client_for(role) for role in ROLES}
    found: dict[tuple[str, str], list[str]] = {}
    for status in (QuestionStatus.VOTING, *QuestionStatus.values):
        Question.objects.filter(pk=question.pk).update(status=status)
        if status != QuestionStatus.VOTING:
            VotingRound.objects.filter(question=question, closed_at=None).update(
                closed_at=factories.NOW, closed_by=CHAIR()
            )
        for role, client in clients.items():
            with CaptureQueriesContext(connection) as queries:
                page = client.get(QUESTION).content.decode()
            assert "Evidence changed since" in page, (status, role)
            found.setdefault((str(status), role), [query["sql"] for query in queries])
    transaction.savepoint_rollback(point)
    return found


def test_with_everything_in_it_the_question_takes_fourteen_for_everybody_in_every_status(
    client_for: ClientFor,
) -> None:
    """Sign-in included, and no more with many of everything than with one."""
    one, many = (in_every_status(client_for, n) for n in (1, 5))
    assert {place: sql for place, sql in many.items() if len(sql) > MOST} == {}
    assert len(many["voting", "chair"]) == MOST
    assert {place: len(sql) for place, sql in many.items()} == {place: len(sql) for place, sql in one.items()}
