"""The page between a file and its confirmation: what was read, what it becomes, what that would change."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.http import QueryDict

from etd.domain import numbers
from etd.domain.effect_axis import RATIO_MEASURES
from etd.models import Outcome, Population, Question
from metaanalysis import readings
from metaanalysis.actions.uploads import MAX_GROUPS, Missing
from metaanalysis.comparison import Comparison
from metaanalysis.forms.method import SpecForm
from metaanalysis.forms.place import NEW
from metaanalysis.forms.uploads import AssignmentForm
from metaanalysis.grids import LABELS
from metaanalysis.importers import ParsedTable, StudyRow
from metaanalysis.kinds import NAMES, NUMBERS, mixed_kinds
from metaanalysis.models import DataUpload, UploadStatus
from metaanalysis.readings import Group
from metaanalysis.selectors.study_data import Stored, UploadLine, load_stored, upload_line
from metaanalysis.specification import UsualChoice
from metaanalysis.stats.types import DataKind
from metaanalysis.wording import study_name

ROWS_SHOWN = 200
CHOOSE_ABOVE = 8
"""With more outcomes in a file than this, the person first says which to bring in."""
TAKE = "take"
CAME_AS = {
    "xlsx": "a workbook",
    "revman5-csv": "a table of RevMan 5",
    "revman-web": "a data package of RevMan Web",
    "rm5": "a review of RevMan 5",
    "unknown": "an unknown file",
}
TEXTS = ("outcome", "population", "timepoint", "subgroup", "source", "note")


@dataclass(frozen=True)
class FieldChange:
    study: str
    what: str
    before: str
    after: str


@dataclass(frozen=True)
class Part:
    """One group of rows with its form, and what confirming would change where the form says so far.

    `misfit` says why these rows cannot be pooled together; `needs_reason` that the method shown is another than the
    main method, of which there are results already.
    """

    group: Group
    n_rows: int
    kind: str
    form: AssignmentForm
    usual: UsualChoice
    comparison: Comparison | None
    changes: tuple[FieldChange, ...]
    misfit: str
    needs_reason: bool
    shows_method_of_another: bool


@dataclass(frozen=True)
class OutcomeChoice:
    """A group of a file with many, to be ticked."""

    number: int
    group: Group
    n_rows: int
    kind: str
    taken: bool


@dataclass(frozen=True)
class RowLine:
    row: int
    study: str
    # Each with the words that stand beside it where the table becomes cards.
    labelled: tuple[tuple[str, str], ...]
    texts: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class RowTable:
    """The rows of one kind as they were read; `heads` are those of the numbers."""

    kind: DataKind
    name: str
    heads: tuple[str, ...]
    text_heads: tuple[str, ...]
    rows: tuple[RowLine, ...]
    n_hidden: int


@dataclass(frozen=True)
class Preview:
    """`choices` is empty where the file has few outcomes; `must_choose` says that none, or too many, are ticked.

    `stored` is what the parts are compared with, None where there are no parts.
    """

    upload: UploadLine
    table: ParsedTable
    row_tables: tuple[RowTable, ...]
    parts: tuple[Part, ...]
    stored: Stored | None
    choices: tuple[OutcomeChoice, ...]
    too_many: str
    mapping: tuple[tuple[str, str, bool], ...]

    @property
    def needs_sheet(self) -> bool:
        return len(self.table.sheets) > 1 and self.table.sheet is None

    @property
    def forms(self) -> list[AssignmentForm]:
        return [part.form for part in self.parts]

    @property
    def must_choose(self) -> bool:
        return bool(self.choices) and not self.parts

    @property
    def n_left_out(self) -> int:
        return sum(not choice.taken for choice in self.choices)

    @property
    def has_aliases(self) -> bool:
        return any(is_alias for _, _, is_alias in self.mapping)

    @property
    def can_be_corrected(self) -> bool:
        return self.upload.status == UploadStatus.STAGED and can_be_corrected(self.table)

    @property
    def came_as(self) -> str:
        if self.table.file_format == "csv":
            return f"a text table, {self.table.encoding}"
        return CAME_AS[self.table.file_format]

    @property
    def rejected_rows(self) -> tuple[int, ...]:
        return tuple(sorted({problem.row for problem in self.table.errors if problem.row}))


def can_be_corrected(table: ParsedTable) -> bool:
    """Whether the file is one table of cells; the packages of review programs are corrected in these."""
    return table.file_format in {"csv", "xlsx"} and (len(table.sheets) < 2 or table.sheet is not None)


def preview(
    question: Question, upload: DataUpload, data: QueryDict | None = None, *, validate: bool = False
) -> Preview:
    """`data` is what was chosen so far; with `validate` its mistakes are shown at the fields."""
    table = readings.from_json(upload.reading)
    groups = list(readings.groups(table).items())
    taken = set(range(len(groups)))
    choices: tuple[OutcomeChoice, ...] = ()
    if len(groups) > CHOOSE_ABOVE:
        taken &= {int(number) for number in (data.getlist(TAKE) if data else []) if number.isdecimal()}
        choices = tuple(
            OutcomeChoice(number, group, len(rows), _kind_name(rows), number in taken)
            for number, (group, rows) in enumerate(groups)
        )
    too_many = ""
    if choices and len(taken) > MAX_GROUPS:
        too_many = (
            f"{len(taken)} outcomes are too many at once: tick at most {MAX_GROUPS}, then send the file again for the "
            "others."
        )
    open_for_choice = upload.status == UploadStatus.STAGED and not too_many
    stored = load_stored(question) if open_for_choice and taken else None
    parts = _parts(question, groups, taken, data, stored, validate=validate) if stored else ()
    shown = [row for number, (_, rows) in enumerate(groups) if not parts or number in taken for row in rows]
    return Preview(
        upload=upload_line(upload),
        table=table,
        row_tables=_row_tables(shown),
        parts=parts,
        stored=stored,
        choices=choices if upload.status == UploadStatus.STAGED else (),
        too_many=too_many,
        mapping=tuple(
            (written, LABELS.get(name, name), written.strip().casefold() != name)
            for written, name in table.column_mapping
        ),
    )


def _parts(
    question: Question,
    groups: Sequence[tuple[Group, list[StudyRow]]],
    taken: set[int],
    data: QueryDict | None,
    stored: Stored,
    *,
    validate: bool,
) -> tuple[Part, ...]:
    outcomes, populations = list(question.outcomes.all()), list(question.populations.all())
    parts = []
    for number, (group, rows) in enumerate(groups):
        if number not in taken:
            continue
        prefix = f"rows{number}"
        form = AssignmentForm(
            group,
            outcomes,
            populations,
            data if validate else None,
            kind=DataKind(rows[0].kind),
            prefix=prefix,
            initial=_initial(group, outcomes, populations, data, prefix),
        )
        parts.append(_part(group, rows, form, stored))
    return tuple(parts)


def _part(group: Group, rows: Sequence[StudyRow], form: AssignmentForm, stored: Stored) -> Part:
    outcome, population = form.chosen_outcome, form.chosen_population
    named = {row.measure for row in rows if row.measure}
    usual = stored.usual(
        outcome,
        population,
        is_new=form["outcome"].value() == NEW,
        kind=form.kind,
        measure=named.pop() if len(named) == 1 else "",
    )
    offered = stored.offered(str(form.shown("usual") or ""))
    _begin_with(form, offered, usual)
    form.usual_spec = usual.spec
    comparison = stored.compare(rows, outcome, population) if outcome and population else None
    spec = form.shown_spec()
    kept = comparison.missing if comparison and form.shown("missing") != Missing.REMOVE else ()
    kinds = {DataKind(row.kind) for row in rows} | {DataKind(result.kind) for result in kept}
    return Part(
        group=group,
        n_rows=len(rows),
        kind=_kind_name(rows),
        form=form,
        usual=usual,
        comparison=comparison,
        changes=_changes(comparison) if comparison else (),
        misfit=mixed_kinds(kinds) if len(kinds) > 1 else "",
        needs_reason=spec is not None and stored.needs_reason(outcome, population, spec),
        shows_method_of_another=offered is not None
        and form.shows(offered.spec)
        and not form.shows(usual.spec),
    )


def _kind_name(rows: Sequence[StudyRow]) -> str:
    return " and ".join(NAMES[kind] for kind in sorted({DataKind(row.kind) for row in rows}))


def _initial(
    group: Group,
    outcomes: Sequence[Outcome],
    populations: Sequence[Population],
    data: QueryDict | None,
    prefix: str,
) -> dict[str, Any]:
    """What was chosen so far; at first only names that are the same in the file and in the question."""
    initial: dict[str, Any] = {
        "outcome": _same_name(group.outcome, {str(each): each.pk for each in outcomes}),
        "population": _same_name(group.population, {each.label: each.pk for each in populations}),
        "new_outcome": group.outcome,
        "new_population": group.population,
        "missing": Missing.KEEP,
    }
    if not group.population and len(populations) == 1:
        initial["population"] = populations[0].pk
    chosen = {key: value for key, value in (data or {}).items() if key.startswith(f"{prefix}-")}
    return initial | {key.removeprefix(f"{prefix}-"): value for key, value in chosen.items()}


def _same_name(name: str, known: dict[str, int]) -> int | str:
    return next((pk for label, pk in known.items() if name and label.casefold() == name.casefold()), "")


def _begin_with(form: AssignmentForm, offered: UsualChoice | None, usual: UsualChoice) -> None:
    """Show the usual method, unless the person has chosen another one than was offered before."""
    if form.is_bound:
        return
    if form.shown("measure") is None or (offered is not None and form.shows(offered.spec)):
        form.initial.update(SpecForm.initial_for(usual.spec))
    form.initial["usual"] = usual.key


def _changes(found: Comparison) -> tuple[FieldChange, ...]:
    return tuple(
        FieldChange(
            change.row.study,
            "Kind of data" if field == "kind" else LABELS.get(field, field),
            _plain(getattr(change.stored, field)),
            _plain(getattr(change.row, field)),
        )
        for change in found.changed
        for field in change.fields
    )


def _plain(value: object) -> str:
    """All digits of a number, with a real minus sign; an en dash for nothing."""
    if value is None or value == "":
        return numbers.EN_DASH
    if isinstance(value, float):
        return repr(value).removesuffix(".0").replace("-", numbers.MINUS)
    return str(value)


def _short(value: float | None) -> str:
    """Six significant digits of a number that was worked out from others; one that was written keeps its own."""
    if value is None or len(repr(value)) < 10:
        return _plain(value)
    return format(Decimal(f"{value:.6g}"), "f").replace("-", numbers.MINUS)


_HEADS = {
    DataKind.COUNTS: ("Events / n", "Events / n"),
    DataKind.MEANS: ("Mean", "SD", "n", "Mean", "SD", "n"),
    DataKind.ESTIMATE: ("Measure", "Estimate", "Standard error", "As a ratio"),
}
_LABELS = {
    DataKind.COUNTS: ("Intervention", "Comparison"),
    DataKind.MEANS: tuple(LABELS[name] for name in NUMBERS[DataKind.MEANS]),
    DataKind.ESTIMATE: _HEADS[DataKind.ESTIMATE],
}


def _row_tables(rows: Sequence[StudyRow]) -> tuple[RowTable, ...]:
    tables = []
    for kind in DataKind:
        own = [row for row in rows if row.kind == kind]
        texts = [name for name in TEXTS if any(getattr(row, name) for row in own)]
        lines = tuple(
            RowLine(
                row.row,
                study_name(row.study, row.year),
                tuple(zip(_numbers_of(kind, row), _LABELS[kind], strict=True)),
                tuple((getattr(row, name), LABELS[name]) for name in texts),
            )
            for row in own[:ROWS_SHOWN]
        )
        if own:
            heads = tuple(LABELS[name] for name in texts)
            tables.append(RowTable(kind, NAMES[kind], _HEADS[kind], heads, lines, len(own) - len(lines)))
    return tuple(tables)


def _numbers_of(kind: DataKind, row: StudyRow) -> tuple[str, ...]:
    if kind is DataKind.COUNTS:
        return (
            f"{row.events_intervention}/{row.n_intervention}",
            f"{row.events_comparison}/{row.n_comparison}",
        )
    if kind is DataKind.MEANS:
        arms = ("intervention", "comparison")
        return tuple(_plain(getattr(row, f"{name}_{arm}")) for arm in arms for name in ("mean", "sd", "n"))
    ratio = ""
    if row.measure in RATIO_MEASURES and row.estimate is not None and abs(row.estimate) < 50:
        ratio = numbers.effect_number(math.exp(row.estimate), row.measure)
    return row.measure or "not said", _short(row.estimate), _short(row.se), ratio or numbers.EN_DASH
