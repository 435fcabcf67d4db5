from django.conf import settings
from django.db import models
from django.db.models import F, Q

from etd.enums import Better, CertaintyLevel, HazardOf, Importance, Measure, ValueSource
from etd.models.question import Question


class Outcome(models.Model):
    """What matters to the people concerned. `certainty` is the result of its worksheet, or as a document reports it.

    `hazard_ratio_of` is empty where nobody has said which event its hazard ratios are of.
    """

    question = models.ForeignKey(Question, on_delete=models.CASCADE, related_name="outcomes")
    name = models.TextField()
    timepoint = models.CharField(max_length=200, blank=True)
    importance = models.CharField(max_length=20, choices=Importance.choices, blank=True)
    better = models.CharField(max_length=10, choices=Better.choices)
    certainty = models.CharField(max_length=20, choices=CertaintyLevel.choices, blank=True)
    measured_with = models.CharField(max_length=300, blank=True)
    hazard_ratio_of = models.CharField(max_length=10, choices=HazardOf.choices, blank=True)
    position = models.PositiveIntegerField()
    revision = models.PositiveIntegerField(default=1)

    class Meta:
        ordering = ["question", "position"]
        constraints = [
            models.UniqueConstraint(fields=["question", "name", "timepoint"], name="outcome_unique"),
            models.CheckConstraint(condition=Q(better__in=Better.values), name="outcome_better_is_known"),
            models.CheckConstraint(
                condition=Q(importance__in=["", *Importance.values]), name="outcome_importance_is_known"
            ),
            models.CheckConstraint(
                condition=Q(certainty__in=["", *CertaintyLevel.values]), name="outcome_certainty_is_known"
            ),
            models.CheckConstraint(
                condition=Q(hazard_ratio_of__in=["", *HazardOf.values]),
                name="outcome_hazard_ratio_of_is_known",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name}, {self.timepoint}" if self.timepoint else self.name

    @property
    def event_free(self) -> bool | None:
        """Are its hazard ratios of the event that it is to be free of? None: it may be, and nobody has said."""
        if not self.hazard_ratio_of and self.better == Better.HIGHER:
            return None
        return self.hazard_ratio_of == HazardOf.OPPOSITE

    def better_by(self, measure: str) -> str:
        """Which side of an effect on this measure is good: a hazard ratio of the opposite event turns it round."""
        if measure == Measure.HR and self.event_free:
            return Better.LOWER if self.better == Better.HIGHER else Better.HIGHER
        return self.better


class Population(models.Model):
    """Whom a row of results is about; populations of one table may overlap and are never tested against each other."""

    question = models.ForeignKey(Question, on_delete=models.CASCADE, related_name="populations")
    label = models.TextField()
    position = models.PositiveIntegerField()

    class Meta:
        ordering = ["question", "position"]
        constraints = [
            models.UniqueConstraint(fields=["question", "label"], name="population_label_unique"),
        ]

    def __str__(self) -> str:
        return self.label


class OutcomeTable(models.Model):
    """A table of results shown under one criterion's research evidence."""

    question = models.ForeignKey(Question, on_delete=models.CASCADE, related_name="outcome_tables")
    criterion_key = models.CharField(max_length=80)
    number = models.PositiveIntegerField()
    title = models.TextField()
    abbreviations = models.TextField(blank=True)
    footnotes = models.TextField(blank=True)

    class Meta:
        ordering = ["question", "number"]
        constraints = [
            models.UniqueConstraint(fields=["question", "number"], name="outcome_table_number_unique"),
        ]

    def __str__(self) -> str:
        return f"Table {self.number}. {self.title}"


class OutcomeRow(models.Model):
    """One line of an outcome table: the document's own numbers, or ours with their provenance.

    Estimates and interval limits are on the natural scale of the measure; i_squared is in percent, tau_squared on the
    analysis scale (log for ratios). A row from means has people but no events, a row from estimates has neither.
    `printed` holds a reported number's own digits, so that 0.10 never becomes 0.1.
    """

    table = models.ForeignKey(OutcomeTable, on_delete=models.PROTECT, related_name="rows")
    outcome = models.ForeignKey(Outcome, on_delete=models.PROTECT, related_name="rows")
    population = models.ForeignKey(Population, on_delete=models.PROTECT, related_name="rows")
    source = models.CharField(max_length=10, choices=ValueSource.choices)
    n_studies = models.PositiveIntegerField()
    footnote_mark = models.CharField(max_length=10, blank=True)
    events_intervention = models.PositiveIntegerField(null=True, blank=True)
    n_intervention = models.PositiveIntegerField(null=True, blank=True)
    events_comparison = models.PositiveIntegerField(null=True, blank=True)
    n_comparison = models.PositiveIntegerField(null=True, blank=True)
    measure = models.CharField(max_length=5, choices=Measure.choices)
    estimate = models.FloatField(null=True, blank=True)
    ci_low = models.FloatField(null=True, blank=True)
    ci_high = models.FloatField(null=True, blank=True)
    p_value = models.FloatField(null=True, blank=True)
    i_squared = models.FloatField(null=True, blank=True)
    tau_squared = models.FloatField(null=True, blank=True)
    printed = models.JSONField(default=dict, blank=True)
    provenance = models.JSONField(null=True, blank=True)
    is_stale = models.BooleanField(default=False)
    created_at = models.DateTimeField()
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    class Meta:
        # A comparison with NULL is unknown, and a CHECK lets the unknown pass: each one says what must not be null.
        constraints = [
            models.UniqueConstraint(
                fields=["table", "outcome", "population", "source"], name="outcome_row_unique"
            ),
            models.CheckConstraint(
                condition=Q(source__in=ValueSource.values), name="outcome_row_source_is_known"
            ),
            models.CheckConstraint(
                condition=Q(measure__in=Measure.values) | Q(measure="", estimate__isnull=True),
                name="outcome_row_measure_is_known",
            ),
            models.CheckConstraint(
                condition=Q(events_intervention__isnull=True, n_intervention__isnull=True)
                | Q(events_intervention__isnull=True, n_intervention__isnull=False, n_intervention__gte=1)
                | Q(
                    events_intervention__isnull=False,
                    n_intervention__isnull=False,
                    events_intervention__lte=F("n_intervention"),
                    n_intervention__gte=1,
                ),
                name="outcome_row_events_intervention_within_n",
            ),
            models.CheckConstraint(
                condition=Q(events_comparison__isnull=True, n_comparison__isnull=True)
                | Q(events_comparison__isnull=True, n_comparison__isnull=False, n_comparison__gte=1)
                | Q(
                    events_comparison__isnull=False,
                    n_comparison__isnull=False,
                    events_comparison__lte=F("n_comparison"),
                    n_comparison__gte=1,
                ),
                name="outcome_row_events_comparison_within_n",
            ),
            models.CheckConstraint(
                condition=Q(estimate__isnull=True, ci_low__isnull=True, ci_high__isnull=True)
                | Q(
                    estimate__isnull=False,
                    ci_low__isnull=False,
                    ci_high__isnull=False,
                    ci_low__lte=F("estimate"),
                    estimate__lte=F("ci_high"),
                ),
                name="outcome_row_estimate_inside_interval",
            ),
            models.CheckConstraint(
                condition=Q(estimate__isnull=False) | Q(p_value__isnull=True),
                name="outcome_row_p_needs_estimate",
            ),
            models.CheckConstraint(
                condition=Q(p_value__isnull=True) | Q(p_value__gte=0, p_value__lte=1),
                name="outcome_row_p_is_a_probability",
            ),
            models.CheckConstraint(
                condition=Q(i_squared__isnull=True) | Q(i_squared__gte=0, i_squared__lte=100),
                name="outcome_row_i_squared_is_a_percentage",
            ),
            models.CheckConstraint(
                condition=Q(tau_squared__isnull=True) | Q(tau_squared__gte=0),
                name="outcome_row_tau_squared_not_negative",
            ),
            models.CheckConstraint(
                condition=Q(n_studies__gte=1) | Q(estimate__isnull=True),
                name="outcome_row_no_studies_no_effect",
            ),
            models.CheckConstraint(
                condition=Q(source=ValueSource.COMPUTED, provenance__isnull=False)
                | Q(source=ValueSource.REPORTED, provenance__isnull=True),
                name="outcome_row_computed_has_provenance",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.outcome}, {self.population} ({self.source})"
