"""The outcomes of a question as a person may see them: importance, thresholds, comparator risks, certainty."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db.models import Q

from etd.comparator_risks import by_level, risk_from
from etd.domain import certainty, importance, thresholds
from etd.domain.absolute import RISK_MEASURES, risk_text
from etd.domain.comparator_risk import AssumedRisk
from etd.enums import (
    Better,
    CertaintyLevel,
    ConflictLevel,
    Importance,
    RiskLevel,
    RiskSource,
    ValueSource,
)
from etd.models import (
    AuditEvent,
    ComparatorRisk,
    DecisionThresholds,
    ImportanceRating,
    Outcome,
    OutcomeRow,
    Population,
    Question,
    Recusal,
    User,
)

BAR_HEIGHT = 40
_THRESHOLD_EVENTS = ("thresholds_locked", "thresholds_changed")


@dataclass(frozen=True)
class RatingBar:
    """How many rated so; the bar from `top` down is `height` high, of BAR_HEIGHT."""

    rating: int
    count: int
    height: int
    top: int


@dataclass(frozen=True)
class ImportanceView:
    """What the members' ratings say; `text` is empty while it is not for this viewer, or nobody has rated.

    `proposal` is the class that the median falls into, as a sentence.
    """

    label: str
    own: int | None
    n_raters: int
    text: str
    proposal: str
    bars: tuple[RatingBar, ...]


@dataclass(frozen=True)
class ThresholdChange:
    """A change after locking, with its reason."""

    at: datetime
    by: str
    words: str
    reason: str


@dataclass(frozen=True)
class ThresholdsView:
    """`timing` says in words whether they were locked before results were stored."""

    text: str
    rationale: str
    revision: int
    is_locked: bool
    locked_at: datetime | None
    locked_by: str
    timing: str
    changes: tuple[ThresholdChange, ...]


@dataclass(frozen=True)
class RiskLine:
    """One comparator risk: `figures` are pairs of a risk in words and where it is from, or the reason there is none."""

    level: str
    source: str
    figures: tuple[tuple[str, str], ...]
    citation: str


@dataclass(frozen=True)
class RiskPlace:
    """The comparator risks of one population; `offers` say what each source that follows the evidence would give.

    `effects` are the measures and estimates that a risk typed there would be taken through.
    """

    population_id: int
    population: str
    lines: tuple[RiskLine, ...]
    offers: tuple[tuple[str, str], ...]
    effects: tuple[tuple[str, float], ...]


@dataclass(frozen=True)
class OutcomeView:
    id: int
    position: int
    name: str
    timepoint: str
    label: str
    polarity: str
    measured_with: str
    revision: int
    importance: ImportanceView
    thresholds: ThresholdsView | None
    places: tuple[RiskPlace, ...]
    certainty: str
    certainty_symbols: str
    n_rows: int

    @property
    def place_above(self) -> int:
        return self.position - 1

    @property
    def place_below(self) -> int:
        return self.position + 1

    @property
    def risk_places(self) -> tuple[RiskPlace, ...]:
        """The populations of which comparator risks were chosen."""
        return tuple(place for place in self.places if place.lines)


def load_outcomes(question: Question, viewer: User, *, manages: bool) -> tuple[OutcomeView, ...]:
    """All outcomes in order, in seven queries.

    The ratings of an outcome are shown to whoever has rated it or manages the outcomes: nobody follows the others.
    Ratings of people who take no part in the question any more do not count.
    """
    outcomes = list(Outcome.objects.filter(question=question).order_by("position", "pk"))
    ratings, own = _ratings(question, viewer)
    stored = {
        one.outcome_id: one
        for one in DecisionThresholds.objects.filter(outcome__question=question).select_related("locked_by")
    }
    trail = _threshold_trail(question)
    risks: dict[tuple[int, int], list[ComparatorRisk]] = defaultdict(list)
    populations: dict[int, Population] = {}
    for risk in ComparatorRisk.objects.filter(outcome__question=question).select_related("population"):
        risks[risk.outcome_id, risk.population_id].append(risk)
        populations[risk.population_id] = risk.population
    rows: dict[int, list[OutcomeRow]] = defaultdict(list)
    for row in OutcomeRow.objects.filter(outcome__question=question).select_related("population"):
        rows[row.outcome_id].append(row)
        populations[row.population_id] = row.population
    return tuple(
        OutcomeView(
            id=one.pk,
            position=number,
            name=one.name,
            timepoint=one.timepoint,
            label=str(one),
            polarity=Better(one.better).label,
            measured_with=one.measured_with,
            revision=one.revision,
            importance=_importance(one, ratings.get(one.pk, []), own.get(one.pk), manages),
            thresholds=_thresholds(stored[one.pk], trail.get(one.pk, []), len(rows[one.pk]))
            if one.pk in stored
            else None,
            places=_places(one, rows[one.pk], risks, populations),
            certainty=CertaintyLevel(one.certainty).label if one.certainty else "",
            certainty_symbols=certainty.symbols(one.certainty),
            n_rows=len(rows[one.pk]),
        )
        for number, one in enumerate(outcomes, start=1)
    )


def _ratings(question: Question, viewer: User) -> tuple[dict[int, list[int]], dict[int, int]]:
    excluded = set(
        Recusal.objects.filter(
            Q(question=question) | Q(guideline=question.guideline_id),
            ended_at__isnull=True,
            level=ConflictLevel.EXCLUDED,
        ).values_list("user_id", flat=True)
    )
    found: dict[int, list[int]] = defaultdict(list)
    own: dict[int, int] = {}
    for one in ImportanceRating.objects.filter(outcome__question=question):
        if one.rated_by_id == viewer.pk:
            own[one.outcome_id] = one.rating
        if one.rated_by_id not in excluded:
            found[one.outcome_id].append(one.rating)
    return found, own


def _importance(outcome: Outcome, values: list[int], own: int | None, manages: bool) -> ImportanceView:
    label = Importance(outcome.importance).label if outcome.importance else ""
    found = importance.ratings(values)
    if found is None or not (manages or own is not None):
        return ImportanceView(label, own, len(values), "", "", ())
    tallest = max(found.counts)
    heights = [round(count * BAR_HEIGHT / tallest) for count in found.counts]
    return ImportanceView(
        label=label,
        own=own,
        n_raters=found.n,
        text=found.text,
        proposal=proposal(found),
        bars=tuple(
            RatingBar(rating, count, height, BAR_HEIGHT - height)
            for rating, count, height in zip(importance.SCALE, found.counts, heights, strict=True)
        ),
    )


def proposal(found: importance.Ratings) -> str:
    """What the ratings propose, for a person to decide."""
    if found.band:
        return f"The median of {found.median:g} proposes: {Importance(found.band).label.lower()}."
    return f"The median of {found.median:g} lies between two classes: the ratings propose neither."


def _threshold_trail(
    question: Question,
) -> dict[int, list[tuple[AuditEvent, dict[str, Any], dict[str, Any]]]]:
    """Outcome id to its events of locking and of changes after it, the first first, each with before and after."""
    found: dict[int, list[tuple[AuditEvent, dict[str, Any], dict[str, Any]]]] = defaultdict(list)
    events = AuditEvent.objects.filter(
        guideline=question.guideline.slug, question=question.slug, type__in=_THRESHOLD_EVENTS
    )
    for event in events.order_by("seq"):
        before, after = (json.loads(text) if text else {} for text in (event.before, event.after))
        found[after["outcome"]].append((event, before, after))
    return found


def _thresholds(
    stored: DecisionThresholds,
    trail: Iterable[tuple[AuditEvent, dict[str, Any], dict[str, Any]]],
    n_rows: int,
) -> ThresholdsView:
    events = list(trail)
    locked = next((after for event, _, after in events if event.type == "thresholds_locked"), None)
    return ThresholdsView(
        text=thresholds.in_words(_sizes(stored)),
        rationale=stored.rationale,
        revision=stored.revision,
        is_locked=stored.locked_at is not None,
        locked_at=stored.locked_at,
        locked_by=str(stored.locked_by) if stored.locked_by else "",
        timing=timing(stored.locked_at is not None, locked["rows"] if locked else None, n_rows),
        changes=tuple(
            ThresholdChange(event.at, event.actor_name, _change(before, after), after["reason"])
            for event, before, after in events
            if event.type == "thresholds_changed"
        ),
    )


def timing(is_locked: bool, rows_when_locked: int | None, rows_now: int) -> str:
    """Whether the thresholds were locked before the first result of the outcome was stored here."""
    if not is_locked:
        if rows_now:
            return "Not locked, and results of this outcome are stored already."
        return "Not locked yet. No result of this outcome is stored."
    if rows_when_locked is None:
        return ""
    if rows_when_locked:
        return (
            "Locked after results of this outcome were stored here: whoever set them may have seen the data."
        )
    if rows_now:
        return "Locked before the first result of this outcome was stored here."
    return "Locked. No result of this outcome is stored yet."


def _sizes(stored: DecisionThresholds) -> dict[str, Decimal]:
    return {size: getattr(stored, size) for size in thresholds.SIZES}


def _change(before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    was, now = thresholds.in_short(before), thresholds.in_short(after)
    return f"{was} → {now} per 1,000" if was != now else "the rationale"


def _places(
    outcome: Outcome,
    rows: list[OutcomeRow],
    risks: Mapping[tuple[int, int], list[ComparatorRisk]],
    populations: Mapping[int, Population],
) -> tuple[RiskPlace, ...]:
    # A hazard ratio from estimates has no counts, and needs a risk from elsewhere all the more.
    for_risks = [row for row in rows if row.events_comparison is not None or row.measure in RISK_MEASURES]
    of_this = {population for one, population in risks if one == outcome.pk}
    ids = of_this | {row.population_id for row in for_risks}
    ordered = sorted((populations[pk] for pk in ids), key=lambda one: (one.position, one.pk))
    return tuple(
        _place(
            population,
            [row for row in for_risks if row.population_id == population.pk],
            risks.get((outcome.pk, population.pk), []),
        )
        for population in ordered
    )


def _place(population: Population, rows: list[OutcomeRow], risks: list[ComparatorRisk]) -> RiskPlace:
    offers = [
        (f"{RiskSource(source).label}, {ValueSource(row.source).label.lower()} row", _figure(source, row))
        for source in (RiskSource.POOLED, RiskSource.MEDIAN)
        for row in sorted(rows, key=lambda row: row.source, reverse=True)
    ]
    return RiskPlace(
        population_id=population.pk,
        population=population.label,
        lines=tuple(_line(one, rows) for one in by_level(risks)),
        offers=tuple((name, f"{risk} ({words})" if risk else words) for name, (risk, words) in offers),
        effects=tuple((row.measure, row.estimate) for row in rows if row.estimate is not None),
    )


def _line(stored: ComparatorRisk, rows: list[OutcomeRow]) -> RiskLine:
    """External risks are the same whatever the row; the others follow each row, reported and recomputed."""
    figures: list[tuple[str, str]]
    if stored.source == RiskSource.EXTERNAL:
        assert stored.risk is not None
        figures = [(f"{thresholds.plain(stored.risk * 1_000)} per 1,000", "external cohort")]
    else:
        several = len(rows) > 1
        figures = []
        for row in sorted(rows, key=lambda row: row.source, reverse=True):
            risk, words = _figure(stored.source, row)
            source = ValueSource(row.source).label
            named = f"{words}, {source.lower()}" if risk else f"{source}: {words}"
            figures.append((risk, named if several else words))
    return RiskLine(
        level=RiskLevel(stored.level).label,
        source=RiskSource(stored.source).label,
        figures=tuple(figures) or (("", "No row with counts to take it from."),),
        citation=stored.citation,
    )


def _figure(source: str, row: OutcomeRow) -> tuple[str, str]:
    """The risk that a row gives, as `414 per 1,000` and where it is from; empty with the reason where it gives none."""
    found = risk_from(row, source)
    if isinstance(found, AssumedRisk):
        return risk_text(found.risk), found.words
    return "", found.reason
