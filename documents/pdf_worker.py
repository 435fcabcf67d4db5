"""Renders one PDF in a process of its own: HTML as JSON on stdin, the PDF on stdout. Run by path, never imported.

`pdf_worker.py [CPU_SECONDS MEMORY_BYTES]`: with these the limits are others than a single document's, and the number of
each page that is set is told on stderr.

The process limits itself before it reads anything. It can reach nothing but our style sheet and our fonts, by names
of an own scheme; whatever else a document asks for is refused and counted, and one refusal fails the render.
"""

from __future__ import annotations

import base64
import ctypes.util
import json
import logging
import os
import re
import sys
import tempfile
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from typing import Any

MEMORY_BYTES = 1024**3
CPU_SECONDS = 30
LARGEST_FILE_BYTES = 64 * 1024**2
BLOCKED, NO_LIBRARY = 3, 4

STATIC = Path(__file__).resolve().parents[1] / "static"
SCHEME = "etd-asset:"
STYLE_SHEET = STATIC / "css" / "print.css"
FONTS = {f"{SCHEME}fonts/{path.name}": path for path in sorted((STATIC / "fonts").glob("*.ttf"))}

# What stands behind the summary, and the classes under which it is set smaller until it has one page.
AFTER_THE_SUMMARY = "<!-- end of the summary -->"
SIZES = ("", "small", "small smallest")
# A name for the place where the part after the summary begins, so that its page can be asked for.
PLACE_AFTER = "after-the-summary"
# Letters of HTML, about twice those of a usual document.
MOST_LETTERS_AT_ONCE = 150_000
NAME_PLACE_AFTER = f'.part.first {{ -weasy-anchor: "{PLACE_AFTER}" }}'

# Of HarfBuzz (hb.h, hb-subset.h): what each function gives and takes.
HARFBUZZ = "libharfbuzz-subset.so.0"
_PLACE, _NUMBER = ctypes.c_void_p, ctypes.c_uint32
FUNCTIONS: dict[str, tuple[Any, list[Any]]] = {
    "hb_blob_create": (_PLACE, [ctypes.c_char_p, _NUMBER, ctypes.c_int, _PLACE, _PLACE]),
    "hb_blob_get_data": (_PLACE, [_PLACE, ctypes.POINTER(_NUMBER)]),
    "hb_face_create": (_PLACE, [_PLACE, _NUMBER]),
    "hb_face_get_glyph_count": (_NUMBER, [_PLACE]),
    "hb_face_reference_blob": (_PLACE, [_PLACE]),
    "hb_set_add_range": (None, [_PLACE, _NUMBER, _NUMBER]),
    "hb_subset_input_create_or_fail": (_PLACE, []),
    "hb_subset_input_glyph_set": (_PLACE, [_PLACE]),
    "hb_subset_input_set_flags": (None, [_PLACE, _NUMBER]),
    "hb_subset_input_pin_axis_location": (ctypes.c_int, [_PLACE, _PLACE, _NUMBER, ctypes.c_float]),
    "hb_subset_or_fail": (_PLACE, [_PLACE, _PLACE]),
}
SET_OVERLAPS, PASS_THROUGH_UNKNOWN_TABLES, NOTDEF_OUTLINE = 0x10, 0x20, 0x40

OPTIONS = {"pdf_variant": "pdf/a-3a", "pdf_tags": True}
# A fixed moment for the attached files: the same content must give the same bytes.
FIXED_DATE = datetime(2000, 1, 1, tzinfo=UTC)
# PDF/UA-1, and the extension schema without which PDF/A allows no such property.
UA_DESCRIPTIONS = b"""
<rdf:Description rdf:about="" xmlns:pdfuaid="http://www.aiim.org/pdfua/ns/id/"><pdfuaid:part>1</pdfuaid:part></rdf:Description>
<rdf:Description rdf:about="" xmlns:pdfaExtension="http://www.aiim.org/pdfa/ns/extension/"
 xmlns:pdfaSchema="http://www.aiim.org/pdfa/ns/schema#" xmlns:pdfaProperty="http://www.aiim.org/pdfa/ns/property#">
<pdfaExtension:schemas><rdf:Bag><rdf:li rdf:parseType="Resource">
<pdfaSchema:schema>PDF/UA Universal Accessibility Schema</pdfaSchema:schema>
<pdfaSchema:namespaceURI>http://www.aiim.org/pdfua/ns/id/</pdfaSchema:namespaceURI>
<pdfaSchema:prefix>pdfuaid</pdfaSchema:prefix>
<pdfaSchema:property><rdf:Seq><rdf:li rdf:parseType="Resource">
<pdfaProperty:name>part</pdfaProperty:name><pdfaProperty:valueType>Integer</pdfaProperty:valueType>
<pdfaProperty:category>internal</pdfaProperty:category>
<pdfaProperty:description>Indicates, which part of ISO 14289 standard is followed</pdfaProperty:description>
</rdf:li></rdf:Seq></pdfaSchema:property></rdf:li></rdf:Bag></pdfaExtension:schemas></rdf:Description>
"""


def limit_this_process(cpu_seconds: int = CPU_SECONDS, memory_bytes: int = MEMORY_BYTES) -> None:
    """Memory, CPU time, size of files, no core dump, and pages first. Other systems keep the time limit outside."""
    try:
        import resource  # noqa: PLC0415 -- not on Windows
    except ImportError:
        return
    os.nice(10)
    for what, limit in (
        (resource.RLIMIT_AS, memory_bytes),
        (resource.RLIMIT_CPU, cpu_seconds),
        (resource.RLIMIT_FSIZE, LARGEST_FILE_BYTES),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(what, (limit, limit))


def spare_work() -> None:
    """Takes out of what WeasyPrint does when it is imported, and later, what changes no page (docs/speed.md)."""
    if sys.platform != "linux":
        return
    # The loader finds libraries by the names that WeasyPrint tries last; for those that it tries first Python would
    # start a compiler and a linker each.
    ctypes.util.find_library = lambda name: None
    harfbuzz = harfbuzz_that_fixes_axes()
    if harfbuzz is None:
        return
    # What WeasyPrint is about to import from fontTools: its own takes half a second. Nothing asks for the first where
    # HarfBuzz is there.
    subset, instancer = ModuleType("fontTools.subset"), ModuleType("fontTools.varLib.instancer")
    vars(instancer)["instantiateVariableFont"] = lambda font, location, **_: FixedFont(
        fixed(font, location, harfbuzz)
    )
    sys.modules.update({module.__name__: module for module in (subset, instancer)})


def harfbuzz_that_fixes_axes() -> ctypes.CDLL | None:
    """The library, None where there is none or where it is older than 6.0."""
    try:
        library = ctypes.CDLL(HARFBUZZ)
        for name, (gives, takes) in FUNCTIONS.items():
            function = getattr(library, name)
            function.restype, function.argtypes = gives, takes
    except (OSError, AttributeError):
        return None
    return library


class FixedFont:
    """The file of a font, to be saved as fontTools saves fonts."""

    def __init__(self, content: bytes) -> None:
        self.content = content

    def save(self, file: Any) -> None:
        file.write(self.content)


def fixed(font: Any, location: dict[str, float], harfbuzz: ctypes.CDLL) -> bytes:
    """A variable font as the static one at `location`, values by the tags of axes; other axes at their defaults.

    Ends the render where HarfBuzz cannot: WeasyPrint would go on with the font as it is, in other weights.
    Nothing is given back, as the process makes one PDF of a few fonts.
    """
    content = font.reader.file.getvalue()
    face = harfbuzz.hb_face_create(harfbuzz.hb_blob_create(content, len(content), 0, None, None), 0)
    wanted = harfbuzz.hb_subset_input_create_or_fail()
    # All letters, as the pages name them by their numbers in the font.
    last = harfbuzz.hb_face_get_glyph_count(face) - 1
    harfbuzz.hb_set_add_range(harfbuzz.hb_subset_input_glyph_set(wanted), 0, last)
    harfbuzz.hb_subset_input_set_flags(wanted, SET_OVERLAPS | PASS_THROUGH_UNKNOWN_TABLES | NOTDEF_OUTLINE)
    pinned = [
        harfbuzz.hb_subset_input_pin_axis_location(
            wanted,
            face,
            int.from_bytes(axis.axisTag.encode(), "big"),
            location.get(axis.axisTag, axis.defaultValue),
        )
        for axis in font["fvar"].axes
    ]
    made = harfbuzz.hb_subset_or_fail(face, wanted)
    if not all(pinned) or not made:
        sys.exit("HarfBuzz could not fix the axes of a font.")
    length = _NUMBER()
    data = harfbuzz.hb_blob_get_data(harfbuzz.hb_face_reference_blob(made), ctypes.byref(length))
    return ctypes.string_at(data, length.value)


def closed_fetcher() -> Any:
    """A fetcher that serves our fonts alone; `blocked` lists what else was asked for."""
    from weasyprint.urls import URLFetcher, URLFetcherResponse

    class ClosedFetcher(URLFetcher):
        def __init__(self) -> None:
            super().__init__(allowed_protocols=(), allow_redirects=False)
            self.blocked: list[str] = []

        def fetch(self, url: str, headers: Any = None) -> Any:
            if url in FONTS:
                return URLFetcherResponse(url, FONTS[url].read_bytes(), {"Content-Type": "font/ttf"})
            self.blocked.append(url)
            raise ValueError(f"blocked: {url[:200]}")

    return ClosedFetcher()


def render(job: dict[str, Any], fetcher: Any) -> bytes:
    """The PDF of `job`: html, and attachments of name, description, relationship and content in base64."""
    from weasyprint import CSS, HTML, Attachment
    from weasyprint.text.fonts import FontConfiguration

    fonts = FontConfiguration()
    style = STYLE_SHEET.read_text(encoding="utf-8").replace("../fonts/", f"{SCHEME}fonts/")
    if AFTER_THE_SUMMARY in job["html"]:
        style += NAME_PLACE_AFTER
    sheet = CSS(string=style, font_config=fonts, url_fetcher=fetcher, base_url=SCHEME)
    attachments = [
        Attachment(
            string=base64.b64decode(entry["content"]),
            name=entry["name"],
            description=entry["description"],
            relationship=entry["relationship"],
            created=FIXED_DATE,
            modified=FIXED_DATE,
            url_fetcher=fetcher,
        )
        for entry in job["attachments"]
    ]

    def laid_out(html: str) -> Any:
        page = HTML(string=html, url_fetcher=fetcher, base_url=SCHEME)
        return page.render(stylesheets=[sheet], font_config=fonts, **OPTIONS)

    document = with_summary_on_one_page(job["html"], laid_out)
    document.metadata.attachments = [*document.metadata.attachments, *attachments]
    document.metadata.generate_rdf_metadata = with_pdf_ua(document.metadata.generate_rdf_metadata)
    pdf: bytes = document.write_pdf(finisher=mend_tags, **OPTIONS)
    return pdf


def with_summary_on_one_page(html: str, laid_out: Callable[[str], Any]) -> Any:
    """The document with the first of the SIZES in which its summary has one page, or the last of them.

    Most summaries fit as they are: so the whole is laid out at once, and a summary alone only where it did not fit, or
    where the whole is so long that laying it out twice would cost too much.
    """
    summary, mark, _ = html.partition(AFTER_THE_SUMMARY)
    if not mark:
        return laid_out(html)
    sizes: tuple[str, ...] = SIZES
    if len(html) <= MOST_LETTERS_AT_ONCE:
        document = laid_out(_sized(html, SIZES[0]))
        if _page_after_the_summary(document) == 1:
            return document
        sizes = SIZES[1:]
    fits = (size for size in sizes if len(laid_out(_alone(_sized(summary, size))).pages) == 1)
    document = laid_out(_sized(html, next(fits, SIZES[-1])))
    _page_after_the_summary(document)
    return document


def _page_after_the_summary(document: Any) -> int:
    """The page, from 0, on which the part after the summary begins; its name goes, or the PDF would hold it."""
    found = [number for number, page in enumerate(document.pages) if page.anchors.pop(PLACE_AFTER, None)]
    return found[0] if found else 0


def _alone(summary: str) -> str:
    return f"{summary}</main></body></html>"


def _sized(html: str, size: str) -> str:
    return html.replace("<body", f'<body class="{size}"', 1)


def mend_tags(_: Any, pdf: Any) -> None:
    """What PDF/UA-1 asks for and WeasyPrint leaves: terms in lists, scopes of headers, running heads as artifacts.

    And each attached file once in the catalogue, which else names all of them twice.
    """
    tags = {one.reference: one for one in pdf.objects if _is(one, "/StructElem")}
    for tag in tags.values():
        if tag["S"] == "/L":
            _join_terms(tag, tags)
    root = next(one for one in pdf.objects if _is(one, "/StructTreeRoot"))
    read = _read_from(root["K"], tags, "")
    by_number = next(one for one in pdf.objects if getattr(one, "reference", b"") == root["ParentTree"])[
        "Nums"
    ]
    for page in (one for one in pdf.objects if _is(one, "/Page")):
        stream = next(one for one in pdf.objects if getattr(one, "reference", b"") == page["Contents"])
        _set_running_heads_apart(stream.stream, by_number[2 * page["StructParents"] + 1], read)
    if "AF" in pdf.catalog:
        pdf.catalog["AF"][:] = dict.fromkeys(pdf.catalog["AF"])


def _is(entry: Any, kind: str) -> bool:
    return isinstance(entry, dict) and entry.get("Type") == kind


def _join_terms(list_tag: Any, tags: dict[bytes, Any]) -> None:
    """`<div><dt><dd></div>` of a `<dl>` as one item, with the term as its label."""
    for place, reference in enumerate(list_tag["K"]):
        group = tags[reference]
        if group["S"] != "/Div":
            continue
        first, *others = (tags[item] for item in group["K"])
        if others:
            tags[first["K"][0]]["S"] = "/Lbl"
        for body in (tags[body] for item in others for body in item["K"]):
            body["P"] = first.reference
            first["K"].append(body.reference)
        first["P"] = list_tag.reference
        list_tag["K"][place] = first.reference


def _read_from(references: Any, tags: dict[bytes, Any], part: str) -> set[bytes]:
    """All tags that are read; each header cell is told what it heads by the part of the table it stands in."""
    read: set[bytes] = set()
    for tag in (tags[one] for one in references if one in tags):
        read.add(tag.reference)
        if tag["S"] == "/TH":
            tag["A"]["Scope"] = "/Column" if part == "/THead" else "/Row"
        read |= _read_from(tag["K"], tags, tag["S"] if tag["S"] in {"/THead", "/TBody"} else part)
    return read


def _set_running_heads_apart(stream: list[Any], owners: list[Any], read: set[bytes]) -> None:
    """Makes what no read tag holds an artifact; `owners` are the tags of a page by the number of their content."""
    for place, entry in enumerate(stream):
        if isinstance(entry, dict) and "MCID" in entry and owners[entry["MCID"]] not in read:
            owners[entry["MCID"]] = "null"
            stream[place - 1 : place + 1] = ["/Artifact", type(entry)({"Type": "/Pagination"})]


def with_pdf_ua(generate: Callable[..., bytes]) -> Callable[..., bytes]:
    """XMP metadata that also declares PDF/UA-1, in the one RDF element that XMP allows."""

    def generate_with_pdf_ua(*args: Any) -> bytes:
        end = b"</rdf:RDF>"
        head, found, tail = generate(*args).rpartition(end)
        if not found:
            raise ValueError("the XMP metadata have no end")
        return head + UA_DESCRIPTIONS + end + tail

    return generate_with_pdf_ua


def tell_pages() -> None:
    """A line `page 12` on stderr for each page that is set, as WeasyPrint's log of progress has it."""

    class Pages(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            found = re.search(r"Page (\d+)$", record.getMessage())
            if found:
                sys.stderr.write(f"page {found[1]}\n")
                sys.stderr.flush()

    log = logging.getLogger("weasyprint.progress")
    log.setLevel(logging.INFO)
    log.addHandler(Pages())


def main(arguments: Sequence[str]) -> int:
    limit_this_process(*map(int, arguments))
    spare_work()
    if arguments:
        tell_pages()
    tempfile.tempdir = os.getcwd()  # a folder of this render alone, which the parent removes
    os.environ["SOURCE_DATE_EPOCH"] = str(
        int(FIXED_DATE.timestamp())
    )  # else every font names the time of its subset
    job = json.load(sys.stdin)
    try:
        fetcher = closed_fetcher()
    except OSError as error:
        sys.stderr.write(f"{error}\n")
        return NO_LIBRARY
    pdf = render(job, fetcher)
    if fetcher.blocked:
        sys.stderr.write("\n".join(dict.fromkeys(url[:200] for url in fetcher.blocked)) + "\n")
        return BLOCKED
    sys.stdout.buffer.write(pdf)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
