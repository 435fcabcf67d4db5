from django.conf import settings
from django.db import models
from django.db.models import Q

from etd.domain.findings import Severity
from etd.models.question import Question


class DismissedFinding(models.Model):
    """A finding of the checks that somebody looked at and put aside, with the reason.

    `fingerprint` is the sha256 of the finding with its place and its arithmetic: where these change, it is a new one.
    The words are kept as they were when it was put aside.
    """

    question = models.ForeignKey(Question, on_delete=models.CASCADE, related_name="dismissed_findings")
    fingerprint = models.CharField(max_length=64)
    code = models.CharField(max_length=80)
    severity = models.CharField(max_length=20)
    where = models.TextField()
    message = models.TextField()
    evidence = models.TextField(blank=True)
    reason = models.TextField()
    dismissed_at = models.DateTimeField()
    dismissed_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["question", "fingerprint"], name="dismissed_finding_once"),
            models.CheckConstraint(
                condition=Q(severity__in=[severity.value for severity in Severity]),
                name="dismissed_finding_severity_is_known",
            ),
            models.CheckConstraint(condition=~Q(reason=""), name="dismissed_finding_has_a_reason"),
        ]

    def __str__(self) -> str:
        return f"{self.code}, {self.where}"
