"""The question's page and a vote against a page that says “not found”, through the whole site."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from uuid import uuid4

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from etd.models import Question, User
from tests.bench.measure import line, side_by_side
from tests.integration.full_question import ALL, furnish, over

ROUNDS = 15
FULL = "/guidelines/ilcor-als/mcs-after-rosc-update/"
VOTE = "/guidelines/ilcor-als/mcs-after-rosc-vote/"
PEER = "a page that says “not found”"


def signed_in(name: str) -> Client:
    client = Client()
    client.force_login(
        User.objects.get(email=f"{name}@example.org"), "django.contrib.auth.backends.ModelBackend"
    )
    return client


def votes(client: Client) -> Callable[[], None]:
    """Saves another reason each time."""
    versions = count()

    def vote() -> None:
        version = next(versions)
        data = {"revision": version, "op": uuid4(), "options": ["reduced"], "comment": f"Reason {version}"}
        answer = client.post(f"{VOTE}votes/equity/", data, headers={"HX-Request": "true"})
        assert answer.status_code == 200, answer.content

    return vote


def pages() -> None:
    chair, panel = (User.objects.get(email=f"{name}@example.org") for name in ("chair", "panel"))
    clients = {name: signed_in(name) for name in ("panel", "chair")}
    works: dict[str, Callable[[], object]] = {
        "trivial": lambda: clients["panel"].get("/no-such-page/"),
        "vote": votes(clients["panel"]),
    }
    works |= {f"{name}, as it comes": page_of(client, VOTE) for name, client in clients.items()}
    question = Question.objects.get(slug="mcs-after-rosc-update")
    furnish(question, 5, chair)
    over(question, ALL, [chair, panel], 2, chair)
    works |= {f"{name}, five of everything in it": page_of(client, FULL) for name, client in clients.items()}
    median = side_by_side(ROUNDS, **works)
    for name, client in clients.items():
        for what in ("as it comes", "five of everything in it"):
            n = n_queries(client, VOTE if what == "as it comes" else FULL)
            page = f"the question page with an open round, {name}, {what}, {n} queries"
            line(page, median[f"{name}, {what}"], PEER, median["trivial"])
    line("saving a judgement", median["vote"], PEER, median["trivial"])


def page_of(client: Client, address: str) -> Callable[[], object]:
    return lambda: client.get(address)


def n_queries(client: Client, address: str) -> int:
    with CaptureQueriesContext(connection) as found:
        client.get(address)
    return len(found)
