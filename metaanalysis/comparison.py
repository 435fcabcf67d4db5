"""The rows of a file against the study results that are stored: what confirming them would change."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from metaanalysis.importers import StudyRow
from metaanalysis.models import StudyResult
from metaanalysis.stats.types import DataKind

VALUES = (
    "kind",
    "measure",
    "year",
    "timepoint",
    "subgroup",
    "events_intervention",
    "n_intervention",
    "events_comparison",
    "n_comparison",
    "mean_intervention",
    "sd_intervention",
    "mean_comparison",
    "sd_comparison",
    "estimate",
    "se",
    "source",
    "note",
)


@dataclass(frozen=True)
class Change:
    """A study whose stored result differs from the file's, by the names of the values that differ."""

    row: StudyRow
    stored: StudyResult
    fields: tuple[str, ...]


@dataclass(frozen=True)
class Comparison:
    """`missing` are studies that are stored but not in the file."""

    new: tuple[StudyRow, ...]
    changed: tuple[Change, ...]
    unchanged: tuple[StudyResult, ...]
    missing: tuple[StudyResult, ...]


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
    """What is stored of a row. What counts or means are pooled as is chosen with the method, not by the file."""
    values = {name: getattr(row, name) for name in VALUES}
    return values if row.kind == DataKind.ESTIMATE else values | {"measure": ""}


def _differing(row: StudyRow, result: StudyResult) -> tuple[str, ...]:
    stored = row_values(result)
    return tuple(name for name, value in row_values(row).items() if value != stored[name])
