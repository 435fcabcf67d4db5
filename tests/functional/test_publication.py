"""A published question is begun again, reviewed, approved by two people, published as version 2, and withdrawn."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser import AxeRun
from tests.functional.conftest import sign_in
from tests.functional.test_accessibility import WINDOWS, inspect
from tests.server import RunningServer

pytestmark = pytest.mark.browser
QUESTION = "/guidelines/ilcor-als/mcs-after-rosc/"
PUBLICATION = f"{QUESTION}publication/"
NOTE = "The justification says why; p<0.05 & R&D stay as they were."


def step_now(page: Page) -> str:
    return page.locator("[aria-current=step] .way-label").inner_text()


def look(page: Page, axe: AxeRun, where: str) -> list[str]:
    """What axe finds, and whether the page is wider than its window, on a laptop and on a phone."""
    found: list[str] = []
    for window in WINDOWS.values():
        page.set_viewport_size(window)  # type: ignore[arg-type]
        found += inspect(page, axe, window["width"], where)
    page.set_viewport_size(WINDOWS["laptop"])  # type: ignore[arg-type]
    return found


def approve(page: Page, server: RunningServer) -> None:
    page.goto(server.url + PUBLICATION)
    page.get_by_role("button", name="I approve it as it stands now").click()
    expect(page.get_by_text("Your approval is on record.")).to_be_visible()


def test_from_one_version_to_the_next_and_its_withdrawal(
    server: RunningServer, axe: AxeRun, new_context: Callable[..., BrowserContext]
) -> None:
    chair, staff = (new_context(viewport=WINDOWS["laptop"]).new_page() for _ in range(2))
    sign_in(chair, server, "chair")
    sign_in(staff, server, "staff")
    chair.goto(server.url + QUESTION)
    chair.get_by_role("link", name="Publication").click()
    assert step_now(chair) == "Published"
    barriers = look(chair, axe, "published")

    chair.get_by_role("button", name="Begin version 2").click()
    assert step_now(chair) == "Question and evidence"
    expect(chair.get_by_text("stays public, unchanged, while version 2 is prepared here")).to_be_visible()
    barriers += look(chair, axe, "evidence")
    chair.get_by_role("button", name="Begin panel voting").click()
    chair.get_by_role("link", name="Publication").click()
    barriers += look(chair, axe, "voting")
    chair.get_by_role("button", name="Send to review").click()
    assert step_now(chair) == "In review"

    approve(chair, server)
    staff.goto(f"{server.url}{QUESTION}sections/justification/")
    staff.get_by_role("textbox").first.fill("Because of harm.")
    staff.get_by_role("button", name="Save").click()
    staff.goto(server.url + PUBLICATION)
    expect(staff.get_by_text("Helena Brandt approved an earlier state; it counts no more")).to_be_visible()
    approve(staff, server)
    expect(staff.get_by_text("1 more person has to approve")).to_be_visible()
    approve(chair, server)
    barriers += look(chair, axe, "approved")

    chair.get_by_label("What has changed since the last version").fill(NOTE)
    chair.get_by_role("button", name="Publish version 2").click()
    expect(chair.get_by_text("Version 2 is published.")).to_be_visible(timeout=60_000)
    newest = chair.locator("#version-2")
    expect(newest).to_contain_text(NOTE)
    expect(newest).to_contain_text("Approved by")
    assert re.fullmatch(r"[0-9a-f]{12}", newest.locator("code").first.inner_text())
    chair.goto(server.url + QUESTION)
    expect(chair.locator("#question-box")).to_contain_text("Published: version 2 of ")

    chair.goto(server.url + PUBLICATION)
    newest.get_by_text("Withdraw version 2", exact=True).click()
    barriers += look(chair, axe, "withdrawing")
    newest.get_by_label("Why it is withdrawn").fill("A trial was retracted.")
    newest.get_by_role("button", name="Withdraw version 2 for good").click()
    assert step_now(chair) == "Withdrawn"
    expect(newest).to_contain_text("A trial was retracted.")
    # Version 1 does not stand in for it.
    expect(chair.get_by_text("To recommend anew, begin the next version")).to_be_visible()
    expect(chair.get_by_text("stays public")).to_have_count(0)
    barriers += look(chair, axe, "withdrawn")
    assert barriers == []
