"""What the studies say beyond their pooled effect, in plain words that follow from the numbers."""

from __future__ import annotations

import pytest

from metaanalysis import beyond
from metaanalysis.beyond import Beyond
from metaanalysis.sections import Sections, sections
from metaanalysis.stats.pooling import pool
from metaanalysis.stats.types import PoolingSpec, StudyCounts, StudyData
from metaanalysis.wording import study_name
from tests.unit.metaanalysis_stats.reference import reference_sets


def studies_of(name: str) -> tuple[StudyCounts, ...]:
    return reference_sets()[name].studies


def found(studies: tuple[StudyData, ...] | tuple[StudyCounts, ...], **spec: object) -> Beyond:
    asked = PoolingSpec(**spec)  # type: ignore[arg-type]
    return beyond.beyond(studies, asked, pool(studies, asked))


def page_of(name: str, main: PoolingSpec | None = None, **spec: object) -> Sections:
    studies, asked = studies_of(name), PoolingSpec(**spec)  # type: ignore[arg-type]
    whole = beyond.beyond(studies, asked, pool(studies, asked))
    return sections(studies, whole, outcome="Death", main=main or asked)


def test_the_words_of_a_rich_analysis() -> None:
    assert beyond.sentences(found(studies_of("bcg"))) == (
        "The studies differ considerably more than chance alone would make them (I² from τ² 92%).",
        "In a new, similar study the true effect would be expected within 0.13–1.79: it could go either way.",
        "No single study moves the interval across 1.",
        "The subgroups differ no more than chance alone would make likely (P 0.44).",
        "Small studies show no clearly other effects than large ones (Egger’s test, P 0.16).",
        "All 8 other usual methods come to the same conclusion.",
    )


def test_studies_that_differ_no_more_than_by_chance() -> None:
    words = beyond.sentences(found(studies_of("hine1989"), tau2_method="DL", ci_method="wald"))
    assert words[0] == "The studies differ no more than chance alone would make them (I² from Q 0%)."
    assert words[1].endswith("it could go either way.") or words[1].endswith("on one side of no effect.")


def test_it_is_said_which_study_decides() -> None:
    whole = found(studies_of("hine1989"), tau2_method="DL", ci_method="wald")
    words = beyond.influence_in_words(whole)
    assert words.startswith("It hangs on single studies: the interval lies on one side of 1, and without ")
    assert words.endswith("it would include 1.")
    for row in whole.influence.crossing:
        assert row.omitted in words
        assert row.pooled.ci_low is not None
        assert row.pooled.ci_high is not None
        assert row.pooled.ci_low < 0 < row.pooled.ci_high


def test_below_ten_studies_the_tests_are_not_trusted() -> None:
    page = page_of("hine1989")
    assert not page.enough_for_tests
    assert "6 studies are too few to tell a lopsided funnel plot from chance" in " ".join(page.words)
    assert [step.key for step in page.tests] == ["egger", "harbord", "peters", "begg"]
    assert page_of("bcg").enough_for_tests


def test_trim_and_fill_in_words() -> None:
    page = page_of("nielweise2007")
    assert page.filled.startswith(
        "Trim and fill adds 7 studies on the right; with these, which are not data, the effect"
    )
    assert page_of("nielweise2007", method="mh").filled.startswith(
        "Trim and fill is defined for inverse variance"
    )


@pytest.mark.parametrize("k", [0, 1, 2])
def test_few_studies_say_little_and_nothing_wrong(k: int) -> None:
    studies = studies_of("bcg")[:k]
    spec = PoolingSpec()
    whole = beyond.beyond(studies, spec, pool(studies, spec))
    page = sections(studies, whole, outcome="Death", main=spec)
    assert len(page.left_out) == (2 if k == 2 else 0)
    assert page.tests == ()
    assert (page.funnel is None) == (k < 2)
    assert len(page.methods) == 0 if k == 0 else len(page.methods) > 5
    assert all(word.endswith(".") for word in page.words)


def test_the_main_method_is_marked_among_the_others_and_the_shown_one_too() -> None:
    main = PoolingSpec()
    page = page_of("bcg", main=main, method="mh")
    assert [row.name for row in page.methods if row.is_main] == [
        "Random effects, inverse variance, restricted maximum likelihood (REML), Hartung-Knapp-Sidik-Jonkman interval, "
        "0.5 added where a cell is empty, double zeros left out"
    ]
    assert [row.name for row in page.methods if row.is_shown] == [
        "Common effect, Mantel-Haenszel, Wald interval, cells summed as they are"
    ]
    unusual = page_of("bcg", main=main, tau2_method="PM", ci_method="wald", zero="none")
    assert sum(row.is_shown for row in unusual.methods) == sum(row.is_main for row in unusual.methods) == 1


def test_methods_of_another_measure_have_no_main_one() -> None:
    page = page_of("bcg", main=PoolingSpec(), measure="RR")
    assert not any(row.is_main for row in page.methods)
    assert sum(row.is_shown for row in page.methods) == 1


def test_a_method_with_another_conclusion_is_marked_and_counted() -> None:
    page = page_of("hine1989", tau2_method="DL", ci_method="wald")
    sides = [(row.effect, row.differs) for row in page.methods]
    marked = [effect for effect, differs in sides if differs]
    for effect, differs in sides:
        low = float(effect.partition("(")[2].partition("–")[0])
        assert differs == (low <= 1), effect
    said = page.methods_agree
    assert said.startswith(f"{len(marked)} of the ") if marked else said.startswith("All ")


def test_leaving_out_and_adding_up_are_drawn_on_one_axis_and_named() -> None:
    page = page_of("bcg")
    assert [row.k for row in page.left_out] == [12] * 13
    assert [row.k for row in page.cumulative] == list(range(1, 14))
    assert page.cumulative[0].name == "Aronson 1948"
    assert page.has_years
    assert len({row.plot.no_effect for row in page.left_out if row.plot}) == 1
    assert page.most_influential == "TPT Madras 1980 moves the estimate most: without it, it is 0.44."


def test_the_studies_that_decide_are_marked_among_those_left_out() -> None:
    page = page_of("hine1989", tau2_method="DL", ci_method="wald")
    crossing = {row.name for row in page.left_out if row.crosses}
    for row in page.left_out:
        low = float(row.effect.partition("(")[2].partition("–")[0])
        assert (row.name in crossing) == (low < 1), row.effect
    assert crossing == {"Chopra et al.", "Pitt et al.", "Bennett et al.", "O'Brien et al."}


@pytest.mark.parametrize(
    ("name", "year", "shown"),
    [("Aronson 1948", 1948, "Aronson 1948"), ("Aronson", 1948, "Aronson 1948"), ("Aronson", None, "Aronson")],
)
def test_a_study_has_its_year_once(name: str, year: int | None, shown: str) -> None:
    assert study_name(name, year) == shown
