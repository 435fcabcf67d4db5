"""The summary of judgements, the type of recommendation, the conclusions with their statements, the references."""

from __future__ import annotations

from collections.abc import Iterator

from documents.html import printed_bases
from documents.importing.grades import grade_line, population_line
from documents.schema import EtdDocument, Statement
from documents.word_etd.elements import Cell, Element, Line, Writer
from documents.word_etd.prose import prose
from documents.word_etd.question import BAND_FILL, HEADING_FILL, OPEN, TICKED
from documents.word_etd.styles import WIDTH

_CHOSEN_FILL = "CFE3E6"
_PLACES = 7


def add_grid(writer: Writer, document: EtdDocument) -> None:
    """The chosen option of each criterion bold on a tint."""
    headings = document.framework.headings
    head = Line(
        [
            Cell([writer.paragraph("EtD Column", "")], fill=HEADING_FILL),
            Cell([writer.paragraph("EtD Column", headings.judgement)], span=_PLACES, fill=HEADING_FILL),
        ],
        heads=True,
    )
    lines = [head]
    for criterion in document.criteria:
        cells = [Cell([writer.paragraph("EtD Column", criterion.summary_heading)], fill=BAND_FILL)]
        for option in criterion.scale:
            chosen = option is not None and option.chosen
            text = writer.paragraph("EtD Grid", option.label if option else "", bold=chosen)
            cells.append(Cell([text], fill=_CHOSEN_FILL if chosen else ""))
        lines.append(Line(cells))
    width = (WIDTH - 2400) // _PLACES
    writer.add(
        writer.paragraph("Heading 1", headings.summary_of_judgements),
        writer.table((2400, *[width] * _PLACES), lines, caption="Summary of judgements: the chosen is bold"),
    )


def add_type(writer: Writer, document: EtdDocument) -> None:
    types = document.recommendation_types
    writer.where = "Type of recommendation"
    writer.add(writer.paragraph("Heading 1", document.framework.headings.type_of_recommendation))
    if types:
        labels = [
            Cell(
                [writer.paragraph("EtD Column", one.label, bold=one.chosen)],
                fill=_CHOSEN_FILL if one.chosen else "",
            )
            for one in types
        ]
        marks = [Cell([writer.paragraph("EtD Option", TICKED if one.chosen else OPEN)]) for one in types]
        widths = [WIDTH // len(types)] * len(types)
        caption = "Type of recommendation: the chosen has a filled circle"
        writer.add(writer.table(widths, [Line(labels, heads=True), Line(marks)], caption=caption))
    for basis in printed_bases([document.type_judgement] if document.type_judgement else []):
        said = (basis.text, basis.reason, basis.reaffirmed, basis.reaffirmed_because)
        writer.add(writer.paragraph("EtD Record", " ".join(filter(None, said))))


def add_conclusions(writer: Writer, document: EtdDocument) -> None:
    writer.add(writer.paragraph("Heading 1", document.framework.headings.conclusions))
    for section in document.sections:
        writer.where = section.heading
        writer.add(writer.paragraph("Heading 2", section.heading, keep_next=True))
        if section.holds_statements:
            for number, statement in enumerate(document.statements, start=1):
                writer.where = f"{section.heading}, statement {number}"
                writer.add(*_statement(writer, statement, document.guideline.strength_word))
            writer.where = f"{section.heading}, note"
            writer.add(*prose(writer, document.recommendation_note, "EtD Note"))
        writer.add(*prose(writer, section.body, "EtD Text"))


def add_references(writer: Writer, document: EtdDocument) -> None:
    """The list; numbers that only a text cites have no entry."""
    listed = [one for one in document.references if one.citation]
    if not listed:
        return
    writer.add(writer.paragraph("Heading 1", "REFERENCES"))
    for one in listed:
        writer.where = f"Reference {one.number}"
        ids = [f"doi:{one.doi}" if one.doi else "", f"PMID: {one.pmid}" if one.pmid else ""]
        line = " ".join(filter(None, (f"{one.number}. {one.citation}", *ids)))
        writer.add(writer.paragraph("EtD Reference", line))


def _statement(writer: Writer, statement: Statement, strength_word: str) -> Iterator[Element]:
    yield from prose(writer, statement.text, "EtD Statement", "EtD Statement More")
    line = grade_line(
        kind=statement.kind,
        strength=statement.strength,
        direction=statement.direction,
        certainty=statement.certainty,
        strength_word=strength_word,
    )
    yield writer.paragraph("EtD Grade", line)
    if statement.population:
        yield writer.paragraph("EtD Population", population_line(statement.population))
    yield from prose(writer, statement.remark, "EtD Remark")
    if statement.certainty_symbols:
        yield writer.paragraph("EtD Again", f"{statement.certainty_symbols} {statement.certainty_label}")
    for text in _records_of(statement):
        yield writer.paragraph("EtD Record", text)


def _records_of(statement: Statement) -> Iterator[str]:
    if statement.paradigm_label:
        yield f"{statement.paradigm_label}. {statement.paradigm_reason}".strip()
    if statement.practice_basis_label:
        yield f"Rests on: {statement.practice_basis_label}"
    for one in statement.practice_answers:
        yield " ".join(filter(None, (one.question, one.answer_label, one.rationale)))
