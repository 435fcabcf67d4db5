"""A document that was read becomes a question; nothing of it is lost."""

from __future__ import annotations

from django.db import transaction

from documents.importing import ImportedEtd
from documents.importing.imported import ImportedCriterion
from documents.importing.plain_text import as_markdown
from etd.actions.adolopment import keep_source
from etd.actions.documents import (
    ReadCriterion,
    ReadDocument,
    ReadRow,
    ReadTable,
    keep_parts,
    take_over_document,
    take_over_judgements,
)
from etd.actions.recommendations import Answer, Statement
from etd.actions.references import NewReference
from etd.domain.source_content import SourceContent, SourceCriterion
from etd.enums import Better
from etd.models import Guideline, Question, User
from etd.selectors.frameworks import FrameworkChoice


def import_document(
    *,
    etd: ImportedEtd,
    framework: FrameworkChoice,
    guideline: Guideline,
    slug: str,
    source: str,
    by: User,
    original: bytes | None = None,
    organisation: str = "",
    address: str = "",
) -> Question:
    """A new question in status evidence with everything that was understood, what was not kept beside it.

    Judgements have "taken over from a document" as their basis; of several ticked types of recommendation none is
    recorded. `framework` is the one that the document was read by, `source` the name of its file, which is also the
    title where the document has none. With `original`, the bytes of that file, it is kept as the question's source
    with whose it is and where it was found. Raises Refused as `take_over_document` does; nothing is stored then.
    """
    document = _as_read(etd, framework, etd.title or source)
    with transaction.atomic():
        question = take_over_document(guideline=guideline, slug=slug, document=document, by=by)
        take_over_judgements(question=question, document=document, by=by)
        if etd.not_understood:
            keep_parts(
                question=question,
                source=f"the document {source}",
                parts=[(left.place, as_markdown(left.text.split("\n"))) for left in etd.not_understood],
                by=by,
            )
        if original is not None:
            keep_source(
                question=question,
                title=document.values["title"],
                organisation=organisation,
                address=address,
                file_name=source,
                original=original,
                content=_content(etd),
                by=by,
            )
    return question


def _content(etd: ImportedEtd) -> SourceContent:
    type_key = etd.types[0] if len(etd.types) == 1 else ""
    return SourceContent(
        criteria={
            one.key: SourceCriterion(
                options=_criterion(one).choices,
                labels=tuple(etd.framework.criterion(one.key).option(key).label for key in one.options),
                research_evidence=one.research_evidence,
                additional_considerations=one.additional_considerations,
            )
            for one in etd.criteria
        },
        statements=tuple(one.text for one in etd.statements),
        type_key=type_key,
        type_label=etd.framework.recommendation_type(type_key).label if type_key else "",
    )


def _criterion(one: ImportedCriterion) -> ReadCriterion:
    return ReadCriterion(
        one.key, one.options, one.research_evidence, one.additional_considerations, one.applies_to
    )


def _as_read(etd: ImportedEtd, framework: FrameworkChoice, title: str) -> ReadDocument:
    return ReadDocument(
        framework_key=framework.key,
        framework_version=framework.version,
        own_framework=framework.own,
        values={
            **etd.fields,
            "title": title,
            "intervention_label": etd.intervention_label,
            "comparison_label": etd.comparison_label,
        },
        references=tuple(
            NewReference(number, citation, *etd.identifiers.get(number, ("", "")))
            for number, citation in etd.references.items()
        ),
        outcomes={name: Better(side) for name, side in etd.better.items()},
        tables=tuple(
            ReadTable(
                criterion_key=table.criterion_key,
                number=table.number,
                title=table.title,
                abbreviations=table.abbreviations,
                footnotes=table.footnotes,
                rows=tuple(
                    ReadRow(row.outcome, row.population, row.cells, row.printed) for row in table.rows
                ),
            )
            for table in etd.tables
        ),
        criteria=tuple(_criterion(one) for one in etd.criteria),
        statements=tuple(
            Statement(
                kind=one.kind,
                text=one.text,
                population=one.population,
                strength=one.strength,
                direction=one.direction,
                certainty=one.certainty,
                remark=one.remark,
                paradigm=one.paradigm,
                paradigm_reason=one.paradigm_reason,
                practice_basis=one.practice_basis,
                answers=tuple(Answer(*answer) for answer in one.answers),
            )
            for one in etd.statements
        ),
        sections={key: body for key, body in etd.sections.items() if body},
        type_key=etd.types[0] if len(etd.types) == 1 else "",
        note=etd.note,
        certainty=etd.certainty,
        people_per=etd.people_per,
    )
