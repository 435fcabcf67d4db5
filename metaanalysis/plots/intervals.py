"""Several analyses under each other, each as a small interval on one axis."""

from __future__ import annotations

from collections.abc import Sequence

from etd.domain.effect_axis import Axis, axis_for
from etd.domain.small_plot import WIDTH, SmallPlot, small_plot

Triple = tuple[float | None, float | None, float | None]


def small_intervals(measure: str, rows: Sequence[tuple[str, Triple]]) -> list[SmallPlot | None]:
    """A drawing for each row of a text and (estimate, low, high) on the natural scale; None without an interval."""
    axis = _axis(measure, [triple for _, triple in rows])
    return [
        small_plot(
            {
                "estimate": estimate,
                "ci_low": low,
                "ci_high": high,
                "n_intervention": None,
                "n_comparison": None,
            },
            axis,
            text,
        )
        for text, (estimate, low, high) in rows
    ]


def _axis(measure: str, triples: Sequence[Triple]) -> Axis:
    whole = [(low, high) for _, low, high in triples if low is not None and high is not None]
    return axis_for(measure, whole, width=WIDTH)
