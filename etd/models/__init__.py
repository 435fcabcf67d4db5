from etd.models.adolopment import Adolopment, SourceDocument
from etd.models.assessment import CriterionAssessment, Judgement
from etd.models.audit import AuditChainHead, AuditEvent
from etd.models.book import Book
from etd.models.certainty import CertaintyRating, CertaintyWorksheet
from etd.models.checks import DismissedFinding
from etd.models.comparator_risk import ComparatorRisk
from etd.models.conflicts import ConflictDeclaration, ConflictManagement
from etd.models.discussion import DiscussionNote
from etd.models.evidence import KeptEvidence
from etd.models.framework import OwnFramework
from etd.models.guideline import Guideline, PanelMembership
from etd.models.importance import DecisionThresholds, ImportanceRating
from etd.models.invitation import Invitation
from etd.models.kept import KeptPart
from etd.models.mailing import Mailing
from etd.models.outcome import Outcome, OutcomeRow, OutcomeTable, Population
from etd.models.publication import Approval, PublishedVersion, Withdrawal
from etd.models.question import Question, Recusal, Reference
from etd.models.recommendation import (
    ConclusionSection,
    PracticeAnswer,
    Recommendation,
    RecommendationStatement,
)
from etd.models.staged_import import StagedImport
from etd.models.summary import SummaryEdit, SummaryRow
from etd.models.user import User
from etd.models.voting import Ballot, RoundSnapshot, Vote, VotingRound
from etd.models.worker import Worker

__all__ = [
    "Adolopment",
    "Approval",
    "AuditChainHead",
    "AuditEvent",
    "Ballot",
    "Book",
    "CertaintyRating",
    "CertaintyWorksheet",
    "ComparatorRisk",
    "ConclusionSection",
    "ConflictDeclaration",
    "ConflictManagement",
    "CriterionAssessment",
    "DecisionThresholds",
    "DiscussionNote",
    "DismissedFinding",
    "Guideline",
    "ImportanceRating",
    "Invitation",
    "Judgement",
    "KeptEvidence",
    "KeptPart",
    "Mailing",
    "Outcome",
    "OutcomeRow",
    "OutcomeTable",
    "OwnFramework",
    "PanelMembership",
    "Population",
    "PracticeAnswer",
    "PublishedVersion",
    "Question",
    "Recommendation",
    "RecommendationStatement",
    "Recusal",
    "Reference",
    "RoundSnapshot",
    "SourceDocument",
    "StagedImport",
    "SummaryEdit",
    "SummaryRow",
    "User",
    "Vote",
    "VotingRound",
    "Withdrawal",
    "Worker",
]
