"""A document out as a Word file and in again: what came back, beside what went out."""

from __future__ import annotations

from typing import Any

from documents.importing import ImportedEtd, read_text
from documents.importing.docx_package import open_package
from documents.importing.docx_text import text_of
from documents.schema import Criterion, EtdDocument, Row
from documents.word_etd import word_file
from etd.frameworks import Framework, schema


def framework_of(document: EtdDocument) -> Framework:
    """The framework that such a document was made by, as far as a document shows it."""
    made = document.framework
    return Framework(
        key=made.key,
        version=made.version,
        title=made.title,
        language=made.language,
        source=made.source,
        headings=schema.Headings(**vars(made.headings)),
        question_fields=tuple(schema.QuestionField(one.key, one.heading) for one in document.question.fields),
        criteria=tuple(_criterion(one) for one in document.criteria),
        recommendation_types=tuple(
            schema.RecommendationType(one.key, one.label) for one in document.recommendation_types
        ),
        sections=tuple(
            schema.Section(
                one.key,
                one.heading,
                schema.SectionHolds.STATEMENTS if one.holds_statements else schema.SectionHolds.TEXT,
            )
            for one in document.sections
        ),
    )


def _criterion(one: Criterion) -> schema.Criterion:
    options = tuple(
        schema.Option(option.key, option.label, option.column, schema.OptionKind.SCALE)
        for option in one.scale
        if option is not None
    )
    return schema.Criterion(
        one.key, one.heading, one.summary_heading, one.prompt, options, multiple=one.multiple
    )


def there_and_back(document: EtdDocument) -> ImportedEtd:
    """In this process; `read_docx` does the same in a limited one."""
    text = text_of(open_package(word_file(document)))
    return read_text(text, frameworks=[framework_of(document)])


def as_sent(document: EtdDocument) -> dict[str, Any]:
    """What a Word file holds of a document so that it comes back."""
    return {
        "title": document.question.title,
        "arms": (document.question.intervention_label, document.question.comparison_label),
        "fields": {one.key: one.text for one in document.question.fields},
        "criteria": [
            (
                one.key,
                tuple(option.key for option in one.scale if option and option.chosen),
                one.research_evidence,
                one.additional_considerations,
            )
            for one in document.criteria
        ],
        "tables": [
            (
                table.criterion_key,
                table.number,
                table.title,
                table.abbreviations,
                table.footnotes,
                [
                    (group.name, row.population, *_printed(row))
                    for group in table.groups
                    for row in group.rows
                    if row.source == "reported"
                ],
            )
            for table in document.tables
        ],
        "better": {group.name: group.better for table in document.tables for group in table.groups},
        "certainty": {
            group.name: group.certainty.lower().replace(" ", "_")
            for table in document.tables
            for group in table.groups
            if group.certainty and not group.certainty_sum
        },
        "types": tuple(one.key for one in document.recommendation_types if one.chosen),
        "statements": [
            (one.kind, one.text, one.population, one.strength, one.direction, one.certainty, one.remark)
            for one in document.statements
        ],
        "note": document.recommendation_note,
        "sections": {one.key: one.body for one in document.sections},
        "references": {one.number: (one.citation, one.doi, one.pmid) for one in document.references},
    }


def as_come_back(etd: ImportedEtd) -> dict[str, Any]:
    return {
        "title": etd.title,
        "arms": (etd.intervention_label, etd.comparison_label),
        "fields": dict(etd.fields),
        "criteria": [
            (one.key, one.options, one.research_evidence, one.additional_considerations)
            for one in etd.criteria
        ],
        "tables": [
            (
                table.criterion_key,
                table.number,
                table.title,
                table.abbreviations,
                table.footnotes,
                [(row.outcome, row.population, *_cells(row.cells)) for row in table.rows],
            )
            for table in etd.tables
        ],
        "better": dict(etd.better),
        "certainty": dict(etd.certainty),
        "types": etd.types,
        "statements": [
            (one.kind, one.text, one.population, one.strength, one.direction, one.certainty, one.remark)
            for one in etd.statements
        ],
        "note": etd.note,
        "sections": dict(etd.sections),
        "references": {
            number: (citation, *etd.identifiers.get(number, ("", "")))
            for number, citation in etd.references.items()
        },
    }


def _printed(row: Row) -> tuple[str, ...]:
    return (
        f"{row.n_studies}{row.footnote_mark}",
        row.intervention,
        row.comparison,
        row.effect,
        row.p_value,
        row.i_squared,
    )


def _cells(cells: Any) -> tuple[str, ...]:
    def arm(name: str) -> str:
        if not cells[f"events_{name}"]:
            return "-"
        return f"{cells[f'events_{name}']}/{cells[f'n_{name}']} ({cells[f'percent_{name}']}%)"

    effect = f"{cells['estimate']} ({cells['ci_low']}–{cells['ci_high']})" if cells["estimate"] else "-"
    return (
        f"{cells['n_studies']}{cells['footnote_mark']}",
        arm("intervention"),
        arm("comparison"),
        effect,
        cells["p_value"] or "-",
        f"{cells['i2']}%" if cells["i2"] else "-",
    )
