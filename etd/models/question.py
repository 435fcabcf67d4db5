from django.conf import settings
from django.db import models

from etd.enums import QuestionStatus
from etd.models.guideline import Guideline


class Question(models.Model):
    """One Evidence-to-Decision question: its PICO, the framework it is judged by, and how far it has come."""

    guideline = models.ForeignKey(Guideline, on_delete=models.PROTECT, related_name="questions")
    slug = models.SlugField(max_length=80)
    title = models.TextField()
    population = models.TextField(blank=True)
    intervention = models.TextField(blank=True)
    comparison = models.TextField(blank=True)
    main_outcomes = models.TextField(blank=True)
    setting = models.TextField(blank=True)
    perspective = models.TextField(blank=True)
    background = models.TextField(blank=True)
    intervention_label = models.CharField(max_length=60)
    comparison_label = models.CharField(max_length=60)
    framework_key = models.CharField(max_length=80)
    framework_version = models.PositiveIntegerField()
    status = models.CharField(max_length=20, choices=QuestionStatus.choices, default=QuestionStatus.DRAFT)
    revision = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField()
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ["guideline", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["guideline", "slug"], name="question_slug_unique_in_guideline"),
            models.CheckConstraint(
                condition=models.Q(status__in=QuestionStatus.values), name="question_status_is_known"
            ),
        ]

    def __str__(self) -> str:
        return self.title


class Recusal(models.Model):
    """A member who does not vote on this question; the reason is seen by the chair and the member alone."""

    question = models.ForeignKey(Question, on_delete=models.PROTECT, related_name="recusals")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="recusals")
    reason = models.TextField(blank=True)
    created_at = models.DateTimeField()
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["question", "user"], name="recusal_once_a_question"),
        ]

    def __str__(self) -> str:
        return f"{self.user} recused from {self.question}"


class Reference(models.Model):
    """A numbered reference; the citation is empty where the source document cites a number without a list."""

    question = models.ForeignKey(Question, on_delete=models.CASCADE, related_name="references")
    number = models.PositiveIntegerField()
    citation = models.TextField(blank=True)
    doi = models.CharField(max_length=200, blank=True)
    pmid = models.CharField(max_length=20, blank=True)

    class Meta:
        ordering = ["question", "number"]
        constraints = [
            models.UniqueConstraint(fields=["question", "number"], name="reference_number_unique"),
        ]

    def __str__(self) -> str:
        return f"{self.number}. {self.citation}"
