"""How certain the evidence of an outcome is: the worksheet, and with it the outcome's level."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from etd.actions import audit
from etd.actions.errors import Refused, StaleEdit
from etd.actions.locks import lock_question, require_open
from etd.certainty_evidence import (
    Suggested,
    rated_on,
    row_digest,
    seen_digest,
    suggested_change,
    suggestions_of,
)
from etd.domain import certainty
from etd.models import CertaintyRating, CertaintyWorksheet, Outcome, OutcomeRow, User
from etd.workflow import Part


@dataclass(frozen=True)
class DomainRating:
    """How many levels one domain rates the certainty down (negative) or up, and why."""

    domain: str
    levels: int
    reason: str = ""


class EvidenceMoved(Refused):
    """What the person looked at while rating is not what is stored now."""


def rate_certainty(
    *,
    outcome: Outcome,
    row: OutcomeRow | None,
    design: str,
    ratings: Sequence[DomainRating],
    revision: int,
    by: User,
    design_note: str = "",
    seen: str | None = None,
    op: UUID | None = None,
) -> CertaintyWorksheet:
    """Save the worksheet, and the level it comes to in the outcome; `revision` is 0 where there is no worksheet yet.

    `row` is the line of results that it is rated on, None where the outcome has none. With each domain goes what the
    data suggested. `seen` is the digest of the results and suggestions that the person was shown: EvidenceMoved where
    they are others now. Raises StaleEdit where somebody else has saved, Refused for a row of another outcome, a domain
    that is missing, levels that a domain does not have, and without a reason for levels and for leaving a suggestion.
    """
    with transaction.atomic():
        question = lock_question(outcome.question)
        current = Outcome.objects.get(pk=outcome.pk)
        if row is not None and row.outcome_id != current.pk:
            raise Refused("The results must be those of this outcome.")
        stored = CertaintyWorksheet.objects.filter(outcome=current).first()
        before = worksheet_values(stored, current.certainty) if stored else None
        suggestions = suggestions_of(row, design)
        result = _rate(design, ratings)
        after: dict[str, Any] = {
            "level": result.level,
            "arithmetic": result.arithmetic,
            "design": str(design),
            "design_note": design_note,
            "row": str(row) if row else "",
            "rated_on": rated_on(row) if row else "",
            "evidence_digest": row_digest(row) if row else "",
            "domains": {
                rating.domain: {
                    "levels": rating.levels,
                    "reason": rating.reason.strip(),
                    "suggestion": suggestions.get(rating.domain),
                }
                for rating in ratings
            },
        }
        if stored and before == after and stored.row_id == (row.pk if row else None):
            return stored
        require_open(question, Part.EVIDENCE)
        if (stored.revision if stored else 0) != revision:
            raise StaleEdit(before or {}, stored.revision if stored else 0)
        if seen is not None and seen != seen_digest(row, suggestions):
            raise EvidenceMoved(
                "The results, or what they suggest, have changed since this page was opened. What you typed is kept; "
                "look at what the data suggest now, then save again."
            )
        _require_reasons_for_leaving(suggestions, ratings)
        now = timezone.now()
        worksheet = stored or CertaintyWorksheet(outcome=current, revision=0)
        worksheet.row, worksheet.design, worksheet.design_note = row, design, design_note
        worksheet.rated_on, worksheet.evidence_digest = after["rated_on"], after["evidence_digest"]
        worksheet.revision += 1
        worksheet.rated_at, worksheet.rated_by = now, by
        worksheet.save()
        worksheet.ratings.all().delete()
        CertaintyRating.objects.bulk_create(
            CertaintyRating(worksheet=worksheet, domain=domain, **values)
            for domain, values in after["domains"].items()
        )
        as_reported = "" if stored else current.certainty
        current.certainty = result.level
        current.save(update_fields=["certainty"])
        audit.record(
            type="certainty_rated",
            subject=str(current)[:300],
            before=before or ({"level": as_reported} if as_reported else None),
            after=after,
            at=now,
            by=by,
            question=question,
            op=op,
        )
    return worksheet


def _rate(design: str, ratings: Sequence[DomainRating]) -> certainty.Rating:
    levels = {rating.domain: rating.levels for rating in ratings}
    if missing := [name for domain, name in certainty.DOMAIN_NAMES.items() if domain not in levels]:
        raise Refused(f"Not rated yet: {', '.join(missing)}.")
    if len(levels) != len(ratings):
        raise Refused("Each domain is rated once.")
    for rating in ratings:
        if rating.levels and not rating.reason.strip():
            name = certainty.DOMAIN_NAMES.get(rating.domain, rating.domain)
            raise Refused(f"Say why {name} changes the certainty.")
    try:
        return certainty.rate(str(design), levels)
    except ValueError as error:
        raise Refused(str(error)) from error


def _require_reasons_for_leaving(
    suggestions: Mapping[str, Suggested], ratings: Sequence[DomainRating]
) -> None:
    for rating in ratings:
        if not rating.reason.strip() and suggested_change(rating.domain, suggestions):
            name = certainty.DOMAIN_NAMES[rating.domain]
            raise Refused(f"Say why {name} does not change the certainty: the data suggest that it does.")


def worksheet_values(worksheet: CertaintyWorksheet, level: str) -> dict[str, Any]:
    """A stored worksheet as the audit trail keeps it."""
    ratings = {rating.domain: rating for rating in worksheet.ratings.all()}
    ordered = [ratings[domain] for domain in certainty.DEGREES if domain in ratings]
    return {
        "level": level,
        "arithmetic": certainty.rate(worksheet.design, {r.domain: r.levels for r in ordered}).arithmetic,
        "design": worksheet.design,
        "design_note": worksheet.design_note,
        "row": str(worksheet.row) if worksheet.row else "",
        "rated_on": worksheet.rated_on,
        "evidence_digest": worksheet.evidence_digest,
        "domains": {
            r.domain: {"levels": r.levels, "reason": r.reason, "suggestion": r.suggestion} for r in ordered
        },
    }
