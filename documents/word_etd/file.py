"""The document's parts in their order, packed as a file that depends on nothing but them."""

from __future__ import annotations

import io
from datetime import datetime

from documents.published import document_sha256, short
from documents.schema import EtdDocument
from documents.word import packed_at_no_time
from documents.word_etd.decision import add_conclusions, add_grid, add_references, add_type
from documents.word_etd.elements import Writer
from documents.word_etd.question import add_assessment, add_question
from documents.word_etd.records import add_records
from documents.word_etd.styles import set_up


def word_file(document: EtdDocument) -> bytes:
    """The same document gives the same bytes at any time.

    Raises CannotHold where a text has a sign that no Word file can hold.
    """
    import docx

    made = docx.Document()
    state = state_of(document)
    set_up(
        made,
        title=document.question.title,
        author=document.guideline.organisation or document.guideline.title,
        language=document.framework.language,
        footer=f"{document.guideline.title}. {state}",
    )
    writer = Writer(made)
    writer.add(
        writer.paragraph("EtD Document Title", document.question.title),
        writer.paragraph("EtD Again", f"{document.guideline.title}. {state}"),
    )
    add_question(writer, document)
    add_assessment(writer, document)
    add_grid(writer, document)
    add_type(writer, document)
    add_conclusions(writer, document)
    add_references(writer, document)
    add_records(writer, document)
    writer.add(
        writer.paragraph(
            "EtD Again", f"Made with OpenEtD {document.openetd_version}. {document.framework.title}."
        )
    )
    body = made.element.body
    for paragraph in writer.body:
        body.insert(len(body) - 1, paragraph)
    stream = io.BytesIO()
    made.save(stream)
    return packed_at_no_time(stream.getvalue())


def state_of(document: EtdDocument) -> str:
    """`Draft, revision 4, content ab12…` or `Version 1, 23 November 2026, content ab12…`."""
    content = f"content {short(document_sha256(document))}"
    if document.version is None:
        return f"Draft ({document.question.status_label}), revision {document.question.revision}, {content}"
    day = datetime.fromisoformat(document.version.published_at)
    return f"Version {document.version.number}, {day.day} {day:%B %Y}, {content}"
