"""The risk without the intervention that absolute effects are reckoned from: how large it is, and where it is from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

from etd.domain.absolute import Number, exact, pooled_risk, risk_text, written
from etd.domain.canonical import digest
from etd.domain.numbers import effect_number, rounded

POOLED, MEDIAN, EXTERNAL = "pooled", "median", "external"

# Below it no two fractions of people share a float.
_MOST_PEOPLE = 10_000_000

NO_COUNTS = "The row has no counts in the comparison arms to take a risk from."
NO_MEDIAN = "A median needs each trial’s counts: compute the row from study data, or choose another source."
NO_CITATION = "An external risk needs to say where it was read."


@dataclass(frozen=True)
class AssumedRisk:
    """`risk` is a proportion, 0 to 1, exactly: 10 of 120 are a twelfth.

    `words` say where it is from: `385 of 931 in the comparison arms`.
    `citation` is that of an external risk, empty for the others.
    """

    risk: Fraction
    words: str
    citation: str = ""


@dataclass(frozen=True)
class NoRisk:
    """Why there is no comparator risk, as a sentence with the remedy."""

    reason: str


def assumed_risk(
    source: str,
    *,
    risk: float | Decimal | None = None,
    events: int | None = None,
    n: int | None = None,
    median: Mapping[str, float] | None = None,
    citation: str = "",
) -> AssumedRisk | NoRisk:
    """The comparator risk of one row of results (GRADE guidelines 12; Cochrane Handbook, chapter 14).

    `source` is a RiskSource: `pooled` takes `events` over `n` people of the row's comparison arms; `median` takes
    `median`, the row's `provenance["median_comparison_risk"]` ({"risk": proportion, "trials": number}); `external`
    takes `risk`, a proportion, with its `citation`. Raises ValueError for another source and for a risk outside 0 to 1.
    """
    if source == POOLED:
        if events is None or not n:
            return NoRisk(NO_COUNTS)
        return AssumedRisk(pooled_risk(events, n), f"{events:,} of {n:,} in the comparison arms")
    if source == MEDIAN:
        if median is None:
            return NoRisk(NO_MEDIAN)
        trials = int(median["trials"])
        words = f"median of {trials:,} trials" if trials > 1 else "the one trial"
        # Stored as the nearest float; the counts that it comes from give a fraction again.
        return AssumedRisk(_checked(median["risk"]).limit_denominator(_MOST_PEOPLE), words)
    if source != EXTERNAL:
        raise ValueError(f"{source!r} is no source of a comparator risk.")
    if risk is None or not citation.strip():
        return NoRisk(NO_CITATION)
    return AssumedRisk(_checked(risk), "external cohort", citation)


def impossible_with(measure: str, estimate: float, risk: Number) -> str:
    """Why an effect cannot be taken from this risk (a proportion): it would lead out of 0 to 1. Empty where it can.

    Only an RR and an RD lead there. Of their limits nothing is said: those are capped, with a footnote.
    """
    if measure not in ("RR", "RD"):
        return ""
    before, effect = exact(risk, "The comparator risk"), exact(estimate, f"The {measure}")
    after = before * effect if measure == "RR" else before + effect
    if 0 <= after <= 1:
        return ""
    return (
        f"With the {measure} of {effect_number(estimate, measure)} a risk of {risk_text(before)} would become "
        f"{_per_thousand(after)}, which cannot be. Choose a risk that the {measure} holds for, or another measure."
    )


def risks_revision(risks: Sequence[Mapping[str, Any]]) -> int:
    """A number that stands for these stored risks: a form made from others has another."""
    return int(digest(list(risks))[:12], 16)


def _per_thousand(share: Fraction) -> str:
    return f"{rounded(float(share * 1_000), 0)} per 1,000"


def _checked(risk: Number) -> Fraction:
    found = exact(risk, "The comparator risk")
    if not 0 <= found <= 1:
        raise ValueError(f"The comparator risk is {written(found)}: it must lie between 0 and 1.")
    return found
