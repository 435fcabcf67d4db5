"""Uploads, and the stored results of studies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import F, QuerySet
from django.utils import dateformat, timezone

from etd.domain import numbers
from etd.domain.paging import Page, page_of
from etd.enums import ValueSource
from etd.models import Outcome, OutcomeRow, Population, Question
from metaanalysis import specification
from metaanalysis.comparison import Comparison, compare, row_values
from metaanalysis.importers import StudyRow
from metaanalysis.kinds import arm_text, estimate_text, kind_of
from metaanalysis.models import Analysis, DataUpload, MainMethod, StudyResult, UploadStatus
from metaanalysis.stats.types import DataKind, PoolingSpec
from metaanalysis.wording import study_name


@dataclass(frozen=True)
class StudyLine:
    """One study as a line of a table, its numbers by its kind; `reason` is not empty where it could not be analysed.

    `intervention` and `comparison` are empty for an estimate, `estimate` is empty for all else.
    """

    study: str
    timepoint: str
    subgroup: str
    intervention: str
    comparison: str
    source: str
    note: str
    estimate: str = ""
    reason: str = ""


@dataclass(frozen=True)
class UploadLine:
    id: int
    filename: str
    sheet: str
    sha256: str
    status: str
    status_label: str
    created_at: datetime
    created_by: str
    confirmed_at: datetime | None
    confirmed_by: str
    has_errors: bool


@dataclass(frozen=True)
class PlaceData:
    """The stored studies of one outcome and population; `row_id` is the recomputed row, if it is there."""

    outcome_id: int
    outcome: str
    population_id: int
    population: str
    row_id: int | None
    n_people: str
    studies: tuple[StudyLine, ...]


@dataclass(frozen=True)
class EvidenceView:
    """`uploads` are those of one page, the newest first."""

    places: tuple[PlaceData, ...]
    page: Page
    uploads: tuple[UploadLine, ...]


def load_evidence(question: Question, page: str = "") -> EvidenceView:
    """All study results and a page of the uploads of a question, in four queries."""
    computed = {
        (row.outcome_id, row.population_id): row.pk
        for row in OutcomeRow.objects.filter(table__question=question, source=ValueSource.COMPUTED)
    }
    groups: dict[tuple[int, int], list[StudyResult]] = {}
    for result in (
        StudyResult.objects.filter(study__question=question)
        .select_related("study", "outcome", "population")
        .order_by("outcome__position", "population__position", "position", "pk")
    ):
        groups.setdefault((result.outcome_id, result.population_id), []).append(result)
    places = tuple(
        PlaceData(
            outcome_id=place[0],
            outcome=str(results[0].outcome),
            population_id=place[1],
            population=results[0].population.label,
            row_id=computed.get(place),
            n_people=numbers.count(sum((r.n_intervention or 0) + (r.n_comparison or 0) for r in results)),
            studies=tuple(_line_of(result) for result in results),
        )
        for place, results in groups.items()
    )
    uploads = uploads_of(question)
    shown = page_of(uploads.count(), page)
    return EvidenceView(
        places, shown, tuple(upload_line(upload) for upload in uploads[shown.start : shown.stop])
    )


def uploads_of(question: Question) -> QuerySet[DataUpload]:
    """The uploads of a question, newest first, without the files themselves."""
    return (
        DataUpload.objects.filter(question=question)
        .select_related("created_by", "confirmed_by")
        .annotate(error_count=F("reading__error_count"))
        .defer("content", "reading")
    )


def upload_line(upload: DataUpload) -> UploadLine:
    return UploadLine(
        id=upload.pk,
        filename=upload.filename,
        sheet=upload.sheet,
        sha256=upload.sha256,
        status=upload.status,
        status_label=UploadStatus(upload.status).label,
        created_at=upload.created_at,
        created_by=str(upload.created_by),
        confirmed_at=upload.confirmed_at,
        confirmed_by=str(upload.confirmed_by or ""),
        has_errors=bool(getattr(upload, "error_count", None)),
    )


@dataclass(frozen=True)
class Stored:
    """What is there for the assignment of a file, by outcome and population where not said otherwise.

    `results` are the study results; `reported_measures` the measure of each outcome that has a reported row;
    `main_methods` the main methods as choices to begin with, and `with_results` where one of them has given results, so
    that another method needs a reason.
    """

    results: Mapping[tuple[int, int], list[StudyResult]]
    reported_measures: Mapping[int, str]
    main_methods: Mapping[tuple[int, int], specification.UsualChoice]
    with_results: frozenset[tuple[int, int]]

    def compare(
        self, rows: Sequence[StudyRow], outcome: Outcome | None, population: Population | None
    ) -> Comparison:
        place = (outcome.pk, population.pk) if outcome and population else None
        return compare(rows, self.results.get(place, []) if place else [])

    def usual(
        self,
        outcome: Outcome | None,
        population: Population | None = None,
        *,
        is_new: bool,
        kind: DataKind = DataKind.COUNTS,
        measure: str = "",
    ) -> specification.UsualChoice:
        """The method to begin with for rows of this kind; `measure` is what the file says its estimates are of.

        It is the main method where there is one; otherwise by the outcome's reported row, or, before an outcome is
        chosen, by the question's.
        """
        main = self.main_methods.get((outcome.pk, population.pk)) if outcome and population else None
        if main is not None:
            return main
        if outcome is not None and outcome.pk in self.reported_measures:
            return specification.beside_a_reported_row(kind, measure or self.reported_measures[outcome.pk])
        if outcome is None and not is_new and self.reported_measures:
            return specification.undecided(kind, measure)
        return specification.on_its_own(kind, measure)

    def offered(self, key: str) -> specification.UsualChoice | None:
        """The choice that `usual` gave with this key, None for a key that it never gave."""
        main = {choice.key: choice for choice in self.main_methods.values()}
        return main.get(key) or specification.USUAL_CHOICES.get(key)

    def needs_reason(self, outcome: Outcome | None, population: Population | None, spec: PoolingSpec) -> bool:
        """Whether pooling so would change a main method after its results were there."""
        place = (outcome.pk, population.pk) if outcome and population else None
        if place is None or place not in self.with_results:
            return False
        main = self.main_methods.get(place)
        return main is None or not specification.same_method(main.spec, spec)


def load_stored(question: Question) -> Stored:
    results: dict[tuple[int, int], list[StudyResult]] = {}
    for result in (
        StudyResult.objects.filter(study__question=question)
        .select_related("study")
        .order_by("position", "pk")
    ):
        results.setdefault((result.outcome_id, result.population_id), []).append(result)
    reported = OutcomeRow.objects.filter(
        table__question=question, source=ValueSource.REPORTED, estimate__isnull=False
    ).values_list("outcome_id", "measure")
    return Stored(
        results,
        dict(reported),
        {
            (method.outcome_id, method.population_id): _main_choice(method)
            for method in MainMethod.objects.filter(outcome__question=question)
            .select_related("created_by")
            .order_by("pk")
        },
        frozenset(
            Analysis.objects.filter(row__table__question=question).values_list(
                "row__outcome_id", "row__population_id"
            )
        ),
    )


def _main_choice(method: MainMethod) -> specification.UsualChoice:
    day = dateformat.format(timezone.localtime(method.created_at), "j F Y")
    return specification.UsualChoice(
        f"main-{method.pk}",
        specification.from_json(method.spec),
        f"The main method of this outcome and population, chosen on {day} by {method.created_by}.",
    )


def _line_of(result: StudyResult) -> StudyLine:
    return study_line({"study": result.study.label} | row_values(result), "")


def study_line(entry: Mapping[str, Any], reason: str) -> StudyLine:
    """`entry` as `metaanalysis.analyses.input_of` gives it."""
    kind = kind_of(entry)
    return StudyLine(
        study=study_name(entry["study"], entry["year"]),
        timepoint=entry["timepoint"],
        subgroup=entry["subgroup"],
        intervention=arm_text(entry, "intervention"),
        comparison=arm_text(entry, "comparison"),
        source=entry["source"],
        note=entry["note"],
        estimate=estimate_text(entry) if kind is DataKind.ESTIMATE else "",
        reason=reason,
    )
