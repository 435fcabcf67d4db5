"""The trail in sentences, and what a rule asks for in words."""

from __future__ import annotations

from typing import Any

import pytest

from etd.domain.consensus import AWMF, GRADE_GRID, WHO_TWO_THIRDS, Rule, own_rule
from etd.domain.rule_wording import asks_for
from etd.domain.timeline import Happened, Kind, kind_of, sentence

NAMES = {"equity": "Equity"}
STATUSES = {"voting": "Panel voting"}


@pytest.mark.parametrize(
    ("type", "subject", "after", "words"),
    [
        (
            "round_opened",
            "Round 2",
            {"items": ["a", "b"], "blind": True, "closes_at": "2026-12-02T14:00:00+00:00"},
            "opened round 2 on 2 items, blind, closing 2 December 2026, 14:00 UTC",
        ),
        (
            "round_opened",
            "Round 1",
            {"items": ["a"], "blind": False, "closes_at": None},
            "opened round 1 on 1 item, with open votes, without a closing time",
        ),
        ("round_closed", "Round 2", {}, "closed round 2"),
        (
            "panel_told",
            "Round 2",
            {"letter": "round_results"},
            "told the panel by e-mail that the results of round 2 are there",
        ),
        ("reminder_sent", "Round 2", {}, "sent a reminder to those who had not finished round 2"),
        (
            "finding_dismissed",
            "Table 2, row {4}, p_value",
            {"message": "P cannot be", "reason": "As printed."},
            "dismissed a finding of the checks, Table 2, row {4}, p_value: As printed",
        ),
        (
            "finding_restored",
            "Acceptability",
            None,
            "had a dismissed finding of the checks shown again, Acceptability",
        ),
        ("ballot_voided", "Round 2, Mia", {"reason": "Secret"}, "voided a ballot: Round 2, Mia"),
        ("status_changed", "q", "voting", "moved the question to “Panel voting”"),
        ("approved", "q", {"content_sha256": "ab"}, "approved the question as it stood"),
        ("version_published", "version 2", {"number": 2, "note": "Newer."}, "published version 2"),
        ("version_withdrawn", "version 2", {"reason": "A slip."}, "withdrew version 2: A slip"),
        (
            "judgement_recorded",
            "equity",
            {"choices": [["reduced", ""]], "round": 3},
            "recorded the panel’s judgement on Equity, after round 3",
        ),
        ("judgement_recorded", "equity", {"choices": []}, "took back the panel’s judgement on Equity"),
        (
            "judgement_reaffirmed",
            "equity",
            {"reason": "It says the same"},
            "reaffirmed the judgement on Equity on new evidence: It says the same",
        ),
        ("judgement_reopened", "equity", {"reason": "It is larger"}, "opened Equity again: It is larger"),
        (
            "discussion_note_added",
            "Round 1, equity",
            {"sha256": "x"},
            "wrote in the discussion of Equity, round 1",
        ),
        (
            "thresholds_changed",
            "Survival {30 days}",
            {"small": "4", "moderate": "20", "large": "50", "reason": "A slip."},
            "changed the locked decision thresholds of “Survival {30 days}”: 4, 20 and 50 per 1,000, because: A slip.",
        ),
        (
            "thresholds_locked",
            "Survival",
            {"small": "5", "moderate": "20", "large": "50", "rows": 0},
            "locked the decision thresholds of “Survival”: 5, 20 and 50 per 1,000",
        ),
        ("upload_staged", "trials.csv", {"status": "staged"}, "sent the file “trials.csv”"),
        ("upload_confirmed", "trials.csv", {"places": []}, "confirmed the upload “trials.csv”"),
        ("upload_discarded", "trials.csv", None, "discarded the upload “trials.csv”"),
        ("parts_kept", "etd.txt", {"kept": ["Notes"]}, "kept parts of “etd.txt” beside the question"),
        ("importance_rated", "q", {"Survival": 9}, "rated how important outcomes are"),
        ("recommendation_edited", "q", {"statements": [{}]}, "edited the recommendation: 1 statement"),
        ("recommendation_edited", "q", {"statements": []}, "edited the recommendation: no statements"),
        ("a_new_type", "something", None, "a new type: something"),
    ],
)
def test_an_event_as_a_sentence(type: str, subject: str, after: Any, words: str) -> None:
    assert sentence(Happened(type, "Carla", subject, after, NAMES, STATUSES)) == words


def test_a_round_that_its_time_has_closed_was_closed_by_nobody() -> None:
    happened = Happened("round_closed", "System", "Round 2", {}, NAMES, STATUSES)
    assert sentence(happened) == "round 2 ended, its time was up"


def test_what_has_no_kind_of_its_own_is_about_the_evidence() -> None:
    assert (kind_of("row_computed"), kind_of("round_opened")) == (Kind.EVIDENCE, Kind.ROUNDS)


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        (AWMF, "more than 75%"),
        (WHO_TWO_THIRDS, "more than two thirds"),
        (own_rule(70), "at least 70%"),
        (GRADE_GRID, "at least 50% for one side and less than 20% for the other"),
        (None, ""),
    ],
)
def test_what_a_rule_asks_for(rule: Rule | None, words: str) -> None:
    assert asks_for(rule) == words
