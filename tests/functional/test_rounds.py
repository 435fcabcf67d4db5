"""A chair and three members through two rounds: one member on a phone, one by the keyboard alone; axe on each page."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser import AxeRun
from tests.functional.conftest import sign_in
from tests.server import RunningServer

pytestmark = pytest.mark.browser
VOTE = "/guidelines/ilcor-als/mcs-after-rosc-vote/"
NewContext = Callable[..., BrowserContext]
DESKTOP = {"width": 1440, "height": 900}
PHONE = {"width": 390, "height": 844}


class Looked:
    """axe and the width of the window, on each page that is given to it."""

    def __init__(self, axe: AxeRun) -> None:
        self.axe = axe

    def at(self, page: Page) -> None:
        found = [f"{v['id']} {[node['html'][:120] for node in v['nodes']][:3]}" for v in self.axe(page)]
        assert found == [], page.url
        assert page.viewport_size is not None
        assert page.evaluate("document.documentElement.scrollWidth") <= page.viewport_size["width"], page.url


def window(new_context: NewContext, server: RunningServer, name: str, **options: object) -> Page:
    page = new_context(**({"viewport": DESKTOP} | options)).new_page()
    sign_in(page, server, name)
    return page


def open_next_round(chair: Page, looked: Looked) -> None:
    """Open a round on what is ticked already, by our own rule of 70 percent."""
    chair.get_by_role("radio", name=re.compile("^Our own threshold")).check()
    chair.get_by_label("Our own threshold, in percent").fill("70")
    looked.at(chair)
    chair.get_by_role("button", name=re.compile(r"^Open round \d")).click()
    chair.wait_for_url(re.compile(r"/rounds/\d+/$"))
    looked.at(chair)


def close(chair: Page, looked: Looked) -> None:
    chair.reload()
    chair.get_by_role("link", name="Close the round…").click()
    looked.at(chair)
    chair.get_by_role("button", name=re.compile("^Close round")).click()
    expect(chair.get_by_role("heading", name="Results")).to_be_visible()


def choose(page: Page, option: str) -> None:
    page.get_by_role("radio", name=option, exact=True).check()
    expect(page.locator(".vote-status")).to_contain_text("Saved")


def choose_by_keyboard(page: Page, steps: int) -> None:
    """Onto the scale, the arrow keys along it, Enter to save and go on."""
    page.locator("form.vote .scale input[type=radio]").first.focus()
    for _ in range(steps):
        page.keyboard.press("ArrowRight")
    expect(page.locator(".vote-status")).to_contain_text("Saved")
    here = page.url
    page.keyboard.press("Enter")
    page.wait_for_url(lambda url: url != here)


@dataclass
class Panel:
    """The windows of a chair and three members."""

    server: RunningServer
    looked: Looked
    chair: Page
    keyboard: Page
    laptop: Page
    phone: Page


def begin_anew(panel: Panel) -> None:
    """The example's own round is closed without a vote; the next one asks about two criteria."""
    server, looked, chair = panel.server, panel.looked, panel.chair
    chair.goto(f"{server.url}{VOTE}rounds/")
    looked.at(chair)
    chair.get_by_role("link", name=re.compile("^Round 1")).click()
    looked.at(chair)
    close(chair, looked)
    chair.get_by_role("link", name="Open the next round").click()
    chair.wait_for_url(re.compile(r"/rounds/new/"))
    for box in chair.get_by_role("checkbox").all():
        box.set_checked((box.get_attribute("value") or "") in {"equity", "feasibility"})
    open_next_round(chair, looked)
    expect(chair.get_by_role("row", name=re.compile("Maria Bianchi"))).to_contain_text("0 of 2")


def vote_on_the_laptop(panel: Panel) -> None:
    server, looked, laptop = panel.server, panel.looked, panel.laptop
    laptop.goto(f"{server.url}{VOTE}criteria/equity/")
    choose(laptop, "Increased")
    laptop.get_by_label("Why").fill("Devices spread to small hospitals.")
    laptop.get_by_role("radio", name="High", exact=True).check()
    expect(laptop.locator("input[name=revision]")).not_to_have_value("1")
    looked.at(laptop)
    laptop.goto(f"{server.url}{VOTE}criteria/feasibility/")
    choose(laptop, "Yes")


def vote_by_keyboard(panel: Panel) -> None:
    server, looked, keyboard = panel.server, panel.looked, panel.keyboard
    keyboard.goto(f"{server.url}{VOTE}rounds/2/")
    looked.at(keyboard)
    keyboard.get_by_role("link", name="Begin with “Equity”").press("Enter")
    choose_by_keyboard(keyboard, 1)
    keyboard.goto(f"{server.url}{VOTE}criteria/feasibility/")
    choose_by_keyboard(keyboard, 3)


def vote_on_the_phone(panel: Panel) -> None:
    server, looked, phone = panel.server, panel.looked, panel.phone
    phone.goto(f"{server.url}{VOTE}criteria/equity/")
    phone.get_by_label("Why").fill("Far from any centre.")
    choose(phone, "Reduced")
    looked.at(phone)
    phone.locator(".receipt summary").click()
    phone.get_by_role("link", name="Check it").click()
    expect(phone.locator(".receipt-found")).to_contain_text("It stands in the trail. Round 2, Equity")
    looked.at(phone)
    phone.goto(f"{server.url}{VOTE}criteria/feasibility/")
    choose(phone, "Yes")


def count(panel: Panel) -> None:
    """They differ on one thing and agree on the other; before the close nobody knows."""
    server, looked, chair = panel.server, panel.looked, panel.chair
    chair.reload()
    expect(chair.get_by_role("row", name=re.compile("Maria Bianchi"))).to_contain_text("2 of 2")
    expect(chair.locator("main")).not_to_contain_text("Far from any centre.")
    chair.goto(f"{server.url}{VOTE}rounds/2/")
    close(chair, looked)
    looked.at(chair)
    verdicts = chair.get_by_role("list", name="Verdicts")
    expect(verdicts.get_by_role("listitem").nth(0)).to_contain_text("Equity")
    expect(verdicts.get_by_role("listitem").nth(0)).to_contain_text("No consensus, 1 of 3")
    expect(verdicts.get_by_role("listitem").nth(1)).to_contain_text("Consensus, 3 of 3")
    expect(chair.locator("#result-equity")).to_contain_text("Far from any centre.")
    expect(chair.locator("#result-equity")).not_to_contain_text("Ines Carvalho")


def talk_about_it(panel: Panel) -> None:
    server, looked, chair, phone = panel.server, panel.looked, panel.chair, panel.phone
    phone.goto(f"{server.url}{VOTE}rounds/2/")
    looked.at(phone)
    note = phone.locator("#discussion-equity")
    note.locator("summary").click()
    note.get_by_label("Your note").fill("Who pays for the transfer?")
    note.get_by_role("button", name="Add the note").click()
    expect(phone.locator("#discussion-equity")).to_contain_text("Ines Carvalho")
    expect(phone.locator("#discussion-equity")).to_contain_text("Who pays for the transfer?")

    chair.goto(f"{server.url}{VOTE}meeting/")
    looked.at(chair)
    chair.keyboard.press("ArrowRight")
    expect(chair.get_by_role("heading", level=1)).to_have_text("Equity")
    expect(chair.locator("body")).not_to_contain_text("Helena Brandt")
    looked.at(chair)
    chair.keyboard.press("ArrowRight")
    expect(chair.get_by_role("heading", level=1)).to_have_text("Feasibility")
    chair.keyboard.press("ArrowLeft")
    expect(chair.get_by_role("heading", level=1)).to_have_text("Equity")


def vote_again(panel: Panel) -> None:
    """On what is left, with the round before beside the scale."""
    server, looked, chair = panel.server, panel.looked, panel.chair
    chair.goto(f"{server.url}{VOTE}rounds/2/")
    chair.get_by_role("link", name="Open the next round").click()
    expect(chair.get_by_role("checkbox", name=re.compile("^Equity"))).to_be_checked()
    expect(chair.get_by_role("checkbox", name=re.compile("^Feasibility"))).not_to_be_checked()
    for box in chair.get_by_role("checkbox").all():
        box.set_checked((box.get_attribute("value") or "") == "equity")
    open_next_round(chair, looked)

    for member in (panel.keyboard, panel.laptop, panel.phone):
        member.goto(f"{server.url}{VOTE}criteria/equity/")
        expect(member.get_by_text("Round 2: how the panel voted")).to_be_visible()
        looked.at(member)
        choose(member, "Reduced")
    chair.goto(f"{server.url}{VOTE}rounds/3/")
    close(chair, looked)
    expect(chair.locator("#result-equity")).to_contain_text("Consensus, 3 of 3")
    expect(chair.locator("#result-equity")).to_contain_text("the rule asks for at least 70%")
    expect(chair.locator("#result-equity .earlier").first).to_contain_text("Round 2")


def record_the_judgement(panel: Panel) -> None:
    """It is the chair's to write down: nothing is filled in."""
    server, looked, chair = panel.server, panel.looked, panel.chair
    chair.locator("#result-equity").get_by_role("link", name="Record the panel’s judgement").click()
    expect(chair.get_by_label("It rests on")).to_have_value("")
    expect(chair.get_by_label("The round it refers to")).to_have_value("3")
    chair.get_by_role("checkbox", name="Reduced", exact=True).check()
    chair.get_by_label("It rests on").select_option("vote")
    looked.at(chair)
    chair.get_by_role("button", name="Save").click()
    expect(chair.locator("#criterion-equity")).to_contain_text("Vote in round 3, recorded by Helena Brandt")

    chair.goto(f"{server.url}{VOTE}history/")
    expect(chair.locator(".timeline").first).to_contain_text(
        "Helena Brandt recorded the panel’s judgement on Equity, after round 3"
    )
    looked.at(chair)


def test_a_panel_through_two_rounds(server: RunningServer, axe: AxeRun, new_context: NewContext) -> None:
    panel = Panel(
        server,
        Looked(axe),
        chair=window(new_context, server, "chair"),
        keyboard=window(new_context, server, "panel"),
        laptop=window(new_context, server, "panel2"),
        phone=window(new_context, server, "patient", viewport=PHONE),
    )
    begin_anew(panel)
    vote_on_the_laptop(panel)
    vote_by_keyboard(panel)
    vote_on_the_phone(panel)
    count(panel)
    talk_about_it(panel)
    vote_again(panel)
    record_the_judgement(panel)
    checked = server.manage("verify_chain")
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_voiding_and_refusals_have_no_barrier(
    server: RunningServer, axe: AxeRun, new_context: NewContext
) -> None:
    looked = Looked(axe)
    chair = window(new_context, server, "chair")
    chair.goto(f"{server.url}{VOTE}rounds/1/")
    chair.get_by_role("link", name=re.compile("^Void the ballot of David Okafor")).click()
    expect(chair.get_by_label("Whose ballot")).to_have_value(re.compile(r"\d+"))
    looked.at(chair)
    chair.get_by_label("Why it is not to count").fill("Left the panel.")
    chair.get_by_role("button", name="Void this ballot").click()
    expect(chair.get_by_role("row", name=re.compile("David Okafor"))).to_contain_text("Ballot voided")
    looked.at(chair)
    chair.goto(f"{server.url}{VOTE}rounds/new/")
    chair.get_by_role("button", name="Open round 2").click()
    expect(chair.get_by_role("alert")).to_contain_text("A round is open already.")
    looked.at(chair)
