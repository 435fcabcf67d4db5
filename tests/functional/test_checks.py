"""A methodologist works through the checks: follows a mark, dismisses a finding with a reason, shows it again."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser import AxeRun
from tests.functional.conftest import sign_in
from tests.server import RunningServer

pytestmark = [pytest.mark.browser, pytest.mark.pages]
HOME = "/guidelines/ilcor-als/mcs-after-rosc-update/"
REASON = "Both options were printed by the panel of the source."


def follow_the_mark(page: Page, server: RunningServer) -> None:
    """From the criterion to its finding."""
    page.goto(f"{server.url}{HOME}criteria/resources_required/")
    page.locator(".criterion .check-mark").click()
    page.wait_for_url("**/checks/#finding-*")


@pytest.mark.parametrize("scripts", [True, False], ids=["with JavaScript", "without"])
@pytest.mark.parametrize("width", [1440, 390])
def test_a_finding_is_dismissed_with_a_reason_and_shown_again(
    scripts: bool, width: int, server: RunningServer, axe: AxeRun, new_context: Callable[..., BrowserContext]
) -> None:
    page = new_context(viewport={"width": width, "height": 900}, java_script_enabled=scripts).new_page()
    sign_in(page, server, "methodologist")
    follow_the_mark(page, server)
    finding = page.locator("article.finding:target")
    expect(finding).to_contain_text("2 options are chosen")
    expect(page.locator(".checks-summary")).to_contain_text("8 inconsistent")
    finding.get_by_text("Dismiss with a reason").click()
    finding.get_by_label("Why this can stay as it is").fill(REASON)
    if scripts:
        assert axe(page) == []
    finding.get_by_role("button", name="Dismiss", exact=True).click()
    expect(page.locator(".checks-summary")).to_contain_text("7 inconsistent")
    folded = page.locator("#dismissed")
    expect(folded.get_by_text(REASON)).to_be_hidden()
    folded.locator("> summary").click()
    expect(folded.get_by_text(REASON)).to_be_visible()
    expect(folded).to_contain_text("Dismissed by")
    if scripts:
        assert axe(page) == []
    folded.get_by_role("button", name="Show again").click()
    expect(page.locator(".checks-summary")).to_contain_text("8 inconsistent")
    expect(page.locator("#dismissed")).to_have_count(0)


def test_a_place_leads_to_the_question_page_and_its_mark_back(server: RunningServer, page: Page) -> None:
    sign_in(page, server, "chair")
    page.goto(f"{server.url}{HOME}checks/")
    page.get_by_role("link", name="Table 2, row 4").click()
    page.wait_for_url("**/#row-*")
    row = page.locator("tr:target")
    expect(row).to_contain_text("1.16 (0.97–1.40)")
    row.get_by_role("link", name="1 check: inconsistent").click()
    expect(page.locator("article.finding:target")).to_contain_text("P = 0.12 cannot come from OR 1.16")


def test_before_publication_leads_to_what_is_open(server: RunningServer, page: Page) -> None:
    sign_in(page, server, "staff")
    page.goto(f"{server.url}/guidelines/ilcor-als/")
    page.get_by_role("navigation", name="This guideline").get_by_role("link", name="Checks").click()
    page.get_by_role("link", name="Before publication").nth(1).click()
    expect(page.get_by_role("heading", name="Nothing holds up publishing")).to_be_visible()
    page.get_by_role("link", name="Statement 3").click()
    expect(page.locator("li:target")).to_contain_text("Good practice statement")
