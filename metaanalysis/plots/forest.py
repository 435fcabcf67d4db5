"""A meta-analysis as a forest plot, from the result as it is stored: nothing is computed here but places."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from etd.domain import numbers
from etd.domain.effect_axis import RATIO_MEASURES, Axis, axis_for, favours
from metaanalysis.plots.drawing import (
    BAND,
    BRAND,
    INK,
    LETTER,
    LINE,
    MUTED,
    NOTE_LETTER,
    PAPER,
    Box,
    Drawing,
    Label,
    Line,
    Plot,
    PlotTable,
    Shape,
    at,
    letters_of,
    wrapped,
)
from metaanalysis.wording import CI_METHODS, MEASURES, METHODS, fitting_i2, study_name

WIDTH, NARROW_WIDTH = 900.0, 358.0
ROW, STACKED_ROW = 24.0, 40.0
WEIGHT_COLUMN, NARROWEST_PLOT = 66.0, 240.0
LARGEST_SQUARE, SMALLEST_SQUARE = 13.0, 3.2
WIDEST_RATIO, WIDEST_POOLED_RATIO = 10.0, 100.0
STUDY_LETTERS, HEADING_LETTERS, REASON_LETTERS, STACKED_LETTERS = 32, 14, 68, 30
ORDERS = {
    "year": "Year",
    "file": "As in the file",
    "weight": "Weight, heaviest first",
    "effect": "Effect, smallest first",
}


@dataclass(frozen=True)
class PooledGroup:
    """The studies of one subgroup pooled by themselves: `result` as the whole result, by `result_to_json`."""

    name: str
    result: Mapping[str, Any]


@dataclass(frozen=True)
class GroupedBy:
    """The subgroups of a plot, and the sentence on whether they differ."""

    groups: tuple[PooledGroup, ...]
    test: str = ""


@dataclass(frozen=True)
class _Study:
    label: str
    cells: tuple[str, ...]
    effect: str
    weight: str
    share: float | None
    values: tuple[float, float, float] | None
    subgroup: str = ""
    reason: str = ""


@dataclass(frozen=True)
class _Column:
    """A text column between the names and the plot: its heading, and in grey what its cells hold."""

    heading: str
    holds: str


@dataclass(frozen=True)
class _Columns:
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


@dataclass(frozen=True)
class _Rows:
    """What the plot shows, from top to bottom."""

    studies: list[_Study]
    excluded: list[_Study]
    pooled: _Study
    grouped: GroupedBy | None = None
    sums: dict[str, _Study] = field(default_factory=dict)

    def of(self, group: PooledGroup) -> list[_Study]:
        return [study for study in self.studies if study.subgroup == group.name]

    def all_texts(self) -> list[_Study]:
        return [*self.studies, *self.excluded, self.pooled, *self.sums.values()]


def forest_plot(
    result: Mapping[str, Any],
    *,
    inputs: Sequence[Mapping[str, Any]],
    outcome: str,
    better: str,
    intervention_label: str,
    comparison_label: str,
    plot_id: str = "forest-plot",
    order: str = "year",
    grouped: GroupedBy | None = None,
    narrow: bool = False,
) -> Plot:
    """The plot of a result as `metaanalysis.stats.report.result_to_json` gives it.

    `inputs` are the entries that went in, by the study columns of the project; `better` is the outcome's polarity,
    `higher` or `lower`; `order` a key of `ORDERS`. Ratios are drawn on a log axis. Studies that could not enter the
    analysis stand below the others in grey with the reason. `narrow` is a layout for a phone: the line of a study
    under its name.
    """
    columns_of_cells = _cell_columns(inputs, result["measure"], intervention_label, comparison_label)
    rows = _rows(result, inputs, order, grouped)
    heading = f"{MEASURES.get(result['measure'], result['measure'])} (95% CI)"
    columns = _narrow_columns() if narrow else _columns(rows.all_texts(), heading, columns_of_cells)
    axis = _axis(result, rows, columns)
    drawing = Drawing()
    y = _head(drawing, columns, heading, columns_of_cells)
    top = y
    y = _body(drawing, rows, y, columns, axis)
    end_of_studies = y
    for study in rows.excluded:
        y = _excluded_row(drawing, study, y, columns)
    notes = _notes(result, grouped)
    foot = _pooled_rows(drawing, result, rows.pooled, y, columns, axis)
    if axis is not None:
        spans = drawing.tracks if narrow else [(top - 4, end_of_studies), (y, foot)]
        _vertical_lines(drawing, result, axis, spans)
        left, right = favours(
            result["measure"], better, intervention=intervention_label, comparison=comparison_label
        )
        bottom = _scale(drawing, axis, foot, left, right)
    else:
        bottom = foot
    bottom = max(bottom, _write_notes(drawing, notes, bottom if narrow else foot, columns))
    return drawing.plot(
        plot_id,
        (columns.width, bottom + 6),
        title=_title(result, outcome),
        desc=_desc(result, notes, len(rows.excluded)),
        table=_table(result, rows, heading, columns_of_cells),
        notes=notes,
    )


def effect_text(values: Mapping[str, Any] | None, measure: str) -> str:
    """`1.17 (0.96–1.41)` of a mapping with estimate, ci_low and ci_high; `not estimable` where one is missing."""
    triple = _triple(values)
    return "not estimable" if triple is None else numbers.effect(*triple, measure)


def _triple(values: Mapping[str, Any] | None) -> tuple[float, float, float] | None:
    if values is None or any(values.get(name) is None for name in ("estimate", "ci_low", "ci_high")):
        return None
    return float(values["estimate"]), float(values["ci_low"]), float(values["ci_high"])


def _rows(
    result: Mapping[str, Any], inputs: Sequence[Mapping[str, Any]], order: str, grouped: GroupedBy | None
) -> _Rows:
    placed = _matched(result["studies"], inputs)
    used = {id(row) for _, row, _ in placed}
    rest = [row for row in inputs if id(row) not in used]
    left_out = _matched(result["excluded"], rest or inputs)
    measure = result["measure"]
    studies = [
        _Study(
            label=study_name(entry["study"], row.get("year")),
            cells=_cells(row),
            effect=effect_text(entry, measure),
            weight="–" if entry["weight"] is None else numbers.rounded(entry["weight"], 1),
            share=entry["weight"],
            values=_triple(entry),
            subgroup=row.get("subgroup") or "",
        )
        for _, row, entry in sorted(placed, key=_ORDER_KEYS[order])
    ]
    excluded = [
        _Study(
            label=study_name(entry["study"], row.get("year")),
            cells=_cells(row),
            effect="",
            weight="",
            share=None,
            values=None,
            reason=f"Not in the analysis: {_uncapitalised(entry['reason'])}",
        )
        for _, row, entry in sorted(left_out, key=_ORDER_KEYS["file" if order == "file" else "year"])
    ]
    pooled = _Study(
        _pooled_name(result),
        _totals([r for _, r, _ in placed]),
        effect_text(result, measure),
        "100",
        None,
        None,
    )
    rows = _Rows(studies, excluded, pooled, grouped)
    for group in grouped.groups if grouped else ():
        rows.sums[group.name] = _sum_of(group, rows.of(group), placed, measure)
    return rows


def _sum_of(group: PooledGroup, studies: Sequence[_Study], placed: Sequence[_Placed], measure: str) -> _Study:
    shares = [study.share for study in studies]
    weight = sum(share for share in shares if share is not None)
    return _Study(
        label="Subtotal",
        cells=_totals([row for _, row, _ in placed if (row.get("subgroup") or "") == group.name]),
        effect=effect_text(group.result, measure),
        weight=numbers.rounded(weight, 1) if shares and None not in shares else "",
        share=None,
        values=_triple(group.result),
        subgroup=group.name,
    )


_Placed = tuple[int, Mapping[str, Any], Mapping[str, Any]]


def _matched(entries: Sequence[Mapping[str, Any]], inputs: Sequence[Mapping[str, Any]]) -> list[_Placed]:
    """Position in the file, row and entry of the result: entries stand in the order of the rows they came from."""
    rows: dict[str, list[tuple[int, Mapping[str, Any]]]] = {}
    for position, row in enumerate(inputs):
        rows.setdefault(row["study"], []).append((position, row))
    found: list[_Placed] = []
    for entry in entries:
        waiting = rows.get(entry["study"]) or [(len(inputs), {})]
        position, row = waiting.pop(0) if len(waiting) > 1 else waiting[0]
        found.append((position, row, entry))
    return found


def _by_year(placed: _Placed) -> tuple[Any, ...]:
    position, row, entry = placed
    year = row.get("year")
    return (year is None, year or 0, entry["study"].casefold() if year else "", position)


_ORDER_KEYS: Mapping[str, Any] = {
    "year": _by_year,
    "file": lambda placed: placed[0],
    "weight": lambda placed: (-(placed[2].get("weight") or 0.0), placed[0]),
    "effect": lambda placed: (
        placed[2].get("estimate") is None,
        placed[2].get("estimate") or 0.0,
        placed[0],
    ),
}


def _uncapitalised(sentence: str) -> str:
    return sentence[:1].lower() + sentence[1:]


def _kind(row: Mapping[str, Any]) -> str:
    return row.get("kind") or "counts"


def _cell_columns(
    inputs: Sequence[Mapping[str, Any]], measure: str, intervention: str, comparison: str
) -> tuple[_Column, ...]:
    kind = _kind(inputs[0]) if inputs else "counts"
    if kind == "estimate":
        return (_Column("Estimate (SE)", "log scale" if measure in RATIO_MEASURES else "as given"),)
    holds = "mean (SD), n" if kind == "means" else "events / n"
    return _Column(intervention, holds), _Column(comparison, holds)


def _cells(row: Mapping[str, Any]) -> tuple[str, ...]:
    kind = _kind(row)
    if kind == "estimate":
        return (f"{_estimate(row['estimate'])} ({_estimate(row['se'])})",)
    if kind == "means":
        return tuple(
            f"{_number(row[f'mean_{arm}'])} ({_number(row[f'sd_{arm}'])}), {row[f'n_{arm}']}"
            for arm in ("intervention", "comparison")
        )
    return _arm(row, "intervention"), _arm(row, "comparison")


def _estimate(value: float) -> str:
    """Three decimals; what would read 0 or is too long for a column as in `_number`."""
    return _number(value, 3) if 0 < abs(value) < 0.0005 or abs(value) >= 10_000 else numbers.rounded(value, 3)


def _number(value: float, decimals: int = 2) -> str:
    """At most so many decimals, none that are zero; very small ones by powers of ten."""
    if value and abs(value) < 0.5 * 10**-decimals:
        return numbers.effect_number(value, "OR") if value > 0 else f"{value:.1e}".replace("-", numbers.MINUS)
    text = numbers.rounded(value, decimals)
    return text.rstrip("0").rstrip(".") if "." in text else text


def _arm(row: Mapping[str, Any], arm: str) -> str:
    events, n = row.get(f"events_{arm}"), row.get(f"n_{arm}")
    return "" if events is None or n is None else f"{events}/{n}"


def _totals(rows: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    """Events and people of each arm, or people alone where there are means."""
    kinds = {_kind(row) for row in rows}
    if kinds == {"counts"} and all(row.get("n_intervention") is not None for row in rows):
        return tuple(
            f"{sum(row[f'events_{arm}'] for row in rows)}/{sum(row[f'n_{arm}'] for row in rows)}"
            for arm in ("intervention", "comparison")
        )
    if kinds == {"means"}:
        return tuple(
            f"n {numbers.count(sum(row[f'n_{arm}'] for row in rows))}"
            for arm in ("intervention", "comparison")
        )
    return ("",) if kinds == {"estimate"} else ("", "")


def _narrow_columns() -> _Columns:
    return _Columns(
        cells=(), plot_left=10, plot_right=NARROW_WIDTH - 14, effect=NARROW_WIDTH - 4,
        weight=NARROW_WIDTH - 4, stacked=True,
    )  # fmt: skip


def _columns(studies: Sequence[_Study], heading: str, cells: Sequence[_Column]) -> _Columns:
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
    return _Columns(
        cells=tuple(edges),
        plot_left=plot_left,
        plot_right=plot_right,
        effect=plot_right + effect,
        weight=plot_right + effect + WEIGHT_COLUMN,
    )


def _axis(result: Mapping[str, Any], rows: _Rows, columns: _Columns) -> Axis | None:
    pooled = _triple(result)
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


def _head(drawing: Drawing, columns: _Columns, heading: str, cells: Sequence[_Column]) -> float:
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


def _body(drawing: Drawing, rows: _Rows, y: float, columns: _Columns, axis: Axis | None) -> float:
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
    drawing: Drawing, study: _Study, y: float, columns: _Columns, axis: Axis | None, *, banded: bool
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
    drawing: Drawing, group: PooledGroup, total: _Study, y: float, columns: _Columns, axis: Axis | None
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
        _heterogeneity(group.result) or str(group.result.get("note") or ""),
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


def _excluded_row(drawing: Drawing, study: _Study, y: float, columns: _Columns) -> float:
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


def _pooled_rows(
    drawing: Drawing,
    result: Mapping[str, Any],
    total: _Study,
    y: float,
    columns: _Columns,
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
    pooled = _triple(result)
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


def _vertical_lines(
    drawing: Drawing, result: Mapping[str, Any], axis: Axis, spans: Sequence[tuple[float, float]]
) -> None:
    """The line of no effect and, dashed, that of the pooled estimate, behind the rows that they belong to."""
    pooled = _triple(result)
    behind = []
    for top, foot in spans:
        none = axis.x(axis.no_effect)
        behind.append(Line(none, at(top), none, at(foot + 4), width="1"))
        if pooled is not None and not axis.cuts_low(pooled[0]) and not axis.cuts_high(pooled[0]):
            x = axis.x(pooled[0])
            behind.append(Line(x, at(top + 4), x, at(foot), BRAND, width="1", dashes="2 3"))
    drawing.lines[:0] = behind


def _scale(drawing: Drawing, axis: Axis, y: float, left: str, right: str) -> float:
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


def _write_notes(drawing: Drawing, notes: Sequence[str], foot: float, columns: _Columns) -> float:
    letters = int((columns.notes_end - 4) / NOTE_LETTER)
    lines = [line for note in notes for line in wrapped(note, letters)]
    drawing.write(4, foot + 19, lines, "start", size="12", fill=MUTED)
    return foot + 19 + LINE * (len(lines) - 1)


def _pooled_name(result: Mapping[str, Any]) -> str:
    model = "random effects" if result["model"] == "random" else "common effect"
    method = "" if result["method"] == "iv" else METHODS.get(result["method"], result["method"])
    by = ", ".join(part for part in (method, result.get("tau2_method") or "") if part)
    return f"Pooled, {model} ({by})" if by else f"Pooled, {model}"


def _heterogeneity(result: Mapping[str, Any]) -> str:
    """`τ² 0.36, I² 74% (from τ²), Q 23.1 on 6 df, P <0.001`; empty where there is none to speak of."""
    if result.get("q") is None:
        return ""
    parts = []
    if result.get("tau2") is not None:
        parts.append(f"τ² {_small(result['tau2'])}")
    i2, from_tau2 = fitting_i2(result.get("tau2_method"), result.get("i2"), result.get("i2_tau2"))
    if i2 is not None:
        parts.append(f"I² {numbers.rounded(i2, 0)}%{' (from τ²)' if from_tau2 else ''}")
    parts.append(f"Q {numbers.rounded(result['q'], 1)} on {result['q_df']} df")
    if result.get("q_p") is not None:
        parts.append(f"P {numbers.p_value(result['q_p'])}")
    return ", ".join(parts)


def _notes(result: Mapping[str, Any], grouped: GroupedBy | None) -> list[str]:
    notes = []
    if heterogeneity := _heterogeneity(result):
        notes.append(f"Heterogeneity: {heterogeneity}")
    elif result["k"] == 1:
        notes.append("Heterogeneity: not defined for one study")
    if result.get("p_value") is not None:
        notes.append(f"Overall effect: {_statistic(result)}P {numbers.p_value(result['p_value'])}")
    if result.get("ci_method") in CI_METHODS:
        notes.append(f"Interval: {CI_METHODS[result['ci_method']]}")
    if grouped is not None and grouped.test:
        notes.append(grouped.test)
    if result.get("note"):
        notes.append(str(result["note"]))
    return notes


def _small(value: float) -> str:
    return "0" if value == 0 else "<0.001" if value < 0.001 else numbers.rounded(value, 3)


def _statistic(result: Mapping[str, Any]) -> str:
    """`z 1.59, ` for a Wald interval; nothing where the test is not estimate over standard error."""
    estimate, se = result.get("estimate"), result.get("se")
    if result.get("ci_method") != "wald" or estimate is None or not se:
        return ""
    on_scale = math.log(estimate) if result["measure"] in RATIO_MEASURES else estimate
    return f"z {numbers.rounded(abs(on_scale / se), 2)}, "


def _title(result: Mapping[str, Any], outcome: str) -> str:
    measure = MEASURES.get(result["measure"], result["measure"]).lower()
    k = result["k"]
    studies = "no study" if k == 0 else "1 study" if k == 1 else f"{k} studies"
    return f"Forest plot: {outcome}; {studies}, pooled {measure} {effect_text(result, result['measure'])}"


def _desc(result: Mapping[str, Any], notes: Sequence[str], n_excluded: int) -> str:
    parts = [
        f"{_pooled_name(result)}.",
        "Squares are the studies' estimates, their area the weight; lines are 95% confidence intervals, with an"
        " arrow where they are cut; the diamond is the pooled estimate.",
        *(note if note.endswith(".") else f"{note}." for note in notes),
    ]
    if n_excluded:
        were = "study is" if n_excluded == 1 else "studies are"
        parts.append(f"{n_excluded} {were} listed but not in the analysis.")
    return " ".join(parts)


def _table(result: Mapping[str, Any], rows: _Rows, heading: str, cells: Sequence[_Column]) -> PlotTable:
    empty = ("",) * len(cells)

    def line(study: _Study, effect: str = "", weight: str | None = None) -> tuple[str, ...]:
        shown = study.cells if len(study.cells) == len(cells) else empty
        return (study.label, *shown, effect or study.effect, study.weight if weight is None else weight)

    lines: list[tuple[str, ...]] = []
    if rows.grouped is None:
        lines = [line(study) for study in rows.studies]
    else:
        for group in rows.grouped.groups:
            lines.append((group.name or "No subgroup named", *empty, "", ""))
            lines += [line(study) for study in rows.of(group)]
            lines.append(line(rows.sums[group.name]))
    lines += [line(study, study.reason, "") for study in rows.excluded]
    lines.append(line(rows.pooled, weight=None if _triple(result) is not None else ""))
    low, high = result.get("prediction_low"), result.get("prediction_high")
    if low is not None and high is not None:
        text = numbers.effect_interval(low, high, result["measure"])
        lines.append(("Prediction interval", *empty, text, ""))
    return PlotTable(
        headings=("Study", *(f"{c.heading}, {c.holds}" for c in cells), heading, "Weight, %"),
        rows=tuple(lines),
    )
