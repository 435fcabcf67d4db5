"""From stored study results to a pooled result and the values of a row. Nothing here writes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.conf import settings

from etd.actions.errors import Refused
from etd.actions.outcome_tables import RowValues
from etd.domain.absolute import median_risk
from etd.enums import ValueSource
from etd.evidence import ROW_VALUES
from etd.models import Outcome, OutcomeRow, OutcomeTable, Population
from metaanalysis.kinds import NUMBERS, misfit, study_of, totals_of
from metaanalysis.models import StudyResult
from metaanalysis.stats.pooling import pool
from metaanalysis.stats.report import engine_versions
from metaanalysis.stats.small_study import RegressionTest, egger_test
from metaanalysis.stats.types import DataKind, PooledResult, PoolingSpec
from metaanalysis.wording import fitting_i2, misread

ABOUT = ("year", "timepoint", "subgroup")
REMARKS = ("source", "note")


class DoesNotFit(Refused):
    """The studies cannot be pooled by this specification; the message names the remedy."""


def results_of(outcome: Outcome, population: Population) -> list[StudyResult]:
    """The stored results in the order of their file, with study and upload (without the file itself)."""
    return list(
        StudyResult.objects.filter(outcome=outcome, population=population)
        .select_related("study", "upload")
        .defer("upload__content", "upload__reading")
        .order_by("position", "pk")
    )


def input_of(result: StudyResult) -> dict[str, Any]:
    """One study as it goes into an analysis and is stored with it, by `entry_of`; and the file that it came in."""
    return entry_of(result) | {"upload": result.upload.sha256}


def entry_of(result: StudyResult) -> dict[str, Any]:
    """One study as it is pooled: the numbers of its own kind, and what they are. `result` comes with its study."""
    kind = DataKind(result.kind)
    names = (*ABOUT, *NUMBERS[kind], *(("measure",) if kind is DataKind.ESTIMATE else ()), *REMARKS)
    return {
        "study": result.study.label,
        "n_trials": result.study.n_trials,
        "kind": str(kind),
        **{name: getattr(result, name) for name in names},
    }


def pool_inputs(inputs: Sequence[Mapping[str, Any]], spec: PoolingSpec) -> PooledResult:
    """Raises DoesNotFit where the studies bring what this specification cannot be made from."""
    if reason := misfit(inputs, spec):
        raise DoesNotFit(reason)
    return pool([study_of(entry) for entry in inputs], spec)


def values_of(inputs: Sequence[Mapping[str, Any]], result: PooledResult) -> RowValues:
    """The row: all studies with data and all their people; the effect only where it has both limits."""
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
        **totals_of(inputs),
    )


def table_beside(
    rows: Sequence[OutcomeRow],
    tables: Sequence[OutcomeTable],
    place: tuple[int | None, int | None],
    measure: str,
) -> OutcomeTable | None:
    """Where a recomputed row of this outcome and population (their ids) belongs, None where no table fits.

    That is beside what is there for the same outcome and population, else in a table of its measure. `rows` and
    `tables` are all of the question. Raises Refused where the row would stand among rows of another measure, under
    whose heading it would be misread.
    """
    own = [row for row in rows if (row.outcome_id, row.population_id) == place]
    others = [row for row in rows if row not in own or row.source == ValueSource.REPORTED]
    own_tables = {row.table_id for row in own}
    with_outcome = {row.table_id for row in rows if row.outcome_id == place[0]}
    for table in sorted(tables, key=lambda t: (t.pk not in own_tables, t.pk not in with_outcome, t.number)):
        measures = {row.measure for row in others if row.table_id == table.pk and row.measure}
        if measures <= {measure}:
            return table
        if table.pk in own_tables:
            raise Refused(misread(table.number, measures, measure))
    return None


def rating_facts(result: PooledResult) -> dict[str, float | None]:
    """What the certainty of the evidence is rated by beside the row's own values.

    The prediction interval is on the natural scale, `egger_p` the P of Egger's test on the studies in the analysis.
    None where there is none: too few studies, or a test that cannot be computed.
    """
    egger = egger_test([s.estimate for s in result.studies], [s.se for s in result.studies])
    return {
        "prediction_low": result.prediction_low_natural,
        "prediction_high": result.prediction_high_natural,
        "egger_p": egger.p_value if isinstance(egger, RegressionTest) else None,
    }


def median_comparison_risk(inputs: Sequence[Mapping[str, Any]]) -> dict[str, Any] | None:
    """The median of the trials' risks in their comparison arms, and of how many: {"risk": proportion, "trials": n}.

    None where the studies bring no counts, and where one of them stands for several trials, whose risks are not known.
    """
    if not inputs or any(
        DataKind(row["kind"]) is not DataKind.COUNTS or row["n_trials"] > 1 for row in inputs
    ):
        return None
    risk = median_risk((row["events_comparison"], row["n_comparison"]) for row in inputs)
    return {"risk": float(risk), "trials": len(inputs)}


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
