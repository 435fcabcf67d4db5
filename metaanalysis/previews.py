"""The page between a file and its confirmation: what was read, what it becomes, what that would change."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from etd.models import Question
from metaanalysis import readings
from metaanalysis.actions.uploads import Missing
from metaanalysis.comparison import Comparison
from metaanalysis.forms.method import SPEC_FIELDS, SpecForm
from metaanalysis.forms.uploads import NEW, AssignmentForm
from metaanalysis.importers import ParsedTable, StudyRow
from metaanalysis.models import DataUpload
from metaanalysis.readings import Group
from metaanalysis.selectors.study_data import UploadLine, load_stored, upload_line
from metaanalysis.specification import USUAL_CHOICES, UsualChoice

ROWS_SHOWN = 200


@dataclass(frozen=True)
class Part:
    """One group of rows with its form, and what confirming would change where the form says so far."""

    group: Group
    n_rows: int
    form: AssignmentForm
    usual: UsualChoice
    comparison: Comparison | None


@dataclass(frozen=True)
class Preview:
    upload: UploadLine
    table: ParsedTable
    rows: tuple[StudyRow, ...]
    n_hidden: int
    columns: tuple[str, ...]
    parts: tuple[Part, ...]

    @property
    def needs_sheet(self) -> bool:
        return len(self.table.sheets) > 1 and self.table.sheet is None

    @property
    def forms(self) -> list[AssignmentForm]:
        return [part.form for part in self.parts]


def preview(
    question: Question, upload: DataUpload, data: Mapping[str, Any] | None = None, *, validate: bool = False
) -> Preview:
    """`data` is what was chosen so far; with `validate` its mistakes are shown at the fields."""
    table = readings.from_json(upload.reading)
    groups = readings.groups(table)
    stored = load_stored(question)
    outcomes, populations = list(question.outcomes.all()), list(question.populations.all())
    parts = []
    for number, (group, rows) in enumerate(groups.items()):
        prefix = f"rows{number}"
        initial = _initial(group, outcomes, populations, data, prefix)
        form = AssignmentForm(
            group, outcomes, populations, data if validate else None, prefix=prefix, initial=initial
        )
        outcome, population = form.chosen_outcome, form.chosen_population
        usual = stored.usual(outcome, is_new=form["outcome"].value() == NEW)
        _begin_with(form, usual)
        comparison = stored.compare(rows, outcome, population) if outcome and population else None
        parts.append(Part(group, len(rows), form, usual, comparison))
    shown = table.rows[:ROWS_SHOWN]
    return Preview(
        upload=upload_line(upload),
        table=table,
        rows=shown,
        n_hidden=len(table.rows) - len(shown),
        columns=_columns(table),
        parts=tuple(parts),
    )


def _initial(
    group: Group,
    outcomes: list[Any],
    populations: list[Any],
    data: Mapping[str, Any] | None,
    prefix: str,
) -> dict[str, Any]:
    """What was chosen so far; at first only names that are the same in the file and in the question."""
    if data is not None:
        return {"missing": Missing.KEEP} | {
            key.removeprefix(f"{prefix}-"): value
            for key, value in data.items()
            if key.startswith(f"{prefix}-")
        }
    initial: dict[str, Any] = {
        "outcome": _same_name(group.outcome, {str(each): each.pk for each in outcomes}),
        "population": _same_name(group.population, {each.label: each.pk for each in populations}),
        "new_outcome": group.outcome,
        "new_population": group.population,
        "missing": Missing.KEEP,
    }
    if not group.population and len(populations) == 1:
        initial["population"] = populations[0].pk
    return initial


def _same_name(name: str, known: Mapping[str, int]) -> int | str:
    return next((pk for label, pk in known.items() if name and label.casefold() == name.casefold()), "")


def _begin_with(form: AssignmentForm, usual: UsualChoice) -> None:
    """Show the usual method, unless the person has chosen another one than was offered before."""
    if form.is_bound:
        return
    offered = USUAL_CHOICES.get(str(form.initial.get("usual", "")))
    chosen = {name: form.initial.get(name) for name in SPEC_FIELDS}
    if offered is None or chosen == SpecForm.initial_for(offered.spec):
        form.initial.update(SpecForm.initial_for(usual.spec))
    form.initial["usual"] = usual.key


def _columns(table: ParsedTable) -> tuple[str, ...]:
    """The optional columns that at least one row fills."""
    optional = ("year", "outcome", "timepoint", "population", "subgroup", "source", "note")
    return tuple(name for name in optional if any(getattr(row, name) for row in table.rows))
