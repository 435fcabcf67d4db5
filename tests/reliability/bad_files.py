"""The files that are sent to a running server: the corpora of the tests, and what only a request can get wrong."""

from __future__ import annotations

import random
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from io import BytesIO

from tests.unit.documents.importing import word_files as word
from tests.unit.documents.importing.test_docx import CONTENT, DOCUMENT, REFUSED
from tests.unit.importers import corpus
from tests.unit.importers.corpus import CASES
from tests.unit.importers.revman import test_bad_files as revman

MIB = 1024 * 1024
NOT_OF_THE_FILE = {"pdf", "old Word", "password", "rtf", "html", "nothing", "another zip", "Excel", "strict"}
"""Of `REFUSED`: what is told in other words where any kind of document is taken."""


@dataclass(frozen=True)
class Bad:
    """A file that must be refused, and the words that a person must find on the answer, in lower case."""

    name: str
    build: Callable[[], bytes]
    filename: str
    says: tuple[str, ...]


def bad_tables() -> Iterator[Bad]:
    """Every file of the corpus that is refused, with its place; and RevMan's that harm or are damaged."""
    for case in CASES:
        if case.outcome != "refuse" or case.sheet:
            continue
        # Of several sheets each is offered as a choice.
        says = ["deaths" if case.code == "choose_sheet" else case.says.casefold()]
        if case.row is not None:
            says.append(f"row {case.row}")
        if case.column is not None:
            says.append(f"column {case.column}".casefold())
        yield Bad(f"{case.number} {case.name}", case.build, case.filename, tuple(filter(None, says)))
    for number, (build, words) in enumerate(
        (
            (lambda: revman.GOOD_RM5[: len(revman.GOOD_RM5) // 2], "damaged"),
            (lambda: revman.with_entity(revman.LAUGHS, "j"), "dtd"),
            (lambda: revman.GOOD_RM5 + b"<x/>", "damaged"),
            (lambda: revman.GOOD_RM5 + b" " * (10 * MIB), "larger than"),
        )
    ):
        yield Bad(f"rm5 {number}", build, "review.rm5", (words,))


def bad_documents() -> Iterator[Bad]:
    for name, (content, _) in REFUSED.items():
        if name not in NOT_OF_THE_FILE:
            yield Bad(f"Word, {name}", lambda content=content: content, "etd.docx", ("nothing was imported",))  # type: ignore[misc]
    for name, built, says in (
        ("empty", b"", "empty"),
        ("PDF", b"%PDF-1.7", "this is a pdf"),
        ("old Word", b"\xd0\xcf\x11\xe0old", "old kind"),
        ("RTF", b"{\\rtf1", "an rtf file"),
        ("picture", b"\x89PNG\r\n", "a picture"),
        ("XML", b'<?xml version="1.0"?><etd/>', "an xml file"),
        ("other JSON", b'{"a": 1}', "names no schema_version"),
        ("half a JSON", b'{"a": ', "no valid json"),
        ("deep JSON", b'{"schema_version":' + b"[" * 100_000, "nested too deeply"),
        ("wide JSON", b'{"a":[' + b"[]," * 300_000 + b"[]]}", "lists and objects"),
        ("a letter", b"Dear all", "no part of an evidence-to-decision document"),
        ("a page", b"<html><p>Dear all", "no part of an evidence-to-decision document"),
        ("deep page", b"<html>" + b"<div>" * 60_000, "nothing was imported"),
        ("tables without end", b"<html>" + b"<table><tr><td>" * 500, "tables within each other"),
        ("empty lines", b"QUESTION\n" + b"\n" * 900_000, "lines and cells"),
        ("NUL", b"QUESTION\n\x00\x00\x01", "zero bytes"),
        ("11 MiB", b"x" * (10 * MIB + 1), "larger than 10 mib"),
    ):
        yield Bad(name, lambda built=built: built, "etd.txt", (says,))  # type: ignore[misc]


def files_to_verify() -> Iterator[Bad]:
    yield Bad("empty", lambda: b"", "etd.pdf", ("empty",))
    yield Bad("11 MiB", lambda: b" " * (10 * MIB + 1), "etd.pdf", ("larger than 10 mib",))


ODD_NAMES = {
    "300 letters": "x" * 300 + ".csv",
    "a way up": "../../../etc/trials.csv",
    "a device": "con.csv",
    "right to left": "trials\u202evsc.exe.csv",
    "quotes": "tri%22als.csv",
    "a line break": "tri%0D%0Aals.csv",
    "markup": "<b>trials</b>.csv",
}


# Files that no check refuses before they are parsed, and that cost as much as they can.


def costly_review() -> bytes:
    """Ten MiB of the smallest elements."""
    end = b"</COCHRANE_REVIEW>"
    more = b"<a/>" * ((10 * MIB - len(revman.GOOD_RM5)) // 4)
    return revman.GOOD_RM5.replace(end, more + end)


def noise(size: int) -> str:
    """Digits that can hardly be packed, the same in every run."""
    draw = random.Random(1)  # noqa: S311 -- a load, not a secret
    return "".join(str(draw.randrange(10**9)) for _ in range(size // 9))


def costly_workbook() -> bytes:
    digits = noise(3 * MIB)
    cells = "".join(
        f'<row r="{n // 9 + 2}"><c><v>{digits[n : n + 9]}</v></c></row>'
        for n in range(0, len(digits) - 9, 18)
    )
    return zipped({**corpus.parts_of(corpus.sheet_xml(cells))})


def costly_word() -> bytes:
    start, end = DOCUMENT.split(b"<w:p/>")
    digits = noise(3 * MIB)
    texts = "".join(
        f"<w:p><w:r><w:t>{digits[n : n + 9]}</w:t></w:r></w:p>" for n in range(0, len(digits) - 9, 18)
    )
    return word.with_parts(CONTENT, word__document_dot_xml=start + texts.encode() + end)


def costly_page() -> bytes:
    return b"<html><table>" + b"<tr><td>x<p>" * 800_000


def zipped(parts: dict[str, str | bytes]) -> bytes:
    stream = BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return stream.getvalue()
