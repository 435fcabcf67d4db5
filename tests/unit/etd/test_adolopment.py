"""What becomes of another body's judgements: nothing that the panel judged itself is overwritten."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest

from etd.actions import adolopment, assessments
from etd.actions.errors import Refused, StaleEdit
from etd.domain.source_content import from_text
from etd.enums import AdolopmentChoice, Basis, QuestionStatus
from etd.models import Adolopment, CriterionAssessment, Judgement, Question, SourceDocument
from tests.unit.etd import document_examples as examples
from tests.unit.etd.worlds import OPTIONS, PLAIN, Panel, contents, expected_event, last_event

pytestmark = pytest.mark.django_db
ADOPT, ADAPT, REDO = AdolopmentChoice.ADOPT, AdolopmentChoice.ADAPT, AdolopmentChoice.REDO


def judged(question: Question) -> list[tuple[str, str]]:
    found = Judgement.objects.filter(assessment__question=question, assessment__criterion_key=PLAIN.key)
    return [(one.option_key, one.basis) for one in found.order_by("pk")]


def judge(panel: Panel, question: Question, option: str, basis: Basis = Basis.CONSENSUS) -> None:
    assessment = CriterionAssessment.objects.get(question=question, criterion_key=PLAIN.key)
    assessments.record_judgement(
        question=question,
        criterion_key=PLAIN.key,
        choices=[(option, "")],
        basis=basis,
        revision=assessment.judgement_revision,
        by=panel.chair,
    )


def choose(panel: Panel, question: Question, choice: AdolopmentChoice, **more: Any) -> Adolopment:
    given: dict[str, Any] = {
        "criterion_key": PLAIN.key,
        "reason": "",
        "revision": 0,
        "by": panel.chair,
    } | more
    return adolopment.choose_adolopment(question=question, choice=choice, **given)


@pytest.fixture
def question(panel: Panel) -> Question:
    return adolopment.keep_source(**examples.keep_source(panel)).question


def test_the_source_is_kept_as_it_came(panel: Panel) -> None:
    given = examples.keep_source(panel)
    kept = adolopment.keep_source(**given)
    stored = SourceDocument.objects.get()
    assert bytes(stored.original) == given["original"]
    assert from_text(stored.content) == given["content"]
    assert last_event() == expected_event(
        "source_kept",
        "A or B, 2024",
        question=kept.question,
        after={
            "organisation": "Another body",
            "address": "https://example.org/etd",
            "file_name": "etd.docx",
            "sha256": hashlib.sha256(given["original"]).hexdigest(),
        },
        by=panel.chair,
    )
    with pytest.raises(Refused, match="has a source already"):
        adolopment.keep_source(**(given | {"question": kept.question}))


class TestAdopting:
    def test_without_a_judgement_records_the_sources(self, panel: Panel, question: Question) -> None:
        choose(panel, question, ADOPT)
        assert judged(question) == [(OPTIONS[0], Basis.DOCUMENT)]

    def test_with_the_same_judgement_leaves_it_as_it_is(self, panel: Panel, question: Question) -> None:
        judge(panel, question, OPTIONS[0])
        choose(panel, question, ADOPT)
        assert judged(question) == [(OPTIONS[0], Basis.CONSENSUS)]

    def test_again_after_the_judgement_was_taken_back_records_it_again(
        self, panel: Panel, question: Question
    ) -> None:
        choose(panel, question, ADOPT)
        stored = CriterionAssessment.objects.get(question=question, criterion_key=PLAIN.key)
        assessments.record_judgement(
            question=question,
            criterion_key=PLAIN.key,
            choices=[],
            basis=Basis.CONSENSUS,
            revision=stored.judgement_revision,
            by=panel.chair,
        )
        choose(panel, question, ADOPT, revision=1)
        assert judged(question) == [(OPTIONS[0], Basis.DOCUMENT)]

    def test_again_over_what_the_panel_judged_since_is_refused(
        self, panel: Panel, question: Question
    ) -> None:
        choose(panel, question, ADOPT)
        judge(panel, question, OPTIONS[1])
        with pytest.raises(Refused, match="differs from the source’s"):
            choose(panel, question, ADOPT, revision=1)
        assert judged(question) == [(OPTIONS[1], Basis.CONSENSUS)]

    def test_a_second_click_changes_nothing(self, panel: Panel, question: Question) -> None:
        choose(panel, question, ADOPT)
        before = contents()
        choose(panel, question, ADOPT)
        assert contents() == before

    def test_with_another_judgement_is_refused(self, panel: Panel, question: Question) -> None:
        judge(panel, question, OPTIONS[1])
        before = contents()
        with pytest.raises(Refused, match="differs from the source’s"):
            choose(panel, question, ADOPT)
        assert contents() == before


class TestJudgingAnew:
    def test_takes_back_what_was_only_taken_over(self, panel: Panel, question: Question) -> None:
        judge(panel, question, OPTIONS[0], Basis.DOCUMENT)
        choose(panel, question, REDO)
        assert judged(question) == []

    def test_keeps_what_the_panel_judged(self, panel: Panel, question: Question) -> None:
        judge(panel, question, OPTIONS[1])
        choose(panel, question, REDO)
        assert judged(question) == [(OPTIONS[1], Basis.CONSENSUS)]


class TestAdapting:
    def test_needs_a_reason(self, panel: Panel, question: Question) -> None:
        with pytest.raises(Refused, match="what is adapted and why"):
            choose(panel, question, ADAPT, reason="  ")
        assert not Adolopment.objects.exists()

    def test_keeps_the_judgement_and_says_why(self, panel: Panel, question: Question) -> None:
        judge(panel, question, OPTIONS[0], Basis.DOCUMENT)
        choose(panel, question, ADAPT, reason="Costs are ours.")
        assert judged(question) == [(OPTIONS[0], Basis.DOCUMENT)]
        assert last_event() == expected_event(
            "adolopment_chosen",
            PLAIN.key,
            question=question,
            after={"choice": "adapt", "reason": "Costs are ours."},
            by=panel.chair,
        )


def test_a_choice_changes_once_a_revision(panel: Panel, question: Question) -> None:
    first = choose(panel, question, ADOPT)
    assert first.revision == 1
    with pytest.raises(StaleEdit) as refusal:
        choose(panel, question, REDO, revision=0)
    assert (refusal.value.current, refusal.value.revision) == ({"choice": "adopt", "reason": ""}, 1)
    second = choose(panel, question, REDO, revision=1)
    assert (second.pk, second.revision, second.choice) == (first.pk, 2, REDO)
    assert last_event()["before"] == {"choice": "adopt", "reason": ""}


def test_there_is_nothing_to_adopt_without_a_source_or_its_judgement(
    panel: Panel, question: Question
) -> None:
    with pytest.raises(Refused, match="was not made from another body’s document"):
        choose(panel, panel.question(), ADOPT)
    other = next(one.key for one in question.framework.criteria if one.key != PLAIN.key)
    with pytest.raises(Refused, match="has no judgement on this criterion"):
        choose(panel, question, ADOPT, criterion_key=other)
    assert not Adolopment.objects.exists()


def test_nothing_is_chosen_where_judgements_are_frozen(panel: Panel, question: Question) -> None:
    Question.objects.filter(pk=question.pk).update(status=QuestionStatus.IN_REVIEW)
    with pytest.raises(Refused, match="Now closed to changes"):
        choose(panel, question, ADOPT)
    assert not Adolopment.objects.exists()
