"""The sentences beside a recomputed number."""

from __future__ import annotations

from typing import Any

from metaanalysis.analyses import pool_inputs
from metaanalysis.caveats import caveats
from metaanalysis.kinds import COUNTS
from metaanalysis.stats.types import PoolingSpec, Tau2Method

ALPHA = {
    "study": "Alpha",
    "n_trials": 1,
    "year": 2001,
    "timepoint": "30 days",
    "note": "",
    "events_intervention": 5,
    "n_intervention": 20,
    "events_comparison": 7,
    "n_comparison": 21,
}
BETA = ALPHA | {"study": "Beta", "events_intervention": 6, "n_intervention": 30}
REPORTED = {
    "n_studies": 2,
    "measure": "OR",
    "events_intervention": 11,
    "n_intervention": 50,
    "events_comparison": 14,
    "n_comparison": 42,
}


def said(
    *inputs: dict[str, Any], reported: dict[str, Any] | None = None, measure: str = "OR"
) -> tuple[str, ...]:
    spec = PoolingSpec(measure=measure)  # type: ignore[arg-type]
    return caveats(inputs, pool_inputs(inputs, spec), reported)


def test_where_everything_agrees_nothing_is_said() -> None:
    assert said(ALPHA, BETA, reported=REPORTED) == ()


def test_another_number_of_studies() -> None:
    assert "2 of the 14 studies of the reported row have counts here." in said(
        ALPHA, BETA, reported=REPORTED | {"n_studies": 14}
    )
    assert "2 studies have counts here; the reported row counts 1." in said(
        ALPHA, BETA, reported=REPORTED | {"n_studies": 1}
    )


def test_a_reported_row_without_studies() -> None:
    empty = dict.fromkeys(REPORTED) | {"n_studies": 0, "measure": ""}
    assert said(ALPHA, BETA, reported=empty) == ("2 studies have counts here; the reported row counts none.",)


def test_one_row_may_stand_for_several_trials() -> None:
    sentences = said(ALPHA | {"n_trials": 6}, BETA, reported=REPORTED | {"n_studies": 7})
    assert sentences == ("Some rows stand for several trials: Alpha for 6.",)


def test_totals_that_differ() -> None:
    assert said(ALPHA, BETA, reported=REPORTED | {"events_comparison": 15}) == (
        "Events and totals differ from the reported row: 11/50 and 14/42 here, 11/50 and 15/42 reported.",
    )


def test_another_measure() -> None:
    (sentence,) = said(ALPHA, BETA, reported=REPORTED, measure="RR")
    assert sentence == (
        "The reported row gives the odds ratio, this one the risk ratio: they are not comparable."
    )


def test_follow_up_that_differs_or_is_not_given() -> None:
    sentences = said(
        ALPHA, BETA | {"timepoint": "6.2 years (median)"}, ALPHA | {"study": "C", "timepoint": ""}
    )
    assert sentences == ("Follow-up differs between studies: 30 days; 6.2 years (median); not given.",)


def test_counts_from_percentages() -> None:
    for note in ("confidence: medium (count from %)", "count and arms from %", "worked out from percentages"):
        (sentence,) = said(ALPHA | {"note": note}, BETA)
        assert sentence == "The counts of 1 study were worked out from percentages: Alpha."
    assert said(ALPHA | {"note": "high; 43.8% reported"}, BETA) == ()


def test_added_halves_and_studies_left_out() -> None:
    nobody = ALPHA | {"study": "Nobody", "events_intervention": 0, "events_comparison": 0}
    one_empty = ALPHA | {"study": "Empty", "events_intervention": 0}
    first, second = said(ALPHA, one_empty, nobody)
    assert first == (
        "0.5 was added to each cell of 1 study where one arm had no events or only events: Empty."
    )
    assert second.startswith("Not in the analysis: Nobody. No events in either arm")


def test_mantel_haenszel_of_raw_cells_says_that_only_the_single_study_was_corrected() -> None:
    inputs = (ALPHA, ALPHA | {"study": "Empty", "events_intervention": 0})
    by_mantel_haenszel = PoolingSpec(method="mh")  # type: ignore[arg-type]
    (sentence,) = caveats(inputs, pool_inputs(inputs, by_mantel_haenszel), None)
    assert sentence.endswith("only events: Empty; the pooled effect is from the counts as they are.")


def test_the_i2_that_fits_the_estimator_is_named_where_it_differs() -> None:
    counts = (("A", 2, 20, 9, 21), ("B", 60, 400, 62, 390), ("C", 15, 50, 14, 52), ("D", 9, 30, 4, 31))
    inputs = [ALPHA | {"study": study} | dict(zip(COUNTS, cells, strict=True)) for study, *cells in counts]
    by_reml = pool_inputs(inputs, PoolingSpec(tau2_method=Tau2Method.REML))
    assert by_reml.i2 is not None
    assert by_reml.i2_tau2 is not None
    assert round(by_reml.i2) != round(by_reml.i2_tau2)
    (sentence,) = caveats(inputs, by_reml, None)
    assert sentence == f"I² is from τ², {by_reml.i2_tau2:.0f}%; from Q it is {by_reml.i2:.0f}%."
    by_dl = pool_inputs(inputs, PoolingSpec(tau2_method=Tau2Method.DL))
    assert caveats(inputs, by_dl, None) == ()


def test_the_methodologists_own_words_come_last() -> None:
    result = pool_inputs((ALPHA, BETA), PoolingSpec())
    assert caveats(
        (ALPHA, BETA), result, REPORTED, "One trial is missing.\n\nIABP counts as usual care."
    ) == (
        "One trial is missing.",
        "IABP counts as usual care.",
    )


def test_the_note_of_the_analysis_is_said() -> None:
    (sentence,) = said(ALPHA)
    assert sentence.startswith("Only one study:")
