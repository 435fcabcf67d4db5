"""What is stored of a question, or of several at once, for whoever puts a page or a document together."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from typing import Any, TypeVar

from django.db.models import F, QuerySet, Value

from etd.comparator_risks import by_level
from etd.evidence import Evidence, evidence_of, load_rows
from etd.models import (
    CertaintyRating,
    CertaintyWorksheet,
    ComparatorRisk,
    ConclusionSection,
    CriterionAssessment,
    DecisionThresholds,
    Judgement,
    Outcome,
    OutcomeRow,
    OutcomeTable,
    Question,
    RecommendationStatement,
    Reference,
    SummaryRow,
)

ThingT = TypeVar("ThingT")


class Stored:
    """Each kind of thing in one query, when somebody first asks for it, and then no more.

    It lives as long as one page is made: what is written meanwhile is not seen. Of questions that are read together,
    see `stored_together`, that one query is for all of them.
    """

    def __init__(self, question: Question, read: _Read | None = None) -> None:
        self.question = question
        self._read = read or _Read([question])

    @property
    def rows(self) -> list[OutcomeRow]:
        """As `load_rows` gives them."""
        return self._read.rows[self.question.pk]

    @cached_property
    def judgements(self) -> dict[str, list[Judgement]]:
        """By the key of the criterion, in the order they were recorded in."""
        found: dict[str, list[Judgement]] = {}
        for judgement in self._read.judgements[self.question.pk]:
            found.setdefault(judgement.assessment.criterion_key, []).append(judgement)
        return found

    @cached_property
    def evidence(self) -> Evidence:
        """As it is now."""
        texts = {key: assessment.research_evidence for key, assessment in self.assessments.items()}
        return evidence_of(self.question.framework, texts, self.rows)

    @property
    def statement_lines(self) -> list[Any]:
        """The statements by position: a line for every answer, and one for a statement without any."""
        return self._read.statement_lines[self.question.pk]

    @cached_property
    def risks(self) -> dict[tuple[int, int], list[ComparatorRisk]]:
        """By outcome and population, as in the studies first."""
        found: dict[tuple[int, int], list[ComparatorRisk]] = {}
        for risk in by_level(self._read.risks[self.question.pk]):
            found.setdefault((risk.outcome_id, risk.population_id), []).append(risk)
        return found

    @cached_property
    def outcomes(self) -> dict[int, Outcome]:
        """By id, in their order, each with its thresholds and its worksheet."""
        return {outcome.pk: outcome for outcome in self._read.rated[self.question.pk]}

    @cached_property
    def ratings(self) -> dict[int, tuple[CertaintyRating, ...]]:
        """Outcome id to the domains of its worksheet; nothing where there is none."""
        found: dict[int, list[CertaintyRating]] = {}
        for line in self._read.rated[self.question.pk]:
            if line.rating_domain is not None:
                found.setdefault(line.pk, []).append(
                    CertaintyRating(
                        domain=line.rating_domain,
                        levels=line.rating_levels,
                        reason=line.rating_reason,
                        suggestion=line.rating_suggestion,
                    )
                )
        return {pk: tuple(ratings) for pk, ratings in found.items()}

    def worksheet(self, outcome_id: int) -> CertaintyWorksheet | None:
        return getattr(self.outcomes[outcome_id], "worksheet", None)

    def thresholds(self, outcome_id: int) -> DecisionThresholds | None:
        return getattr(self.outcomes[outcome_id], "thresholds", None)

    def rated_row(self, outcome_id: int) -> OutcomeRow | None:
        """The row that the certainty of the outcome was rated on."""
        worksheet = self.worksheet(outcome_id)
        return self._rows_by_id.get(worksheet.row_id) if worksheet else None

    @cached_property
    def _rows_by_id(self) -> dict[int | None, OutcomeRow]:
        return {row.pk: row for row in self.rows}

    @property
    def summary_rows(self) -> list[SummaryRow]:
        """The lines that were chosen for the Summary of Findings, in their order."""
        return self._read.summary_rows[self.question.pk]

    @cached_property
    def assessments(self) -> dict[str, CriterionAssessment]:
        """By the key of the criterion."""
        return {
            key: CriterionAssessment(
                pk=pk,
                question=self.question,
                criterion_key=key,
                research_evidence=evidence,
                additional_considerations=considerations,
                revision=revision,
                judgement_revision=judgement_revision,
            )
            for pk, key, _, evidence, considerations, _, revision, judgement_revision in self._written(
                "assessment"
            )
        }

    @cached_property
    def tables(self) -> list[OutcomeTable]:
        """By number."""
        found = [
            OutcomeTable(
                pk=pk,
                question=self.question,
                criterion_key=key,
                number=number,
                title=title,
                abbreviations=abbreviations,
                footnotes=footnotes,
            )
            for pk, key, number, title, abbreviations, footnotes, _, _ in self._written("table")
        ]
        return sorted(found, key=lambda table: table.number)

    @cached_property
    def sections(self) -> dict[str, ConclusionSection]:
        """By the key of the section."""
        return {
            key: ConclusionSection(
                pk=pk, question=self.question, section_key=key, body=body, revision=revision
            )
            for pk, key, _, body, _, _, revision, _ in self._written("section")
        }

    @cached_property
    def references(self) -> list[Reference]:
        """By number."""
        found = [
            Reference(
                pk=pk,
                question=self.question,
                number=number,
                citation=citation,
                doi=doi,
                pmid=pmid,
                revision=revision,
            )
            for pk, _, number, citation, doi, pmid, revision, _ in self._written("reference")
        ]
        return sorted(found, key=lambda reference: reference.number)

    def _written(self, kind: str) -> Iterable[tuple[Any, ...]]:
        """Id, key, number, three texts, revision and revision of the judgement."""
        return (line[2:] for line in self._read.written[self.question.pk] if line[1] == kind)


def stored_together(questions: Sequence[Question]) -> list[Stored]:
    """What is stored of each of them, in as many queries as of one."""
    read = _Read(questions)
    return [Stored(question, read) for question in questions]


class _Read:
    """What is read of some questions, by the id of the question."""

    def __init__(self, questions: Sequence[Question]) -> None:
        self._questions = [question.pk for question in questions]

    def _by_question(
        self, things: Iterable[ThingT], question_of: Callable[[ThingT], int]
    ) -> dict[int, list[ThingT]]:
        """Those of each question in the order that they came in."""
        found: dict[int, list[ThingT]] = {question: [] for question in self._questions}
        for thing in things:
            found[question_of(thing)].append(thing)
        return found

    @cached_property
    def rows(self) -> dict[int, list[OutcomeRow]]:
        return self._by_question(load_rows(*self._questions), lambda row: row.table.question_id)

    @cached_property
    def judgements(self) -> dict[int, list[Judgement]]:
        found = (
            Judgement.objects.filter(assessment__question__in=self._questions)
            .select_related("judged_by", "reaffirmed_by", "assessment")
            .order_by("pk")
        )
        return self._by_question(found, lambda judgement: judgement.assessment.question_id)

    @cached_property
    def statement_lines(self) -> dict[int, list[Any]]:
        found = (
            RecommendationStatement.objects.filter(question__in=self._questions)
            .annotate(
                answered=F("practice_answers__question_key"),
                answer=F("practice_answers__answer"),
                rationale=F("practice_answers__rationale"),
            )
            .order_by("position")
        )
        return self._by_question(found, lambda line: line.question_id)

    @cached_property
    def risks(self) -> dict[int, list[ComparatorRisk]]:
        found = ComparatorRisk.objects.filter(outcome__question__in=self._questions).select_related("outcome")
        return self._by_question(found, lambda risk: risk.outcome.question_id)

    @cached_property
    def rated(self) -> dict[int, list[Any]]:
        """Of outcomes a line for every domain that was rated, and one for an outcome without any."""
        found = (
            Outcome.objects.filter(question__in=self._questions)
            .select_related("thresholds", "worksheet__rated_by")
            .annotate(
                rating_domain=F("worksheet__ratings__domain"),
                rating_levels=F("worksheet__ratings__levels"),
                rating_reason=F("worksheet__ratings__reason"),
                rating_suggestion=F("worksheet__ratings__suggestion"),
            )
            .order_by("position", "pk", "worksheet__ratings__pk")
        )
        return self._by_question(found, lambda line: line.question_id)

    @cached_property
    def summary_rows(self) -> dict[int, list[SummaryRow]]:
        found = (
            SummaryRow.objects.filter(question__in=self._questions)
            .select_related("outcome", "population")
            .order_by("position")
        )
        return self._by_question(found, lambda row: row.question_id)

    @cached_property
    def written(self) -> dict[int, list[tuple[Any, ...]]]:
        """What people wrote, of all kinds in one query: as many columns as the widest of them."""
        none, no_number = Value(""), Value(0)
        assessments, *others = (
            self._columns(CriterionAssessment, "assessment", "criterion_key", no_number,
                          "research_evidence", "additional_considerations", none, "revision", "judgement_revision"),
            self._columns(OutcomeTable, "table", "criterion_key", "number",
                          "title", "abbreviations", "footnotes", no_number, no_number),
            self._columns(ConclusionSection, "section", "section_key", no_number,
                          "body", none, none, "revision", no_number),
            self._columns(Reference, "reference", none, "number",
                          "citation", "doi", "pmid", "revision", no_number),
        )  # fmt: skip
        return self._by_question(assessments.union(*others, all=True), lambda line: line[0])

    def _columns(self, model: Any, kind: str, *columns: str | Value) -> QuerySet[Any, tuple[Any, ...]]:
        found = model.objects.filter(question__in=self._questions).order_by()
        return found.values_list("question", Value(kind), "pk", *columns)
