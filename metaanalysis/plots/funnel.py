"""A contour-enhanced funnel plot (Peters et al. 2008): effects against their standard errors, and where P is small.

A lopsided cloud whose gap lies in the pale middle, where nothing is significant, speaks for small studies that were
not published; a gap in the dark outer parts speaks for other reasons.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from etd.domain import numbers
from etd.domain.effect_axis import Axis
from metaanalysis.plots.drawing import (
    BRAND,
    INK,
    MUTED,
    PAPER,
    Box,
    Circle,
    Drawing,
    Label,
    Line,
    Plot,
    PlotTable,
    Shape,
    at,
)
from metaanalysis.stats.distributions import critical_value
from metaanalysis.stats.types import Measure, PooledResult, StudyEstimate, to_natural
from metaanalysis.wording import MEASURES

WIDTH, HEIGHT = 640.0, 456.0
LEFT, RIGHT, TOP, BOTTOM = 64.0, 626.0, 44.0, 366.0
RADIUS = "4.5"
# From the middle outwards: P above 0.1, to 0.05, to 0.01, below. Told apart by lightness alone, which print keeps.
SHADES = ("#ffffff", "#eef2f4", "#dbe2e6", "#c3ced5")
CONTOURS = (0.1, 0.05, 0.01)
SHADE_NAMES = ("P above 0.1", "0.05 to 0.1", "0.01 to 0.05", "below 0.01")
_STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)


@dataclass(frozen=True)
class _Frame:
    """The box of the plot: `reach` to either side of no effect on the analysis scale, `deepest` standard error."""

    reach: float
    deepest: float

    def x(self, value: float) -> float:
        share = (min(max(value, -self.reach), self.reach) + self.reach) / (2 * self.reach)
        return LEFT + share * (RIGHT - LEFT)

    def y(self, se: float) -> float:
        return TOP + (BOTTOM - TOP) * se / self.deepest


def funnel_plot(
    result: PooledResult,
    *,
    outcome: str,
    filled: Sequence[StudyEstimate] = (),
    plot_id: str = "funnel-plot",
) -> Plot | None:
    """The plot of the studies in the analysis, with those that trim and fill adds as hollow circles.

    None below two studies, where there is no cloud to look at.
    """
    if result.k < 2 or result.estimate is None:
        return None
    measure = result.spec.measure
    points = [(study.study, study.estimate, study.se) for study in result.studies]
    added = [(study.study, study.estimate, study.se) for study in filled]
    frame = _frame([*points, *added], result.estimate)
    drawing = Drawing()
    _contours(drawing, frame)
    _funnel(drawing, frame, result.estimate, result.spec.level)
    for hollow, group in ((False, points), (True, added)):
        for _, y, se in group:
            drawing.circles.append(
                Circle(at(frame.x(y)), at(frame.y(se)), RADIUS, PAPER if hollow else BRAND, BRAND)
            )
    _axes(drawing, frame, measure)
    _legend(drawing, bool(added))
    return drawing.plot(
        plot_id,
        (WIDTH, HEIGHT),
        title=f"Funnel plot: {outcome}; {len(points)} studies",
        desc=_desc(measure, len(added)),
        table=_table(measure, points, added),
    )


def _frame(points: Sequence[tuple[str, float, float]], estimate: float) -> _Frame:
    deepest = max(se for _, _, se in points) * 1.06
    farthest = max(abs(y) for _, y, _ in points)
    # the widest contour reaches 2.58 standard errors; a cloud that needs less room shows it whole
    return _Frame(max(farthest * 1.08, abs(estimate) + 1.2 * deepest, 2.0 * deepest), deepest)


def _contours(drawing: Drawing, frame: _Frame) -> None:
    """Four areas on top of each other, the widest first; each a triangle from the tip, cut by the frame."""
    drawing.areas.append(Shape(_rectangle(), SHADES[3]))
    for p, shade in zip(reversed(CONTOURS), reversed(SHADES[:3]), strict=True):
        drawing.areas.append(Shape(_triangle(frame, 0.0, critical_value(1 - p)), shade))
    for p in CONTOURS:
        reach = critical_value(1 - p)
        for side in (-1, 1):
            x, y = _edge(frame, 0.0, reach, side)[0]
            drawing.lines.append(Line(at(frame.x(0)), at(frame.y(0)), at(x), at(y), MUTED, "0.6"))


def _rectangle() -> str:
    return (
        f"M{at(LEFT)} {at(TOP)} L{at(RIGHT)} {at(TOP)} L{at(RIGHT)} {at(BOTTOM)} L{at(LEFT)} {at(BOTTOM)} Z"
    )


def _triangle(frame: _Frame, centre: float, reach: float) -> str:
    """From the tip at `centre` down to the deepest standard error, cut where it leaves the frame at a side."""
    right = _edge(frame, centre, reach, 1)
    left = _edge(frame, centre, reach, -1)
    corners = [(frame.x(centre), frame.y(0)), *right, *reversed(left)]
    return "M" + " L".join(f"{at(x)} {at(y)}" for x, y in corners) + " Z"


def _edge(frame: _Frame, centre: float, reach: float, side: int) -> list[tuple[float, float]]:
    room = frame.reach - side * centre
    leaves = room / reach
    if leaves >= frame.deepest:
        return [(frame.x(centre + side * reach * frame.deepest), BOTTOM)]
    edge = frame.x(side * frame.reach)
    return [(edge, frame.y(leaves)), (edge, BOTTOM)]


def _funnel(drawing: Drawing, frame: _Frame, estimate: float, level: float) -> None:
    """The pooled estimate with the region in which the studies lie if nothing but chance moves them."""
    x = frame.x(estimate)
    drawing.lines.append(Line(at(frame.x(0)), at(TOP), at(frame.x(0)), at(BOTTOM), INK, "1"))
    drawing.lines.append(Line(at(x), at(TOP), at(x), at(BOTTOM), BRAND, "1.2", "2 3"))
    reach = critical_value(level)
    for side in (-1, 1):
        points = [(frame.x(estimate), frame.y(0)), _edge(frame, estimate, reach, side)[0]]
        (x1, y1), (x2, y2) = points
        drawing.lines.append(Line(at(x1), at(y1), at(x2), at(y2), BRAND, "1", "6 4"))


def _axes(drawing: Drawing, frame: _Frame, measure: Measure) -> None:
    for x1, y1, x2, y2 in ((LEFT, BOTTOM, RIGHT, BOTTOM), (LEFT, TOP, LEFT, BOTTOM)):
        drawing.lines.append(Line(at(x1), at(y1), at(x2), at(y2), INK, "1"))
    for se in _ticks(frame.deepest):
        y = frame.y(se)
        drawing.lines.append(Line(at(LEFT - 4), at(y), at(LEFT), at(y), INK, "1"))
        drawing.labels.append(Label(at(LEFT - 8), at(y + 4), "end", _plain(se), size="11.5", fill=MUTED))
    for x, text in _effect_ticks(frame, measure):
        drawing.lines.append(Line(x, at(BOTTOM), x, at(BOTTOM + 4), INK, "1"))
        drawing.labels.append(Label(x, at(BOTTOM + 18), "middle", text, size="11.5", fill=MUTED))
    log = " (log scale)" if measure.is_ratio else ""
    drawing.labels.append(
        Label(at((LEFT + RIGHT) / 2), at(BOTTOM + 40), "middle", f"{MEASURES[measure]}{log}", size="12.5")
    )
    of = f" of the log {MEASURES[measure].lower()}" if measure.is_ratio else ""
    drawing.labels.append(
        Label("8.0", at(TOP - 26), "start", f"Standard error{of}: precise studies at the top", size="12.5")
    )


def _effect_ticks(frame: _Frame, measure: Measure) -> list[tuple[str, str]]:
    reach = min(frame.reach, 690.0) if measure.is_ratio else frame.reach
    if not measure.is_ratio:
        return Axis(-reach, reach, ratio=False, width=RIGHT - LEFT, left=LEFT).ticks()
    ticks = Axis(math.exp(-reach), math.exp(reach), ratio=True, width=RIGHT - LEFT, left=LEFT).ticks()
    if len(ticks) > 9:
        ticks = [(x, text) for x, text in ticks if math.log10(float(text)).is_integer()]
    return ticks


def _ticks(deepest: float) -> list[float]:
    rough = deepest / 4
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(m * power for m in _STEPS if m * power >= rough * 0.999)
    return [i * step for i in range(math.floor(deepest / step) + 1)]


def _plain(value: float) -> str:
    return f"{value:.4g}"


def _legend(drawing: Drawing, has_filled: bool) -> None:
    """What the marks are, and under them what the shades are."""
    y = HEIGHT - 30
    drawing.circles.append(Circle(at(LEFT + 6), at(y - 4), RADIUS, BRAND, BRAND))
    drawing.labels.append(Label(at(LEFT + 18), at(y), "start", "study", size="12", fill=MUTED))
    if has_filled:
        drawing.circles.append(Circle(at(LEFT + 72), at(y - 4), RADIUS, PAPER, BRAND))
        drawing.labels.append(
            Label(at(LEFT + 84), at(y), "start", "added by trim and fill, not data", size="12", fill=MUTED)
        )
    x = LEFT + 284
    drawing.lines.append(Line(at(x), at(y - 4), at(x + 22), at(y - 4), BRAND, "1.2", "2 3"))
    drawing.labels.append(Label(at(x + 28), at(y), "start", "pooled", size="12", fill=MUTED))
    drawing.lines.append(Line(at(x + 86), at(y - 4), at(x + 108), at(y - 4), BRAND, "1", "6 4"))
    drawing.labels.append(
        Label(at(x + 114), at(y), "start", "where 95% lie by chance alone", size="12", fill=MUTED)
    )
    y += 22
    drawing.labels.append(Label(at(LEFT), at(y), "start", "A study’s own P:", size="12", fill=MUTED))
    x = LEFT + 100
    for shade, name in zip(SHADES, SHADE_NAMES, strict=True):
        drawing.boxes.append(Box(at(x), at(y - 12), "20.0", "15.0", MUTED))
        drawing.boxes.append(Box(at(x + 0.7), at(y - 11.3), "18.6", "13.6", shade))
        drawing.labels.append(Label(at(x + 26), at(y), "start", name, size="12", fill=MUTED))
        x += 112


def _desc(measure: Measure, n_filled: int) -> str:
    filled = f" {n_filled} hollow circles are added by trim and fill and are not data." if n_filled else ""
    return (
        f"Each filled circle is a study: its {MEASURES[measure].lower()} from left to right, its standard error from"
        f" top (precise) to bottom.{filled} The shading grows darker where a study's own P is below 0.1, 0.05 and 0.01."
        " The dotted line is the pooled estimate; the dashed lines enclose 95% of the studies if chance alone moves"
        " them."
    )


def _table(
    measure: Measure, points: Iterable[tuple[str, float, float]], added: Iterable[tuple[str, float, float]]
) -> PlotTable:
    log = ", log scale" if measure.is_ratio else ""
    rows = [
        (f"{name}{mark}", _natural(y, measure), numbers.rounded(se, 3))
        for mark, group in (("", points), (" (not data)", added))
        for name, y, se in group
    ]
    return PlotTable(("Study", MEASURES[measure], f"Standard error{log}"), tuple(rows))


def _natural(y: float, measure: Measure) -> str:
    value = to_natural(y, measure)
    return "too large to write" if value is None else numbers.effect_number(value, measure)
