from django.conf import settings
from django.db import models

from etd.enums import ConsensusPreset, Role, StrengthWord, TallyDisplay


class Guideline(models.Model):
    """A workspace: the questions of one guideline and the people who work on them.

    `consensus_threshold` is in percent of the votes, `consensus_quorum` in percent of the ballots, None for none. A
    round takes the settings of votes with it when it opens, and keeps them. `approvals_needed` people approve a
    question before it is published.
    """

    slug = models.SlugField(unique=True, max_length=80)
    title = models.CharField(max_length=300)
    organisation = models.CharField(max_length=300, blank=True)
    strength_word = models.CharField(
        max_length=20, choices=StrengthWord.choices, default=StrengthWord.CONDITIONAL
    )
    tally_display = models.CharField(max_length=10, choices=TallyDisplay.choices, default=TallyDisplay.COUNTS)
    reasons_named = models.BooleanField(default=False)
    consensus_preset = models.CharField(
        max_length=20, choices=ConsensusPreset.choices, default=ConsensusPreset.AWMF
    )
    consensus_threshold = models.PositiveSmallIntegerField(null=True, blank=True)
    consensus_quorum = models.PositiveSmallIntegerField(null=True, blank=True)
    approvals_needed = models.PositiveSmallIntegerField(default=2)
    created_at = models.DateTimeField()
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(approvals_needed__gte=1, approvals_needed__lte=5),
                name="guideline_approvals_needed_is_one_to_five",
            ),
            models.CheckConstraint(
                condition=models.Q(tally_display__in=TallyDisplay.values),
                name="guideline_tally_display_is_known",
            ),
            models.CheckConstraint(
                condition=models.Q(consensus_preset__in=ConsensusPreset.values),
                name="guideline_consensus_preset_is_known",
            ),
            models.CheckConstraint(
                condition=(
                    ~models.Q(consensus_preset=ConsensusPreset.OWN)
                    & models.Q(consensus_threshold__isnull=True)
                )
                | models.Q(
                    consensus_preset=ConsensusPreset.OWN,
                    consensus_threshold__isnull=False,
                    consensus_threshold__gte=50,
                    consensus_threshold__lte=100,
                ),
                name="guideline_threshold_is_of_its_own_rule",
            ),
            models.CheckConstraint(
                condition=models.Q(consensus_quorum__isnull=True)
                | models.Q(consensus_quorum__gte=1, consensus_quorum__lte=100),
                name="guideline_quorum_is_a_percentage",
            ),
            models.CheckConstraint(
                condition=models.Q(strength_word__in=StrengthWord.values),
                name="guideline_strength_word_is_known",
            ),
        ]

    def __str__(self) -> str:
        return self.title


class PanelMembership(models.Model):
    """One person's role in one guideline; an ended membership stays for the record."""

    guideline = models.ForeignKey(Guideline, on_delete=models.PROTECT, related_name="memberships")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="memberships")
    role = models.CharField(max_length=20, choices=Role.choices)
    created_at = models.DateTimeField()
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", null=True, blank=True
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["guideline", "user"], name="membership_one_role_a_guideline"),
            models.CheckConstraint(condition=models.Q(role__in=Role.values), name="membership_role_is_known"),
            models.CheckConstraint(
                condition=models.Q(ended_at__isnull=True, ended_by__isnull=True)
                | models.Q(ended_at__isnull=False, ended_by__isnull=False),
                name="membership_ended_pair",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user}, {self.get_role_display()} of {self.guideline}"
