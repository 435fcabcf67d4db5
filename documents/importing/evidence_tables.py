"""Tables of results among the cells of a criterion's evidence."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from documents.importing.account import Account
from documents.importing.fragments import Cell, Fragment
from documents.importing.imported import ImportedRow, ImportedTable
from documents.importing.labels import aliases
from documents.importing.plain_text import as_markdown
from documents.importing.results_table import (
    COMPARISON,
    INTERVENTION,
    Columns,
    Unreadable,
    columns_of,
    read_cells,
)
from documents.importing.roles import Role
from etd.frameworks import Criterion

Row = tuple[Cell, ...]
Text = tuple[Fragment, ...]

# Who a row is about where the table names no population: everybody the question is about.
WHOLE = "All (population of the question)"
_WIDEST = 40
_MANY = 4  # cells beside each other that are a table even without a heading that is known
_LONGEST_LABEL = 60
_LONGEST_HEADING = 200
_LONGEST_NAME = 500
_NOTES = {Role.ABBREVIATIONS: "abbreviations", Role.FOOTNOTES: "footnotes"}
_RAISED = re.compile("[⁰¹²³⁴-⁹]")
_FOOTNOTE = re.compile(r"\s*(?:[*†‡§¶#]|[a-z][.)]\s)")


@dataclass
class _Table:
    """A table as it stands: the line of its title, its rows (`n_cells` of the text), and the lines right after it."""

    title: Fragment | None
    rows: list[Row]
    columns: Columns | None
    n_cells: int
    after: Text
    read: list[ImportedRow] = field(default_factory=list)
    places: set[tuple[str, str]] = field(default_factory=set)

    @property
    def fragments(self) -> list[Fragment]:
        title = [self.title] if self.title else []
        return title + [fragment for row in self.rows for cell in row for fragment in cell.fragments]

    @property
    def is_our_own(self) -> bool:
        """Our file has the intervention first, whatever it is called."""
        return any(fragment.role == Role.EXACT for fragment in self.fragments)


class TableReader:
    """Collects the tables of all criteria. `better` ("higher", "lower") is for outcomes whose name does not say which
    way is better; empty: their rows are left as they are. `known` is by outcome, where the document says it."""

    def __init__(self, account: Account, *, better: str, known: Mapping[str, str]) -> None:
        self._account = account
        self._otherwise = better
        self._known = known
        self.tables: list[ImportedTable] = []
        self.better: dict[str, str] = {}

    def read(self, criterion: Criterion, cells: Sequence[Cell]) -> list[Text]:
        """Takes the tables out of the cells; what remains are texts, one a cell."""
        texts: list[Text] = []
        rows = _Rows(cells)
        place = 0
        while place < len(cells):
            table = _table_at(rows, place, texts)
            if table is None:
                texts.append(cells[place].fragments)
                place += 1
                continue
            place += table.n_cells
            if table.title:
                texts = [tuple(f for f in text if f is not table.title) for text in texts]
            if not texts:
                texts.append(())
            after = self._take(criterion, table)
            texts[0] += after
        return texts

    def _take(self, criterion: Criterion, table: _Table) -> Text:
        """Stores the table or leaves it; returns the lines after it that are none of its notes."""
        match = aliases().table_title.fullmatch(table.title.text) if table.title else None
        numbers = {known.number for known in self.tables}
        number = int(match[1]) if match else max(numbers, default=0) + 1
        where = (
            f"{criterion.heading}, Table {number}"
            if match
            else f"{criterion.heading}, table without a number"
        )
        if table.columns is None:
            reason = "Its columns are not those of a table of results (outcome, studies, two arms, effect)."
            self._account.leave(table.fragments, where, reason)
            return table.after
        if table.columns.problem and not table.is_our_own:
            self._account.leave(table.fragments, where, table.columns.problem)
            return table.after
        if number in numbers or not number:
            self._account.leave(table.fragments, where, "There is another table of this number.")
            return table.after
        outcomes = self._read_rows(table, table.columns, where)
        if not table.read:
            self._account.leave(table.fragments, where, "None of its rows could be read.")
            return table.after
        self.better |= {row.outcome: outcomes[row.outcome] for row in table.read}
        self._flag_assumptions(table, where)
        notes, after = self._notes(table, where)
        labels = [self._label(table.columns, arm, where) for arm in (INTERVENTION, COMPARISON)]
        self._account.take([table.title] if table.title else [], f"{where}: title")
        self._account.take(
            (f for cell in table.rows[0] for f in cell.head), f"{where}: headings of the columns"
        )
        self.tables.append(
            ImportedTable(
                criterion_key=criterion.key,
                number=number,
                title=_words_of(table.title, match[2] or "") if table.title and match else "",
                column_headings=table.columns.headings,
                intervention_label=labels[0],
                comparison_label=labels[1],
                abbreviations=notes[0],
                footnotes=notes[1],
                rows=tuple(table.read),
            )
        )
        return after

    def _label(self, columns: Columns, arm: str, where: str) -> str:
        label = columns.label(arm)
        if len(label) > _LONGEST_LABEL:
            self._account.flag(
                where, f"The heading “{label}” is too long for the label of an arm; it was cut."
            )
            return f"{label[: _LONGEST_LABEL - 1]}…"
        return label

    def _read_rows(self, table: _Table, columns: Columns, where: str) -> dict[str, str]:
        """Reads every row that can be read; returns which way is better, by outcome."""
        outcome = ""
        heading: list[Fragment] = []
        indented = any(_is_indented(row[0]) for row in table.rows[1:] if len(row) > 1)
        better: dict[str, str] = {}
        number = 0
        for row in table.rows[1:]:
            fragments = [f for cell in row for f in cell.head]
            texts = [Cell(cell.head).exact for cell in row]
            if not any(texts[1:]):
                self._account.leave(heading, where, "It is the heading of no row that could be read.")
                outcome, heading = texts[0], fragments
                continue
            number += 1
            is_of_heading = bool(outcome) and (not indented or _is_indented(row[0]))
            name, population = (outcome, texts[0]) if is_of_heading else (texts[0], WHOLE)
            place = f"{where}, row {number} ({texts[0][:60]})"
            try:
                better[name] = self._direction(name)
                self._read_row(table, columns, name, population, texts)
            except Unreadable as problem:
                self._account.leave(fragments, place, f"{str(problem)[:1].upper()}{str(problem)[1:]}.")
                continue
            self._account.take(fragments, place)
            if is_of_heading:
                self._account.take(heading, f"{where}: outcome")
                heading = []
        self._account.leave(heading, where, "It is the heading of no row that could be read.")
        return better

    def _read_row(
        self, table: _Table, columns: Columns, outcome: str, population: str, texts: Sequence[str]
    ) -> None:
        if len(texts) != len(columns.kinds):
            raise Unreadable(f"it has {len(texts)} cells under {len(columns.kinds)} columns")
        if not outcome or not population:
            raise Unreadable("it names no outcome")
        if max(len(outcome), len(population)) > _LONGEST_NAME:
            raise Unreadable("its name is too long for an outcome or a population")
        if (outcome, population) in table.places:
            raise Unreadable("the table has this outcome and population already")
        table.read.append(ImportedRow(outcome, population, read_cells(columns, texts)))
        table.places.add((outcome, population))

    def _direction(self, outcome: str) -> str:
        if outcome in self._known:
            return self._known[outcome]
        named = _RAISED.sub(" ", outcome)
        said = [side for side, words in aliases().better.items() if words.search(named)]
        if len(said) == 1:
            return said[0]
        if not self._otherwise:
            raise Unreadable(
                f"the name “{outcome[:60]}” does not say whether more or less of it is better: "
                "import again and say so (--better)"
            )
        return self._otherwise

    def _flag_assumptions(self, table: _Table, where: str) -> None:
        names = dict.fromkeys(row.outcome for row in table.read if row.outcome not in self._known)
        for side in ("higher", "lower"):
            if those := [name for name in names if self.better[name] == side]:
                self._account.flag(
                    where, f"Taken as {side} is better, which no text says: {'; '.join(those)}."
                )
        if any(row.population == WHOLE for row in table.read):
            self._account.flag(where, f"Rows that name no population are of “{WHOLE}”.")

    def _notes(self, table: _Table, where: str) -> tuple[tuple[str, str], Text]:
        """Abbreviations and footnotes right after the table; what follows them is text of the evidence."""
        notes: dict[str, list[str]] = {"abbreviations": [], "footnotes": []}
        end = 0
        for place, fragment in enumerate(table.after):
            kind = _kind_of_note(fragment)
            if kind:
                notes[kind].append(fragment.stored.strip())
                self._account.take([fragment], f"{where}: {kind}")
                end = place + 1
            elif not fragment.is_blank:
                break
        abbreviations, footnotes = (as_markdown(lines) for lines in notes.values())
        return (abbreviations, footnotes), table.after[end:]


def _words_of(title: Fragment, words: str) -> str:
    """Letter for letter where our own file says so, else with single blanks."""
    return words if title.role == Role.CAPTION else " ".join(words.split())


def _kind_of_note(fragment: Fragment) -> str:
    if fragment.role in _NOTES:
        return _NOTES[fragment.role]
    if aliases().abbreviations.match(fragment.text):
        return "abbreviations"
    return "footnotes" if _FOOTNOTE.match(fragment.text) else ""


class _Rows:
    """The cells by rows, from any place on."""

    def __init__(self, cells: Sequence[Cell]) -> None:
        self.cells = cells
        ends = [len(cells)] * (len(cells) + 1)
        for place in range(len(cells) - 1, -1, -1):
            ends[place] = place + 1 if cells[place].ends_row else ends[place + 1]
        self._ends = ends

    def at(self, place: int) -> Row:
        return tuple(self.cells[place : self._ends[place]])

    def width(self, place: int) -> int:
        return self._ends[place] - place


def _table_at(all_rows: _Rows, place: int, texts: Sequence[Text]) -> _Table | None:
    """The table that begins at this cell: by its title, by its headings, or by many cells beside each other."""
    if not 2 <= all_rows.width(place) <= _WIDEST:
        return None
    header = all_rows.at(place)
    if _is_text(header):
        return None
    columns = columns_of(header)
    title = _title(texts)
    if columns is None and title is None and len(header) < _MANY:
        return None
    rows: list[Row] = []
    after: Text = ()
    at = place
    while at < len(all_rows.cells):
        row, extra = _parted(all_rows.at(at))
        goes_on = 1 < all_rows.width(at + all_rows.width(at)) <= _WIDEST
        if rows and len(row) < 2 and (_has_text(extra) or not goes_on):
            break
        rows.append(row)
        at += len(row)
        printed = [fragment for fragment in extra if not fragment.is_blank]
        if any(fragment.ends_table for fragment in row[-1].fragments + tuple(extra)):
            after = tuple(extra)
            break
        if len(printed) == 1 and goes_on and row[-1].fragments[0].ends_row:
            rows.append((Cell((printed[0],)),))
        elif printed:
            after = tuple(extra)
            break
    return _Table(title, rows, columns, at - place, after)


def _parted(row: Row) -> tuple[Row, Text]:
    """The row, and what follows it outside its cells: after an empty line, or after a line that holds the whole row."""
    last = row[-1]
    end = 1 if last.fragments[0].ends_row else len(last.head)
    return (*row[:-1], Cell(last.fragments[:end])), last.fragments[end:]


def _is_text(header: Row) -> bool:
    """Evidence right before a table has no empty line after it: its cell is not the first heading."""
    first = header[0]
    lines = [fragment for fragment in first.head if not fragment.is_blank]
    return (
        len(first.folded) > _LONGEST_HEADING
        or bool(lines and aliases().table_title.fullmatch(lines[-1].text))
        or (columns_of(header) is None and columns_of(header[1:]) is not None)
    )


def _title(texts: Sequence[Text]) -> Fragment | None:
    """The last printed line before the table, where it begins like "Table 2."; a text goes on after another table."""
    for text in (texts[-1], texts[0]) if texts else ():
        last = next((f for f in reversed(text) if not f.is_blank), None)
        if last and aliases().table_title.fullmatch(last.text):
            return last
    return None


def _has_text(fragments: Sequence[Fragment]) -> bool:
    return any(not fragment.is_blank for fragment in fragments)


def _is_indented(cell: Cell) -> bool:
    return cell.fragments[0].text[:1].isspace()
