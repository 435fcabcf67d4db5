from django.conf import settings
from django.db import models
from django.db.models import F, Q

from etd.enums import Measure


class UploadStatus(models.TextChoices):
    STAGED = "staged", "Waiting for confirmation"
    CONFIRMED = "confirmed", "Confirmed"
    DISCARDED = "discarded", "Discarded"


class StudyDesign(models.TextChoices):
    RANDOMISED = "randomised", "Randomised trial"
    NON_RANDOMISED = "non_randomised", "Non-randomised study"


class ResultKind(models.TextChoices):
    COUNTS = "counts", "Events and totals of two arms"
    MEANS = "means", "Means, standard deviations and totals of two arms"
    ESTIMATE = "estimate", "Estimate with standard error, on the analysis scale"


class DataUpload(models.Model):
    """A file as it came, kept with its digest so that every pooled number can be traced to it."""

    question = models.ForeignKey("etd.Question", on_delete=models.PROTECT, related_name="uploads")
    filename = models.CharField(max_length=255)
    content = models.BinaryField()
    sha256 = models.CharField(max_length=64)
    sheet = models.CharField(max_length=255, blank=True)
    status = models.CharField(max_length=10, choices=UploadStatus.choices, default=UploadStatus.STAGED)
    reading = models.JSONField()
    created_at = models.DateTimeField()
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    confirmed_at = models.DateTimeField(null=True, blank=True)
    confirmed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", null=True, blank=True
    )

    class Meta:
        ordering = ["-created_at", "-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=UploadStatus.values), name="upload_status_is_known"
            ),
            models.CheckConstraint(
                condition=Q(
                    status=UploadStatus.CONFIRMED, confirmed_at__isnull=False, confirmed_by__isnull=False
                )
                | (
                    ~Q(status=UploadStatus.CONFIRMED)
                    & Q(confirmed_at__isnull=True, confirmed_by__isnull=True)
                ),
                name="upload_confirmed_pair",
            ),
        ]

    def __str__(self) -> str:
        return self.filename


class Study(models.Model):
    """A study of the question. One row of individual patient data may stand for several trials (`n_trials`)."""

    question = models.ForeignKey("etd.Question", on_delete=models.PROTECT, related_name="studies")
    label = models.CharField(max_length=300)
    design = models.CharField(max_length=20, choices=StudyDesign.choices, default=StudyDesign.RANDOMISED)
    n_trials = models.PositiveIntegerField(default=1)
    note = models.TextField(blank=True)

    class Meta:
        ordering = ["question", "label"]
        constraints = [
            models.UniqueConstraint(fields=["question", "label"], name="study_label_unique"),
            models.CheckConstraint(condition=Q(n_trials__gte=1), name="study_at_least_one_trial"),
            models.CheckConstraint(condition=Q(design__in=StudyDesign.values), name="study_design_is_known"),
        ]

    def __str__(self) -> str:
        return self.label


class StudyResult(models.Model):
    """What one study says of one outcome in one population: counts, means, or an estimate on the analysis scale.

    `measure` is what an estimate is of (HR, OR …), as the file says it, empty where it does not.
    `year` is that of the report the numbers come from: one trial reports several follow-ups in several years.
    """

    study = models.ForeignKey(Study, on_delete=models.PROTECT, related_name="results")
    outcome = models.ForeignKey("etd.Outcome", on_delete=models.PROTECT, related_name="study_results")
    population = models.ForeignKey("etd.Population", on_delete=models.PROTECT, related_name="study_results")
    upload = models.ForeignKey(DataUpload, on_delete=models.PROTECT, related_name="results")
    position = models.PositiveIntegerField()
    kind = models.CharField(max_length=10, choices=ResultKind.choices, default=ResultKind.COUNTS)
    year = models.PositiveIntegerField(null=True, blank=True)
    timepoint = models.CharField(max_length=300, blank=True)
    subgroup = models.CharField(max_length=300, blank=True)
    events_intervention = models.PositiveIntegerField(null=True, blank=True)
    n_intervention = models.PositiveIntegerField(null=True, blank=True)
    events_comparison = models.PositiveIntegerField(null=True, blank=True)
    n_comparison = models.PositiveIntegerField(null=True, blank=True)
    mean_intervention = models.FloatField(null=True, blank=True)
    sd_intervention = models.FloatField(null=True, blank=True)
    mean_comparison = models.FloatField(null=True, blank=True)
    sd_comparison = models.FloatField(null=True, blank=True)
    estimate = models.FloatField(null=True, blank=True)
    se = models.FloatField(null=True, blank=True)
    measure = models.CharField(max_length=5, choices=Measure.choices, blank=True)
    source = models.TextField(blank=True)
    note = models.TextField(blank=True)

    class Meta:
        ordering = ["outcome", "population", "position"]
        # A comparison with NULL is unknown, and a CHECK lets the unknown pass: each one says what must not be null.
        constraints = [
            models.UniqueConstraint(fields=["study", "outcome", "population"], name="study_result_unique"),
            models.CheckConstraint(
                condition=Q(kind__in=ResultKind.values), name="study_result_kind_is_known"
            ),
            models.CheckConstraint(
                condition=~Q(kind=ResultKind.COUNTS)
                | Q(
                    events_intervention__isnull=False,
                    n_intervention__isnull=False,
                    events_comparison__isnull=False,
                    n_comparison__isnull=False,
                    n_intervention__gte=1,
                    n_comparison__gte=1,
                    events_intervention__lte=F("n_intervention"),
                    events_comparison__lte=F("n_comparison"),
                ),
                name="study_result_counts_are_whole",
            ),
            models.CheckConstraint(
                condition=~Q(kind=ResultKind.MEANS)
                | Q(
                    mean_intervention__isnull=False,
                    sd_intervention__isnull=False,
                    n_intervention__isnull=False,
                    mean_comparison__isnull=False,
                    sd_comparison__isnull=False,
                    n_comparison__isnull=False,
                    sd_intervention__gt=0,
                    n_intervention__gte=2,
                    sd_comparison__gt=0,
                    n_comparison__gte=2,
                ),
                name="study_result_means_are_whole",
            ),
            models.CheckConstraint(
                condition=~Q(kind=ResultKind.ESTIMATE)
                | Q(estimate__isnull=False, se__isnull=False, se__gt=0),
                name="study_result_estimate_is_whole",
            ),
            models.CheckConstraint(
                condition=Q(measure="") | Q(measure__in=Measure.values, kind=ResultKind.ESTIMATE),
                name="study_result_measure_is_of_an_estimate",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.study}: {self.outcome}, {self.population}"


class Analysis(models.Model):
    """One pooling: what went in, how it was pooled, what came out, and with which versions. Insert only."""

    append_only = True

    row = models.ForeignKey("etd.OutcomeRow", on_delete=models.PROTECT, related_name="analyses")
    spec = models.JSONField()
    inputs = models.JSONField()
    input_digest = models.CharField(max_length=64)
    result = models.JSONField()
    engine = models.JSONField()
    created_at = models.DateTimeField()
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"{self.row}, {self.created_at:%Y-%m-%d %H:%M}"


class MainMethod(models.Model):
    """The method by which an outcome and population is pooled for the EtD, from when on and why. Insert only.

    The newest one holds. `after_results` tells that there was an analysis already when it was chosen.
    """

    append_only = True

    outcome = models.ForeignKey("etd.Outcome", on_delete=models.PROTECT, related_name="main_methods")
    population = models.ForeignKey("etd.Population", on_delete=models.PROTECT, related_name="main_methods")
    spec = models.JSONField()
    reason = models.TextField(blank=True)
    after_results = models.BooleanField()
    created_at = models.DateTimeField()
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"{self.outcome}, {self.population}, {self.created_at:%Y-%m-%d %H:%M}"
