"""The lines of a forest plot as they are drawn: heading, studies, subtotals, pooled estimate, axis and notes."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from etd.domain import numbers
from etd.domain.effect_axis import Axis
from metaanalysis.plots.drawing import (
    BAND,
    BRAND,
    INK,
    LINE,
    MUTED,
    NOTE_LETTER,
    PAPER,
    Box,
    Drawing,
    Label,
    Line,
    Shape,
    at,
    wrapped,
)
from metaanalysis.plots.forest.cells import Column
from metaanalysis.plots.forest.layout import (
    HEADING_LETTERS,
    REASON_LETTERS,
    STACKED_LETTERS,
    STUDY_LETTERS,
    WIDEST_RATIO,
    Columns,
)
from metaanalysis.plots.forest.rows import PooledGroup, Rows, Study, effect_and_interval
from metaanalysis.plots.forest.words import heterogeneity_words

ROW, STACKED_ROW = 24.0, 40.0
LARGEST_SQUARE, SMALLEST_SQUARE = 13.0, 3.2


def write_head(drawing: Drawing, columns: Columns, heading: str, cells: Sequence[Column]) -> float:
    """The headings; returns where the rows begin."""
    named = () if columns.stacked else [wrapped(column.heading, HEADING_LETTERS) for column in cells]
    base = 14 + LINE * (max((len(lines) for lines in named), default=1) - 1)
    drawing.write(4, base, ["Study"], "start", weight="600")
    for x, lines, column in zip(columns.cells, named, cells, strict=False):
        drawing.write(x, base - LINE * (len(lines) - 1), lines, weight="600")
        drawing.write(x, base + LINE, [column.holds], size="11", fill=MUTED)
    drawing.write(columns.effect, base, [heading], weight="600")
    y = base + LINE + 8
    if columns.stacked:
        y = base + 8
    else:
        drawing.write(columns.weight, base, ["Weight"], weight="600")
        drawing.write(columns.weight, base + LINE, ["%"], size="11", fill=MUTED)
    drawing.lines.append(Line("0.0", at(y), at(columns.width), at(y), width="1.2"))
    return y + 4


def draw_studies(drawing: Drawing, rows: Rows, y: float, columns: Columns, axis: Axis | None) -> float:
    """The studies, under their subgroups where there are any; returns where they end."""
    if rows.grouped is None:
        for number, study in enumerate(rows.studies):
            y = _study_row(drawing, study, y, columns, axis, banded=number % 2 == 0)
        return y
    for group in rows.grouped.groups:
        drawing.write(
            4, y + 17.5, wrapped(group.name or "No subgroup named", STUDY_LETTERS), "start", weight="600"
        )
        y += ROW + LINE * (len(wrapped(group.name, STUDY_LETTERS)) - 1)
        for number, study in enumerate(rows.of(group)):
            y = _study_row(drawing, study, y, columns, axis, banded=number % 2 == 0)
        y = _subtotal_rows(drawing, group, rows.sums[group.name], y, columns, axis)
    return y


def _study_row(
    drawing: Drawing, study: Study, y: float, columns: Columns, axis: Axis | None, *, banded: bool
) -> float:
    name = wrapped(study.label, STACKED_LETTERS if columns.stacked else STUDY_LETTERS)
    height = (STACKED_ROW if columns.stacked else ROW) + LINE * (len(name) - 1)
    if banded:
        drawing.bands.append(Box("0.0", at(y), at(columns.width), at(height), BAND))
    middle = y + height - 11 if columns.stacked else y + height / 2
    text = y + 16.5 if columns.stacked else middle + 4.5
    drawing.write(4, y + 16.5, name, "start")
    drawing.write(columns.effect, text, [study.effect])
    if not columns.stacked:
        for x, cell in zip(columns.cells, study.cells, strict=False):
            drawing.write(x, text, [cell])
        drawing.write(columns.weight, text, [study.weight])
    drawing.tracks.append((middle - 9, middle + 5))
    if study.values is not None and axis is not None:
        _interval_line(drawing, axis, study.values[1], study.values[2], middle)
        if not axis.cuts_low(study.values[0]) and not axis.cuts_high(study.values[0]):
            side = _side(study.share)
            drawing.boxes.append(
                Box(
                    at(axis.position(study.values[0]) - side / 2),
                    at(middle - side / 2),
                    at(side),
                    at(side),
                    BRAND,
                )
            )
    return y + height


def _subtotal_rows(
    drawing: Drawing, group: PooledGroup, total: Study, y: float, columns: Columns, axis: Axis | None
) -> float:
    """A subgroup's own estimate and, in grey, how much its studies differ; returns where they end."""
    base = y + 17
    drawing.write(4, base, [total.label], "start", weight="600")
    drawing.write(columns.effect, base, [total.effect], weight="600")
    if not columns.stacked:
        for x, cell in zip(columns.cells, total.cells, strict=False):
            drawing.write(x, base, [cell], weight="600")
        drawing.write(columns.weight, base, [total.weight], weight="600")
    middle = y + 30 if columns.stacked else y + 12.5
    drawing.tracks.append((middle - 9, middle + 5))
    if total.values is not None and axis is not None:
        _diamond(drawing, axis, total.values, middle, hollow=True)
    said = wrapped(
        heterogeneity_words(group.result) or str(group.result.get("note") or ""),
        int((columns.notes_end - 4) / NOTE_LETTER),
    )
    first = y + (48 if columns.stacked else 35)
    drawing.write(4, first, said, "start", size="12", fill=MUTED)
    return first + LINE * (len(said) - 1) + 12


def _side(share: float | None) -> float:
    """The side of a square whose area is the weight in percent; at 31% it reaches its largest."""
    if share is None:
        return SMALLEST_SQUARE * 2
    return min(LARGEST_SQUARE, max(SMALLEST_SQUARE, LARGEST_SQUARE * math.sqrt(share / 31.0)))


def _interval_line(drawing: Drawing, axis: Axis, low: float, high: float, y: float) -> None:
    drawing.lines.append(Line(axis.x(low), at(y), axis.x(high), at(y)))
    _arrows(drawing, axis, low, high, y, INK)


def _arrows(drawing: Drawing, axis: Axis, low: float, high: float, y: float, fill: str) -> None:
    """An arrow at each end of the axis beyond which the interval goes on."""
    if axis.cuts_low(low):
        drawing.shapes.append(Shape(f"M{axis.x(axis.low)} {at(y)} l7 -4.5 v9 z", fill))
    if axis.cuts_high(high):
        drawing.shapes.append(Shape(f"M{axis.x(axis.high)} {at(y)} l-7 -4.5 v9 z", fill))


def draw_excluded(drawing: Drawing, study: Study, y: float, columns: Columns) -> float:
    name = wrapped(study.label, STACKED_LETTERS if columns.stacked else STUDY_LETTERS)
    drawing.write(4, y + 16.5, name, "start", fill=MUTED)
    if columns.stacked:
        reason = wrapped(study.reason, int(columns.notes_end / NOTE_LETTER))
        below = y + 16.5 + LINE * len(name)
        drawing.write(4, below, reason, "start", size="12", fill=MUTED)
        return below + LINE * (len(reason) - 1) + 8
    reason = wrapped(study.reason, REASON_LETTERS)
    for x, cell in zip(columns.cells, study.cells, strict=False):
        drawing.write(x, y + 16.5, [cell], fill=MUTED)
    drawing.write(columns.plot_left, y + 16.5, reason, "start", size="12", fill=MUTED)
    return y + ROW + LINE * (max(len(name), len(reason)) - 1)


def draw_pooled(
    drawing: Drawing,
    result: Mapping[str, Any],
    total: Study,
    y: float,
    columns: Columns,
    axis: Axis | None,
) -> float:
    """The line of the pooled estimate and that of the prediction interval; returns where they end."""
    drawing.lines.append(Line("0.0", at(y + 4), at(columns.width), at(y + 4), width="0.8"))
    base = y + 4
    name = wrapped(total.label, STACKED_LETTERS if columns.stacked else STUDY_LETTERS)
    drawing.write(4, base + 19, name, "start", weight="600")
    drawing.write(columns.effect, base + 19, [total.effect], weight="600")
    if not columns.stacked:
        for x, cell in zip(columns.cells, total.cells, strict=False):
            drawing.write(x, base + 19, [cell], weight="600")
    pooled = effect_and_interval(result)
    foot = base + ROW + 4 + LINE * (len(name) - 1)
    middle = base + 14.5
    if columns.stacked:
        middle, foot = foot + 6, foot + 20
        drawing.tracks.append((middle - 9, middle + 5))
    if pooled is not None and axis is not None:
        if not columns.stacked:
            drawing.write(columns.weight, base + 19, [total.weight], weight="600")
        _diamond(drawing, axis, pooled, middle)
    low, high = result.get("prediction_low"), result.get("prediction_high")
    if low is None or high is None or axis is None:
        return foot
    drawing.write(4, foot + 13, ["Prediction interval"], "start", fill=MUTED)
    drawing.write(
        columns.effect, foot + 13, [f"({numbers.effect_interval(low, high, result['measure'])})"], fill=MUTED
    )
    bar = foot + (25 if columns.stacked else 8.5)
    drawing.tracks.append((bar - 5, bar + 7))
    width = max(axis.position(high) - axis.position(low), 1.0)
    drawing.boxes.append(Box(axis.x(low), at(bar - 1.5), at(width), "3.0", BRAND))
    _arrows(drawing, axis, low, high, bar, BRAND)
    return foot + (36 if columns.stacked else ROW - 2)


def _diamond(
    drawing: Drawing, axis: Axis, pooled: tuple[float, float, float], y: float, *, hollow: bool = False
) -> None:
    estimate, low, high = pooled
    half = 6.5 if hollow else 8.0
    if not axis.cuts_low(estimate) and not axis.cuts_high(estimate):
        left, centre, right = axis.x(low), axis.x(estimate), axis.x(high)
        path = f"M{left} {at(y)} L{centre} {at(y - half)} L{right} {at(y)} L{centre} {at(y + half)} Z"
        drawing.shapes.append(Shape(path, PAPER if hollow else BRAND, BRAND if hollow else ""))
    _arrows(drawing, axis, low, high, y, BRAND)


def draw_vertical_lines(
    drawing: Drawing, result: Mapping[str, Any], axis: Axis, spans: Sequence[tuple[float, float]]
) -> None:
    """The line of no effect and, dashed, that of the pooled estimate, behind the rows that they belong to."""
    pooled = effect_and_interval(result)
    behind = []
    for top, foot in spans:
        none = axis.x(axis.no_effect)
        behind.append(Line(none, at(top), none, at(foot + 4), width="1"))
        if pooled is not None and not axis.cuts_low(pooled[0]) and not axis.cuts_high(pooled[0]):
            x = axis.x(pooled[0])
            behind.append(Line(x, at(top + 4), x, at(foot), BRAND, width="1", dashes="2 3"))
    drawing.lines[:0] = behind


def draw_scale(drawing: Drawing, axis: Axis, y: float, left: str, right: str) -> float:
    """The axis with its ticks, and what lies on either side of it; returns where they end."""
    y += 4
    ends = axis.left, axis.left + axis.width
    drawing.lines.append(Line(at(ends[0]), at(y), at(ends[1]), at(y), MUTED, width="1"))
    ticks = axis.ticks()
    if axis.ratio and axis.high > WIDEST_RATIO:
        ticks = [(x, text) for x, text in ticks if math.log10(float(text)).is_integer()]
    for x, text in ticks:
        drawing.lines.append(Line(x, at(y), x, at(y + 4), MUTED, width="1"))
        drawing.labels.append(Label(x, at(y + 17), "middle", text, size="11.5", fill=MUTED))
    middle = axis.position(axis.no_effect)
    letters = int((axis.width / 2 + (0 if axis.left < 20 else 20)) / NOTE_LETTER)
    sides = wrapped(f"◂ {left}", letters), wrapped(f"{right} ▸", letters)
    drawing.write(middle - 9, y + 35, sides[0], "end", size="12", fill=MUTED)
    drawing.write(middle + 9, y + 35, sides[1], "start", size="12", fill=MUTED)
    return y + 35 + LINE * (max(len(side) for side in sides) - 1)


def write_notes(drawing: Drawing, notes: Sequence[str], foot: float, columns: Columns) -> float:
    letters = int((columns.notes_end - 4) / NOTE_LETTER)
    lines = [line for note in notes for line in wrapped(note, letters)]
    drawing.write(4, foot + 19, lines, "start", size="12", fill=MUTED)
    return foot + 19 + LINE * (len(lines) - 1)
