"""Nothing typed is lost: `python -m tests.reliability.typed`, on a database of its own, prints what it tried.

Every page with a text field is opened and its form filled with text that is easily damaged; then the form is sent after
the sign-in has ended, long after the last proof of who it is, to a database that takes no write, without its token, and
on top of a version that somebody else has replaced. The answer must hold every character.
"""

from __future__ import annotations

import html
import json
import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from html.parser import HTMLParser
from typing import Any
from unittest import mock

import django

os.environ["ALLOWED_HOSTS"] = "testserver"
django.setup()

from django.conf import settings  # noqa: E402 -- after the set-up
from django.db import OperationalError, connection  # noqa: E402
from django.test import Client  # noqa: E402
from django.test.utils import setup_test_environment  # noqa: E402
from django.urls import resolve  # noqa: E402

from etd import permissions  # noqa: E402
from etd.actions import rounds  # noqa: E402
from etd.models import PanelMembership  # noqa: E402
from tests.clients import client_of  # noqa: E402
from tests.reliability.worlds import addresses, set_up  # noqa: E402

TYPED = 'p<0.05, `<median` & "R&D"\nline two\n\n  indented\ttab; Müller – naïve 日本語 🫀 \u202bעברית\u202c {{ x }} %s'


class Forms(HTMLParser):
    """The forms of a page: action, hidden values, and the names of the fields that take free text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.forms: list[dict[str, Any]] = []
        self.open: dict[str, Any] | None = None
        self.feed(page)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attributes}
        if tag == "form" and given.get("method", "").lower() == "post":
            self.open = {"action": given.get("action", ""), "values": {}, "texts": [], "unchosen": {}}
            self.open["multipart"] = "enctype" in given
            self.forms.append(self.open)
        if self.open is None or not (name := given.get("name")):
            return
        kind = given.get("type", "text")
        if tag == "textarea":
            self.open["texts"].append(name)
        elif tag == "input" and kind in {"hidden", "text", "number", "email", "datetime-local"}:
            self.open["values"][name] = given.get("value", "")
        elif tag == "input" and kind in {"radio", "checkbox"} and "checked" in given:
            self.open["values"].setdefault(name, []).append(given.get("value", "on"))
        elif tag == "input" and kind == "radio":
            self.open["unchosen"].setdefault(name, given.get("value", "on"))

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self.open = None


def text_forms(client: Client, paths: list[str]) -> Iterator[tuple[str, dict[str, str], list[str]]]:
    """Action, values to send with it and names of the text fields, of every form with a text field."""
    seen = set()
    for path in paths:
        if path.endswith((".pdf", ".json", ".csv")):
            continue
        response = client.get(path)
        if response.status_code != 200 or "html" not in response["Content-Type"]:
            continue
        for form in Forms(response.content.decode()).forms:
            action = form["action"] or path
            if form["texts"] and not form["multipart"] and action not in seen:
                seen.add(action)
                yield action, form["unchosen"] | form["values"], form["texts"]


def holds(page: str, text: str) -> bool:
    """Is this text on the page as somebody would copy it: in a field, or shown as it was typed?"""
    found = html.unescape(page).replace("\r\n", "\n")
    return text in found


@contextmanager
def refusing(statements: str) -> Iterator[None]:
    """A database that fails at every statement that matches."""

    def refuse(execute: Any, sql: str, parameters: Any, many: bool, context: Any) -> Any:
        if re.search(statements, sql, flags=re.IGNORECASE):
            raise OperationalError("database or disk is full")
        return execute(sql, parameters, many, context)

    with connection.execute_wrapper(refuse):
        yield


def client_for(user: Any, *, checks: bool = False) -> Client:
    return client_of(user, enforce_csrf_checks=checks, raise_request_exception=False)


def fates(
    user: Any, action: str, values: dict[str, Any], texts: list[str]
) -> Iterator[tuple[str, int, bool]]:
    """Name of what happened, status of the answer, and whether every text came back."""
    typed = {name: f"{TYPED} [{name}]" for name in texts}
    values = {name: value for name, value in values.items() if name != "csrfmiddlewaretoken"} | typed

    def verdict(name: str, response: Any) -> tuple[str, int, bool]:
        page = response.content.decode()
        return name, response.status_code, all(holds(page, text) for text in typed.values())

    yield verdict("sign-in ended", Client(raise_request_exception=False).post(action, values))
    yield verdict("no token", client_for(user, checks=True).post(action, values))
    if getattr(resolve(action).func, "permission", None) in permissions.RENEWED:
        yield verdict("asked who it is", client_of(user, is_proved=False).post(action, values))
    client = client_for(user)
    with refusing(WRITES):
        unsaved = client.post(action, values)
    yield verdict("database takes no write", unsaved)
    with refusing(""):
        unsaved = client.post(action, values)
    yield verdict("database gone", unsaved)
    if "revision" in values:
        behind = values | {"revision": "9999"}
        yield verdict("replaced meanwhile", client.post(action, behind))
    yield verdict("too long", too_long(client, action, values, texts))


def too_long(client: Client, action: str, values: dict[str, Any], texts: list[str]) -> Any:
    """One field longer than any field takes; the others must come back as well."""
    return client.post(action, values | {texts[0]: f"{TYPED} [{texts[0]}]{'x' * 20_001}"})


WRITES = r"^\s*(INSERT|UPDATE|DELETE)|FOR UPDATE"
# A form that is refused for another reason first is as good an answer, where the words come back with it.
EXPECTED = {
    "sign-in ended": {403},
    "no token": {403},
    "asked who it is": {403},
    "database takes no write": {503, 409, 422},
    "database gone": {503},
    "replaced meanwhile": {409, 422},
    "too long": {422, 409},
    "round closed": {409},
}


def try_all(most: int = 1000) -> dict[str, Any]:
    """Every form of every actor, `most` at the most; what was lost is listed with its address and status."""
    question, people = set_up(0, closed=False)
    paths, _ = addresses(question, people)
    tried: list[list[Any]] = []
    lost: list[list[Any]] = []
    actions: set[str] = set()
    votes: list[tuple[Any, str, dict[str, Any], list[str]]] = []

    def judge(actor: str, action: str, name: str, status: int, is_whole: bool) -> None:
        tried.append([actor, action, name, status])
        if not is_whole or status not in EXPECTED[name]:
            lost.append([actor, action, name, status, is_whole])

    for actor, user in people.items():
        if user is None or not PanelMembership.objects.filter(user=user).exists():
            continue
        for action, values, texts in list(text_forms(client_for(user), paths)):
            if action in actions or len(actions) == most:
                continue
            actions.add(action)
            for name, status, is_whole in fates(user, action, values, texts):
                judge(actor, action, name, status, is_whole)
            if "/votes/" in action:
                votes.append((user, action, values, texts))
    rounds.close_round(voting_round=question.rounds.get(), by=people["chair"])  # type: ignore[arg-type]
    for user, action, values, texts in votes:
        typed = {name: f"{TYPED} [{name}]" for name in texts}
        response = client_for(user).post(action, values | typed)
        whole = all(holds(response.content.decode(), text) for text in typed.values())
        judge("voter", action, "round closed", response.status_code, whole)
    return {"forms": len(actions), "tried": len(tried), "lost": lost, "addresses": sorted(actions)}


def main() -> None:
    setup_test_environment()
    settings.AXES_ENABLED = False
    if "--forgetful" in sys.argv:
        with (
            mock.patch.object(permissions, "typed_text", return_value=[]),
            mock.patch("etd.middleware.typed_text", return_value=[]),
            mock.patch("etd.views.errors.typed_text", return_value=[]),
        ):
            found = try_all(most=3)
    else:
        found = try_all()
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    main()
