"""Comparator risks of rows of results: what a row gives, and their order. For actions and selectors."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Protocol, TypeVar

from etd.domain.comparator_risk import AssumedRisk, NoRisk, assumed_risk
from etd.enums import RiskLevel
from etd.models import OutcomeRow


class HasLevel(Protocol):
    @property
    def level(self) -> str: ...


RiskT = TypeVar("RiskT", bound=HasLevel)


def risk_from(
    row: OutcomeRow, source: str, *, risk: Decimal | None = None, citation: str = ""
) -> AssumedRisk | NoRisk:
    """The comparator risk by this source: the row's own, or the external one that is given."""
    return assumed_risk(
        source,
        risk=risk,
        events=row.events_comparison,
        n=row.n_comparison,
        median=(row.provenance or {}).get("median_comparison_risk"),
        citation=citation,
    )


def by_level(risks: Iterable[RiskT]) -> list[RiskT]:
    """As in the studies first, then from low to high."""
    return sorted(risks, key=lambda one: RiskLevel.values.index(one.level))
