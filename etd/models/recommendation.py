from django.conf import settings
from django.db import models
from django.db.models import Q

from etd.domain.recommendation_rules import (
    ANSWERS,
    LOW_CERTAINTY,
    PARADIGMS,
    PRACTICE_BASES,
    PRACTICE_QUESTIONS,
    WITHOUT_STRENGTH,
)
from etd.enums import Basis, CertaintyLevel, Direction, StatementKind, Strength
from etd.models.question import Question


class Recommendation(models.Model):
    """The type of recommendation with what it rests on, and a note.

    The fields of the type are those of a Judgement: the round that it refers to with the digest of its tallies, and the
    panel's reason where that round did not agree on it. A type from before its basis was recorded has none.
    `revision` guards the note and the statements, `type_revision` the type.
    """

    question = models.OneToOneField(Question, on_delete=models.CASCADE, related_name="recommendation")
    type_key = models.CharField(max_length=80, blank=True)
    type_basis = models.CharField(max_length=20, choices=Basis.choices, blank=True)
    type_evidence_digest = models.CharField(max_length=64, blank=True)
    type_round_number = models.PositiveIntegerField(null=True, blank=True)
    type_tally_digest = models.CharField(max_length=64, blank=True)
    type_reason = models.TextField(blank=True)
    type_judged_at = models.DateTimeField(null=True, blank=True)
    type_judged_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", null=True, blank=True
    )
    type_reaffirmed_at = models.DateTimeField(null=True, blank=True)
    type_reaffirmed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", null=True, blank=True
    )
    type_reaffirmed_because = models.TextField(blank=True)
    type_revision = models.PositiveIntegerField(default=1)
    note = models.TextField(blank=True)
    revision = models.PositiveIntegerField(default=1)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(type_basis__in=["", *Basis.values]), name="recommendation_basis_is_known"
            ),
            models.CheckConstraint(
                condition=Q(
                    type_basis="",
                    type_evidence_digest="",
                    type_round_number__isnull=True,
                    type_reason="",
                    type_judged_at__isnull=True,
                    type_judged_by__isnull=True,
                )
                | (
                    ~Q(type_key="")
                    & ~Q(type_basis="")
                    & ~Q(type_evidence_digest="")
                    & Q(type_judged_at__isnull=False, type_judged_by__isnull=False)
                ),
                name="recommendation_type_judged_pair",
            ),
            models.CheckConstraint(
                condition=Q(type_round_number__isnull=True, type_tally_digest="")
                | (Q(type_round_number__isnull=False) & ~Q(type_tally_digest="")),
                name="recommendation_round_with_its_tally",
            ),
            models.CheckConstraint(
                condition=Q(
                    type_reaffirmed_at__isnull=True,
                    type_reaffirmed_by__isnull=True,
                    type_reaffirmed_because="",
                )
                | (
                    Q(type_reaffirmed_at__isnull=False, type_reaffirmed_by__isnull=False)
                    & ~Q(type_reaffirmed_because="")
                    & ~Q(type_basis="")
                ),
                name="recommendation_type_reaffirmed_pair",
            ),
        ]

    def __str__(self) -> str:
        return f"Recommendation of {self.question}"


class RecommendationStatement(models.Model):
    """One statement, with a remark that is printed under it.

    A good practice statement never carries strength, direction or certainty; "no recommendation" and "only in the
    context of research" no strength or direction. `paradigm` is the situation in which a strong recommendation is made
    on low or very low certainty; `practice_basis` what a good practice statement rests on. One that was stored or taken
    over without them is kept.
    """

    question = models.ForeignKey(Question, on_delete=models.CASCADE, related_name="statements")
    position = models.PositiveIntegerField()
    kind = models.CharField(max_length=30, choices=StatementKind.choices)
    text = models.TextField()
    population = models.TextField(blank=True)
    strength = models.CharField(max_length=20, choices=Strength.choices, blank=True)
    direction = models.CharField(max_length=20, choices=Direction.choices, blank=True)
    certainty = models.CharField(max_length=20, choices=CertaintyLevel.choices, blank=True)
    remark = models.TextField(blank=True)
    paradigm = models.CharField(max_length=40, blank=True)
    paradigm_reason = models.TextField(blank=True)
    practice_basis = models.CharField(max_length=30, blank=True)

    class Meta:
        ordering = ["question", "position"]
        constraints = [
            models.UniqueConstraint(fields=["question", "position"], name="statement_position_unique"),
            models.CheckConstraint(
                condition=Q(kind__in=StatementKind.values), name="statement_kind_is_known"
            ),
            models.CheckConstraint(
                condition=Q(strength__in=["", *Strength.values]), name="statement_strength_is_known"
            ),
            models.CheckConstraint(
                condition=Q(direction__in=["", *Direction.values]), name="statement_direction_is_known"
            ),
            models.CheckConstraint(
                condition=Q(certainty__in=["", *CertaintyLevel.values]), name="statement_certainty_is_known"
            ),
            models.CheckConstraint(
                condition=~Q(kind=StatementKind.GOOD_PRACTICE) | Q(strength="", direction="", certainty=""),
                name="statement_good_practice_has_no_strength",
            ),
            models.CheckConstraint(
                condition=~Q(kind__in=WITHOUT_STRENGTH) | Q(strength="", direction=""),
                name="statement_without_strength",
            ),
            models.CheckConstraint(
                condition=Q(paradigm="", paradigm_reason="")
                | Q(
                    ~Q(paradigm_reason=""),
                    paradigm__in=list(PARADIGMS),
                    strength=Strength.STRONG,
                    certainty__in=LOW_CERTAINTY,
                ),
                name="statement_paradigm_where_strong_on_low",
            ),
            models.CheckConstraint(
                condition=Q(practice_basis="")
                | Q(kind=StatementKind.GOOD_PRACTICE, practice_basis__in=list(PRACTICE_BASES)),
                name="statement_basis_of_good_practice",
            ),
        ]

    def __str__(self) -> str:
        return self.text


class PracticeAnswer(models.Model):
    """Yes, no or not yet to one of the five questions of a good practice statement, and why.

    Words of questions, bases and situations stand in `etd.domain.recommendation_rules` alone, so that they can be
    corrected without a migration.
    """

    statement = models.ForeignKey(
        RecommendationStatement, on_delete=models.CASCADE, related_name="practice_answers"
    )
    question_key = models.CharField(max_length=40)
    answer = models.CharField(max_length=10, blank=True)
    rationale = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["statement", "question_key"], name="practice_answer_one_a_question"
            ),
            models.CheckConstraint(
                condition=Q(question_key__in=list(PRACTICE_QUESTIONS)),
                name="practice_answer_question_is_known",
            ),
            models.CheckConstraint(
                condition=Q(answer__in=["", *ANSWERS]) & (~Q(answer="") | ~Q(rationale="")),
                name="practice_answer_says_something",
            ),
        ]

    def __str__(self) -> str:
        return f"{PRACTICE_QUESTIONS[self.question_key]} {ANSWERS.get(self.answer, 'Not answered')}"


class ConclusionSection(models.Model):
    question = models.ForeignKey(Question, on_delete=models.CASCADE, related_name="sections")
    section_key = models.CharField(max_length=80)
    body = models.TextField(blank=True)
    revision = models.PositiveIntegerField(default=1)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["question", "section_key"], name="section_one_a_heading"),
        ]

    def __str__(self) -> str:
        return f"{self.section_key} of {self.question}"
