"""What a judgement or a vote stood on, as one digest."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from etd.domain.canonical import digest

# Criteria with one of these roles are judged by the outcome tables of the question, wherever the tables are printed.
ROLES_JUDGED_BY_TABLES = frozenset({"desirable", "undesirable", "overall_certainty", "balance"})


def evidence_digest(*, role: str, research_evidence: str, rows: Iterable[Mapping[str, Any]]) -> str:
    """The digest of a criterion's research evidence and, where its role says so, of the rows of all outcome tables."""
    judged_by = sorted(rows, key=lambda row: str(row["id"])) if role in ROLES_JUDGED_BY_TABLES else []
    return digest({"research_evidence": research_evidence, "rows": [dict(row) for row in judged_by]})


def whole_evidence_digest(digests: Mapping[str, str]) -> str:
    """What the type of recommendation stands on: all criteria's digests, by key, as one."""
    return digest(dict(digests))
