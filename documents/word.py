"""A table as a Word file: a real table on a landscape page, its heading repeated, footnotes under it."""

from __future__ import annotations

import io
import re
import zipfile
from typing import TYPE_CHECKING, Any

from documents.tables import TextCell, TextTable, plain_cell

if TYPE_CHECKING:
    from docx.document import Document
    from docx.table import Table, _Cell

FONT, TEXT_SIZE, TABLE_SIZE, NOTE_SIZE = "Calibri", 11, 9, 8.5
A4 = (210, 297)
MARGIN = 18
HEADING_FILL, BAND_FILL = "E6EFF0", "F1F4F5"
# The earliest time that a zip can hold.
NO_TIME = (1980, 1, 1, 0, 0, 0)
_NOT_IN_XML = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


def to_docx(table: TextTable, *, title: str, subtitle: str, author: str, language: str) -> bytes:
    """A Word file with one table; `title` is the question's, `language` a tag such as `en-US`.

    The same table gives the same bytes at any time.
    """
    import docx

    document = docx.Document()
    _describe(document, title, author, language)
    _landscape(document)
    document.add_heading(_clean(title), level=1)
    document.add_paragraph(_clean(subtitle), style="Subtitle")
    document.add_paragraph(_clean(table.caption), style="Caption").paragraph_format.keep_with_next = True
    _fill(_new_table(document, table), table)
    for mark, text in table.footnotes:
        paragraph = document.add_paragraph(style="Footnotes")
        paragraph.add_run(f"{mark} ").font.superscript = True
        paragraph.add_run(_clean(text))
    for note in table.notes:
        document.add_paragraph(_clean(note), style="Footnotes")
    stream = io.BytesIO()
    document.save(stream)
    return packed_at_no_time(stream.getvalue())


def packed_at_no_time(packed: bytes) -> bytes:
    """The same parts in the same order; python-docx writes the time of packing beside each."""
    stream = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(packed)) as source, zipfile.ZipFile(stream, "w") as target:
        for part in source.infolist():
            undated = zipfile.ZipInfo(part.filename, NO_TIME)
            target.writestr(undated, source.read(part), compress_type=zipfile.ZIP_DEFLATED)
    return stream.getvalue()


def _describe(document: Document, title: str, author: str, language: str) -> None:
    from docx.enum.style import WD_STYLE_TYPE
    from docx.oxml.ns import qn
    from docx.shared import Pt, RGBColor

    properties = document.core_properties
    properties.title, properties.author, properties.language = _clean(title), _clean(author), language
    properties.comments = ""
    styles: Any = document.styles
    notes = styles.add_style("Footnotes", WD_STYLE_TYPE.PARAGRAPH)
    notes.base_style = styles["Normal"]
    ink = RGBColor(0x14, 0x21, 0x2B)
    for name, size, after in (
        ("Normal", TEXT_SIZE, 4),
        ("Heading 1", 16, 2),
        ("Subtitle", TEXT_SIZE, 10),
        ("Caption", TEXT_SIZE, 4),
        ("Footnotes", NOTE_SIZE, 2),
    ):
        style = styles[name]
        style.font.name, style.font.size, style.font.color.rgb = FONT, Pt(size), ink
        style.font.italic = False
        fonts = style.element.get_or_add_rPr().get_or_add_rFonts()
        for theme in ("asciiTheme", "hAnsiTheme", "eastAsiaTheme", "cstheme"):
            fonts.attrib.pop(qn(f"w:{theme}"), None)
        style.paragraph_format.space_before, style.paragraph_format.space_after = Pt(0), Pt(after)
    defaults = styles.element.find(qn("w:docDefaults"))
    for lang in defaults.iter(qn("w:lang")):
        lang.set(qn("w:val"), language)


def _landscape(document: Document) -> None:
    from docx.enum.section import WD_ORIENT
    from docx.shared import Mm

    section = document.sections[0]
    section.orientation = WD_ORIENT.LANDSCAPE
    section.page_height, section.page_width = Mm(A4[0]), Mm(A4[1])
    section.left_margin = section.right_margin = section.top_margin = section.bottom_margin = Mm(MARGIN)


def _new_table(document: Document, table: TextTable) -> Table:
    n_bands = len({row.band for row in table.rows}) if table.band_heading else 0
    n_rows = 1 + bool(table.groups) + n_bands + len(table.rows)
    made = document.add_table(rows=n_rows, cols=len(table.headings), style="Table Grid")
    made.autofit = True
    return made


def _fill(made: Table, table: TextTable) -> None:
    number = 0
    if table.groups:
        _fill_groups(made, table)
        number = 1
    # Headings without a group already stand in the merged cells of the first row.
    for place, heading in enumerate(table.headings):
        if not table.groups or _group_at(table, place):
            _write(made.cell(number, place), plain_cell(heading), bold=True, fill=HEADING_FILL)
    for row in made.rows[: number + 1]:
        _mark_row(row, "w:tblHeader")
    band = None
    for line in table.rows:
        number += 1
        if table.band_heading and line.band != band:
            band = line.band
            whole = made.cell(number, 0).merge(made.cell(number, len(table.headings) - 1))
            _write(whole, plain_cell(band), bold=True, fill=BAND_FILL)
            number += 1
        for place, cell in enumerate(line.cells):
            _write(made.cell(number, place), cell, bold=place == 0 and not table.band_heading)
    for row in made.rows:
        _mark_row(row, "w:cantSplit")


def _fill_groups(made: Table, table: TextTable) -> None:
    place = 0
    for group, width in table.groups:
        if group:
            cell = made.cell(0, place).merge(made.cell(0, place + width - 1))
        else:
            cell = made.cell(0, place).merge(made.cell(1, place))
        _write(cell, plain_cell(group or table.headings[place]), bold=True, fill=HEADING_FILL)
        place += width


def _group_at(table: TextTable, place: int) -> str:
    return [group for group, width in table.groups for _ in range(width)][place]


def _write(cell: _Cell, content: TextCell, *, bold: bool = False, fill: str = "") -> None:
    """A paragraph a line; the letters of its footnotes raised behind it."""
    from docx.shared import Pt

    for number, (line, marks) in enumerate(content.lines):
        paragraph = cell.add_paragraph() if number else cell.paragraphs[0]
        paragraph.paragraph_format.space_after = Pt(1)
        run = paragraph.add_run(_clean(line))
        run.font.size, run.bold = Pt(TABLE_SIZE), bold and number == 0
        if marks:
            run = paragraph.add_run(",".join(marks))
            run.font.size, run.font.superscript = Pt(TABLE_SIZE), True
    if fill:
        _shade(cell, fill)


def _shade(cell: _Cell, fill: str) -> None:
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn

    shade: Any = OxmlElement("w:shd")
    for name, value in (("val", "clear"), ("color", "auto"), ("fill", fill)):
        shade.set(qn(f"w:{name}"), value)
    cell._tc.get_or_add_tcPr().append(shade)


def _mark_row(row: Any, mark: str) -> None:
    """`w:tblHeader` repeats a row on every page, `w:cantSplit` keeps it on one."""
    from docx.oxml import OxmlElement

    row._tr.get_or_add_trPr().append(OxmlElement(mark))


def _clean(text: str) -> str:
    """Letters that XML cannot hold as the sign for an unknown one."""
    return _NOT_IN_XML.sub("\ufffd", text)
