"""The PDF read back: archive and accessibility marks, attachments, fonts, and that it can reach nothing."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
import runpy
import subprocess
import sys
import xml.etree.ElementTree as ET
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pypdf
import pytest
from fontTools import subset  # type: ignore[import-untyped]
from fontTools.ttLib import TTFont  # type: ignore[import-untyped]
from fontTools.varLib import instancer  # type: ignore[import-untyped]

from documents import pdf, pdf_worker
from documents.published import document_sha256
from documents.schema import from_json
from metaanalysis.analyses import pool_inputs
from metaanalysis.r_code import r_code
from tests import renders
from tests.tools import missing_tool
from tests.unit.documents.example import EMPTY, SPEC, analysis, criterion, example, published, row

RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
PDFUA = "{http://www.aiim.org/pdfua/ns/id/}"
PDFA = "{http://www.aiim.org/pdfa/ns/id/}"


@pytest.fixture(scope="module")
def rendered() -> bytes:
    return pdf.render_pdf(example())


@pytest.fixture
def reader(rendered: bytes) -> pypdf.PdfReader:
    return pypdf.PdfReader(io.BytesIO(rendered))


def text_of(reader: pypdf.PdfReader) -> str:
    return " ".join(" ".join(page.extract_text() for page in reader.pages).split())


def catalog(reader: pypdf.PdfReader) -> Any:
    return reader.trailer["/Root"]


def test_it_is_tagged_with_language_title_and_bookmarks(reader: pypdf.PdfReader) -> None:
    root = catalog(reader)
    assert root["/MarkInfo"]["/Marked"]
    assert root["/StructTreeRoot"]["/K"]
    assert root["/Lang"] == "en-US"
    assert reader.metadata is not None
    assert reader.metadata.title == "Should devices be used?"
    assert reader.metadata.author == "Society"
    assert reader.metadata.creator == "OpenEtD 1.2.3"

    def titles(outline: Any) -> list[str]:
        return [
            title
            for item in outline
            for title in (titles(item) if isinstance(item, list) else [str(item.title)])
        ]

    assert [t for t in titles(reader.outline) if t.isupper()] == [
        "QUESTION",
        "ASSESSMENT",
        "SUMMARY OF JUDGEMENTS",
        "TYPE OF RECOMMENDATION",
        "CONCLUSIONS",
        "RECOMPUTED ANALYSES",
        "ABOUT THIS DOCUMENT",
        "VERSION",
    ]
    assert "1 Benefit" in titles(reader.outline)


def test_its_metadata_declare_archive_and_accessibility_in_one_element(reader: pypdf.PdfReader) -> None:
    xmp = catalog(reader)["/Metadata"].get_object().get_data()
    tree = ET.fromstring(xmp)  # noqa: S314 -- our own file
    assert len(tree.findall(f"{RDF}RDF")) == 1
    descriptions = tree.findall(f"{RDF}RDF/{RDF}Description")
    assert [d.find(f"{PDFUA}part").text for d in descriptions if d.find(f"{PDFUA}part") is not None] == ["1"]  # type: ignore[union-attr]
    assert [d.get(f"{PDFA}part") for d in descriptions if d.get(f"{PDFA}part")] == ["3"]
    assert b"pdfaExtension" in xmp
    assert re.search(rb"conformance[^A-Z]*A\b", xmp)


def test_every_font_is_embedded_and_one_of_ours(reader: pypdf.PdfReader) -> None:
    found: dict[str, bool] = {}
    for page in reader.pages:
        for font in page["/Resources"]["/Font"].values():  # type: ignore[index]
            descriptor = font.get_object()["/DescendantFonts"][0].get_object()["/FontDescriptor"]
            found[str(descriptor["/FontName"])] = "/FontFile2" in descriptor or "/FontFile3" in descriptor
    assert found
    assert all(found.values())
    families = {name.partition("+")[2].rstrip(",") for name in found}
    assert {
        f for f in families if not f.startswith(("Source-Serif-4", "Source-Sans-3", "Noto-Sans-Math"))
    } == set()


def test_the_data_are_attached_with_their_relationship(reader: pypdf.PdfReader) -> None:
    relations = {
        str(entry.get_object()["/UF"] if "/UF" in entry.get_object() else entry.get_object()["/F"]): str(
            entry.get_object()["/AFRelationship"]
        )
        for entry in catalog(reader)["/AF"]
    }
    assert relations == {
        "device.json": "/Source",
        "analysis-1-studies.csv": "/Data",
        "analysis-1.R": "/Supplement",
    }
    files = {name: bytes(content[0]) for name, content in reader.attachments.items()}
    assert from_json(json.loads(files["device.json"])) == example()
    rows = list(csv.DictReader(io.StringIO(files["analysis-1-studies.csv"].decode())))
    assert [r["study"] for r in rows] == ["Alpha", "Beta", "Gamma"]
    assert rows[1]["events_intervention"] == "100"
    assert rows[0]["note"] == "'=HYPERLINK(1)"  # a spreadsheet would run it


def test_the_r_code_is_that_of_the_analysis_page_and_reads_the_attached_data(
    reader: pypdf.PdfReader,
) -> None:
    files = {name: bytes(content[0]).decode() for name, content in reader.attachments.items()}
    pooled = pool_inputs(analysis().inputs, SPEC)
    on_the_page = r_code(analysis().inputs, pooled, title="Survival, n (%), All patients")
    before, found, after = files["analysis-1.R"].partition('rows <- read.csv("analysis-1-studies.csv"')
    assert found
    assert on_the_page.startswith(before.partition("# The study data")[0])
    assert on_the_page.endswith(after.partition("\n)\n")[2])
    assert "res <- rma(" in after.partition("\n)\n")[2]
    headings = next(csv.reader(io.StringIO(files["analysis-1-studies.csv"])))
    read = re.findall(r"rows\$(\w+)", after)
    assert len(read) == 6
    assert set(read) <= set(headings)


def test_the_signs_of_the_field_are_printed(reader: pypdf.PdfReader) -> None:
    text = text_of(reader)
    for sign in (
        "⊕⊕◯◯",
        "● Large (adults)",
        "○ Small",
        "≥ 18",
        "τ²",
        "I²",
        "1.17 (0.97–1.42)",
        "◂ favours",
        "▸",
    ):
        assert sign in text


def test_a_citation_stays_in_its_line(rendered: bytes) -> None:
    done = subprocess.run(
        ["pdftotext", "-", "-"], input=rendered, capture_output=True, timeout=60, check=True
    )
    lines = done.stdout.decode().split("\n")
    assert any("(P = 0.04)1. Few patients, p<0.05, AMI-CS." in line for line in lines)
    assert any("1. No studies of comatose patients" in line for line in lines)


def test_pages_carry_their_number_and_the_running_title(reader: pypdf.PdfReader) -> None:
    total = len(reader.pages)
    for number, page in enumerate(reader.pages, start=1):
        text = " ".join(page.extract_text().split())
        assert f"{number} / {total}" in text
        assert f"Draft – not published · Evidence, revision 4 · {document_sha256(example())[:12]}" in text
        assert ("Cardiac guideline · Should devices be used?" in text) == (number > 1)


def test_the_hash_on_every_page_is_that_of_the_attached_file() -> None:
    reader = pypdf.PdfReader(io.BytesIO(pdf.render_pdf(published())))
    sha256 = hashlib.sha256(bytes(reader.attachments["device.json"][0])).hexdigest()
    for page in reader.pages:
        assert f"Version 2 · 3 March 2026 · {sha256[:12]}" in " ".join(page.extract_text().split())
    assert sha256 in reader.pages[-1].extract_text()
    assert reader.metadata is not None
    assert f"Version 2, sha256:{sha256}" in str(reader.metadata["/Keywords"])
    assert reader.metadata["/CreationDate"] == "D:20260303091500+00'00"
    assert sha256.encode() in catalog(reader)["/Metadata"].get_object().get_data()


def test_the_summary_has_the_first_page_to_itself(reader: pypdf.PdfReader) -> None:
    first, second = (" ".join(reader.pages[n].extract_text().split()) for n in (0, 1))
    assert "Summary of judgements" in first
    assert "We suggest the device." in first
    assert "QUESTION" not in first
    assert second.index("QUESTION") < second.index("ASSESSMENT")


def test_a_long_summary_is_set_smaller_until_it_has_one_page() -> None:
    statement = example().statements[0]
    long = replace(statement, text="We suggest the device in patients whose heart has failed. " * 5)
    for many in (6, 12, 18):
        document = example(statements=(long,) * many)
        reader = pypdf.PdfReader(io.BytesIO(pdf.render_pdf(document)))
        first, second = (" ".join(reader.pages[n].extract_text().split()) for n in (0, 1))
        assert first.count("Weak recommendation for") == many
        assert second.startswith("QUESTION Should devices be used?")


class Layouts:
    """Lays out as if each size of a summary took so many pages; `asked` are the size and extent of each."""

    def __init__(self, pages: dict[str, int]) -> None:
        self.pages = pages
        self.asked: list[tuple[str, str]] = []

    def __call__(self, html: str) -> Any:
        size = html.partition('class="')[2].partition('"')[0]
        is_whole = "b</body>" in html
        self.asked.append((size, "whole" if is_whole else "summary"))
        pages = [SimpleNamespace(anchors={}) for _ in range(self.pages[size])]
        if is_whole:
            pages.append(SimpleNamespace(anchors={pdf_worker.PLACE_AFTER: (0, 0)}))
        return SimpleNamespace(pages=pages, html=html)


@pytest.mark.parametrize(
    ("pages", "asked"),
    [
        ((1, 1, 1), [("", "whole")]),
        ((2, 1, 1), [("", "whole"), ("small", "summary"), ("small", "whole")]),
        *(
            (
                (3, 2, last),
                [
                    ("", "whole"),
                    ("small", "summary"),
                    ("small smallest", "summary"),
                    ("small smallest", "whole"),
                ],
            )
            for last in (1, 2)
        ),
    ],
)
def test_the_first_size_that_fits_is_taken(pages: tuple[int, int, int], asked: list[tuple[str, str]]) -> None:
    laid_out = Layouts(dict(zip(pdf_worker.SIZES, pages, strict=True)))
    page = f"<body data-x>a{pdf_worker.AFTER_THE_SUMMARY}b</body>"
    document = pdf_worker.with_summary_on_one_page(page, laid_out)
    assert laid_out.asked == asked
    assert document.html == page.replace("<body", f'<body class="{asked[-1][0]}"')
    assert all(page.anchors == {} for page in document.pages)


def test_a_long_document_is_laid_out_as_a_whole_once() -> None:
    """Its summary is measured before, whether it fits or not."""
    page = f"<body data-x>a{pdf_worker.AFTER_THE_SUMMARY}{'x' * pdf_worker.MOST_LETTERS_AT_ONCE}b</body>"
    for pages, sizes in (((1, 1, 1), [""]), ((2, 1, 1), ["", "small"])):
        laid_out = Layouts(dict(zip(pdf_worker.SIZES, pages, strict=True)))
        pdf_worker.with_summary_on_one_page(page, laid_out)
        assert laid_out.asked == [*((size, "summary") for size in sizes), (sizes[-1], "whole")]


def test_what_has_no_summary_is_laid_out_as_it_is() -> None:
    assert pdf_worker.with_summary_on_one_page("<body>no summary", str.upper) == "<BODY>NO SUMMARY"


def test_a_document_names_no_place_of_the_renderer(reader: pypdf.PdfReader) -> None:
    assert pdf_worker.PLACE_AFTER not in reader.named_destinations


def test_a_font_is_fixed_by_harfbuzz_as_by_fonttools() -> None:
    """Every letter has the same outline and takes the same room."""
    harfbuzz = pdf_worker.harfbuzz_that_fixes_axes()
    if harfbuzz is None:
        missing_tool("The system's HarfBuzz is older than 6.0 or missing.")
    for name, location in (
        ("SourceSans3.ttf", {"wght": 612.0}),
        ("SourceSerif4-Italic.ttf", {"wght": 433.0, "opsz": 11.333}),
        ("SourceSerif4.ttf", {"wght": 400.0, "opsz": 4.0}),  # below what the font has
        ("SourceSerif4.ttf", {"wght": 700.0}),
    ):
        few = with_few_letters(Path(pdf.STATIC) / "fonts" / name)
        mine = TTFont(io.BytesIO(pdf_worker.fixed(TTFont(io.BytesIO(few)), location, harfbuzz)))
        saved = io.BytesIO()
        instancer.instantiateVariableFont(TTFont(io.BytesIO(few)), location, static=True).save(saved)
        theirs = TTFont(saved)
        assert "fvar" not in mine
        assert "gvar" not in mine
        for number in range(mine["maxp"].numGlyphs):
            (one, *marks), (other, *other_marks) = (
                font["glyf"][font.getGlyphName(number)].getCoordinates(font["glyf"])
                for font in (mine, theirs)
            )
            assert (list(one), marks) == (list(other), other_marks), (name, number)
            one_width, other_width = (font["hmtx"][font.getGlyphName(number)][0] for font in (mine, theirs))
            assert one_width == other_width, (name, number)


def with_few_letters(path: Path) -> bytes:
    font = TTFont(path)
    asked = subset.Subsetter(subset.Options(retain_gids=True, drop_tables=["GSUB", "GPOS", "GDEF", "STAT"]))
    asked.populate(text="aàfgQ@8%ﬁ")
    asked.subset(font)
    file = io.BytesIO()
    font.save(file)
    return file.getvalue()


def test_a_font_that_cannot_be_fixed_ends_the_render() -> None:
    harfbuzz = pdf_worker.harfbuzz_that_fixes_axes()
    if harfbuzz is None:
        missing_tool("The system's HarfBuzz is older than 6.0 or missing.")
    font = TTFont(Path(pdf.STATIC) / "fonts" / "SourceSans3.ttf")
    font["fvar"].axes[0].axisTag = "none"
    with pytest.raises(SystemExit, match="could not fix"):
        pdf_worker.fixed(font, {}, harfbuzz)


def test_embedded_fonts_have_one_weight_each(reader: pypdf.PdfReader) -> None:
    files = [
        part["/FontDescriptor"]["/FontFile2"].get_object().get_data()
        for page in reader.pages
        for font in page["/Resources"]["/Font"].values()  # type: ignore[index]
        for part in font.get_object()["/DescendantFonts"]
    ]
    assert len(set(files)) >= 4
    assert [file for file in files if "fvar" in TTFont(io.BytesIO(file))] == []


def test_the_worker_starts_no_process() -> None:
    """To find its libraries Python would: a compiler and a linker for each."""
    code = (
        "import runpy, sys\n"
        "sys.addaudithook(lambda event, args: event == 'subprocess.Popen' and sys.stderr.write('started\\n'))\n"
        f"sys.exit(runpy.run_path({str(pdf.WORKER)!r})['main']([]))"
    )
    job = pdf._job("<p>x</p>", [])
    done = subprocess.run(
        [sys.executable, "-c", code], input=job, capture_output=True, timeout=120, check=True
    )
    assert done.stdout.startswith(b"%PDF")
    assert b"started" not in done.stderr


def test_the_same_content_gives_the_same_bytes(rendered: bytes) -> None:
    renders.forget()
    assert pdf.render_pdf(example()) == rendered


def test_the_same_document_is_rendered_once(monkeypatch: pytest.MonkeyPatch, rendered: bytes) -> None:
    pdf.render_pdf(example())

    def fail(*args: Any, **kwargs: Any) -> Any:
        raise AssertionError("rendered again")

    monkeypatch.setattr(subprocess, "run", fail)
    assert pdf.render_pdf(example()) == rendered
    with pytest.raises(AssertionError, match="rendered again"):
        pdf.render_pdf(example(openetd_version="1.2.4"))


# What a document may not reach.

VECTORS = {
    "image": '<img src="{}">',
    "background": '<p style="background: url({})">x</p>',
    "imported style": '<style>@import url("{}");</style>',
    "linked style": '<link rel="stylesheet" href="{}">',
    "font": '<style>@font-face {{ font-family: X; src: url("{}") }} p {{ font-family: X }}</style><p>x</p>',
    "list marker": '<ul style="list-style-image: url({})"><li>x</li></ul>',
    "generated content": "<style>p::before {{ content: url({}) }}</style><p>x</p>",
    "attached by link": '<link rel="attachment" href="{}">',
    "attached by anchor": '<a rel="attachment" href="{}">x</a>',
    "object": '<object data="{}"></object>',
    "embed": '<embed src="{}">',
    "image in a drawing": '<svg width="9" height="9"><image width="9" height="9" href="{}"/></svg>',
}


@pytest.fixture(scope="module")
def canary(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("canary") / "secret.txt"
    file.write_text("canary-4711", encoding="utf-8")
    return file


@pytest.mark.parametrize("scheme", ["file", "http"])
def test_no_way_out_of_the_document_is_open(scheme: str, canary: Path) -> None:
    """All at once: every address must be among those that were refused, and the render fails."""
    start = canary.as_uri() if scheme == "file" else "http://127.0.0.1:9/secret.txt"
    tags = [tag.format(f"{start}?{n}") for n, tag in enumerate(VECTORS.values())]
    head = "".join(tag for tag in tags if tag.startswith("<link"))
    body = "".join(tag for tag in tags if not tag.startswith("<link"))
    with pytest.raises(pdf.CannotRender, match="files from outside") as caught:
        pdf.run_worker(f"<html><head>{head}</head><body>{body}</body></html>", [])
    refused = {int(n) for n in re.findall(r"secret\.txt\?(\d+)", str(caught.value))}
    assert refused == set(range(len(VECTORS)))


@pytest.mark.parametrize(
    "address",
    [
        "data:text/css,p{color:red}",
        "ftp://127.0.0.1/x",
        "/etc/passwd",
        "etd-asset:fonts/../css/print.css",
        "FILE:///etc/passwd",
    ],
)
def test_no_other_kind_of_address_is_served(address: str) -> None:
    with pytest.raises(pdf.CannotRender, match="files from outside"):
        pdf.run_worker(
            f'<html><head><link rel="stylesheet" href="{address}"></head><body>x</body></html>', []
        )


def test_a_control_the_default_fetcher_would_hand_out_the_file(canary: Path) -> None:
    import weasyprint

    html = f'<html><head><link rel="attachment" href="{canary.as_uri()}"></head><body>x</body></html>'
    leaked = pypdf.PdfReader(io.BytesIO(weasyprint.HTML(string=html).write_pdf())).attachments
    assert [bytes(content[0]) for content in leaked.values()] == [b"canary-4711"]


def test_what_people_type_asks_for_nothing(canary: Path) -> None:
    tags = " ".join(tag.format(canary.as_uri()) for tag in VECTORS.values())
    links = f"[a]({canary.as_uri()}) ![b]({canary.as_uri()}) [c](https://example.org/)"
    document = example(
        criteria=(criterion(research_evidence=f"{tags}\n\n{links}", heading=tags),), analyses=()
    )
    content = pypdf.PdfReader(io.BytesIO(pdf.render_pdf(document)))
    assert set(content.attachments) == {"device.json"}
    assert "canary-4711" not in text_of(content)


# Limits.


def test_the_worker_limits_itself_before_it_reads() -> None:
    code = (
        "import resource, runpy\n"
        f"runpy.run_path({str(pdf.WORKER)!r})['limit_this_process']()\n"
        "print(*(resource.getrlimit(getattr(resource, name))[1]"
        " for name in ('RLIMIT_AS', 'RLIMIT_CPU', 'RLIMIT_FSIZE', 'RLIMIT_CORE')))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.split() == ["1073741824", "30", "67108864", "0"]
    source = pdf.WORKER.read_text(encoding="utf-8")
    main = source[source.index("def main(") :]
    assert main.index("limit_this_process(") < main.index("sys.stdin")


def test_the_worker_knows_nothing_of_the_site(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_KEY", "not for the worker")
    seen: dict[str, Any] = {}

    def run(command: list[str], **options: Any) -> subprocess.CompletedProcess[bytes]:
        seen.update(options, command=command)
        return subprocess.CompletedProcess(command, 0, b"%PDF-1.7", b"")

    monkeypatch.setattr(subprocess, "run", run)
    pdf.run_worker("<p>environment</p>", [])
    assert seen["env"] == {}
    assert seen["timeout"] == pdf.WALL_SECONDS == 45
    assert seen["command"][1:] == ["-I", str(pdf.WORKER)]
    assert not Path(seen["cwd"]).exists()


def test_the_parent_and_the_worker_agree() -> None:
    assert (pdf.BLOCKED, pdf.NO_LIBRARY) == (pdf_worker.BLOCKED, pdf_worker.NO_LIBRARY)
    assert pdf.STYLE_SHEET == pdf_worker.STYLE_SHEET
    assert len(pdf_worker.FONTS) == 5


@pytest.mark.parametrize(
    ("limits", "kind", "words"),
    [(object(), pdf.RendererBusy, "Try again"), (None, pdf.CannotRender, "shorten them")],
    ids=["processor time is limited", "it is not"],
)
def test_a_render_that_takes_too_long_is_stopped(
    monkeypatch: pytest.MonkeyPatch, limits: object, kind: type[Exception], words: str
) -> None:
    """Whoever has not used up the processor time, which is limited, is not at fault for the clock."""
    assert pdf_worker.CPU_SECONDS < pdf.WALL_SECONDS
    monkeypatch.setattr(pdf, "WALL_SECONDS", 0.001)
    monkeypatch.setattr(pdf, "find_spec", {"resource": limits}.__getitem__)
    with pytest.raises(kind, match=words) as caught:
        pdf.run_worker("<p>slow</p>", [])
    assert caught.type is kind


@pytest.mark.parametrize(
    ("status", "said", "kind", "message"),
    [
        (-9, "", pdf.CannotRender, "more memory or time"),
        (-24, "", pdf.CannotRender, "more memory or time"),
        (1, "Traceback\nMemoryError\n", pdf.CannotRender, "more memory or time"),
        (1, "Traceback\nValueError: odd\n", pdf.CannotRender, "could not be rendered: ValueError: odd"),
        (1, "", pdf.CannotRender, "exit status 1"),
        (4, "cannot load library", pdf.RendererMissing, "Pango"),
    ],
)
def test_each_failure_has_its_words(status: int, said: str, kind: type[Exception], message: str) -> None:
    failure = pdf._failure(status, said)
    assert type(failure) is kind
    assert message in str(failure)


def test_without_pango_the_worker_says_so() -> None:
    code = (
        "import runpy, sys\n"
        "class NoPango:\n"
        "    def find_spec(self, name, *rest):\n"
        "        if name.split('.')[0] == 'weasyprint': raise OSError('cannot load library libgobject-2.0-0')\n"
        "sys.meta_path.insert(0, NoPango())\n"
        f"sys.exit(runpy.run_path({str(pdf.WORKER)!r})['main']([]))"
    )
    job = json.dumps({"html": "x", "attachments": []})
    done = subprocess.run(
        [sys.executable, "-c", code], input=job, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == pdf.NO_LIBRARY
    assert "libgobject" in done.stderr


def test_only_two_render_at_once(monkeypatch: pytest.MonkeyPatch, settings: Any, tmp_path: Path) -> None:
    settings.DATA_DIR = tmp_path
    monkeypatch.setattr(pdf, "WAIT_FOR_A_TURN_SECONDS", 0)
    with pdf._turn(), pdf._turn(), pytest.raises(pdf.RendererBusy, match="Try again"), pdf._turn():
        pass
    with pdf._turn():
        pass  # a place is free again


@pytest.mark.parametrize("letters", [20_000, 20_001])
def test_a_field_that_is_too_long_is_named(letters: int) -> None:
    document = example(criteria=(criterion(research_evidence="x" * letters),))
    if letters == 20_000:
        assert pdf.check_size(document) is None  # type: ignore[func-returns-value]
        return
    with pytest.raises(pdf.DocumentTooLarge, match=r"20,001 characters.*criteria\[0\]\.research_evidence"):
        pdf.check_size(document)


def test_a_document_that_is_too_long_and_too_many_studies_are_refused() -> None:
    long = [criterion(research_evidence="x" * 19_000) for _ in range(11)]
    with pytest.raises(pdf.DocumentTooLarge, match="at most 200,000"):
        pdf.check_size(example(criteria=tuple(long)))
    many = replace(analysis(), inputs=analysis().inputs * 200)
    with pytest.raises(pdf.DocumentTooLarge, match="600 studies"):
        pdf.check_size(example(analyses=(many,)))


def test_a_table_without_any_number_is_printed() -> None:
    group = example().tables[0].groups[0]
    table = replace(example().tables[0], groups=(replace(group, rows=(row(**EMPTY),)),), measure="")
    document = example(tables=(table,), analyses=())
    text = text_of(pypdf.PdfReader(io.BytesIO(pdf.render_pdf(document))))
    assert "Comatose 0 - - - - -" in text
    assert set(runpy.run_path(str(pdf.WORKER))["OPTIONS"]) == {"pdf_variant", "pdf_tags"}
