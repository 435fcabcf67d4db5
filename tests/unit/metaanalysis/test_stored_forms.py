"""What is stored as JSON comes back as it was; comparing a file with stored results."""

from __future__ import annotations

import json

import pytest

from metaanalysis import readings, specification, wording
from metaanalysis.comparison import compare, row_values
from metaanalysis.importers import StudyRow, read_table
from metaanalysis.models import Study, StudyResult
from metaanalysis.readings import Group
from metaanalysis.stats.types import (
    CiMethod,
    DataKind,
    Measure,
    Method,
    Model,
    PoolingSpec,
    PredictionDf,
    RdSe,
    SmdVariant,
    Tau2Method,
    ZeroRule,
)

FILE = (
    b"study,year,events_intervention,n_intervention,events_control,n_control,outcome,arm\n"
    b"Alpha,2001,5,20,7,21,death,x\n"
    b"Beta,,0,30,6,31,death,\n"
    b"Alpha,2001,3,20,4,21,stroke,\n"
)


def test_a_reading_survives_being_stored() -> None:
    table = read_table(FILE, filename="t.csv")
    assert table.rows
    assert table.problems
    assert readings.from_json(json.loads(json.dumps(readings.to_json(table)))) == table


def test_rows_are_grouped_by_outcome_in_the_order_of_the_file() -> None:
    groups = readings.groups(read_table(FILE, filename="t.csv"))
    assert [(group.outcome, len(rows)) for group, rows in groups.items()] == [("death", 2), ("stroke", 1)]
    assert str(Group("death", "adults")) == "death, adults"
    assert str(Group("", "")) == "all rows"


@pytest.mark.parametrize(
    "spec",
    [
        PoolingSpec(),
        PoolingSpec(measure="RD", method="mh"),  # type: ignore[arg-type]
        PoolingSpec(method="peto"),  # type: ignore[arg-type]
        PoolingSpec(measure="SMD", smd="revman", prediction="k-2"),  # type: ignore[arg-type]
        PoolingSpec(measure="RD", method="mh", rd_se="greenland-robins"),  # type: ignore[arg-type]
        PoolingSpec(measure="HR", tau2_method="PM", ci_method="hksj-adhoc"),  # type: ignore[arg-type]
        specification.beside_a_reported_row().spec,
    ],
)
def test_a_specification_survives_being_stored(spec: PoolingSpec) -> None:
    assert specification.from_json(json.loads(json.dumps(specification.to_json(spec)))) == spec


def test_a_specification_of_an_older_version_is_still_read() -> None:
    """As version 0.1 stored it, for Mantel-Haenszel with the zero rule by the name it had."""
    older = {
        "measure": "OR",
        "model": "common",
        "method": "mh",
        "tau2_method": None,
        "ci_method": "auto",
        "zero": "none",
        "prediction": "k-1",
        "level": 0.95,
    }
    spec = specification.from_json(older)
    assert spec == PoolingSpec(method=Method.MH, zero=ZeroRule.POOL_NONE)
    words = "Odds ratio, common effect, Mantel-Haenszel, Wald interval, nothing added where a cell is empty"
    assert wording.specification(older, "wald") == words


@pytest.mark.parametrize(
    ("spec", "kind", "words"),
    [
        (
            PoolingSpec(),
            "counts",
            "Odds ratio, random effects, inverse variance, restricted maximum likelihood (REML), interval by rule "
            "(Hartung-Knapp-Sidik-Jonkman from three studies on if τ² is above 0, else Wald), 0.5 added where a cell "
            "is empty, double zeros left out",
        ),
        (
            PoolingSpec(measure="RD", method="mh", ci_method="wald"),  # type: ignore[arg-type]
            "counts",
            "Risk difference, common effect, Mantel-Haenszel, Wald interval, standard error by Sato 1989, cells summed "
            "as they are",
        ),
        (
            PoolingSpec(measure="OR", method="peto", ci_method="wald"),  # type: ignore[arg-type]
            "counts",
            "Odds ratio, common effect, Peto, Wald interval",
        ),
        (
            PoolingSpec(measure="SMD", tau2_method="DL", ci_method="hksj", smd="revman"),  # type: ignore[arg-type]
            "means",
            "Standardised mean difference, Hedges’ g by the formulas of RevMan 5, random effects, inverse variance, "
            "DerSimonian-Laird, Hartung-Knapp-Sidik-Jonkman interval",
        ),
        (
            PoolingSpec(measure="SMD", model="common"),  # type: ignore[arg-type]
            "estimate",
            "Standardised mean difference, common effect, inverse variance, Wald interval",
        ),
        (
            PoolingSpec(tau2_method="PM", ci_method="hksj-adhoc", prediction="k-2"),  # type: ignore[arg-type]
            "estimate",
            "Odds ratio, random effects, inverse variance, Paule-Mandel, Hartung-Knapp-Sidik-Jonkman, never narrower "
            "than Wald interval, prediction interval with k − 2 degrees of freedom",
        ),
    ],
)
def test_a_method_in_words_names_everything_that_changes_the_number(
    spec: PoolingSpec, kind: str, words: str
) -> None:
    assert wording.specification(specification.to_json(spec), kind=kind) == words


def test_every_choice_has_its_words() -> None:
    for kind, words in (
        (Measure, wording.MEASURES),
        (Model, wording.MODELS),
        (Method, wording.METHODS),
        (Tau2Method, wording.TAU2_METHODS),
        (CiMethod, wording.CI_METHODS),
        (ZeroRule, wording.ZERO_RULES),
        (PredictionDf, wording.PREDICTION_DFS),
        (SmdVariant, wording.SMD_VARIANTS),
        (RdSe, wording.RD_SES),
    ):
        assert set(words) == {str(choice) for choice in kind}


@pytest.mark.parametrize(
    ("kind", "hint", "measure"),
    [
        (DataKind.COUNTS, "", "OR"),
        (DataKind.COUNTS, "RR", "RR"),
        (DataKind.COUNTS, "MD", "OR"),
        (DataKind.MEANS, "", "MD"),
        (DataKind.MEANS, "SMD", "SMD"),
        (DataKind.MEANS, "OR", "MD"),
        (DataKind.ESTIMATE, "", "GIV"),
        (DataKind.ESTIMATE, "HR", "HR"),
    ],
)
def test_the_usual_method_by_the_kind_of_data(kind: DataKind, hint: str, measure: str) -> None:
    assert specification.usual_for(kind, hint) == PoolingSpec(measure=Measure(measure))
    for choice in (specification.beside_a_reported_row, specification.undecided):
        chosen = choice(kind, hint)
        assert chosen.spec == PoolingSpec(
            Measure(measure), tau2_method=Tau2Method.DL, ci_method=CiMethod.WALD
        )
        assert specification.USUAL_CHOICES[chosen.key] == chosen
    alone = specification.on_its_own(kind, hint)
    assert specification.USUAL_CHOICES[alone.key] == alone


def test_choices_without_a_say_make_no_other_method() -> None:
    common = PoolingSpec(model=Model.COMMON)
    assert specification.same_method(common, PoolingSpec(model=Model.COMMON, ci_method=CiMethod.WALD))
    assert not specification.same_method(common, PoolingSpec())
    assert not specification.same_method(PoolingSpec(), PoolingSpec(ci_method=CiMethod.WALD))
    assert not specification.same_method(PoolingSpec(), PoolingSpec(prediction=PredictionDf.K_MINUS_2))


def result(label: str, events: int, note: str = "") -> StudyResult:
    row = study_row(label, events, note)
    return StudyResult(study=Study(label=label), **row_values(row))


def study_row(label: str, events: int, note: str = "") -> StudyRow:
    return StudyRow(2, label, 2001, events, 20, 7, 21, note=note)


def test_new_changed_unchanged_and_missing() -> None:
    stored = [result("Same", 5), result("Counts", 5), result("Note", 5, "old"), result("Gone", 5)]
    rows = [study_row("Same", 5), study_row("Counts", 6), study_row("Note", 5, "new"), study_row("New", 1)]
    found = compare(rows, stored)
    assert [row.study for row in found.new] == ["New"]
    assert [(c.row.study, c.fields) for c in found.changed] == [
        ("Counts", ("events_intervention",)),
        ("Note", ("note",)),
    ]
    assert [each.study.label for each in found.unchanged] == ["Same"]
    assert [each.study.label for each in found.missing] == ["Gone"]
