"""What a guideline calls itself and its recommendations, how its panel votes, and how many approve."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from etd.actions import audit
from etd.actions.errors import Refused
from etd.domain.consensus import rule_of, with_quorum
from etd.enums import ConsensusPreset, StrengthWord, TallyDisplay
from etd.models import Guideline, User

MOST_APPROVALS = 5


def change_guideline_settings(
    *,
    guideline: Guideline,
    tally_display: TallyDisplay,
    reasons_named: bool,
    consensus_preset: ConsensusPreset,
    consensus_threshold: int | None = None,
    consensus_quorum: int | None = None,
    by: User,
    op: UUID | None = None,
) -> Guideline:
    """Change the settings of votes; rounds that were opened before keep those they were opened with.

    `consensus_threshold` in percent (50 to 100) belongs to the panel's own rule alone, `consensus_quorum` in percent
    (1 to 100) of the ballots to any. Raises Refused otherwise.
    """
    if (consensus_threshold is not None) != (consensus_preset == ConsensusPreset.OWN):
        raise Refused("A threshold belongs to the panel's own rule, and only to that one.")
    try:
        with_quorum(rule_of(consensus_preset, consensus_threshold), consensus_quorum)
    except ValueError as error:
        raise Refused(f"This rule cannot be: {error}.") from None
    return _change(
        guideline,
        {
            "tally_display": str(tally_display),
            "reasons_named": reasons_named,
            "consensus_preset": str(consensus_preset),
            "consensus_threshold": consensus_threshold,
            "consensus_quorum": consensus_quorum,
        },
        by,
        op,
    )


def require_approvals(
    *, guideline: Guideline, approvals_needed: int, by: User, op: UUID | None = None
) -> Guideline:
    """Change how many people approve a question before it is published, from 1 to 5, also where it is in review now.

    Raises Refused for any other number.
    """
    if approvals_needed not in range(1, MOST_APPROVALS + 1):
        raise Refused(f"Please choose a number of people from 1 to {MOST_APPROVALS}.")
    return _change(guideline, {"approvals_needed": approvals_needed}, by, op)


def describe_guideline(
    *,
    guideline: Guideline,
    title: str,
    organisation: str,
    strength_word: StrengthWord,
    by: User,
    op: UUID | None = None,
) -> Guideline:
    """Change how a guideline is named and which word it has for a recommendation that is not strong.

    Pages and documents show it at once. Raises Refused without a title.
    """
    if not title.strip():
        raise Refused("A guideline needs a title.")
    return _change(
        guideline,
        {"title": title, "organisation": organisation, "strength_word": str(strength_word)},
        by,
        op,
    )


def _change(guideline: Guideline, after: dict[str, Any], by: User, op: UUID | None) -> Guideline:
    with transaction.atomic():
        current = Guideline.objects.select_for_update().get(pk=guideline.pk)
        before = {name: getattr(current, name) for name in after}
        if before == after:
            return current
        for name, value in after.items():
            setattr(current, name, value)
        current.save(update_fields=list(after))
        audit.record(
            type="settings_changed",
            subject=current.slug,
            before=before,
            after=after,
            at=timezone.now(),
            by=by,
            guideline=current,
            op=op,
        )
    return current
