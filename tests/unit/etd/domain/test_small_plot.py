from __future__ import annotations

from typing import Any

import pytest

from etd.domain.small_plot import group_axis, small_plot, table_axis


def row(
    estimate: float | None, low: float | None, high: float | None, n: int | None = 1000
) -> dict[str, Any]:
    return {"estimate": estimate, "ci_low": low, "ci_high": high, "n_intervention": n, "n_comparison": n}


def test_rows_of_one_table_share_an_axis_cut_at_a_fifth_and_at_five() -> None:
    rows = [row(1.0, 0.1, 10.0), row(1.2, 0.9, 1.6), row(None, None, None)]
    axis = table_axis("OR", rows)
    wide, narrow = small_plot(rows[0], axis, "wide"), small_plot(rows[1], axis, "narrow")
    assert wide is not None
    assert (wide.low, wide.no_effect, wide.high, wide.cut_low, wide.cut_high) == (
        "0.0",
        "75.0",
        "150.0",
        True,
        True,
    )
    assert narrow is not None
    assert (narrow.no_effect, narrow.cut_low, narrow.cut_high) == ("75.0", False, False)
    assert small_plot(rows[2], axis, "") is None


@pytest.mark.parametrize(("measure", "shared"), [("MD", False), ("GIV", False), ("SMD", True), ("HR", True)])
def test_outcomes_in_units_of_their_own_have_axes_of_their_own(measure: str, shared: bool) -> None:
    kilograms, days = [row(0.3, 0.2, 0.4)], [row(40.0, 20.0, 60.0)]
    axis = group_axis(measure, kilograms, table_axis(measure, [*kilograms, *days]))
    assert (axis.high >= 3) is shared
    assert axis.ratio is (measure == "HR")


def test_the_side_of_the_square_grows_with_the_people() -> None:
    axis = table_axis("OR", [row(1.0, 0.5, 2.0)])
    sides = [small_plot(row(1.0, 0.5, 2.0, n), axis, "") for n in (None, 500, 1000, 5000)]
    assert [plot.square for plot in sides if plot] == ["6.0", "8.5", "11.0", "11.0"]
    assert [plot.square_x for plot in sides if plot] == ["72.0", "70.8", "69.5", "69.5"]


@pytest.mark.parametrize("estimate", [0.1, 20.0])
def test_an_estimate_beyond_the_axis_has_no_square(estimate: float) -> None:
    there = row(estimate, estimate / 2, estimate * 2)
    plot = small_plot(there, table_axis("OR", [there]), "")
    assert plot is not None
    assert plot.square == ""
    assert plot.cut_low or plot.cut_high


def test_a_difference_is_drawn_around_zero() -> None:
    there = row(-0.05, -0.1, 0.0)
    plot = small_plot(there, table_axis("RD", [there]), "")
    assert plot is not None
    assert float(plot.high) == float(plot.no_effect) == 75.0
    assert float(plot.low) < 75.0
