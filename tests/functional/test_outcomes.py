"""An outcome from its name to its locked thresholds, in the browser, and a member who rates it on a phone."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser import AxeRun
from tests.functional.conftest import sign_in
from tests.functional.test_accessibility import HOME, WINDOWS, inspect
from tests.server import RunningServer

pytestmark = [pytest.mark.browser, pytest.mark.pages]
OUTCOMES = f"{HOME}/mcs-after-rosc-update/outcomes/"


def test_an_outcome_is_added_its_thresholds_locked_and_its_importance_rated_on_a_phone(
    server: RunningServer, axe: AxeRun, page: Page, new_context: Callable[..., BrowserContext]
) -> None:
    sign_in(page, server, "methodologist")
    page.goto(f"{server.url}{OUTCOMES}")
    page.get_by_role("link", name="Add an outcome").click()
    page.get_by_role("textbox", name="Outcome").fill("Major bleeding")
    page.get_by_label("Time point").fill("30 days")
    page.get_by_label("Bad: fewer events").check()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Major bleeding")
    expect(page.get_by_text("30 days · Lower is better")).to_be_visible()
    page.get_by_role("link", name="Set thresholds").click()
    page.get_by_label("A small effect from").fill("20")
    page.get_by_label("A moderate effect from").fill("5")
    page.get_by_label("A large effect from").fill("50")
    page.get_by_label("Why these").fill("What the members would accept.")
    page.get_by_role("button", name="Save").click()
    expect(
        page.get_by_text("The moderate threshold, 5, must be larger than the small one, 20.")
    ).to_be_visible()
    expect(page.get_by_label("Why these")).to_have_value("What the members would accept.")
    assert inspect(page, axe, 1280, "thresholds out of order") == []
    page.get_by_label("A small effect from").fill("2")
    page.get_by_role("button", name="Save").click()
    page.get_by_role("button", name="Lock the thresholds").click()
    expect(page.get_by_text("Locked. No result of this outcome is stored yet.")).to_be_visible()
    assert inspect(page, axe, 1280, "an outcome") == []

    phone = new_context(viewport=WINDOWS["phone"], has_touch=True).new_page()
    sign_in(phone, server, "panel")
    phone.goto(f"{server.url}{OUTCOMES}")
    phone.get_by_role("link", name="Rate the importance").click()
    card = phone.locator(".rating-card", has_text="Major bleeding")
    card.get_by_role("radio", name="4", exact=True).focus()
    # By the keyboard alone: the arrow moves on within the nine, and each choice saves itself.
    phone.keyboard.press("ArrowRight")
    expect(card.get_by_role("radio", name="5", exact=True)).to_be_checked()
    expect(card.get_by_role("status")).to_contain_text("5, 1 rater")
    expect(card.get_by_role("radio", name="5", exact=True)).to_be_focused()
    assert inspect(phone, axe, 390, "rating on a phone") == []
    phone.reload()
    expect(card.get_by_role("radio", name="5", exact=True)).to_be_checked()

    page.goto(f"{server.url}{OUTCOMES}")
    listed = page.locator(".outcome-card", has_text="Major bleeding")
    expect(listed).to_contain_text("5, 1 rater")
    expect(listed).to_contain_text("2, 5 and 50 per 1,000")
    expect(listed.locator("dd").first).to_contain_text("Not decided")


def test_the_pages_of_one_outcome_have_no_barrier(
    server: RunningServer, axe: AxeRun, new_context: Callable[..., BrowserContext]
) -> None:
    found: list[str] = []
    for window in WINDOWS.values():
        page = new_context(viewport=window).new_page()
        sign_in(page, server, "methodologist")
        page.goto(f"{server.url}{OUTCOMES}")
        page.locator(".outcome-name a").first.click()
        outcome = page.url
        for part in ("", "edit/", "thresholds/", "remove/"):
            page.goto(outcome + part)
            found += inspect(page, axe, window["width"], part)
        page.goto(outcome)
        page.get_by_role("link", name="the risks").first.click()
        found += inspect(page, axe, window["width"], "risks")
    assert found == []
