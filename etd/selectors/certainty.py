"""How certain the evidence of each outcome is and why, and what the outcomes suggest for the question as a whole."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from etd.certainty_evidence import rated_on, row_digest
from etd.domain import certainty
from etd.domain.effect_axis import RATIO_MEASURES
from etd.enums import CertaintyDomain, Importance, StudyDesign, ValueSource
from etd.models import CertaintyRating, CertaintyWorksheet, Outcome, OutcomeRow
from etd.stored import Stored


@dataclass(frozen=True)
class DomainView:
    """One domain as it was rated.

    `said` is what the data said when the person decided, empty for nothing, and `suggested` the degree that they
    suggested then, empty for none.
    """

    key: str
    label: str
    levels: int
    words: str
    reason: str
    said: str
    suggested: str
    is_up: bool


@dataclass(frozen=True)
class WorksheetView:
    """How an outcome came to its level; `row_now` is the row's present numbers where they are others than rated on."""

    start_label: str
    arithmetic: str
    warnings: tuple[str, ...]
    design: str
    design_label: str
    design_note: str
    domains: tuple[DomainView, ...]
    row_id: int | None
    row_label: str
    rated_on: str
    row_now: str
    rated_by: str
    rated_at: datetime
    revision: int

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why the certainty was changed, a sentence a domain: the footnotes of a table."""
        return tuple(f"{d.label}: {d.words}. {d.reason}" for d in self.domains if d.levels)


@dataclass(frozen=True)
class OutcomeCertainty:
    """An outcome with its level as a key and in words; `worksheet` is None where there is none: then as reported."""

    id: int
    name: str
    better: str
    importance: str
    importance_label: str
    level: str
    label: str
    symbols: str
    definition: str
    worksheet: WorksheetView | None
    direction: str


@dataclass(frozen=True)
class CertaintyView:
    """All outcomes of a question, and the overall certainty that they suggest to the panel."""

    outcomes: tuple[OutcomeCertainty, ...]
    proposal: certainty.Proposal

    @property
    def proposed_label(self) -> str:
        return certainty.LABELS.get(self.proposal.level or "", "")

    @property
    def proposed_symbols(self) -> str:
        return certainty.symbols(self.proposal.level or "")

    @property
    def n_rated(self) -> int:
        return sum(bool(outcome.level) for outcome in self.outcomes)

    @property
    def without_importance(self) -> tuple[str, ...]:
        return tuple(outcome.name for outcome in self.outcomes if not outcome.importance)

    @property
    def reasons(self) -> dict[int, tuple[str, ...]]:
        """Outcome id to why its certainty was changed."""
        return {outcome.id: outcome.worksheet.reasons for outcome in self.outcomes if outcome.worksheet}

    @property
    def sums(self) -> dict[int, str]:
        """Outcome id to how its worksheet comes to the level."""
        return {outcome.id: outcome.worksheet.arithmetic for outcome in self.outcomes if outcome.worksheet}

    def outcome(self, id: int) -> OutcomeCertainty | None:
        return next((outcome for outcome in self.outcomes if outcome.id == id), None)


@dataclass(frozen=True)
class Sum:
    """What the levels chosen so far come to."""

    arithmetic: str
    symbols: str
    definition: str
    warnings: tuple[str, ...]


def sum_of(rating: certainty.Rating) -> Sum:
    return Sum(
        rating.arithmetic,
        certainty.symbols(rating.level),
        certainty.DEFINITIONS[rating.level],
        rating.warnings,
    )


def load_certainty(stored: Stored) -> CertaintyView:
    """From its outcomes and rows."""
    by_outcome: dict[int, list[OutcomeRow]] = {}
    for row in stored.rows:
        by_outcome.setdefault(row.outcome_id, []).append(row)
    outcomes = tuple(
        _outcome(
            outcome,
            stored.worksheet(outcome.pk),
            by_outcome.get(outcome.pk, []),
            stored.ratings.get(outcome.pk, ()),
        )
        for outcome in stored.outcomes.values()
    )
    proposal = certainty.propose_overall_certainty(
        certainty.RatedOutcome(o.name, o.importance, o.level, o.direction) for o in outcomes
    )
    return CertaintyView(outcomes, proposal)


def _outcome(
    outcome: Outcome,
    worksheet: CertaintyWorksheet | None,
    rows: list[OutcomeRow],
    ratings: Sequence[CertaintyRating],
) -> OutcomeCertainty:
    rated_row = next((row for row in rows if worksheet and row.pk == worksheet.row_id), None)
    return OutcomeCertainty(
        id=outcome.pk,
        name=str(outcome),
        better=outcome.better,
        importance=outcome.importance,
        importance_label=Importance(outcome.importance).label if outcome.importance else "",
        level=outcome.certainty,
        label=certainty.LABELS.get(outcome.certainty, ""),
        symbols=certainty.symbols(outcome.certainty),
        definition=certainty.DEFINITIONS.get(outcome.certainty, ""),
        worksheet=_worksheet(worksheet, rated_row, ratings) if worksheet and ratings else None,
        direction=_direction(outcome, [rated_row] if rated_row else rows),
    )


def _worksheet(
    worksheet: CertaintyWorksheet, row: OutcomeRow | None, ratings: Sequence[CertaintyRating]
) -> WorksheetView:
    by_domain = {rating.domain: rating for rating in ratings}
    result = certainty.rate(worksheet.design, {domain: r.levels for domain, r in by_domain.items()})
    return WorksheetView(
        start_label=certainty.LABELS[result.start],
        arithmetic=result.arithmetic,
        warnings=result.warnings,
        design=worksheet.design,
        design_label=StudyDesign(worksheet.design).label,
        design_note=worksheet.design_note,
        domains=tuple(_domain(by_domain[key]) for key in certainty.DEGREES if key in by_domain),
        row_id=worksheet.row_id,
        row_label=row_label(row) if row else "",
        rated_on=worksheet.rated_on,
        row_now=rated_on(row) if row and row_digest(row) != worksheet.evidence_digest else "",
        rated_by=str(worksheet.rated_by),
        rated_at=worksheet.rated_at,
        revision=worksheet.revision,
    )


def _domain(rating: CertaintyRating) -> DomainView:
    then = rating.suggestion or {"levels": None, "text": ""}
    return DomainView(
        key=rating.domain,
        label=str(CertaintyDomain(rating.domain).label),
        levels=rating.levels,
        words=degree(rating.domain, rating.levels),
        reason=rating.reason,
        said=then["text"],
        suggested="" if then["levels"] is None else degree(rating.domain, then["levels"]),
        is_up=max(certainty.DEGREES[rating.domain]) > 0,
    )


def degree(domain: str, levels: int) -> str:
    """`serious, −1`: GRADE's word, and the levels where there are any."""
    word = certainty.DEGREES[domain][levels]
    return f"{word}, {'−' if levels < 0 else '+'}{abs(levels)}" if levels else word


def row_label(row: OutcomeRow) -> str:
    """`All cardiogenic shock, recomputed`."""
    return f"{row.population.label}, {ValueSource(row.source).label.lower()}"


def _direction(outcome: Outcome, rows: Iterable[OutcomeRow]) -> str:
    """Where the results point, `uncertain` where they do not agree or there are none."""
    found = {
        certainty.direction(low, high, outcome.better_by(row.measure))
        for row in rows
        for low, high in [_around_nothing(row)]
        if low is not None and high is not None
    }
    return found.pop() if len(found) == 1 else "uncertain"


def _around_nothing(row: OutcomeRow) -> tuple[float | None, float | None]:
    """The limits as differences from no effect: their side of 0 is what counts."""
    if row.ci_low is None or row.ci_high is None:
        return None, None
    nothing = 1.0 if row.measure in RATIO_MEASURES else 0.0
    return row.ci_low - nothing, row.ci_high - nothing


@dataclass(frozen=True)
class ResultLine:
    """A line of results that an outcome can be rated on."""

    id: int
    label: str
    numbers: str


def load_result_lines(outcome_id: int) -> tuple[ResultLine, ...]:
    """The lines of one outcome, recomputed before reported, in one query."""
    rows = (
        OutcomeRow.objects.filter(outcome_id=outcome_id)
        .select_related("population")
        .order_by("population__position", "source", "pk")
    )
    return tuple(ResultLine(row.pk, row_label(row), rated_on(row)) for row in rows)
