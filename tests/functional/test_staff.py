"""Staff take the document home: PDF and JSON, by the links that everybody sees."""

from __future__ import annotations

import io
import json

import pytest
from playwright.sync_api import Page
from pypdf import PdfReader

from tests.functional.conftest import sign_in
from tests.server import RunningServer

pytestmark = pytest.mark.browser
QUESTION = "/guidelines/ilcor-als/mcs-after-rosc/"


def test_staff_export_the_pdf_and_the_json(server: RunningServer, page: Page) -> None:
    sign_in(page, server, "staff")
    page.goto(server.url + QUESTION)
    with page.expect_download() as pdf:
        page.get_by_role("link", name="Export PDF").click()
    assert pdf.value.suggested_filename == "ilcor-als-mcs-after-rosc.pdf"
    document = PdfReader(io.BytesIO(pdf.value.path().read_bytes()))
    text = " ".join(" ".join(page.extract_text() for page in document.pages).split())
    assert "We suggest against the routine use of mechanical circulatory support devices" in text
    assert any(name.endswith(".json") for name in document.attachments)
    page.get_by_role("link", name="More to export").click()
    with page.expect_download() as download:
        page.get_by_role("link", name="Download Data (JSON)").click()
    exported = json.loads(download.value.path().read_text(encoding="utf-8"))
    assert exported["schema_version"] == "openetd-etd/1"
    assert len(exported["criteria"]) == 12
