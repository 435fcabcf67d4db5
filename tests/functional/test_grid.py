"""Study data in a table on the page: pasted, moved through by the keyboard, corrected where a mistake is marked."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Dialog, Page, expect

from tests.browser import AxeRun
from tests.functional.conftest import sign_in
from tests.functional.test_accessibility import WINDOWS, inspect
from tests.functional.test_methodologist import LONGEST, UPDATE, place_and_store, upload
from tests.server import RunningServer

pytestmark = [pytest.mark.browser, pytest.mark.pages]
TYPED = f"{UPDATE}evidence/studies/new/"
BLOCK = "Alpha\t2001\t5\t20\t7\t21\r\nBeta\t2002\t6,5\t30\t6\t31\r\n"


def cell(page: Page, row: int, column: int) -> str:
    return page.locator(f'input[data-row="{row}"][data-column="{column}"]').input_value()


def focused(page: Page) -> tuple[int, int]:
    place = page.evaluate("[document.activeElement.dataset.row, document.activeElement.dataset.column]")
    return int(place[0]), int(place[1])


def paste(page: Page, text: str, row: int = 0, column: int = 0) -> None:
    """As from the clipboard, into a cell."""
    page.locator(f'input[data-row="{row}"][data-column="{column}"]').evaluate(
        """(input, text) => {
          input.focus();
          const clipboardData = new DataTransfer();
          clipboardData.setData("text/plain", text);
          input.dispatchEvent(new ClipboardEvent("paste", {clipboardData, bubbles: true, cancelable: true}));
        }""",
        text,
    )


def open_typed(page: Page, server: RunningServer, kind: str = "counts") -> None:
    sign_in(page, server, "methodologist")
    page.goto(f"{server.url}{UPDATE}evidence/uploads/new/")
    names = {"counts": "Events and totals", "means": "Means and SDs", "estimate": "Estimates"}
    page.get_by_role("link", name=names[kind], exact=True).click()


@pytest.mark.parametrize("window", WINDOWS)
def test_a_pasted_block_is_corrected_at_the_marked_cell_and_goes_on_to_its_preview(
    window: str, server: RunningServer, axe: AxeRun, new_context: Callable[..., BrowserContext]
) -> None:
    page = new_context(viewport=WINDOWS[window]).new_page()
    width = WINDOWS[window]["width"]
    open_typed(page, server)
    paste(page, BLOCK)
    assert [cell(page, 1, column) for column in range(6)] == ["Beta", "2002", "6,5", "30", "6", "31"]
    expect(page.get_by_text("2 rows pasted.")).to_be_visible()
    assert inspect(page, axe, width, "pasted") == []
    page.get_by_role("button", name="Check and go on").click()
    expect(page.get_by_role("alert")).to_contain_text("1 error: nothing was stored")
    assert focused(page) == (1, 2)
    marked = page.locator('input[aria-invalid="true"]')
    expect(marked).to_have_value("6,5")
    assert inspect(page, axe, width, "with an error") == []
    marked.fill("6")
    page.get_by_role("button", name="Check and go on").click()
    expect(page.get_by_text("2 rows from a text table")).to_be_visible()
    expect(page.get_by_text("6/30").first).to_be_visible()
    assert inspect(page, axe, width, "preview") == []


def test_the_keyboard_moves_as_in_a_spreadsheet(server: RunningServer, page: Page) -> None:
    open_typed(page, server)
    page.locator('input[data-row="0"][data-column="0"]').click()
    page.keyboard.type("Alpha")
    page.keyboard.press("Tab")
    page.keyboard.type("2001")
    page.keyboard.press("Enter")
    assert focused(page) == (1, 1)
    page.keyboard.press("ArrowLeft")
    assert focused(page) == (1, 0)
    page.keyboard.press("ArrowUp")
    assert focused(page) == (0, 0)
    page.keyboard.press("ArrowRight")
    page.keyboard.type("2002")
    assert (cell(page, 0, 0), cell(page, 0, 1)) == ("Alpha", "2002")
    page.keyboard.press("ArrowLeft")
    assert focused(page) == (0, 1)
    page.keyboard.press("Shift+Enter")
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Add a row")).to_be_focused()


def test_rows_are_added_at_the_end_and_removed_where_one_stands(server: RunningServer, page: Page) -> None:
    open_typed(page, server)
    paste(page, "".join(f"Study {n}\t\t{n}\t20\t7\t21\n" for n in range(9)))
    page.locator('input[data-row="8"][data-column="0"]').click()
    page.keyboard.press("Enter")
    assert focused(page) == (9, 0)
    page.keyboard.type("Last")
    page.locator('input[data-row="1"][data-column="0"]').click()
    page.get_by_role("button", name="Remove row 3").click()
    expect(page.get_by_text("Row 3 was removed.")).to_be_visible()
    assert [cell(page, row, 0) for row in (0, 1, 7, 8)] == ["Study 0", "Study 2", "Study 8", "Last"]


def test_a_table_pasted_with_its_names_says_what_each_column_was_understood_as(
    server: RunningServer, page: Page
) -> None:
    open_typed(page, server, "means")
    names = "Trial\tMean T\tSD T\tN T\tMean C\tSD C\tN C\tCentre"
    paste(page, f"{names}\nAlpha\t12.5\t3\t20\t14\t3.1\t22\tOslo\nBeta\t11\t2\t30\t14.2\t4\t33\tBergen\n")
    expect(page.get_by_text("“Mean T” in the file")).to_be_visible()
    assert page.get_by_label("What column 2 holds").input_value() == "mean_intervention"
    centre = page.get_by_label("What column 8 holds")
    expect(centre.locator("option:checked")).to_have_text("“Centre”, kept as a note")
    centre.select_option("Source")
    page.get_by_role("button", name="Add a column").click()
    expect(centre.locator("option:checked")).to_have_text("Source")
    page.get_by_role("button", name="Check and go on").click()
    expect(page.get_by_role("row", name="Alpha")).to_contain_text("Oslo")
    expect(page.get_by_label("Measure")).to_have_value("MD")


def test_values_beside_the_named_columns_are_never_dropped_silently(
    server: RunningServer, page: Page
) -> None:
    open_typed(page, server)
    paste(page, "Alpha\t2001\t5\t20\t7\t21\tadults\tp. 4\t99\nBeta\t2002\t6\t30\t6\t31\tadults\tp. 5\t98\n")
    page.get_by_role("button", name="Check and go on").click()
    expect(page.get_by_role("alert")).to_contain_text("nothing was stored")
    page.get_by_label("What column 9 holds").select_option("Not used")
    page.get_by_role("button", name="Check and go on").click()
    expect(page.get_by_role("row", name="Alpha")).to_contain_text("p. 4")
    expect(page.get_by_text("99", exact=True)).to_have_count(0)


def test_a_wrong_file_is_corrected_on_the_page(server: RunningServer, axe: AxeRun, page: Page) -> None:
    sign_in(page, server, "methodologist")
    wrong = "study,ev_t,n_t,ev_c,n_c\nAlpha,10.5,20,7,21\nBeta,6,30,40,31\n"
    upload(page, server, {"name": "wrong.csv", "mimeType": "text/csv", "buffer": wrong.encode()})
    page.get_by_role("link", name="Correct it here").click()
    assert inspect(page, axe, 1280, "correct") == []
    page.get_by_role("button", name="Row 3, column ev_c").click()
    assert focused(page) == (1, 3)
    page.keyboard.type("4")
    page.locator('input[data-row="0"][data-column="1"]').fill("10")
    page.get_by_role("button", name="Check and go on").click()
    expect(page.get_by_text("Corrected here from wrong.csv")).to_be_visible()
    expect(page.get_by_role("row", name="Beta")).to_contain_text("4/31")


def test_a_stored_number_is_edited_through_the_same_preview(server: RunningServer, page: Page) -> None:
    sign_in(page, server, "methodologist")
    upload(page, server, LONGEST)
    place_and_store(page)
    page.goto(f"{server.url}{UPDATE}evidence/")
    page.get_by_role("link", name="Edit the studies").click()
    first = page.locator('input[data-row="0"][data-column="2"]')
    before = first.input_value()
    first.fill(str(int(before) + 1))
    page.get_by_role("button", name="Check and go on").click()
    expect(page.get_by_text("1 changed")).to_be_visible()
    expect(page.locator(".changes")).to_contain_text(f"{before}{int(before) + 1}")
    expect(page.get_by_text("12 unchanged")).to_be_visible()


def test_without_scripts_the_table_is_typed_as_text(
    server: RunningServer, new_context: Callable[..., BrowserContext]
) -> None:
    page = new_context(java_script_enabled=False).new_page()
    open_typed(page, server)
    box = page.get_by_label("The table, as copied from a spreadsheet")
    box.fill(box.input_value() + "Alpha\t2001\t5\t20\t7\t21\t\t\nBeta\t2002\t6\t30\t6\t31\t\t\n")
    page.get_by_role("button", name="Check and go on").click()
    expect(page.get_by_role("row", name="Beta")).to_contain_text("6/30")


def test_leaving_with_something_typed_asks_first(server: RunningServer, page: Page) -> None:
    open_typed(page, server)
    page.locator('input[data-row="0"][data-column="0"]').click()
    page.keyboard.type("Alpha")
    asked: list[str] = []

    def stay(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.dismiss()

    page.on("dialog", stay)
    page.get_by_role("link", name="Back to the evidence").click()
    assert asked == ["beforeunload"]
    assert cell(page, 0, 0) == "Alpha"
