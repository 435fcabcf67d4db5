"""A panel member judges: on a laptop, on a phone, with the keyboard alone, without JavaScript, through a fault."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Page, Route, expect

from tests.functional.conftest import sign_in
from tests.server import RunningServer

pytestmark = pytest.mark.browser
VOTE = "/guidelines/ilcor-als/mcs-after-rosc-vote/"


def choose(page: Page, criterion: str, option: str) -> None:
    page.locator(f"#vote-{criterion}").get_by_role("radio", name=option, exact=True).check()


def test_a_judgement_and_its_reason_save_themselves(server: RunningServer, page: Page) -> None:
    sign_in(page, server, "panel")
    page.get_by_role("link", name="13 judgements left to give").click()
    choose(page, "equity", "Probably reduced")
    expect(page.locator("#vote-status-equity")).to_contain_text("Saved")
    expect(page.locator("#outline-progress")).to_contain_text("you have judged 1 of 13")
    page.locator("#vote-equity textarea").fill("Devices are dear; p<0.05 is not the point.")
    expect(page.locator("#vote-version-equity input[name=revision]")).to_have_value("2")
    page.reload()
    expect(
        page.locator("#vote-equity").get_by_role("radio", name="Probably reduced", exact=True)
    ).to_be_checked()
    expect(page.locator("#vote-equity textarea")).to_have_value("Devices are dear; p<0.05 is not the point.")
    choose(page, "equity", "Reduced")
    expect(page.locator("#vote-version-equity input[name=revision]")).to_have_value("3")


def test_all_thirteen_on_a_phone_one_at_a_time(
    server: RunningServer, new_context: Callable[..., BrowserContext]
) -> None:
    page = new_context(viewport={"width": 390, "height": 844}).new_page()
    sign_in(page, server, "patient")
    page.goto(f"{server.url}{VOTE}criteria/problem/")
    for number in range(1, 13):
        expect(page.get_by_text(f"Criterion {number} of 12")).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        page.locator("form.vote input[type=radio]").nth(1).check()
        expect(page.locator(".vote-status")).to_contain_text("Saved")
        page.locator("form.vote button[type=submit]").click()
        page.wait_for_load_state()
    expect(page.locator("#vote-recommendation-type")).to_be_visible()
    page.locator("#vote-recommendation-type input[type=radio]").nth(1).check()
    expect(page.locator("#vote-status-recommendation-type")).to_contain_text("Saved")
    page.goto(server.url)
    expect(page.get_by_text("left to give")).to_have_count(0)


def test_the_keyboard_alone_is_enough(server: RunningServer, page: Page) -> None:
    sign_in(page, server, "panel")
    page.goto(f"{server.url}{VOTE}criteria/problem/")
    page.locator("form.vote input[type=radio]").first.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    expect(page.locator(".vote-status")).to_contain_text("Saved")
    expect(page.get_by_role("radio", name="Probably yes")).to_be_checked()
    page.keyboard.press("Tab")
    expect(page.locator("form.vote textarea")).to_be_focused()
    page.keyboard.type("Half of them die.")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_url(f"{server.url}{VOTE}criteria/desirable_effects/")
    page.goto(f"{server.url}{VOTE}criteria/problem/")
    expect(page.locator("form.vote textarea")).to_have_value("Half of them die.")


def test_without_javascript_everything_is_saved_too(
    server: RunningServer, new_context: Callable[..., BrowserContext]
) -> None:
    page = new_context(java_script_enabled=False).new_page()
    sign_in(page, server, "panel")
    page.goto(f"{server.url}{VOTE}criteria/equity/")
    page.get_by_role("radio", name="Probably reduced").check()
    page.locator("form.vote textarea").fill("Without a script")
    page.get_by_role("button", name="Save and next").click()
    expect(page).to_have_url(re.compile("/criteria/acceptability/$"))
    page.goto(f"{server.url}{VOTE}criteria/equity/")
    expect(page.get_by_role("radio", name="Probably reduced")).to_be_checked()
    expect(page.locator("form.vote textarea")).to_have_value("Without a script")


def test_a_failed_save_keeps_the_words_says_so_and_tries_again(server: RunningServer, page: Page) -> None:
    sign_in(page, server, "panel")
    page.goto(f"{server.url}{VOTE}criteria/equity/")
    attempts: list[str] = []

    def fail_once(route: Route) -> None:
        attempts.append(route.request.url)
        if len(attempts) == 1:
            route.abort()
        else:
            route.continue_()

    page.route("**/votes/equity/", fail_once)
    page.get_by_role("radio", name="Probably reduced").check()
    expect(page.locator(".vote-status")).to_contain_text("Not saved. Your words are still here")
    expect(page.locator(".vote-status")).to_contain_text("Saved", timeout=15_000)
    expect(page.get_by_role("radio", name="Probably reduced")).to_be_checked()
    assert len(attempts) == 2


@pytest.mark.parametrize("late", ["**/app*.js", "**/htmx*.js"])
def test_what_is_ticked_before_the_scripts_have_come_is_saved_when_they_come(
    late: str, server: RunningServer, page: Page
) -> None:
    sign_in(page, server, "panel")
    held: list[Route] = []
    page.route(late, lambda route: held.append(route))
    page.goto(f"{server.url}{VOTE}criteria/equity/", wait_until="commit")
    choose(page, "equity", "Reduced")
    page.locator("#vote-equity textarea").fill("Typed on a train.")
    expect(page.locator("#vote-status-equity")).to_contain_text("Not judged yet")
    held[0].continue_()
    expect(page.locator("#vote-status-equity")).to_contain_text("Saved")
    page.unroute(late)
    page.goto(f"{server.url}{VOTE}criteria/equity/")
    expect(page.get_by_role("radio", name="Reduced", exact=True)).to_be_checked()
    expect(page.locator("#vote-equity textarea")).to_have_value("Typed on a train.")
    expect(page.locator("#vote-version-equity input[name=revision]")).to_have_value("1")


def test_signing_in_again_in_another_tab_saves_what_was_typed(server: RunningServer, page: Page) -> None:
    sign_in(page, server, "panel")
    page.goto(f"{server.url}{VOTE}criteria/equity/")
    page.get_by_role("radio", name="Probably reduced").check()
    expect(page.locator(".vote-status")).to_contain_text("Saved")
    page.context.clear_cookies()
    page.locator("form.vote textarea").fill("Typed after the hour was over")
    expect(page.locator(".vote-status")).to_contain_text("your sign-in has ended")
    other = page.context.new_page()
    sign_in(other, server, "patient")
    page.get_by_role("button", name="Save and next").click()
    expect(page.locator(".vote-status")).to_contain_text("somebody else is signed in now")
    other.get_by_role("button", name="Sign out").click()
    sign_in(other, server, "panel")
    page.get_by_role("button", name="Save and next").click()
    expect(page).to_have_url(re.compile("/criteria/acceptability/$"))
    page.goto(f"{server.url}{VOTE}criteria/equity/")
    expect(page.locator("form.vote textarea")).to_have_value("Typed after the hour was over")


def test_two_windows_show_both_and_let_the_member_choose(
    server: RunningServer, page: Page, new_context: Callable[..., BrowserContext]
) -> None:
    phone = new_context().new_page()
    for window in (page, phone):
        sign_in(window, server, "panel")
        window.goto(f"{server.url}{VOTE}criteria/equity/")
    page.get_by_role("radio", name="Probably reduced").check()
    expect(page.locator(".vote-status")).to_contain_text("Saved")
    phone.get_by_role("radio", name="Increased", exact=True).check()
    expect(phone.locator(".vote-status")).to_contain_text("Saved elsewhere meanwhile: Probably reduced")
    phone.get_by_role("button", name="Save what is on this page instead").click()
    expect(phone.locator(".vote-status")).to_contain_text(re.compile(r"Saved(?! elsewhere)"))
    page.reload()
    expect(page.get_by_role("radio", name="Increased", exact=True)).to_be_checked()


def test_a_killed_server_has_lost_no_saved_vote(server: RunningServer, page: Page) -> None:
    sign_in(page, server, "panel")
    page.goto(f"{server.url}{VOTE}criteria/equity/")
    page.get_by_role("radio", name="Probably reduced").check()
    expect(page.locator(".vote-status")).to_contain_text("Saved")
    server.kill()
    server.start()
    sign_in(page, server, "panel")
    page.goto(f"{server.url}{VOTE}criteria/equity/")
    expect(page.get_by_role("radio", name="Probably reduced")).to_be_checked()
