"""What a paragraph of our own Word file is, by the name of its style: the writer and the reader have this in common.

Styles survive editing. A paragraph without one of these is read as a foreign document's.
"""

from __future__ import annotations

from enum import StrEnum


class Role(StrEnum):
    """One letter each: it stands in every line of a text that was read with its formatting (`marks`)."""

    NONE = "-"
    TEXT = "t"
    STATEMENT = "s"
    STATEMENT_MORE = "m"
    GRADE = "g"
    POPULATION = "n"
    REMARK = "r"
    NOTE = "o"
    EXACT = "e"
    CAPTION = "k"
    ABBREVIATIONS = "v"
    FOOTNOTES = "f"
    INTERVENTION = "i"
    COMPARISON = "c"
    HIGHER = "h"
    LOWER = "l"
    CERTAINTY = "y"
    AGAIN = "a"
    RECORD = "b"
    DELETED = "d"
    COMMENT = "q"
    MARGIN = "p"
    PICTURE = "x"


STYLES = {
    "EtD Text": Role.TEXT,
    "EtD Statement": Role.STATEMENT,
    "EtD Statement More": Role.STATEMENT_MORE,
    "EtD Grade": Role.GRADE,
    "EtD Population": Role.POPULATION,
    "EtD Remark": Role.REMARK,
    "EtD Note": Role.NOTE,
    "EtD Cell": Role.EXACT,
    "EtD Name": Role.EXACT,
    "EtD Question": Role.EXACT,
    "EtD Reference": Role.EXACT,
    "EtD Caption": Role.CAPTION,
    "EtD Abbreviations": Role.ABBREVIATIONS,
    "EtD Footnotes": Role.FOOTNOTES,
    "EtD Intervention": Role.INTERVENTION,
    "EtD Comparison": Role.COMPARISON,
    "EtD Higher": Role.HIGHER,
    "EtD Lower": Role.LOWER,
    "EtD Certainty": Role.CERTAINTY,
    "EtD Document Title": Role.AGAIN,
    "EtD Again": Role.AGAIN,
    "EtD Footer": Role.AGAIN,
    "EtD Record": Role.RECORD,
    "EtD Record Heading": Role.RECORD,
}

# How far our file indents each depth of a list, in twentieths of a point.
INDENT = 360

# What people typed, which is never a heading, an option or a mark.
TYPED = frozenset(
    {
        Role.TEXT,
        Role.STATEMENT,
        Role.STATEMENT_MORE,
        Role.REMARK,
        Role.NOTE,
        Role.EXACT,
        Role.ABBREVIATIONS,
        Role.FOOTNOTES,
    }
)
# What stands beside the document: it is told of, and nothing of it is read as a part.
BESIDE = {
    Role.RECORD: ("Records of OpenEtD", "OpenEtD printed it from its records, which are not in the file."),
    Role.DELETED: ("Deleted text", "Somebody deleted it with tracked changes; it was left out."),
    Role.COMMENT: ("Comment in the margin", "It is a comment, no part of the document."),
    Role.MARGIN: ("Head or foot of the pages", "It is printed on every page, beside the document."),
    Role.PICTURE: ("Picture", "Pictures are not taken over."),
}


def role_of_style(name: str) -> Role:
    return STYLES.get(name, Role.NONE)
