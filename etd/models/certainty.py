from django.conf import settings
from django.db import models
from django.db.models import Q

from etd.enums import CertaintyDomain, StudyDesign
from etd.models.outcome import Outcome, OutcomeRow

_DOWN = [
    CertaintyDomain.RISK_OF_BIAS,
    CertaintyDomain.INCONSISTENCY,
    CertaintyDomain.INDIRECTNESS,
    CertaintyDomain.IMPRECISION,
]


class CertaintyWorksheet(models.Model):
    """How the certainty of one outcome's evidence was rated; `row` is the line of results that it was rated on.

    `evidence_digest` is what that row was then, `rated_on` its effect in words. The level itself stands in the outcome.
    """

    outcome = models.OneToOneField(Outcome, on_delete=models.CASCADE, related_name="worksheet")
    row = models.ForeignKey(
        OutcomeRow, on_delete=models.PROTECT, related_name="worksheets", null=True, blank=True
    )
    design = models.CharField(max_length=30, choices=StudyDesign.choices)
    design_note = models.TextField(blank=True)
    evidence_digest = models.CharField(max_length=64, blank=True)
    rated_on = models.TextField(blank=True)
    revision = models.PositiveIntegerField(default=1)
    rated_at = models.DateTimeField()
    rated_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(design__in=StudyDesign.values), name="worksheet_design_is_known"
            ),
        ]

    def __str__(self) -> str:
        return f"Certainty of {self.outcome}"


class CertaintyRating(models.Model):
    """How many levels one domain rates the certainty down (negative) or up, and why.

    `suggestion` keeps what the data suggested when the person decided, in levels and words; null where nothing was.
    """

    worksheet = models.ForeignKey(CertaintyWorksheet, on_delete=models.CASCADE, related_name="ratings")
    domain = models.CharField(max_length=30, choices=CertaintyDomain.choices)
    levels = models.SmallIntegerField()
    reason = models.TextField(blank=True)
    suggestion = models.JSONField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["worksheet", "domain"], name="certainty_rating_one_a_domain"),
            models.CheckConstraint(
                condition=Q(domain__in=_DOWN, levels__gte=-3, levels__lte=0)
                | Q(domain=CertaintyDomain.PUBLICATION_BIAS, levels__gte=-1, levels__lte=0)
                | Q(domain=CertaintyDomain.LARGE_EFFECT, levels__gte=0, levels__lte=2)
                | Q(
                    domain__in=[CertaintyDomain.DOSE_RESPONSE, CertaintyDomain.CONFOUNDING],
                    levels__gte=0,
                    levels__lte=1,
                ),
                name="certainty_rating_within_its_domain",
            ),
            models.CheckConstraint(
                condition=Q(levels=0) | ~Q(reason=""), name="certainty_rating_has_its_reason"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_domain_display()}: {self.levels}"
