"""A file is staged, looked at, then confirmed or discarded.

A confirmed file becomes study results, these are pooled, and the pooled row is put into the outcome table, all in one
transaction.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from django.db import transaction
from django.utils import timezone

from etd.actions import audit
from etd.actions.errors import Refused
from etd.actions.locks import lock_question, require_open
from etd.enums import ValueSource
from etd.models import Outcome, OutcomeRow, Population, Question, User
from etd.workflow import Part
from metaanalysis import readings
from metaanalysis.actions.analyses import run_analysis
from metaanalysis.actions.methods import ReasonNeeded
from metaanalysis.actions.places import (
    NewOutcome,
    WrongAssignment,
    find_or_create_outcome,
    find_or_create_population,
)
from metaanalysis.actions.quotas import require_quotas_kept
from metaanalysis.analyses import DoesNotFit
from metaanalysis.comparison import VALUES, Comparison, compare, row_values
from metaanalysis.importers import ParsedTable, ProblemLog, StudyRow, check_against_earlier, read_table
from metaanalysis.kinds import numbers_text
from metaanalysis.models import DataUpload, Study, StudyResult, UploadStatus
from metaanalysis.readings import Group
from metaanalysis.stats.types import PoolingSpec

MAX_GROUPS = 30
"""Outcomes and populations that one confirmation takes; a file may hold more."""
CANNOT_CHOOSE_YET = "choose_sheet"


class UnreadableFile(Refused):
    """Nothing in the file could be read as a table of studies. `messages` say why, each with its remedy."""

    def __init__(self, messages: Sequence[str]) -> None:
        super().__init__(" ".join(messages))
        self.messages = tuple(messages)


class Missing(StrEnum):
    """What happens to studies that are stored already but not in the file."""

    KEEP = "keep"
    REMOVE = "remove"


@dataclass(frozen=True)
class Assignment:
    """What one group of the file's rows becomes: an outcome and a population, there already or new by name."""

    group: Group
    outcome: Outcome | NewOutcome
    population: Population | str
    spec: PoolingSpec
    missing: Missing = Missing.KEEP
    # What the methodologist says beside the number; empty keeps what was said before.
    note: str = ""
    # Why the method is another than the main method that is recorded; needed once there are results.
    reason: str = ""


@dataclass
class Place:
    """Where rows go, with the first assignment's choices."""

    outcome: Outcome
    population: Population
    spec: PoolingSpec
    missing: Missing
    note: str
    reason: str
    rows: list[StudyRow]


def stage_upload(
    *,
    question: Question,
    filename: str,
    content: bytes,
    sheet: str = "",
    is_correction: bool = False,
    by: User,
) -> DataUpload:
    """Keep a file as it came, with what was read from it; the same file again is the same upload until it is confirmed.

    A table with errors is staged too, so that they can be shown, but it can never be confirmed. Raises UnreadableFile
    where there is no table at all, QuotaReached where no more files are kept.
    """
    table = _read(question, filename, content, sheet)
    with transaction.atomic():
        current = lock_question(question)
        require_open(current, Part.EVIDENCE)
        return _staged(current, filename, content, sheet, table, by, is_correction)


def choose_sheet(*, upload: DataUpload, sheet: str, by: User) -> DataUpload:
    """The same file read from another of its sheets, as another upload in the place of this one."""
    content = bytes(upload.content)
    table = _read(upload.question, upload.filename, content, sheet)
    with transaction.atomic():
        current = _locked(upload)
        require_open(current.question, Part.EVIDENCE)
        chosen = _staged(current.question, current.filename, content, sheet, table, by)
        if chosen != current:
            discard_upload(upload=current, by=by)
    return chosen


def discard_upload(*, upload: DataUpload, by: User) -> DataUpload:
    """Put a staged upload aside; the file is kept for the record. Doing it twice changes nothing."""
    with transaction.atomic():
        current = _locked(upload)
        if current.status == UploadStatus.DISCARDED:
            return current
        if current.status == UploadStatus.CONFIRMED:
            raise Refused("This upload has been confirmed already; its studies are in use.")
        current.status = UploadStatus.DISCARDED
        current.save(update_fields=["status"])
        _record("upload_discarded", current, question=current.question, at=timezone.now(), by=by)
    return current


def confirm_upload(
    *,
    upload: DataUpload,
    assignments: Sequence[Assignment],
    sha256: str,
    accepted_warnings: bool,
    by: User,
) -> tuple[OutcomeRow, ...]:
    """Store the file's studies, pool each outcome and population they belong to, and put the rows into the tables.

    `sha256` is that of the file which the person saw. Groups without an assignment are left out. Sent twice by one
    person, it is done once. Raises WrongAssignment, and Refused where the upload or the question does not allow it.
    """
    now = timezone.now()
    with transaction.atomic():
        current = _locked(upload)
        if current.status == UploadStatus.CONFIRMED and current.confirmed_by_id == by.pk:
            return rows_of_upload(current)
        require_open(current.question, Part.EVIDENCE)
        table = readings.from_json(current.reading)
        _require_confirmable(current, table, sha256, accepted_warnings)
        if not assignments:
            raise WrongAssignment("Choose an outcome for at least some of the rows.")
        if len(assignments) > MAX_GROUPS:
            raise WrongAssignment(
                f"{len(assignments)} outcomes are too many at once: choose at most {MAX_GROUPS}, then send the file "
                "again for the others."
            )
        places = places_of(table, [_chosen(current.question, assignment, by) for assignment in assignments])
        for place in places:
            _store(current, place, at=now, by=by)
        current.status = UploadStatus.CONFIRMED
        current.confirmed_at, current.confirmed_by = now, by
        current.save(update_fields=["status", "confirmed_at", "confirmed_by"])
        _record(
            "upload_confirmed",
            current,
            question=current.question,
            at=now,
            by=by,
            more={"places": [f"{place.outcome}, {place.population}" for place in places]},
        )
        return tuple(_pooled(place, by) for place in places)


def _chosen(question: Question, assignment: Assignment, by: User) -> tuple[Assignment, Outcome, Population]:
    outcome = find_or_create_outcome(question=question, chosen=assignment.outcome, by=by)
    population = find_or_create_population(question=question, chosen=assignment.population, by=by)
    return assignment, outcome, population


def _pooled(place: Place, by: User) -> OutcomeRow:
    try:
        return run_analysis(
            outcome=place.outcome,
            population=place.population,
            spec=place.spec,
            note=place.note,
            reason=place.reason,
            by=by,
        ).row
    except (DoesNotFit, ReasonNeeded) as error:
        raise WrongAssignment(f"{place.outcome}, {place.population}: {error}") from error


def rows_of_upload(upload: DataUpload) -> tuple[OutcomeRow, ...]:
    """The computed rows that the studies of this upload are in."""
    places = set(upload.results.values_list("outcome_id", "population_id"))
    rows = OutcomeRow.objects.filter(table__question=upload.question, source=ValueSource.COMPUTED)
    return tuple(row for row in rows.order_by("pk") if (row.outcome_id, row.population_id) in places)


def _staged(
    question: Question,
    filename: str,
    content: bytes,
    sheet: str,
    table: ParsedTable,
    by: User,
    is_correction: bool = False,
) -> DataUpload:
    sha256 = hashlib.sha256(content).hexdigest()
    same = DataUpload.objects.filter(question=question, sha256=sha256, sheet=sheet).defer("content")
    waiting = same.filter(status=UploadStatus.STAGED).first()
    if waiting is not None:
        return waiting
    now = timezone.now()
    upload = same.filter(status=UploadStatus.DISCARDED).first() or DataUpload(
        question=question, content=content, sha256=sha256, sheet=sheet
    )
    upload.status, upload.filename, upload.reading = UploadStatus.STAGED, filename, readings.to_json(table)
    upload.created_at, upload.created_by = now, by
    upload.save()
    _record("upload_staged", upload, question=question, at=now, by=by)
    require_quotas_kept(guideline=question.guideline, person=by, at=now, is_correction=is_correction)
    return upload


def _read(question: Question, filename: str, content: bytes, sheet: str) -> ParsedTable:
    table = read_table(content, filename=filename, sheet=sheet or None)
    choosing = any(problem.code == CANNOT_CHOOSE_YET for problem in table.errors)
    if not table.column_mapping and not table.rows and not choosing:
        raise UnreadableFile([problem.message for problem in table.errors])
    return _checked_against_question(question, table)


def _checked_against_question(question: Question, table: ParsedTable) -> ParsedTable:
    """More to know about the table: arms the other way round than in earlier data."""
    log = ProblemLog(sheet=table.sheet)
    earlier = StudyResult.objects.filter(
        study__question=question, n_intervention__isnull=False, n_comparison__isnull=False
    ).values_list("study__label", "n_intervention", "n_comparison")
    check_against_earlier(table.rows, ((label, a or 0, b or 0) for label, a, b in earlier), log)
    return replace(
        table,
        rows=() if log.has_errors else table.rows,
        problems=(*log.problems, *table.problems),
        error_count=table.error_count + log.counts["error"],
        warning_count=table.warning_count + log.counts["warning"],
    )


def _locked(upload: DataUpload) -> DataUpload:
    """The upload as it is now, locked after its question."""
    question = lock_question(upload.question)
    current = DataUpload.objects.select_for_update(of=("self",)).get(pk=upload.pk)
    current.question = question
    return current


def _require_confirmable(
    upload: DataUpload, table: ParsedTable, sha256: str, accepted_warnings: bool
) -> None:
    if upload.status == UploadStatus.CONFIRMED:
        raise Refused(f"{upload.confirmed_by} has confirmed this upload already. Nothing was stored twice.")
    if upload.status == UploadStatus.DISCARDED:
        raise Refused("This upload was discarded. Send the file again if it is needed after all.")
    if hashlib.sha256(bytes(upload.content)).hexdigest() != sha256:
        raise Refused("This is not the file that was shown to you. Look at the preview again, then confirm.")
    if not table.ok or not table.rows:
        raise Refused("The file has errors; nothing of it can be stored. Correct it and send it again.")
    if table.warning_count and not accepted_warnings:
        raise Refused("The file has warnings. Tick that you have looked at them, then confirm.")


def places_of(table: ParsedTable, chosen: Iterable[tuple[Assignment, Outcome, Population]]) -> list[Place]:
    """The rows of the file by outcome and population, which may be new and not stored yet. Raises WrongAssignment."""
    groups = readings.groups(table)
    places: dict[tuple[object, ...], Place] = {}
    for assignment, outcome, population in chosen:
        if assignment.group not in groups:
            raise WrongAssignment(f"The file has no rows for {assignment.group}.")
        place = places.setdefault(
            (outcome.pk, str(outcome), population.pk, population.label),
            Place(outcome, population, assignment.spec, assignment.missing, "", "", []),
        )
        if (place.spec, place.missing) != (assignment.spec, assignment.missing):
            raise WrongAssignment(
                f"Two parts of the file become {outcome}, {population}: choose the same method for both."
            )
        place.note = _joined(place.note, assignment.note)
        place.reason = _joined(place.reason, assignment.reason)
        place.rows.extend(groups[assignment.group])
    for place in places.values():
        _require_each_study_once(place)
    return list(places.values())


def _joined(*parts: str) -> str:
    return "\n".join(dict.fromkeys(part for part in parts if part))


def _require_each_study_once(place: Place) -> None:
    seen: dict[str, int] = {}
    for row in place.rows:
        if row.study in seen:
            raise WrongAssignment(
                f"{row.study} would be in {place.outcome}, {place.population} twice, from rows {seen[row.study]} and "
                f"{row.row}. Keep one of them in the file, or give the rows different outcomes or populations."
            )
        seen[row.study] = row.row


def _store(upload: DataUpload, place: Place, *, at: datetime, by: User) -> None:
    """Insert, change and, where asked, remove the study results of one outcome and population."""
    stored = StudyResult.objects.filter(outcome=place.outcome, population=place.population)
    found = compare(place.rows, stored.select_related("study").order_by("position", "pk"))
    removed = found.missing if place.missing is Missing.REMOVE else ()
    _record_change(upload, place, found, removed, at=at, by=by)
    positions = {row.study: position for position, row in enumerate(place.rows, start=1)}
    studies = _studies(upload.question, [row.study for row in found.new])
    StudyResult.objects.bulk_create(
        StudyResult(
            study=studies[row.study],
            outcome=place.outcome,
            population=place.population,
            upload=upload,
            position=positions[row.study],
            **row_values(row),
        )
        for row in found.new
    )
    for change in found.changed:
        change.stored.upload = upload
        for name, value in row_values(change.row).items():
            setattr(change.stored, name, value)
    kept = [*(change.stored for change in found.changed), *found.unchanged]
    if not removed:
        kept += found.missing
    after_the_file = len(place.rows)
    for number, result in enumerate(kept, start=1):
        result.position = positions.get(result.study.label, after_the_file + number)
    StudyResult.objects.bulk_update(kept, ["upload", "position", *VALUES])
    StudyResult.objects.filter(pk__in=[result.pk for result in removed]).delete()


def _record_change(
    upload: DataUpload,
    place: Place,
    found: Comparison,
    removed: Sequence[StudyResult],
    *,
    at: datetime,
    by: User,
) -> None:
    audit.record(
        type="study_results_imported",
        subject=f"{place.outcome}, {place.population}"[:300],
        before={
            **{change.row.study: numbers_text(change.stored) for change in found.changed},
            **{result.study.label: numbers_text(result) for result in removed},
        },
        after={
            "upload": upload.sha256,
            "studies": {row.study: numbers_text(row) for row in place.rows},
            "removed": [result.study.label for result in removed],
        },
        at=at,
        by=by,
        question=upload.question,
    )


def _studies(question: Question, labels: Sequence[str]) -> dict[str, Study]:
    known = {study.label for study in Study.objects.filter(question=question, label__in=labels)}
    Study.objects.bulk_create(Study(question=question, label=label) for label in labels if label not in known)
    return {study.label: study for study in Study.objects.filter(question=question, label__in=labels)}


def _record(
    type: str,
    upload: DataUpload,
    *,
    question: Question,
    at: datetime,
    by: User,
    more: Mapping[str, Any] | None = None,
) -> None:
    content = {"sha256": upload.sha256, "sheet": upload.sheet, "status": str(upload.status)}
    audit.record(
        type=type, subject=upload.filename, after=content | dict(more or {}), at=at, by=by, question=question
    )
