"""Texts as paragraphs and items, and back: what is shown stays the same."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from documents.prose import Block, Run, blocks_of, markdown_of, shows_the_same

UNCHANGED = [
    "- a\n- b\n\n  c\n  - d",
    "1. x\n   - y\n2. z",
    "7. seven\n3. three",
    "Gaps:\n1. one",
    "Gaps:\n\n1. one",
    "***both*** **b*i*b**",
    "p<0.05 * 3\n\n5*10 and 4*10",
    "[^1]a[^2,3]",
    "[site](https://example.org/)",
    "a  b\tc\u00a0d",
    r"\*plain\*",
]
SPELLED = {
    "_a_ and __b__": "*a* and **b**",
    "* x\n* y": "- x\n- y",
    r"a\*b": "a*b",
    "# Heading\ntext": "**Heading**\n\ntext",
    "a\n---\nb": "a\n\n---\n\nb",
}
MARKUP = (
    "*",
    "**",
    "_",
    "- ",
    "1. ",
    "2) ",
    "+ ",
    "# ",
    "[^1]",
    "[x](http://a.b)",
    "\\",
    "---",
    "[",
    "]",
    "(",
    ")",
)
LETTERS = ("a", "b c", "○ No", "p<0.05", "﷽", "🙂", "&amp;", "<b>", " ", "   ", "\t", "\u00a0", "\n", "\n\n")
PIECES = st.sampled_from([*MARKUP, *LETTERS])


@pytest.mark.parametrize("text", UNCHANGED)
def test_a_text_comes_back_letter_for_letter(text: str) -> None:
    assert markdown_of(blocks_of(text)) == text


@pytest.mark.parametrize("text", SPELLED)
def test_markup_may_be_spelled_otherwise_and_shows_the_same(text: str) -> None:
    assert markdown_of(blocks_of(text)) == SPELLED[text]
    assert shows_the_same(blocks_of(text), SPELLED[text])


@settings(max_examples=200, deadline=None)
@given(st.lists(PIECES, max_size=14).map("".join))
def test_whatever_the_text_is_no_word_changes(text: str) -> None:
    blocks = blocks_of(text)
    again = markdown_of(blocks)
    assert letters(blocks_of(again)) == letters(blocks)
    if all(block.text.strip() or not block.marker for block in blocks):
        assert shows_the_same(blocks, again)
        assert markdown_of(blocks_of(again)) == again


def letters(blocks: tuple[Block, ...]) -> str:
    return "".join("".join(block.text.split()) for block in blocks)


def test_emphasis_that_cannot_be_written_leaves_the_letters() -> None:
    between = Block((Run("a"), Run("(b)", bold=True), Run("c")))
    assert markdown_of([between]) == "a(b)c"
    assert markdown_of([Block((Run("bold ", bold=True), Run("plain")))]) == "**bold** plain"


def test_a_control_another_word_is_not_the_same() -> None:
    assert not shows_the_same(blocks_of("- a"), "- b")
    assert not shows_the_same(blocks_of("**a**"), "a")
