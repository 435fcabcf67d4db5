"""Reading: everything a page or a document needs, as frozen dataclasses, in a fixed number of queries."""

from etd.selectors.guidelines import my_guidelines
from etd.selectors.outcome_tables import OutcomeTableView, RowView, arm
from etd.selectors.question import (
    CriterionView,
    EtdView,
    RecommendationTypeView,
    StatementView,
    load_etd,
    recommendation_types,
)
from etd.selectors.voting import VoteView, round_progress

__all__ = [
    "CriterionView",
    "EtdView",
    "OutcomeTableView",
    "RecommendationTypeView",
    "RowView",
    "StatementView",
    "VoteView",
    "arm",
    "load_etd",
    "my_guidelines",
    "recommendation_types",
    "round_progress",
]
