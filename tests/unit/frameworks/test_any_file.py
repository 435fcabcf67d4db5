"""Whatever a file holds, reading it ends with a framework or a `FrameworkError` with its name, never otherwise."""

from __future__ import annotations

import copy
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etd.frameworks import DATA, Framework, FrameworkError
from etd.frameworks.loader import load_file, load_text, parse

TEXTS = [path.read_text(encoding="utf-8") for path in sorted(DATA.glob("*.toml"))]
CONTENTS = [tomllib.loads(text) for text in TEXTS]

PIECES = (
    "",
    "\n",
    '"',
    "'''",
    "[[",
    "]]",
    "[",
    "{",
    "}",
    "=",
    "true",
    "-1",
    "1e400",
    "9" * 5000,
    "\x00",
    "\u2028",
)
LINES = ("[[criterion]]\n", "[[section]]\n", 'key = "no"\n', "column = 8", "1979-05-27", "#", "\\u0000")
scraps = st.sampled_from(PIECES + LINES) | st.text(max_size=5)
values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.dates()
    | st.sampled_from(["scale", "unsure", "balance", "strong", "statements", "no", "x" * 100]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=5,
)


def outcome(read: Any, *given_to: Any) -> Framework | str:
    """The framework, or what was said of the file; anything else that is raised fails the test."""
    try:
        framework: Framework = read(*given_to)
    except FrameworkError as error:
        return str(error)
    return framework


def is_sound(found: Framework | str) -> bool:
    return found.startswith("mutated: ") if isinstance(found, str) else bool(found.statements_section)


@given(data=st.data())
def test_a_changed_text_is_read_or_refused(data: st.DataObject) -> None:
    text = data.draw(st.sampled_from(TEXTS))
    for _ in range(data.draw(st.integers(1, 3))):
        start = data.draw(st.integers(0, len(text)))
        end = data.draw(st.integers(start, min(start + 60, len(text))))
        text = text[:start] + data.draw(scraps) + text[end:]
    assert is_sound(outcome(load_text, text, "mutated"))


@given(data=st.data())
def test_moved_lines_are_read_or_refused(data: st.DataObject) -> None:
    lines = data.draw(st.sampled_from(TEXTS)).splitlines(keepends=True)
    for _ in range(data.draw(st.integers(1, 3))):
        line = lines.pop(data.draw(st.integers(0, len(lines) - 1)))
        for place in data.draw(st.lists(st.integers(0, len(lines)), max_size=2)):
            lines.insert(place, line)
    assert is_sound(outcome(load_text, "".join(lines), "mutated"))


def places(content: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The paths to everything in the content."""
    inside = content.items() if isinstance(content, dict) else enumerate(content)
    found = []
    for step, value in inside:
        found.append((*path, step))
        if isinstance(value, dict | list):
            found += places(value, (*path, step))
    return found


PLACES = [places(content) for content in CONTENTS]


@given(data=st.data())
def test_a_changed_value_is_read_or_refused(data: st.DataObject) -> None:
    number = data.draw(st.integers(0, len(CONTENTS) - 1))
    content = copy.deepcopy(CONTENTS[number])
    *path, last = data.draw(st.sampled_from(PLACES[number]))
    inside: Any = content
    for step in path:
        inside = inside[step]
    if data.draw(st.booleans()):
        inside[last] = data.draw(values)
    else:
        del inside[last]
    assert is_sound(outcome(parse, content, "mutated"))


@pytest.mark.parametrize("raw", [b"", b"\xff\xfe[\x00", b"\x00", TEXTS[0].encode("utf-16"), b"\xef\xbb\xbf"])
def test_bytes_that_are_no_framework_are_refused(tmp_path: Path, raw: bytes) -> None:
    path = tmp_path / "odd_v1.toml"
    path.write_bytes(raw)
    with pytest.raises(FrameworkError, match=r"^odd_v1\.toml: "):
        load_file(path)
