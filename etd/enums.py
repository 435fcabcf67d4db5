"""The closed vocabularies of the domain (what a framework file defines is not here)."""

from django.db import models


class Role(models.TextChoices):
    CHAIR = "chair", "Chair"
    PANEL_MEMBER = "panel_member", "Panel member"
    METHODOLOGIST = "methodologist", "Methodologist"
    STAFF = "staff", "Staff"
    OBSERVER = "observer", "Observer"


APPROVING = (Role.CHAIR, Role.METHODOLOGIST, Role.STAFF)
"""The roles that send a question to review and approve it."""


class QuestionStatus(models.TextChoices):
    DRAFT = "draft", "Draft"
    EVIDENCE = "evidence", "Evidence"
    VOTING = "voting", "Panel voting"
    IN_REVIEW = "in_review", "In review"
    PUBLISHED = "published", "Published"
    WITHDRAWN = "withdrawn", "Withdrawn"


class AdolopmentChoice(models.TextChoices):
    """What a panel does with another body's judgement (GRADE-ADOLOPMENT)."""

    ADOPT = "adopt", "Adopted"
    ADAPT = "adapt", "Adapted"
    REDO = "redo", "Judged anew"


class BookPhase(models.TextChoices):
    """How far a guideline's book has come."""

    WAITING = "waiting", "Waiting to begin"
    GATHERING = "gathering", "Putting the questions together"
    SETTING = "setting", "Setting the pages"
    DONE = "done", "Ready"
    FAILED = "failed", "Not made"


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


class HazardOf(models.TextChoices):
    """Which event the hazard ratios of an outcome are of: survival is told by ratios of death."""

    EVENT = "event", "Of the outcome as it is named"
    OPPOSITE = "opposite", "Of its opposite, such as death beside survival"


class StudyDesign(models.TextChoices):
    """What decides at which level the certainty of an outcome's evidence starts."""

    RANDOMISED = "randomised", "Randomised trials"
    NON_RANDOMISED = "non_randomised", "Non-randomised studies"
    NON_RANDOMISED_ROBINS_I = "non_randomised_robins_i", "Non-randomised studies, risk of bias by ROBINS-I"


class CertaintyDomain(models.TextChoices):
    """What rates the certainty of evidence down (the first five) or up (the last three)."""

    RISK_OF_BIAS = "risk_of_bias", "Risk of bias"
    INCONSISTENCY = "inconsistency", "Inconsistency"
    INDIRECTNESS = "indirectness", "Indirectness"
    IMPRECISION = "imprecision", "Imprecision"
    PUBLICATION_BIAS = "publication_bias", "Publication bias"
    LARGE_EFFECT = "large_effect", "Large effect"
    DOSE_RESPONSE = "dose_response", "Dose-response gradient"
    CONFOUNDING = "confounding", "Plausible confounding would reduce the effect"


class RiskLevel(models.TextChoices):
    """Which comparator risk a line of a Summary of Findings is about."""

    STUDIES = "studies", "As in the studies"
    LOW = "low", "Low risk"
    MODERATE = "moderate", "Moderate risk"
    HIGH = "high", "High risk"


class RiskSource(models.TextChoices):
    """Where an assumed comparator risk comes from; pooled and median follow the evidence, external is typed in."""

    POOLED = "pooled", "All events over all participants of the comparison"
    MEDIAN = "median", "Median of the trials"
    EXTERNAL = "external", "External cohort"


class SummaryColumn(models.TextChoices):
    """The cells of a Summary of Findings and an evidence profile that a person may word otherwise."""

    OUTCOME = "outcome", "Outcome"
    STUDIES = "studies", "Studies"
    RELATIVE = "relative", "Relative effect"
    COMPARATOR_RISK = "comparator_risk", "Risk with the comparison"
    INTERVENTION_RISK = "intervention_risk", "Risk with the intervention"
    DIFFERENCE = "difference", "Difference"
    CERTAINTY = "certainty", "Certainty"
    WHAT_HAPPENS = "what_happens", "What happens"
    COMMENTS = "comments", "Comments"


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


class StagedStatus(models.TextChoices):
    """What became of a document that somebody has sent."""

    STAGED = "staged", "Looked at"
    STORED = "stored", "Became a question"
    DISCARDED = "discarded", "Discarded"


class TallyDisplay(models.TextChoices):
    """How tallies are shown to the panel and printed."""

    NONE = "none", "Not shown"
    COUNTS = "counts", "Counts by option"
    NAMED = "named", "Who chose what"


class ConsensusPreset(models.TextChoices):
    """Which rule says what is a consensus; `etd.domain.consensus` holds what is shown of each."""

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
    RESEARCH_ONLY = "research_only", "Only in the context of research"
    NO_RECOMMENDATION = "no_recommendation", "No recommendation"


class Strength(models.TextChoices):
    STRONG = "strong", "Strong"
    CONDITIONAL = "conditional", "Conditional"


class Direction(models.TextChoices):
    FOR = "for", "For"
    AGAINST = "against", "Against"
    EITHER = "either", "Either"


# The item of a round that is not a criterion: the vote on the type of recommendation.
RECOMMENDATION_TYPE_ITEM = "recommendation-type"
