"""The example fixture against the document it was made from: nothing missing, nothing changed, nothing added.

The document is rebuilt from document.toml, outcomes.csv and the framework file, in printed order, and compared
with source.txt line by line. White space is folded, empty lines are dropped, citation marks are read as the bare
digits that the plain text has. The blank cells of the summary grid are compared in tests/unit/frameworks.
"""

from __future__ import annotations

import copy
import csv
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest
from markdown_it import MarkdownIt

from etd.frameworks import Criterion, Framework, get_framework

FOLDER = Path(__file__).parents[2] / "fixtures" / "ilcor-mcs-after-rosc"
EFFECT_CELLS = 5  # both arms, odds ratio, P, I2

Document = dict[str, Any]
Rows = list[dict[str, str]]


@dataclass(frozen=True)
class Line:
    """One printed line and the place in the fixture (or the line number in the source) it comes from."""

    where: str
    text: str


def read_document() -> Document:
    return tomllib.loads((FOLDER / "document.toml").read_text(encoding="utf-8"))


def read_rows() -> Rows:
    with (FOLDER / "outcomes.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def fold(text: str) -> str:
    """White space to single blanks; no-break spaces are white space."""
    return " ".join(text.split())


def as_printed(text: str) -> str:
    """A stored text without its markup: [^7–10] is 7–10, and a backslash before punctuation goes."""
    without_marks = re.sub(r"\[\^([0-9–]+)\]", r"\1", text)
    return re.sub(r"\\([!-/:-@\[-`{-~])", r"\1", without_marks)


def source_lines() -> list[Line]:
    lines = (FOLDER / "source.txt").read_text(encoding="utf-8").split("\n")
    return [Line(f"line {n} of source.txt", fold(line)) for n, line in enumerate(lines, 1) if fold(line)]


def rebuilt_lines(document: Document, rows: Rows) -> list[Line]:
    return [
        Line(where, fold(line))
        for where, text in _rebuild(document, rows)
        for line in as_printed(text).split("\n")
        if fold(line)
    ]


def _rebuild(document: Document, rows: Rows) -> Iterator[tuple[str, str]]:
    framework = get_framework(
        document["question"]["framework_key"], document["question"]["framework_version"]
    )
    yield from _printed_question(framework, document["question"])
    yield from _printed_assessment(framework, document, rows)
    yield from _printed_summary(framework)
    yield from _printed_type(framework, document["recommendation"]["type"])
    yield from _printed_conclusions(framework, document)


def _printed_question(framework: Framework, question: dict[str, Any]) -> Iterator[tuple[str, str]]:
    yield "headings", framework.headings.question
    yield "question title", question["title"]
    for field in framework.question_fields:
        if not field.optional:
            yield f"question {field.key}", f"{field.heading}:\n{question[field.key]}"


def _printed_assessment(framework: Framework, document: Document, rows: Rows) -> Iterator[tuple[str, str]]:
    headings = framework.headings
    yield "headings", headings.assessment
    assert [entry["key"] for entry in document["criterion"]] == [c.key for c in framework.criteria]
    for criterion, entry in zip(framework.criteria, document["criterion"], strict=True):
        where = f"criterion {criterion.key}"
        yield where, criterion.heading
        if criterion.key not in document["source"]["prompts_not_printed"]:
            yield where, criterion.prompt
        yield where, headings.judgement
        yield where, headings.research_evidence
        yield where, headings.additional_considerations
        yield f"{where}, options", _printed_options(criterion, entry["options"])
        yield f"{where}, research evidence", entry["research_evidence"]
        if criterion.key == document["outcome_table"]["criterion"]:
            yield from _printed_table(document["outcome_table"], rows)
        yield f"{where}, additional considerations", entry["additional_considerations"]


def _printed_summary(framework: Framework) -> Iterator[tuple[str, str]]:
    yield "headings", framework.headings.summary_of_judgements
    yield "headings", framework.headings.judgement
    for criterion in framework.criteria:
        yield f"summary of {criterion.key}", criterion.summary_heading
        for cell in criterion.cells:
            yield f"summary of {criterion.key}", cell.label if cell else ""


def _printed_type(framework: Framework, chosen: str) -> Iterator[tuple[str, str]]:
    yield "headings", framework.headings.type_of_recommendation
    for recommendation_type in framework.recommendation_types:
        yield "type of recommendation", recommendation_type.label
    ticked = framework.recommendation_type(chosen)
    for recommendation_type in framework.recommendation_types:
        yield "type of recommendation", "●" if recommendation_type == ticked else "○"


def _printed_conclusions(framework: Framework, document: Document) -> Iterator[tuple[str, str]]:
    yield "headings", framework.headings.conclusions
    assert [entry["key"] for entry in document["section"]] == [s.key for s in framework.sections]
    for section, entry in zip(framework.sections, document["section"], strict=True):
        yield f"section {section.key}", section.heading
        if section.holds_statements:
            for number, statement in enumerate(document["statement"], 1):
                yield f"statement {number}", statement["text"]
        yield f"section {section.key}", entry["body"]


def _printed_options(criterion: Criterion, chosen: list[str]) -> str:
    chosen_options = [criterion.option(key) for key in chosen]
    return "\n".join(
        f"{'●' if option in chosen_options else '○'} {option.label}" for option in criterion.options
    )


def _printed_table(table: dict[str, Any], rows: Rows) -> Iterator[tuple[str, str]]:
    yield "outcome table", f"Table {table['number']}. {table['title']}"
    for heading in table["column_headings"]:
        yield "outcome table", heading
    for outcome, rows_of_outcome in groupby(rows, key=lambda row: row["outcome"]):
        yield "outcomes.csv", outcome
        for row in rows_of_outcome:
            yield f"outcomes.csv, {outcome}", "\n".join(_printed_cells(row))
    yield "outcome table, abbreviations", table["abbreviations"]
    yield "outcome table, footnotes", table["footnotes"]


def _printed_cells(row: dict[str, str]) -> list[str]:
    cells = [row["population"], row["n_studies"] + row["footnote_mark"]]
    if row["n_studies"] == "0":
        return [*cells, *["-"] * EFFECT_CELLS]
    return [
        *cells,
        f"{row['events_intervention']}/{row['n_intervention']} ({row['percent_intervention']}%)",
        f"{row['events_comparison']}/{row['n_comparison']} ({row['percent_comparison']}%)",
        f"{row['estimate']} ({row['ci_low']}–{row['ci_high']})",
        row["p_value"],
        f"{row['i2']}%",
    ]


def differences(source: list[Line], rebuilt: list[Line]) -> list[str]:
    """One message a difference, naming both places and the words from just before the first other letter."""
    matcher = SequenceMatcher(
        None, [line.text for line in source], [line.text for line in rebuilt], autojunk=False
    )
    messages = []
    for tag, i1, i2, j1, j2 in matcher.get_opcodes():
        if tag == "equal":
            continue
        printed, stored = source[i1:i2], rebuilt[j1:j2]
        before = rebuilt[max(j1 - 1, 0)].where
        start = _first_difference("\n".join(x.text for x in printed), "\n".join(x.text for x in stored))
        messages.append(
            f"{stored[0].where if stored else f'missing after {before}'}"
            f" ({printed[0].where if printed else 'not in source.txt'}):"
            f" the document has {_excerpt(printed, start)!r}, the fixture {_excerpt(stored, start)!r}"
        )
    return messages


def _first_difference(a: str, b: str) -> int:
    return next((n for n, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b)))


def _excerpt(lines: list[Line], start: int) -> str:
    return "\n".join(line.text for line in lines)[max(start - 30, 0) : start + 30]


def check(document: Document, rows: Rows) -> list[str]:
    return differences(source_lines(), rebuilt_lines(document, rows))


def test_every_word_of_the_document_is_in_the_fixture_and_no_other() -> None:
    found = check(read_document(), read_rows())
    assert not found, "\n".join(found)


# The check must see every text of the fixture. Each is changed in turn.

# Ours, not the document's: names, addresses, and what is read from a statement's words (tested below).
NOT_PRINTED = (
    "source.",
    "guideline.",
    "question.slug",
    "question.framework",
    "question.intervention_label",
    "question.comparison_label",
    "outcome.",
    "criterion.key",
    "criterion.options",
    "outcome_table.criterion",
    "recommendation.type",
    "section.key",
    "statement.kind",
    "statement.strength",
    "statement.direction",
    "statement.certainty",
    "statement.population",
)

KeyPath = tuple[str | int, ...]


def _texts(value: Any, path: KeyPath = ()) -> Iterator[tuple[KeyPath, str]]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _texts(item, (*path, key))
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from _texts(item, (*path, number))
    elif isinstance(value, str):
        yield path, value


def _is_printed(path: KeyPath) -> bool:
    return not ".".join(step for step in path if isinstance(step, str)).startswith(NOT_PRINTED)


PRINTED_TEXTS = [(path, text) for path, text in _texts(read_document()) if _is_printed(path)]


def _replaced(document: Document, path: KeyPath, text: str) -> Document:
    changed = copy.deepcopy(document)
    place: Any = changed
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = text
    return changed


def _one_letter_changed(text: str) -> str:
    middle = next(n for n in range(len(text) // 2, len(text)) if text[n].isalnum())
    return text[:middle] + ("x" if text[middle] != "x" else "y") + text[middle + 1 :]


@pytest.mark.parametrize(
    ("path", "text"),
    [(path, text) for path, text in PRINTED_TEXTS if text],
    ids=[".".join(map(str, path)) for path, text in PRINTED_TEXTS if text],
)
def test_one_other_letter_or_a_lost_text_is_seen(path: KeyPath, text: str) -> None:
    document, rows = read_document(), read_rows()
    (message,) = check(_replaced(document, path, _one_letter_changed(text)), rows)
    assert "the document has" in message
    assert check(_replaced(document, path, ""), rows)


@pytest.mark.parametrize("path", [path for path, _ in PRINTED_TEXTS], ids=lambda p: ".".join(map(str, p)))
def test_an_added_word_is_seen(path: KeyPath) -> None:
    document = read_document()
    text = next(text for p, text in PRINTED_TEXTS if p == path)
    assert check(_replaced(document, path, f"{text}\n\nAdded."), read_rows())


def test_a_difference_names_its_place() -> None:
    document = read_document()
    section = next(entry for entry in document["section"] if "reasonable to issue" in entry["body"])
    section["body"] = section["body"].replace("reasonable to issue", "unreasonable to issue")
    (message,) = check(document, read_rows())
    assert message.startswith(f"section {section['key']} (line ")
    assert "task force found it reasonable" in message


def test_a_changed_figure_is_seen() -> None:
    rows = read_rows()
    columns = [column for column in rows[0] if column != "measure"]
    for number, row in enumerate(rows):
        for column in columns:
            if row[column]:
                changed = copy.deepcopy(rows)
                changed[number][column] += "9"
                assert check(read_document(), changed), f"{column} of row {number + 1}"


def test_a_lost_row_or_tick_is_seen() -> None:
    document, rows = read_document(), read_rows()
    for number in range(len(rows)):
        assert check(document, rows[:number] + rows[number + 1 :])
    for number, entry in enumerate(document["criterion"]):
        for key in entry["options"]:
            changed = copy.deepcopy(document)
            changed["criterion"][number]["options"].remove(key)
            assert check(changed, rows), entry["key"]


def test_another_type_of_recommendation_is_seen() -> None:
    document = read_document()
    document["recommendation"]["type"] = "strong_for"
    assert check(document, read_rows())


# What the line-by-line comparison does not see.


def _bodies(document: Document) -> dict[str, str]:
    """Every text that is shown as CommonMark, by its place."""
    fields = ("population", "intervention", "comparison", "main_outcomes", "setting")
    bodies = {f"question {field}": document["question"][field] for field in fields}
    for entry in document["criterion"]:
        bodies[f"{entry['key']} evidence"] = entry["research_evidence"]
        bodies[f"{entry['key']} considerations"] = entry["additional_considerations"]
    bodies["footnotes"] = document["outcome_table"]["footnotes"]
    for number, statement in enumerate(document["statement"], 1):
        bodies[f"statement {number}"] = statement["text"]
    for entry in document["section"]:
        bodies[entry["key"]] = entry["body"]
    return bodies


def _shown(text: str) -> list[str]:
    """The lines a reader sees when the text is rendered as CommonMark without HTML, line breaks kept."""
    shown = []
    number = ""
    for token in MarkdownIt("commonmark", {"html": False, "breaks": True}).parse(text):
        if token.type == "list_item_open":
            number = f"{token.info}. "
        elif token.type == "inline":
            parts = [child.content if child.type == "text" else "\n" for child in token.children or []]
            assert {child.type for child in token.children or []} <= {"text", "softbreak"}, text
            shown += (number + "".join(parts)).split("\n")
            number = ""
    return [fold(as_printed(line)) for line in shown]


def test_markdown_eats_and_changes_nothing() -> None:
    for where, text in _bodies(read_document()).items():
        plain = [fold(as_printed(line)) for line in text.split("\n") if fold(line)]
        assert _shown(text) == plain, where


MARK = re.compile(r"\[\^([0-9–]+)\]")
# A digit that follows a word, or a word's punctuation, without a space: how the plain text shows a citation.
BARE_CITATION = re.compile(r"(?:[a-z)]|[a-z)][,.]|[0-9]\.(?=[0-9]+–[0-9]+ [A-Z]))[0-9]")


def test_every_citation_is_marked_in_its_place() -> None:
    marks = {where: MARK.findall(text) for where, text in _bodies(read_document()).items()}
    assert {where: numbers for where, numbers in marks.items() if numbers} == {
        "desirable_effects evidence": ["1", "2"],
        "resources_required evidence": ["3", "3"],
        "cost_effectiveness evidence": ["3", "3"],
        "justification": ["4", "1", "1", "2", "5", "6", "7–10", "11", "12"],
        "subgroup_considerations": ["1", "1", "2", "5", "6", "7–10", "11"],
    }


def test_no_citation_is_left_as_a_bare_digit() -> None:
    for where, text in _bodies(read_document()).items():
        assert not BARE_CITATION.search(MARK.sub("", text)), where
    assert BARE_CITATION.search("in one trial11.")
    assert BARE_CITATION.search("the IABP-SHOCK II trial,3 which")
    assert BARE_CITATION.search("P = 0.04)1.")
    assert BARE_CITATION.search("between days 2–7.7–10 The task force")


def test_the_numbers_cited_are_those_declared() -> None:
    document = read_document()
    cited: set[int] = set()
    for text in _bodies(document).values():
        for mark in MARK.findall(text):
            first, _, last = mark.partition("–")
            cited.update(range(int(first), int(last or first) + 1))
    assert sorted(cited) == document["source"]["references_cited"]


def test_a_statement_carries_what_its_own_words_say() -> None:
    document = read_document()
    word = document["guideline"]["strength_word"]
    aliases = {"conditional": word, "strong": "strong"}
    openings = {"against": "We suggest against ", "for": "We suggest considering "}
    *graded, good_practice = document["statement"]
    assert [statement["kind"] for statement in document["statement"]] == [
        "recommendation",
        "recommendation",
        "good_practice_statement",
    ]
    for statement in graded:
        strength = aliases[statement["strength"]]
        assert statement["text"].endswith(
            f" ({strength} recommendation, {statement['certainty']} certainty of evidence)."
        )
        assert statement["text"].startswith(openings[statement["direction"]])
        assert statement["population"] in statement["text"]
    assert [statement["direction"] for statement in graded] == ["against", "for"]
    assert good_practice["text"].endswith(" (good practice statement).")
    assert not {"strength", "direction", "certainty"} & good_practice.keys()


def test_the_outcomes_listed_are_those_of_the_table_in_order() -> None:
    document = read_document()
    of_table = [outcome for outcome, _ in groupby(read_rows(), key=lambda row: row["outcome"])]
    assert [outcome["name"] for outcome in document["outcome"]] == of_table
    assert {outcome["better"] for outcome in document["outcome"]} == {"higher"}
    assert all(name.startswith("Survival ") for name in of_table)


def test_the_labels_of_the_arms_are_the_columns_of_the_table() -> None:
    document = read_document()
    labels = [document["question"]["intervention_label"], document["question"]["comparison_label"]]
    assert document["outcome_table"]["column_headings"][2:4] == labels


def test_the_rows_without_studies_are_blank() -> None:
    rows = read_rows()
    assert len(rows) == 12
    empty = [row for row in rows if row["n_studies"] == "0"]
    assert len(empty) == 3
    for row in empty:
        filled = {column for column, value in row.items() if value}
        assert filled == {"outcome", "population", "n_studies"}
    for row in rows:
        if row not in empty:
            assert row["measure"] == "OR"
            assert {column for column, value in row.items() if not value} <= {"footnote_mark"}
