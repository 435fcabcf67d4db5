from django.db import models


class AuditChainHead(models.Model):
    """The end of one chain of audit events. Its row is locked, always last, before an event is appended."""

    chain = models.CharField(max_length=80, unique=True)
    seq = models.PositiveBigIntegerField(default=0)
    hash = models.CharField(max_length=64, blank=True)

    def __str__(self) -> str:
        return f"{self.chain} at {self.seq}"


class AuditEvent(models.Model):
    """One thing that somebody did. Insert only.

    Ids and names are text and there are no foreign keys, so that an event neither blocks nor changes with what it
    speaks of. `before` and `after` are canonical JSON text, hashed as they stand.
    """

    append_only = True

    chain = models.CharField(max_length=80)
    seq = models.PositiveBigIntegerField()
    guideline = models.CharField(max_length=80, blank=True)
    question = models.CharField(max_length=80, blank=True)
    actor_id = models.CharField(max_length=40)
    actor_name = models.CharField(max_length=300)
    op = models.UUIDField(null=True, blank=True)
    type = models.CharField(max_length=60)
    subject = models.CharField(max_length=300)
    before = models.TextField(blank=True)
    after = models.TextField(blank=True)
    at = models.DateTimeField()
    # That of the log's lines; empty for events of commands and of the worker, and for those from before there was one.
    request_id = models.CharField(max_length=64, blank=True, default="", db_default="")
    prev_hash = models.CharField(max_length=64, blank=True)
    hash = models.CharField(max_length=64)

    class Meta:
        ordering = ["chain", "seq"]
        indexes = [models.Index(fields=["guideline", "question"], name="audit_guideline_question")]
        constraints = [
            models.UniqueConstraint(fields=["chain", "seq"], name="audit_seq_unique_in_chain"),
            models.UniqueConstraint(
                fields=["actor_id", "op"], condition=models.Q(op__isnull=False), name="audit_op_once_an_actor"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.chain} {self.seq}: {self.type} {self.subject}"
