"""What a person decides about an outcome before the evidence is judged: its words, importance, thresholds and risks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import ProtectedError
from django.utils import timezone

from etd.actions import audit
from etd.actions.errors import Refused, StaleEdit
from etd.actions.locks import lock_question, require_open
from etd.actions.rounds import recusals
from etd.comparator_risks import by_level
from etd.domain import thresholds as limits
from etd.domain.comparator_risk import impossible_with, risks_revision
from etd.domain.importance import SCALE
from etd.enums import Better, ConflictLevel, HazardOf, Importance, RiskLevel, RiskSource
from etd.models import (
    ComparatorRisk,
    DecisionThresholds,
    ImportanceRating,
    Outcome,
    OutcomeRow,
    Population,
    Question,
    User,
)
from etd.workflow import Part

OUTCOME_FIELDS = ("name", "timepoint", "better", "measured_with", "hazard_ratio_of", "importance")
_KNOWN = {
    "better": Better.values,
    "hazard_ratio_of": ["", *HazardOf.values],
    "importance": ["", *Importance.values],
}


def edit_outcome(
    *, outcome: Outcome, values: Mapping[str, str], revision: int, by: User, op: UUID | None = None
) -> Outcome:
    """Save these fields of the outcome if `revision` is still the stored one; raises StaleEdit otherwise.

    Raises Refused for an unknown polarity, event of hazard ratios or class of importance, an empty name, and the name
    and time point of another outcome of the question.
    """
    if unknown := set(values) - set(OUTCOME_FIELDS):
        raise ValueError(f"not a field of an outcome: {sorted(unknown)}")
    with transaction.atomic():
        question, current = _lock(outcome)
        before = _values(current)
        after = before | dict(values)
        if before == after:
            return current
        require_open(question, Part.EVIDENCE)
        if current.revision != revision:
            raise StaleEdit(before, current.revision)
        for field, known in _KNOWN.items():
            if after[field] not in known:
                raise Refused(f"“{after[field]}” is not one of: {', '.join(filter(None, known))}.")
        if not after["name"].strip():
            raise Refused("An outcome needs a name.")
        same = question.outcomes.filter(name=after["name"], timepoint=after["timepoint"])
        if same.exclude(pk=current.pk).exists():
            raise Refused(
                f"There is already an outcome “{_label(after)}”. Choose another name or time point."
            )
        for field in OUTCOME_FIELDS:
            setattr(current, field, after[field])
        current.revision += 1
        current.save(update_fields=[*OUTCOME_FIELDS, "revision"])
        _record("outcome_edited", current, question, before, after, by=by, op=op)
    return current


def move_outcome(*, outcome: Outcome, position: int, by: User, op: UUID | None = None) -> Outcome:
    """Put the outcome at this place of the question's outcomes, 1 being the first; the others close up."""
    with transaction.atomic():
        question, current = _lock(outcome)
        others = list(question.outcomes.exclude(pk=current.pk))
        place = min(max(position, 1), len(others) + 1)
        ordered = [*others[: place - 1], current, *others[place - 1 :]]
        before = list(question.outcomes.values_list("pk", flat=True))
        if before == [one.pk for one in ordered]:
            return current
        require_open(question, Part.EVIDENCE)
        for number, one in enumerate(ordered, start=1):
            one.position = number
        Outcome.objects.bulk_update(ordered, ["position"])
        was, now = before.index(current.pk) + 1, place
        _record("outcome_moved", current, question, {"place": was}, {"place": now}, by=by, op=op)
    return current


def remove_outcome(*, outcome: Outcome, by: User) -> None:
    """Take out an outcome that nothing is known of yet, with its ratings, thresholds and comparator risks.

    Raises Refused where results, study data, a main method or a line of a summary table belong to it.
    """
    with transaction.atomic():
        question = lock_question(outcome.question)
        require_open(question, Part.EVIDENCE)
        current = question.outcomes.filter(pk=outcome.pk).first()
        if current is None:
            return
        stored = DecisionThresholds.objects.filter(outcome=current).first()
        before = _values(current) | {"thresholds": _thresholds(stored) if stored else None}
        try:
            current.delete()
        except ProtectedError as error:
            kinds = sorted({str(one._meta.verbose_name_plural) for one in error.protected_objects})
            raise Refused(
                f"“{outcome}” cannot be removed: {', '.join(kinds)} belong to it. "
                "Only an outcome without results can be."
            ) from error
        _record("outcome_removed", outcome, question, before, None, by=by)


def rate_importance(
    *, question: Question, ratings: Mapping[int, int], by: User, op: UUID | None = None
) -> list[ImportanceRating]:
    """Store this person's own ratings, outcome id to a number from 1 to 9; each replaces their earlier one.

    Open until the panel has agreed. Raises Refused for an outcome of another question, a number outside the scale, and
    from somebody who takes no part in the question. The trail says that somebody rated; of the numbers only what they
    were, never beside a name on a page.
    """
    now = timezone.now()
    with transaction.atomic():
        current = lock_question(question)
        outcomes = {one.pk: one for one in current.outcomes.filter(pk__in=ratings)}
        if set(outcomes) != set(ratings):
            raise Refused("One of these outcomes is not there any more. Open the page again.")
        if any(rating not in SCALE for rating in ratings.values()):
            raise Refused("Importance is rated from 1 to 9.")
        stored = {
            one.outcome_id: one
            for one in ImportanceRating.objects.filter(outcome__in=outcomes.values(), rated_by=by)
        }
        changed = {pk: r for pk, r in ratings.items() if pk not in stored or stored[pk].rating != r}
        if not changed:
            return sorted(stored.values(), key=lambda one: one.pk)
        require_open(current, Part.JUDGEMENTS)
        if recusals(current).filter(user=by, level=ConflictLevel.EXCLUDED).exists():
            raise Refused("You take no part in this question, nor in rating its outcomes.")
        before = {str(outcomes[pk]): stored[pk].rating for pk in changed if pk in stored}
        for pk, rating in changed.items():
            stored[pk], _ = ImportanceRating.objects.update_or_create(
                outcome=outcomes[pk], rated_by=by, defaults={"rating": rating, "rated_at": now}
            )
        audit.record(
            type="importance_rated",
            subject=current.slug,
            before=before or None,
            after={str(outcomes[pk]): rating for pk, rating in changed.items()},
            at=now,
            by=by,
            question=current,
            op=op,
        )
    return sorted(stored.values(), key=lambda one: one.pk)


@dataclass(frozen=True)
class Thresholds:
    """From how many people in 1,000 on an effect is small, moderate and large, and why there."""

    small: Decimal
    moderate: Decimal
    large: Decimal
    rationale: str = ""

    def __post_init__(self) -> None:
        values = {size: getattr(self, size) for size in limits.SIZES}
        if found := limits.faults(values):
            raise Refused(" ".join(found.values()))


def set_thresholds(
    *,
    outcome: Outcome,
    thresholds: Thresholds,
    revision: int,
    by: User,
    reason: str = "",
    op: UUID | None = None,
) -> DecisionThresholds:
    """Store the thresholds of an outcome; `revision` is 0 where none are stored. Raises StaleEdit when it has passed.

    Once they are locked a `reason` is needed, and the change stays in the trail with it (Refused without).
    """
    with transaction.atomic():
        question, current = _lock(outcome)
        stored = DecisionThresholds.objects.select_for_update().filter(outcome=current).first()
        before = _thresholds(stored) if stored else None
        after = _thresholds(thresholds)
        if stored is not None and before == after:
            return stored
        require_open(question, Part.EVIDENCE)
        if (stored.revision if stored else 0) != revision:
            raise StaleEdit(before or {}, stored.revision if stored else 0)
        changes_locked = stored is not None and stored.locked_at is not None
        if changes_locked and not reason.strip():
            raise Refused("The thresholds are locked: please say why they change.")
        stored = stored or DecisionThresholds(outcome=current, revision=0)
        for field in (*limits.SIZES, "rationale"):
            setattr(stored, field, getattr(thresholds, field))
        stored.revision += 1
        stored.save()
        _record(
            "thresholds_changed" if changes_locked else "thresholds_set",
            current,
            question,
            before,
            after | {"outcome": current.pk} | ({"reason": reason} if changes_locked else {}),
            by=by,
            op=op,
        )
    return stored


def lock_thresholds(
    *, outcome: Outcome, revision: int, by: User, op: UUID | None = None
) -> DecisionThresholds:
    """Lock the thresholds as they are: from now on a change needs a reason.

    Raises StaleEdit when `revision` has passed, Refused where there are none. The trail keeps how many rows of
    results the outcome had at that moment.
    """
    now = timezone.now()
    with transaction.atomic():
        question, current = _lock(outcome)
        stored = DecisionThresholds.objects.select_for_update().filter(outcome=current).first()
        if stored is None:
            raise Refused("There are no thresholds to lock yet.")
        if stored.locked_at is not None:
            return stored
        require_open(question, Part.EVIDENCE)
        if stored.revision != revision:
            raise StaleEdit(_thresholds(stored), stored.revision)
        stored.locked_at, stored.locked_by = now, by
        stored.revision += 1
        stored.save(update_fields=["locked_at", "locked_by", "revision"])
        n_rows = OutcomeRow.objects.filter(outcome=current).count()
        after = _thresholds(stored) | {"outcome": current.pk, "rows": n_rows}
        _record("thresholds_locked", current, question, None, after, by=by, op=op)
    return stored


@dataclass(frozen=True)
class Risk:
    """A comparator risk to be stored: one that follows the evidence, or an external proportion with its citation."""

    level: str
    source: str
    risk: Decimal | None = None
    citation: str = ""

    def __post_init__(self) -> None:
        if self.level not in RiskLevel.values or self.source not in RiskSource.values:
            raise Refused(f"“{self.level}, {self.source}” is no comparator risk.")
        if self.source != RiskSource.EXTERNAL:
            if self.risk is not None or self.citation:
                raise Refused("A risk that follows the evidence takes no number and no citation.")
        elif self.risk is None or not 0 <= self.risk <= 1:
            raise Refused("An external risk must lie between 0 and 1,000 per 1,000.")
        elif not self.citation.strip():
            raise Refused("An external risk needs to say where it was read.")
        elif self.level == RiskLevel.STUDIES:
            raise Refused(
                "An external risk is not that of the studies: make it the low, moderate or high one."
            )


def set_comparator_risks(
    *,
    outcome: Outcome,
    population: Population,
    risks: Sequence[Risk],
    revision: int,
    by: User,
    op: UUID | None = None,
) -> list[ComparatorRisk]:
    """Put these in the place of all comparator risks of the outcome in this population, at most one a level.

    `revision` is `risks_revision` of those that the form was made from; raises StaleEdit when others are stored now,
    Refused for an external risk that an effect of this outcome would lead out of 0 to 1.
    """
    with transaction.atomic():
        question, current = _lock(outcome)
        if population.question_id != question.pk:
            raise Refused("The population must be of the outcome's own question.")
        if len({risk.level for risk in risks}) < len(risks):
            raise Refused("There is one comparator risk a level.")
        stored = stored_risks(current, population)
        before = [risk_values(one) for one in stored]
        after = [risk_values(one) for one in by_level(risks)]
        if before == after:
            return stored
        require_open(question, Part.EVIDENCE)
        if risks_revision(before) != revision:
            raise StaleEdit({"risks": before}, risks_revision(before))
        _require_possible(current, population, risks)
        ComparatorRisk.objects.filter(outcome=current, population=population).delete()
        ComparatorRisk.objects.bulk_create(
            ComparatorRisk(
                outcome=current,
                population=population,
                level=risk.level,
                source=risk.source,
                risk=risk.risk,
                citation=risk.citation,
            )
            for risk in risks
        )
        audit.record(
            type="comparator_risks_set",
            subject=f"{current}, {population}"[:300],
            before=before,
            after=after,
            at=timezone.now(),
            by=by,
            question=question,
            op=op,
        )
    return stored_risks(current, population)


def _require_possible(outcome: Outcome, population: Population, risks: Sequence[Risk]) -> None:
    for row in OutcomeRow.objects.filter(outcome=outcome, population=population):
        for risk in risks:
            if row.estimate is None or risk.risk is None:
                continue
            if why := impossible_with(row.measure, row.estimate, risk.risk):
                raise Refused(why)


def stored_risks(outcome: Outcome, population: Population) -> list[ComparatorRisk]:
    """The comparator risks of one outcome and population, as in the studies first, then from low to high."""
    return by_level(ComparatorRisk.objects.filter(outcome=outcome, population=population))


def risk_values(one: ComparatorRisk | Risk) -> dict[str, str]:
    """What is stored of a comparator risk, as the trail and `risks_revision` hold it; the risk as a proportion."""
    risk = "" if one.risk is None else f"{one.risk:.8f}"
    return {"level": str(one.level), "source": str(one.source), "risk": risk, "citation": one.citation}


def _lock(outcome: Outcome) -> tuple[Question, Outcome]:
    question = lock_question(outcome.question)
    current = question.outcomes.filter(pk=outcome.pk).first()
    if current is None:
        raise Refused(f"Somebody else has removed the outcome “{outcome}” in the meantime.")
    return question, current


def _values(outcome: Outcome) -> dict[str, str]:
    return {field: str(getattr(outcome, field)) for field in OUTCOME_FIELDS}


def _label(values: Mapping[str, str]) -> str:
    return f"{values['name']}, {values['timepoint']}" if values["timepoint"] else values["name"]


def _thresholds(thresholds: DecisionThresholds | Thresholds) -> dict[str, Any]:
    numbers = {size: f"{getattr(thresholds, size).normalize():f}" for size in limits.SIZES}
    return numbers | {"rationale": thresholds.rationale}


def _record(
    type: str,
    outcome: Outcome,
    question: Question,
    before: Any,
    after: Any,
    *,
    by: User,
    op: UUID | None = None,
) -> None:
    audit.record(
        type=type,
        subject=str(outcome)[:300],
        before=before,
        after=after,
        at=timezone.now(),
        by=by,
        question=question,
        op=op,
    )
