"""What each action writes, by equality: the rows and the event; and what it refuses."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from etd.actions import accounts, assessments, audit, outcome_tables, questions, recommendations, references
from etd.actions.errors import Refused, StaleEdit
from etd.actions.recommendations import Answer, Statement
from etd.domain.canonical import canonical_json
from etd.domain.evidence import whole_evidence_digest
from etd.enums import Basis, Better, QuestionStatus, Role, StrengthWord
from etd.evidence import evidence_digests
from etd.models import (
    AuditEvent,
    ConclusionSection,
    CriterionAssessment,
    Judgement,
    OutcomeRow,
    PanelMembership,
    PracticeAnswer,
    Question,
    Recommendation,
    RecommendationStatement,
    Reference,
)
from etd.workflow import Part
from tests import factories as f
from tests.unit.etd import action_examples as examples
from tests.unit.etd.worlds import (
    JUDGED_BY_TABLES,
    OPTIONS,
    PLAIN,
    Panel,
    contents,
    expected_event,
    last_event,
)


def events(question: Question) -> int:
    return AuditEvent.objects.filter(question=question.slug).count()


class TestAccounts:
    def test_create_account(self, panel: Panel) -> None:
        person = accounts.create_account(**examples.create_account(panel))
        person.refresh_from_db()
        assert (person.email, person.name) == ("new.person@example.org", "Nora New")
        assert not person.has_usable_password()
        assert last_event() == expected_event(
            "account_created", "new.person@example.org", after={"name": "Nora New"}, by=panel.staff
        )

    def test_a_command_acts_as_the_system(self, db: None) -> None:
        accounts.create_account(email="a@example.org", name="Ada", password="correct horse", by=None)
        assert last_event()["by"] == ("system", "System")

    def test_one_account_an_address_however_it_is_written(self, panel: Panel) -> None:
        before = contents()
        with pytest.raises(Refused, match="already an account"):
            accounts.create_account(email=panel.member.email.upper(), name="X", password=None, by=panel.staff)
        assert contents() == before

    def test_create_guideline(self, panel: Panel) -> None:
        guideline = accounts.create_guideline(**examples.create_guideline(panel))
        guideline.refresh_from_db()
        assert (guideline.slug, guideline.title, guideline.organisation, guideline.strength_word) == (
            "als-2027",
            "Advanced life support",
            "ILCOR",
            StrengthWord.WEAK,
        )
        assert guideline.created_by == panel.staff
        event = AuditEvent.objects.latest("pk")
        assert event.at == guideline.created_at
        assert last_event() == expected_event(
            "guideline_created",
            "als-2027",
            guideline=guideline,
            after={"title": "Advanced life support"},
            by=panel.staff,
        )

    def test_add_member(self, panel: Panel) -> None:
        membership = accounts.add_member(**examples.add_member(panel))
        membership.refresh_from_db()
        assert (membership.user, membership.role, membership.ended_at) == (
            panel.outsider,
            Role.PANEL_MEMBER,
            None,
        )
        assert last_event() == expected_event(
            "member_added",
            panel.outsider.email,
            guideline=panel.guideline,
            after={"role": "panel_member"},
            by=panel.staff,
        )

    def test_nobody_has_two_roles(self, panel: Panel) -> None:
        before = contents()
        with pytest.raises(Refused, match="Mia Member already has a role in this guideline: Panel member"):
            accounts.add_member(guideline=panel.guideline, user=panel.member, role=Role.CHAIR, by=panel.staff)
        assert contents() == before

    def test_end_membership_and_come_back(self, panel: Panel) -> None:
        membership = accounts.end_membership(**examples.end_membership(panel))
        assert (membership.ended_by, membership.ended_at) == (
            panel.staff,
            AuditEvent.objects.latest("pk").at,
        )
        assert last_event() == expected_event(
            "member_ended",
            panel.member.email,
            guideline=panel.guideline,
            before={"role": "panel_member"},
            by=panel.staff,
        )
        with pytest.raises(Refused, match="ended already"):
            accounts.end_membership(membership=membership, by=panel.staff)
        back = accounts.add_member(
            guideline=panel.guideline, user=panel.member, role=Role.OBSERVER, by=panel.staff
        )
        assert (back.pk, back.role, back.ended_at, back.ended_by) == (membership.pk, "observer", None, None)
        assert PanelMembership.objects.filter(user=panel.member).count() == 1


class TestQuestions:
    def test_a_question_needs_a_name_of_its_own(self, panel: Panel) -> None:
        made = questions.create_question(**examples.create_question(panel))
        before = contents()
        with pytest.raises(Refused, match=f"has a question “{made.slug}” already"):
            questions.create_question(**examples.create_question(panel))
        with pytest.raises(Refused, match="“settings” is used by the site itself"):
            questions.create_question(**(examples.create_question(panel) | {"slug": "settings"}))
        assert contents() == before
        questions.create_question(**(examples.create_question(panel) | {"guideline": f.guideline()}))
        assert Question.objects.filter(slug=made.slug).count() == 2

    def test_create_question(self, panel: Panel) -> None:
        question = questions.create_question(**examples.create_question(panel))
        question.refresh_from_db()
        assert (question.slug, question.title, question.status, question.revision) == (
            "cooling",
            "Cooling?",
            "draft",
            1,
        )
        assert list(question.assessments.order_by("pk").values_list("criterion_key", flat=True)) == [
            c.key for c in f.FRAMEWORK.criteria
        ]
        assert list(question.sections.order_by("pk").values_list("section_key", flat=True)) == [
            s.key for s in f.FRAMEWORK.sections
        ]
        assert question.recommendation.type_key == ""
        event = last_event()
        assert event["after"].pop("framework") == f"{f.FRAMEWORK.key} {f.FRAMEWORK.version}"
        assert event == expected_event(
            "question_created",
            "cooling",
            question=question,
            by=panel.staff,
            after={field: getattr(question, field) for field in questions.QUESTION_FIELDS},
        )

    def test_edit_question(self, panel: Panel) -> None:
        arguments = examples.edit_question(panel)
        before = {field: getattr(arguments["question"], field) for field in questions.QUESTION_FIELDS}
        question = questions.edit_question(**arguments)
        question.refresh_from_db()
        assert (question.population, question.revision) == ("Adults after arrest", 2)
        assert last_event() == expected_event(
            "question_edited",
            question.slug,
            question=question,
            before=before,
            after=before | {"population": "Adults after arrest"},
            by=panel.methodologist,
        )

    def test_only_the_fields_of_a_question_can_be_edited(self, panel: Panel) -> None:
        arguments = examples.edit_question(panel) | {"values": {"status": "published"}}
        with pytest.raises(ValueError, match="not a field of a question: \\['status'\\]"):
            questions.edit_question(**arguments)
        assert Question.objects.get(pk=arguments["question"].pk).status == "draft"

    def test_change_status(self, panel: Panel) -> None:
        question = questions.change_status(**examples.change_status(panel))
        question.refresh_from_db()
        assert question.status == QuestionStatus.EVIDENCE
        assert last_event() == expected_event(
            "status_changed",
            question.slug,
            question=question,
            before="draft",
            after="evidence",
            by=panel.chair,
        )

    ALLOWED = (
        ("draft", "evidence"),
        ("draft", "voting"),
        ("evidence", "draft"),
        ("evidence", "voting"),
        ("voting", "evidence"),
        ("voting", "in_review"),
        ("in_review", "evidence"),
        ("published", "evidence"),
        ("withdrawn", "evidence"),
    )

    @pytest.mark.parametrize("old", QuestionStatus)
    @pytest.mark.parametrize("new", QuestionStatus)
    def test_only_named_transitions(self, panel: Panel, old: QuestionStatus, new: QuestionStatus) -> None:
        question = panel.question(status=old)
        if (old, new) in self.ALLOWED:
            assert questions.change_status(question=question, status=new, by=panel.chair).status == new
            return
        before = contents()
        with pytest.raises(Refused, match="cannot become"):
            questions.change_status(question=question, status=new, by=panel.chair)
        assert contents() == before

    @pytest.mark.parametrize("status", [QuestionStatus.EVIDENCE, QuestionStatus.IN_REVIEW])
    def test_an_open_round_holds_the_status(self, panel: Panel, status: QuestionStatus) -> None:
        question = panel.question(status=QuestionStatus.VOTING)
        voting_round = f.voting_round(question=question)
        before = contents()
        with pytest.raises(Refused, match="A round is open"):
            questions.change_status(question=question, status=status, by=panel.chair)
        assert contents() == before
        voting_round.closed_at, voting_round.closed_by = f.NOW, panel.chair
        voting_round.save()
        assert questions.change_status(question=question, status=status, by=panel.chair).status == status

    def test_add_reference(self, panel: Panel) -> None:
        reference = references.add_reference(**examples.add_reference(panel))
        assert list(Reference.objects.values_list("question", "number", "citation")) == [
            (reference.question_id, 1, "Thiele 2023")
        ]
        assert last_event() == expected_event(
            "reference_added",
            "1",
            question=reference.question,
            after={"citation": "Thiele 2023", "doi": "", "pmid": ""},
            by=panel.staff,
        )


class TestAssessments:
    def test_edit_texts(self, panel: Panel) -> None:
        assessment = assessments.edit_texts(**examples.edit_texts(panel))
        assessment.refresh_from_db()
        texts = {"research_evidence": "Two trials, p<0.05.", "additional_considerations": "None."}
        assert {field: getattr(assessment, field) for field in texts} == texts
        assert (assessment.revision, assessment.judgement_revision) == (2, 1)
        assert last_event() == expected_event(
            "texts_edited",
            PLAIN.key,
            question=assessment.question,
            before=dict.fromkeys(texts, ""),
            after=texts,
            by=panel.methodologist,
        )

    def test_record_judgement_keeps_several_options_and_what_they_apply_to(self, panel: Panel) -> None:
        assessment = assessments.record_judgement(**examples.record_judgement(panel))
        digest = evidence_digests(assessment.question)[PLAIN.key]
        rows = Judgement.objects.filter(assessment=assessment).order_by("pk")
        fields = ("option_key", "applies_to", "basis", "evidence_digest", "judged_by", "judged_at")
        at = AuditEvent.objects.latest("pk").at
        assert list(rows.values_list(*fields)) == [
            (OPTIONS[0], "IABP", "consensus", digest, panel.chair.pk, at),
            (OPTIONS[1], "active devices", "consensus", digest, panel.chair.pk, at),
        ]
        assessment.refresh_from_db()
        assert (assessment.revision, assessment.judgement_revision) == (1, 2)
        assert last_event() == expected_event(
            "judgement_recorded",
            PLAIN.key,
            question=assessment.question,
            before={"choices": [], "basis": "", "evidence_digest": ""},
            after={
                "choices": [[OPTIONS[0], "IABP"], [OPTIONS[1], "active devices"]],
                "basis": "consensus",
                "evidence_digest": digest,
            },
            by=panel.chair,
        )

    def test_a_judgement_is_replaced_and_taken_back(self, panel: Panel) -> None:
        arguments = examples.record_judgement(panel)
        assessment = assessments.record_judgement(**arguments)
        replaced = arguments | {"choices": [(OPTIONS[2], "")], "revision": 2}
        assessments.record_judgement(**replaced)
        assert list(assessment.judgements.values_list("option_key", "applies_to")) == [(OPTIONS[2], "")]
        back = arguments | {"choices": [], "revision": 3, "op": uuid4()}
        assessments.record_judgement(**back)
        assert not assessment.judgements.exists()
        assert last_event()["after"] == {"choices": [], "basis": "", "evidence_digest": ""}
        before = contents()
        assessments.record_judgement(**back)
        assert contents() == before

    def test_an_option_named_twice_is_recorded_once(self, panel: Panel) -> None:
        arguments = examples.record_judgement(panel) | {"choices": [(OPTIONS[0], ""), (OPTIONS[0], "")]}
        assert assessments.record_judgement(**arguments).judgements.count() == 1

    def test_an_unknown_option_is_refused(self, panel: Panel) -> None:
        arguments = examples.record_judgement(panel) | {"choices": [("splendid", "")]}
        before = contents()
        with pytest.raises(Refused, match="has no option “splendid”"):
            assessments.record_judgement(**arguments)
        assert contents() == before

    def test_texts_and_judgement_do_not_refuse_each_other(self, panel: Panel) -> None:
        arguments = examples.edit_texts(panel)
        judgement = examples.record_judgement(panel) | {"question": arguments["question"]}
        assessments.edit_texts(**arguments)
        assessments.record_judgement(**judgement)
        assert CriterionAssessment.objects.filter(revision=2, judgement_revision=2).count() == 1


class TestOutcomeTables:
    def test_create_outcome(self, panel: Panel) -> None:
        outcome = outcome_tables.create_outcome(**examples.create_outcome(panel))
        outcome.refresh_from_db()
        assert (outcome.name, outcome.timepoint, outcome.better, outcome.position) == (
            "Survival",
            "30 days",
            "higher",
            1,
        )
        assert last_event() == expected_event(
            "outcome_created",
            "Survival, 30 days",
            question=outcome.question,
            after={"better": "higher"},
            by=panel.methodologist,
        )
        second = outcome_tables.create_outcome(
            question=outcome.question, name="Stroke", better=Better.LOWER, by=panel.methodologist
        )
        assert second.position == 2

    def test_create_population(self, panel: Panel) -> None:
        population = outcome_tables.create_population(**examples.create_population(panel))
        population.refresh_from_db()
        assert (population.label, population.position) == ("Adults", 1)
        assert last_event() == expected_event(
            "population_created", "Adults", question=population.question, after={}, by=panel.methodologist
        )

    def test_create_table(self, panel: Panel) -> None:
        table = outcome_tables.create_table(**examples.create_table(panel))
        table.refresh_from_db()
        assert (table.criterion_key, table.number, table.title) == (JUDGED_BY_TABLES.key, 1, "Survival")
        assert last_event() == expected_event(
            "table_created",
            "Table 1. Survival",
            question=table.question,
            after={"criterion": JUDGED_BY_TABLES.key},
            by=panel.methodologist,
        )

    def test_a_table_stands_under_a_criterion_of_the_framework(self, panel: Panel) -> None:
        arguments = examples.create_table(panel) | {"criterion_key": "taste"}
        before = contents()
        with pytest.raises(Refused, match="no criterion “taste”"):
            outcome_tables.create_table(**arguments)
        assert contents() == before

    def test_record_reported_row_keeps_the_printed_digits(self, panel: Panel) -> None:
        row = outcome_tables.record_reported_row(**examples.record_reported_row(panel))
        row.refresh_from_db()
        assert {k: getattr(row, k) for k in examples.VALUES.__dataclass_fields__} == vars(examples.VALUES)
        assert (row.source, row.printed, row.provenance, row.is_stale) == (
            "reported",
            {"p_value": "0.190"},
            None,
            False,
        )
        assert last_event() == expected_event(
            "row_reported",
            "Survival, Adults",
            question=row.table.question,
            after=vars(examples.VALUES),
            by=panel.methodologist,
        )

    def test_record_computed_row_is_renewed_in_place(self, panel: Panel) -> None:
        arguments = examples.record_computed_row(panel)
        row = outcome_tables.record_computed_row(**arguments)
        OutcomeRow.objects.filter(pk=row.pk).update(is_stale=True)
        values = outcome_tables.RowValues(n_studies=2, measure="OR", estimate=1.0, ci_low=0.5, ci_high=2.0)
        again = outcome_tables.record_computed_row(
            **(arguments | {"values": values, "provenance": {"analysis": 2}})
        )
        again.refresh_from_db()
        assert (again.pk, again.n_studies, again.n_intervention, again.provenance, again.is_stale) == (
            row.pk,
            2,
            None,
            {"analysis": 2},
            False,
        )
        assert last_event() == expected_event(
            "row_computed",
            "Survival, Adults",
            question=row.table.question,
            before=vars(examples.VALUES),
            after=vars(values),
            by=panel.methodologist,
        )

    def test_a_reported_and_a_computed_row_stand_side_by_side(self, panel: Panel) -> None:
        arguments = examples.record_reported_row(panel)
        outcome_tables.record_reported_row(**arguments)
        del arguments["printed"]
        outcome_tables.record_computed_row(**arguments, provenance={})
        assert list(OutcomeRow.objects.order_by("pk").values_list("source", flat=True)) == [
            "reported",
            "computed",
        ]

    @pytest.mark.parametrize("foreign", ["outcome", "population"])
    @pytest.mark.parametrize("name", ["record_reported_row", "record_computed_row"])
    def test_nothing_of_another_question_gets_into_a_table(
        self, panel: Panel, name: str, foreign: str
    ) -> None:
        arguments = getattr(examples, name)(panel)
        arguments[foreign] = getattr(f, foreign)(question=panel.question())
        before = contents()
        with pytest.raises(Refused, match="the table's own question"):
            getattr(outcome_tables, name)(**arguments)
        assert contents() == before

    @pytest.mark.parametrize("odd", [float("nan"), float("inf")])
    def test_a_number_that_is_none_is_refused(self, panel: Panel, odd: float) -> None:
        values = outcome_tables.RowValues(n_studies=2, measure="OR", tau_squared=odd)
        arguments = examples.record_computed_row(panel) | {"values": values}
        before = contents()
        with pytest.raises(ValueError, match="JSON"):
            outcome_tables.record_computed_row(**arguments)
        assert contents() == before

    def test_a_long_name_is_cut_in_the_event_alone(self, panel: Panel) -> None:
        arguments = examples.record_computed_row(panel)
        arguments["outcome"] = f.outcome(question=arguments["table"].question, name="Survival " * 100)
        row = outcome_tables.record_computed_row(**arguments)
        assert len(AuditEvent.objects.latest("pk").subject) == 300
        assert len(row.outcome.name) == 900


class TestRecommendations:
    def test_edit_recommendation(self, panel: Panel) -> None:
        arguments = examples.edit_recommendation(panel)
        recommendation = recommendations.edit_recommendation(**arguments)
        recommendation.refresh_from_db()
        assert (recommendation.note, recommendation.revision, recommendation.type_revision) == ("", 2, 1)
        fields = ("position", "kind", "text", "population", "strength", "direction", "certainty")
        assert list(RecommendationStatement.objects.values_list(*fields)) == [
            (1, "recommendation", "We suggest against.", "Adults", "conditional", "against", "low"),
            (2, "recommendation", "We recommend calling for help.", "", "strong", "for", "very_low"),
            (3, "good_practice_statement", "Decide with the family.", "", "", "", ""),
        ]
        reasons = ("remark", "paradigm", "paradigm_reason", "practice_basis")
        assert list(RecommendationStatement.objects.values_list(*reasons)) == [
            ("", "", "", ""),
            ("At once.", "life_threatening", "Untreated, everybody dies.", ""),
            ("", "", "", "ethics"),
        ]
        answers = ("statement__position", "question_key", "answer", "rationale")
        assert list(PracticeAnswer.objects.order_by("pk").values_list(*answers)) == [
            (3, "necessary", "no", "It is done anyway."),
            (3, "clear_rationale", "yes", ""),
        ]
        assert last_event() == expected_event(
            "recommendation_edited",
            arguments["question"].slug,
            question=arguments["question"],
            before={"note": "", "statements": []},
            after={
                "note": "",
                "statements": [
                    vars(statement) | {"answers": [vars(answer) for answer in statement.answers]}
                    for statement in arguments["statements"]
                ],
            },
            by=panel.chair,
        )

    def test_statements_are_replaced_as_a_whole(self, panel: Panel) -> None:
        arguments = examples.edit_recommendation(panel)
        recommendations.edit_recommendation(**arguments)
        one = [Statement("recommendation", "Only this.")]
        recommendations.edit_recommendation(**(arguments | {"statements": one, "revision": 2}))
        assert list(RecommendationStatement.objects.values_list("position", "text")) == [(1, "Only this.")]
        assert PracticeAnswer.objects.count() == 0

    def test_the_same_statements_again_change_nothing(self, panel: Panel) -> None:
        arguments = examples.edit_recommendation(panel)
        recommendations.edit_recommendation(**arguments)
        before = contents()
        recommendations.edit_recommendation(**(arguments | {"revision": 2}))
        assert contents() == before

    def test_answers_stand_in_the_order_of_the_questions_and_empty_ones_are_left_out(self) -> None:
        given = (Answer("clear_rationale", "yes"), Answer("net_positive"), Answer("necessary", "", "Ask."))
        statement = Statement("good_practice_statement", "Decide together.", answers=given)
        assert statement.answers == (given[2], given[0])

    @pytest.mark.parametrize(
        ("given", "message"),
        [
            ({"answers": (Answer("necessary", "yes"), Answer("necessary", "no"))}, "answered twice"),
            ({"kind": "recommendation", "answers": (Answer("necessary", "yes"),)}, "Only a good practice"),
            ({"kind": "no_recommendation", "direction": "for"}, "“No recommendation” carries no direction"),
            ({"paradigm": "life_threatening", "paradigm_reason": "It is."}, "Only a strong recommendation"),
        ],
    )
    def test_what_cannot_stand_together_is_refused(self, given: dict[str, Any], message: str) -> None:
        with pytest.raises(Refused, match=message):
            Statement(**({"kind": "good_practice_statement", "text": "Decide together."} | given))

    @pytest.mark.parametrize("key", ["answer", "question_key"])
    def test_an_answer_in_unknown_words_is_refused(self, key: str) -> None:
        with pytest.raises(Refused, match="“maybe” is not one of"):
            Answer(**({"question_key": "necessary", "answer": "yes"} | {key: "maybe"}))

    def test_record_type(self, panel: Panel) -> None:
        arguments = examples.record_type(panel)
        recommendations.record_type(**arguments)
        stored = Recommendation.objects.get(question=arguments["question"])
        assert (stored.type_key, stored.type_basis, stored.type_judged_by) == (
            arguments["type_key"],
            "consensus",
            panel.chair,
        )
        assert (stored.type_revision, stored.revision) == (2, 1)
        assert stored.type_evidence_digest == whole_evidence_digest(evidence_digests(arguments["question"]))
        nothing = {
            "type": "",
            "basis": "",
            "evidence_digest": "",
            "round": None,
            "tally_digest": "",
            "reason": "",
        }
        recorded = nothing | {
            "type": arguments["type_key"],
            "basis": "consensus",
            "evidence_digest": stored.type_evidence_digest,
        }
        said = {"by": panel.chair, "question": arguments["question"]}
        subject = arguments["question"].slug
        assert last_event() == expected_event(
            "recommendation_type_recorded", subject, before=nothing, after=recorded, **said
        )
        recommendations.record_type(**(arguments | {"type_key": "", "revision": 2}))
        assert last_event() == expected_event(
            "recommendation_type_recorded", subject, before=recorded, after=nothing, **said
        )
        stored.refresh_from_db()
        assert (stored.type_key, stored.type_basis, stored.type_judged_at) == ("", "", None)

    def test_an_unknown_type_is_refused(self, panel: Panel) -> None:
        arguments = examples.record_type(panel) | {"type_key": "maybe"}
        before = contents()
        with pytest.raises(Refused, match="no type of recommendation “maybe”"):
            recommendations.record_type(**arguments)
        assert contents() == before

    @pytest.mark.parametrize("field", ["strength", "direction", "certainty"])
    def test_a_good_practice_statement_carries_nothing_graded(self, field: str) -> None:
        values: dict[str, Any] = {"strength": "strong", "direction": "for", "certainty": "low"}
        with pytest.raises(Refused, match="good practice statement carries no"):
            Statement("good_practice_statement", "Decide together.", **{field: values[field]})

    @pytest.mark.parametrize(
        "field", ["kind", "strength", "direction", "certainty", "paradigm", "practice_basis"]
    )
    def test_a_statement_in_unknown_words_is_refused(self, field: str) -> None:
        words: dict[str, Any] = {"kind": "recommendation", "text": "We suggest."}
        with pytest.raises(Refused, match="“lukewarm” is not one of"):
            Statement(**(words | {field: "lukewarm"}))

    def test_edit_section(self, panel: Panel) -> None:
        section = recommendations.edit_section(**examples.edit_section(panel))
        section.refresh_from_db()
        assert (section.body, section.revision) == ("Because of *harm*.", 2)
        assert last_event() == expected_event(
            "section_edited",
            section.section_key,
            question=section.question,
            before="",
            after="Because of *harm*.",
            by=panel.chair,
        )
        assert ConclusionSection.objects.exclude(pk=section.pk).exclude(body="").count() == 0


ACTIONS: dict[str, tuple[Any, Part]] = {
    "edit_question": (questions.edit_question, Part.QUESTION),
    "add_reference": (references.add_reference, Part.TEXTS),
    "create_outcome": (outcome_tables.create_outcome, Part.EVIDENCE),
    "create_population": (outcome_tables.create_population, Part.EVIDENCE),
    "create_table": (outcome_tables.create_table, Part.EVIDENCE),
    "record_reported_row": (outcome_tables.record_reported_row, Part.EVIDENCE),
    "record_computed_row": (outcome_tables.record_computed_row, Part.EVIDENCE),
    "edit_texts": (assessments.edit_texts, Part.TEXTS),
    "record_judgement": (assessments.record_judgement, Part.JUDGEMENTS),
    "record_type": (recommendations.record_type, Part.JUDGEMENTS),
    "edit_recommendation": (recommendations.edit_recommendation, Part.RECOMMENDATION),
    "edit_section": (recommendations.edit_section, Part.RECOMMENDATION),
}
# The parts that each status leaves open, said once more than in the code.
OPEN = {
    "draft": set(Part),
    "evidence": set(Part),
    "voting": {Part.JUDGEMENTS, Part.RECOMMENDATION},
    "in_review": {Part.RECOMMENDATION},
    "published": set(),
    "withdrawn": set(),
}


@pytest.mark.parametrize("status", OPEN)
@pytest.mark.parametrize("name", ACTIONS)
def test_a_frozen_part_does_not_change(panel: Panel, name: str, status: str) -> None:
    action, part = ACTIONS[name]
    arguments: dict[str, Any] = getattr(examples, name)(panel)
    question = arguments["question"] if "question" in arguments else arguments["table"].question
    Question.objects.filter(pk=question.pk).update(status=status)
    before = contents()
    if part in OPEN[status]:
        action(**arguments)
        assert contents() != before
        return
    with pytest.raises(Refused, match="Now closed to changes") as refusal:
        action(**arguments)
    assert part.value in str(refusal.value)
    assert contents() == before


# Name of the action: what another person saved before, and what the refusal must hand back of it.
STALE: dict[str, tuple[Any, dict[str, Any], dict[str, Any]]] = {
    "edit_question": (
        questions.edit_question,
        {"values": {"population": "Children"}},
        {"population": "Children"},
    ),
    "edit_texts": (
        assessments.edit_texts,
        {"research_evidence": "Theirs.", "additional_considerations": "Also theirs."},
        {"research_evidence": "Theirs.", "additional_considerations": "Also theirs."},
    ),
    "record_judgement": (
        assessments.record_judgement,
        {"choices": [(OPTIONS[3], "")], "basis": Basis.CHAIR},
        {"choices": [[OPTIONS[3], ""]], "basis": "chair"},
    ),
    "record_type": (
        recommendations.record_type,
        {"type_key": f.FRAMEWORK.recommendation_types[2].key, "basis": Basis.CHAIR},
        {"type": f.FRAMEWORK.recommendation_types[2].key, "basis": "chair"},
    ),
    "edit_recommendation": (
        recommendations.edit_recommendation,
        {"statements": [], "note": "Theirs."},
        {"statements": [], "note": "Theirs."},
    ),
    "edit_section": (recommendations.edit_section, {"body": "Theirs."}, {"body": "Theirs."}),
}


@pytest.mark.parametrize("name", STALE)
def test_a_stale_edit_is_told_what_is_stored_now_and_changes_nothing(panel: Panel, name: str) -> None:
    action, theirs, stored = STALE[name]
    mine = getattr(examples, name)(panel)
    action(**(mine | theirs | {"by": panel.staff}))
    before = contents()
    with pytest.raises(StaleEdit, match="Nothing of yours was saved or lost") as refusal:
        action(**mine)
    assert {field: refusal.value.current[field] for field in stored} == stored
    assert refusal.value.revision == 2
    assert contents() == before
    action(**(mine | {"revision": refusal.value.revision}))
    assert events(mine["question"]) == 3  # created, theirs, mine


@pytest.mark.parametrize("name", STALE)
def test_the_same_op_with_other_words_is_an_edit_of_its_own(panel: Panel, name: str) -> None:
    action, other, _ = STALE[name]
    mine = getattr(examples, name)(panel) | {"op": uuid4()}
    action(**mine)
    action(**(mine | other | {"revision": 2}))
    assert events(mine["question"]) == 3
    assert AuditEvent.objects.filter(op=mine["op"]).count() == 1


def test_audit_texts_are_canonical(panel: Panel) -> None:
    assessments.edit_texts(**examples.edit_texts(panel))
    event = AuditEvent.objects.latest("pk")
    assert event.after == canonical_json(
        {"additional_considerations": "None.", "research_evidence": "Two trials, p<0.05."}
    )
    assert event.chain == audit.chain_name(panel.guideline)


def test_nothing_is_recommended_before_a_chair_says_so(panel: Panel) -> None:
    question = panel.question()
    assert list(Recommendation.objects.filter(question=question).values_list("type_key", "revision")) == [
        ("", 1)
    ]
