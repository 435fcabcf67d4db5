"""A review written in each of RevMan's three formats is read as the same studies."""

import math
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from metaanalysis.importers import ParsedTable, StudyRow, read_table

from .writers import Analysis, Kind, Study, as_csv, as_package, as_rm5, numbered

NAMES = st.text(st.sampled_from('AbzÄöé7 -.,;"&<()'), min_size=1, max_size=12).map(str.strip).filter(bool)
YEARS = st.one_of(st.just(""), st.integers(1950, 2030).map(str))
POSITIVE = st.decimals("0.01", "90", places=2).map(float)
ANY = st.decimals("-90", "90", places=2).map(float)
WRITERS: dict[str, Callable[[list[Analysis]], bytes]] = {
    "revman5-csv": as_csv,
    "revman-web": as_package,
    "rm5": as_rm5,
}
MEASURES: dict[Kind, list[str]] = {
    "counts": ["OR", "RR", "RD"],
    "means": ["MD", "SMD"],
    "estimate": ["HR", "OR", "RR", "MD", "SMD", "RD"],
    "o_e": ["HR", "OR"],
}

CHECKS_NOT_MADE = [HealthCheck.too_slow, HealthCheck.function_scoped_fixture]


@st.composite
def counts(draw: st.DrawFn) -> dict[str, int]:
    totals = draw(st.integers(1, 500)), draw(st.integers(1, 500))
    events = (draw(st.integers(0, total)) for total in totals)
    return {"events_1": next(events), "total_1": totals[0], "events_2": next(events), "total_2": totals[1]}


MEANS = st.fixed_dictionaries(
    {
        **{f"mean_{arm}": ANY for arm in "12"},
        **{f"sd_{arm}": POSITIVE for arm in "12"},
        **{f"total_{arm}": st.integers(2, 900) for arm in "12"},
    }
)
ESTIMATES = st.fixed_dictionaries(
    {
        "estimate": st.decimals("-3", "3", places=4).map(float),
        "se": st.decimals("0.01", "1.5", places=4).map(float),
    }
)
O_E = st.fixed_dictionaries(
    {
        "o_e": st.decimals("-20", "20", places=2).map(float),
        "variance": st.decimals("8", "60", places=2).map(float),
    }
)
NUMBERS: dict[Kind, st.SearchStrategy[dict[str, Any]]] = {
    "counts": counts(),
    "means": MEANS,
    "estimate": ESTIMATES,
    "o_e": O_E,
}


@st.composite
def reviews(draw: st.DrawFn) -> list[Analysis]:
    outcomes = draw(st.lists(NAMES, min_size=1, max_size=4, unique_by=str.casefold))
    years: dict[str, str] = {}
    analyses = []
    for outcome in outcomes:
        kind = draw(st.sampled_from(list(NUMBERS)))
        subgroups = draw(st.one_of(st.just([""]), st.lists(NAMES, min_size=1, max_size=3, unique=True)))
        names = draw(st.lists(NAMES, min_size=len(subgroups), max_size=6, unique=True))
        studies: dict[str, list[Study]] = {subgroup: [] for subgroup in subgroups}
        for place, name in enumerate(names):
            year = years.setdefault(name, draw(YEARS))
            studies[subgroups[place % len(subgroups)]].append(Study(name, draw(NUMBERS[kind]), year))
        measure = draw(st.sampled_from(MEASURES[kind]))
        comparison = draw(st.sampled_from(["Drug v placebo", "Drug v other drug"]))
        analyses.append(Analysis(comparison, outcome, kind, measure, studies))
    return analyses


def expected(analysis: Analysis, subgroup: str, study: Study) -> dict[str, object]:
    """The fields of the row as they were meant."""
    found: dict[str, object] = {
        "study": study.name,
        "year": int(study.year) if study.year else None,
        "outcome": analysis.name,
        "subgroup": subgroup,
        "kind": "estimate" if analysis.kind == "o_e" else analysis.kind,
        "measure": analysis.measure if analysis.kind in {"estimate", "o_e"} else "",
    }
    arms = {"1": "intervention", "2": "comparison"}
    for key, value in study.numbers.items():
        name = {"total": "n"}.get(key[:-2], key[:-2])
        found[f"{name}_{arms[key[-1]]}" if key[-1] in arms else key] = value
    if analysis.kind == "o_e":
        o_e, variance = found.pop("o_e"), study.numbers["variance"]
        found.pop("variance")
        found |= {"estimate": o_e / variance, "se": 1 / math.sqrt(variance)}
    return found


def assert_is(row: StudyRow, meant: dict[str, object]) -> None:
    for name, value in meant.items():
        found = getattr(row, name)
        if name in {"estimate", "se"}:
            assert found == pytest.approx(value, rel=1e-9, abs=1e-9), (name, row)
        else:
            assert (found, type(found)) == (value, type(value)), (name, row)
    numbers = {"events", "n", "mean", "sd"}
    others = [f"{name}_{arm}" for name in numbers for arm in ("intervention", "comparison")] + [
        "estimate",
        "se",
    ]
    assert [name for name in others if name not in meant and getattr(row, name) is not None] == []


@pytest.mark.parametrize("file_format", WRITERS)
@pytest.mark.usefixtures("in_this_process")
@settings(max_examples=40, deadline=None, suppress_health_check=CHECKS_NOT_MADE)
@given(reviews())
def test_every_study_is_read_as_it_was_written(file_format: str, review: list[Analysis]) -> None:
    parsed = read_table(WRITERS[file_format](review), filename="review.any")
    assert (parsed.errors, parsed.file_format) == ((), file_format)
    meant = [
        expected(analysis, subgroup, study)
        for _, _, analysis in numbered(review)
        for subgroup, studies in analysis.studies.items()
        for study in studies
    ]
    assert len(parsed.rows) == len(meant)
    for row, each in zip(parsed.rows, meant, strict=True):
        assert_is(row, each)
    kinds = {each["kind"] for each in meant}
    assert parsed.layout == ("mixed" if len(kinds) > 1 else next(iter(kinds)))


@pytest.mark.usefixtures("in_this_process")
@settings(max_examples=20, deadline=None, suppress_health_check=CHECKS_NOT_MADE)
@given(reviews(), st.sampled_from([",", ";"]), st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]))
def test_the_dialect_of_the_csv_changes_nothing(
    review: list[Analysis], delimiter: str, encoding: str
) -> None:
    usual, other = as_csv(review), as_csv(review, delimiter, encoding)
    assert read_table(other, filename="a.csv").rows == read_table(usual, filename="a.csv").rows


@pytest.mark.usefixtures("in_this_process")
@settings(max_examples=20, deadline=None, suppress_health_check=CHECKS_NOT_MADE)
@given(reviews())
def test_the_declared_encoding_of_an_rm5_is_the_one_that_counts(review: list[Analysis]) -> None:
    def rows(encoding: str) -> ParsedTable:
        return read_table(as_rm5(review, encoding), filename="a.rm5")

    assert rows("UTF-8").errors == ()
    assert rows("UTF-8").rows == rows("ISO-8859-1").rows == rows("windows-1252").rows
