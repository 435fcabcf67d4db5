"""A table with known columns: rows of cells → records of texts. Shifted or unreadable cells are errors."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from metaanalysis.importers.cells import Cell, CellKind, Row, text_of, unusable
from metaanalysis.importers.revman.analyses import plain_words
from metaanalysis.importers.table import ProblemLog, Refusal, visible


class Record(NamedTuple):
    """`row` is the number the person sees; a column the table does not have is not in `values`."""

    row: int
    values: dict[str, str]

    def get(self, key: str) -> str:
        return self.values.get(key, "")


class Records(NamedTuple):
    """`names` gives, by key, the column's name as written."""

    names: dict[str, str]
    records: tuple[Record, ...]


def columns_of(header: Row, known: Mapping[str, str]) -> dict[str, int]:
    """Place of each known column, by key. Raises Refusal if one is there twice."""
    places: dict[str, int] = {}
    for index, cell in enumerate(header.cells):
        key = known.get(plain_words(text_of(cell)))
        if key in places:
            text = "this column is in the table twice. Export the file from RevMan again."
            raise Refusal("duplicate_column", text, row=header.number, column=text_of(cell))
        if key is not None:
            places[key] = index
    return places


def read_records(rows: Sequence[Row], known: Mapping[str, str], log: ProblemLog) -> Records:
    """`known` maps names in plain words to keys; other columns are ignored, as later versions add some."""
    header, body = rows[0], [row for row in rows[1:] if not all(cell.is_blank for cell in row.cells)]
    places = columns_of(header, known)
    names = {key: visible(text_of(header.cells[index])) for key, index in places.items()}
    width = max((index for index, cell in enumerate(header.cells, start=1) if not cell.is_blank), default=0)
    records = []
    for row in body:
        if len(row.cells) < width or any(not cell.is_blank for cell in row.cells[width:]):
            text = (
                f"this row ends at column {len(row.cells)}, the header at column {width}. Export the file from "
                "RevMan again, and do not edit it by hand."
            )
            code = "too_few_values" if len(row.cells) < width else "too_many_values"
            log.error(code, text, row=row.number)
            continue
        values = {key: _text(row.cells[index], row.number, names[key], log) for key, index in places.items()}
        records.append(Record(row.number, values))
    return Records(names, tuple(records))


def _text(cell: Cell, row: int, column: str, log: ProblemLog) -> str:
    if cell.kind in {CellKind.TEXT, CellKind.NUMBER}:
        return text_of(cell)
    finding = unusable(cell)
    log.add(finding.severity, finding.code, finding.text, row=row, column=column, value=cell.text)
    return ""
