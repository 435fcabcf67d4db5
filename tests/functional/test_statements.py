"""Staff write a recommendation of several statements on a laptop, and look at it on a phone."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from etd.domain.recommendation_rules import PRACTICE_QUESTIONS
from tests.browser import AxeRun
from tests.functional.conftest import sign_in
from tests.server import RunningServer

pytestmark = [pytest.mark.browser, pytest.mark.pages]
UPDATE = "/guidelines/ilcor-als/mcs-after-rosc-update/"
GOOD_PRACTICE = "Monitor every patient."
STRONG = "We recommend support where death is certain without it."


def write_statements(page: Page) -> None:
    """Of the three that are there one becomes strong on very low certainty, one goes; one of good practice is added."""
    first = page.locator(".statement-field").nth(0)
    first.get_by_label("Statement", exact=True).fill(STRONG)
    first.get_by_label("Direction").select_option("for")
    first.get_by_label("Strength").select_option("strong")
    first.get_by_label("Certainty of evidence").select_option("very_low")
    page.locator(".statement-field").nth(2).get_by_label("Remove this statement").check()
    page.get_by_role("button", name="Add a statement").click()
    added = page.locator(".statement-field").nth(3)
    added.get_by_label("Statement", exact=True).fill(GOOD_PRACTICE)
    added.get_by_label("Kind").select_option("good_practice_statement")
    added.get_by_label("Remark").fill("Day and *night*.")


@pytest.mark.parametrize("scripts", [True, False], ids=["htmx", "no JavaScript"])
def test_statements_are_written_on_a_laptop_and_read_on_a_phone(
    scripts: bool, server: RunningServer, axe: AxeRun, new_context: Callable[..., BrowserContext]
) -> None:
    page = new_context(viewport={"width": 1440, "height": 900}, java_script_enabled=scripts).new_page()
    sign_in(page, server, "staff")
    page.goto(server.url + UPDATE)
    page.get_by_role("link", name="Edit the recommendation").click()
    write_statements(page)
    added = page.locator(".statement-field").nth(3)
    # A good practice statement has no strength; what it has is asked instead.
    expect(added.get_by_label("Strength")).to_be_hidden()
    expect(added.get_by_text("Is the message really necessary?")).to_be_visible()
    for key in PRACTICE_QUESTIONS:
        answer = "no" if key == "necessary" else "yes"
        added.locator(f"select[name$=answer_{key}]").select_option(answer)
    added.locator("textarea[name$=why_necessary]").fill("It is done anyway.")
    page.get_by_role("button", name="Save", exact=True).last.click()
    first = page.locator(".statement-field").nth(0)
    expect(first).to_contain_text("choose one of the five situations that GRADE names: Life-threatening")
    if scripts:
        assert axe(page) == []
    first.get_by_label("Situation", exact=True).select_option("life_threatening")
    first.get_by_label("Why it is such a situation").fill("Untreated it is fatal.")
    page.locator(".statement-field").nth(3).get_by_role("button", name="Move up").click()
    expect(page.locator(".statement-field").nth(2).get_by_label("Remark")).to_have_value("Day and *night*.")
    page.locator(".statement-field").nth(2).get_by_role("button", name="Move up").click()
    expect(page.locator(".statement-field").nth(1).get_by_label("Remark")).to_have_value("Day and *night*.")
    expect(page.locator(".statement-field").nth(3).get_by_label("Remove this statement")).to_be_checked()
    page.get_by_role("button", name="Save", exact=True).last.click()
    lines = page.locator("#recommendation .statements > li")
    expect(lines).to_have_count(3)

    phone = new_context(viewport={"width": 390, "height": 844}).new_page()
    sign_in(phone, server, "observer")
    phone.goto(f"{server.url}{UPDATE}#recommendation")
    lines = phone.locator("#recommendation .statements > li")
    expect(lines.nth(0)).to_contain_text(STRONG)
    expect(lines.nth(0)).to_contain_text(
        "Strong recommendation on very low certainty: life-threatening situation"
    )
    expect(lines.nth(0)).to_contain_text("Untreated it is fatal.")
    expect(lines.nth(1)).to_contain_text("One of the five questions is not answered with yes")
    lines.nth(1).get_by_text("4 of 5 yes").click()
    expect(lines.nth(1).get_by_text("It is done anyway.")).to_be_visible()
    expect(lines.nth(1)).to_contain_text("Day and night.")
    assert axe(phone) == []
    assert phone.evaluate("document.documentElement.scrollWidth") <= 390


def test_enter_saves_and_moves_nothing(server: RunningServer, page: Page) -> None:
    sign_in(page, server, "staff")
    page.goto(server.url + UPDATE)
    page.get_by_role("link", name="Edit the recommendation").click()
    before = page.locator(".statement-field textarea[name$=-text]").nth(1).input_value()
    page.locator(".statement-field").nth(1).get_by_label("For whom").fill("Children")
    page.keyboard.press("Enter")
    second = page.locator("#recommendation .statements > li").nth(1)
    expect(second).to_contain_text("Children")
    expect(second).to_contain_text(before[:60])
