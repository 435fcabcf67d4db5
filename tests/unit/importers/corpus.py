"""The files that people and attackers upload, built by code, each with what must become of it.

`number` is the row of the corpus of bad uploads that the case belongs to; a letter tells several of one row apart.
"""

import gzip
import struct
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from io import BytesIO
from typing import Any, Literal
from xml.sax.saxutils import escape

HEADER = "study,events_int,n_int,events_ctl,n_ctl"
GOOD_ROW = "Able,10,100,12,99"
GOOD = f"{HEADER}\n{GOOD_ROW}\nBaker,20,200,25,198\n"
GOOD_CELLS: list[list[Any]] = [
    ["study", "events_int", "n_int", "events_ctl", "n_ctl"],
    ["Able", 10, 100, 12, 99],
    ["Baker", 20, 200, 25, 198],
]
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
RELATIONS = "http://schemas.openxmlformats.org/package/2006/relationships"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
TYPES = "http://schemas.openxmlformats.org/package/2006/content-types"
SPREADSHEET = "application/vnd.openxmlformats-officedocument.spreadsheetml"
XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'

Outcome = Literal["accept", "warn", "refuse"]


@dataclass(frozen=True)
class Case:
    """`row`, `column` and `says` are what the problem of this code must name; `studies` what an accepted file holds."""

    number: str
    name: str
    data: bytes | Callable[[], bytes]
    outcome: Outcome
    code: str = ""
    row: int | None = None
    column: str | None = None
    says: str = ""
    filename: str = "trials.csv"
    studies: tuple[str, ...] = ()
    sheet: str | None = None

    def build(self) -> bytes:
        return self.data if isinstance(self.data, bytes) else self.data()


def csv(*rows: str, header: str = HEADER) -> bytes:
    return ("\n".join([header, *rows]) + "\n").encode()


def count(value: str) -> bytes:
    """A good table with one events cell replaced (row 3, column events_int)."""
    return csv(GOOD_ROW, f"Baker,{value},200,25,198")


def study(name: str) -> bytes:
    return csv(f'"{name}",10,100,12,99')


def workbook(
    rows: list[list[Any]], change: Callable[[Any], object] = lambda book: None, title: str = "Data"
) -> bytes:
    """A workbook written by openpyxl; `change` may alter it before it is saved."""
    import openpyxl

    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    sheet.title = title
    for row in rows:
        sheet.append(row)
    change(book)
    stream = BytesIO()
    book.save(stream)
    return stream.getvalue()


def with_cell(value: Any, place: str = "B3", number_format: str | None = None) -> bytes:
    def change(book: Any) -> None:
        cell = book.worksheets[0][place]
        cell.value = value
        if number_format:
            cell.number_format = number_format

    return workbook(GOOD_CELLS, change)


def sheet_xml(cells: str, before: str = "", after: str = "") -> str:
    return f'{XML}<worksheet xmlns="{MAIN}">{before}<sheetData>{cells}</sheetData>{after}</worksheet>'


def cell_xml(reference: str, value: Any) -> str:
    if isinstance(value, str):
        return f'<c r="{reference}" t="inlineStr"><is><t>{escape(value)}</t></is></c>'
    return f'<c r="{reference}"><v>{value}</v></c>'


def rows_xml(rows: list[list[Any]]) -> str:
    return "".join(
        f'<row r="{number}">'
        + "".join(cell_xml(f"{chr(64 + column)}{number}", value) for column, value in enumerate(row, start=1))
        + "</row>"
        for number, row in enumerate(rows, start=1)
    )


GOOD_XML = rows_xml(GOOD_CELLS)


def parts_of(sheet: str | bytes = "", **changes: str | bytes) -> dict[str, str | bytes]:
    """The parts of the smallest package that openpyxl reads; `changes` by part name with `__` for `/`."""
    parts: dict[str, str | bytes] = {
        "[Content_Types].xml": (
            f'{XML}<Types xmlns="{TYPES}"><Default Extension="rels" '
            'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
            '<Default Extension="xml" ContentType="application/xml"/>'
            f'<Override PartName="/xl/workbook.xml" ContentType="{SPREADSHEET}.sheet.main+xml"/>'
            f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{SPREADSHEET}.worksheet+xml"/></Types>'
        ),
        "_rels/.rels": (
            f'{XML}<Relationships xmlns="{RELATIONS}"><Relationship Id="rId1" '
            f'Type="{OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>'
        ),
        "xl/workbook.xml": (
            f'{XML}<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}"><sheets>'
            '<sheet name="Data" sheetId="1" r:id="rId1"/></sheets></workbook>'
        ),
        "xl/_rels/workbook.xml.rels": (
            f'{XML}<Relationships xmlns="{RELATIONS}"><Relationship Id="rId1" '
            f'Type="{OFFICE}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>'
        ),
        "xl/worksheets/sheet1.xml": sheet or sheet_xml(GOOD_XML),
    }
    return parts | {name.replace("__", "/"): content for name, content in changes.items()}


def package(parts: dict[str, str | bytes], prefix: bytes = b"") -> bytes:
    stream = BytesIO()
    stream.write(prefix)
    with zipfile.ZipFile(stream, "a" if prefix else "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return stream.getvalue()


def raw(sheet: str | bytes) -> bytes:
    return package(parts_of(sheet))


def with_part(name: str, content: bytes | str = b"<x/>") -> bytes:
    return package(parts_of() | {name: content})


def whole_sheet_merge() -> bytes:
    return raw(
        sheet_xml(GOOD_XML, after='<mergeCells count="1"><mergeCell ref="A1:XFD1048576"/></mergeCells>')
    )


def cell_in_the_last_corner() -> bytes:
    return raw(sheet_xml(GOOD_XML + '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'))


def repeating_bomb() -> bytes:
    """About 180 kB that unpack to 183 MiB."""
    return with_part("xl/worksheets/sheet2.xml", b"<row/>" * (183 * 1024 * 1024 // 6))


def one_cell_bomb() -> bytes:
    return raw(sheet_xml(rows_xml([["study"], ["x" * (57 * 1024 * 1024)]])))


def ratio_bomb() -> bytes:
    """Within 10 MiB, but more than 200 times its size."""
    return with_part("xl/media/picture.xml", b"<x>" + b" " * (5 * 1024 * 1024) + b"</x>")


def long_token() -> bytes:
    return raw(sheet_xml(GOOD_XML, before=f"<!--{'x' * (20 * 1024 * 1024)}-->"))


def billion_laughs() -> bytes:
    entities = '<!ENTITY a "ha">' + "".join(
        f'<!ENTITY {name} "{f"&{before};" * 10}">'
        for before, name in zip("abcdefghi", "bcdefghij", strict=True)
    )
    text = sheet_xml(rows_xml(GOOD_CELLS).replace("Able", "&j;")).removeprefix(XML)
    return raw(f"{XML}<!DOCTYPE x [{entities}]>{text}")


def external_entity(target: str) -> bytes:
    text = sheet_xml(GOOD_XML.replace("Able", "&e;")).removeprefix(XML)
    return raw(f'{XML}<!DOCTYPE x [<!ENTITY e SYSTEM "{target}">]>{text}')


def overlapping() -> bytes:
    """Two entries of the directory that point to the same bytes."""
    data = package(parts_of() | {"a.xml": "<aaaa/>", "b.xml": "<aaaa/>"})
    first = data.index(b"PK\x03\x04", 1)
    directory = data.rindex(b"PK\x01\x02")
    return data[: directory + 42] + struct.pack("<I", first) + data[directory + 46 :]


def wrong_size() -> bytes:
    """The directory gives the first part fewer bytes than it unpacks to."""
    data = bytearray(package(parts_of()))
    entry = data.index(b"PK\x01\x02")
    struct.pack_into("<I", data, entry + 24, 10)
    return bytes(data)


def wrong_sum() -> bytes:
    data = bytearray(package(parts_of()))
    entry = data.index(b"PK\x01\x02")
    struct.pack_into("<I", data, entry + 16, 12345)
    return bytes(data)


def encrypted_entry() -> bytes:
    data = bytearray(package(parts_of()))
    entry = data.index(b"PK\x01\x02")
    struct.pack_into("<H", data, entry + 8, 1)
    return bytes(data)


def nul_in_part_name() -> bytes:
    return with_part("xl/aXb.xml").replace(b"xl/aXb.xml", b"xl/a\0b.xml")


def twice_the_same_part() -> bytes:
    return with_part("xl/worksheets/sheetX.xml").replace(b"sheetX.xml", b"sheet1.xml")


def ole(stream_name: str) -> bytes:
    return b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 504 + stream_name.encode("utf-16-le") + b"\0" * 512


def hidden_row(book: Any) -> None:
    book.worksheets[0].row_dimensions[3].hidden = True


def hidden_column(book: Any) -> None:
    book.worksheets[0].column_dimensions["C"].hidden = True


def hidden_sheet(book: Any) -> None:
    extra = book.create_sheet("Old")
    extra.append([1])
    extra.sheet_state = "hidden"


def second_sheet(book: Any) -> None:
    book.create_sheet("Deaths").append(["study"])


def only_a_chart() -> bytes:
    from openpyxl.chart import BarChart

    def change(book: Any) -> None:
        book.create_chartsheet("Chart").add_chart(BarChart())
        book.remove(book.worksheets[0])
        book.active = 0

    return workbook([], change)


def mac_dates(book: Any) -> None:
    from openpyxl.utils.datetime import CALENDAR_MAC_1904

    book.epoch = CALENDAR_MAC_1904


def hyperlink(book: Any) -> None:
    book.worksheets[0]["A2"].hyperlink = "http://example.org/"
    book.worksheets[0]["A2"].value = "Able"


RICH_TEXT = (
    '<row r="2"><c r="A2" t="inlineStr"><is><r><t>Ab</t></r><r><rPr><b/></rPr><t>le</t></r></is></c>'
    '<c r="B2"><v>10</v></c><c r="C2"><v>100</v></c><c r="D2"><v>12</v></c><c r="E2"><v>99</v></c></row>'
)
FORMULA_WITHOUT_VALUE = GOOD_XML.replace('<c r="B3"><v>20</v></c>', '<c r="B3"><f>[1]Other!A1</f></c>')
PRECOMPOSED = "M\u00fcller"
BOTH = ("Able", "Baker")


def encodings() -> list[Case]:
    umlaut = csv(f"{PRECOMPOSED},10,100,12,99").decode()
    return [
        Case("1", "empty file", b"", "refuse", "empty_file", says="empty"),
        Case("2", "header only", csv(), "refuse", "no_rows", says="No study rows"),
        Case("3", "blank lines", b"\n\n  \n", "refuse", "no_rows", says="No study rows"),
        Case("4", "UTF-8 with BOM", GOOD.encode("utf-8-sig"), "accept", studies=BOTH),
        Case("5a", "UTF-16 LE", b"\xff\xfe" + GOOD.encode("utf-16-le"), "accept", studies=BOTH),
        Case("5b", "UTF-16 BE", b"\xfe\xff" + GOOD.encode("utf-16-be"), "accept", studies=BOTH),
        Case("6", "UTF-16 without BOM", GOOD.encode("utf-16-le"), "refuse", "not_text", says="CSV UTF-8"),
        Case("7", "Windows-1252", umlaut.encode("cp1252"), "warn", "windows_1252", says=PRECOMPOSED),
        Case("8a", "cp1251", csv("Иванов,10,100,12,99").decode().encode("cp1251"), "warn", "windows_1252"),
        Case(
            "8b", "Shift-JIS", csv("山田,10,100,12,99").decode().encode("shift-jis"), "warn", "windows_1252"
        ),
        Case(
            "9",
            "invalid UTF-8 in the middle",
            (umlaut + "Baker\ud83d,20,200,25,198\n").encode("utf-8", "surrogatepass"),
            "refuse",
            "invalid_utf8",
            row=3,
            says="byte 66",
        ),
        Case("10", "NUL", study("Ab\0le"), "refuse", "control_character", row=2, column="study", says="Type"),
        *(
            Case(
                f"11{letter}",
                "control",
                study(f"Ab{char}le"),
                "refuse",
                "control_character",
                row=2,
                column="study",
            )
            for letter, char in zip("abc", "\x1b\x07\u0085", strict=True)
        ),
    ]


def shapes() -> list[Case]:
    return [
        Case("12", "semicolon", GOOD.replace(",", ";").encode(), "accept", studies=BOTH),
        Case("13a", "tab", GOOD.replace(",", "\t").encode(), "accept", studies=BOTH),
        Case("13b", "pipe", GOOD.replace(",", "|").encode(), "accept", studies=BOTH),
        Case(
            "14",
            "mixed delimiters",
            csv(GOOD_ROW, "B;1;2;3;4"),
            "refuse",
            "too_few_values",
            row=3,
            says="delimiter",
        ),
        Case("15", "sep line", b"sep=;\n" + GOOD.replace(",", ";").encode(), "accept", studies=BOTH),
        Case("15b", "sep line names a letter", b"sep=x\n" + GOOD.encode(), "refuse", "delimiter", row=1),
        Case(
            "16",
            "title above",
            b"My trials\n\n" + GOOD.encode(),
            "refuse",
            "header_not_found",
            row=1,
            says="row 3",
        ),
        Case(
            "16b",
            "no header",
            b"Able,10,100,12,99\n",
            "refuse",
            "header_not_found",
            row=1,
            says="column names",
        ),
        Case(
            "17",
            "two header rows",
            b"study,Intervention,,Control,\n,events,total,events,total\nAble,10,100,12,99\n",
            "refuse",
            "header_not_found",
            row=1,
            says="two rows",
        ),
        Case("18", "CR line ends", GOOD.replace("\n", "\r").encode(), "accept", studies=BOTH),
        Case("18b", "CRLF line ends", GOOD.replace("\n", "\r\n").encode(), "accept", studies=BOTH),
        Case("19", "no final newline", GOOD.rstrip("\n").encode(), "accept", studies=BOTH),
        Case(
            "20", "unclosed quote", csv('"Able,10,100,12,99', "B,1,9,2,9"), "refuse", "unclosed_quote", row=2
        ),
        Case(
            "21",
            "text after quote",
            csv('"A"x,10,100,12,99'),
            "refuse",
            "text_after_quote",
            row=2,
            column="number 1",
        ),
        Case(
            "22",
            "line break in a name",
            study("Ab\nle"),
            "refuse",
            "line_break",
            row=2,
            column="study",
            says="one line",
        ),
        Case(
            "22b",
            "line break in a note",
            csv('A,1,9,2,9,"a\nb"', header=HEADER + ",note"),
            "warn",
            "line_break",
            row=2,
            column="note",
        ),
        Case(
            "23a",
            "extra value in every row",
            csv(GOOD_ROW + ",7"),
            "refuse",
            "too_many_values",
            row=2,
            says="6",
        ),
        Case(
            "23b",
            "trailing comma in every row",
            csv(GOOD_ROW + ","),
            "warn",
            "trailing_empty",
            studies=("Able",),
        ),
        Case(
            "24",
            "extra field in one row",
            csv(GOOD_ROW, "B,1,9,2,9,3"),
            "refuse",
            "too_many_values",
            row=3,
            says="6",
        ),
        Case("25", "short row", csv(GOOD_ROW, "B,1,9"), "refuse", "too_few_values", row=3, says="3 values"),
        Case(
            "26",
            "missing column",
            csv(GOOD_ROW, header="study,events_int,n_int,evnts_ctl,n_ctl"),
            "refuse",
            "missing_column",
            row=1,
            says="Did you mean 'evnts_ctl'",
        ),
        Case(
            "27",
            "unknown column",
            csv("A,1,9,2,9,x", header=HEADER + ",foo"),
            "warn",
            "unknown_column",
            column="foo",
        ),
        Case(
            "28",
            "column twice",
            csv("A,1,9,2,9,3", header=HEADER + ",events_int"),
            "refuse",
            "duplicate_column",
            column="events_int",
            says="columns 2 and 6",
        ),
        Case(
            "29",
            "header with spaces and case",
            csv(GOOD_ROW, header=" Study ,Events\u00a0Int,N\u200b_INT,events ctl,N (ctl)"),
            "accept",
            studies=("Able",),
        ),
        Case(
            "30a",
            "arms in the other order",
            csv("Able,12,99,10,100", header="study,events_control,n_control,events_t,n_t"),
            "accept",
            studies=("Able",),
        ),
        Case(
            "30b",
            "arm not named",
            csv(GOOD_ROW, header="study,events,total,events_c,n_c"),
            "refuse",
            "ambiguous_column",
            column="events",
            says="which arm",
        ),
    ]


BAD_COUNTS = [
    ("31", "empty", "", "missing", "0 only if"),
    *(
        (f"32{letter}", value, value, "missing", "")
        for letter, value in zip("abcd", ("NA", "n/a", "-", "."), strict=True)
    ),
    ("35", "decimal", "10.5", "decimal", "Write 10 or 11"),
    ("37", "decimal comma", '"10,5"', "decimal", "whole number"),
    ("38a", "thousands comma", '"1,234"', "thousands", "Remove the thousands separator"),
    ("38b", "thousands point", "1.234", "thousands", "Remove the thousands separator"),
    ("38c", "thousands space", "1 234", "thousands", "Remove the thousands separator"),
    ("38d", "thousands apostrophe", "1'234", "thousands", "Remove the thousands separator"),
    ("38e", "thousands or decimals", "1.000", "thousands", "Remove the thousands separator"),
    ("39a", "scientific", "1e2", "scientific", "plain digits"),
    ("39b", "scientific", "1E+03", "scientific", "plain digits"),
    ("40", "negative", "-5", "negative", "negative"),
    ("41a", "Unicode minus", "−5", "negative", "negative"),
    ("41b", "en dash", "–5", "negative", "negative"),
    ("42", "plus", "+5", "plus_sign", "digits"),
    ("43a", "percent", "10%", "two_numbers", "two columns"),
    ("43b", "fraction", "10/100", "two_numbers", "two columns"),
    ("43c", "with percentage", "10 (5%)", "two_numbers", "two columns"),
    ("44a", "Excel date", "10-Jan", "date", "looks like a date"),
    ("44b", "ISO date", "2024-05-01", "date", "looks like a date"),
    ("45a", "hexadecimal", "0x10", "not_a_number", "digits only"),
    ("45b", "underscore", "1_0", "not_a_number", "digits only"),
    ("45c", "octal", "010", "leading_zero", "Write 10"),
    ("46a", "Arabic digits", "١٠", "other_digits", "0 to 9"),
    ("46b", "full-width digits", "\uff11\uff10", "other_digits", "0 to 9"),
    ("46c", "superscript", "10²", "other_digits", "0 to 9"),
    ("48a", "infinite", "inf", "not_a_number", "digits only"),
    ("48b", "not a number", "NaN", "missing", "Write the number"),
    ("48c", "overflow", "1E400", "scientific", "plain digits"),
    ("49a", "20 digits", "1" * 20, "too_large", "10,000,000"),
    ("49b", "2^53+1", str(2**53 + 1), "too_large", "10,000,000"),
    ("49c", "one too many", "10000001", "too_large", "10,000,000"),
    ("71a", "formula", "=1+1", "formula", "Write the number"),
    ("71b", "call", "@SUM(A1)", "formula", "Write the number"),
    ("71c", "tab before", "\t10", "not_a_number", "digits only"),
    ("75c", "error value", "#REF!", "error_value", "spreadsheet error"),
]


def counts() -> list[Case]:
    return [
        *(
            Case(number, name, count(value), "refuse", code, row=3, column="events_int", says=says)
            for number, name, value, code, says in BAD_COUNTS
        ),
        Case(
            "36a",
            "10.0",
            count("10.0"),
            "warn",
            "whole_decimal",
            row=3,
            column="events_int",
            says="read as 10",
        ),
        Case(
            "36b",
            "10.0 in a workbook",
            raw(sheet_xml(GOOD_XML.replace(">20<", ">20.0<"))),
            "accept",
            filename="trials.xlsx",
            studies=BOTH,
        ),
        Case("47a", "no-break spaces", count("\u00a020\u202f"), "accept", studies=BOTH),
        Case("47b", "thin space", count("\u200920 "), "accept", studies=BOTH),
        Case(
            "48d",
            "NaN cell",
            raw(sheet_xml(GOOD_XML.replace(">20<", ">NaN<"))),
            "refuse",
            "not_a_number",
            row=3,
            column="B",
            says="Sheet 'Data'",
            filename="trials.xlsx",
        ),
        Case(
            "48e",
            "1_0 cell",
            raw(sheet_xml(GOOD_XML.replace(">20<", ">2_0<"))),
            "refuse",
            "not_a_number",
            row=3,
            column="B",
            says="Sheet 'Data'",
            filename="trials.xlsx",
        ),
        Case(
            "50",
            "nobody in an arm",
            csv("A,0,0,1,9"),
            "refuse",
            "zero_total",
            row=2,
            column="n_int",
            says="at least 1",
        ),
        Case(
            "51",
            "events > n",
            csv("A,11,10,1,9"),
            "refuse",
            "events_exceed_total",
            row=2,
            column="events_int",
            says="10",
        ),
        Case(
            "52",
            "double zero",
            csv("A,0,10,0,9"),
            "warn",
            "double_zero",
            row=2,
            column="study",
            says="no information",
        ),
        Case(
            "53",
            "all events",
            csv("A,10,10,9,9"),
            "warn",
            "all_events",
            row=2,
            column="study",
            says="no information",
        ),
        Case(
            "54", "zero cell", csv("A,0,10,3,9"), "warn", "zero_cell", row=2, column="events_int", says="0.5"
        ),
        Case("55a", "n < 5", csv("A,1,4,3,9"), "warn", "small_total", row=2, column="n_int", says="Check"),
        Case(
            "55b",
            "unequal arms",
            csv("A,1,10,3,201"),
            "warn",
            "unequal_arms",
            row=2,
            column="n_int",
            says="20 times",
        ),
    ]


def studies() -> list[Case]:
    with_outcome = HEADER + ",outcome"
    return [
        *(
            Case(f"33{letter}", name, study(name), "accept", studies=(name,))
            for letter, name in zip("abcde", ("NA", "None", "null", "nan", "TRUE"), strict=True)
        ),
        *(
            Case(f"34{letter}", name, study(name), "accept", studies=(name,))
            for letter, name in zip("abc", ("007", "1E5", "2019-03"), strict=True)
        ),
        Case(
            "56a",
            "study twice",
            csv(GOOD_ROW, "Able,1,9,2,9"),
            "refuse",
            "duplicate_study",
            row=3,
            says="row 2",
        ),
        Case(
            "56b",
            "study twice, other outcome",
            csv("Able,1,9,2,9,death", "Able,3,9,4,9,stroke", header=with_outcome),
            "accept",
            studies=("Able", "Able"),
        ),
        Case(
            "57a",
            "look-alike",
            csv(GOOD_ROW, "АBLE,1,9,2,9"),
            "warn",
            "similar_study",
            row=3,
            says="same study",
        ),
        Case(
            "57b",
            "accent",
            csv("Muller,1,9,2,9", "Müller,1,9,2,8"),
            "warn",
            "similar_study",
            row=3,
            column="study",
        ),
        Case(
            "58",
            "arms swapped",
            csv("ECMO-CS,29,58,28,59,death", "ECMO-CS,30,59,31,58,survival", header=with_outcome),
            "warn",
            "arms_swapped",
            row=3,
            says="which arm",
        ),
        Case(
            "59a",
            "total row",
            csv("A,1,9,2,9", "B,3,9,4,9", "Total,4,18,6,18"),
            "refuse",
            "total_row",
            row=4,
            says="total",
        ),
        Case(
            "59b",
            "sums",
            csv("A,1,9,2,9", "B,3,9,4,9", "C,4,18,6,18"),
            "warn",
            "total_row",
            row=4,
            says="sums",
        ),
        Case("60", "one study", csv(GOOD_ROW), "accept", studies=("Able",)),
        Case(
            "65a",
            "no name",
            csv(",1,9,2,9"),
            "refuse",
            "missing_study",
            row=2,
            column="study",
            says="Write one",
        ),
        Case(
            "65b",
            "500 characters",
            study("x" * 500),
            "refuse",
            "cell_too_long",
            row=2,
            column="study",
            says="200",
        ),
        *(
            Case(
                f"66{letter}",
                "invisible",
                study(f"Ab{char}le"),
                "refuse",
                "invisible_character",
                row=2,
                column="study",
            )
            for letter, char in zip("abcde", "\u202e\u200b\u2066\u200d\u00ad", strict=True)
        ),
        Case(
            "67",
            "piled accents",
            study("A" + "\u0301" * 30),
            "refuse",
            "combining_marks",
            row=2,
            column="study",
        ),
        *(
            Case(f"68{letter}", name, study(name), "accept", studies=(name,))
            for letter, name in zip(
                "abcdef", ("🫀", "試験", "Müller", "p<0.05", "A & B", "O'Neil"), strict=True
            )
        ),
        Case("68g", "joined emoji", study("👩\u200d⚕️"), "accept", studies=("👩\u200d⚕️",)),
        *(
            Case(f"69{letter}", name, study(name), "accept", studies=(name,))
            for letter, name in zip(
                "abcd", ("<script>alert(1)</script>", "{{7*7}}", "javascript:x", "' OR 1=1"), strict=True
            )
        ),
        *(
            Case(f"70{letter}", name, study(name), "accept", studies=(name,))
            for letter, name in zip("abc", ("=HYPERLINK(1)", "+cmd", "@SUM(A1)"), strict=True)
        ),
    ]


def sizes() -> list[Case]:
    many = [f"S{number},{number % 90 + 1},1000,{number % 80 + 1},1000" for number in range(5001)]
    wide = ",".join([HEADER, *(f"extra{number}" for number in range(60))])
    return [
        Case("61", "5,001 rows", lambda: csv(*many), "refuse", "too_many_rows", says="5,000"),
        Case(
            "62", "over 2 MiB", lambda: b"x" * (2 * 1024 * 1024 + 1), "refuse", "file_too_large", says="2 MiB"
        ),
        Case(
            "63a",
            "65 columns",
            csv(GOOD_ROW + "," * 60, header=wide),
            "refuse",
            "too_many_columns",
            says="64",
        ),
        Case(
            "63b",
            "16,384 columns",
            lambda: csv("x," * 16384 + "x"),
            "refuse",
            "too_many_columns",
            row=2,
            says="64",
        ),
        Case(
            "64",
            "1 MB cell",
            lambda: csv("A,1,9,2,9," + "x" * 10**6, header=HEADER + ",note"),
            "refuse",
            "cell_too_long",
        ),
    ]


def workbooks() -> list[Case]:
    cases = [
        Case("72", "formula", with_cell("=1+1"), "refuse", "formula", row=3, column="events_int", says="paste"),
        Case("73", "external formula", raw(sheet_xml(FORMULA_WITHOUT_VALUE)), "refuse", "formula", row=3, says="paste"),
        Case("44c", "date cell", with_cell(date(2024, 1, 10)), "refuse", "date", row=3, column="events_int"),
        Case("74a", "number as text", with_cell("20"), "accept", studies=BOTH),
        Case("74b", "number as text with comma", with_cell("1,234"), "refuse", "thousands", row=3, column="events_int"),
        Case("75a", "#REF!", with_cell("#REF!"), "refuse", "error_value", row=3, column="events_int", says="Write"),
        Case("75b", "#DIV/0!", with_cell("#DIV/0!"), "refuse", "error_value", row=3, column="events_int", says="Write"),
        Case("76", "boolean", with_cell(True), "refuse", "boolean", row=3, column="events_int", says="TRUE or FALSE"),
        Case("33f", "boolean as a study", with_cell(True, "A3"), "accept", studies=("Able", "TRUE")),
        Case("77a", "rich text", raw(sheet_xml(rows_xml(GOOD_CELLS[:1]) + RICH_TEXT)), "accept", studies=("Able",)),
        Case("77b", "hyperlink", workbook(GOOD_CELLS, hyperlink), "accept", studies=BOTH),
        Case(
            "78",
            "merged cells",
            workbook(GOOD_CELLS, lambda book: book.worksheets[0].merge_cells("A2:A3")),
            "refuse",
            "merged_cells",
            says="A2:A3",
        ),
        Case("79", "whole-sheet merge", whole_sheet_merge, "refuse", "merged_cells", says="A1:XFD1048576"),
        Case("80", "cell at XFD1048576", cell_in_the_last_corner, "refuse", "too_many_rows", says="1,048,576"),
        Case(
            "81a", "dimension too small", raw(sheet_xml(GOOD_XML, '<dimension ref="A1:B2"/>')), "accept", studies=BOTH
        ),
        Case(
            "81b", "dimension too big", raw(sheet_xml(GOOD_XML, '<dimension ref="A1:XFD9"/>')), "accept", studies=BOTH
        ),
        Case("82a", "hidden row", workbook(GOOD_CELLS, hidden_row), "warn", "hidden_rows", says="1 hidden row is read"),
        Case("82b", "hidden column", workbook(GOOD_CELLS, hidden_column), "warn", "hidden_columns", says="read too"),
        Case("82c", "hidden sheet", workbook(GOOD_CELLS, hidden_sheet), "warn", "hidden_sheets", says="not read"),
        Case(
            "83a", "two sheets", workbook(GOOD_CELLS, second_sheet), "refuse", "choose_sheet", says="'Data', 'Deaths'"
        ),
        Case("83b", "sheet chosen", workbook(GOOD_CELLS, second_sheet), "accept", studies=BOTH, sheet="Data"),
        Case("83c", "no such sheet", workbook(GOOD_CELLS), "refuse", "choose_sheet", says="'Data'", sheet="Nowhere"),
        Case("84", "only a chart", only_a_chart, "refuse", "no_worksheet", says="no worksheet"),
        Case("85a", "table at B3", workbook([[], [], *([None, *row] for row in GOOD_CELLS)]), "accept", studies=BOTH),
        Case(
            "85b", "title above", workbook([["Mine"], *GOOD_CELLS]), "refuse", "header_not_found", row=1, says="row 2"
        ),
        Case("86a", "1904 dates", workbook(GOOD_CELLS, mac_dates), "accept", studies=BOTH),
        Case("86b", "percent format", with_cell(20, number_format="0%"), "warn", "number_format", row=3, says="0%"),
        Case(
            "87",
            "styles bomb",
            lambda: with_part("xl/styles.xml", b"<styleSheet>" + b"<xf/>" * 2_200_000 + b"</styleSheet>"),
            "refuse",
            "unpacks_too_large",
            says="10 MiB",
        ),
        Case("88", "183 MiB", repeating_bomb, "refuse", "unpacks_too_large", says="183 MiB; the limit is 10"),
        Case("89a", "57 MiB in one cell", one_cell_bomb, "refuse", "unpacks_too_large", says="57 MiB"),
        Case("89b", "ratio", ratio_bomb, "refuse", "unpacks_too_large", says="200 times"),
        Case("90", "overlapping entries", overlapping, "refuse", "overlapping_parts", says="overlap"),
        Case(
            "91",
            "10,000 entries",
            lambda: package(parts_of() | {f"x/{number}.xml": "<x/>" for number in range(10_000)}),
            "refuse",
            "too_many_parts",
            says="200",
        ),
        Case("92a", "declared size false", wrong_size, "refuse", "damaged", says="damaged"),
        Case("92b", "wrong sum", wrong_sum, "refuse", "damaged", says="damaged"),
        Case("92c", "cut off", package(parts_of())[:600], "refuse", "damaged", says="damaged"),
        Case(
            "92d",
            "rows out of order",
            raw(sheet_xml(rows_xml(GOOD_CELLS[:1]) + GOOD_XML)),
            "refuse",
            "damaged",
            says="out of order",
        ),
        Case(
            "92e",
            "a cell twice",
            raw(sheet_xml(GOOD_XML.replace('<c r="C3">', '<c r="B3"><v>7</v></c><c r="C3">'))),
            "refuse",
            "damaged",
            says="row 3 are out of order",
        ),
        Case("93", "billion laughs", billion_laughs, "refuse", "dtd", says="DTD"),
        Case("94a", "file entity", external_entity("file:///etc/passwd"), "refuse", "dtd", says="DTD"),
        Case("94b", "network entity", external_entity("http://127.0.0.1:9/"), "refuse", "dtd", says="DTD"),
        Case("95", "20 MiB comment", long_token, "refuse", "unpacks_too_large", says="20 MiB"),
        Case(
            "96a",
            "UTF-16 XML",
            raw(b"\xff\xfe" + sheet_xml(GOOD_XML).replace("UTF-8", "UTF-16").encode("utf-16-le")),
            "refuse",
            "xml_encoding",
            says="UTF-8",
        ),
        Case(
            "96b",
            "UTF-7 XML",
            raw(sheet_xml(GOOD_XML).replace('"UTF-8"', '"UTF-7"')),
            "refuse",
            "xml_encoding",
            says="UTF-8",
        ),
        Case("97a", "climbing part name", with_part("../../x.xml"), "refuse", "part_name", says="unsafe name"),
        Case("97b", "absolute part name", with_part("/etc/x.xml"), "refuse", "part_name", says="unsafe name"),
        Case("97c", "part twice", twice_the_same_part, "refuse", "duplicate_part", says="twice"),
        Case("97d", "NUL in a part name", nul_in_part_name, "refuse", "part_name", says="unsafe name"),
        Case("98a", "encrypted workbook", ole("EncryptedPackage"), "refuse", "encrypted", says="Remove the password"),
        Case("98b", "encrypted entry", encrypted_entry, "refuse", "encrypted", says="Remove the password"),
        Case("99a", "old xls", ole("Workbook"), "refuse", "wrong_type", says=".xls"),
        Case("99b", "ods", with_part("mimetype"), "refuse", "wrong_type", says=".ods"),
        Case("99c", "xlsb", with_part("xl/workbook.bin"), "refuse", "wrong_type", says=".xlsb"),
        Case("99d", "Numbers", with_part("Index/Document.iwa"), "refuse", "wrong_type", says="Numbers"),
        Case("99f", "strict", raw(sheet_xml(GOOD_XML).replace(MAIN, "http://purl.oclc.org/ooxml/spreadsheetml/main")),
             "refuse", "strict_xlsx", says="Excel Workbook"),
        Case("100a", "macros", with_part("xl/vbaProject.bin", b"\xd0\xcf"), "refuse", "macros", says="macros"),
        Case(
            "100b",
            "macro content type",
            package(
                parts_of() | {"[Content_Types].xml": str(parts_of()["[Content_Types].xml"]).replace(
                    f"{SPREADSHEET}.sheet.main", "application/vnd.ms-excel.sheet.macroEnabled.main")}
            ),
            "refuse",
            "macros",
            says="macros",
        ),
        Case("101e", "docx", with_part("word/document.xml"), "refuse", "wrong_type", says="Word document"),
        Case("103c", "CSV in a zip", package({"trials.csv": GOOD}), "refuse", "wrong_type", says="zip archive"),
        Case("104", "prefix before the zip", package(parts_of(), b"%PDF-1.7\n"), "refuse", "wrong_type", says="PDF"),
        Case("104b", "zip before the zip", package(parts_of(), b"PK\x03\x04" + b"x" * 40), "refuse", "prefix_data"),
    ]  # fmt: skip
    return [
        Case(**{**case.__dict__, "filename": "trials.xlsx"}) if case.filename == "trials.csv" else case
        for case in cases
    ]


def other_files() -> list[Case]:
    html = b"<html><body><table><tr><td>study</td></tr></table></body></html>"
    return [
        Case(
            "99e",
            "shortcut",
            b'{"url": "https://docs.google.com/x"}',
            "refuse",
            "wrong_type",
            says="shortcut",
        ),
        Case("101a", "PDF", b"%PDF-1.7\n", "refuse", "wrong_type", says="PDF", filename="trials.xlsx"),
        Case("101b", "PNG", b"\x89PNG\r\n\x1a\n", "refuse", "wrong_type", says="PNG"),
        Case("101c", "HTML", html, "refuse", "wrong_type", says="HTML", filename="trials.xlsx"),
        Case(
            "101d", "workbook named .csv", workbook(GOOD_CELLS), "refuse", "wrong_type", says="Name it .xlsx"
        ),
        Case(
            "101f", "CSV named .xlsx", GOOD.encode(), "refuse", "wrong_type", says=".xlsx", filename="a.xlsx"
        ),
        Case("101g", "XML", b"<?xml version='1.0'?><Workbook/>", "refuse", "wrong_type", says="XML"),
        Case("102", "HTML table as .xls", html, "refuse", "wrong_type", says="HTML", filename="trials.xls"),
        Case("103a", "gzip", gzip.compress(GOOD.encode()), "refuse", "wrong_type", says="gzip"),
        Case("105a", "no name", GOOD.encode(), "accept", studies=BOTH, filename=""),
        Case(
            "105b",
            "hostile name",
            GOOD.encode(),
            "accept",
            studies=BOTH,
            filename="../" * 99 + "con\r\n\u202e.csv",
        ),
    ]


CASES = [*encodings(), *shapes(), *counts(), *studies(), *sizes(), *workbooks(), *other_files()]
