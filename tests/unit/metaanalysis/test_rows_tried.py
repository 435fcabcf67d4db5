"""A reported row against stored studies: what is tried, what is not and why."""

from __future__ import annotations

from typing import Any

import pytest

from etd.models import OutcomeRow
from metaanalysis.selectors.reproduction import Verdict, effort, try_row
from metaanalysis.stats.pooling import pool
from metaanalysis.stats.types import PoolingSpec, StudyCounts
from tests.unit.etd.domain.published_tables import printed_row
from tests.unit.metaanalysis_stats.reference import reference_sets

ABOUT = {"n_trials": 1, "year": None, "timepoint": "", "subgroup": "", "source": "", "note": ""}


def bcg() -> list[dict[str, Any]]:
    studies = [study for study in reference_sets()["bcg"].studies if isinstance(study, StudyCounts)]
    counts = ("events_intervention", "n_intervention", "events_comparison", "n_comparison")
    return [
        ABOUT | {"study": each.study, "kind": "counts", **{name: getattr(each, name) for name in counts}}
        for each in studies
    ]


def estimate(measure: str = "HR") -> dict[str, Any]:
    return ABOUT | {"study": "A", "kind": "estimate", "estimate": -0.3011, "se": 0.1499, "measure": measure}


def row(**more: Any) -> OutcomeRow:
    """The row that a paper would print of the BCG trials: DerSimonian-Laird, Wald interval."""
    spec = PoolingSpec(tau2_method="DL", ci_method="wald")  # type: ignore[arg-type]
    studies = reference_sets()["bcg"].studies
    texts = printed_row(1, studies, pool(studies, spec))
    assert texts is not None
    names = ("estimate", "ci_low", "ci_high", "p_value", "i2")
    values = {"n_studies": 13, "measure": "OR", "estimate": 0.47, "ci_low": 0.32, "ci_high": 0.69} | more
    printed = {name: getattr(texts, name) for name in names} | more.get("printed", {})
    return OutcomeRow(**values | {"printed": printed})


def test_a_row_of_these_studies_is_reproduced_and_its_methods_come_first() -> None:
    tried = try_row(row(), bcg())
    assert tried.verdict is Verdict.REPRODUCED
    assert tried.sentence.startswith(
        "Reproduced by Odds ratio, random effects, inverse variance, DerSimonian"
    )
    assert tried.n_methods == sum(len(attempt.methods) for attempt in tried.attempts) == 15
    assert [attempt.differs_in for attempt in tried.attempts[:2]] == ["", ""]
    assert tried.attempts[0].effect == "0.474 (0.325–0.691)"
    assert tried.attempts[0].methods == ("random effects, Mantel-Haenszel, DerSimonian-Laird, Wald interval",)
    assert all(attempt.differs_in for attempt in tried.attempts[2:])


def test_methods_that_give_the_same_numbers_are_one_line() -> None:
    tried = try_row(row(), bcg())
    same = [attempt.methods for attempt in tried.attempts if len(attempt.methods) > 1]
    assert same
    lines = [(attempt.effect, attempt.p_value, attempt.i_squared) for attempt in tried.attempts]
    assert len(lines) == len(set(lines))


def test_the_totals_are_those_of_the_stored_studies() -> None:
    entries = bcg()[:2]
    tried = try_row(row(), entries)
    events = sum(entry["events_intervention"] for entry in entries)
    people = sum(entry["n_intervention"] for entry in entries)
    assert tried.n_trials == 2
    assert tried.intervention.startswith(f"{events}/{people} (")


@pytest.mark.parametrize(
    ("printed", "differs"),
    [
        (
            {"estimate": "0.74", "ci_low": "0.23", "ci_high": "0.96"},
            "the estimate, the lower limit and the upper limit",
        ),
        ({"ci_low": "0.23"}, "the lower limit"),
    ],
    ids=["digits exchanged", "one bound moved"],
)
def test_an_altered_row_is_given_by_no_method(printed: dict[str, str], differs: str) -> None:
    tried = try_row(row(printed=printed), bcg())
    assert tried.verdict is Verdict.NOT_REPRODUCED
    assert tried.sentence.startswith(
        "Not by any of the 15 methods offered here; nearest is Odds ratio, random"
    )
    assert tried.attempts[0].differs_in.startswith(differs)
    assert "wrong" not in tried.sentence


def test_the_p_of_another_row_leaves_the_interval_reproduced() -> None:
    tried = try_row(row(printed={"p_value": "0.50"}), bcg())
    assert tried.verdict is Verdict.EFFECT
    assert tried.sentence.endswith("but not P.")


def test_a_row_of_other_studies_says_which_numbers_differ() -> None:
    tried = try_row(row(n_studies=14, n_comparison=100, events_comparison=50), bcg()[:-1])
    assert tried.verdict is Verdict.OTHER_STUDIES
    assert "The stored studies are not those of the row: 12 studies (14 in the row)" in tried.sentence


def test_a_number_that_cannot_be_read_is_not_compared() -> None:
    tried = try_row(row(printed={"p_value": "NS"}), bcg())
    assert tried.verdict is Verdict.REPRODUCED
    assert tried.sentence.endswith("“NS” for P could not be read as a number and is not compared.")


@pytest.mark.parametrize(
    ("reported", "entries", "why"),
    [
        (row(), [], "No study results are stored."),
        (
            row(
                estimate=None,
                ci_low=None,
                ci_high=None,
                printed={"estimate": "", "ci_low": "", "ci_high": ""},
            ),
            bcg(),
            "The row has no effect with an interval to reproduce.",
        ),
        (row(measure="GIV"), bcg(), "The scale of this row’s effect is not known"),
        (row(), [*bcg(), estimate()], "The stored studies bring several kinds of data"),
        (
            row(),
            [estimate("HR")],
            "The stored estimates are of the hazard ratio, and this row is of the odds ratio.",
        ),
        (row(printed={"ci_low": "about 0.3"}), bcg(), "“about 0.3” could not be read as a number"),
        (row(measure="HR"), bcg(), "No method offered here applies to the stored studies"),
    ],
    ids=["none stored", "no effect", "scale not known", "mixed", "other measure", "unreadable", "no method"],
)
def test_what_is_not_tried_says_why(reported: OutcomeRow, entries: list[dict[str, Any]], why: str) -> None:
    tried = try_row(reported, entries)
    assert tried.verdict is Verdict.NOT_TRIED
    assert tried.sentence.startswith(why)
    assert tried.attempts == ()


def test_the_effort_is_studies_times_methods_and_none_for_what_is_not_tried() -> None:
    assert effort(row(), bcg()) == 13 * 15
    assert effort(row(), []) == effort(row(measure="HR"), bcg()) == 0


def test_an_entry_that_stands_for_several_trials_counts_as_these() -> None:
    entries = bcg()
    entries[0]["n_trials"] = 6
    assert "18 studies (13 in the row)" in try_row(row(), entries).sentence
    assert try_row(row(n_studies=18), entries).verdict is Verdict.REPRODUCED
    assert "not those" not in try_row(row(n_studies=18), entries).sentence
