"""The question box, and the assessment: a table of three columns for each criterion, its outcome tables under it."""

from __future__ import annotations

from collections.abc import Iterator

from documents.html import printed_bases
from documents.importing.grades import certainty_line
from documents.schema import Criterion, EtdDocument, OutcomeGroup, OutcomeTable, Row
from documents.word_etd.elements import Cell, Element, Line, Writer
from documents.word_etd.prose import prose
from documents.word_etd.styles import WIDTH

HEADING_FILL, BAND_FILL = "E6EFF0", "F1F4F5"
TICKED, OPEN = "●", "○"
BETTER = {"higher": ("EtD Higher", "Higher is better: "), "lower": ("EtD Lower", "Lower is better: ")}
_FIELDS = (2600, WIDTH - 2600)
_THREE = (3000, WIDTH - 3000 - 3900, 3900)
_NUMBERS = (4700, 1300, 2100, 2100, WIDTH - 4700 - 1300 - 4200 - 1300 - 1000, 1300, 1000)


def add_question(writer: Writer, document: EtdDocument) -> None:
    headings, question = document.framework.headings, document.question
    writer.where = "Title"
    lines = [
        Line(
            [Cell([writer.paragraph("EtD Question", question.title)], span=2, fill=HEADING_FILL)], heads=True
        )
    ]
    for field in question.fields:
        writer.where = field.heading
        name = writer.paragraph("EtD Field", f"{field.heading}:")
        lines.append(Line([Cell([name], fill=BAND_FILL), Cell(_text(writer, field.text))], whole=False))
    writer.where = "Names of the arms"
    for style, name, label in (
        ("EtD Intervention", "Intervention in tables:", question.intervention_label),
        ("EtD Comparison", "Comparison in tables:", question.comparison_label),
    ):
        heading = writer.paragraph("EtD Again", name)
        lines.append(Line([Cell([heading], fill=BAND_FILL), Cell([writer.paragraph(style, label)])]))
    writer.add(
        writer.paragraph("Heading 1", headings.question), writer.table(_FIELDS, lines, caption="The question")
    )


def add_assessment(writer: Writer, document: EtdDocument) -> None:
    writer.add(writer.paragraph("Heading 1", document.framework.headings.assessment))
    for criterion in document.criteria:
        writer.where = criterion.heading
        writer.add(writer.paragraph("Heading 2", criterion.heading, keep_next=True))
        if criterion.prompt:
            writer.add(writer.paragraph("EtD Prompt", criterion.prompt))
        writer.add(_judged(writer, document, criterion))
        for table in document.tables_of(criterion.key):
            writer.where = f"{criterion.heading}, Table {table.number}"
            writer.add(*_outcomes(writer, document, table))


def _text(writer: Writer, text: str, style: str = "EtD Text") -> list[Element]:
    """A cell needs a paragraph, even where there is no text."""
    return prose(writer, text, style) or [writer.paragraph(style, "")]


def _judged(writer: Writer, document: EtdDocument, criterion: Criterion) -> Element:
    headings = document.framework.headings
    names = (headings.judgement, headings.research_evidence, headings.additional_considerations)
    head = Line(
        [Cell([writer.paragraph("EtD Column", name)], fill=HEADING_FILL) for name in names], heads=True
    )
    options = [
        writer.paragraph("EtD Option", f"{TICKED if one.chosen else OPEN} {one.label}", bold=one.chosen)
        for one in criterion.scale
        if one is not None
    ]
    cells = [
        Cell([*options, *(writer.paragraph("EtD Record", text) for text in _beside(criterion))]),
        Cell(_text(writer, criterion.research_evidence)),
        Cell(_text(writer, criterion.additional_considerations)),
    ]
    return writer.table(_THREE, [head, Line(cells, whole=False)], caption=f"{criterion.heading}: judgement")


def _beside(criterion: Criterion) -> Iterator[str]:
    """For whom an option was chosen, and what the judgements rest on."""
    for option in criterion.scale:
        if option is not None and any(option.applies_to):
            yield f"{option.label}: for {', '.join(name for name in option.applies_to if name)}"
    for basis in printed_bases(criterion.judgements):
        said = (basis.text, basis.reason, basis.reaffirmed, basis.reaffirmed_because)
        yield " ".join(filter(None, (f"{basis.of}:" if basis.of else "", *said)))
    if one := criterion.adolopment:
        origin = "" if one.choice == "redo" else " from the source"
        judged = f"The source judged: {'; '.join(one.source)}."
        since = (
            "The panel’s judgement has been another one since."
            if one.choice == "adopt" and one.differs
            else ""
        )
        yield " ".join(filter(None, (f"{one.choice_label}{origin}.", judged, since, one.reason)))


def _outcomes(writer: Writer, document: EtdDocument, table: OutcomeTable) -> Iterator[Element]:
    """The table as GRADEpro's documents have it; what was recomputed and the certainty stand in it as records."""
    title = f"Table {table.number}. {table.title}".rstrip()
    yield writer.paragraph("EtD Caption", title)
    names = (
        "Outcome",
        "N. of studies",
        document.question.intervention_label,
        document.question.comparison_label,
        f"{table.measure_label} (95% CI)",
        "P for effect",
        "I²",
    )
    lines = [
        Line([Cell([writer.paragraph("EtD Column", name)], fill=HEADING_FILL) for name in names], heads=True)
    ]
    for group in table.groups:
        lines += _group(writer, group)
    yield writer.table(_NUMBERS, lines, caption=title)
    yield from prose(writer, table.abbreviations, "EtD Abbreviations")
    yield from prose(writer, table.footnotes, "EtD Footnotes")
    for group in table.groups:
        style, before = BETTER.get(group.better, ("EtD Record", f"Better: {group.better or 'not said'}: "))
        yield writer.paragraph(style, before + group.name)
        for row in group.rows:
            if row.caveats:
                caveats = " ".join(row.caveats)
                yield writer.paragraph("EtD Record", f"{group.name}, {row.population}: {caveats}")
    for note in table.certainty_notes:
        yield writer.paragraph("EtD Record", f"{note.mark}. {note.text}")


def _group(writer: Writer, group: OutcomeGroup) -> Iterator[Line]:
    named = [writer.paragraph("EtD Name", group.name, keep_next=True)]
    if group.certainty:
        marks = f" {', '.join(group.certainty_marks)}" if group.certainty_marks else ""
        # How a worksheet comes to its level is not in the file, so its level is a record and not the panel's own word.
        style = "EtD Record" if group.certainty_sum else "EtD Certainty"
        said = f"{certainty_line(group.certainty)} {group.certainty_symbols}{marks} {group.certainty_sum}"
        named.append(writer.paragraph(style, said.rstrip(), keep_next=True))
    yield Line([Cell(named, span=len(_NUMBERS), fill=BAND_FILL)])
    for row in group.rows:
        yield Line([Cell([paragraph]) for paragraph in _cells(writer, row)])


def _cells(writer: Writer, row: Row) -> Iterator[Element]:
    is_reported = row.source == "reported"
    stale = ", data changed since" if row.is_stale else ""
    source = "" if is_reported else f" ({row.source_label.lower()}{stale})"
    style = "EtD Cell" if is_reported else "EtD Record"
    yield writer.paragraph(style, f"{row.population}{source}")
    numbers = (
        f"{row.n_studies}{row.footnote_mark}",
        row.intervention,
        row.comparison,
        row.effect,
        row.p_value,
        row.i_squared,
    )
    for text in numbers:
        yield writer.paragraph(style, text or "-")
