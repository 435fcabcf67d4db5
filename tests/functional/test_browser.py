"""What the browser tests lean on can fail: axe finds a fault, a refused style and a script's error are noticed."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, Page, Route

from tests.browser import AxeRun, watch

pytestmark = pytest.mark.browser

PAGE = "<html lang='en'><head><title>T</title></head><body><main><h1>T</h1>{}</main></body></html>"
POLICY = "default-src 'none'; script-src 'self' 'nonce-x'"


def show(page: Page, body: str) -> None:
    def answer(route: Route) -> None:
        headers = {"Content-Type": "text/html", "Content-Security-Policy": POLICY}
        route.fulfill(body=PAGE.format(body), headers=headers)

    page.route("**/*", answer)
    page.goto("http://127.0.0.1/")


def test_axe_works_under_a_strict_policy_and_finds_a_fault(page: Page, axe: AxeRun) -> None:
    show(page, "<p>Text</p>")
    assert axe(page) == []
    show(page, "<label>Name</label><input>")
    assert [violation["id"] for violation in axe(page)] == ["label"]


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        ("<p style='color: red'>x</p>", "Content Security Policy"),
        ("<script>1</script>", "Content Security Policy"),
        ("<script nonce='x'>nothing.there()</script>", "nothing is not defined"),
    ],
)
def test_complaints_of_the_browser_are_noticed(browser: Browser, body: str, complaint: str) -> None:
    with browser.new_context() as context:
        complaints = watch(context)
        page = context.new_page()
        show(page, body)
        page.evaluate("1")  # events before this answer have arrived
        assert [complaint in heard for heard in complaints] == [True]


def test_the_browser_reaches_no_other_machine(page: Page) -> None:
    with pytest.raises(Exception, match="ERR_NAME_NOT_RESOLVED"):
        page.goto("http://example.org/")
