"""Every address by every actor, and what no address ever does."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any
from unittest import mock
from urllib.parse import urlencode

import pytest
from axes.models import AccessAttempt
from django.conf import settings
from django.db import DatabaseError, InterfaceError, OperationalError, connection, reset_queries
from django.db.models import F
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import resolve, reverse

from etd import permissions
from etd.actions import rounds
from etd.enums import ConflictLevel, Role
from etd.models import Ballot, PanelMembership, User, Vote, VotingRound
from etd.views import voting
from tests import factories
from tests.integration.conftest import MEMBERS, STRANGERS, ClientFor, demo, get_question
from tests.integration.everything import Site, every_pattern, site
from tests.matrix import (
    ADDRESSES,
    OF_A_BOOK,
    OF_A_MEMBER,
    OF_A_SOURCE,
    OF_A_SUMMARY_ROW,
    OF_AN_IMPORT,
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


@pytest.mark.parametrize(
    "address", [one for one in ADDRESSES if one.roles < frozenset(MEMBERS)], ids=lambda a: a.name
)
def test_a_control_a_view_that_asks_nobody_for_a_role_is_found(
    address: Address, client_for: ClientFor, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused = sorted(frozenset(MEMBERS) - address.roles)[0]
    verb = "POST" if "POST" in address.verbs else "GET"
    monkeypatch.setattr(permissions, "require_permission", lambda access, permission: None)
    client = client_for(refused)
    client.raise_request_exception = False  # a page that is made for other roles may fail, but refuses nobody
    assert ask(client, verb, path(address)).status_code != expected(address, refused, verb)


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


def test_every_address_is_in_the_matrix() -> None:
    listed = (
        {address.name for address in ADDRESSES}
        | OF_AN_UPLOAD_OR_A_ROW
        | OF_AN_OUTCOME
        | OF_A_BOOK
        | OF_AN_IMPORT
        | OF_A_SOURCE
        | OF_A_SUMMARY_ROW
        | OF_A_MEMBER
        | set(OUTSIDE_A_QUESTION)
    )
    assert {pattern.name for pattern in every_pattern()} == listed


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


@pytest.mark.parametrize(("is_usable", "status"), [(False, 503), (True, 500)])
def test_a_connection_that_ends_amid_an_answer_is_no_error_of_the_site(
    client_for: ClientFor, is_usable: bool, status: int
) -> None:
    """psycopg2 raises a bare DatabaseError then, as Django does where no database is away."""
    client = client_for("panel member")
    client.raise_request_exception = False
    vote = reverse("cast_vote", args=["ilcor-als", "mcs-after-rosc-vote", "equity"])
    with (
        mock.patch("etd.views.voting.VoteForm.for_item", side_effect=DatabaseError),
        mock.patch("etd.installation.database_away.connection.is_usable", return_value=is_usable),
    ):
        answer = client.post(vote, {"options": "low", "comment": "My words", "revision": "0"})
    assert (answer.status_code, "My words" in answer.content.decode()) == (status, status == 503)


def test_a_database_that_fails_outside_every_view_is_no_error_of_the_site(client_for: ClientFor) -> None:
    """Sessions are saved, and “not found” is shown, when no view is at work any more."""
    client = client_for("panel member")
    client.raise_request_exception = False
    full = OperationalError("database or disk is full")
    vote = reverse("cast_vote", args=["ilcor-als", "mcs-after-rosc-vote", "equity"])
    with mock.patch(
        "django.contrib.sessions.middleware.SessionMiddleware.process_response", side_effect=full
    ):
        unsaved = client.post(vote, {"options": "low", "comment": "My words", "revision": "0"})
    page = unsaved.content.decode()
    assert (unsaved.status_code, "Not saved" in page, "My words" in page) == (503, True, True)
    with mock.patch("django.contrib.sessions.backends.db.SessionStore.load", side_effect=full):
        unseen = client.get("/no-such-page/")
    assert (unseen.status_code, "This page cannot be shown" in unseen.content.decode()) == (503, True)
    with mock.patch("etd.views.voting.VoteForm.for_item", side_effect=ValueError):
        broken = client.post(vote, {"comment": "My words"})
    assert broken.status_code == 500


@pytest.mark.parametrize("error", [OperationalError("disk is full"), InterfaceError("connection closed")])
def test_a_session_that_cannot_be_saved_is_no_bad_request_and_stays(
    client_for: ClientFor, settings: Any, error: Exception
) -> None:
    settings.SESSION_SAVE_EVERY_REQUEST = True
    client = client_for("panel member")
    client.raise_request_exception = False
    key = client.cookies[settings.SESSION_COOKIE_NAME].value
    vote = reverse("cast_vote", args=["ilcor-als", "mcs-after-rosc-vote", "equity"])
    with mock.patch("django.contrib.sessions.models.Session.save", side_effect=error):
        unsaved = client.post(vote, {"options": "low", "comment": "My words", "revision": "0"})
    page = unsaved.content.decode()
    assert (unsaved.status_code, unsaved["Retry-After"], "My words" in page) == (503, "5", True)
    assert client.get("/").status_code == 200
    assert client.cookies[settings.SESSION_COOKIE_NAME].value == key
    with mock.patch("django.contrib.sessions.models.Session.save", side_effect=DatabaseError("no such row")):
        assert client.get("/").status_code == 400


# --- Every address there is: no form without its token, no form from elsewhere, no page that writes


def every_path() -> dict[str, str]:
    """An address for each pattern; what it names need not be there, for the token is asked for first."""
    values = {"int": 1, "slug": "x", "str": "x", "uuid": "1f0c1f0e-0000-4000-8000-000000000000"}
    found = {}
    for pattern in every_pattern():
        kinds = {
            name: type(converter).__name__.removesuffix("Converter").lower().replace("string", "str")
            for name, converter in pattern.pattern.converters.items()
        }
        path = reverse(pattern.name, kwargs={name: values[kind] for name, kind in kinds.items()})
        found[path] = str(pattern.name)
    return found | {"/admin/etd/user/add/": "admin"}


def is_refused_for_its_token(answer: HttpResponse) -> bool:
    return answer.status_code == 403 and "403_csrf.html" in {one.name for one in answer.templates}  # type: ignore[attr-defined]


def taken(client_for: ClientFor, **headers: str) -> set[str]:
    """The addresses that take a POST, PUT, PATCH or DELETE of a signed-in person, sent like this."""
    found = set()
    for path, name in every_path().items():
        client = client_for("chair")
        client.handler.enforce_csrf_checks = True
        form = {}
        if headers:
            form["csrfmiddlewaretoken"] = token_of(client)
        for verb in ("post", "put", "patch", "delete"):
            sent = form if verb == "post" else urlencode(form)
            more = headers | ({"HTTP_X_CSRFTOKEN": form["csrfmiddlewaretoken"]} if form else {})
            answer = getattr(client, verb)(path, sent, **more)
            # Probes are answered before the token is asked for, and take no form at all.
            if not is_refused_for_its_token(answer) and answer.status_code != 405:
                found.add(name)
    return found


def token_of(client: Client) -> str:
    matched = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', client.get("/").content.decode())
    assert matched is not None
    return matched.group(1)


def test_no_address_takes_a_form_without_its_token(
    client_for: ClientFor, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert taken(client_for) == set()
    monkeypatch.setattr(voting.cast_vote, "csrf_exempt", True, raising=False)
    assert taken(client_for) == {"cast_vote"}


def test_no_address_takes_a_form_from_elsewhere(client_for: ClientFor) -> None:
    assert taken(client_for, HTTP_ORIGIN="https://elsewhere.example") == set()
    own = taken(client_for, HTTP_ORIGIN="http://testserver")
    assert own >= {"cast_vote", "close_round", "upload", "change_password", "admin"}


def writing(found: Site) -> tuple[set[str], set[str]]:
    """The names of the addresses that were read, and of those that wrote while they were; sessions apart."""
    read: set[str] = set()
    wrote: set[str] = set()
    for actor in ("chair", "methodologist"):
        for user in found.users(actor):
            client = Client()
            client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
            for path in found.paths:
                name = "" if "no-such" in path else str(resolve(path.partition("?")[0]).url_name)
                reset_queries()  # the log of all addresses together is longer than it may be
                with CaptureQueriesContext(connection) as queries:
                    client.get(path)
                statements = [query["sql"].lstrip('"').upper() for query in queries]
                read.add(name)
                if any(
                    sql.startswith(("INSERT", "UPDATE", "DELETE", "REPLACE")) and "DJANGO_SESSION" not in sql
                    for sql in statements
                ):
                    wrote.add(name)
    return read, wrote


def test_no_address_writes_when_it_is_read(db: None) -> None:
    found = site()
    read, wrote = writing(found)
    assert wrote == set()
    # The links of letters, and a key that is drawn anew: tests of their own read those. For an address with a new
    # parameter, give tests/integration/everything.py a value of it.
    missing = {str(pattern.name) for pattern in every_pattern()} - read
    assert missing <= {"invitation", "reset_password", "set_up_codes", "sign_in_code"}


def test_a_page_that_writes_is_caught(db: None) -> None:
    found = site()
    found.paths = [path for path in found.paths if path.endswith("/history/")]

    def render(request: HttpRequest, *arguments: Any, **options: Any) -> HttpResponse:
        User.objects.filter(email=getattr(request.user, "email", "")).update(name="Seen")
        return HttpResponse("Read.")

    with mock.patch("etd.views.history.render", render):
        assert writing(found)[1] == {"history"}


# --- The other actors: somebody recused, somebody whose role has just changed; and rounds that are over


@pytest.mark.parametrize("address", ADDRESSES, ids=lambda a: a.name)
def test_a_recused_member_may_read_and_may_not_vote(address: Address, client_for: ClientFor) -> None:
    """Their role stays: pages answer as to any panel member, and what they vote is refused for want of a ballot."""
    question, panel = get_question(address.question), demo("panel")()
    Ballot.objects.filter(member=panel).update(voided_at=factories.NOW, voided_by=demo("chair")())
    factories.recusal(question=question, user=panel, level=ConflictLevel.NO_VOTE)
    client = client_for("panel member")
    found = {verb: ask(client, verb, path(address)).status_code for verb in VERBS}
    assert found == {verb: expected(address, "panel member", verb) for verb in VERBS}
    if address.name == "cast_vote":
        given = {"options": "moderate_costs", "comment": "My words", "revision": "0"}
        answer = client.post(path(address), given)
        assert (answer.status_code, "My words" in answer.content.decode()) == (409, True)
        assert not Vote.objects.filter(ballot__member=panel, comment="My words").exists()


@pytest.mark.parametrize("address", ADDRESSES, ids=lambda a: a.name)
def test_a_chair_until_a_moment_ago_may_do_what_the_new_role_may(
    address: Address, client_for: ClientFor
) -> None:
    client = client_for("chair")
    client.get(path(ADDRESSES[0]))
    PanelMembership.objects.filter(user=demo("chair")()).update(role=Role.OBSERVER)
    found = {verb: ask(client, verb, path(address)).status_code for verb in VERBS}
    assert found == {verb: expected(address, "observer", verb) for verb in VERBS}


# The status of an empty form, and of a filled one, about a round that is over.
AFTER_THE_CLOSE = {
    "cast_vote": 409,
    "extend_round": 409,
    "close_round": 302,
    "void_ballot": 409,
    "add_note": 302,
    "round": 405,
}


@pytest.mark.parametrize("name", sorted(AFTER_THE_CLOSE))
def test_a_round_that_is_over_takes_no_vote_and_changes_no_count(name: str, client_for: ClientFor) -> None:
    address = next(one for one in ADDRESSES if one.name == name)
    voting_round = VotingRound.objects.filter(question__slug=address.question).latest("number")
    rounds.close_round(voting_round=voting_round, by=demo("chair")())
    counted = VotingRound.objects.get(pk=voting_round.pk).tally_digest
    sent = {
        "options": "moderate_costs",
        "comment": "Late",
        "text": "Late",
        "revision": "0",
        "closes_at": "2099-01-01T10:00",
        "ballot": str(voting_round.ballots.earliest("pk").pk),
        "reason": "Late",
    }
    for actor in MEMBERS:
        status = client_for(actor).post(path(address), sent).status_code
        allowed = actor in address.roles or name == "round"
        assert (actor, status) == (actor, AFTER_THE_CLOSE[name] if allowed else 403)
    assert not Vote.objects.filter(comment="Late").exists()
    assert VotingRound.objects.get(pk=voting_round.pk).tally_digest == counted
    assert voting_round.ballots.filter(void_reason="Late").count() == 0


# --- Guessing passwords: ten an account, then a quarter of an hour for everybody; whoever waits gets in


def pass_minutes(minutes: int) -> None:
    AccessAttempt.objects.update(attempt_time=F("attempt_time") - timedelta(minutes=minutes))


def test_an_hour_of_guesses_and_the_owner_is_out_a_quarter_of_an_hour_at_most(example: None) -> None:
    looked_at = 0
    for _ in range(60):
        answers = [guess("panel@example.org").status_code for _ in range(3)]
        looked_at += answers.count(200)
        pass_minutes(1)
    assert settings.AXES_FAILURE_LIMIT < looked_at <= 100
    pass_minutes(15)
    assert guess("panel@example.org", "demo-panel-2026").status_code == 302


def guess(email: str, password: str = "wrong-password-1") -> HttpResponse:  # noqa: S107 -- a wrong one
    answer: HttpResponse = Client().post("/sign-in/", {"username": email, "password": password})  # type: ignore[assignment]
    return answer


def test_a_lock_says_the_same_of_an_account_that_is_none(example: None) -> None:
    def told(email: str) -> list[tuple[int, str]]:
        answers = [guess(email) for _ in range(settings.AXES_FAILURE_LIMIT + 2)]
        return [(one.status_code, body(one).replace(email, "")) for one in answers]

    known, unknown = told("panel@example.org"), told("nobody@example.org")
    assert known == unknown
    assert {status for status, _ in known} == {200, 429}
