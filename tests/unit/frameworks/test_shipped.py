"""All frameworks that are shipped: which criteria, questions, options, types and sections each has.

The criteria, by framework, and the questions that differ: Moberg 2018, Health Res Policy Syst 16:45, Table 1.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from etd.frameworks import (
    Framework,
    RecommendationDirection,
    Role,
    Strength,
    all_frameworks,
    get_framework,
    offered_frameworks,
)

INDIVIDUAL = get_framework("grade_clinical_individual", 1)
POPULATION_1 = get_framework("grade_clinical_population", 1)
POPULATION = get_framework("grade_clinical_population", 2)
COVERAGE = get_framework("grade_coverage", 1)
HEALTH_SYSTEM = get_framework("grade_health_system", 1)
TEST_INDIVIDUAL = get_framework("grade_test_individual", 1)
TEST_POPULATION = get_framework("grade_test_population", 1)
TESTS = (TEST_INDIVIDUAL, TEST_POPULATION)
INDIVIDUALS = (INDIVIDUAL, TEST_INDIVIDUAL)

each = pytest.mark.parametrize("framework", all_frameworks(), ids=lambda framework: framework.name)

NOT_FOR_INDIVIDUALS = {
    "Resources required",
    "Certainty of evidence of required resources",
    "Equity",
}
OF_TESTS_ALONE = [
    "Test accuracy",
    "Certainty of the evidence of test accuracy",
    "Certainty of the evidence of the test's effects",
    "Certainty of the evidence of the management's effects",
    "Certainty of the link between test results and management",
    "Certainty of the evidence of effects",
]


def headings(framework: Framework) -> list[str]:
    return [criterion.heading for criterion in framework.criteria]


def prompt(framework: Framework, heading: str) -> str:
    return next(criterion.prompt for criterion in framework.criteria if criterion.heading == heading)


def test_each_has_its_number_of_criteria() -> None:
    assert {framework.key: len(framework.criteria) for framework in all_frameworks()} == {
        "grade_clinical_individual": 9,
        "grade_clinical_population": 12,
        "grade_coverage": 12,
        "grade_health_system": 12,
        "grade_test_individual": 14,
        "grade_test_population": 17,
    }


def test_the_criteria_of_all_stand_in_the_same_order() -> None:
    everything = headings(POPULATION)
    assert headings(COVERAGE) == headings(HEALTH_SYSTEM) == everything
    assert headings(INDIVIDUAL) == [one for one in everything if one not in NOT_FOR_INDIVIDUALS]
    of_tests = headings(TEST_POPULATION)
    assert [one for one in of_tests if one in OF_TESTS_ALONE] == OF_TESTS_ALONE
    assert [one for one in of_tests if one not in OF_TESTS_ALONE] == [
        one for one in everything if one != "Certainty of evidence"
    ]
    assert of_tests.index("Test accuracy") == 1
    assert headings(TEST_INDIVIDUAL) == [one for one in of_tests if one not in NOT_FOR_INDIVIDUALS]


@each
def test_each_plays_every_role_once(framework: Framework) -> None:
    assert all(framework.criterion_with_role(role) for role in Role)


@pytest.mark.parametrize("framework", TESTS, ids=lambda framework: framework.name)
def test_of_the_five_certainties_of_a_test_the_last_is_the_overall_one(framework: Framework) -> None:
    of_effects = [one for one in framework.criteria if one.certainty and "resources" not in one.heading]
    assert len(of_effects) == 5
    assert framework.criterion_with_role(Role.OVERALL_CERTAINTY) == of_effects[-1]
    assert of_effects[-1].prompt == "What is the overall certainty of the evidence of effects of the test?"


def test_values_are_asked_about_in_the_words_of_each() -> None:
    clinical = (
        "Is there important uncertainty about or variability in how much people value the main outcomes"
    )
    for framework in (INDIVIDUAL, POPULATION, HEALTH_SYSTEM):
        assert prompt(framework, "Values") == f"{clinical}?"
    assert "variability" not in prompt(COVERAGE, "Values")
    for framework in TESTS:
        assert prompt(framework, "Values").startswith(f"{clinical}, including the adverse effects and burden")


@each
def test_patients_are_asked_about_themselves_and_populations_about_stakeholders(framework: Framework) -> None:
    who = "patients, their care givers" if framework in INDIVIDUALS else "key stakeholders"
    assert who in prompt(framework, "Acceptability")
    assert ("out-of-pocket cost" in prompt(framework, "Cost effectiveness")) == (framework in INDIVIDUALS)


@each
def test_types_have_strength_and_direction_in_recommendations_and_neither_in_decisions(
    framework: Framework,
) -> None:
    found = [(choice.strength, choice.direction) for choice in framework.recommendation_types]
    if framework in (COVERAGE, HEALTH_SYSTEM):
        assert found == [(Strength.NONE, RecommendationDirection.NONE)] * 5
    else:
        assert found == [(choice.strength, choice.direction) for choice in POPULATION.recommendation_types]


@each
def test_where_conditional_is_called_weak_no_label_says_conditional(framework: Framework) -> None:
    if framework == POPULATION_1:  # prints what the document printed, in any guideline
        assert framework.worded("weak") == framework
        return
    plain, weak = framework.recommendation_types, framework.worded("weak").recommendation_types
    assert [choice.key for choice in weak] == [choice.key for choice in plain]
    for before, after in zip(plain, weak, strict=True):
        assert after.label == before.label.replace("Conditional", "Weak")
        assert (after.strength, after.direction) == (before.strength, before.direction)


@pytest.mark.parametrize("framework", TESTS, ids=lambda framework: framework.name)
def test_a_test_is_weighed_and_recommended_as_a_test(framework: Framework) -> None:
    balance = framework.criterion_with_role(Role.BALANCE)
    assert balance is not None
    labels = [option.label for option in balance.options] + [t.label for t in framework.recommendation_types]
    assert not [label for label in labels if "intervention" in label]
    assert not [
        criterion.prompt for criterion in framework.criteria if "the intervention" in criterion.prompt
    ]


def test_coverage_has_restrictions_where_the_others_have_subgroups() -> None:
    for framework in all_frameworks():
        found = [section.heading for section in framework.sections]
        assert ("Restrictions" in found) == (framework == COVERAGE)
        assert ("Subgroup considerations" in found) == (framework != COVERAGE)
        assert len(found) == 6


@each
def test_criteria_of_one_key_have_the_same_options_in_all(framework: Framework) -> None:
    """A judgement can be carried from one framework to another by its keys."""
    for criterion in framework.criteria:
        for other in all_frameworks():
            for same in other.criteria:
                if same.key == criterion.key and same.heading == criterion.heading:
                    assert [(o.key, o.column, o.kind, o.direction) for o in same.options] == [
                        (o.key, o.column, o.kind, o.direction) for o in criterion.options
                    ]


@each
def test_each_says_for_whom_it_is_and_where_its_words_come_from(framework: Framework) -> None:
    assert framework.description.startswith("For ")
    assert "Oxman AD" in framework.source or "Schünemann HJ" in framework.source
    assert len({one.description for one in offered_frameworks()}) == len(offered_frameworks())


@each
def test_the_more_detailed_questions_are_questions(framework: Framework) -> None:
    asked = [question for criterion in framework.criteria for question in criterion.to_consider]
    assert len(asked) >= 15
    assert [question for question in asked if not question.endswith("?")] == []


def test_urgency_is_not_asked_of_coverage_nor_priority_of_patients() -> None:
    asked = {framework.key: " ".join(framework.criteria[0].help) for framework in all_frameworks()}
    assert [key for key, words in asked.items() if "urgent" not in words] == ["grade_coverage"]
    assert [key for key, words in asked.items() if "priority" not in words] == [
        "grade_clinical_individual",
        "grade_test_individual",
    ]


def test_the_newest_of_each_is_offered_for_a_new_question() -> None:
    assert offered_frameworks() == tuple(one for one in all_frameworks() if one != POPULATION_1)
    assert POPULATION in offered_frameworks()


def test_the_second_version_differs_from_the_first_in_the_weak_labels_alone() -> None:
    types = tuple(replace(one, weak_label="") for one in POPULATION.recommendation_types)
    assert replace(POPULATION, version=1, recommendation_types=types) == POPULATION_1
