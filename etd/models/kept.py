from django.conf import settings
from django.db import models

from etd.models.question import Question


class KeptPart(models.Model):
    """What had no place in the framework that a question was moved to, or in the question that a document became.

    It stands in words; nothing of it is lost or changed. `former_framework` says where it is from.
    """

    append_only = True

    question = models.ForeignKey(Question, on_delete=models.PROTECT, related_name="kept_parts")
    former_framework = models.CharField(max_length=300)
    heading = models.CharField(max_length=300)
    text = models.TextField()
    kept_at = models.DateTimeField()
    kept_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ["question", "pk"]

    def __str__(self) -> str:
        return f"{self.heading}, from {self.former_framework}"
