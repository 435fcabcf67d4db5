"""From stored study results to a pooled result and the values of a row. Nothing here writes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.conf import settings

from etd.actions.outcome_tables import RowValues
from etd.enums import ValueSource
from etd.evidence import ROW_VALUES
from etd.models import Outcome, OutcomeRow, Population
from metaanalysis.comparison import row_values
from metaanalysis.models import StudyResult
from metaanalysis.stats.pooling import pool
from metaanalysis.stats.report import engine_versions
from metaanalysis.stats.types import PooledResult, PoolingSpec, StudyCounts
from metaanalysis.wording import fitting_i2

COUNTS = ("events_intervention", "n_intervention", "events_comparison", "n_comparison")


def results_of(outcome: Outcome, population: Population) -> list[StudyResult]:
    """The stored results in the order of their file, with study and upload (without the file itself)."""
    return list(
        StudyResult.objects.filter(outcome=outcome, population=population)
        .select_related("study", "upload")
        .defer("upload__content", "upload__reading")
        .order_by("position", "pk")
    )


def input_of(result: StudyResult) -> dict[str, Any]:
    """One study as it goes into an analysis and is stored with it."""
    return {
        "study": result.study.label,
        "n_trials": result.study.n_trials,
        **row_values(result),
        "upload": result.upload.sha256,
    }


def pool_inputs(inputs: Iterable[Mapping[str, Any]], spec: PoolingSpec) -> PooledResult:
    studies = [
        StudyCounts(study=row["study"], year=row["year"], **{name: row[name] for name in COUNTS})
        for row in inputs
    ]
    return pool(studies, spec)


def values_of(inputs: Sequence[Mapping[str, Any]], result: PooledResult) -> RowValues:
    """The row: all studies with counts and all their people; the effect only where it has both limits."""
    totals: dict[str, Any] = {name: sum(row[name] for row in inputs) if inputs else None for name in COUNTS}
    effect = (result.estimate_natural, result.ci_low_natural, result.ci_high_natural)
    whole = None not in effect
    estimate, low, high = effect if whole else (None, None, None)
    i2, _ = fitting_i2(result.spec.tau2_method, result.i2, result.i2_tau2)
    return RowValues(
        n_studies=sum(row["n_trials"] for row in inputs),
        measure=str(result.spec.measure),
        estimate=estimate,
        ci_low=low,
        ci_high=high,
        p_value=result.p_value if whole else None,
        i_squared=i2 if whole else None,
        tau_squared=result.tau2 if whole else None,
        **totals,
    )


def files_of(results: Iterable[StudyResult]) -> list[dict[str, str]]:
    """The files that the results come from, each once."""
    uploads = {result.upload_id: result.upload for result in results}
    return [{"filename": upload.filename, "sha256": upload.sha256} for upload in uploads.values()]


def reported_values(outcome: Outcome, population: Population) -> dict[str, Any] | None:
    """The reported row of this outcome and population, by the fields of OutcomeRow."""
    rows = OutcomeRow.objects.filter(outcome=outcome, population=population, source=ValueSource.REPORTED)
    return rows.values(*ROW_VALUES).first()


def engine() -> dict[str, str]:
    """What calculated: this program and the packages it calculates with."""
    return {"openetd": settings.VERSION, **engine_versions()}
