"""A methodologist brings in the list that the texts were written with, mends one entry, and follows a mark to it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, expect

from tests.browser import AxeRun
from tests.functional.conftest import sign_in
from tests.server import RunningServer

pytestmark = [pytest.mark.browser, pytest.mark.pages]
HOME = "/guidelines/ilcor-als/mcs-after-rosc-update/"
LIST = f"{HOME}references/"
RIS = """TY  - JOUR
AU  - Thiele, Holger
TI  - Extracorporeal life support in infarct-related cardiogenic shock
JO  - N Engl J Med
PY  - 2023
DO  - 10.1056/NEJMoa2307227
ER  -
TY  - JOUR
AU  - Møller, Jacob E.
TI  - Microaxial flow pump or standard care
JO  - N Engl J Med
PY  - 2024
ER  -
TY  - JOUR
AU  - Nobody, N.
ER  -
"""


@pytest.mark.parametrize("scripts", [True, False], ids=["with JavaScript", "without"])
@pytest.mark.parametrize("width", [1440, 390])
def test_a_list_is_imported_mended_and_cited(
    scripts: bool,
    width: int,
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

    sign_in(page, server, "methodologist")
    page.goto(f"{server.url}{LIST}")
    expect(page.locator(".dangling-list > li")).to_have_count(12)
    look()
    page.get_by_role("link", name="Import a file").click()
    look()
    file = tmp_path / "list.ris"
    file.write_text(RIS, encoding="utf-8")
    page.get_by_label("File", exact=True).set_input_files(file)
    page.get_by_role("button", name="Read it").click()
    expect(page.get_by_text("Entry 3, line 14, left out.")).to_be_visible()
    expect(page.locator(".reference-list .reference-number")).to_have_text(["13", "14"])
    look()
    page.get_by_label("New references are numbered from").fill("1")
    page.get_by_role("button", name="Number anew").click()
    expect(page.locator(".reference-list .reference-number")).to_have_text(["1", "2"])
    expect(page.locator(".reference-list > li").first).to_contain_text("Cited in Desirable Effects")
    page.get_by_role("button", name="Import 2 new references").click()
    expect(page.get_by_text("2 references imported.")).to_be_visible()
    expect(page.locator(".dangling-list > li")).to_have_count(10)
    look()
    page.get_by_role("link", name="Edit reference 2").click()
    page.get_by_label("PMID").fill("PMID: 38587239")
    look()
    page.get_by_role("button", name="Save").click()
    page.wait_for_url("**/references/#reference-2")
    expect(page.locator("#reference-2").get_by_role("link", name="PMID 38587239")).to_be_visible()
    page.locator("#reference-2").get_by_role("link", name="Desirable Effects").click()
    page.wait_for_url("**/#criterion-desirable_effects")
    expect(
        page.locator("#criterion-desirable_effects .citation").first.get_by_role("link")
    ).not_to_have_count(0)
    page.locator("#criterion-desirable_effects .citation a", has_text="2").first.click()
    page.wait_for_url("**/#reference-2")
    expect(page.locator("li:target")).to_contain_text("Microaxial flow pump")
    look()
