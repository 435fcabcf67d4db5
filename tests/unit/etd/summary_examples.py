"""A working example of every action of the Summary of Findings."""

from __future__ import annotations

from typing import Any

from etd.actions.summary import ChosenRow
from etd.domain.summary_tables import rows_revision, words_revision
from tests import factories as f
from tests.unit.etd.worlds import Panel


def choose_rows(panel: Panel) -> dict[str, Any]:
    question = panel.question()
    outcome, population = f.outcome(question=question), f.population(question=question)
    return {
        "question": question,
        "rows": [ChosenRow(outcome.pk, population.pk, "reported")],
        "revision": rows_revision([]),
        "by": panel.methodologist,
    }


def set_people_per(panel: Panel) -> dict[str, Any]:
    return {"question": panel.question(), "people_per": 100, "revision": 1000, "by": panel.chair}


def word_cell(panel: Panel) -> dict[str, Any]:
    return {
        "row": f.summary_row(question=panel.question()),
        "column": "difference",
        "text": "About 40 more survive",
        "made": "39 more per 1,000 (from 7 fewer to 87 more)",
        "revision": 0,
        "by": panel.methodologist,
    }


def take_back_words(panel: Panel) -> dict[str, Any]:
    row = f.summary_row(question=panel.question())
    edit = f.summary_edit(row=row, column="comments", text="See the appendix")
    return {
        "row": row,
        "column": edit.column,
        "revision": words_revision(edit.text),
        "by": panel.methodologist,
    }


EXAMPLES = {
    "etd.actions.summary.choose_rows": choose_rows,
    "etd.actions.summary.set_people_per": set_people_per,
    "etd.actions.summary.word_cell": word_cell,
    "etd.actions.summary.take_back_words": take_back_words,
}
