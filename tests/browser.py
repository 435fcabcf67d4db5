"""The system's Chromium under pytest-playwright, and axe-core."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, ConsoleMessage, Error, Page, WebError

from tests.launcher import load_launcher
from tests.tools import missing_tool

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
]

AxeRun = Callable[[Page], list[dict[str, Any]]]


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    executable = load_launcher().find_chromium()
    if executable is None:
        missing_tool("Chromium is missing: install it, or set CHROMIUM to its path")
    return browser_type_launch_args | {"executable_path": executable, "args": FLAGS}


def watch(context: BrowserContext) -> list[str]:
    """A list that grows by each refusal of the content security policy and each script error in the context."""
    complaints: list[str] = []

    def on_console(message: ConsoleMessage) -> None:
        if "Content Security Policy" in message.text:
            complaints.append(message.text)

    def on_error(error: WebError) -> None:
        complaints.append(str(error.error))

    context.on("console", on_console)
    context.on("weberror", on_error)
    return complaints


@pytest.fixture
def new_context(new_context: Callable[..., BrowserContext]) -> Iterator[Callable[..., BrowserContext]]:
    """Every context of the test is watched, also that of `page`; a complaint of the browser fails the test."""
    watched: list[list[str]] = []

    def watched_context(**options: Any) -> BrowserContext:
        context = new_context(**options)
        watched.append(watch(context))
        return context

    yield watched_context
    assert [complaint for complaints in watched for complaint in complaints] == [], "the browser complained"


@pytest.fixture
def axe() -> AxeRun:
    """`axe(page)`: the accessibility violations of the page as axe-core reports them, [] when there are none."""
    from axe_playwright_python.base import AXE_SCRIPT

    def violations(page: Page) -> list[dict[str, Any]]:
        page.wait_for_load_state()
        # by the debugging protocol, which the content security policy does not bind
        page.evaluate(AXE_SCRIPT)
        result = page.evaluate("() => axe.run(document, {resultTypes: ['violations']})")
        found: list[dict[str, Any]] = result["violations"]
        return found

    def run(page: Page) -> list[dict[str, Any]]:
        try:
            return violations(page)
        except Error:
            # The click before was still on its way to another page, which took this one away from under axe.
            page.wait_for_load_state("networkidle")
            return violations(page)

    return run
