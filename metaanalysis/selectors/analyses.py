"""An analysis with everything its page says."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from etd.domain import numbers
from etd.enums import Measure
from etd.models import Question
from etd.selectors import EtdView, RowView, arm
from metaanalysis import specification
from metaanalysis.beyond import Beyond, beyond
from metaanalysis.computation import Step, computation
from metaanalysis.importers import ParsedTable, StudyRow
from metaanalysis.kinds import MEASURES_OF, NUMBERS, kind_of, misfit, study_of, totals_of
from metaanalysis.models import Analysis, UploadStatus
from metaanalysis.plots.drawing import Plot
from metaanalysis.plots.forest import GroupedBy, effect_text, forest_plot
from metaanalysis.sections import Sections, sections
from metaanalysis.selectors.methods import MethodLine, method_history
from metaanalysis.selectors.study_data import StudyLine, UploadLine, study_line, upload_line, uploads_of
from metaanalysis.stats.report import (
    cumulative_to_json,
    leave_one_out_to_json,
    result_to_json,
    small_study_to_json,
    subgroups_to_json,
)
from metaanalysis.stats.types import Measure as PooledMeasure
from metaanalysis.stats.types import PooledResult, PoolingSpec, StudyData
from metaanalysis.wording import MEASURES, fitting_i2, misread
from metaanalysis.wording import specification as in_words

SAME = 1e-9
COMPUTED_ANEW = (
    "Computed anew with the programs of today, this analysis gives {now} instead of the stored {then}: the sections "
    "below belong to the new numbers. Use the method again to store them."
)


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
class Shown:
    """What is looked at: an analysis' studies pooled by a specification, in the chosen order.

    `pooled` is computed now; `result` are the values that the page shows, the stored ones where `is_stored`.
    """

    analysis: Analysis
    spec: PoolingSpec
    pooled: PooledResult
    result: Mapping[str, Any]
    caveats: tuple[str, ...]
    is_stored: bool
    order: str = "year"
    with_subgroups: bool = True

    @cached_property
    def studies(self) -> list[StudyData]:
        return [study_of(entry) for entry in self.analysis.inputs]

    @cached_property
    def beyond(self) -> Beyond:
        return beyond(self.studies, self.spec, self.pooled)

    @cached_property
    def sections(self) -> Sections:
        main = specification.from_json(self.analysis.spec)
        return sections(self.studies, self.beyond, outcome=str(self.analysis.row.outcome), main=main)

    @property
    def grouped(self) -> GroupedBy | None:
        return self.sections.grouped if self.with_subgroups else None

    @property
    def differs_from_stored(self) -> str:
        """Why what is computed now is not what was stored; empty where it is the same, as it should be."""
        if not self.is_stored:
            return ""
        now = result_to_json(self.pooled)
        names = ("estimate", "ci_low", "ci_high", "tau2")
        if all(_same(now[name], self.result.get(name)) for name in names):
            return ""
        measure = self.result["measure"]
        return COMPUTED_ANEW.format(now=effect_text(now, measure), then=effect_text(self.result, measure))


def _same(one: Any, other: Any) -> bool:
    if one is None or other is None:
        return one is other
    return math.isclose(one, other, rel_tol=SAME, abs_tol=SAME)


@dataclass(frozen=True)
class AnalysisView:
    """One analysis, stored or only looked at (`is_stored`), with everything its page says."""

    row_id: int
    outcome: str
    population: str
    headline: str
    rule: str
    misread: str
    n_studies: int
    n_people: str
    plot: Plot
    narrow_plot: Plot
    caveats: tuple[str, ...]
    compared: tuple[ComparedRow, ...]
    steps: tuple[Step, ...]
    sections: Sections
    note: str
    differs_from_stored: str
    studies: tuple[StudyLine, ...]
    method: str
    history: tuple[MethodLine, ...]
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


def measures_of(analysis: Analysis) -> tuple[PooledMeasure, ...]:
    """What the studies of an analysis can be pooled as: by their kind, and by what their file says they are."""
    kind = kind_of(analysis.inputs[0]) if analysis.inputs else kind_of({})
    return tuple(
        measure for measure in MEASURES_OF[kind] if not misfit(analysis.inputs, PoolingSpec(measure=measure))
    )


def has_subgroups(analysis: Analysis) -> bool:
    return len({entry.get("subgroup") or "" for entry in analysis.inputs}) > 1


def analysis_view(etd: EtdView, shown: Shown) -> AnalysisView:
    analysis, result = shown.analysis, shown.result
    row, inputs = analysis.row, analysis.inputs
    hashes = {entry["upload"] for entry in inputs}
    uploads = [upload_line(u) for u in uploads_of(row.outcome.question) if u.sha256 in hashes]
    people = totals_of(inputs)
    n_people = [n for n in (people["n_intervention"], people["n_comparison"]) if n is not None]
    return AnalysisView(
        row_id=row.pk,
        outcome=str(row.outcome),
        population=row.population.label,
        headline=f"{MEASURES[result['measure']]} {effect_text(result, result['measure'])}",
        rule=_rule(shown),
        misread=_misread(etd, row.pk, result["measure"]),
        n_studies=row.n_studies,
        n_people=numbers.count(sum(n_people)) if n_people else "",
        plot=plot_of(shown, etd),
        narrow_plot=plot_of(shown, etd, narrow=True),
        caveats=shown.caveats,
        compared=_compared(etd, analysis, shown, result),
        steps=computation(shown.studies, shown.pooled),
        sections=shown.sections,
        note=result.get("note") or "",
        differs_from_stored=shown.differs_from_stored,
        studies=_analysed(inputs, result),
        method=in_words(specification.to_json(shown.spec), result.get("ci_method"), shown.pooled.kind),
        history=method_history(row.outcome, row.population),
        is_stored=shown.is_stored,
        made_at=analysis.created_at,
        made_by=str(analysis.created_by),
        files=tuple(upload for upload in uploads if upload.status == UploadStatus.CONFIRMED),
        engine=tuple(sorted(analysis.engine.items())),
        input_digest=analysis.input_digest,
        number=analysis.pk,
    )


def plot_of(shown: Shown, etd: EtdView, *, narrow: bool = False) -> Plot:
    outcome = shown.analysis.row.outcome
    return forest_plot(
        shown.result,
        inputs=shown.analysis.inputs,
        outcome=str(outcome),
        better=outcome.better_by(shown.spec.measure),
        intervention_label=etd.intervention_label,
        comparison_label=etd.comparison_label,
        plot_id="forest-plot-narrow" if narrow else "forest-plot",
        order=shown.order,
        grouped=shown.grouped,
        narrow=narrow,
    )


def _rule(shown: Shown) -> str:
    """What the interval by rule came to, and why; empty where the interval was chosen."""
    result, spec = shown.pooled, shown.spec
    if spec.ci_method != "auto" or spec.model != "random" or result.ci_method is None:
        return ""
    tau2 = "τ² is above 0" if result.tau2 else "τ² is 0"
    if result.ci_method == "hksj":
        return f"By rule: Hartung-Knapp-Sidik-Jonkman, because there are three or more studies and {tau2}."
    why = tau2 if result.k >= 3 else "there are fewer than three studies"
    return f"By rule: Wald, because {why}."


def result_document(shown: Shown) -> dict[str, Any]:
    """Everything the page shows as plain values, for a program."""
    analysis, found = shown.analysis, shown.beyond
    document: dict[str, Any] = {
        "outcome": str(analysis.row.outcome),
        "population": analysis.row.population.label,
        "spec": specification.to_json(shown.spec),
        "is_stored": shown.is_stored,
        "input_digest": analysis.input_digest,
        **(dict(shown.result) if shown.is_stored else result_to_json(shown.pooled)),
    }
    if found.subgroups is not None:
        document |= subgroups_to_json(found.subgroups)
    document |= leave_one_out_to_json(found.left_out)
    document |= cumulative_to_json(found.cumulative)
    document |= small_study_to_json(found.small_studies, found.trim_and_fill)
    document["inputs"] = analysis.inputs
    document["versions"] = analysis.engine
    return document


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
    shown: Shown,
    result: Mapping[str, Any],
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
    if not shown.is_stored:
        lines.append(_tried_line(analysis.inputs, result))
    return tuple(lines)


def _reported_line(row: RowView) -> ComparedRow:
    return _compared_row(row, "Reported in the document", "reported")


def _recomputed_line(row: RowView) -> ComparedRow:
    return _compared_row(row, "Recomputed from the studies", "computed")


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


def _tried_line(inputs: Sequence[Mapping[str, Any]], result: Mapping[str, Any]) -> ComparedRow:
    totals = totals_of(inputs)
    i2, _ = fitting_i2(result["tau2_method"], result["i2"], result["i2_tau2"])
    return ComparedRow(
        name="As chosen beside the plot, not stored",
        kind="tried",
        n_studies=str(sum(entry["n_trials"] for entry in inputs)),
        intervention=arm(totals["events_intervention"], totals["n_intervention"]),
        comparison=arm(totals["events_comparison"], totals["n_comparison"]),
        measure=MEASURES[result["measure"]],
        effect=effect_text(result, result["measure"]),
        p_value="-" if result["p_value"] is None else numbers.p_value(result["p_value"]),
        i_squared="-" if i2 is None else f"{numbers.rounded(i2, 0)}%",
    )


def _analysed(inputs: Sequence[Mapping[str, Any]], result: Mapping[str, Any]) -> tuple[StudyLine, ...]:
    reasons = {entry["study"]: entry["reason"] for entry in result["excluded"]}
    return tuple(study_line(entry, reasons.get(entry["study"], "")) for entry in inputs)


def data_table(analysis: Analysis) -> ParsedTable:
    """The studies behind an analysis as a study table, to be written as a file that can be uploaded again."""
    about = ("year", "timepoint", "subgroup", "source", "note")
    return ParsedTable(
        rows=tuple(
            StudyRow(
                row=number,
                study=entry["study"],
                kind=str(kind_of(entry)),  # type: ignore[arg-type]
                measure=entry.get("measure") or "",
                outcome=analysis.row.outcome.name,
                population=analysis.row.population.label,
                **{name: entry[name] for name in (*about, *NUMBERS[kind_of(entry)])},
            )
            for number, entry in enumerate(analysis.inputs, start=2)
        )
    )
