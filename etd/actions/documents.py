"""A whole document taken over from elsewhere: its question, evidence, conclusions and judgements, and what is left."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from django.db import transaction
from django.utils import timezone

from etd.actions import assessments, audit, outcome_tables, questions, recommendations, references
from etd.actions.locks import lock_question
from etd.actions.summary import set_people_per
from etd.enums import Basis, Better, QuestionStatus
from etd.models import CriterionAssessment, Guideline, KeptPart, OwnFramework, Question, User

# The numbers of a row whose own digits are kept, by the names that `ReadRow.cells` has for them.
PRINTED = ("percent_intervention", "percent_comparison", "estimate", "ci_low", "ci_high", "p_value", "i2")


@dataclass(frozen=True)
class ReadCriterion:
    """One criterion as the document has it: the keys of the ticked options, and its two texts.

    `applies_to` says of each option, in the same order, what it applies to; empty where none says it.
    """

    key: str
    options: tuple[str, ...]
    research_evidence: str
    additional_considerations: str
    applies_to: tuple[str, ...] = ()

    @property
    def choices(self) -> tuple[tuple[str, str], ...]:
        """Pairs of an option's key and what it applies to, "" for all."""
        return tuple(zip(self.options, self.applies_to or ("",) * len(self.options), strict=True))


@dataclass(frozen=True)
class ReadRow:
    """One row of results. `cells` are the printed digits by name, empty where there is nothing:

    n_studies, footnote_mark, measure, events_* and n_* of both arms, and `PRINTED`; percentages and I² in percent.
    Where a document has numbers in full beside the printed ones, `cells` are those in full and `printed` the digits.
    """

    outcome: str
    population: str
    cells: Mapping[str, str]
    printed: Mapping[str, str] | None = None


@dataclass(frozen=True)
class ReadTable:
    criterion_key: str
    number: int
    title: str
    abbreviations: str
    footnotes: str
    rows: tuple[ReadRow, ...]


@dataclass(frozen=True)
class ReadDocument:
    """A document that somebody has read. `values` are fields of the question; `outcomes` are in printed order, each
    with which way is better, `certainty` the levels of those that the document rates; a citation of `references` is
    empty where there is no list; `type_key` is empty where no type of recommendation is ticked."""

    framework_key: str
    framework_version: int
    values: Mapping[str, str]
    references: tuple[references.NewReference, ...]
    outcomes: Mapping[str, Better]
    tables: tuple[ReadTable, ...]
    criteria: tuple[ReadCriterion, ...]
    statements: tuple[recommendations.Statement, ...]
    sections: Mapping[str, str]
    type_key: str
    note: str = ""
    own_framework: OwnFramework | None = None
    certainty: Mapping[str, str] = field(default_factory=dict)
    people_per: int = 1000


def take_over_document(*, guideline: Guideline, slug: str, document: ReadDocument, by: User) -> Question:
    """A new question in status evidence with everything of the document but its judgements.

    Raises Refused as `create_question` does, and for whatever the single actions refuse; nothing is stored then.
    """
    with transaction.atomic():
        question = questions.create_question(
            guideline=guideline,
            slug=slug,
            framework_key=document.framework_key,
            framework_version=document.framework_version,
            own_framework=document.own_framework,
            values=document.values,
            by=by,
        )
        set_people_per(question=question, people_per=document.people_per, revision=question.people_per, by=by)
        for one in document.references:
            references.add_reference(
                question=question,
                number=one.number,
                citation=one.citation,
                doi=one.doi,
                pmid=one.pmid,
                by=by,
            )
        _tables(question, document, by)
        for criterion in document.criteria:
            assessments.edit_texts(
                question=question,
                criterion_key=criterion.key,
                research_evidence=criterion.research_evidence,
                additional_considerations=criterion.additional_considerations,
                revision=1,
                by=by,
            )
        for section_key, body in document.sections.items():
            recommendations.edit_section(
                question=question, section_key=section_key, body=body, revision=1, by=by
            )
        recommendations.edit_recommendation(
            question=question, note=document.note, statements=document.statements, revision=1, by=by
        )
        return questions.change_status(question=question, status=QuestionStatus.EVIDENCE, by=by)


def take_over_judgements(*, question: Question, document: ReadDocument, by: User) -> Question:
    """Record the document's judgements and its type of recommendation, with the document as their basis."""
    with transaction.atomic():
        current = lock_question(question)
        for criterion in document.criteria:
            assessment = CriterionAssessment.objects.get(question=current, criterion_key=criterion.key)
            assessments.record_judgement(
                question=current,
                criterion_key=criterion.key,
                choices=criterion.choices,
                basis=Basis.DOCUMENT,
                revision=assessment.judgement_revision,
                by=by,
            )
        recommendations.record_type(
            question=current,
            type_key=document.type_key,
            basis=Basis.DOCUMENT,
            revision=current.recommendation.type_revision,
            by=by,
        )
    return current


def keep_parts(
    *, question: Question, source: str, parts: Sequence[tuple[str, str]], by: User
) -> tuple[KeptPart, ...]:
    """Keep what found no place in the question beside it, letter for letter: pairs of a heading and a text.

    `source` says where the parts are from, such as the name of a document.
    """
    now = timezone.now()
    with transaction.atomic():
        current = lock_question(question)
        kept = KeptPart.objects.bulk_create(
            KeptPart(
                question=current,
                former_framework=source[:300],
                heading=heading[:300],
                text=text,
                kept_at=now,
                kept_by=by,
            )
            for heading, text in parts
        )
        audit.record(
            type="parts_kept",
            subject=source[:300],
            after={"kept": [part.heading for part in kept]},
            at=now,
            by=by,
            question=current,
        )
    return tuple(kept)


def _tables(question: Question, document: ReadDocument, by: User) -> None:
    tables = [
        outcome_tables.create_table(
            question=question,
            criterion_key=table.criterion_key,
            number=table.number,
            title=table.title,
            abbreviations=table.abbreviations,
            footnotes=table.footnotes,
            by=by,
        )
        for table in document.tables
    ]
    outcomes = {
        name: outcome_tables.create_outcome(
            question=question,
            name=name,
            better=better,
            certainty=document.certainty.get(name, ""),
            by=by,
        )
        for name, better in document.outcomes.items()
    }
    labels = dict.fromkeys(row.population for table in document.tables for row in table.rows)
    populations = {
        label: outcome_tables.create_population(question=question, label=label, by=by) for label in labels
    }
    for table, stored in zip(document.tables, tables, strict=True):
        for row in table.rows:
            outcome_tables.record_reported_row(
                table=stored,
                outcome=outcomes[row.outcome],
                population=populations[row.population],
                values=_row_values(row.cells),
                printed={name: digits for name in PRINTED if (digits := _printed(row).get(name))},
                by=by,
            )


def _printed(row: ReadRow) -> Mapping[str, str]:
    return row.cells if row.printed is None else row.printed


def _row_values(cells: Mapping[str, str]) -> outcome_tables.RowValues:
    return outcome_tables.RowValues(
        n_studies=int(cells["n_studies"]),
        footnote_mark=cells.get("footnote_mark", ""),
        measure=cells.get("measure", ""),
        events_intervention=_integer(cells, "events_intervention"),
        n_intervention=_integer(cells, "n_intervention"),
        events_comparison=_integer(cells, "events_comparison"),
        n_comparison=_integer(cells, "n_comparison"),
        estimate=_number(cells, "estimate"),
        ci_low=_number(cells, "ci_low"),
        ci_high=_number(cells, "ci_high"),
        # A bound such as <0.001 is printed and is no number.
        p_value=None if cells.get("p_value", "")[:1] in "<>" else _number(cells, "p_value"),
        i_squared=_number(cells, "i2"),
        tau_squared=_number(cells, "tau_squared"),
    )


def _integer(cells: Mapping[str, str], name: str) -> int | None:
    return int(cells[name]) if cells.get(name) else None


def _number(cells: Mapping[str, str], name: str) -> float | None:
    return float(cells[name]) if cells.get(name) else None
