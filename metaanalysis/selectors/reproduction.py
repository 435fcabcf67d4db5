"""Reported rows against the stored studies of their outcome and population, by every method that is offered."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from etd.domain import numbers
from etd.domain.integrity.rows import EFFECT_COLUMNS, ReportedRow, unreadable_cells
from etd.domain.integrity.stored_rows import StoredRow, as_reported
from etd.enums import ValueSource
from etd.models import OutcomeRow, Question
from etd.selectors import EtdView, RowView, arm
from metaanalysis.analyses import entry_of
from metaanalysis.kinds import kinds_of, named_measures, study_of, totals_of
from metaanalysis.models import Analysis, StudyResult
from metaanalysis.reproduction import COLUMN_NAMES, Attempt, Reproduction, offered, reproduce
from metaanalysis.stats.types import Measure, StudyData
from metaanalysis.wording import MEASURES, fitting_i2

MOST_TRIED = 50_000
"""Studies times methods that one page tries, a second or two of work; the rows beyond it are tried one by one."""
QUICK = 4_000
"""Studies times methods that are tried on the way, beside an analysis."""

_NUMBERS = (
    "n_studies", "events_intervention", "n_intervention", "events_comparison", "n_comparison", "measure", "estimate",
    "ci_low", "ci_high", "p_value", "i_squared", "printed",
)  # fmt: skip


class Verdict(StrEnum):
    """What came of trying, in two or three words; none of them says that a row is wrong."""

    REPRODUCED = "Reproduced"
    EFFECT = "Estimate and interval reproduced"
    OTHER_STUDIES = "Other studies are stored"
    NOT_REPRODUCED = "Not by the methods here"
    NOT_TRIED = "Not tried"
    LATER = "Not tried yet"

    @property
    def is_reproduced(self) -> bool:
        return self is Verdict.REPRODUCED


@dataclass(frozen=True)
class AttemptLine:
    """The numbers that one or more methods give, as they read with three decimals.

    `differs_in` says which printed ones they do not give, empty where they give all.
    """

    methods: tuple[str, ...]
    effect: str
    p_value: str
    i_squared: str
    differs_in: str


@dataclass(frozen=True)
class Tried:
    """What became of one row. `attempts` begin with the methods that come nearest; `n_methods` were tried.

    `n_trials`, `intervention` and `comparison` are those of the stored studies, as a row prints them.
    """

    verdict: Verdict
    sentence: str
    attempts: tuple[AttemptLine, ...] = ()
    n_methods: int = 0
    n_trials: int = 0
    intervention: str = ""
    comparison: str = ""


@dataclass(frozen=True)
class RowReproduction:
    """A reported row as it is printed, and what became of it. `computed_row_id` is that of the recomputed row."""

    row: RowView
    outcome: str
    table_number: int
    n_stored: int
    tried: Tried
    computed_row_id: int | None


@dataclass(frozen=True)
class ReportedBeside:
    """The reported row that an analysis is compared with; `sentence` is empty where trying it would not be quick."""

    row_id: int
    sentence: str


@dataclass(frozen=True)
class ReproductionView:
    """`rows` are those with stored studies; `is_one` that only the row asked for was tried."""

    rows: tuple[RowReproduction, ...]
    without_studies: tuple[RowReproduction, ...]
    is_one: bool

    @property
    def n_later(self) -> int:
        return sum(row.tried.verdict is Verdict.LATER for row in self.rows)


def load_reproduction(question: Question, etd: EtdView, only: int | None = None) -> ReproductionView:
    """Every reported row of the question, or the one with the id `only`, in two queries.

    Of many and large analyses those beyond MOST_TRIED are left for pages of their own.
    """
    reported = {
        row.pk: row
        for row in OutcomeRow.objects.filter(table__question=question, source=ValueSource.REPORTED)
        if only is None or row.pk == only
    }
    entries: dict[tuple[int, int], list[dict[str, Any]]] = {}
    for result in (
        StudyResult.objects.filter(study__question=question)
        .select_related("study")
        .order_by("position", "pk")
    ):
        entries.setdefault((result.outcome_id, result.population_id), []).append(entry_of(result))
    left = MOST_TRIED
    found = []
    for number, outcome, view, computed in _printed_rows(etd):
        if view.id not in reported:
            continue
        studies = entries.get((view.outcome_id, view.population_id), [])
        work = effort(reported[view.id], studies)
        if only is None and work > left:
            tried = Tried(Verdict.LATER, _later(studies))
        else:
            left -= work
            tried = try_row(reported[view.id], studies)
        found.append(RowReproduction(view, outcome, number, len(studies), tried, computed))
    return ReproductionView(
        rows=tuple(row for row in found if row.n_stored),
        without_studies=tuple(row for row in found if not row.n_stored),
        is_one=only is not None,
    )


def reported_beside(analysis: Analysis) -> ReportedBeside | None:
    """The reported row of an analysis' outcome and population against its studies; None where there is none."""
    place = {"outcome": analysis.row.outcome_id, "population": analysis.row.population_id}
    row = OutcomeRow.objects.filter(**place, source=ValueSource.REPORTED).order_by("table__number").first()
    if row is None:
        return None
    is_quick = effort(row, analysis.inputs) <= QUICK
    return ReportedBeside(row.pk, try_row(row, analysis.inputs).sentence if is_quick else "")


def effort(row: OutcomeRow, entries: Sequence[Mapping[str, Any]]) -> int:
    """Studies times methods."""
    if _why_not(row, entries):
        return 0
    return len(entries) * len(offered(_studies(entries), Measure(row.measure)))


def try_row(row: OutcomeRow, entries: Sequence[Mapping[str, Any]]) -> Tried:
    """A reported row against studies, as `metaanalysis.analyses.entry_of` gives them."""
    if why := _why_not(row, entries):
        return Tried(Verdict.NOT_TRIED, why)
    reported, unread = _readable(row)
    n_trials = sum(entry["n_trials"] for entry in entries)
    found = reproduce(_studies(entries), reported, n_trials=n_trials)
    if not found.attempts:
        return Tried(Verdict.NOT_TRIED, found.sentence())
    nearest_first = sorted(found.attempts, key=lambda attempt: (-len(attempt.matches), attempt.distance))
    totals = totals_of(entries)
    return Tried(
        verdict=_verdict(found),
        sentence=" ".join((found.sentence(), *unread)),
        attempts=_lines(nearest_first),
        n_methods=len(found.attempts),
        n_trials=n_trials,
        intervention=arm(totals["events_intervention"], totals["n_intervention"]),
        comparison=arm(totals["events_comparison"], totals["n_comparison"]),
    )


def _printed_rows(etd: EtdView) -> Iterator[tuple[int, str, RowView, int | None]]:
    """Number of the table, outcome, reported row, and the id of the recomputed one of the same place."""
    groups = [(table.number, group) for table in etd.tables for group in table.groups]
    computed = {
        (row.outcome_id, row.population_id): row.id
        for _, group in groups
        for row in group.rows
        if row.is_computed
    }
    for number, group in groups:
        for row in group.rows:
            if not row.is_computed:
                yield number, group.name, row, computed.get((row.outcome_id, row.population_id))


def _studies(entries: Sequence[Mapping[str, Any]]) -> list[StudyData]:
    return [study_of(entry) for entry in entries]


def _why_not(row: OutcomeRow, entries: Sequence[Mapping[str, Any]]) -> str:
    """Why a row is not tried at all; empty where it is."""
    if not entries:
        return "No study results are stored."
    if None in (row.estimate, row.ci_low, row.ci_high):
        return "The row has no effect with an interval to reproduce."
    if row.measure == Measure.GIV:
        return "The scale of this row’s effect is not known, so that no method can be compared with it."
    if len(kinds_of(entries)) > 1:
        return "The stored studies bring several kinds of data, which are not pooled together."
    if (named := named_measures(entries)) and named != [row.measure]:
        words = " and the ".join(MEASURES[measure].lower() for measure in named)
        return f"The stored estimates are of the {words}, and this row is of the {MEASURES[row.measure].lower()}."
    if unread := [error for error in unreadable_cells(_reported(row)) if error.column in EFFECT_COLUMNS]:
        return f"“{unread[0].value}” could not be read as a number, so that nothing can be compared with it."
    return ""


def _reported(row: OutcomeRow) -> ReportedRow:
    values = {name: getattr(row, name) for name in _NUMBERS}
    return as_reported(StoredRow(id=row.pk, table=row.table_id, outcome="", population="", **values), 1)


def _readable(row: OutcomeRow) -> tuple[ReportedRow, list[str]]:
    """The row without the cells that cannot be read, and a sentence on each."""
    reported = _reported(row)
    unread = unreadable_cells(reported)
    said = [
        f"“{error.value}” for {COLUMN_NAMES.get(error.column, 'a count')} could not be read as a number and is not "
        "compared."
        for error in unread
    ]
    unreadable: dict[str, Any] = {error.column: "" for error in unread}
    return replace(reported, **unreadable), said


def _verdict(found: Reproduction) -> Verdict:
    if found.by:
        return Verdict.REPRODUCED
    if found.effect_by:
        return Verdict.EFFECT
    return Verdict.OTHER_STUDIES if found.other_studies else Verdict.NOT_REPRODUCED


def _lines(attempts: Sequence[Attempt]) -> tuple[AttemptLine, ...]:
    """Methods whose numbers read the same are one line, where the first of them stands."""
    same: dict[tuple[str, str, str, str], list[str]] = {}
    for attempt in attempts:
        result = attempt.result
        i2, _ = fitting_i2(result.spec.tau2_method, result.i2, result.i2_tau2)
        p = numbers.EN_DASH if result.p_value is None else numbers.p_value(result.p_value)
        i_squared = numbers.EN_DASH if i2 is None else f"{numbers.rounded(i2, 1)}%"
        of_row = attempt.words.removeprefix(f"{MEASURES[result.measure]}, ")
        same.setdefault((attempt.effect, p, i_squared, attempt.differs_in), []).append(of_row)
    return tuple(
        AttemptLine(tuple(methods), effect, p, i_squared, differs_in)
        for (effect, p, i_squared, differs_in), methods in same.items()
    )


def _later(entries: Sequence[Mapping[str, Any]]) -> str:
    n = numbers.count(len(entries))
    return f"{n} studies by every method take a while, so this row waits until it is asked for."
