"""The rows of a question's outcome tables against themselves: for its Checks page, and before it is published."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache

from etd.domain.findings import Finding, Severity
from etd.domain.integrity.stored_rows import StoredRow, findings_by_row
from etd.domain.located import LocatedFinding, located_in_row
from etd.enums import ValueSource
from etd.evidence import load_rows
from etd.models import DismissedFinding, OutcomeRow, Question

_NUMBERS = (
    "n_studies", "events_intervention", "n_intervention", "events_comparison", "n_comparison", "measure", "estimate",
    "ci_low", "ci_high", "p_value", "i_squared", "printed",
)  # fmt: skip
# Questions whose rows are remembered with what was found in them: of the largest about a megabyte each.
KEPT_CONTENTS = 32


def row_findings(rows: Sequence[OutcomeRow]) -> tuple[LocatedFinding, ...]:
    """The rows of each outcome table against themselves; recomputed rows count as a table of their own."""
    by_id = {row.pk: row for row in rows}
    stored = [_stored(row) for row in rows]
    return tuple(
        located_in_row(
            replace(finding, where=f"{_table(by_id[row_id])}, {finding.where}"),
            row=_identity(by_id[row_id]),
            fragment=f"row-{row_id}",
        )
        for row_id, findings in _found(_Content(stored)).items()
        for finding in findings
    )


class _Content:
    """Rows that are the same where their content is: what they gave once, they give again."""

    def __init__(self, rows: list[StoredRow]) -> None:
        self.rows = rows
        self._key = repr(rows)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Content) and self._key == other._key

    def __hash__(self) -> int:
        return hash(self._key)


@lru_cache(maxsize=KEPT_CONTENTS)
def _found(content: _Content) -> dict[int, tuple[Finding, ...]]:
    return findings_by_row(content.rows)


def open_impossible(question: Question) -> tuple[LocatedFinding, ...]:
    """What no data could give and nobody has dismissed. Words are never impossible: only rows are read."""
    found = [one for one in row_findings(load_rows(question)) if one.finding.severity is Severity.IMPOSSIBLE]
    dismissed = set(
        DismissedFinding.objects.filter(question=question).values_list("fingerprint", flat=True)
        if found
        else ()
    )
    return tuple(one for one in found if one.fingerprint not in dismissed)


def _identity(row: OutcomeRow) -> tuple[int, int, int, str]:
    return (row.table_id, row.outcome_id, row.population_id, str(row.source))


def _stored(row: OutcomeRow) -> StoredRow:
    return StoredRow(
        id=row.pk,
        table=(row.table_id, row.source),
        outcome=str(row.outcome),
        population=row.population.label,
        **{name: getattr(row, name) for name in _NUMBERS},
    )


def _table(row: OutcomeRow) -> str:
    recomputed = ", recomputed rows" if row.source == ValueSource.COMPUTED else ""
    return f"Table {row.table.number}{recomputed}"
