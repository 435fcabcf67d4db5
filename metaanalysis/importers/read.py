"""The one entry point: bytes → ParsedTable. CSV and workbook cells go through the same strict checks."""

from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from metaanalysis.importers.cells import Cell, Row, check_text, text_of
from metaanalysis.importers.checks import check_rows
from metaanalysis.importers.column_names import COUNT_COLUMNS, known_names, normalised
from metaanalysis.importers.columns import Column, Layout, complete_layouts, map_columns
from metaanalysis.importers.file_type import identify
from metaanalysis.importers.limits import (
    MAX_BYTES_IN_WORDS,
    MAX_FILE_BYTES,
    MAX_REVIEW_BYTES,
    MAX_ROWS,
    MIB,
)
from metaanalysis.importers.not_studies import what_instead
from metaanalysis.importers.review import read_review_rows
from metaanalysis.importers.revman import is_revman5_csv, layout_of, read_revman5_csv, study_rows
from metaanalysis.importers.row_readers import READERS
from metaanalysis.importers.table import ParsedTable, ProblemLog, Refusal, StudyRow
from metaanalysis.importers.text_grid import read_text_table
from metaanalysis.importers.workbook import read_workbook_table

_FIRST_ROW = "The first row must hold the column names, for example study, " + ", ".join(COUNT_COLUMNS) + "."
_ROWS_TO_LOOK_FOR_HEADER = 10

FileFormat = Literal["csv", "xlsx", "revman5-csv", "revman-web", "rm5", "unknown"]


@dataclass
class _Source:
    """What is known of the file beside its rows."""

    file_format: FileFormat = "unknown"
    encoding: str = ""
    delimiter: str = ""
    sheet: str | None = None
    sheets: tuple[str, ...] = ()
    layout: Literal["counts", "means", "estimate", "mixed"] = "counts"


def read_table(data: bytes, *, filename: str, sheet: str | None = None) -> ParsedTable:
    """Reads a table of studies (events and totals, means, or estimates) from CSV or XLSX, or a file of RevMan.

    Never raises for a bad file: every problem is in the result. `filename` is only compared with what the bytes
    are. `sheet` chooses a sheet of a workbook; without it, several filled sheets give the error `choose_sheet` and
    their names in `sheets`. Raises ReaderUnavailable if the child process cannot start at all.
    """
    log = ProblemLog()
    source = _Source()
    columns: tuple[Column, ...] = ()
    rows: list[StudyRow] = []
    try:
        columns, rows = _read(data, filename, sheet, source, log)
    except Refusal as refusal:
        source.sheets = refusal.sheets or source.sheets
        log.refuse(refusal)
    return ParsedTable(
        file_format=source.file_format,
        layout=source.layout,
        encoding=source.encoding,
        delimiter=source.delimiter,
        sheet=source.sheet,
        sheets=source.sheets,
        column_mapping=tuple((column.written, column.canonical or "note") for column in columns),
        rows=() if log.has_errors else tuple(rows),
        problems=tuple(sorted(log.problems, key=lambda problem: (problem.severity, problem.row or 0))),
        error_count=log.counts["error"],
        warning_count=log.counts["warning"],
        notices=tuple(log.notices),
    )


def _read(
    data: bytes, filename: str, sheet: str | None, source: _Source, log: ProblemLog
) -> tuple[tuple[Column, ...], list[StudyRow]]:
    if len(data) > MAX_REVIEW_BYTES:
        text = f"the file is larger than {MAX_REVIEW_BYTES // MIB} MiB; the limit is {MAX_BYTES_IN_WORDS}."
        raise Refusal("file_too_large", f"{text} Keep only the table of studies.")
    found = identify(data, filename)
    source.file_format = found
    if found == "rm5" or found == "revman-web":
        rows = read_review_rows(data, found, log)
        source.layout = layout_of(rows)
        return (), rows
    if len(data) > MAX_FILE_BYTES:
        text = f"the file is larger than {MAX_FILE_BYTES // MIB} MiB. Keep only the table of studies."
        raise Refusal("file_too_large", text)
    grid = _grid(data, sheet, source, log)
    if is_revman5_csv(grid):
        source.file_format = "revman5-csv"
        rows = study_rows(read_revman5_csv(grid, log), log)
        source.layout = layout_of(rows)
        return (), rows
    return _read_grid(grid, source, log)


def _grid(data: bytes, sheet: str | None, source: _Source, log: ProblemLog) -> tuple[Row, ...]:
    if source.file_format == "csv":
        table = read_text_table(data, log)
        source.encoding, source.delimiter = table.encoding, table.delimiter
        return table.rows
    workbook = read_workbook_table(data, sheet, log)
    source.sheet, source.sheets = workbook.sheet, workbook.sheets
    if workbook.first_column or (workbook.rows and workbook.rows[0].number > 1):
        log.notices.append("The table does not start in cell A1; what is above and left of it is empty.")
    return workbook.rows


def _read_grid(
    grid: tuple[Row, ...], source: _Source, log: ProblemLog
) -> tuple[tuple[Column, ...], list[StudyRow]]:
    grid = tuple(row for row in grid if not all(cell.is_blank for cell in row.cells))
    if len(grid) > MAX_ROWS + 1:
        text = f"more than {MAX_ROWS:,} studies. Split the table."
        raise Refusal("too_many_rows", text, row=grid[MAX_ROWS + 1].number)
    if not grid:
        raise Refusal("no_rows", "no study rows found. Put the column names in row 1 and the studies below.")
    header, body = grid[0], grid[1:]
    headers = _headers(header)
    _check_header_characters(header, source, log)
    _refuse_other_header(header, headers, body)
    columns, layout = map_columns(headers, header.number, log)
    source.layout = layout.kind
    if log.has_errors:
        return columns, []
    if not body:
        raise Refusal("no_rows", "no study rows found below the column names. Add one row for each study.")
    body = _same_width(body, columns, len(headers), log)
    _say_unknown(columns, layout, log)
    reader = READERS[layout.kind](columns, layout, source.file_format == "xlsx", log)
    rows = [read for row in body if (read := reader.read(row)) is not None]
    log.notices.extend(reader.notices)
    check_rows(rows, reader.names, log)
    return columns, rows


def _headers(header: Row) -> list[str]:
    headers = [text_of(cell) for cell in header.cells]
    while headers and not normalised(headers[-1]):
        headers.pop()
    return headers


def _check_header_characters(header: Row, source: _Source, log: ProblemLog) -> None:
    for position, cell in enumerate(header.cells, start=1):
        name = "".join(char for char in text_of(cell) if char.isprintable())
        _, findings = check_text(name, is_name=True, in_workbook=source.file_format == "xlsx")
        controls = {char for char in cell.text if ord(char) < 32} - set("\t\n\r")
        for finding in findings:
            log.add(
                finding.severity, finding.code, finding.text, row=header.number, column=f"number {position}"
            )
        if controls:
            text = "there is a control character in this column name. Type it again."
            log.error(
                "control_character", text, row=header.number, column=f"number {position}", value=cell.text
            )


def _refuse_other_header(header: Row, headers: list[str], body: tuple[Row, ...]) -> None:
    """Where the first row is not the header: titles above it, names spread over two rows, or none at all."""
    if complete_layouts(known_names(headers)):
        return
    for row in body[:_ROWS_TO_LOOK_FOR_HEADER]:
        if complete_layouts(known_names(_headers(row))):
            text = f"the header was not found here but in row {row.number}. Delete the rows above that. {_FIRST_ROW}"
            raise Refusal("header_not_found", text, row=header.number)
    below = [text_of(cell) for cell in body[0].cells] if body else []
    if len([text for text in below if text]) > 1 and not any(
        char.isdigit() for text in below for char in text
    ):
        text = f"the column names seem to be spread over two rows. Write them in one row. {_FIRST_ROW}"
        raise Refusal("header_not_found", text, row=header.number)
    if not any(known_names(headers)):
        text = f"the header was not found. {_FIRST_ROW}"
        raise Refusal("header_not_found", text, row=header.number, value=", ".join(headers))


def _same_width(
    body: tuple[Row, ...], columns: tuple[Column, ...], width: int, log: ProblemLog
) -> tuple[Row, ...]:
    """Rows as wide as the header. More or fewer values are errors; empty extra cells are said."""
    rows, trailing = [], 0
    study = next(column.index for column in columns if column.canonical == "study")
    for row in body:
        instead = what_instead(text_of(row.cells[study])) if study < len(row.cells) else ""
        if instead:
            _log_no_study(row, text_of(row.cells[study]), instead, columns, log)
            continue
        extra = row.cells[width:]
        if any(not cell.is_blank for cell in extra) or len(row.cells) < width:
            _log_width(row, width, log)
        else:
            trailing += bool(extra)
            rows.append(Row(row.number, row.cells[:width]))
    if trailing:
        rows_end = "1 row ends" if trailing == 1 else f"{trailing} rows end"
        text = f"{rows_end} with empty cells that have no column name; these cells were left out."
        log.warning("trailing_empty", text)
    _check_unnamed(rows, columns, width, log)
    return tuple(rows)


def _log_no_study(row: Row, text: str, instead: str, columns: tuple[Column, ...], log: ProblemLog) -> None:
    written = next(column.written for column in columns if column.canonical == "study")
    log.error("not_a_study", f"{instead} Delete this row.", row=row.number, column=written, value=text)


def _log_width(row: Row, width: int, log: ProblemLog) -> None:
    count = len(row.cells)
    values = f"{count} value" if count == 1 else f"{count} values"
    hint = (
        "Put a cell that contains the delimiter in double quotes, or give the extra column a name."
        if count > width
        else "Use the same delimiter in every row and leave no cell out."
    )
    code = "too_many_values" if count > width else "too_few_values"
    log.error(code, f"this row has {values}, but the header has {width} columns. {hint}", row=row.number)


def _check_unnamed(rows: list[Row], columns: tuple[Column, ...], width: int, log: ProblemLog) -> None:
    for index in set(range(width)) - {column.index for column in columns}:
        if index == 0 and _are_row_numbers([row.cells[0] for row in rows]):
            text = "The first column has no name and numbers the rows, as R and pandas write it; it was left out."
            log.notices.append(text)
            continue
        filled = next((row for row in rows if not row.cells[index].is_blank), None)
        if filled is not None:
            text = "this column holds values but has no name. Name it, or delete it."
            value = filled.cells[index].text
            log.error("unnamed_column", text, row=filled.number, column=f"number {index + 1}", value=value)


def _are_row_numbers(cells: list[Cell]) -> bool:
    """Whole numbers that only grow: 1, 2, 3, or with gaps where rows were left out."""
    texts = [text_of(cell) for cell in cells]
    if not all(text.isascii() and text.isdigit() for text in texts):
        return False
    numbers = [int(text) for text in texts]
    return bool(numbers) and all(one < next_ for one, next_ in pairwise(numbers))


def _say_unknown(columns: tuple[Column, ...], layout: Layout, log: ProblemLog) -> None:
    for column in columns:
        if column.canonical is None:
            text = "this column is not used for pooling; what it holds is kept in the note of each study."
            log.warning("unknown_column", text, column=column.written)
        elif not layout.uses(column.canonical):
            text = "this column belongs to another kind of table; what it holds is kept in the note of each study."
            log.warning("unknown_column", text, column=column.written)
