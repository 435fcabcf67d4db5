"""Evidence is kept with what was judged on it, compared with today's, and judgements are reaffirmed or reopened."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from pytest_django import DjangoAssertNumQueries

from etd.actions import assessments, frameworks, reaffirming, recommendations, rounds, voting
from etd.actions.errors import Refused, StaleEdit
from etd.domain.canonical import digest
from etd.domain.evidence_change import Change
from etd.enums import RECOMMENDATION_TYPE_ITEM, Basis, QuestionStatus
from etd.evidence import evidence_digests, evidence_now
from etd.evidence_history import _Known
from etd.frameworks.overlay import Changes
from etd.models import (
    CriterionAssessment,
    Judgement,
    KeptEvidence,
    Outcome,
    OutcomeRow,
    Question,
    Recommendation,
    VotingRound,
)
from etd.selectors import load_etd
from etd.selectors.evidence_changes import ItemChange, load_changes, votes_on_other_evidence
from tests import factories as f
from tests.unit.etd import action_examples as examples
from tests.unit.etd import framework_examples
from tests.unit.etd.worlds import (
    CRITERIA,
    JUDGED_BY_TABLES,
    OPTIONS,
    PLAIN,
    Panel,
    contents,
    expected_event,
    last_event,
)

TYPE = f.FRAMEWORK.recommendation_types[1].key


def judge(question: Question, key: str, panel: Panel, revision: int = 1) -> CriterionAssessment:
    criterion = f.FRAMEWORK.criterion(key)
    return assessments.record_judgement(
        question=question,
        criterion_key=key,
        choices=[(criterion.options[0].key, "")],
        basis=Basis.CONSENSUS,
        revision=revision,
        by=panel.chair,
    )


def record_type(question: Question, panel: Panel) -> Recommendation:
    return recommendations.record_type(
        question=question, type_key=TYPE, basis=Basis.CONSENSUS, revision=1, by=panel.chair
    )


def write(question: Question, text: str, key: str = PLAIN.key) -> None:
    CriterionAssessment.objects.filter(question=question, criterion_key=key).update(research_evidence=text)


def fetched(question: Question) -> Question:
    return Question.objects.select_related(
        "guideline", "own_framework", "recommendation__type_judged_by", "recommendation__type_reaffirmed_by"
    ).get(pk=question.pk)


def changes(question: Question) -> dict[str, ItemChange]:
    fresh = fetched(question)
    return {one.item_key: one for one in load_changes(fresh, load_etd(fresh, None))}


def votes_moved(question: Question) -> list[tuple[int, tuple[str, ...], tuple[str, ...]]]:
    fresh = fetched(question)
    found = votes_on_other_evidence(fresh, load_etd(fresh, None))
    return [(one.round_number, one.changed, one.minor) for one in found]


def reasons(one: ItemChange) -> list[str]:
    return [*one.reasons, *(reason for row in one.rows for reason in row.reasons)]


@pytest.fixture
def row(panel: Panel) -> OutcomeRow:
    """An outcome with one reported row: 171 of 410 in the comparison arms, OR 1.21 (0.91–1.60)."""
    table = examples.empty_table(panel)
    question = table.question
    return f.outcome_row(
        table=table,
        outcome=f.outcome(question=question, name="Survival"),
        population=f.population(question=question, label="Adults"),
    )


@pytest.fixture
def question(row: OutcomeRow) -> Question:
    return row.table.question


class TestKeeping:
    def test_a_judgement_keeps_its_evidence_once(self, panel: Panel, question: Question) -> None:
        judge(question, JUDGED_BY_TABLES.key, panel)
        kept = KeptEvidence.objects.get(question=question)
        content = json.loads(kept.content)
        assert kept.digest == evidence_digests(question)[JUDGED_BY_TABLES.key] == digest(content)
        assert [one["ci_low"] for one in content["rows"]] == [0.91]
        row = OutcomeRow.objects.get()
        assert kept.names == {
            "outcomes": {str(row.outcome_id): "Survival"},
            "populations": {str(row.population_id): "Adults"},
        }
        judge(question, JUDGED_BY_TABLES.key, panel)
        assessments.record_judgement(
            question=question,
            criterion_key=JUDGED_BY_TABLES.key,
            choices=[(JUDGED_BY_TABLES.options[1].key, "")],
            basis=Basis.CONSENSUS,
            revision=2,
            by=panel.chair,
        )
        assert KeptEvidence.objects.count() == 1

    def test_each_evidence_is_kept_beside_the_earlier_one(self, panel: Panel, question: Question) -> None:
        judge(question, PLAIN.key, panel)
        write(question, "A new trial.")
        judge(question, PLAIN.key, panel, revision=2)
        texts = [json.loads(one.content)["research_evidence"] for one in KeptEvidence.objects.order_by("pk")]
        assert texts == ["", "A new trial."]

    def test_what_is_taken_back_keeps_nothing(self, panel: Panel, question: Question) -> None:
        judge(question, PLAIN.key, panel)
        write(question, "A new trial.")
        arguments = examples.record_judgement(panel) | {"question": question, "choices": [], "revision": 2}
        assessments.record_judgement(**arguments)
        assert not Judgement.objects.exists()
        assert KeptEvidence.objects.count() == 1

    def test_the_type_keeps_what_all_criteria_stand_on(self, panel: Panel, question: Question) -> None:
        recommendation = record_type(question, panel)
        digests = evidence_digests(question)
        kept = {one.digest: json.loads(one.content) for one in KeptEvidence.objects.all()}
        assert set(kept) == {*digests.values(), recommendation.type_evidence_digest}
        assert kept[recommendation.type_evidence_digest] == digests

    def test_a_round_keeps_what_is_voted_on(self, panel: Panel) -> None:
        arguments = examples.open_round(panel)
        rounds.open_round(**arguments)
        question = arguments["question"]
        kept = set(KeptEvidence.objects.filter(question=question).values_list("digest", flat=True))
        now = evidence_now(question)
        assert kept == {*now.digests.values(), now.whole_digest}


class TestCertaintyInTheDigest:
    def test_a_level_moves_what_is_judged_by_tables_and_none_leaves_the_digest_as_it_was(
        self, question: Question
    ) -> None:
        before = evidence_now(question)
        assert before.digests == before.without_certainty.digests
        Outcome.objects.update(certainty="low")
        after = evidence_now(question)
        assert after.without_certainty.digests == before.digests
        moved = {key for key, one in after.digests.items() if one != before.digests[key]}
        assert JUDGED_BY_TABLES.key in moved
        assert PLAIN.key not in moved

    def test_what_was_judged_before_the_certainty_was_told_has_not_changed(
        self, panel: Panel, question: Question
    ) -> None:
        """Its digest is of the rows alone, and nothing was kept then."""
        Outcome.objects.update(certainty="low")
        judge(question, JUDGED_BY_TABLES.key, panel)
        record_type(question, panel)
        earlier = evidence_now(question).without_certainty
        Judgement.objects.update(evidence_digest=earlier.digests[JUDGED_BY_TABLES.key])
        Recommendation.objects.filter(question=question).update(type_evidence_digest=earlier.whole_digest)
        assert changes(question) == {}
        OutcomeRow.objects.update(ci_low=1.01)
        assert {one.is_kept for one in changes(question).values()} == {False}

    def test_what_was_judged_before_the_outcome_was_rated_is_a_minor_change(
        self, panel: Panel, question: Question
    ) -> None:
        judge(question, JUDGED_BY_TABLES.key, panel)
        record_type(question, panel)
        Outcome.objects.update(certainty="low")
        found = changes(question)
        assert set(found) == {JUDGED_BY_TABLES.key, RECOMMENDATION_TYPE_ITEM}
        assert {(one.change, one.is_kept) for one in found.values()} == {(Change.MINOR, True)}


class TestChanges:
    def test_a_level_of_certainty_is_crossed(self, panel: Panel, question: Question) -> None:
        Outcome.objects.update(certainty="low")
        judge(question, JUDGED_BY_TABLES.key, panel)
        Outcome.objects.update(certainty="moderate")
        found = changes(question)[JUDGED_BY_TABLES.key]
        assert reasons(found) == ["The certainty of the evidence went from Low to Moderate."]
        (one,) = found.rows
        assert one.before is not None
        assert one.after is not None
        assert (one.before.certainty, one.after.certainty) == ("⊕⊕◯◯ Low", "⊕⊕⊕◯ Moderate")

    def test_white_space_is_minor_and_words_are_not(self, panel: Panel, question: Question) -> None:
        write(question, "Two trials.")
        judge(question, PLAIN.key, panel)
        write(question, "Two  trials.\n")
        (found,) = changes(question).values()
        assert (found.change, found.text_changed, reasons(found)) == (Change.MINOR, False, [])
        criterion = load_etd(fetched(question), None).criterion(PLAIN.key)
        assert criterion is not None
        assert (criterion.status, criterion.evidence_changed, criterion.minor_change) == ("done", False, True)
        write(question, "Three trials.")
        (found,) = changes(question).values()
        assert (found.change, found.text_before, found.text_after) == (
            Change.CHANGED,
            "Two trials.",
            "Three trials.",
        )
        assert (found.judgement, found.judged_by, found.basis_label, found.revision) == (
            f.FRAMEWORK.criterion(PLAIN.key).options[0].label,
            "Carla Chair",
            "Consensus",
            2,
        )

    def test_what_is_gone_keeps_its_name(self, panel: Panel, question: Question) -> None:
        judge(question, JUDGED_BY_TABLES.key, panel)
        OutcomeRow.objects.all().delete()
        Outcome.objects.all().delete()
        (found,) = changes(question).values()
        (one,) = found.rows
        assert (one.outcome, one.population, one.after) == ("Survival", "Adults", None)
        assert one.before is not None
        assert one.before.effect == "1.21 (0.91–1.60)"

    def test_evidence_that_was_not_kept_is_another_and_cannot_be_shown(
        self, panel: Panel, question: Question, django_assert_num_queries: DjangoAssertNumQueries
    ) -> None:
        judge(question, PLAIN.key, panel)
        record_type(question, panel)
        Judgement.objects.update(evidence_digest=f.DIGEST)
        Recommendation.objects.update(type_evidence_digest=f.DIGEST)
        found = changes(question)
        assert set(found) == {PLAIN.key, RECOMMENDATION_TYPE_ITEM}
        assert {(one.change, one.is_kept, one.rows) for one in found.values()} == {
            (Change.CHANGED, False, ())
        }
        with django_assert_num_queries(6 + 1):
            load_etd(fetched(question), None)

    def test_what_crosses_something_comes_first(self, panel: Panel, question: Question) -> None:
        for criterion in CRITERIA:
            judge(question, criterion.key, panel)
        OutcomeRow.objects.update(p_value=0.18)
        write(question, "Three trials.")
        found = list(changes(question).values())
        assert [one.change for one in found] == [Change.CHANGED] + 4 * [Change.MINOR]
        assert found[0].item_key == PLAIN.key

    def test_where_evidence_has_moved_two_more_queries_say_how(
        self, panel: Panel, question: Question, django_assert_num_queries: DjangoAssertNumQueries
    ) -> None:
        for criterion in CRITERIA:
            judge(question, criterion.key, panel)
        record_type(question, panel)
        with django_assert_num_queries(6):
            load_etd(fetched(question), None)
        OutcomeRow.objects.update(ci_low=1.01)
        write(question, "Three trials.")
        with django_assert_num_queries(6 + 2):
            etd = load_etd(fetched(question), None)
        assert etd.n_evidence_changed == 6

    def test_a_type_on_evidence_of_its_own_takes_no_more(
        self, panel: Panel, question: Question, django_assert_num_queries: DjangoAssertNumQueries
    ) -> None:
        write(question, "Two trials.")
        record_type(question, panel)
        write(question, "Three trials.")
        with django_assert_num_queries(6 + 2):
            etd = load_etd(fetched(question), None)
        assert etd.type_judgement is not None
        assert etd.type_judgement.evidence_changed
        (found,) = changes(question).values()
        assert (found.because_of, found.is_kept) == ((PLAIN.heading,), True)
        assert found.reasons == (f"{PLAIN.heading}: The text of the research evidence is another one.",)

    def test_a_text_that_other_criteria_had_already_is_new_where_it_was_written(
        self, panel: Panel, question: Question
    ) -> None:
        """The criterion has the words of one beside it then, and a third one is without words still."""
        other = next(one for one in CRITERIA if one.role is None and one.key != PLAIN.key)
        write(question, "No evidence was found.", other.key)
        judge(question, PLAIN.key, panel)
        record_type(question, panel)
        write(question, "No evidence was found.")
        found = changes(question)
        assert {one.change for one in found.values()} == {Change.CHANGED}
        assert found[RECOMMENDATION_TYPE_ITEM].because_of == (PLAIN.heading,)

    def test_decision_thresholds_are_crossed_at_the_recorded_risk(
        self, panel: Panel, row: OutcomeRow
    ) -> None:
        """OR 1.21 and 1.25 are 47 and 55 more per 1,000 at the pooled risk of 417, 19 and 22 at an external 100."""
        question = row.table.question
        f.decision_thresholds(outcome=row.outcome, small=10, moderate=50, large=100)
        judge(question, JUDGED_BY_TABLES.key, panel)
        OutcomeRow.objects.update(estimate=1.25)
        (found,) = changes(question).values()
        assert reasons(found) == [
            "The estimate of the absolute effect went from 47 more to 55 more per 1,000: small (more) before, "
            "moderate (more) now (thresholds 10, 50 and 100 per 1,000)."
        ]
        f.comparator_risk(
            outcome=row.outcome,
            population=row.population,
            source="external",
            risk=Decimal("0.1"),
            citation="A registry.",
        )
        (found,) = changes(question).values()
        assert (found.change, reasons(found)) == (Change.MINOR, [])

    def test_the_median_of_the_trials_is_that_of_the_recomputed_row(
        self, panel: Panel, row: OutcomeRow
    ) -> None:
        question = row.table.question
        f.decision_thresholds(outcome=row.outcome, small=10, moderate=20, large=100)
        f.comparator_risk(outcome=row.outcome, population=row.population, source="median")
        judge(question, JUDGED_BY_TABLES.key, panel)
        f.outcome_row(
            table=row.table,
            outcome=row.outcome,
            population=row.population,
            source="computed",
            estimate=1.25,
            provenance={},
        )
        (found,) = changes(question).values()
        assert (found.change, reasons(found)) == (Change.MINOR, []), "no median is known: no absolute effect"
        OutcomeRow.objects.filter(source="computed").update(
            provenance={"median_comparison_risk": {"risk": 0.1, "trials": 3}}
        )
        (found,) = changes(question).values()
        assert [reason.partition(":")[0] for reason in reasons(found)] == [
            "The estimate of the absolute effect went from 19 more to 22 more per 1,000"
        ]


class TestVotes:
    def test_votes_of_closed_rounds_on_other_evidence_are_named(self, panel: Panel) -> None:
        arguments = examples.open_round(panel) | {"item_keys": [PLAIN.key, RECOMMENDATION_TYPE_ITEM]}
        opened = rounds.open_round(**arguments)
        question = arguments["question"]
        for voter in (panel.member, panel.colleague):
            for key, option in ((PLAIN.key, OPTIONS[0]), (RECOMMENDATION_TYPE_ITEM, TYPE)):
                voting.cast_vote(
                    question=question, item_key=key, option_keys=[option], comment="", version=0, by=voter
                )
        write(question, "A later trial.")
        assert votes_moved(question) == [], "nothing of an open round"
        rounds.close_round(voting_round=opened, by=panel.chair)
        headings = (PLAIN.heading, f.FRAMEWORK.headings.type_of_recommendation.capitalize())
        assert votes_moved(question) == [(1, headings, ())]
        write(question, " ")
        assert votes_moved(question) == [(1, (), headings)]
        write(question, "")
        assert votes_moved(question) == []

    def test_the_same_numbers_in_a_row_stored_anew_are_no_other_evidence(
        self, panel: Panel, question: Question
    ) -> None:
        Question.objects.filter(pk=question.pk).update(status=QuestionStatus.VOTING)
        opened = rounds.open_round(
            **(examples.open_round(panel) | {"question": question, "item_keys": [JUDGED_BY_TABLES.key]})
        )
        voting.cast_vote(
            question=question,
            item_key=JUDGED_BY_TABLES.key,
            option_keys=[JUDGED_BY_TABLES.options[0].key],
            comment="",
            version=0,
            by=panel.member,
        )
        rounds.close_round(voting_round=opened, by=panel.chair)
        row = OutcomeRow.objects.get()
        row.delete()
        row.pk = None
        row.save()
        assert votes_moved(question) == []
        OutcomeRow.objects.update(ci_low=1.02)
        assert votes_moved(question) == [(1, (JUDGED_BY_TABLES.heading,), ())]


class TestByVote:
    @pytest.fixture
    def closed(self, panel: Panel) -> VotingRound:
        """A round in which one member voted, over; then a trial was added."""
        arguments = examples.open_round(panel) | {"item_keys": [PLAIN.key, RECOMMENDATION_TYPE_ITEM]}
        opened = rounds.open_round(**arguments)
        for key, option in ((PLAIN.key, OPTIONS[0]), (RECOMMENDATION_TYPE_ITEM, TYPE)):
            voting.cast_vote(
                question=opened.question,
                item_key=key,
                option_keys=[option],
                comment="",
                version=0,
                by=panel.member,
            )
        closed = rounds.close_round(voting_round=opened, by=panel.chair)
        write(closed.question, "A later trial.")
        return closed

    def record(self, panel: Panel, closed: VotingRound, basis: Basis, revision: int = 1) -> None:
        decided: dict[str, Any] = {
            "question": closed.question,
            "basis": basis,
            "voting_round": closed,
            "reason": "As counted.",
            "revision": revision,
            "by": panel.chair,
        }
        assessments.record_judgement(criterion_key=PLAIN.key, choices=[(OPTIONS[0], "")], **decided)
        recommendations.record_type(type_key=TYPE, **decided)

    def test_what_is_recorded_by_vote_stands_on_what_was_voted_on(
        self, panel: Panel, closed: VotingRound
    ) -> None:
        self.record(panel, closed, Basis.VOTE)
        found = changes(closed.question)
        assert {key: (one.change, one.is_kept) for key, one in found.items()} == {
            PLAIN.key: (Change.CHANGED, True),
            RECOMMENDATION_TYPE_ITEM: (Change.CHANGED, True),
        }
        assert found[PLAIN.key].text_after == "A later trial."

    def test_what_was_talked_over_after_the_vote_stands_on_todays(
        self, panel: Panel, closed: VotingRound
    ) -> None:
        self.record(panel, closed, Basis.CONSENSUS)
        assert changes(closed.question) == {}

    def test_saved_once_more_it_stays_reaffirmed(self, panel: Panel, closed: VotingRound) -> None:
        self.record(panel, closed, Basis.VOTE)
        for one in changes(closed.question).values():
            reaffirming.reaffirm(
                question=closed.question,
                item_key=one.item_key,
                reason="It says the same.",
                revision=one.revision,
                evidence_digest=one.evidence_digest,
                by=panel.chair,
            )
        before = contents()
        self.record(panel, closed, Basis.VOTE, revision=3)
        assert contents() == before
        assert {one.reaffirmed_because for one in Judgement.objects.all()} == {"It says the same."}


class TestReaffirm:
    def test_it_stands_on_todays_evidence_and_says_who_and_why(self, panel: Panel) -> None:
        arguments = examples.reaffirm(panel)
        question = arguments["question"]
        before = Judgement.objects.first()
        assert before is not None
        reaffirming.reaffirm(**arguments)
        for judgement in Judgement.objects.all():
            assert judgement.evidence_digest == evidence_digests(question)[PLAIN.key]
            assert (judgement.reaffirmed_by, judgement.reaffirmed_because) == (
                panel.chair,
                "The third trial says the same.",
            )
            assert (judgement.judged_at, judgement.judged_by) == (before.judged_at, before.judged_by)
        assert (
            CriterionAssessment.objects.get(question=question, criterion_key=PLAIN.key).judgement_revision
            == 3
        )
        assert KeptEvidence.objects.filter(digest=arguments["evidence_digest"]).count() == 1
        assert changes(question) == {}
        assert last_event() == expected_event(
            "judgement_reaffirmed",
            PLAIN.key,
            question=question,
            before={"evidence_digests": [before.evidence_digest]},
            after={
                "evidence_digest": arguments["evidence_digest"],
                "reason": "The third trial says the same.",
            },
            by=panel.chair,
        )
        view = load_etd(fetched(question), None).criterion(PLAIN.key)
        assert view is not None
        assert {(j.reaffirmed_by, j.reaffirmed_because) for j in view.judgements} == {
            ("Carla Chair", "The third trial says the same.")
        }
        assert view.judgements[0].reaffirmed_at is not None

    @pytest.mark.parametrize(
        ("other", "message"),
        [
            ({"reason": "  "}, "say why"),
            ({"revision": 1}, "Somebody else has saved"),
            ({"evidence_digest": f.DIGEST}, "changed once more"),
            ({"item_key": "taste"}, "no criterion “taste”"),
            ({"item_key": JUDGED_BY_TABLES.key, "revision": 1}, "no judgement here"),
            ({"item_key": RECOMMENDATION_TYPE_ITEM, "revision": 1}, "no judgement here"),
        ],
    )
    def test_it_is_refused(self, panel: Panel, other: dict[str, Any], message: str) -> None:
        arguments = examples.reaffirm(panel) | other
        before = contents()
        with pytest.raises(Refused, match=message):
            reaffirming.reaffirm(**arguments)
        assert contents() == before

    @pytest.mark.parametrize("status", [QuestionStatus.IN_REVIEW, QuestionStatus.PUBLISHED])
    @pytest.mark.parametrize("action", ["reaffirm", "reopen"])
    def test_what_is_agreed_is_neither_reaffirmed_nor_reopened(
        self, panel: Panel, status: str, action: str
    ) -> None:
        arguments = getattr(examples, action)(panel)
        Question.objects.update(status=status)
        before = contents()
        with pytest.raises(Refused, match="Now closed to changes"):
            getattr(reaffirming, action)(**arguments)
        assert contents() == before

    def test_another_reason_from_another_window_is_not_lost_silently(self, panel: Panel) -> None:
        arguments = examples.reaffirm(panel)
        reaffirming.reaffirm(**arguments)
        before = contents()
        with pytest.raises(StaleEdit):
            reaffirming.reaffirm(**(arguments | {"reason": "For another reason."}))
        with pytest.raises(Refused, match="already"):
            reaffirming.reaffirm(**(arguments | {"reason": "For another reason.", "revision": 3}))
        assert contents() == before

    def test_the_type_of_recommendation(self, panel: Panel, question: Question) -> None:
        record_type(question, panel)
        write(question, "Three trials.")
        (found,) = changes(question).values()
        arguments: dict[str, Any] = {
            "question": question,
            "item_key": RECOMMENDATION_TYPE_ITEM,
            "reason": "It says the same.",
            "revision": found.revision,
            "evidence_digest": found.evidence_digest,
            "by": panel.chair,
        }
        reaffirming.reaffirm(**arguments)
        stored = Recommendation.objects.get(question=question)
        assert (stored.type_key, stored.type_reaffirmed_by, stored.type_reaffirmed_because) == (
            TYPE,
            panel.chair,
            "It says the same.",
        )
        assert (stored.type_evidence_digest, stored.type_revision) == (evidence_now(question).whole_digest, 3)
        assert changes(question) == {}
        etd = load_etd(fetched(question), None)
        assert etd.type_judgement is not None
        assert (etd.type_judgement.reaffirmed_by, etd.type_judgement.evidence_change) == (
            "Carla Chair",
            Change.NONE,
        )

    def test_what_is_recorded_anew_is_reaffirmed_no_more(self, panel: Panel) -> None:
        arguments = examples.reaffirm(panel)
        question = arguments["question"]
        record_type(question, panel)
        reaffirming.reaffirm(**arguments)
        Recommendation.objects.filter(question=question).update(
            type_reaffirmed_at=f.NOW, type_reaffirmed_by=panel.chair, type_reaffirmed_because="Still."
        )
        judge(question, PLAIN.key, panel, revision=3)
        recommendations.record_type(
            question=question,
            type_key=f.FRAMEWORK.recommendation_types[0].key,
            basis=Basis.CONSENSUS,
            revision=2,
            by=panel.chair,
        )
        stored = Recommendation.objects.get(question=question)
        assert {j.reaffirmed_because for j in Judgement.objects.all()} == {""}
        assert (stored.type_reaffirmed_by, stored.type_reaffirmed_at, stored.type_reaffirmed_because) == (
            None,
            None,
            "",
        )


class TestReopen:
    def test_the_criterion_is_open_and_the_trail_has_what_it_was(self, panel: Panel) -> None:
        arguments = examples.reopen(panel)
        question = arguments["question"]
        assessment = CriterionAssessment.objects.get(question=question, criterion_key=PLAIN.key)
        was = assessments.recorded_judgement(assessment)
        reaffirming.reopen(**arguments)
        assert not Judgement.objects.exists()
        assessment.refresh_from_db()
        assert assessment.judgement_revision == 3
        assert last_event() == expected_event(
            "judgement_reopened",
            PLAIN.key,
            question=question,
            before=was,
            after={"reason": "The third trial says something else."},
            by=panel.chair,
        )

    @pytest.mark.parametrize(
        ("other", "message"),
        [
            ({"reason": ""}, "say why"),
            ({"revision": 1}, "Somebody else has saved"),
            ({"item_key": "taste"}, "no criterion “taste”"),
        ],
    )
    def test_it_is_refused(self, panel: Panel, other: dict[str, Any], message: str) -> None:
        arguments = examples.reopen(panel) | other
        before = contents()
        with pytest.raises(Refused, match=message):
            reaffirming.reopen(**arguments)
        assert contents() == before

    def test_the_reason_of_who_comes_second_is_not_lost_silently(self, panel: Panel) -> None:
        arguments = examples.reopen(panel)
        reaffirming.reopen(**arguments)
        before = contents()
        reaffirming.reopen(**arguments)
        with pytest.raises(StaleEdit):
            reaffirming.reopen(**(arguments | {"by": panel.member}))
        with pytest.raises(Refused, match="no judgement here"):
            reaffirming.reopen(**(arguments | {"reason": "For another reason.", "revision": 3}))
        assert contents() == before

    def test_the_type_of_recommendation_is_open_again(self, panel: Panel, question: Question) -> None:
        record_type(question, panel)
        reaffirming.reopen(
            question=question,
            item_key=RECOMMENDATION_TYPE_ITEM,
            reason="The balance is another one.",
            revision=2,
            by=panel.chair,
        )
        stored = Recommendation.objects.get(question=question)
        assert (stored.type_key, stored.type_basis, stored.type_judged_by, stored.type_revision) == (
            "",
            "",
            None,
            3,
        )
        event = last_event()
        assert (event["type"], event["before"]["type"]) == ("judgement_reopened", TYPE)


class TestAnotherFramework:
    @pytest.fixture
    def moved(self, panel: Panel) -> Question:
        """A question with a reaffirmed judgement and a type, judged by an own framework from then on."""
        arguments = framework_examples.move_question(panel)
        question = arguments["question"]
        judge(question, JUDGED_BY_TABLES.key, panel)
        record_type(question, panel)
        Judgement.objects.update(
            reaffirmed_at=f.NOW, reaffirmed_by=panel.chair, reaffirmed_because="It still stands."
        )
        return frameworks.move_question(**arguments)

    def test_what_was_reaffirmed_stays_so(self, panel: Panel, moved: Question) -> None:
        judgement = Judgement.objects.get()
        assert (judgement.reaffirmed_at, judgement.reaffirmed_by, judgement.reaffirmed_because) == (
            f.NOW,
            panel.chair,
            "It still stands.",
        )

    def test_other_criteria_are_no_other_evidence(self, moved: Question) -> None:
        assert Recommendation.objects.get(question=moved).type_key == TYPE
        assert changes(moved) == {}


@pytest.mark.parametrize("goes_on", [True, False])
def test_a_text_that_goes_to_another_criterion_is_the_same_evidence_of_the_type(
    panel: Panel, goes_on: bool
) -> None:
    hides_one = Changes(hidden_criteria=frozenset({PLAIN.key}))
    own = f.own_framework(guideline=panel.guideline, changes=hides_one.to_json())
    arguments = framework_examples.move_question(panel)
    question = arguments["question"]
    write(question, "Two trials.")
    record_type(question, panel)
    other = next(one for one in CRITERIA if one.role is None and one.key != PLAIN.key)
    mapping = {one.key: one.key for one in CRITERIA} | {PLAIN.key: other.key if goes_on else ""}
    moved = frameworks.move_question(**(arguments | {"own_framework": own, "mapping": mapping}))
    found = changes(moved)
    assert [one.reasons for one in found.values()] == (
        []
        if goes_on
        else [
            (
                f"{PLAIN.key.replace('_', ' ').capitalize()}: The text of the research evidence is another one.",
            )
        ]
    )


def test_a_vote_in_an_open_round_knows_of_other_evidence_also_for_the_type(panel: Panel) -> None:
    arguments = examples.open_round(panel) | {"item_keys": [RECOMMENDATION_TYPE_ITEM]}
    rounds.open_round(**arguments)
    question = arguments["question"]
    voting.cast_vote(
        question=question,
        item_key=RECOMMENDATION_TYPE_ITEM,
        option_keys=[TYPE],
        comment="",
        version=0,
        by=panel.member,
    )
    assert VotingRound.objects.count() == 1
    before = load_etd(fetched(question), panel.member).type_vote
    write(question, "A later trial.")
    after = load_etd(fetched(question), panel.member).type_vote
    assert before is not None
    assert after is not None
    assert (before.evidence_changed, after.evidence_changed) == (False, True)


def test_the_newest_name_of_an_outcome_is_told(
    panel: Panel, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    """Asked for in an order: without one, a small table comes in the right one by chance."""
    question = panel.question()
    kept = [
        f.kept_evidence(question=question, digest=letter * 64, content="{}", names={"outcomes": {"1": name}})
        for letter, name in (("f", "Oldest"), ("a", "Older"), ("c", "Newest"), ("0", "Another"))
    ]
    known = _Known(question, {}, {})
    with django_assert_num_queries(1) as queries:
        known.read((PLAIN.key, one.digest) for one in kept[:3])
    assert queries[0]["sql"].endswith('ORDER BY "etd_keptevidence"."id" ASC')
    assert known.names == {"outcomes": {"1": "Newest"}}
