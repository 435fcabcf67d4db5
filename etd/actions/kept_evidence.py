"""Keeping the evidence that something was judged on, so that it can be shown beside a newer one.

Part of other actions: it runs inside their transaction, with the question locked.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from etd.domain.canonical import canonical_json
from etd.enums import RECOMMENDATION_TYPE_ITEM
from etd.evidence import Evidence
from etd.models import KeptEvidence, Question


def keep_evidence(
    *, question: Question, evidence: Evidence, item_keys: Collection[str], at: datetime
) -> None:
    """Keep what these items stand on, each content once a question; for the type also that of every criterion."""
    has_type = RECOMMENDATION_TYPE_ITEM in item_keys
    keys = evidence.contents if has_type else item_keys
    contents = {evidence.digests[key]: evidence.contents[key] for key in keys}
    if has_type:
        contents[evidence.whole_digest] = evidence.digests
    there = set(
        KeptEvidence.objects.filter(question=question, digest__in=contents).values_list("digest", flat=True)
    )
    KeptEvidence.objects.bulk_create(
        KeptEvidence(
            question=question,
            digest=digest,
            content=canonical_json(content),
            names=_names_in(content, evidence),
            kept_at=at,
        )
        for digest, content in contents.items()
        if digest not in there
    )


def _names_in(content: Mapping[str, Any], evidence: Evidence) -> dict[str, dict[str, str]]:
    """What the outcomes and populations of its rows are called."""
    if not (rows := content.get("rows")):
        return {}
    return {
        kind: {key: evidence.names[kind][key] for key in sorted({str(row[field]) for row in rows})}
        for kind, field in (("outcomes", "outcome_id"), ("populations", "population_id"))
    }
