from django.conf import settings
from django.db import models
from django.db.models import Q

from etd.enums import BookPhase
from etd.models.guideline import Guideline


class Book(models.Model):
    """All questions of a guideline as one PDF, made by a job, which says here how far it has come.

    `n_ready` of `n_questions` are put together; `page` is the page that is being set, 0 before that. `sign_of_life` is
    when the job last said so, `run` which attempt at it: one whose worker was thought gone says nothing any more.
    `contents` are pairs of a question's slug and the sha256 of its document; `problem` says why there is no PDF.
    """

    guideline = models.ForeignKey(Guideline, on_delete=models.PROTECT, related_name="books")
    asked_at = models.DateTimeField()
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    phase = models.CharField(max_length=12, choices=BookPhase.choices, default=BookPhase.WAITING)
    n_questions = models.PositiveIntegerField()
    n_ready = models.PositiveIntegerField(default=0)
    page = models.PositiveIntegerField(default=0)
    sign_of_life = models.DateTimeField()
    run = models.UUIDField(null=True, blank=True)
    contents = models.JSONField(default=list, blank=True)
    pdf = models.BinaryField(null=True, blank=True)
    problem = models.TextField(blank=True)

    class Meta:
        ordering = ["guideline", "pk"]
        constraints = [
            models.CheckConstraint(condition=Q(phase__in=BookPhase.values), name="book_phase_is_known"),
            models.CheckConstraint(
                condition=(Q(phase=BookPhase.DONE) & Q(pdf__isnull=False))
                | (~Q(phase=BookPhase.DONE) & Q(pdf__isnull=True)),
                name="book_is_done_with_its_pdf",
            ),
            models.UniqueConstraint(
                fields=["guideline"],
                condition=Q(phase__in=[BookPhase.WAITING, BookPhase.GATHERING, BookPhase.SETTING]),
                name="book_one_at_a_time",
            ),
        ]

    def __str__(self) -> str:
        return f"Book of {self.guideline}: {self.get_phase_display()}"
