"""A main method is recorded in the browser before there are any data."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser import AxeRun
from tests.functional.conftest import sign_in
from tests.functional.test_accessibility import HOME, inspect
from tests.server import RunningServer

pytestmark = [pytest.mark.browser, pytest.mark.pages]


def test_the_choices_follow_each_other_and_what_was_typed_stays(
    server: RunningServer, axe: AxeRun, page: Page
) -> None:
    sign_in(page, server, "methodologist")
    page.goto(f"{server.url}{HOME}/mcs-after-rosc-update/evidence/")
    page.get_by_role("link", name="Main methods").click()
    page.get_by_role("link", name="Means and standard deviations").click()
    page.get_by_label("Outcome", exact=False).first.select_option("new")
    page.get_by_label("Name of the new outcome").fill("Pain after a week")
    page.get_by_label("What is better?").select_option("lower")
    page.get_by_label("Population", exact=False).first.select_option(index=1)
    page.get_by_label("Measure").select_option("SMD")
    expect(page.get_by_label("Standardised by")).to_be_visible()
    page.get_by_label("Model").select_option("common")
    expect(page.get_by_label("Between-study variance (τ²)")).to_have_count(0)
    expect(page.get_by_label("Name of the new outcome")).to_have_value("Pain after a week")
    assert inspect(page, axe, 1280, "main methods") == []
    page.get_by_role("button", name="Record the main method").click()
    place = page.locator(".place", has_text="Pain after a week")
    words = "Standardised mean difference, Hedges’ g with the exact correction, common effect, inverse variance, Wald"
    expect(place).to_contain_text(words)
    expect(place).to_contain_text("Chosen before results were looked at")
