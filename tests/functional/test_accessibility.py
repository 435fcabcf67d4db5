"""axe finds nothing on any page, for any role, on a laptop and on a phone; nothing is wider than its window."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Page

from tests.browser import AxeRun
from tests.functional.conftest import sign_in
from tests.matrix import ADDRESSES, OUTSIDE_A_QUESTION
from tests.server import RunningServer

pytestmark = [pytest.mark.browser, pytest.mark.pages]
HOME = "/guidelines/ilcor-als"
ROLES = {"chair": "chair", "panel member": "panel", "methodologist": "methodologist", "observer": "observer"}
WINDOWS = {"laptop": {"width": 1440, "height": 900}, "phone": {"width": 390, "height": 844}}


def pages_of(role: str) -> list[str]:
    """The pages that this role is the one to look at: its own questions, and what it alone may edit."""
    seen = {
        "chair": [
            "mcs-after-rosc/",
            "mcs-after-rosc-update/",
            "mcs-after-rosc/publication/",
            "mcs-after-rosc-update/criteria/resources_required/",
            "mcs-after-rosc-vote/rounds/1/",
            "mcs-after-rosc-vote/rounds/1/remind/",
            "",
            "people/invite/",
            "settings/",
            "conflicts/",
            "conflicts/members/",
            "checks/",
        ],
        "panel member": [
            "conflicts/",
            "conflicts/declare/",
            "conflicts/declare/mcs-after-rosc-vote/",
            "mcs-after-rosc-vote/",
            "mcs-after-rosc-vote/criteria/desirable_effects/",
        ],
        "methodologist": [
            "mcs-after-rosc-update/edit/",
            "mcs-after-rosc-update/criteria/equity/texts/",
            "mcs-after-rosc-update/criteria/resources_required/judgement/",
            "mcs-after-rosc-update/recommendation/",
            "mcs-after-rosc-update/sections/justification/",
            "mcs-after-rosc-update/outcomes/",
            "mcs-after-rosc-update/outcomes/new/",
            "mcs-after-rosc-update/outcomes/importance/",
            "mcs-after-rosc-update/evidence/",
            "mcs-after-rosc-update/evidence/uploads/new/",
            "mcs-after-rosc-update/evidence/methods/",
            "mcs-after-rosc-update/evidence/reproduction/",
            "mcs-after-rosc-update/changes/",
            "mcs-after-rosc-update/summary/",
            "mcs-after-rosc-update/summary/rows/",
            "mcs-after-rosc-update/checks/",
            "mcs-after-rosc-update/checks/before-publication/",
            "mcs-after-rosc-update/evidence/studies/new/?kind=counts",
            "mcs-after-rosc-update/evidence/studies/new/?kind=means",
        ],
        "observer": ["mcs-after-rosc/", "mcs-after-rosc/document/", "mcs-after-rosc/no-such-page/"],
    }[role]
    account = ["/account/", "/account/password/", "/account/codes/"] if role == "panel member" else []
    return ["/", *account, *(f"{HOME}/{address}" for address in seen)]


def inspect(page: Page, axe: AxeRun, width: int, where: str) -> list[str]:
    found = [f"{where}: {v['id']} {[node['html'][:120] for node in v['nodes']][:3]}" for v in axe(page)]
    widest = page.evaluate("document.documentElement.scrollWidth")
    return found + ([f"{where}: {widest} px wide in a window of {width}"] if widest > width else [])


@pytest.mark.parametrize("window", WINDOWS)
def test_no_page_has_a_barrier(
    window: str, server: RunningServer, axe: AxeRun, new_context: Callable[..., BrowserContext]
) -> None:
    found: list[str] = []
    for role, name in ROLES.items():
        context = new_context(viewport=WINDOWS[window])
        page = context.new_page()
        page.goto(f"{server.url}/sign-in/")
        found += inspect(page, axe, WINDOWS[window]["width"], "sign-in")
        sign_in(page, server, name)
        for address in pages_of(role):
            page.goto(server.url + address)
            found += inspect(page, axe, WINDOWS[window]["width"], f"{role} {address}")
        context.close()
    assert found == []


def test_a_form_opened_in_place_and_a_conflict_have_no_barrier(
    server: RunningServer, axe: AxeRun, page: Page, new_context: Callable[..., BrowserContext]
) -> None:
    other = new_context().new_page()
    for window, words in ((page, "one"), (other, "two")):
        sign_in(window, server, "chair")
        window.goto(f"{server.url}{HOME}/mcs-after-rosc-update/")
        window.locator("#criterion-equity").get_by_role("link", name="Edit the texts").click()
        window.get_by_label("Additional considerations").fill(words)
    assert inspect(page, axe, 1280, "form in place") == []
    page.get_by_role("button", name="Save").click()
    page.locator("#criterion-equity .saved").wait_for()
    other.get_by_role("button", name="Save").click()
    other.get_by_role("alert").wait_for()
    assert inspect(other, axe, 1280, "conflict") == []


def test_every_address_that_shows_a_page_is_looked_at() -> None:
    looked_at = " ".join(page for role in ROLES for page in pages_of(role))
    parts = {
        "question": "mcs-after-rosc/",
        "criterion": "criteria/",
        "edit_question": "/edit/",
        "edit_texts": "/texts/",
        "edit_judgement": "/judgement/",
        "edit_recommendation": "/recommendation/",
        "edit_section": "/sections/",
        "outcomes": "/outcomes/",
        "add_outcome": "/outcomes/new/",
        "rate_importance": "/outcomes/importance/",
        "evidence": "/evidence/",
        "upload": "/evidence/uploads/new/",
        "main_methods": "/evidence/methods/",
        "reproduction": "/evidence/reproduction/",
        "evidence_changes": "/changes/",
        "type_studies": "/evidence/studies/new/",
        "summary_of_findings": "/summary/",
        "choose_summary_rows": "/summary/rows/",
        "checks": "/mcs-after-rosc-update/checks/",
        "before_publication": "/checks/before-publication/",
        "guideline_checks": f"{HOME}/checks/",
        "publication": "/publication/",
        "document": "/document/",
        "round": "/rounds/1/",
        "remind": "/remind/",
        "guideline": f"{HOME}/ ",
        "invite": "/people/invite/",
        "guideline_settings": "/settings/",
        "my_conflicts": "/conflicts/",
        "declare_conflict": "/conflicts/declare/",
        "conflict_register": "/conflicts/members/",
        "account": "/account/",
        "change_password": "/account/password/",
        "set_up_codes": "/account/codes/",
    }
    assert [name for name, part in parts.items() if part not in looked_at] == []
    assert set(parts) <= {address.name for address in ADDRESSES} | set(OUTSIDE_A_QUESTION)
