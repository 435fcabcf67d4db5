"""Choosing the rows of a Summary of Findings, and words over its cells that outlive an update of the data."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from etd.actions.errors import Refused, StaleEdit
from etd.actions.outcome_tables import RowValues, record_computed_row
from etd.actions.summary import (
    ChosenRow,
    WordingWouldBeLost,
    choose_rows,
    set_people_per,
    take_back_words,
    word_cell,
)
from etd.domain.summary_tables import rows_revision, words_revision
from etd.enums import QuestionStatus
from etd.models import ComparatorRisk, Question, SummaryEdit, SummaryRow
from etd.selectors.summary import CellView, SummaryView, candidates, load_summary
from tests import factories as f
from tests.unit.etd.worlds import Panel, last_event

COUNTS = RowValues(
    n_studies=14,
    measure="OR",
    events_intervention=426,
    n_intervention=944,
    events_comparison=385,
    n_comparison=931,
    estimate=1.17,
    ci_low=0.97,
    ci_high=1.42,
)


def chosen(question: Question, number: int = 1) -> list[ChosenRow]:
    """So many outcomes with a reported row each, the rows not yet stored."""
    table = f.outcome_table(question=question)
    rows = [f.outcome_row(table=table) for _ in range(number)]
    return [ChosenRow(row.outcome_id, row.population_id, "reported") for row in rows]


def choose(panel: Panel, question: Question, rows: list[ChosenRow], **more: Any) -> None:
    stored = SummaryRow.objects.filter(question=question).order_by("position")
    revision = rows_revision((r.outcome_id, r.population_id, r.source) for r in stored)
    choose_rows(question=question, rows=rows, by=panel.methodologist, **({"revision": revision} | more))


def cell(view: SummaryView, column: str, row: int = 0, table: str = "sof") -> CellView:
    return next(c for c in view.tables[table].rows[row].cells if c.column == column)


def word(panel: Panel, row: SummaryRow, text: str, column: str = "difference") -> SummaryEdit:
    made = cell(load_summary(row.question), column)
    return word_cell(
        row=row,
        column=column,
        text=text,
        made=made.made,
        revision=made.revision,
        by=panel.methodologist,
    )


def test_rows_are_chosen_in_order_and_the_trail_says_which(panel: Panel) -> None:
    question = panel.question()
    first, second = chosen(question, 2)
    choose(panel, question, [first, second])
    choose(panel, question, [second, first])
    stored = SummaryRow.objects.filter(question=question).order_by("position")
    assert [(r.outcome_id, r.position) for r in stored] == [(second.outcome, 1), (first.outcome, 2)]
    assert last_event()["type"] == "summary_rows_chosen"
    assert [row["outcome"] for row in last_event()["after"]["rows"]] == [second.outcome, first.outcome]


def test_an_eighth_outcome_is_refused_with_the_limit_and_its_source(panel: Panel) -> None:
    question = panel.question()
    rows = chosen(question, 8)
    with pytest.raises(Refused, match=r"8 outcomes.*seven at most \(Cochrane Handbook, chapter 14\)"):
        choose(panel, question, rows)
    choose(panel, question, rows[:7])
    assert SummaryRow.objects.filter(question=question).count() == 7


def test_seven_outcomes_may_stand_for_two_populations_each(panel: Panel) -> None:
    question = panel.question()
    outcomes = [f.outcome(question=question) for _ in range(7)]
    populations = [f.population(question=question) for _ in range(2)]
    rows = [ChosenRow(o.pk, p.pk, "reported") for o in outcomes for p in populations]
    choose(panel, question, rows)
    assert SummaryRow.objects.filter(question=question).count() == 14


@pytest.mark.parametrize("fault", ["twice", "elsewhere", "source"])
def test_what_does_not_belong_there_is_refused(panel: Panel, fault: str) -> None:
    question = panel.question()
    (row,) = chosen(question)
    rows = {
        "twice": [row, row],
        "elsewhere": [replace(row, outcome=f.outcome().pk)],
        "source": [replace(row, source="guessed")],
    }[fault]
    with pytest.raises(Refused):
        choose(panel, question, rows)
    assert SummaryRow.objects.count() == 0


def test_who_chose_from_other_rows_is_told(panel: Panel) -> None:
    question = panel.question()
    rows = chosen(question, 2)
    choose(panel, question, rows[:1])
    with pytest.raises(StaleEdit) as refused:
        choose(panel, question, rows, revision=rows_revision([]))
    assert len(refused.value.current["rows"]) == 1
    choose(panel, question, rows, revision=refused.value.revision)
    assert SummaryRow.objects.count() == 2


def test_a_comparator_risk_that_is_not_to_be_had_is_missed_by_name(panel: Panel) -> None:
    question = panel.question()
    (row,) = chosen(question)
    place = {"outcome_id": row.outcome, "population_id": row.population}
    ComparatorRisk.objects.create(level="studies", source="pooled", **place)
    ComparatorRisk.objects.create(level="moderate", source="median", **place)
    choose(panel, question, [row])
    view = load_summary(question)
    assert [line.level for line in cell(view, "comparator_risk").lines] == ["As in the studies"]
    assert [one.sentence for one in view.missing][:1] == [
        "A comparator risk is left out. Moderate risk: A median needs each trial’s counts: compute the row from "
        "study data, or choose another source."
    ]


def test_a_frozen_question_keeps_its_tables(panel: Panel) -> None:
    question = panel.question(QuestionStatus.VOTING)
    row = f.summary_row(question=question)
    with pytest.raises(Refused, match="closed to changes"):
        choose(panel, question, [])
    with pytest.raises(Refused, match="closed to changes"):
        word(panel, row, "Other words", "comments")
    with pytest.raises(Refused, match="closed to changes"):
        set_people_per(question=question, people_per=100, revision=1000, by=panel.chair)
    assert (SummaryRow.objects.count(), SummaryEdit.objects.count()) == (1, 0)


def test_words_in_a_row_are_not_lost_unasked(panel: Panel) -> None:
    question = panel.question()
    choose(panel, question, chosen(question))
    word(panel, SummaryRow.objects.get(), "About 50 more")
    with pytest.raises(WordingWouldBeLost, match="“About 50 more”"):
        choose(panel, question, [])
    choose(panel, question, [], drop_words=True)
    assert SummaryEdit.objects.count() == 0
    assert "About 50 more" in str(last_event()["before"])


def test_words_survive_an_update_say_what_changed_and_are_taken_back(panel: Panel) -> None:
    question = panel.question()
    table = f.outcome_table(question=question)
    place: dict[str, Any] = {
        "table": table,
        "outcome": f.outcome(question=question),
        "population": f.population(question=question),
        "provenance": {"k": 14},
        "by": panel.methodologist,
    }
    record_computed_row(values=COUNTS, **place)
    choose(panel, question, [ChosenRow(place["outcome"].pk, place["population"].pk, "computed")])
    row = SummaryRow.objects.get()
    word(panel, row, "Perhaps 39 more in 1,000 survive")

    record_computed_row(values=replace(COUNTS, estimate=1.3, ci_high=1.6), **place)
    shown = cell(load_summary(question), "difference")
    assert [line.text for line in shown.lines] == ["Perhaps 39 more in 1,000 survive"]
    assert shown.edit is not None
    assert shown.edit.has_changed
    assert shown.edit.was == "39 more per 1,000 (from 7 fewer to 87 more)"
    assert shown.edit.computed == "65 more per 1,000 (from 7 fewer to 117 more)"
    assert shown.edit.by == panel.methodologist.name
    footnotes = dict(load_summary(question).tables["profile"].footnotes)
    assert "Worded by hand; computed: 65 more per 1,000 (from 7 fewer to 117 more)" in footnotes.values()

    take_back_words(row=row, column="difference", revision=shown.revision, by=panel.chair)
    again = cell(load_summary(question), "difference")
    assert (again.edit, again.lines[0].text) == (None, "65 more per 1,000 (from 7 fewer to 117 more)")


def test_words_of_somebody_else_are_not_overwritten(panel: Panel) -> None:
    question = panel.question()
    choose(panel, question, chosen(question))
    row = SummaryRow.objects.get()
    word(panel, row, "First")
    with pytest.raises(StaleEdit) as refused:
        word_cell(row=row, column="difference", text="Second", made="", revision=0, by=panel.chair)
    assert refused.value.current == {"text": "First"}
    with pytest.raises(StaleEdit):
        take_back_words(row=row, column="difference", revision=words_revision("Older"), by=panel.chair)
    assert SummaryEdit.objects.get().text == "First"


@pytest.mark.parametrize(
    ("column", "text", "reason"),
    [
        ("importance", "Vital", "not a column that can be worded"),
        ("difference", "  ", "There are no words"),
        ("difference", "48 more per 1,000 (from 23 fewer to 117 more)", "nothing to word otherwise"),
    ],
)
def test_words_that_say_nothing_are_refused(panel: Panel, column: str, text: str, reason: str) -> None:
    row = f.summary_row(question=panel.question())
    with pytest.raises(Refused, match=reason):
        word_cell(
            row=row,
            column=column,
            text=text,
            made="48 more per 1,000 (from 23 fewer to 117 more)",
            revision=0,
            by=panel.chair,
        )
    assert SummaryEdit.objects.count() == 0


def test_a_row_that_was_left_out_meanwhile_is_named(panel: Panel) -> None:
    row = f.summary_row(question=panel.question())
    gone = SummaryRow.objects.select_related("question").get(pk=row.pk)
    row.delete()
    with pytest.raises(Refused, match="taken out of the table"):
        word_cell(row=gone, column="comments", text="Words", made="", revision=0, by=panel.chair)


def test_people_per_is_one_of_four_and_not_changed_twice(panel: Panel) -> None:
    question = panel.question()
    with pytest.raises(Refused, match="per 100, 1,000, 10,000, 100,000 people, not per 500"):
        set_people_per(question=question, people_per=500, revision=1000, by=panel.chair)
    set_people_per(question=question, people_per=100, revision=1000, by=panel.chair)
    with pytest.raises(StaleEdit):
        set_people_per(question=question, people_per=10_000, revision=1000, by=panel.chair)
    question.refresh_from_db()
    assert question.people_per == 100
    assert (last_event()["before"], last_event()["after"]) == (1000, 100)


def test_recorded_comparator_risks_take_the_place_of_the_pooled_one(panel: Panel) -> None:
    question = panel.question()
    choose(panel, question, chosen(question))
    row = SummaryRow.objects.get()
    assert cell(load_summary(question), "comparator_risk").made == "417 per 1,000"
    assert "all events over all participants" in " ".join(load_summary(question).tables["sof"].notes)
    f.comparator_risk(
        outcome=row.outcome,
        population=row.population,
        level="low",
        source="external",
        risk="0.1",
        citation="Registry 2023",
    )
    f.comparator_risk(outcome=row.outcome, population=row.population, level="high", source="median")
    view = load_summary(question)
    assert cell(view, "comparator_risk").made == "Low risk: 100 per 1,000"
    assert dict(view.tables["sof"].footnotes)["a"] == "Comparator risk: external cohort: Registry 2023"
    assert "all events over all participants" not in " ".join(view.tables["sof"].notes)


def test_a_certainty_rated_on_other_results_says_so(panel: Panel) -> None:
    question = panel.question()
    choose(panel, question, chosen(question))
    row = SummaryRow.objects.get()
    row.outcome.certainty = "low"
    row.outcome.save()
    other = f.outcome_row(table=f.outcome_table(question=question), outcome=row.outcome)
    f.certainty_rating(worksheet=f.certainty_worksheet(outcome=row.outcome, row=other))
    notes = dict(load_summary(question).tables["sof"].footnotes)
    assert notes == {
        "a": "Imprecision: serious. Wide interval",
        "b": f"The certainty was rated on the reported results in: {other.population.label}.",
    }


def test_candidates_are_what_has_results_and_outcomes_without_any(panel: Panel) -> None:
    question = panel.question()
    (row,) = chosen(question)
    other = f.population(question=question)
    nothing = f.outcome(question=question)
    found = {(one.outcome_id, one.population_id, one.n_studies) for one in candidates(question)}
    assert found == {
        (row.outcome, row.population, 3),
        (nothing.pk, row.population, 0),
        (nothing.pk, other.pk, 0),
    }


@pytest.mark.parametrize("number", [1, 7])
def test_the_tables_take_the_same_few_queries_for_any_number_of_outcomes(panel: Panel, number: int) -> None:
    question = panel.question()
    choose(panel, question, chosen(question, number))
    for row in SummaryRow.objects.all():
        f.summary_edit(row=row)
        f.certainty_rating(worksheet=f.certainty_worksheet(outcome=row.outcome))
    with CaptureQueriesContext(connection) as queries:
        view = load_summary(question)
    assert len(view.tables["sof"].rows) == number
    assert len(queries) == 5
