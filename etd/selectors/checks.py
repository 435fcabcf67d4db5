"""Everything that the checks find in one stored question."""

from __future__ import annotations

from dataclasses import replace

from etd.domain.coherence import coherence_findings
from etd.domain.findings import Finding, by_severity
from etd.domain.integrity.stored_rows import StoredRow, findings_by_row
from etd.enums import ValueSource
from etd.models import OutcomeRow, Question
from etd.selectors.coherence import coherence_input
from etd.selectors.outcome_tables import load_rows

_NUMBERS = (
    "n_studies", "events_intervention", "n_intervention", "events_comparison", "n_comparison", "measure", "estimate",
    "ci_low", "ci_high", "p_value", "i_squared", "printed",
)  # fmt: skip


def question_findings(question: Question) -> tuple[Finding, ...]:
    """Coherence of the question and integrity of its tables, the gravest first."""
    return by_severity([*integrity_findings(question), *coherence_findings(coherence_input(question))])


def integrity_findings(question: Question) -> tuple[Finding, ...]:
    """The rows of each outcome table against themselves, in two queries; recomputed rows as a table of their own."""
    numbers = dict(question.outcome_tables.values_list("pk", "number"))
    rows = {row.pk: row for row in load_rows(question)}
    found = findings_by_row(_stored(row) for row in rows.values())
    return tuple(
        replace(finding, where=f"{_table(rows[row_id], numbers)}, {finding.where}")
        for row_id, findings in found.items()
        for finding in findings
    )


def _stored(row: OutcomeRow) -> StoredRow:
    return StoredRow(
        id=row.pk,
        table=(row.table_id, row.source),
        outcome=str(row.outcome),
        population=row.population.label,
        **{name: getattr(row, name) for name in _NUMBERS},
    )


def _table(row: OutcomeRow, numbers: dict[int, int]) -> str:
    recomputed = ", recomputed rows" if row.source == ValueSource.COMPUTED else ""
    return f"Table {numbers[row.table_id]}{recomputed}"
