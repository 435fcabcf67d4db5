"""A chair and a methodologist edit in place, and choose when somebody else was faster."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.functional.conftest import sign_in
from tests.server import RunningServer

pytestmark = [pytest.mark.browser, pytest.mark.pages]
UPDATE = "/guidelines/ilcor-als/mcs-after-rosc-update/"


def test_the_question_is_edited_in_place(server: RunningServer, page: Page) -> None:
    sign_in(page, server, "methodologist")
    page.goto(server.url + UPDATE)
    page.get_by_role("link", name="Edit the question").click()
    page.get_by_label("Setting").fill("Intensive care, any hospital")
    page.get_by_role("button", name="Save").click()
    box = page.locator("#question-box")
    expect(box.locator(".pico-setting")).to_contain_text("Intensive care, any hospital")
    expect(box).to_contain_text("Saved")
    page.reload()
    expect(page.locator(".pico-setting")).to_contain_text("Intensive care, any hospital")


def test_the_panels_judgement_moves_the_summary_on_the_same_page(server: RunningServer, page: Page) -> None:
    sign_in(page, server, "chair")
    page.goto(server.url + UPDATE)
    card = page.locator("#criterion-resources_required")
    expect(card).to_contain_text("2 options are ticked where the framework takes one")
    card.get_by_role("link", name="Record the panel’s judgement").click()
    card.get_by_role("checkbox", name="Negligible costs and savings").uncheck()
    card.get_by_label("It rests on").select_option("consensus")
    card.get_by_role("button", name="Save").click()
    expect(card).not_to_contain_text("options are ticked")
    chosen = page.locator("#summary tr", has_text="Resources required").first.locator("td.chosen")
    expect(chosen).to_have_count(1)
    expect(chosen).to_contain_text("Moderate costs")
    # What was judged may be edited again from the fragment that came back.
    card.get_by_role("link", name="Record the panel’s judgement").click()
    expect(card.get_by_role("checkbox", name="Moderate costs")).to_be_checked()


@pytest.mark.parametrize("scripts", [True, False], ids=["htmx", "no JavaScript"])
def test_cancel_gives_the_card_back_as_it_was(
    scripts: bool, server: RunningServer, new_context: Callable[..., BrowserContext]
) -> None:
    page = new_context(java_script_enabled=scripts).new_page()
    sign_in(page, server, "methodologist")
    page.goto(server.url + UPDATE)
    card = page.locator("#criterion-equity")
    before = card.inner_text()
    card.get_by_role("link", name="Edit the texts").click()
    page.get_by_label("Additional considerations").fill("Not after all")
    page.get_by_role("link", name="Cancel").click()
    expect(card).to_have_text(before, use_inner_text=True)
    expect(page.locator("form[data-unsaved]")).to_have_count(0)


def test_words_that_could_not_be_saved_are_not_taken_for_saved(server: RunningServer, page: Page) -> None:
    sign_in(page, server, "methodologist")
    page.goto(server.url + UPDATE)
    page.locator("#criterion-equity").get_by_role("link", name="Edit the texts").click()
    page.get_by_label("Additional considerations").fill("Words that must arrive")
    page.route("**/texts/", lambda route: route.abort())
    page.get_by_role("button", name="Save").click()
    expect(page.locator(".vote-status.failed")).to_contain_text("Your words are still here")
    expect(page.locator("form[data-unsaved]")).to_have_count(1)
    page.unroute("**/texts/")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("#criterion-equity")).to_contain_text("Words that must arrive")
    expect(page.locator("form[data-unsaved]")).to_have_count(0)


def test_an_editor_is_ready_and_has_the_focus_as_soon_as_it_is_there(
    server: RunningServer, page: Page
) -> None:
    """A focus that came later would take the words of somebody who types at once into another field."""
    sign_in(page, server, "methodologist")
    page.goto(server.url + UPDATE)
    focused = page.evaluate(
        """() => new Promise((resolve) => {
            document.body.addEventListener("htmx:afterSwap", () =>
                setTimeout(() => resolve(document.activeElement.name), 0), { once: true });
            document.querySelector("#criterion-equity a[hx-get]").click();
        })"""
    )
    assert focused == "research_evidence"


@pytest.mark.parametrize("scripts", [True, False], ids=["htmx", "no JavaScript"])
def test_a_stale_edit_shows_both_texts(
    scripts: bool, server: RunningServer, new_context: Callable[..., BrowserContext]
) -> None:
    windows = [new_context(java_script_enabled=scripts).new_page() for _ in range(2)]
    for window, name in zip(windows, ("chair", "methodologist"), strict=True):
        sign_in(window, server, name)
        window.goto(server.url + UPDATE)
        window.locator("#criterion-equity").get_by_role("link", name="Edit the texts").click()
        window.get_by_label("Additional considerations").fill(f"Words of the {name}")
    first, second = windows
    first.get_by_role("button", name="Save").click()
    expect(first.locator("#criterion-equity")).to_contain_text("Words of the chair")
    second.get_by_role("button", name="Save").click()
    conflict = second.get_by_role("alert")
    expect(conflict).to_contain_text("somebody else has saved this in the meantime")
    expect(conflict).to_contain_text("Words of the chair")
    expect(second.get_by_label("Additional considerations")).to_have_value("Words of the methodologist")
    # Closing the window now would lose them: the browser asks first.
    expect(second.locator("form[data-unsaved]")).to_have_count(1)
    second.get_by_role("button", name="Save mine in its place").click()
    expect(second.locator("#criterion-equity")).to_contain_text("Words of the methodologist")


def test_staff_write_the_recommendation(server: RunningServer, page: Page) -> None:
    sign_in(page, server, "staff")
    page.goto(server.url + UPDATE)
    part = page.locator("#recommendation")
    part.get_by_role("link", name="Edit the recommendation").click()
    part.get_by_label("Remark").first.fill("In *any* hospital.")
    part.get_by_role("button", name="Save").click()
    expect(part.locator(".statements li").first).to_contain_text("In any hospital.")
    expect(part.locator(".statements li")).to_have_count(3)
    section = page.locator("#section-monitoring_and_evaluation")
    section.get_by_role("link", name="Edit").click()
    section.get_by_label("Monitoring and evaluation").fill("1. Limb perfusion\n2. Bleeding")
    section.get_by_role("button", name="Save").click()
    expect(section).to_contain_text("1. Limb perfusion")
    expect(section).to_contain_text("Saved")
