from django.db import models

from etd.models.question import Question


class KeptEvidence(models.Model):
    """The evidence that votes and judgements with this digest were made on, so that it can be shown beside a newer one.

    `content` is the canonical JSON text that `digest` is the sha256 of; `names` has what its outcomes and populations
    were called, by id: {"outcomes": {"12": "Survival"}, "populations": {"3": "Adults"}}. Insert only.
    """

    append_only = True

    question = models.ForeignKey(Question, on_delete=models.PROTECT, related_name="kept_evidence")
    digest = models.CharField(max_length=64)
    content = models.TextField()
    names = models.JSONField(default=dict, blank=True)
    kept_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["question", "digest"], name="kept_evidence_once_a_digest"),
        ]

    def __str__(self) -> str:
        return f"Evidence {self.digest[:12]} of {self.question}"
