"""The loaded example and people who are signed in to it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import transaction
from django.test import Client

from etd.models import Question, User
from tests import factories
from tests.clients import client_of

ClientFor = Callable[[str], Client]


@pytest.fixture(scope="module")
def example_loaded(django_db_setup: None, django_db_blocker: pytest.FixtureRequest) -> Iterator[None]:
    """The example, loaded once for the tests of a module; each test's own changes are rolled back before the next.

    The published version has a stand-in for a PDF: to render one takes seconds.
    """
    with django_db_blocker.unblock(), transaction.atomic():  # type: ignore[attr-defined]
        call_command("load_example", stdout=StringIO(), render=lambda document: b"%PDF-1.7 no pages")
        yield
        transaction.set_rollback(True)


@pytest.fixture
def example(example_loaded: None, db: None) -> None:
    """A test that works on the loaded example."""


@pytest.fixture
def client_for(example: None) -> ClientFor:
    """`client_for("chair")`: a browser in which chair@example.org has signed in. See also `ACTORS`."""

    def sign_in(actor: str) -> Client:
        return Client() if actor == "anonymous" else client_of(ACTORS[actor]())

    return sign_in


def demo(name: str) -> Callable[[], User]:
    return lambda: User.objects.get(email=f"{name}@example.org")


def member_of_another_guideline() -> User:
    """A chair, but elsewhere."""
    return factories.panel_membership(role="chair").user


def just_ended() -> User:
    """Was the chair here until a moment ago."""
    membership = User.objects.get(email="chair@example.org").memberships.get()
    membership.ended_at, membership.ended_by = factories.NOW, membership.user
    membership.save()
    return membership.user


def administrator() -> User:
    """May open the admin site, and is a member of nothing."""
    return factories.user(is_staff=True, is_superuser=True)


ACTORS: dict[str, Callable[[], User]] = {
    "chair": demo("chair"),
    "panel member": demo("panel"),
    "methodologist": demo("methodologist"),
    "staff": demo("staff"),
    "observer": demo("observer"),
    "outsider": demo("outsider"),
    "member of another guideline": member_of_another_guideline,
    "just ended": just_ended,
    "administrator": administrator,
}
MEMBERS = ("chair", "panel member", "methodologist", "staff", "observer")
STRANGERS = ("outsider", "member of another guideline", "just ended", "administrator")


def get_question(slug: str = "mcs-after-rosc-update") -> Question:
    return Question.objects.select_related("guideline", "recommendation").get(slug=slug)
