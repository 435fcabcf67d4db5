"""The data sets of the reference numbers, as people keep them in files, are read without loss or complaint."""

import json
from pathlib import Path
from typing import Any

import pytest

from metaanalysis.importers import ParsedTable, read_table

REFERENCE = Path(__file__).parents[2] / "reference" / "metafor"


def rows_of(name: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = json.loads((REFERENCE / f"{name}.json").read_text(encoding="utf-8"))[
        "input"
    ]["rows"]
    return rows


def table_of(columns: dict[str, str], rows: list[dict[str, Any]]) -> ParsedTable:
    """A CSV with these columns: header as people write it by the name in the reference."""
    lines = [",".join(columns)]
    lines += [",".join(f'"{row[name]}"' for name in columns.values()) for row in rows]
    return read_table("\n".join([*lines, ""]).encode(), filename="a.csv")


def test_observed_minus_expected_gives_what_metafor_uses() -> None:
    rows = rows_of("pignon2000_hr")
    table = table_of({"study": "study", "O-E": "o_minus_e", "V": "v", "subgroup": "subgroup"}, rows)
    assert table.errors == ()
    assert len(table.rows) == len(rows) == 65
    for read, row in zip(table.rows, rows, strict=True):
        assert read.estimate == pytest.approx(row["yi"], abs=1e-11)
        assert read.se == pytest.approx(row["sei"], abs=1e-11)
        assert (read.measure, read.subgroup) == ("HR", row["subgroup"])


def test_estimates_as_metafor_writes_them() -> None:
    rows = rows_of("pignon2000_hr")
    table = table_of({"study": "study", "yi": "yi", "sei": "sei"}, rows)
    assert table.problems == ()
    assert [(row.estimate, row.se) for row in table.rows] == [(row["yi"], row["sei"]) for row in rows]


def test_observed_minus_expected_beside_its_estimate_says_the_same_once_more() -> None:
    rows = rows_of("pignon2000_hr")
    columns = {"study": "study", "o_minus_e": "o_minus_e", "v": "v", "yi": "yi", "sei": "sei"}
    table = table_of(columns, rows)
    assert table.errors == ()
    assert [(row.estimate, row.se) for row in table.rows] == [(row["yi"], row["sei"]) for row in rows]
    assert table.rows[0].note == "O−E −1.8, V 14.5"
    for name, wrong in (("yi", 0.125), ("sei", 0.31)):
        table = table_of(columns, [rows[0] | {name: wrong}, *rows[1:]])
        assert [(p.code, p.row, p.column) for p in table.errors] == [("contradiction", 2, name)]


def test_means_as_in_the_reference() -> None:
    columns = {name: name for name in ("study", "mean_t", "sd_t", "n_t", "mean_c", "sd_c", "n_c")}
    rows = rows_of("normand1999_cont")
    table = table_of(columns, rows)
    assert table.problems == ()
    read = [(row.mean_intervention, row.sd_intervention, row.n_intervention) for row in table.rows]
    assert read == [(row["mean_t"], row["sd_t"], row["n_t"]) for row in rows]
    read = [(row.mean_comparison, row.sd_comparison, row.n_comparison) for row in table.rows]
    assert read == [(row["mean_c"], row["sd_c"], row["n_c"]) for row in rows]


@pytest.mark.parametrize("names", [("tpos", "tneg", "cpos", "cneg"), ("ai", "bi", "ci", "di")])
def test_cells_of_a_two_by_two_table_as_in_metafor_s_own_data(names: tuple[str, ...]) -> None:
    rows = [
        row | {"no_t": row["n_t"] - row["events_t"], "no_c": row["n_c"] - row["events_c"]}
        for row in rows_of("bcg")
    ]
    columns = dict(
        zip(("trial", *names, "year"), ("study", "events_t", "no_t", "events_c", "no_c", "year"), strict=True)
    )
    table = table_of(columns, rows)
    assert table.problems == ()
    read = [
        (row.events_intervention, row.n_intervention, row.events_comparison, row.n_comparison)
        for row in table.rows
    ]
    assert read == [(row["events_t"], row["n_t"], row["events_c"], row["n_c"]) for row in rows]
    assert dict(table.column_mapping)[names[1]] == "nonevents_intervention"
    assert dict(table.column_mapping)[names[3]] == "nonevents_comparison"
    assert table.rows[0].note == "n intervention 4 + 119 = 123; n comparison 11 + 128 = 139"
