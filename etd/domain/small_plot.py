"""A row's effect drawn on the common axis of its outcome table: the same drawing on the page and in print."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from etd.domain.effect_axis import OWN_UNITS, Axis, axis_for

WIDTH, MIDDLE = 150.0, 10.0
WIDEST_RATIO = 5.0
SMALLEST_SQUARE, LARGEST_SQUARE, PEOPLE_OF_THE_LARGEST = 6.0, 11.0, 2000


@dataclass(frozen=True)
class SmallPlot:
    """Positions as strings, in units of a drawing 150 wide and 20 high.

    `square` is the side of the estimate's square, empty where the estimate lies beyond the axis: an arrow shows that.
    """

    low: str
    high: str
    no_effect: str
    cut_low: bool
    cut_high: bool
    square: str
    square_x: str
    square_y: str
    text: str


def table_axis(measure: str, rows: Iterable[Mapping[str, Any]]) -> Axis:
    """The axis for the rows of one table, each with `ci_low` and `ci_high` (None where there is no interval)."""
    intervals = [(row["ci_low"], row["ci_high"]) for row in rows]
    return axis_for(
        measure, [pair for pair in intervals if None not in pair], width=WIDTH, widest=WIDEST_RATIO
    )


def group_axis(measure: str, group: Iterable[Mapping[str, Any]], table: Axis) -> Axis:
    """The axis for the rows of one outcome: that of its table, unless the outcome has a unit of its own."""
    return table_axis(measure, group) if measure in OWN_UNITS else table


def small_plot(row: Mapping[str, Any], axis: Axis, text: str) -> SmallPlot | None:
    """The drawing of one row by the fields of OutcomeRow, None where it has no interval; `text` says it in words."""
    estimate, low, high = row["estimate"], row["ci_low"], row["ci_high"]
    if estimate is None or low is None or high is None:
        return None
    people = (row["n_intervention"] or 0) + (row["n_comparison"] or 0)
    share = min(people, PEOPLE_OF_THE_LARGEST) / PEOPLE_OF_THE_LARGEST
    side = SMALLEST_SQUARE + share * (LARGEST_SQUARE - SMALLEST_SQUARE)
    beyond = axis.cuts_low(estimate) or axis.cuts_high(estimate)
    return SmallPlot(
        low=axis.x(low),
        high=axis.x(high),
        no_effect=axis.x(axis.no_effect),
        cut_low=axis.cuts_low(low),
        cut_high=axis.cuts_high(high),
        square="" if beyond else f"{side:.1f}",
        square_x=f"{axis.position(estimate) - side / 2:.1f}",
        square_y=f"{MIDDLE - side / 2:.1f}",
        text=text,
    )
