"""A review gets the warnings that any table gets, told by analysis and study; many of a kind are counted."""

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from metaanalysis.importers import ParsedTable, checks, read_table
from metaanalysis.importers.revman import row_checks

from .test_formats import ABLE, BAKER, DEATH, EMPTY, WRITERS, codes
from .writers import Analysis, Study, as_csv, as_package, as_rm5

pytestmark = pytest.mark.usefixtures("in_this_process")
Writer = Callable[[list[Analysis]], bytes]
ZERO = Study("Zero 2002", {"events_1": 0, "total_1": 40, "events_2": 6, "total_2": 41}, "2002")
SMALL = Study("Small", {"events_1": 1, "total_1": 4, "events_2": 20, "total_2": 99})
SWAPPED = Study("Able 2001", {"events_1": 5, "total_1": 52, "events_2": 3, "total_2": 50})
ALIKE = Study("ABLE-2001", {"events_1": 4, "total_1": 60, "events_2": 5, "total_2": 61})
SPREADS = {"mean_1": 5, "sd_1": 1.5, "total_1": 30, "mean_2": 6, "sd_2": 15, "total_2": 31}


def read(data: bytes) -> ParsedTable:
    return read_table(data, filename="review.any")


def of(*studies: Study, name: str = "Death") -> Analysis:
    return replace(DEATH, name=name, studies={"": list(studies)})


@WRITERS
@pytest.mark.parametrize(
    ("analyses", "code", "study", "says"),
    [
        ([of(ABLE, ZERO)], "zero_cell", "Zero 2002", "nobody had the event in this arm"),
        ([of(ABLE, SMALL)], "small_total", "Small", "fewer than 5 people"),
        ([of(ABLE, SMALL)], "unequal_arms", "Small", "more than 20 times the other"),
        ([of(ABLE, ALIKE)], "similar_study", "ABLE-2001", "the same study as 'Able 2001'"),
        ([of(SWAPPED, name="Stroke"), of(ABLE)], "arms_swapped", "Able 2001", "the other way round"),
        (
            [replace(of(Study("Able", SPREADS)), kind="means", measure="MD")],
            "unequal_sds",
            "Able",
            "10 times",
        ),
    ],
    ids=["zero cell", "small arm", "unequal arms", "alike names", "swapped arms", "spreads"],
)
def test_a_warning_names_the_analysis_and_the_study(
    write: Writer, analyses: list[Analysis], code: str, study: str, says: str
) -> None:
    parsed = read(write(analyses))
    (problem,) = (problem for problem in parsed.problems if problem.code == code)
    assert problem.severity == "warning"
    assert f"analysis 'Death', study '{study}': " in problem.message
    assert says in problem.message


def test_rows_of_an_rm5_have_no_numbers_that_a_person_could_look_for() -> None:
    analyses = [of(ABLE, EMPTY, ZERO, ALIKE)]
    parsed = read(as_rm5(analyses))
    assert not any(re.search(r"\brow \d", problem.message, re.IGNORECASE) for problem in parsed.problems)
    assert {problem.row for problem in parsed.problems} == {None}
    numbered = [problem for problem in read(as_csv(analyses)).problems if problem.code == "similar_study"]
    assert (numbered[0].row, "in row 4?" in numbered[0].message) == (7, True)


def test_rows_of_an_rm5_are_told_apart_after_studies_without_data() -> None:
    parsed = read(as_rm5([of(EMPTY, ABLE, ZERO), of(ABLE, ZERO, name="Stroke")]))
    assert len({row.row for row in parsed.rows}) == 4
    zero = [problem.message for problem in parsed.problems if problem.code == "zero_cell"]
    assert ["'Death'" in zero[0], "'Stroke'" in zero[1]] == [True, True]


@pytest.mark.parametrize("write", [as_package, as_rm5])
def test_many_of_a_kind_are_counted_by_analysis_and_the_notes_stay(write: Writer) -> None:
    analyses = [of(ABLE, ZERO, BAKER, name=f"Outcome {number}") for number in range(40)]
    parsed = read(write(analyses))
    zero = [problem.message for problem in parsed.problems if problem.code == "zero_cell"]
    assert len(zero) == row_checks.TOLD_ONE_BY_ONE + 1
    (rest,) = (message for message in zero if "35 times more, in analyses " in message)
    assert rest.startswith("Nobody, or everybody, had the event in one arm: ")
    assert "'Outcome 5' (1)" in rest
    assert "and 25 more analyses" in rest
    assert codes(parsed).count("double_zero") == 40
    assert parsed.warning_count == 46
    assert len(parsed.notices) == 40
    assert len(parsed.rows) == 120


def test_every_kind_of_warning_can_be_counted() -> None:
    """A kind that `checks` gains must be told in short here, too."""
    source = Path(checks.__file__).read_text(encoding="utf-8")
    raised = set(re.findall(r'log\.warning\(\s*"(\w+)"', source))
    assert "zero_cell" in raised
    assert raised - {"mixed_timepoints"} == set(row_checks._IN_SHORT)
