"""The look of the file: page, styles with names, list numbering, footer and properties."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from documents.importing.roles import INDENT, STYLES
from documents.word_etd.elements import checked, element

if TYPE_CHECKING:
    from docx.document import Document

FONT = "Calibri"
INK, QUIET, ACCENT, LINES = "14212B", "4D5A63", "0B5D6B", "BFC8CE"
MARGIN_MM = 15
# The width between the margins of a landscape A4 page, in twentieths of a point.
WIDTH = round((297 - 2 * MARGIN_MM) * 56.6929)
LEVELS = 9
# w:abstractNumId of the lists, by what stands behind a number or as a bullet.
_BULLETS = {"•": 9001, "+": 9002}
_NUMBERS = {".": 9003, ")": 9004}

# Size in points, space above and below in points, bold, italic, colour.
_LOOKS: dict[str, tuple[float, float, float, bool, bool, str]] = {
    "Normal": (10, 0, 3, False, False, INK),
    "Title": (20, 0, 4, True, False, INK),
    "EtD Document Title": (20, 0, 4, True, False, INK),
    "Heading 1": (15, 18, 6, True, False, ACCENT),
    "Heading 2": (12.5, 14, 2, True, False, INK),
    "Heading 3": (10.5, 8, 2, True, False, INK),
    "EtD Prompt": (10, 0, 4, False, True, QUIET),
    "EtD Column": (8.5, 1, 1, True, False, QUIET),
    "EtD Field": (8.5, 1, 1, True, False, QUIET),
    "EtD Option": (10, 0, 1, False, False, INK),
    "EtD Grid": (8, 1, 1, False, False, QUIET),
    "EtD Text": (10, 3, 0, False, False, INK),
    "EtD Statement": (12, 8, 0, False, False, INK),
    "EtD Statement More": (12, 3, 0, False, False, INK),
    "EtD Grade": (9.5, 2, 0, True, False, ACCENT),
    "EtD Population": (9.5, 1, 0, False, False, QUIET),
    "EtD Remark": (10, 3, 0, False, False, INK),
    "EtD Note": (10, 6, 0, False, False, INK),
    "EtD Question": (11, 1, 1, True, False, INK),
    "EtD Name": (9, 1, 1, True, False, INK),
    "EtD Cell": (9, 1, 1, False, False, INK),
    "EtD Reference": (9, 2, 0, False, False, INK),
    "EtD Caption": (9.5, 10, 3, True, False, INK),
    "EtD Abbreviations": (8.5, 3, 0, False, False, QUIET),
    "EtD Footnotes": (8.5, 3, 0, False, False, QUIET),
    "EtD Intervention": (10, 1, 1, False, False, INK),
    "EtD Comparison": (10, 1, 1, False, False, INK),
    "EtD Higher": (8.5, 2, 0, False, False, QUIET),
    "EtD Lower": (8.5, 2, 0, False, False, QUIET),
    "EtD Certainty": (8.5, 1, 1, False, False, QUIET),
    "EtD Again": (9.5, 0, 2, False, False, QUIET),
    "EtD Footer": (8, 0, 0, False, False, QUIET),
    "EtD Record": (8.5, 2, 0, False, False, QUIET),
    "EtD Record Heading": (12.5, 16, 4, True, False, ACCENT),
}


def set_up(document: Document, *, title: str, author: str, language: str, footer: str) -> None:
    """`footer` stands left of the page number on every page."""
    properties = document.core_properties
    properties.title, properties.author = checked(title, "Title"), checked(author, "Guideline")
    properties.language, properties.comments = language, ""
    _page(document)
    _styles(document, language)
    _numbering(document)
    _footer(document, footer)


def new_list(document: Document, marker: str) -> int:
    """A w:numId for a list that begins with this marker: •, + or a number with its full stop or bracket."""
    numbering: Any = document.part.numbering_part.element
    number = max((int(one.numId) for one in numbering.num_lst), default=0) + 1
    if marker in _BULLETS:
        made = element("w:num", element("w:abstractNumId", val=_BULLETS[marker]), numId=number)
    else:
        start = int(marker[:-1])
        levels = [
            element("w:lvlOverride", element("w:startOverride", val=start), ilvl=level)
            for level in range(LEVELS)
        ]
        kind = element("w:abstractNumId", val=_NUMBERS[marker[-1]])
        made = element("w:num", kind, *levels, numId=number)
    numbering.append(made)
    return number


def _page(document: Document) -> None:
    from docx.enum.section import WD_ORIENT
    from docx.shared import Mm

    section = document.sections[0]
    section.orientation = WD_ORIENT.LANDSCAPE
    section.page_height, section.page_width = Mm(210), Mm(297)
    for side in ("left_margin", "right_margin", "top_margin", "bottom_margin"):
        setattr(section, side, Mm(MARGIN_MM))


def _styles(document: Document, language: str) -> None:
    from docx.enum.style import WD_STYLE_TYPE
    from docx.oxml.ns import qn
    from docx.shared import Pt, RGBColor

    styles: Any = document.styles
    for name, (size, before, after, bold, italic, colour) in _LOOKS.items():
        if name in styles:
            style = styles[name]
        else:
            style = styles.add_style(name, WD_STYLE_TYPE.PARAGRAPH)
            style.base_style = styles["Normal"]
            style.quick_style = name in STYLES
        style.font.name, style.font.size, style.font.color.rgb = FONT, Pt(size), RGBColor.from_string(colour)
        style.font.bold, style.font.italic = bold, italic
        style.paragraph_format.space_before, style.paragraph_format.space_after = Pt(before), Pt(after)
        fonts = style.element.get_or_add_rPr().get_or_add_rFonts()
        for theme in ("asciiTheme", "hAnsiTheme", "eastAsiaTheme", "cstheme"):
            fonts.attrib.pop(qn(f"w:{theme}"), None)
    for border in styles["Title"].element.iter(qn("w:pBdr")):
        border.getparent().remove(border)
    styles["EtD Footer"].base_style = styles["Footer"]
    styles["EtD Document Title"].base_style = styles["Title"]
    styles["EtD Record Heading"].base_style = styles["Heading 1"]
    for name in ("EtD Caption", "EtD Prompt", "EtD Column"):
        styles[name].paragraph_format.keep_with_next = True
    citation = styles.add_style("EtD Citation", WD_STYLE_TYPE.CHARACTER)
    citation.font.superscript = True
    link = styles.add_style("Hyperlink", WD_STYLE_TYPE.CHARACTER)
    link.font.underline, link.font.color.rgb = True, RGBColor.from_string(ACCENT)
    styles.element.append(_table_style())
    for lang in styles.element.find(qn("w:docDefaults")).iter(qn("w:lang")):
        lang.set(qn("w:val"), language)


def _table_style() -> Any:
    sides = ("top", "left", "bottom", "right", "insideH", "insideV")
    borders = [element(f"w:{side}", val="single", sz=4, space=0, color=LINES) for side in sides]
    margins = [
        element(f"w:{side}", w=width, type="dxa")
        for side, width in (("top", 40), ("left", 90), ("bottom", 40), ("right", 90))
    ]
    properties = element("w:tblPr", element("w:tblBorders", *borders), element("w:tblCellMar", *margins))
    return element(
        "w:style",
        element("w:name", val="EtD Table"),
        element("w:basedOn", val="TableNormal"),
        element("w:uiPriority", val=59),
        properties,
        type="table",
        customStyle=1,
        styleId="EtDTable",
    )


def _numbering(document: Document) -> None:
    numbering: Any = document.part.numbering_part.element
    first = next((child for child in numbering if child.tag.endswith("}num")), None)
    kinds = [(number, "bullet", sign) for sign, number in _BULLETS.items()]
    kinds += [(number, "decimal", sign) for sign, number in _NUMBERS.items()]
    for number, kind, sign in kinds:
        levels = [
            element(
                "w:lvl",
                element("w:start", val=1),
                element("w:numFmt", val=kind),
                element("w:lvlText", val=sign if kind == "bullet" else f"%{level + 1}{sign}"),
                element("w:lvlJc", val="left"),
                element("w:pPr", element("w:ind", left=INDENT * (level + 1), hanging=INDENT)),
                ilvl=level,
            )
            for level in range(LEVELS)
        ]
        several = element("w:multiLevelType", val="hybridMultilevel")
        made = element("w:abstractNum", several, *levels, abstractNumId=number)
        if first is None:
            numbering.append(made)
        else:
            first.addprevious(made)


def _footer(document: Document, text: str) -> None:
    from docx.oxml.ns import qn

    styles: Any = document.styles
    paragraph = document.sections[0].footer.paragraphs[0]
    paragraph.style = styles["EtD Footer"]
    properties = paragraph._p.get_or_add_pPr()
    properties.append(
        element(
            "w:tabs",
            element("w:tab", val="clear", pos=4320),
            element("w:tab", val="clear", pos=8640),
            element("w:tab", val="right", pos=WIDTH),
        )
    )
    paragraph.add_run(f"{checked(text, 'Footer')}\tPage ")
    for instruction, between in (("PAGE", " of "), ("NUMPAGES", "")):
        shown = element("w:r", element("w:t"))
        shown.find(qn("w:t")).text = "1"
        paragraph._p.append(element("w:fldSimple", shown, instr=f" {instruction} "))
        if between:
            paragraph.add_run(between)
