"""What the lines of a Summary of Findings are made from: results, comparator risks, ratings."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from etd.certainty_evidence import row_digest
from etd.comparator_risks import risk_from
from etd.domain.comparator_risk import AssumedRisk, NoRisk
from etd.domain.narrative import Thresholds
from etd.domain.summary_cells import ComparatorRisk, Facts, Rating
from etd.enums import (
    CertaintyDomain,
    CertaintyLevel,
    Importance,
    RiskLevel,
    RiskSource,
    StudyDesign,
    ValueSource,
)
from etd.models import CertaintyRating, CertaintyWorksheet, DecisionThresholds, OutcomeRow, SummaryRow
from etd.models import ComparatorRisk as StoredRisk
from etd.selectors.outcome_tables import arm, effect_text
from etd.stored import Stored


def results_among(rows: Iterable[OutcomeRow]) -> dict[tuple[int, int, str], OutcomeRow]:
    """By outcome, population and source; of several tables the first that has studies.

    `rows` are loaded with their tables.
    """
    found: dict[tuple[int, int, str], OutcomeRow] = {}
    for row in sorted(rows, key=lambda row: row.table.number):
        key = (row.outcome_id, row.population_id, row.source)
        if key not in found or (found[key].n_studies == 0 and row.n_studies):
            found[key] = row
    return found


def facts_of(row: SummaryRow, result: OutcomeRow | None, several: bool, stored: Stored) -> Facts:
    outcome = stored.outcomes[row.outcome_id]
    worksheet = stored.worksheet(outcome.pk)
    facts = Facts(
        outcome=str(outcome),
        population=row.population.label,
        better=outcome.better,
        event_free=outcome.event_free,
        n_studies=0,
        measured_with=outcome.measured_with,
        outcome_name=outcome.name,
        intervention_label=stored.question.intervention_label,
        thresholds=_thresholds(stored.thresholds(outcome.pk)),
        certainty=outcome.certainty,
        certainty_label=CertaintyLevel(outcome.certainty).label if outcome.certainty else "",
        certainty_notes=_rated_on(row, worksheet, stored.rated_row(outcome.pk)),
        design=_design(worksheet),
        ratings=_ratings(stored.ratings.get(outcome.pk, ())) if worksheet else None,
        importance=Importance(outcome.importance).label if outcome.importance else "",
    )
    if result is None or result.n_studies == 0:
        return facts
    risks, why = _assumed(result, stored.risks.get((row.outcome_id, row.population_id), []))
    arms = (result.n_intervention, result.n_comparison)
    events = (result.events_intervention, result.events_comparison)
    return replace(
        facts,
        n_studies=result.n_studies,
        footnote_mark=result.footnote_mark,
        measure=result.measure,
        estimate=result.estimate,
        ci_low=result.ci_low,
        ci_high=result.ci_high,
        relative=effect_text(result),
        intervention=arm(events[0], arms[0], result.printed.get("percent_intervention")),
        comparison=arm(events[1], arms[1], result.printed.get("percent_comparison")),
        events=None if None in events else sum(filter(None, events)),
        n_people=None if None in arms else sum(filter(None, arms)),
        risks=risks,
        no_risk=why,
        row_notes=_row_notes(result, several),
    )


def _thresholds(stored: DecisionThresholds | None) -> Thresholds | None:
    return Thresholds(stored.small, stored.moderate, stored.large) if stored else None


def _design(worksheet: CertaintyWorksheet | None) -> str:
    if worksheet is None:
        return ""
    label = StudyDesign(worksheet.design).label
    return f"{label}: {worksheet.design_note}" if worksheet.design_note else label


def _ratings(stored: Iterable[CertaintyRating]) -> tuple[Rating, ...]:
    return tuple(Rating(r.domain, CertaintyDomain(r.domain).label, r.levels, r.reason) for r in stored)


def _rated_on(
    row: SummaryRow, worksheet: CertaintyWorksheet | None, rated: OutcomeRow | None
) -> tuple[str, ...]:
    """Said where the certainty was rated on other results than those that stand here."""
    if worksheet is None or rated is None:
        return ()
    if (rated.population_id, rated.source) != (row.population_id, row.source):
        source = ValueSource(rated.source).label.lower()
        return (f"The certainty was rated on the {source} results in: {rated.population.label}.",)
    if worksheet.evidence_digest and worksheet.evidence_digest != row_digest(rated):
        return (f"The certainty was rated on earlier results: {worksheet.rated_on}.",)
    return ()


def _row_notes(result: OutcomeRow, several: bool) -> tuple[str, ...]:
    notes = [f"Effect as {ValueSource(result.source).label.lower()}."] if several else []
    if result.is_stale:
        notes.append("The study data have changed since this was computed.")
    return tuple(notes)


def _assumed(result: OutcomeRow, stored: list[StoredRisk]) -> tuple[tuple[ComparatorRisk, ...], str]:
    """The comparator risks of a line, and why one of them is not to be had.

    Where none was recorded it is that of all participants of the comparison.
    """
    asked = stored or [StoredRisk(level=RiskLevel.STUDIES, source=RiskSource.POOLED)]
    found: list[ComparatorRisk] = []
    reasons: list[tuple[str, str]] = []
    for one in asked:
        assumed = risk_from(result, one.source, risk=one.risk, citation=one.citation)
        if isinstance(assumed, NoRisk):
            reasons.append((RiskLevel(one.level).label, assumed.reason))
            continue
        alone = len(asked) == 1 and one.level == RiskLevel.STUDIES
        found.append(
            ComparatorRisk(
                assumed.risk, "" if alone else RiskLevel(one.level).label, _where_from(one, assumed)
            )
        )
    why = [f"{level}: {reason}" if found else reason for level, reason in reasons]
    return tuple(found), " ".join(dict.fromkeys(why))


def _where_from(stored: StoredRisk, assumed: AssumedRisk) -> str:
    if stored.source == RiskSource.POOLED:
        return ""
    return f"Comparator risk: {assumed.words}{': ' if assumed.citation else ''}{assumed.citation}"
