from django.conf import settings
from django.db import models
from django.db.models import Q

from etd.enums import ConflictLevel
from etd.models.guideline import Guideline
from etd.models.question import Question


class ConflictDeclaration(models.Model):
    """One version of what a member declares about their interests, for a question or for the whole guideline.

    Only the member and the chair may read `text`, and the chair's reading is logged. An amendment is the next version.
    `commitment` is sha256 over `nonce` and what was declared; the event holds it alone. Insert only.
    """

    append_only = True

    guideline = models.ForeignKey(Guideline, on_delete=models.PROTECT, related_name="declarations")
    question = models.ForeignKey(
        Question, on_delete=models.PROTECT, related_name="declarations", null=True, blank=True
    )
    member = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="declarations"
    )
    version = models.PositiveIntegerField()
    has_conflict = models.BooleanField()
    financial = models.BooleanField(default=False)
    intellectual = models.BooleanField(default=False)
    other = models.BooleanField(default=False)
    text = models.TextField(blank=True)
    nonce = models.CharField(max_length=64)
    commitment = models.CharField(max_length=64)
    made_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["question", "member", "version"],
                condition=Q(question__isnull=False),
                name="declaration_version_of_a_question",
            ),
            models.UniqueConstraint(
                fields=["guideline", "member", "version"],
                condition=Q(question__isnull=True),
                name="declaration_version_of_a_guideline",
            ),
            models.CheckConstraint(condition=Q(version__gte=1), name="declaration_version_from_one"),
            models.CheckConstraint(
                condition=Q(has_conflict=False, financial=False, intellectual=False, other=False)
                | (Q(has_conflict=True) & (Q(financial=True) | Q(intellectual=True) | Q(other=True))),
                name="declaration_conflict_has_a_kind",
            ),
            models.CheckConstraint(
                condition=Q(has_conflict=False) | ~Q(text=""), name="declaration_conflict_has_words"
            ),
        ]

    def __str__(self) -> str:
        return f"Declaration {self.version} of {self.member} for {self.question or self.guideline}"


class ConflictManagement(models.Model):
    """How a chair decided to manage one member's interests, for a question or the whole guideline: the last one counts.

    `declaration` is the version that the chair had read, None where there was none. `note` is seen by the chair and the
    member alone. Insert only.
    """

    append_only = True

    guideline = models.ForeignKey(Guideline, on_delete=models.PROTECT, related_name="managements")
    question = models.ForeignKey(
        Question, on_delete=models.PROTECT, related_name="managements", null=True, blank=True
    )
    member = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="managements")
    declaration = models.ForeignKey(
        ConflictDeclaration, on_delete=models.PROTECT, related_name="managements", null=True, blank=True
    )
    level = models.CharField(max_length=20, choices=ConflictLevel.choices)
    note = models.TextField(blank=True)
    managed_at = models.DateTimeField()
    managed_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(level__in=ConflictLevel.values), name="management_level_is_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.member}, {self.get_level_display()}: {self.question or self.guideline}"
