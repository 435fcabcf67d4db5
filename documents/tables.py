"""Tables to take away: the three summary tables and the outcome tables as rows of text, and those as CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby

from documents.schema import OutcomeGroup, OutcomeTable, Row, SummaryColumn, SummaryTable
from etd.domain.summary_cells import NOTHING
from metaanalysis.importers.exports import guarded


@dataclass(frozen=True)
class TextCell:
    """The lines of a cell, each with the letters of its footnotes."""

    lines: tuple[tuple[str, tuple[str, ...]], ...]


def plain_cell(text: str) -> TextCell:
    return TextCell(tuple((line, ()) for line in text.split("\n")))


@dataclass(frozen=True)
class TextRow:
    """`band` names the outcome that rows stand under; empty in a table without bands."""

    cells: tuple[TextCell, ...]
    band: str = ""


@dataclass(frozen=True)
class TextTable:
    """A table in words. `groups` are pairs of heading and width over `headings`, empty without such a row.

    `band_heading` heads the bands. `footnotes` are pairs of letter and text; `notes` what holds for the whole table.
    """

    caption: str
    headings: tuple[str, ...]
    groups: tuple[tuple[str, int], ...]
    rows: tuple[TextRow, ...]
    footnotes: tuple[tuple[str, str], ...]
    notes: tuple[str, ...]
    band_heading: str = ""


def of_summary(table: SummaryTable, *, intervention: str, comparison: str) -> TextTable:
    return TextTable(
        caption=f"{table.title}: {intervention} compared with {comparison}",
        headings=tuple(column.heading for column in table.columns),
        groups=heading_groups(table.columns),
        rows=tuple(
            TextRow(
                tuple(TextCell(tuple((line.text, line.marks) for line in cell.lines)) for cell in row.cells)
            )
            for row in table.rows
        ),
        footnotes=tuple((footnote.mark, footnote.text) for footnote in table.footnotes),
        notes=table.notes,
    )


def of_outcomes(table: OutcomeTable, *, intervention: str, comparison: str) -> TextTable:
    """An outcome table as the document prints it, each outcome a band over its populations."""
    several = len(table.sources) > 1
    certainty = ("Certainty",) if table.has_certainty else ()
    return TextTable(
        caption=f"Table {table.number}. {table.title}",
        band_heading="Outcome",
        headings=(
            "Subgroup",
            "N. of studies",
            intervention,
            comparison,
            f"{table.measure_label} (95% CI)",
            "P for effect",
            "I²",
            *certainty,
        ),
        groups=(),
        rows=tuple(
            TextRow(_outcome_cells(group, row, several, table.has_certainty), group.name)
            for group in table.groups
            for row in group.rows
        ),
        footnotes=tuple((footnote.mark, footnote.text) for footnote in table.certainty_notes),
        notes=tuple(
            note
            for note in (
                table.abbreviations,
                table.footnotes,
                *(
                    f"{group.name}, {row.population}: {' '.join(row.caveats)}"
                    for group in table.groups
                    for row in group.rows
                    if row.caveats
                ),
            )
            if note
        ),
    )


def heading_groups(columns: Iterable[SummaryColumn]) -> tuple[tuple[str, int], ...]:
    """Pairs of heading and width over the columns; one that stands alone has an empty heading and width 1.

    Empty where no column is in a group.
    """
    found: list[tuple[str, int]] = []
    for group, members in groupby(columns, key=lambda column: column.group):
        width = len(list(members))
        found += [(group, width)] if group else [("", 1)] * width
    return tuple(found) if any(group for group, _ in found) else ()


def to_csv(table: TextTable) -> bytes:
    """UTF-8 with a byte order mark; the headings, the rows, and after an empty line the footnotes and the notes.

    A text that a spreadsheet would run as a formula is guarded by an apostrophe. A dash for nothing is an empty cell.
    """
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\r\n")
    band = (table.band_heading,) if table.band_heading else ()
    writer.writerow([guarded(heading) for heading in (*band, *table.headings)])
    for row in table.rows:
        texts = (*([row.band] if band else []), *(text_with_marks(cell) for cell in row.cells))
        writer.writerow(["" if text == NOTHING else guarded(text) for text in texts])
    writer.writerow([])
    for mark, text in table.footnotes:
        writer.writerow([guarded(mark), guarded(text)])
    for note in table.notes:
        writer.writerow(["", guarded(note)])
    return stream.getvalue().encode("utf-8-sig")


def text_with_marks(cell: TextCell) -> str:
    """The cell in words, the letters of its footnotes in brackets behind each line."""
    return "\n".join(f"{text} [{', '.join(marks)}]" if marks else text for text, marks in cell.lines)


def _outcome_cells(group: OutcomeGroup, row: Row, several: bool, has_certainty: bool) -> tuple[TextCell, ...]:
    source = f" ({row.source_label.lower()})" if several else ""
    stale = ", data changed since" if row.is_stale else ""
    # The certainty is the outcome's; beside a population without studies it would read as that one's.
    certainty = f"{group.certainty_symbols} {group.certainty}".strip() if row.n_studies else ""
    texts = [
        f"{row.population}{source}{stale}",
        f"{row.n_studies}{row.footnote_mark}",
        row.intervention,
        row.comparison,
        row.effect,
        row.p_value,
        row.i_squared,
    ]
    rated = TextCell(((certainty, group.certainty_marks),) if certainty else ((NOTHING, ()),))
    return (*(plain_cell(text) for text in texts), *([rated] if has_certainty else []))
