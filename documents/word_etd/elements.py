"""WordprocessingML by hand: paragraphs, runs and tables whose children stand in the order that Word demands."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from documents.prose import Run

if TYPE_CHECKING:
    from docx.document import Document

Element = Any
_PIECES = re.compile(r"([\n\t])")
# Control characters, noncharacters: XML or Word cannot hold them, or would give something else back.
_CANNOT_HOLD = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")


class CannotHold(ValueError):
    """The document has a sign that no Word file can hold; the message names its place, the sign and the remedy."""


def checked(text: str, where: str) -> str:
    """The text with \\n as its only line end. Raises CannotHold."""
    text = re.sub(r"\r\n?", "\n", text)
    if found := _CANNOT_HOLD.search(text):
        place = text[max(found.start() - 30, 0) : found.start()].replace("\n", " ")
        raise CannotHold(
            f"{where}: the sign U+{ord(found[0]):04X} after “{place}” cannot stand in a Word file. "
            "Delete it there, or export as PDF or JSON."
        )
    return text


@dataclass(frozen=True)
class Cell:
    """A cell with its paragraphs (one at least); `span` columns wide, `fill` a colour such as E6EFF0."""

    paragraphs: Sequence[Element]
    span: int = 1
    fill: str = ""


@dataclass(frozen=True)
class Line:
    """A row of a table. `heads`: repeated on every page; `whole`: never split between two."""

    cells: Sequence[Cell]
    heads: bool = False
    whole: bool = True


@dataclass
class Writer:
    """Makes paragraphs and tables for one document; `where` names the field that is being written, for refusals."""

    document: Document
    where: str = ""
    body: list[Element] = field(default_factory=list)

    def paragraph(
        self,
        style: str,
        runs: str | Sequence[Element | Run],
        *,
        bold: bool = False,
        keep_next: bool = False,
        numbering: tuple[int, int] | None = None,
        before: int | None = None,
        indent: int = 0,
    ) -> Element:
        """`numbering` is (w:numId, level from 0); `before` is the space above in twentieths of a point."""
        given = [Run(runs, bold=bold)] if isinstance(runs, str) else list(runs)
        texts = "".join(run.text for run in given if isinstance(run, Run))
        properties = [element("w:pStyle", val=style.replace(" ", ""))]
        properties += [element("w:keepNext")] if keep_next else []
        if numbering:
            level, number = element("w:ilvl", val=numbering[1]), element("w:numId", val=numbering[0])
            properties.append(element("w:numPr", level, number))
        properties += [element("w:bidi")] if is_right_to_left(texts) else []
        properties += [element("w:spacing", before=before)] if before is not None else []
        properties += [element("w:ind", left=indent)] if indent else []
        pieces = [piece for run in given for piece in (self.run(run) if isinstance(run, Run) else [run])]
        return element("w:p", element("w:pPr", *properties), *pieces)

    def run(self, run: Run) -> list[Element]:
        text = checked(run.text, self.where)
        properties = []
        if run.cites:
            properties.append(element("w:rStyle", val="EtDCitation"))
        elif run.href:
            properties.append(element("w:rStyle", val="Hyperlink"))
        properties += [element("w:b"), element("w:bCs")] if run.bold else []
        properties += [element("w:i"), element("w:iCs")] if run.italic else []
        properties += [element("w:rtl")] if is_right_to_left(text) else []
        pieces = []
        for piece in _PIECES.split(text):
            if piece == "\n":
                pieces.append(element("w:br"))
            elif piece == "\t":
                pieces.append(element("w:tab"))
            elif piece:
                pieces.append(text_element(piece))
        made = element("w:r", *([element("w:rPr", *properties)] if properties else []), *pieces)
        return [self._link(run.href, made)] if run.href else [made]

    def table(self, widths: Sequence[int], lines: Sequence[Line], *, caption: str) -> Element:
        """`widths` in twentieths of a point; `caption` is what a screen reader says of the table."""
        properties = element(
            "w:tblPr",
            element("w:tblStyle", val="EtDTable"),
            element("w:tblW", w=sum(widths), type="dxa"),
            element("w:tblLayout", type="fixed"),
            element(
                "w:tblLook",
                val="0420",
                firstRow=1,
                lastRow=0,
                firstColumn=0,
                lastColumn=0,
                noHBand=0,
                noVBand=1,
            ),
            element("w:tblCaption", val=checked(caption, self.where)),
        )
        grid = element("w:tblGrid", *(element("w:gridCol", w=width) for width in widths))
        return element("w:tbl", properties, grid, *(self._row(line, widths) for line in lines))

    def add(self, *made: Element) -> None:
        self.body.extend(made)

    def _row(self, line: Line, widths: Sequence[int]) -> Element:
        properties = [element("w:cantSplit")] if line.whole else []
        properties += [element("w:tblHeader")] if line.heads else []
        cells = []
        column = 0
        for cell in line.cells:
            width = sum(widths[column : column + cell.span])
            column += cell.span
            look = [element("w:tcW", w=width, type="dxa")]
            look += [element("w:gridSpan", val=cell.span)] if cell.span > 1 else []
            look += [element("w:shd", val="clear", color="auto", fill=cell.fill)] if cell.fill else []
            cells.append(element("w:tc", element("w:tcPr", *look), *cell.paragraphs))
        if column != len(widths):
            raise ValueError(f"a row has {column} columns of {len(widths)}")
        return element("w:tr", *([element("w:trPr", *properties)] if properties else []), *cells)

    def _link(self, href: str, made: Element) -> Element:
        from docx.opc.constants import RELATIONSHIP_TYPE
        from docx.oxml.ns import qn

        link = element("w:hyperlink", made)
        address = checked(href, self.where)
        link.set(
            qn("r:id"), self.document.part.relate_to(address, RELATIONSHIP_TYPE.HYPERLINK, is_external=True)
        )
        return link


def element(tag: str, *children: Element, **attributes: object) -> Element:
    """An element of the main namespace; attributes get its prefix."""
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn

    made: Any = OxmlElement(tag)
    for name, value in attributes.items():
        made.set(qn(f"w:{name}"), str(value))
    for child in children:
        made.append(child)
    return made


def text_element(text: str) -> Element:
    from docx.oxml.ns import qn

    made = element("w:t")
    made.text = text
    made.set(qn("xml:space"), "preserve")
    return made


def is_right_to_left(text: str) -> bool:
    """By its first letter that has a direction, as a browser does it."""
    strong = (kind for sign in text if (kind := unicodedata.bidirectional(sign)) in ("L", "R", "AL"))
    return next(strong, "L") != "L"
