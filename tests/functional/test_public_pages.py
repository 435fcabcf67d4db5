"""What is published, in a browser: without a sign-in, on a laptop and on a phone, with no barrier and no script."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser import AxeRun
from tests.functional.conftest import sign_in
from tests.functional.test_accessibility import WINDOWS, inspect
from tests.server import RunningServer

pytestmark = [pytest.mark.browser, pytest.mark.pages]
QUESTION = "/published/ilcor-als/mcs-after-rosc/"
PAGES = ["/published/", "/published/ilcor-als/", QUESTION, f"{QUESTION}versions/1/", "/published/nothing/"]


@pytest.mark.parametrize("window", WINDOWS)
def test_no_public_page_has_a_barrier(
    window: str, server: RunningServer, axe: AxeRun, new_context: Callable[..., BrowserContext]
) -> None:
    page = new_context(viewport=WINDOWS[window]).new_page()
    found: list[str] = []
    for address in PAGES:
        page.goto(server.url + address)
        found += inspect(page, axe, WINDOWS[window]["width"], address)
    assert found == []
    assert page.context.cookies() == []


def test_a_clinician_with_a_phone_sees_the_answer_first(
    server: RunningServer, new_context: Callable[..., BrowserContext]
) -> None:
    page = new_context(viewport=WINDOWS["phone"], java_script_enabled=False).new_page()
    page.goto(server.url + QUESTION)
    grade = page.locator("#recommendation .grade").first
    expect(grade).to_contain_text("Weak recommendation against · Low certainty of evidence")
    expect(grade).to_be_in_viewport()
    judgement = page.get_by_role("row", name="Undesirable Effects")
    expect(judgement.locator("td:visible")).to_have_count(1)
    expect(judgement).to_contain_text("Moderate")
    page.get_by_text("On this page").first.click()
    page.get_by_role("link", name="How to cite").first.click()
    expect(page.locator("#cite .cite")).to_contain_text("Version 1")


def test_a_withdrawal_shows_at_once_where_the_recommendation_was_read(
    server: RunningServer, axe: AxeRun, page: Page, new_context: Callable[..., BrowserContext]
) -> None:
    page.goto(server.url + QUESTION)
    expect(page.locator("#recommendation")).to_be_visible()
    chair = new_context().new_page()
    sign_in(chair, server, "chair")
    chair.goto(f"{server.url}/guidelines/ilcor-als/mcs-after-rosc/publication/")
    chair.get_by_text("Withdraw version 1", exact=True).click()
    chair.get_by_label("Why it is withdrawn").fill("A trial was retracted.")
    chair.get_by_role("button", name="Withdraw version 1 for good").click()
    expect(chair.get_by_text("Withdrawn by")).to_be_visible()
    found: list[str] = []
    for address in [QUESTION, f"{QUESTION}versions/1/", "/published/ilcor-als/"]:
        page.goto(server.url + address)
        expect(page.get_by_text("A trial was retracted.").first).to_be_visible()
        found += inspect(page, axe, 1280, address)
    assert found == []
