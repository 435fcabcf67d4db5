"""The closed vocabularies of the domain (what a framework file defines is not here)."""

from django.db import models


class Role(models.TextChoices):
    CHAIR = "chair", "Chair"
    PANEL_MEMBER = "panel_member", "Panel member"
    METHODOLOGIST = "methodologist", "Methodologist"
    STAFF = "staff", "Staff"
    OBSERVER = "observer", "Observer"


class QuestionStatus(models.TextChoices):
    DRAFT = "draft", "Draft"
    EVIDENCE = "evidence", "Evidence"
    VOTING = "voting", "Panel voting"
    AGREED = "agreed", "Agreed"
    PUBLISHED = "published", "Published"


class StrengthWord(models.TextChoices):
    CONDITIONAL = "conditional", "Conditional"
    WEAK = "weak", "Weak"


class Importance(models.TextChoices):
    CRITICAL = "critical", "Critical"
    IMPORTANT = "important", "Important"
    LIMITED = "limited", "Of limited importance"


class Better(models.TextChoices):
    """The polarity of an outcome: is a higher or a lower frequency of the event, or value of the scale, good?"""

    HIGHER = "higher", "Higher is better"
    LOWER = "lower", "Lower is better"


class CertaintyLevel(models.TextChoices):
    HIGH = "high", "High"
    MODERATE = "moderate", "Moderate"
    LOW = "low", "Low"
    VERY_LOW = "very_low", "Very low"


class Measure(models.TextChoices):
    OR = "OR", "Odds ratio"
    RR = "RR", "Risk ratio"
    RD = "RD", "Risk difference"
    HR = "HR", "Hazard ratio"
    MD = "MD", "Mean difference"
    SMD = "SMD", "Standardised mean difference"
    GIV = "GIV", "Effect as given"


class ValueSource(models.TextChoices):
    REPORTED = "reported", "Reported"
    COMPUTED = "computed", "Recomputed"


class Basis(models.TextChoices):
    """What the panel's judgement rests on."""

    CONSENSUS = "consensus", "Consensus"
    VOTE = "vote", "Vote"
    CHAIR = "chair", "Chair's decision"
    DOCUMENT = "document", "Taken over from a document"


class TallyDisplay(models.TextChoices):
    """How tallies are shown to the panel and printed."""

    NONE = "none", "Not shown"
    COUNTS = "counts", "Counts by option"
    NAMED = "named", "Who chose what"


class ConsensusPreset(models.TextChoices):
    """Which rule says what is a consensus; `etd.domain.consensus` holds each with its source."""

    AWMF = "awmf", "AWMF: consensus above 75%, strong above 95%"
    WHO_TWO_THIRDS = "who_two_thirds", "WHO: more than two thirds"
    GRADE_GRID = "grade_grid", "GRADE grid, for the type of recommendation"
    OWN = "own", "Our own threshold"


class ConflictKind(models.TextChoices):
    FINANCIAL = "financial", "Financial"
    INTELLECTUAL = "intellectual", "Intellectual"
    OTHER = "other", "Other"


class ConflictLevel(models.TextChoices):
    """How a member's conflict of interest is managed, from the mildest on."""

    DISCLOSURE = "disclosure", "Disclosed; takes part and votes"
    NO_VOTE = "no_vote", "May discuss, does not vote"
    EXCLUDED = "excluded", "Takes no part"


class Confidence(models.TextChoices):
    LOW = "low", "Low"
    MEDIUM = "medium", "Medium"
    HIGH = "high", "High"


class NoEvidenceBasis(models.TextChoices):
    """What a judgement rests on where no research evidence was found."""

    NONE_FOUND = "none_found", "Searched, none found"
    NOT_SEARCHED = "not_searched", "Not searched"
    INDIRECT = "indirect", "Indirect evidence"
    EXPERIENCE = "experience", "Panel's experience"


class StatementKind(models.TextChoices):
    RECOMMENDATION = "recommendation", "Recommendation"
    GOOD_PRACTICE = "good_practice_statement", "Good practice statement"


class Strength(models.TextChoices):
    STRONG = "strong", "Strong"
    CONDITIONAL = "conditional", "Conditional"


class Direction(models.TextChoices):
    FOR = "for", "For"
    AGAINST = "against", "Against"
    EITHER = "either", "Either"


# The item of a round that is not a criterion: the vote on the type of recommendation.
RECOMMENDATION_TYPE_ITEM = "recommendation-type"
