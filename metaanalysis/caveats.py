"""What a reader must know beside a recomputed number, as plain sentences made from the data."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from etd.domain.numbers import rounded
from metaanalysis.kinds import kind_of, totals_of
from metaanalysis.stats.types import DataKind, Measure, Method, PooledResult, ZeroRule
from metaanalysis.wording import MEASURES, fitting_i2

_DATA = {DataKind.COUNTS: "counts", DataKind.MEANS: "means", DataKind.ESTIMATE: "estimates"}
_FROM_PERCENTAGE = re.compile(r"\bfrom\s+(?:a\s+|the\s+)?(?:%|percent)", re.IGNORECASE)


def caveats(
    inputs: Sequence[Mapping[str, Any]],
    result: PooledResult,
    reported: Mapping[str, Any] | None,
    note: str = "",
    better: str = "",
) -> tuple[str, ...]:
    """The sentences for one analysis, and after them the lines of the methodologist's own note.

    `inputs` are the studies that went in, as `metaanalysis.analyses.input_of` gives them; `reported` are the
    values of the reported row of the same outcome and population, by the fields of OutcomeRow, if there is one;
    `better` is the polarity of the outcome.
    """
    sentences = [
        *(_against_reported(inputs, result, reported) if reported else ()),
        _individual_patient_data(inputs),
        _follow_up(inputs),
        _from_percentages(inputs),
        _unnamed_measures(inputs, result),
        _direction(result.spec.measure, better),
        _zero_cells(result),
        _i_squared(result),
        *(f"Not in the analysis: {excluded.study}. {excluded.reason}" for excluded in result.excluded),
        result.note or "",
        *(line.strip() for line in note.splitlines()),
    ]
    return tuple(sentence for sentence in sentences if sentence)


def _against_reported(
    inputs: Sequence[Mapping[str, Any]], result: PooledResult, reported: Mapping[str, Any]
) -> Iterable[str]:
    here, there = sum(row["n_trials"] for row in inputs), reported["n_studies"]
    data = _DATA[kind_of(inputs[0])] if inputs else "data"
    if here < there:
        yield f"{here} of the {there} studies of the reported row {_verb(here, 'has', 'have')} {data} here."
    elif here > there:
        studies = f"{here} {_verb(here, 'study has', 'studies have')} {data} here"
        yield f"{studies}; the reported row counts {there or 'none'}."
    totals = totals_of(inputs)
    with_events = totals["events_intervention"] is not None and reported["events_intervention"] is not None
    here_arms, there_arms = _arms(totals, with_events), _arms(reported, with_events)
    if "" not in here_arms + there_arms and here_arms != there_arms:
        yield (
            f"{'Events and totals' if with_events else 'Numbers of people'} differ from the reported row: "
            f"{' and '.join(here_arms)} here, {' and '.join(there_arms)} reported."
        )
    measure = reported["measure"]
    if measure and measure != result.spec.measure:
        names = MEASURES.get(measure, measure).lower(), MEASURES[result.spec.measure].lower()
        yield f"The reported row gives the {names[0]}, this one the {names[1]}: they are not comparable."


def _individual_patient_data(inputs: Sequence[Mapping[str, Any]]) -> str:
    several = [f"{row['study']} for {row['n_trials']}" for row in inputs if row["n_trials"] > 1]
    return f"Some rows stand for several trials: {', '.join(several)}." if several else ""


def _follow_up(inputs: Sequence[Mapping[str, Any]]) -> str:
    timepoints = list(dict.fromkeys(row["timepoint"] or "not given" for row in inputs))
    if len(timepoints) < 2:
        return ""
    return f"Follow-up differs between studies: {'; '.join(timepoints)}."


def _from_percentages(inputs: Sequence[Mapping[str, Any]]) -> str:
    studies = [row["study"] for row in inputs if _FROM_PERCENTAGE.search(row["note"])]
    if not studies:
        return ""
    return (
        f"The counts of {len(studies)} {_verb(len(studies), 'study', 'studies')} were worked out from percentages: "
        f"{', '.join(studies)}."
    )


def _unnamed_measures(inputs: Sequence[Mapping[str, Any]], result: PooledResult) -> str:
    if result.spec.measure is Measure.GIV:
        return ""
    unnamed = [row for row in inputs if kind_of(row) is DataKind.ESTIMATE and not row["measure"]]
    if not unnamed:
        return ""
    scale = "the logarithm of the " if result.spec.measure.is_ratio else "the "
    return (
        f"The file does not say what the estimates of {len(unnamed)} {_verb(len(unnamed), 'study', 'studies')} are of; "
        f"they are read as {scale}{MEASURES[result.spec.measure].lower()}."
    )


def _direction(measure: Measure, better: str) -> str:
    """Which way round estimates are read, where a file can hold them the other way round."""
    if measure is Measure.GIV:
        return "The effect is on the scale of the file; above 0 is read as more of this outcome under the intervention."
    if measure is Measure.HR and better == "higher":
        return (
            "A hazard ratio above 1 is read as more of this outcome, which is better. If it is the hazard of death or "
            "of another harm, “favours” stands the wrong way round: give the data an outcome of which lower is better."
        )
    return ""


def _zero_cells(result: PooledResult) -> str:
    studies = [study.study for study in result.studies if study.corrected]
    if not studies:
        return ""
    pooled_raw = result.spec.method is Method.MH and result.spec.zero is ZeroRule.POOL_NONE
    return (
        f"0.5 was added to each cell of {len(studies)} {_verb(len(studies), 'study', 'studies')} where one arm had no "
        f"events or only events: {', '.join(studies)}"
        + ("; the pooled effect is from the counts as they are." if pooled_raw else ".")
    )


def _i_squared(result: PooledResult) -> str:
    i2, from_tau2 = fitting_i2(result.spec.tau2_method, result.i2, result.i2_tau2)
    if not from_tau2 or i2 is None or result.i2 is None or rounded(i2, 0) == rounded(result.i2, 0):
        return ""
    return f"I² is from τ², {rounded(i2, 0)}%; from Q it is {rounded(result.i2, 0)}%."


def _arms(row: Mapping[str, Any], with_events: bool) -> tuple[str, ...]:
    return tuple(
        _arm(row[f"events_{arm}"] if with_events else None, row[f"n_{arm}"])
        for arm in ("intervention", "comparison")
    )


def _arm(events: int | None, n: int | None) -> str:
    if n is None:
        return ""
    return f"{n}" if events is None else f"{events}/{n}"


def _verb(count: int, one: str, many: str) -> str:
    return one if count == 1 else many
