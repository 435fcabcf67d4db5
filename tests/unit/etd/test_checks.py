"""The system checks: every key in the database is one that its framework has."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from etd import checks
from etd.checks import check_frameworks, check_stored_keys
from etd.enums import RECOMMENDATION_TYPE_ITEM
from etd.frameworks import FrameworkError, load_file
from etd.frameworks.overlay import Changes
from etd.models import Question, Recommendation
from tests import factories as f
from tests.unit.etd.worlds import PLAIN, Panel


def problems() -> list[str]:
    return [error.msg for error in check_stored_keys(databases=["default"])]


def test_the_shipped_frameworks_are_valid() -> None:
    assert check_frameworks() == []


def test_a_broken_framework_file_is_reported(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    broken = tmp_path / "broken.toml"
    broken.write_text("[framework", encoding="utf-8")

    def load() -> None:
        load_file(broken)

    with pytest.raises(FrameworkError):
        load()
    monkeypatch.setattr(checks, "all_frameworks", load)
    (error,) = check_frameworks()
    assert error.id == "etd.E001"
    assert "broken.toml" in error.msg


def test_a_true_database_has_no_unknown_keys(panel: Panel) -> None:
    question = panel.question()
    f.judgement(assessment=question.assessments.get(criterion_key=PLAIN.key), option_key=PLAIN.options[0].key)
    f.outcome_table(question=question)
    opened = f.voting_round(question=question, item_keys=[PLAIN.key, RECOMMENDATION_TYPE_ITEM])
    ballot = f.ballot(round=opened)
    f.vote(ballot=ballot, item_key=PLAIN.key, option_keys=[])
    f.vote(
        ballot=ballot,
        item_key=RECOMMENDATION_TYPE_ITEM,
        option_keys=[f.FRAMEWORK.recommendation_types[0].key],
    )
    assert problems() == []
    assert check_stored_keys(databases=None) == []


WRONG: dict[str, Callable[[Question], Any]] = {
    "criterion": lambda q: f.criterion_assessment(question=q, criterion_key="taste"),
    "section": lambda q: f.conclusion_section(question=q, section_key="taste"),
    "type": lambda q: Recommendation.objects.filter(question=q).update(type_key="taste"),
    "option": lambda q: f.judgement(assessment=q.assessments.all()[0], option_key="taste"),
    "table": lambda q: f.outcome_table(question=q, criterion_key="taste"),
    "round": lambda q: f.voting_round(question=q, item_keys=["taste"]),
    "vote": lambda q: f.vote(ballot=f.ballot(round=f.voting_round(question=q)), item_key="taste"),
    "voted option": lambda q: f.vote(
        ballot=f.ballot(round=f.voting_round(question=q)), item_key=PLAIN.key, option_keys=["taste"]
    ),
    "voted type": lambda q: f.vote(
        ballot=f.ballot(round=f.voting_round(question=q)),
        item_key=RECOMMENDATION_TYPE_ITEM,
        option_keys=["taste"],
    ),
}


@pytest.mark.parametrize("where", WRONG)
def test_an_unknown_key_is_reported(panel: Panel, where: str) -> None:
    WRONG[where](panel.question())
    found = problems()
    assert len(found) == 1
    assert "'taste'" in found[0]


def test_a_guideline_s_own_framework_is_the_one_that_counts(panel: Panel) -> None:
    own = f.own_framework(
        guideline=panel.guideline, changes=Changes(hidden_criteria=frozenset({PLAIN.key})).to_json()
    )
    question = panel.question()
    f.voting_round(question=question, item_keys=[PLAIN.key])
    Question.objects.filter(pk=question.pk).update(own_framework=own)
    assert len(problems()) == 1, "the assessment of the hidden criterion has no place"
    question.assessments.filter(criterion_key=PLAIN.key).delete()
    assert problems() == [], "the round keeps the framework that it was opened with"


def test_an_unknown_framework_is_reported(db: None) -> None:
    f.question(framework_key="grade_tomorrow", framework_version=9)
    (problem,) = problems()
    assert problem.startswith("no framework 'grade_tomorrow' version 9")
