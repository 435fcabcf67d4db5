"""What changed in the outcome tables, the summary tables and the analyses behind them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from documents.difference.change import Change, Kind, Part, Weight, manner
from documents.difference.matching import Words, aligned, in_words, order_parts, parts_of, value_parts
from documents.schema import (
    Analysis,
    EtdDocument,
    Footnote,
    OutcomeGroup,
    OutcomeTable,
    Row,
    SummaryCell,
    SummaryRow,
    SummaryTable,
)
from etd.domain.evidence_change import compare_evidence

_TABLE = {
    "number": Words("Number"),
    "title": Words("Title", prose=True),
    "criterion_key": Words("Criterion (key)", printed=False),
    "abbreviations": Words("Abbreviations", prose=True),
    "footnotes": Words("Footnotes", prose=True),
    "measure": Words("Measure (key)", printed=False),
    "measure_label": Words("Measure"),
    "favours_left": Words("Left of the plot"),
    "favours_right": Words("Right of the plot"),
}
_GROUP = {"name": Words("Outcome"), "better": Words("Better is", printed=False)}
_CERTAINTY = {
    "certainty": Words("Certainty"),
    "certainty_symbols": Words("Certainty in signs"),
    "certainty_sum": Words("How the worksheet comes to it"),
    "certainty_marks": Words("Letters of its footnotes"),
}
_ROW = {
    "population": Words("Population"),
    "source_label": Words("Source"),
    "n_studies": Words("Studies"),
    "intervention": Words("Intervention"),
    "comparison": Words("Comparison"),
    "effect": Words("Effect"),
    "p_value": Words("P"),
    "i_squared": Words("I²"),
    "measure": Words("Measure"),
    "footnote_mark": Words("Footnote mark"),
    "caveats": Words("Caveats", prose=True),
    "is_stale": Words("Data have changed since it was computed"),
    "values": Words("Not rounded", printed=False),
}
_SUMMARY = {
    "title": Words("Title", prose=True),
    "people_per": Words("Absolute effects for so many people"),
    "notes": Words("Notes", prose=True),
}
_ANALYSIS = {
    "outcome": Words("Outcome"),
    "population": Words("Population"),
    "spec": Words("Method"),
    "inputs": Words("Study"),
    "caveats": Words("Caveats", prose=True),
    "is_stale": Words("Data have changed since it was computed"),
    "result": Words("Result", printed=False),
    "engine": Words("Computed by", printed=False),
    "at": Words("Computed at", printed=False),
}
_NUMBERS_OF_A_ROW = (
    *("estimate", "ci_low", "ci_high", "p_value", "i_squared"),
    *("events_intervention", "n_intervention", "events_comparison", "n_comparison"),
)


@dataclass(frozen=True)
class _Arms:
    """What the arms are called, for the cells of a row."""

    intervention: str
    comparison: str


def outcome_tables(before: EtdDocument, after: EtdDocument) -> Iterator[Change]:
    pairs = aligned(before.tables, after.tables, lambda one: one.number, lambda one: one.title)
    arms = _Arms(after.question.intervention_label, after.question.comparison_label)
    for old, new in pairs:
        yield from _table(old, new, arms)
    if order := order_parts(before.tables, after.tables, pairs, lambda one: str(one.number)):
        yield Change(Kind.NUMBERS, Weight.WORDS, "Outcome tables", tuple(order))


def _table(old: OutcomeTable | None, new: OutcomeTable | None, arms: _Arms) -> Iterator[Change]:
    either = new or old
    assert either is not None
    place = f"Table {either.number}"
    if parts := parts_of(old, new, _TABLE, skip=("groups", "certainty_notes")):
        yield Change(Kind.WORDS, Weight.WORDS, place, tuple(parts), manner(old, new))
    before, after = (one.groups if one else () for one in (old, new))
    pairs = aligned(before, after, lambda one: one.name)
    for was, now in pairs:
        group = now or was
        assert group is not None
        yield from _certainty(old, new, was, now, f"{place}, {group.name}")
        yield from _rows(was, now, f"{place}, {group.name}", arms)
    order = order_parts(before, after, pairs, lambda one: one.name)
    if parts := [*order, *_loose_notes(old, new)]:
        yield Change(Kind.CERTAINTY, Weight.WORDS, place, tuple(parts))


def _certainty(
    old: OutcomeTable | None,
    new: OutcomeTable | None,
    was: OutcomeGroup | None,
    now: OutcomeGroup | None,
    place: str,
) -> Iterator[Change]:
    """The level of an outcome and why; its footnotes by their text, for letters move when another is added."""
    parts = parts_of(was, now, _CERTAINTY, skip=("rows", *_GROUP))
    if (before := _why(old, was)) != (after := _why(new, now)):
        parts.append(Part("Why", before, after, prose=True))
    if parts:
        decides = (was.certainty if was else "") != (now.certainty if now else "")
        weight = Weight.DECISION if decides else Weight.WORDS
        yield Change(Kind.CERTAINTY, weight, place, tuple(parts), manner(was, now))


def _why(table: OutcomeTable | None, group: OutcomeGroup | None) -> str:
    if table is None or group is None:
        return ""
    return "\n".join(one.text for one in table.certainty_notes if one.mark in group.certainty_marks)


def _loose_notes(old: OutcomeTable | None, new: OutcomeTable | None) -> Iterator[Part]:
    """Footnotes that no outcome of their table leads to."""
    before, after = (_not_led_to(one) if one else () for one in (old, new))
    return _footnotes(before, after)


def _not_led_to(table: OutcomeTable) -> tuple[Footnote, ...]:
    marks = {mark for group in table.groups for mark in group.certainty_marks}
    return tuple(one for one in table.certainty_notes if one.mark not in marks)


def _footnotes(before: Sequence[Footnote], after: Sequence[Footnote]) -> Iterator[Part]:
    pairs = aligned(before, after, lambda one: one.text, lambda one: one.mark)
    for old, new in pairs:
        either = new or old
        assert either is not None
        words = {"text": Words(f"Footnote {either.mark}", prose=True), "mark": Words("Letter of a footnote")}
        yield from parts_of(old, new, words)
    yield from order_parts(before, after, pairs, lambda one: f"footnote {one.mark}")


def _rows(was: OutcomeGroup | None, now: OutcomeGroup | None, place: str, arms: _Arms) -> Iterator[Change]:
    before, after = (one.rows if one else () for one in (was, now))
    pairs = aligned(before, after, lambda one: (one.population, one.source), lambda one: one.population)
    for old, new in pairs:
        either = new or old
        assert either is not None
        yield from _row(old, new, f"{place}, {either.population} ({either.source_label.lower()})", arms)
    parts = parts_of(was, now, _GROUP, skip=("rows", *_CERTAINTY))
    parts += order_parts(before, after, pairs, _row_name)
    if parts:
        yield Change(Kind.WORDS, Weight.WORDS, place, tuple(parts), manner(was, now))


def _row_name(row: Row) -> str:
    return f"{row.population} ({row.source_label.lower()})"


def _row(old: Row | None, new: Row | None, place: str, arms: _Arms) -> Iterator[Change]:
    cells = _ROW | {
        "intervention": Words(arms.intervention or "Intervention"),
        "comparison": Words(arms.comparison or "Comparison"),
    }
    parts = parts_of(old, new, cells)
    if not parts:
        return
    parts.sort(key=lambda part: not part.printed)
    reasons = _reasons(old, new)
    numbers = Weight.NUMBERS if any(part.printed for part in parts) else Weight.RECORD
    weight = Weight.CROSSING if reasons else numbers
    yield Change(Kind.NUMBERS, weight, place, tuple(parts), manner(old, new), reasons)


def _reasons(old: Row | None, new: Row | None) -> tuple[str, ...]:
    """What the numbers cross, in sentences; decision thresholds are not in a document."""
    before, after = ({"rows": [_evidence(one)]} if one else {} for one in (old, new))
    return tuple(reason for row in compare_evidence(before, after, {}).rows for reason in row.reasons)


def _evidence(row: Row) -> Mapping[str, Any]:
    """A row as `etd.domain.evidence_change` knows it; one row alone needs no name of its own."""
    numbers = {name: _number(row.values.get(name)) for name in _NUMBERS_OF_A_ROW}
    return (
        {"id": 0, "outcome_id": 0, "population_id": 0}
        | numbers
        | {
            "source": row.source,
            "measure": row.measure,
            "n_studies": row.n_studies,
        }
    )


def _number(value: object) -> int | float | None:
    is_number = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    return value if is_number else None  # type: ignore[return-value]


def summary_tables(before: EtdDocument, after: EtdDocument) -> Iterator[Change]:
    pairs = aligned(before.summary_tables, after.summary_tables, lambda one: one.key)
    for old, new in pairs:
        yield from _summary_table(old, new)
    if order := order_parts(before.summary_tables, after.summary_tables, pairs, lambda one: one.title):
        yield Change(Kind.NUMBERS, Weight.WORDS, "Summary tables", tuple(order))


def _summary_table(old: SummaryTable | None, new: SummaryTable | None) -> Iterator[Change]:
    either = new or old
    assert either is not None
    headings = {column.key: _heading(column.group, column.heading) for column in either.columns}
    before, after = (one.rows if one else () for one in (old, new))
    pairs = aligned(
        before,
        after,
        lambda one: (one.outcome, one.population, one.source),
        lambda one: (one.outcome, one.population),
    )
    for was, now in pairs:
        row = now or was
        assert row is not None
        if parts := list(_summary_row(was, now, headings)):
            weight = Weight.NUMBERS if any(part.printed for part in parts) else Weight.RECORD
            place = f"{either.title}, {row.outcome}, {row.population} ({row.source})"
            yield Change(Kind.NUMBERS, weight, place, tuple(parts), manner(was, now))
    parts = parts_of(old, new, _SUMMARY, skip=("rows", "columns", "footnotes"))
    parts += value_parts(old.columns if old else (), new.columns if new else (), Words("Column"))
    parts += _footnotes(*(one.footnotes if one else () for one in (old, new)))
    parts += order_parts(before, after, pairs, lambda one: f"{one.outcome}, {one.population}")
    if parts:
        people = old and new and old.people_per != new.people_per
        weight = Weight.NUMBERS if people else Weight.WORDS
        yield Change(
            Kind.NUMBERS if people else Kind.WORDS, weight, either.title, tuple(parts), manner(old, new)
        )


def _heading(group: str, heading: str) -> str:
    return f"{group}, {heading}" if group else heading


def _summary_row(
    old: SummaryRow | None, new: SummaryRow | None, headings: Mapping[str, str]
) -> Iterator[Part]:
    before, after = (one.cells if one else () for one in (old, new))
    for was, now in aligned(before, after, lambda one: one.column):
        cell = now or was
        assert cell is not None
        yield from _cell(was, now, headings.get(cell.column, in_words((cell.column,))))
    yield from parts_of(old, new, {"values": Words("Not rounded", printed=False)}, skip=("cells",))


def _cell(old: SummaryCell | None, new: SummaryCell | None, heading: str) -> Iterator[Part]:
    was, now = (_cell_text(one) if one else "" for one in (old, new))
    if was != now:
        yield Part(heading, was, now)
    words = {
        "worded_by_hand": Words(f"{heading}: worded by hand"),
        "computed": Words(f"{heading}: without those words", prose=True),
    }
    rest = parts_of(old, new, words, skip=("lines",))
    if was == now:
        lines, lines_now = (one.lines if one else () for one in (old, new))
        rest += value_parts(lines, lines_now, Words(f"{heading}: lines", printed=False))
    yield from rest


def _cell_text(cell: SummaryCell) -> str:
    return "\n".join(
        f"{line.text} [{', '.join(line.marks)}]" if line.marks else line.text for line in cell.lines
    )


def analyses(before: EtdDocument, after: EtdDocument) -> Iterator[Change]:
    pairs = aligned(
        before.analyses, after.analyses, lambda one: (one.table_number, one.outcome, one.population)
    )
    for old, new in pairs:
        yield from _analysis(old, new)
    if order := order_parts(before.analyses, after.analyses, pairs, _analysis_name):
        yield Change(Kind.NUMBERS, Weight.WORDS, "Analyses", tuple(order))


def _analysis_name(analysis: Analysis) -> str:
    return f"Table {analysis.table_number}, {analysis.outcome}, {analysis.population}"


def _analysis(old: Analysis | None, new: Analysis | None) -> Iterator[Change]:
    either = new or old
    assert either is not None
    parts = parts_of(old, new, _ANALYSIS)
    parts.sort(key=lambda part: not part.printed)
    if parts:
        weight = Weight.NUMBERS if any(part.printed for part in parts) else Weight.RECORD
        place = f"Analysis behind {_analysis_name(either)}"
        yield Change(Kind.NUMBERS, weight, place, tuple(parts), manner(old, new))
