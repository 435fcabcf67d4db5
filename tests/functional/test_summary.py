"""A methodologist makes the Summary of Findings, words a cell by hand, and has the computed text back."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser import AxeRun
from tests.functional.conftest import sign_in
from tests.functional.test_accessibility import inspect
from tests.functional.test_methodologist import LONGEST, UPDATE, place_and_store, upload
from tests.server import RunningServer

pytestmark = [pytest.mark.browser, pytest.mark.pages]
SUMMARY = f"{UPDATE}summary/"
ALL = "Cardiogenic shock with or without prior cardiac arrest"
LONGEST_ALL = f"Survival at the longest follow-up available, n (%), {ALL}"


def choose(page: Page, server: RunningServer, **places: str) -> None:
    page.goto(f"{server.url}{SUMMARY}")
    page.get_by_role("link", name="Choose and order outcomes").click()
    for name, place in places.items():
        page.get_by_label(f"Place of {name}").fill(place)
    page.get_by_role("button", name="Save").click()


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no JavaScript"])
def test_words_outlive_new_data_and_are_taken_back(
    scripts: bool, server: RunningServer, new_context: Callable[..., BrowserContext]
) -> None:
    page = new_context(java_script_enabled=scripts, viewport={"width": 1440, "height": 900}).new_page()
    sign_in(page, server, "methodologist")
    upload(page, server, LONGEST)
    place_and_store(page)
    thirty = (
        "Survival at hospital discharge or 30 days, n (%), Resuscitated cardiac arrest with cardiogenic shock"
    )
    page.goto(f"{server.url}{SUMMARY}rows/")
    page.get_by_label(f"Place of {LONGEST_ALL}").fill("2")
    page.get_by_label(f"Numbers of {LONGEST_ALL}").select_option("Recomputed")
    page.get_by_label(f"Place of {thirty}").fill("1")
    page.get_by_role("button", name="Save").click()
    rows = page.locator("table.sof tbody tr")
    expect(rows).to_have_count(2)
    expect(rows.nth(0)).to_contain_text("8 fewer per 1,000")
    computed = rows.nth(1).locator(".sof-difference .sof-line").first.inner_text()
    page.get_by_role("link", name="Word cells by hand").click()
    page.get_by_role("link", name=f"Word it (Difference, {LONGEST_ALL})").click()
    page.get_by_label("Your words").fill("Roughly 40 more survive")
    page.get_by_role("button", name="Save").click()
    expect(rows.nth(1)).to_contain_text("Roughly 40 more survive")
    expect(rows.nth(0)).to_contain_text("8 fewer per 1,000")
    # Another method is another number: the words stay, and say that what is computed has moved.
    page.goto(f"{server.url}{UPDATE}evidence/")
    page.get_by_role("link", name="Recomputed").first.click()
    page.get_by_label("Model").select_option("Common effect")
    page.get_by_label("Weights").select_option("Mantel-Haenszel")
    page.get_by_role("button", name="Redraw").click()
    expect(page.get_by_text("1.165 (0.964–1.409)")).to_be_visible()
    page.get_by_label("Why does the main method change?").fill("The protocol names it.")
    page.get_by_role("button", name="Use in the EtD").click()
    expect(page.get_by_text("The row in the EtD is now by this method.")).to_be_visible()
    page.goto(f"{server.url}{SUMMARY}")
    row = rows.nth(1)
    expect(row).to_contain_text("Roughly 40 more survive")
    row.get_by_text("by hand; computed text has changed").click()
    expect(row).to_contain_text("When it was worded")
    expect(row).to_contain_text(" ".join(computed.split()))
    row.get_by_role("button", name="Take back").click()
    expect(page.get_by_text("The words are taken back")).to_be_visible()
    expect(row).not_to_contain_text("Roughly")
    expect(row.locator(".sof-difference")).to_contain_text("more per 1,000")


@pytest.mark.parametrize("width", [1440, 390])
def test_the_tables_have_no_barrier(
    width: int, server: RunningServer, axe: AxeRun, new_context: Callable[..., BrowserContext]
) -> None:
    page = new_context(viewport={"width": width, "height": 900}).new_page()
    sign_in(page, server, "methodologist")
    choose(page, server, **{LONGEST_ALL: "1"})
    expect(page.locator("table.sof tbody tr")).to_have_count(1)
    found = []
    for address in ("", "?table=what-happens&words", "?table=profile"):
        page.goto(f"{server.url}{SUMMARY}{address}")
        found += inspect(page, axe, width, address)
    page.locator("details.picture summary").first.click()
    expect(page.locator("svg.icon-array").first).to_be_visible()
    found += inspect(page, axe, width, "icon array")
    page.goto(f"{server.url}{SUMMARY}?words")
    page.get_by_role("link", name="Word it (Comments,").click()
    found += inspect(page, axe, width, "words")
    assert found == []
