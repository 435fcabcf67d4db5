"""Formatting in text: a file that was read with its formatting is text whose lines carry these marks.

They are noncharacters of Unicode, which no text holds that is meant for others. Every such line begins with `LINE`,
one letter for how it begins (`NEW`, `JOINED`, `BROKEN`) and its `Role`; a list item goes on with `ITEM`, its depth,
its marker and `ITEM`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from documents.importing.roles import TYPED, Role
from documents.prose import Block, Run

LINE, TYPED_TEXT, ITEM, CHOSEN, TABLE_END = "\ufdd0", "\ufdd1", "\ufdd2", "\ufdd3", "\ufdd4"
BOLD, BOLD_END, ITALIC, ITALIC_END = "\ufdd5", "\ufdd6", "\ufdd7", "\ufdd8"
RAISED, RAISED_END, LOWERED, LOWERED_END = "\ufdd9", "\ufdda", "\ufddb", "\ufddc"
LINK, LINK_TEXT, LINK_END, CITED, CITED_END = "\ufddd", "\ufdde", "\ufddf", "\ufde0", "\ufde1"
# Signs of a text that would end a line or a cell where they stand.
KEPT_SIGNS = {"\t": "\ufde2", "\u2028": "\ufde3", "\u2029": "\ufde4", "\x85": "\ufde5"}
NEW, JOINED, BROKEN = "N", "J", "B"

_ALL = re.compile("[\ufdd0-\ufdef]")
_KEPT = {ord(mark): sign for sign, mark in KEPT_SIGNS.items()}
_HEAD = re.compile(f"{LINE}([{NEW}{JOINED}{BROKEN}])(.)(?:{ITEM}([0-9])([^{ITEM}]*){ITEM})?")
_LINKED = re.compile(f"{LINK}[^{LINK_TEXT}]*{LINK_TEXT}")
_PIECES = re.compile("([\ufdd5-\ufde1])")
_SUPERSCRIPTS = str.maketrans("0123456789+-=()n", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾ⁿ")
_SUBSCRIPTS = str.maketrans("0123456789+-=()", "₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎")
_RAISED_DIGITS = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
_RAISED_MINUS = re.compile(r"^\s*[-−–](?=\d)")
_RAISED = re.compile(f"{RAISED}([^{RAISED_END}]*){RAISED_END}")
_LOWERED = re.compile(f"{LOWERED}([^{LOWERED_END}]*){LOWERED_END}")
_CITATION = re.compile(r"\s*\d{1,3}(?:\s*[,–-]\s*\d{1,3})*\s*")


@dataclass(frozen=True)
class MarkedLine:
    begins: str
    role: Role
    depth: int
    marker: str
    text: str


def without_marks(text: str) -> str:
    """Text from elsewhere: noncharacters in it are no marks of ours."""
    return _ALL.sub("\ufffd", text)


def has_marks(line: str) -> bool:
    return LINE in line


def marked_line(line: str) -> MarkedLine:
    """A line of such a text; one without the mark is a paragraph of its own."""
    found = _HEAD.match(line)
    if found is None:
        return MarkedLine(NEW, Role.NONE, 0, "", line)
    role = Role(found[2]) if found[2] in list(Role) else Role.NONE
    return MarkedLine(found[1], role, int(found[3] or 0), found[4] or "", line[found.end() :])


def printed(line: MarkedLine) -> str:
    """What is seen of the line, its bullet too; what people typed begins with a mark, so that it is like no label."""
    text = line.text.replace(KEPT_SIGNS["\t"], " ").translate(_KEPT_AS_BLANKS)
    text = _LOWERED.sub(
        lambda match: subscript(match[1]), _RAISED.sub(lambda match: superscript(match[1]), text)
    )
    text = _ALL.sub("", _LINKED.sub("", text))
    shown = f"{'·' if line.marker == '•' else line.marker} {text}" if line.marker else text
    return f"{TYPED_TEXT}{shown}" if line.role in TYPED and shown.strip() else shown


def without_typed_mark(text: str) -> str:
    return text.replace(TYPED_TEXT, "")


_KEPT_AS_BLANKS = {ord(mark): " " for mark in KEPT_SIGNS.values()}


def plain_of(text: str) -> str:
    """The letters of a marked line without any formatting, raised digits as such."""
    raised = _RAISED.sub(lambda match: superscript(match[1]), text)
    return _ALL.sub("", _LINKED.sub("", raised.translate(_KEPT)))


def blocks_of_lines(lines: list[str]) -> list[Block]:
    """The lines as paragraphs and items. Raised digits that may cite stay between their marks."""
    blocks: list[Block] = []
    for marked in (marked_line(line) for line in lines if line.strip()):
        runs = _runs(marked)
        if marked.begins == BROKEN and blocks:
            last = blocks[-1]
            blocks[-1] = Block((*last.runs, Run("\n"), *runs), last.depth, last.marker, last.joined)
        elif runs or marked.marker:
            blocks.append(Block(runs, marked.depth, marked.marker, marked.begins == JOINED))
    return blocks


def superscript(text: str) -> str:
    """Raised digits as the superscripts of Unicode: they are no digits of the number that they stand at."""
    if re.fullmatch(r"[0-9+=()n-]*", text):
        return text.translate(_SUPERSCRIPTS)
    return _RAISED_MINUS.sub("⁻", text).translate(_RAISED_DIGITS)


def subscript(text: str) -> str:
    return text.translate(_SUBSCRIPTS) if re.fullmatch(r"[0-9+=()-]*", text) else text


def raised_marks(text: str) -> list[str]:
    """The insides of all raised numbers that are still between their marks."""
    return _RAISED.findall(text)


def settle_raised(text: str, cites: object) -> str:
    """Raised numbers become citations where `cites(inside)` says so, else superscripts."""
    assert callable(cites)

    def settled(match: re.Match[str]) -> str:
        inside = match[1]
        return f"[^{''.join(inside.split())}]" if cites(inside) else superscript(inside)

    return _RAISED.sub(settled, text)


_SWITCHES = {
    BOLD: ("bold", True),
    BOLD_END: ("bold", False),
    ITALIC: ("italic", True),
    ITALIC_END: ("italic", False),
    CITED: ("cites", True),
    CITED_END: ("cites", False),
    LINK_END: ("href", ""),
}
_SHIFTS = {RAISED: RAISED, LOWERED: LOWERED, RAISED_END: "", LOWERED_END: ""}


def _runs(line: MarkedLine) -> tuple[Run, ...]:
    runs: list[Run] = []
    look = Run("")
    shift = ""
    is_address = False
    for piece in _PIECES.split(line.text.translate(_KEPT)):
        if piece in _SWITCHES:
            name, value = _SWITCHES[piece]
            look = replace(look, **{name: value})  # type: ignore[arg-type]
        elif piece in _SHIFTS:
            shift = _SHIFTS[piece]
        elif piece in (LINK, LINK_TEXT):
            is_address = piece == LINK
        elif is_address:
            look = replace(look, href=_ALL.sub("", piece))
        elif piece:
            runs.append(replace(look, text=_shifted(_ALL.sub("", piece), shift)))
    return tuple(runs)


def _shifted(text: str, shift: str) -> str:
    if shift == RAISED:
        return f"{RAISED}{text}{RAISED_END}" if _CITATION.fullmatch(text) else superscript(text)
    return subscript(text) if shift == LOWERED else text
