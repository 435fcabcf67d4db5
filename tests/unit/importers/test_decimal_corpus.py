"""The rows of the corpus that are about numbers (31 to 49, 72 to 76, 86), for decimals: means, SDs, estimates, limits.

A decimal that is not written as digits with a point is refused with its remedy, never read in one of two ways.
"""

import re
from datetime import date
from typing import Any

import pytest

from metaanalysis.importers import ParsedTable, read_table

from .corpus import raw, rows_xml, sheet_xml, workbook

MEANS = ["study", "mean_int", "sd_int", "n_int", "mean_ctl", "sd_ctl", "n_ctl"]
ESTIMATES = ["study", "estimate", "se"]
RATIOS = ["study", "hr", "ci_low", "ci_high"]
LOG_RANK = ["study", "o_e", "v"]
GOOD: dict[str, list[Any]] = {
    "means": ["Able", 12.5, 6.25, 100, 14, 7, 99],
    "estimate": ["Able", 0.5, 0.25],
    "ratio": ["Able", 0.74, 0.55, 0.99],
    "log-rank": ["Able", 3.5, 12.25],
}
HEADERS = {"means": MEANS, "estimate": ESTIMATES, "ratio": RATIOS, "log-rank": LOG_RANK}
PLACES = [
    ("means", "mean_int"),
    ("means", "sd_ctl"),
    ("estimate", "estimate"),
    ("estimate", "se"),
    ("ratio", "hr"),
    ("log-rank", "o_e"),
    ("log-rank", "v"),
]
BAD_DECIMALS = [
    ("31", "", {"missing", "missing_spread"}, "missing"),
    ("32a", "NA", {"missing", "missing_spread"}, "missing"),
    ("32b", "n/a", {"missing", "missing_spread"}, "missing"),
    ("32c", "-", {"missing", "missing_spread"}, "missing"),
    ("32d", ".", {"missing", "missing_spread"}, "missing"),
    ("37", '"1,5"', {"decimal_comma"}, "Write 1.5"),
    ("37b", '"-0,123"', {"decimal_comma"}, "Write -0.123"),
    ("38a", '"1,234"', {"thousands"}, "Write 1.234 or 1234"),
    ("38b", "1.234.567", {"thousands"}, "thousands separator"),
    ("38c", "1 234", {"thousands"}, "thousands separator"),
    ("38d", "1'234.5", {"thousands"}, "thousands separator"),
    ("38e", '"1,234.5"', {"thousands"}, "thousands separator"),
    ("38f", '"1.234,5"', {"thousands"}, "thousands separator"),
    ("39a", "1e", {"not_a_number"}, "must be a number"),
    ("39b", '"1,5E-03"', {"scientific"}, "Write 0.001 or 1e-3"),
    ("41a", "−5.1", {"unicode_minus"}, "Type it as '-'"),
    ("41b", "–5.1", {"unicode_minus"}, "Type it as '-'"),
    ("42", "+5.1", {"plus_sign"}, "Remove it"),
    ("43a", "10.5%", {"percent"}, "percentage"),
    ("43b", "10/100", {"two_numbers"}, "column of its own"),
    ("43c", "10.5 (5.1)", {"two_numbers"}, "column of its own"),
    ("43d", "10.5 ± 5.1", {"two_numbers"}, "column of its own"),
    ("43e", "0.5 to 0.9", {"two_numbers"}, "column of its own"),
    ("43f", "0.5–0.9", {"two_numbers"}, "column of its own"),
    ("44a", "10-Jan", {"date"}, "looks like a date"),
    ("44b", "2024-05-01", {"date"}, "looks like a date"),
    ("44c", "1.5.2024", {"date"}, "looks like a date"),
    ("45a", "0x1.8", {"not_a_number"}, "must be a number"),
    ("45b", "1_0.5", {"not_a_number"}, "must be a number"),
    ("45c", "010.5", {"leading_zero"}, "Write 10.5"),
    ("45d", ".5", {"no_leading_digit"}, "0.5"),
    ("45e", "5.", {"no_decimals"}, "Write 5."),
    ("45f", "1.5f", {"not_a_number"}, "must be a number"),
    ("46a", "١.٥", {"other_digits"}, "0 to 9"),
    ("46b", "\uff11.5", {"other_digits"}, "0 to 9"),
    ("46c", "10²", {"other_digits"}, "0 to 9"),
    ("48a", "inf", {"not_a_number"}, "must be a number"),
    ("48b", "NaN", {"missing", "missing_spread"}, "missing"),
    ("48c", "1E400", {"too_large"}, "1,000,000,000,000"),
    ("48d", "-inf", {"not_a_number"}, "must be a number"),
    ("49a", "1" * 20, {"too_large"}, "1,000,000,000,000"),
    ("49b", "1000000000000.1", {"too_large"}, "1,000,000,000,000"),
    ("71a", "=1+1", {"formula"}, "Write the number"),
    ("71c", "\t10", {"not_a_number"}, "must be a number"),
    ("75c", "#REF!", {"error_value"}, "spreadsheet error"),
]  # fmt: skip


def read_csv(kind: str, column: str, text: str) -> ParsedTable:
    """A good row, then one with this text in this column."""
    cells = [str(value) for value in GOOD[kind]]
    good = ",".join(cells)
    cells[0] = "Baker"
    cells[HEADERS[kind].index(column)] = text
    data = "\n".join([",".join(HEADERS[kind]), good, ",".join(cells)]) + "\n"
    return read_table(data.encode(), filename="trials.csv")


def sheet(kind: str, column: str, value: Any, number_format: str | None = None) -> bytes:
    def change(book: Any) -> None:
        cell = book.worksheets[0].cell(3, HEADERS[kind].index(column) + 1)
        cell.value = value
        if number_format:
            cell.number_format = number_format

    return workbook([HEADERS[kind], GOOD[kind], ["Baker", *GOOD[kind][1:]]], change)


def number_of(table: ParsedTable, column: str) -> float | None:
    """What was read in row 3 for a column of means or estimates."""
    name = column.replace("_int", "_intervention").replace("_ctl", "_comparison")
    value: float | None = getattr(table.rows[1], name)
    return value


@pytest.mark.parametrize(("kind", "column"), PLACES)
@pytest.mark.parametrize(
    ("text", "codes", "says"), [case[1:] for case in BAD_DECIMALS], ids=[case[0] for case in BAD_DECIMALS]
)
def test_a_bad_decimal_is_refused_with_its_place_and_remedy(
    text: str, codes: set[str], says: str, kind: str, column: str
) -> None:
    table = read_csv(kind, column, text)

    assert table.rows == ()
    assert table.error_count == 1
    problem = table.errors[0]
    assert problem.code in codes
    assert problem.row == 3
    assert says in problem.message
    assert problem.message.isprintable()
    # an absent number is shown where the study's other number stands, or at its own column
    assert problem.column == column or problem.code in {"missing", "missing_spread"}


@pytest.mark.parametrize(("column", "spread"), [("mean_int", False), ("sd_int", True)])
def test_negative_and_zero(column: str, spread: bool) -> None:
    """Row 40: a mean may be below zero, a spread may not even be zero."""
    for text, code in (("-5.5", "negative"), ("0", "zero_spread"), ("0.00", "zero_spread")):
        table = read_csv("means", column, text)
        if spread:
            assert [(problem.code, problem.column) for problem in table.errors] == [(code, column)]
        else:
            assert number_of(table, column) == float(text)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("10.5", 10.5),
        ("10.0", 10.0),
        ("0.10", 0.1),
        ("1.234", 1.234),
        ("\u00a05.25\u202f", 5.25),
        ("\u20095.25 ", 5.25),
    ],
)
def test_plain_decimals_are_read_as_they_stand(text: str, number: float) -> None:
    """Rows 35, 36 and 47: what is wrong in a count is right here."""
    table = read_csv("means", "mean_int", text)
    assert table.problems == ()
    assert number_of(table, "mean_int") == number


def test_minus_zero_is_zero() -> None:
    assert str(number_of(read_csv("estimate", "estimate", "-0.0"), "estimate")) == "0.0"


def test_a_number_of_people_stays_a_whole_number() -> None:
    for text, code in (("9.5", "decimal"), ("1", "too_few_people"), ("0", "too_few_people"), ("", "missing")):
        table = read_csv("means", "n_ctl", text)
        assert [(problem.code, problem.column) for problem in table.errors] == [(code, "n_ctl")]


@pytest.mark.parametrize(
    ("value", "code", "says"),
    [
        ("=1+1", "formula", "paste"),
        (date(2024, 5, 1), "date", "holds a date"),
        ("1,234", "thousands", "1.234 or 1234"),
        ("1,5e-3", "scientific", "0.001 or 1e-3"),
        ("#REF!", "error_value", "spreadsheet error"),
        ("#DIV/0!", "error_value", "spreadsheet error"),
        (True, "boolean", "TRUE or FALSE"),
    ],
)
@pytest.mark.parametrize(("kind", "column"), [("means", "mean_int"), ("estimate", "se"), ("ratio", "ci_low")])
def test_a_bad_cell_of_a_workbook_is_refused(
    kind: str, column: str, value: object, code: str, says: str
) -> None:
    """Rows 44, 72, 74 to 76."""
    table = read_table(sheet(kind, column, value), filename="trials.xlsx")
    assert [(problem.code, problem.row, problem.column) for problem in table.errors] == [(code, 3, column)]
    assert says in table.errors[0].message
    assert table.rows == ()


def test_a_formula_without_a_value_is_refused() -> None:
    """Row 73."""
    rows = rows_xml([ESTIMATES, ["Able", 0.5, 0.25]])
    data = raw(sheet_xml(rows.replace('<c r="C2"><v>0.25</v></c>', '<c r="C2"><f>[1]Other!A1</f></c>')))
    assert [problem.code for problem in read_table(data, filename="trials.xlsx").errors] == ["formula"]


@pytest.mark.parametrize(
    ("stored", "number"),
    [("0.1", 0.1), ("0.10000000000000001", 0.1), ("1E-3", 0.001), ("-2.5e0", -2.5), ("12", 12.0)],
)
def test_a_number_cell_may_hold_any_finite_number(stored: str, number: float) -> None:
    """Rows 36, 39 and 74: how a workbook stores a number is not how a person writes one."""
    xml = rows_xml([ESTIMATES, ["Able", 7, 0.25]]).replace("<v>7</v>", f"<v>{stored}</v>")
    table = read_table(raw(sheet_xml(xml)), filename="trials.xlsx")
    assert table.problems == ()
    assert table.rows[0].estimate == number


@pytest.mark.parametrize("stored", ["NaN", "INF", "1_0", "0x1", "1E999"])
def test_what_is_no_finite_number_in_a_number_cell_is_refused(stored: str) -> None:
    """Row 48."""
    xml = rows_xml([ESTIMATES, ["Able", 7, 0.25]]).replace("<v>7</v>", f"<v>{stored}</v>")
    table = read_table(raw(sheet_xml(xml)), filename="trials.xlsx")
    assert table.rows == ()
    assert {problem.code for problem in table.errors} <= {"not_a_number", "too_large", "damaged"}


def test_a_number_as_text_is_read_and_a_percentage_is_said() -> None:
    """Rows 74 and 86."""
    assert number_of(read_table(sheet("means", "mean_int", "12.25"), filename="a.xlsx"), "mean_int") == 12.25
    table = read_table(sheet("means", "mean_int", 12.25, "0%"), filename="a.xlsx")
    assert number_of(table, "mean_int") == 12.25
    assert [(problem.code, problem.row, problem.column) for problem in table.problems] == [
        ("number_format", 3, "mean_int")
    ]
    assert "read as 12.25" in table.warnings[0].message
    assert read_table(sheet("means", "mean_int", 12.25, "0.00E+00"), filename="a.xlsx").problems == ()


def test_every_number_row_of_the_corpus_has_a_case_here() -> None:
    """35, 36, 40, 47, 72 to 74, 76 and 86 are the named tests above."""
    numbers = {int(re.match(r"\d+", case[0])[0]) for case in BAD_DECIMALS}  # type: ignore[index]
    assert numbers | {35, 36, 40, 47, 72, 73, 74, 76, 86} >= {*range(31, 50), *range(72, 77), 86} - {33, 34}
