from functools import cached_property

from django.conf import settings
from django.db import models
from django.db.models import Q

from etd.enums import Confidence, NoEvidenceBasis, TallyDisplay
from etd.frameworks import Framework
from etd.models.framework import JudgedByFramework
from etd.models.question import Question


class VotingRound(JudgedByFramework):
    """A window in time in which the members with a ballot vote on some items of a question.

    The settings of the guideline and the question's framework are copied when it opens. `closed_by` of a round that its
    time has closed is whoever opened it, and `closed_at` is its `closes_at`. `tally_digest` is the sha256 of the
    tallies at the close.
    """

    question = models.ForeignKey(Question, on_delete=models.PROTECT, related_name="rounds")
    number = models.PositiveIntegerField()
    item_keys = models.JSONField()
    blind = models.BooleanField(default=True)
    tally_display = models.CharField(max_length=10, choices=TallyDisplay.choices, default=TallyDisplay.COUNTS)
    reasons_named = models.BooleanField(default=False)
    consensus_rule = models.JSONField(default=dict, blank=True)
    closes_at = models.DateTimeField(null=True, blank=True)
    opened_at = models.DateTimeField()
    opened_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    closed_at = models.DateTimeField(null=True, blank=True)
    closed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", null=True, blank=True
    )
    tally_digest = models.CharField(max_length=64, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["question", "number"], name="round_number_unique"),
            models.UniqueConstraint(
                fields=["question"], condition=Q(closed_at__isnull=True), name="round_one_open_a_question"
            ),
            models.CheckConstraint(
                condition=Q(closed_at__isnull=True, closed_by__isnull=True)
                | Q(closed_at__isnull=False, closed_by__isnull=False),
                name="round_closed_pair",
            ),
            models.CheckConstraint(
                condition=Q(tally_display__in=TallyDisplay.values),
                name="round_tally_display_is_known",
            ),
            models.CheckConstraint(
                condition=Q(closed_at__isnull=False) | Q(tally_digest=""),
                name="round_digest_of_the_close",
            ),
        ]

    def __str__(self) -> str:
        return f"Round {self.number} of {self.question}"

    @cached_property
    def framework(self) -> Framework:
        """The framework that it was opened with, in the guideline's word for conditional. Raises `UnknownKey`."""
        return super().framework.worded(self.question.guideline.strength_word)


class RoundSnapshot(models.Model):
    """What a round is about, frozen when it opened: question, items with their options, evidence, rule and roll.

    `content` is canonical JSON text, `sha256` its digest, which the event of the opening holds too. Insert only.
    """

    append_only = True

    round = models.OneToOneField(VotingRound, on_delete=models.PROTECT, related_name="snapshot")
    content = models.TextField()
    sha256 = models.CharField(max_length=64)

    def __str__(self) -> str:
        return f"Snapshot of {self.round}"


class Ballot(models.Model):
    """The right of one member to vote in one round: without a ballot a vote cannot exist."""

    round = models.ForeignKey(VotingRound, on_delete=models.PROTECT, related_name="ballots")
    member = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="ballots")
    voided_at = models.DateTimeField(null=True, blank=True)
    voided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", null=True, blank=True
    )
    void_reason = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["round", "member"], name="ballot_one_a_member"),
            models.CheckConstraint(
                condition=Q(voided_at__isnull=True, voided_by__isnull=True)
                | Q(voided_at__isnull=False, voided_by__isnull=False),
                name="ballot_voided_pair",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.member} in {self.round}"


class Vote(models.Model):
    """One member's own judgement of one item, and why.

    The audit event of a vote in an open round holds only `commitment`, which is sha256 over `nonce` and the vote:
    nobody learns the vote from the trail, and nobody can change it afterwards unseen.
    """

    ballot = models.ForeignKey(Ballot, on_delete=models.PROTECT, related_name="votes")
    item_key = models.CharField(max_length=80)
    option_keys = models.JSONField()
    comment = models.TextField(blank=True)
    confidence = models.CharField(max_length=10, choices=Confidence.choices, blank=True)
    no_evidence_basis = models.CharField(max_length=20, choices=NoEvidenceBasis.choices, blank=True)
    evidence_digest = models.CharField(max_length=64)
    nonce = models.CharField(max_length=64)
    commitment = models.CharField(max_length=64)
    version = models.PositiveIntegerField()
    cast_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["ballot", "item_key"], name="vote_one_an_item"),
            models.CheckConstraint(
                condition=Q(confidence__in=["", *Confidence.values]), name="vote_confidence_is_known"
            ),
            models.CheckConstraint(
                condition=Q(no_evidence_basis__in=["", *NoEvidenceBasis.values]),
                name="vote_no_evidence_basis_is_known",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.item_key}, {self.ballot}"
