"""Rating the certainty of an outcome: the level with it, what the data suggested, what refuses, and what is shown."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from pytest_django import DjangoAssertNumQueries

from etd.actions.certainty import DomainRating, EvidenceMoved, rate_certainty
from etd.actions.errors import Refused, StaleEdit
from etd.certainty_evidence import rated_on, row_digest, seen_digest, suggestions_of
from etd.domain.certainty import DEGREES
from etd.enums import Importance, QuestionStatus, StudyDesign, ValueSource
from etd.models import AuditEvent, CertaintyWorksheet, Outcome, OutcomeRow
from etd.selectors.certainty import load_certainty
from etd.stored import Stored
from tests import factories as f
from tests.unit.etd.worlds import Panel, last_event

pytestmark = pytest.mark.django_db

STUDIES = {"k": 13, "prediction_low": 0.55, "prediction_high": 1.6, "egger_p": 0.03}


def computed_row(panel: Panel, status: str = QuestionStatus.EVIDENCE, **values: Any) -> OutcomeRow:
    """A recomputed row with events in both arms and what meta-analysis knows of its studies."""
    outcome = f.outcome(question=panel.question(status), importance=Importance.CRITICAL)
    return f.outcome_row(
        **{
            "table": f.outcome_table(question=outcome.question),
            "outcome": outcome,
            "source": ValueSource.COMPUTED,
            "n_studies": 14,
            "estimate": 0.8,
            "ci_low": 0.65,
            "ci_high": 0.95,
            "i_squared": 71.0,
            "provenance": STUDIES,
        }
        | values
    )


def rated(changes: dict[str, int] | None = None, reason: str = "Said why") -> list[DomainRating]:
    levels = dict.fromkeys(DEGREES, 0) | (changes or {})
    return [DomainRating(domain, n, reason) for domain, n in levels.items()]


def save(panel: Panel, row: OutcomeRow | None, changes: dict[str, int], **more: Any) -> CertaintyWorksheet:
    arguments: dict[str, Any] = {
        "outcome": row.outcome if row else None,
        "row": row,
        "design": StudyDesign.RANDOMISED,
        "ratings": rated(changes),
        "revision": 0,
        "by": panel.methodologist,
    }
    return rate_certainty(**(arguments | more))


class TestRating:
    def test_the_level_goes_into_the_outcome_with_the_worksheet_and_the_event(self, panel: Panel) -> None:
        row = computed_row(panel)
        sheet = save(panel, row, {"risk_of_bias": -1, "inconsistency": -1})
        assert Outcome.objects.get(pk=row.outcome_id).certainty == "low"
        assert (sheet.revision, sheet.row, sheet.evidence_digest) == (1, row, row_digest(row))
        assert sheet.rated_on == "OR 0.80 (0.65–0.95), 14 studies, I² 71%"
        event = last_event()
        assert (event["type"], event["subject"], event["before"]) == (
            "certainty_rated",
            str(row.outcome),
            None,
        )
        assert event["after"]["arithmetic"] == "High − 1 (risk of bias) − 1 (inconsistency) = Low"
        assert event["after"]["level"] == "low"
        assert event["after"]["evidence_digest"] == row_digest(row)
        assert event["after"]["domains"]["risk_of_bias"] == {
            "levels": -1,
            "reason": "Said why",
            "suggestion": None,
        }

    def test_what_the_data_suggested_is_kept_also_where_it_was_not_followed(self, panel: Panel) -> None:
        sheet = save(panel, computed_row(panel), {})
        suggestion = sheet.ratings.get(domain="inconsistency").suggestion
        assert suggestion is not None
        assert suggestion["levels"] == -1
        assert "71.0%" in suggestion["text"]
        assert "0.55" in suggestion["text"]
        assert sheet.ratings.get(domain="inconsistency").levels == 0

    def test_who_leaves_a_suggestion_says_why(self, panel: Panel) -> None:
        row = computed_row(panel)
        silent = [replace(r, reason="" if r.domain == "inconsistency" else r.reason) for r in rated()]
        with pytest.raises(Refused, match="Say why inconsistency does not change the certainty"):
            save(panel, row, {}, ratings=silent)
        assert not CertaintyWorksheet.objects.exists()
        # Where the data suggest nothing, or no change, nothing needs to be said.
        where_silent = {"risk_of_bias", "indirectness", "large_effect"}
        some = [replace(r, reason="" if r.domain in where_silent else r.reason) for r in rated()]
        assert save(panel, row, {}, ratings=some).revision == 1

    def test_a_second_rating_needs_the_revision_of_the_first(self, panel: Panel) -> None:
        row = computed_row(panel)
        save(panel, row, {"risk_of_bias": -1})
        with pytest.raises(StaleEdit) as refusal:
            save(panel, row, {"imprecision": -2})
        assert refusal.value.revision == 1
        assert refusal.value.current["domains"]["risk_of_bias"]["levels"] == -1
        assert Outcome.objects.get(pk=row.outcome_id).certainty == "moderate"
        save(panel, row, {"imprecision": -2}, revision=1)
        event = last_event()
        assert event["before"]["arithmetic"] == "High − 1 (risk of bias) = Moderate"
        assert event["after"]["arithmetic"] == "High − 2 (imprecision) = Low"

    def test_the_same_again_is_no_event(self, panel: Panel) -> None:
        row = computed_row(panel)
        save(panel, row, {"risk_of_bias": -1})
        before = AuditEvent.objects.count()
        assert save(panel, row, {"risk_of_bias": -1}).revision == 1
        assert AuditEvent.objects.count() == before

    def test_a_level_from_a_document_is_in_the_event(self, panel: Panel) -> None:
        row = computed_row(panel)
        Outcome.objects.filter(pk=row.outcome_id).update(certainty="very_low")
        save(panel, row, {})
        assert last_event()["before"] == {"level": "very_low"}

    @pytest.mark.parametrize(
        ("change", "message"),
        [
            ({"ratings": rated({"imprecision": -1}, reason="  ")}, "Say why imprecision"),
            ({"ratings": rated()[1:]}, "Not rated yet: risk of bias"),
            ({"ratings": [*rated(), *rated()]}, "Each domain is rated once"),
            ({"ratings": rated({"publication_bias": -2})}, "not by −2"),
            ({"design": "guessed"}, "no study design"),
        ],
    )
    def test_what_cannot_be_is_refused(self, change: dict[str, Any], message: str, panel: Panel) -> None:
        row = computed_row(panel)
        with pytest.raises(Refused, match=message):
            save(panel, row, {}, **change)
        assert not CertaintyWorksheet.objects.exists()
        assert Outcome.objects.get(pk=row.outcome_id).certainty == ""

    def test_the_results_of_another_outcome_are_refused(self, panel: Panel) -> None:
        row, other = computed_row(panel), computed_row(panel)
        with pytest.raises(Refused, match="results must be those of this outcome"):
            save(panel, row, {}, outcome=other.outcome)
        assert not CertaintyWorksheet.objects.exists()

    def test_nothing_is_rated_while_the_panel_votes(self, panel: Panel) -> None:
        row = computed_row(panel, status=QuestionStatus.VOTING)
        with pytest.raises(Refused, match="closed to changes"):
            save(panel, row, {})
        assert not CertaintyWorksheet.objects.exists()

    def test_numbers_that_moved_while_somebody_was_rating_are_looked_at_again(self, panel: Panel) -> None:
        row = computed_row(panel)
        seen = seen_digest(row, suggestions_of(row, StudyDesign.RANDOMISED))
        row.i_squared = 10.0
        row.save()
        with pytest.raises(EvidenceMoved, match="What you typed is kept"):
            save(panel, row, {}, seen=seen)
        seen = seen_digest(row, suggestions_of(row, StudyDesign.RANDOMISED))
        assert save(panel, row, {}, seen=seen).revision == 1


class TestSuggestions:
    def test_without_results_nothing_is_suggested(self) -> None:
        assert suggestions_of(None, StudyDesign.RANDOMISED) == {}

    def test_a_reported_row_says_what_is_not_known(self, panel: Panel) -> None:
        row = computed_row(panel, source=ValueSource.REPORTED, provenance=None)
        found = suggestions_of(row, StudyDesign.RANDOMISED)
        assert found["publication_bias"]["levels"] is None
        assert "No suggestion: study-level data are not there" in found["publication_bias"]["text"]
        assert "prediction interval is not known" in found["inconsistency"]["text"]

    def test_thresholds_are_held_against_the_recorded_risk(self, panel: Panel) -> None:
        row = computed_row(panel)
        plain = suggestions_of(row, StudyDesign.RANDOMISED)["imprecision"]["text"]
        f.decision_thresholds(outcome=row.outcome, small=5, moderate=20, large=50)
        f.comparator_risk(
            outcome=row.outcome, population=row.population, source="external", risk="0.5", citation="A cohort"
        )
        held = suggestions_of(row, StudyDesign.RANDOMISED)["imprecision"]
        assert "threshold" not in plain
        # 0.5 with OR 0.65 and 0.95: 394 and 487 per 1,000, so 106 and 13 fewer: moderate and large lie between.
        assert "106 fewer" in held["text"]
        assert "13 fewer" in held["text"]
        assert held["levels"] == -2

    def test_the_size_of_the_effect_waits_for_the_design(self, panel: Panel) -> None:
        row = computed_row(panel, estimate=0.1, ci_low=0.05, ci_high=0.2)
        assert "Choose the design" in suggestions_of(row, "")["large_effect"]["text"]
        assert suggestions_of(row, StudyDesign.RANDOMISED)["large_effect"]["levels"] == 0
        assert (suggestions_of(row, StudyDesign.NON_RANDOMISED)["large_effect"]["levels"] or 0) > 0


class TestView:
    def test_other_numbers_than_rated_on_are_said(self, panel: Panel) -> None:
        row = computed_row(panel)
        save(panel, row, {"risk_of_bias": -1})
        sheet = load_certainty(Stored(row.outcome.question)).outcomes[0].worksheet
        assert sheet is not None
        assert sheet.row_now == ""
        row.estimate, row.ci_high = 0.85, 1.05
        row.save()
        sheet = load_certainty(Stored(row.outcome.question)).outcomes[0].worksheet
        assert sheet is not None
        assert (sheet.rated_on, sheet.row_now) == ("OR 0.80 (0.65–0.95), 14 studies, I² 71%", rated_on(row))
        assert "0.85 (0.65–1.05)" in sheet.row_now

    def test_the_outcomes_suggest_the_lowest_where_directions_differ(self, panel: Panel) -> None:
        row = computed_row(panel)
        save(panel, row, {})
        harm = f.outcome(
            question=row.outcome.question, importance=Importance.CRITICAL, certainty="low", better="higher"
        )
        f.outcome_row(table=row.table, outcome=harm, estimate=0.7, ci_low=0.5, ci_high=0.9)
        f.outcome(question=row.outcome.question)
        Outcome.objects.filter(pk=row.outcome_id).update(better="lower")
        view = load_certainty(Stored(row.outcome.question))
        assert view.proposal.level == "low"
        assert "different directions" in view.proposal.reason
        assert len(view.without_importance) == 1

    @pytest.mark.parametrize("n", [1, 4])
    def test_it_takes_two_queries_however_many_outcomes_there_are(
        self, n: int, panel: Panel, django_assert_num_queries: DjangoAssertNumQueries
    ) -> None:
        question = panel.question(QuestionStatus.EVIDENCE)
        for _ in range(n):
            outcome = f.outcome(question=question)
            save(panel, f.outcome_row(outcome=outcome), {}, outcome=outcome)
        with django_assert_num_queries(2):
            assert len(load_certainty(Stored(question)).outcomes) == n
