"""What a judgement or a vote stands on: its content, and one digest of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from etd.domain.canonical import digest

# Criteria with one of these roles are judged by the outcome tables of the question, wherever the tables are printed.
ROLES_JUDGED_BY_TABLES = frozenset({"desirable", "undesirable", "overall_certainty", "balance"})


def evidence_content(
    *, role: str, research_evidence: str, rows: Iterable[Mapping[str, Any]]
) -> dict[str, Any]:
    """A criterion's research evidence and, where its role says so, the rows of all outcome tables, in a fixed order.

    A row has the raw numbers of OutcomeRow with its `id`, and `certainty`, the level of its outcome, where one is
    recorded.
    """
    judged_by = sorted(rows, key=lambda row: str(row["id"])) if role in ROLES_JUDGED_BY_TABLES else []
    return {"research_evidence": research_evidence, "rows": [dict(row) for row in judged_by]}


def evidence_digest(*, role: str, research_evidence: str, rows: Iterable[Mapping[str, Any]]) -> str:
    """The digest of `evidence_content`."""
    return digest(evidence_content(role=role, research_evidence=research_evidence, rows=rows))


def without_certainty(content: Mapping[str, Any]) -> dict[str, Any]:
    """The content as it was told before it had the certainty of its outcomes: what older digests are of."""
    rows = [
        {name: value for name, value in row.items() if name != "certainty"} for row in content.get("rows", ())
    ]
    return {**content, "rows": rows}


def whole_evidence_digest(digests: Mapping[str, str]) -> str:
    """What the type of recommendation stands on: all criteria's digests, by key, as one."""
    return digest(dict(digests))
