"""A stored meta-analysis as a forest plot: every position and every word, as strings, for the SVG template.

Nothing is computed here but places on the drawing. Strings are made here and not in a template, so that no locale
can put a comma into an SVG.
"""

from __future__ import annotations

import math
import textwrap
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from etd.domain import numbers
from etd.domain.effect_axis import RATIO_MEASURES, Axis, axis_for, favours
from metaanalysis.wording import CI_METHODS, MEASURES, METHODS, fitting_i2

INK, MUTED, BRAND, BAND = "#14212b", "#5b6b76", "#0b5d6b", "#f3f6f7"
WIDTH = 900.0
LINE, ROW, LETTER, NOTE_LETTER = 16.0, 24.0, 6.6, 6.1
WEIGHT_COLUMN, NARROWEST_PLOT = 66.0, 240.0
LARGEST_SQUARE, SMALLEST_SQUARE = 13.0, 3.2
WIDEST_RATIO, WIDEST_POOLED_RATIO = 10.0, 100.0
STUDY_LETTERS, HEADING_LETTERS, REASON_LETTERS = 32, 14, 68


@dataclass(frozen=True)
class Label:
    x: str
    y: str
    anchor: str
    text: str
    weight: str = "400"
    size: str = "13"
    fill: str = INK


@dataclass(frozen=True)
class Line:
    x1: str
    y1: str
    x2: str
    y2: str
    stroke: str = INK
    width: str = "1.3"
    dashes: str = ""


@dataclass(frozen=True)
class Box:
    x: str
    y: str
    width: str
    height: str
    fill: str


@dataclass(frozen=True)
class Shape:
    """A filled path: an arrow where a line is cut, or the diamond."""

    path: str
    fill: str


@dataclass(frozen=True)
class PlotTable:
    """The same rows as text, for those who do not see the plot; the last cells of a row may be empty."""

    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class ForestPlot:
    """What `templates/metaanalysis/forest_plot.svg` draws, from back to front. `id` is unique on its page."""

    id: str
    width: str
    height: str
    title: str
    desc: str
    bands: tuple[Box, ...]
    lines: tuple[Line, ...]
    boxes: tuple[Box, ...]
    shapes: tuple[Shape, ...]
    labels: tuple[Label, ...]
    table: PlotTable
    notes: tuple[str, ...]


@dataclass(frozen=True)
class _Study:
    label: str
    intervention: str
    comparison: str
    effect: str
    weight: str
    share: float | None
    values: tuple[float, float, float] | None
    reason: str = ""


@dataclass(frozen=True)
class _Columns:
    """Right edges of the text columns and both ends of the plot."""

    intervention: float
    comparison: float
    plot_left: float
    plot_right: float
    effect: float
    weight: float


@dataclass
class _Drawing:
    bands: list[Box] = field(default_factory=list)
    boxes: list[Box] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    shapes: list[Shape] = field(default_factory=list)
    labels: list[Label] = field(default_factory=list)

    def write(self, x: float, y: float, texts: Iterable[str], anchor: str = "end", **style: str) -> None:
        """Lines of text under each other, the first on the baseline `y`."""
        for number, text in enumerate(texts):
            self.labels.append(Label(_at(x), _at(y + number * LINE), anchor, text, **style))


def forest_plot(
    result: Mapping[str, Any],
    *,
    inputs: Sequence[Mapping[str, Any]],
    outcome: str,
    better: str,
    intervention_label: str,
    comparison_label: str,
    plot_id: str = "forest-plot",
) -> ForestPlot:
    """The plot of a result as `metaanalysis.stats.report.result_to_json` gives it.

    `inputs` are the rows that went in, by the study columns of the project (study, year, events and n of both arms);
    `better` is the outcome's polarity, `higher` or `lower`. Ratios are drawn on a log axis. Studies stand in the order
    of their years, those that could not enter the analysis below them in grey with the reason.
    """
    studies, excluded = _studies(result, inputs)
    totals = _totals(result, inputs)
    pooled = _Study(_pooled_name(result), *totals, effect_text(result, result["measure"]), "100", None, None)
    heading = f"{MEASURES.get(result['measure'], result['measure'])} (95% CI)"
    columns = _columns([*studies, *excluded, pooled], heading, (intervention_label, comparison_label))
    axis = _axis(result, studies, columns)
    drawing = _Drawing()
    y = _head(drawing, columns, heading, intervention_label, comparison_label)
    top = y
    for number, study in enumerate(studies):
        y = _study_row(drawing, study, y, columns, axis, banded=number % 2 == 0)
    end_of_studies = y
    for study in excluded:
        y = _excluded_row(drawing, study, y, columns)
    notes = _notes(result)
    foot = _pooled_rows(drawing, result, pooled, y, columns, axis)
    if axis is not None:
        _vertical_lines(drawing, result, axis, [(top - 4, end_of_studies), (y, foot)])
        left, right = favours(
            result["measure"], better, intervention=intervention_label, comparison=comparison_label
        )
        bottom = _scale(drawing, axis, foot, left, right)
    else:
        bottom = foot
    bottom = max(bottom, _write_notes(drawing, notes, foot, columns))
    return ForestPlot(
        id=plot_id,
        width=_at(columns.weight + 4),
        height=_at(bottom + 6),
        title=_title(result, outcome),
        desc=_desc(result, notes, len(excluded)),
        bands=tuple(drawing.bands),
        lines=tuple(drawing.lines),
        boxes=tuple(drawing.boxes),
        shapes=tuple(drawing.shapes),
        labels=tuple(drawing.labels),
        table=_table(result, studies, excluded, pooled, heading, intervention_label, comparison_label),
        notes=tuple(notes),
    )


def effect_text(values: Mapping[str, Any] | None, measure: str) -> str:
    """`1.17 (0.96–1.41)` of a mapping with estimate, ci_low and ci_high; `not estimable` where one is missing."""
    triple = _triple(values)
    return "not estimable" if triple is None else numbers.effect(*triple, measure)


def _triple(values: Mapping[str, Any] | None) -> tuple[float, float, float] | None:
    if values is None or any(values.get(name) is None for name in ("estimate", "ci_low", "ci_high")):
        return None
    return float(values["estimate"]), float(values["ci_low"]), float(values["ci_high"])


def _studies(
    result: Mapping[str, Any], inputs: Sequence[Mapping[str, Any]]
) -> tuple[list[_Study], list[_Study]]:
    rows: dict[str, list[Mapping[str, Any]]] = {}
    for row in inputs:
        rows.setdefault(row["study"], []).append(row)

    def row_of(entry: Mapping[str, Any]) -> Mapping[str, Any]:
        waiting = rows.get(entry["study"]) or [{}]
        return waiting.pop(0) if len(waiting) > 1 else waiting[0]

    measure = result["measure"]
    placed = [(row_of(entry), entry) for entry in result["studies"]]
    left_out = [(row_of(entry), entry) for entry in result["excluded"]]
    studies = [
        _Study(
            label=_label(row, entry["study"]),
            intervention=_arm(row, "intervention"),
            comparison=_arm(row, "comparison"),
            effect=effect_text(entry, measure),
            weight="–" if entry["weight"] is None else numbers.rounded(entry["weight"], 1),
            share=entry["weight"],
            values=_triple(entry),
        )
        for row, entry in sorted(placed, key=_by_year)
    ]
    excluded = [
        _Study(
            label=_label(row, entry["study"]),
            intervention=_arm(row, "intervention"),
            comparison=_arm(row, "comparison"),
            effect="",
            weight="",
            share=None,
            values=None,
            reason=f"Not in the analysis: {_uncapitalised(entry['reason'])}",
        )
        for row, entry in sorted(left_out, key=_by_year)
    ]
    return studies, excluded


def _uncapitalised(sentence: str) -> str:
    return sentence[:1].lower() + sentence[1:]


def _by_year(pair: tuple[Mapping[str, Any], Mapping[str, Any]]) -> tuple[bool, int, str]:
    row, entry = pair
    year = row.get("year")
    return year is None, year or 0, entry["study"].casefold()


def _label(row: Mapping[str, Any], name: str) -> str:
    year = row.get("year")
    return name if year is None or name.endswith(str(year)) else f"{name} {year}"


def _arm(row: Mapping[str, Any], arm: str) -> str:
    events, n = row.get(f"events_{arm}"), row.get(f"n_{arm}")
    return "" if events is None or n is None else f"{events}/{n}"


def _totals(result: Mapping[str, Any], inputs: Sequence[Mapping[str, Any]]) -> tuple[str, str]:
    names = {entry["study"] for entry in result["studies"]}
    rows = [row for row in inputs if row["study"] in names and row.get("n_intervention") is not None]
    if not rows or len(rows) < len(result["studies"]):
        return "", ""
    sums = {
        column: sum(row[column] for row in rows)
        for column in ("events_intervention", "n_intervention", "events_comparison", "n_comparison")
    }
    return (
        f"{sums['events_intervention']}/{sums['n_intervention']}",
        f"{sums['events_comparison']}/{sums['n_comparison']}",
    )


def _columns(studies: Sequence[_Study], heading: str, arms: tuple[str, str]) -> _Columns:
    def room(texts: Iterable[str], least: float) -> float:
        return max([least, *(_letters(text) * 7.3 + 18 for text in texts)])

    study = 24 * LETTER
    for row in studies:
        study = max([study, *(_letters(text) * LETTER + 16 for text in _wrapped(row.label, STUDY_LETTERS))])
    intervention = study + room(
        [row.intervention for row in studies] + _wrapped(arms[0], HEADING_LETTERS), 72
    )
    comparison = intervention + room(
        [row.comparison for row in studies] + _wrapped(arms[1], HEADING_LETTERS), 72
    )
    effect = room([row.effect for row in studies] + [heading], 130)
    plot = max(NARROWEST_PLOT, WIDTH - comparison - effect - WEIGHT_COLUMN - 34)
    plot_left = comparison + 26
    plot_right = plot_left + plot
    return _Columns(
        intervention=intervention,
        comparison=comparison,
        plot_left=plot_left,
        plot_right=plot_right,
        effect=plot_right + effect,
        weight=plot_right + effect + WEIGHT_COLUMN,
    )


def _axis(result: Mapping[str, Any], studies: Sequence[_Study], columns: _Columns) -> Axis | None:
    pooled = _triple(result)
    intervals = [(s.values[1], s.values[2]) for s in studies if s.values is not None]
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


def _head(drawing: _Drawing, columns: _Columns, heading: str, intervention: str, comparison: str) -> float:
    """The headings; returns where the rows begin."""
    arms = [_wrapped(name, HEADING_LETTERS) for name in (intervention, comparison)]
    base = 14 + LINE * (max(len(arm) for arm in arms) - 1)
    drawing.write(4, base, ["Study"], "start", weight="600")
    for x, arm in zip((columns.intervention, columns.comparison), arms, strict=True):
        drawing.write(x, base - LINE * (len(arm) - 1), arm, weight="600")
        drawing.write(x, base + LINE, ["events / n"], size="11", fill=MUTED)
    drawing.write(columns.effect, base, [heading], weight="600")
    drawing.write(columns.weight, base, ["Weight"], weight="600")
    drawing.write(columns.weight, base + LINE, ["%"], size="11", fill=MUTED)
    y = base + LINE + 8
    drawing.lines.append(Line("0.0", _at(y), _at(columns.weight + 4), _at(y), width="1.2"))
    return y + 4


def _study_row(
    drawing: _Drawing, study: _Study, y: float, columns: _Columns, axis: Axis | None, *, banded: bool
) -> float:
    name = _wrapped(study.label, STUDY_LETTERS)
    height = ROW + LINE * (len(name) - 1)
    if banded:
        drawing.bands.append(Box("0.0", _at(y), _at(columns.weight + 4), _at(height), BAND))
    middle = y + height / 2
    drawing.write(4, y + 16.5, name, "start")
    drawing.write(columns.intervention, middle + 4.5, [study.intervention])
    drawing.write(columns.comparison, middle + 4.5, [study.comparison])
    drawing.write(columns.effect, middle + 4.5, [study.effect])
    drawing.write(columns.weight, middle + 4.5, [study.weight])
    if study.values is not None and axis is not None:
        _interval_line(drawing, axis, study.values[1], study.values[2], middle)
        if not axis.cuts_low(study.values[0]) and not axis.cuts_high(study.values[0]):
            side = _side(study.share)
            drawing.boxes.append(
                Box(
                    _at(axis.position(study.values[0]) - side / 2),
                    _at(middle - side / 2),
                    _at(side),
                    _at(side),
                    BRAND,
                )
            )
    return y + height


def _side(share: float | None) -> float:
    """The side of a square whose area is the weight in percent; at 31% it reaches its largest."""
    if share is None:
        return SMALLEST_SQUARE * 2
    return min(LARGEST_SQUARE, max(SMALLEST_SQUARE, LARGEST_SQUARE * math.sqrt(share / 31.0)))


def _interval_line(drawing: _Drawing, axis: Axis, low: float, high: float, y: float) -> None:
    drawing.lines.append(Line(axis.x(low), _at(y), axis.x(high), _at(y)))
    _arrows(drawing, axis, low, high, y, INK)


def _arrows(drawing: _Drawing, axis: Axis, low: float, high: float, y: float, fill: str) -> None:
    """An arrow at each end of the axis beyond which the interval goes on."""
    if axis.cuts_low(low):
        drawing.shapes.append(Shape(f"M{axis.x(axis.low)} {_at(y)} l7 -4.5 v9 z", fill))
    if axis.cuts_high(high):
        drawing.shapes.append(Shape(f"M{axis.x(axis.high)} {_at(y)} l-7 -4.5 v9 z", fill))


def _excluded_row(drawing: _Drawing, study: _Study, y: float, columns: _Columns) -> float:
    name, reason = _wrapped(study.label, STUDY_LETTERS), _wrapped(study.reason, REASON_LETTERS)
    height = ROW + LINE * (max(len(name), len(reason)) - 1)
    drawing.write(4, y + 16.5, name, "start", fill=MUTED)
    drawing.write(columns.intervention, y + 16.5, [study.intervention], fill=MUTED)
    drawing.write(columns.comparison, y + 16.5, [study.comparison], fill=MUTED)
    drawing.write(columns.plot_left, y + 16.5, reason, "start", size="12", fill=MUTED)
    return y + height


def _pooled_rows(
    drawing: _Drawing,
    result: Mapping[str, Any],
    total: _Study,
    y: float,
    columns: _Columns,
    axis: Axis | None,
) -> float:
    """The line of the pooled estimate and that of the prediction interval; returns where they end."""
    drawing.lines.append(Line("0.0", _at(y + 4), _at(columns.weight + 4), _at(y + 4), width="0.8"))
    base = y + 4
    name = _wrapped(total.label, STUDY_LETTERS)
    drawing.write(4, base + 19, name, "start", weight="600")
    drawing.write(columns.intervention, base + 19, [total.intervention], weight="600")
    drawing.write(columns.comparison, base + 19, [total.comparison], weight="600")
    drawing.write(columns.effect, base + 19, [total.effect], weight="600")
    pooled = _triple(result)
    if pooled is not None and axis is not None:
        drawing.write(columns.weight, base + 19, [total.weight], weight="600")
        _diamond(drawing, axis, pooled, base + 14.5)
    foot = base + ROW + 4 + LINE * (len(name) - 1)
    low, high = result.get("prediction_low"), result.get("prediction_high")
    if low is None or high is None or axis is None:
        return foot
    drawing.write(4, foot + 13, ["Prediction interval"], "start", fill=MUTED)
    drawing.write(
        columns.effect, foot + 13, [f"({numbers.effect_interval(low, high, result['measure'])})"], fill=MUTED
    )
    width = max(axis.position(high) - axis.position(low), 1.0)
    drawing.boxes.append(Box(axis.x(low), _at(foot + 7), _at(width), "3.0", BRAND))
    _arrows(drawing, axis, low, high, foot + 8.5, BRAND)
    return foot + ROW - 2


def _diamond(drawing: _Drawing, axis: Axis, pooled: tuple[float, float, float], y: float) -> None:
    estimate, low, high = pooled
    if not axis.cuts_low(estimate) and not axis.cuts_high(estimate):
        left, centre, right = axis.x(low), axis.x(estimate), axis.x(high)
        path = f"M{left} {_at(y)} L{centre} {_at(y - 8)} L{right} {_at(y)} L{centre} {_at(y + 8)} Z"
        drawing.shapes.append(Shape(path, BRAND))
    _arrows(drawing, axis, low, high, y, BRAND)


def _vertical_lines(
    drawing: _Drawing, result: Mapping[str, Any], axis: Axis, spans: Sequence[tuple[float, float]]
) -> None:
    """The line of no effect and, dashed, that of the pooled estimate, behind the rows that they belong to."""
    pooled = _triple(result)
    behind = []
    for top, foot in spans:
        none = axis.x(axis.no_effect)
        behind.append(Line(none, _at(top), none, _at(foot + 4), width="1"))
        if pooled is not None and not axis.cuts_low(pooled[0]) and not axis.cuts_high(pooled[0]):
            x = axis.x(pooled[0])
            behind.append(Line(x, _at(top + 4), x, _at(foot), BRAND, width="1", dashes="2 3"))
    drawing.lines[:0] = behind


def _scale(drawing: _Drawing, axis: Axis, y: float, left: str, right: str) -> float:
    """The axis with its ticks, and what lies on either side of it; returns where they end."""
    y += 4
    ends = axis.left, axis.left + axis.width
    drawing.lines.append(Line(_at(ends[0]), _at(y), _at(ends[1]), _at(y), MUTED, width="1"))
    ticks = axis.ticks()
    if axis.ratio and axis.high > WIDEST_RATIO:
        ticks = [(x, text) for x, text in ticks if math.log10(float(text)).is_integer()]
    for x, text in ticks:
        drawing.lines.append(Line(x, _at(y), x, _at(y + 4), MUTED, width="1"))
        drawing.labels.append(Label(x, _at(y + 17), "middle", text, size="11.5", fill=MUTED))
    middle = axis.position(axis.no_effect)
    letters = int((axis.width / 2 + 20) / NOTE_LETTER)
    sides = _wrapped(f"◂ {left}", letters), _wrapped(f"{right} ▸", letters)
    drawing.write(middle - 9, y + 35, sides[0], "end", size="12", fill=MUTED)
    drawing.write(middle + 9, y + 35, sides[1], "start", size="12", fill=MUTED)
    return y + 35 + LINE * (max(len(side) for side in sides) - 1)


def _write_notes(drawing: _Drawing, notes: Sequence[str], foot: float, columns: _Columns) -> float:
    letters = int((columns.comparison - 4) / NOTE_LETTER)
    lines = [line for note in notes for line in _wrapped(note, letters)]
    drawing.write(4, foot + 19, lines, "start", size="12", fill=MUTED)
    return foot + 19 + LINE * (len(lines) - 1)


def _pooled_name(result: Mapping[str, Any]) -> str:
    model = "random effects" if result["model"] == "random" else "common effect"
    method = "" if result["method"] == "iv" else METHODS.get(result["method"], result["method"])
    by = ", ".join(part for part in (method, result.get("tau2_method") or "") if part)
    return f"Pooled, {model} ({by})" if by else f"Pooled, {model}"


def _notes(result: Mapping[str, Any]) -> list[str]:
    notes = []
    if result.get("q") is not None:
        parts = []
        if result.get("tau2") is not None:
            parts.append(f"τ² {_small(result['tau2'])}")
        i2, from_tau2 = fitting_i2(result.get("tau2_method"), result.get("i2"), result.get("i2_tau2"))
        if i2 is not None:
            parts.append(f"I² {numbers.rounded(i2, 0)}%{' (from τ²)' if from_tau2 else ''}")
        parts.append(f"Q {numbers.rounded(result['q'], 1)} on {result['q_df']} df")
        if result.get("q_p") is not None:
            parts.append(f"P {numbers.p_value(result['q_p'])}")
        notes.append(f"Heterogeneity: {', '.join(parts)}")
    elif result["k"] == 1:
        notes.append("Heterogeneity: not defined for one study")
    if result.get("p_value") is not None:
        notes.append(f"Overall effect: {_statistic(result)}P {numbers.p_value(result['p_value'])}")
    if result.get("ci_method") in CI_METHODS:
        notes.append(f"Interval: {CI_METHODS[result['ci_method']]}")
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
        *(f"{note}." for note in notes),
    ]
    if n_excluded:
        were = "study is" if n_excluded == 1 else "studies are"
        parts.append(f"{n_excluded} {were} listed but not in the analysis.")
    return " ".join(parts)


def _table(
    result: Mapping[str, Any],
    studies: Sequence[_Study],
    excluded: Sequence[_Study],
    total: _Study,
    heading: str,
    intervention: str,
    comparison: str,
) -> PlotTable:
    rows = [(s.label, s.intervention, s.comparison, s.effect, s.weight) for s in studies]
    rows += [(s.label, s.intervention, s.comparison, s.reason, "") for s in excluded]
    weight = total.weight if _triple(result) is not None else ""
    rows.append((total.label, total.intervention, total.comparison, total.effect, weight))
    low, high = result.get("prediction_low"), result.get("prediction_high")
    if low is not None and high is not None:
        rows.append(
            ("Prediction interval", "", "", numbers.effect_interval(low, high, result["measure"]), "")
        )
    return PlotTable(
        headings=(
            "Study",
            f"{intervention}, events / n",
            f"{comparison}, events / n",
            heading,
            "Weight, %",
        ),
        rows=tuple(rows),
    )


def _letters(text: str) -> int:
    """How many Latin letters wide a text is, about: those of East Asian scripts count double."""
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)


def _wrapped(text: str, letters: int) -> list[str]:
    if _letters(text) > len(text):
        letters //= 2
    return textwrap.wrap(text, max(letters, 6)) or [""]


def _at(value: float) -> str:
    return f"{value:.1f}"
