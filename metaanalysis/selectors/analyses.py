"""An analysis with everything its page says."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from etd.domain import numbers
from etd.enums import Measure
from etd.models import Question
from etd.selectors import EtdView, RowView, arm
from metaanalysis.analyses import COUNTS
from metaanalysis.plots.drawing import Plot
from metaanalysis.plots.forest import effect_text, forest_plot
from metaanalysis.importers import ParsedTable, StudyRow
from metaanalysis.models import Analysis, UploadStatus
from metaanalysis.selectors.study_data import StudyLine, UploadLine, study_line, upload_line, uploads_of
from metaanalysis.wording import CI_METHODS, MEASURES, fitting_i2, misread
from metaanalysis.wording import specification as in_words


@dataclass(frozen=True)
class Figure:
    name: str
    value: str


@dataclass(frozen=True)
class ComparedRow:
    """One line of "Reported and recomputed"."""

    name: str
    kind: str
    n_studies: str
    intervention: str
    comparison: str
    measure: str
    effect: str
    p_value: str
    i_squared: str


@dataclass(frozen=True)
class AnalysisView:
    """One analysis, stored or only looked at (`is_stored`), with everything its page says."""

    row_id: int
    outcome: str
    population: str
    headline: str
    misread: str
    n_studies: int
    n_people: str
    plot: Plot
    caveats: tuple[str, ...]
    compared: tuple[ComparedRow, ...]
    figures: tuple[Figure, ...]
    note: str
    studies: tuple[StudyLine, ...]
    method: str
    is_stored: bool
    made_at: datetime
    made_by: str
    files: tuple[UploadLine, ...]
    engine: tuple[tuple[str, str], ...]
    input_digest: str
    number: int


def latest_analysis(question: Question, row_id: int) -> Analysis | None:
    """The newest analysis behind a recomputed row of this question."""
    return (
        Analysis.objects.filter(row_id=row_id, row__table__question=question)
        .select_related("row__outcome__question", "row__population", "row__table", "created_by")
        .order_by("-pk")
        .first()
    )


def stored_view(etd: EtdView, analysis: Analysis) -> AnalysisView:
    """The analysis as it was stored: nothing is calculated anew."""
    provenance = analysis.row.provenance or {}
    return _view(
        etd,
        analysis,
        spec=analysis.spec,
        result=analysis.result,
        caveats=tuple(provenance.get("caveats", ())),
        is_stored=True,
    )


def tried_view(
    etd: EtdView,
    analysis: Analysis,
    *,
    spec: Mapping[str, Any],
    result: Mapping[str, Any],
    caveats: tuple[str, ...],
) -> AnalysisView:
    """The same data by another method, only looked at."""
    return _view(etd, analysis, spec=spec, result=result, caveats=caveats, is_stored=False)


def _view(
    etd: EtdView,
    analysis: Analysis,
    *,
    spec: Mapping[str, Any],
    result: Mapping[str, Any],
    caveats: tuple[str, ...],
    is_stored: bool,
) -> AnalysisView:
    row, inputs = analysis.row, analysis.inputs
    hashes = {entry["upload"] for entry in inputs}
    uploads = [upload_line(u) for u in uploads_of(row.outcome.question) if u.sha256 in hashes]
    return AnalysisView(
        row_id=row.pk,
        outcome=str(row.outcome),
        population=row.population.label,
        headline=f"{MEASURES[result['measure']]} {effect_text(result, result['measure'])}",
        misread=_misread(etd, row.pk, result["measure"]),
        n_studies=row.n_studies,
        n_people=numbers.count(sum(e["n_intervention"] + e["n_comparison"] for e in inputs)),
        plot=forest_plot(
            result,
            inputs=inputs,
            outcome=str(row.outcome),
            better=row.outcome.better,
            intervention_label=etd.intervention_label,
            comparison_label=etd.comparison_label,
        ),
        caveats=caveats,
        compared=_compared(etd, analysis, spec, result, is_stored=is_stored),
        figures=tuple(_figures(result)),
        note=result.get("note") or "",
        studies=_analysed(inputs, result),
        method=in_words(spec, result.get("ci_method")),
        is_stored=is_stored,
        made_at=analysis.created_at,
        made_by=str(analysis.created_by),
        files=tuple(upload for upload in uploads if upload.status == UploadStatus.CONFIRMED),
        engine=tuple(sorted(analysis.engine.items())),
        input_digest=analysis.input_digest,
        number=analysis.pk,
    )


def _misread(etd: EtdView, row_id: int, measure: str) -> str:
    """Why a result by this measure cannot stand in the row's table; empty where it can."""
    for table in etd.tables:
        rows = [row for group in table.groups for row in group.rows]
        if row_id in {row.id for row in rows}:
            held = {row.measure for row in rows if row.id != row_id and row.measure}
            return misread(table.number, held, measure) if not held <= {measure} else ""
    return ""


def _compared(
    etd: EtdView,
    analysis: Analysis,
    spec: Mapping[str, Any],
    result: Mapping[str, Any],
    *,
    is_stored: bool,
) -> tuple[ComparedRow, ...]:
    place = (analysis.row.outcome_id, analysis.row.population_id)
    rows = [
        row
        for table in etd.tables
        for group in table.groups
        for row in group.rows
        if (row.outcome_id, row.population_id) == place
    ]
    lines = [_reported_line(row) for row in rows if not row.is_computed]
    lines += [_recomputed_line(row) for row in rows if row.is_computed]
    if not is_stored:
        lines.append(_tried_line(analysis.inputs, spec, result))
    return tuple(lines)


def _reported_line(row: RowView) -> ComparedRow:
    return _compared_row(row, "Reported in the document", "reported")


def _recomputed_line(row: RowView) -> ComparedRow:
    return _compared_row(row, "Recomputed from study counts", "computed")


def _compared_row(row: RowView, name: str, kind: str) -> ComparedRow:
    return ComparedRow(
        name=name,
        kind=kind,
        n_studies=f"{row.n_studies}{row.footnote_mark}",
        intervention=row.intervention,
        comparison=row.comparison,
        measure=Measure(row.measure).label if row.measure else "",
        effect=row.effect,
        p_value=row.p_value,
        i_squared=row.i_squared,
    )


def _tried_line(
    inputs: Sequence[Mapping[str, Any]], spec: Mapping[str, Any], result: Mapping[str, Any]
) -> ComparedRow:
    totals = {name: sum(entry[name] for entry in inputs) for name in COUNTS}
    i2, _ = fitting_i2(result["tau2_method"], result["i2"], result["i2_tau2"])
    return ComparedRow(
        name="As chosen beside the plot, not stored",
        kind="tried",
        n_studies=str(sum(entry["n_trials"] for entry in inputs)),
        intervention=arm(totals["events_intervention"], totals["n_intervention"]),
        comparison=arm(totals["events_comparison"], totals["n_comparison"]),
        measure=MEASURES[spec["measure"]],
        effect=effect_text(result, result["measure"]),
        p_value="-" if result["p_value"] is None else numbers.p_value(result["p_value"]),
        i_squared="-" if i2 is None else f"{numbers.rounded(i2, 0)}%",
    )


def _figures(result: Mapping[str, Any]) -> Iterable[Figure]:
    """Every statistic with three decimals; what was not estimated is left out, and the note says why."""
    measure, name = result["measure"], MEASURES[result["measure"]]
    estimate, low, high = result["estimate"], result["ci_low"], result["ci_high"]
    if estimate is not None:
        whole = low is not None and high is not None
        text = (
            numbers.effect(estimate, low, high, measure, 3)
            if whole
            else numbers.effect_number(estimate, measure, 3)
        )
        yield Figure(f"{name} (95% CI)", text)
    else:
        yield Figure(name, "not estimable")
    if result["ci_method"]:
        yield Figure("Interval", CI_METHODS[result["ci_method"]])
    scale = "" if measure == "RD" else " (log scale)"
    yield from _figure(f"Standard error{scale}", result["se"])
    if result["p_value"] is not None:
        yield Figure("P for the effect", numbers.p_value(result["p_value"]))
    yield Figure("Studies in the analysis (k)", str(result["k"]))
    if result["q"] is not None:
        yield Figure("Q", f"{numbers.rounded(result['q'], 3)} on {result['q_df']} df")
    if result["q_p"] is not None:
        yield Figure("P for heterogeneity", numbers.p_value(result["q_p"]))
    yield from _tau2(result)
    yield from _figure("I², from Q", result["i2"], percent=True)
    yield from _figure("I², from τ²", result["i2_tau2"], percent=True)
    if result["prediction_low"] is not None and result["prediction_high"] is not None:
        text = numbers.effect_interval(result["prediction_low"], result["prediction_high"], measure, 3)
        yield Figure("95% prediction interval", text)


def _tau2(result: Mapping[str, Any]) -> Iterable[Figure]:
    if result["tau2"] is None:
        return
    text = numbers.rounded(result["tau2"], 3)
    low, high = result["tau2_ci_low"], result["tau2_ci_high"]
    if low is not None and high is not None:
        text += f" ({numbers.interval(low, high, 3)})"
    yield Figure("τ² (95% Q-profile interval)" if low is not None else "τ²", text)


def _figure(name: str, value: float | None, *, percent: bool = False) -> Iterable[Figure]:
    if value is not None:
        yield Figure(name, f"{numbers.rounded(value, 1)}%" if percent else numbers.rounded(value, 3))


def _analysed(inputs: Sequence[Mapping[str, Any]], result: Mapping[str, Any]) -> tuple[StudyLine, ...]:
    reasons = {entry["study"]: entry["reason"] for entry in result["excluded"]}
    return tuple(study_line(entry, reasons.get(entry["study"], "")) for entry in inputs)


def data_table(analysis: Analysis) -> ParsedTable:
    """The studies behind an analysis as a study table, to be written as a file that can be uploaded again."""
    names = ("year", "timepoint", "subgroup", "source", "note", *COUNTS)
    return ParsedTable(
        rows=tuple(
            StudyRow(
                row=number,
                study=entry["study"],
                outcome=analysis.row.outcome.name,
                population=analysis.row.population.label,
                **{name: entry[name] for name in names},
            )
            for number, entry in enumerate(analysis.inputs, start=2)
        )
    )
