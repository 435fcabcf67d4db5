"""A table of studies as it is typed, pasted or corrected on a page: cells as text, and what is wrong with each.

Nothing here reads a number. A grid becomes a CSV file, and that file goes the way of every other one.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from metaanalysis.importers import Problem
from metaanalysis.importers.column_names import known_names
from metaanalysis.importers.exports import guarded
from metaanalysis.importers.raw_cells import RawRow, read_cells
from metaanalysis.importers.table import Refusal
from metaanalysis.kinds import NUMBERS
from metaanalysis.models import StudyResult
from metaanalysis.stats.types import DataKind

MAX_GRID_ROWS = 500
"""Larger tables are corrected in their file: a page with more cells is slow on a phone."""

LABELS = {
    "study": "Study",
    "year": "Year",
    "events_intervention": "Events, intervention",
    "n_intervention": "Total, intervention",
    "events_comparison": "Events, comparison",
    "n_comparison": "Total, comparison",
    "nonevents_intervention": "Without event, intervention",
    "nonevents_comparison": "Without event, comparison",
    "mean_intervention": "Mean, intervention",
    "sd_intervention": "SD, intervention",
    "mean_comparison": "Mean, comparison",
    "sd_comparison": "SD, comparison",
    "estimate": "Estimate (log for ratios)",
    "se": "Standard error",
    "hr": "Hazard ratio",
    "or": "Odds ratio",
    "rr": "Risk ratio",
    "ci_low": "95% CI, lower",
    "ci_high": "95% CI, upper",
    "measure": "Measure (HR, OR, MD …)",
    "outcome": "Outcome",
    "timepoint": "Follow-up",
    "population": "Population",
    "subgroup": "Subgroup",
    "source": "Source",
    "note": "Note",
}
OPTIONAL = ("outcome", "timepoint", "population", "subgroup", "source", "note")
OTHER_NUMBERS = {
    DataKind.COUNTS: ("nonevents_intervention", "nonevents_comparison"),
    DataKind.MEANS: (),
    DataKind.ESTIMATE: ("hr", "or", "rr", "ci_low", "ci_high", "measure"),
}
_PLAIN_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?")


@dataclass(frozen=True)
class Grid:
    """`columns` are the names as written; every row is as wide. Row numbers are those that messages name."""

    columns: tuple[str, ...]
    rows: tuple[RawRow, ...] = ()


@dataclass(frozen=True)
class Mark:
    """Something wrong or odd in one cell, by its place in the grid; `row` is None for the name of the column."""

    row: int | None
    column: int
    severity: str
    message: str


def blank(kind: DataKind) -> Grid:
    measure = ("measure",) if kind is DataKind.ESTIMATE else ()
    return Grid(("study", "year", *measure, *NUMBERS[kind], "subgroup", "source"))


def of_cells(rows: Sequence[RawRow]) -> Grid:
    """The first row holds the names of the columns. Raises Refusal where there is none."""
    if not rows:
        raise Refusal("no_rows", "There is nothing in the table. Type or paste one study a row.")
    width = max(len(row.cells) for row in rows)
    header, *body = (RawRow(row.number, row.cells + ("",) * (width - len(row.cells))) for row in rows)
    return Grid(header.cells, tuple(body))


def of_text(text: str) -> Grid:
    """What was typed or pasted, rows numbered anew from 2. Raises Refusal where no cells can be told apart.

    Where a table with its own names was pasted below the names that were there before, its own count.
    """
    if not text.strip():
        raise Refusal("no_rows", "There is nothing in the table. Type or paste one study a row.")
    rows = read_cells(text.encode(), filename="table.csv")
    if len(rows) > 1 and _is_header(rows[0]) and _is_header(rows[1]):
        rows = rows[1:]
    grid = of_cells(rows)
    return Grid(
        grid.columns, tuple(RawRow(number, row.cells) for number, row in enumerate(grid.rows, start=2))
    )


def _is_header(row: RawRow) -> bool:
    return sum(name is not None for name in known_names(list(row.cells))) > 1


def of_results(kind: DataKind, results: Sequence[StudyResult]) -> Grid:
    """Stored studies with all their numbers, and those of the other columns that at least one of them fills."""
    measure = ("measure",) if kind is DataKind.ESTIMATE else ()
    optional = ("timepoint", "subgroup", "source", "note")
    filled = [name for name in (*measure, *optional) if any(getattr(result, name) for result in results)]
    columns = ("study", "year", *NUMBERS[kind], *filled)
    rows = (
        (result.study.label, *(_plain(getattr(result, name)) for name in columns[1:])) for result in results
    )
    return Grid(columns, tuple(RawRow(number, cells) for number, cells in enumerate(rows, start=2)))


def _plain(value: object) -> str:
    """All digits of a number, none added and without an exponent."""
    if isinstance(value, float):
        return format(Decimal(repr(value)), "f").removesuffix(".0")
    return "" if value is None else str(value)


def to_csv(grid: Grid) -> bytes:
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\r\n")
    for cells in (grid.columns, *(row.cells for row in grid.rows)):
        writer.writerow([cell if _PLAIN_NUMBER.fullmatch(cell) else guarded(cell) for cell in cells])
    return stream.getvalue().encode("utf-8-sig")


def to_text(grid: Grid) -> str:
    """As a spreadsheet puts it on the clipboard; `of_text` reads it."""
    stream = io.StringIO()
    csv.writer(stream, delimiter="\t", lineterminator="\n").writerows(
        [grid.columns, *(row.cells for row in grid.rows)]
    )
    return stream.getvalue()


def marks(grid: Grid, problems: Iterable[Problem]) -> list[Mark]:
    """Those of the problems that name a cell, a column or a row (at its first cell) of this grid."""
    rows = {row.number: index for index, row in enumerate(grid.rows)}
    found = []
    for problem in problems:
        row = rows.get(problem.row) if problem.row else None
        column = 0 if row is not None and problem.column is None else _column_of(grid, problem.column)
        if column is not None:
            found.append(Mark(row, column, problem.severity, problem.message))
    return found


def _column_of(grid: Grid, name: str | None) -> int | None:
    if name is None:
        return None
    numbered = re.fullmatch(r"number ([0-9]+)", name)
    if numbered:
        index = int(numbered[1]) - 1
        return index if index < len(grid.columns) else None
    written = [column.strip() for column in grid.columns]
    return written.index(name) if name in written else None


def for_script(kind: DataKind, grid: Grid, found: Sequence[Mark]) -> dict[str, Any]:
    """What the page's script draws the grid from: columns with what each may be, rows, marks."""
    known = known_names(list(grid.columns))
    offered = ("study", "year", *NUMBERS[kind], *OTHER_NUMBERS[kind], *OPTIONAL)
    options = dict.fromkeys([*offered, *(name for name in known if name)])
    return {
        "options": [{"name": name, "label": LABELS.get(name, name)} for name in options],
        "columns": [
            {"name": name or written.strip(), "written": written.strip(), "known": name is not None}
            for written, name in zip(grid.columns, known, strict=True)
        ],
        "rows": [{"number": row.number, "cells": list(row.cells)} for row in grid.rows],
        "marks": [vars(mark) for mark in found],
    }
