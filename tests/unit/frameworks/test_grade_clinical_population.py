"""The framework that is shipped, against the document that was printed with it."""

from __future__ import annotations

from pathlib import Path

import pytest

from etd.frameworks import (
    OptionDirection,
    RecommendationDirection,
    Role,
    Strength,
    UnknownKey,
    all_frameworks,
    get_framework,
)

SOURCE = Path(__file__).parents[3] / "fixtures" / "ilcor-mcs-after-rosc" / "source.txt"
FRAMEWORK = get_framework("grade_clinical_population", 1)


def test_it_is_shipped_and_read_once() -> None:
    assert FRAMEWORK in all_frameworks()
    assert get_framework("grade_clinical_population", 1) is FRAMEWORK


def test_an_unknown_framework_or_version_is_named() -> None:
    with pytest.raises(
        UnknownKey, match=r"no framework 'grade_clinical_population' version 99; known: .* v1"
    ):
        get_framework("grade_clinical_population", 99)


def _printed_grid() -> list[tuple[str, list[str]]]:
    """The SUMMARY OF JUDGEMENTS of the document: row heading and seven cells, "" for a blank one.

    Rows are separated by empty lines; a blank cell is a line with a tab.
    """
    block = SOURCE.read_text(encoding="utf-8").split("SUMMARY OF JUDGEMENTS\n")[1]
    block = block.split("TYPE OF RECOMMENDATION")[0]
    _, *rows = [chunk.split("\n") for chunk in block.strip("\n").split("\n\n")]
    return [(heading.strip(), [cell.strip() for cell in cells]) for heading, *cells in rows]


def test_the_grid_is_the_one_of_the_document() -> None:
    grid = [
        (criterion.summary_heading, [cell.label if cell else "" for cell in criterion.cells])
        for criterion in FRAMEWORK.criteria
    ]
    assert len(grid) == 12
    assert grid == _printed_grid()


def test_summary_headings_are_the_headings_in_capitals() -> None:
    for criterion in FRAMEWORK.criteria:
        assert criterion.summary_heading == criterion.heading.upper()


def test_grade_takes_one_option_for_each_criterion() -> None:
    assert not any(criterion.multiple for criterion in FRAMEWORK.criteria)


def test_two_criteria_are_about_certainty_and_one_is_overall() -> None:
    certainty = [criterion for criterion in FRAMEWORK.criteria if criterion.certainty]
    assert len(certainty) == 2
    assert FRAMEWORK.criterion_with_role(Role.OVERALL_CERTAINTY) == certainty[0]
    for criterion in certainty:
        assert [option.label for option in criterion.scale] == ["Very low", "Low", "Moderate", "High"]


def test_every_role_is_played() -> None:
    assert all(FRAMEWORK.criterion_with_role(role) for role in Role)


def _directions(heading: str) -> list[str]:
    criterion = next(criterion for criterion in FRAMEWORK.criteria if criterion.heading == heading)
    return [option.direction.value for option in criterion.scale]


@pytest.mark.parametrize(
    ("heading", "directions"),
    [
        ("Problem", ["comparison", "comparison", "intervention", "intervention"]),
        ("Desirable Effects", ["neither", "intervention", "intervention", "intervention"]),
        ("Undesirable Effects", ["neither", "comparison", "comparison", "comparison"]),
        ("Certainty of evidence", ["", "", "", ""]),
        ("Values", ["", "", "", ""]),
        ("Balance of effects", ["comparison", "comparison", "neither", "intervention", "intervention"]),
        ("Resources required", ["comparison", "comparison", "neither", "intervention", "intervention"]),
        ("Certainty of evidence of required resources", ["", "", "", ""]),
        ("Cost effectiveness", ["comparison", "comparison", "neither", "intervention", "intervention"]),
        ("Equity", ["comparison", "comparison", "neither", "intervention", "intervention"]),
        ("Acceptability", ["comparison", "comparison", "intervention", "intervention"]),
        ("Feasibility", ["comparison", "comparison", "intervention", "intervention"]),
    ],
)
def test_each_scale_speaks_for_the_right_side(heading: str, directions: list[str]) -> None:
    assert _directions(heading) == directions


def test_options_that_name_a_side_speak_for_it() -> None:
    for criterion in FRAMEWORK.criteria:
        for option in criterion.options:
            if option.label.endswith("avors the comparison"):
                assert option.direction is OptionDirection.COMPARISON
            if option.label.endswith("avors the intervention"):
                assert option.direction is OptionDirection.INTERVENTION


def test_the_types_of_recommendation_say_their_strength_and_direction() -> None:
    words = {
        RecommendationDirection.AGAINST: "against the intervention",
        RecommendationDirection.EITHER: "for either the intervention or the comparison",
        RecommendationDirection.FOR: "for the intervention",
    }
    for recommendation_type in FRAMEWORK.recommendation_types:
        strength = recommendation_type.strength.value.capitalize()
        assert (
            recommendation_type.label == f"{strength} recommendation {words[recommendation_type.direction]}"
        )
    assert [t.strength for t in FRAMEWORK.recommendation_types] == [
        Strength.STRONG,
        Strength.CONDITIONAL,
        Strength.CONDITIONAL,
        Strength.CONDITIONAL,
        Strength.STRONG,
    ]


def test_the_recommendation_holds_the_statements() -> None:
    assert FRAMEWORK.statements_section.heading == "Recommendation"


def test_the_one_prompt_that_the_document_does_not_print_is_marked() -> None:
    printed = {line.strip() for line in SOURCE.read_text(encoding="utf-8").splitlines()}
    not_printed = [criterion for criterion in FRAMEWORK.criteria if criterion.prompt not in printed]
    assert [criterion.heading for criterion in not_printed] == ["Resources required"]
    assert [criterion for criterion in FRAMEWORK.criteria if criterion.prompt_awaits_check] == not_printed
