"""A form changes what it offers and nothing else: every form, sent again with every column of every table."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any
from unittest import mock

import pytest
from django.apps import apps
from django.db import models, transaction
from django.test import Client
from django.urls import resolve
from django.utils import timezone

from etd.forms.assessment import TextsForm
from etd.models import CriterionAssessment, Question
from tests.clients import client_of
from tests.integration.everything import Site, site
from tests.reliability.typed import Forms
from tests.unit.etd.worlds import APPS, contents

WHO = ("chair", "methodologist", "staff", "panel member")
# Fields that a form takes although the page shows them only where they have a meaning; each is the sender's to give.
TAKEN_UNSEEN = {
    "edit_judgement": {"reason"},
    "edit_type": {"reason"},
    "cast_vote": {"no_evidence_basis", "confidence"},
    "lock_thresholds": {"op"},
}
VOLATILE = {"id", "hash", "prev_hash", "request_id", "password", "last_login"}


class FilledForms(Forms):
    """The forms of a page as somebody would send them who takes the first choice everywhere."""

    def __init__(self, page: str) -> None:
        self.select = ""
        super().__init__(page)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        super().handle_starttag(tag, attributes)
        given = {name: value or "" for name, value in attributes}
        if self.open is None:
            return
        if tag == "select":
            self.select = given.get("name", "")
        elif tag == "option" and self.select and given.get("value"):
            self.open["unchosen"].setdefault(self.select, given["value"])
        elif tag == "input" and given.get("type") == "checkbox" and given.get("name"):
            self.open["unchosen"].setdefault(given["name"], given.get("value", "on"))
        elif tag == "button" and given.get("name"):
            self.open["unchosen"].setdefault(given["name"], given.get("value", ""))

    def handle_endtag(self, tag: str) -> None:
        super().handle_endtag(tag)
        if tag == "select":
            self.select = ""


def forms_of(client: Client, paths: list[str]) -> Iterator[tuple[str, dict[str, Any], set[str]]]:
    """Address, values and names of the fields, of every form that this person is shown."""
    for path in paths:
        answer = client.get(path)
        if answer.status_code != 200 or "html" not in answer["Content-Type"]:
            continue
        for form in FilledForms(answer.content.decode()).forms:
            typed = dict.fromkeys(form["texts"], "Words that are typed.")
            given = {name: value for name, value in form["values"].items() if value}
            values = form["unchosen"] | given | typed
            names = values.keys() | form["values"].keys()
            values.pop("csrfmiddlewaretoken", None)
            yield (form["action"] or path).partition("#")[0], values, names


def injected() -> dict[str, Any]:
    """A value for every column of every table of the project."""
    found: dict[str, Any] = {}
    for model in apps.get_models():
        if model._meta.app_label in APPS:
            for column in model._meta.concrete_fields:
                found[column.name] = found[column.attname] = other_value(column)
    return found


def other_value(column: models.Field[Any, Any]) -> Any:
    if column.choices:
        return [str(value) for value, _ in column.flatchoices][-1]
    if column.remote_field is not None:
        last = column.remote_field.model._default_manager.order_by("pk").last()
        return str(last.pk if last else 1)
    if isinstance(column, models.BooleanField):
        return "on"
    if isinstance(column, models.IntegerField | models.AutoField | models.FloatField):
        return "77"
    return "2001-01-01T00:00:00Z" if isinstance(column, models.DateTimeField) else "injected"


# Table and column: the table whose rows the column names.
REFERS_TO = {
    (model.__name__, column.attname): column.remote_field.model.__name__
    for model in apps.get_models()
    if model._meta.app_label in APPS
    for column in model._meta.concrete_fields
    if column.remote_field is not None
}


class Undone(Exception):
    """Ends a block whose changes are not to stay."""


@contextmanager
def undone() -> Iterator[None]:
    try:
        with transaction.atomic():
            yield
            raise Undone
    except Undone:
        pass


Rows = dict[str, list[dict[str, Any]]]


def changes(client: Client, action: str, values: dict[str, Any], before: Rows) -> tuple[int, list[str]]:
    """Status, and every column that the form changes with its new value; what chance decides is left out."""
    with undone():
        status = client.post(action, values).status_code
        after = contents()
    found: list[str] = []
    for table, rows in after.items():
        old = {row["id"]: row for row in before[table]}
        for row in rows:
            was = old.get(row["id"], {})
            name = f"{table} {row['id'] if was else 'new'}"
            found += [
                f"{name}.{column} = {_told(table, column, value, before)}"
                for column, value in row.items()
                if column not in VOLATILE and (column not in was or was[column] != value)
            ]
        found += [f"{table} {pk} gone" for pk in old.keys() - {row["id"] for row in rows}]
    return status, sorted(found)


def _told(table: str, column: str, value: Any, before: Rows) -> Any:
    """The value, but for times and for the number of a row that the form made: PostgreSQL gives no number twice."""
    if isinstance(value, datetime):
        return "…"
    related = REFERS_TO.get((table, column), "")
    if value is not None and related in before and value not in {row["id"] for row in before[related]}:
        return "new"
    return value


def unexpected(found: Site) -> tuple[int, int, list[str]]:
    """How many forms there are, how many of them change something, and what more they change with injected fields."""
    more, n_forms, n_changing = [], 0, 0
    extra = injected()
    seen: set[str] = set()
    before = contents()
    chosen = found.question.created_at.replace(year=2026, month=6)
    for actor in WHO:
        for user in found.users(actor):
            client = client_of(user)
            for action, values, names in list(forms_of(client, found.paths)):
                name = resolve(action.partition("?")[0]).url_name or ""
                if f"{name} {sorted(values)}" in seen or name in {"sign_out", "sign_out_everywhere"}:
                    continue
                seen.add(f"{name} {sorted(values)}")
                own = names | TAKEN_UNSEEN.get(name, set())
                with (
                    mock.patch.object(timezone, "now", return_value=chosen),
                    mock.patch("secrets.token_hex", return_value="ab" * 32),
                    mock.patch("secrets.token_urlsafe", return_value="token"),
                ):
                    plain = changes(client, action, values, before)
                    more_values = {name: value for name, value in extra.items() if name not in own}
                    attacked = changes(client, action, more_values | values, before)
                n_forms += 1
                n_changing += bool(plain[1])
                if plain != attacked:
                    differing = sorted(set(plain[1]) ^ set(attacked[1]))
                    more.append(f"{actor} {action} {plain[0]} {attacked[0]}: {differing}")
    return n_forms, n_changing, more


class Greedy(TextsForm):
    """Stores whatever it is sent that is a column, as a form does that is made from all fields of a model."""

    def clean(self) -> dict[str, Any]:
        texts = CriterionAssessment.objects.filter(question=Question.objects.get(slug="written"))
        texts.filter(criterion_key="problem").update(
            judgement_revision=self.data.get("judgement_revision", 1)
        )
        return super().clean() or {}


@pytest.fixture
def found(db: None) -> Site:
    return site()


def test_fields_that_a_form_does_not_offer_change_nothing(found: Site) -> None:
    n_forms, n_changing, more = unexpected(found)
    assert "\n".join(more) == ""
    assert n_forms >= 40
    assert n_changing >= 15


def test_a_form_that_takes_more_is_caught(found: Site) -> None:
    found.paths = [path for path in found.paths if path.endswith("/criteria/problem/texts/")]
    with mock.patch("etd.views.assessment.TextsForm", Greedy):
        _, _, more = unexpected(found)
    assert any("judgement_revision" in one for one in more)
