from django.conf import settings
from django.db import models
from django.db.models import F, Q

from etd.models.outcome import Outcome


class ImportanceRating(models.Model):
    """One person's rating of an outcome's importance for the decision, from 1 to 9."""

    outcome = models.ForeignKey(Outcome, on_delete=models.CASCADE, related_name="importance_ratings")
    rating = models.PositiveSmallIntegerField()
    rated_at = models.DateTimeField()
    rated_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["outcome", "rated_by"], name="importance_rated_once"),
            models.CheckConstraint(
                condition=Q(rating__gte=1, rating__lte=9), name="importance_rating_from_1_to_9"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.outcome}: {self.rating} by {self.rated_by}"


class DecisionThresholds(models.Model):
    """From how many people in 1,000 on an effect on this outcome is small, moderate or large.

    Locked before the data are seen; a later change asks for its reason and stays in the audit trail.
    """

    outcome = models.OneToOneField(Outcome, on_delete=models.CASCADE, related_name="thresholds")
    small = models.DecimalField(max_digits=6, decimal_places=2)
    moderate = models.DecimalField(max_digits=6, decimal_places=2)
    large = models.DecimalField(max_digits=6, decimal_places=2)
    rationale = models.TextField(blank=True)
    revision = models.PositiveIntegerField(default=1)
    locked_at = models.DateTimeField(null=True, blank=True)
    locked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", null=True, blank=True
    )

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(small__gt=0, moderate__gt=F("small"), large__gt=F("moderate"), large__lte=1000),
                name="thresholds_in_ascending_order",
            ),
            models.CheckConstraint(
                condition=Q(locked_at__isnull=True, locked_by__isnull=True)
                | Q(locked_at__isnull=False, locked_by__isnull=False),
                name="thresholds_locked_pair",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.outcome}: {self.small}, {self.moderate}, {self.large} per 1,000"
