"""The analysis page in a browser: redrawn in place, without JavaScript too, on a laptop and on a phone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser import AxeRun
from tests.functional.conftest import sign_in
from tests.functional.test_accessibility import inspect
from tests.functional.test_methodologist import upload
from tests.server import RunningServer
from tests.unit.metaanalysis_stats.reference import reference_sets

pytestmark = [pytest.mark.browser, pytest.mark.pages]


@pytest.fixture
def trials(tmp_path: Path) -> Path:
    """Thirteen trials with years and subgroups."""
    lines = ["study,year,subgroup,events_intervention,n_intervention,events_comparison,n_comparison"]
    for s in reference_sets()["bcg"].studies:
        numbers = (s.events_intervention, s.n_intervention, s.events_comparison, s.n_comparison)
        lines.append(f"{s.study},{s.year},{s.subgroup}," + ",".join(map(str, numbers)))
    file = tmp_path / "trials.csv"
    file.write_text("\n".join(lines), encoding="utf-8")
    return file


def open_analysis(page: Page, server: RunningServer, file: Path) -> None:
    sign_in(page, server, "methodologist")
    upload(page, server, file)
    page.get_by_role("combobox", name="Outcome", exact=False).first.select_option(
        "Survival at the longest follow-up available, n (%)"
    )
    page.get_by_role("combobox", name="Population", exact=False).first.select_option(
        "Cardiogenic shock with or without prior cardiac arrest"
    )
    page.get_by_label("Between-study variance (τ²)").select_option("REML")
    page.get_by_label("Interval").select_option("By rule")
    page.get_by_role("button", name="Store the studies and pool them").click()
    expect(page.get_by_role("heading", name="In words")).to_be_visible()


def opened(page: Page) -> None:
    page.evaluate("document.querySelectorAll('details').forEach((part) => { part.open = true; })")


@pytest.mark.parametrize(
    "window", [{"width": 1440, "height": 900}, {"width": 390, "height": 844}], ids=["laptop", "phone"]
)
def test_the_page_has_no_barrier_folded_or_open(
    window: dict[str, int],
    server: RunningServer,
    trials: Path,
    axe: AxeRun,
    new_context: Callable[..., BrowserContext],
) -> None:
    page = new_context(viewport=window).new_page()
    open_analysis(page, server, trials)
    found = inspect(page, axe, window["width"], "folded")
    opened(page)
    assert found + inspect(page, axe, window["width"], "open") == []
    wide, narrow = page.locator("#forest-plot-title"), page.locator("#forest-plot-narrow-title")
    assert wide.count() == narrow.count() == 1
    drawn = page.locator(".plot-narrow" if window["width"] < 640 else ".plot-wide")
    expect(drawn).to_be_visible()
    expect(page.locator(".plot-wide" if window["width"] < 640 else ".plot-narrow")).to_be_hidden()


def test_no_choice_is_cut_off(
    server: RunningServer, trials: Path, new_context: Callable[..., BrowserContext]
) -> None:
    page = new_context(viewport={"width": 1440, "height": 900}).new_page()
    open_analysis(page, server, trials)
    cut = page.evaluate(
        """() => {
          const pen = document.createElement("canvas").getContext("2d");
          return [...document.querySelectorAll(".method-card select")].flatMap((select) => {
            const style = getComputedStyle(select);
            pen.font = `${style.fontSize} ${style.fontFamily}`;
            const room = select.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight);
            return [...select.options].filter((option) => pen.measureText(option.text).width > room).map((o) => o.text);
          });
        }"""
    )
    assert cut == []


@pytest.mark.parametrize("scripts", [True, False], ids=["htmx", "no JavaScript"])
def test_another_method_is_looked_at_and_used_with_a_reason(
    scripts: bool, server: RunningServer, trials: Path, new_context: Callable[..., BrowserContext]
) -> None:
    page = new_context(java_script_enabled=scripts, viewport={"width": 1440, "height": 900}).new_page()
    open_analysis(page, server, trials)
    controls = page.locator(".method-card form").first
    controls.get_by_label("Weights").select_option("Mantel-Haenszel")
    if not scripts:
        controls.get_by_role("button", name="Redraw").click()
    expect(page.get_by_text("This is only to look at")).to_be_visible()
    expect(page.get_by_text("Studies with an empty cell: “0.5 added, double zeros out”")).to_be_visible()
    controls.get_by_label("Model").select_option("Common effect")
    if not scripts:
        controls.get_by_role("button", name="Redraw").click()
    expect(page.locator(".headline")).to_contain_text("Odds ratio 0.62 (0.57–0.68)")
    expect(controls.get_by_label("Between-study variance")).to_have_count(0)
    page.get_by_label("Why does the main method change?").fill("The protocol names Mantel-Haenszel.")
    page.get_by_role("button", name="Use in the EtD").click()
    expect(page.get_by_text("The row in the EtD is now by this method.")).to_be_visible()
    expect(page.locator(".main-method")).to_contain_text("Reason: The protocol names Mantel-Haenszel.")


def test_a_number_opens_how_it_was_computed_from_the_keyboard(
    server: RunningServer, trials: Path, page: Page
) -> None:
    open_analysis(page, server, trials)
    step = page.locator("details.step", has_text="P for heterogeneity").first
    expect(step.locator(".formula").first).to_be_hidden()
    step.locator("summary").focus()
    page.keyboard.press("Enter")
    expect(step.locator(".formula").first).to_be_visible()
    expect(step).to_contain_text("Calculated with")


def test_what_was_opened_stays_open_when_another_method_is_drawn(
    server: RunningServer, trials: Path, page: Page
) -> None:
    open_analysis(page, server, trials)
    page.locator("summary", has_text="Without each study in turn").click()
    page.locator("details.step", has_text="P for heterogeneity").first.locator("summary").click()
    page.locator(".method-card form").first.get_by_label("Between-study variance").select_option(
        "Paule-Mandel"
    )
    expect(page.get_by_text("This is only to look at")).to_be_visible()
    opened_now = page.locator("#analysis details[open] > summary")
    expect(opened_now).to_have_count(2)
    expect(opened_now.first).to_contain_text("P for heterogeneity")
    expect(opened_now.last).to_have_text("Without each study in turn")


def test_the_plot_is_downloaded_as_it_is_shown(server: RunningServer, trials: Path, page: Page) -> None:
    open_analysis(page, server, trials)
    page.locator(".method-card form").first.get_by_label("Order of the studies").select_option(
        "Weight, heaviest first"
    )
    expect(page.locator(".plot-wide svg")).to_be_visible()
    expect(page.locator('.downloads a[href*="order=weight"]').first).to_be_visible()
    with page.expect_download() as started:
        page.get_by_role("link", name="Plot (SVG)", exact=True).click()
    name = started.value.suggested_filename
    assert name.endswith(".forest.svg")
    svg = started.value.path().read_text(encoding="utf-8")
    assert svg.index("TPT Madras 1980") < svg.index("Aronson 1948")
