"""The HTML file opened from a disk, without a network: it is whole, asks for nothing, and the browser says nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from documents.single_file import to_single_file
from tests.unit.documents.example import published

pytestmark = [pytest.mark.browser, pytest.mark.pages]

FONTS = """async () => {
  await document.fonts.ready
  return [...document.fonts].filter(one => one.status === 'loaded').map(one => one.family.replaceAll('"', ''))
}"""


@pytest.mark.parametrize("width", [390, 1440])
def test_the_file_opens_offline(page: Page, tmp_path: Path, width: int) -> None:
    file = tmp_path / "etd.html"
    file.write_bytes(to_single_file(published()))
    asked: list[str] = []
    said: list[str] = []
    page.on("request", lambda request: asked.append(request.url.partition(":")[0]))
    page.on("console", lambda message: said.append(message.text))
    page.context.set_offline(True)
    page.set_viewport_size({"width": width, "height": 900})
    page.goto(file.as_uri())
    expect(page.get_by_role("heading", name="Should devices be used?")).to_be_visible()
    assert set(page.evaluate(FONTS)) >= {"Source Serif 4", "Source Sans 3"}
    assert (asked.count("file"), set(asked) - {"file", "data"}, said) == (1, set(), [])
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert (
        page.evaluate("JSON.parse(document.getElementById('etd-document').textContent).version.number") == 2
    )
    page.emulate_media(media="print")
    expect(page.get_by_role("heading", name="Should devices be used?")).to_be_visible()
