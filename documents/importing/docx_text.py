"""The XML of a Word file → text in the layout of GRADEpro's documents, each line with its formatting (`marks`).

A tab begins each cell, an empty line ends each row, as where Word saves a document as text.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from documents.importing.docx_looks import (
    LOOKS,
    W,
    check_box,
    formula,
    from_symbol_font,
    is_on,
    letters,
    looks_of,
    marked_cells,
    style_names,
    symbol,
    value,
)
from documents.importing.marks import (
    BROKEN,
    CHOSEN,
    ITEM,
    JOINED,
    KEPT_SIGNS,
    LINE,
    LINK,
    LINK_END,
    LINK_TEXT,
    NEW,
    TABLE_END,
    marked_line,
    without_marks,
)
from documents.importing.numbering import Numbering
from documents.importing.roles import INDENT, TYPED, Role, role_of_style

R = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"
_COLUMNS = 3  # a criterion's judgement, evidence and considerations
_WIDE = 4  # a row of so many cells or more is one of a table, with fewer it is text beside text
_TRANSPARENT = {
    f"{W}{name}"
    for name in ("ins", "moveTo", "smartTag", "sdt", "sdtContent", "customXml", "fldSimple", "bdo", "dir")
}
_DROPPED = {f"{W}del", f"{W}moveFrom"}
# What one letter each of a run's elements prints.
_SIGNS = {
    "br": "\n",
    "cr": "\n",
    "tab": "\t",
    "ptab": "\t",
    "noBreakHyphen": "\u2011",
    "softHyphen": "\u00ad",
}


@dataclass
class Package:
    """The parts that are read, as parsed XML, and what they refer to: relationships, styles, lists, notes."""

    body: Any
    styles: Any = None
    numbering: Any = None
    notes: Mapping[str, Any] = field(default_factory=dict)
    links: Mapping[str, str] = field(default_factory=dict)
    margins: tuple[Any, ...] = ()
    comments: Any = None


def text_of(package: Package) -> str:
    return _Reader(package).read()


@dataclass
class _Piece:
    text: str
    looks: tuple[str, ...] = ()
    href: str = ""


class _Reader:
    def __init__(self, package: Package) -> None:
        self._package = package
        self._names = style_names(package.styles)
        self._numbering = Numbering(package.numbering, package.styles)
        self._beside: list[tuple[Role, str]] = []
        self._said: Counter[str] = Counter()
        self._last_was_item = False

    def read(self) -> str:
        lines: list[str] = []
        for child in _blocks(self._package.body):
            if child.tag == f"{W}tbl":
                lines += self._table(child)
            else:
                lines += [*self._paragraph(child), ""]
        lines += ["", *self._margins(), *self._comments()]
        for role, text in self._beside:
            lines += [f"{LINE}{NEW}{role}{part}" for part in text.split("\n")]
        return "\n".join(lines)

    def _table(self, table: Any) -> list[str]:
        """A cell after the other, an empty line after each row; nested tables stand in the cell that holds them."""
        return [*self._lines_of_rows(_cells_by_row(table)), TABLE_END]

    def _lines_of_rows(self, rows: Sequence[Sequence[Any]]) -> list[str]:
        lines: list[str] = []
        for cells in rows:
            marked = marked_cells(list(cells), self._names)
            for number, cell in enumerate(cells):
                lines += self._cell(cell, number in marked, is_beside_others=len(cells) >= _COLUMNS)
            lines.append("")
        return lines

    def _within(self, table: Any) -> list[str]:
        """A table in one of several columns: what is no table of results goes on as text, not as further columns."""
        rows = [row for row in _cells_by_row(table) if any("".join(letters(cell)).strip() for cell in row)]
        wide = [place for place, row in enumerate(rows) if len(row) > 1]
        if any(cell.find(f".//{W}tbl") is not None for row in rows for cell in row):
            return self._table(table)
        if max(map(len, rows), default=0) < _WIDE:
            return [line for row in rows for line in self._as_text(row)]
        start, end = wide[0], wide[-1] + 1
        before, after = (
            [line for row in part for line in self._as_text(row)] for part in (rows[:start], rows[end:])
        )
        return [*before, "", *self._lines_of_rows(rows[start:end]), TABLE_END, *after]

    def _as_text(self, row: Sequence[Any]) -> list[str]:
        """The lines of a row; cells beside each other on one line."""
        cells = [[line for child in _blocks(cell) for line in self._paragraph(child)] for cell in row]
        if len(cells) == 1:
            return cells[0]
        first = next((line for cell in cells for line in cell), "")
        head = first.removesuffix(marked_line(first).text)
        texts = [" ".join(marked_line(line).text for line in cell) for cell in cells]
        between = " " if len(texts[0].strip()) == 1 and not texts[0].strip().isalnum() else " | "
        return [f"{head}{between.join(texts)}"]

    def _cell(self, cell: Any, is_chosen: bool, *, is_beside_others: bool) -> list[str]:
        lines: list[str] = []
        for child in _blocks(cell):
            if child.tag == f"{W}tbl" and is_beside_others:
                lines += self._within(child)
            elif child.tag == f"{W}tbl":
                # An empty line ends what stands before, which would else be the first cell of its first row.
                lines += ["", *self._table(child)]
            else:
                lines += self._paragraph(child)
        if not lines or not lines[0].startswith(LINE):
            first = next((child for child in _blocks(cell) if child.tag == f"{W}p"), None)
            role = self._role(first.find(f"{W}pPr")) if first is not None else Role.NONE
            lines.insert(0, f"{LINE}{NEW}{role}")
        if is_chosen:
            lines[0] = f"{lines[0]}{CHOSEN}"
        return [f"\t{lines[0]}", *lines[1:]]

    def _paragraph(self, paragraph: Any) -> list[str]:
        properties = paragraph.find(f"{W}pPr")
        style, role = value(properties, "pStyle"), self._role(properties)
        boxes: list[Any] = []
        pieces = list(self._pieces(paragraph, boxes))
        item = self._numbering.item(properties, style)
        is_typed = role in TYPED
        head = ""
        if item is None and is_typed and (depth := _indent(properties) // INDENT):
            head = f"{ITEM}{min(depth, 9)}{ITEM}"
        if item is not None:
            if item.marker in ("•", "+") or item.is_ordered:
                head = f"{ITEM}{min(item.level + 1, 9)}{item.marker}{ITEM}"
            elif item.marker:
                pieces.insert(0, _Piece(f"{item.marker} "))
        begins = NEW
        if item is not None and head:
            tight = _spacing_before(properties) == "0" if is_typed else self._last_was_item
            begins = JOINED if tight else NEW
        self._last_was_item = bool(head)
        lines = [
            f"{LINE}{begins if number == 0 else BROKEN}{role}{head if number == 0 else ''}{_written(line, is_typed)}"
            for number, line in enumerate(_lines(pieces))
        ]
        if not any(piece.text.strip() for piece in pieces) and not head:
            lines = []
        for box in boxes:
            for child in _blocks(box):
                lines += self._table(child) if child.tag == f"{W}tbl" else self._paragraph(child)
        return lines

    def _role(self, properties: Any) -> Role:
        style = value(properties, "pStyle")
        return role_of_style(self._names.get(style, style))

    def _pieces(self, parent: Any, boxes: list[Any], href: str = "") -> Iterator[_Piece]:
        for child in parent:
            if child.tag == f"{W}r":
                yield from self._run(child, boxes, href)
            elif child.tag == f"{W}hyperlink":
                target = self._package.links.get(child.get(f"{R}id", ""), "")
                is_web = target.casefold().startswith(("http://", "https://"))
                yield from self._pieces(child, boxes, target if is_web else href)
            elif child.tag in _DROPPED:
                text = "".join(letters(child))
                if text.strip():
                    self._beside.append((Role.DELETED, without_marks(text)))
            elif child.tag == f"{W}sdt" and (box := check_box(child)) is not None:
                yield _Piece(box)
            elif child.tag in _TRANSPARENT:
                yield from self._pieces(child, boxes, href)
            elif child.tag.endswith("}oMath") or child.tag.endswith("}oMathPara"):
                yield _Piece(formula(child))
            elif child.tag.endswith("}AlternateContent"):
                yield from self._alternate(child, boxes, href)

    def _run(self, run: Any, boxes: list[Any], href: str) -> Iterator[_Piece]:
        properties = run.find(f"{W}rPr")
        if properties is not None and is_on(properties, "vanish"):
            text = "".join(letters(run))
            if text.strip():
                self._beside.append((Role.DELETED, without_marks(text)))
            return
        looks = looks_of(properties, self._names)
        for child in run:
            name = child.tag.removeprefix(W)
            if name == "t":
                yield _Piece(from_symbol_font(child.text or "", properties), looks, href)
            elif name in _SIGNS:
                yield _Piece(_SIGNS[name], looks, href)
            elif name == "sym":
                yield _Piece(symbol(child), looks, href)
            elif name in ("footnoteReference", "endnoteReference"):
                yield from self._note(name.removesuffix("Reference"), child.get(f"{W}id", ""))
            elif name in ("drawing", "pict", "object"):
                yield from self._drawn(child, boxes)
            elif child.tag.endswith("}AlternateContent"):
                yield from self._alternate(child, boxes, href)

    def _alternate(self, child: Any, boxes: list[Any], href: str) -> Iterator[_Piece]:
        """Word writes what is new twice; the first is the whole."""
        choice = next((one for one in child if one.tag.endswith("}Choice")), None)
        if choice is not None:
            found = [one for one in choice if one.tag.removeprefix(W) in ("drawing", "pict")]
            for one in found:
                yield from self._drawn(one, boxes)
            if not found:
                yield from self._pieces(choice, boxes, href)

    def _drawn(self, drawing: Any, boxes: list[Any]) -> Iterator[_Piece]:
        texts = list(drawing.iter(f"{W}txbxContent"))
        boxes += texts
        if not texts:
            said = [
                one.get("descr") or one.get("name") or ""
                for one in drawing.iter()
                if one.tag.endswith("}docPr")
            ]
            self._beside.append((Role.PICTURE, without_marks(f"[Picture] {' '.join(said)}".strip())))
        yield from ()

    def _note(self, kind: str, number: str) -> Iterator[_Piece]:
        """A footnote stands in brackets where its mark stood: nothing says that its number is a reference's."""
        note = self._package.notes.get(f"{kind} {number}")
        if note is None:
            return
        text = " ".join(part for one in note.iter(f"{W}p") if (part := "".join(letters(one)).strip()))
        if text:
            yield _Piece(f" [{text}]")

    def _margins(self) -> list[str]:
        printed = (
            _folded(without_marks("".join(letters(one))))
            for margin in self._package.margins
            for one in margin.iter(f"{W}p")
            if self._role(one.find(f"{W}pPr")) != Role.AGAIN
        )
        texts = dict.fromkeys(text for text in printed if any(sign.isalpha() for sign in text))
        return [f"{LINE}{NEW}{Role.MARGIN}{text}" for text in texts]

    def _comments(self) -> list[str]:
        comments = self._package.comments
        found = []
        for comment in comments if comments is not None else ():
            text = " ".join("".join(letters(one)) for one in comment.iter(f"{W}p"))
            if text.strip():
                author = comment.get(f"{W}author") or "Somebody"
                found.append(f"{LINE}{NEW}{Role.COMMENT}{_folded(without_marks(f'{author}: {text}'))}")
        return found


def _folded(text: str) -> str:
    return " ".join(text.split())


def _blocks(parent: Any) -> Iterator[Any]:
    """Paragraphs and tables, also those inside content controls and tracked insertions."""
    for child in parent:
        if child.tag in (f"{W}p", f"{W}tbl"):
            yield child
        elif child.tag in _TRANSPARENT:
            yield from _blocks(child)


def _rows(table: Any) -> Iterator[Any]:
    for child in table:
        if child.tag == f"{W}tr":
            yield child
        elif child.tag in _TRANSPARENT:
            yield from _rows(child)


def _cells(row: Any) -> Iterator[Any]:
    for child in row:
        if child.tag == f"{W}tc":
            yield child
        elif child.tag in _TRANSPARENT:
            yield from _cells(child)


def _cells_by_row(table: Any) -> list[list[Any]]:
    return [[cell for cell in _cells(row) if not _continues(cell)] for row in _rows(table)]


def _continues(cell: Any) -> bool:
    """Is it the lower part of a cell that spans rows?"""
    merge = cell.find(f"{W}tcPr/{W}vMerge")
    return (
        merge is not None
        and merge.get(f"{W}val", "continue") == "continue"
        and not "".join(letters(cell)).strip()
    )


def _spacing_before(properties: Any) -> str:
    spacing = properties.find(f"{W}spacing") if properties is not None else None
    return str(spacing.get(f"{W}before", "")) if spacing is not None else ""


def _indent(properties: Any) -> int:
    indent = properties.find(f"{W}ind") if properties is not None else None
    left = indent.get(f"{W}left", "0") if indent is not None else "0"
    return int(left) if left.isascii() and left.isdigit() and len(left) < 6 else 0


def _lines(pieces: Iterable[_Piece]) -> list[list[_Piece]]:
    lines: list[list[_Piece]] = [[]]
    for piece in pieces:
        first, *others = piece.text.split("\n")
        lines[-1].append(_Piece(first, piece.looks, piece.href))
        lines += [[_Piece(part, piece.looks, piece.href)] for part in others]
    return lines


def _written(pieces: list[_Piece], is_typed: bool) -> str:
    """A line with its marks; each look is closed before the line ends."""
    written = []
    for piece in pieces:
        text = without_marks(piece.text)
        if not text:
            continue
        for sign, mark in KEPT_SIGNS.items():
            text = text.replace(sign, mark if is_typed or sign != "\t" else " ")
        # Emphasis of a label or a cell is its design; in a text it is what the author meant.
        for look in reversed(piece.looks):
            begin, end = LOOKS[look]
            text = f"{begin}{text}{end}"
        written.append(
            f"{LINK}{without_marks(piece.href)}{LINK_TEXT}{text}{LINK_END}" if piece.href else text
        )
    return "".join(written)
