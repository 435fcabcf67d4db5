"""An HTML page → text in the layout that `read_text` reads: a tab before each cell, an empty line after each row.

Run by path as a process of its own that limits itself first, see `html_document.py`: hostile markup can make any parser
slow. Standard library only; nothing is fetched, and scripts, styles and what the page hides are left out.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any

MEMORY_BYTES = 512 * 1024**2
CPU_SECONDS = 10
DEEPEST_TABLES = 20
WRONG, TOO_DEEP = 3, 4

_SKIPPED = frozenset({"script", "style", "head", "noscript", "template", "svg", "math", "object", "iframe"})
_VOID = frozenset(
    {"br", "hr", "img", "input", "meta", "link", "col", "wbr", "area", "base", "embed", "source"}
)
_LINES = frozenset(
    {
        "div",
        "section",
        "article",
        "header",
        "footer",
        "main",
        "nav",
        "aside",
        "dl",
        "form",
        "select",
        "option",
        "textarea",
        "details",
        "summary",
        "fieldset",
        "figure",
    }
)
_PARAGRAPHS = frozenset(
    {"p", "h1", "h2", "h3", "h4", "h5", "h6", "li", "dt", "dd", "blockquote", "pre", "ul", "ol", "address"}
    | {"caption", "figcaption", "legend", "hr"}
)
_MARKS = "●⬤⚫◉•☒☑✓✔✗✘○◯⚪☐"
_DELETED = frozenset({"del", "s", "strike"})
_STRUCK = "~~"
_SPACES = re.compile(r"[ \t\n\r\f]+")
_HIDDEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.I)
_LOOKS = re.compile(r"vertical-align\s*:\s*super|(?P<struck>line-through)", re.I)
_SHADED = re.compile(
    r"background(?:-color)?\s*:\s*(?!none|transparent|inherit|white|#f{3}\b|#f{6}\b)\S", re.I
)
_CHOSEN = re.compile(r"(?:^|[\s_-])(?:selected|chosen|checked|active)(?:$|[\s_-])", re.I)
_RAISED = re.compile(r"\d{1,3}(?:\s*[,–-]\s*\d{1,3})*")
_RAISED_MINUS = re.compile(r"^[-−–](?=\d)")
# Raised digits stay raised: 2019⁷ is no 20197.
_SUPERSCRIPTS = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
# A start tag's attributes by name.
Attributes = dict[str, str]
_COLUMNS = 3  # a criterion's judgement, evidence and considerations
_SUMMARY_CELLS = (
    4  # a row of so many cells or more is one of a table, with fewer it is of the document's layout
)


class TooDeep(ValueError):
    """More tables within each other than any document has."""


@dataclass
class Table:
    rows: list[list[Cell]] = field(default_factory=list)


@dataclass
class Cell:
    """Lines and tables in their order; None is an empty line between paragraphs."""

    parts: list[str | Table | None] = field(default_factory=list)
    is_shaded: bool = False
    has_plain: bool = False
    has_bold: bool = False

    @property
    def is_marked(self) -> bool:
        """Is all of it bold, or is it shaded or named as chosen?"""
        return self.is_shaded or (self.has_bold and not self.has_plain)


def text_of(html: str) -> str:
    """The text of a page. Raises TooDeep."""
    page = _Page()
    page.feed(html)
    page.close()
    page.end_line()
    lines = list(_lines_of(page.whole.parts, is_layout=True))
    return "\n".join(lines).strip("\n") + "\n"


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.whole = Cell()
        self._tables: list[tuple[Table, Cell]] = []
        self._cell: Cell | None = self.whole
        self._line: list[str] = []
        self._skipped, self._skip_depth = "", 0
        self._bold = 0
        self._preformatted = 0
        self._raised: list[str] | None = None
        # What a style has begun: the tag, how many of it are open, what ends it.
        self._looks: list[list[Any]] = []
        self._lists: list[int | None] = []
        self._prefix = ""
        self._begins: dict[str, Callable[[Attributes], None]] = {
            "table": self._begin_table,
            "tr": self._begin_row,
            "td": self._begin_cell,
            "th": self._begin_cell,
            "ul": self._begin_list,
            "ol": self._begin_numbered_list,
            "li": self._begin_item,
            "b": self._begin_bold,
            "strong": self._begin_bold,
            "pre": self._begin_preformatted,
            "sup": self._begin_raised,
            **dict.fromkeys(_DELETED, self._strike),
            "input": self._input,
            "img": self._image,
        }
        self._ends: dict[str, Callable[[], None]] = {
            "table": self._end_table,
            "td": self._end_cell,
            "th": self._end_cell,
            "ul": self._end_list,
            "ol": self._end_list,
            "b": self._end_bold,
            "strong": self._end_bold,
            "pre": self._end_preformatted,
            "sup": self._end_raised,
            **dict.fromkeys(_DELETED, self._strike),
        }

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if self._skipped:
            self._skip_depth += tag == self._skipped
            return
        said = {name: value or "" for name, value in attrs}
        if tag not in _VOID and (
            tag in _SKIPPED or "hidden" in said or _HIDDEN.search(said.get("style", ""))
        ):
            self._skipped, self._skip_depth = tag, 1
            return
        if tag in _PARAGRAPHS:
            self._end_paragraph()
        elif tag in _LINES or tag == "br":
            self.end_line(is_break=tag == "br")
        if begin := self._begins.get(tag):
            begin(said)
        elif tag not in _VOID:
            self._begin_look(tag, said)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """`<p/>` is `<p>` in HTML, and so for all but the void ones."""
        self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        if self._skipped:
            self._skip_depth -= tag == self._skipped
            if not self._skip_depth:
                self._skipped = ""
            return
        if tag in _PARAGRAPHS:
            self._end_paragraph()
        elif tag in _LINES:
            self.end_line()
        if end := self._ends.get(tag):
            end()
        else:
            self._end_look(tag)

    def handle_data(self, data: str) -> None:
        if self._skipped:
            return
        if self._raised is not None:
            self._raised.append(data)
        elif self._preformatted:
            first, *more = data.replace("\r\n", "\n").split("\n")
            self._text(first)
            for line in more:
                self.end_line(is_break=True)
                self._text(line)
        else:
            self._text(_SPACES.sub(" ", data))

    def end_line(self, *, is_break: bool = False) -> None:
        """Ends the line; of two breaks in a row the second makes an empty line."""
        self._end_raised()
        line = "".join(self._line).strip(" \t\n\r\f")
        line = _SPACES.sub(" ", line)
        self._line = []
        target = self._target()
        if line.strip():
            target.append(line)
        elif is_break or line:
            self._gap()

    def _target(self) -> list[str | Table | None]:
        """Where text goes: the open cell. What stands in a table outside its cells is shown before that table."""
        if self._cell is not None:
            return self._cell.parts
        outside = self._tables[-1][1].parts
        place = next(n for n in range(len(outside) - 1, -1, -1) if outside[n] is self._tables[-1][0])
        return _Before(outside, place)

    def _gap(self) -> None:
        if self._cell is not None and self._cell.parts and isinstance(self._cell.parts[-1], str):
            self._cell.parts.append(None)

    def _end_paragraph(self) -> None:
        self.end_line()
        self._gap()

    def _text(self, text: str) -> None:
        if not text:
            return
        if text.strip():
            cell = self._cell or self.whole
            cell.has_bold |= bool(self._bold)
            cell.has_plain |= not self._bold
            text = self._with_prefix(text)
        self._line.append(text)

    def _with_prefix(self, text: str) -> str:
        prefix, self._prefix = self._prefix, ""
        bare = text.lstrip()
        if not prefix or bare[0] in _MARKS or bare.startswith(prefix.strip()):
            return text
        return f"{prefix}{bare}"

    def _begin_list(self, said: Attributes) -> None:
        self._lists.append(None)

    def _begin_numbered_list(self, said: Attributes) -> None:
        self._lists.append(_number(said.get("start"), 1))

    def _end_list(self) -> None:
        if self._lists:
            self._lists.pop()

    def _begin_bold(self, said: Attributes) -> None:
        self._bold += 1

    def _end_bold(self) -> None:
        self._bold = max(0, self._bold - 1)

    def _begin_look(self, tag: str, said: Attributes) -> None:
        """Raised or struck by a style; what is open within is counted, so that its own end is found."""
        if found := _LOOKS.search(said.get("style", "")):
            end = self._strike if found["struck"] else self._end_raised
            self._looks.append([tag, 1, end])
            self._strike() if found["struck"] else self._begin_raised(said)
        elif self._looks and self._looks[-1][0] == tag:
            self._looks[-1][1] += 1

    def _end_look(self, tag: str) -> None:
        if self._looks and self._looks[-1][0] == tag:
            self._looks[-1][1] -= 1
            if not self._looks[-1][1]:
                self._looks.pop()[2]()

    def _strike(self, said: Attributes | None = None) -> None:
        """Seen in the text: what is struck through is no part of a number, and not for us to leave out."""
        self._text(_STRUCK)

    def _begin_preformatted(self, said: Attributes) -> None:
        self._preformatted += 1

    def _end_preformatted(self) -> None:
        self._preformatted = max(0, self._preformatted - 1)

    def _begin_raised(self, said: Attributes) -> None:
        self._end_raised()
        self._raised = []

    def _image(self, said: Attributes) -> None:
        if alt := said.get("alt", "").strip():
            self._text(f" {alt} ")

    def _begin_item(self, said: Attributes) -> None:
        number = self._lists[-1] if self._lists else None
        if number is None:
            self._prefix = "- "
            return
        number = _number(said.get("value"), number)
        self._lists[-1] = number + 1
        self._prefix = f"{number}. "

    def _input(self, said: Attributes) -> None:
        match said.get("type", "").casefold():
            case "radio" | "checkbox":
                if "".join(self._line).lstrip()[:1] in tuple(_MARKS):
                    self.end_line()
                self._text("● " if "checked" in said else "○ ")
            case "hidden" | "submit" | "button" | "image" | "reset" | "password":
                pass
            case _:
                self._text(f" {said.get('value', '')} ")

    def _end_raised(self) -> None:
        if self._raised is None:
            return
        text, self._raised = _SPACES.sub(" ", "".join(self._raised)).strip(), None
        if _RAISED.fullmatch(text):
            text = text.replace(" ", "")
        self._text(_RAISED_MINUS.sub("⁻", text).translate(_SUPERSCRIPTS))

    def _begin_table(self, said: Attributes) -> None:
        if len(self._tables) >= DEEPEST_TABLES:
            raise TooDeep
        self.end_line()
        table, outer = Table(), self._cell or self.whole
        outer.parts.append(table)
        self._tables.append((table, outer))
        self._cell = None

    def _begin_row(self, said: Attributes) -> None:
        if not self._tables:
            return
        self._end_cell()
        self._tables[-1][0].rows.append([])

    def _begin_cell(self, said: Attributes) -> None:
        if not self._tables:
            self._end_paragraph()
            return
        self._end_cell()
        table = self._tables[-1][0]
        if not table.rows:
            table.rows.append([])
        shaded = _SHADED.search(said.get("style", "")) or _CHOSEN.search(said.get("class", ""))
        self._cell = Cell(is_shaded=bool(shaded) or bool(said.get("bgcolor", "").strip("#fF")))
        table.rows[-1].append(self._cell)
        self._bold, self._lists, self._prefix, self._looks = 0, [], "", []

    def _end_cell(self) -> None:
        self.end_line()
        if self._tables:
            self._cell = None

    def _end_table(self) -> None:
        if not self._tables:
            return
        self._end_cell()
        _, self._cell = self._tables.pop()
        self._gap()


class _Before(list[str | Table | None]):
    """Puts what is appended before a table that has begun."""

    def __init__(self, parts: list[str | Table | None], place: int) -> None:
        super().__init__()
        self._parts, self._place = parts, place

    def append(self, part: str | Table | None) -> None:
        self._parts.insert(self._place, part)


def _lines_of(
    parts: list[str | Table | None], *, is_layout: bool, is_beside_others: bool = False
) -> list[str]:
    lines: list[str] = []
    for part in _trimmed(parts):
        if part is None:
            if is_layout:
                lines.append("")
        elif isinstance(part, str):
            lines.append(part)
        else:
            lines += _within(part) if is_beside_others else _rows_of(part)
    return lines


def _within(table: Table) -> list[str]:
    """A table in one of several columns: what is no table of results goes on as text, not as further columns."""
    rows = [row for row in table.rows if any(cell.parts for cell in row)]
    wide = [place for place, row in enumerate(rows) if len(row) > 1]
    if max(map(len, rows), default=0) < _SUMMARY_CELLS:
        wide = []
    start, end = (wide[0], wide[-1] + 1) if wide else (len(rows), len(rows))
    before, after = ([line for row in part for line in _as_text(row)] for part in (rows[:start], rows[end:]))
    if any(line.startswith("\t") for line in before + after):
        return _rows_of(table)
    return [*before, *_rows_of(Table(rows[start:end])), *after]


def _as_text(row: list[Cell]) -> list[str]:
    cells = [_lines_of(cell.parts, is_layout=True, is_beside_others=True) for cell in row]
    if len(cells) == 1 or any(line.startswith("\t") for cell in cells for line in cell):
        return [*(line for cell in cells for line in cell), ""]
    texts = [" ".join(line for line in cell if line) for cell in cells]
    return [(" " if texts[0] in tuple(_MARKS) else " | ").join(texts)]


def _rows_of(table: Table) -> list[str]:
    lines: list[str] = []
    for row in table.rows:
        is_layout = len(row) < _SUMMARY_CELLS
        holds_criteria = any(
            isinstance(part, Table) and _has_options(part) for one in row for part in one.parts
        )
        for place, cell in enumerate(row):
            is_beside_others = len(row) >= _COLUMNS and not holds_criteria
            first, *more = _lines_of(cell.parts, is_layout=is_layout, is_beside_others=is_beside_others) or [
                ""
            ]
            if place and not is_layout and not more and _is_chosen(cell, row):
                first = f"**{first}**"
            # A table that stands at the very beginning of a cell begins with its own tab.
            lines += ["\t", first, *more] if first.startswith("\t") else [f"\t{first}", *more]
        if row:
            lines.append("")
    return lines


def _has_options(table: Table) -> bool:
    """Are there options beside something? Then the columns around the table are those of the page."""
    return any(
        sum(isinstance(part, str) and part[0] in _MARKS for part in cell.parts) > 1
        or any(isinstance(part, Table) and _has_options(part) for part in cell.parts)
        for row in table.rows
        if len(row) > 1
        for cell in row
    )


def _is_chosen(cell: Cell, row: list[Cell]) -> bool:
    """Is this the marked cell of a row of labels? Numbers in bold are no choice."""
    words = [part for part in cell.parts if isinstance(part, str)]
    others = [one for one in row[1:] if one is not cell and any(isinstance(part, str) for part in one.parts)]
    return (
        cell.is_marked
        and len(words) == 1
        and any(sign.isalpha() for sign in words[0])
        and not any(sign.isdigit() for sign in words[0])
        and words[0][0] not in _MARKS
        and bool(others)
        and not all(one.is_marked for one in others)
    )


def _trimmed(parts: list[str | Table | None]) -> list[str | Table | None]:
    start, end = 0, len(parts)
    while start < end and parts[start] is None:
        start += 1
    while end > start and parts[end - 1] is None:
        end -= 1
    return parts[start:end]


def _number(text: str | None, otherwise: int) -> int:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 5 else otherwise


def limit_this_process() -> None:
    """Memory, processor time, no file, and the pages of the site come first."""
    try:
        import resource  # noqa: PLC0415 -- not on Windows
    except ImportError:
        return
    os.nice(10)
    for what, limit in (
        (resource.RLIMIT_AS, MEMORY_BYTES),
        (resource.RLIMIT_CPU, CPU_SECONDS),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(what, (limit, limit))


def main() -> int:
    """UTF-8 on stdin, the text in UTF-8 on stdout; exit status 0, WRONG or TOO_DEEP."""
    limit_this_process()
    html = sys.stdin.buffer.read().decode()
    try:
        text = text_of(html)
    except TooDeep:
        return TOO_DEEP
    except Exception:  # noqa: BLE001, RUF100 -- a parser fed with hostile markup may raise anything
        return WRONG
    sys.stdout.buffer.write(text.encode("utf-8", errors="replace"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
