"""A methodologist: from the trials' counts to a recomputed row beside the reported one, and out to the document."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, Route, expect

from tests.browser import AxeRun
from tests.functional.conftest import sign_in
from tests.functional.test_accessibility import inspect
from tests.server import RunningServer

pytestmark = pytest.mark.browser
UPDATE = "/guidelines/ilcor-als/mcs-after-rosc-update/"
TRIALS = Path(__file__).parents[2] / "fixtures" / "ilcor-mcs-after-rosc" / "trials"
LONGEST = TRIALS / "survival_longest_sourced_13trials.csv"


def upload(page: Page, server: RunningServer, file: Path | dict[str, object]) -> None:
    page.goto(f"{server.url}{UPDATE}evidence/")
    page.get_by_role("link", name="Upload study data").first.click()
    page.locator("input[type=file]").set_input_files(file)  # type: ignore[arg-type]
    page.locator("main button[type=submit]").click()


def place(page: Page) -> None:
    outcome = page.get_by_role("combobox", name="Outcome", exact=False).first
    outcome.select_option("Survival at the longest follow-up available, n (%)")
    population = page.get_by_role("combobox", name="Population", exact=False).first
    population.select_option("Cardiogenic shock with or without prior cardiac arrest")


def place_and_store(page: Page) -> None:
    place(page)
    page.get_by_label("I have looked at the warnings").check()
    page.get_by_role("button", name="Store the studies and pool them").click()


def looked_at_on_both(page: Page, axe: AxeRun, where: str) -> list[str]:
    """What is found on a phone, then on a laptop."""
    page.set_viewport_size({"width": 390, "height": 844})
    on_phone = inspect(page, axe, 390, f"{where}, phone")
    page.set_viewport_size({"width": 1440, "height": 900})
    return on_phone + inspect(page, axe, 1440, where)


@pytest.mark.parametrize("scripts", [True, False], ids=["htmx", "no JavaScript"])
def test_trials_become_a_recomputed_row(
    scripts: bool, server: RunningServer, axe: AxeRun, new_context: Callable[..., BrowserContext]
) -> None:
    page = new_context(java_script_enabled=scripts, viewport={"width": 1440, "height": 900}).new_page()
    sign_in(page, server, "methodologist")
    upload(page, server, LONGEST)
    expect(page.get_by_text("13 rows from a text table")).to_be_visible()
    expect(page.get_by_text("confidence: medium (count from %)").first).to_be_visible()
    expect(page.get_by_text("Choose an outcome and choose a population.")).to_be_visible()
    if scripts:
        assert inspect(page, axe, 1440, "preview") == []
    place(page)
    if not scripts:
        page.get_by_role("button", name="Compare with what is stored").click()
    expect(page.get_by_text("5 judgements would be marked.")).to_be_visible()
    if scripts:
        assert looked_at_on_both(page, axe, "what the file would change") == []
    place_and_store(page)
    # The analysis: the expected figures, to three decimals, and the forest plot.
    expect(page.get_by_text("1.168 (0.965–1.413)")).to_be_visible()
    expect(page.locator("svg text", has_text="1.17 (0.96–1.41)").first).to_be_visible()
    expect(page.get_by_text("13 of the 14 studies of the reported row have counts here.")).to_be_visible()
    if scripts:
        assert inspect(page, axe, 1440, "analysis") == []
    page.get_by_role("link", name="The reported row by every method").click()
    page.get_by_text("All 39 methods, the nearest first").click()
    expect(page.get_by_text("1.168 (0.965–1.413)")).to_be_visible()
    if scripts:
        assert looked_at_on_both(page, axe, "recomputation") == []
    # The table of the question: both rows, the recomputed one marked.
    page.goto(server.url + UPDATE)
    recomputed = page.locator("tr.computed").first
    expect(recomputed).to_contain_text("Recomputed")
    expect(recomputed).to_contain_text("429/913 (47%)")
    reported = page.locator("tr.reported", has_text="426/944 (45%)").first
    expect(reported).to_contain_text("1.17 (0.97–1.42)")
    # It crosses no line: the four criteria judged by the tables, and the type, stand on a minor change.
    expect(page.get_by_role("link", name="Minor change of the evidence")).to_have_count(5)


def test_another_method_is_tried_and_then_used(server: RunningServer, page: Page) -> None:
    sign_in(page, server, "methodologist")
    upload(page, server, LONGEST)
    place_and_store(page)
    page.get_by_label("Model").select_option("Common effect")
    page.get_by_label("Weights").select_option("Mantel-Haenszel")
    page.get_by_role("button", name="Redraw").click()
    expect(page.get_by_text("1.165 (0.964–1.409)")).to_be_visible()
    page.get_by_label("Why does the main method change?").fill("The protocol names it.")
    page.get_by_role("button", name="Use in the EtD").click()
    expect(page.get_by_text("The row in the EtD is now by this method.")).to_be_visible()


def test_a_wrong_file_names_row_column_and_remedy_and_stores_nothing(
    server: RunningServer, page: Page
) -> None:
    sign_in(page, server, "methodologist")
    wrong = (
        "study,events_intervention,n_intervention,events_comparison,n_comparison\n"
        "Alpha,10.5,20,7,21\n"
        "Beta,6,30,40,31\n"
    )
    upload(page, server, {"name": "wrong.csv", "mimeType": "text/csv", "buffer": wrong.encode()})
    problems = page.locator("main")
    expect(problems).to_contain_text(
        "Row 2, column events_intervention ('10.5'): a count must be a whole number"
    )
    expect(problems).to_contain_text("Row 3")
    page.goto(f"{server.url}{UPDATE}evidence/")
    expect(page.get_by_text("No study data are stored")).to_be_visible()


def test_a_name_typed_while_the_choices_are_drawn_anew_stays(server: RunningServer, page: Page) -> None:
    sign_in(page, server, "methodologist")
    upload(page, server, LONGEST)
    page.wait_for_url(re.compile(r"/evidence/uploads/\d+/$"))
    held: list[Route] = []
    page.route("**/evidence/uploads/*/", lambda route: route.continue_() if held else held.append(route))
    with page.expect_request("**/evidence/uploads/*/"):
        page.get_by_label("Outcome").first.select_option("A new outcome …")
    name = page.get_by_label("Name of the new outcome")
    name.fill("Stroke")
    page.evaluate(
        "() => { window.drawn = new Promise((done) => "
        "document.body.addEventListener('htmx:afterOnLoad', () => done(true), {once: true})); }"
    )
    held[0].continue_()
    page.evaluate("() => window.drawn")
    expect(name).to_have_value("Stroke")
    expect(name).to_be_focused()
    with page.expect_response("**/evidence/uploads/*/"):
        name.press("Tab")
    expect(page.get_by_text("Chosen because this outcome has no reported row")).to_be_visible()
    expect(name).to_have_value("Stroke")
