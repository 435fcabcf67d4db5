"""Tables of random numbers, written in random dialects, give exactly these numbers or are refused."""

import csv
import io
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from metaanalysis.importers import read_table, workbook
from metaanalysis.importers.cells import Cell
from metaanalysis.importers.child_main import Job, answer
from metaanalysis.importers.decimals import read_decimal

from .corpus import cell_xml, package, parts_of, sheet_xml

CANONICAL = (
    "study",
    "events_intervention",
    "n_intervention",
    "events_comparison",
    "n_comparison",
    "year",
    "note",
)
HEADERS = {
    "study": ["study", "Study ID", " STUDY\u00a0", "Trial"],
    "events_intervention": [
        "events_intervention",
        "events_int",
        "Events 1",
        "ev_t",
        "Treatment events",
        "events_i",
    ],
    "n_intervention": ["n_intervention", "n_int", "Total 1", "n_t", "Treatment total", "N (intervention)"],
    "events_comparison": [
        "events_comparison",
        "events_ctl",
        "Events 2",
        "ev_c",
        "Control events",
        "events_control",
    ],
    "n_comparison": ["n_comparison", "n_ctl", "Total 2", "n_c", "Control total", "N (control)"],
    "year": ["year", "Year"],
    "note": ["note", "Comments", "quality"],
}
NAMES = st.text(st.sampled_from("AbzÄöß7 -.,;|\t'\"=+@éñ0"), min_size=1, max_size=12)
NOTES = st.text(st.sampled_from("ab 1,;|\t\n\r\"'é"), max_size=10)
Counts = tuple[int, int, int, int]


@dataclass(frozen=True)
class Written:
    """The table as it was meant: columns in file order, each row's texts by canonical name."""

    columns: tuple[str, ...]
    headers: dict[str, str]
    rows: list[dict[str, str]]

    @property
    def counts(self) -> list[Counts]:
        return [counts_of(row) for row in self.rows]


def counts_of(row: dict[str, str]) -> Counts:
    first, second, third, fourth = (int(row[name]) for name in CANONICAL[1:5])
    return first, second, third, fourth


@st.composite
def tables(draw: Any) -> Written:
    columns = draw(st.permutations(CANONICAL))
    headers = {name: draw(st.sampled_from(HEADERS[name])) for name in columns}
    rows = []
    for _ in range(draw(st.integers(1, 6))):
        totals = [draw(st.one_of(st.integers(1, 50), st.integers(1, 10_000_000))) for _ in range(2)]
        events = [draw(st.integers(0, total)) for total in totals]
        numbers = (events[0], totals[0], events[1], totals[1], draw(st.integers(1900, 2100)))
        row = dict(zip(CANONICAL[1:6], map(str, numbers), strict=True))
        rows.append(row | {"study": draw(NAMES), "note": draw(NOTES)})
    return Written(tuple(columns), headers, rows)


@dataclass(frozen=True)
class Dialect:
    delimiter: str
    encoding: str
    quoting: Literal[0, 1, 2]
    line_end: str
    sep_line: bool
    blank_rows: int
    trailing_commas: int
    trailing_in_header: bool


DIALECTS = st.builds(
    Dialect,
    delimiter=st.sampled_from(",;\t|"),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-le-bom", "utf-16-be-bom", "cp1252"]),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC]),
    line_end=st.sampled_from(["\n", "\r\n", "\r"]),
    sep_line=st.booleans(),
    blank_rows=st.integers(0, 2),
    trailing_commas=st.integers(0, 2),
    trailing_in_header=st.booleans(),
)


def as_csv(table: Written, dialect: Dialect) -> bytes:
    stream = io.StringIO()
    writer = csv.writer(
        stream, delimiter=dialect.delimiter, quoting=dialect.quoting, lineterminator=dialect.line_end
    )
    extra = [""] * dialect.trailing_commas
    writer.writerow(
        [table.headers[name] for name in table.columns] + (extra if dialect.trailing_in_header else [])
    )
    for row in table.rows:
        writer.writerow([row[name] for name in table.columns] + extra)
    text = (f"sep={dialect.delimiter}{dialect.line_end}" if dialect.sep_line else "") + stream.getvalue()
    text += dialect.line_end * dialect.blank_rows
    if dialect.encoding == "utf-16-le-bom":
        return b"\xff\xfe" + text.encode("utf-16-le")
    if dialect.encoding == "utf-16-be-bom":
        return b"\xfe\xff" + text.encode("utf-16-be")
    return text.encode(dialect.encoding)


def check(table: Written, data: bytes, filename: str) -> None:
    parsed = read_table(data, filename=filename)
    event("read" if parsed.ok else f"refused: {parsed.errors[0].code}")
    if not parsed.ok:
        assert parsed.rows == ()
        return
    found = [
        (row.events_intervention, row.n_intervention, row.events_comparison, row.n_comparison)
        for row in parsed.rows
    ]
    assert found == table.counts
    assert [str(row.year) for row in parsed.rows] == [row["year"] for row in table.rows]


@given(tables(), DIALECTS)
@settings(max_examples=1600, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_csv(table: Written, dialect: Dialect) -> None:
    check(table, as_csv(table, dialect), "trials.csv")


def test_most_random_tables_are_read_and_not_refused() -> None:
    """Without this, refusing everything would pass."""
    for delimiter in ",;\t|":
        rows = []
        for number in range(40):
            counts = number % 30 + 1, 40 + number, number % 25 + 2, 50 + number % 7
            texts = dict(zip(CANONICAL[1:5], map(str, counts), strict=True))
            rows.append(texts | {"study": f"Müller, {number}; é|", "note": 'a "b"', "year": "2020"})
        table = Written(CANONICAL, {name: name for name in CANONICAL}, rows)
        dialect = Dialect(delimiter, "utf-8-sig", csv.QUOTE_MINIMAL, "\r\n", False, 1, 0, False)
        parsed = read_table(as_csv(table, dialect), filename="trials.csv")
        assert parsed.ok, parsed.errors
        assert len(parsed.rows) == 40


@given(table=tables(), data=st.data())
@settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck))
def test_workbook(table: Written, data: st.DataObject, monkeypatch: pytest.MonkeyPatch) -> None:
    """The child's own code in this process; the child itself has its own tests."""
    monkeypatch.setattr(workbook, "run_worker", worker_in_this_process)
    check(table, as_workbook(table, data.draw), "trials.xlsx")


def worker_in_this_process(data: bytes, job: Job) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(answer(data, job))
    if "refusal" in found:
        refusal = found["refusal"]
        raise workbook.Refusal(refusal["code"], refusal["text"])
    return found


def as_workbook(table: Written, draw: Callable[[Any], Any]) -> bytes:
    """Numbers as numbers or as text, with or without cell references, hidden rows, gaps, a false dimension."""
    top, left = draw(st.integers(1, 3)), draw(st.integers(0, 2))
    with_references = draw(st.booleans()) or left > 0
    lines = [[table.headers[name] for name in table.columns]]
    lines += [[row[name] for name in table.columns] for row in table.rows]
    xml, number = "", top
    for position, line in enumerate(lines):
        hidden = ' hidden="1"' if position and draw(st.booleans()) else ""
        cells = ""
        for offset, (name, text) in enumerate(zip(table.columns, line, strict=True)):
            reference = f"{chr(65 + left + offset)}{number}"
            is_number = position > 0 and name in CANONICAL[1:6] and draw(st.booleans())
            style = draw(st.sampled_from([text, f"{text}.0", f"{text}E0", f" {text}"])) if is_number else ""
            cell = f'<c r="{reference}"><v>{style}</v></c>' if is_number else cell_xml(reference, text)
            cells += cell if with_references else cell.replace(f' r="{reference}"', "")
        xml += f'<row r="{number}"{hidden}>{cells}</row>'
        number += 1 + (draw(st.integers(0, 1)) if position else 0)
    dimension = draw(st.sampled_from(["", '<dimension ref="A1"/>', '<dimension ref="A1:XFD1048576"/>']))
    return package(parts_of(sheet_xml(xml, before=dimension)))


@pytest.mark.parametrize(
    "text", ["1\u00a0000", "1_000", "1e3", "0x10", "１０", "10.", ".5", "5-", "1 0", "1,0", "1\n0"]
)
def test_what_python_or_pandas_would_take_for_a_number_is_refused(text: str) -> None:
    data = f'study;events_t;n_t;events_c;n_c\nA;"{text}";9000;2;9000\n'.encode()
    parsed = read_table(data, filename="trials.csv")
    assert not parsed.ok
    assert parsed.errors[0].column == "events_t"


DECIMAL_COLUMNS = {
    "means": ("study", "mean_t", "sd_t", "n_t", "mean_c", "sd_c", "n_c"),
    "estimate": ("study", "estimate", "se"),
}
DECIMAL_TEXTS = st.decimals(-99999, 99999, places=3).map(lambda number: format(number.normalize(), "f"))
SPREAD_TEXTS = st.decimals("0.001", 99999, places=3).map(lambda number: format(number, "f"))


@st.composite
def decimal_tables(draw: Any) -> Written:
    names = DECIMAL_COLUMNS[draw(st.sampled_from(list(DECIMAL_COLUMNS)))]
    columns = draw(st.permutations(names))
    rows = []
    for _ in range(draw(st.integers(1, 4))):
        row = {"study": draw(NAMES)}
        for name in names[1:]:
            if name.startswith("n_"):
                row[name] = str(draw(st.integers(2, 5000)))
            else:
                row[name] = draw(SPREAD_TEXTS if name.startswith("s") else DECIMAL_TEXTS)
        rows.append(row)
    return Written(tuple(columns), {name: name for name in names}, rows)


@given(decimal_tables(), DIALECTS)
@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_decimals_in_csv(table: Written, dialect: Dialect) -> None:
    parsed = read_table(as_csv(table, dialect), filename="trials.csv")
    event("read" if parsed.ok else f"refused: {parsed.errors[0].code}")
    names = {name: name.replace("_t", "_intervention").replace("_c", "_comparison") for name in table.columns}
    for row, written in zip(parsed.rows, table.rows, strict=parsed.ok):
        for name, text in written.items():
            if name != "study":
                assert getattr(row, names[name]) == float(text)


@given(st.text(st.sampled_from("0123456789.,-+eE %\u00a0\u2009\u2212\u0661 '_x"), max_size=8))
@settings(max_examples=3000, deadline=None)
def test_a_decimal_is_read_only_if_it_can_be_read_in_one_way(text: str) -> None:
    reading = read_decimal(Cell(text))
    plain = text.strip(" \u00a0\u2009")
    if reading.number is None:
        assert reading.finding is not None
        assert reading.finding.severity == "error"
        return
    assert re.fullmatch("-?[0-9]+([.][0-9]+)?([eE][+-]?[0-9]+)?", plain)
    assert reading.number.value == float(plain)


def test_plain_decimals_are_read_and_not_refused() -> None:
    """Without this, refusing everything would pass."""
    for text in ("0", "1", "-1", "0.5", "-0.25", "10.125", "99999.999", "9.5e-05", "-1E3", "0e0"):
        number = read_decimal(Cell(text)).number
        assert number is not None
        assert number.value == float(text)
