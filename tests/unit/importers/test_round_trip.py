"""What is written for download is read again as the same table, for every kind and in both formats."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metaanalysis.importers import (
    ParsedTable,
    StudyRow,
    read_table,
    template_csv,
    template_xlsx,
    to_frame,
    write_csv,
    write_xlsx,
)
from metaanalysis.importers.exports import guarded
from metaanalysis.importers.limits import MAX_DECIMAL, MIN_SPREAD
from metaanalysis.importers.table import Kind

TEXTS = st.text(st.sampled_from("AbÄß7 -.,;|\"'=+@éñ0%"), max_size=12).map(str.strip)
NAMES = TEXTS.filter(lambda text: any(char.isalpha() for char in text))
DECIMALS = st.floats(-MAX_DECIMAL, MAX_DECIMAL).map(lambda value: value or 0.0)
SPREADS = st.floats(MIN_SPREAD, MAX_DECIMAL)
TOTALS = st.integers(2, 10_000_000)


@st.composite
def numbers(draw: Any, kind: Kind) -> dict[str, Any]:
    if kind == "counts":
        totals = draw(TOTALS), draw(TOTALS)
        events = draw(st.integers(0, totals[0])), draw(st.integers(0, totals[1]))
        return {
            "events_intervention": events[0],
            "n_intervention": totals[0],
            "events_comparison": events[1],
            "n_comparison": totals[1],
        }
    if kind == "means":
        return {
            f"{name}_{arm}": draw(values)
            for arm in ("intervention", "comparison")
            for name, values in (("mean", DECIMALS), ("sd", SPREADS), ("n", TOTALS))
        }
    measures = st.sampled_from(["", "HR", "OR", "RR", "RD", "MD", "SMD"])
    return {"estimate": draw(DECIMALS), "se": draw(SPREADS), "measure": draw(measures)}


@st.composite
def tables(draw: Any, kind: Kind) -> ParsedTable:
    rows = tuple(
        StudyRow(
            row=number,
            study=f"{draw(NAMES)} {number}",
            year=draw(st.one_of(st.none(), st.integers(1900, 2100))),
            kind=kind,
            outcome=draw(TEXTS),
            timepoint=draw(TEXTS),
            population=draw(TEXTS),
            subgroup=draw(TEXTS),
            source=draw(TEXTS),
            note=draw(TEXTS),
            **draw(numbers(kind)),
        )
        for number in range(2, 2 + draw(st.integers(1, 4)))
    )
    return ParsedTable(layout=kind, rows=rows)


@pytest.mark.parametrize("kind", ["counts", "means", "estimate"])
def test_csv_and_back(kind: Kind) -> None:
    @given(tables(kind))
    @settings(max_examples=150, deadline=None)
    def check(table: ParsedTable) -> None:
        again = read_table(write_csv(to_frame(table)), filename="a.csv")
        assert again.errors == () or {problem.code for problem in again.errors} <= {"total_row"}
        if again.ok:
            assert again.rows == table.rows
            assert again.layout == kind

    check()


@pytest.mark.parametrize("kind", ["counts", "means", "estimate"])
def test_workbook_and_back(kind: Kind) -> None:
    @given(tables(kind))
    @settings(max_examples=4, deadline=None)
    def check(table: ParsedTable) -> None:
        again = read_table(write_xlsx(to_frame(table)), filename="a.xlsx")
        assert again.errors == () or {problem.code for problem in again.errors} <= {"total_row"}
        if again.ok:
            assert again.rows == table.rows

    check()


SOURCES = {
    "hr": "study,hr,ci_low,ci_high,dose\nA,0.74,0.55,0.99,=1+1\nB,1.3,0.9,1.9,2\n",
    "o_e": "study,o_e,v\nA,-3.2,12.1\nB,1.5,7\n",
    "yi": "study,yi,vi\nA,-0.0000123,0.0625\nB,1.5,7\n",
    "means": "study,mean_t,sd_t,n_t,mean_c,sd_c,n_c\nA,0.10,0.00001,90,-1,0.00002,80\n",
    "cells": "study,ai,bi,ci,di\nA,1,9,2,8\n",
}


@pytest.mark.parametrize("source", SOURCES.values(), ids=SOURCES.keys())
@pytest.mark.parametrize(("write", "filename"), [(write_csv, "a.csv"), (write_xlsx, "a.xlsx")])
def test_numbers_that_were_computed_come_back_to_the_last_digit(
    source: str, write: Callable[[Any], bytes], filename: str
) -> None:
    table = read_table(source.encode(), filename="a.csv")
    again = read_table(write(to_frame(table)), filename=filename)
    assert again.errors == ()
    without_extra = tuple(StudyRow(**{**vars(row), "extra": {}}) for row in table.rows)
    assert again.rows == without_extra


def test_only_the_columns_of_the_kind_are_written() -> None:
    columns = {
        kind: set(to_frame(ParsedTable(layout=kind)).columns) for kind in ("counts", "means", "estimate")
    }
    texts = columns["counts"] & columns["means"] & columns["estimate"]
    assert texts == {"study", "year", "outcome", "timepoint", "population", "subgroup", "source", "note"}
    assert columns["estimate"] - texts == {"measure", "estimate", "se"}
    assert "events_intervention" not in columns["means"]
    assert "mean_intervention" not in columns["counts"]


def test_a_table_of_several_kinds_is_written_with_all_their_columns() -> None:
    rows = tuple(
        read_table(SOURCES[name].encode(), filename="a.csv").rows[0] for name in ("hr", "means", "cells")
    )
    frame = to_frame(ParsedTable(layout="mixed", rows=rows))
    assert frame["n_intervention"].tolist()[1:] == [90, 10]
    assert frame["events_intervention"].isna().tolist() == [True, True, False]
    assert list(frame.columns).count("n_intervention") == 1


@pytest.mark.parametrize("kind", ["counts", "means", "estimate"])
@pytest.mark.parametrize(("template", "filename"), [(template_csv, "a.csv"), (template_xlsx, "a.xlsx")])
def test_templates_read_without_a_problem(
    kind: Kind, template: Callable[[Kind], bytes], filename: str
) -> None:
    table = read_table(template(kind), filename=filename)
    assert table.problems == ()
    assert table.layout == kind
    assert [row.study for row in table.rows] == ["Example 2024"]
    assert "delete this row" in table.rows[0].note
    if kind == "estimate":
        assert table.rows[0].measure == "HR"


def test_texts_of_every_kind_are_guarded() -> None:
    table = read_table(b"study,yi,sei,note\n=1+1,0.1,0.1,@cmd\n", filename="a.csv")
    written = write_csv(to_frame(table)).decode("utf-8-sig")
    assert guarded("=1+1") in written
    assert ",=1+1" not in written.replace("\n", ",")
    assert ",@cmd" not in written
