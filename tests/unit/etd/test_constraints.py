"""Every constraint of the database has one row that it lets in and rows that it keeps out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.apps import apps
from django.db import IntegrityError, connection, models, transaction
from django.db.models import CheckConstraint, UniqueConstraint

from etd.enums import QuestionStatus, ValueSource
from metaanalysis.models import ResultKind, UploadStatus
from tests import factories as f

APPS = ("etd", "metaanalysis", "documents")
MODELS = [model for model in apps.get_models() if model._meta.app_label in APPS]

MEANS = {
    "kind": ResultKind.MEANS,
    "mean_intervention": 1.0,
    "sd_intervention": 2.0,
    "mean_comparison": 1.5,
    "sd_comparison": 2.0,
}
GIV = {
    "kind": ResultKind.ESTIMATE,
    "events_intervention": None,
    "n_intervention": None,
    "events_comparison": None,
    "n_comparison": None,
    "estimate": -0.2,
    "se": 0.1,
}
NO_EFFECT = {"estimate": None, "ci_low": None, "ci_high": None, "p_value": None}
TYPE = {
    "type_key": "strong_for",
    "type_basis": "consensus",
    "type_evidence_digest": f.DIGEST,
    "type_judged_at": f.NOW,
}
REAFFIRMED = {"reaffirmed_at": f.NOW, "reaffirmed_by": True, "reaffirmed_because": "It still stands."}
REAFFIRMED_TYPE = {f"type_{name}": value for name, value in REAFFIRMED.items()}
STRONG_ON_LOW = {
    "strength": "strong",
    "direction": "for",
    "certainty": "very_low",
    "paradigm": "catastrophic_harm",
    "paradigm_reason": "It cannot be undone.",
}
CONFIRMED = {"status": UploadStatus.CONFIRMED, "confirmed_at": f.NOW}

# Name of the constraint: factory, fields that pass, and lists of fields that do not.
CHECKS: dict[str, tuple[Callable[..., Any], dict[str, Any], list[dict[str, Any]]]] = {
    "user_email_is_lower_case": (
        lambda **fields: f.User.objects.create(name="Ada", **fields),
        {"email": "ada@example.org"},
        [{"email": "Ada@example.org"}],
    ),
    "reference_doi_begins_with_10": (
        f.reference,
        {"doi": "10.1056/nejmoa2307227"},
        [{"doi": "doi:10.1056/nejmoa2307227"}, {"doi": "https://doi.org/10.1056/nejmoa2307227"}],
    ),
    "guideline_strength_word_is_known": (f.guideline, {"strength_word": "weak"}, [{"strength_word": "soft"}]),
    "guideline_tally_display_is_known": (
        f.guideline,
        {"tally_display": "none"},
        [{"tally_display": "maybe"}],
    ),
    "guideline_consensus_preset_is_known": (
        f.guideline,
        {"consensus_preset": "grade_grid"},
        [{"consensus_preset": "gut"}],
    ),
    "guideline_quorum_is_a_percentage": (
        f.guideline,
        {"consensus_quorum": 60},
        [{"consensus_quorum": 0}, {"consensus_quorum": 101}],
    ),
    "guideline_threshold_is_of_its_own_rule": (
        f.guideline,
        {"consensus_preset": "own", "consensus_threshold": 50},
        [
            {"consensus_preset": "own"},
            {"consensus_preset": "own", "consensus_threshold": 49},
            {"consensus_preset": "own", "consensus_threshold": 101},
            {"consensus_threshold": 80},
        ],
    ),
    "membership_role_is_known": (f.panel_membership, {"role": "observer"}, [{"role": "boss"}, {"role": ""}]),
    "membership_ended_pair": (
        lambda **given: f.panel_membership(**_by(given, "ended_by")),
        {"ended_at": f.NOW, "ended_by": True},
        [{"ended_at": f.NOW}, {"ended_by": True}],
    ),
    "invitation_email_is_lower_case": (
        f.invitation,
        {"email": "ada@example.org"},
        [{"email": "Ada@example.org"}],
    ),
    "invitation_role_is_known": (f.invitation, {"role": "observer"}, [{"role": "boss"}, {"role": ""}]),
    "invitation_accepted_pair": (
        lambda **given: f.invitation(**_by(given, "accepted_by")),
        {"accepted_at": f.NOW, "accepted_by": True},
        [{"accepted_at": f.NOW}, {"accepted_by": True}],
    ),
    "invitation_withdrawn_pair": (
        lambda **given: f.invitation(**_by(given, "withdrawn_by")),
        {"withdrawn_at": f.NOW, "withdrawn_by": True},
        [{"withdrawn_at": f.NOW}, {"withdrawn_by": True}],
    ),
    "invitation_ends_once": (
        lambda **given: f.invitation(**_by(_by(given, "accepted_by"), "withdrawn_by")),
        {"accepted_at": f.NOW, "accepted_by": True},
        [
            {
                "accepted_at": f.NOW,
                "accepted_by": True,
                "withdrawn_at": f.NOW,
                "withdrawn_by": True,
            }
        ],
    ),
    "guideline_approvals_needed_is_one_to_five": (
        f.guideline,
        {"approvals_needed": 5},
        [{"approvals_needed": 0}, {"approvals_needed": 6}],
    ),
    "book_phase_is_known": (f.book, {"phase": "failed"}, [{"phase": "printed"}, {"phase": ""}]),
    "book_is_done_with_its_pdf": (
        f.book,
        {"phase": "done", "pdf": b"%PDF"},
        [{"phase": "done"}, {"phase": "failed", "pdf": b"%PDF"}],
    ),
    "approval_ended_pair": (
        lambda **given: f.approval(**_by(given, "ended_by")),
        {"ended_at": f.NOW, "ended_by": True},
        [{"ended_at": f.NOW}, {"ended_by": True}],
    ),
    "version_follows_another_with_a_note": (
        f.published_version,
        {"number": 2, "previous_sha256": f.DIGEST, "note": "One trial more."},
        [
            {"number": 1, "previous_sha256": f.DIGEST},
            {"number": 2, "note": "One trial more."},
            {"number": 2, "previous_sha256": f.DIGEST},
            {"number": 0},
        ],
    ),
    "withdrawal_has_a_reason": (f.withdrawal, {"reason": "A trial was retracted."}, [{"reason": ""}]),
    "adolopment_choice_is_known": (f.adolopment, {"choice": "redo"}, [{"choice": "copy"}, {"choice": ""}]),
    "question_status_is_known": (f.question, {"status": QuestionStatus.IN_REVIEW}, [{"status": "finished"}]),
    "outcome_better_is_known": (f.outcome, {"better": "lower"}, [{"better": ""}, {"better": "more"}]),
    "outcome_importance_is_known": (f.outcome, {"importance": "critical"}, [{"importance": "huge"}]),
    "outcome_hazard_ratio_of_is_known": (
        f.outcome,
        {"hazard_ratio_of": "opposite"},
        [{"hazard_ratio_of": "death"}],
    ),
    "outcome_certainty_is_known": (f.outcome, {"certainty": "very_low"}, [{"certainty": "very low"}]),
    "question_people_per_is_a_power_of_ten": (
        f.question,
        {"people_per": 100_000},
        [{"people_per": 0}, {"people_per": 10}, {"people_per": 999}],
    ),
    "importance_rating_from_1_to_9": (f.importance_rating, {"rating": 9}, [{"rating": 0}, {"rating": 10}]),
    "thresholds_in_ascending_order": (
        f.decision_thresholds,
        {"small": "0.5", "moderate": "0.51", "large": 1000},
        [{"small": 0}, {"small": 20}, {"moderate": 50}, {"large": 1001}],
    ),
    "thresholds_locked_pair": (
        lambda **given: f.decision_thresholds(**_by(given, "locked_by")),
        {"locked_at": f.NOW, "locked_by": True},
        [{"locked_at": f.NOW}, {"locked_by": True}],
    ),
    "comparator_risk_level_is_known": (f.comparator_risk, {"level": "high"}, [{"level": "huge"}]),
    "comparator_risk_follows_or_is_cited": (
        f.comparator_risk,
        {"source": "external", "risk": "0.41", "citation": "A registry"},
        [
            {"source": "guess"},
            {"risk": "0.41"},
            {"source": "external", "citation": "A registry"},
            {"source": "external", "risk": "0.41"},
            {"source": "external", "risk": "1.01", "citation": "A registry"},
            {"source": "external", "risk": "-0.01", "citation": "A registry"},
        ],
    ),
    "worksheet_design_is_known": (
        f.certainty_worksheet,
        {"design": "non_randomised_robins_i"},
        [{"design": "opinion"}],
    ),
    "certainty_rating_within_its_domain": (
        f.certainty_rating,
        {"domain": "large_effect", "levels": 2},
        [
            {"domain": "gut feeling"},
            {"levels": -4},
            {"levels": 1},
            {"domain": "publication_bias", "levels": -2},
            {"domain": "large_effect", "levels": 3},
            {"domain": "large_effect", "levels": -1},
            {"domain": "dose_response", "levels": 2},
            {"domain": "confounding", "levels": -1},
        ],
    ),
    "certainty_rating_has_its_reason": (
        f.certainty_rating,
        {"levels": 0, "reason": ""},
        [{"levels": -1, "reason": ""}],
    ),
    "summary_row_source_is_known": (f.summary_row, {"source": "computed"}, [{"source": "guessed"}]),
    "summary_edit_column_is_known": (f.summary_edit, {"column": "comments"}, [{"column": "price"}]),
    "outcome_row_source_is_known": (
        f.outcome_row,
        {"source": ValueSource.REPORTED},
        [{"source": "guessed", "provenance": {}}],
    ),
    "outcome_row_measure_is_known": (
        f.outcome_row,
        {"measure": "", **NO_EFFECT},
        [{"measure": "XX"}, {"measure": ""}],
    ),
    "outcome_row_events_intervention_within_n": (
        f.outcome_row,
        {"events_intervention": None, "n_intervention": 10},
        [
            {"events_intervention": 11, "n_intervention": 10},
            {"events_intervention": 0, "n_intervention": 0},
            {"events_intervention": None, "n_intervention": 0},
            {"events_intervention": 5, "n_intervention": None},
        ],
    ),
    "outcome_row_events_comparison_within_n": (
        f.outcome_row,
        {"events_comparison": None, "n_comparison": None},
        [
            {"events_comparison": 11, "n_comparison": 10},
            {"events_comparison": 0, "n_comparison": 0},
            {"events_comparison": None, "n_comparison": 0},
            {"events_comparison": 5, "n_comparison": None},
        ],
    ),
    "outcome_row_estimate_inside_interval": (
        f.outcome_row,
        {"estimate": 1.0, "ci_low": 1.0, "ci_high": 1.0},
        [
            {"estimate": 0.8, "ci_low": 0.9, "ci_high": 1.2},
            {"estimate": 1.3, "ci_low": 0.9, "ci_high": 1.2},
            {"estimate": 1.0, "ci_low": None, "ci_high": 1.2},
            {"estimate": 1.0, "ci_low": 0.9, "ci_high": None},
            {"estimate": 1.0, "ci_low": None, "ci_high": None},
            {"estimate": None, "p_value": None},
        ],
    ),
    "outcome_row_p_needs_estimate": (
        f.outcome_row,
        {"p_value": None},
        [{"estimate": None, "ci_low": None, "ci_high": None, "p_value": 0.5}],
    ),
    "outcome_row_p_is_a_probability": (
        f.outcome_row,
        {"p_value": 1.0},
        [{"p_value": 1.01}, {"p_value": -0.01}],
    ),
    "outcome_row_i_squared_is_a_percentage": (
        f.outcome_row,
        {"i_squared": 100.0},
        [{"i_squared": 100.5}, {"i_squared": -0.5}],
    ),
    "outcome_row_tau_squared_not_negative": (f.outcome_row, {"tau_squared": 0.0}, [{"tau_squared": -0.001}]),
    "outcome_row_no_studies_no_effect": (f.outcome_row, {"n_studies": 0, **NO_EFFECT}, [{"n_studies": 0}]),
    "outcome_row_computed_has_provenance": (
        f.outcome_row,
        {"source": ValueSource.COMPUTED, "provenance": {"analysis": 1}},
        [{"source": ValueSource.COMPUTED}, {"source": ValueSource.REPORTED, "provenance": {"analysis": 1}}],
    ),
    "judgement_basis_is_known": (f.judgement, {"basis": "vote"}, [{"basis": "whim"}, {"basis": ""}]),
    "statement_kind_is_known": (f.recommendation_statement, {"kind": "recommendation"}, [{"kind": "advice"}]),
    "statement_strength_is_known": (
        f.recommendation_statement,
        {"strength": "strong"},
        [{"strength": "weak"}],
    ),
    "statement_direction_is_known": (
        f.recommendation_statement,
        {"direction": "either"},
        [{"direction": "up"}],
    ),
    "statement_certainty_is_known": (
        f.recommendation_statement,
        {"certainty": "low"},
        [{"certainty": "Low"}],
    ),
    "statement_good_practice_has_no_strength": (
        f.recommendation_statement,
        {"kind": "good_practice_statement"},
        [
            {"kind": "good_practice_statement", "strength": "strong"},
            {"kind": "good_practice_statement", "direction": "for"},
            {"kind": "good_practice_statement", "certainty": "low"},
        ],
    ),
    "statement_without_strength": (
        f.recommendation_statement,
        {"kind": "no_recommendation", "certainty": "very_low"},
        [
            {"kind": "no_recommendation", "strength": "conditional"},
            {"kind": "no_recommendation", "direction": "for"},
            {"kind": "research_only", "strength": "conditional"},
            {"kind": "research_only", "direction": "for"},
        ],
    ),
    "statement_paradigm_where_strong_on_low": (
        f.recommendation_statement,
        STRONG_ON_LOW,
        [
            STRONG_ON_LOW | {"strength": "conditional"},
            STRONG_ON_LOW | {"certainty": "moderate"},
            STRONG_ON_LOW | {"certainty": ""},
            STRONG_ON_LOW | {"paradigm": "other"},
            STRONG_ON_LOW | {"paradigm": ""},
            STRONG_ON_LOW | {"paradigm_reason": ""},
        ],
    ),
    "statement_basis_of_good_practice": (
        f.recommendation_statement,
        {"kind": "good_practice_statement", "practice_basis": "principles"},
        [
            {"kind": "good_practice_statement", "practice_basis": "habit"},
            {"kind": "recommendation", "practice_basis": "principles"},
        ],
    ),
    "practice_answer_question_is_known": (
        f.practice_answer,
        {"question_key": "clear_rationale"},
        [{"question_key": "popular"}],
    ),
    "practice_answer_says_something": (
        f.practice_answer,
        {"answer": "", "rationale": "To be discussed."},
        [{"answer": "maybe"}, {"answer": ""}],
    ),
    "round_closed_pair": (
        lambda **given: f.voting_round(**_by(given, "closed_by")),
        {"closed_at": f.NOW, "closed_by": True},
        [{"closed_at": f.NOW}, {"closed_by": True}],
    ),
    "round_tally_display_is_known": (
        f.voting_round,
        {"tally_display": "named"},
        [{"tally_display": "always"}],
    ),
    "round_digest_of_the_close": (
        lambda **given: f.voting_round(**_by(given, "closed_by")),
        {"closed_at": f.NOW, "closed_by": True, "tally_digest": f.DIGEST},
        [{"tally_digest": f.DIGEST}],
    ),
    "recusal_from_one_thing": (
        lambda **given: f.Recusal.objects.create(
            user=f.user(), created_at=f.NOW, created_by=f.user(), **{k: make() for k, make in given.items()}
        ),
        {"guideline": f.guideline},
        [{}, {"guideline": f.guideline, "question": f.question}],
    ),
    "recusal_level_keeps_from_voting": (
        f.recusal,
        {"level": "excluded"},
        [{"level": "disclosure"}, {"level": ""}],
    ),
    "recusal_ended_pair": (
        lambda **given: f.recusal(**_by(given, "ended_by")),
        {"ended_at": f.NOW, "ended_by": True},
        [{"ended_at": f.NOW}, {"ended_by": True}],
    ),
    "declaration_version_from_one": (f.conflict_declaration, {"version": 1}, [{"version": 0}]),
    "declaration_conflict_has_a_kind": (
        f.conflict_declaration,
        {"has_conflict": True, "financial": False, "other": True},
        [{"has_conflict": True, "financial": False}, {"has_conflict": False, "financial": True}],
    ),
    "declaration_conflict_has_words": (
        f.conflict_declaration,
        {"has_conflict": False, "financial": False, "text": ""},
        [{"text": ""}],
    ),
    "management_level_is_known": (
        f.conflict_management,
        {"level": "excluded"},
        [{"level": "forgiven"}, {"level": ""}],
    ),
    "recommendation_basis_is_known": (
        f.recommendation,
        TYPE | {"type_basis": "vote"},
        [TYPE | {"type_basis": "whim"}],
    ),
    "recommendation_type_judged_pair": (
        f.recommendation,
        TYPE,
        [
            TYPE | {"type_key": ""},
            TYPE | {"type_basis": ""},
            TYPE | {"type_evidence_digest": ""},
            TYPE | {"type_judged_at": None},
            {"type_judged_at": f.NOW},
            {"type_reason": "Because."},
        ],
    ),
    "recommendation_round_with_its_tally": (
        f.recommendation,
        TYPE | {"type_round_number": 1, "type_tally_digest": f.DIGEST},
        [TYPE | {"type_round_number": 1}, TYPE | {"type_tally_digest": f.DIGEST}],
    ),
    "judgement_round_with_its_tally": (
        f.judgement,
        {"round_number": 2, "tally_digest": f.DIGEST},
        [{"round_number": 2}, {"tally_digest": f.DIGEST}],
    ),
    "judgement_reaffirmed_pair": (
        lambda **given: f.judgement(**_by(given, "reaffirmed_by")),
        REAFFIRMED,
        [
            REAFFIRMED | {"reaffirmed_because": ""},
            REAFFIRMED | {"reaffirmed_at": None},
            REAFFIRMED | {"reaffirmed_by": None},
            {"reaffirmed_because": "It still stands."},
        ],
    ),
    "recommendation_type_reaffirmed_pair": (
        lambda **given: f.recommendation(**_by(given, "type_reaffirmed_by")),
        TYPE | REAFFIRMED_TYPE,
        [
            REAFFIRMED_TYPE,
            TYPE | REAFFIRMED_TYPE | {"type_reaffirmed_because": ""},
            TYPE | {"type_reaffirmed_at": f.NOW},
        ],
    ),
    "dismissed_finding_severity_is_known": (
        f.dismissed_finding,
        {"severity": "impossible"},
        [{"severity": "grave"}],
    ),
    "dismissed_finding_has_a_reason": (f.dismissed_finding, {"reason": "Checked."}, [{"reason": ""}]),
    "ballot_voided_pair": (
        lambda **given: f.ballot(**_by(given, "voided_by")),
        {"voided_at": f.NOW, "voided_by": True},
        [{"voided_at": f.NOW}, {"voided_by": True}],
    ),
    "vote_confidence_is_known": (f.vote, {"confidence": "high"}, [{"confidence": "sure"}]),
    "vote_no_evidence_basis_is_known": (
        f.vote,
        {"no_evidence_basis": "experience"},
        [{"no_evidence_basis": "gut"}],
    ),
    "staged_import_status_is_known": (f.staged_import, {"status": "discarded"}, [{"status": "lost"}]),
    "staged_import_stored_is_a_question": (
        lambda **given: f.staged_import(
            **given | ({"question": f.question()} if "question" in given else {})
        ),
        {"status": "stored", "question": True},
        [{"status": "stored"}, {"status": "discarded", "question": True}, {"question": True}],
    ),
    "upload_status_is_known": (f.data_upload, {"status": "discarded"}, [{"status": "lost"}]),
    "upload_confirmed_pair": (
        lambda **given: f.data_upload(**_by(given, "confirmed_by")),
        {**CONFIRMED, "confirmed_by": True},
        [CONFIRMED, {"status": UploadStatus.CONFIRMED, "confirmed_by": True}, {"confirmed_at": f.NOW}],
    ),
    "study_at_least_one_trial": (f.study, {"n_trials": 6}, [{"n_trials": 0}]),
    "study_design_is_known": (f.study, {"design": "non_randomised"}, [{"design": "anecdote"}]),
    "study_result_kind_is_known": (f.study_result, {"kind": "counts"}, [{"kind": "survival"}]),
    "study_result_counts_are_whole": (
        f.study_result,
        {"events_intervention": 0, "events_comparison": 41},
        [
            {"events_intervention": 41},
            {"events_comparison": 42},
            {"events_intervention": 0, "n_intervention": 0},
            {"n_comparison": None},
            {"events_comparison": None},
        ],
    ),
    "study_result_means_are_whole": (
        f.study_result,
        MEANS,
        [
            MEANS | {"sd_intervention": 0.0},
            MEANS | {"sd_intervention": None},
            MEANS | {"sd_comparison": None},
            MEANS | {"mean_comparison": None},
            MEANS | {"n_intervention": None},
            MEANS | {"n_intervention": 1},
            MEANS | {"n_comparison": 1},
        ],
    ),
    "study_result_estimate_is_whole": (
        f.study_result,
        GIV,
        [GIV | {"se": 0.0}, GIV | {"se": None}, GIV | {"estimate": None}],
    ),
    "study_result_measure_is_of_an_estimate": (
        f.study_result,
        GIV | {"measure": "HR"},
        [GIV | {"measure": "XX"}, {"measure": "OR"}],
    ),
}

# A row that breaks the first breaks the second as well, and PostgreSQL names the first in the alphabet.
ALSO_BROKEN = {"outcome_row_source_is_known": "outcome_row_computed_has_provenance"}

# Name of the constraint: factory, and two functions from nothing to fields: the row twice, and the row that may stand
# beside it. Related rows are made once, by the first function.
UNIQUES: dict[str, tuple[Callable[..., Any], Callable[[], dict[str, Any]], Callable[[], dict[str, Any]]]] = {
    "membership_one_role_a_guideline": (
        f.panel_membership,
        lambda: {"guideline": f.guideline(), "user": f.user()},
        lambda: {"user": f.user()},
    ),
    "own_framework_version_unique": (
        f.own_framework,
        lambda: {"guideline": f.guideline(), "version": 1},
        lambda: {"version": 2},
    ),
    "question_slug_unique_in_guideline": (
        f.question,
        lambda: {"guideline": f.guideline(), "slug": "cooling"},
        lambda: {"guideline": f.guideline()},
    ),
    "recusal_once_a_question": (
        f.recusal,
        lambda: {"question": f.question(), "user": f.user()},
        lambda: {"question": f.question()},
    ),
    "recusal_once_a_guideline": (
        lambda **fields: f.Recusal.objects.create(created_at=f.NOW, created_by=f.user(), **fields),
        lambda: {"guideline": f.guideline(), "user": f.user()},
        lambda: {"ended_at": f.NOW, "ended_by": f.user()},
    ),
    "declaration_version_of_a_question": (
        f.conflict_declaration,
        lambda: {"guideline": f.guideline(), "question": f.question(), "member": f.user()},
        lambda: {"version": 2},
    ),
    "declaration_version_of_a_guideline": (
        f.conflict_declaration,
        lambda: {"guideline": f.guideline(), "member": f.user()},
        lambda: {"question": f.question()},
    ),
    "reference_number_unique": (
        f.reference,
        lambda: {"question": f.question(), "number": 3},
        lambda: {"number": 4},
    ),
    "outcome_unique": (
        f.outcome,
        lambda: {"question": f.question(), "name": "Survival", "timepoint": "30 days"},
        lambda: {"timepoint": "1 year"},
    ),
    "population_label_unique": (
        f.population,
        lambda: {"question": f.question(), "label": "Adults"},
        lambda: {"label": "Children"},
    ),
    "outcome_table_number_unique": (
        f.outcome_table,
        lambda: {"question": f.question(), "number": 1},
        lambda: {"number": 2},
    ),
    "outcome_row_unique": (
        f.outcome_row,
        lambda: {"table": f.outcome_table(), "outcome": f.outcome(), "population": f.population()},
        lambda: {"source": ValueSource.COMPUTED, "provenance": {}},
    ),
    "approval_once_a_person_and_content": (
        f.approval,
        lambda: {"question": f.question(), "approved_by": f.user()},
        lambda: {"content_sha256": "1" * 64},
    ),
    "book_one_at_a_time": (
        f.book,
        lambda: {"guideline": f.guideline()},
        lambda: {"phase": "failed"},
    ),
    "version_number_unique": (
        f.published_version,
        lambda: {"question": f.question()},
        lambda: {"number": 2, "previous_sha256": f.DIGEST, "note": "One trial more."},
    ),
    "kept_evidence_once_a_digest": (
        f.kept_evidence,
        lambda: {"question": f.question()},
        lambda: {"digest": "1" * 64},
    ),
    "dismissed_finding_once": (
        f.dismissed_finding,
        lambda: {"question": f.question()},
        lambda: {"fingerprint": "1" * 64},
    ),
    "importance_rated_once": (
        f.importance_rating,
        lambda: {"outcome": f.outcome(), "rated_by": f.user()},
        lambda: {"rated_by": f.user()},
    ),
    "comparator_risk_once_a_level": (
        f.comparator_risk,
        lambda: {"outcome": f.outcome(), "population": f.population()},
        lambda: {"level": "high"},
    ),
    "certainty_rating_one_a_domain": (
        f.certainty_rating,
        lambda: {"worksheet": f.certainty_worksheet()},
        lambda: {"domain": "inconsistency"},
    ),
    "summary_row_once_an_outcome": (
        f.summary_row,
        lambda: {
            "question": (q := f.question()),
            "outcome": f.outcome(question=q),
            "population": f.population(question=q),
        },
        lambda: {"population": f.population()},
    ),
    "summary_edit_one_a_cell": (
        f.summary_edit,
        lambda: {"row": f.summary_row()},
        lambda: {"column": "comments"},
    ),
    "assessment_one_a_criterion": (
        f.criterion_assessment,
        lambda: {"question": f.question()},
        lambda: {"criterion_key": f.FRAMEWORK.criteria[1].key},
    ),
    "judgement_option_once": (
        f.judgement,
        lambda: {"assessment": f.criterion_assessment(), "applies_to": "IABP"},
        lambda: {"applies_to": "ECMO"},
    ),
    "statement_position_unique": (
        f.recommendation_statement,
        lambda: {"question": f.question(), "position": 1},
        lambda: {"position": 2},
    ),
    "practice_answer_one_a_question": (
        f.practice_answer,
        lambda: {"statement": f.recommendation_statement(), "question_key": "necessary"},
        lambda: {"question_key": "net_positive"},
    ),
    "invitation_one_waiting_an_address": (
        f.invitation,
        lambda: {"guideline": f.guideline(), "email": "ada@example.org"},
        lambda: {"withdrawn_at": f.NOW, "withdrawn_by": f.user()},
    ),
    "section_one_a_heading": (
        f.conclusion_section,
        lambda: {"question": f.question()},
        lambda: {"section_key": f.FRAMEWORK.sections[1].key},
    ),
    "round_number_unique": (
        f.voting_round,
        lambda: {"question": f.question(), "number": 1, "closed_at": f.NOW, "closed_by": f.user()},
        lambda: {"number": 2},
    ),
    "round_one_open_a_question": (
        lambda **fields: f.voting_round(**fields),
        lambda: {"question": f.question()},
        lambda: {"closed_at": f.NOW, "closed_by": f.user()},
    ),
    "ballot_one_a_member": (
        f.ballot,
        lambda: {"round": f.voting_round(), "member": f.user()},
        lambda: {"member": f.user()},
    ),
    "vote_one_an_item": (
        f.vote,
        lambda: {"ballot": f.ballot()},
        lambda: {"item_key": f.FRAMEWORK.criteria[1].key},
    ),
    "audit_seq_unique_in_chain": (f.audit_event, lambda: {"chain": "site", "seq": 1}, lambda: {"seq": 2}),
    "audit_op_once_an_actor": (
        f.audit_event,
        lambda: {"actor_id": "7", "op": "7b1c7d3e-29b2-4a7e-8a6d-4d6f6a2b0c11"},
        lambda: {"op": None},
    ),
    "study_label_unique": (f.study, lambda: {"question": f.question(), "label": "A"}, lambda: {"label": "B"}),
    "study_result_unique": (
        f.study_result,
        lambda: {"study": f.study(), "outcome": f.outcome(), "population": f.population()},
        lambda: {"population": f.population()},
    ),
}


def _by(given: dict[str, Any], field: str) -> dict[str, Any]:
    """Fields with a person in the place of True."""
    return given | ({field: f.user()} if given.get(field) else {})


def _constraints(kind: type[models.BaseConstraint]) -> dict[str, type[models.Model]]:
    return {c.name: model for model in MODELS for c in model._meta.constraints if isinstance(c, kind)}


@pytest.mark.parametrize("name", CHECKS)
@pytest.mark.django_db
def test_check_constraint(name: str) -> None:
    make, good, bads = CHECKS[name]
    assert make(**good).pk
    assert bads
    for bad in bads:
        said = f"{name}|{ALSO_BROKEN.get(name, name)}"
        with pytest.raises(IntegrityError, match=said), transaction.atomic():
            make(**bad)


@pytest.mark.parametrize("name", UNIQUES)
@pytest.mark.django_db
def test_unique_constraint(name: str) -> None:
    make, twice, beside = UNIQUES[name]
    fields = twice()
    first = make(**fields)
    assert make(**(fields | beside())).pk != first.pk
    constraint = next(c for c in type(first)._meta.constraints if c.name == name)
    columns = [type(first)._meta.get_field(field).column for field in constraint.fields]
    # SQLite names the columns of the broken constraint, PostgreSQL the constraint itself.
    table = type(first)._meta.db_table
    said = name if connection.vendor == "postgresql" else ", ".join(f"{table}.{column}" for column in columns)
    with pytest.raises(IntegrityError, match=said), transaction.atomic():
        make(**fields)


def test_no_constraint_is_without_a_test() -> None:
    assert set(_constraints(CheckConstraint)) - set(CHECKS) == set()
    assert set(_constraints(UniqueConstraint)) - set(UNIQUES) == set()
    assert set(CHECKS) - set(_constraints(CheckConstraint)) == set(), "these constraints are gone"
    assert set(UNIQUES) - set(_constraints(UniqueConstraint)) == set(), "these constraints are gone"


def test_what_was_done_at_a_time_was_done_by_somebody() -> None:
    """Every field `…ed_at` has its `…ed_by` and the other way round; where they may be null, only together.

    A past participle in -ed names a deed with an author of its own. (`closes_at` is a plan; a vote is `cast_at` by the
    member whose ballot it is.)
    """
    alone, unpaired = [], []
    for model in MODELS:
        fields = {field.name: field for field in model._meta.get_fields() if isinstance(field, models.Field)}
        for name, field in fields.items():
            verb, _, what = name.rpartition("_")
            if not verb.endswith("ed") or what not in {"at", "by"}:
                continue
            other = fields.get(f"{verb}_{'by' if what == 'at' else 'at'}")
            if other is None or other.null != field.null:
                alone.append(f"{model.__name__}.{name}")
            elif field.null and not any(
                isinstance(c, CheckConstraint) and c.name.endswith(f"{verb}_pair")
                for c in model._meta.constraints
            ):
                unpaired.append(f"{model.__name__}.{name}")
    assert alone == []
    assert unpaired == []
