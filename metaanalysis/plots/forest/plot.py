"""A forest plot put together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from etd.domain.effect_axis import favours
from metaanalysis.plots.drawing import Drawing, Plot
from metaanalysis.plots.forest.cells import cell_columns
from metaanalysis.plots.forest.layout import axis_of, narrow_columns, wide_columns
from metaanalysis.plots.forest.lines import (
    draw_excluded,
    draw_pooled,
    draw_scale,
    draw_studies,
    draw_vertical_lines,
    write_head,
    write_notes,
)
from metaanalysis.plots.forest.rows import GroupedBy, rows_of
from metaanalysis.plots.forest.words import description_of, notes_of, table_of, title_of
from metaanalysis.wording import MEASURES


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
    columns_of_cells = cell_columns(inputs, result["measure"], intervention_label, comparison_label)
    rows = rows_of(result, inputs, order, grouped)
    heading = f"{MEASURES.get(result['measure'], result['measure'])} (95% CI)"
    columns = narrow_columns() if narrow else wide_columns(rows.all_texts(), heading, columns_of_cells)
    axis = axis_of(result, rows, columns)
    drawing = Drawing()
    y = write_head(drawing, columns, heading, columns_of_cells)
    top = y
    y = draw_studies(drawing, rows, y, columns, axis)
    end_of_studies = y
    for study in rows.excluded:
        y = draw_excluded(drawing, study, y, columns)
    notes = notes_of(result, grouped)
    foot = draw_pooled(drawing, result, rows.pooled, y, columns, axis)
    if axis is not None:
        spans = drawing.tracks if narrow else [(top - 4, end_of_studies), (y, foot)]
        draw_vertical_lines(drawing, result, axis, spans)
        left, right = favours(
            result["measure"], better, intervention=intervention_label, comparison=comparison_label
        )
        bottom = draw_scale(drawing, axis, foot, left, right)
    else:
        bottom = foot
    bottom = max(bottom, write_notes(drawing, notes, bottom if narrow else foot, columns))
    return drawing.plot(
        plot_id,
        (columns.width, bottom + 6),
        title=title_of(result, outcome),
        desc=description_of(result, notes, len(rows.excluded)),
        table=table_of(result, rows, heading, columns_of_cells),
        notes=notes,
    )
