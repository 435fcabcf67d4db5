"""The log: one event a line, with the id of its request, and nothing secret of what was asked or typed."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from dataclasses import dataclass, field
from io import StringIO
from unittest import mock

import pytest
from django.contrib.auth.tokens import default_token_generator
from django.db import DataError, IntegrityError, OperationalError
from django.test import Client
from django.urls import reverse
from django.utils.http import urlsafe_base64_encode

from etd.installation import logs
from etd.models import AuditEvent, User
from tests.integration.conftest import ClientFor

# Typed, sent or asked for somewhere below; none may stand in a line of the log.
CANARY = "zq7canary"
QUESTION = "/guidelines/ilcor-als/mcs-after-rosc-vote/"


@dataclass
class Written:
    """What the handlers wrote, each in its own format."""

    json: StringIO = field(default_factory=StringIO)
    text: StringIO = field(default_factory=StringIO)
    plain: StringIO = field(default_factory=StringIO)

    def events(self) -> list[dict[str, object]]:
        return [json.loads(line) for line in self.json.getvalue().splitlines()]

    def answered(self) -> dict[str, object]:
        return self.events()[-1]


@pytest.fixture
def written() -> Iterator[Written]:
    """Everything that reaches the root logger at the shipped levels: in both formats of ours, and in Python's own."""
    streams = Written()
    root = logging.getLogger()
    handlers = []
    for stream, formatter in (
        (streams.json, logs.JsonLine()),
        (streams.text, logs.Line()),
        (streams.plain, logging.Formatter("%(message)s")),
    ):
        handler = logging.StreamHandler(stream)
        handler.setFormatter(formatter)
        handlers.append(handler)
        root.addHandler(handler)
    yield streams
    for handler in handlers:
        root.removeHandler(handler)


def raising(error: Exception) -> mock._patch[mock.Mock]:
    return mock.patch("etd.views.voting.VoteForm.for_item", side_effect=error)


def vote(client: Client) -> int:
    typed = {"options": "low", "comment": f"{CANARY} my words", "revision": "0"}
    return client.post(f"{QUESTION}votes/equity/?q={CANARY}", typed).status_code


def walk(client_for: ClientFor) -> set[int]:
    """Send the canary wherever a secret may travel; the statuses of the answers."""
    anonymous, member = client_for("anonymous"), client_for("panel member")
    member.raise_request_exception = anonymous.raise_request_exception = False
    user = User.objects.get(email="panel@example.org")
    User.objects.filter(pk=user.pk).update(email=f"{CANARY}@example.org")
    user.refresh_from_db()
    key, token = urlsafe_base64_encode(str(user.pk).encode()), default_token_generator.make_token(user)
    found = set()
    for path, data in (
        (reverse("reset_password", args=[key, f"{CANARY}-wrong"]), None),
        (reverse("reset_password", args=[key, f"{CANARY}-{token}"]), {"new_password1": CANARY}),
        (reverse("invitation", args=[1, CANARY]), None),
        (f"/invitations/1/{CANARY}", None),
        (f"/no/such/{CANARY}/", None),
        (f"/?next={CANARY}", None),
        (reverse("ask_for_reset"), {"email": f"{CANARY}@example.org"}),
        *[(reverse("sign_in"), {"username": f"{CANARY}@example.org", "password": CANARY})] * 12,
        (f"/static/{CANARY}.css", None),
    ):
        headers = {
            "referer": f"http://testserver/{CANARY}",
            "user-agent": CANARY,
            "x-request-id": f"!{CANARY}",
        }
        answer = (
            anonymous.get(path, headers=headers)
            if data is None
            else anonymous.post(path, data, headers=headers)
        )
        found.add(answer.status_code)
    enforcing = Client(enforce_csrf_checks=True)
    found.add(enforcing.post(f"/invitations/1/{CANARY}/", {"name": CANARY}).status_code)
    row = f'duplicate key value violates unique constraint "one"\nDETAIL: Key (email)=({CANARY}) already exists.'
    for error in (
        ValueError(f"invalid literal for int(): '{CANARY}'"),
        IntegrityError(row),
        DataError(f'invalid input syntax for type integer: "{CANARY}"'),
        OperationalError(f"canceling statement due to lock timeout\nCONTEXT: {CANARY}"),
    ):
        with raising(error):
            found.add(vote(member))
    found.add(vote(member))
    return found


def test_nothing_secret_reaches_the_log(client_for: ClientFor, written: Written) -> None:
    """Each line is read as it would be written; the control below sees the canary in the same lines, as Python writes
    them."""
    statuses = walk(client_for)
    assert {200, 302, 404, 410, 403, 429, 500, 503} <= statuses
    assert len(written.events()) > 25
    assert CANARY not in written.json.getvalue() + written.text.getvalue()
    assert "panel@example.org" not in written.json.getvalue()


def test_a_control_the_same_lines_as_python_writes_them_hold_secrets(
    client_for: ClientFor, written: Written, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logging.getLogger("django.request"), "level", logging.WARNING)
    logging.getLogger("django.request").manager._clear_cache()  # type: ignore[attr-defined]
    walk(client_for)
    logging.getLogger("django.request").manager._clear_cache()  # type: ignore[attr-defined]
    assert f"/invitations/1/{CANARY}/" in written.plain.getvalue()
    assert f"invalid literal for int(): '{CANARY}'" in written.plain.getvalue()
    assert CANARY not in written.json.getvalue() + written.text.getvalue()


def test_a_request_is_one_line_with_its_route_and_who_asked(client_for: ClientFor, written: Written) -> None:
    client = client_for("panel member")
    answer = client.get(f"{QUESTION}?page={CANARY}", headers={"x-request-id": "from-the-proxy-1"})
    (line,) = written.events()
    assert line.pop("time", "").endswith("+00:00")  # type: ignore[attr-defined]
    assert float(line.pop("ms")) > 0  # type: ignore[arg-type]
    assert line == {
        "level": "INFO",
        "logger": "openetd.request",
        "message": "answered",
        "request_id": "from-the-proxy-1",
        "method": "GET",
        "route": "question",
        "status": 200,
        "user": User.objects.get(email="panel@example.org").pk,
    }
    assert answer["X-Request-ID"] == "from-the-proxy-1"
    (text,) = written.text.getvalue().splitlines()
    assert (
        "INFO openetd.request answered request_id=from-the-proxy-1 method=GET route=question status=200"
        in text
    )


def test_what_was_done_can_be_traced_to_the_line_of_its_request(
    client_for: ClientFor, written: Written
) -> None:
    client = client_for("panel member")
    answer = client.post(
        f"{QUESTION}votes/equity/",
        {"options": "reduced", "comment": CANARY, "revision": "0"},
        headers={"x-request-id": "from-the-proxy-2"},
    )
    assert answer.status_code == 302
    line = written.events()[-1]
    event = AuditEvent.objects.latest("pk")
    assert event.request_id == line["request_id"] == answer["X-Request-ID"] == "from-the-proxy-2"


@pytest.mark.parametrize(
    "given", ["", "short", "a" * 65, "with space", "new\nline-12345", "quote'12345", "é" * 10]
)
def test_an_id_that_is_not_well_formed_is_replaced(given: str, db: None) -> None:
    first, second = (
        Client().get("/healthz", headers={"x-request-id": given})["X-Request-ID"] for _ in range(2)
    )
    assert first != given
    assert first != second
    assert (len(first), first.isalnum()) == (32, True)


def test_while_it_goes_well_probes_and_files_are_silent(db: None, written: Written) -> None:
    Client().get("/healthz")
    assert Client().get("/static/css/app.css").getvalue()
    assert written.events() == []
    Client().get("/static/css/none.css")
    assert [(line["route"], line["status"]) for line in written.events()] == [("static", 404)]


@pytest.mark.parametrize("logger", ["gunicorn.error", "django.security.DisallowedHost"])
def test_what_quotes_a_request_is_cut(logger: str, written: Written) -> None:
    logging.getLogger(logger).warning(
        f"Invalid request from ip=10.0.0.7: GET /invitations/1/{CANARY} HTTP/ 1.1"
    )
    (line,) = written.events()
    assert line["message"] == "Invalid request from ip=10.0.0.7"


def test_a_fault_tells_where_it_was_and_its_page_the_id(client_for: ClientFor, written: Written) -> None:
    client = client_for("panel member")
    client.raise_request_exception = False
    with raising(ValueError(CANARY)):
        answer = client.post(f"{QUESTION}votes/equity/", {"options": "low"})
    fault, answered = written.events()
    assert (fault["error"], fault["message"]) == ("ValueError", "Internal Server Error: (address)")
    assert any("voting.py" in place for place in fault["traceback"])  # type: ignore[attr-defined]
    assert fault["request_id"] == answered["request_id"] == answer["X-Request-ID"]
    assert answer.status_code == 500
    assert f"request <code>{answer['X-Request-ID']}</code>" in answer.content.decode()


def test_the_page_of_a_fault_needs_no_database(client_for: ClientFor) -> None:
    client = client_for("anonymous")
    client.raise_request_exception = False
    with mock.patch(
        "django.db.backends.base.base.BaseDatabaseWrapper.cursor", side_effect=OperationalError("gone")
    ):
        answer = client.get("/published/")
    assert answer.status_code in {500, 503}
    assert f"request <code>{answer['X-Request-ID']}</code>" in answer.content.decode()


def test_not_saved_tells_the_id_and_the_route(client_for: ClientFor, written: Written) -> None:
    with raising(OperationalError("database is locked")):
        answer = client_for("panel member").post(f"{QUESTION}votes/equity/", {"options": "low"})
    assert answer.status_code == 503
    assert f"request <code>{answer['X-Request-ID']}</code>" in answer.content.decode()
    assert "not saved: POST cast_vote: OperationalError" in [line["message"] for line in written.events()]


def record(
    *, message: str = "m", error: Exception | None = None, name: str = "etd.x", **more: object
) -> logging.LogRecord:
    exc_info = (type(error), error, error.__traceback__) if error else None
    made = logging.LogRecord(name, logging.ERROR, "p", 1, message, (), exc_info)
    made.__dict__ |= more
    return made


class TestLines:
    def test_no_text_breaks_out_of_its_line(self) -> None:
        nasty = "a\nb\r\x1b[31m\u2028c\x85d"
        assert logs.JsonLine().format(record(message=nasty)).count("\n") == 0
        line = logs.Line().format(record(message=nasty, values={"route": nasty}))
        assert line.isprintable()
        assert "a\\nb\\r\\x1b[31m\\u2028c\\x85d" in line

    def test_long_ones_are_cut(self) -> None:
        assert len(logs.JsonLine().format(record(message="x" * 100_000))) < 3_000

    @pytest.mark.parametrize(
        ("error", "told"),
        [
            (ValueError("typed"), "ValueError"),
            (KeyError("typed"), "KeyError"),
            (OSError(28, "No space left on device"), "OSError: [Errno 28] No space left on device"),
            (IntegrityError("first\nsecond"), "django.db.utils.IntegrityError: first"),
            (DataError("typed"), "django.db.utils.DataError"),
        ],
    )
    def test_the_text_of_a_fault_is_told_where_it_repeats_no_input(self, error: Exception, told: str) -> None:
        assert logs.values_of(record(error=error))["error"] == told

    def test_for_work_on_the_program_the_whole_text_is_told(self) -> None:
        assert logs.values_of(record(error=ValueError("typed")), whole=True)["error"] == "ValueError: typed"

    def test_the_cause_is_told_and_no_variable_is(self) -> None:
        def fails(secret: str) -> None:
            raise OSError(2, "No such file")

        try:
            try:
                fails(CANARY)
            except OSError as error:
                raise RuntimeError(CANARY) from error
        except RuntimeError as error:
            line = logs.JsonLine().format(record(error=error))
        places = json.loads(line)["traceback"]
        assert "from FileNotFoundError: [Errno 2] No such file" in places
        assert any(place.endswith(" fails") for place in places)
        assert CANARY not in line

    def test_an_address_in_a_line_of_the_server_is_not_told(self) -> None:
        made = record(name="gunicorn.error", message="Error handling request %s")
        made.args = (f"/invitations/1/{CANARY}/?q=1",)
        assert logs.values_of(made)["message"] == "Error handling request (address)"


def test_nothing_is_sent_by_e_mail_and_every_line_has_one_way_out() -> None:
    """The settings as shipped: Django's own handlers of its loggers are gone."""
    for name in ("django", "django.server", "django.request", "axes", "gunicorn.access", "gunicorn.error"):
        ways = [
            one for one in logging.getLogger(name).handlers if not type(one).__module__.startswith("_pytest")
        ]
        assert ways == [], name
    assert not logging.getLogger("axes").isEnabledFor(logging.ERROR)
    assert logging.getLogger("django").propagate
