"""Every numbered kind of bad or borderline upload is accepted, warned of or refused as agreed."""

import re

import pytest

from metaanalysis.importers import ParsedTable, Problem, read_table

from .corpus import CASES, Case


def outcome_of(table: ParsedTable) -> str:
    if table.error_count:
        return "refuse"
    return "warn" if table.warning_count else "accept"


def problem_of(table: ParsedTable, case: Case) -> Problem:
    for problem in table.problems:
        if (
            problem.code == case.code
            and case.row in {None, problem.row}
            and case.column in {None, problem.column}
        ):
            return problem
    raise AssertionError(f"{case.code} at {case.row}, {case.column} not among {table.problems}")


@pytest.mark.parametrize("case", CASES, ids=[f"{case.number}-{case.name[:30]}" for case in CASES])
def test_upload(case: Case) -> None:
    table = read_table(case.build(), filename=case.filename, sheet=case.sheet)

    assert outcome_of(table) == case.outcome, table.problems
    if case.studies:
        assert tuple(row.study for row in table.rows) == case.studies
    if case.outcome == "accept":
        assert table.rows[0].n_intervention == 100 or case.number == "56b"
        return
    problem = problem_of(table, case)
    assert problem.severity == ("error" if case.outcome == "refuse" else "warning")
    assert bool(table.rows) == (case.outcome == "warn"), "all or nothing"
    assert case.says.lower() in problem.message.lower()
    assert problem.message.isprintable()
    if case.row is not None:
        assert re.search(rf"\brow {case.row}\b", problem.message, re.IGNORECASE)
    if case.column is not None:
        assert f"column {case.column}".lower() in problem.message.lower()


def test_every_row_of_the_corpus_that_a_reader_can_see_is_here() -> None:
    """106 to 110 are about the request and the stored upload, not the bytes."""
    numbers = {int(case.number.rstrip("abcdefg")) for case in CASES}
    assert numbers == set(range(1, 106))


def test_the_message_is_a_whole_sentence_with_its_place() -> None:
    table = read_table(b"study,events_int,n_int,events_ctl,n_ctl\nA,10.5,100,12,99\n", filename="x.csv")

    assert table.errors[0].message == (
        "Row 2, column events_int ('10.5'): a count must be a whole number. Write 10 or 11."
    )


def test_a_count_with_empty_decimal_places_is_not_offered_another_number() -> None:
    table = read_table(b"study;events_int;n_int;events_ctl;n_ctl\nA;12,0;100;20;99\n", filename="x.csv")

    assert table.errors[0].message == (
        "Row 2, column events_int ('12,0'): a count has no decimal places. Write 12."
    )
