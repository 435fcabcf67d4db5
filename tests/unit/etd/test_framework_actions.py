"""A guideline's own frameworks, and a question that moves from one framework to another and loses nothing."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from django.db import DatabaseError
from django.utils import timezone

from etd.actions import assessments, frameworks, rounds
from etd.actions.errors import Refused
from etd.enums import Basis, QuestionStatus
from etd.frameworks import Framework, all_frameworks
from etd.frameworks.mapping import proposed
from etd.frameworks.overlay import Changes, OwnCriterion
from etd.models import (
    AuditEvent,
    ConclusionSection,
    CriterionAssessment,
    Judgement,
    KeptPart,
    OwnFramework,
    Question,
    Recommendation,
    VotingRound,
)
from tests import factories as f
from tests.unit.etd import action_examples as examples
from tests.unit.etd.worlds import CRITERIA, OPTIONS, PLAIN, Panel, expected_event, last_event

OWN = OwnCriterion(
    key="own_planet", heading="Planet", prompt="How large is its footprint?", scale=("Big", "Small")
)


def own(panel: Panel, **changes: Any) -> OwnFramework:
    return frameworks.create_own_framework(
        guideline=panel.guideline,
        title="Short form",
        base_key=f.FRAMEWORK.key,
        base_version=f.FRAMEWORK.version,
        changes=Changes(**changes),
        by=panel.chair,
    )


def move(panel: Panel, question: Question, to: OwnFramework | Framework, **mapping: str) -> Question:
    own = to if isinstance(to, OwnFramework) else None
    target = to.framework if isinstance(to, OwnFramework) else to
    return frameworks.move_question(
        question=question,
        framework_key=target.key,
        framework_version=target.version,
        own_framework=own,
        mapping=proposed(question.framework, target) | mapping,
        by=panel.chair,
    )


def texts(question: Question) -> dict[str, tuple[str, str]]:
    return {
        one.criterion_key: (one.research_evidence, one.additional_considerations)
        for one in CriterionAssessment.objects.filter(question=question)
    }


class TestOwnFramework:
    def test_it_is_a_version_with_its_changes_and_an_event(self, panel: Panel) -> None:
        made = own(panel, hidden_criteria=frozenset({PLAIN.key}))
        assert (made.version, str(made)) == (1, "Short form, version 1")
        assert PLAIN.key not in {criterion.key for criterion in made.framework.criteria}
        assert last_event() == expected_event(
            "framework_created",
            "Short form, version 1",
            guideline=panel.guideline,
            after={
                "title": "Short form",
                "base_key": f.FRAMEWORK.key,
                "base_version": f.FRAMEWORK.version,
                "changes": Changes(hidden_criteria=frozenset({PLAIN.key})).to_json(),
            },
            by=panel.chair,
        )

    def test_a_change_is_the_next_version_and_the_same_again_is_none(self, panel: Panel) -> None:
        first, second = own(panel), own(panel, own_criteria=(OWN,))
        assert own(panel, own_criteria=(OWN,)) == second
        assert [one.version for one in OwnFramework.objects.all()] == [1, 2]
        first.refresh_from_db()
        assert first.changes == Changes().to_json()

    @pytest.mark.parametrize(
        ("changes", "title", "words"),
        [
            ({"hidden_criteria": frozenset({"price"})}, "Ours", "no criterion “price”"),
            ({"own_criteria": (replace(OWN, scale=("A",)),)}, "Ours", "options on its scale, not 1."),
            ({}, " ", "give your framework a name"),
        ],
    )
    def test_what_makes_no_framework_is_refused(
        self, panel: Panel, changes: dict[str, Any], title: str, words: str
    ) -> None:
        before = AuditEvent.objects.count()
        with pytest.raises(Refused, match=words):
            frameworks.create_own_framework(
                guideline=panel.guideline,
                title=title,
                base_key=f.FRAMEWORK.key,
                base_version=f.FRAMEWORK.version,
                changes=Changes(**changes),
                by=panel.chair,
            )
        assert (OwnFramework.objects.count(), AuditEvent.objects.count()) == (0, before)

    def test_an_unknown_base_is_refused(self, panel: Panel) -> None:
        with pytest.raises(Refused, match="no framework 'grade_tomorrow'"):
            frameworks.create_own_framework(
                guideline=panel.guideline,
                title="Ours",
                base_key="grade_tomorrow",
                base_version=1,
                changes=Changes(),
                by=panel.chair,
            )


class TestMove:
    def test_what_has_a_place_goes_there_and_the_rest_is_kept_in_words(self, panel: Panel) -> None:
        question = panel.question()
        examples_of: dict[str, Any] = {"question": question, "by": panel.chair}
        assessments.edit_texts(
            criterion_key=PLAIN.key,
            research_evidence="Two trials, p<0.05.",
            additional_considerations="",
            revision=1,
            **examples_of,
        )
        assessments.record_judgement(
            criterion_key=PLAIN.key,
            choices=[(OPTIONS[0], "IABP")],
            basis=Basis.CONSENSUS,
            revision=1,
            reason="All agreed.",
            **examples_of,
        )
        other = CRITERIA[-1]
        assessments.record_judgement(
            criterion_key=other.key,
            choices=[(other.options[1].key, "")],
            basis=Basis.CHAIR,
            revision=1,
            **examples_of,
        )
        stood = Judgement.objects.get(assessment__criterion_key=other.key)
        to = own(panel, hidden_criteria=frozenset({PLAIN.key}), own_criteria=(OWN,))
        moved = move(panel, question, to)
        assert moved.framework == to.framework.worded(panel.guideline.strength_word)
        assert set(texts(moved)) == {criterion.key for criterion in to.framework.criteria}
        kept = [(part.heading, part.text) for part in KeptPart.objects.filter(question=question)]
        label = PLAIN.options[0].label
        today = f"{timezone.now():%-d %B %Y}"
        assert kept == [
            (f"{PLAIN.heading}: research evidence", "Two trials, p<0.05."),
            (
                f"{PLAIN.heading}: judgement",
                f"{label} (IABP)\n\nConsensus, {today}, Carla Chair\n\nAll agreed.",
            ),
        ]
        judgement = Judgement.objects.get(assessment__question=moved)
        assert judgement.assessment.criterion_key == other.key
        for name in frameworks.JUDGEMENT_FIELDS:
            assert getattr(judgement, name) == getattr(stood, name)
        event = last_event()
        assert (event["type"], event["before"]["own"], event["after"]["own"]) == (
            "question_moved",
            None,
            "Short form, version 1",
        )
        assert event["after"]["mapping"][PLAIN.key] == ""
        assert event["after"]["kept"] == [heading for heading, _ in kept]

    def test_two_texts_in_one_place_stand_one_after_the_other(self, panel: Panel) -> None:
        question = panel.question()
        first, second = [c for c in CRITERIA if c.role is None][:2]
        for criterion, text in ((first, "Seen in A."), (second, "Seen in B.")):
            assessments.edit_texts(
                question=question,
                criterion_key=criterion.key,
                research_evidence=text,
                additional_considerations="",
                revision=1,
                by=panel.chair,
            )
        to = own(panel, hidden_criteria=frozenset({first.key}))
        moved = move(panel, question, to, **{first.key: second.key})
        assert texts(moved)[second.key] == (
            f"**{first.heading}**\n\nSeen in A.\n\n**{second.heading}**\n\nSeen in B.",
            "",
        )
        assert not KeptPart.objects.exists()

    def test_a_form_made_before_the_move_is_stale_after_it(self, panel: Panel) -> None:
        question = panel.question()
        revisions = set(CriterionAssessment.objects.values_list("revision", "judgement_revision"))
        moved = move(panel, question, own(panel))
        after = CriterionAssessment.objects.filter(question=moved)
        assert not revisions & set(after.values_list("revision", "judgement_revision"))
        assert moved.revision == question.revision + 1

    def test_a_table_needs_a_place(self, panel: Panel) -> None:
        question = panel.question()
        table = f.outcome_table(question=question, criterion_key=PLAIN.key, number=2)
        to = own(panel, hidden_criteria=frozenset({PLAIN.key}))
        with pytest.raises(Refused, match="Table 2 stands under a criterion that is kept aside"):
            move(panel, question, to)
        assert Question.objects.get(pk=question.pk).own_framework is None
        target = to.framework.criteria[0].key
        move(panel, question, to, **{PLAIN.key: target})
        table.refresh_from_db()
        assert table.criterion_key == target

    def test_sections_and_a_type_without_a_place_are_kept(self, panel: Panel) -> None:
        question = panel.question()
        section = next(s for s in f.FRAMEWORK.sections if not s.holds_statements)
        ConclusionSection.objects.filter(question=question, section_key=section.key).update(
            body="Train staff."
        )
        kind = f.FRAMEWORK.recommendation_types[0]
        Recommendation.objects.filter(question=question).update(type_key=kind.key)
        target = next(
            framework
            for framework in all_frameworks()
            if kind.key not in {one.key for one in framework.recommendation_types}
        )
        first = own(panel, hidden_sections=frozenset({section.key}))
        moved = move(panel, question, first)
        assert [part.text for part in KeptPart.objects.all()] == ["Train staff."]
        assert Recommendation.objects.get(question=moved).type_key == kind.key
        moved = move(panel, moved, target)
        assert Recommendation.objects.get(question=moved).type_key == ""
        assert KeptPart.objects.latest("pk").text == kind.label
        assert set(
            ConclusionSection.objects.filter(question=moved).values_list("section_key", flat=True)
        ) == {one.key for one in target.sections}

    def test_a_closed_round_keeps_its_framework(self, panel: Panel) -> None:
        arguments = examples.close_round(panel)
        voting_round = rounds.close_round(**arguments)
        question = Question.objects.get(pk=voting_round.question_id)
        Question.objects.filter(pk=question.pk).update(status=QuestionStatus.EVIDENCE)
        move(panel, Question.objects.get(pk=question.pk), own(panel, own_criteria=(OWN,)))
        kept = VotingRound.objects.get(pk=voting_round.pk)
        assert (kept.own_framework, kept.framework_key) == (None, question.framework_key)

    def test_not_during_a_round_nor_while_it_is_frozen(self, panel: Panel) -> None:
        to = own(panel)
        voting_round = examples.close_round(panel)["voting_round"]
        with pytest.raises(Refused, match="A round is open"):
            move(panel, voting_round.question, to)
        with pytest.raises(Refused, match="closed to changes"):
            move(panel, panel.question(status=QuestionStatus.IN_REVIEW), to)

    def test_to_another_guideline_s_framework_or_an_unknown_criterion_it_does_not_go(
        self, panel: Panel
    ) -> None:
        question = panel.question()
        with pytest.raises(Refused, match="belongs to another guideline"):
            move(panel, question, f.own_framework())
        with pytest.raises(Refused, match="no criterion 'price'"):
            move(panel, question, own(panel), **{PLAIN.key: "price"})

    def test_to_where_it_is_nothing_happens(self, panel: Panel) -> None:
        question = panel.question()
        before = AuditEvent.objects.count()
        moved = move(panel, question, question.framework)
        assert (moved.revision, AuditEvent.objects.count()) == (question.revision, before)

    def test_what_is_kept_cannot_be_changed(self, panel: Panel) -> None:
        part = f.kept_part(question=panel.question())
        with pytest.raises(DatabaseError):
            KeptPart.objects.filter(pk=part.pk).update(text="Other words")
