"""Plain text as CommonMark: letter for letter, with citation marks where digits cite."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from documents.importing.decoding import NotText, decode
from documents.importing.plain_text import (
    as_markdown,
    cited_numbers,
    folded_lines,
    with_citations,
    without_gap,
)
from etd.domain.text import plain

SIGNS = st.text(alphabet="ab1 .*_[]()#\\-+>`~<&!|\n:/^", max_size=40)


@settings(deadline=None, max_examples=200)
@given(SIGNS)
def test_what_is_shown_is_what_stood_there(text: str) -> None:
    assert folded_lines(plain(as_markdown(text.split("\n")))) == folded_lines(text)


@pytest.mark.parametrize(
    ("text", "stored"),
    [
        ("p<0.05 and 5*10", "p<0.05 and 5*10"),
        ("1. One\n2. Two", "1. One\n2. Two"),
        ("- one\n- two", "\\- one\n\\- two"),
        ("*this* and _that_", "\\*this\\* and \\_that\\_"),
        ("# 3 patients", "\\# 3 patients"),
        ("[^1] literally", "\\[^1\\] literally"),
        ("a\\*b", "a\\\\*b"),
        ("  one  \n\n\n\ntwo ", "one\n\ntwo"),
    ],
)
def test_signs_that_would_be_markup_get_a_backslash(text: str, stored: str) -> None:
    assert as_markdown(text.split("\n")) == stored


@pytest.mark.parametrize(
    ("text", "marked"),
    [
        ("one trial11.", "one trial[^11]."),
        ("P = 0.04)1. However", "P = 0.04)[^1]. However"),
        ("the trial,3 which", "the trial,[^3] which"),
        ("identified.3 We", "identified.[^3] We"),
        ("2–7.7–10 The", "2–7.[^7–10] The"),
        ("both2,4–6 and", "both[^2,4–6] and"),
        ("CO2, I2, IL6 and GP2b", "CO2, I2, IL6 and GP2b"),
        ("kg/m2 and log2 and cm3", "kg/m2 and log2 and cm3"),
        ("b12 and p5", "b12 and p5"),
        ("in 1.5 or 2.7 (n=3)", "in 1.5 or 2.7 (n=3)"),
        ("trial1.5 and rate3%", "trial1.5 and rate3%"),
        ("the year2024 or x1a", "the year2024 or x1a"),
        ("far99 away", "far99 away"),
        ("back9–4 wards", "back9–4 wards"),
    ],
)
def test_digits_become_marks_only_where_they_cite(text: str, marked: str) -> None:
    assert with_citations(text, frozenset(range(1, 13))) == marked


def test_references_are_counted_without_a_gap() -> None:
    assert without_gap([3, 1, 2, 2, 7, 10]) == {1, 2, 3}
    assert without_gap([2, 3]) == frozenset()
    assert cited_numbers("trial1,3–5. Then another.7") == {1, 3, 4, 5, 7}


TEXT = "QUESTION\n\tPopulation “å”\n"


@pytest.mark.parametrize(
    ("data", "encoding"),
    [
        (TEXT.encode(), "utf-8"),
        (TEXT.encode("utf-8-sig"), "utf-8"),
        (TEXT.encode("utf-16"), "utf-16"),
        (TEXT.encode("utf-16-le"), "utf-16-le"),
        (TEXT.encode("utf-16-be"), "utf-16-be"),
        (TEXT.encode("cp1252"), "windows-1252"),
    ],
)
def test_text_is_read_in_whichever_encoding(data: bytes, encoding: str) -> None:
    assert decode(data) == (TEXT, encoding)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"PK\x03\x04rest", "Word file"),
        (b"%PDF-1.7", "PDF"),
        (b"{\\rtf1", "not plain text"),
        ("x".encode("utf-32"), "UTF-32"),
        (b"\xff\xfea", "damaged UTF-16"),
        (b"abc\x00def ghi jkl mno", "zero bytes"),
        ("å\n".encode() + b"\xe5\n", "not valid UTF-8 in line 2"),
        (b"\x81\x8d", "not valid UTF-8 in line 1"),
    ],
)
def test_what_is_no_text_is_refused_with_a_remedy(data: bytes, why: str) -> None:
    with pytest.raises(NotText, match=why) as caught:
        decode(data)
    assert "Save it as plain text in UTF-8." in str(caught.value)
