"""A trial that came after the judgements: what it marks, then and now beside each other, and what is said of it."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser import AxeRun
from tests.functional.conftest import sign_in
from tests.functional.test_accessibility import WINDOWS, inspect
from tests.functional.test_methodologist import LONGEST, UPDATE, place_and_store, upload
from tests.server import RunningServer

pytestmark = [pytest.mark.browser, pytest.mark.pages]
CHANGES = f"{UPDATE}changes/"
# With it the interval of survival no longer holds no effect.
NEW_TRIAL = b"LATEST-SHOCK,2026,190,300,146,300,survival,180 days,The journal of record,high\n"
JUDGED_BY_TABLES = ["Desirable Effects", "Undesirable Effects", "Certainty of evidence", "Balance of effects"]


def add_the_trial(page: Page, server: RunningServer) -> None:
    content = LONGEST.read_bytes().rstrip(b"\n") + b"\n" + NEW_TRIAL
    upload(page, server, {"name": "trials-2026.csv", "mimeType": "text/csv", "buffer": content})
    place_and_store(page)


@pytest.mark.parametrize("scripts", [True, False], ids=["htmx", "no JavaScript"])
def test_a_new_trial_marks_what_stood_on_the_old_evidence(
    scripts: bool, server: RunningServer, new_context: Callable[..., BrowserContext]
) -> None:
    page = new_context(java_script_enabled=scripts, viewport={"width": 1440, "height": 900}).new_page()
    sign_in(page, server, "methodologist")
    page.goto(server.url + CHANGES)
    expect(page.get_by_text("Every judgement stands on the evidence as it is today.")).to_be_visible()
    add_the_trial(page, server)

    page.goto(server.url + UPDATE)
    marked = page.locator(
        ".criterion", has=page.get_by_role("link", name="Evidence changed since the judgement")
    )
    expect(marked.locator(".criterion-name")).to_have_text(JUDGED_BY_TABLES, ignore_case=True)
    marked.first.get_by_role("link", name="Evidence changed since the judgement").click()

    expect(page).to_have_url(f"{server.url}{CHANGES}#item-desirable_effects")
    card = page.locator("#item-desirable_effects")
    row = page.locator(".change", has=card).get_by_role(
        "row", name=re.compile("Survival at the longest follow-up")
    )
    expect(row.locator(".then")).to_contain_text("1.17 (0.97–1.42)")
    expect(row.locator(".now")).to_contain_text("619/1213 (51%)")
    expect(row).to_contain_text("it crosses no effect (1).")

    card.get_by_label("Why does it still stand?").fill("One trial more; the effect is still small.")
    card.get_by_role("button", name="It still stands").click()
    expect(page.get_by_role("status").first).to_contain_text("is reaffirmed: it stands on today’s evidence.")
    expect(card).to_have_count(0)

    certainty = page.locator("#item-certainty_of_evidence")
    certainty.get_by_role("button", name="Reopen the criterion").click()
    expect(certainty.get_by_text("Say why it is opened again.")).to_be_visible()
    certainty.get_by_label("Why is it opened again?").fill("The interval is narrower now.")
    certainty.get_by_role("button", name="Reopen the criterion").click()
    expect(certainty).to_have_count(0)

    page.goto(server.url + UPDATE)
    expect(page.locator("#criterion-desirable_effects")).to_contain_text(
        "by Mats Lindqvist: One trial more; the effect is still small."
    )
    expect(page.locator("#criterion-certainty_of_evidence")).to_contain_text(
        "The panel has not judged this yet."
    )
    expect(marked.locator(".criterion-name")).to_have_text(
        [JUDGED_BY_TABLES[1], JUDGED_BY_TABLES[3]], ignore_case=True
    )


def test_the_page_has_no_barrier_for_who_answers_and_who_reads(
    server: RunningServer, axe: AxeRun, new_context: Callable[..., BrowserContext]
) -> None:
    maker = new_context().new_page()
    sign_in(maker, server, "methodologist")
    add_the_trial(maker, server)
    found: list[str] = []
    for actor in ("methodologist", "observer"):
        for window, size in WINDOWS.items():
            page = new_context(viewport=size).new_page()
            sign_in(page, server, actor)
            page.goto(server.url + CHANGES)
            expect(page.get_by_role("heading", name="Desirable Effects", exact=True)).to_be_visible()
            found += inspect(page, axe, size["width"], f"{actor}, {window}")
            answer = page.get_by_role("button", name="It still stands").first
            if actor == "methodologist":
                answer.click()
                expect(page.get_by_text("Say why it still stands.")).to_be_visible()
                found += inspect(page, axe, size["width"], f"refused, {window}")
            else:
                expect(answer).to_have_count(0)
            page.context.close()
    assert found == []
