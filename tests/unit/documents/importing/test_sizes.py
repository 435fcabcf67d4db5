"""How much of a text and of JSON is read: the limit is accepted, one more is refused."""

from __future__ import annotations

import pytest

from documents.importing.files import MOST_JSON_PARTS, MOST_LINES, NotADocument, read_file
from etd.frameworks import all_frameworks
from tests.unit.documents.importing.example import SOURCE

FRAMEWORKS = list(all_frameworks())
TEXT = SOURCE.rstrip() + "\n"
LINES = len(TEXT.splitlines()) + TEXT.count("\t")


@pytest.mark.parametrize("more", ["\n", "x\n"], ids=["empty lines", "lines"])
def test_so_many_lines_are_read_and_no_more(more: str) -> None:
    """A million empty lines cost a gigabyte and thirteen seconds."""
    at_limit = TEXT + more * (MOST_LINES - LINES)
    assert read_file(at_limit.encode(), frameworks=FRAMEWORKS).etd.has_content
    with pytest.raises(NotADocument, match="20,001 lines and cells"):
        read_file((at_limit + more).encode(), frameworks=FRAMEWORKS)


def test_cells_count_as_lines_do() -> None:
    at_limit = TEXT[:-1] + "\t" * (MOST_LINES - LINES)
    assert read_file(at_limit.encode(), frameworks=FRAMEWORKS).etd.has_content
    with pytest.raises(NotADocument, match="20,001 lines and cells"):
        read_file((at_limit + "\t").encode(), frameworks=FRAMEWORKS)


def test_so_many_lists_and_objects_are_read_and_no_more() -> None:
    at_limit = '{"a":[' + ",".join(["[]"] * (MOST_JSON_PARTS - 2)) + "]}"
    with pytest.raises(NotADocument, match="names no schema_version"):
        read_file(at_limit.encode(), frameworks=FRAMEWORKS)
    with pytest.raises(NotADocument, match="200,000 lists and objects"):
        read_file(at_limit.replace("[]", "[[]]", 1).encode(), frameworks=FRAMEWORKS)
