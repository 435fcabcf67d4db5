"""Everything of a document that is a table, as rows of texts and numbers: for CSV files and for a workbook.

Numbers that the document prints stand as it prints them; those of outcome tables and of studies stand raw too. Of
votes only what the document tells.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from documents.schema import (
    Analysis,
    EtdDocument,
    Judgement,
    OutcomeTable,
    Round,
    SummaryTable,
    Tally,
)
from documents.tables import NOTHING, TextTable, of_outcomes, of_summary, text_with_marks
from metaanalysis.importers.exports import guarded
from metaanalysis.kinds import NUMBERS, kinds_of
from metaanalysis.stats.types import DataKind

Value = str | int | float | None

YES = "yes"
SUMMARY_NAMES = {"sof": "Summary of findings", "what-happens": "What happens", "profile": "Evidence profile"}
# The numbers behind a printed row: on their natural scale, I² in percent.
RAW_NUMBERS = (
    "events_intervention",
    "n_intervention",
    "events_comparison",
    "n_comparison",
    "estimate",
    "ci_low",
    "ci_high",
    "p_value",
    "i_squared",
)


@dataclass(frozen=True)
class Sheet:
    """A table of texts and numbers; None is an empty cell. `notes` are pairs of mark and text that stand under it.

    `key` names it in addresses, `name` on the tab of a workbook, `about` says what it holds.
    """

    key: str
    name: str
    about: str
    headings: tuple[str, ...]
    rows: tuple[tuple[Value, ...], ...]
    notes: tuple[tuple[str, str], ...] = ()


def sheets_of(document: EtdDocument) -> tuple[Sheet, ...]:
    """The tables that the document has, in its order; no sheet is without rows."""
    found = [
        *(_summary(table, document) for table in document.summary_tables),
        *(_outcomes(table, document) for table in document.tables),
        *(_studies(number, one) for number, one in enumerate(document.analyses, start=1)),
        _judgements(document),
        _votes(document.rounds),
        _statements(document),
        _references(document),
    ]
    return tuple(sheet for sheet in found if sheet.rows)


def sheet_csv(sheet: Sheet) -> bytes:
    """UTF-8 with a byte order mark; the headings, the rows, and after an empty line the notes.

    A text that a spreadsheet would run as a formula is guarded by an apostrophe; numbers have no exponent.
    """
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\r\n")
    writer.writerow([guarded(heading) for heading in sheet.headings])
    writer.writerows([_written(value) for value in row] for row in sheet.rows)
    if sheet.notes:
        writer.writerow([])
        writer.writerows([guarded(mark), guarded(text)] for mark, text in sheet.notes)
    return stream.getvalue().encode("utf-8-sig")


def _written(value: Value) -> str:
    if value is None:
        return ""
    return guarded(value) if isinstance(value, str) else plain_number(value)


def plain_number(value: float) -> str:
    """The shortest digits that give the same number again, without an exponent: `-0.00001`."""
    return format(Decimal(repr(value)), "f")


def _summary(table: SummaryTable, document: EtdDocument) -> Sheet:
    text = of_summary(table, **_arms(document))
    return Sheet(table.key, SUMMARY_NAMES[table.key], text.caption, *_texts_of(text))


def _outcomes(table: OutcomeTable, document: EtdDocument) -> Sheet:
    """The table as it is printed, and beside it the numbers as numbers."""
    text = of_outcomes(table, **_arms(document))
    headings, rows, notes = _texts_of(text)
    raw = [(row.measure, row.values) for group in table.groups for row in group.rows]
    present = [name for name in RAW_NUMBERS if any(values.get(name) is not None for _, values in raw)]
    return Sheet(
        key=f"table-{table.number}",
        name=f"Table {table.number}",
        about=text.caption,
        headings=(*headings, "measure", *present),
        rows=tuple(
            (*row, measure or None, *(values.get(name) for name in present))
            for row, (measure, values) in zip(rows, raw, strict=True)
        ),
        notes=notes,
    )


def _texts_of(
    table: TextTable,
) -> tuple[tuple[str, ...], tuple[tuple[Value, ...], ...], tuple[tuple[str, str], ...]]:
    """Headings, rows and notes of a table in words."""
    band = (table.band_heading,) if table.band_heading else ()
    rows = tuple(
        tuple(
            None if text in {"", NOTHING} else text
            for text in (*([row.band] if band else []), *(text_with_marks(cell) for cell in row.cells))
        )
        for row in table.rows
    )
    return (*band, *table.headings), rows, (*table.footnotes, *(("", note) for note in table.notes))


def _studies(number: int, analysis: Analysis) -> Sheet:
    """The studies that went into a pooled row, with the columns that an upload of such data has."""
    inputs = analysis.inputs
    numbers = [name for kind in kinds_of(inputs) or [DataKind.COUNTS] for name in NUMBERS[kind]]
    columns = tuple(dict.fromkeys(["study", "year", *numbers, *(name for row in inputs for name in row)]))
    return Sheet(
        key=f"analysis-{number}-studies",
        name=f"Studies {number}",
        about=f"Studies of the recomputed row {analysis.outcome}, {analysis.population}",
        headings=columns,
        rows=tuple(tuple(_value(row.get(column)) for column in columns) for row in inputs),
    )


def _value(value: object) -> Value:
    """What a study's cell holds; what is neither text nor number, such as a list of notes, in words."""
    if value is None or value == "":
        return None
    return value if isinstance(value, str | int | float) and not isinstance(value, bool) else str(value)


def _judgements(document: EtdDocument) -> Sheet:
    """A row a judgement, and one for each criterion without; the type of recommendation stands last."""
    rows: list[tuple[Value, ...]] = []
    for criterion in document.criteria:
        start = (criterion.number, criterion.heading, criterion.prompt)
        rows += [(*start, *_judged(one)) for one in criterion.judgements] or [(*start, *_nothing_judged())]
    if document.type_judgement:
        heading = document.framework.headings.type_of_recommendation
        rows.append((None, heading, None, *_judged(document.type_judgement)))
    return Sheet(
        "judgements",
        "Judgements",
        "What the panel judged, and what each judgement rests on",
        ("Number", "Criterion", "Question", *_JUDGED),
        tuple(rows),
    )


_JUDGED = (
    *("Judgement", "For", "Basis", "Round", "Recorded by", "Recorded at", "Reason"),
    *("Evidence since", "Reaffirmed by", "Reaffirmed at", "Reaffirmed because"),
)


def _judged(one: Judgement) -> tuple[Value, ...]:
    texts = (one.label, one.applies_to, one.basis), (one.recorded_by, one.at, one.reason)
    since = (one.evidence_change, one.reaffirmed_by, one.reaffirmed_at, one.reaffirmed_because)
    return (*_or_empty(texts[0]), one.round_number, *_or_empty(texts[1]), *_or_empty(since))


def _nothing_judged() -> tuple[Value, ...]:
    return (None,) * len(_JUDGED)


def _votes(rounds: Iterable[Round]) -> Sheet:
    """A row an option of each item of each round whose votes are told."""
    return Sheet(
        "votes",
        "Votes",
        "The votes of the rounds that are over, as far as the guideline prints them",
        (
            *("Round", "Item", "Option", "Votes", "Share", "Most votes", "Who"),
            *("Ballots", "Votes on the item", "Abstained", "Result"),
        ),
        tuple(row for one in rounds for tally in one.tallies for row in _tallied(one, tally)),
    )


def _tallied(one: Round, tally: Tally) -> Iterator[tuple[Value, ...]]:
    whole = (tally.n_ballots, tally.n_votes, tally.n_abstained, tally.verdict or None)
    for option in tally.options:
        said = (option.share or None, YES if option.leads else None, ", ".join(option.names) or None)
        yield (one.number, tally.heading, option.label, option.count, *said, *whole)


def _statements(document: EtdDocument) -> Sheet:
    return Sheet(
        "statements",
        "Statements",
        "The statements of the recommendation",
        ("Kind", "Statement", "Population", "Strength", "Direction", "Certainty", "Remark"),
        tuple(
            _or_empty(
                (
                    *(one.kind_label, one.text, one.population),
                    one.strength_label or one.strength,
                    *(one.direction, one.certainty_label, one.remark),
                )
            )
            for one in document.statements
        ),
    )


def _references(document: EtdDocument) -> Sheet:
    return Sheet(
        "references",
        "References",
        "The numbered references; a number without a citation is cited, but not in the list",
        ("Number", "Citation", "DOI", "PMID"),
        tuple((one.number, *_or_empty((one.citation, one.doi, one.pmid))) for one in document.references),
    )


def _or_empty(texts: Sequence[str]) -> tuple[Value, ...]:
    return tuple(text or None for text in texts)


def _arms(document: EtdDocument) -> dict[str, str]:
    question = document.question
    return {"intervention": question.intervention_label, "comparison": question.comparison_label}
