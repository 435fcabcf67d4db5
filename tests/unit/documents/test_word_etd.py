"""The whole document as a Word file: what stands in it, that Word can open it, and that it comes back unchanged."""

from __future__ import annotations

import io
import re
import zipfile
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from unittest import mock

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from documents import schema
from documents.prose import blocks_of, markdown_of, shows_the_same
from documents.word_etd import CannotHold, word_file
from documents.word_etd.file import state_of
from documents.word_etd.styles import WIDTH
from tests.unit.documents.example import criterion, example, row
from tests.unit.documents.word_example import as_come_back, as_sent, there_and_back

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
LIMITS = settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
)

# Texts that look like parts of the layout, or like markup, and letters of other scripts.
HOSTILE = (
    "CONCLUSIONS",
    "Justification",
    "○ Small\n● Large",
    "POPULATION: children",
    "p<0.05 and 5*10",
    "trial11, kg/m2 and I2",
    "Benefit\n\nHow large is the benefit?\n\nJUDGEMENT\nRESEARCH EVIDENCE\n\n● Small",
    "Table 7. Of nothing",
    "a\tb\tc",
    "*slanted\tover\ttabs* and **bold\tones**\n**bold\nlines** *a*\t*b*",
    "1. one\n2. two\n\n7. seven\n3. three",
    "- a\n  - b\n    1. c\n- d\n\n  more of d",
    "**bold** and *slanted*, [a link](https://example.org/a?b=c&d), [^1] and [^2,4–7]",
    "***both*** at once, **half***way*",
    "مرحبا بالعالم **قوي**",
    "שלום 12",
    "🫀 two\u00a0 blanks\u2028and separators",
    "SUMMARY OF JUDGEMENTS\nTYPE OF RECOMMENDATION",
    "We suggest against it (weak recommendation, low certainty of evidence).",
    "# A heading\n\n---\n\ntext",
    "back\\slash \\*plain\\* [brackets] <b>tag</b> &amp; R&D",
    "*[^3]a, b [^4]* and **c [^5], d**",
    "a***a**_*",
    "*including pooled data",
    "Population: everybody",
    "Recommendation · strong",
)
PIECES = st.sampled_from([*HOSTILE, " ", "\n", "\n\n", "- ", "1. ", "*", "**", "_", "[^3]", "x", "ﬁ"])
TEXTS = st.lists(PIECES, max_size=4).map("".join).map(lambda text: markdown_of(blocks_of(text)))
NAMES = st.sampled_from(
    ["Death", "Survival, n (%)", "CONCLUSIONS", "a  b", "○ Small", "جودة الحياة", "Table 3. x", "1. y"]
)
PRINTED = st.sampled_from(
    [
        {"effect": "1.21 (0.91–1.60)", "p_value": "<0.001", "i_squared": "11.5%"},
        {"effect": "0.50 (0.25–1.00)", "p_value": "0.050", "i_squared": "-"},
        {"effect": "-", "p_value": "-", "i_squared": "-"},
    ]
)


@st.composite
def tables(draw: Any) -> schema.OutcomeTable:
    names = draw(st.lists(NAMES, min_size=1, max_size=3, unique=True))
    groups = tuple(
        schema.OutcomeGroup(
            name=name,
            # An outcome is the same one in every table.
            better=("higher", "lower")[len(name) % 2],
            certainty=("", "High", "Very low")[len(name) % 3],
            certainty_symbols="",
            rows=tuple(
                row(population=population, **draw(PRINTED))
                for population in draw(st.lists(NAMES, min_size=1, max_size=2, unique=True))
            ),
        )
        for name in names
    )
    (known,) = example().tables
    texts = {"abbreviations": draw(TEXTS), "footnotes": draw(TEXTS)}
    return replace(known, number=draw(st.integers(1, 99)), groups=groups, title=draw(NAMES), **texts)


@st.composite
def statements(draw: Any) -> schema.Statement:
    text = draw(TEXTS.filter(bool))
    is_practice = draw(st.booleans())
    return schema.Statement(
        kind="good_practice_statement" if is_practice else "recommendation",
        kind_label="",
        text=text,
        population=draw(st.sampled_from(["", "adults", "Population: x · y", "حوامل"])),
        strength="" if is_practice else draw(st.sampled_from(["", "strong", "conditional"])),
        direction="" if is_practice else draw(st.sampled_from(["", "for", "against", "either"])),
        certainty="" if is_practice else draw(st.sampled_from(["", "high", "very_low"])),
        certainty_label="",
        certainty_symbols="",
        remark=draw(TEXTS),
    )


@st.composite
def documents(draw: Any) -> schema.EtdDocument:
    known = example()
    chosen = draw(st.lists(st.sampled_from([0, 1, 5]), max_size=2, unique=True))
    scale = tuple(
        None if option is None else replace(option, chosen=place in chosen, applies_to=())
        for place, option in enumerate(criterion().scale)
    )
    judged = criterion(
        scale=scale,
        judgements=(),
        research_evidence=draw(TEXTS),
        additional_considerations=draw(TEXTS),
        multiple=True,
    )
    listed = draw(st.lists(st.integers(1, 30), unique=True, max_size=3))
    return replace(
        known,
        question=replace(
            known.question,
            title=draw(NAMES),
            fields=tuple(replace(field, text=draw(TEXTS)) for field in known.question.fields),
        ),
        criteria=(judged,),
        tables=tuple(draw(st.lists(tables(), max_size=2, unique_by=lambda table: table.number))),
        statements=tuple(draw(st.lists(statements(), max_size=3))),
        recommendation_note=draw(TEXTS),
        sections=tuple(replace(section, body=draw(TEXTS)) for section in known.sections),
        references=tuple(
            schema.Reference(
                number,
                draw(NAMES),
                draw(st.sampled_from(["", "10.1/a(b)c"])),
                draw(st.sampled_from(["", "12"])),
            )
            for number in listed
        ),
        analyses=(),
    )


def sent(document: schema.EtdDocument) -> dict[str, Any]:
    """Without the entries of references that only a text cites; outcomes of one name stand in one table."""
    content = as_sent(document)
    content["references"] = {number: one for number, one in content["references"].items() if one[0]}
    return content


def come_back(document: schema.EtdDocument) -> dict[str, Any]:
    content = as_come_back(there_and_back(document))
    content["references"] = {number: one for number, one in content["references"].items() if one[0]}
    return content


@LIMITS
@given(documents())
def test_a_document_that_goes_out_comes_in_unchanged(document: schema.EtdDocument) -> None:
    assert come_back(document) == sent(document)


@pytest.mark.parametrize("text", HOSTILE)
def test_a_text_that_looks_like_something_else_comes_back_as_it_is_shown(text: str) -> None:
    judged = criterion(research_evidence=text, additional_considerations=text)
    document = example(criteria=(judged,), analyses=())
    etd = there_and_back(document)
    (read,) = etd.criteria
    for stored in (read.research_evidence, read.additional_considerations):
        assert shows_the_same(blocks_of(text), stored)
    assert read.options == ("large",)
    assert list(etd.sections) == ["advice", "gaps", "watching"]


def test_a_field_that_begins_like_another_field_stays_itself() -> None:
    question = example().question
    fields = tuple(replace(field, text="AUTHORS: nobody\nPOPULATION: children") for field in question.fields)
    etd = there_and_back(example(question=replace(question, fields=fields)))
    assert etd.fields == {field.key: field.text for field in fields}


def test_arms_come_back_in_their_order_whatever_they_are_called() -> None:
    question = replace(example().question, intervention_label="Placebo", comparison_label="Drug")
    document = example(question=question)
    assert [len(table.rows) for table in there_and_back(document).tables] == [
        sum(row.source == "reported" for group in table.groups for row in group.rows)
        for table in document.tables
    ]


def test_the_example_comes_back_and_what_a_word_file_cannot_say_is_kept() -> None:
    etd = there_and_back(example())
    assert as_come_back(etd) | {"references": None} == as_sent(example()) | {"references": None}
    kept = "\n".join(left.text for left in etd.not_understood)
    for words in (
        "Large: for adults",
        "All patients (recomputed)",
        "1.18 (0.80–1.73)",
        "Follow-up differs",
        "Gamma 2024",
    ):
        assert words in kept
    assert {left.where for left in etd.not_understood} == {"Records of OpenEtD"}


def test_a_summary_table_has_more_room_for_its_outcomes_and_fills_the_page() -> None:
    keys = ("outcome", "n_studies", "relative", "difference")
    table = schema.SummaryTable(
        "profile",
        "Evidence profile",
        1000,
        tuple(schema.SummaryColumn(key, key.capitalize(), "") for key in keys),
        (schema.SummaryRow("Survival", "All", "reported", tuple(twelve(key) for key in keys), {}),),
        (),
        (),
    )
    file = zipfile.ZipFile(io.BytesIO(word_file(example(summary_tables=(table,)))))
    grids = re.findall(
        "<w:tblGrid>(.*?)</w:tblGrid>", file.read("word/document.xml").decode(), flags=re.DOTALL
    )
    (widths,) = [found for one in grids if len(found := re.findall(r'w:w="(\d+)"', one)) == len(keys)]
    outcome, studies, relative, difference = map(int, widths)
    assert outcome > difference > relative > studies
    assert WIDTH - len(keys) < outcome + studies + relative + difference <= WIDTH


def twelve(column: str) -> schema.SummaryCell:
    return schema.SummaryCell(column, (schema.SummaryLine("12", ()),), worded_by_hand=False, computed="")


def test_records_of_every_kind_stand_in_the_file_and_none_is_read_as_a_part() -> None:
    source = schema.Source(
        "Another EtD", "A society", "https://example.org/", "etd.docx", "cd" * 32, "For it", ("Do it.",)
    )
    adopted = schema.Adolopment("adopt", "Adopted", "As good here.", ("Large",), differs=True)
    panel = schema.Panel((schema.Conflict("Ann", "question", "", ""),), ("Ben",), ("Cem",))
    version = schema.Version(
        2,
        "2026-11-23T10:00:00+00:00",
        "Chair",
        "Mended",
        (schema.Approval("Ann", "2026-11-22T10:00:00+00:00"),),
        "ab",
    )
    one = example(
        criteria=(criterion(adolopment=adopted),),
        source=source,
        panel=panel,
        version=version,
        rounds=(voted(),),
    )
    etd = there_and_back(one)
    assert as_come_back(etd) | {"references": None} == as_sent(example()) | {"references": None}
    kept = "\n".join(left.text for left in etd.not_understood)
    for words in (
        "Adopted from the source. The source judged: Large. The panel’s judgement has been another one since. As good",
        "A society. Another EtD. https://example.org/",
        "Do it.",
        "Conflict of interest for this question. Not decided yet how it is managed.",
        "Ben",
        "Large 5 (83%); Small 1. Consensus.",
        "Version 2, 23 November 2026, 10:00 UTC, by Chair",
        "Mended",
    ):
        assert words in kept


def voted() -> schema.Round:
    options = tuple(
        schema.OptionVotes(label.lower(), label, column, "", "", False, count, share, count > 1, ())
        for column, (label, count, share) in enumerate((("Large", 5, "83%"), ("Small", 1, "")), start=1)
    )
    tally = schema.Tally("benefit", "Benefit", 6, 6, 0, 0, options, "Consensus.", True, False)
    return schema.Round(
        number=1,
        blind=True,
        opened_at="2026-11-20T10:00:00+00:00",
        ended_at="2026-11-21T10:00:00+00:00",
        by_time=False,
        items=("Benefit",),
        n_ballots=7,
        n_voided=0,
        n_cast=6,
        rule="",
        rule_asks="",
        rule_citation="",
        tally_display="counts",
        roll=(),
        tallies=(tally,),
        tally_digest="ef",
    )


def test_a_sign_that_no_word_file_can_hold_is_refused_with_its_place() -> None:
    document = example(criteria=(criterion(research_evidence="One\x0btwo"),))
    with pytest.raises(
        CannotHold, match=r"^Benefit: the sign U\+000B after “One” cannot stand in a Word file"
    ):
        word_file(document)
    with pytest.raises(CannotHold, match=r"statement 1: the sign U\+FDD0"):
        word_file(example(statements=(replace(example().statements[0], text="a\ufdd0b"),)))


def made_in(year: int) -> bytes:
    with mock.patch("time.time", return_value=datetime(year, 3, 1, tzinfo=UTC).timestamp()):
        return word_file(example())


def test_the_same_document_is_the_same_file_at_any_time() -> None:
    assert made_in(2024) == made_in(2027)
    assert word_file(example()) != word_file(example(recommendation_note="x"))


def opened(document: schema.EtdDocument) -> Any:
    import docx

    return docx.Document(io.BytesIO(word_file(document)))


def test_headings_are_headings_and_the_file_says_what_it_is() -> None:
    made = opened(example())
    headings = [(one.style.name, one.text) for one in made.paragraphs if one.style.name.startswith("Heading")]
    assert headings == [
        ("Heading 1", "QUESTION"),
        ("Heading 1", "ASSESSMENT"),
        ("Heading 2", "Benefit"),
        ("Heading 1", "SUMMARY OF JUDGEMENTS"),
        ("Heading 1", "TYPE OF RECOMMENDATION"),
        ("Heading 1", "CONCLUSIONS"),
        ("Heading 2", "Recommendation"),
        ("Heading 2", "Research priorities"),
        ("Heading 2", "Monitoring and evaluation"),
        ("Heading 1", "REFERENCES"),
    ]
    assert (made.core_properties.title, made.core_properties.author) == ("Should devices be used?", "Society")
    assert made.core_properties.language == "en-US"
    footer = made.sections[0].footer._element.xml
    assert state_of(example()) in footer
    assert "PAGE" in footer


def test_the_footer_says_the_version_and_its_day() -> None:
    version = schema.Version(3, "2026-11-23T10:00:00+00:00", "Chair", "Note", (), "ab" * 32)
    assert state_of(example(version=version)).startswith("Version 3, 23 November 2026, content ")
    assert "Draft (Evidence), revision 4" in state_of(example())


def test_the_tables_are_real_and_repeat_their_headings() -> None:
    made = opened(example())
    judged, outcomes, grid = made.tables[1], made.tables[2], made.tables[3]
    assert [cell.text for cell in judged.rows[0].cells] == [
        "JUDGEMENT",
        "RESEARCH EVIDENCE",
        "ADDITIONAL CONSIDERATIONS",
    ]
    assert judged.rows[1].cells[0].text.split("\n")[:3] == ["○ Small", "● Large", "○ Varies"]
    assert outcomes.rows[2].cells[4].text == "1.17 (0.97–1.42)"
    for table in made.tables[1:4]:
        assert table.rows[0]._tr.find(f"{W}trPr/{W}tblHeader") is not None
    for one in outcomes.rows:
        assert one._tr.find(f"{W}trPr/{W}cantSplit") is not None
    marked = [
        cell.text for cell in grid.rows[1].cells if any(run.bold for p in cell.paragraphs for run in p.runs)
    ]
    shaded = [cell.text for cell in grid.rows[1].cells[1:] if cell._tc.find(f"{W}tcPr/{W}shd") is not None]
    assert marked == shaded == ["Large"]


def test_texts_become_true_formatting() -> None:
    text = "One **bold** and [^1]\n\n- item\n  1. deep\n\n[site](https://example.org/)"
    made = opened(example(criteria=(criterion(research_evidence=text),)))
    cell = made.tables[1].rows[1].cells[1]
    first, item, deep, link = cell.paragraphs
    assert [(run.text, run.bold) for run in first.runs if run.bold] == [("bold", True)]
    assert [run.style.name for run in first.runs if run.text == "1"] == ["EtD Citation"]
    levels = [one._p.find(f"{W}pPr/{W}numPr/{W}ilvl").get(f"{W}val") for one in (item, deep)]
    assert levels == ["0", "1"]
    assert link.hyperlinks[0].address == "https://example.org/"


PROPERTIES = ["pStyle", "keepNext", "numPr", "bidi", "spacing", "ind"]


@pytest.mark.parametrize("text", ["", "\n\n".join(HOSTILE)])
def test_the_xml_is_what_word_demands(text: str) -> None:
    from lxml import etree  # type: ignore[import-untyped]

    document = example(
        criteria=(criterion(research_evidence=text),),
        statements=(replace(example().statements[0], text=text or "x"),),
    )
    with zipfile.ZipFile(io.BytesIO(word_file(document))) as archive:
        body = etree.fromstring(archive.read("word/document.xml")).find(f"{W}body")
        numbering = etree.fromstring(archive.read("word/numbering.xml"))
        styles = etree.fromstring(archive.read("word/styles.xml"))
    assert body[-1].tag == f"{W}sectPr"
    assert body[-2].tag == f"{W}p"
    known = {style.get(f"{W}styleId") for style in styles.iter(f"{W}style")}
    assert {one.get(f"{W}val") for one in body.iter(f"{W}pStyle", f"{W}rStyle", f"{W}tblStyle")} <= known
    for cell in body.iter(f"{W}tc"):
        assert cell[-1].tag == f"{W}p"
    for table in body.iter(f"{W}tbl"):
        columns = len(table.find(f"{W}tblGrid"))
        for line in table.iter(f"{W}tr"):
            spans = [one.find(f"{W}tcPr/{W}gridSpan") for one in line.iter(f"{W}tc")]
            assert sum(1 if one is None else int(one.get(f"{W}val")) for one in spans) == columns
    for one in body.iter(f"{W}pPr"):
        names = [child.tag.removeprefix(W) for child in one]
        assert names == sorted(names, key=PROPERTIES.index)
    lists = {one.get(f"{W}numId") for one in numbering.iter(f"{W}num")}
    assert {one.get(f"{W}val") for one in body.iter(f"{W}numId")} <= lists
    kinds = [child.tag for child in numbering]
    assert kinds == sorted(kinds)  # every abstractNum before the first num


def test_no_paragraph_is_empty_but_in_empty_cells() -> None:
    for paragraph in opened(example()).paragraphs:
        assert paragraph.text.strip()


def test_a_control_a_changed_word_is_a_difference() -> None:
    changed = example(criteria=(criterion(research_evidence="Something else."),))
    assert come_back(changed) != sent(example())
