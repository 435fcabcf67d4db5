"""What is stored as JSON comes back as it was; comparing a file with stored results."""

from __future__ import annotations

import json

import pytest

from metaanalysis import readings, specification
from metaanalysis.comparison import compare, row_values
from metaanalysis.importers import StudyRow, read_table
from metaanalysis.models import Study, StudyResult
from metaanalysis.readings import Group
from metaanalysis.stats.types import PoolingSpec

FILE = (
    b"study,year,events_intervention,n_intervention,events_control,n_control,outcome,arm\n"
    b"Alpha,2001,5,20,7,21,death,x\n"
    b"Beta,,0,30,6,31,death,\n"
    b"Alpha,2001,3,20,4,21,stroke,\n"
)


def test_a_reading_survives_being_stored() -> None:
    table = read_table(FILE, filename="t.csv")
    assert table.rows
    assert table.problems
    assert readings.from_json(json.loads(json.dumps(readings.to_json(table)))) == table


def test_rows_are_grouped_by_outcome_in_the_order_of_the_file() -> None:
    groups = readings.groups(read_table(FILE, filename="t.csv"))
    assert [(group.outcome, len(rows)) for group, rows in groups.items()] == [("death", 2), ("stroke", 1)]
    assert str(Group("death", "adults")) == "death, adults"
    assert str(Group("", "")) == "all rows"


@pytest.mark.parametrize(
    "spec",
    [
        PoolingSpec(),
        PoolingSpec(measure="RD", method="mh"),  # type: ignore[arg-type]
        PoolingSpec(method="peto"),  # type: ignore[arg-type]
        specification.BESIDE_A_REPORTED_ROW.spec,
    ],
)
def test_a_specification_survives_being_stored(spec: PoolingSpec) -> None:
    assert specification.from_json(json.loads(json.dumps(specification.to_json(spec)))) == spec


def result(label: str, events: int, note: str = "") -> StudyResult:
    row = study_row(label, events, note)
    return StudyResult(study=Study(label=label), **row_values(row))


def study_row(label: str, events: int, note: str = "") -> StudyRow:
    return StudyRow(2, label, 2001, events, 20, 7, 21, note=note)


def test_new_changed_unchanged_and_missing() -> None:
    stored = [result("Same", 5), result("Counts", 5), result("Note", 5, "old"), result("Gone", 5)]
    rows = [study_row("Same", 5), study_row("Counts", 6), study_row("Note", 5, "new"), study_row("New", 1)]
    found = compare(rows, stored)
    assert [row.study for row in found.new] == ["New"]
    assert [(c.row.study, c.fields, c.same_numbers) for c in found.changed] == [
        ("Counts", ("events_intervention",), False),
        ("Note", ("note",), True),
    ]
    assert [each.study.label for each in found.unchanged] == ["Same"]
    assert [each.study.label for each in found.missing] == ["Gone"]
