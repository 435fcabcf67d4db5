"""Working examples of the actions on whole documents, see `action_examples.py`."""

from __future__ import annotations

import hashlib
from typing import Any
from uuid import UUID

from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from documents.actions import publishing as actions
from documents.actions import staging
from documents.actions.books import book_of_a_guideline
from documents.assemble import assemble
from documents.import_choices import choice_of, frameworks_to_read_by
from documents.importing import read_text
from documents.published import content_sha256
from documents.schema import EtdDocument
from etd.actions import adolopment, publication
from etd.actions.documents import ReadCriterion, ReadDocument, ReadRow, ReadTable
from etd.actions.recommendations import Statement
from etd.actions.references import NewReference
from etd.domain.source_content import SourceContent, SourceCriterion
from etd.enums import AdolopmentChoice, Better, QuestionStatus
from etd.frameworks import offered_frameworks
from etd.models import Question, User
from tests import factories as f
from tests.unit.etd.worlds import OPTIONS, PLAIN, Panel

CELLS = {
    "n_studies": "2", "footnote_mark": "*", "measure": "OR", "events_intervention": "3", "n_intervention": "10",
    "percent_intervention": "30", "events_comparison": "5", "n_comparison": "10", "percent_comparison": "50",
    "estimate": "0.43", "ci_low": "0.10", "ci_high": "2.70", "p_value": "<0.90", "i2": "0",
}  # fmt: skip


def document(**fields: Any) -> ReadDocument:
    """A small document with one of everything, in the first framework that has the criterion of the examples."""
    framework = next(
        one for one in offered_frameworks() if PLAIN.key in {criterion.key for criterion in one.criteria}
    )
    text_section = next(section for section in framework.sections if not section.holds_statements)
    values: dict[str, Any] = {
        "framework_key": framework.key,
        "framework_version": framework.version,
        "values": {"title": "Should A or B be used?", "population": "Adults"},
        "references": (NewReference(1, "Author A. 2020.", doi="10.1000/a", pmid="123"),),
        "outcomes": {"Survival": Better.HIGHER},
        "tables": (
            ReadTable(
                PLAIN.key, 2, "Results", "OR: odds ratio", "*a note", (ReadRow("Survival", "All", CELLS),)
            ),
        ),
        "criteria": (ReadCriterion(PLAIN.key, OPTIONS[:2], "Two trials[^1].", "None."),),
        "statements": (Statement(kind="recommendation", text="We suggest A.", direction="for"),),
        "sections": {text_section.key: "Because."},
        "type_key": framework.recommendation_types[0].key,
        "note": "A note.",
    }
    return ReadDocument(**values | fields)


def take_over_document(panel: Panel) -> dict[str, Any]:
    return {"guideline": panel.guideline, "slug": "a-or-b", "document": document(), "by": panel.staff}


def take_over_judgements(panel: Panel) -> dict[str, Any]:
    read = document()
    question = panel.question(
        framework_key=read.framework_key, framework_version=read.framework_version, slug="judged"
    )
    return {"question": question, "document": read, "by": panel.chair}


def keep_parts(panel: Panel) -> dict[str, Any]:
    return {
        "question": panel.question(),
        "source": "the document a.txt",
        "parts": [("Question, AUTHORS: (line 9)", "A. Author"), ("Document (line 1)", "Page 1")],
        "by": panel.staff,
    }


TEXT = """QUESTION
	A or B?

	AUTHORS:
	A. Author

ASSESSMENT
	Problem
Is the problem a priority?

	JUDGEMENT
	RESEARCH EVIDENCE
	ADDITIONAL CONSIDERATIONS

	○ No
● Yes
	Two trials.
"""


def import_document(panel: Panel) -> dict[str, Any]:
    choices = frameworks_to_read_by(panel.guideline)
    etd = read_text(TEXT, frameworks=[choice.framework for choice in choices])
    return {
        "etd": etd,
        "framework": choice_of(etd.framework, choices),
        "guideline": panel.guideline,
        "slug": "imported",
        "source": "a.txt",
        "by": panel.chair,
    }


def stage_import(panel: Panel) -> dict[str, Any]:
    return {
        "guideline": panel.guideline,
        "file_name": "a.txt",
        "content": TEXT.encode(),
        "by": panel.chair,
    }


def discard_import(panel: Panel) -> dict[str, Any]:
    return {"staged": staging.stage_import(**stage_import(panel)), "by": panel.chair}


def store_import(panel: Panel) -> dict[str, Any]:
    staged = staging.stage_import(**stage_import(panel))
    return {
        "staged": staged,
        "sha256": staged.sha256,
        "frameworks": frameworks_to_read_by(panel.guideline),
        "slug": "imported",
        "organisation": "Another body",
        "address": "https://example.org/etd",
        "by": panel.chair,
    }


def no_pdf(document: EtdDocument) -> bytes:
    """A stand-in for a PDF: to render one takes seconds."""
    return b"%PDF-1.7 no pages"


def _in_review(panel: Panel, *approvers: User) -> tuple[Question, str]:
    """A question in review with the hash of its content, approved by these."""
    question = panel.question(status=QuestionStatus.IN_REVIEW)
    content = content_sha256(assemble(question))
    for person in approvers:
        publication.approve(question=question, content_sha256=content, by=person)
    return question, content


def approve_content(panel: Panel) -> dict[str, Any]:
    question, content = _in_review(panel)
    return {"question": question, "content_sha256": content, "by": panel.chair}


def approve(panel: Panel) -> dict[str, Any]:
    question, content = _in_review(panel)
    return {"question": question, "content": content, "by": panel.chair}


def publish(panel: Panel) -> dict[str, Any]:
    question, content = _in_review(panel, panel.chair, panel.methodologist)
    return {"question": question, "content": content, "note": "", "render": no_pdf, "by": panel.staff}


def store_version(panel: Panel) -> dict[str, Any]:
    question, content = _in_review(panel, panel.chair, panel.methodologist)
    finished = publication.Finished(
        number=1,
        previous_sha256="",
        published_at=f.NOW,
        note="",
        schema_version="openetd-etd/1",
        document="{}",
        document_sha256=hashlib.sha256(b"{}").hexdigest(),
        pdf=b"%PDF",
        pdf_sha256=hashlib.sha256(b"%PDF").hexdigest(),
    )
    return {"question": question, "content_sha256": content, "finished": finished, "by": panel.staff}


def withdraw_version(panel: Panel) -> dict[str, Any]:
    version = actions.publish(**publish(panel))
    return {"version": version, "reason": "A trial was retracted.", "by": panel.chair}


def source_content() -> SourceContent:
    """What a source judged of the criterion of the examples: its first option, for all."""
    return SourceContent(
        criteria={PLAIN.key: SourceCriterion(options=((OPTIONS[0], ""),), labels=("The first option",))},
        statements=("We suggest A.",),
    )


def keep_source(panel: Panel) -> dict[str, Any]:
    return {
        "question": panel.question(),
        "title": "A or B, 2024",
        "organisation": "Another body",
        "address": "https://example.org/etd",
        "file_name": "etd.docx",
        "original": b"PK original",
        "content": source_content(),
        "by": panel.chair,
    }


def choose_adolopment(panel: Panel) -> dict[str, Any]:
    kept = adolopment.keep_source(**keep_source(panel))
    return {
        "question": kept.question,
        "criterion_key": PLAIN.key,
        "choice": AdolopmentChoice.ADOPT,
        "reason": "",
        "revision": 0,
        "by": panel.chair,
    }


def ask_for_book(panel: Panel) -> dict[str, Any]:
    panel.question()
    return {"guideline": panel.guideline, "by": panel.chair}


def try_again(panel: Panel) -> dict[str, Any]:
    job = book_of_a_guideline.enqueue(guideline=panel.guideline.pk, book=0)
    DBTaskResult.objects.update(status="FAILED", finished_at=timezone.now())
    return {"job": UUID(job.id), "by": panel.staff}


EXAMPLES = {
    "etd.actions.jobs.try_again": try_again,
    "documents.actions.staging.stage_import": stage_import,
    "documents.actions.staging.discard_import": discard_import,
    "documents.actions.staging.store_import": store_import,
    "documents.actions.books.ask_for_book": ask_for_book,
    "etd.actions.adolopment.keep_source": keep_source,
    "etd.actions.adolopment.choose_adolopment": choose_adolopment,
    "documents.actions.publishing.approve": approve,
    "documents.actions.publishing.publish": publish,
    "etd.actions.publication.approve": approve_content,
    "etd.actions.publication.store_version": store_version,
    "etd.actions.publication.withdraw_version": withdraw_version,
    "documents.actions.imports.import_document": import_document,
    "etd.actions.documents.take_over_document": take_over_document,
    "etd.actions.documents.take_over_judgements": take_over_judgements,
    "etd.actions.documents.keep_parts": keep_parts,
}
