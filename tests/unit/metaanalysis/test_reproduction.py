"""Which method reproduces a reported row. The published row is that of BMC 2024 on the ECMO trials."""

from __future__ import annotations

from dataclasses import replace

import pytest
from django.conf import settings

from etd.domain.integrity import ReportedRow
from metaanalysis.importers import read_table
from metaanalysis.kinds import study_of
from metaanalysis.reproduction import MOST_NAMED, offered, reproduce
from metaanalysis.stats.pooling import pool
from metaanalysis.stats.types import (
    CiMethod,
    Measure,
    Method,
    Model,
    PoolingSpec,
    StudyCounts,
    StudyData,
    StudyEstimate,
    Tau2Method,
)
from tests.unit.etd.domain.published_tables import printed_row
from tests.unit.metaanalysis_stats.reference import reference_sets

TRIALS = settings.BASE_DIR / "fixtures" / "ilcor-mcs-after-rosc" / "trials"
PUBLISHED = ReportedRow(
    row=2, measure="RR", k="4", estimate="0.96", ci_low="0.81", ci_high="1.13", p_value="0.60"
)


def trials(name: str) -> list[StudyData]:
    file = TRIALS / name
    return [study_of(vars(row)) for row in read_table(file.read_bytes(), filename=file.name).rows]


def bcg(**choices: object) -> tuple[list[StudyData], ReportedRow]:
    """The BCG trials, and the row that a paper would print of them."""
    studies = reference_sets()["bcg"].studies
    row = printed_row(2, studies, pool(studies, PoolingSpec(**choices)))  # type: ignore[arg-type]
    assert row is not None
    return list(studies), row


def test_the_published_row_of_the_ecmo_trials_is_reproduced() -> None:
    found = reproduce(trials("ecmo_30d_mortality_bmc2024.csv"), PUBLISHED)
    assert found.sentence().startswith(
        "Reproduced by Risk ratio, common effect, inverse variance, Wald interval; by "
    )
    assert found.other_studies == ""
    assert any(attempt.spec.tau2_method is Tau2Method.DL for attempt in found.by)


@pytest.mark.parametrize(
    ("method", "tau2", "ci", "words"),
    [
        ("iv", "DL", "wald", "DerSimonian-Laird, Wald interval"),
        ("iv", "PM", "wald", "Paule-Mandel, Wald interval"),
        ("iv", "REML", "hksj", "restricted maximum likelihood (REML), Hartung-Knapp-Sidik-Jonkman interval"),
        ("mh", None, "wald", "common effect, Mantel-Haenszel, Wald interval"),
        ("peto", None, "wald", "common effect, Peto, Wald interval"),
    ],
)
def test_the_method_of_a_row_is_found(method: str, tau2: str | None, ci: str, words: str) -> None:
    studies, row = bcg(method=method, tau2_method=tau2, ci_method=ci)
    found = reproduce(studies, row)
    assert words in found.sentence()
    asked = PoolingSpec(
        method=Method(method), tau2_method=Tau2Method(tau2) if tau2 else None, ci_method=CiMethod(ci)
    )
    named = [(attempt.spec.method, attempt.spec.tau2_method, attempt.spec.ci_method) for attempt in found.by]
    assert (asked.method, asked.tau2_method, asked.ci_method) in named


def test_a_row_of_no_method_is_never_called_wrong() -> None:
    studies, row = bcg(tau2_method="DL", ci_method="wald")
    found = reproduce(studies, replace(row, estimate="0.40", ci_low="0.28", ci_high="0.57"))
    assert found.by == ()
    sentence = found.sentence()
    assert sentence.startswith(
        f"Not by any of the {len(found.attempts)} methods offered here; nearest is Odds ratio"
    )
    assert "wrong" not in sentence


def test_a_p_that_no_method_gives_is_said_apart_from_the_interval() -> None:
    studies, row = bcg(tau2_method="DL", ci_method="wald", method="iv")
    found = reproduce(studies, replace(row, p_value="0.50"))
    assert found.by == ()
    assert found.sentence().startswith("Estimate and interval are reproduced by Odds ratio, random effects")
    assert found.sentence().endswith("but not P.")


def test_other_studies_than_those_of_the_row_are_said() -> None:
    longest = trials("survival_longest_sourced_13trials.csv")
    row = ReportedRow(
        row=3, k="14", events_intervention="426", n_intervention="944", events_comparison="385", n_comparison="931",
        measure="OR", estimate="1.17", ci_low="0.97", ci_high="1.42", p_value="0.10", i2="0",
    )  # fmt: skip
    found = reproduce(longest, row)
    assert found.by == ()
    assert found.other_studies.startswith(
        "The stored studies are not those of the row: 13 studies (14 in the row), 429 events with the intervention (426"
    )
    assert "913 people with the intervention (944 in the row)" in found.other_studies
    assert found.sentence().endswith(found.other_studies)


def test_an_entry_that_stands_for_several_trials_is_counted_as_these() -> None:
    studies, row = bcg(tau2_method="DL", ci_method="wald")
    assert reproduce(studies, row).other_studies == ""
    assert reproduce(studies, replace(row, k="18"), n_trials=18).other_studies == ""
    said = "The stored studies are not those of the row: 18 studies (13 in the row)."
    assert reproduce(studies, row, n_trials=18).other_studies == said


def test_the_nearest_is_the_closest_of_those_that_give_most() -> None:
    studies, row = bcg(tau2_method="DL", ci_method="wald")
    found = reproduce(
        studies, replace(row, estimate="0.485", ci_low="0.335", ci_high="0.705", p_value="", i2="")
    )
    assert not any(attempt.matches for attempt in found.attempts)
    assert found.nearest is not None
    spec = found.nearest.spec
    assert (spec.model, spec.ci_method) == (Model.RANDOM, CiMethod.WALD)
    assert found.nearest.distance == min(attempt.distance for attempt in found.attempts)


def test_many_methods_are_not_all_named() -> None:
    same = [
        StudyCounts(
            study=name, events_intervention=20, n_intervention=100, events_comparison=30, n_comparison=100
        )
        for name in "AB"
    ]
    row = printed_row(2, same, pool(same, PoolingSpec(tau2_method="DL", ci_method="wald")))  # type: ignore[arg-type]
    assert row is not None
    found = reproduce(same, row)
    assert len(found.by) > MOST_NAMED
    assert f"; and by {len(found.by) - MOST_NAMED} more methods." in found.sentence()


def test_zero_cell_rules_are_tried_only_where_a_cell_is_empty() -> None:
    full, empty = reference_sets()["bcg"].studies, reference_sets()["nielweise2007"].studies
    assert len(offered(empty, Measure.OR)) > len(offered(full, Measure.OR))
    assert len(set(offered(empty, Measure.RD))) == len(offered(empty, Measure.RD))


def test_a_measure_that_does_not_fit_the_studies_is_not_tried() -> None:
    studies, _ = bcg()
    row = ReportedRow(row=2, measure="HR", estimate="0.74", ci_low="0.55", ci_high="0.99")
    assert reproduce(studies, row).sentence() == (
        "No method offered here applies to the stored studies and the measure of this row."
    )
    assert reproduce([], row).attempts == ()


def test_hazard_ratios_from_estimates() -> None:
    studies: list[StudyData] = [StudyEstimate("A", -0.3011, 0.1499)]
    row = ReportedRow(
        row=2, k="1", measure="HR", estimate="0.74", ci_low="0.55", ci_high="0.99", p_value="0.04"
    )
    found = reproduce(studies, row)
    assert any(attempt.spec.model is Model.COMMON for attempt in found.by)


def test_a_row_without_an_interval_cannot_be_tried() -> None:
    studies, row = bcg()
    with pytest.raises(ValueError, match="Row 2 has no estimate with an interval to reproduce"):
        reproduce(studies, replace(row, ci_low=""))
