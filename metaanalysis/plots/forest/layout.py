"""Where the columns of a forest plot stand, and its axis."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from etd.domain.effect_axis import Axis, axis_for
from metaanalysis.plots.drawing import LETTER, letters_of, wrapped
from metaanalysis.plots.forest.cells import Column
from metaanalysis.plots.forest.rows import Rows, Study, effect_and_interval

WIDTH, NARROW_WIDTH = 900.0, 358.0
WEIGHT_COLUMN, NARROWEST_PLOT = 66.0, 240.0
WIDEST_RATIO, WIDEST_POOLED_RATIO = 10.0, 100.0
STUDY_LETTERS, HEADING_LETTERS, REASON_LETTERS, STACKED_LETTERS = 32, 14, 68, 30


@dataclass(frozen=True)
class Columns:
    """Right edges of the text columns and both ends of the plot."""

    cells: tuple[float, ...]
    plot_left: float
    plot_right: float
    effect: float
    weight: float
    stacked: bool = False

    @property
    def width(self) -> float:
        return self.weight + 4

    @property
    def notes_end(self) -> float:
        return self.width if self.stacked else self.plot_left - 30


def narrow_columns() -> Columns:
    return Columns(
        cells=(), plot_left=10, plot_right=NARROW_WIDTH - 14, effect=NARROW_WIDTH - 4,
        weight=NARROW_WIDTH - 4, stacked=True,
    )  # fmt: skip


def wide_columns(studies: Sequence[Study], heading: str, cells: Sequence[Column]) -> Columns:
    def room(texts: Iterable[str], least: float) -> float:
        return max([least, *(letters_of(text) * 6.7 + 18 for text in texts)])

    edge = 24 * LETTER
    for row in studies:
        edge = max([edge, *(letters_of(text) * LETTER + 16 for text in wrapped(row.label, STUDY_LETTERS))])
    edges = []
    for number, column in enumerate(cells):
        texts = [row.cells[number] for row in studies if number < len(row.cells)]
        edge += room([*texts, *wrapped(column.heading, HEADING_LETTERS)], 72)
        edges.append(edge)
    effect = room([row.effect for row in studies] + [heading], 130)
    plot = max(NARROWEST_PLOT, WIDTH - edge - effect - WEIGHT_COLUMN - 34)
    plot_left = edge + 26
    plot_right = plot_left + plot
    return Columns(
        cells=tuple(edges),
        plot_left=plot_left,
        plot_right=plot_right,
        effect=plot_right + effect,
        weight=plot_right + effect + WEIGHT_COLUMN,
    )


def axis_of(result: Mapping[str, Any], rows: Rows, columns: Columns) -> Axis | None:
    """The axis on which all that is drawn has room; None where there is nothing to draw."""
    pooled = effect_and_interval(result)
    drawn = [*rows.studies, *rows.sums.values()]
    intervals = [(s.values[1], s.values[2]) for s in drawn if s.values is not None]
    if pooled is not None:
        intervals.append((pooled[1], pooled[2]))
    if not intervals:
        return None
    prediction = result.get("prediction_low"), result.get("prediction_high")
    if prediction[0] is not None and prediction[1] is not None:
        intervals.append((prediction[0], prediction[1]))
    widest = WIDEST_RATIO
    if pooled is not None and not 1 / widest <= pooled[1] <= pooled[2] <= widest:
        widest = WIDEST_POOLED_RATIO
    return axis_for(
        result["measure"],
        intervals,
        width=columns.plot_right - columns.plot_left,
        left=columns.plot_left,
        widest=widest,
    )
