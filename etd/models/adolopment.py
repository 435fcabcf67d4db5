from django.conf import settings
from django.db import models

from etd.enums import AdolopmentChoice
from etd.models.assessment import CriterionAssessment
from etd.models.question import Question


class SourceDocument(models.Model):
    """Another body's document that a question was made from, kept as it came. Insert only.

    `content` is canonical JSON of what was read of it, by criterion; `original` are the bytes of the file and `sha256`
    is theirs. `address` is where it was found, or its DOI.
    """

    append_only = True

    question = models.OneToOneField(Question, on_delete=models.PROTECT, related_name="source_document")
    title = models.TextField()
    organisation = models.CharField(max_length=300, blank=True)
    address = models.CharField(max_length=500, blank=True)
    file_name = models.CharField(max_length=300)
    original = models.BinaryField()
    sha256 = models.CharField(max_length=64)
    content = models.TextField()
    taken_at = models.DateTimeField()
    taken_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    def __str__(self) -> str:
        return f"Source of {self.question}: {self.title}"


class Adolopment(models.Model):
    """What the panel does with the source's judgement on one criterion: adopt, adapt, or judge it anew, and why.

    After GRADE-ADOLOPMENT: Schünemann 2017, doi:10.1016/j.jclinepi.2016.09.009.
    """

    assessment = models.OneToOneField(
        CriterionAssessment, on_delete=models.CASCADE, related_name="adolopment"
    )
    choice = models.CharField(max_length=10, choices=AdolopmentChoice.choices)
    reason = models.TextField(blank=True)
    revision = models.PositiveIntegerField(default=1)
    chosen_at = models.DateTimeField()
    chosen_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(choice__in=AdolopmentChoice.values), name="adolopment_choice_is_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_choice_display()}: {self.assessment}"
