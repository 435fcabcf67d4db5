"""A chair invites somebody new; they come by the e-mail's link; their role changes; codes are set up and asked for."""

from __future__ import annotations

import re
from base64 import b32decode
from collections.abc import Callable

import pytest
from django_otp.oath import totp
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser import AxeRun
from tests.functional.conftest import PASSWORD, sign_in
from tests.server import RunningServer

pytestmark = pytest.mark.browser
HOME = "/guidelines/ilcor-als/"
WINDOWS = {"laptop": {"width": 1440, "height": 900}, "phone": {"width": 390, "height": 844}}


def link_of_newest_letter(server: RunningServer) -> str:
    (found,) = re.findall(
        r"^http://\S+$", str(server.letters()[-1].get_content()).split("OpenEtD\n")[0], re.MULTILINE
    )
    return found


def without_barrier(page: Page, axe: AxeRun) -> None:
    found = [(v["id"], [node["html"][:120] for node in v["nodes"]][:3]) for v in axe(page)]
    assert (page.url, found) == (page.url, [])
    widest = page.evaluate("document.documentElement.scrollWidth")
    assert widest <= page.viewport_size["width"], page.url  # type: ignore[index]


@pytest.mark.parametrize("window", WINDOWS)
def test_an_invitation_from_the_chair_to_the_first_vote_and_back(
    window: str, server: RunningServer, axe: AxeRun, new_context: Callable[..., BrowserContext]
) -> None:
    chair = new_context(viewport=WINDOWS[window]).new_page()
    sign_in(chair, server, "chair")
    chair.goto(server.url + HOME)
    without_barrier(chair, axe)
    chair.get_by_role("link", name="Invite somebody").click()
    without_barrier(chair, axe)
    chair.get_by_label("Name").fill("Nora New")
    chair.get_by_label("E-mail address").fill("nora@example.org")
    chair.get_by_label("Panel member: reads everything and votes").check()
    chair.get_by_role("button", name="Send the invitation").click()
    expect(chair.get_by_text("The invitation is on its way to nora@example.org.")).to_be_visible()
    without_barrier(chair, axe)

    nora = new_context(viewport=WINDOWS[window]).new_page()
    nora.goto(link_of_newest_letter(server))
    without_barrier(nora, axe)
    expect(nora.get_by_label("Your name")).to_have_value("Nora New")
    nora.get_by_label("Choose a password").fill("too short")
    nora.get_by_role("button", name="Accept and begin").click()
    expect(nora.get_by_text("This password is too short.")).to_be_visible()
    without_barrier(nora, axe)
    nora.get_by_label("Choose a password").fill("a long walk by the sea")
    nora.get_by_role("button", name="Accept and begin").click()
    nora.wait_for_url(server.url + HOME)
    expect(nora.get_by_text("Welcome. You are here as panel member.")).to_be_visible()
    expect(nora.get_by_role("link", name="Invite somebody")).to_have_count(0)
    without_barrier(nora, axe)

    chair.reload()
    chair.get_by_role("link", name="Change the role of Nora New").click()
    without_barrier(chair, axe)
    chair.get_by_label("Observer: reads everything and changes nothing").check()
    chair.get_by_role("button", name="Change the role").click()
    expect(chair.get_by_text("Nora New is now observer.")).to_be_visible()
    nora.get_by_role("link", name=re.compile("mcs-after-rosc-update")).click()
    if window == "laptop":
        expect(nora.locator(".who-role")).to_have_text("Observer")
    expect(nora.get_by_role("link", name="Edit the texts")).to_have_count(0)

    chair.get_by_role("link", name="End the role of Maria Bianchi").click()
    expect(chair.get_by_text("Maria Bianchi has a ballot in an open round")).to_be_visible()
    without_barrier(chair, axe)
    chair.get_by_role("link", name="Cancel").click()
    chair.get_by_role("link", name="End the role of Nora New").click()
    chair.get_by_role("button", name="End the role").click()
    nora.reload()
    expect(nora.get_by_role("heading", level=1)).not_to_contain_text("mechanical")
    nora.goto(server.url)
    expect(nora.get_by_text("You are not a member of any guideline yet")).to_be_visible()


def test_codes_are_set_up_in_two_minutes_and_then_asked_for(
    server: RunningServer, axe: AxeRun, new_context: Callable[..., BrowserContext]
) -> None:
    page = new_context(viewport=WINDOWS["phone"]).new_page()
    sign_in(page, server, "methodologist")
    page.get_by_role("link", name=re.compile("Your account")).click()
    without_barrier(page, axe)
    page.get_by_role("link", name="Set up one-time codes").click()
    without_barrier(page, axe)
    expect(page.locator("svg.qr path")).to_be_visible()
    key = "".join(page.locator(".key").inner_text().split())

    def code(step: int) -> str:
        return f"{totp(b32decode(key), t0=-30 * step):06}"

    page.get_by_label("Code that the app shows now").fill(code(0))
    page.get_by_role("button", name="Set up").click()
    expect(page.locator(".recovery code")).to_have_count(10)
    recovery = page.locator(".recovery code").first.inner_text()
    without_barrier(page, axe)
    page.get_by_role("link", name="I have kept them").click()

    again = new_context(viewport=WINDOWS["laptop"]).new_page()
    again.goto(f"{server.url}/account/")
    again.get_by_label("E-mail address").fill("methodologist@example.org")
    again.get_by_label("Password").fill(PASSWORD)
    again.get_by_role("button", name="Sign in").click()
    again.get_by_role("textbox", name="Code").wait_for()
    without_barrier(again, axe)
    again.get_by_role("textbox", name="Code").fill(recovery)
    again.get_by_role("button", name="Sign in").click()
    again.wait_for_url(f"{server.url}/account/")
    expect(again.get_by_text("You used a recovery code; 9 are left.")).to_be_visible()
    again.get_by_role("link", name="Remove one-time codes").click()
    without_barrier(again, axe)
    again.get_by_label("Your password").fill(PASSWORD)
    again.get_by_role("textbox", name="Code").fill(code(1))
    again.get_by_role("button", name="Remove").click()
    expect(again.get_by_text("your password alone signs you in")).to_be_visible()


def test_a_forgotten_password_is_chosen_anew(server: RunningServer, axe: AxeRun, page: Page) -> None:
    page.goto(f"{server.url}/sign-in/")
    page.get_by_role("link", name="Forgotten your password?").click()
    without_barrier(page, axe)
    page.get_by_label("E-mail address").fill("observer@example.org")
    page.get_by_role("button", name="Send the link").click()
    expect(page.get_by_role("heading", name="Look into your mail")).to_be_visible()
    without_barrier(page, axe)
    for _ in range(100):  # the letter goes out after its answer
        if server.letters():
            break
        page.goto(f"{server.url}/sign-in/")
    page.goto(link_of_newest_letter(server))
    without_barrier(page, axe)
    page.get_by_role("textbox", name="New password", exact=True).fill("a long walk by the sea")
    page.get_by_label("The new password again").fill("a long walk by the sea")
    page.get_by_role("button", name="Store the new password").click()
    page.get_by_label("E-mail address").fill("observer@example.org")
    page.get_by_label("Password").fill("a long walk by the sea")
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(f"{server.url}/")
    page.goto(f"{server.url}/account/password/")
    without_barrier(page, axe)


def test_an_administrator_begins_a_guideline_and_a_question(
    server: RunningServer, axe: AxeRun, page: Page
) -> None:
    made = server.manage(
        "shell",
        "-c",
        "from etd.models import User;"
        "User.objects.create_superuser('admin@example.org', 'demo-panel-2026', name='Ada Min')",
    )
    assert made.returncode == 0, made.stderr
    page.goto(f"{server.url}/admin/")
    page.get_by_label("E-mail address").fill("admin@example.org")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(f"{server.url}/admin/")
    page.goto(server.url)
    page.get_by_role("link", name="New guideline").click()
    without_barrier(page, axe)
    page.get_by_label("Title of the guideline").fill("Heart failure 2027")
    page.get_by_label("Name in the address").fill("heart-failure")
    page.get_by_role("button", name="Begin the guideline").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Heart failure 2027")
    without_barrier(page, axe)
    page.get_by_role("link", name="New question").click()
    without_barrier(page, axe)
    page.get_by_role("textbox", name="Title").fill("Should cooling be used after cardiac arrest?")
    page.get_by_label("Short name of the intervention").fill("cooling")
    page.get_by_label("Short name of the comparison").fill("no cooling")
    page.get_by_role("radio", name="GRADE clinical recommendation, population perspective").check()
    page.get_by_label("Name in the address").fill("cooling")
    page.get_by_role("button", name="Begin the question").click()
    page.wait_for_url(f"{server.url}/guidelines/heart-failure/cooling/")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Should cooling be used")
