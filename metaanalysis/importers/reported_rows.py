"""A table of reported results: bytes of a CSV file → rows of printed text, every number with its own digits."""

from etd.domain.integrity import ReportedRow, unreadable_cells
from metaanalysis.importers.cells import Row, trimmed
from metaanalysis.importers.file_type import identify
from metaanalysis.importers.limits import MAX_FILE_BYTES
from metaanalysis.importers.table import ProblemLog, Refusal, visible
from metaanalysis.importers.text_grid import read_text_table

COLUMNS = tuple(name for name in ReportedRow.__dataclass_fields__ if name != "row")
OTHER_NAMES = {"population": "subgroup", "n_studies": "k", "i_squared": "i2", "p": "p_value"}
# A column of our own example, in which markers stand apart from their numbers.
PASSED_OVER = "footnote_mark"
MAX_REPORTED_ROWS = 500
_LISTED = ", ".join(COLUMNS)


def read_reported_rows(data: bytes, *, filename: str, log: ProblemLog) -> tuple[ReportedRow, ...]:
    """The rows, with every problem in `log`; empty as soon as there is one error.

    Columns may come in any order and may be missing; an unknown one is an error, as its check would be left out
    unseen. Raises nothing: a file that cannot be read is an error in the log too.
    """
    try:
        header, *body = _grid(data, filename, log)
        columns = _columns(header)
        rows = [_row(row, columns, log) for row in body]
    except Refusal as refusal:
        log.refuse(refusal)
        return ()
    return () if log.has_errors else tuple(row for row in rows if row is not None)


def _grid(data: bytes, filename: str, log: ProblemLog) -> tuple[Row, ...]:
    if len(data) > MAX_FILE_BYTES:
        raise Refusal("too_large", f"the file is larger than {MAX_FILE_BYTES:,} bytes. Split the table.")
    if identify(data, filename) != "csv":
        raise Refusal("not_csv", "this is not a text table. Save the table as 'CSV UTF-8'.")
    rows = read_text_table(data, log).rows
    if not rows:
        raise Refusal(
            "empty_file", f"the file has no rows. Begin with a row that names the columns: {_LISTED}."
        )
    if len(rows) == 1:
        raise Refusal("no_rows", "there are no rows of results under the names of the columns. Add them.")
    if len(rows) > MAX_REPORTED_ROWS + 1:
        raise Refusal(
            "too_many_rows", f"more than {MAX_REPORTED_ROWS} rows of results. Check one table at a time."
        )
    return rows


def _columns(header: Row) -> tuple[str, ...]:
    """The canonical name of each column; "" for a blank heading, under which every cell must be blank too."""
    names: list[str] = []
    for cell in header.cells:
        written = trimmed(cell.text)
        name = OTHER_NAMES.get(written.casefold(), written.casefold())
        if written and name not in (*COLUMNS, PASSED_OVER):
            text = f"this column is not known. Name it as one of these, or delete it: {_LISTED}."
            raise Refusal("unknown_column", text, row=header.number, column=written)
        if name and name in names:
            text = f"two columns are named {name}. Delete one of them."
            raise Refusal("column_twice", text, row=header.number, column=written)
        names.append(name)
    return tuple(names)


def _row(row: Row, columns: tuple[str, ...], log: ProblemLog) -> ReportedRow | None:
    texts = [cell.text for cell in row.cells]
    while len(texts) > len(columns) and not trimmed(texts[-1]):
        texts.pop()
    if len(texts) != len(columns):
        text = (
            f"{len(texts)} cells under {len(columns)} columns. Put what has a comma in quotation marks, and leave"
            " a cell empty where there is nothing."
        )
        log.error("width", text, row=row.number)
        return None
    for text, name in zip(texts, columns, strict=True):
        if not name and trimmed(text):
            log.error(
                "unnamed_column",
                "this cell stands under no name. Name its column.",
                row=row.number,
                value=text,
            )
            return None
    by_name = {name: trimmed(text) for text, name in zip(texts, columns, strict=True) if name in COLUMNS}
    reported = ReportedRow(row=row.number, **by_name)
    unreadable = unreadable_cells(reported)
    for error in unreadable:
        log.error("unreadable", error.reason, row=error.row, column=error.column, value=visible(error.value))
    return None if unreadable else reported
