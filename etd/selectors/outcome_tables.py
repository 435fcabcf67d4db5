"""Outcome tables as they are printed: numbers as text, and each row's effect as a small plot."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from etd.domain import certainty, numbers
from etd.domain.effect_axis import Axis, favours
from etd.domain.footnotes import Footnotes
from etd.domain.small_plot import SmallPlot, group_axis, small_plot, table_axis
from etd.enums import CertaintyLevel, Measure, ValueSource
from etd.evidence import ROW_VALUES
from etd.models import OutcomeRow, OutcomeTable, Question
from etd.stored import Stored


@dataclass(frozen=True)
class RowView:
    """One line of an outcome table, its numbers as they are printed. `values` are the raw numbers."""

    id: int
    outcome_id: int
    population_id: int
    population: str
    source: str
    source_label: str
    is_computed: bool
    is_stale: bool
    n_studies: int
    footnote_mark: str
    intervention: str
    comparison: str
    effect: str
    p_value: str
    i_squared: str
    measure: str
    values: Mapping[str, Any]
    provenance: Mapping[str, Any] | None
    plot: SmallPlot | None

    @property
    def caveats(self) -> tuple[str, ...]:
        """What a reader must know beside a recomputed number, as sentences."""
        return tuple((self.provenance or {}).get("caveats", ()))


@dataclass(frozen=True)
class OutcomeGroup:
    """The rows of one outcome, under its name; `certainty_marks` are the letters of the table's footnotes on it."""

    id: int
    name: str
    better: str
    certainty: str
    certainty_symbols: str
    certainty_marks: tuple[str, ...]
    rows: tuple[RowView, ...]

    @property
    def recomputed_populations(self) -> frozenset[int]:
        """The populations of which a recomputed row stands beside the reported one."""
        return frozenset(row.population_id for row in self.rows if row.is_computed)


@dataclass(frozen=True)
class OutcomeTableView:
    id: int
    number: int
    title: str
    criterion_key: str
    abbreviations: str
    footnotes: str
    measure: str
    measure_label: str
    groups: tuple[OutcomeGroup, ...]
    favours_left: str
    favours_right: str
    certainty_notes: tuple[tuple[str, str], ...]

    @property
    def export_key(self) -> str:
        """What names it in the address of a file."""
        return f"table-{self.number}"


def load_tables(stored: Stored, reasons: Mapping[int, Sequence[str]]) -> tuple[OutcomeTableView, ...]:
    """Every outcome table of the question; `reasons` say why the certainty of each outcome (by its id) was changed."""
    rows: dict[int, list[OutcomeRow]] = {}
    for row in stored.rows:
        rows.setdefault(row.table_id, []).append(row)
    return tuple(_table(stored.question, table, rows.get(table.pk, []), reasons) for table in stored.tables)


def _table(
    question: Question, table: OutcomeTable, rows: list[OutcomeRow], reasons: Mapping[int, Sequence[str]]
) -> OutcomeTableView:
    measure = next((row.measure for row in rows if row.measure), Measure.OR)
    betters = {row.outcome.better_by(measure) for row in rows}
    left, right = (
        favours(
            measure,
            betters.pop(),
            intervention=question.intervention_label,
            comparison=question.comparison_label,
        )
        if len(betters) == 1
        else ("", "")
    )
    groups: dict[int, list[OutcomeRow]] = {}
    for row in rows:
        groups.setdefault(row.outcome_id, []).append(row)
    whole = table_axis(measure, map(_values, rows))
    notes = Footnotes()
    marks = {outcome_id: notes.marks(reasons.get(outcome_id, ())) for outcome_id in groups}
    return OutcomeTableView(
        id=table.pk,
        number=table.number,
        title=table.title,
        criterion_key=table.criterion_key,
        abbreviations=table.abbreviations,
        footnotes=table.footnotes,
        measure=measure,
        measure_label=Measure(measure).label,
        groups=tuple(_group(group, whole, measure, marks[key]) for key, group in groups.items()),
        favours_left=left,
        favours_right=right,
        certainty_notes=notes.items,
    )


def _group(rows: list[OutcomeRow], whole: Axis, measure: str, marks: tuple[str, ...]) -> OutcomeGroup:
    outcome = rows[0].outcome
    axis = group_axis(measure, map(_values, rows), whole)
    return OutcomeGroup(
        id=outcome.pk,
        name=str(outcome),
        better=outcome.better,
        certainty=CertaintyLevel(outcome.certainty).label if outcome.certainty else "",
        certainty_symbols=certainty.symbols(outcome.certainty),
        certainty_marks=marks,
        rows=tuple(_row(row, axis, measure) for row in rows),
    )


def _row(row: OutcomeRow, axis: Axis, measure: str) -> RowView:
    values, effect = _values(row), effect_text(row)
    return RowView(
        id=row.pk,
        outcome_id=row.outcome_id,
        population_id=row.population_id,
        population=row.population.label,
        source=row.source,
        source_label=ValueSource(row.source).label,
        is_computed=row.source == ValueSource.COMPUTED,
        is_stale=row.is_stale,
        n_studies=row.n_studies,
        footnote_mark=row.footnote_mark,
        intervention=arm(
            row.events_intervention, row.n_intervention, row.printed.get("percent_intervention")
        ),
        comparison=arm(row.events_comparison, row.n_comparison, row.printed.get("percent_comparison")),
        effect=effect,
        p_value=row.printed.get("p_value") or ("-" if row.p_value is None else numbers.p_value(row.p_value)),
        i_squared=_i_squared(row),
        measure=row.measure,
        values=values,
        provenance=row.provenance,
        plot=small_plot(values, axis, f"{Measure(measure).label} {effect}"),
    )


def _values(row: OutcomeRow) -> dict[str, Any]:
    return {"id": row.pk, **{name: getattr(row, name) for name in ROW_VALUES}}


def arm(events: int | None, n: int | None, percent: str | None = None) -> str:
    """`190/406 (47%)`, the percentage as printed where the document printed one.

    `n = 406` where there are people without events (means), `-` where there is neither.
    """
    if n is None:
        return "-"
    if events is None:
        return f"n = {n}"
    return f"{events}/{n} ({percent or numbers.percent(events, n).removesuffix('%')}%)"


def effect_text(row: OutcomeRow) -> str:
    """`1.17 (0.97–1.42)`, in the document's own digits where it printed them; `-` where there is no effect."""
    if row.estimate is None or row.ci_low is None or row.ci_high is None:
        return "-"
    printed = row.printed
    if {"estimate", "ci_low", "ci_high"} <= printed.keys():
        low, high = printed["ci_low"], printed["ci_high"]
        between = " to " if (low + high).strip("0123456789.,") else numbers.EN_DASH
        return f"{printed['estimate']} ({low}{between}{high})"
    return numbers.effect(row.estimate, row.ci_low, row.ci_high, row.measure)


def _i_squared(row: OutcomeRow) -> str:
    if "i2" in row.printed and row.i_squared is not None:
        return f"{row.printed['i2']}%"
    return "-" if row.i_squared is None else f"{numbers.rounded(row.i_squared, 0)}%"
