"""Everything that the checks find in one stored question."""

from __future__ import annotations

from dataclasses import replace

from etd.domain.coherence import coherence_findings
from etd.domain.findings import Finding, Severity, by_severity
from etd.domain.integrity import ReportedRow, UnreadableCellError, check_table
from etd.domain.integrity.rows import MEASURES
from etd.enums import ValueSource
from etd.models import OutcomeRow, Question
from etd.selectors.coherence import coherence_input
from etd.selectors.outcome_tables import load_rows

_COUNTS = ("events_intervention", "n_intervention", "events_comparison", "n_comparison")
_PERCENTAGES = ("percent_intervention", "percent_comparison")
_EFFECT = ("estimate", "ci_low", "ci_high", "p_value")


def question_findings(question: Question) -> tuple[Finding, ...]:
    """Coherence and the integrity of its reported tables, the gravest first."""
    return by_severity([*integrity_findings(question), *coherence_findings(coherence_input(question))])


def integrity_findings(question: Question) -> tuple[Finding, ...]:
    """The reported rows of each outcome table against themselves, in one query."""
    tables: dict[int, list[OutcomeRow]] = {}
    for row in load_rows(question):
        if row.source == ValueSource.REPORTED:
            tables.setdefault(row.table_id, []).append(row)
    numbers = dict(question.outcome_tables.values_list("pk", "number"))
    return tuple(
        replace(finding, where=f"Table {numbers[table]}, {finding.where}")
        for table, rows in tables.items()
        for finding in _check(rows)
    )


def _check(rows: list[OutcomeRow]) -> list[Finding]:
    try:
        return [one.finding for one in check_table(_reported(n, row) for n, row in enumerate(rows, start=1))]
    except UnreadableCellError as error:
        message = "The table was not checked: one of its cells cannot be read."
        return [Finding("unreadable_cell", Severity.INFORMATIONAL, f"row {error.row}", message, str(error))]


def _reported(number: int, row: OutcomeRow) -> ReportedRow:
    """The row in the digits it was printed in. A number typed without them has its shortest form: too wide, never too
    narrow."""
    texts = {name: _text(row, name, getattr(row, name)) for name in _COUNTS}
    texts |= {name: str(row.printed.get(name, "")) for name in _PERCENTAGES}
    if row.measure in MEASURES:
        texts |= {name: _text(row, name, getattr(row, name)) for name in _EFFECT}
        texts |= {"measure": row.measure, "i2": _text(row, "i2", row.i_squared)}
    return ReportedRow(
        row=number, outcome=str(row.outcome), subgroup=row.population.label, k=str(row.n_studies), **texts
    )


def _text(row: OutcomeRow, name: str, value: float | None) -> str:
    if value is None:
        return ""
    shortest = str(int(value)) if value == int(value) else repr(value)
    return str(row.printed.get(name) or shortest)
