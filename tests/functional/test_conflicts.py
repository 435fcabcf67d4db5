"""A member declares on a phone, a chair opens and decides, the member sees it: with and without JavaScript."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser import AxeRun
from tests.functional.conftest import sign_in
from tests.server import RunningServer

pytestmark = pytest.mark.browser
HOME = "/guidelines/ilcor-als"
PHONE = {"width": 390, "height": 844}
WORDS = "Paid talks for a maker of devices since 2022."


def barriers(page: Page, axe: AxeRun) -> list[str]:
    found = [f"{page.url}: {v['id']} {[node['html'][:120] for node in v['nodes']][:3]}" for v in axe(page)]
    room = page.viewport_size
    assert room is not None
    widest = page.evaluate("document.documentElement.scrollWidth")
    return found + ([f"{page.url}: {widest} px wide"] if widest > room["width"] else [])


@pytest.mark.parametrize("script", [True, False], ids=["with JavaScript", "without"])
def test_a_conflict_from_the_declaration_to_the_voided_ballot(
    script: bool, server: RunningServer, new_context: Callable[..., BrowserContext]
) -> None:
    member = new_context(viewport=PHONE, java_script_enabled=script).new_page()
    sign_in(member, server, "panel")
    member.get_by_role("link", name="Declare your interests").click()
    member.get_by_label("Yes, I have one").check()
    member.get_by_role("button", name="Save the declaration").click()
    expect(member.get_by_text("Please say of which kind it is.")).to_be_visible()
    member.get_by_label("Financial").check()
    member.get_by_label("In your own words").fill(WORDS)
    member.get_by_role("button", name="Save the declaration").click()
    expect(member.get_by_text("Your declaration is saved")).to_be_visible()
    expect(member.get_by_text("A chair has not yet decided")).to_be_visible()

    chair = new_context(java_script_enabled=script).new_page()
    sign_in(chair, server, "chair")
    chair.goto(f"{server.url}{HOME}/conflicts/")
    chair.get_by_role("link", name="What the members have declared").click()
    expect(chair.get_by_text(WORDS)).to_have_count(0)
    chair.get_by_role("button", name="Open the declaration of").click()
    expect(chair.get_by_text(WORDS)).to_be_visible()
    expect(chair.get_by_text("has a ballot in an open round")).to_be_visible()
    chair.get_by_label("May discuss, does not vote").check()
    chair.get_by_role("button", name="Save the decision").click()
    expect(chair.get_by_text("Please confirm it")).to_be_visible()
    expect(chair.get_by_text(WORDS)).to_have_count(0)
    chair.get_by_label("I know that the ballot is voided").check()
    chair.get_by_label("Note").fill("Above our limit.")
    chair.get_by_role("button", name="Save the decision").click()
    expect(chair.get_by_text("can see how it is managed")).to_be_visible()

    member.reload()
    expect(member.get_by_text("May discuss, does not vote")).to_be_visible()
    expect(member.get_by_text("Above our limit.")).to_be_visible()
    member.goto(f"{server.url}{HOME}/mcs-after-rosc-vote/")
    expect(member.locator("form.vote")).to_have_count(0)


@pytest.mark.parametrize("width", [390, 1440])
def test_no_page_of_conflicts_or_settings_has_a_barrier(
    width: int, server: RunningServer, axe: AxeRun, new_context: Callable[..., BrowserContext]
) -> None:
    found: list[str] = []
    member = new_context(viewport={"width": width, "height": 900}).new_page()
    sign_in(member, server, "panel")
    member.goto(f"{server.url}{HOME}/conflicts/declare/")
    member.get_by_label("Yes, I have one").check()
    member.get_by_role("button", name="Save the declaration").click()
    found += barriers(member, axe)
    member.get_by_label("Other:").check()
    for words in (WORDS, f"{WORDS} Until 2026."):
        member.goto(f"{server.url}{HOME}/conflicts/declare/")
        member.get_by_label("Yes, I have one").check()
        member.get_by_label("Other:").check()
        member.get_by_label("In your own words").fill(words)
        member.get_by_role("button", name="Save").click()
        member.get_by_text("Your declaration is saved").wait_for()
    member.locator("summary", has_text="1 earlier version").click()
    found += barriers(member, axe)
    chair = new_context(viewport={"width": width, "height": 900}).new_page()
    sign_in(chair, server, "chair")
    chair.goto(f"{server.url}{HOME}/conflicts/members/")
    found += barriers(chair, axe)
    chair.get_by_role("button", name="Open the declaration of").click()
    found += barriers(chair, axe)
    chair.get_by_label("Takes no part").check()
    chair.get_by_role("button", name="Save the decision").click()
    found += barriers(chair, axe)
    chair.goto(f"{server.url}{HOME}/settings/")
    found += barriers(chair, axe)
    chair.get_by_role("radio", name=re.compile("^Our own threshold")).check()
    chair.get_by_role("button", name="Save the rules of voting").click()
    expect(chair.get_by_text("Your own rule needs a threshold")).to_be_visible()
    found += barriers(chair, axe)
    assert found == []
