"""Pages of a question with voting rounds take the same few queries, however many items, members and rounds."""

from __future__ import annotations

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from etd.actions import discussion, questions, rounds, voting
from etd.enums import RECOMMENDATION_TYPE_ITEM, QuestionStatus
from etd.models import Question, User, VotingRound
from tests import factories
from tests.integration.conftest import ClientFor, demo, get_question

SLUG = "mcs-after-rosc-update"
QUESTION = f"/guidelines/ilcor-als/{SLUG}/"
CHAIR, PANEL = demo("chair"), demo("panel")
TYPES = factories.FRAMEWORK.recommendation_types


def option(item_key: str, number: int) -> str:
    if item_key == RECOMMENDATION_TYPE_ITEM:
        return TYPES[number % len(TYPES)].key
    options = factories.FRAMEWORK.criterion(item_key).options
    return options[number % len(options)].key


def vote_all(question: Question, opened: VotingRound, voters: list[User]) -> None:
    """Everybody votes on every item, each for another option, and says why."""
    for number, voter in enumerate(voters):
        for item_key in opened.item_keys:
            voting.cast_vote(
                question=question,
                item_key=item_key,
                option_keys=[option(item_key, number)],
                comment=f"Because {number}",
                version=0,
                by=voter,
            )


def over(question: Question, item_keys: list[str], voters: list[User], n_rounds: int) -> None:
    """So many rounds over these items that are closed, discussed, and one more that is open."""
    questions.change_status(question=question, status=QuestionStatus.VOTING, by=CHAIR())
    for _ in range(n_rounds):
        opened = rounds.open_round(question=question, item_keys=item_keys, by=CHAIR())
        vote_all(question, opened, voters)
        rounds.close_round(voting_round=opened, by=CHAIR())
        for item_key in item_keys:
            discussion.add_discussion_note(
                voting_round=opened, item_key=item_key, text="After this round.", by=CHAIR()
            )
    opened = rounds.open_round(question=question, item_keys=item_keys, by=CHAIR())
    vote_all(question, opened, voters)


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
ALL = [*(c.key for c in factories.FRAMEWORK.criteria), RECOMMENDATION_TYPE_ITEM]


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
    over(question, item_keys, [CHAIR(), PANEL(), *more], n_rounds)
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


# Whoever sees the marks of the checks pays for them, and nobody else.
MOST = {"panel member": 14, "chair": 22, "observer": 14}


def test_with_two_rounds_behind_it_the_question_takes_fourteen_queries(
    client_for: ClientFor, actor: str
) -> None:
    """Sign-in included, with what the round before found beside each vote; eight more with the marks of the checks."""
    over(get_question(SLUG), ALL, [CHAIR(), PANEL()], 2)
    queries = queries_of(client_for, actor, QUESTION)
    assert len(queries) <= MOST[actor], queries
    page = client_for(actor).get(QUESTION).content.decode()
    assert page.count("Round 2: how the panel voted") == (0 if actor == "observer" else len(ALL))
