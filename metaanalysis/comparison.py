"""The rows of a file against the study results that are stored: what confirming them would change."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from metaanalysis.importers import StudyRow
from metaanalysis.models import StudyResult

VALUES = (
    "year",
    "timepoint",
    "subgroup",
    "events_intervention",
    "n_intervention",
    "events_comparison",
    "n_comparison",
    "source",
    "note",
)


@dataclass(frozen=True)
class Change:
    """A study whose stored result differs from the file's, by the names of the values that differ."""

    row: StudyRow
    stored: StudyResult
    fields: tuple[str, ...]

    @property
    def before(self) -> str:
        return counts(self.stored)

    @property
    def after(self) -> str:
        return counts(self.row)

    @property
    def same_counts(self) -> bool:
        return self.before == self.after


@dataclass(frozen=True)
class Comparison:
    """`missing` are studies that are stored but not in the file."""

    new: tuple[StudyRow, ...]
    changed: tuple[Change, ...]
    unchanged: tuple[StudyResult, ...]
    missing: tuple[StudyResult, ...]


def counts(row: StudyRow | StudyResult) -> str:
    """`18/58 and 19/59`: events and totals of the intervention and of the comparison."""
    return f"{row.events_intervention}/{row.n_intervention} and {row.events_comparison}/{row.n_comparison}"


def compare(rows: Sequence[StudyRow], stored: Iterable[StudyResult]) -> Comparison:
    """Studies are the same where their names are equal letter for letter. `stored` comes with its studies."""
    by_label: Mapping[str, StudyResult] = {result.study.label: result for result in stored}
    new, changed, unchanged = [], [], []
    for row in rows:
        result = by_label.get(row.study)
        if result is None:
            new.append(row)
        elif fields := _differing(row, result):
            changed.append(Change(row, result, fields))
        else:
            unchanged.append(result)
    names = {row.study for row in rows}
    missing = [result for label, result in by_label.items() if label not in names]
    return Comparison(tuple(new), tuple(changed), tuple(unchanged), tuple(missing))


def row_values(row: StudyRow | StudyResult) -> dict[str, Any]:
    return {name: getattr(row, name) for name in VALUES}


def _differing(row: StudyRow, result: StudyResult) -> tuple[str, ...]:
    return tuple(name for name in VALUES if getattr(row, name) != getattr(result, name))
