"""What a reader of the archive and a screen reader need of a PDF, read back from its structure.

The rules are those of PDF/A-3a (ISO 19005-3) and PDF/UA-1 (ISO 14289-1) that can be read from the file itself.
"""

from __future__ import annotations

import io
import re
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from html import unescape
from itertools import pairwise
from typing import Any

import pypdf
import pytest
from pypdf.generic import ArrayObject, ContentStream, DictionaryObject

from documents.html import Layout, render_html
from documents.pdf import render_pdf
from documents.schema import EtdDocument, Reference
from tests.unit.documents.example import published

SHOWS = {b"Tj", b"TJ", b"'", b'"', b"f", b"f*", b"S", b"s", b"B", b"B*", b"b", b"b*", b"sh", b"Do"}


def linked() -> EtdDocument:
    return replace(
        published(), references=(Reference(2, "Alpha A. Trial. 2005.", doi="10.1056/nejmoa2307227"),)
    )


@pytest.fixture(scope="module", params=list(Layout))
def layout(request: pytest.FixtureRequest) -> Layout:
    layout: Layout = request.param
    return layout


@pytest.fixture(scope="module")
def content(layout: Layout) -> bytes:
    return render_pdf(linked(), layout)


@pytest.fixture(scope="module")
def reader(content: bytes) -> pypdf.PdfReader:
    return pypdf.PdfReader(io.BytesIO(content))


@pytest.fixture(scope="module")
def catalog(reader: pypdf.PdfReader) -> Any:
    return reader.trailer["/Root"]


@pytest.fixture(scope="module")
def tags(catalog: Any) -> list[tuple[str, Any, tuple[str, ...]]]:
    """Every tag in reading order: its kind, itself, and the kinds of those around it, the nearest last."""
    return list(walk(catalog["/StructTreeRoot"]["/K"], ()))


def walk(value: Any, around: tuple[str, ...]) -> Iterator[tuple[str, Any, tuple[str, ...]]]:
    value = value.get_object()
    if isinstance(value, ArrayObject):
        for item in value:
            yield from walk(item, around)
    elif isinstance(value, DictionaryObject) and "/S" in value:
        kind = str(value["/S"])[1:]
        yield kind, value, around
        yield from walk(value.get("/K", ArrayObject()), (*around, kind))


def kinds_in(tag: Any) -> list[str]:
    return [kind for kind, _, around in walk(tag["/K"], ()) if not around]


def operations(reader: pypdf.PdfReader, page: Any) -> list[tuple[Any, bytes]]:
    return ContentStream(page["/Contents"].get_object(), reader).operations


def test_readers_show_the_title_and_know_the_language(catalog: Any, reader: pypdf.PdfReader) -> None:
    assert catalog["/ViewerPreferences"]["/DisplayDocTitle"].value is True
    assert catalog["/MarkInfo"]["/Marked"].value is True
    assert catalog["/Lang"] == "en-US"
    assert all(page["/Tabs"] == "/S" for page in reader.pages)
    assert all("/StructParents" in page for page in reader.pages)


def test_headings_follow_each_other_without_a_gap(tags: Any) -> None:
    levels = [int(kind[1]) for kind, _, _ in tags if re.fullmatch(r"H[1-6]", kind)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert max(levels) >= 3
    assert [pair for pair in pairwise(levels) if pair[1] > pair[0] + 1] == []


def test_every_drawing_says_what_it_shows(tags: Any) -> None:
    figures = [tag for kind, tag, _ in tags if kind == "Figure"]
    assert len(figures) == 3
    assert [figure for figure in figures if not figure.get("/Alt", "").strip()] == []
    assert all("/BBox" in figure["/A"] for figure in figures)
    assert any(figure["/Alt"].startswith("Forest plot") for figure in figures)


def test_header_cells_say_what_they_head(tags: Any) -> None:
    headers = [(tag, around) for kind, tag, around in tags if kind == "TH"]
    assert {tag["/A"]["/Scope"] for tag, around in headers if "THead" in around[-2:]} == {"/Column"}
    assert {tag["/A"]["/Scope"] for tag, around in headers if "THead" not in around[-2:]} == {"/Row"}
    known = {str(tag["/ID"]) for tag, _ in headers}
    named = {str(name) for kind, tag, _ in tags if kind == "TD" for name in tag["/A"].get("/Headers", [])}
    assert named
    assert named <= known


def test_rows_of_a_table_are_equally_wide(tags: Any) -> None:
    tables = [tag for kind, tag, _ in tags if kind == "Table"]
    assert tables
    for table in tables:
        widths = set()
        for kind, row, around in walk(table["/K"], ()):
            if kind == "TR" and "TD" not in around:
                cells = [cell for kind, cell, above in walk(row["/K"], ()) if not above]
                widths.add(sum(cell["/A"].get("/ColSpan", 1) for cell in cells))
        assert len(widths) == 1


def test_lists_hold_items_and_items_a_label_and_a_body(tags: Any) -> None:
    lists = [tag for kind, tag, _ in tags if kind == "L"]
    assert lists
    for tag in lists:
        assert set(kinds_in(tag)) == {"LI"}
    items = [kinds_in(tag) for kind, tag, _ in tags if kind == "LI"]
    assert [item for item in items if item not in (["LBody"], ["Lbl", "LBody"])] == []
    assert ["Lbl", "LBody"] in items


def test_tags_stand_where_they_may(tags: Any) -> None:
    inside = {
        "LI": "L",
        "LBody": "LI",
        "Lbl": "LI",
        "TH": "TR",
        "TD": "TR",
        "THead": "Table",
        "TBody": "Table",
        "Caption": "Table",
    }
    wrong = [
        (kind, around[-1])
        for kind, _, around in tags
        if inside.get(kind, around[-1:][0] if around else "") != (around[-1] if around else "")
    ]
    assert wrong == []


def test_every_mark_on_a_page_is_read_or_set_apart(reader: pypdf.PdfReader, catalog: Any, tags: Any) -> None:
    """Nothing is painted outside of marked content, marks are closed, and each number has its tag."""
    numbers = dict(zip(*[iter(catalog["/StructTreeRoot"]["/ParentTree"]["/Nums"])] * 2, strict=True))
    read = {id(tag.get_object()) for _, tag, _ in tags}
    for page in reader.pages:
        owners = numbers[page["/StructParents"]].get_object()
        depth, apart = 0, 0
        for operands, operator in operations(reader, page):
            if operator in {b"BDC", b"BMC"}:
                depth += 1
                if operands[0] == "/Artifact":
                    apart += 1
                else:
                    assert id(owners[operands[1]["/MCID"]].get_object()) in read
            elif operator == b"EMC":
                depth -= 1
            elif operator in SHOWS:
                assert depth > 0
        assert depth == 0
        assert apart >= 2  # at least the two lines at the foot


def test_running_heads_are_not_read(content: bytes) -> None:
    """They would break every sentence that goes on over the page."""
    assert "Version 2 · 3 March 2026 ·" not in spoken(content)


def test_it_is_read_in_the_order_of_the_page(content: bytes, layout: Layout) -> None:
    html = render_html(linked(), layout=layout).partition("<main>")[2]
    html = re.sub(r"<svg.*?</svg>|<!--.*?-->", "", html, flags=re.DOTALL)
    written = "".join(unescape(re.sub(r"<[^>]*>", "", html)).split())
    assert spoken(content) == written


def spoken(content: bytes) -> str:
    """The letters of the tagged text in reading order, without those of drawings and without spaces."""
    done = subprocess.run(
        ["pdfinfo", "-struct-text", "-"], input=content, capture_output=True, timeout=120, check=True
    )
    found, drawing = [], 10**6
    for line in done.stdout.decode().splitlines():
        indent = len(line) - len(line.lstrip())
        if indent <= drawing:
            drawing = indent if line.strip().startswith("Figure") else 10**6
        if drawing == 10**6 and line.strip().startswith('"'):
            found.append(line.strip()[1:-1])
    return "".join("".join(found).split())


def test_links_say_where_they_lead(reader: pypdf.PdfReader) -> None:
    links = [
        note.get_object() for page in reader.pages for note in page.get("/Annots", ArrayObject()).get_object()
    ]
    assert links
    for link in links:
        assert link["/Subtype"] == "/Link"
        assert link["/Contents"]
        assert "/StructParent" in link


def test_fonts_are_embedded_and_can_be_read_as_letters(reader: pypdf.PdfReader) -> None:
    fonts = [font.get_object() for page in reader.pages for font in page["/Resources"]["/Font"].values()]  # type: ignore[index]
    assert fonts
    for font in fonts:
        assert "/ToUnicode" in font
        (inner,) = font["/DescendantFonts"]
        assert {"/FontFile2", "/FontFile3"} & set(inner.get_object()["/FontDescriptor"])


def test_nothing_runs_and_nothing_is_locked(reader: pypdf.PdfReader, catalog: Any, content: bytes) -> None:
    assert not reader.is_encrypted
    assert "/OpenAction" not in catalog
    assert "/AA" not in catalog
    assert "/AcroForm" not in catalog
    assert "/JavaScript" not in catalog.get("/Names", {})
    assert not any("/AA" in page for page in reader.pages)
    assert "/ID" in reader.trailer
    (intent,) = catalog["/OutputIntents"]
    assert intent["/S"] == "/GTS_PDFA1"
    assert "/DestOutputProfile" in intent


def test_colours_are_opaque(reader: pypdf.PdfReader) -> None:
    for page in reader.pages:
        for state in page["/Resources"].get("/ExtGState", DictionaryObject()).values():  # type: ignore[attr-defined]
            values = state.get_object()
            assert values.get("/ca", 1) == values.get("/CA", 1) == 1
            assert values.get("/SMask", "/None") == "/None"


def test_each_attached_file_is_named_once_with_its_kind(catalog: Any) -> None:
    files = [entry.get_object() for entry in catalog["/AF"]]
    assert [str(one["/UF"]) for one in files] == ["device.json", "analysis-1-studies.csv", "analysis-1.R"]
    assert [one["/Desc"] for one in files if not one["/Desc"]] == []
    assert all(one["/EF"]["/F"].get_object()["/Subtype"].startswith("/") for one in files)
