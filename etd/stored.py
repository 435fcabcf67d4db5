"""What is stored of one question, for whoever puts a page or a document of it together."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import Any

from django.db.models import F, QuerySet, Value

from etd.comparator_risks import by_level
from etd.evidence import load_rows
from etd.models import (
    CertaintyRating,
    CertaintyWorksheet,
    ComparatorRisk,
    ConclusionSection,
    CriterionAssessment,
    DecisionThresholds,
    Outcome,
    OutcomeRow,
    OutcomeTable,
    Question,
    Reference,
    SummaryRow,
)


class Stored:
    """Each kind of thing in one query, when somebody first asks for it, and then no more.

    It lives as long as one page is made: what is written meanwhile is not seen.
    """

    def __init__(self, question: Question) -> None:
        self.question = question

    @cached_property
    def rows(self) -> list[OutcomeRow]:
        """As `load_rows` gives them."""
        return load_rows(self.question)

    @cached_property
    def risks(self) -> dict[tuple[int, int], list[ComparatorRisk]]:
        """By outcome and population, as in the studies first."""
        found: dict[tuple[int, int], list[ComparatorRisk]] = {}
        for risk in by_level(ComparatorRisk.objects.filter(outcome__question=self.question)):
            found.setdefault((risk.outcome_id, risk.population_id), []).append(risk)
        return found

    @cached_property
    def outcomes(self) -> dict[int, Outcome]:
        """By id, in their order, each with its thresholds and its worksheet."""
        return {outcome.pk: outcome for outcome in self._rated}

    @cached_property
    def ratings(self) -> dict[int, tuple[CertaintyRating, ...]]:
        """Outcome id to the domains of its worksheet; nothing where there is none."""
        found: dict[int, list[CertaintyRating]] = {}
        for line in self._rated:
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

    @cached_property
    def _rated(self) -> list[Any]:
        """A line for every domain that was rated, and one for an outcome without any."""
        return list(
            Outcome.objects.filter(question=self.question)
            .select_related("thresholds", "worksheet__rated_by")
            .annotate(
                rating_domain=F("worksheet__ratings__domain"),
                rating_levels=F("worksheet__ratings__levels"),
                rating_reason=F("worksheet__ratings__reason"),
                rating_suggestion=F("worksheet__ratings__suggestion"),
            )
            .order_by("position", "pk", "worksheet__ratings__pk")
        )

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

    @cached_property
    def summary_rows(self) -> list[SummaryRow]:
        """The lines that were chosen for the Summary of Findings, in their order."""
        return list(
            SummaryRow.objects.filter(question=self.question)
            .select_related("outcome", "population")
            .order_by("position")
        )

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

    def _written(self, kind: str) -> Iterator[tuple[Any, ...]]:
        """Id, key, number, three texts, revision and revision of the judgement."""
        return (line[1:] for line in self._all_written if line[0] == kind)

    @cached_property
    def _all_written(self) -> list[tuple[Any, ...]]:
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
        return list(assessments.union(*others, all=True))

    def _columns(self, model: Any, kind: str, *columns: str | Value) -> QuerySet[Any, tuple[Any, ...]]:
        return (
            model.objects.filter(question=self.question).order_by().values_list(Value(kind), "pk", *columns)
        )
