"""The numbers of each study beside a forest plot, and their sums."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from etd.domain import numbers
from etd.domain.effect_axis import RATIO_MEASURES


@dataclass(frozen=True)
class Column:
    """A text column between the names and the plot: its heading, and in grey what its cells hold."""

    heading: str
    holds: str


def cell_columns(
    inputs: Sequence[Mapping[str, Any]], measure: str, intervention: str, comparison: str
) -> tuple[Column, ...]:
    kind = _kind(inputs[0]) if inputs else "counts"
    if kind == "estimate":
        return (Column("Estimate (SE)", "log scale" if measure in RATIO_MEASURES else "as given"),)
    holds = "mean (SD), n" if kind == "means" else "events / n"
    return Column(intervention, holds), Column(comparison, holds)


def cells_of(row: Mapping[str, Any]) -> tuple[str, ...]:
    kind = _kind(row)
    if kind == "estimate":
        return (f"{_estimate(row['estimate'])} ({_estimate(row['se'])})",)
    if kind == "means":
        return tuple(
            f"{_number(row[f'mean_{arm}'])} ({_number(row[f'sd_{arm}'])}), {row[f'n_{arm}']}"
            for arm in ("intervention", "comparison")
        )
    return _arm(row, "intervention"), _arm(row, "comparison")


def totals_of(rows: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
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


def _kind(row: Mapping[str, Any]) -> str:
    return row.get("kind") or "counts"


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
