"""The Summary of Findings and the evidence profile of a question: made anew each time, people's words laid over."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Prefetch, prefetch_related_objects

from etd.domain.absolute import Interval, rounds_away
from etd.domain.footnotes import Footnotes
from etd.domain.icon_array import IconArray, icon_array
from etd.domain.summary_cells import NOTHING, Absolute, Cell, Cells, Line, cells_of
from etd.domain.summary_tables import Layout, layouts, rows_revision, words_revision
from etd.enums import Measure, SummaryColumn, ValueSource
from etd.models import Outcome, OutcomeRow, Population, Question, SummaryEdit, SummaryRow
from etd.selectors.summary_facts import facts_of, results_among
from etd.stored import Stored

# What a table abbreviates; an effect as given has no name to spell out.
ABBREVIATED = tuple(measure for measure in Measure if measure != Measure.GIV)
ROW_VALUES = (
    "n_studies",
    "events_intervention",
    "n_intervention",
    "events_comparison",
    "n_comparison",
    "measure",
    "estimate",
    "ci_low",
    "ci_high",
)


@dataclass(frozen=True)
class EditView:
    """A cell that a person worded; `computed` is what it would say now, `was` what it said then."""

    computed: str
    was: str
    at: datetime
    by: str

    @property
    def has_changed(self) -> bool:
        return self.computed != self.was


@dataclass(frozen=True)
class LineView:
    """One line of a cell as it is shown; `marks` are the letters of its footnotes, `more` stands under it."""

    level: str
    text: str
    marks: tuple[str, ...]
    more: str = ""

    @property
    def parts(self) -> tuple[str, ...]:
        """The text in two where it ends with an interval or the like in brackets, so that a line breaks before it."""
        start, bracket, rest = self.text.partition(" (")
        return (start, f"({rest}") if bracket and rest.endswith(")") else (self.text,)


@dataclass(frozen=True)
class CellView:
    """A cell as it is shown. `made` is what we computed; `revision` names what a person's edit of it starts from."""

    column: str
    heading: str
    lines: tuple[LineView, ...]
    made: str
    revision: int
    edit: EditView | None = None

    @property
    def may_be_worded(self) -> bool:
        return self.column in SummaryColumn.values

    @property
    def is_empty(self) -> bool:
        return {line.text for line in self.lines} <= {"", NOTHING}

    @property
    def words(self) -> str:
        """What a person may word otherwise, as they would type it."""
        return "\n".join(str(Line(line.text, line.level)) for line in self.lines)


@dataclass(frozen=True)
class SummaryRowView:
    """One line; `values` are the raw numbers: proportions, effects on their natural scale."""

    id: int
    outcome: str
    population: str
    source: str
    source_label: str
    has_studies: bool
    cells: tuple[CellView, ...]
    values: Mapping[str, Any]

    @property
    def name(self) -> str:
        return f"{self.outcome}, {self.population}"


@dataclass(frozen=True)
class SummaryTableView:
    """One of the three tables. `footnotes` are pairs of letter and text, `notes` what holds for the whole table."""

    key: str
    title: str
    layout: Layout
    rows: tuple[SummaryRowView, ...]
    footnotes: tuple[tuple[str, str], ...]
    notes: tuple[str, ...]

    @property
    def n_edits(self) -> int:
        return sum(cell.edit is not None for row in self.rows for cell in row.cells)


@dataclass(frozen=True)
class Missing:
    """What could not be said, with the remedy, for those who can mend it, and the lines it is about."""

    sentence: str
    rows: tuple[str, ...]


@dataclass(frozen=True)
class RowEffects:
    """The absolute effects of one line at each comparator risk, with the polarity of its outcome."""

    outcome: str
    population: str
    better: str
    absolutes: tuple[Absolute, ...]


@dataclass(frozen=True)
class SummaryView:
    """The tables by key; `effects` are the absolute effects of the lines that have some."""

    people_per: int
    revision: int
    tables: Mapping[str, SummaryTableView]
    missing: tuple[Missing, ...]
    effects: tuple[RowEffects, ...]

    @property
    def has_rows(self) -> bool:
        return any(table.rows for table in self.tables.values())


@dataclass(frozen=True)
class Picture:
    """Natural frequencies of one line; `level` names the comparator risk where there are several."""

    row: str
    level: str
    array: IconArray


@dataclass(frozen=True)
class Candidate:
    """A line that could stand in the tables: an outcome in a population, with the sources that have numbers of it."""

    outcome_id: int
    outcome: str
    population_id: int
    population: str
    sources: tuple[str, ...]
    n_studies: int

    @property
    def only_source(self) -> str:
        return ValueSource(self.sources[0]).label


def load_summary(question: Question, stored: Stored | None = None) -> SummaryView:
    """All three tables from the same rows, in five queries, however many outcomes there are.

    All but one of them are of `stored`, where nobody has read it before.
    """
    stored = stored or Stored(question)
    edits = Prefetch("edits", SummaryEdit.objects.select_related("edited_by"))
    prefetch_related_objects(stored.summary_rows, edits)
    made = _made(stored)
    tables = {
        layout.key: _table(layout, made, question)
        for layout in layouts(intervention=question.intervention_label, comparison=question.comparison_label)
    }
    return SummaryView(
        people_per=question.people_per,
        revision=rows_revision((row.outcome_id, row.population_id, row.source) for row, _, _ in made),
        tables=tables,
        missing=_missing(made),
        effects=tuple(
            RowEffects(str(row.outcome), row.population.label, row.outcome.better, cells.absolutes)
            for row, _, cells in made
            if cells.absolutes
        ),
    )


def effects_counted(stored: Stored) -> tuple[int, int]:
    """How many lines the tables have, and how many of these an absolute effect, in one query beside `stored`."""
    made = _made(stored)
    return len(made), sum(bool(cells.absolutes) for _, _, cells in made)


def _made(stored: Stored) -> list[tuple[SummaryRow, OutcomeRow | None, Cells]]:
    lines = stored.summary_rows
    results = results_among(stored.rows) if lines else {}
    several = len({line.source for line in lines}) > 1
    made: list[tuple[SummaryRow, OutcomeRow | None, Cells]] = []
    for line in lines:
        result = results.get((line.outcome_id, line.population_id, line.source))
        cells = cells_of(facts_of(line, result, several, stored), stored.question.people_per)
        made.append((line, result, cells))
    return made


def pictures(view: SummaryView, question: Question) -> tuple[Picture, ...]:
    """An icon array of each absolute effect: of 100 people, or 1,000 where 100 are too few to show a difference."""
    return tuple(
        Picture(
            f"{row.outcome}, {row.population}",
            absolute.risk.level,
            icon_array(
                absolute.effect,
                outcome=row.outcome,
                intervention=question.intervention_label,
                better=row.better,
                per=1_000 if rounds_away(absolute.effect, 100) else 100,
            ),
        )
        for row in view.effects
        for absolute in row.absolutes
    )


def _missing(made: list[tuple[SummaryRow, OutcomeRow | None, Cells]]) -> tuple[Missing, ...]:
    rows: dict[str, list[str]] = {}
    for row, _, cells in made:
        for sentence in cells.missing:
            rows.setdefault(sentence, []).append(f"{row.outcome}, {row.population.label}")
    return tuple(Missing(sentence, tuple(names)) for sentence, names in rows.items())


def candidates(question: Question) -> tuple[Candidate, ...]:
    """Every outcome with every population that has results of it; an outcome without any, with every population."""
    results: dict[tuple[int, int], list[OutcomeRow]] = {}
    for row in OutcomeRow.objects.filter(table__question=question).order_by("-source"):
        results.setdefault((row.outcome_id, row.population_id), []).append(row)
    with_results = {outcome for outcome, _ in results}
    populations = list(Population.objects.filter(question=question).order_by("position"))
    return tuple(
        Candidate(
            outcome.pk,
            str(outcome),
            population.pk,
            population.label,
            tuple(dict.fromkeys(row.source for row in found)) or (str(ValueSource.REPORTED),),
            max((row.n_studies for row in found), default=0),
        )
        for outcome in Outcome.objects.filter(question=question).order_by("position")
        for population in populations
        for found in [results.get((outcome.pk, population.pk), [])]
        if found or outcome.pk not in with_results
    )


def _table(
    layout: Layout, made: list[tuple[SummaryRow, OutcomeRow | None, Cells]], question: Question
) -> SummaryTableView:
    footnotes = Footnotes()
    rows = tuple(_row(layout, row, result, cells, footnotes) for row, result, cells in made)
    return SummaryTableView(
        key=layout.key,
        title=layout.title,
        layout=layout,
        rows=rows,
        footnotes=footnotes.items,
        notes=_notes(made, question) if rows else (),
    )


def _row(
    layout: Layout, row: SummaryRow, result: OutcomeRow | None, cells: Cells, footnotes: Footnotes
) -> SummaryRowView:
    edits = {edit.column: edit for edit in row.edits.all()}
    return SummaryRowView(
        id=row.pk,
        outcome=str(row.outcome),
        population=row.population.label,
        source=row.source,
        source_label=ValueSource(row.source).label,
        has_studies=bool(result and result.n_studies),
        cells=tuple(
            _cell(column.key, column.heading, cells.cells[column.key], edits.get(column.key), footnotes)
            for column in layout.columns
        ),
        values=_values(result, cells),
    )


def _cell(
    column: str, heading: str, cell: Cell, stored: SummaryEdit | None, footnotes: Footnotes
) -> CellView:
    return CellView(
        column=column,
        heading=heading,
        lines=tuple(
            LineView(line.level, line.text, footnotes.marks(line.notes), line.more)
            for line in (_worded(column, cell, stored) if stored else cell.lines)
        ),
        made=cell.text,
        revision=words_revision(stored.text if stored else None),
        edit=EditView(cell.text, stored.made, stored.edited_at, str(stored.edited_by)) if stored else None,
    )


def _worded(column: str, cell: Cell, stored: SummaryEdit) -> tuple[Line, ...]:
    """The lines of a person's words, with all footnotes of the cell and what always stands under it."""
    *before, last = stored.text.split("\n")
    notes = tuple(note for line in cell.lines for note in line.notes)
    more = "\n".join(str(Line(line.more, line.level)) for line in cell.lines if line.more)
    return (
        *(Line(text) for text in before),
        Line(last, notes=notes + _by_hand(column, cell.text), more=more),
    )


def _by_hand(column: str, made: str) -> tuple[str, ...]:
    """The footnote that goes wherever edited words go, with what was computed in their place."""
    if made:
        return (f"Worded by hand; computed: {made.replace(chr(10), '; ')}",)
    return () if column == SummaryColumn.COMMENTS else ("Worded by hand; nothing was computed here.",)


def _values(result: OutcomeRow | None, cells: Cells) -> dict[str, Any]:
    numbers = {name: getattr(result, name) for name in ROW_VALUES} if result else {"n_studies": 0}
    return numbers | {
        "absolute": [
            {
                "level": absolute.risk.level,
                "comparator_risk": float(absolute.effect.comparator_risk),
                "intervention_risk": _interval(absolute.effect.intervention_risk),
                "difference": _interval(absolute.effect.difference),
            }
            for absolute in cells.absolutes
        ]
    }


def _interval(value: Interval) -> list[float]:
    return [float(value.estimate), float(value.low), float(value.high)]


def _notes(made: list[tuple[SummaryRow, OutcomeRow | None, Cells]], question: Question) -> tuple[str, ...]:
    """What holds for the whole table: where risks and effects are from, the tables' own footnotes, abbreviations."""
    shown = [(result, cells) for _, result, cells in made if result and result.n_studies]
    notes = []
    absolutes = [absolute for _, cells in shown for absolute in cells.absolutes]
    if absolutes:
        notes.append(
            "The risk with the intervention and the difference are reckoned from the risk with the comparison and "
            "the relative effect with its 95% confidence interval."
        )
    if any(not absolute.risk.note for absolute in absolutes):
        notes.append(
            f"Risk with {question.comparison_label}: all events over all participants of the comparison in the studies"
            + (", unless a footnote says otherwise." if any(a.risk.note for a in absolutes) else ".")
        )
    sources = {result.source for result, _ in shown}
    if sources == {ValueSource.REPORTED}:
        notes.append("Effects as reported in the source document.")
    elif sources == {ValueSource.COMPUTED}:
        notes.append("Effects recomputed from the study data.")
    notes += dict.fromkeys(
        result.table.footnotes for result, _ in shown if result.footnote_mark and result.table.footnotes
    )
    used = {result.measure for result, _ in shown}
    words = [
        ("CI", "confidence interval"),
        *((str(measure), measure.label.lower()) for measure in ABBREVIATED if measure in used),
    ]
    needed = " ".join(line.more for _, cells in shown for line in cells.cells["difference"].lines)
    if "NNTB" in needed:
        words.append(("NNTB", "number needed to treat for one more to benefit"))
    if "NNTH" in needed:
        words.append(("NNTH", "number needed to treat for one more to be harmed"))
    notes.append("; ".join(f"{short}: {long}" for short, long in words) + ".")
    return tuple(notes)
