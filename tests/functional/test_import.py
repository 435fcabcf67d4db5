"""A chair sends a document, looks at what was read, and stores it as a question."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, expect

from tests.browser import AxeRun
from tests.functional.conftest import sign_in
from tests.server import RunningServer
from tests.unit.documents.importing.page import page as example_page

pytestmark = [pytest.mark.browser, pytest.mark.pages]
GUIDELINE = "/guidelines/ilcor-als/"


@pytest.mark.parametrize(("width", "scripts"), [(1440, True), (390, True), (390, False)])
def test_a_document_is_sent_looked_at_and_stored(
    width: int,
    scripts: bool,
    tmp_path: Path,
    server: RunningServer,
    axe: AxeRun,
    new_context: Callable[..., BrowserContext],
) -> None:
    page = new_context(viewport={"width": width, "height": 900}, java_script_enabled=scripts).new_page()

    def look() -> None:
        if scripts:
            assert axe(page) == []
            assert page.evaluate("document.documentElement.scrollWidth") <= width

    sign_in(page, server, "chair")
    page.goto(f"{server.url}{GUIDELINE}")
    page.get_by_role("link", name="Import a document").click()
    look()
    file = tmp_path / "letter.pdf"
    file.write_bytes(b"%PDF-1.7")
    page.get_by_label("An Evidence-to-Decision document").set_input_files(file)
    page.get_by_role("button", name="Read it").click()
    expect(page.get_by_role("alert")).to_contain_text("This is a PDF")
    look()
    file = tmp_path / "etd.html"
    file.write_text(example_page().replace("190/406 (47%)", "190/40x (47%)"), encoding="utf-8")
    page.get_by_label("An Evidence-to-Decision document").set_input_files(file)
    page.get_by_role("button", name="Read it").click()
    expect(page.get_by_role("heading", name="What was read")).to_be_visible()
    expect(page.locator(".import-counts")).to_contain_text("12 of 12 criteria")
    expect(page.locator(".import-left")).to_contain_text("190/40x (47%)")
    look()
    page.get_by_text("Read it otherwise").click()
    page.get_by_label("Outcomes that do not say which way is better").select_option("lower")
    page.get_by_role("button", name="Read it again").click()
    expect(page.get_by_label("Outcomes that do not say which way is better")).to_have_value("lower")
    look()
    page.get_by_label("Name in the address").fill("mcs-after-rosc")
    page.get_by_label("Whose document it is").fill("Another body")
    page.get_by_role("button", name="Store as a new question").click()
    expect(page.get_by_role("alert")).to_contain_text("already")
    expect(page.get_by_label("Whose document it is")).to_have_value("Another body")
    page.get_by_label("Name in the address").fill("imported")
    page.get_by_role("button", name="Store as a new question").click()
    expect(page).to_have_url(f"{server.url}{GUIDELINE}imported/")
    expect(page.get_by_text("etd.html has become this question")).to_be_visible()
    look()
