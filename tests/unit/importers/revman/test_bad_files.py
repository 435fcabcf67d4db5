"""RevMan files made to harm, and damaged ones: refused at once, each with what it is and what to do."""

import struct
import zipfile
from collections.abc import Callable
from dataclasses import replace
from io import BytesIO
from unittest import mock

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from metaanalysis.importers import ParsedTable, read_table
from metaanalysis.importers.limits import MAX_REVIEW_BYTES, MAX_ROWS, MAX_UNPACKED_BYTES
from metaanalysis.importers.revman import data_package
from tests.unit.importers.corpus import package

from .test_formats import DEATH, codes
from .writers import (
    ROW_COLUMNS,
    ROWS,
    SETTINGS,
    Analysis,
    Study,
    as_csv,
    as_package,
    as_rm5,
    rm5_of,
    table_bytes,
    tables_of,
)

ABLE = next(iter(DEATH.studies.values()))[0]
GOOD_RM5 = as_rm5([DEATH])
GOOD_PACKAGE = as_package([DEATH])
LAUGHS = (
    "<!DOCTYPE COCHRANE_REVIEW [<!ENTITY a 'ha'>"
    + "".join(
        f"<!ENTITY {new} '{f'&{old};' * 10}'>" for old, new in zip("abcdefghi", "bcdefghij", strict=True)
    )
    + "]>"
)
XXE = '<!DOCTYPE COCHRANE_REVIEW [<!ENTITY e SYSTEM "file:///etc/passwd">]>'
XXE_HTTP = '<!DOCTYPE COCHRANE_REVIEW SYSTEM "http://127.0.0.1:9/x.dtd">'


def read(data: bytes, filename: str = "review.rm5") -> ParsedTable:
    return read_table(data, filename=filename)


def with_entity(before: str, name: str) -> bytes:
    return GOOD_RM5.replace(b"<COCHRANE_REVIEW", before.encode() + b"<COCHRANE_REVIEW").replace(
        b"<TITLE>Example", f"<TITLE>&{name};".encode()
    )


def large_part() -> bytes:
    part = table_bytes(ROW_COLUMNS, tables_of([DEATH])[1])
    return as_package([DEATH], {ROWS: part + b"\r\n" * (MAX_UNPACKED_BYTES // 2)})


def bomb() -> bytes:
    return as_package([DEATH], {ROWS: b" " * (183 * 1024 * 1024)})


def twice(name: str) -> bytes:
    stream = BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr(name, b"x")
        with pytest.warns(UserWarning, match="Duplicate name"):
            archive.writestr(name, b"x")
    return stream.getvalue()


def wrong_sum() -> bytes:
    with zipfile.ZipFile(BytesIO(GOOD_PACKAGE)) as archive:
        part = next(part for part in archive.infolist() if part.filename.endswith("-data-rows.csv"))
    data = bytearray(GOOD_PACKAGE)
    entry = data.index(b"PK\x01\x02")
    while data[entry + 46 : entry + 46 + len(part.filename)] != part.filename.encode():
        entry = data.index(b"PK\x01\x02", entry + 4)
    struct.pack_into("<I", data, entry + 16, part.CRC ^ 1)
    return bytes(data)


def encrypted() -> bytes:
    data = bytearray(GOOD_PACKAGE)
    data[data.index(b"PK\x01\x02") + 8] |= 1
    return bytes(data)


@pytest.mark.parametrize(
    ("code", "build"),
    [
        ("dtd", lambda: with_entity(LAUGHS, "j")),
        ("dtd", lambda: with_entity(XXE, "e")),
        ("dtd", lambda: GOOD_RM5.replace(b"<COCHRANE_REVIEW", XXE_HTTP.encode() + b"<COCHRANE_REVIEW")),
        ("dtd", lambda: GOOD_RM5.replace(b"<COCHRANE_REVIEW", b"<!DOCTYPE COCHRANE_REVIEW><COCHRANE_REVIEW")),
        ("damaged", lambda: GOOD_RM5.replace(b"<TITLE>Example", b"<TITLE>&nbsp;")),
        ("damaged", lambda: GOOD_RM5[: len(GOOD_RM5) // 2]),
        ("damaged", lambda: GOOD_RM5 + b"<x/>"),
        ("xml_encoding", lambda: as_rm5([DEATH], "UTF-8").replace(b"UTF-8", b"UTF-7")),
        ("xml_encoding", lambda: as_rm5([DEATH], "UTF-8").replace(b"UTF-8", b"UTF-16")),
        ("xml_encoding", lambda: named_in("UTF-8").replace(b"UTF-8", b"ISO-8859-1")),
        ("xml_encoding", lambda: named_in("ISO-8859-1").replace(b"ISO-8859-1", b"UTF-8")),
        ("xml_encoding", lambda: named_in("ISO-8859-1").replace(b"ISO-8859-1", b"us-ascii")),
        ("xml_encoding", lambda: GOOD_RM5.replace(b"Example", b"Exa\0mple")),
        (
            "cell_too_long",
            lambda: as_rm5([replace(DEATH, studies={"": [replace(ABLE, name="x" * 500_000)]})]),
        ),
        ("no_rows", lambda: rm5_of("", "")),
        ("file_too_large", lambda: GOOD_RM5 + b" " * MAX_REVIEW_BYTES),
        (
            "duplicate_study_id",
            lambda: GOOD_RM5.replace(b"</INCLUDED", b'<STUDY ID="STD-Able_x0020_2001"/></INCLUDED'),
        ),
        ("wrong_type", lambda: b"<?xml version='1.0'?><x><COCHRANE_REVIEW/></x>"),
    ],
)
def test_an_rm5_that_harms_or_is_damaged(code: str, build: Callable[[], bytes]) -> None:
    parsed = read(build())
    assert (codes(parsed), parsed.rows) == ([code], ())


def named_in(encoding: str) -> bytes:
    return as_rm5([replace(DEATH, name="Überleben")], encoding)


def test_the_name_is_read_in_the_declared_encoding() -> None:
    assert read(named_in("ISO-8859-1")).outcomes == read(named_in("UTF-8")).outcomes == ("Überleben",)


@pytest.mark.parametrize(
    ("code", "build"),
    [
        ("unpacks_too_large", bomb),
        ("unpacks_too_large", large_part),
        ("too_many_parts", lambda: as_package([DEATH], {f"p{n}": b"" for n in range(2_000)})),
        ("nested_archive", lambda: as_package([DEATH], {"inner.zip": package({"a": "b"})})),
        ("part_name", lambda: as_package([DEATH], {"../etc": b"x"})),
        ("part_name", lambda: as_package([DEATH], {"/etc/x": b"x"})),
        ("part_name", lambda: as_package([DEATH], {"..\\..\\a": b"x"})),
        ("part_name", lambda: as_package([DEATH], {"C:a": b"x"})),
        ("duplicate_part", lambda: twice("X-data-rows.csv")),
        ("several_parts", lambda: as_package([DEATH], {"Y-data-rows.csv": b"x"})),
        ("missing_part", lambda: package({"X-data-rows.csv": "Study\n"})),
        ("missing_column", lambda: as_package([DEATH], {ROWS: b"Analysis group,Study\r\n1,A\r\n"})),
        ("missing_column", lambda: as_package([DEATH], {SETTINGS: b"Analysis group,Study\r\n1,A\r\n"})),
        ("no_rows", lambda: as_package([DEATH], {ROWS: b""})),
        ("damaged", wrong_sum),
        ("encrypted", encrypted),
        ("not_text", lambda: as_package([DEATH], {ROWS: bytes(1000)})),
        ("wrong_type", lambda: b"%PDF-1.7\n" + GOOD_PACKAGE),
    ],
)
def test_a_data_package_that_harms_or_is_damaged(code: str, build: Callable[[], bytes]) -> None:
    parsed = read(build(), "package.zip")
    assert (codes(parsed), parsed.rows) == ([code], ())


@pytest.mark.usefixtures("in_this_process")
def test_a_bomb_is_refused_without_unpacking_it() -> None:
    data = bomb()
    with mock.patch.object(zipfile.ZipFile, "read", side_effect=AssertionError("unpacked")):
        assert codes(read(data, "package.zip")) == ["unpacks_too_large"]


@pytest.mark.usefixtures("in_this_process")
def test_only_the_two_tables_are_unpacked() -> None:
    unpacked = []
    whole = zipfile.ZipFile.read

    def read_part(archive: zipfile.ZipFile, name: str) -> bytes:
        unpacked.append(name)
        return whole(archive, name)

    with mock.patch.object(zipfile.ZipFile, "read", read_part):
        plots = {f"X-analysis-data/plot-{number}.svg": b"<svg/>" for number in range(9)}
        plots["X-analysis-data/large.svg"] = b" " * (183 * 1024 * 1024)
        assert read(as_package([DEATH], plots), "package.zip").errors == ()
    assert sorted(name.partition("/X-")[2] for name in unpacked) == [
        "data-rows.csv",
        "overall-estimates-and-settings.csv",
    ]


def test_a_zip_that_is_no_data_package_stays_a_workbook_or_a_refusal() -> None:
    assert not data_package.is_data_package(package({"[Content_Types].xml": "<x/>"}))
    assert "wrong_type" in codes(read(package({"data.csv": "Study\n"}), "a.zip"))


@pytest.mark.parametrize("write", [as_csv, as_package, as_rm5])
def test_the_limit_of_rows(write: Callable[[list[Analysis]], bytes]) -> None:
    def review(count: int) -> bytes:
        numbers = {"events_1": 1, "total_1": 9, "events_2": 2, "total_2": 9}
        studies = [Study(f"S{number}", numbers) for number in range(count)]
        return write([replace(DEATH, studies={"": studies})])

    assert len(read(review(MAX_ROWS)).rows) == MAX_ROWS
    beyond = read(review(MAX_ROWS + 1))
    assert codes(beyond) == ["too_many_rows"]
    assert "5,001 rows of studies" in beyond.errors[0].message
    assert "one comparison at a time" in beyond.errors[0].message


@pytest.mark.parametrize("name", ["a.csv", "a.txt", "review.xml", "noname"])
def test_an_rm5_is_known_by_its_content(name: str) -> None:
    assert (read(GOOD_RM5, name).file_format, read(GOOD_RM5, name).errors) == ("rm5", ())


@pytest.mark.parametrize("name", ["a.zip", "a.dat", "noname"])
def test_a_data_package_is_known_by_its_content(name: str) -> None:
    assert (read(GOOD_PACKAGE, name).file_format, read(GOOD_PACKAGE, name).errors) == ("revman-web", ())


def test_markup_in_names_stays_text() -> None:
    name = "<script>alert(1)</script> & 'x'"
    data = as_rm5([replace(DEATH, studies={"": [replace(ABLE, name=name)]})])
    assert read(data).rows[0].study == name


def test_direction_characters_in_a_name_are_refused() -> None:
    data = as_rm5([replace(DEATH, studies={"": [replace(ABLE, name="a\u202eb")]})], "UTF-8")
    assert codes(read(data)) == ["invisible_character"]


@pytest.mark.usefixtures("in_this_process")
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.sampled_from([GOOD_RM5, GOOD_PACKAGE, as_csv([DEATH])]), st.integers(0, 6_000), st.binary(max_size=6)
)
def test_damage_never_raises_nor_half_imports(good: bytes, place: int, noise: bytes) -> None:
    place %= len(good)
    parsed = read(good[:place] + noise + good[place + len(noise) :], "review.any")
    assert parsed.ok == (parsed.error_count == 0)
    assert parsed.ok or parsed.rows == ()
    cut = read(good[:place], "review.any")
    assert cut.rows == () or len(cut.rows) == 1
