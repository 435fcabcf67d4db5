"""Signing in and out."""

from __future__ import annotations

import pytest
from django.conf import settings
from django.test import Client

PASSWORD = "demo-panel-2026"


@pytest.mark.parametrize("email", ["panel@example.org", "  PANEL@example.org "])
def test_the_address_in_any_case_signs_in(email: str, example: None) -> None:
    client = Client()
    answer = client.post("/sign-in/", {"username": email, "password": PASSWORD})
    assert answer.status_code == 302
    assert "Maria Bianchi" in client.get("/").content.decode()
    client.post("/sign-out/")
    assert client.get("/").status_code == 302


def test_a_wrong_address_and_a_wrong_password_get_the_same_answer(example: None) -> None:
    bodies = set()
    for email in ("panel@example.org", "nobody@example.org"):
        client = Client()
        page = client.post("/sign-in/", {"username": email, "password": "wrong-password-1"}).content.decode()
        assert "do not belong together" in page
        bodies.add(page.replace(email, "").split("<form", 1)[1].split("csrfmiddlewaretoken", 1)[0])
    assert len(bodies) == 1


def test_guessing_is_stopped_for_a_while(example: None) -> None:
    client = Client()
    for _ in range(settings.AXES_FAILURE_LIMIT):
        client.post("/sign-in/", {"username": "panel@example.org", "password": "wrong-password-1"})
    answer = client.post("/sign-in/", {"username": "panel@example.org", "password": PASSWORD})
    assert answer.status_code == 429
    assert "Please wait a quarter of an hour" in answer.content.decode()
    assert (
        Client().post("/sign-in/", {"username": "chair@example.org", "password": PASSWORD}).status_code == 302
    )


def test_sign_out_needs_a_form(client: Client, db: None) -> None:
    assert client.get("/sign-out/").status_code == 405
    assert "Sign in" in client.get("/sign-in/").content.decode()


def test_an_address_elsewhere_is_not_followed(example: None) -> None:
    answer = Client().post(
        "/sign-in/", {"username": "panel@example.org", "password": PASSWORD, "next": "https://evil.example/"}
    )
    assert answer["Location"] == "/"
