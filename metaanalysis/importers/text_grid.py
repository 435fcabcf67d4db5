"""CSV and its relatives: bytes → rows of text cells. Strict: what is not certain is refused, with its row."""

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass

from metaanalysis.importers.cells import Cell, Row, trimmed
from metaanalysis.importers.column_names import known_names
from metaanalysis.importers.exports import unguarded
from metaanalysis.importers.limits import MAX_CELL_CHARACTERS, MAX_COLUMNS, MAX_LINES
from metaanalysis.importers.table import ProblemLog, Refusal, visible

DELIMITERS = ",;\t|"
_SEP_LINE = re.compile(r"sep=(.?)[ \t,;|]*(\r\n|\r|\n|$)", re.IGNORECASE)
_SAVE_AS_UTF8 = "Save the table as 'CSV UTF-8'."


@dataclass(frozen=True)
class TextTable:
    rows: tuple[Row, ...]
    encoding: str
    delimiter: str


def read_text_table(data: bytes, log: ProblemLog) -> TextTable:
    """Every row with its number (blank ones left out). Raises Refusal where reading cannot go on."""
    text, encoding = _decoded(data, log)
    text, declared = _without_sep_line(text, log)
    delimiter = declared or _delimiter_of_header(text)
    rows: list[Row] = []
    for number, record in _records(text, delimiter):
        width = max((index for index, value in enumerate(record, start=1) if trimmed(value)), default=0)
        if width > MAX_COLUMNS:
            raise Refusal(
                "too_many_columns", f"more than {MAX_COLUMNS} columns. Delete the others.", row=number
            )
        if width == 0:
            continue
        if len(rows) >= MAX_LINES:
            text = f"more than {MAX_LINES:,} rows. Split the table, or export one comparison at a time from RevMan."
            raise Refusal("too_many_rows", text, row=number)
        rows.append(Row(number, tuple(Cell(unguarded(value)) for value in record)))
    return TextTable(tuple(rows), encoding, delimiter)


def _decoded(data: bytes, log: ProblemLog) -> tuple[str, str]:
    if data.startswith((b"\xff\xfe\x00\x00", b"\x00\x00\xfe\xff")):
        raise Refusal("not_text", f"this is UTF-32 text. {_SAVE_AS_UTF8}")
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        try:
            return data.decode("utf-16"), "utf-16"
        except UnicodeDecodeError as error:
            raise Refusal(
                "invalid_utf16", f"damaged UTF-16 text at byte {error.start}. {_SAVE_AS_UTF8}"
            ) from error
    if data.count(0) * 5 > len(data):
        raise Refusal("not_text", f"this is not a text table. {_SAVE_AS_UTF8}")
    try:
        return data.decode("utf-8-sig"), "utf-8"
    except UnicodeDecodeError as error:
        return _windows_text(data, error, log), "cp1252"


def _windows_text(data: bytes, error: UnicodeDecodeError, log: ProblemLog) -> str:
    """Text in Windows-1252, said with a preview; refused if part of it is UTF-8, which means damage."""
    start = error.start + (3 if data.startswith(b"\xef\xbb\xbf") else 0)
    before = data[:start]
    row = max(len(re.findall(rb"\r\n|\r|\n", before)) + 1, 1)
    has_utf8 = any(ord(char) > 127 for char in data.decode("utf-8", errors="ignore"))
    try:
        text = data.decode("cp1252")
    except UnicodeDecodeError:
        has_utf8 = True
    if has_utf8:
        reason = f"the text is not valid UTF-8 at byte {start}. {_SAVE_AS_UTF8}"
        raise Refusal("invalid_utf8", reason, row=row)
    samples = re.findall(r"[^\s,;|\"]*[^\x00-\x7f][^\s,;|\"]*", text)[:3]
    preview = ", ".join(visible(sample) for sample in samples)
    log.warning(
        "windows_1252",
        f"the file is not UTF-8; it was read as Windows-1252, for example: {preview}. If that is wrong, "
        f"{_SAVE_AS_UTF8[0].lower()}{_SAVE_AS_UTF8[1:]}",
    )
    return text


def _without_sep_line(text: str, log: ProblemLog) -> tuple[str, str | None]:
    """Excel hides a first line `sep=;`, so it does not count as a row."""
    line = _SEP_LINE.match(text)
    if not line:
        return text, None
    if line[1] not in tuple(DELIMITERS):
        reason = (
            "the delimiter named in the line 'sep=' is none of comma, semicolon, tab and |. Use one of them."
        )
        raise Refusal("delimiter", reason, row=1, value=line[1])
    log.notices.append(f"The first line, {visible(line[0].strip())}, names the delimiter and was skipped.")
    return text[line.end() :], line[1]


def _delimiter_of_header(text: str) -> str:
    """The one that gives most known column names, then most columns; the rows must then agree."""
    scores = {delimiter: _header_score(text, delimiter) for delimiter in DELIMITERS}
    return max(DELIMITERS, key=lambda delimiter: scores[delimiter])


def _header_score(text: str, delimiter: str) -> tuple[int, int]:
    try:
        for _, record in _records(text, delimiter):
            if any(trimmed(value) for value in record):
                return sum(name is not None for name in known_names(record)), len(record)
    except Refusal:
        return (0, 0)
    return (0, 0)


class _LineTape:
    """Hands lines to the csv module and remembers those of the record being read."""

    def __init__(self, text: str) -> None:
        self._lines = io.StringIO(text, newline="")
        self.record = ""

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = next(self._lines)
        self.record += line if len(self.record) < 10_000 else ""
        return line


def _records(text: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Records with their row numbers; a record with line breaks inside quotes is one row, as in a spreadsheet."""
    tape = _LineTape(text)
    reader = csv.reader(tape, delimiter=delimiter, strict=True)
    number = 0
    while True:
        tape.record = ""
        number += 1
        try:
            record = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise _syntax_refusal(str(error), number, tape.record, delimiter) from error
        yield number, record


def _syntax_refusal(error: str, row: int, record: str, delimiter: str) -> Refusal:
    if "field limit" in error:
        text = f"a cell is longer than {MAX_CELL_CHARACTERS:,} characters. Shorten it, or look for an unclosed quote."
        return Refusal("cell_too_long", text, row=row)
    if "unexpected end" in error:
        text = "a quote opened in this row is never closed. Close it, or delete the quotation mark."
        return Refusal("unclosed_quote", text, row=row)
    position, rest = _text_after_quote(record, delimiter)
    text = "there is text after a closing quotation mark. Double the quotation marks inside a quoted cell."
    return Refusal("text_after_quote", text, row=row, column=f"number {position}", value=rest)


def _text_after_quote(record: str, delimiter: str) -> tuple[int, str]:
    """Position (from 1) and content of the first cell with text after its closing quote."""
    cell = rf'(?:"(?:[^"]|"")*"|[^"{re.escape(delimiter)}\r\n][^{re.escape(delimiter)}\r\n]*|)'
    start, position = 0, 1
    while True:
        found = re.compile(cell).match(record, start)
        end = found.end() if found else start
        if end >= len(record) or record[end] != delimiter:
            return position, record[start : end + 20].splitlines()[0] if record[start:] else ""
        start, position = end + 1, position + 1
