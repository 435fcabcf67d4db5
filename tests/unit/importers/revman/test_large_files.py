"""Reviews of real size, read by the child process itself; zips within zips, and those that a Mac made."""

import os
import zipfile
from collections.abc import Callable
from io import BytesIO

import pytest

from metaanalysis.importers import ParsedTable, read_table, review
from metaanalysis.importers.archive import part_names
from metaanalysis.importers.child_process import WorkerLimits, run_worker
from metaanalysis.importers.limits import (
    MAX_DIRECTORY_ENTRIES,
    MAX_FILE_BYTES,
    MAX_REVIEW_BYTES,
    MAX_UNPACKED_BYTES,
    MIB,
)
from metaanalysis.importers.review import review_job
from metaanalysis.importers.table import Refusal
from tests.unit.importers.corpus import package

from .test_bad_files import GOOD_PACKAGE, GOOD_RM5
from .test_formats import DEATH, codes
from .writers import ROW_COLUMNS, ROWS, SETTINGS, as_package, table_bytes, tables_of

END = b"</COCHRANE_REVIEW>"


def read(data: bytes, filename: str = "review.any") -> ParsedTable:
    return read_table(data, filename=filename)


def rm5_of_size(size: int) -> bytes:
    """The text of a review before its analyses, as long as needed."""
    text = b"<BODY>" + b"<P>Methods of the review.</P>" * ((size - len(GOOD_RM5)) // 29 - 1) + b"</BODY>"
    whole = GOOD_RM5.replace(END, text + END)
    return whole + b" " * (size - len(whole))


def package_of_size(size: int) -> bytes:
    """With plots that cannot be packed any smaller; the last fills up to the byte."""
    plot = os.urandom(MIB)
    with_plots = {f"X-analysis-data/{number}.svg": plot for number in range(size // MIB - 1)}
    start = as_package([DEATH], with_plots)
    stream = BytesIO(start)
    with zipfile.ZipFile(stream, "a", zipfile.ZIP_STORED) as archive:
        archive.writestr("X-analysis-data/last.svg", b"")
    rest = size - len(stream.getvalue())
    stream = BytesIO(start)
    with zipfile.ZipFile(stream, "a", zipfile.ZIP_STORED) as archive:
        archive.writestr("X-analysis-data/last.svg", (plot + plot)[:rest])
    return stream.getvalue()


@pytest.mark.parametrize("build", [rm5_of_size, package_of_size])
def test_the_limit_of_a_review_is_kept_exactly(build: Callable[[int], bytes]) -> None:
    at_limit, beyond = build(MAX_REVIEW_BYTES), build(MAX_REVIEW_BYTES + 1)
    assert (len(at_limit), len(beyond)) == (MAX_REVIEW_BYTES, MAX_REVIEW_BYTES + 1)
    parsed = read(at_limit)
    assert (parsed.problems, [row.study for row in parsed.rows]) == ((), ["Able 2001"])
    refused = read(beyond)
    assert codes(refused) == ["file_too_large"]
    assert (
        "larger than 10 MiB; the limit is 2 MiB (10 MiB for RevMan's .rm5 and .zip)"
        in refused.errors[0].message
    )


@pytest.mark.parametrize("start", [b"study,note\n", b"PK\x03\x04"], ids=["table", "workbook"])
def test_the_limit_of_tables_and_workbooks_is_lower(start: bytes) -> None:
    refused = read(start + b"x" * MAX_FILE_BYTES)
    assert codes(refused) == ["file_too_large"]
    assert "larger than 2 MiB" in refused.errors[0].message


def test_the_parts_that_are_read_have_a_limit_together() -> None:
    rows = tables_of([DEATH])[1]
    parts = {ROWS: table_bytes(ROW_COLUMNS, rows), SETTINGS: as_part(SETTINGS)}
    noise = os.urandom(5000).hex().encode()

    def padded(size: int) -> bytes:
        lines = (noise + b"\r\n") * (size // len(noise) + 1)
        return as_package([DEATH], {ROWS: parts[ROWS] + lines[: size - len(parts[ROWS])]})

    room = MAX_UNPACKED_BYTES - len(parts[SETTINGS])
    assert codes(read(padded(room + 1))) == ["unpacks_too_large"]
    assert "unpacks_too_large" not in codes(read(padded(room)))


def as_part(name: str) -> bytes:
    with zipfile.ZipFile(BytesIO(GOOD_PACKAGE)) as archive:
        return archive.read(name)


@pytest.mark.parametrize(
    "content",
    [
        b"<a>" * (MIB // 2) + b"</a>" * (MIB // 2),
        b"<a/>" * (9 * MIB // 4),
        b'<a b="' + b"x" * (9 * MIB) + b'"/>',
    ],
    ids=["deep", "many", "long"],
)
def test_hostile_xml_costs_the_child_and_not_the_server(
    content: bytes,
) -> None:
    """Each is read or refused; with less memory it is refused, so the limit is what holds it."""
    data = GOOD_RM5.replace(END, content + END)
    assert codes(read(data)) in ([], ["too_complex"])
    with pytest.raises(Refusal) as refused:
        run_worker(data, review_job("rm5"), WorkerLimits(memory_bytes=60 * MIB))
    assert refused.value.code == "too_complex"


@pytest.mark.parametrize("data", [GOOD_RM5, GOOD_PACKAGE], ids=["rm5", "package"])
def test_reviews_are_parsed_by_the_child(data: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    def started(*args: object) -> None:
        raise AssertionError("the child was started")

    monkeypatch.setattr(review, "run_worker", started)
    with pytest.raises(AssertionError, match="the child was started"):
        read(data)


def test_a_directory_too_long_to_list_is_refused_before_it_is_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    data = as_package([DEATH], {f"p{number}": b"" for number in range(MAX_DIRECTORY_ENTRIES)})
    monkeypatch.setattr(zipfile, "ZipFile", None)
    assert part_names(data) == ()
    assert codes(read(data)) == ["too_many_parts"]


@pytest.mark.parametrize("folder", ["", "CD001234/", "Übersicht (1)/data package/X-analysis-data/"])
def test_the_folder_of_a_package_may_have_any_name(folder: str) -> None:
    parts: dict[str, str | bytes] = {
        f"{folder}CD001234-{name.partition('/X-')[2]}": as_part(name) for name in (ROWS, SETTINGS)
    }
    parts[f"__MACOSX/{folder}._CD001234-data-rows.csv"] = b"\0\5\x16\7"
    parts[f"{folder}._CD001234-overall-estimates-and-settings.csv"] = b"\0\5\x16\7"
    parsed = read(package(parts))
    assert (parsed.file_format, parsed.problems, len(parsed.rows)) == ("revman-web", (), 1)


@pytest.mark.parametrize("size", [0, 3 * MIB])
def test_a_zip_in_a_zip_is_to_be_unpacked_once(size: int) -> None:
    data = package({"CD001234/CD001234-data-package.zip": GOOD_PACKAGE, "readme.pdf": os.urandom(size)})
    parsed = read(data, "download.zip")
    assert codes(parsed) == ["nested_archive"]
    assert "Unpack it once and upload the archive that is in it" in parsed.errors[0].message
    assert "CD001234-data-package.zip" in parsed.errors[0].message
