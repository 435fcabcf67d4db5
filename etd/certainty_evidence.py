"""What the certainty of an outcome is rated on: a line of results, its digest, and what it suggests."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import TypedDict

from etd.comparator_risks import risk_from
from etd.domain import numbers
from etd.domain.canonical import digest
from etd.domain.certainty_suggestions import Evidence, suggestions
from etd.domain.comparator_risk import AssumedRisk
from etd.domain.narrative import Thresholds
from etd.enums import Measure, RiskLevel, RiskSource, ValueSource
from etd.evidence import ROW_VALUES
from etd.models import ComparatorRisk, DecisionThresholds, OutcomeRow

# What the document prints is all there is of a reported row.
NEEDS_STUDIES = {
    "inconsistency": "a prediction interval",
    "publication_bias": "Egger’s test",
}

_WITH_DATA = ("inconsistency", "imprecision", "publication_bias", "large_effect")


class Suggested(TypedDict):
    """What the data suggest for a domain; `levels` is None where they suggest nothing, and `text` says why."""

    levels: int | None
    text: str


def row_digest(row: OutcomeRow) -> str:
    """The digest of the row's own values, none of another row's."""
    return digest({name: getattr(row, name) for name in ROW_VALUES})


def rated_on(row: OutcomeRow) -> str:
    """`OR 1.17 (0.97–1.42), 14 studies, I² 0%`: enough to see later what has changed."""
    effect = "no effect estimate"
    if row.estimate is not None and row.ci_low is not None and row.ci_high is not None:
        effect = f"{row.measure} {numbers.effect(row.estimate, row.ci_low, row.ci_high, row.measure)}"
    studies = f"{row.n_studies} {'study' if row.n_studies == 1 else 'studies'}"
    i2 = [] if row.i_squared is None else [f"I² {numbers.rounded(row.i_squared, 0)}%"]
    return ", ".join([effect, studies, *i2])


def suggestions_of(row: OutcomeRow | None, design: str) -> dict[str, Suggested]:
    """Domain to what the row's data suggest, in two queries; empty without a row.

    Study-level data are those that meta-analysis pushed with a recomputed row. A reported row has what is printed.
    """
    if row is None:
        return {}
    try:
        found = suggestions(_evidence(row, design))
    except ValueError as error:
        return {domain: Suggested(levels=None, text=str(error)) for domain in _WITH_DATA}
    result = {one.domain: Suggested(levels=one.levels, text=one.reason) for one in found}
    if not design:
        result["large_effect"] = Suggested(levels=None, text="Choose the design of the studies first.")
    if row.source == ValueSource.REPORTED:
        for domain, what in NEEDS_STUDIES.items():
            result[domain]["text"] = f"{result[domain]['text']} {_not_there(what, result[domain]['levels'])}"
    return result


def suggested_change(domain: str, suggestions: Mapping[str, Suggested]) -> int:
    """The levels by which the data suggest that a domain changes the certainty; 0 where they suggest none."""
    suggestion = suggestions.get(domain)
    return (suggestion["levels"] if suggestion else None) or 0


def _not_there(what: str, levels: int | None) -> str:
    missing = f"study-level data are not there, so {what} is not known."
    return f"No suggestion: {missing}" if levels is None else f"This is a reported row: {missing}"


def _evidence(row: OutcomeRow, design: str) -> Evidence:
    pushed = row.provenance or {}
    event_free = row.outcome.event_free if row.measure == Measure.HR else False
    is_unsaid = event_free is None
    thresholds = DecisionThresholds.objects.filter(outcome_id=row.outcome_id).first()
    return Evidence(
        design=design or "randomised",
        measure=row.measure,
        # Egger's test and the prediction interval are of the studies in the analysis.
        n_studies=pushed.get("k", row.n_studies),
        estimate=row.estimate,
        ci_low=row.ci_low,
        ci_high=row.ci_high,
        prediction_low=pushed.get("prediction_low"),
        prediction_high=pushed.get("prediction_high"),
        i_squared=row.i_squared,
        participants=_both(row.n_intervention, row.n_comparison),
        events=_both(row.events_intervention, row.events_comparison),
        comparator_risk=None if is_unsaid else _comparator_risk(row),
        event_free=bool(event_free),
        thresholds=(
            Thresholds(thresholds.small, thresholds.moderate, thresholds.large) if thresholds else None
        ),
        egger_p=pushed.get("egger_p"),
    )


def _both(intervention: int | None, comparison: int | None) -> int | None:
    return None if intervention is None or comparison is None else intervention + comparison


def _comparator_risk(row: OutcomeRow) -> Fraction | None:
    """The risk that was recorded for this outcome and population as in the studies, else all events over all people."""
    recorded = ComparatorRisk.objects.filter(
        outcome_id=row.outcome_id, population_id=row.population_id, level=RiskLevel.STUDIES
    ).first()
    found = (
        risk_from(row, recorded.source, risk=recorded.risk, citation=recorded.citation)
        if recorded
        else risk_from(row, RiskSource.POOLED)
    )
    return found.risk if isinstance(found, AssumedRisk) else None


def seen_digest(row: OutcomeRow | None, suggested: Mapping[str, Suggested]) -> str:
    """What a person who rates looks at, as one digest."""
    return digest({"row": row_digest(row) if row else "", "suggestions": dict(suggested)})
