"""What a check has to say: one finding, as pages, commands and audits pass it on. A check never changes anything."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """IMPOSSIBLE: no data could give this. INCONSISTENT: two things that cannot both hold. INFORMATIONAL: look once."""

    IMPOSSIBLE = "impossible"
    INCONSISTENT = "inconsistent"
    INFORMATIONAL = "informational"


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding.

    `code` names the check and never changes. `where` names the place in words a reader can find: criterion, section,
    statement or table row. `message` is the reason in one or two sentences, `evidence` the words or the arithmetic that
    it rests on. `heuristic`: it comes from reading English, and may be mistaken.
    """

    code: str
    severity: Severity
    where: str
    message: str
    evidence: str
    heuristic: bool = False

    def to_json(self) -> dict[str, str | bool]:
        """`{code, severity, where, message, evidence, heuristic}`."""
        return {
            "code": self.code,
            "severity": self.severity.value,
            "where": self.where,
            "message": self.message,
            "evidence": self.evidence,
            "heuristic": self.heuristic,
        }


def by_severity(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """The findings, the gravest first, otherwise in the order they came."""
    order = list(Severity)
    return tuple(sorted(findings, key=lambda finding: order.index(finding.severity)))
