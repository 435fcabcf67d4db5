"""Every address by every actor, and what no address ever does."""

from __future__ import annotations

import re
from collections.abc import Iterator
from unittest import mock

import pytest
from django.db import InterfaceError, OperationalError, connection
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from tests.integration.conftest import MEMBERS, STRANGERS, ClientFor
from tests.matrix import (
    ADDRESSES,
    OF_A_MEMBER,
    OF_A_SUMMARY_ROW,
    OF_AN_OUTCOME,
    OF_AN_UPLOAD_OR_A_ROW,
    OUTSIDE_A_QUESTION,
    Address,
)

VERBS = ("GET", "POST", "PUT", "DELETE")


def path(address: Address, **replaced: str) -> str:
    place = {"guideline": "ilcor-als", "question": address.question} | address.kwargs | replaced
    if address.of_guideline:
        del place["question"]
    return reverse(address.name, kwargs=place)


def body(response: HttpResponse) -> str:
    """The answer without the token of its sign-out form, which is new each time."""
    return re.sub(r'name="csrfmiddlewaretoken" value="\w+"', "", response.content.decode())


def ask(client: Client, verb: str, target: str) -> HttpResponse:
    answer: HttpResponse = client.generic(verb, target)  # type: ignore[assignment]
    return answer


def expected(address: Address, actor: str, verb: str) -> int:
    if verb not in address.verbs:
        return 405
    if actor not in address.roles:
        return 403
    return 200 if verb == "GET" else address.empty_post


@pytest.mark.parametrize("address", ADDRESSES, ids=lambda a: a.name)
def test_each_role_is_let_in_or_refused(address: Address, client_for: ClientFor) -> None:
    found = {
        (actor, verb): ask(client_for(actor), verb, path(address)).status_code
        for actor in MEMBERS
        for verb in VERBS
    }
    assert found == {(actor, verb): expected(address, actor, verb) for actor in MEMBERS for verb in VERBS}


@pytest.mark.parametrize("address", ADDRESSES, ids=lambda a: a.name)
def test_a_stranger_cannot_tell_a_question_from_nothing(address: Address, client_for: ClientFor) -> None:
    for actor in STRANGERS:
        client = client_for(actor)
        for verb in address.verbs:
            here = ask(client, verb, path(address))
            nowhere = ask(client, verb, path(address, question="no-such-question"))
            elsewhere = ask(client, verb, path(address, guideline="no-such-guideline"))
            assert (here.status_code, nowhere.status_code, elsewhere.status_code) == (404, 404, 404), (
                actor,
                verb,
            )
            assert body(here) == body(nowhere) == body(elsewhere)


@pytest.mark.parametrize("address", ADDRESSES, ids=lambda a: a.name)
def test_without_sign_in_nothing_is_shown_or_taken(address: Address, client_for: ClientFor) -> None:
    client = client_for("anonymous")
    if "GET" in address.verbs:
        answer = client.get(path(address))
        assert answer.status_code == 302
        assert answer["Location"].startswith(reverse("sign_in"))
    if "POST" in address.verbs:
        answer = client.post(path(address), {"comment": "Typed for an hour & <more>"})
        assert answer.status_code == 403
        assert "Typed for an hour &amp; &lt;more&gt;" in answer.content.decode()


@pytest.mark.parametrize("address", ADDRESSES, ids=lambda a: a.name)
def test_reading_never_writes(address: Address, client_for: ClientFor) -> None:
    client = client_for(sorted(address.roles)[0])
    with CaptureQueriesContext(connection) as queries:
        client.get(path(address))
    writes = ("INSERT", "UPDATE", "DELETE", "REPLACE")
    assert [q["sql"] for q in queries if q["sql"].lstrip('"').upper().startswith(writes)] == []


def patterns(resolver: URLResolver) -> Iterator[URLPattern]:
    for pattern in resolver.url_patterns:
        if isinstance(pattern, URLResolver):
            if pattern.namespace != "admin":
                yield from patterns(pattern)
        else:
            yield pattern


def test_every_address_is_in_the_matrix() -> None:
    listed = (
        {address.name for address in ADDRESSES}
        | OF_AN_UPLOAD_OR_A_ROW
        | OF_AN_OUTCOME
        | OF_A_SUMMARY_ROW
        | OF_A_MEMBER
        | set(OUTSIDE_A_QUESTION)
    )
    assert {pattern.name for pattern in patterns(get_resolver())} == listed


def test_a_form_without_its_token_is_refused_and_shown_again(client_for: ClientFor) -> None:
    client = client_for("chair")
    client.handler.enforce_csrf_checks = True
    for address in ADDRESSES:
        if "POST" in address.verbs:
            answer = client.post(path(address), {"comment": "My words"})
            assert (address.name, answer.status_code) == (address.name, 403)
            assert "My words" in answer.content.decode()


def test_private_pages_are_kept_by_no_cache_and_run_nothing_inline(client_for: ClientFor) -> None:
    answer = client_for("chair").get(path(ADDRESSES[0]))
    assert answer["Cache-Control"] == "no-store"
    ended = client_for("anonymous").post(f"{path(ADDRESSES[0])}edit/", {"setting": "My words"})
    assert "My words" in ended.content.decode()
    assert ended["Cache-Control"] == "no-store"
    policy = dict(part.strip().split(" ", 1) for part in answer["Content-Security-Policy"].split(";"))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == "'self'"
    assert "unsafe" not in answer["Content-Security-Policy"]
    assert answer["X-Content-Type-Options"] == "nosniff"


def test_an_address_that_only_takes_forms_says_so_on_a_page(client_for: ClientFor) -> None:
    answer = client_for("panel member").get(reverse("sign_out"))
    assert answer.status_code == 405
    assert answer["Allow"] == "POST, OPTIONS"
    assert "This address is not a page" in answer.content.decode()


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (OperationalError("database is locked"), "Not saved: the database is busy"),
        (InterfaceError("connection already closed"), "Perhaps not saved: the database was cut off"),
    ],
)
def test_whether_it_was_saved_is_said_only_where_it_is_known(
    error: Exception, words: str, client_for: ClientFor
) -> None:
    typed = {"options": "low", "comment": "My words", "revision": "0"}
    with mock.patch("etd.views.voting.VoteForm.for_item", side_effect=error):
        target = reverse("cast_vote", args=["ilcor-als", "mcs-after-rosc-vote", "equity"])
        answer = client_for("panel member").post(target, typed)
    page = answer.content.decode()
    assert (answer.status_code, words in page, "My words" in page) == (503, True, True)
