"""Applications that are wrong on purpose, for the controls: each must be caught by the scenario that it belongs to.

gunicorn starts one as `tests.reliability.unsafe:naive()`. Nothing of the application itself can switch these on.
"""

from __future__ import annotations

import tempfile
import threading
import time
from functools import cache
from typing import Any
from unittest import mock

from django.core.handlers.wsgi import WSGIHandler

# Between reading and writing, or between the answer and the write: wide enough for two requests to meet in.
GAP = 0.05
LATE = 0.5
LEAK_BYTES = 1_000_000


def made() -> WSGIHandler:
    """The application as it ships. Nothing of Django's may be imported before it is made."""
    from config.wsgi import application

    return application


def naive() -> WSGIHandler:
    """Reads, checks and saves without a lock or a transaction, and knows no repeated request."""
    application = made()
    from etd.actions import audit, voting
    from etd.actions.errors import Refused, StaleEdit
    from etd.models import Ballot, Vote, VotingRound
    from etd.votes import commitment, vote_content

    def cast_vote(
        *, question: Any, item_key: str, version: int, by: Any, op: Any = None, **content: Any
    ) -> Any:
        voting_round = VotingRound.objects.filter(question=question).latest("number")
        if voting_round.closed_at is not None:
            raise Refused("The round has closed.")
        ballot = Ballot.objects.get(round=voting_round, member=by)
        found = Vote.objects.filter(ballot=ballot, item_key=item_key).first()
        vote = found or Vote(ballot=ballot, item_key=item_key, version=0)
        if vote.version != version:
            raise StaleEdit(vote_content(vote), vote.version)
        time.sleep(GAP)
        vote.option_keys, vote.comment = content["option_keys"], content["comment"]
        vote.nonce = str(op)
        vote.commitment, vote.cast_at, vote.version = commitment(vote), voting_round.opened_at, version + 1
        vote.save()
        audit.record(
            type="vote_cast",
            subject=f"Round {voting_round.number}, {item_key}",
            after={"commitment": vote.commitment},
            at=vote.cast_at,
            by=by,
            question=question,
            op=op,
        )
        return vote

    mock.patch.object(voting, "cast_vote", cast_vote).start()
    return application


def unlocked() -> WSGIHandler:
    """Locks no row and opens no transaction; between reading a vote and saving it, others get their turn."""
    application = made()
    from contextlib import ContextDecorator

    from django.db import transaction
    from django.db.models.query import QuerySet

    from etd.models import Vote

    class Nothing(ContextDecorator):
        def __enter__(self) -> None: ...

        def __exit__(self, *raised: object) -> None: ...

    def save(vote: Vote, *arguments: Any, **options: Any) -> None:
        time.sleep(GAP)
        keep(vote, *arguments, **options)

    keep = Vote.save
    mock.patch.object(transaction, "atomic", return_value=Nothing()).start()
    mock.patch.object(QuerySet, "select_for_update", lambda rows, **options: rows.all()).start()
    mock.patch.object(Vote, "save", save).start()
    return application


def late() -> WSGIHandler:
    """Answers “saved” first and saves a moment later."""
    application = made()
    from django.db import connection
    from django.utils import timezone

    from etd.actions import voting
    from etd.models import Vote

    safe = voting.cast_vote

    def save_later(arguments: dict[str, Any]) -> None:
        time.sleep(LATE)
        try:
            safe(**arguments)
        finally:
            connection.close()

    def cast_vote(**arguments: Any) -> Vote:
        threading.Thread(target=save_later, args=[arguments], daemon=True).start()
        return Vote(
            option_keys=arguments["option_keys"], version=arguments["version"] + 1, cast_at=timezone.now()
        )

    mock.patch.object(voting, "cast_vote", cast_vote).start()
    return application


def deferred() -> WSGIHandler:
    """Django's own way with SQLite: a transaction takes the write lock only when it first writes."""
    from config import settings

    settings.DATABASES["default"]["OPTIONS"]["transaction_mode"] = "DEFERRED"  # type: ignore[index]
    return made()


def remembering() -> WSGIHandler:
    """Asks once who somebody is and what they may do, and believes it for ever."""
    application = made()
    from django.contrib.auth import middleware

    from etd import permissions

    ask, load = middleware.get_user, permissions.load_access

    people: dict[str, Any] = {}

    def get_user(request: Any) -> Any:
        key = request.session.session_key
        if key not in people:
            people[key] = ask(request)
        return people[key]

    mock.patch.object(middleware, "get_user", get_user).start()
    mock.patch.object(permissions, "load_access", cache(load)).start()
    return application


def unhandled() -> WSGIHandler:
    """Knows no page for a database that takes no write."""
    application = made()
    for module in ("etd.middleware", "etd.views.errors"):
        mock.patch(f"{module}.not_saved", return_value=None).start()
    return application


def stubborn() -> WSGIHandler:
    """Keeps a connection to the database for ever, also one that was cut."""
    application = made()
    from django.db.backends.base.base import BaseDatabaseWrapper

    for name in ("close_if_unusable_or_obsolete", "close_if_health_check_failed"):
        mock.patch.object(BaseDatabaseWrapper, name, return_value=None).start()
    return application


def unsynced() -> WSGIHandler:
    """SQLite hands its writes over to the system and does not wait for the disk."""
    from config import settings

    options: dict[str, str] = settings.DATABASES["default"]["OPTIONS"]  # type: ignore[assignment]
    options["init_command"] = options["init_command"].replace("synchronous=FULL", "synchronous=OFF")
    return made()


def leaking() -> WSGIHandler:
    """Keeps some memory and an open file of every request."""
    application = made()
    from etd.middleware import NoStoreMiddleware

    kept: list[Any] = []
    answer = NoStoreMiddleware.__call__

    def leak(middleware: Any, request: Any) -> Any:
        kept.append((bytearray(LEAK_BYTES), tempfile.mkstemp()))
        return answer(middleware, request)

    mock.patch.object(NoStoreMiddleware, "__call__", leak).start()
    return application


def broken() -> WSGIHandler:
    """Fails wherever a link for a new password is opened."""
    application = made()
    mock.patch("etd.views.account._account_of", side_effect=RuntimeError("on purpose")).start()
    return application


def without_database() -> WSGIHandler:
    """Loses its database wherever a link for a new password is opened."""
    application = made()
    from django.db import OperationalError

    mock.patch("etd.views.account._account_of", side_effect=OperationalError("on purpose")).start()
    return application
