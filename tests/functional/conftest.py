"""What the browser journeys share."""

from __future__ import annotations

from playwright.sync_api import Page

from tests.server import RunningServer

PASSWORD = "demo-panel-2026"


def sign_in(page: Page, server: RunningServer, name: str) -> None:
    """Sign in as name@example.org, by the form, as a person does."""
    page.goto(f"{server.url}/sign-in/")
    if page.url.endswith("/sign-in/"):
        page.get_by_label("E-mail address").fill(f"{name}@example.org")
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url(f"{server.url}/")
