"""The type of recommendation, the sections of the conclusions with the statements, and the list of references."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

from documents.importing.account import Account
from documents.importing.fragments import Cell, Fragment, cells_of
from documents.importing.grades import read_grade_line, read_population_line
from documents.importing.imported import ImportedStatement
from documents.importing.labels import Labels
from documents.importing.layout import Layout, Part
from documents.importing.marks import BROKEN, marked_line, plain_of
from documents.importing.plain_text import as_markdown
from documents.importing.roles import Role
from documents.importing.statements import RECOMMENDATION, read_statement
from documents.importing.ticks import is_ticked, split_mark
from etd.frameworks import RecommendationType, Section

_REFERENCE = re.compile(r"\s*[\[(]?(\d{1,4})[\])]?[.)]?\s+(\S.*)", re.S)


@dataclass(frozen=True)
class Conclusions:
    statements: tuple[ImportedStatement, ...]
    note: str
    sections: dict[str, str]


def read_type(layout: Layout, account: Account) -> tuple[str, ...]:
    """The keys of the ticked types: a radio button belongs to the label at its side, or at its place in the row."""
    lines = layout.lines_of(Part.TYPE)
    types = layout.framework.recommendation_types
    known = Labels([(t.label, t) for t in types] + [(t.weak_label, t) for t in types])
    where = layout.framework.headings.type_of_recommendation.capitalize()
    row: list[RecommendationType | None] = []
    buttons: list[tuple[Fragment, bool]] = []
    ticked: list[tuple[str, list[Fragment]]] = []
    for piece in _pieces(lines):
        mark, label = split_mark(" ".join(" ".join(f.text for f in piece).split()))
        kind = known.find(label) if label else None
        if mark and not label:
            buttons.append((piece[0], is_ticked(mark)))
        elif kind is None:
            account.leave(piece, where, "It is no type of recommendation of the framework.")
            row.append(None)
        else:
            account.take(piece, f"{where}: {kind.label}")
            row.append(kind)
            if is_ticked(mark):
                ticked.append((kind.key, piece))
    if len(buttons) == len(row):
        for (button, on), kind in zip(buttons, row, strict=True):
            if on and kind is None:
                account.leave([button], where, "The ticked type is none of the framework.")
                continue
            account.take([button], f"{where}: {'ticked' if on else 'not ticked'}")
            if on and kind:
                ticked.append((kind.key, [button]))
    else:
        account.leave(
            (button for button, _ in buttons), where, "There are not as many radio buttons as types."
        )
    found = tuple(dict.fromkeys(key for key, _ in ticked))
    if len(found) > 1:
        labels = " · ".join(layout.framework.recommendation_type(key).label for key in found)
        account.flag(where, f"More than one type is ticked: {labels}. None was recorded: choose one.")
        for key, piece in ticked:
            label = layout.framework.recommendation_type(key).label
            account.leave(piece, where, f"One of several ticks: {label}.")
    return found


def read_conclusions(layout: Layout, account: Account) -> Conclusions:
    """A heading, then one cell of text; further cells under the same heading have no place."""
    sections: dict[str, str] = {}
    statements: list[ImportedStatement] = []
    note: list[str] = []
    for section, heading, cells in _sections(layout):
        if section is None:
            _leave_cells(cells, "Conclusions", account)
            continue
        account.take([heading] if heading else [], f"{section.heading}: heading")
        printed = [cell for cell in cells if cell.folded]
        sections[section.key] = ""
        if not printed:
            continue
        if section.holds_statements and _is_our_own(printed[0]):
            statements += _own_statements(printed[0], section, account)
            note += [f.stored for f in printed[0].fragments if f.role == Role.NOTE]
            sections[section.key] = as_markdown(f.stored for f in printed[0].fragments if f.role == Role.TEXT)
        elif section.holds_statements:
            _read_statements(printed[0], section, account, statements, note)
        else:
            sections[section.key] = as_markdown(fragment.stored for fragment in printed[0].fragments)
            account.take(printed[0].fragments, section.heading)
        _leave_cells(printed[1:], f"Conclusions, after {section.heading}", account)
    return Conclusions(tuple(statements), as_markdown(note), sections)


def read_references(layout: Layout, account: Account) -> dict[int, str]:
    """Numbered lines; a line without a number goes on with the one above."""
    found: dict[int, str] = {}
    last = 0
    for fragment in layout.lines_of(Part.REFERENCES):
        if fragment.is_blank:
            continue
        match = _REFERENCE.fullmatch(fragment.bare)
        number = int(match[1]) if match else 0
        if match and number > 0 and number not in found:
            exact = fragment.role == Role.EXACT
            found[number], last = match[2] if exact else " ".join(match[2].split()), number
        elif match or not last:
            account.leave([fragment], "References", "It is no numbered reference, or its number is taken.")
            continue
        else:
            found[last] = f"{found[last]} {' '.join(fragment.bare.split())}"
        account.take([fragment], f"Reference {last}")
    return found


def _pieces(lines: Sequence[Fragment]) -> Iterator[list[Fragment]]:
    """Cells; where a cell's lines each have a radio button, its lines."""
    for cell in cells_of(lines):
        printed = [fragment for fragment in cell.fragments if not fragment.is_blank]
        if (
            sum(bool(split_mark(fragment.text)[0]) for fragment in printed) > 1
            or not cell.fragments[0].begins_cell
        ):
            yield from ([fragment] for fragment in printed)
        elif printed:
            yield printed


def _sections(layout: Layout) -> Iterator[tuple[Section | None, Fragment | None, tuple[Cell, ...]]]:
    """First what stands before any heading, then each section; a heading counts once."""
    lines = layout.lines_of(Part.CONCLUSIONS)
    has_cells = any(fragment.begins_cell for fragment in lines)
    starts: dict[int, Section] = {}
    for place, fragment in enumerate(lines):
        section = layout.sections.find(fragment.text)
        if section and section not in starts.values() and (fragment.begins_cell or not has_cells):
            starts[place] = section
    yield None, None, cells_of(lines[: next(iter(starts), len(lines))])
    for place, end in pairwise([*starts, len(lines)]):
        yield starts[place], lines[place], cells_of(lines[place + 1 : end])


def _read_statements(
    cell: Cell, section: Section, account: Account, statements: list[ImportedStatement], note: list[str]
) -> None:
    """Each line that says what it recommends is a statement; the others stand beside them as a note."""
    for fragment in cell.fragments:
        if fragment.is_blank:
            note.append("")
            continue
        statement = read_statement(fragment.bare.strip(), as_markdown([fragment.stored]))
        if statement is None:
            note.append(fragment.stored)
            account.take([fragment], f"{section.heading}: note")
        else:
            statements.append(statement)
            account.take([fragment], f"{section.heading}: statement {len(statements)}")


def _is_our_own(cell: Cell) -> bool:
    """With the styles of our Word file, which say of each paragraph what it is."""
    return any(fragment.role in (Role.STATEMENT, Role.NOTE, Role.TEXT) for fragment in cell.fragments)


def _own_statements(cell: Cell, section: Section, account: Account) -> Iterator[ImportedStatement]:
    """Each begins with a paragraph of its style; under it stand what it is, for whom, and a remark."""
    lines = [fragment for fragment in cell.fragments if not fragment.is_blank]
    starts = [
        place
        for place, fragment in enumerate(lines)
        if fragment.role == Role.STATEMENT and marked_line(fragment.marked).begins != BROKEN
    ]
    first = starts[0] if starts else len(lines)
    for fragment in lines[:first]:
        _take_or_leave(fragment, section, account, f"{section.heading}: text")
    for number, (start, end) in enumerate(pairwise([*starts, len(lines)]), start=1):
        body = lines[start:end]
        for fragment in body:
            _take_or_leave(fragment, section, account, f"{section.heading}: statement {number}")
        grades = [read_grade_line(f.bare) for f in body if f.role == Role.GRADE]
        grade = next((one for one in grades if one), None)
        for fragment in body:
            if fragment.role == Role.GRADE and read_grade_line(fragment.bare) is None:
                account.leave([fragment], section.heading, "It does not say what the statement is.")
        text = as_markdown(f.stored for f in body if f.role in (Role.STATEMENT, Role.STATEMENT_MORE))
        told = [plain_of(marked_line(f.marked).text) for f in body if f.role == Role.POPULATION]
        read = read_statement(body[0].bare.strip(), text) or ImportedStatement(kind=RECOMMENDATION, text=text)
        remark = as_markdown(f.stored for f in body if f.role == Role.REMARK)
        population = read_population_line(told[0]) if told else ""
        yield replace(read, **_fields(grade), population=population, remark=remark)


def _fields(grade: dict[str, str] | None) -> dict[str, Any]:
    return dict(grade or {})


def _take_or_leave(fragment: Fragment, section: Section, account: Account, became: str) -> None:
    if fragment.role == Role.NONE:
        account.leave([fragment], section.heading, "It has none of the styles that say what it is.")
    else:
        account.take([fragment], became)


def _leave_cells(cells: Sequence[Cell], where: str, account: Account) -> None:
    for cell in cells:
        account.leave(cell.fragments, where, "It has no place in the sections of the framework.")
