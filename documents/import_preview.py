"""What was read of a document, as its preview shows it before anything is stored."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from documents.importing.files import ReadFile
from documents.importing.imported import (
    Flag,
    ImportedCriterion,
    ImportedEtd,
    ImportedRow,
    ImportedStatement,
    ImportedTable,
    NotUnderstood,
)
from etd.domain import numbers
from etd.domain.certainty import symbols
from etd.domain.recommendation_rules import graded
from etd.domain.text import plain
from etd.enums import CertaintyLevel, StatementKind, Strength
from etd.frameworks import Criterion

_OPENING = 240


@dataclass(frozen=True)
class PreviewCell:
    """One option on the judgement scale, as the template of scales takes it."""

    column: int
    label: str
    direction: str
    aside: bool
    chosen: bool
    applies_to: tuple[str, ...]


@dataclass(frozen=True)
class PreviewText:
    """A text by its beginning; `full` is CommonMark, `is_cut` says whether there is more of it."""

    heading: str
    opening: str
    full: str
    n_words: int
    is_cut: bool


@dataclass(frozen=True)
class PreviewRow:
    """A row of results as it was read; "-" where the document has nothing."""

    outcome: str
    population: str
    n_studies: str
    intervention: str
    comparison: str
    effect: str
    p_value: str
    i_squared: str


@dataclass(frozen=True)
class PreviewTable:
    """`outcomes` are pairs of an outcome's name and what was understood of it: the better side, its certainty."""

    number: int
    title: str
    intervention_label: str
    comparison_label: str
    rows: tuple[PreviewRow, ...]
    outcomes: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class PreviewCriterion:
    """A criterion of the framework; `is_there` says whether the document has it."""

    key: str
    heading: str
    cells: tuple[PreviewCell | None, ...]
    is_there: bool
    is_ticked: bool
    has_two_ticks: bool
    texts: tuple[PreviewText, ...]
    tables: tuple[PreviewTable, ...]


@dataclass(frozen=True)
class PreviewStatement:
    text: str
    said: str


@dataclass(frozen=True)
class PreviewReference:
    number: int
    citation: str
    doi: str
    pmid: str


@dataclass(frozen=True)
class Preview:
    """`type_label` is empty where no type, or more than one, is ticked. `n_lines_left` are lines not understood."""

    format: str
    framework: str
    title: str
    arms: tuple[str, str]
    fields: tuple[PreviewText, ...]
    criteria: tuple[PreviewCriterion, ...]
    type_label: str
    statements: tuple[PreviewStatement, ...]
    sections: tuple[PreviewText, ...]
    references: tuple[PreviewReference, ...]
    flags: tuple[Flag, ...]
    left: tuple[NotUnderstood, ...]
    n_lines_left: int

    @property
    def n_there(self) -> int:
        return sum(one.is_there for one in self.criteria)

    @property
    def n_ticked(self) -> int:
        return sum(one.is_ticked for one in self.criteria)

    @property
    def n_two_ticks(self) -> int:
        return sum(one.has_two_ticks for one in self.criteria)

    @property
    def n_rows(self) -> int:
        return sum(len(table.rows) for one in self.criteria for table in one.tables)


def preview_of(read: ReadFile) -> Preview:
    etd = read.etd
    there = {one.key: one for one in etd.criteria}
    headings = {field.key: field.heading for field in etd.framework.question_fields}
    sections = {section.key: section.heading for section in etd.framework.sections}
    return Preview(
        format=read.format,
        framework=etd.framework.title,
        title=etd.title,
        arms=(etd.intervention_label, etd.comparison_label),
        fields=tuple(_text(headings[key], text) for key, text in etd.fields.items() if text),
        criteria=tuple(_criterion(one, there.get(one.key), etd) for one in etd.framework.criteria),
        type_label=etd.framework.recommendation_type(etd.types[0]).label if len(etd.types) == 1 else "",
        statements=tuple(PreviewStatement(one.text, _said(one)) for one in etd.statements)
        + ((PreviewStatement(etd.note, "Note beside the statements"),) if etd.note else ()),
        sections=tuple(_text(sections[key], body) for key, body in etd.sections.items() if body),
        references=tuple(
            PreviewReference(number, citation, *etd.identifiers.get(number, ("", "")))
            for number, citation in sorted(etd.references.items())
        ),
        flags=etd.flags,
        left=etd.not_understood,
        n_lines_left=sum(
            sum(bool(line.strip()) for line in one.text.split("\n")) for one in etd.not_understood
        ),
    )


def _criterion(criterion: Criterion, one: ImportedCriterion | None, etd: ImportedEtd) -> PreviewCriterion:
    chosen: Mapping[str, tuple[str, ...]] = _chosen(one) if one else {}
    texts = (
        ("Research evidence", one.research_evidence if one else ""),
        ("Additional considerations", one.additional_considerations if one else ""),
    )
    return PreviewCriterion(
        key=criterion.key,
        heading=criterion.heading,
        cells=tuple(
            None
            if option is None
            else PreviewCell(
                column=option.column,
                label=option.label,
                direction=str(option.direction),
                aside=not option.is_scale,
                chosen=option.key in chosen,
                applies_to=chosen.get(option.key, ()),
            )
            for option in criterion.cells
        ),
        is_there=one is not None,
        is_ticked=bool(chosen),
        has_two_ticks=len(chosen) > 1 and not criterion.multiple and not any(chosen.values()),
        texts=tuple(_text(heading, text) for heading, text in texts if text),
        tables=tuple(_table(table, etd) for table in etd.tables if table.criterion_key == criterion.key),
    )


def _chosen(one: ImportedCriterion) -> dict[str, tuple[str, ...]]:
    """What each ticked option applies to, empty for all."""
    chosen: dict[str, tuple[str, ...]] = {}
    for key, to in zip(one.options, one.applies_to or ("",) * len(one.options), strict=True):
        chosen[key] = chosen.get(key, ()) + ((to,) if to else ())
    return chosen


def _text(heading: str, text: str) -> PreviewText:
    words = " ".join(plain(text).split())
    opening = (
        words if len(words) <= _OPENING else f"{words[:_OPENING].rpartition(' ')[0] or words[:_OPENING]} …"
    )
    return PreviewText(heading, opening, text, len(words.split()), opening != words)


def _table(table: ImportedTable, etd: ImportedEtd) -> PreviewTable:
    names = dict.fromkeys(row.outcome for row in table.rows)
    return PreviewTable(
        number=table.number,
        title=table.title,
        intervention_label=etd.intervention_label,
        comparison_label=etd.comparison_label,
        rows=tuple(_row(row) for row in table.rows),
        outcomes=tuple((name, _outcome(name, etd)) for name in names),
    )


def _outcome(name: str, etd: ImportedEtd) -> str:
    better = "more is better" if etd.better[name] == "higher" else "less is better"
    level = etd.certainty.get(name, "")
    return f"{better}, certainty {symbols(level)} {CertaintyLevel(level).label}" if level else better


def _row(row: ImportedRow) -> PreviewRow:
    cells = {**row.cells, **_rounded(row)}
    return PreviewRow(
        outcome=row.outcome,
        population=row.population,
        n_studies=f"{cells['n_studies']}{cells.get('footnote_mark', '')}",
        intervention=_arm(cells, "intervention"),
        comparison=_arm(cells, "comparison"),
        effect=f"{cells['measure']} {cells.get('effect') or _effect(cells)}"
        if cells.get("estimate")
        else "-",
        p_value=cells.get("p_value") or "-",
        i_squared=f"{cells['i2']}%" if cells.get("i2") else "-",
    )


def _rounded(row: ImportedRow) -> dict[str, str]:
    """The printed digits of a row with numbers in full; of one without any, those that our own rounding gives."""
    cells, printed = row.cells, row.printed
    if printed is None or printed:
        return dict(printed or {})
    found: dict[str, str] = {}
    if cells["estimate"]:
        estimate, low, high = (float(cells[name]) for name in ("estimate", "ci_low", "ci_high"))
        found["effect"] = numbers.effect(estimate, low, high, cells["measure"])
    if cells["p_value"]:
        found["p_value"] = numbers.p_value(float(cells["p_value"]))
    if cells["i2"]:
        found["i2"] = numbers.rounded(float(cells["i2"]), 0)
    for arm in ("intervention", "comparison"):
        if cells[f"events_{arm}"]:
            share = numbers.percent(int(cells[f"events_{arm}"]), int(cells[f"n_{arm}"]))
            found[f"percent_{arm}"] = share.removesuffix("%")
    return found


def _effect(cells: Mapping[str, str]) -> str:
    return f"{cells['estimate']} ({cells['ci_low']} to {cells['ci_high']})"


def _arm(cells: Mapping[str, str], arm: str) -> str:
    people, events = cells.get(f"n_{arm}", ""), cells.get(f"events_{arm}", "")
    if not people:
        return "-"
    if not events:
        return f"n = {people}"
    percent = cells.get(f"percent_{arm}", "")
    return f"{events}/{people} ({percent}%)" if percent else f"{events}/{people}"


def _said(one: ImportedStatement) -> str:
    """What a statement was understood to say: `Weak recommendation against · certainty Low · For adults`."""
    if one.kind == StatementKind.RECOMMENDATION:
        kind = graded(Strength(one.strength).label if one.strength else "", one.direction).capitalize()
    else:
        kind = StatementKind(one.kind).label
    certainty = f"certainty {CertaintyLevel(one.certainty).label}" if one.certainty else ""
    population = f"for {one.population}" if one.population else ""
    return " · ".join(filter(None, (kind, certainty, population)))
