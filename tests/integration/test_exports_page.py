"""The page that lists every file of a question, and the files that only it leads to."""

from __future__ import annotations

import io
import json
import re
import subprocess
from html import unescape
from typing import Any

import pytest
from django.test import Client
from django.urls import resolve, reverse
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

from documents import export_list
from documents.assemble import assemble
from documents.json_schema import schema_bytes
from documents.schema import from_json, to_json
from documents.sheets import sheets_of
from metaanalysis.models import Analysis
from tests.integration.conftest import ClientFor, get_question
from tests.integration.everything import Site, site

PLACE = {"guideline": "ilcor-als", "question": "mcs-after-rosc"}
PDF_OFF = "Off on this machine"


@pytest.fixture(autouse=True)
def pdf_can_be_made(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export_list, "can_make_pdf", lambda: True)


def listed(client: Client, place: dict[str, str]) -> dict[str, str]:
    """Address to the words of each link of the page that saves a file."""
    page = client.get(reverse("exports", kwargs=place)).content.decode()
    links = re.findall(r'<a [^>]*href="([^"]*)" download>(.*?)</a>', page)
    return {unescape(address): re.sub(r"<[^>]*>", "", unescape(words)) for address, words in links}


def without_query(address: str) -> str:
    return address.partition("?")[0]


def test_every_member_is_led_to_files_that_are_there(client_for: ClientFor) -> None:
    for actor in ("observer", "panel member", "chair"):
        client = client_for(actor)
        found = listed(client, PLACE)
        assert {str(resolve(address).url_name) for address in map(without_query, found)} >= {
            "published_pdf",
            "version_bundle",
            "document_pdf",
            "document_docx",
            "document_html",
            "document_json",
            "document_schema",
            "tables_xlsx",
            "table_csv",
        }
        for address in found:
            if "document.pdf" not in address:
                answer = client.get(address)
                assert (address, answer.status_code) == (address, 200)


def test_every_table_is_a_file(client_for: ClientFor) -> None:
    client = client_for("staff")
    names = [words for address, words in listed(client, PLACE).items() if address.endswith(".csv")]
    assert names == [sheet.name for sheet in sheets_of(assemble(get_question("mcs-after-rosc")))]
    answer = client.get(reverse("table_csv", kwargs={**PLACE, "table": "judgements"}))
    assert answer["Content-Disposition"] == 'attachment; filename="ilcor-als-mcs-after-rosc-judgements.csv"'
    assert answer.content.decode("utf-8-sig").startswith("Number,Criterion,Question,Judgement")
    assert client.get(reverse("table_csv", kwargs={**PLACE, "table": "table-9"})).status_code == 404


def test_a_recomputed_row_has_its_r_code(db: None) -> None:
    found: Site = site()
    client = Client()
    client.force_login(found.panel.methodologist, backend="django.contrib.auth.backends.ModelBackend")
    question = Analysis.objects.latest("pk").row.table.question
    place = {"guideline": question.guideline.slug, "question": question.slug}
    codes = [address for address in listed(client, place) if address.endswith(".R")]
    assert len(codes) == 1
    assert "metafor" in client.get(codes[0]).content.decode()


def test_the_workbook_is_of_all_tables(client_for: ClientFor) -> None:
    import openpyxl

    answer = client_for("observer").get(reverse("tables_xlsx", kwargs=PLACE))
    workbook = openpyxl.load_workbook(io.BytesIO(answer.content))
    sheets = sheets_of(assemble(get_question("mcs-after-rosc")))
    assert workbook.sheetnames == ["Read me", *(sheet.name for sheet in sheets)]
    assert answer["Content-Disposition"] == 'attachment; filename="ilcor-als-mcs-after-rosc-tables.xlsx"'


def test_the_html_file_holds_the_document(client_for: ClientFor) -> None:
    answer = client_for("observer").get(reverse("document_html", kwargs=PLACE))
    assert answer["Content-Disposition"] == 'attachment; filename="ilcor-als-mcs-after-rosc.html"'
    html = answer.content.decode()
    data = re.search(
        r'<script type="application/json" id="etd-document">(.*?)</script>', html, flags=re.DOTALL
    )
    assert data is not None
    assert from_json(json.loads(data[1])) == assemble(get_question("mcs-after-rosc"))
    assert "We suggest against" in html


def test_everybody_may_have_the_schema_and_every_document_keeps_to_it(example: None) -> None:
    answer = Client().get(reverse("document_schema"))
    assert answer.content == schema_bytes()
    assert (answer["Content-Type"], answer["Cache-Control"]) == (
        "application/schema+json",
        "public, max-age=3600",
    )
    assert "Vary" not in answer or "Cookie" not in answer["Vary"]
    validator = Draft202012Validator(json.loads(answer.content))
    for slug in ("mcs-after-rosc", "mcs-after-rosc-update", "mcs-after-rosc-vote"):
        document: Any = to_json(assemble(get_question(slug)))
        assert [error.message for error in validator.iter_errors(document)] == []


def test_without_its_libraries_the_page_says_why_there_is_no_pdf(
    client_for: ClientFor, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = client_for("observer")
    address = reverse("exports", kwargs=PLACE)
    assert PDF_OFF not in client.get(address).content.decode()
    monkeypatch.setattr(export_list, "can_make_pdf", lambda: False)
    page = client.get(address).content.decode()
    assert PDF_OFF in page
    assert f'{reverse("document_pdf", kwargs=PLACE)}" download' not in page


@pytest.mark.parametrize(("status", "expected"), [(0, True), (1, False)])
def test_whether_a_pdf_can_be_made_is_asked_of_a_process(
    monkeypatch: pytest.MonkeyPatch, status: int, expected: bool
) -> None:
    monkeypatch.undo()
    done = subprocess.CompletedProcess[bytes]([], status)
    monkeypatch.setattr("documents.export_list.subprocess.run", lambda *args, **options: done)
    assert export_list.can_make_pdf.__wrapped__() is expected
