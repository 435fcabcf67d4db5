"""A methodologist rates the certainty of survival; a member of the panel reads on a phone how it came about."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser import AxeRun
from tests.functional.conftest import sign_in
from tests.functional.test_accessibility import HOME, inspect
from tests.server import RunningServer

pytestmark = [pytest.mark.browser, pytest.mark.pages]
SUM = "High − 1 (risk of bias) − 1 (imprecision) = Low"
OVERRIDDEN = "I² is low, yet the devices of these trials differ more than the numbers show."


def answer(page: Page, domain: str, label: str, reason: str = "") -> None:
    part = page.locator(f"#{domain}")
    part.get_by_label(label, exact=True).check()
    if reason:
        part.get_by_role("textbox").fill(reason)


def test_survival_is_rated_and_read_on_a_phone(
    server: RunningServer, axe: AxeRun, page: Page, new_context: Callable[..., BrowserContext]
) -> None:
    sign_in(page, server, "methodologist")
    page.goto(f"{server.url}{HOME}/mcs-after-rosc-update/")
    page.get_by_role("link", name="Certainty", exact=True).click()
    assert inspect(page, axe, 1280, "certainty of all outcomes") == []
    page.get_by_role("link", name="Survival at the longest follow-up available").first.click()
    page.get_by_role("link", name="Rate the certainty").click()
    page.get_by_label("Cardiogenic shock with or without prior cardiac arrest, reported").check()
    page.get_by_label("Randomised trials begins at High").check()
    page.get_by_role("button", name="Show what the chosen results suggest").click()
    expect(page.locator("#imprecision")).to_contain_text("0.97–1.42")
    # The sum follows each choice.
    answer(page, "risk_of_bias", "Serious, −1", "Most trials could not be blinded.")
    expect(page.locator("#arithmetic")).to_contain_text("High − 1 (risk of bias) = Moderate")
    # One suggestion is taken over: the level, without a reason.
    page.get_by_role("button", name="Take over: serious, −1").click()
    expect(page.locator("#imprecision").get_by_label("Serious, −1", exact=True)).to_be_checked()
    expect(page.locator("#imprecision").get_by_role("textbox")).to_have_value("")
    expect(page.locator("#risk_of_bias").get_by_role("textbox")).to_have_value(
        "Most trials could not be blinded."
    )
    for domain, label in (
        ("inconsistency", "Not serious"),
        ("indirectness", "Not serious"),
        ("publication_bias", "Undetected"),
    ):
        answer(page, domain, label)
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("alert")).to_contain_text("1 field below needs an answer")
    assert inspect(page, axe, 1280, "a worksheet without a reason") == []
    answer(page, "imprecision", "Serious, −1", "The interval holds a loss and a large gain.")
    # Another is overridden: the data say not serious, the person says serious, and why.
    answer(page, "inconsistency", "Serious, −1", OVERRIDDEN)
    expect(page.locator("#arithmetic")).to_contain_text("− 1 (inconsistency)")
    answer(page, "inconsistency", "Not serious")
    expect(page.locator("#arithmetic")).to_contain_text(SUM)
    answer(page, "inconsistency", "Serious, −1", OVERRIDDEN)
    page.get_by_role("button", name="Save").click()
    whole = "High − 1 (risk of bias) − 1 (inconsistency) − 1 (imprecision) = Very low"
    expect(page.locator(".sum")).to_contain_text(whole)
    expect(page.locator(".domain-list")).to_contain_text("The data suggested “not serious”")
    assert inspect(page, axe, 1280, "a worksheet") == []
    address = page.url

    phone = new_context(viewport={"width": 390, "height": 844}).new_page()
    sign_in(phone, server, "panel")
    phone.goto(address)
    expect(phone.locator(".sum")).to_contain_text(whole)
    expect(phone.get_by_text(OVERRIDDEN)).to_be_visible()
    expect(phone.get_by_role("link", name="Rate")).to_have_count(0)
    assert inspect(phone, axe, 390, "a worksheet on a phone") == []
    phone.get_by_role("link", name="All outcomes").click()
    expect(phone.locator(".rated-outcome").first).to_contain_text("Very low")
    assert inspect(phone, axe, 390, "all outcomes on a phone") == []


def test_the_worksheet_on_a_phone_has_no_barrier(
    server: RunningServer, axe: AxeRun, new_context: Callable[..., BrowserContext]
) -> None:
    phone = new_context(viewport={"width": 390, "height": 844}).new_page()
    sign_in(phone, server, "methodologist")
    phone.goto(f"{server.url}{HOME}/mcs-after-rosc-update/certainty/")
    phone.locator(".rated-outcome").first.click()
    phone.get_by_role("link", name="Rate the certainty").click()
    assert inspect(phone, axe, 390, "rating on a phone") == []


def test_a_worksheet_is_filled_in_without_javascript(
    server: RunningServer, new_context: Callable[..., BrowserContext]
) -> None:
    page = new_context(java_script_enabled=False).new_page()
    sign_in(page, server, "methodologist")
    page.goto(f"{server.url}{HOME}/mcs-after-rosc-update/certainty/")
    page.locator(".rated-outcome").nth(1).click()
    page.get_by_role("link", name="Rate the certainty").click()
    page.get_by_label("Non-randomised studies begins at Low").check()
    answer(page, "indirectness", "Very serious, −2", "Other patients.")
    page.get_by_role("button", name="Preview", exact=True).last.click()
    expect(page.locator("#arithmetic")).to_contain_text("Low − 2 (indirectness) = Very low")
    expect(page.locator("#arithmetic")).to_contain_text("Not rated yet: risk of bias")
    expect(page.locator("#indirectness").get_by_role("textbox")).to_have_value("Other patients.")
