"""The Summary of Findings: which outcomes it shows, for how many people, and the cells that a person words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from etd.actions import audit
from etd.actions.errors import Refused, StaleEdit
from etd.actions.locks import lock_question, require_open
from etd.domain.absolute import PER_CHOICES
from etd.domain.summary_tables import MOST_OUTCOMES, rows_revision, words_revision
from etd.enums import SummaryColumn, ValueSource
from etd.models import Outcome, Population, Question, SummaryEdit, SummaryRow, User
from etd.workflow import Part


@dataclass(frozen=True)
class ChosenRow:
    """An outcome in a population, with the source whose numbers are shown."""

    outcome: int
    population: int
    source: str


class WordingWouldBeLost(Refused):
    """Rows with cells that a person worded would go; `rows` names them with their words."""

    def __init__(self, rows: Sequence[tuple[str, Sequence[str]]]) -> None:
        names = "; ".join(f"{name}: {', '.join(f'“{text}”' for text in texts)}" for name, texts in rows)
        super().__init__(
            f"Words that somebody put into these rows would be lost with them. {names}. "
            "Tick that they may go, or keep the rows."
        )
        self.rows = tuple(rows)


def choose_rows(
    *,
    question: Question,
    rows: Sequence[ChosenRow],
    revision: int,
    by: User,
    drop_words: bool = False,
    op: UUID | None = None,
) -> Question:
    """The rows of the Summary of Findings, in this order; what was worded in a row that stays is kept.

    Raises StaleEdit where `revision` (`rows_revision`) is not that of the stored rows, WordingWouldBeLost for a worded
    row that would go unless `drop_words`, Refused for more than seven outcomes and for what is not of the question.
    """
    with transaction.atomic():
        current = lock_question(question)
        stored = list(
            SummaryRow.objects.filter(question=current)
            .select_related("outcome", "population")
            .order_by("position")
        )
        before = [ChosenRow(row.outcome_id, row.population_id, row.source) for row in stored]
        if before == list(rows):
            return current
        require_open(current, Part.EVIDENCE)
        if rows_revision((row.outcome, row.population, row.source) for row in before) != revision:
            raise StaleEdit(
                {"rows": [str(row) for row in stored]},
                rows_revision((row.outcome, row.population, row.source) for row in before),
            )
        _require_known(current, rows)
        wanted = {(row.outcome, row.population) for row in rows}
        gone = [row for row in stored if (row.outcome_id, row.population_id) not in wanted]
        words = _words(gone)
        if words and not drop_words:
            raise WordingWouldBeLost([(name, list(cells.values())) for name, cells in words.items()])
        SummaryRow.objects.filter(pk__in=[row.pk for row in gone]).delete()
        kept = {(row.outcome_id, row.population_id): row for row in stored}
        for position, row in enumerate(rows, start=1):
            found = kept.get((row.outcome, row.population)) or SummaryRow(
                question=current, outcome_id=row.outcome, population_id=row.population
            )
            found.source, found.position = row.source, position
            found.save()
        audit.record(
            type="summary_rows_chosen",
            subject=current.slug,
            before={"rows": [asdict(row) for row in before], **({"words": words} if words else {})},
            after={"rows": [asdict(row) for row in rows]},
            at=timezone.now(),
            by=by,
            question=current,
            op=op,
        )
    return current


def set_people_per(
    *, question: Question, people_per: int, revision: int, by: User, op: UUID | None = None
) -> Question:
    """Show absolute effects for so many people; `revision` is how many it was when the person looked."""
    with transaction.atomic():
        current = lock_question(question)
        if current.people_per == people_per:
            return current
        require_open(current, Part.EVIDENCE)
        if people_per not in PER_CHOICES:
            choices = ", ".join(f"{choice:,}" for choice in PER_CHOICES)
            raise Refused(f"Effects are shown per {choices} people, not per {people_per:,}.")
        if current.people_per != revision:
            raise StaleEdit({"people_per": current.people_per}, current.people_per)
        before = current.people_per
        current.people_per = people_per
        current.save(update_fields=["people_per"])
        audit.record(
            type="summary_people_per_set",
            subject=f"{people_per:,}",
            before=before,
            after=people_per,
            at=timezone.now(),
            by=by,
            question=current,
            op=op,
        )
    return current


def word_cell(
    *,
    row: SummaryRow,
    column: str,
    text: str,
    made: str,
    revision: int,
    by: User,
    op: UUID | None = None,
) -> SummaryEdit:
    """Put a person's words over a cell; `made` is what it said that moment, as the person saw it.

    Raises StaleEdit where `revision` (`words_revision`) is not that of the words that stand there, Refused for a column
    that is not worded, for no words at all, and for those that are computed anyway.
    """
    with transaction.atomic():
        current = lock_question(row.question)
        line = _line(row)
        edit = SummaryEdit.objects.filter(row=line, column=column).first()
        before = edit.text if edit else None
        if edit and edit.text == text and edit.made == made:
            return edit
        require_open(current, Part.EVIDENCE)
        if column not in SummaryColumn.values:
            raise Refused(f"“{column}” is not a column that can be worded by hand.")
        if words_revision(before) != revision:
            raise StaleEdit({"text": before or ""}, words_revision(before))
        if not text.strip():
            raise Refused("There are no words. To have the computed text back, take the words back.")
        if text == made:
            raise Refused("That is what the cell says by itself: there is nothing to word otherwise.")
        now = timezone.now()
        edit = edit or SummaryEdit(row=line, column=column)
        edit.text, edit.made, edit.edited_at, edit.edited_by = text, made, now, by
        edit.save()
        audit.record(
            type="summary_cell_worded",
            subject=_subject(line, column),
            before=None if before is None else {"text": before},
            after={"column": column, "text": text, "made": made},
            at=now,
            by=by,
            question=current,
            op=op,
        )
    return edit


def take_back_words(
    *, row: SummaryRow, column: str, revision: int, by: User, op: UUID | None = None
) -> SummaryRow:
    """Let a cell say again what is computed; raises StaleEdit where other words stand there than at `revision`."""
    with transaction.atomic():
        current = lock_question(row.question)
        line = _line(row)
        edit = SummaryEdit.objects.filter(row=line, column=column).first()
        if edit is None:
            return line
        require_open(current, Part.EVIDENCE)
        if words_revision(edit.text) != revision:
            raise StaleEdit({"text": edit.text}, words_revision(edit.text))
        before = {"column": column, "text": edit.text, "made": edit.made}
        edit.delete()
        audit.record(
            type="summary_words_taken_back",
            subject=_subject(line, column),
            before=before,
            at=timezone.now(),
            by=by,
            question=current,
            op=op,
        )
    return line


def _require_known(question: Question, rows: Sequence[ChosenRow]) -> None:
    places = [(row.outcome, row.population) for row in rows]
    if len(set(places)) < len(places):
        raise Refused("An outcome stands once for each population in the table.")
    outcomes = {row.outcome for row in rows}
    if len(outcomes) > MOST_OUTCOMES:
        raise Refused(
            f"These are {len(outcomes)} outcomes. A Summary of Findings holds seven at most (Cochrane Handbook, "
            "chapter 14): leave out those that matter least for the decision."
        )
    known = (
        set(Outcome.objects.filter(question=question).values_list("pk", flat=True)),
        set(Population.objects.filter(question=question).values_list("pk", flat=True)),
    )
    if not outcomes <= known[0] or not {row.population for row in rows} <= known[1]:
        raise Refused("The outcomes and populations must be of the question itself.")
    if unknown := {row.source for row in rows} - set(ValueSource.values):
        raise Refused(f"“{sorted(unknown)[0]}” is no source of numbers.")


def _words(rows: Sequence[SummaryRow]) -> dict[str, dict[str, str]]:
    """By the name of the row: its worded cells, by column."""
    found: dict[str, dict[str, str]] = {}
    for edit in SummaryEdit.objects.filter(row__in=rows).select_related("row__outcome", "row__population"):
        found.setdefault(str(edit.row), {})[edit.column] = edit.text
    return found


def _line(row: SummaryRow) -> SummaryRow:
    """The row as it is now. Raises Refused where it has been left out meanwhile."""
    found: SummaryRow | None = (
        SummaryRow.objects.select_related("outcome", "population", "question").filter(pk=row.pk).first()
    )
    if found is None:
        raise Refused("This line was taken out of the table in the meantime.")
    return found


def _subject(row: SummaryRow, column: str) -> str:
    label: Any = SummaryColumn(column).label
    return f"{label} of {row}"[:300]
