"""T6: the verifier with the standard library takes what was published and nothing else, and no file harms it."""

from __future__ import annotations

import ast
import hashlib
import io
import json
import random
import re
import struct
import subprocess
import sys
import zipfile
import zlib
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pypdf
import pytest
from hypothesis import example as with_example
from hypothesis import given, settings
from hypothesis import strategies as st
from pypdf.generic import NameObject

from documents import pdf, schema, verify_etd
from documents.published import document_bytes
from etd.domain.version_record import VersionRecord
from tests.unit.documents.example import example

SCRIPT = Path(verify_etd.__file__)
FLIPS = 2_500


def published(number: int = 1, previous: str = "") -> schema.EtdDocument:
    version = schema.Version(
        number=number,
        published_at="2026-11-23T11:33:34.584695+00:00",
        published_by="Stella Staff",
        note="A trial was added." if number > 1 else "",
        approvals=(schema.Approval("Carla Chair", "2026-11-23T10:00:00.000000+00:00"),),
        previous_sha256=previous,
    )
    return replace(example(), version=version)


def first_record() -> dict[str, Any]:
    return verify_etd.record_of(verify_etd.read_document(document_bytes(published())), "1" * 64, "2" * 64)


def second() -> schema.EtdDocument:
    return published(2, verify_etd.sha256(verify_etd.canonical(first_record())))


@pytest.fixture(scope="module")
def rendered() -> bytes:
    return pdf.render_pdf(second())


@pytest.fixture(scope="module")
def files(rendered: bytes) -> dict[str, bytes]:
    return verify_etd.bundle_files(document_bytes(second()), rendered, [first_record()])


def verified(content: bytes, folder: Path, given: str = "") -> verify_etd.Result:
    path = folder / "file"
    path.write_bytes(content)
    return verify_etd.verify(str(path), given)


def status(content: bytes) -> int:
    """The exit status without a file in between."""
    try:
        return verify_etd.check(content).status
    except verify_etd.Altered:
        return verify_etd.ALTERED
    except verify_etd.Unreadable:
        return verify_etd.UNREADABLE


def test_it_runs_alone_and_on_python_3_8(rendered: bytes, tmp_path: Path) -> None:
    source = SCRIPT.read_text(encoding="utf-8")
    tree = ast.parse(source, feature_version=(3, 8))
    imported = {
        name.split(".")[0]
        for node in ast.walk(tree)
        for name in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [str(node.module)]
            if isinstance(node, ast.ImportFrom)
            else []
        )
    }
    assert imported <= sys.stdlib_module_names
    assert not re.search(r"removeprefix|removesuffix|strict=|\bmatch \w+:|pairwise|\bUTC\b[,)]", source)
    (tmp_path / "verify_etd.py").write_text(source, encoding="utf-8")
    (tmp_path / "v2.pdf").write_bytes(rendered)
    done = subprocess.run(
        [
            sys.executable,
            "-I",
            "verify_etd.py",
            "v2.pdf",
            "--json",
            "--sha256",
            verify_etd.sha256(rendered).upper(),
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["proved_by"] == "pdf"


def test_the_record_is_the_one_that_is_stored(rendered: bytes) -> None:
    document = document_bytes(second())
    made = verify_etd.record_of(
        verify_etd.read_document(document), verify_etd.sha256(document), verify_etd.sha256(rendered)
    )
    stored = VersionRecord(
        guideline="cardiac",
        question="device",
        number=2,
        note="A trial was added.",
        schema_version="openetd-etd/1",
        document_sha256=hashlib.sha256(document).hexdigest(),
        pdf_sha256=hashlib.sha256(rendered).hexdigest(),
        approvals=[["Carla Chair", "2026-11-23T10:00:00.000000+00:00"]],
        published_at="2026-11-23T11:33:34.584695+00:00",
        published_by="Stella Staff",
        previous_sha256=VersionRecord(**first_record()).sha256,
    )
    assert made == asdict(stored)
    assert verify_etd.sha256(verify_etd.canonical(made)) == stored.sha256


def test_a_true_bundle_is_taken_and_any_zip_reader_reads_it(files: dict[str, bytes], tmp_path: Path) -> None:
    packed = verify_etd.pack(files)
    assert packed == verify_etd.pack(dict(reversed(files.items())))
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        assert archive.testzip() is None
        assert {name: archive.read(name) for name in archive.namelist()} == files
    record = verify_etd.sha256(files["record.json"])
    result = verified(packed, tmp_path, record)
    assert (result.status, result.facts["proved_by"], result.facts["number"]) == (0, "record", 2)
    assert "The records of the version before it lead up to it." in result.sentences[1]
    assert record in files["README.txt"].decode()
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    assert verify_etd.verify(str(tmp_path), record).status == 0


@pytest.mark.parametrize("given", ["record", "pdf", "document"])
def test_what_each_number_proves_is_said(given: str, files: dict[str, bytes], tmp_path: Path) -> None:
    hashes = {
        "record": verify_etd.sha256(files["record.json"]),
        "pdf": verify_etd.sha256(files["document.pdf"]),
        "document": verify_etd.sha256(files["document.json"]),
    }
    of_pdf = verified(files["document.pdf"], tmp_path, hashes[given])
    assert of_pdf.status == 0
    assert ("The pages were not compared" in of_pdf.sentences[-1]) == (given == "document")
    of_json = verified(files["document.json"], tmp_path, hashes[given])
    assert of_json.status == (0 if given == "document" else verify_etd.ALTERED)
    other = verified(files["document.pdf"], tmp_path, "0" * 64)
    assert (other.status, other.sentences[-1][:13]) == (verify_etd.ALTERED, "NOT THE SAME.")
    alone = verified(files["document.pdf"], tmp_path)
    assert "does not prove that this is what was published" in alone.sentences[-1]


def test_every_flipped_byte_of_a_bundle_is_found(files: dict[str, bytes]) -> None:
    packed = verify_etd.pack(files)
    assert status(packed) == 0
    seed = random.SystemRandom().randrange(2**32)
    chance = random.Random(seed)  # noqa: S311 -- to be repeated
    places = [chance.randrange(len(packed)) for _ in range(FLIPS)]
    # The PDF is most of the bundle: as many flips in what is around it, and every byte of the zip's own.
    around = packed.index(b"%PDF-"), packed.index(b"%PDF-") + len(files["document.pdf"])
    rest = [*range(around[0]), *range(around[1], len(packed))]
    places += chance.sample(rest, min(FLIPS, len(rest)))
    places += [
        at
        for start in re.finditer(rb"PK[\x01\x03\x05]", packed)
        for at in range(start.start(), start.start() + 46)
    ]
    missed = []
    for place in places:
        if place < len(packed):
            flipped = bytearray(packed)
            flipped[place] ^= 1 << chance.randrange(8)
            if status(bytes(flipped)) == 0:
                missed.append(place)
    assert (missed, f"seed {seed}") == ([], f"seed {seed}")


def test_every_flipped_byte_of_a_file_in_a_new_zip_is_found(files: dict[str, bytes]) -> None:
    """Whoever alters a file also packs the zip anew, so that its checksums are right."""
    seed = random.SystemRandom().randrange(2**32)
    chance = random.Random(seed)  # noqa: S311 -- to be repeated
    missed = []
    for name, content in files.items():
        for _ in range(400):
            flipped = bytearray(content)
            place = chance.randrange(len(content))
            flipped[place] ^= 1 << chance.randrange(8)
            if status(verify_etd.pack({**files, name: bytes(flipped)})) == 0:
                missed.append((name, place))
    assert (missed, f"seed {seed}") == ([], f"seed {seed}")


def changed(files: dict[str, bytes], name: str, old: str, new: str) -> dict[str, bytes]:
    assert old.encode() in files[name]
    return {**files, name: files[name].replace(old.encode(), new.encode())}


def test_a_document_altered_with_its_record_is_not_that_of_the_pdf(files: dict[str, bytes]) -> None:
    document = files["document.json"].replace(b"Should devices", b"Should no devices")
    forged = verify_etd.bundle_files(document, files["document.pdf"], [first_record()])
    with pytest.raises(verify_etd.Altered, match=r"data attached to document\.pdf are not those"):
        verify_etd.check(verify_etd.pack(forged))


def test_each_fault_is_named(files: dict[str, bytes]) -> None:
    def said(altered: dict[str, bytes]) -> str:
        with pytest.raises(verify_etd.Altered) as caught:
            verify_etd.check(verify_etd.pack(altered))
        return str(caught.value)

    assert "document.pdf is not the file that the record names" in said(
        changed(files, "document.pdf", "/Catalog", "/Catalof")
        if b"/Catalog" in files["document.pdf"]
        else {**files, "document.pdf": files["document.pdf"] + b"\n"}
    )
    assert "disagree on published_by" in said(changed(files, "record.json", "Stella Staff", "Stella Stuff"))
    assert "Record 1 of chain.json was altered" in said(changed(files, "chain.json", "Stella", "Steela"))
    assert "does not follow from the last one" in said({**files, "chain.json": b"[]"})
    assert "README.txt was altered" in said(changed(files, "README.txt", "Version 2", "Version 3"))
    assert "record.json is not written as" in said(changed(files, "record.json", ":2,", ": 2,"))
    assert "holds a file that no bundle holds: evil.exe" in said({**files, "evil.exe": b"x"})
    missing = {name: content for name, content in files.items() if name != "chain.json"}
    assert "does not hold chain.json" in said(missing)


def test_a_rewritten_chain_does_not_lead_up_to_the_record(files: dict[str, bytes]) -> None:
    forged = {**first_record(), "published_by": "Somebody Else"}
    chain = [{"record": forged, "sha256": verify_etd.sha256(verify_etd.canonical(forged))}]
    with pytest.raises(verify_etd.Altered, match="does not follow from the last one"):
        verify_etd.check(verify_etd.pack({**files, "chain.json": verify_etd.canonical(chain)}))


@pytest.mark.parametrize("told", [1, "x", {"a": 1}, [1], [["x"]]])
def test_earlier_versions_that_are_no_list_of_them_are_found(told: Any) -> None:
    record = first_record() | {"number": 1, "previous_sha256": ""}
    with pytest.raises(verify_etd.Altered, match="no list of them"):
        verify_etd._check_chain(b"[]", record, {"earlier": told})


def test_a_bundle_packed_again_is_not_taken_as_it_is(files: dict[str, bytes]) -> None:
    def packed(compression: int, names: list[str]) -> bytes:
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", compression) as archive:
            for name in names:
                archive.writestr(name, files[name])
        return buffer.getvalue()

    with pytest.raises(verify_etd.Altered, match=r"Unpack it and check the folder"):
        verify_etd.check(packed(zipfile.ZIP_DEFLATED, sorted(files)))
    with pytest.raises(verify_etd.Altered, match=r"zip itself was altered"):
        verify_etd.check(packed(zipfile.ZIP_STORED, sorted(files)))
    whole = verify_etd.pack(files)
    twice = whole[: whole.index(b"PK\1\2")] + whole
    with pytest.raises(verify_etd.Altered, match=r"holds README.txt twice"):
        verify_etd.check(twice)
    for added in (whole + b"\0", b"PK\3\4" + whole, whole[:-1]):
        assert status(added) == verify_etd.ALTERED


# --- PDFs


def test_the_data_of_a_pdf_are_found_as_another_reader_finds_them(rendered: bytes) -> None:
    (found,) = pypdf.PdfReader(io.BytesIO(rendered)).attachments["device.json"]
    assert verify_etd.attached_json(rendered) == bytes(found) == document_bytes(second())


def saved_again(content: bytes, *, incremental: bool) -> bytes:
    """As another program saves it: in another structure, or with its changes after the end."""
    writer = (
        pypdf.PdfWriter(io.BytesIO(content), incremental=True)
        if incremental
        else pypdf.PdfWriter(clone_from=io.BytesIO(content))
    )
    writer.metadata = {NameObject("/Subject"): "A note"}
    buffer = io.BytesIO()
    writer.write(buffer)
    return buffer.getvalue()


@pytest.mark.parametrize("incremental", [False, True])
def test_the_data_are_found_in_a_pdf_that_was_saved_again(rendered: bytes, incremental: bool) -> None:
    again = saved_again(rendered, incremental=incremental)
    assert again != rendered
    assert verify_etd.attached_json(again) == document_bytes(second())
    if not incremental:
        assert verify_etd.check(again).facts["pdf_sha256"] != verify_etd.sha256(rendered)


def test_a_pdf_that_was_added_to_is_altered(rendered: bytes) -> None:
    """Its pages may show other words while its data stay as they were."""
    assert not verify_etd.was_added_to(rendered)
    with pytest.raises(verify_etd.Altered, match="Something was added to this PDF"):
        verify_etd.check(saved_again(rendered, incremental=True))


def with_files(**attached: bytes) -> bytes:
    writer = pypdf.PdfWriter()
    writer.add_blank_page(100, 100)
    for name, content in attached.items():
        writer.add_attachment(f"{name}.json", content)
    buffer = io.BytesIO()
    writer.write(buffer)
    return buffer.getvalue()


def test_a_pdf_without_data_or_with_two_is_refused() -> None:
    mine, other = document_bytes(second()), document_bytes(published())
    assert verify_etd.attached_json(with_files(one=mine)) == mine
    with pytest.raises(verify_etd.Unreadable, match="holds 2 documents"):
        verify_etd.attached_json(with_files(one=mine, two=other))
    for attached in ({}, {"one": b"{}"}):
        with pytest.raises(verify_etd.Unreadable, match="holds no data"):
            verify_etd.attached_json(with_files(**attached))
    with pytest.raises(verify_etd.Unreadable, match="no published version"):
        verify_etd.check(with_files(one=document_bytes(example())))


def test_an_encrypted_pdf_is_refused(rendered: bytes) -> None:
    writer = pypdf.PdfWriter(clone_from=io.BytesIO(rendered))
    writer.encrypt("", "owner", algorithm="RC4-128")
    buffer = io.BytesIO()
    writer.write(buffer)
    with pytest.raises(verify_etd.Unreadable, match="encrypted"):
        verify_etd.attached_json(buffer.getvalue())


# --- Files that are made to harm


def by_hand(*objects: bytes, root: bytes = b"1 0 R") -> bytes:
    """A PDF of these objects, numbered from 1, with a table of cross-references."""
    body, places = b"%PDF-1.7\n", []
    for number, content in enumerate(objects, start=1):
        places.append(len(body))
        body += b"%d 0 obj\n" % number + content + b"\nendobj\n"
    table = b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    table += b"".join(b"%010d 00000 n \n" % place for place in places)
    return body + table + b"trailer\n<</Size 9/Root " + root + b">>\nstartxref\n%d\n%%%%EOF\n" % len(body)


def stream(content: bytes, more: bytes = b"") -> bytes:
    packed = zlib.compress(content)
    return b"<<%s/Filter/FlateDecode/Length %d>>\nstream\n" % (more, len(packed)) + packed + b"\nendstream"


CATALOGUE = b"<</AF [2 0 R]>>"
FILE = b"<</F (a.json)/EF <</F 3 0 R>>>>"
BOMB = stream(bytes(verify_etd.MOST_UNPACKED + 1))
LARGE = 3_000_000
HOSTILE = {
    "a bomb": by_hand(CATALOGUE, FILE, BOMB),
    "bombs that are each small enough": by_hand(
        b"<</AF [%s]>>" % b" ".join(b"%d 0 R" % n for n in range(2, 42)),
        *[b"<</F (a.json)/EF <</F %d 0 R>>>>" % (n + 40) for n in range(2, 42)],
        *[stream(bytes(1_000_000)) for _ in range(40)],
    ),
    "data beyond all need": by_hand(
        CATALOGUE, FILE, stream(b"openetd-etd/1" + bytes(verify_etd.MOST_DOCUMENT))
    ),
    "a length that refers to itself": by_hand(CATALOGUE, FILE, b"<</Length 3 0 R>>\nstream\nx\nendstream"),
    "references in circles": by_hand(b"2 0 R", b"1 0 R"),
    "names that hold each other": by_hand(
        b"<</Names <</EmbeddedFiles 2 0 R>>>>", b"<</Kids [3 0 R 3 0 R]>>", b"<</Kids [2 0 R 2 0 R]>>"
    ),
    "brackets without end": by_hand(b"[" * LARGE),
    "dictionaries without end": by_hand(b"<</A" * LARGE),
    "a text without end": by_hand(b"(" * LARGE),
    "digits without end": by_hand(b"<" + b"0" * LARGE),
    "blanks, looked at again and again": by_hand(
        b"<</AF [%s]>>" % (b"2 0 R " * 100_000), b" " * LARGE + FILE, stream(b"x")
    ),
    "comments inside each other": by_hand(b"".join(b"[%% %d 0 obj\n" % n for n in range(100_000))),
    "a list without end": by_hand(b"<</AF [%s]>>" % (b"null " * 600_000)),
    "one number after another": by_hand(b"<</AF [%s]>>" % (b"1 " * 1_000_000)),
    "sections in circles": b"%PDF-1.7\nxref\n0 0\ntrailer\n<</Prev 9>>\nstartxref\n9\n%%EOF",
    "more objects than there are bytes": b"%PDF-1.7\nxref\n0 999999999\ntrailer<<>>\nstartxref\n9\n%%EOF",
    "no end": b"%PDF-1.7\n" * 1000,
    "a place beyond the file": b"%PDF-1.7\nstartxref\n9999999999\n%%EOF",
    "lists in lists in JSON": with_files(a=b'{"schema_version": "openetd-etd/1", "x": ' + b"[" * 1_000_000),
    "a number without end in JSON": b'{"schema_version": "openetd-etd/1", "x": ' + b"9" * LARGE + b"}",
    "a zip of a thousand names": b"".join(
        b"PK\3\4" + struct.pack("<HHHHHIIIHH", 10, 0, 0, 0, 33, 0, 0, 0, 1, 0) + b"x" for _ in range(1000)
    ),
    "a part as large as the world": b"PK\3\4"
    + struct.pack("<HHHHHIIIHH", 10, 0, 0, 0, 33, 0, 2**32 - 1, 2**32 - 1, 10, 0)
    + b"README.txt",
}


@pytest.mark.parametrize("kind", sorted(HOSTILE))
def test_a_file_made_to_harm_is_refused(kind: str) -> None:
    """In a process that may use ten seconds of the processor and half a gigabyte: else it is killed."""
    limited = (
        "import resource, runpy, sys; resource.setrlimit(resource.RLIMIT_CPU, (10, 10));"
        "resource.setrlimit(resource.RLIMIT_AS, (2**29, 2**29));"
        f"sys.argv = ['verify_etd.py', sys.argv[1]]; runpy.run_path({str(SCRIPT)!r}, run_name='__main__')"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-c", limited, "/dev/stdin"],
        input=HOSTILE[kind],
        capture_output=True,
        timeout=120,
        check=False,
    )
    assert done.stderr == b""
    assert done.returncode in (verify_etd.ALTERED, verify_etd.UNREADABLE)


def test_what_a_file_says_commands_no_terminal() -> None:
    document = json.loads(document_bytes(second()))
    document["question"]["title"] = "\x1b[2JGone\r\n" + "x" * 1000
    sentence = verify_etd.check(json.dumps(document).encode()).sentences[0]
    assert sentence.isprintable()
    assert len(sentence) < 600


KINDS = st.sampled_from(
    [b"<<", b">>", b"[", b"]", b"(", b")", b"/Names ", b"/AF ", b"/Kids ", b"/EF ", b"/F ", b"1 0 R ", b"2 0 R ",
     b"(a.json)", b"null ", b"/EmbeddedFiles ", b"%", b"\n", b"<41>", b"-1 ", b"/Length ", b"stream\n", b"\\", b"1.5 "]
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(st.lists(st.lists(KINDS, max_size=30).map(b"".join), min_size=1, max_size=4))
def test_any_objects_are_read_or_refused(objects: list[bytes]) -> None:
    assert status(by_hand(*objects)) == verify_etd.UNREADABLE


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from([b"", b"PK\3\4", b"%PDF-1.7\n", b"{", b'{"schema_version": "openetd-etd/1"']),
    st.binary(max_size=300),
)
@with_example(b'{"schema_version": "openetd-etd/1", "version": []', b"}")
@with_example(b'{"schema_version": "openetd-etd/1", "question": "\\ud800"', b"}")
@with_example(b'{"schema_version": "openetd-etd/1", "question": 1e999', b"}")
@with_example(b'{"schema_version": "openetd-etd/1", "question": NaN', b"}")
def test_any_bytes_are_refused(start: bytes, rest: bytes) -> None:
    assert status(start + rest) in (verify_etd.ALTERED, verify_etd.UNREADABLE)


def test_any_change_to_a_pdf_is_survived_and_never_taken_for_the_file(rendered: bytes) -> None:
    seed = random.SystemRandom().randrange(2**32)
    chance = random.Random(seed)  # noqa: S311 -- to be repeated
    given = verify_etd.sha256(rendered)
    found: set[int | str] = set()
    for _ in range(1_000):
        altered = bytearray(rendered)
        for _ in range(chance.randint(1, 8)):
            altered[chance.randrange(len(altered))] = chance.randrange(256)
        if chance.random() < 0.2:
            del altered[chance.randrange(len(altered)) :]
        if altered != rendered:
            try:
                found.add(verify_etd.compare(verify_etd.check(bytes(altered)), given).status)
            except ValueError as problem:
                found.add(type(problem).__name__)
    assert (found <= {verify_etd.ALTERED, "Altered", "Unreadable"}, f"seed {seed}") == (True, f"seed {seed}")
