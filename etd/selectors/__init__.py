"""Reading: everything a page or a document needs, as frozen dataclasses, in a fixed number of queries."""

from etd.selectors.conflicts import (
    conflict_register,
    is_recused,
    may_discuss,
    own_conflicts,
    printed_conflicts,
)
from etd.selectors.guidelines import load_guideline, my_guidelines, open_ballots
from etd.selectors.outcome_tables import OutcomeTableView, RowView, arm
from etd.selectors.question import (
    CriterionView,
    EtdView,
    JudgementView,
    PracticeAnswerView,
    RecommendationTypeView,
    StatementView,
    load_etd,
    recommendation_types,
    strength_label,
)
from etd.selectors.results import (
    RoundResults,
    RoundSummary,
    ballot_progress,
    check_receipt,
    receipt,
    round_results,
    rounds_of,
)
from etd.selectors.voting import VoteView, round_progress

__all__ = [
    "CriterionView",
    "EtdView",
    "JudgementView",
    "OutcomeTableView",
    "PracticeAnswerView",
    "RecommendationTypeView",
    "RoundResults",
    "RoundSummary",
    "RowView",
    "StatementView",
    "VoteView",
    "arm",
    "ballot_progress",
    "check_receipt",
    "conflict_register",
    "is_recused",
    "load_etd",
    "load_guideline",
    "may_discuss",
    "my_guidelines",
    "open_ballots",
    "own_conflicts",
    "printed_conflicts",
    "receipt",
    "recommendation_types",
    "round_progress",
    "round_results",
    "rounds_of",
    "strength_label",
]
