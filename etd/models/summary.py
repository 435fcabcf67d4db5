from django.conf import settings
from django.db import models
from django.db.models import Q

from etd.enums import SummaryColumn, ValueSource
from etd.models.outcome import Outcome, Population
from etd.models.question import Question


class SummaryRow(models.Model):
    """An outcome's place in the Summary of Findings and the evidence profile; `source` says whose numbers it shows."""

    question = models.ForeignKey(Question, on_delete=models.CASCADE, related_name="summary_rows")
    outcome = models.ForeignKey(Outcome, on_delete=models.PROTECT, related_name="summary_rows")
    population = models.ForeignKey(Population, on_delete=models.PROTECT, related_name="summary_rows")
    source = models.CharField(max_length=10, choices=ValueSource.choices)
    position = models.PositiveIntegerField()

    class Meta:
        ordering = ["question", "position"]
        constraints = [
            models.UniqueConstraint(
                fields=["question", "outcome", "population"], name="summary_row_once_an_outcome"
            ),
            models.CheckConstraint(
                condition=Q(source__in=ValueSource.values), name="summary_row_source_is_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.outcome}, {self.population}"


class SummaryEdit(models.Model):
    """Words that a person put in the place of a made cell; `made` is what the cell said then.

    The cell is made on all the same, so that the edit can be seen and taken back.
    """

    row = models.ForeignKey(SummaryRow, on_delete=models.CASCADE, related_name="edits")
    column = models.CharField(max_length=20, choices=SummaryColumn.choices)
    text = models.TextField()
    made = models.TextField(blank=True)
    edited_at = models.DateTimeField()
    edited_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["row", "column"], name="summary_edit_one_a_cell"),
            models.CheckConstraint(
                condition=Q(column__in=SummaryColumn.values), name="summary_edit_column_is_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_column_display()} of {self.row}"
