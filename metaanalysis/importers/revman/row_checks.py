"""The checks that every table gets (`checks`), for the rows of a review: told by analysis and study, and not a flood.

A review may hold hundreds of analyses of the same few studies. The first warnings of a kind are told one by one, the
others are counted by analysis.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from metaanalysis.importers.checks import check_rows
from metaanalysis.importers.table import ProblemLog, Severity, StudyRow, visible

TOLD_ONE_BY_ONE = 5
_ANALYSES_SHOWN = 10
_TOLD_BY_ANALYSIS = frozenset({"double_zero", "all_events"})
"""What `rows` says already, in one warning for each analysis."""
_IN_SHORT = {
    "zero_cell": "nobody, or everybody, had the event in one arm",
    "similar_study": "two names that may be of one study",
    "arms_swapped": "people in the arms the other way round than elsewhere",
    "unequal_arms": "one arm is more than 20 times the other",
    "small_total": "fewer than 5 people in an arm",
    "unequal_sds": "one standard deviation is at least 10 times the other",
    "total_row": "a row that may be a total",
}
_KEYS = {
    f"{name}_{arm}": f"{key}_{number}"
    for name, key in (("events", "events"), ("n", "total"), ("mean", "mean"), ("sd", "sd"))
    for arm, number in (("intervention", "1"), ("comparison", "2"))
}


class _Found(NamedTuple):
    severity: Severity
    code: str
    text: str
    row: int
    column: str | None
    value: str | None


@dataclass
class _Findings(ProblemLog):
    """Keeps all of them, before it is decided how they are told."""

    found: list[_Found] = field(default_factory=list)

    def add(
        self,
        severity: Severity,
        code: str,
        text: str,
        *,
        row: int | None = None,
        column: str | None = None,
        value: str | None = None,
    ) -> None:
        assert row is not None
        self.found.append(_Found(severity, code, text, row, column, value))


def check_review(
    rows: Sequence[StudyRow], names: Mapping[str, str], log: ProblemLog, *, has_row_numbers: bool
) -> None:
    """`names` as in RevmanFile; without `has_row_numbers` (XML) the rows have numbers that nobody can see."""
    written = {column: names.get(key, column) for column, key in _KEYS.items()}
    findings = _Findings()
    check_rows(
        rows,
        written | {"study": names.get("study") or names.get("name") or "study"},
        findings,
        has_row_numbers=has_row_numbers,
    )
    by_row = {row.row: row for row in rows}
    kinds: dict[str, list[_Found]] = {}
    for found in findings.found:
        if found.code not in _TOLD_BY_ANALYSIS:
            kinds.setdefault(found.code, []).append(found)
    for code, same in kinds.items():
        for found in same[:TOLD_ONE_BY_ONE]:
            row = by_row[found.row]
            text = f"analysis '{visible(row.outcome)}', study '{visible(row.study)}': {found.text}"
            number = row.row if has_row_numbers else None
            log.add(found.severity, code, text, row=number, column=found.column, value=found.value)
        _count_others(code, [by_row[found.row] for found in same[TOLD_ONE_BY_ONE:]], same[0], log)


def _count_others(code: str, rows: Sequence[StudyRow], first: _Found, log: ProblemLog) -> None:
    if not rows:
        return
    by_analysis = Counter(row.outcome for row in rows).most_common()
    listed = ", ".join(f"'{visible(name)}' ({count})" for name, count in by_analysis[:_ANALYSES_SHOWN])
    more = len(by_analysis) - _ANALYSES_SHOWN
    and_more = f" and {more} more analyses" if more > 0 else ""
    times = "once" if len(rows) == 1 else f"{len(rows):,} times"
    log.add(first.severity, code, f"{_IN_SHORT[code]}: {times} more, in analyses {listed}{and_more}.")
