"""Each limit is kept exactly: the limit is accepted, one more is refused."""

import os

import pytest

from metaanalysis.importers import read_table
from metaanalysis.importers.limits import MAX_FILE_BYTES

from .corpus import HEADER, package, parts_of, raw, rows_xml, sheet_xml


def table_of(rows: int) -> bytes:
    lines = [f"S{number},{number % 90 + 1},1000,{number % 80 + 1},1000" for number in range(rows)]
    return "\n".join([HEADER, *lines]).encode()


def workbook_of(rows: int) -> bytes:
    studies = [[f"S{number}", number % 90 + 1, 1000, number % 80 + 1, 1000] for number in range(rows)]
    return raw(sheet_xml(rows_xml([list(HEADER.split(",")), *studies])))


def columns_of(count: int) -> bytes:
    extra = count - 5
    names = "".join(f",x{number}" for number in range(extra))
    return f"{HEADER}{names}\nA,1,9,2,9{',y' * extra}\n".encode()


def file_of(size: int) -> bytes:
    """Notes of 2,000 characters, and the rest in the last row's."""
    text = f"{HEADER},note\n"
    number = 0
    while len(text) < size - 4200:
        text += f"S{number},{number + 1},9000,{number + 2},9000,{'x' * 2000}\n"
        number += 1
    for last in ("Y", "Z"):
        start = f"{last},1,9000,2,9000,"
        text += start + "x" * min(2000, size - len(text) - len(start) - 1) + "\n"
    return text.encode() + b"\n" * (size - len(text))


def part_count(count: int) -> bytes:
    parts = parts_of()
    return package(parts | {f"x/{number}.xml": "<x/>" for number in range(count - len(parts))})


def unpacking_to(size: int) -> bytes:
    parts = parts_of()
    rest = size - sum(len(content) for content in parts.values())
    noise = os.urandom(10_000).hex().encode()
    return package(parts | {"x.xml": (noise * (rest // len(noise) + 1))[:rest]})


@pytest.mark.parametrize(
    ("code", "at_limit", "beyond", "filename"),
    [
        ("file_too_large", file_of(MAX_FILE_BYTES), file_of(MAX_FILE_BYTES + 1), "a.csv"),
        ("too_many_rows", table_of(5_000), table_of(5_001), "a.csv"),
        ("too_many_rows", workbook_of(5_000), workbook_of(5_001), "a.xlsx"),
        ("too_many_columns", columns_of(64), columns_of(65), "a.csv"),
        ("too_many_parts", part_count(200), part_count(201), "a.xlsx"),
        ("unpacks_too_large", unpacking_to(10 * 1024 * 1024), unpacking_to(10 * 1024 * 1024 + 1), "a.xlsx"),
        *(
            (
                "cell_too_long",
                f"{HEADER},{column}\nA,1,9,2,9,{'x' * limit}\n".encode(),
                f"{HEADER},{column}\nA,1,9,2,9,{'x' * (limit + 1)}\n".encode(),
                "a.csv",
            )
            for column, limit in (("outcome", 200), ("note", 2000), ("quality", 2000))
        ),
        ("too_large", f"{HEADER}\nA,9,10000000,2,9\n".encode(), f"{HEADER}\nA,9,10000001,2,9\n".encode(), "a.csv"),
        ("year", f"{HEADER},year\nA,1,9,2,9,2100\n".encode(), f"{HEADER},year\nA,1,9,2,9,2101\n".encode(), "a.csv"),
    ],
)  # fmt: skip
def test_limit(code: str, at_limit: bytes, beyond: bytes, filename: str) -> None:
    assert read_table(at_limit, filename=filename).error_count == 0
    assert [problem.code for problem in read_table(beyond, filename=filename).errors] == [code]


def test_the_first_fifty_errors_are_kept_and_all_are_counted() -> None:
    rows = "".join(f"S{number},x,9,2,9\n" for number in range(70))
    parsed = read_table(f"{HEADER}\n{rows}".encode(), filename="a.csv")
    assert (len(parsed.errors), parsed.error_count) == (50, 70)
    assert parsed.rows == ()
