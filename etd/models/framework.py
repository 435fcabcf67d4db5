from functools import cached_property

from django.conf import settings
from django.db import models

from etd.frameworks import Framework, get_framework
from etd.frameworks.overlay import Changes, apply
from etd.models.guideline import Guideline


class OwnFramework(models.Model):
    """A version of a shipped framework that a guideline made its own; what it changes never changes afterwards."""

    append_only = True

    guideline = models.ForeignKey(Guideline, on_delete=models.PROTECT, related_name="own_frameworks")
    version = models.PositiveIntegerField()
    title = models.CharField(max_length=200)
    base_key = models.CharField(max_length=80)
    base_version = models.PositiveIntegerField()
    changes = models.JSONField()
    created_at = models.DateTimeField()
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ["guideline", "version"]
        constraints = [
            models.UniqueConstraint(fields=["guideline", "version"], name="own_framework_version_unique"),
        ]

    def __str__(self) -> str:
        return f"{self.title}, version {self.version}"

    @cached_property
    def framework(self) -> Framework:
        """The shipped framework with the changes laid over it. Raises `UnknownKey` where its file is gone."""
        return apply(
            get_framework(self.base_key, self.base_version),
            Changes.from_json(self.changes),
            title=self.title,
            version=self.version,
        )


class JudgedByFramework(models.Model):
    """What is judged by a framework: a shipped one, or the guideline's own version of that one."""

    framework_key = models.CharField(max_length=80)
    framework_version = models.PositiveIntegerField()
    own_framework = models.ForeignKey(
        OwnFramework, on_delete=models.PROTECT, related_name="+", null=True, blank=True
    )

    class Meta:
        abstract = True

    @cached_property
    def framework(self) -> Framework:
        """Raises `UnknownKey` where the file of the framework is gone."""
        if self.own_framework is not None:
            return self.own_framework.framework
        return get_framework(self.framework_key, self.framework_version)
