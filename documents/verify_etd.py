#!/usr/bin/env python3
"""Is this file what OpenEtD published? Runs alone, with nothing but Python 3.8 or later:

    python verify_etd.py FILE [--sha256 HEX] [--json]

FILE is the PDF, the JSON or the bundle (.zip, or the folder it was unpacked into) of a published version. HEX is one of
the three numbers that stand on the public page of the version: the sha256 of its record, of its PDF or of its data.

Exit status 0: nothing speaks against it, and what that proves is said. 1: it was altered. 2: it cannot be read.
The file is untrusted: nothing of it is executed, and how much is unpacked and read of it is limited.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import re
import struct
import sys
import zlib
from typing import Any, NamedTuple

MIB = 1024 * 1024
MOST_BYTES = 20 * MIB
"""Of the file."""
MOST_UNPACKED = 32 * MIB
"""Of the parts of a PDF, together."""
MOST_DOCUMENT = 8 * MIB
"""Of the data, unpacked: in memory they take many times that."""
MOST_STEPS = 32_000_000
"""Of reading the structure of a PDF: bytes looked at, and as much as 64 of them for each value."""
MOST_OBJECTS = 100_000
MOST_SECTIONS = 64
LONGEST_TEXT = 64 * 1024
MOST_DEPTH = 50

ALTERED, UNREADABLE = 1, 2
HEX = re.compile("[0-9a-f]{64}")

BUNDLE = ("README.txt", "chain.json", "document.json", "document.pdf", "record.json")
"""The files of a bundle, in their order."""
SCHEMA = "openetd-etd/"


class Unreadable(ValueError):
    """Not a file that can be checked; the text says why."""


class Altered(ValueError):
    """Parts that do not fit each other; the text says which."""


class Result(NamedTuple):
    """What was found. `status` is the exit status, `sentences` are for people, `facts` for programs.

    `facts` has the keys kind (pdf, json, bundle), document_sha256, pdf_sha256 and record_sha256, as far as the file
    tells them, and guideline, question, title, number, published_at, published_by, note.
    """

    status: int
    sentences: list[str]
    facts: dict[str, Any]


# --- What is hashed


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def canonical(value: Any) -> bytes:
    """The one text of a value that its hash is taken of: JSON with sorted keys, without spaces, in UTF-8."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return text.encode("utf-8")


def read_json(content: bytes, name: str) -> Any:
    """The value of a JSON text in UTF-8. Raises Unreadable, also for a key that stands twice in one object."""

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) != len(pairs):
            raise ValueError("a key stands twice")
        return found

    def short(digits: str) -> int:
        if len(digits) > 30:
            raise ValueError("a number has more than 30 digits")
        return int(digits)

    def refuse(word: str) -> Any:
        raise ValueError(word + " is no number")

    if len(content) > MOST_DOCUMENT:
        raise Unreadable(f"{name} is larger than {MOST_DOCUMENT // MIB} MiB.")
    try:
        text = content.decode("utf-8")
        value = json.loads(text, object_pairs_hook=once, parse_int=short, parse_constant=refuse)
        canonical(value)  # fails for what has no hash: half letters, and numbers beyond all bounds
        return value
    except (ValueError, RecursionError) as error:
        raise Unreadable(f"{name} is no readable JSON: {str(error)[:200]}.") from error


def read_document(content: bytes) -> dict[str, Any]:
    """The document of an export. Raises Unreadable where it is none of OpenEtD's."""
    document = read_json(content, "The document")
    if not isinstance(document, dict) or not str(document.get("schema_version")).startswith(SCHEMA):
        raise Unreadable("This JSON is no document of OpenEtD.")
    return document


def record_of(document: dict[str, Any], document_sha256: str, pdf_sha256: str) -> dict[str, Any]:
    """The record of the version that a document says it is: what the record's hash is taken of, as canonical JSON.

    Raises Unreadable for a document that is not of a published version.
    """
    version = document.get("version")
    if version is None:
        raise Unreadable(
            "This is an export of a question that was still being worked on, and no published version: there is nothing"
            " to compare it with."
        )
    try:
        record = {
            "guideline": document["guideline"]["slug"],
            "question": document["question"]["slug"],
            "number": version["number"],
            "note": version["note"],
            "schema_version": document["schema_version"],
            "document_sha256": document_sha256,
            "pdf_sha256": pdf_sha256,
            "approvals": [[one["name"], one["at"]] for one in version["approvals"]],
            "published_at": version["published_at"],
            "published_by": version["published_by"],
            "previous_sha256": version["previous_sha256"],
        }
    except (KeyError, TypeError) as error:
        raise Unreadable(f"What the document says of its version is incomplete: {error!r}.") from error
    texts = [value for key, value in record.items() if key not in ("number", "approvals")]
    texts += [text for one in record["approvals"] for text in one]
    if not all(isinstance(text, str) for text in texts) or type(record["number"]) is not int:
        raise Unreadable("What the document says of its version has values of another kind.")
    return record


# --- The bundle


README = """\
Version {number} of the question {guideline}/{question}, published {published_at} by {published_by}

document.pdf   the PDF
document.json  the same document as data; it is also attached to the PDF
record.json    who published it when, who approved it, and the sha256 of both files
chain.json     the records of all earlier versions; each record holds the sha256 of the one before

sha256 of record.json    {record_sha256}
sha256 of document.pdf   {pdf_sha256}
sha256 of document.json  {document_sha256}

To check it: python verify_etd.py FILE.zip --sha256 NUMBER
where NUMBER is the sha256 of the record on the public page of the version. Take it, and verify_etd.py, from
there and not from whoever gave you this file. That page also says whether the version has been withdrawn or
followed by another, which no file can say.
"""


def readme(record: dict[str, Any]) -> bytes:
    """The README.txt of a bundle: it follows from the record alone."""
    return README.format(record_sha256=sha256(canonical(record)), **record).encode("utf-8")


def bundle_files(document: bytes, pdf: bytes, earlier: list[dict[str, Any]]) -> dict[str, bytes]:
    """The files of a bundle by name; `earlier` are the records of all earlier versions, the first of them first."""
    record = record_of(read_document(document), sha256(document), sha256(pdf))
    chain = [{"record": one, "sha256": sha256(canonical(one))} for one in earlier]
    return {
        "README.txt": readme(record),
        "chain.json": canonical(chain),
        "document.json": document,
        "document.pdf": pdf,
        "record.json": canonical(record),
    }


def pack(files: dict[str, bytes]) -> bytes:
    """A zip without compression, times and anything else that may differ: the same files give the same bytes."""
    body, directory = b"", b""
    for name in sorted(files):
        content, label = files[name], name.encode("ascii")
        # Version 1.0, no flags, stored, 1 January 1980, 0:00.
        common = struct.pack(
            "<HHHHHIIIHH", 10, 0, 0, 0, 33, zlib.crc32(content), *[len(content)] * 2, len(label), 0
        )
        directory += (
            b"PK\1\2" + struct.pack("<H", 10) + common + struct.pack("<HHHII", 0, 0, 0, 0, len(body)) + label
        )
        body += b"PK\3\4" + common + label + content
    end = struct.pack("<HHHHIIH", 0, 0, len(files), len(files), len(directory), len(body), 0)
    return body + directory + b"PK\5\6" + end


def unpack(packed: bytes) -> dict[str, bytes]:
    """The files of a zip that `pack` has made. Raises Altered for any other."""
    files: dict[str, bytes] = {}
    place = 0
    while packed[place : place + 4] == b"PK\3\4":
        if len(packed) < place + 30:
            raise Altered("The bundle is cut off.")
        flags, method, crc, size, unpacked, name_size, extra = struct.unpack(
            "<6xHH4xIIIHH", packed[place : place + 30]
        )
        start = place + 30 + name_size + extra
        name = packed[place + 30 : place + 30 + name_size].decode("ascii", "replace")
        if name not in BUNDLE:
            raise Altered(f"The bundle holds a file that no bundle holds: {shown(name, 80)}.")
        if name in files:
            raise Altered(f"The bundle holds {name} twice.")
        if method or flags or extra or size != unpacked:
            raise Altered(
                f"{name} is not packed as OpenEtD packs it: the bundle was packed again or altered. Unpack it and check"
                " the folder instead."
            )
        files[name] = packed[start : start + size]
        if len(files[name]) != size or zlib.crc32(files[name]) != crc:
            raise Altered(f"{name} was altered: its checksum in the zip is that of another content.")
        place = start + size
    missing = [name for name in BUNDLE if name not in files]
    if missing:
        raise Altered("The bundle does not hold {}.".format(" and ".join(missing)))
    if pack(files) != packed:
        raise Altered(
            "The zip itself was altered: its files do not give the bytes that OpenEtD packs them into."
        )
    return files


def check_files(files: dict[str, bytes]) -> dict[str, Any]:
    """The record that the files of a bundle bear out. Raises Altered where they do not fit each other.

    The record must follow from the document and the PDF; the PDF must hold the document, byte for byte; the earlier
    records must be a chain that ends where this one begins.
    """
    document_sha256, pdf_sha256 = sha256(files["document.json"]), sha256(files["document.pdf"])
    record = read_json(files["record.json"], "record.json")
    if not isinstance(record, dict):
        raise Altered("record.json is no record of a version.")
    for name, key, found in (
        ("document.json", "document_sha256", document_sha256),
        ("document.pdf", "pdf_sha256", pdf_sha256),
    ):
        if record.get(key) != found:
            raise Altered(f"{name} is not the file that the record names: its sha256 is {found}.")
    document = read_document(files["document.json"])
    wanted = record_of(document, document_sha256, pdf_sha256)
    differing = sorted(key for key in {*wanted, *record} if wanted.get(key) != record.get(key))
    if differing:
        raise Altered("The record and the document disagree on {}.".format(shown(", ".join(differing), 200)))
    if canonical(wanted) != files["record.json"]:
        raise Altered("record.json is not written as OpenEtD writes it, so that its sha256 is another.")
    if attached_json(files["document.pdf"]) != files["document.json"]:
        raise Altered("The data attached to document.pdf are not those of document.json.")
    _check_chain(files["chain.json"], record, document["version"])
    if files["README.txt"] != readme(record):
        raise Altered("README.txt was altered.")
    return record


def _check_chain(content: bytes, record: dict[str, Any], version: dict[str, Any]) -> None:
    chain = read_json(content, "chain.json")
    if not isinstance(chain, list) or not all(
        isinstance(one, dict) and isinstance(one.get("record"), dict) for one in chain
    ):
        raise Altered("chain.json is no list of records.")
    previous = ""
    for number, one in enumerate(chain, start=1):
        place = f"Record {number} of chain.json"
        earlier = one["record"]
        found = sha256(canonical(earlier))
        if one.get("sha256") != found:
            raise Altered(f"{place} was altered: its sha256 is {found}.")
        if earlier.get("previous_sha256") != previous or earlier.get("number") != number:
            raise Altered(f"{place} does not follow from the one before it.")
        if [earlier.get(key) for key in ("guideline", "question")] != [
            record["guideline"],
            record["question"],
        ]:
            raise Altered(f"{place} is of another question.")
        previous = found
    if (record["number"], record["previous_sha256"]) != (len(chain) + 1, previous):
        raise Altered("The record does not follow from the last one of chain.json.")
    told = version.get("earlier") or []
    if not isinstance(told, list) or not all(isinstance(one, dict) for one in told):
        raise Altered("What the document says of the versions before it is no list of them.")
    if told and [one.get("record_sha256") for one in told] != [one["sha256"] for one in chain]:
        raise Altered("The earlier versions that the document names are not those of chain.json.")
    if canonical([{"record": one["record"], "sha256": one["sha256"]} for one in chain]) != content:
        raise Altered("chain.json is not written as OpenEtD writes it.")


# --- The data attached to a PDF


class _Name(str):
    """A name of a PDF, without its slash."""


class _Reference(NamedTuple):
    number: int


class _Stream(NamedTuple):
    entries: dict[str, Any]
    start: int
    data: bytes


_BLANK = re.compile(rb"(?:[\0\t\n\f\r ]+|%[^\r\n]*)*")
_REFERENCE = re.compile(rb"(\d{1,9})[\0\t\n\f\r ]+\d{1,5}[\0\t\n\f\r ]+R(?![^\0\t\n\f\r ()<>\[\]{}/%])")
_OBJECT = re.compile(rb"[\0\t\n\f\r ]{0,20}(\d{1,9})[\0\t\n\f\r ]+\d{1,5}[\0\t\n\f\r ]+obj")
_WORD = re.compile(rb"[^\0\t\n\f\r ()<>\[\]{}/%]{1,200}")
_NAME = re.compile(rb"/([^\0\t\n\f\r ()<>\[\]{}/%]{0,200})")
_HEX = re.compile(rb"<([0-9A-Fa-f\0\t\n\f\r ]{0,100000})>")
_PAREN = re.compile(rb"[()\\]")
_ESCAPE = re.compile(rb"\\([0-7]{1,3}|[^0-7])", re.DOTALL)
_INTEGER = re.compile(rb"[+-]?\d{1,15}")
_ENTRY = re.compile(rb"(\d{10}) (\d{5}) ([nf])")
_KEYWORDS = {b"true": True, b"false": False, b"null": None}
_END = re.compile(rb"startxref[\0\t\n\f\r ]+(\d{1,10})[\0\t\n\f\r ]+%%EOF[\0\t\n\f\r ]*\Z")
_SUBSECTION = re.compile(rb"[\0\t\n\f\r ]{0,20}(\d{1,9}) (\d{1,9})[ ]{0,20}[\r\n]{1,2}")
_TRAILER = re.compile(rb"[\0\t\n\f\r ]{0,20}trailer")
_STREAM = re.compile(rb"[\0\t\n\f\r ]{0,20}stream\r?\n")

DAMAGED = "An object of the PDF is damaged."
MISPLACED = "An object of the PDF is not where it is said to be."
LOST = "The cross-references of the PDF are damaged."
OTHER_PACKING = "A stream of the PDF is packed in a way that OpenEtD does not use."


class _Pdf:
    """As much of a PDF as is needed to find its attached files: cross-references, objects, Flate. No page is read.

    `places` says of each object where it stands: an offset in the file, or the number of the stream that holds it and
    its place there.
    """

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.steps = MOST_STEPS
        self.unpacked = 0
        self.places: dict[int, tuple[str, int, int]] = {}
        self.held: dict[int, tuple[bytes, list[int], int]] = {}
        self.trailer: dict[str, Any] = {}
        self.n_sections = 0
        self._read_cross_references()
        if "Encrypt" in self.trailer:
            raise Unreadable("The PDF is encrypted. OpenEtD publishes none that is.")

    def get(self, value: Any) -> Any:
        """What a value refers to; null where that is nothing."""
        for _ in range(MOST_DEPTH):
            if not isinstance(value, _Reference):
                return value
            value = self._object(value.number)
        raise Unreadable("The PDF refers in circles.")

    def entries(self, value: Any) -> dict[str, Any]:
        found = self.get(value)
        return found if isinstance(found, dict) else {}

    def items(self, value: Any) -> list[Any]:
        found = self.get(value)
        return found if isinstance(found, list) else []

    def content(self, stream: _Stream) -> bytes:
        """The bytes of a stream, unpacked. Raises Unreadable for another packing than Flate, and for too much."""
        length = self.get(stream.entries.get("Length"))
        if type(length) is not int or not 0 <= length <= len(stream.data) - stream.start:
            raise Unreadable("A stream of the PDF is cut off.")
        raw = stream.data[stream.start : stream.start + length]
        filters = self.get(stream.entries.get("Filter"))
        names = filters if isinstance(filters, list) else [filters] if filters is not None else []
        if not names:
            self._count(len(raw))
            return raw
        if names != ["FlateDecode"]:
            raise Unreadable(OTHER_PACKING)
        unpacking = zlib.decompressobj()
        try:
            found = unpacking.decompress(raw, MOST_UNPACKED - self.unpacked + 1)
        except zlib.error as error:
            raise Unreadable(f"A stream of the PDF is damaged: {error}.") from error
        self._count(len(found))
        if not unpacking.eof:
            raise Unreadable("A stream of the PDF is cut off.")
        parameters = self.get(stream.entries.get("DecodeParms"))
        return self._predicted(
            found, self.entries((parameters or [None])[0] if isinstance(parameters, list) else parameters)
        )

    def _count(self, size: int) -> None:
        self.unpacked += size
        if self.unpacked > MOST_UNPACKED:
            raise Unreadable(f"The PDF unpacks to more than {MOST_UNPACKED // MIB} MiB.")

    def _predicted(self, data: bytes, parameters: dict[str, Any]) -> bytes:
        """Undo PNG's prediction from the row above, which other programs use for cross-references."""
        predictor = self.get(parameters.get("Predictor", 1))
        if predictor == 1:
            return data
        width = self.get(parameters.get("Columns", 1))
        plain = {
            self.get(parameters.get(key, usual)) == usual
            for key, usual in (("Colors", 1), ("BitsPerComponent", 8))
        }
        if type(width) is not int or not 1 <= width <= 100 or plain != {True}:
            raise Unreadable(OTHER_PACKING)
        above, rows = bytes(width), []
        for start in range(0, len(data), width + 1):
            kind, row = data[start], data[start + 1 : start + 1 + width]
            if kind not in (0, 2) or len(row) != width:
                raise Unreadable(OTHER_PACKING)
            self._spend(20 + width)
            if kind == 2:
                row = bytes((above[at] + row[at]) & 255 for at in range(width))
            above = row
            rows.append(above)
        return b"".join(rows)

    def _spend(self, steps: int) -> None:
        """Count what reading costs, so that no file takes long."""
        self.steps -= steps
        if self.steps < 0:
            raise Unreadable("The PDF is built in a way that takes too long to read.")

    def _after_blanks(self, data: bytes, place: int) -> int:
        found = _BLANK.match(data, place)
        end = found.end() if found else place
        self._spend(64 + end - place)
        return end

    # Where objects stand

    def _read_cross_references(self) -> None:
        found = _END.search(self.data[-2048:])
        if not found:
            raise Unreadable("The PDF has no proper end: it is cut off, or something was added to it.")
        ahead = [int(found.group(1))]
        seen: set[int] = set()
        while ahead:
            place = ahead.pop(0)
            if place in seen or len(seen) >= MOST_SECTIONS:
                raise Unreadable("The cross-references of the PDF lead in circles.")
            seen.add(place)
            self.n_sections += 1
            start = self._after_blanks(self.data, place)
            is_table = self.data[start : start + 4] == b"xref"
            trailer = self._table(start + 4) if is_table else self._section(start)
            for key, value in trailer.items():
                self.trailer.setdefault(key, value)
            ahead += [one for one in (trailer.get("XRefStm"), trailer.get("Prev")) if type(one) is int]

    def _table(self, place: int) -> dict[str, Any]:
        found = _SUBSECTION.match(self.data, place)
        while found:
            first, count = int(found.group(1)), int(found.group(2))
            place = found.end()
            for number in range(first, first + min(count, (len(self.data) - place) // 20)):
                self._spend(20)
                entry = _ENTRY.match(self.data, place)
                if not entry:
                    raise Unreadable(LOST)
                if entry.group(3) == b"n":
                    self._place(number, ("file", int(entry.group(1)), 0))
                place += 20
            found = _SUBSECTION.match(self.data, place)
        word = _TRAILER.match(self.data, place)
        if not word:
            raise Unreadable(LOST)
        trailer, _ = self._value(self.data, word.end(), 0)
        return trailer if isinstance(trailer, dict) else {}

    def _section(self, place: int) -> dict[str, Any]:
        stream = self._at(place, None)
        if not isinstance(stream, _Stream):
            raise Unreadable(LOST)
        widths = _counts(stream.entries.get("W"))
        index = _counts(stream.entries.get("Index") or [0, stream.entries.get("Size")])
        if len(widths) != 3 or not 0 < sum(widths) <= 24 or len(index) % 2:
            raise Unreadable(LOST)
        data, at = self.content(stream), 0
        for first, count in zip(index[::2], index[1::2]):  # noqa: B905 -- runs on Python 3.8
            for number in range(first, first + min(count, (len(data) - at) // sum(widths))):
                self._spend(20)
                fields = []
                for width in widths:
                    fields.append(int.from_bytes(data[at : at + width], "big"))
                    at += width
                kind = fields[0] if widths[0] else 1
                if kind in (1, 2):
                    self._place(number, ("file" if kind == 1 else "stream", fields[1], fields[2]))
        return stream.entries

    def _place(self, number: int, place: tuple[str, int, int]) -> None:
        """The newest section is read first, and what it says holds."""
        self.places.setdefault(number, place)
        if len(self.places) > MOST_OBJECTS:
            raise Unreadable(f"The PDF has more than {MOST_OBJECTS:,} objects.")

    # Objects

    def _object(self, number: int) -> Any:
        kind, place, at = self.places.get(number, ("", 0, 0))
        if kind == "file":
            return self._at(place, number)
        if kind != "stream":
            return None
        if place not in self.held:
            self.held[place] = self._holder(place)
        data, heads, first = self.held[place]
        if not 0 <= at < len(heads) // 2 or heads[2 * at] != number:
            raise Unreadable(MISPLACED)
        return self._value(data, first + heads[2 * at + 1], 0)[0]

    def _holder(self, number: int) -> tuple[bytes, list[int], int]:
        """An object stream: its bytes, pairs of number and place of each object in it, and where these begin."""
        if self.places.get(number, ("",))[0] != "file":
            raise Unreadable(MISPLACED)
        stream = self._object(number)
        first = stream.entries.get("First") if isinstance(stream, _Stream) else None
        if not isinstance(stream, _Stream) or type(first) is not int or first < 0:
            raise Unreadable(MISPLACED)
        data = self.content(stream)
        self._spend(10 * first)
        words = data[:first].split()
        if not all(_INTEGER.fullmatch(word) for word in words):
            raise Unreadable(MISPLACED)
        return data, [int(word) for word in words], first

    def _at(self, place: int, number: int | None) -> Any:
        head = _OBJECT.match(self.data, place)
        if not head or (number is not None and int(head.group(1)) != number):
            raise Unreadable(MISPLACED)
        value, end = self._value(self.data, head.end(), 0)
        word = _STREAM.match(self.data, end)
        return _Stream(value, word.end(), self.data) if word and isinstance(value, dict) else value

    def _value(self, data: bytes, place: int, depth: int) -> tuple[Any, int]:
        """The value that begins at this place, and where it ends."""
        if depth > MOST_DEPTH or not 0 <= place <= len(data):
            raise Unreadable(MISPLACED)
        place = self._after_blanks(data, place)
        if data[place : place + 2] == b"<<":
            return self._dictionary(data, place + 2, depth)
        if data[place : place + 1] == b"[":
            return self._array(data, place + 1, depth)
        if data[place : place + 1] == b"(":
            value, end = _literal(data, place + 1)
            self._spend(end - place)
            return value, end
        for pattern, made in _SIMPLE:
            found = pattern.match(data, place)
            if found:
                self._spend(found.end() - place)
                return made(found.group(found.lastindex or 0)), found.end()
        raise Unreadable(DAMAGED)

    def _array(self, data: bytes, place: int, depth: int) -> tuple[list[Any], int]:
        values: list[Any] = []
        while True:
            place = self._after_blanks(data, place)
            if data[place : place + 1] == b"]":
                return values, place + 1
            value, place = self._value(data, place, depth + 1)
            values.append(value)

    def _dictionary(self, data: bytes, place: int, depth: int) -> tuple[dict[str, Any], int]:
        entries: dict[str, Any] = {}
        while True:
            place = self._after_blanks(data, place)
            if data[place : place + 2] == b">>":
                return entries, place + 2
            key, place = self._value(data, place, depth + 1)
            value, place = self._value(data, place, depth + 1)
            if not isinstance(key, _Name) or key in entries:
                raise Unreadable(DAMAGED)
            entries[key] = value


def _literal(data: bytes, place: int) -> tuple[bytes, int]:
    """A text in brackets, without its escapes; only names of files are read of them, which have no line ends."""
    start, open_brackets = place, 1
    while open_brackets:
        found = _PAREN.search(data, place, start + LONGEST_TEXT)
        if not found:
            raise Unreadable("An object of the PDF is cut off.")
        sign = found.group(0)
        place = found.end() + (1 if sign == b"\\" else 0)
        open_brackets += {b"(": 1, b")": -1}.get(sign, 0)
    return _ESCAPE.sub(_unescaped, data[start : place - 1]), place


def _unescaped(escape: re.Match[bytes]) -> bytes:
    sign = escape.group(1)
    return bytes([int(sign, 8) & 255]) if sign.isdigit() else sign


def _name(raw: bytes) -> _Name:
    plain = re.sub(rb"#([0-9A-Fa-f]{2})", lambda sign: bytes([int(sign.group(1), 16)]), raw)
    return _Name(plain.decode("latin-1"))


def _counts(value: Any) -> list[int]:
    """The value as a list of integers from 0. Raises Unreadable where it is none."""
    if not isinstance(value, list) or not all(type(one) is int and one >= 0 for one in value):
        raise Unreadable(LOST)
    return value


def _from_hex(digits: bytes) -> bytes:
    packed = re.sub(rb"[^0-9A-Fa-f]", b"", digits)
    return bytes.fromhex((packed + b"0" * (len(packed) % 2)).decode("ascii"))


def _word(word: bytes) -> Any:
    if word in _KEYWORDS:
        return _KEYWORDS[word]
    if _INTEGER.fullmatch(word):
        return int(word)
    if re.fullmatch(rb"[+-]?\d{0,15}\.\d{0,15}", word):
        return float(word) if len(word.strip(b"+-.")) else 0.0
    raise Unreadable(DAMAGED)


_SIMPLE = (
    (_NAME, _name),
    (_HEX, _from_hex),
    (_REFERENCE, lambda number: _Reference(int(number))),
    (_WORD, _word),
)


def attached_json(pdf: bytes) -> bytes:
    """The document that is attached to a PDF of OpenEtD. Raises Unreadable where there is none, or more than one.

    The files are found as a reader of PDFs finds them: by the names in the catalogue, and by its list of files.
    """
    if len(pdf) > MOST_BYTES:
        raise Unreadable(f"The PDF is larger than {MOST_BYTES // MIB} MiB.")
    if not pdf.startswith(b"%PDF-"):
        raise Unreadable("The file is no PDF.")
    reader = _Pdf(pdf)
    catalogue = reader.entries(reader.trailer.get("Root"))
    tree = reader.entries(catalogue.get("Names")).get("EmbeddedFiles")
    found: dict[int, bytes] = {}
    for one in [*_named(reader, tree, set(), 0), *reader.items(catalogue.get("AF"))]:
        specification = reader.entries(one)
        name = reader.get(specification.get("UF", specification.get("F")))
        if not isinstance(name, bytes) or not name.replace(b"\0", b"").lower().endswith(b".json"):
            continue
        for stream in reader.entries(specification.get("EF")).values():
            if isinstance(stream, _Reference) and stream.number not in found:
                content = reader.get(stream)
                if isinstance(content, _Stream):
                    found[stream.number] = reader.content(content)
    if any(len(content) > MOST_DOCUMENT for content in found.values()):
        raise Unreadable(f"The data in the PDF are larger than {MOST_DOCUMENT // MIB} MiB.")
    documents = {content for content in found.values() if SCHEMA.encode("ascii") in content}
    if not documents:
        raise Unreadable(
            "The PDF holds no data of OpenEtD: it was not made by OpenEtD, or they were removed from it."
        )
    if len(documents) > 1:
        raise Unreadable(f"The PDF holds {len(documents)} documents. One of OpenEtD holds one.")
    return documents.pop()


def _named(reader: _Pdf, node: Any, seen: set[int], depth: int) -> list[Any]:
    """The values of a tree of names."""
    if isinstance(node, _Reference):
        if node.number in seen:
            return []
        seen.add(node.number)
    if depth > MOST_DEPTH:
        raise Unreadable("The PDF is built in a way that takes too long to read.")
    entries = reader.entries(node)
    found = reader.items(entries.get("Names"))[1::2]
    for kid in reader.items(entries.get("Kids")):
        found += _named(reader, kid, seen, depth + 1)
    return found


# --- What is said


def shown(text: str, most: int = 300) -> str:
    """A text of an untrusted file, fit for a terminal: no signs that command it, and not without end."""
    plain = "".join(sign if sign.isprintable() else " " for sign in text)
    return plain if len(plain) <= most else plain[: most - 1] + "…"


def facts_of(document: dict[str, Any], record: dict[str, Any]) -> dict[str, Any]:
    """What a document says of itself; texts of the wrong kind are left out."""
    title = document["question"].get("title")
    return {
        "guideline": record["guideline"],
        "question": record["question"],
        "title": title if isinstance(title, str) else "",
        "number": record["number"],
        "published_at": record["published_at"],
        "published_by": record["published_by"],
        "note": record["note"],
        "document_sha256": record["document_sha256"],
    }


def check(content: bytes) -> Result:
    """What a file is and what can be said of it alone. Raises Altered and Unreadable."""
    if len(content) > MOST_BYTES:
        raise Unreadable(f"The file is larger than {MOST_BYTES // MIB} MiB.")
    if content.startswith(b"PK"):
        return check_bundle(unpack(content))
    if content.startswith(b"%PDF-"):
        return check_pdf(content)
    if content.lstrip()[:1] == b"{":
        return check_json(content)
    raise Unreadable("The file is no PDF, no JSON and no bundle of OpenEtD.")


def check_bundle(files: dict[str, bytes]) -> Result:
    record = check_files(files)
    facts = {
        "kind": "bundle",
        **facts_of(read_document(files["document.json"]), record),
        "pdf_sha256": record["pdf_sha256"],
        "record_sha256": sha256(files["record.json"]),
    }
    earlier = record["number"] - 1
    sentences = [
        f"The bundle is whole: {_named_version(facts)}.",
        "The data attached to the PDF are the JSON file, byte for byte. The record follows from both. {}".format(
            "It is the first version."
            if not earlier
            else "The records of the {} before it lead up to it.".format(
                "version" if earlier == 1 else f"{earlier} versions"
            )
        ),
        "A bundle alone proves that its parts belong together. That it is the one which was published is proved by the"
        " sha256 of its record: compare it with the public page of the version, or give it with --sha256.",
    ]
    return Result(0, sentences, facts)


def was_added_to(pdf: bytes) -> bool:
    """Was a PDF changed by writing at its end, as programs do that save notes? OpenEtD writes one in one piece."""
    return _Pdf(pdf).n_sections > 1


def check_pdf(content: bytes) -> Result:
    data = attached_json(content)
    if was_added_to(content):
        raise Altered(
            "Something was added to this PDF after it was made: notes, or pages that show something else than its data."
            " Read the PDF on the public page of the version."
        )
    document = read_document(data)
    record = record_of(document, sha256(data), sha256(content))
    facts = {
        "kind": "pdf",
        **facts_of(document, record),
        "pdf_sha256": record["pdf_sha256"],
        "record_sha256": sha256(canonical(record)),
    }
    sentences = [
        f"This PDF says that it is {_named_version(facts)}.",
        "The data attached to it can be read, and are of this version.",
        "A PDF alone proves that it holds the data it says. It does not prove that this is what was published: its"
        " pages and its data could have been changed together. That is proved by comparing the sha256 of the PDF or of"
        " the record with the public page of the version, or by giving one from there with --sha256; or by the page"
        " “Verify a PDF” of the site that published it.",
    ]
    return Result(0, sentences, facts)


def check_json(content: bytes) -> Result:
    document = read_document(content)
    record = record_of(document, sha256(content), "")
    facts = {"kind": "json", **facts_of(document, record)}
    sentences = [
        f"These data say that they are {_named_version(facts)}.",
        "Data alone prove nothing of where they come from. That they are those which were published is proved by"
        " comparing the sha256 below with the public page of the version, or by giving it with --sha256.",
    ]
    return Result(0, sentences, facts)


PROVED = {
    ("bundle", "record"): (
        "It has the sha256 you gave: this is the version that was published, with its record, its PDF and its data."
    ),
    ("bundle", "pdf"): (
        "Its PDF has the sha256 you gave: the PDF and the data attached to it are those that were published."
    ),
    ("bundle", "document"): (
        "Its data have the sha256 you gave: they are those that were published. The PDF and the record were compared"
        " with nothing outside the bundle: for them, give the sha256 of the record."
    ),
    ("pdf", "record"): "It has the sha256 you gave: this is the file that was published, byte for byte.",
    ("pdf", "pdf"): "It has the sha256 you gave: this is the file that was published, byte for byte.",
    ("pdf", "document"): (
        "The data attached to it have the sha256 you gave: they are those that were published. The pages were not"
        " compared: for them, give the sha256 of the PDF or of the record."
    ),
    ("json", "document"): "They have the sha256 you gave: these are the data that were published.",
}


def compare(result: Result, given: str) -> Result:
    """The result with what a hash from elsewhere proves: status 1 where the file has no such hash."""
    kind = result.facts["kind"]
    for part in ("record", "pdf", "document"):
        if result.facts.get(part + "_sha256") == given:
            return Result(
                0, [*result.sentences[:-1], PROVED[kind, part]], {**result.facts, "proved_by": part}
            )
    sentence = (
        "NOT THE SAME. It does not have the sha256 you gave: it was altered, or that is of another version."
    )
    if kind == "json":
        sentence += (
            " Data alone can be compared with the sha256 of the data only, not of the PDF or the record."
        )
    return Result(ALTERED, [result.sentences[0], sentence], result.facts)


def _named_version(facts: dict[str, Any]) -> str:
    return "version {} of “{}” ({}/{}), published {} by {}".format(
        facts["number"],
        shown(facts["title"]),
        shown(facts["guideline"], 80),
        shown(facts["question"], 80),
        shown(facts["published_at"][:16].replace("T", " "), 40) + " UTC",
        shown(facts["published_by"], 80),
    )


def verify(path: str, given: str = "") -> Result:
    """As the command does: the file or folder at this path, compared with a hash where one is given."""
    try:
        result = check_bundle(_folder(path)) if os.path.isdir(path) else check(_file(path))
        return compare(result, given) if given else result
    except Altered as problem:
        return Result(ALTERED, ["ALTERED. " + str(problem)], {})
    except Unreadable as problem:
        return Result(UNREADABLE, ["It cannot be checked. " + str(problem)], {})


def _file(path: str) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read(MOST_BYTES + 1)
    except OSError as error:
        raise Unreadable(f"{shown(path)} could not be opened: {error.strerror}.") from error


def _folder(path: str) -> dict[str, bytes]:
    return {name: _file(os.path.join(path, name)) for name in BUNDLE}


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description="Is this file what OpenEtD published?",
        epilog="Exit status 0: nothing speaks against it, and what that proves is said; 1: altered; 2: cannot be read.",
    )
    parser.add_argument(
        "file", metavar="FILE", help="the PDF, the JSON or the bundle (.zip or folder) of a published version"
    )
    parser.add_argument(
        "--sha256",
        metavar="HEX",
        default="",
        help="of the record, the PDF or the data, from the public page of the version",
    )
    parser.add_argument("--json", action="store_true", help="print the result as JSON")
    options = parser.parse_args(arguments)
    given = options.sha256.strip().lower()
    if given and not HEX.fullmatch(given):
        parser.error(
            "--sha256 takes all 64 digits; the first twelve, which stand on the pages, are for comparing by eye"
        )
    result = verify(options.file, given)
    if options.json:
        found = {"status": result.status, "sentences": result.sentences, **result.facts}
        lines = [json.dumps(found, ensure_ascii=True, indent=2)]
    else:
        lines = list(result.sentences)
        for part, label in (("record", "record"), ("pdf", "PDF"), ("document", "data")):
            if result.facts.get(part + "_sha256"):
                lines.append("sha256 of the {:<7} {}".format(label, result.facts[part + "_sha256"]))
    encoding = sys.stdout.encoding or "ascii"
    sys.stdout.write("\n".join(lines).encode(encoding, "replace").decode(encoding) + "\n")
    return result.status


if __name__ == "__main__":
    sys.exit(main())
