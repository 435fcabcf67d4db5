from django.db import models
from django.db.models import Q

from etd.enums import RiskLevel, RiskSource
from etd.models.outcome import Outcome, Population


class ComparatorRisk(models.Model):
    """The risk without the intervention that absolute effects are reckoned from, as a proportion.

    `risk` is empty where it follows the evidence (pooled, median of the trials). `citation` says where an external one
    was read.
    """

    outcome = models.ForeignKey(Outcome, on_delete=models.CASCADE, related_name="comparator_risks")
    population = models.ForeignKey(Population, on_delete=models.CASCADE, related_name="comparator_risks")
    level = models.CharField(max_length=20, choices=RiskLevel.choices)
    source = models.CharField(max_length=20, choices=RiskSource.choices)
    risk = models.DecimalField(max_digits=9, decimal_places=8, null=True, blank=True)
    citation = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["outcome", "population", "level"], name="comparator_risk_once_a_level"
            ),
            models.CheckConstraint(
                condition=Q(level__in=RiskLevel.values), name="comparator_risk_level_is_known"
            ),
            models.CheckConstraint(
                condition=Q(source__in=[RiskSource.POOLED, RiskSource.MEDIAN], risk__isnull=True)
                | (
                    Q(source=RiskSource.EXTERNAL, risk__isnull=False, risk__gte=0, risk__lte=1)
                    & ~Q(citation="")
                ),
                name="comparator_risk_follows_or_is_cited",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.outcome}, {self.population}: {self.get_level_display()}"
