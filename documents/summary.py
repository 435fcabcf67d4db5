"""The Summary of Findings and the evidence profile as parts of a document."""

from __future__ import annotations

from documents import schema
from etd.domain.summary_tables import PROFILE, STANDARD, WHAT_HAPPENS
from etd.models import Question
from etd.selectors.summary import CellView, LineView, SummaryTableView, SummaryView, load_summary
from etd.stored import Stored


def summary_tables(question: Question, stored: Stored | None = None) -> tuple[schema.SummaryTable, ...]:
    """All three tables, or none where no outcome was chosen for them."""
    view = load_summary(question, stored)
    return tuple(_table(view, table) for table in view.tables.values()) if view.has_rows else ()


def printed_summaries(tables: tuple[schema.SummaryTable, ...]) -> tuple[schema.SummaryTable, ...]:
    """The Summary of Findings as it is printed: with what happens where that is said, with comments where there are."""
    by_key = {table.key: table for table in tables}
    standard, told = by_key.get(STANDARD), by_key.get(WHAT_HAPPENS)
    if standard is None or told is None:
        return ()
    if not told.has_text_in("what_happens"):
        return (standard,)
    return (standard, told) if standard.has_text_in("comments") else (told,)


def printed_profile(tables: tuple[schema.SummaryTable, ...]) -> schema.SummaryTable | None:
    return next((table for table in tables if table.key == PROFILE), None)


def _table(view: SummaryView, table: SummaryTableView) -> schema.SummaryTable:
    return schema.SummaryTable(
        key=table.key,
        title=table.title,
        people_per=view.people_per,
        columns=tuple(
            schema.SummaryColumn(column.key, column.heading, column.group) for column in table.layout.columns
        ),
        rows=tuple(
            schema.SummaryRow(
                outcome=row.outcome,
                population=row.population,
                source=row.source,
                cells=tuple(_cell(cell) for cell in row.cells),
                values=dict(row.values),
            )
            for row in table.rows
        ),
        footnotes=tuple(schema.Footnote(mark, text) for mark, text in table.footnotes),
        notes=table.notes,
    )


def _cell(cell: CellView) -> schema.SummaryCell:
    return schema.SummaryCell(
        column=cell.column,
        lines=tuple(line for view in cell.lines for line in _lines(view)),
        worded_by_hand=cell.edit is not None,
        computed=cell.edit.computed if cell.edit else "",
    )


def _lines(view: LineView) -> list[schema.SummaryLine]:
    """A line of a cell, and under it what always stands there; an empty one is left out."""
    text = f"{view.level}: {view.text}" if view.level else view.text
    lines = [schema.SummaryLine(text, view.marks)] if text or view.marks else []
    return lines + [schema.SummaryLine(more, ()) for more in view.more.split("\n") if more]
