from django.db import models


class Worker(models.Model):
    """A process that does jobs, and when it last gave a sign of life. One that ends in order takes its row away."""

    name = models.CharField(max_length=64, unique=True)
    began_at = models.DateTimeField()
    seen_at = models.DateTimeField()

    class Meta:
        ordering = ["began_at"]

    def __str__(self) -> str:
        return f"Worker {self.name}"
