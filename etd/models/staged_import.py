from django.conf import settings
from django.db import models

from etd.enums import StagedStatus
from etd.models.guideline import Guideline
from etd.models.question import Question


class StagedImport(models.Model):
    """A document that somebody has sent and looks at before it becomes a question.

    `content` are the bytes of the file while they are looked at, and empty afterwards: a question keeps them as its
    source. `sha256` is theirs for good.
    """

    guideline = models.ForeignKey(Guideline, on_delete=models.PROTECT, related_name="staged_imports")
    file_name = models.CharField(max_length=300)
    content = models.BinaryField()
    sha256 = models.CharField(max_length=64)
    status = models.CharField(max_length=10, choices=StagedStatus.choices, default=StagedStatus.STAGED)
    question = models.OneToOneField(
        Question, on_delete=models.PROTECT, related_name="staged_import", null=True, blank=True
    )
    staged_at = models.DateTimeField()
    staged_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ["guideline", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(status__in=StagedStatus.values), name="staged_import_status_is_known"
            ),
            models.CheckConstraint(
                condition=models.Q(status=StagedStatus.STORED, question__isnull=False)
                | (~models.Q(status=StagedStatus.STORED) & models.Q(question__isnull=True)),
                name="staged_import_stored_is_a_question",
            ),
        ]

    def __str__(self) -> str:
        return self.file_name
