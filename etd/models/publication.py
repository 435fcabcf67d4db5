from django.conf import settings
from django.db import models

from etd.models.question import Question

SHA256_LETTERS = 64


class Approval(models.Model):
    """One person's word that a question may be published as it stands.

    `content_sha256` is of the document that they saw; an approval of another content counts for nothing. It ends when
    the question goes back to work.
    """

    question = models.ForeignKey(Question, on_delete=models.PROTECT, related_name="approvals")
    content_sha256 = models.CharField(max_length=SHA256_LETTERS)
    approved_at = models.DateTimeField()
    approved_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", null=True, blank=True
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["question", "approved_by", "content_sha256"],
                condition=models.Q(ended_at__isnull=True),
                name="approval_once_a_person_and_content",
            ),
            models.CheckConstraint(
                condition=models.Q(ended_at__isnull=True, ended_by__isnull=True)
                | models.Q(ended_at__isnull=False, ended_by__isnull=False),
                name="approval_ended_pair",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.approved_by} approves {self.question}"


class PublishedVersion(models.Model):
    """One published version of a question, letter for letter as it went out. Insert only.

    `document` is the text of its JSON file and `pdf` the bytes of its PDF; `document_sha256` and `pdf_sha256` are of
    those bytes. `approvals` are pairs of name and time (ISO 8601). `record_sha256` is of the record of the version
    (`etd.domain.version_record`), which holds `previous_sha256`, that of the version before; it is empty for the first.
    """

    append_only = True

    question = models.ForeignKey(Question, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    note = models.TextField(blank=True)
    schema_version = models.CharField(max_length=40)
    document = models.TextField()
    document_sha256 = models.CharField(max_length=SHA256_LETTERS)
    pdf = models.BinaryField()
    pdf_sha256 = models.CharField(max_length=SHA256_LETTERS)
    approvals = models.JSONField(default=list, blank=True)
    previous_sha256 = models.CharField(max_length=SHA256_LETTERS, blank=True)
    record_sha256 = models.CharField(max_length=SHA256_LETTERS)
    published_at = models.DateTimeField()
    published_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    published_by_name = models.CharField(max_length=300)

    class Meta:
        ordering = ["question", "number"]
        constraints = [
            models.UniqueConstraint(fields=["question", "number"], name="version_number_unique"),
            models.CheckConstraint(
                condition=models.Q(number=1, previous_sha256="")
                | (models.Q(number__gte=2) & ~models.Q(previous_sha256="") & ~models.Q(note="")),
                name="version_follows_another_with_a_note",
            ),
        ]

    def __str__(self) -> str:
        return f"Version {self.number} of {self.question}"


class Withdrawal(models.Model):
    """A published version that its guideline no longer stands by, and why. It stays readable. Insert only."""

    append_only = True

    version = models.OneToOneField(PublishedVersion, on_delete=models.PROTECT, related_name="withdrawal")
    reason = models.TextField()
    withdrawn_at = models.DateTimeField()
    withdrawn_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~models.Q(reason=""), name="withdrawal_has_a_reason"),
        ]

    def __str__(self) -> str:
        return f"{self.version} withdrawn"
