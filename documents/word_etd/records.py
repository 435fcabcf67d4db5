"""What OpenEtD keeps beside the document: Summary of Findings, evidence profile, panel, rounds and analyses."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from documents.html import MOST_STUDIES_DRAWN, moment, number_list
from documents.schema import Analysis, EtdDocument, Round
from documents.summary import printed_profile, printed_summaries
from documents.tables import TextTable, of_summary
from documents.word_etd.elements import Cell, Element, Line, Writer
from documents.word_etd.question import HEADING_FILL
from documents.word_etd.styles import WIDTH
from metaanalysis.plots.forest import forest_plot

_HEADING, _RECORD = "EtD Record Heading", "EtD Record"
_NAMED = (3600, WIDTH - 3600)
# Of the columns of a summary table, where another has 1.
_SHARES = {"outcome": 2.0, "difference": 1.6, "what_happens": 1.5, "comments": 1.5, "n_studies": 0.8}


def add_records(writer: Writer, document: EtdDocument) -> None:
    """Each part under its own heading; none where there is nothing to say."""
    profile = printed_profile(document.summary_tables)
    arms = {
        "intervention": document.question.intervention_label,
        "comparison": document.question.comparison_label,
    }
    for table in (*printed_summaries(document.summary_tables), *([profile] if profile else [])):
        writer.where = table.title
        widths = _widths([column.key for column in table.columns])
        writer.add(*_summary(writer, of_summary(table, **arms), widths))
    for number, analysis in enumerate(document.analyses, start=1):
        writer.where = f"Analysis {number}"
        writer.add(*_analysis(writer, document, analysis))
    parts = {
        "MADE FROM ANOTHER DOCUMENT": list(_source(document)),
        "PANEL AND CONFLICTS OF INTEREST": list(_panel(document)),
        **{f"HOW THE PANEL DECIDED: ROUND {one.number}": list(_round(one)) for one in document.rounds},
        "PUBLISHED VERSION": list(_version(document)),
    }
    for heading, facts in parts.items():
        if facts:
            writer.where = heading.capitalize()
            writer.add(writer.paragraph(_HEADING, heading), _named(writer, facts, heading.capitalize()))
    for text in _about(document):
        writer.add(writer.paragraph("EtD Again", text))


def _named(writer: Writer, facts: Sequence[tuple[str, str]], caption: str) -> Element:
    lines = [
        Line([Cell([writer.paragraph(_RECORD, name, bold=True)]), Cell([writer.paragraph(_RECORD, text)])])
        for name, text in facts
    ]
    return writer.table(_NAMED, lines, caption=caption)


def _summary(writer: Writer, table: TextTable, widths: Sequence[int]) -> Iterator[Element]:
    yield writer.paragraph(_HEADING, table.caption)
    lines = []
    if table.groups:
        groups = [
            Cell([writer.paragraph(_RECORD, group, bold=True)], span=width, fill=HEADING_FILL)
            for group, width in table.groups
        ]
        lines.append(Line(groups, heads=True))
    names = [Cell([writer.paragraph(_RECORD, name, bold=True)], fill=HEADING_FILL) for name in table.headings]
    lines.append(Line(names, heads=True))
    for row in table.rows:
        cells = []
        for cell in row.cells:
            marked = [f"{text} [{', '.join(marks)}]" if marks else text for text, marks in cell.lines]
            cells.append(Cell([writer.paragraph(_RECORD, text) for text in marked or [""]]))
        lines.append(Line(cells))
    yield writer.table(widths, lines, caption=table.caption)
    for mark, text in table.footnotes:
        yield writer.paragraph(_RECORD, f"{mark}. {text}")
    for note in table.notes:
        yield writer.paragraph(_RECORD, note)


def _analysis(writer: Writer, document: EtdDocument, analysis: Analysis) -> Iterator[Element]:
    """The studies and the result as the forest plot has them in words."""
    name = f"Recomputed: {analysis.outcome}, {analysis.population} (Table {analysis.table_number})"
    yield writer.paragraph(_HEADING, name)
    if len(analysis.inputs) <= MOST_STUDIES_DRAWN:
        told = forest_plot(
            analysis.result,
            inputs=analysis.inputs,
            outcome=f"{analysis.outcome}, {analysis.population}",
            better=analysis.better,
            intervention_label=document.question.intervention_label,
            comparison_label=document.question.comparison_label,
            plot_id="forest-plot",
        ).table
        lines = [
            Line(
                [
                    Cell([writer.paragraph(_RECORD, text, bold=True)], fill=HEADING_FILL)
                    for text in told.headings
                ],
                heads=True,
            )
        ]
        lines += [Line([Cell([writer.paragraph(_RECORD, text)]) for text in cells]) for cells in told.rows]
        yield writer.table(_even(len(told.headings)), lines, caption=name)
    else:
        yield writer.paragraph(_RECORD, f"{len(analysis.inputs)} studies: see the JSON of this document.")
    for caveat in analysis.caveats:
        yield writer.paragraph(_RECORD, caveat)
    stale = " The study data have changed since." if analysis.is_stale else ""
    yield writer.paragraph(_RECORD, f"sha256 of the inputs {analysis.input_digest}.{stale}")


def _source(document: EtdDocument) -> Iterator[tuple[str, str]]:
    source = document.source
    if source is None:
        return
    yield "Document", ". ".join(filter(None, (source.organisation, source.title, source.address)))
    yield "File", f"{source.file_name}, sha256 {source.sha256}"
    if source.type_label:
        yield "Its type of recommendation", source.type_label
    for statement in source.statements:
        yield "Its statement", statement


def _panel(document: EtdDocument) -> Iterator[tuple[str, str]]:
    if document.panel is None:
        return
    for one in document.panel.conflicts:
        scope = "for this question" if one.scope == "question" else "for the whole guideline"
        level = one.level_label if one.level else "Not decided yet how it is managed"
        yield one.name, f"Conflict of interest {scope}. {level}."
    if document.panel.declared_none:
        yield "No conflict declared", ", ".join(document.panel.declared_none)
    if document.panel.no_declaration:
        yield "No declaration", ", ".join(document.panel.no_declaration)


def _round(one: Round) -> Iterator[tuple[str, str]]:
    yield "Opened", f"{moment(one.opened_at)}, {'blind' if one.blind else 'with open votes'}"
    yield "Closed", f"{moment(one.ended_at)}, {'at its closing time' if one.by_time else 'by a chair'}"
    yield "Asked about", ", ".join(one.items)
    cast = f"{one.n_ballots} could vote" if one.n_cast is None else f"{one.n_cast} of {one.n_ballots} cast"
    yield "Ballots", f"{cast}; {one.n_voided} more voided" if one.n_voided else cast
    if one.rule:
        asks = f": {one.rule_asks}" if one.rule_asks else ""
        yield "Rule", f"{one.rule}{asks}. {one.rule_citation}".strip()
    if one.roll:
        yield "Who could vote", ", ".join(one.roll)
    for tally in one.tallies:
        votes = []
        for option in tally.options:
            share = f" ({option.share})" if option.share else ""
            names = f": {', '.join(option.names)}" if option.names else ""
            votes.append(f"{option.label} {option.count}{share}{names}")
        abstained = [f"abstained {tally.n_abstained}"] if tally.n_abstained else []
        yield tally.heading, f"{'; '.join([*votes, *abstained])}. {tally.verdict}".strip()
    if one.tally_display == "none":
        yield "Tallies", "Not part of this document, by the setting of the guideline."
    elif one.tally_digest:
        yield "sha256 of the tallies", one.tally_digest


def _version(document: EtdDocument) -> Iterator[tuple[str, str]]:
    version = document.version
    if version is None:
        return
    yield "Published", f"Version {version.number}, {moment(version.published_at)}, by {version.published_by}"
    for one in version.approvals:
        yield "Approved", f"{one.name}, {moment(one.at)}"
    if version.note:
        yield "Note on this version", version.note
    if version.previous_sha256:
        yield "Version before", f"sha256 of its record {version.previous_sha256}"


def _about(document: EtdDocument) -> Iterator[str]:
    if dangling := number_list([one.number for one in document.references if not one.citation]):
        yield f"The text cites {dangling}, for which no reference is given."
    framework = document.framework
    yield f"Framework: {framework.title}, version {framework.version}. {framework.source}".strip()
    yield f"Made with OpenEtD {document.openetd_version}."


def _widths(keys: Sequence[str]) -> list[int]:
    """Of the columns of a summary table: what is long has more room."""
    shares = [_SHARES.get(key, 1.0) for key in keys]
    return [int(WIDTH * share / sum(shares)) for share in shares]


def _even(n_columns: int) -> list[int]:
    return [WIDTH // n_columns] * n_columns
