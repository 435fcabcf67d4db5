"""Whatever the text is: no exception, and every line is in the question or in what was not understood."""

from __future__ import annotations

import re
from dataclasses import astuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from documents.importing import ImportedEtd, read_text
from documents.importing.account import Account
from documents.importing.fragments import fragments_of
from documents.importing.imported import NotUnderstood, Understood
from documents.importing.labels import same
from etd.frameworks import Framework
from tests.unit.documents.importing.example import SOURCE

LINES = SOURCE.split("\n")
# Where a criterion begins and ends: line numbers of the headings, by the row of columns under each.
STARTS = [
    next(n for n in range(number - 1, 0, -1) if LINES[n].startswith("\t") and LINES[n].strip())
    for number, line in enumerate(LINES)
    if line == "\tJUDGEMENT" and LINES[number + 1] == "\tRESEARCH EVIDENCE"
]
END = LINES.index("SUMMARY OF JUDGEMENTS")
BLOCKS = [LINES[start:end] for start, end in zip(STARTS, [*STARTS[1:], END], strict=True)]
BEGINNINGS = (
    "",
    "\t",
    "● ",
    "○ ",
    "\t● ",
    "Table 7. ",
    "1. ",
    "*",
    "   ",
    "\t\t",
    "POPULATION: ",
    "We suggest ",
)
LIMITS = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def fold(text: str) -> str:
    return " ".join(text.split())


def as_printed(text: str) -> str:
    """A stored text without marks and backslashes."""
    return re.sub(r"\\([!-/:-@\[-`{-~])", r"\1", re.sub(r"\[\^([0-9,–-]+)\]", r"\1", text))


def texts_of(etd: ImportedEtd) -> str:
    """All words of the result, as they are printed; what only says that something was understood is not among them."""
    parts = [etd.title, etd.note, *etd.fields.values(), *etd.sections.values(), *etd.references.values()]
    for one in etd.criteria:
        parts += [one.research_evidence, one.additional_considerations]
    for table in etd.tables:
        parts += [f"Table {table.number}. {table.title}", *table.column_headings]
        parts += [table.abbreviations, table.footnotes]
        for row in table.rows:
            parts += [row.outcome, row.population, *row.cells.values()]
    parts += [statement.text for statement in etd.statements]
    parts += [left.text for left in etd.not_understood]
    return fold(as_printed("\n".join(parts)))


def words_on_lines(text: str) -> list[str]:
    """Word by word: two cells, a mark and a label, may be one item of a list where they stand alone."""
    return [word for piece in fragments_of(text) for word in piece.bare.split()]


def assert_every_line_is_accounted_for(text: str, etd: ImportedEtd) -> None:
    """Each word of each line stands in exactly one entry, and that entry names the line."""
    entries: list[Understood | NotUnderstood] = [*etd.understood, *etd.not_understood]
    found = sorted(word for entry in entries for word in words_on_lines(entry.text))
    assert found == sorted(words_on_lines(text))
    lines = {number for entry in entries for number in range(entry.first_line, entry.last_line + 1)}
    assert {piece.line for piece in fragments_of(text) if not piece.is_blank} <= lines


def words_of(text: str) -> set[str]:
    return set(re.findall(r"\w{4,}", text.casefold()))


def vocabulary(framework: Framework) -> set[str]:
    """The words of the labels, which a result has as keys."""
    labels = [*astuple(framework.headings), *(kind.label for kind in framework.recommendation_types)]
    labels += [section.heading for section in framework.sections]
    labels += [field.heading for field in framework.question_fields]
    for criterion in framework.criteria:
        labels += [criterion.heading, criterion.prompt, *(option.label for option in criterion.options)]
    return words_of(" ".join(labels))


def edited(order: list[int] | None, cuts: list[tuple[int, int]], inserted: list[tuple[int, str]]) -> str:
    """The example with its criteria in this order, lines cut out (place, number) and strange lines put in."""
    blocks = [line for number in order or range(len(BLOCKS)) for line in BLOCKS[number]]
    lines = [*LINES[: STARTS[0]], *blocks, *LINES[END:]]
    for start, number in cuts:
        del lines[start : start + number]
    for number, (place, beginning) in enumerate(inserted):
        lines.insert(place, f"{beginning}word{number}zqx here")
    return "\n".join(lines)


PLACES = st.integers(0, len(LINES) - 1)


@LIMITS
@given(
    order=st.none() | st.permutations(range(len(BLOCKS))),
    cuts=st.lists(st.tuples(PLACES, st.integers(1, 40)), max_size=3),
    inserted=st.lists(st.tuples(PLACES, st.sampled_from(BEGINNINGS)), max_size=6),
)
def test_an_edited_document_loses_no_line_and_no_word(
    order: list[int] | None, cuts: list[tuple[int, int]], inserted: list[tuple[int, str]]
) -> None:
    text = edited(order, cuts, inserted)
    etd = read_text(text)
    assert_every_line_is_accounted_for(text, etd)
    kept = words_of(texts_of(etd))
    assert words_of(text) - vocabulary(etd.framework) - kept == set()
    assert kept >= {f"word{number}zqx" for number in range(len(inserted))}


PIECES = st.sampled_from(
    [
        "\t", "\n", "\n\n", " ", "\u00a0", "●", "○", "• ", "o ", "QUESTION", "ASSESSMENT", "\tJUDGEMENT",
        "\tRESEARCH EVIDENCE", "SUMMARY OF JUDGEMENTS", "TYPE OF RECOMMENDATION", "CONCLUSIONS", "REFERENCES",
        "\tProblem", "\tValues", "Yes", "Large", "\tRecommendation", "\tJustification", "POPULATION:", "Table 1. ",
        "Outcome", "N. of studies", "Odds ratio (95% CI)", "190/406 (47%)", "1.21 (0.91–1.60)", "0.19", "[^1]", "*",
        "_a_", "[x](http://a.b)", "# h", "\\", "trial11.", "²", "\r", "\x0b", "\u2028", "﷽", "𝔘", "\ufeff", "-1e999",
        "1,234", "NaN",
    ]
)  # fmt: skip


@settings(LIMITS, max_examples=150)
@given(st.lists(st.one_of(PIECES, st.text(max_size=6)), max_size=60).map("".join))
def test_any_text_is_read_without_a_loss(text: str) -> None:
    assert_every_line_is_accounted_for(text, read_text(text))


@pytest.mark.parametrize("size", [1_000_000])
def test_a_long_document_is_read_whole(size: int) -> None:
    paragraph = "A sentence of the evidence with 11 words and P = 0.04 in it. " * 20
    long = "\n\n".join([paragraph] * (size // len(paragraph)))
    text = SOURCE.replace("We have not identified any research that assessed acceptability.", long)
    etd = read_text(text)
    assert etd.not_understood == ()
    (acceptability,) = [one for one in etd.criteria if same(one.heading) == "acceptability"]
    assert len(acceptability.research_evidence) > size * 0.98


HEAD = "ASSESSMENT\n\tProblem\n\n\tJUDGEMENT\n\tRESEARCH EVIDENCE\n\n\t○ No\n\ttext\n"
HOSTILE = {
    "cells": HEAD + "\tx\n" * 40_000,
    "rows of a table": HEAD
    + "Outcome\tStudies\tA\tB\tOdds ratio\n"
    + "".join(f"Death {n}\t3\t1/2\t1/2\t1.0 (0.5-2.0)\n" for n in range(5_000)),
    "headings": "ASSESSMENT\n" + "\n" * 40_000 + "JUDGEMENT\nRESEARCH EVIDENCE\n" * 5_000,
    "criteria": "ASSESSMENT\n" + "\tProblem\n\tJUDGEMENT\n\tRESEARCH EVIDENCE\n\n" * 5_000,
    "markup": "CONCLUSIONS\n\tJustification\n\n\t" + "[*_(" * 40_000,
    "citations": "CONCLUSIONS\n\tJustification\n\n\t" + "a1,2,3–4" * 20_000,
    "statements": "CONCLUSIONS\n\tRecommendation\n\n\t" + "we suggest that " * 20_000,
    "radio buttons": "TYPE OF RECOMMENDATION\n" + "●\t" * 40_000,
    "one word": "x" * 1_000_000,
    "digits": HEAD
    + "Outcome\tStudies\tA\tB\tOdds ratio\nDeath\t3\t"
    + "1" * 100_000
    + "\t1/2\t1.0 (0.5–2.0)\n",
    "references": "REFERENCES\n1. x\n" + "more\n" * 20_000,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_what_is_made_to_take_long_is_read_too(name: str) -> None:
    text = HOSTILE[name]
    etd = read_text(text)
    entries: list[Understood | NotUnderstood] = [*etd.understood, *etd.not_understood]
    assert sum(len(entry.text.replace("\t", "").strip()) for entry in entries) > 0
    assert_every_line_is_accounted_for(text, etd)


def test_a_control_a_lost_line_is_seen() -> None:
    etd = read_text(SOURCE)
    with pytest.raises(AssertionError):
        assert_every_line_is_accounted_for(f"{SOURCE}\nOne more line.", etd)
    assert "Impella" in texts_of(etd)
    assert "Impella" not in texts_of(read_text(SOURCE.replace("Impella", "")))


def test_what_nobody_took_is_not_understood() -> None:
    fragments = fragments_of("one\n\n\ttwo\tthree\nfour")
    account = Account(fragments)
    account.take(fragments[:1], "the first")
    account.leave(fragments[-1:], "the end", "no reason")
    assert [(one.became, one.text) for one in account.understood] == [("the first", "one")]
    assert [(one.where, one.first_line, one.text) for one in account.not_understood] == [
        ("Document", 3, "two\tthree"),
        ("the end", 4, "four"),
    ]
