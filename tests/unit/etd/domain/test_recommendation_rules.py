from __future__ import annotations

from pathlib import Path

import pytest

from etd.domain import recommendation_rules as rules
from etd.enums import CertaintyLevel, Direction, StatementKind, Strength

DOCS = Path(__file__).parents[4] / "docs" / "grade-methods.md"
PLAIN = {
    "kind": "recommendation",
    "strength": "",
    "direction": "",
    "certainty": "",
    "paradigm": "",
    "paradigm_reason": "",
    "practice_basis": "",
    "is_answered": False,
}
STRONG_ON_LOW = {"strength": "strong", "direction": "for", "certainty": "low"}
SITUATION = {"paradigm": "life_threatening", "paradigm_reason": "Untreated, everybody dies."}


def test_the_keys_are_those_of_the_stored_statements() -> None:
    assert {rules.GOOD_PRACTICE, *rules.WITHOUT_STRENGTH} == {*StatementKind.values} - {"recommendation"}
    assert {*rules.LOW_CERTAINTY} == {CertaintyLevel.LOW, CertaintyLevel.VERY_LOW}
    pairs = [(s, c) for s in Strength.values for c in CertaintyLevel.values]
    assert [pair for pair in pairs if rules.asks_for_paradigm(*pair)] == [
        ("strong", "low"),
        ("strong", "very_low"),
    ]


@pytest.mark.parametrize(
    "statement",
    [
        {},
        STRONG_ON_LOW,
        STRONG_ON_LOW | SITUATION,
        {"kind": "good_practice_statement", "practice_basis": "ethics", "is_answered": True},
        {"kind": "no_recommendation", "certainty": "very_low"},
        {"kind": "research_only"},
    ],
)
def test_what_may_stand_together(statement: dict[str, object]) -> None:
    assert rules.faults(**(PLAIN | statement)) == {}  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("statement", "field", "words"),
    [
        (
            {"kind": "good_practice_statement", "strength": "strong"},
            "strength",
            "A good practice statement carries no strength",
        ),
        (
            {"kind": "good_practice_statement", "direction": "for"},
            "direction",
            "A good practice statement carries no direction",
        ),
        (
            {"kind": "good_practice_statement", "certainty": "low"},
            "certainty",
            "A good practice statement carries no certainty",
        ),
        (
            {"kind": "research_only", "strength": "conditional"},
            "strength",
            "“Only in the context of research” carries no",
        ),
        (
            {"kind": "no_recommendation", "direction": "for"},
            "direction",
            "“No recommendation” carries no direction",
        ),
        ({"is_answered": True}, "kind", "Only a good practice statement"),
        ({"kind": "research_only", "practice_basis": "ethics"}, "kind", "Only a good practice statement"),
        (SITUATION, "paradigm", "Only a strong recommendation"),
        (STRONG_ON_LOW | SITUATION | {"certainty": "moderate"}, "paradigm", "Only a strong recommendation"),
        (STRONG_ON_LOW | SITUATION | {"paradigm": ""}, "paradigm", "choose the situation"),
        (STRONG_ON_LOW | SITUATION | {"paradigm_reason": " "}, "paradigm_reason", "say why"),
    ],
)
def test_what_cannot_stand_together(statement: dict[str, object], field: str, words: str) -> None:
    found = rules.faults(**(PLAIN | statement))  # type: ignore[arg-type]
    assert list(found) == [field]
    assert words in found[field]


@pytest.mark.parametrize(
    ("label", "direction", "words"),
    [
        ("Weak", Direction.AGAINST, "Weak recommendation against"),
        ("Strong", Direction.FOR, "Strong recommendation for"),
        ("Conditional", Direction.EITHER, "Conditional recommendation for either option"),
        ("Strong", "", "Strong recommendation"),
    ],
)
def test_a_grade_in_words(label: str, direction: str, words: str) -> None:
    assert rules.graded(label, direction) == words


@pytest.mark.parametrize(
    ("strength", "certainty", "situation", "words"),
    [
        (
            "strong",
            "low",
            "Life-threatening situation",
            "Strong recommendation on low certainty: life-threatening situation",
        ),
        (
            "strong",
            "very_low",
            "",
            "Strong recommendation on very low certainty: none of the five situations of GRADE is named",
        ),
        ("strong", "moderate", "", ""),
        ("conditional", "low", "", ""),
    ],
)
def test_a_strong_recommendation_on_low_certainty_names_its_situation(
    strength: str, certainty: str, situation: str, words: str
) -> None:
    assert rules.strong_on_low(strength, certainty, situation) == words


@pytest.mark.parametrize(
    ("not_yes", "words"),
    [
        (0, ""),
        (1, "One of the five questions is not answered with yes: GRADE asks for all five."),
        (2, "Two of the five questions are not answered with yes: GRADE asks for all five."),
        (4, "Four of the five questions are not answered with yes: GRADE asks for all five."),
        (5, "None of the five questions is answered with yes: GRADE asks for all five."),
    ],
)
def test_the_hint_counts_what_is_not_answered_with_yes(not_yes: int, words: str) -> None:
    keys = list(rules.PRACTICE_QUESTIONS)
    assert len(keys) == 5
    assert rules.practice_hint(dict.fromkeys(keys[not_yes:], "yes")) == words
    assert (
        rules.practice_hint(dict.fromkeys(keys[:not_yes], "no") | dict.fromkeys(keys[not_yes:], "yes"))
        == words
    )


def test_what_awaits_a_check_stands_in_the_docs() -> None:
    _, _, to_check = DOCS.read_text(encoding="utf-8").partition("To be checked by a methodologist")
    to_check = " ".join(to_check.split())
    awaiting = [rules.PARADIGMS[key] for key in rules.PARADIGMS_AWAITING_CHECK]
    assert [label for label in awaiting if f"*{label}*" not in to_check] == []
    checked = [label for key, label in rules.PARADIGMS.items() if key not in rules.PARADIGMS_AWAITING_CHECK]
    assert [label for label in checked if label in to_check] == []
