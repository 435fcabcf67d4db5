"""A web page in GRADEpro's layout: read without a difference, whatever it is written in, and never for long."""

from __future__ import annotations

import pytest

from documents.importing import ImportedEtd, NotText
from documents.importing.files import NotADocument, read_file
from documents.importing.html_document import html_of, is_html, read_html
from documents.importing.html_page import DEEPEST_TABLES, TooDeep, text_of
from documents.importing.reader import read_text
from tests.unit.documents.importing.example import as_fixture, differences, expected, read_example
from tests.unit.documents.importing.page import page

PAGE = page()

GERMAN = """<html lang=de><head><meta charset="iso-8859-1"></head><body>
<h2>BEWERTUNG</h2>
<table>
<tr><td colspan=3><p><b>Erw&uuml;nschte Effekte</b></p></td></tr>
<tr><td>URTEIL</td><td>FORSCHUNGSEVIDENZ</td><td>WEITERE ÜBERLEGUNGEN</td></tr>
<tr><td><input type=radio> Trivial<br><input type=radio checked> Klein<br>&#9675;&nbsp;Mäßig<br>&#x25CB;&nbsp;Groß</td>
<td><p>Ein Satz mit &lt;5&#8239;% &amp; einem Zeichen.</p><p>Noch einer.</p></td><td></td></tr>
</table></body></html>"""


def cells(body: str) -> list[str]:
    return [line for line in text_of(f"<table>{body}</table>").split("\n") if line]


def test_the_page_of_the_example_gives_its_fixture_without_a_difference() -> None:
    etd = read_example(read_html(PAGE.encode()))
    found = list(differences(as_fixture(etd), expected()))
    assert found == [], "\n".join(found)
    assert etd.not_understood == ()


@pytest.mark.parametrize(
    "change",
    [
        ("●&nbsp;Small", "○&nbsp;Small"),
        ("190/406 (47%)", "190/406 (46%)"),
        ("<td><p>11*</p></td>", "<td><p>12*</p></td>"),
        ("<sup>12</sup>", "<sup>11</sup>"),
        ("<td>●</td>", "<td>○</td>"),
    ],
    ids=lambda change: change[0],
)
def test_a_control_another_word_or_figure_is_a_difference(change: tuple[str, str]) -> None:
    assert change[0] in PAGE
    assert list(differences(as_fixture(read_example(text_of(PAGE.replace(*change, 1)))), expected()))


def test_a_grid_that_marks_another_option_is_flagged() -> None:
    grid = "<td><b>Small</td><td>Moderate</td>"
    assert grid in PAGE
    etd = read_example(text_of(PAGE.replace(grid, "<td>Small</td><td style='background:#0a0'>Moderate</td>")))
    (flag,) = [one for one in etd.flags if one.where == "Desirable Effects, judgement"]
    assert "marks “Moderate”, the criterion ticks “Small”" in flag.message


def german() -> ImportedEtd:
    return read_text(text_of(html_of(GERMAN.encode("cp1252"))))


def test_german_headings_radio_buttons_and_entities_are_read() -> None:
    (criterion,) = german().criteria
    assert criterion.key == "desirable_effects"
    assert criterion.options == ("small",)
    assert criterion.research_evidence == "Ein Satz mit <5\u202f% & einem Zeichen.\n\nNoch einer."


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "iso-8859-15", "cp1250"])
def test_the_encoding_is_that_of_the_mark_or_the_one_declared(encoding: str) -> None:
    declared = f'<html><head><meta charset="{encoding.removesuffix("-sig")}"><p>Größe</p>'
    assert "Größe" in html_of(declared.encode(encoding))


def test_a_page_that_is_not_in_the_encoding_that_it_declares_is_refused() -> None:
    with pytest.raises(NotText, match="says that it is written in shift_jis, and it is not, at byte"):
        html_of(b'<html><head><meta charset="shift_jis"><p>\x81</p>')


def test_raised_digits_never_become_part_of_a_number() -> None:
    text = text_of(
        "<p>In 2019<sup>7</sup> there were 10<sup>6</sup> of them<sup>1, 2</sup>, 5 kg/m<sup>2</sup>.</p>"
        "<p>10<sup>-3</sup> and 10<sup>−3</sup> m, kg<sup>0.75</sup>, 12<sup>2a</sup></p>"
    )
    assert text == "In 2019⁷ there were 10⁶ of them¹,², 5 kg/m².\n\n10⁻³ and 10⁻³ m, kg⁰.⁷⁵, 12²a\n"


def test_what_is_struck_through_is_no_part_of_a_number() -> None:
    text = text_of("<p><del>24</del><ins>25</ins> of <s>1</s>37, <strike>old</strike></p>")
    assert text == "~~24~~25 of ~~1~~37, ~~old~~\n"


def test_styles_raise_and_strike_too() -> None:
    raised = '<span style="font-size: 8pt; vertical-align: super">2<span></span></span>'
    struck = '<span style="text-decoration: line-through">1<span>0</span></span>'
    assert text_of(f"<p>24{raised} of 137; {struck}3 <span>died</span>.</p>") == "24² of 137; ~~10~~3 died.\n"


CRITERION = """<html><body><h2>ASSESSMENT</h2><table><tr><td colspan=3>Problem</td></tr>
  <tr><th>JUDGEMENT</th><th>RESEARCH EVIDENCE</th><th>ADDITIONAL CONSIDERATIONS</th></tr>
  <tr><td>{judgement}</td><td>{evidence}</td><td>Considered.</td></tr></table></body></html>"""


def criterion(*, judgement: str = "○ No<br>● Yes", evidence: str = "Evidence.") -> tuple[ImportedEtd, str]:
    etd = read_text(text_of(CRITERION.format(judgement=judgement, evidence=evidence)))
    (one,) = etd.criteria
    assert (one.options, one.additional_considerations) == (("yes",), "Considered.")
    return etd, one.research_evidence


def test_a_small_table_in_the_evidence_stays_text_of_the_evidence() -> None:
    box = "<p>Before.</p><table><tr><td>Key message 1</td></tr><tr><td>Deaths</td><td>77</td></tr></table>After."
    etd, evidence = criterion(evidence=box)
    assert evidence == "Before.\n\nKey message 1\n\nDeaths | 77\nAfter."
    assert etd.not_understood == ()


def test_a_line_of_its_own_in_a_wide_table_shifts_no_text() -> None:
    head = "".join(f"<td>{name}</td>" for name in ("Outcome", "Studies", "A", "B", "RR (95% CI)"))
    row = "".join(f"<td>{text}</td>" for text in ("Mortality", "3", "1/10", "2/10", "0.5 (0.1–2.0)"))
    etd, evidence = criterion(
        evidence=f"<table><tr><td colspan=5>Table 3. Deaths</td></tr><tr>{head}</tr><tr>{row}</tr>"
        "<tr><td colspan=5>Abbreviations: A, one.</td></tr></table><p>After.</p>"
    )
    (table,) = etd.tables
    assert (table.number, table.title, table.abbreviations) == (3, "Deaths", "Abbreviations: A, one.")
    assert evidence == "After."


def test_columns_of_the_page_around_the_document_are_no_columns_of_it() -> None:
    body = (
        CRITERION.format(judgement="○ No<br>● Yes", evidence="Evidence.")
        .split("<body>")[1]
        .split("</body>")[0]
    )
    etd = read_text(text_of(f"<table><tr><td>Menu</td><td>{body}</td><td>News</td></tr></table>"))
    (one,) = etd.criteria
    assert (one.options, one.research_evidence) == (("yes",), "Evidence.")


def test_radio_buttons_on_one_line_are_options_each() -> None:
    buttons = "<label><input type=radio> No</label><label><input type=radio checked> Yes</label>"
    etd, _ = criterion(judgement=buttons)
    assert etd.not_understood == ()
    after = text_of("<p>No <input type=radio> Yes <input type=radio checked></p>")
    assert after == "No ○ Yes ●\n"


def test_fields_of_a_form_run_into_no_number() -> None:
    fields = (
        "<select><option>14<option>15</select><textarea>16</textarea><input value=17><img alt=18 src=x>19"
    )
    assert text_of(fields).split() == ["14", "15", "16", "17", "18", "19"]


def test_what_a_page_hides_or_runs_is_no_text() -> None:
    hidden = (
        "<script>1</script><style>2</style><template>3</template><p hidden>4<b>5</b></p>"
        '<div style="display: none">6<div>7</div></div><!-- 8 --><svg><text>9</text></svg>'
    )
    assert text_of(f"<body>{hidden}<p>Seen</p>") == "Seen\n"


def test_cells_lists_and_breaks_stand_as_read_text_has_them() -> None:
    assert cells("<tr><td>a<br>b<td><ul><li>one<li>two</ul><ol start=3><li>three</ol></tr>") == [
        "\ta",
        "b",
        "\t- one",
        "- two",
        "3. three",
    ]
    assert cells("<tr><td>evidence<table><tr><td>x<td>y</table>after<td>more</tr>") == [
        "\tevidence",
        "\tx",
        "\ty",
        "after",
        "\tmore",
    ]
    assert cells("<ul><li>● Yes</li><li>○ No</li></ul>") == ["● Yes", "○ No"]


def test_what_stands_in_a_table_outside_its_cells_is_before_it() -> None:
    assert cells("<tr>stray<td>a</td></tr>") == ["stray", "\ta"]


@pytest.mark.parametrize(
    "hostile",
    [
        "<html>" + "<!" * 60_000,
        "<html>" + "<a b='" * 50_000,
        "<html>" + "<div>" * 60_000 + "deep",
        "<html>" + "<li>" * 60_000,
        "<html>" + "&amp" * 60_000,
        "<html><table>" + "<tr><td>" * 50_000,
        "<html>" + "</" * 60_000,
    ],
    ids=["declarations", "quotes", "depth", "items", "entities", "cells", "ends"],
)
def test_hostile_markup_is_read_or_refused(hostile: str) -> None:
    said = ""
    try:
        said = read_html(hostile.encode())
    except NotText as problem:
        said = str(problem)
    assert "<div>" not in said


def test_tables_without_end_are_refused() -> None:
    nested = "<table><tr><td>" * (DEEPEST_TABLES + 1)
    with pytest.raises(TooDeep):
        text_of(nested)
    with pytest.raises(NotText, match="more tables within each other"):
        read_html(f"<html>{nested}".encode())


@pytest.mark.parametrize(
    "head",
    ["<!DOCTYPE html>", "<HTML>", "\ufeff\n<!-- a --><html>", '<?xml version="1.0"?><html>', "<table>"],
)
def test_a_page_is_told_by_how_it_begins(head: str) -> None:
    assert is_html(head.encode())
    assert is_html(head.encode("utf-16"))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "empty"),
        (b"%PDF-1.7", "This is a PDF"),
        (b"\xd0\xcf\x11\xe0old", "old kind"),
        (b"{\\rtf1", "an RTF file"),
        (b"\x89PNG\r\n", "a picture"),
        (b"PK\x03\x04broken", "damaged"),
        (b'<?xml version="1.0"?><etd/>', "an XML file"),
        (b'{"a": 1}', "names no schema_version"),
        (b'{"a": ', "no valid JSON"),
        (b"[" * 100_000, "No part of an Evidence-to-Decision document"),
        (b'{"schema_version":' + b"[" * 150_000, "nested too deeply"),
        (b"Dear all", "No part of an Evidence-to-Decision document"),
        (b"<html><p>Dear all", "No part of an Evidence-to-Decision document"),
        (b"x" * (10 * 1024**2 + 1), "larger than 10 MiB"),
    ],
)
def test_what_is_no_such_document_is_named(content: bytes, said: str) -> None:
    with pytest.raises(NotADocument, match=said):
        read_file(content, frameworks=[german().framework])
