"""What changed since the last version is read before the next is published, and by everybody afterwards."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, expect

from tests.browser import AxeRun
from tests.functional.conftest import sign_in
from tests.functional.test_accessibility import WINDOWS
from tests.functional.test_publication import PUBLICATION, QUESTION, approve, look
from tests.server import RunningServer

pytestmark = [pytest.mark.browser, pytest.mark.pages]
WORDS = "Unforeseen<harm>."


def test_a_change_is_read_before_it_is_published_and_by_everybody_afterwards(
    server: RunningServer, axe: AxeRun, new_context: Callable[..., BrowserContext]
) -> None:
    chair, staff, reader = (new_context(viewport=WINDOWS["laptop"]).new_page() for _ in range(3))
    sign_in(chair, server, "chair")
    sign_in(staff, server, "staff")
    changes = f"{server.url}{PUBLICATION}changes/"
    chair.goto(changes)
    expect(chair.get_by_text("Nothing has changed")).to_be_visible()
    barriers = look(chair, axe, "nothing has changed")

    chair.goto(server.url + PUBLICATION)
    chair.get_by_role("button", name="Begin version 2").click()
    chair.get_by_role("button", name="Begin panel voting").click()
    chair.get_by_role("link", name="Publication").click()
    chair.get_by_role("button", name="Send to review").click()
    staff.goto(f"{server.url}{QUESTION}sections/justification/")
    staff.get_by_role("textbox").first.fill(WORDS)
    staff.get_by_role("button", name="Save").click()

    chair.goto(changes)
    expect(chair.get_by_text("Changed: words in one place.")).to_be_visible()
    expect(chair.locator(".difference-words ins")).to_contain_text(WORDS)
    barriers += look(chair, axe, "changes")

    approve(staff, server)
    approve(chair, server)
    chair.get_by_label("What has changed since the last version").fill("The justification is new.")
    chair.get_by_role("button", name="Publish version 2").click()
    expect(chair.get_by_text("Version 2 is published.")).to_be_visible(timeout=60_000)

    reader.goto(f"{server.url}/published/ilcor-als/mcs-after-rosc/versions/2/")
    reader.get_by_role("link", name="What version 2 changed in version 1").click()
    expect(reader.get_by_role("heading", level=1)).to_have_text("What version 2 changed in version 1")
    inserted = reader.locator("ins", has_text=WORDS)
    expect(inserted).to_have_css("text-decoration-line", "underline")
    barriers += look(reader, axe, "difference")
    reader.get_by_role("link", name="Errata text").click()
    expect(reader.locator("pre")).to_contain_text(f"“{WORDS}”")
    assert reader.context.cookies() == []
    assert barriers == []
