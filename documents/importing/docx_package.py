"""The zip package of a Word file: what is harmless is unpacked and parsed, everything else refused with a reason."""

from __future__ import annotations

import posixpath
import re
import zipfile
from typing import Any

from documents.importing.docx_text import Package
from metaanalysis.importers.archive import PackageKind, checked_archive
from metaanalysis.importers.table import Refusal

_SAVE = "Open it in Word, save it as a Word document (.docx) and import that."
_KIND = PackageKind(
    "Word file", _SAVE, "Split the document.", max_parts=2_000, read_endings=(".xml", ".rels")
)
_DTD = re.compile(rb"<!(DOCTYPE|ENTITY)", re.IGNORECASE)
_ENCODING = re.compile(rb"<\?xml[^>]*?encoding\s*=\s*[\"']([^\"']*)[\"']")
_STRICT = b"http://purl.oclc.org/ooxml/"
_MAIN = "word/document.xml"
_OTHERS = (
    ("xl/workbook.xml", "an Excel workbook"),
    ("ppt/presentation.xml", "a PowerPoint file"),
    ("mimetype", "an OpenDocument file"),
    ("Index/Document.iwa", "a Pages file"),
)
_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"


def open_package(content: bytes) -> Package:
    """The parts of the file, parsed. Raises Refusal."""
    with checked_archive(content, _KIND) as archive:
        names = set(archive.namelist())
        for name, kind in _OTHERS:
            if name in names:
                raise Refusal("wrong_type", f"this is {kind}, not a Word file. {_SAVE}")
        if any(name.casefold().endswith("vbaproject.bin") for name in names):
            raise _macros()
        types = _content(archive, "[Content_Types].xml") if "[Content_Types].xml" in names else b""
        if re.search(rb"macroEnabled|vbaProject", types, re.IGNORECASE):
            raise _macros()
        main = _main_part(archive, names)
        folder = posixpath.dirname(main)
        relations = _relations(archive, names, main)

        def part(name: str) -> Any:
            path = posixpath.join(folder, name)
            return _parsed(archive, path) if path in names else None

        notes = {}
        for kind in ("footnote", "endnote"):
            root = part(f"{kind}s.xml")
            for note in root if root is not None else ():
                notes[f"{kind} {note.get(f'{_W}id', '')}"] = note
        margins = sorted(
            name for name in names if re.fullmatch(rf"{re.escape(folder)}/(header|footer)\d*\.xml", name)
        )
        body = _parsed(archive, main).find(f"{_W}body")
        if body is None:
            raise Refusal("damaged", f"the Word file has no text. {_SAVE}")
        return Package(
            body=body,
            styles=part("styles.xml"),
            numbering=part("numbering.xml"),
            notes=notes,
            links=relations,
            margins=tuple(_parsed(archive, name) for name in margins),
            comments=part("comments.xml"),
        )


def _macros() -> Refusal:
    return Refusal(
        "macros", "the Word file contains macros. Save it as .docx without macros and import that."
    )


def _main_part(archive: zipfile.ZipFile, names: set[str]) -> str:
    """word/document.xml, or what the package says stands in its place."""
    if _MAIN in names:
        return _MAIN
    if "_rels/.rels" in names:
        for relation in _parsed(archive, "_rels/.rels"):
            target = (relation.get("Target") or "").lstrip("/")
            if (relation.get("Type") or "").endswith("/officeDocument") and target in names:
                return target
    raise Refusal("wrong_type", f"this is a zip archive, not a Word file. {_SAVE}")


def _relations(archive: zipfile.ZipFile, names: set[str], main: str) -> dict[str, str]:
    """The addresses outside the file, by id."""
    folder, name = posixpath.split(main)
    path = f"{folder}/_rels/{name}.rels"
    if path not in names:
        return {}
    return {
        relation.get("Id", ""): relation.get("Target", "")
        for relation in _parsed(archive, path)
        if relation.get("TargetMode") == "External"
    }


def _parsed(archive: zipfile.ZipFile, name: str) -> Any:
    from lxml import etree  # type: ignore[import-untyped]  # noqa: PLC0415, RUF100 -- in the limited process

    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    return etree.fromstring(_content(archive, name), parser)


def _content(archive: zipfile.ZipFile, name: str) -> bytes:
    content = archive.read(name)
    encoding = _ENCODING.search(content[:400])
    declared = encoding[1].decode("ascii", "replace").casefold() if encoding else "utf-8"
    if declared not in {"utf-8", "us-ascii", "ascii"} or b"\0" in content:
        raise Refusal("xml_encoding", f"a part of the Word file is not UTF-8 text. {_SAVE}")
    if _DTD.search(content):
        raise Refusal("dtd", f"a part of the Word file contains a DTD. {_SAVE}")
    if _STRICT in content:
        raise Refusal("strict", "this is a 'Strict Open XML' file. Save it as 'Word Document (.docx)'.")
    return content
