"""Word files that others made: GRADEpro's layouts, Word's ways of saying things, and files that are refused."""

from __future__ import annotations

import io
import re
import zipfile
from typing import Any

import pytest

from documents.importing import ImportedEtd, NotWord, read_docx, read_text
from documents.importing.docx_package import open_package
from documents.importing.docx_text import text_of
from tests.unit.documents.importing import word_files as word
from tests.unit.documents.importing.example import SOURCE, as_fixture, differences, expected, frameworks
from tests.unit.documents.importing.word_files import (
    CHOSEN,
    FIELDS,
    FRAMEWORK,
    STATEMENT,
    TITLE,
    add_grid,
    criterion_with,
    gradepro,
    packed,
    with_parts,
    xml,
)


def read(document: Any) -> ImportedEtd:
    """In this process; `read_docx` does the same in a limited one."""
    return read_text(text_of(open_package(packed(document))), frameworks=[FRAMEWORK])


def evidence(change: word.Change) -> str:
    (problem,) = read(criterion_with(change)).criteria
    assert problem.options == ("yes",)
    return problem.research_evidence


def flags_of(etd: ImportedEtd, words: str) -> list[str]:
    return [flag.where for flag in etd.flags if words in flag.message]


@pytest.mark.parametrize("one_table", [False, True], ids=["a table each", "one table"])
def test_gradepro_s_layout_is_read_whole(one_table: bool) -> None:
    etd = read(gradepro(one_table=one_table))
    assert etd.not_understood == ()
    assert etd.title == TITLE
    assert [etd.fields["population"], etd.fields["setting"]] == list(FIELDS.values())
    labels = {
        one.heading: [FRAMEWORK.criterion(one.key).option(key).label for key in one.options]
        for one in etd.criteria
    }
    assert labels == {heading: [label] for heading, label in CHOSEN.items()}
    assert etd.criteria[0].research_evidence == "Problem: first.\n\nProblem: second."
    assert etd.criteria[0].additional_considerations == "Problem: considered."
    assert [one.text for one in etd.statements] == [STATEMENT]
    assert (etd.statements[0].strength, etd.statements[0].certainty) == ("conditional", "low")
    assert etd.types == (FRAMEWORK.recommendation_types[1].key,)
    assert etd.sections["justification"] == "Because of the trials."


def test_the_limited_process_reads_the_same() -> None:
    content = packed(gradepro())
    assert read_docx(content) == text_of(open_package(content))


def test_a_grid_that_agrees_is_not_flagged() -> None:
    etd = read(gradepro())
    assert flags_of(etd, "summary of judgements marks") == flags_of(etd, "marking is lost") == []


@pytest.mark.parametrize("mark", ["bold", "shade"])
def test_a_grid_that_marks_something_else_is_flagged(mark: str) -> None:
    document = gradepro(grid={})
    add_grid(document, {**CHOSEN, "Desirable Effects": "Large"}, mark=mark)
    first = document.element.body
    # The grid with rows stands last in the file: take the empty one out, and put this one in its place.
    headings = [p for p in document.paragraphs if p.text == "SUMMARY OF JUDGEMENTS"]
    empty = headings[0]._p.getnext()
    moved = headings[1]._p.getnext()
    first.remove(headings[1]._p)
    first.replace(empty, moved)
    etd = read(document)
    assert flags_of(etd, "marks “Large”, the criterion ticks “Small”") == ["Desirable Effects, judgement"]
    assert flags_of(etd, "summary of judgements marks") == ["Desirable Effects, judgement"]


def test_the_example_s_text_in_word_s_tables_gives_the_question_of_its_fixture() -> None:
    text = text_of(open_package(packed(word.from_text(SOURCE))))
    etd = read_text(text, frameworks=frameworks("weak"))
    assert etd.not_understood == ()
    read, fixture = (as_words(content) for content in (as_fixture(etd), expected()))
    # Digits on the line cite nothing in a Word file, which would have raised them.
    assert (read.pop("references_cited"), fixture.pop("references_cited")) == ([], list(range(1, 13)))
    assert list(differences(read, fixture)) == []


def as_words(content: Any) -> Any:
    """Texts without citation marks, backslashes and ends of lines: Word's paragraphs are no line breaks."""
    if isinstance(content, str):
        return " ".join(re.sub(r"\[\^([^\]]*)\]", r"\1", content).replace("\\", "").split())
    if isinstance(content, dict):
        return {name: as_words(value) for name, value in content.items()}
    return [as_words(one) for one in content] if isinstance(content, list) else content


def test_digits_on_the_line_that_may_cite_are_told() -> None:
    document = criterion_with(lambda cell: word.fill(cell, ["It was seen in a trial1."]))
    document.add_paragraph("REFERENCES")
    document.add_paragraph("1. Alpha A. Trial. 2005.")
    etd = read(document)
    assert etd.criteria[0].research_evidence == "It was seen in a trial1."
    assert flags_of(etd, "may cite were left as they are: 1") == ["Citations"]


def test_german_headings_are_read_by_the_table_of_words() -> None:
    document = word.new_document()
    document.add_paragraph("BEWERTUNG")
    table = document.add_table(rows=3, cols=3)
    word.fill(table.cell(0, 0).merge(table.cell(0, 2)), ["Unerwünschte Effekte"])
    names = ("URTEIL", "FORSCHUNGSEVIDENZ", "ZUSÄTZLICHE ÜBERLEGUNGEN")
    for cell, name in zip(table.rows[1].cells, names, strict=True):
        word.fill(cell, [name])
    word.fill(table.cell(2, 0), ["● Small", "○ Large"])
    word.fill(table.cell(2, 1), ["Evidenz."])
    (one,) = read(document).criteria
    assert (one.heading, one.options, one.research_evidence) == (
        "Undesirable Effects",
        ("small",),
        "Evidenz.",
    )


def test_emphasis_links_and_lists_become_commonmark() -> None:
    def change(cell: Any) -> None:
        first = cell.paragraphs[0]
        first.add_run("Plain, ")
        first.add_run("bold ").bold = True
        first.add_run("and ")
        first.add_run("slanted").italic = True
        first.add_run(", p<0.05*")
        for text in ("one", "two"):
            cell.add_paragraph(text, style="List Bullet")
        for text in ("first", "second"):
            cell.add_paragraph(text, style="List Number")

    assert evidence(change) == ("Plain, **bold** and *slanted*, p<0.05*\n\n- one\n- two\n1. first\n2. second")


def test_raised_digits_cite_and_other_shifts_become_letters_of_their_own() -> None:
    def change(cell: Any) -> None:
        paragraph = cell.paragraphs[0]
        for text, shift in (
            ("No difference", ""),
            ("1,2", "superscript"),
            (" in 10", ""),
            ("-3", "superscript"),
            (" kg CO", ""),
            ("2", "subscript"),
            (", trial11", ""),
        ):
            run = paragraph.add_run(text)
            run.font.superscript, run.font.subscript = shift == "superscript", shift == "subscript"

    assert evidence(change) == "No difference[^1,2] in 10⁻³ kg CO₂, trial11"


def test_tracked_changes_are_accepted_and_what_was_deleted_is_kept_and_said() -> None:
    def change(cell: Any) -> None:
        paragraph = cell.paragraphs[0]._p
        paragraph.append(xml("<w:r><w:t>Mortality was </w:t></w:r>"))
        paragraph.append(xml('<w:del w:id="1" w:author="A"><w:r><w:delText>higher</w:delText></w:r></w:del>'))
        paragraph.append(xml('<w:ins w:id="2" w:author="A"><w:r><w:t>lower</w:t></w:r></w:ins>'))

    document = criterion_with(change)
    etd = read(document)
    assert etd.criteria[0].research_evidence == "Mortality was lower"
    assert [(left.where, left.text) for left in etd.not_understood] == [("Deleted text", "higher")]


SYMBOLS = [
    '<w:r><w:sym w:font="Wingdings" w:char="{}"/></w:r>',
    '<w:sdt><w:sdtPr><w14:checkbox><w14:checked w14:val="{}"/></w14:checkbox></w:sdtPr>'
    "<w:sdtContent><w:r><w:t>?</w:t></w:r></w:sdtContent></w:sdt>",
]


@pytest.mark.parametrize(
    ("pattern", "ticked", "empty"),
    [(SYMBOLS[0], "F0FE", "F0A8"), (SYMBOLS[1], "1", "0")],
    ids=["letters", "controls"],
)
def test_boxes_of_word_are_ticks(pattern: str, ticked: str, empty: str) -> None:
    document = criterion_with(lambda cell: word.fill(cell, ["text"]))
    cell = document.tables[0].cell(2, 0)
    for paragraph in cell.paragraphs[1:]:
        cell._tc.remove(paragraph._p)
    for run in cell.paragraphs[0].runs:
        run._r.getparent().remove(run._r)
    for number, option in enumerate(FRAMEWORK.criterion("problem").options):
        paragraph = cell.add_paragraph() if number else cell.paragraphs[0]
        paragraph._p.append(xml(pattern.format(ticked if option.key == "probably_no" else empty)))
        paragraph.add_run(f" {option.label}")
    (problem,) = read(document).criteria
    assert problem.options == ("probably_no",)


def test_breaks_tabs_and_hyphens_stay() -> None:
    def change(cell: Any) -> None:
        cell.paragraphs[0]._p.append(
            xml(
                "<w:r><w:t>one</w:t><w:br/><w:t>two</w:t><w:noBreakHyphen/><w:t>b</w:t><w:tab/><w:t>c</w:t></w:r>"
            )
        )

    assert evidence(change) == "one\ntwo\u2011b c"


def test_a_nested_table_of_results_is_read_and_the_text_after_it_stays_text() -> None:
    def change(cell: Any) -> None:
        cell.paragraphs[0].add_run("Table 3. Deaths")
        table = cell.add_table(rows=2, cols=5)
        headings = ("Outcome", "No. of studies", "Device", "No device", "Odds ratio (95% CI)")
        for place, text in enumerate(headings):
            word.fill(table.cell(0, place), [text])
        for place, text in enumerate(("Mortality", "3", "10/100 (10%)", "20/100 (20%)", "0.44 (0.20–0.99)")):
            word.fill(table.cell(1, place), [text])
        cell.add_paragraph("Abbreviations: CI, confidence interval")
        cell.add_paragraph("The trials were small.")

    etd = read(criterion_with(change))
    (table,) = etd.tables
    assert (table.number, table.title, table.abbreviations) == (
        3,
        "Deaths",
        "Abbreviations: CI, confidence interval",
    )
    assert [(row.outcome, row.cells["estimate"]) for row in table.rows] == [("Mortality", "0.44")]
    assert etd.criteria[0].research_evidence == "The trials were small."


def results(*rows: tuple[str, ...]) -> ImportedEtd:
    """A document with a table of these rows; what stands between circumflexes is raised, between tildes struck."""

    def change(cell: Any) -> None:
        cell.paragraphs[0].add_run("Table 1. Deaths")
        table = cell.add_table(rows=0, cols=5)
        for texts in (("Outcome", "Studies", "Device", "No device", "Odds ratio (95% CI)"), *rows):
            for there, text in zip(table.add_row().cells, texts, strict=True):
                for part in re.findall(r"\^[^^]*\^|~[^~]*~|[^~^]+", text):
                    run = there.paragraphs[0].add_run(part.strip("^~"))
                    run.font.superscript, run.font.strike = part[0] == "^", part[0] == "~"

    return read(criterion_with(change))


def test_a_raised_or_struck_digit_is_no_digit_of_a_number() -> None:
    effect = "0.44 (0.20–0.99)"
    etd = results(
        ("Mortality^1^", "3^1,2^", "10/100", "20/100", effect),
        ("Stroke", "3", "10/100^2^", "20/100", effect),
        ("Bleeding", "3", "10/100", "20/100", "0.44^2^ (0.20–0.99)"),
        ("Sepsis", "3", "10/100", "20/100", "0.44 (0.20–0.99^2a^)"),
        ("Pneumonia", "~1~3", "10/100", "20/100", effect),
        ("Infection", "3", "~1~10/100", "20/100", effect),
    )
    (row,) = etd.tables[0].rows
    assert (row.outcome, row.cells["n_studies"], row.cells["footnote_mark"]) == ("Mortality¹", "3", "¹,²")
    assert etd.criteria[0].research_evidence == ""
    kept = " ".join(one.text for one in etd.not_understood)
    for text in ("10/100²", "0.44² (0.20–0.99)", "0.44 (0.20–0.99²a)", "~~1~~3", "~~1~~10/100"):
        assert text in kept


def test_a_small_table_in_the_evidence_stays_text_of_the_evidence() -> None:
    def change(cell: Any) -> None:
        cell.paragraphs[0].add_run("Before.")
        table = cell.add_table(rows=2, cols=2)
        word.fill(table.cell(0, 0).merge(table.cell(0, 1)), ["Key message 1"])
        word.fill(table.cell(1, 0), ["Deaths"])
        word.fill(table.cell(1, 1), ["77", "of 100"])
        cell.add_paragraph("After.")

    etd = read(criterion_with(change))
    (one,) = etd.criteria
    assert one.research_evidence == "Before.\n\nKey message 1\n\nDeaths | 77 of 100\n\nAfter."
    assert (one.additional_considerations, etd.not_understood) == ("", ())


def test_a_line_of_its_own_in_a_wide_table_shifts_no_text() -> None:
    def change(cell: Any) -> None:
        table = cell.add_table(rows=4, cols=5)
        word.fill(table.cell(0, 0).merge(table.cell(0, 4)), ["Table 3. Deaths"])
        for number, texts in enumerate(
            (
                ("Outcome", "Studies", "A", "B", "RR (95% CI)"),
                ("Mortality", "3", "1/10", "2/10", "0.5 (0.1–2.0)"),
            ),
            start=1,
        ):
            for place, text in enumerate(texts):
                word.fill(table.cell(number, place), [text])
        word.fill(table.cell(3, 0).merge(table.cell(3, 4)), ["Abbreviations: A, one."])
        cell.add_paragraph("After.")

    etd = read(criterion_with(change))
    (table,) = etd.tables
    assert (table.number, table.title, table.abbreviations) == (3, "Deaths", "Abbreviations: A, one.")
    assert etd.criteria[0].research_evidence == "After."


@pytest.mark.parametrize(
    ("run", "text"),
    [
        ('<w:r><w:rPr><w:position w:val="6"/></w:rPr><w:t>7</w:t></w:r>', "24⁷"),
        ('<w:r><w:sym w:font="Symbol" w:char="F035"/></w:r>', "245"),
        ('<w:r><w:sym w:font="Symbol" w:char="F03C"/></w:r>', "24<"),
    ],
)
def test_digits_that_stand_higher_or_in_the_font_of_symbols(run: str, text: str) -> None:
    def change(cell: Any) -> None:
        cell.paragraphs[0].add_run("24")
        cell.paragraphs[0]._p.append(xml(run))

    assert evidence(change) == text


@pytest.mark.parametrize(
    ("formula", "text"),
    [
        ("<m:f><m:num>{1}</m:num><m:den>{2}</m:den></m:f>", "1/2"),
        ("<m:f><m:num>{a+1}</m:num><m:den>{20}</m:den></m:f>", "(a+1)/20"),
        ("<m:sSup><m:e>{10}</m:e><m:sup>{-6}</m:sup></m:sSup>", "10^(-6)"),
        ("<m:sSub><m:e>{x}</m:e><m:sub>{1}</m:sub></m:sSub>{=5}", "x_1=5"),
        ("<m:rad><m:e>{16}</m:e></m:rad><m:d><m:e>{4}</m:e></m:d>", "√(16)(4)"),
    ],
)
def test_an_equation_on_one_line_keeps_its_numbers_apart(formula: str, text: str) -> None:
    inner = re.sub(r"\{(.*?)\}", r"<m:r><m:t>\1</m:t></m:r>", formula)
    math = f'<m:oMath xmlns:m="http://schemas.openxmlformats.org/officeDocument/2006/math">{inner}</m:oMath>'

    def change(cell: Any) -> None:
        cell.paragraphs[0]._p.append(xml(math))

    assert evidence(change).replace("\\", "") == text


def test_struck_letters_of_a_text_stay_and_show_it() -> None:
    def change(cell: Any) -> None:
        cell.paragraphs[0].add_run("24").font.double_strike = True
        cell.paragraphs[0].add_run("25 of 137")

    assert evidence(change) == "~~24~~25 of 137"


def test_two_tables_with_a_line_between_are_two() -> None:
    def change(cell: Any) -> None:
        cell.paragraphs[0].add_run("Before.")
        for text in ("Between the tables.", "After."):
            table = cell.add_table(rows=2, cols=4)
            for place in range(8):
                word.fill(table.cell(place // 4, place % 4), [f"{text[:3]}{place}"])
            cell.add_paragraph(text)

    etd = read(criterion_with(change))
    assert etd.criteria[0].research_evidence == "Before.\n\nBetween the tables.\n\nAfter."
    assert [left.text.split()[0] for left in etd.not_understood] == ["Bet0", "Aft0"]


def test_text_boxes_footnotes_comments_and_the_foot_of_pages_are_not_lost() -> None:
    def change(cell: Any) -> None:
        paragraph = cell.paragraphs[0]
        paragraph.add_run("Main text")
        paragraph._p.append(xml('<w:r><w:footnoteReference w:id="5"/></w:r>'))
        paragraph._p.append(
            xml(
                "<w:r><w:pict><w:txbxContent><w:p><w:r><w:t>In a box</w:t></w:r></w:p></w:txbxContent></w:pict></w:r>"
            )
        )

    document = criterion_with(change)
    document.sections[0].footer.paragraphs[0].add_run("Confidential draft")
    paragraph = "<w:p><w:r><w:t>{}</w:t></w:r></w:p>"
    note = f'<w:footnote w:id="5">{paragraph.format("A note.")}</w:footnote>'
    comment = f'<w:comment w:id="0" w:author="Ann">{paragraph.format("Sure?")}</w:comment>'
    notes = f"<w:footnotes {word.NAMESPACES}>{note}</w:footnotes>"
    comments = f"<w:comments {word.NAMESPACES}>{comment}</w:comments>"
    content = with_parts(
        packed(document), word__footnotes_dot_xml=notes.encode(), word__comments_dot_xml=comments.encode()
    )
    etd = read_text(text_of(open_package(content)), frameworks=[FRAMEWORK])
    assert etd.criteria[0].research_evidence == "Main text [A note.]\n\nIn a box"
    left = {(one.where, one.text) for one in etd.not_understood}
    assert left == {
        ("Head or foot of the pages", "Confidential draft"),
        ("Comment in the margin", "Ann: Sure?"),
    }


def test_nothing_of_a_file_is_lost() -> None:
    document = gradepro()
    document.add_paragraph("A line that nobody expects")
    table = document.add_table(rows=1, cols=2)
    word.fill(table.cell(0, 0), ["left over"])
    etd = read(document)
    told = " ".join([one.text for one in etd.understood] + [left.text for left in etd.not_understood])
    for words in ("A line that nobody expects", "left over", *FIELDS.values(), STATEMENT, "Equity: second."):
        assert words in told
    assert any("left over" in left.text for left in etd.not_understood)


CONTENT = packed(word.new_document())


def zipped(**parts: bytes) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, part in parts.items():
            archive.writestr(name.replace("__", "/").replace("_dot_", "."), part)
    return stream.getvalue()


DTD = b"<!DOCTYPE x [<!ENTITY a 'b'>]>"
DOCUMENT = f"<w:document {word.NAMESPACES}><w:body><w:p/></w:body></w:document>".encode()
REFUSED = {
    "pdf": (b"%PDF-1.7 x", "This is a PDF"),
    "old Word": (b"\xd0\xcf\x11\xe0" + b"\0" * 600, r"old Word file \(.doc\). Open it in Word, save it"),
    "password": (
        b"\xd0\xcf\x11\xe0" + "EncryptedPackage".encode("utf-16-le"),
        "protected by a password. Remove",
    ),
    "rtf": (b"{\\rtf1 x}", "RTF document"),
    "html": (b"<html><body>", "HTML or XML"),
    "nothing": (b"", "no Word file"),
    "another zip": (zipped(a=b"b"), "a zip archive, not a Word file"),
    "Excel": (zipped(xl__workbook_dot_xml=b"<a/>"), "an Excel workbook"),
    "macros": (
        with_parts(CONTENT, word__vbaProject_dot_bin=b"x"),
        "contains macros. Save it as .docx without",
    ),
    "a document type": (
        with_parts(CONTENT, word__document_dot_xml=DTD + DOCUMENT),
        "a DTD",
    ),
    "cut off": (CONTENT[: len(CONTENT) // 2], "is damaged"),
    "broken XML": (with_parts(CONTENT, word__document_dot_xml=b"<w:document>"), "is damaged"),
    "UTF-16": (with_parts(CONTENT, word__document_dot_xml=DOCUMENT.decode().encode("utf-16")), "not UTF-8"),
    "a bomb": (with_parts(CONTENT, word__document_dot_xml=b" " * 30_000_000), "unpacks to"),
    "strict": (
        with_parts(
            CONTENT, word__document_dot_xml=b'<a xmlns="http://purl.oclc.org/ooxml/wordprocessingml/main"/>'
        ),
        "Strict Open XML",
    ),
    "too large": (b"PK\x03\x04" + b"\0" * (10 * 1024 * 1024), "larger than 10 MiB"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_other_files_are_refused_with_what_to_do(name: str) -> None:
    content, message = REFUSED[name]
    with pytest.raises(NotWord, match=message):
        read_docx(content)


def test_a_deep_and_a_wide_file_end_within_the_limits() -> None:
    deep = b"<w:smartTag>" * 5_000 + b"</w:smartTag>" * 5_000
    start, end = DOCUMENT.split(b"<w:p/>")
    with pytest.raises(NotWord, match=r"damaged|too complex|too much memory"):
        read_docx(with_parts(CONTENT, word__document_dot_xml=start + deep + end))
    wide = b"<w:tbl><w:tr>" + b"<w:tc><w:p/></w:tc>" * 20_000 + b"</w:tr></w:tbl>"
    assert read_docx(with_parts(CONTENT, word__document_dot_xml=start + wide + end)).count("\t") == 20_000


def test_marks_in_a_text_are_no_marks_of_ours() -> None:
    text = evidence(lambda cell: word.fill(cell, ["a\ufdd5b\ufdd0Nbc"]))
    assert text == "a\ufffdb\ufffdNbc"
