"""Study tables out: as a pandas frame, and as CSV or XLSX that no spreadsheet will take for formulas."""

import io
import math
import re
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from metaanalysis.importers.table import Kind, ParsedTable, StudyRow

if TYPE_CHECKING:
    import pandas

TEXT_COLUMNS = ("study", "measure", "outcome", "timepoint", "population", "subgroup", "source", "note")
NUMBER_COLUMNS: dict[Kind, tuple[str, ...]] = {
    "counts": ("events_intervention", "n_intervention", "events_comparison", "n_comparison"),
    "means": (
        *("mean_intervention", "sd_intervention", "n_intervention"),
        *("mean_comparison", "sd_comparison", "n_comparison"),
    ),
    "estimate": ("measure", "estimate", "se"),
}
_DECIMALS = frozenset(
    {"mean_intervention", "sd_intervention", "mean_comparison", "sd_comparison", "estimate", "se"}
)
_EXAMPLE = StudyRow(
    row=2,
    study="Example 2024",
    year=2024,
    outcome="survival",
    timepoint="30 days",
    population="adults with cardiogenic shock",
    source="doi or page of the report",
    note="delete this row",
)
EXAMPLE_ROWS: dict[Kind, StudyRow] = {
    "counts": replace(
        _EXAMPLE, events_intervention=18, n_intervention=58, events_comparison=19, n_comparison=59
    ),
    "means": replace(
        _EXAMPLE,
        kind="means",
        outcome="days in hospital",
        mean_intervention=12.5,
        sd_intervention=6.2,
        n_intervention=58,
        mean_comparison=14.1,
        sd_comparison=7,
        n_comparison=59,
    ),
    "estimate": replace(
        _EXAMPLE,
        kind="estimate",
        outcome="death",
        measure="HR",
        estimate=-0.3011,
        se=0.1499,
        note="delete this row; ratios as natural logarithms, here of the hazard ratio 0.74 (0.55 to 0.99), or with "
        "the columns hr, ci_low and ci_high in place of measure, estimate and se",
    ),
}
_FORMULA = re.compile(r"'*(?:[\s\x00\u200b\ufeff]*[=+\-@＝＋－＠]|[\t\r\n\x00])")
_NOT_IN_XML = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


def export_columns(table: ParsedTable) -> tuple[str, ...]:
    """The canonical columns of the kinds that the table holds, each once, in a fixed order."""
    kinds = {row.kind for row in table.rows} or {"counts" if table.layout == "mixed" else table.layout}
    numbers = [name for kind, names in NUMBER_COLUMNS.items() if kind in kinds for name in names]
    return ("study", "year", *dict.fromkeys(numbers), *TEXT_COLUMNS[2:])


def to_frame(table: ParsedTable) -> "pandas.DataFrame":
    """One row a study in the canonical columns: texts as strings, counts as nullable Int64, decimals as Float64.

    Nothing is guessed: the numbers are those that the strict reader accepted.
    """
    import pandas

    names = export_columns(table)
    columns = {}
    for name in names:
        values = [getattr(row, name) for row in table.rows]
        columns[name] = pandas.array(values, dtype=_dtype(name))
    return pandas.DataFrame(columns, columns=list(names))


def _dtype(name: str) -> Any:
    if name in TEXT_COLUMNS:
        return "str"
    return "Float64" if name in _DECIMALS else "Int64"


def template_csv(kind: Kind) -> bytes:
    """A CSV with the columns of this kind of table and one example row, which reads without a problem."""
    return write_csv(_template(kind))


def template_xlsx(kind: Kind) -> bytes:
    """As `template_csv`, as a workbook."""
    return write_xlsx(_template(kind))


def _template(kind: Kind) -> "pandas.DataFrame":
    return to_frame(ParsedTable(layout=kind, rows=(EXAMPLE_ROWS[kind],)))


def guarded(text: str) -> str:
    """Text that a spreadsheet would run as a formula gets a leading apostrophe; `unguarded` takes it off again."""
    return "'" + text if _FORMULA.match(text) else text


def unguarded(text: str) -> str:
    """The text before `guarded`."""
    return text[1:] if text.startswith("'") and _FORMULA.match(text[1:]) else text


def write_csv(frame: "pandas.DataFrame") -> bytes:
    """CSV in UTF-8 with a byte order mark, so that Excel reads the letters right; text cells guarded.

    Decimals keep every digit and have no exponent, as the reader asks for.
    """
    import pandas

    safe = _guarded_frame(frame)
    for name in safe.columns:
        if pandas.api.types.is_float_dtype(safe[name]):
            safe[name] = [_plain(value) for value in safe[name].astype(object)]
    text: str = safe.to_csv(index=False, lineterminator="\r\n")
    return text.encode("utf-8-sig")


def _plain(value: Any) -> str:
    """The shortest digits that give the same number again."""
    import pandas

    return "" if pandas.isna(value) else format(Decimal(repr(float(value))), "f")


def write_xlsx(frame: "pandas.DataFrame", sheet: str = "Studies") -> bytes:
    """A workbook with one sheet; text cells guarded and typed as text, numbers as numbers, missing cells empty."""
    import openpyxl
    import pandas

    workbook = openpyxl.Workbook()
    workbook.remove(workbook.worksheets[0])
    worksheet = workbook.create_sheet(sheet)
    safe = _guarded_frame(frame)
    records = [list(safe.columns), *safe.astype(object).to_numpy().tolist()]
    for row, values in enumerate(records, start=1):
        for column, value in enumerate(values, start=1):
            if isinstance(value, str):
                cell = worksheet.cell(row, column, _NOT_IN_XML.sub("\ufffd", value))
                cell.data_type = "s"
            elif isinstance(value, float) and math.isfinite(value):
                # as a number openpyxl would write 16 digits of it, one too few to give the same number again
                worksheet.cell(row, column, repr(float(value))).data_type = "n"
            elif not pandas.isna(value):
                worksheet.cell(row, column, value)
    stream = io.BytesIO()
    workbook.save(stream)
    return stream.getvalue()


def _guarded_frame(frame: "pandas.DataFrame") -> "pandas.DataFrame":
    import pandas

    safe = frame.copy()
    for name in safe.columns:
        if not pandas.api.types.is_numeric_dtype(safe[name]):
            safe[name] = safe[name].map(_guarded_value).astype(object)
    return safe.rename(columns=_guarded_value)


def _guarded_value(value: object) -> object:
    return guarded(value) if isinstance(value, str) else value
