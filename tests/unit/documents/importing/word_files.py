"""Word files by hand in the layouts that GRADEpro's documents have, for tests of the reader."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable, Sequence
from typing import Any

from etd.frameworks import all_frameworks

NAMESPACES = (
    'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main" '
    'xmlns:w14="http://schemas.microsoft.com/office/word/2010/wordml"'
)
TITLE = "Device against no device after cardiac arrest"
EVIDENCE = "Pooled trials showed no difference.1"
FIELDS = {"POPULATION:": "Adults after cardiac arrest", "SETTING:": "In-hospital"}
CHOSEN = {"Problem": "Yes", "Desirable Effects": "Small", "Equity": "Probably reduced"}
STATEMENT = "We suggest against routine use (weak recommendation, low certainty of evidence)."
FRAMEWORK = next(
    one for one in all_frameworks() if one.key == "grade_clinical_population" and one.version == 1
)
Change = Callable[[Any], None]


def new_document() -> Any:
    import docx

    return docx.Document()


def packed(document: Any) -> bytes:
    stream = io.BytesIO()
    document.save(stream)
    return stream.getvalue()


def options(key_heading: str, chosen: str) -> list[str]:
    criterion = next(one for one in FRAMEWORK.criteria if one.heading == key_heading)
    return [f"{'●' if one.label == chosen else '○'}\u00a0{one.label}" for one in criterion.options]


def prompt(heading: str) -> str:
    return next(one.prompt for one in FRAMEWORK.criteria if one.heading == heading)


def fill(cell: Any, lines: Sequence[str]) -> None:
    """A paragraph a line; python-docx gives every cell one to begin with."""
    for number, line in enumerate(lines):
        (cell.add_paragraph() if number else cell.paragraphs[0]).add_run(line)


def gradepro(
    *, one_table: bool = False, chosen: dict[str, str] | None = None, grid: dict[str, str] | None = None
) -> Any:
    """As GRADEpro has it: a table for each part; with `one_table` the whole assessment in one, cells merged."""
    chosen = CHOSEN if chosen is None else chosen
    document = new_document()
    document.add_paragraph("QUESTION")
    box = document.add_table(rows=1 + len(FIELDS), cols=2)
    box.cell(0, 0).merge(box.cell(0, 1)).paragraphs[0].add_run(TITLE).bold = True
    for number, (name, text) in enumerate(FIELDS.items(), start=1):
        box.cell(number, 0).paragraphs[0].add_run(name).bold = True
        fill(box.cell(number, 1), [text])
    document.add_paragraph("ASSESSMENT")
    table = None
    for heading, choice in chosen.items():
        if table is None or not one_table:
            table = document.add_table(rows=0, cols=3)
        head, columns, body = (table.add_row() for _ in range(3))
        fill(head.cells[0].merge(head.cells[2]), [heading, prompt(heading)])
        for cell, name in zip(
            columns.cells, ("JUDGEMENT", "RESEARCH EVIDENCE", "ADDITIONAL CONSIDERATIONS"), strict=True
        ):
            cell.paragraphs[0].add_run(name).bold = True
        fill(body.cells[0], options(heading, choice))
        fill(body.cells[1], [f"{heading}: first.", f"{heading}: second."])
        fill(body.cells[2], [f"{heading}: considered."])
    add_grid(document, chosen if grid is None else grid)
    add_type(document)
    add_conclusions(document)
    return document


def add_grid(document: Any, marked: dict[str, str], *, mark: str = "bold") -> None:
    document.add_paragraph("SUMMARY OF JUDGEMENTS")
    grid = document.add_table(rows=1, cols=8)
    grid.cell(0, 1).merge(grid.cell(0, 7)).paragraphs[0].add_run("JUDGEMENT").bold = True
    for heading, choice in marked.items():
        criterion = next(one for one in FRAMEWORK.criteria if one.heading == heading)
        cells = grid.add_row().cells
        cells[0].paragraphs[0].add_run(criterion.summary_heading).bold = True
        for option in criterion.options:
            cell = cells[option.column]
            run = cell.paragraphs[0].add_run(option.label)
            if option.label == choice and mark == "bold":
                run.bold = True
            elif option.label == choice:
                cell._tc.get_or_add_tcPr().append(xml('<w:shd w:val="clear" w:fill="CCE5FF"/>'))


def add_type(document: Any) -> None:
    document.add_paragraph("TYPE OF RECOMMENDATION")
    kinds = FRAMEWORK.recommendation_types
    table = document.add_table(rows=2, cols=len(kinds))
    for place, kind in enumerate(kinds):
        fill(table.cell(0, place), [kind.label])
        fill(table.cell(1, place), ["●" if place == 1 else "○"])


def add_conclusions(document: Any) -> None:
    document.add_paragraph("CONCLUSIONS")
    table = document.add_table(rows=4, cols=1)
    fill(table.cell(0, 0), ["Recommendation"])
    fill(table.cell(1, 0), [STATEMENT])
    fill(table.cell(2, 0), ["Justification"])
    fill(table.cell(3, 0), ["Because of the trials."])


def criterion_with(change: Change) -> Any:
    """A document of one criterion, whose cell of research evidence is made by `change`."""
    document = new_document()
    document.add_paragraph("ASSESSMENT")
    table = document.add_table(rows=3, cols=3)
    fill(table.cell(0, 0).merge(table.cell(0, 2)), ["Problem", prompt("Problem")])
    for cell, name in zip(
        table.rows[1].cells, ("JUDGEMENT", "RESEARCH EVIDENCE", "ADDITIONAL CONSIDERATIONS"), strict=True
    ):
        fill(cell, [name])
    fill(table.cell(2, 0), options("Problem", "Yes"))
    change(table.cell(2, 1))
    return document


def xml(inner: str) -> Any:
    """An element of the main namespace, as in `<w:r><w:t>x</w:t></w:r>`."""
    from docx.oxml import parse_xml

    start = min(place for place in (inner.find(">"), inner.find(" "), inner.find("/>")) if place > 0)
    return parse_xml(f"{inner[:start]} {NAMESPACES}{inner[start:]}")


def with_parts(content: bytes, **parts: bytes | None) -> bytes:
    """The package with these parts put in, replaced or (None) taken out; `__` in a name is a slash, `_dot_` a dot."""
    named = {name.replace("__", "/").replace("_dot_", "."): part for name, part in parts.items()}
    stream = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(content)) as source,
        zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as target,
    ):
        for name in source.namelist():
            if name not in named:
                target.writestr(name, source.read(name))
        for name, part in named.items():
            if part is not None:
                target.writestr(name, part)
    return stream.getvalue()


def from_text(text: str) -> Any:
    """The Word file that a text with a tab before every cell was saved from: tables whose rows end with an empty line.

    A row that begins with a text and a title like "Table 2." is a cell with that table in it.
    """
    document = new_document()
    holder: Any = None
    rows: list[list[list[str]]] = []
    for block in re.split(r"\n(?:[ \u00a0]*\n)+", text):
        row = [cell.split("\n") for cell in block.split("\t")]
        before, cells = row[0], row[1:]
        if before != [""] and not cells and holder is None:
            add_rows(document, rows)
            rows = []
            for line in before:
                document.add_paragraph(line)
        elif before != [""] and not cells:
            add_rows(holder, rows)
            rows, target = [], holder
            holder = None
            for line in before:
                target.add_paragraph(line)
        else:
            if before != [""]:
                add_rows(document, rows)
                rows = []
                for line in before:
                    document.add_paragraph(line)
            if len(cells) > 3 and cells[0][-1].startswith("Table "):
                add_rows(document, rows)
                holder = document.add_table(rows=1, cols=1).cell(0, 0)
                fill(holder, cells[0])
                rows, cells = [], cells[1:]
            rows += [[[one.strip("\n") for one in cell if one] or [""] for cell in cells]]
    add_rows(document, rows)
    return document


def add_rows(parent: Any, rows: Sequence[Sequence[Sequence[str]]]) -> None:
    """One table; a row of fewer cells ends with one that spans the others."""
    if not rows:
        return
    width = max(len(row) for row in rows)
    table = parent.add_table(rows=0, cols=width)
    for row in rows:
        cells = table.add_row().cells
        if len(row) < width:
            cells[len(row) - 1].merge(cells[-1])
        for cell, lines in zip(cells, row, strict=False):
            fill(cell, lines)
