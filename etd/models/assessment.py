from django.conf import settings
from django.db import models
from django.db.models import Q

from etd.enums import Basis
from etd.models.question import Question


class CriterionAssessment(models.Model):
    """The panel's record of one criterion: its two texts and, through Judgement, its judgement.

    `revision` guards the texts and `judgement_revision` the judgement, so that a methodologist who edits a text and a
    chair who records the judgement do not refuse each other.
    """

    question = models.ForeignKey(Question, on_delete=models.CASCADE, related_name="assessments")
    criterion_key = models.CharField(max_length=80)
    research_evidence = models.TextField(blank=True)
    additional_considerations = models.TextField(blank=True)
    revision = models.PositiveIntegerField(default=1)
    judgement_revision = models.PositiveIntegerField(default=1)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["question", "criterion_key"], name="assessment_one_a_criterion"),
        ]

    def __str__(self) -> str:
        return f"{self.criterion_key} of {self.question}"


class Judgement(models.Model):
    """An option that the panel recorded; `applies_to` is empty for all, or names what it is for ("IABP").

    `round_number` and `tally_digest` name the closed round that it refers to. `reason` is asked for where that round
    did not agree on it. `evidence_digest` is of the evidence that it stands on: once it was reaffirmed on newer
    evidence, of that. `reaffirmed_because` says why it still stands.
    """

    assessment = models.ForeignKey(CriterionAssessment, on_delete=models.CASCADE, related_name="judgements")
    option_key = models.CharField(max_length=80)
    applies_to = models.CharField(max_length=200, blank=True)
    basis = models.CharField(max_length=20, choices=Basis.choices)
    evidence_digest = models.CharField(max_length=64)
    round_number = models.PositiveIntegerField(null=True, blank=True)
    tally_digest = models.CharField(max_length=64, blank=True)
    reason = models.TextField(blank=True)
    judged_at = models.DateTimeField()
    judged_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    reaffirmed_at = models.DateTimeField(null=True, blank=True)
    reaffirmed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", null=True, blank=True
    )
    reaffirmed_because = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["assessment", "option_key", "applies_to"], name="judgement_option_once"
            ),
            models.CheckConstraint(condition=Q(basis__in=Basis.values), name="judgement_basis_is_known"),
            models.CheckConstraint(
                condition=Q(round_number__isnull=True, tally_digest="")
                | (Q(round_number__isnull=False) & ~Q(tally_digest="")),
                name="judgement_round_with_its_tally",
            ),
            models.CheckConstraint(
                condition=Q(reaffirmed_at__isnull=True, reaffirmed_by__isnull=True, reaffirmed_because="")
                | (Q(reaffirmed_at__isnull=False, reaffirmed_by__isnull=False) & ~Q(reaffirmed_because="")),
                name="judgement_reaffirmed_pair",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.assessment}: {self.option_key}"
