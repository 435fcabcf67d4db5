"""The checks of one row against itself, and of a row against the other rows of its table.

Which checks there are, and where each draws its line, was settled by their false alarms on simulated tables: see
docs/checks.md. A check that would call right rows wrong, such as P recomputed from the printed digits, is not here.
"""

from __future__ import annotations

from collections.abc import Iterator

from etd.domain.integrity.count_checks import counts, footnote_markers, out_of_range, percentages, studies
from etd.domain.integrity.crude_checks import crude_against_pooled, width_against_heterogeneity
from etd.domain.integrity.interval_checks import interval, p_against_interval, significance_against_interval
from etd.domain.integrity.table import Table, TableFinding


def row_findings(table: Table, place: int) -> Iterator[TableFinding]:
    """All findings of one row."""
    row = table.rows[place]
    yield from footnote_markers(row)
    yield from counts(row)
    yield from percentages(table, place)
    yield from studies(row)
    yield from out_of_range(row)
    interval_findings = list(interval(table, place))
    yield from interval_findings
    if not interval_findings:
        yield from p_against_interval(table, place)
    yield from significance_against_interval(row)
    yield from crude_against_pooled(table, place)
    yield from width_against_heterogeneity(table, place)
