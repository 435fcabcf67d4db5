"""Long lists, a page at a time."""

from __future__ import annotations

import pytest

from etd.domain.paging import A_PAGE, page_of


@pytest.mark.parametrize(
    ("n_items", "asked", "number", "place"),
    [
        (0, "", 1, "1–0 of 0"),
        (20, "2", 1, "1–20 of 20"),
        (21, "", 1, "1–20 of 21"),
        (21, "2", 2, "21–21 of 21"),
        (1_234, "3", 3, "41–60 of 1,234"),
        (1_234, "999", 62, "1,221–1,234 of 1,234"),
        (1_234, "0", 1, "1–20 of 1,234"),
        (1_234, "-1", 1, "1–20 of 1,234"),
        (1_234, "²", 1, "1–20 of 1,234"),
        (1_234, "9" * 5_000, 1, "1–20 of 1,234"),
    ],
)
def test_the_page_that_is_asked_for(n_items: int, asked: str, number: int, place: str) -> None:
    page = page_of(n_items, asked)
    assert (page.number, page.place) == (number, place)


def test_the_pages_together_have_every_item_once() -> None:
    items = list(range(2 * A_PAGE + 1))
    seen: list[int] = []
    asked: int | None = 1
    while asked is not None:
        page = page_of(len(items), str(asked))
        seen += items[page.start : page.stop]
        asked = page.next
    assert seen == items
    assert page.previous == page.number - 1 == 2
