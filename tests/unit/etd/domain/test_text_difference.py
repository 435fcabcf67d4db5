from __future__ import annotations

import pytest

from etd.domain.text_difference import Piece, text_difference


def test_words_that_only_one_of_the_two_has_are_marked() -> None:
    found = text_difference("Seen in 14 trials, all small.", "Seen in 15 trials, all small. One more came.")
    assert found.before == (
        Piece("Seen in ", differs=False),
        Piece("14", differs=True),
        Piece(" ", differs=False),
        Piece("trials, all small.", differs=False),
    )
    assert [piece.text for piece in found.after if piece.differs] == ["15", "One more came."]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", "New."),
        ("Gone.\n", ""),
        ("  indented\n\n* a list\n", "  indented\n\n* another list\n\n"),
        ("the same", "the same"),
        (" \n ", "words"),
    ],
)
def test_nothing_is_lost_or_made_up(before: str, after: str) -> None:
    found = text_difference(before, after)
    assert "".join(piece.text for piece in found.before) == before
    assert "".join(piece.text for piece in found.after) == after
    assert any(piece.differs for piece in found.before + found.after) is (before.split() != after.split())


def test_a_paragraph_more_marks_nothing_of_the_one_before() -> None:
    found = text_difference("The last word.", "The last word.\n\nMore.")
    assert [piece.text for piece in found.after if piece.differs] == ["More."]
    assert not any(piece.differs for piece in found.before)
