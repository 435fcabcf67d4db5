"""A file in any of the formats that are read → `ImportedEtd`. What it is, its bytes say; its name is never trusted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from documents.importing.decoding import NotText, decode
from documents.importing.html_document import data_of, html_of, is_html, page_text
from documents.importing.identifiers import identifiers_in
from documents.importing.imported import Flag, ImportedEtd
from documents.importing.json_document import NotOurDocument, read_json
from documents.importing.marks import without_marks
from documents.importing.reader import read_text
from etd.frameworks import Framework
from metaanalysis.importers.archive import part_names

MIB = 1024 * 1024
MAX_BYTES = 10 * MIB
LONGEST_TEXT = 1_000_000
"""Characters of plain text; a document of 200 pages has half a million."""
MOST_LINES = 20_000
"""Lines and cells of a text; the longest of 200 pages has a third of it. To read them takes half a second."""
MOST_JSON_PARTS = 200_000
"""Brackets and braces of JSON, each of which becomes an object in memory."""

_SAVE = "Save the document as Word (.docx), as a web page (.html) or as plain text, and send that."
_OTHER = (
    (b"%PDF", "a PDF. Its text has lost its tables: open the file that it was made from."),
    (b"\xd0\xcf\x11\xe0", "a Word file of the old kind (.doc), or one with a password."),
    (b"{\\rtf", "an RTF file."),
    (b"\x89PNG", "a picture (PNG)."),
    (b"\xff\xd8\xff", "a picture (JPEG)."),
    (b"GIF8", "a picture (GIF)."),
    (b"II*\x00", "a picture (TIFF)."),
    (b"MM\x00*", "a picture (TIFF)."),
    (b"\x1f\x8b", "a gzip archive."),
    (b"7z\xbc\xaf", "a 7-Zip archive."),
    (b"Rar!", "a RAR archive."),
    (b"SQLite format 3", "a database."),
)
_WORD, _SHEET, _SLIDES = "word/document.xml", "xl/workbook.xml", "ppt/presentation.xml"


class NotADocument(ValueError):
    """Not one file that can be read as such a document; the message says what it is and what to do."""


@dataclass(frozen=True)
class ReadFile:
    """What was read of a file, what the file is in words, and the encoding of a plain text."""

    etd: ImportedEtd
    format: str
    encoding: str = ""


def read_file(content: bytes, *, frameworks: Sequence[Framework], better: str = "") -> ReadFile:
    """Read a document from plain text, Word, HTML or our own JSON, by the one of these frameworks that fits it.

    `better` as in `read_text`. Raises NotADocument for everything else, and where nothing of such a document is in it.
    """
    if not content.strip():
        raise NotADocument("The file is empty. Save it once more and send it again.")
    if len(content) > MAX_BYTES:
        raise NotADocument(f"The file is larger than {MAX_BYTES // MIB} MiB: no such document is.")
    try:
        return _read(content, frameworks, better)
    except (NotText, NotOurDocument) as error:
        raise NotADocument(str(error)) from error


def _read(content: bytes, frameworks: Sequence[Framework], better: str) -> ReadFile:
    for start, name in _OTHER:
        if content.startswith(start):
            raise NotADocument(f"This is {name} {_SAVE}")
    if content.startswith(b"PK"):
        _require_word(content)
        # Loads the parser of Word files.
        from documents.importing.docx import read_docx  # noqa: PLC0415 -- slow import

        return _of_text(read_docx(content), "Word", frameworks, better)
    if is_html(content):
        return _of_page(html_of(content), frameworks, better)
    text, encoding = decode(content)
    if text.lstrip().startswith("{"):
        return ReadFile(_content_of(_of_json(text, frameworks)), "OpenEtD’s JSON")
    if text.lstrip().startswith("<?xml"):
        raise NotADocument(f"This is an XML file. {_SAVE}")
    return _of_text(without_marks(text), "Plain text", frameworks, better, encoding)


def _of_page(html: str, frameworks: Sequence[Framework], better: str) -> ReadFile:
    """Our own HTML file holds the document as data, which says more than its page."""
    data = data_of(html)
    if not data:
        return _of_text(without_marks(page_text(html)), "HTML", frameworks, better)
    etd = _of_json(data, frameworks)
    flag = Flag("Document", "The data inside the HTML file were read, not the page that it shows.")
    return ReadFile(_content_of(etd.flagged(flag)), "OpenEtD’s HTML")


def _of_json(text: str, frameworks: Sequence[Framework]) -> ImportedEtd:
    if text.count("{") + text.count("[") > MOST_JSON_PARTS:
        raise NotADocument(f"The data have more than {MOST_JSON_PARTS:,} lists and objects: no document has.")
    return read_json(text, frameworks=frameworks)


def _of_text(
    text: str, format: str, frameworks: Sequence[Framework], better: str, encoding: str = ""
) -> ReadFile:
    if len(text) > LONGEST_TEXT:
        raise NotADocument(f"The file has {len(text):,} characters of text: no such document has.")
    n_lines = len(text.splitlines()) + text.count("\t")
    if n_lines > MOST_LINES:
        raise NotADocument(
            f"The file has {n_lines:,} lines and cells of tables; at most {MOST_LINES:,} are read. Send one document, "
            "without empty lines."
        )
    etd = read_text(text, frameworks=frameworks, better=better)
    named = {number: identifiers_in(citation) for number, citation in etd.references.items()}
    etd = replace(
        etd, identifiers={number: pair for number, pair in named.items() if any(pair)} | dict(etd.identifiers)
    )
    return ReadFile(_content_of(etd), format, encoding)


def _content_of(etd: ImportedEtd) -> ImportedEtd:
    if not etd.has_content:
        raise NotADocument(
            "No part of an Evidence-to-Decision document was recognised in the file. Headings such as QUESTION, "
            "ASSESSMENT and JUDGEMENT show where its parts are."
        )
    return etd


def _require_word(content: bytes) -> None:
    """Raises NotADocument for a zip package that is no Word file, naming what it is."""
    names = part_names(content)
    if not names:
        raise NotADocument(f"This zip package or Word file is damaged. {_SAVE}")
    if _WORD in names:
        return
    kinds = {
        _SHEET: "an Excel workbook.",
        _SLIDES: "a PowerPoint file.",
        "content.xml": "an OpenDocument file.",
    }
    name = next((kind for part, kind in kinds.items() if part in names), "a zip archive. Unpack it first.")
    raise NotADocument(f"This is {name} {_SAVE}")
