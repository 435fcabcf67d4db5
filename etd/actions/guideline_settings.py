"""How a guideline's panel votes: what is shown of tallies, and what it calls a consensus."""

from __future__ import annotations

from uuid import UUID

from django.db import transaction
from django.utils import timezone

from etd.actions import audit
from etd.actions.errors import Refused
from etd.domain.consensus import rule_of
from etd.enums import ConsensusPreset, TallyDisplay
from etd.models import Guideline, User


def change_guideline_settings(
    *,
    guideline: Guideline,
    tally_display: TallyDisplay,
    reasons_named: bool,
    consensus_preset: ConsensusPreset,
    consensus_threshold: int | None = None,
    by: User,
    op: UUID | None = None,
) -> Guideline:
    """Change the settings of votes; rounds that were opened before keep those they were opened with.

    `consensus_threshold` in percent (50 to 100) belongs to the panel's own rule alone. Raises Refused otherwise.
    """
    if (consensus_threshold is not None) != (consensus_preset == ConsensusPreset.OWN):
        raise Refused("A threshold belongs to the panel's own rule, and only to that one.")
    try:
        rule_of(consensus_preset, consensus_threshold)
    except ValueError as error:
        raise Refused(f"This rule cannot be: {error}.") from None
    with transaction.atomic():
        current = Guideline.objects.select_for_update().get(pk=guideline.pk)
        before = _values(current)
        current.tally_display = tally_display
        current.reasons_named = reasons_named
        current.consensus_preset = consensus_preset
        current.consensus_threshold = consensus_threshold
        after = _values(current)
        if before == after:
            return current
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


def _values(guideline: Guideline) -> dict[str, str | bool | int | None]:
    return {
        "tally_display": str(guideline.tally_display),
        "reasons_named": guideline.reasons_named,
        "consensus_preset": str(guideline.consensus_preset),
        "consensus_threshold": guideline.consensus_threshold,
    }
