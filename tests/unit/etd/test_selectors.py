"""Reading: few queries however much there is, the numbers as printed, and nobody else's vote."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from etd.actions import assessments, outcome_tables, recommendations, rounds, voting
from etd.actions.recommendations import Statement
from etd.domain.evidence import ROLES_JUDGED_BY_TABLES
from etd.enums import RECOMMENDATION_TYPE_ITEM, Basis, QuestionStatus
from etd.evidence import evidence_digests
from etd.frameworks.overlay import Changes
from etd.models import Ballot, CriterionAssessment, Judgement, OutcomeRow, Question, User, VotingRound
from etd.permissions import load_access
from etd.selectors import arm, load_etd, my_guidelines
from tests import factories as f
from tests.unit.etd import action_examples as examples
from tests.unit.etd.worlds import CRITERIA, JUDGED_BY_TABLES, OPTIONS, PLAIN, Panel

CountQueries = Callable[..., Any]


def fetched(question: Question) -> Question:
    """The question as a view is given it."""
    return Question.objects.select_related("guideline", "recommendation").get(pk=question.pk)


def etd_of(question: Question, viewer: User | None) -> Any:
    return load_etd(fetched(question), viewer)


def furnish(panel: Panel, n: int) -> Question:
    """A question under a vote with n of everything."""
    question = panel.question(status=QuestionStatus.VOTING)
    for i in range(n):
        table = f.outcome_table(question=question, number=i + 1)
        outcome = f.outcome(question=question, certainty="low")
        for _ in range(n):
            population = f.population(question=question)
            f.outcome_row(table=table, outcome=outcome, population=population)
            f.outcome_row(
                table=table, outcome=outcome, population=population, source="computed", provenance={"n": i}
            )
        f.reference(question=question)
        f.practice_answer(
            statement=f.recommendation_statement(question=question, kind="good_practice_statement")
        )
        f.panel_membership(guideline=panel.guideline)
        earlier = f.voting_round(question=question, closed_at=f.NOW, closed_by=panel.chair)
        f.vote(ballot=f.ballot(round=earlier, member=panel.member))
    for assessment in CriterionAssessment.objects.filter(question=question).order_by("pk")[: 2 * n]:
        for option in f.FRAMEWORK.criterion(assessment.criterion_key).options[:n]:
            f.judgement(assessment=assessment, option_key=option.key, judged_by=f.user())
    for key, digest in evidence_digests(question).items():
        Judgement.objects.filter(assessment__question=question, assessment__criterion_key=key).update(
            evidence_digest=digest
        )
    opened = f.voting_round(question=question, item_keys=[c.key for c in CRITERIA[: 2 * n]])
    for member in (panel.member, panel.colleague, *(f.user() for _ in range(n))):
        ballot = f.ballot(round=opened, member=member)
        for criterion in CRITERIA[:n]:
            f.vote(ballot=ballot, item_key=criterion.key, option_keys=[criterion.options[0].key])
    return question


@pytest.mark.parametrize("n", [1, 3])
def test_a_question_takes_seven_queries_with_one_and_three_of_everything(
    panel: Panel, n: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    question = fetched(furnish(panel, n))
    with django_assert_num_queries(7):
        etd: Any = load_etd(question, panel.member)
    assert len(etd.tables) == len(etd.statements) == len(etd.references) == n
    assert sum(len(group.rows) for table in etd.tables for group in table.groups) == 2 * n * n
    assert (etd.round.n_items, etd.round.n_voted, etd.n_judged) == (2 * n, n, 2 * n)
    with django_assert_num_queries(6):
        theirs: Any = load_etd(question, panel.observer)
    assert theirs.round.has_ballot is False
    with django_assert_num_queries(5):
        assert load_etd(question, None).round is None


@pytest.mark.parametrize("n", [1, 3])
def test_a_page_of_a_question_takes_eight(
    panel: Panel, n: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    question = furnish(panel, n)
    with django_assert_num_queries(8):
        access = load_access(panel.member, panel.guideline.slug, question.slug)
        etd = load_etd(access.question, access.user)
    assert etd.id == question.pk


@pytest.mark.parametrize("n", [1, 3])
def test_my_guidelines_takes_six_queries_however_many_there_are(
    panel: Panel, n: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for _ in range(n):
        furnish(panel, n)
        other = f.draft_question()
        f.panel_membership(guideline=other.guideline, user=panel.member, role="observer")
    with django_assert_num_queries(6):
        cards = my_guidelines(panel.member)
    assert [len(card.questions) for card in cards if card.slug == panel.guideline.slug] == [n]
    assert len(cards) == n + 1


class TestMyGuidelines:
    def test_a_card_says_what_is_done_and_what_is_asked(self, panel: Panel) -> None:
        closes_at = timezone.now() + timedelta(days=2)
        question = panel.question(status=QuestionStatus.VOTING, title="Cooling?")
        for option in OPTIONS[:2]:
            f.judgement(assessment=question.assessments.get(criterion_key=PLAIN.key), option_key=option)
        opened = f.voting_round(
            question=question, item_keys=[c.key for c in CRITERIA[:3]], closes_at=closes_at
        )
        ballot = f.ballot(round=opened, member=panel.member)
        f.vote(ballot=ballot, item_key=CRITERIA[0].key)
        f.vote(ballot=ballot, item_key=CRITERIA[1].key, option_keys=[])
        (card,) = my_guidelines(panel.member)
        assert (card.slug, card.role_label) == (panel.guideline.slug, "Panel member")
        (mine,) = card.questions
        assert (
            mine.title,
            mine.status_label,
            mine.n_criteria,
            mine.n_judged,
            mine.closes_at,
            mine.n_left,
        ) == (
            "Cooling?",
            "Panel voting",
            len(CRITERIA),
            1,
            closes_at,
            2,
        )
        (theirs,) = my_guidelines(panel.observer)[0].questions
        assert (theirs.closes_at, theirs.n_left) == (None, None)

    def test_criteria_are_those_of_the_framework_of_each_question(self, panel: Panel) -> None:
        panel.question()
        hides_one = Changes(hidden_criteria=frozenset({PLAIN.key})).to_json()
        own = f.own_framework(guideline=panel.guideline, changes=hides_one)
        f.question(guideline=panel.guideline, own_framework=own)
        (card,) = my_guidelines(panel.member)
        assert [one.n_criteria for one in card.questions] == [len(CRITERIA), len(CRITERIA) - 1]
        assert [one.progress for one in card.questions] == [
            f"0 of {len(CRITERIA)}",
            f"0 of {len(CRITERIA) - 1}",
        ]

    def test_only_present_memberships(self, panel: Panel) -> None:
        panel.question()
        assert my_guidelines(panel.outsider) == ()
        f.panel_membership(
            guideline=panel.guideline, user=panel.outsider, ended_at=f.NOW, ended_by=panel.staff
        )
        assert my_guidelines(panel.outsider) == ()

    @pytest.mark.parametrize("gone", ["round", "ballot"])
    def test_nothing_is_asked_any_more(self, panel: Panel, gone: str) -> None:
        question = panel.question(status=QuestionStatus.VOTING)
        f.ballot(round=f.voting_round(question=question), member=panel.member)
        assert my_guidelines(panel.member)[0].questions[0].n_left == 1
        if gone == "ballot":
            Ballot.objects.update(voided_at=f.NOW, voided_by=panel.chair)
        else:
            VotingRound.objects.update(closed_at=f.NOW, closed_by=panel.chair)
        assert my_guidelines(panel.member)[0].questions[0].n_left is None


class TestBlindness:
    """Two worlds that differ only in what others said in the open round look the same to everybody else."""

    def seen_by(self, question: Question, viewer: User | None) -> dict[str, Any]:
        return dataclasses.asdict(etd_of(question, viewer))

    @pytest.mark.parametrize(
        "viewer", ["chair", "member", "methodologist", "staff", "observer", "outsider", None]
    )
    def test_nobody_sees_anothers_vote(self, panel: Panel, viewer: str | None) -> None:
        question = panel.question(status=QuestionStatus.VOTING)
        rounds.open_round(question=question, item_keys=[PLAIN.key, RECOMMENDATION_TYPE_ITEM], by=panel.chair)
        person = getattr(panel, viewer) if viewer else None
        worlds = [(self.seen_by(question, person), person and my_guidelines(person))]
        for version, options in enumerate((OPTIONS[:1], OPTIONS[1:2], ())):
            voting.cast_vote(
                question=question,
                item_key=PLAIN.key,
                option_keys=options,
                comment=f"Secret {version}",
                confidence="low",
                version=version,
                by=panel.colleague,
            )
            worlds.append((self.seen_by(question, person), person and my_guidelines(person)))
        assert all(world == worlds[0] for world in worlds)

    def test_a_control_the_voter_sees_their_own(self, panel: Panel) -> None:
        question = panel.question(status=QuestionStatus.VOTING)
        rounds.open_round(**(examples.open_round(panel) | {"question": question}))
        before = self.seen_by(question, panel.colleague)
        voting.cast_vote(
            question=question,
            item_key=PLAIN.key,
            option_keys=[OPTIONS[1]],
            comment="Mine.",
            version=0,
            by=panel.colleague,
        )
        assert self.seen_by(question, panel.colleague) != before
        mine = etd_of(question, panel.colleague).criterion(PLAIN.key)
        assert (mine.vote.option_keys, mine.vote.comment, mine.vote.version, mine.status) == (
            (OPTIONS[1],),
            "Mine.",
            1,
            "done",
        )
        assert [cell.key for cell in mine.vote_scale if cell and cell.chosen] == [OPTIONS[1]]
        assert [cell.key for cell in mine.scale if cell and cell.chosen] == []


class TestRound:
    @pytest.fixture
    def question(self, panel: Panel) -> Question:
        return rounds.open_round(**examples.open_round(panel)).question

    def test_a_member_with_a_ballot(self, panel: Panel, question: Question) -> None:
        etd = etd_of(question, panel.member)
        assert (etd.round.has_ballot, etd.round.n_items, etd.round.n_voted, etd.round.n_left) == (
            True,
            2,
            0,
            2,
        )
        assert [c.key for c in etd.criteria if c.in_round] == [PLAIN.key]
        assert etd.criterion(PLAIN.key).status == "open"
        assert etd.type_vote.version == 0

    @pytest.mark.parametrize("viewer", ["observer", "methodologist", "staff"])
    def test_a_person_without_one(self, panel: Panel, question: Question, viewer: str) -> None:
        etd = etd_of(question, getattr(panel, viewer))
        assert (etd.round.has_ballot, etd.round.n_items, etd.round.n_voted) == (False, 2, 0)
        assert not any(c.in_round for c in etd.criteria)
        assert etd.type_vote is None

    def test_a_voided_ballot_is_none(self, panel: Panel, question: Question) -> None:
        Ballot.objects.update(voided_at=f.NOW, voided_by=panel.chair)
        assert etd_of(question, panel.member).round.has_ballot is False

    def test_a_round_whose_time_is_up_asks_for_nothing(self, panel: Panel, question: Question) -> None:
        """Nobody has closed it yet, but a vote would be refused: no form that takes words only to refuse them."""
        VotingRound.objects.update(closes_at=timezone.now() + timedelta(minutes=5))
        assert etd_of(question, panel.member).round.is_over is False
        assert my_guidelines(panel.member)[0].questions[0].n_left == 2
        VotingRound.objects.update(closes_at=timezone.now())
        etd = etd_of(question, panel.member)
        assert (etd.round.is_over, etd.round.has_ballot, etd.type_vote) == (True, False, None)
        assert not any(c.in_round for c in etd.criteria)
        assert my_guidelines(panel.member)[0].questions[0].n_left is None

    def test_the_vote_on_the_type(self, panel: Panel, question: Question) -> None:
        key = f.FRAMEWORK.recommendation_types[0].key
        voting.cast_vote(
            question=question,
            item_key=RECOMMENDATION_TYPE_ITEM,
            option_keys=[key],
            comment="",
            version=0,
            by=panel.member,
        )
        etd = etd_of(question, panel.member)
        assert (etd.type_vote.option_keys, etd.round.n_voted, etd.type_vote.evidence_changed) == (
            (key,),
            1,
            False,
        )

    def test_evidence_changed_since_my_vote(self, panel: Panel, question: Question) -> None:
        voting.cast_vote(
            question=question,
            item_key=PLAIN.key,
            option_keys=[OPTIONS[0]],
            comment="",
            version=0,
            by=panel.member,
        )
        CriterionAssessment.objects.filter(criterion_key=PLAIN.key).update(research_evidence="Later.")
        mine = etd_of(question, panel.member).criterion(PLAIN.key)
        assert (mine.my_evidence_changed, mine.status) == (True, "changed")


class TestJudgements:
    def test_options_on_the_scale_and_what_they_apply_to(self, panel: Panel) -> None:
        assessment = assessments.record_judgement(**examples.record_judgement(panel))
        criterion = etd_of(assessment.question, None).criterion(PLAIN.key)
        assert [(c.key, c.applies_to) for c in criterion.scale if c and c.chosen] == [
            (OPTIONS[0], ("IABP",)),
            (OPTIONS[1], ("active devices",)),
        ]
        first = criterion.judgements[0]
        assert (first.basis_label, first.by, first.evidence_changed) == ("Consensus", "Carla Chair", False)
        assert (criterion.is_judged, criterion.too_many, criterion.status) == (True, False, "done")

    def test_two_options_for_the_same_are_kept_and_flagged(self, panel: Panel) -> None:
        arguments = examples.record_judgement(panel) | {"choices": [(OPTIONS[0], ""), (OPTIONS[1], "")]}
        assessment = assessments.record_judgement(**arguments)
        criterion = etd_of(assessment.question, None).criterion(PLAIN.key)
        assert criterion.too_many
        assert len(criterion.judgements) == 2

    def test_an_unjudged_criterion_is_open(self, panel: Panel) -> None:
        etd = etd_of((panel.question()), None)
        assert {criterion.status for criterion in etd.criteria} == {"open"}
        assert etd.criterion("taste") is None
        assert [criterion.number for criterion in etd.criteria] == list(range(1, len(CRITERIA) + 1))


class TestEvidence:
    """Text and rows move the criteria that stand on them, and the page says so."""

    @pytest.fixture
    def question(self, panel: Panel) -> Question:
        question = examples.empty_table(panel).question
        for criterion in CRITERIA:
            assessments.record_judgement(
                question=question,
                criterion_key=criterion.key,
                choices=[(criterion.options[0].key, "")],
                basis=Basis.CONSENSUS,
                revision=1,
                by=panel.chair,
            )
        return question

    def changed(self, question: Question) -> set[str]:
        etd = etd_of(question, None)
        changed = {criterion.key for criterion in etd.criteria if criterion.evidence_changed}
        assert changed == {criterion.key for criterion in etd.criteria if criterion.status == "changed"}
        assert etd.n_evidence_changed == len(changed)
        return changed

    def test_a_text_moves_its_own_criterion(self, panel: Panel, question: Question) -> None:
        assert self.changed(question) == set()
        assessments.edit_texts(**(examples.edit_texts(panel) | {"question": question}))
        assert self.changed(question) == {PLAIN.key}

    def test_additional_considerations_are_not_evidence(self, panel: Panel, question: Question) -> None:
        arguments = examples.edit_texts(panel) | {"question": question, "research_evidence": ""}
        assessments.edit_texts(**arguments)
        assert self.changed(question) == set()

    def test_a_row_moves_the_criteria_judged_by_tables(self, panel: Panel, question: Question) -> None:
        judged_by_tables = {c.key for c in CRITERIA if c.role in ROLES_JUDGED_BY_TABLES}
        assert len(judged_by_tables) == 4
        table = question.outcome_tables.get()
        outcome_tables.record_reported_row(
            table=table,
            outcome=f.outcome(question=question),
            population=f.population(question=question),
            values=examples.VALUES,
            printed={},
            by=panel.methodologist,
        )
        assert self.changed(question) == judged_by_tables
        Judgement.objects.update(evidence_digest="")
        for key, digest in evidence_digests(question).items():
            Judgement.objects.filter(assessment__criterion_key=key).update(evidence_digest=digest)
        assert self.changed(question) == set(), "the page and the actions make the same digest"
        OutcomeRow.objects.update(footnote_mark="*", is_stale=True)
        assert self.changed(question) == set(), "marks are not evidence"
        OutcomeRow.objects.update(ci_high=1.61)
        assert self.changed(question) == judged_by_tables

    def test_rows_of_another_question_are_none_of_ours(self, panel: Panel, question: Question) -> None:
        f.outcome_row(table=examples.empty_table(panel))
        assert self.changed(question) == set()


class TestRows:
    def view(self, **fields: Any) -> Any:
        question = f.draft_question()
        table = f.outcome_table(question=question, criterion_key=JUDGED_BY_TABLES.key)
        better = fields.pop("better", "higher")
        f.outcome_row(table=table, outcome=f.outcome(question=question, better=better), **fields)
        self.table = etd_of(question, None).tables[0]
        return self.table.groups[0].rows[0]

    @pytest.mark.django_db
    def test_numbers_are_ours_where_the_document_printed_none(self) -> None:
        row = self.view(estimate=1.205, ci_low=0.914, ci_high=1.6, p_value=0.0004, i_squared=12.5)
        assert (row.intervention, row.comparison) == ("190/406 (47%)", "171/410 (42%)")
        assert (row.effect, row.p_value, row.i_squared) == ("1.21 (0.91–1.60)", "<0.001", "13%")
        assert (self.table.measure_label, self.table.criterion_key) == ("Odds ratio", JUDGED_BY_TABLES.key)
        assert (self.table.favours_left, self.table.favours_right) == ("favours usual care", "favours device")

    @pytest.mark.django_db
    def test_printed_digits_stay_as_printed(self) -> None:
        printed = {
            "percent_intervention": "46.8",
            "estimate": "1.2",
            "ci_low": "0.9",
            "ci_high": "1.6",
            "p_value": "0.190",
            "i2": "0.0",
        }
        row = self.view(printed=printed)
        assert (row.intervention, row.effect, row.p_value, row.i_squared) == (
            "190/406 (46.8%)",
            "1.2 (0.9–1.6)",
            "0.190",
            "0.0%",
        )

    @pytest.mark.parametrize(
        ("low", "high", "effect"),
        [
            ("-0.10", "0.20", "0.05 (-0.10 to 0.20)"),
            ("−0.10", "0.20", "0.05 (−0.10 to 0.20)"),
            ("0.01", "0.20", "0.05 (0.01–0.20)"),
        ],
    )
    @pytest.mark.django_db
    def test_a_minus_sign_beside_a_dash_would_be_misread(self, low: str, high: str, effect: str) -> None:
        row = self.view(
            measure="RD",
            estimate=0.05,
            ci_low=float(low.replace("−", "-")),
            ci_high=float(high),
            printed={"estimate": "0.05", "ci_low": low, "ci_high": high},
        )
        assert row.effect == effect

    @pytest.mark.django_db
    def test_half_printed_is_not_printed(self) -> None:
        assert self.view(printed={"estimate": "1.2"}).effect == "1.21 (0.91–1.60)"

    @pytest.mark.django_db
    def test_a_row_without_studies_has_dashes_and_no_plot(self) -> None:
        nothing = dict.fromkeys(
            (
                "events_intervention",
                "n_intervention",
                "events_comparison",
                "n_comparison",
                "estimate",
                "ci_low",
                "ci_high",
                "p_value",
                "i_squared",
            )
        )
        row = self.view(n_studies=0, measure="", **nothing)
        assert (row.intervention, row.effect, row.p_value, row.i_squared, row.plot) == (
            "-",
            "-",
            "-",
            "-",
            None,
        )

    @pytest.mark.django_db
    def test_a_very_small_ratio_does_not_read_zero(self) -> None:
        assert self.view(estimate=0.003, ci_low=0.001, ci_high=0.02).effect == "0.003 (0.001–0.02)"

    @pytest.mark.django_db
    def test_less_is_better_turns_the_labels(self) -> None:
        self.view(better="lower")
        assert (self.table.favours_left, self.table.favours_right) == ("favours device", "favours usual care")

    @pytest.mark.django_db
    def test_the_plot_lies_on_the_axis_of_its_table(self) -> None:
        row = self.view(estimate=1.0, ci_low=0.1, ci_high=10.0, n_intervention=1000, n_comparison=1000)
        assert (row.plot.no_effect, row.plot.text) == ("75.0", "Odds ratio 1.00 (0.10–10.00)")
        assert (row.plot.low, row.plot.high, row.plot.cut_low, row.plot.cut_high) == (
            "0.0",
            "150.0",
            True,
            True,
        )
        assert (row.plot.square, row.plot.square_x, row.plot.square_y) == ("11.0", "69.5", "4.5")

    def test_an_arm(self) -> None:
        assert [arm(0, 12), arm(None, 12), arm(3, None), arm(3, 12, "25.0")] == [
            "0/12 (0%)",
            "n = 12",
            "-",
            "3/12 (25.0%)",
        ]


def test_statements_types_sections_and_fields(panel: Panel) -> None:
    question = panel.question(population="Adults")
    chosen = f.FRAMEWORK.recommendation_types[0]
    recommendations.record_type(
        question=question, type_key=chosen.key, basis=Basis.CONSENSUS, revision=1, by=panel.chair
    )
    recommendations.edit_recommendation(
        question=question,
        statements=[
            Statement("recommendation", "We suggest.", "Adults", "conditional", "against", "very_low")
        ],
        note="Said so.",
        revision=1,
        by=panel.chair,
    )
    f.reference(question=question, number=2, citation="")
    f.reference(question=question, number=1, citation="Thiele 2023")
    etd = etd_of(question, None)
    assert [(t.key, t.tone) for t in etd.recommendation_types if t.chosen] == [
        (chosen.key, f"{chosen.direction}-{chosen.strength}")
    ]
    assert etd.type_judgement is not None
    assert (etd.type_judgement.label, etd.type_judgement.basis_label, etd.type_judgement.by) == (
        chosen.label,
        "Consensus",
        "Carla Chair",
    )
    assert not etd.type_judgement.evidence_changed
    f.outcome_row(table=f.outcome_table(question=question))
    changed = etd_of(question, None).type_judgement
    assert changed is not None
    assert changed.evidence_changed
    (statement,) = etd.statements
    assert (statement.kind_label, statement.certainty_label, statement.certainty_symbols) == (
        "Recommendation",
        "Very low",
        "⊕◯◯◯",
    )
    assert (statement.grade, statement.strong_on_low, statement.practice_hint) == (
        "Conditional recommendation against",
        "",
        "",
    )
    assert (etd.recommendation_note, etd.recommendation_revision) == ("Said so.", 2)
    assert [section.heading for section in etd.sections] == [s.heading for s in f.FRAMEWORK.sections]
    assert [section.holds_statements for section in etd.sections].count(True) == 1
    assert [field.key for field in etd.fields] == [
        q.key for q in f.FRAMEWORK.question_fields if not q.optional
    ]
    assert [reference.number for reference in etd.references] == [1, 2]
    assert etd.listed_references == {1}
    assert etd.n_outcomes == 0


def test_what_grade_asks_of_statements_is_said_beside_them(panel: Panel) -> None:
    panel.guideline.strength_word = "weak"
    panel.guideline.save()
    arguments = examples.edit_recommendation(panel)
    recommendations.edit_recommendation(**arguments)
    weak, strong, practice = etd_of(arguments["question"], None).statements
    assert weak.grade == "Weak recommendation against"
    assert strong.strong_on_low == ("Strong recommendation on very low certainty: life-threatening situation")
    assert (strong.remark, strong.paradigm_reason) == ("At once.", "Untreated, everybody dies.")
    assert practice.practice_basis_label == "Ethics or human rights"
    assert practice.practice_hint.startswith("Four of the five questions are not answered with yes")
    assert practice.n_yes == 1
    assert [(one.question_key, one.answer_label, one.rationale) for one in practice.practice_answers] == [
        ("clear_and_actionable", "Not answered yet", ""),
        ("necessary", "No", "It is done anyway."),
        ("net_positive", "Not answered yet", ""),
        ("poor_use_of_time", "Not answered yet", ""),
        ("clear_rationale", "Yes", ""),
    ]


def test_a_good_practice_statement_without_answers_has_none_and_says_so(panel: Panel) -> None:
    question = panel.question()
    f.recommendation_statement(question=question, kind="good_practice_statement")
    (practice,) = etd_of(question, None).statements
    assert practice.practice_answers == ()
    assert practice.practice_hint.startswith("None of the five questions is answered with yes")
