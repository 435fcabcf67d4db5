"""The example with trials added: exactly the judgements that stand on them are marked, with both times' numbers."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from django.conf import settings
from django.db import transaction

from etd.actions import reaffirming
from etd.domain.evidence import ROLES_JUDGED_BY_TABLES
from etd.domain.evidence_change import Change
from etd.enums import RECOMMENDATION_TYPE_ITEM, ValueSource
from etd.models import KeptEvidence, Outcome, OutcomeRow, Population, Question
from etd.selectors import load_etd
from etd.selectors.evidence_changes import (
    ItemChange,
    ProposedRow,
    ResultView,
    RowChangeView,
    load_changes,
    touched_by,
)
from metaanalysis import readings
from metaanalysis.actions.uploads import Assignment, confirm_upload, stage_upload
from metaanalysis.analyses import input_of, pool_inputs, results_of, values_of
from metaanalysis.stats.types import PoolingSpec
from tests.integration.conftest import demo, get_question

TRIALS = Path(settings.BASE_DIR) / "fixtures" / "ilcor-mcs-after-rosc" / "trials"
LONGEST = (TRIALS / "survival_longest_sourced_13trials.csv").read_bytes()
# Made up, and large enough to move the lower limit from 0.96 over 1.
LARGE_TRIAL = b"MADE-UP,2026,480,1000,430,1000,survival,1 year,none,none\n"
CHAIR, METHODOLOGIST = demo("chair"), demo("methodologist")

pytestmark = pytest.mark.usefixtures("example")


@pytest.fixture
def question() -> Question:
    return get_question()


def place(question: Question) -> tuple[Outcome, Population]:
    return (
        Outcome.objects.get(question=question, name__startswith="Survival at the longest"),
        Population.objects.get(question=question, label__startswith="Cardiogenic shock with or without"),
    )


def confirmed(question: Question, content: bytes) -> OutcomeRow:
    """The recomputed row of the longest follow-up from this file."""
    upload = stage_upload(question=question, filename="trials.csv", content=content, by=METHODOLOGIST())
    (group,) = readings.groups(readings.from_json(upload.reading))
    (row,) = confirm_upload(
        upload=upload,
        assignments=[Assignment(group, *place(question), PoolingSpec())],
        sha256=upload.sha256,
        accepted_warnings=True,
        by=METHODOLOGIST(),
    )
    return row


def changes(question: Question) -> dict[str, ItemChange]:
    fresh = get_question(question.slug)
    return {one.item_key: one for one in load_changes(fresh, load_etd(fresh, None))}


def both(row: RowChangeView) -> tuple[ResultView, ResultView]:
    assert row.before is not None
    assert row.after is not None
    return row.before, row.after


def on_tables(question: Question) -> set[str]:
    """What stands on the outcome tables: four criteria and the type of recommendation."""
    judged = {one.key for one in question.framework.criteria if one.role in ROLES_JUDGED_BY_TABLES}
    assert len(judged) == 4
    return judged | {RECOMMENDATION_TYPE_ITEM}


def test_what_was_judged_stands_on_evidence_that_is_kept(question: Question) -> None:
    etd = load_etd(question, None)
    stood = {one.evidence_digest for criterion in etd.criteria for one in criterion.judgements}
    assert etd.type_judgement is not None
    stood.add(etd.type_judgement.evidence_digest)
    kept = KeptEvidence.objects.filter(question=question)
    assert stood <= set(kept.values_list("digest", flat=True))
    assert changes(question) == {}


def test_a_recomputed_row_near_the_reported_one_is_a_minor_change_of_what_stands_on_it(
    question: Question,
) -> None:
    confirmed(question, LONGEST)
    found = changes(question)
    assert set(found) == on_tables(question)
    assert {one.change for one in found.values()} == {Change.MINOR}
    for one in found.values():
        (row,) = one.rows
        assert (row.outcome, row.population) == tuple(str(thing) for thing in place(question))
        assert (row.before_source_label, row.after_source_label) == ("Reported", "Recomputed")
        then, now = both(row)
        assert (then.effect, then.studies) == ("1.17 (0.97–1.42)", "14")
        assert (now.effect, now.studies) == ("1.17 (0.96–1.42)", "13")
        assert (row.reasons, one.is_kept, one.text_changed) == ((), True, False)
    etd = load_etd(get_question(), None)
    assert (etd.n_evidence_changed, etd.n_minor_changes) == (0, 5)
    assert {one.key for one in etd.criteria if one.minor_change} == on_tables(question) - {
        RECOMMENDATION_TYPE_ITEM
    }
    assert {one.status for one in etd.criteria if one.minor_change} == {"done"}
    assert etd.type_judgement is not None
    assert etd.type_judgement.minor_change


def test_a_large_trial_that_moves_the_interval_over_no_effect_changes_exactly_what_stands_on_it(
    question: Question,
) -> None:
    confirmed(question, LONGEST)
    row = confirmed(question, LONGEST + LARGE_TRIAL)
    assert row.ci_low is not None
    assert row.ci_low > 1
    found = changes(question)
    assert set(found) == on_tables(question)
    assert {one.change for one in found.values()} == {Change.CHANGED}
    for one in found.values():
        (changed,) = one.rows
        then, now = both(changed)
        assert (then.effect, now.effect) == ("1.17 (0.97–1.42)", "1.20 (1.05–1.36)")
        assert changed.reasons == (
            "The lower limit of the interval went from 0.97 to 1.05: it crosses no effect (1).",
        )
        assert then.plot is not None
        assert now.plot is not None
        assert then.plot.no_effect == now.plot.no_effect, "both are on one axis"
    headings = {one.key: one.heading for one in question.framework.criteria}
    assert set(found[RECOMMENDATION_TYPE_ITEM].because_of) == {
        headings[key] for key in on_tables(question) if key in headings
    }
    etd = load_etd(get_question(), None)
    assert (etd.n_evidence_changed, etd.n_minor_changes) == (5, 0)
    assert {one.key for one in etd.criteria if one.status == "changed"} | {
        RECOMMENDATION_TYPE_ITEM
    } == on_tables(question)


def test_once_reaffirmed_nothing_differs_and_the_next_trial_is_held_against_the_reaffirmed_evidence(
    question: Question,
) -> None:
    confirmed(question, LONGEST + LARGE_TRIAL)
    for one in changes(question).values():
        reaffirming.reaffirm(
            question=question,
            item_key=one.item_key,
            reason="The effect is as we thought it was.",
            revision=one.revision,
            evidence_digest=one.evidence_digest,
            by=CHAIR(),
        )
    assert changes(question) == {}
    etd = load_etd(get_question(), None)
    signed = {
        (one.reaffirmed_by, one.reaffirmed_because)
        for criterion in etd.criteria
        if criterion.role in ROLES_JUDGED_BY_TABLES
        for one in criterion.judgements
    }
    assert signed == {("Helena Brandt", "The effect is as we thought it was.")}
    confirmed(question, LONGEST + LARGE_TRIAL.replace(b"480", b"481"))
    found = changes(question)
    assert {one.change for one in found.values()} == {Change.MINOR}
    assert {row.before_source_label for one in found.values() for row in one.rows} == {"Recomputed"}


def test_what_is_reopened_is_open_and_the_others_stay(question: Question) -> None:
    confirmed(question, LONGEST + LARGE_TRIAL)
    found = changes(question)
    first = next(key for key in found if key != RECOMMENDATION_TYPE_ITEM)
    reaffirming.reopen(
        question=question,
        item_key=first,
        reason="It is larger than we thought.",
        revision=found[first].revision,
        by=CHAIR(),
    )
    criterion = load_etd(get_question(), None).criterion(first)
    assert criterion is not None
    assert (criterion.is_judged, criterion.status) == (False, "open")
    assert set(changes(question)) == on_tables(question) - {first}


@pytest.mark.parametrize("content", [LONGEST, LONGEST + LARGE_TRIAL], ids=["near", "large"])
def test_what_an_upload_would_touch_is_what_it_touches(question: Question, content: bytes) -> None:
    outcome, population = place(question)
    point = transaction.savepoint()
    confirmed(question, content)
    inputs = [input_of(result) for result in results_of(outcome, population)]
    proposed = ProposedRow(
        outcome.pk,
        str(outcome),
        population.pk,
        str(population),
        values_of(inputs, pool_inputs(inputs, PoolingSpec())),
    )
    after = changes(question)
    transaction.savepoint_rollback(point)
    fresh = get_question()
    before = touched_by(fresh, load_etd(fresh, None), [proposed]).marked
    assert not OutcomeRow.objects.filter(table__question=question, source=ValueSource.COMPUTED).exists()
    assert {one.item_key for one in before} == on_tables(question)
    for one in before:
        assert replace(one, evidence_digest="") == replace(after[one.item_key], evidence_digest="")


def test_an_upload_that_changes_nothing_touches_nothing(question: Question) -> None:
    row = confirmed(question, LONGEST)
    inputs = [input_of(result) for result in results_of(row.outcome, row.population)]
    proposed = ProposedRow(
        row.outcome_id,
        str(row.outcome),
        row.population_id,
        str(row.population),
        values_of(inputs, pool_inputs(inputs, PoolingSpec())),
    )
    fresh = get_question()
    marks = touched_by(fresh, load_etd(fresh, None), [proposed])
    assert (marks.marked, marks.cleared) == ((), ())
    assert {one.item_key for one in marks.kept} == on_tables(question)


def test_a_new_outcome_touches_what_stands_on_the_tables(question: Question) -> None:
    row = confirmed(question, LONGEST)
    inputs = [input_of(result) for result in results_of(row.outcome, row.population)]
    values = values_of(inputs, pool_inputs(inputs, PoolingSpec()))
    proposed = [ProposedRow(None, "Bleeding", row.population_id, str(row.population), values)]
    fresh = get_question()
    found = touched_by(fresh, load_etd(fresh, None), proposed).marked
    assert {one.item_key for one in found} == on_tables(question)
    new = next(row for row in found[0].rows if row.outcome == "Bleeding")
    assert (new.before, new.change, new.population) == (None, Change.CHANGED, str(row.population))
    assert new.reasons == ("These results are new: OR 1.17 (0.96–1.42).",)
