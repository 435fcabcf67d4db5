from django.db import models
from django.db.models import Q

from etd.enums import CertaintyLevel, Direction, StatementKind, Strength
from etd.models.question import Question


class Recommendation(models.Model):
    question = models.OneToOneField(Question, on_delete=models.CASCADE, related_name="recommendation")
    type_key = models.CharField(max_length=80, blank=True)
    note = models.TextField(blank=True)
    revision = models.PositiveIntegerField(default=1)

    def __str__(self) -> str:
        return f"Recommendation of {self.question}"


class RecommendationStatement(models.Model):
    """One statement. A good practice statement never carries strength, direction or certainty."""

    question = models.ForeignKey(Question, on_delete=models.CASCADE, related_name="statements")
    position = models.PositiveIntegerField()
    kind = models.CharField(max_length=30, choices=StatementKind.choices)
    text = models.TextField()
    population = models.TextField(blank=True)
    strength = models.CharField(max_length=20, choices=Strength.choices, blank=True)
    direction = models.CharField(max_length=20, choices=Direction.choices, blank=True)
    certainty = models.CharField(max_length=20, choices=CertaintyLevel.choices, blank=True)

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
        ]

    def __str__(self) -> str:
        return self.text


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
