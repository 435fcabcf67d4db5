"""Counts, means and estimates on their way from a file to a row."""

from __future__ import annotations

import json
from typing import Any

import pytest

from etd.enums import Measure as TableMeasure
from metaanalysis.analyses import DoesNotFit, input_of, pool_inputs, values_of
from metaanalysis.caveats import caveats
from metaanalysis.comparison import compare, row_values
from metaanalysis.importers import StudyRow
from metaanalysis.kinds import arm_text, estimate_text, misfit, numbers_text, study_of, totals_of
from metaanalysis.models import DataUpload, ResultKind, Study, StudyResult
from metaanalysis.stats.types import (
    DataKind,
    Measure,
    Method,
    PoolingSpec,
    StudyCounts,
    StudyEstimate,
    StudyMeans,
    Tau2Method,
)

# Length of stay after specialist stroke care, days: Normand 1999, as in metafor's dat.normand1999.
NORMAND = [
    ("Edinburgh", 155, 55.0, 47.0, 156, 75.0, 64.0),
    ("Orpington-Mild", 31, 27.0, 7.0, 32, 29.0, 4.0),
    ("Orpington-Moderate", 75, 64.0, 17.0, 71, 119.0, 29.0),
]
# Log hazard ratios of five trials.
HAZARDS = [
    ("A", -0.2231, 0.1),
    ("B", -0.1054, 0.15),
    ("C", 0.0488, 0.2),
    ("D", -0.3567, 0.12),
    ("E", 0.0, 0.3),
]


def means_row(study: str = "Edinburgh", **more: Any) -> StudyRow:
    values = {
        "n_intervention": 155,
        "mean_intervention": 55.0,
        "sd_intervention": 47.0,
        "n_comparison": 156,
        "mean_comparison": 75.0,
        "sd_comparison": 64.0,
    }
    return StudyRow(row=2, study=study, year=1999, kind="means", **(values | more))


def estimate_row(study: str = "A", measure: str = "HR", **more: Any) -> StudyRow:
    values = {"estimate": -0.25, "se": 0.1} | more
    return StudyRow(row=2, study=study, year=None, kind="estimate", measure=measure, **values)


def counts_row(study: str = "Alpha", measure: str = "") -> StudyRow:
    return StudyRow(2, study, 2001, 18, 58, 19, 59, measure=measure)


def stored(row: StudyRow) -> StudyResult:
    return StudyResult(study=Study(label=row.study), upload=DataUpload(sha256="ab"), **row_values(row))


def entry(row: StudyRow) -> dict[str, Any]:
    """The row as an analysis stores it, through JSON."""
    return dict(json.loads(json.dumps(input_of(stored(row)))))


def means() -> list[dict[str, Any]]:
    names = ("n_intervention", "mean_intervention", "sd_intervention")
    others = ("n_comparison", "mean_comparison", "sd_comparison")
    return [
        entry(means_row(study, **dict(zip((*names, *others), numbers, strict=True))))
        for study, *numbers in NORMAND
    ]


def hazards(measure: str = "HR") -> list[dict[str, Any]]:
    return [entry(estimate_row(study, measure, estimate=y, se=se)) for study, y, se in HAZARDS]


@pytest.mark.parametrize(
    ("row", "text"),
    [
        (counts_row(), "18/58 and 19/59"),
        (means_row(sd_comparison=64.25), "55 (SD 47), n = 155 and 75 (SD 64.25), n = 156"),
        (means_row(mean_intervention=-0.5), "−0.5 (SD 47), n = 155 and 75 (SD 64), n = 156"),
        (estimate_row(), "−0.25 (SE 0.1), HR"),
        (estimate_row(measure="", se=1e-7), "−0.25 (SE 1e−07)"),
    ],
)
def test_the_numbers_of_a_row_on_one_line(row: StudyRow, text: str) -> None:
    assert numbers_text(row) == text
    assert numbers_text(stored(row)) == text


def test_an_arm_and_an_estimate_in_a_table() -> None:
    assert arm_text(entry(counts_row()), "intervention") == "18/58 (31%)"
    assert arm_text(entry(means_row()), "comparison") == "75 (SD 64), n = 156"
    assert arm_text(entry(estimate_row()), "comparison") == ""
    assert estimate_text(entry(estimate_row())) == "−0.25 (SE 0.1), HR"
    from_limits = estimate_row(se=0.14994237462881163)
    assert estimate_text(entry(from_limits)) == "−0.25 (SE 0.149942), HR"
    assert numbers_text(from_limits) == "−0.25 (SE 0.14994237462881163), HR"


def test_a_stored_entry_has_the_numbers_of_its_own_kind_and_no_others() -> None:
    about, remarks = (
        {"study", "n_trials", "kind", "year", "timepoint", "subgroup"},
        {"source", "note", "upload"},
    )
    counts = {"events_intervention", "n_intervention", "events_comparison", "n_comparison"}
    arms = {f"{name}_{arm}" for name in ("mean", "sd", "n") for arm in ("intervention", "comparison")}
    assert entry(counts_row()).keys() == about | counts | remarks
    assert entry(means_row()).keys() == about | arms | remarks
    assert entry(estimate_row()).keys() == about | {"estimate", "se", "measure"} | remarks


def test_what_is_stored_goes_back_into_the_statistics() -> None:
    assert study_of(entry(counts_row())) == StudyCounts("Alpha", 18, 58, 19, 59, 2001)
    assert study_of(entry(means_row(subgroup="mild"))) == StudyMeans(
        "Edinburgh", 55.0, 47.0, 155, 75.0, 64.0, 156, 1999, "mild"
    )
    assert study_of(entry(estimate_row())) == StudyEstimate("A", -0.25, 0.1)


def test_an_analysis_from_before_there_were_kinds_is_of_counts() -> None:
    old = {name: value for name, value in entry(counts_row()).items() if name != "kind"}
    assert study_of(old) == StudyCounts("Alpha", 18, 58, 19, 59, 2001)
    assert pool_inputs([old], PoolingSpec()).k == 1


def test_means_make_a_row_with_people_and_without_events() -> None:
    inputs = means()
    result = pool_inputs(inputs, PoolingSpec(measure=Measure.MD, tau2_method=Tau2Method.DL))
    values = values_of(inputs, result)
    assert (values.n_studies, values.measure) == (3, "MD")
    assert (values.events_intervention, values.events_comparison) == (None, None)
    assert (values.n_intervention, values.n_comparison) == (155 + 31 + 75, 156 + 32 + 71)
    by_hand = [-20.0, -2.0, -55.0]
    assert [study.estimate for study in result.studies] == pytest.approx(by_hand)
    assert values.estimate == result.estimate
    assert values.ci_low is not None
    assert values.ci_low < min(-20, values.estimate or 0)


def test_estimates_make_a_row_with_neither_people_nor_events() -> None:
    inputs = hazards()
    values = values_of(inputs, pool_inputs(inputs, PoolingSpec(measure=Measure.HR, model="common")))  # type: ignore[arg-type]
    weights = [1 / se**2 for _, _, se in HAZARDS]
    log_hazard = sum(w * y for w, (_, y, _) in zip(weights, HAZARDS, strict=True)) / sum(weights)
    assert values.estimate == pytest.approx(2.718281828459045**log_hazard, rel=1e-12)
    assert (values.n_studies, values.measure) == (5, "HR")
    assert totals_of(inputs) == dict.fromkeys(
        ("events_intervention", "n_intervention", "events_comparison", "n_comparison")
    )


@pytest.mark.parametrize(
    ("inputs", "spec", "says"),
    [
        (means(), PoolingSpec(), "The odds ratio does not come from means and standard deviations"),
        (means(), PoolingSpec(measure=Measure.HR), "choose the mean difference or the standardised mean"),
        (
            [entry(counts_row())],
            PoolingSpec(measure=Measure.MD),
            "choose the odds ratio or the risk ratio or",
        ),
        ([entry(counts_row())], PoolingSpec(measure=Measure.GIV), "does not come from events and totals"),
        (hazards(), PoolingSpec(), "of the hazard ratio; as the odds ratio they would be misread"),
        (
            hazards("MD"),
            PoolingSpec(measure=Measure.SMD),
            "Choose the mean difference, or the effect as given",
        ),
        (hazards("OR"), PoolingSpec(method=Method.MH), "choose inverse variance"),
        (hazards("OR"), PoolingSpec(method=Method.PETO), "choose inverse variance"),
        (
            [*hazards("HR"), *hazards("OR")],
            PoolingSpec(measure=Measure.HR),
            "estimates are HR and some are OR",
        ),
        (
            [*hazards("HR"), *hazards("MD")],
            PoolingSpec(measure=Measure.GIV),
            "estimates are HR and some are MD",
        ),
        (
            [*means(), entry(counts_row())],
            PoolingSpec(measure=Measure.MD),
            "One analysis takes one kind of data",
        ),
    ],
)
def test_what_cannot_be_pooled_so_is_refused_with_a_remedy(
    inputs: list[dict[str, Any]], spec: PoolingSpec, says: str
) -> None:
    assert says in misfit(inputs, spec)
    with pytest.raises(DoesNotFit, match=says.split(";")[0]):
        pool_inputs(inputs, spec)


@pytest.mark.parametrize(
    ("inputs", "measure"),
    [
        (means(), "MD"),
        (means(), "SMD"),
        (hazards(), "HR"),
        (hazards(), "GIV"),
        (hazards(""), "OR"),
        (hazards(""), "GIV"),
        ([*hazards(""), *hazards("HR")], "HR"),
        ([entry(counts_row())], "RD"),
        ([], "MD"),
    ],
)
def test_what_fits_is_pooled(inputs: list[dict[str, Any]], measure: str) -> None:
    spec = PoolingSpec(measure=measure)  # type: ignore[arg-type]
    assert misfit(inputs, spec) == ""
    assert pool_inputs(inputs, spec).k == len(inputs)


def test_every_measure_of_an_analysis_has_a_row_to_go_to() -> None:
    assert set(TableMeasure.values) == {str(measure) for measure in Measure}
    assert set(ResultKind.values) == {str(kind) for kind in DataKind}


def test_a_file_that_changes_the_kind_or_a_number_of_it_is_a_change() -> None:
    before = [stored(means_row("Same")), stored(means_row("Mean")), stored(counts_row("Kind"))]
    rows = [means_row("Same"), means_row("Mean", mean_intervention=56.0), estimate_row("Kind")]
    found = compare(rows, before)
    assert [result.study.label for result in found.unchanged] == ["Same"]
    mean, kind = found.changed
    assert mean.fields == ("mean_intervention",)
    assert (kind.row.study, kind.fields[0]) == ("Kind", "kind")


def test_what_counts_are_pooled_as_is_not_stored_with_them() -> None:
    assert row_values(counts_row(measure="OR"))["measure"] == ""
    assert row_values(estimate_row(measure="HR"))["measure"] == "HR"
    assert compare([counts_row(measure="OR")], [stored(counts_row())]).changed == ()


REPORTED = {
    "n_studies": 3,
    "measure": "MD",
    "events_intervention": None,
    "n_intervention": 261,
    "events_comparison": None,
    "n_comparison": 259,
}


def said(inputs: list[dict[str, Any]], measure: str, better: str = "", **reported: Any) -> tuple[str, ...]:
    result = pool_inputs(inputs, PoolingSpec(measure=measure))  # type: ignore[arg-type]
    return caveats(inputs, result, REPORTED | reported if reported else None, better=better)


def test_means_beside_a_reported_row() -> None:
    assert not any("reported" in sentence for sentence in said(means(), "MD", n_studies=3))
    sentences = said(means(), "MD", n_studies=9, n_comparison=300)
    assert "3 of the 9 studies of the reported row have means here." in sentences
    assert (
        "Numbers of people differ from the reported row: 261 and 259 here, 261 and 300 reported." in sentences
    )
    with_events = said(means(), "MD", n_intervention=260, events_intervention=10, events_comparison=9)
    assert (
        "Numbers of people differ from the reported row: 261 and 259 here, 260 and 259 reported."
        in with_events
    )


def test_an_estimate_of_who_knows_what_is_named() -> None:
    unnamed = (
        "The file does not say what the estimates of 5 studies are of; they are read as the logarithm of the odds "
        "ratio."
    )
    assert unnamed in said(hazards(""), "OR")
    assert any("are read as the mean difference" in sentence for sentence in said(hazards(""), "MD"))
    assert not any(
        "does not say" in sentence for sentence in (*said(hazards(), "HR"), *said(hazards(""), "GIV"))
    )


def test_which_way_round_an_effect_is_read_is_said_where_a_file_can_mean_the_other() -> None:
    wrong_way = "“favours” stands the wrong way round"
    assert any(wrong_way in sentence for sentence in said(hazards(), "HR", better="higher"))
    assert not any(wrong_way in sentence for sentence in said(hazards(), "HR", better="lower"))
    assert any("above 0 is read as more of this outcome" in sentence for sentence in said(hazards(), "GIV"))
