"""Findings find their place by name, and keep their fingerprint while place, words and arithmetic stay."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import etd.domain.coherence
from etd.domain.findings import Finding, Severity
from etd.domain.located import Place, Words, located, located_in_row, words_with_places

PLACES = (
    Place("MAIN OUTCOMES", "question-box"),
    Place("Certainty of evidence", "criterion-certainty"),
    Place("Certainty of evidence of required resources", "criterion-resources"),
    Place("Values", "criterion-values"),
    Place("Type of recommendation", "recommendation-type"),
    Place("Statement 1", "statement-1"),
    Place("Values", "section-values"),
)
FINDING = Finding("code", Severity.INCONSISTENT, "Values", "It is so.", "As 1 > 0.", heuristic=True)
ROW = Finding(
    "subset_beyond_whole",
    Severity.INFORMATIONAL,
    "Table 2, row 3 (Survival; All), n_intervention",
    "This subgroup has more than the whole of its outcome, which row 4 seems to be.",
    "n_intervention: 12 > 10. P of rows 1, 2 and 5 fits.",
)
PLACE = (2, 7, 8, "reported")


@pytest.mark.parametrize(
    ("where", "fragments"),
    [
        ("Certainty of evidence", ["criterion-certainty"]),
        ("Certainty of evidence of required resources – research evidence", ["criterion-resources"]),
        (
            "Certainty of evidence of required resources and Certainty of evidence",
            ["criterion-resources", "criterion-certainty"],
        ),
        ("Type of recommendation, statement 1", ["recommendation-type", "statement-1"]),
        ("Statement 12", []),
        ("Valuesque", []),
        ("main outcomes", ["question-box"]),
        # of the same name the first of the page
        ("Values", ["criterion-values"]),
        ("Before publication", []),
        ("", []),
    ],
)
def test_a_place_is_found_by_its_whole_name_the_longest_first(where: str, fragments: list[str]) -> None:
    words = words_with_places(where, PLACES)
    assert [one.fragment for one in words if one.fragment] == fragments
    assert "".join(one.text for one in words).casefold() == where.casefold()


def test_without_places_the_words_stay() -> None:
    assert words_with_places("Values (all)", ()) == (Words("Values (all)"),)


def test_a_name_with_signs_of_its_own_is_no_pattern() -> None:
    (one,) = words_with_places("Costs (US$) [2024]", [Place("Costs (US$) [2024]", "criterion-costs")])
    assert one.fragment == "criterion-costs"


def test_a_heading_in_capitals_is_no_louder_than_others() -> None:
    assert [one.text for one in words_with_places("MAIN OUTCOMES and Values", PLACES)] == [
        "Main outcomes",
        " and ",
        "Values",
    ]


@pytest.mark.parametrize("name", ["code", "severity", "where", "message", "evidence"])
def test_another_place_or_other_words_make_another_finding(name: str) -> None:
    other: dict[str, Any] = {name: Severity.IMPOSSIBLE if name == "severity" else "another"}
    changed = replace(FINDING, **other)
    assert located(changed, PLACES).fingerprint != located(FINDING, PLACES).fingerprint


def test_the_same_words_are_the_same_finding_wherever_the_page_has_them() -> None:
    assert located(FINDING, PLACES).fingerprint == located(replace(FINDING), ()).fingerprint


def in_row(finding: Finding, row: tuple[object, ...] = PLACE) -> str:
    return located_in_row(finding, row=row, fragment="row-1").fingerprint


def test_a_row_that_is_numbered_anew_is_the_same_row() -> None:
    moved = replace(
        ROW,
        where="Table 2, row 5 (Survival; All), n_intervention",
        message=ROW.message.replace("row 4", "row 6"),
        evidence=ROW.evidence.replace("1, 2 and 5", "1, 4"),
    )
    assert in_row(moved) == in_row(ROW)


@pytest.mark.parametrize(
    "changed",
    [
        replace(ROW, evidence="n_intervention: 13 > 10. P of rows 1, 2 and 5 fits."),
        replace(ROW, message="Another."),
        replace(ROW, code="another"),
        replace(ROW, severity=Severity.IMPOSSIBLE),
        replace(ROW, where="Table 2, row 3 (Survival; All), n_comparison"),
    ],
)
def test_another_number_column_or_code_makes_another_finding(changed: Finding) -> None:
    assert in_row(changed) != in_row(ROW)


def test_the_same_numbers_in_another_row_are_another_finding() -> None:
    others = [(3, 7, 8, "reported"), (2, 6, 8, "reported"), (2, 7, 9, "reported"), (2, 7, 8, "computed")]
    assert len({in_row(ROW, row) for row in (PLACE, *others)}) == 5


def test_a_finding_of_a_row_leads_to_the_row_and_does_not_name_its_column() -> None:
    (words,) = located_in_row(ROW, row=PLACE, fragment="row-1").where
    assert words == Words("Table 2, row 3 (Survival; All)", "row-1")


def test_words_are_never_impossible() -> None:
    """What is published is held up by rows alone (`etd.row_checks.open_impossible`)."""
    rules = list(Path(etd.domain.coherence.__file__).parent.glob("*.py"))
    assert len(rules) > 5
    assert [path.name for path in rules if "IMPOSSIBLE" in path.read_text(encoding="utf-8")] == []
