from etd.models.assessment import CriterionAssessment, Judgement
from etd.models.audit import AuditChainHead, AuditEvent
from etd.models.conflicts import ConflictDeclaration, ConflictManagement
from etd.models.discussion import DiscussionNote
from etd.models.guideline import Guideline, PanelMembership
from etd.models.invitation import Invitation
from etd.models.outcome import Outcome, OutcomeRow, OutcomeTable, Population
from etd.models.question import Question, Recusal, Reference
from etd.models.recommendation import ConclusionSection, Recommendation, RecommendationStatement
from etd.models.user import User
from etd.models.voting import Ballot, RoundSnapshot, Vote, VotingRound

__all__ = [
    "AuditChainHead",
    "AuditEvent",
    "Ballot",
    "ConclusionSection",
    "ConflictDeclaration",
    "ConflictManagement",
    "CriterionAssessment",
    "DiscussionNote",
    "Guideline",
    "Invitation",
    "Judgement",
    "Outcome",
    "OutcomeRow",
    "OutcomeTable",
    "PanelMembership",
    "Population",
    "Question",
    "Recommendation",
    "RecommendationStatement",
    "Recusal",
    "Reference",
    "RoundSnapshot",
    "User",
    "Vote",
    "VotingRound",
]
