"""Every table as CSV and as a workbook: complete, the same bytes each time, and nothing in them is a formula."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from defusedxml.ElementTree import fromstring

from documents.published import document_sha256
from documents.schema import EtdDocument
from documents.sheets import Sheet, plain_number, sheet_csv, sheets_of
from documents.tables import of_outcomes, of_summary, to_csv
from documents.xlsx import MOST_LETTERS, to_xlsx
from metaanalysis.importers import read_table
from metaanalysis.importers.exports import unguarded
from tests.unit.documents.example import example, row
from tests.unit.documents.formulas import PAYLOADS, everywhere, is_run
from tests.unit.documents.test_json_schema import full

if TYPE_CHECKING:
    from openpyxl import Workbook

# Letters with which a name is refused when studies are uploaded: no study has them.
NEVER_READ = set("\r\n\x00\u200b\ufeff")
CELL = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


def records(content: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))


def sheet(document: EtdDocument, key: str) -> Sheet:
    return next(one for one in sheets_of(document) if one.key == key)


def cells_of(workbook: bytes) -> list[tuple[str, bool]]:
    """Type of each cell, and whether it holds a formula, as the XML says it."""
    found = []
    with zipfile.ZipFile(io.BytesIO(workbook)) as archive:
        for name in archive.namelist():
            if name.startswith("xl/worksheets/"):
                for cell in fromstring(archive.read(name)).iter(f"{CELL}c"):
                    found.append((cell.get("t", "n"), cell.find(f"{CELL}f") is not None))
    return found


def opened(workbook: bytes) -> Workbook:
    import openpyxl

    return openpyxl.load_workbook(io.BytesIO(workbook))


def test_every_table_of_the_document_has_its_sheet() -> None:
    assert [(one.key, one.name, len(one.rows)) for one in sheets_of(full())] == [
        ("sof", "Summary of findings", 1),
        ("table-2", "Table 2", 3),
        ("analysis-1-studies", "Studies 1", 3),
        ("judgements", "Judgements", 2),
        ("votes", "Votes", 1),
        ("statements", "Statements", 2),
        ("references", "References", 3),
    ]


def test_a_table_without_rows_has_none() -> None:
    document = example(references=(), statements=(), analyses=(), tables=())
    assert [one.key for one in sheets_of(document)] == ["judgements"]


def test_the_numbers_of_an_outcome_table_stand_raw_beside_the_printed_ones() -> None:
    table = sheet(full(), "table-2")
    first = dict(zip(table.headings, table.rows[0], strict=True))
    assert first["Odds ratio (95% CI)"] == "1.17 (0.97–1.42)"
    assert (first["measure"], first["estimate"], first["ci_low"], first["ci_high"]) == (
        "OR",
        1.17,
        0.97,
        1.42,
    )
    assert first["n_intervention"] == 944
    last = dict(zip(table.headings, table.rows[2], strict=True))
    assert (last["Odds ratio (95% CI)"], last["estimate"]) == (None, None)


def test_judgements_say_what_they_rest_on_and_a_criterion_without_one_is_there() -> None:
    empty = replace(example().criteria[0], number=2, heading="Harm", judgements=())
    table = sheet(example(criteria=(example().criteria[0], empty)), "judgements")
    assert [row[:5] for row in table.rows] == [
        (1, "Benefit", "How large is the benefit?", "Large", "adults"),
        (2, "Harm", "How large is the benefit?", None, None),
    ]


def test_votes_are_told_as_the_document_tells_them() -> None:
    assert sheet(full(), "votes").rows == ((1, "Benefit", "Yes", 3, None, "yes", "Ada, Bo", 3, 3, 0, "Met"),)
    secret = replace(full().rounds[0], tally_display="none", tallies=())
    assert "votes" not in {one.key for one in sheets_of(replace(full(), rounds=(secret,)))}


def test_a_number_is_written_in_full() -> None:
    assert [plain_number(one) for one in (-1.5, 1e-7, -0.00001, 3, 1e22, 0.1)] == [
        *("-1.5", "0.0000001", "-0.00001", "3", "10000000000000000000000", "0.1"),
    ]


@pytest.mark.parametrize("payload", PAYLOADS, ids=repr)
def test_no_text_of_a_csv_file_is_a_formula(payload: str) -> None:
    document = everywhere(full(), payload)
    arms = {"intervention": payload, "comparison": payload}
    files = [sheet_csv(one) for one in sheets_of(document)]
    files += [to_csv(of_outcomes(one, **arms)) for one in document.tables]
    files += [to_csv(of_summary(one, **arms)) for one in document.summary_tables]
    cells = [cell for content in files for record in records(content) for cell in record]
    assert [cell for cell in cells if is_run(cell)] == []
    references = records(sheet_csv(sheet(document, "references")))[1:]
    assert {unguarded(record[1]) for record in references} == {payload}


def test_a_formula_in_a_csv_file_would_be_seen() -> None:
    found = [payload for payload in PAYLOADS if not is_run(payload)]
    assert found == ["−1", "'=1+1", "''=1+1", '"=1+1"', '";=1+1', "#REF!", "{=1+1}", "%0A=1+1"]


@pytest.mark.parametrize("payload", PAYLOADS, ids=repr)
def test_a_workbook_holds_texts_as_texts(payload: str) -> None:
    workbook = to_xlsx(everywhere(full(), payload))
    assert [cell for cell in cells_of(workbook) if cell not in {("inlineStr", False), ("n", False)}] == []
    read = opened(workbook)["References"]["B2"]
    shown = re.sub(r"\r\n?", "\n", payload).replace("\x00", "\ufffd")
    assert (read.data_type, read.value) == ("s", shown)
    assert bool(read.quotePrefix) == (is_run(payload) or is_run(payload.lstrip("'")))


def test_negative_numbers_stay_numbers() -> None:
    table = example().tables[0]
    values = {**row().values, "estimate": -0.25, "ci_low": -1.0, "ci_high": 0.123456789012345678}
    group = replace(table.groups[0], rows=(replace(table.groups[0].rows[0], values=values),))
    document = example(tables=(replace(table, groups=(group,)),))
    place = sheet(document, "table-2").headings.index("estimate")
    assert records(sheet_csv(sheet(document, "table-2")))[1][place : place + 3] == [
        *("-0.25", "-1.0", "0.12345678901234568"),
    ]
    found = list(opened(to_xlsx(document))["Table 2"][2])[place:]
    assert [(cell.data_type, cell.value) for cell in found[:3]] == [
        *(("n", -0.25), ("n", -1), ("n", 0.12345678901234568)),
    ]


@pytest.mark.parametrize("payload", [one for one in PAYLOADS if not NEVER_READ & set(one)], ids=repr)
def test_studies_are_read_in_again_as_they_were(payload: str) -> None:
    one = example().analyses[0]
    document = everywhere(example(analyses=(replace(one, inputs=one.inputs[:1]),)), payload)
    parsed = read_table(sheet_csv(sheet(document, "analysis-1-studies")), filename="studies.csv")
    # Spaces around a name are none of it: an upload is read without them.
    name = payload.strip(" \u00a0\u2003\u3000")
    assert [(study.study, study.note) for study in parsed.rows] == [(name, name)]


def test_the_first_sheet_says_what_the_workbook_is_of() -> None:
    worksheet = opened(to_xlsx(full()))["Read me"]
    told: dict[Any, Any] = {one[0].value: one[1].value for one in worksheet.iter_rows()}
    assert told["Question"] == "Should devices be used?"
    assert told["Status"] == "Published, version 2"
    assert document_sha256(full()) in told["Document"]
    assert (
        told["Table 2"] == "Table 2. Pooled rates: Device compared with No device"
        or "Pooled rates" in told["Table 2"]
    )


def test_the_same_document_gives_the_same_bytes() -> None:
    assert to_xlsx(full()) == to_xlsx(full())
    with zipfile.ZipFile(io.BytesIO(to_xlsx(full()))) as archive:
        assert {entry.date_time for entry in archive.infolist()} == {(2000, 1, 1, 0, 0, 0)}
        assert b"2000-01-01T00:00:00Z</dcterms:modified>" in archive.read("docProps/core.xml")


def test_what_a_cell_cannot_hold_is_said() -> None:
    document = everywhere(example(), "x" * (MOST_LETTERS + 1))
    value = opened(to_xlsx(document))["References"]["B2"].value
    assert isinstance(value, str)
    assert len(value) == MOST_LETTERS
    assert value.endswith("the CSV file of this table has the whole text]")


def test_a_text_that_looks_like_an_escape_stays_one() -> None:
    workbook = to_xlsx(everywhere(example(), "A_x0041_B"))
    with zipfile.ZipFile(io.BytesIO(workbook)) as archive:
        assert b"A_x005F_x0041_B" in archive.read("xl/worksheets/sheet2.xml")
