"""Outcomes: what each action stores, refuses and tells; what a person may see of it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from pytest_django import DjangoAssertNumQueries

from etd.actions import outcome_tables, outcomes
from etd.actions.errors import Refused, StaleEdit
from etd.actions.outcomes import Risk, Thresholds
from etd.domain.comparator_risk import NO_COUNTS, NO_MEDIAN, risks_revision
from etd.enums import Better, ConflictLevel, QuestionStatus
from etd.models import ComparatorRisk, DecisionThresholds, ImportanceRating, Outcome, Question
from etd.selectors.outcomes import OutcomeView, load_outcomes, timing
from etd.workflow import Part
from tests import factories as f
from tests.unit.etd import action_examples as examples
from tests.unit.etd.worlds import Panel, contents, expected_event, last_event

pytestmark = pytest.mark.django_db


def view(outcome: Outcome, viewer: Any, *, manages: bool = False) -> OutcomeView:
    question = Question.objects.select_related("guideline").get(pk=outcome.question_id)
    return next(one for one in load_outcomes(question, viewer, manages=manages) if one.id == outcome.pk)


class TestEditing:
    def test_an_edit_is_stored_with_what_was_before(self, panel: Panel) -> None:
        outcome = outcomes.edit_outcome(**examples.edit_outcome(panel))
        outcome.refresh_from_db()
        assert (outcome.name, outcome.importance, outcome.revision) == ("Survival, functional", "critical", 2)
        event = last_event()
        assert (event["type"], event["subject"]) == ("outcome_edited", "Survival, functional")
        assert (event["before"]["name"], event["after"]["name"]) == ("Survival", "Survival, functional")

    def test_a_stale_edit_is_told_what_is_stored_now(self, panel: Panel) -> None:
        mine = examples.edit_outcome(panel)
        outcomes.edit_outcome(**(mine | {"values": {"timepoint": "30 days"}}))
        before = contents()
        with pytest.raises(StaleEdit) as refusal:
            outcomes.edit_outcome(**mine)
        assert (refusal.value.current["timepoint"], refusal.value.revision) == ("30 days", 2)
        assert contents() == before

    @pytest.mark.parametrize(
        ("values", "message"),
        [
            ({"name": "Pain"}, "already an outcome “Pain”"),
            ({"name": " "}, "needs a name"),
            ({"better": "bigger"}, "“bigger” is not one of: higher, lower"),
            ({"importance": "vital"}, "“vital” is not one of"),
            ({"hazard_ratio_of": "death"}, "“death” is not one of: event, opposite"),
        ],
    )
    def test_what_cannot_be_is_refused(self, panel: Panel, values: dict[str, str], message: str) -> None:
        mine = examples.edit_outcome(panel)
        f.outcome(question=mine["outcome"].question, name="Pain")
        before = contents()
        with pytest.raises(Refused, match=message):
            outcomes.edit_outcome(**(mine | {"values": values}))
        assert contents() == before

    def test_two_outcomes_of_one_name_differ_in_time(self, panel: Panel) -> None:
        first = outcome_tables.create_outcome(**examples.create_outcome(panel))
        again: dict[str, Any] = {
            "question": first.question,
            "name": first.name,
            "better": Better.HIGHER,
            "by": panel.chair,
        }
        with pytest.raises(Refused, match="already an outcome “Survival, 30 days”"):
            outcome_tables.create_outcome(**again, timepoint="30 days")
        second = outcome_tables.create_outcome(**again, timepoint="1 year", measured_with="CPC")
        assert (second.position, second.measured_with) == (2, "CPC")

    def test_an_outcome_takes_its_place_and_the_others_close_up(self, panel: Panel) -> None:
        example = examples.move_outcome(panel)
        question = example["outcome"].question
        outcomes.move_outcome(**example)
        assert list(question.outcomes.values_list("name", "position")) == [
            ("Bleeding", 1),
            ("Survival", 2),
            ("Pain", 3),
        ]
        assert (last_event()["before"], last_event()["after"]) == ({"place": 3}, {"place": 1})
        outcomes.move_outcome(**(example | {"position": 99}))
        assert [one.name for one in question.outcomes.all()] == ["Survival", "Pain", "Bleeding"]

    def test_places_that_a_removal_left_empty_do_no_harm(self, panel: Panel) -> None:
        example = examples.move_outcome(panel)
        question = example["outcome"].question
        outcomes.remove_outcome(outcome=question.outcomes.get(name="Pain"), by=panel.chair)
        added = outcome_tables.create_outcome(
            question=question, name="Stroke", better=Better.LOWER, by=panel.chair
        )
        assert added.position == 4
        outcomes.move_outcome(outcome=added, position=2, by=panel.chair)
        assert [one.name for one in question.outcomes.all()] == ["Survival", "Stroke", "Bleeding"]


class TestRemoving:
    def test_what_goes_with_it_stays_in_the_trail(self, panel: Panel) -> None:
        outcome = f.outcome(question=panel.question(), name="Survival")
        f.decision_thresholds(outcome=outcome)
        f.importance_rating(outcome=outcome)
        outcomes.remove_outcome(outcome=outcome, by=panel.methodologist)
        assert not Outcome.objects.exists()
        assert not ImportanceRating.objects.exists()
        event = last_event()
        assert (event["type"], event["subject"], event["after"]) == ("outcome_removed", "Survival", None)
        assert event["before"]["thresholds"]["small"] == "5"

    @pytest.mark.parametrize(
        ("belongs", "named"),
        [(f.outcome_row, "outcome rows"), (f.study_result, "study results"), (f.summary_row, "summary rows")],
    )
    def test_an_outcome_with_results_stays(self, panel: Panel, belongs: Any, named: str) -> None:
        outcome = f.outcome(question=panel.question(), name="Survival")
        belongs(outcome=outcome)
        before = contents()
        with pytest.raises(Refused, match=f"cannot be removed: {named} belong to it"):
            outcomes.remove_outcome(outcome=outcome, by=panel.methodologist)
        assert contents() == before

    def test_what_somebody_else_has_removed_is_not_edited(self, panel: Panel) -> None:
        mine = examples.edit_outcome(panel)
        Outcome.objects.all().delete()
        with pytest.raises(Refused, match="Somebody else has removed the outcome “Survival”"):
            outcomes.edit_outcome(**mine)


class TestRating:
    def test_ratings_are_stored_and_changed(self, panel: Panel) -> None:
        example = examples.rate_importance(panel)
        first, second = example["ratings"]
        outcomes.rate_importance(**example)
        outcomes.rate_importance(**(example | {"ratings": {second: 5}}))
        assert dict(ImportanceRating.objects.values_list("outcome", "rating")) == {first: 9, second: 5}
        assert last_event() == expected_event(
            "importance_rated",
            example["question"].slug,
            question=example["question"],
            before={"Pain": 4},
            after={"Pain": 5},
            by=panel.member,
        )

    @pytest.mark.parametrize("rating", [0, 10, -1])
    def test_a_number_outside_the_scale_is_refused(self, panel: Panel, rating: int) -> None:
        example = examples.rate_importance(panel)
        outcome = next(iter(example["ratings"]))
        with pytest.raises(Refused, match="from 1 to 9"):
            outcomes.rate_importance(**(example | {"ratings": {outcome: rating}}))
        assert not ImportanceRating.objects.exists()

    def test_another_questions_outcome_is_refused_with_all_the_others(self, panel: Panel) -> None:
        example = examples.rate_importance(panel)
        with pytest.raises(Refused, match="not there any more"):
            outcomes.rate_importance(**(example | {"ratings": example["ratings"] | {f.outcome().pk: 3}}))
        assert not ImportanceRating.objects.exists()

    def test_whoever_takes_no_part_does_not_rate_nor_count(self, panel: Panel) -> None:
        example = examples.rate_importance(panel)
        outcomes.rate_importance(**example)
        outcomes.rate_importance(**(example | {"by": panel.colleague}))
        f.recusal(user=panel.member, question=example["question"], level=ConflictLevel.EXCLUDED)
        outcome = Outcome.objects.get(name="Pain")
        assert view(outcome, panel.colleague).importance.n_raters == 1
        with pytest.raises(Refused, match="take no part"):
            outcomes.rate_importance(**(example | {"ratings": {outcome.pk: 1}}))

    @pytest.mark.parametrize("status", ["in_review", "published", "withdrawn"])
    def test_rating_ends_with_the_panels_agreement(self, panel: Panel, status: str) -> None:
        example = examples.rate_importance(panel)
        Question.objects.filter(pk=example["question"].pk).update(status=QuestionStatus(status))
        with pytest.raises(Refused, match=Part.JUDGEMENTS.value):
            outcomes.rate_importance(**example)
        assert not ImportanceRating.objects.exists()

    def test_nobody_sees_what_the_others_gave_before_their_own_rating(self, panel: Panel) -> None:
        example = examples.rate_importance(panel)
        outcomes.rate_importance(**example)
        survival = Outcome.objects.get(name="Survival")
        f.importance_rating(outcome=survival, rating=6)
        for other in (panel.colleague, panel.observer):
            unseen = view(survival, other).importance
            assert (unseen.text, unseen.bars, unseen.proposal, unseen.n_raters) == ("", (), "", 2)
        own = view(survival, panel.member).importance
        assert (own.own, own.text) == (9, "7.5 (6.75 to 8.25), 2 raters")
        assert own.proposal == "The median of 7.5 proposes: critical."
        assert [bar.count for bar in own.bars] == [0, 0, 0, 0, 0, 1, 0, 0, 1]
        assert view(survival, panel.chair, manages=True).importance.text == own.text

    def test_a_class_is_never_filled_in_by_ratings(self, panel: Panel) -> None:
        outcomes.rate_importance(**examples.rate_importance(panel))
        assert set(Outcome.objects.values_list("importance", flat=True)) == {""}


class TestThresholds:
    def test_thresholds_are_set_changed_locked_and_changed_with_a_reason(self, panel: Panel) -> None:
        example = examples.set_thresholds(panel)
        outcome = example["outcome"]
        outcomes.set_thresholds(**example)
        outcomes.lock_thresholds(outcome=outcome, revision=1, by=panel.chair)
        shown = view(outcome, panel.observer).thresholds
        assert shown is not None
        assert (shown.text, shown.is_locked, shown.locked_by) == (
            "5, 12.5 and 50 per 1,000",
            True,
            "Carla Chair",
        )
        assert shown.timing == "Locked. No result of this outcome is stored yet."
        other = example | {"thresholds": Thresholds(Decimal(4), Decimal("12.5"), Decimal(50)), "revision": 2}
        before = contents()
        with pytest.raises(Refused, match="locked: please say why"):
            outcomes.set_thresholds(**other, reason=" ")
        assert contents() == before
        outcomes.set_thresholds(**other, reason="A slip of the keyboard.")
        f.outcome_row(outcome=outcome)
        later = view(outcome, panel.observer).thresholds
        assert later is not None
        assert [(c.by, c.words, c.reason) for c in later.changes] == [
            ("Mats Methodologist", "5/12.5/50 → 4/12.5/50 per 1,000", "A slip of the keyboard.")
        ]
        assert (later.locked_at, later.is_locked) == (shown.locked_at, True)
        assert later.timing == "Locked before the first result of this outcome was stored here."

    def test_a_row_computed_anew_does_not_make_the_lock_seem_earlier_than_the_data(
        self, panel: Panel
    ) -> None:
        example = examples.record_computed_row(panel)
        outcome_tables.record_computed_row(**example)
        f.decision_thresholds(outcome=example["outcome"])
        outcomes.lock_thresholds(outcome=example["outcome"], revision=1, by=panel.chair)
        outcome_tables.record_computed_row(**example)
        shown = view(example["outcome"], panel.observer).thresholds
        assert shown is not None
        assert shown.timing.startswith("Locked after results of this outcome were stored here")

    def test_a_stale_change_is_told_what_is_stored_now(self, panel: Panel) -> None:
        example = examples.set_thresholds(panel)
        outcomes.set_thresholds(**example)
        other = Thresholds(Decimal(1), Decimal(2), Decimal(3))
        with pytest.raises(StaleEdit) as refusal:
            outcomes.set_thresholds(**(example | {"thresholds": other}))
        assert (refusal.value.current["moderate"], refusal.value.revision) == ("12.5", 1)
        with pytest.raises(StaleEdit):
            outcomes.lock_thresholds(outcome=example["outcome"], revision=9, by=panel.chair)
        assert DecisionThresholds.objects.get().locked_at is None

    def test_thresholds_out_of_order_are_refused(self) -> None:
        with pytest.raises(Refused, match="moderate threshold, 5, must be larger than the small one, 20"):
            Thresholds(Decimal(20), Decimal(5), Decimal(50))

    def test_there_must_be_something_to_lock(self, panel: Panel) -> None:
        outcome = f.outcome(question=panel.question())
        with pytest.raises(Refused, match="no thresholds to lock"):
            outcomes.lock_thresholds(outcome=outcome, revision=0, by=panel.chair)

    @pytest.mark.parametrize(
        ("known", "words"),
        [
            ((False, None, 0), "Not locked yet. No result of this outcome is stored."),
            ((False, None, 2), "Not locked, and results of this outcome are stored already."),
            ((True, None, 2), ""),
        ],
    )
    def test_the_timing_in_words(self, known: tuple[bool, int | None, int], words: str) -> None:
        assert timing(*known) == words


class TestComparatorRisks:
    def test_risks_take_the_place_of_those_before(self, panel: Panel) -> None:
        example = examples.set_comparator_risks(panel)
        stored = outcomes.set_comparator_risks(**example)
        assert [(one.level, one.source, one.risk) for one in stored] == [
            ("studies", "median", None),
            ("high", "external", Decimal("0.52")),
        ]
        revision = risks_revision([outcomes.risk_values(one) for one in stored])
        outcomes.set_comparator_risks(**(example | {"risks": [Risk("low", "pooled")], "revision": revision}))
        assert list(ComparatorRisk.objects.values_list("level", "source")) == [("low", "pooled")]
        assert last_event()["before"][1]["citation"] == "Registry 2024"

    def test_a_stale_change_is_told_what_is_stored_now(self, panel: Panel) -> None:
        example = examples.set_comparator_risks(panel)
        outcomes.set_comparator_risks(**example)
        before = contents()
        with pytest.raises(StaleEdit) as refusal:
            outcomes.set_comparator_risks(**(example | {"risks": []}))
        assert [one["level"] for one in refusal.value.current["risks"]] == ["studies", "high"]
        assert contents() == before
        outcomes.set_comparator_risks(**(example | {"risks": [], "revision": refusal.value.revision}))
        assert not ComparatorRisk.objects.exists()

    @pytest.mark.parametrize(
        ("values", "message"),
        [
            (("high", "external", Decimal("1.01"), "Registry"), "between 0 and 1,000 per 1,000"),
            (("high", "external", Decimal("-0.01"), "Registry"), "between 0 and 1,000 per 1,000"),
            (("high", "external", None, "Registry"), "between 0 and 1,000"),
            (("high", "external", Decimal("0.5"), " "), "where it was read"),
            (("studies", "external", Decimal("0.5"), "Registry"), "not that of the studies"),
            (("high", "pooled", Decimal("0.5"), ""), "takes no number"),
            (("highest", "pooled", None, ""), "no comparator risk"),
        ],
    )
    def test_what_is_no_risk_is_refused(self, values: tuple[Any, ...], message: str) -> None:
        with pytest.raises(Refused, match=message):
            Risk(*values)

    def test_a_risk_that_the_risk_ratio_makes_impossible_is_refused(self, panel: Panel) -> None:
        example = examples.set_comparator_risks(panel)
        place = {"outcome": example["outcome"], "population": example["population"]}
        table = f.outcome_table(question=example["outcome"].question)
        f.outcome_row(**place, table=table, measure="RR", estimate=2.44, ci_low=1.5, ci_high=3.95)
        with pytest.raises(Refused, match="a risk of 520 per 1,000 would become 1,269 per 1,000"):
            outcomes.set_comparator_risks(**example)
        assert not ComparatorRisk.objects.exists()
        # At its upper limit alone it is a wide interval, not a wrong risk.
        low = [Risk("high", "external", Decimal("0.3"), "Registry 2024")]
        assert len(outcomes.set_comparator_risks(**(example | {"risks": low}))) == 1

    def test_a_hazard_ratio_without_counts_has_a_place_for_a_risk(self, panel: Panel) -> None:
        outcome = f.outcome(question=panel.question())
        table = f.outcome_table(question=outcome.question)
        none = dict.fromkeys(
            ("events_intervention", "n_intervention", "events_comparison", "n_comparison"), None
        )
        f.outcome_row(
            table=table, outcome=outcome, measure="HR", estimate=0.74, ci_low=0.55, ci_high=0.99, **none
        )
        f.outcome_row(
            table=table, outcome=outcome, measure="MD", estimate=2.5, ci_low=1.0, ci_high=4.0, **none
        )
        (place,) = view(outcome, panel.observer).places
        assert place.effects == (("HR", 0.74),)
        assert {words for _, words in place.offers} == {NO_COUNTS, NO_MEDIAN}

    def test_each_row_says_what_it_gives(self, panel: Panel) -> None:
        example = examples.record_reported_row(panel)
        outcome, population = example["outcome"], example["population"]
        counts = {
            "events_intervention": 426,
            "n_intervention": 944,
            "events_comparison": 385,
            "n_comparison": 931,
        }
        place: dict[str, Any] = {"table": example["table"], "outcome": outcome, "population": population}
        f.outcome_row(**place, **counts)
        median = {"median_comparison_risk": {"risk": 7 / 13, "trials": 13}}
        f.outcome_row(**place, **(counts | {"events_comparison": 390}), source="computed", provenance=median)
        f.comparator_risk(outcome=outcome, population=population)
        f.comparator_risk(
            outcome=outcome,
            population=population,
            level="low",
            source="external",
            risk=Decimal("0.0005"),
            citation="Registry 2024",
        )
        f.comparator_risk(outcome=outcome, population=population, level="high", source="median")
        (shown,) = view(outcome, panel.observer).places
        assert [(line.level, line.figures, line.citation) for line in shown.lines] == [
            (
                "As in the studies",
                (
                    ("414 per 1,000", "385 of 931 in the comparison arms, reported"),
                    ("419 per 1,000", "390 of 931 in the comparison arms, recomputed"),
                ),
                "",
            ),
            ("Low risk", (("0.5 per 1,000", "external cohort"),), "Registry 2024"),
            (
                "High risk",
                (("", f"Reported: {NO_MEDIAN}"), ("538 per 1,000", "median of 13 trials, recomputed")),
                "",
            ),
        ]
        offers = dict(shown.offers)
        assert offers["Median of the trials, recomputed row"] == "538 per 1,000 (median of 13 trials)"
        assert offers["Median of the trials, reported row"] == NO_MEDIAN


FROZEN = (
    "create_outcome",
    "edit_outcome",
    "move_outcome",
    "remove_outcome",
    "set_thresholds",
    "lock_thresholds",
)


@pytest.mark.parametrize("name", [*FROZEN[1:], "set_comparator_risks"])
@pytest.mark.parametrize("status", ["voting", "in_review", "published", "withdrawn"])
def test_outcomes_are_frozen_with_the_evidence(panel: Panel, name: str, status: str) -> None:
    arguments: dict[str, Any] = getattr(examples, name)(panel)
    Question.objects.filter(pk=arguments["outcome"].question_id).update(status=status)
    before = contents()
    with pytest.raises(Refused, match=Part.EVIDENCE.value):
        getattr(outcomes, name)(**arguments)
    assert contents() == before


@pytest.mark.parametrize("n", [1, 3])
def test_all_outcomes_take_seven_queries_with_one_and_three_of_everything(
    panel: Panel, n: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    question = panel.question()
    for _ in range(n):
        outcome = f.outcome(question=question)
        f.decision_thresholds(outcome=outcome)
        outcomes.lock_thresholds(outcome=outcome, revision=1, by=panel.chair)
        for _ in range(n):
            f.importance_rating(outcome=outcome)
            population = f.population(question=question)
            f.outcome_row(outcome=outcome, population=population)
            f.comparator_risk(outcome=outcome, population=population)
    question = Question.objects.select_related("guideline").get(pk=question.pk)
    with django_assert_num_queries(7):
        shown = load_outcomes(question, panel.chair, manages=True)
    assert [(one.importance.n_raters, len(one.risk_places)) for one in shown] == [(n, n)] * n
