from functools import cached_property

from django.conf import settings
from django.db import models

from etd.enums import ConflictLevel, QuestionStatus
from etd.frameworks import Framework
from etd.models.framework import JudgedByFramework
from etd.models.guideline import Guideline


class Question(JudgedByFramework):
    """One Evidence-to-Decision question: its PICO, the framework it is judged by, and how far it has come.

    Absolute effects are shown per `people_per` people.
    """

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
    people_per = models.PositiveIntegerField(default=1000)
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
            models.CheckConstraint(
                condition=models.Q(people_per__in=[100, 1000, 10_000, 100_000]),
                name="question_people_per_is_a_power_of_ten",
            ),
        ]

    def __str__(self) -> str:
        return self.title

    @cached_property
    def framework(self) -> Framework:
        """In the guideline's own word for conditional. Raises `UnknownKey` where the file of the framework is gone."""
        return super().framework.worded(self.guideline.strength_word)


class Recusal(models.Model):
    """A member who does not vote on this question, or on none of this guideline; `level` says whether they may discuss.

    The reason is seen by the chair and the member alone. An ended recusal stays for the record.
    """

    question = models.ForeignKey(
        Question, on_delete=models.PROTECT, related_name="recusals", null=True, blank=True
    )
    guideline = models.ForeignKey(
        Guideline, on_delete=models.PROTECT, related_name="recusals", null=True, blank=True
    )
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="recusals")
    level = models.CharField(max_length=20, choices=ConflictLevel.choices, default=ConflictLevel.NO_VOTE)
    reason = models.TextField(blank=True)
    created_at = models.DateTimeField()
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", null=True, blank=True
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["question", "user"],
                condition=models.Q(ended_at__isnull=True),
                name="recusal_once_a_question",
            ),
            models.UniqueConstraint(
                fields=["guideline", "user"],
                condition=models.Q(ended_at__isnull=True),
                name="recusal_once_a_guideline",
            ),
            models.CheckConstraint(
                condition=models.Q(question__isnull=True, guideline__isnull=False)
                | models.Q(question__isnull=False, guideline__isnull=True),
                name="recusal_from_one_thing",
            ),
            models.CheckConstraint(
                condition=models.Q(level__in=[ConflictLevel.NO_VOTE, ConflictLevel.EXCLUDED]),
                name="recusal_level_keeps_from_voting",
            ),
            models.CheckConstraint(
                condition=models.Q(ended_at__isnull=True, ended_by__isnull=True)
                | models.Q(ended_at__isnull=False, ended_by__isnull=False),
                name="recusal_ended_pair",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user} recused from {self.question or self.guideline}"


class Reference(models.Model):
    """A numbered reference; the citation is empty where the source document cites a number without a list.

    `doi` is in lower case without an address before it, `pmid` digits; both are empty where the work has none.
    """

    question = models.ForeignKey(Question, on_delete=models.CASCADE, related_name="references")
    number = models.PositiveIntegerField()
    citation = models.TextField(blank=True)
    doi = models.CharField(max_length=200, blank=True)
    pmid = models.CharField(max_length=20, blank=True)
    revision = models.PositiveIntegerField(default=1)

    class Meta:
        ordering = ["question", "number"]
        constraints = [
            models.UniqueConstraint(fields=["question", "number"], name="reference_number_unique"),
            models.CheckConstraint(
                condition=models.Q(doi="") | models.Q(doi__startswith="10."),
                name="reference_doi_begins_with_10",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.number}. {self.citation}"
