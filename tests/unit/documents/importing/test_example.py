"""The example's own text gives the question of its fixture, without a difference."""

from __future__ import annotations

import pytest

from documents.importing import read_text
from documents.importing.fragments import fragments_of
from tests.unit.documents.importing.example import (
    CANNOT_SAY,
    SOURCE,
    as_fixture,
    differences,
    document,
    expected,
    read_example,
)


def test_there_is_no_difference_between_what_is_read_and_the_fixture() -> None:
    found = list(differences(as_fixture(read_example()), expected()))
    assert found == [], "\n".join(found)


def test_no_more_is_left_out_of_the_comparison_than_what_the_text_cannot_say() -> None:
    assert sum("." not in path for path in CANNOT_SAY) == 2
    assert set(document()) - set(expected()) == {"guideline", "source"}
    assert set(document()["question"]) - set(expected()["question"]) == {"slug"}


def test_nothing_is_left_and_what_was_assumed_is_said() -> None:
    etd = read_example()
    assert etd.not_understood == ()
    assert etd.note == ""
    flags = {flag.where: flag.message for flag in etd.flags if "Taken as" not in flag.message}
    assert set(flags) == {"Resources required, judgement", "Summary of judgements", "Citations", "References"}
    assert "Moderate costs · Negligible costs and savings" in flags["Resources required, judgement"]
    (assumed,) = [flag for flag in etd.flags if "Taken as" in flag.message]
    assert assumed.message.startswith(
        "Taken as higher is better, which no text says: Survival at the longest"
    )


def test_every_line_is_told_what_it_became() -> None:
    etd = read_example()
    told = {number for one in etd.understood for number in range(one.first_line, one.last_line + 1)}
    assert {fragment.line for fragment in fragments_of(SOURCE) if not fragment.is_blank} <= told
    became = {one.first_line: one.became for one in etd.understood}
    lines = SOURCE.split("\n")
    (title,) = [number for number, text in became.items() if text == "Question: title"]
    assert lines[title - 1].strip() == etd.title
    ticked = [lines[number - 1] for number, text in became.items() if "ticked," in text]
    assert len(ticked) == 13
    assert all("●" in line for line in ticked)


@pytest.mark.parametrize(
    "change",
    [
        ("Impella CP®", "Impella RP®"),
        ("●\u00a0Small", "○\u00a0Small"),
        ("0.10", "0.01"),
        ("190/406 (47%)", "190/406 (46%)"),
        ("11*", "12*"),
        ("weak recommendation, low", "weak recommendation, very low"),
        ("trial11.", "trial12."),
        ("We suggest against", "We suggest considering"),
        ("Table 2. Pooled", "Table 3. Pooled"),
    ],
    ids=lambda change: change[0],
)
def test_a_control_another_word_or_figure_is_a_difference(change: tuple[str, str]) -> None:
    assert change[0] in SOURCE
    assert list(differences(as_fixture(read_example(SOURCE.replace(*change, 1))), expected()))


def test_of_frameworks_with_the_same_words_the_first_is_taken() -> None:
    assert read_text(SOURCE).framework.name == "grade_clinical_population v2"
    assert read_example().framework.name == "grade_clinical_population v1"
