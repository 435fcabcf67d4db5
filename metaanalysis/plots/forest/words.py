"""What a forest plot says: its notes, its description and the same as a table."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from etd.domain import numbers
from etd.domain.effect_axis import RATIO_MEASURES
from metaanalysis.plots.drawing import PlotTable
from metaanalysis.plots.forest.cells import Column
from metaanalysis.plots.forest.rows import (
    GroupedBy,
    Rows,
    Study,
    effect_and_interval,
    effect_text,
    pooled_name,
)
from metaanalysis.wording import CI_METHODS, MEASURES, fitting_i2


def heterogeneity_words(result: Mapping[str, Any]) -> str:
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


def notes_of(result: Mapping[str, Any], grouped: GroupedBy | None) -> list[str]:
    notes = []
    if heterogeneity := heterogeneity_words(result):
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


def title_of(result: Mapping[str, Any], outcome: str) -> str:
    measure = MEASURES.get(result["measure"], result["measure"]).lower()
    k = result["k"]
    studies = "no study" if k == 0 else "1 study" if k == 1 else f"{k} studies"
    return f"Forest plot: {outcome}; {studies}, pooled {measure} {effect_text(result, result['measure'])}"


def description_of(result: Mapping[str, Any], notes: Sequence[str], n_excluded: int) -> str:
    parts = [
        f"{pooled_name(result)}.",
        "Squares are the studies' estimates, their area the weight; lines are 95% confidence intervals, with an"
        " arrow where they are cut; the diamond is the pooled estimate.",
        *(note if note.endswith(".") else f"{note}." for note in notes),
    ]
    if n_excluded:
        were = "study is" if n_excluded == 1 else "studies are"
        parts.append(f"{n_excluded} {were} listed but not in the analysis.")
    return " ".join(parts)


def table_of(result: Mapping[str, Any], rows: Rows, heading: str, cells: Sequence[Column]) -> PlotTable:
    empty = ("",) * len(cells)

    def line(study: Study, effect: str = "", weight: str | None = None) -> tuple[str, ...]:
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
    lines.append(line(rows.pooled, weight=None if effect_and_interval(result) is not None else ""))
    low, high = result.get("prediction_low"), result.get("prediction_high")
    if low is not None and high is not None:
        text = numbers.effect_interval(low, high, result["measure"])
        lines.append(("Prediction interval", *empty, text, ""))
    return PlotTable(
        headings=("Study", *(f"{c.heading}, {c.holds}" for c in cells), heading, "Weight, %"),
        rows=tuple(lines),
    )
