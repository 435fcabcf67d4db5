"""How the evidence has moved since something was judged or voted on it. For selectors; nothing here writes."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from django.db.models import Exists, OuterRef, Q

from etd.domain.evidence_change import (
    Change,
    DecisionLines,
    EvidenceChange,
    Place,
    RowChange,
    compare_evidence,
    worst,
)
from etd.domain.narrative import Thresholds
from etd.enums import RECOMMENDATION_TYPE_ITEM, RiskLevel, RiskSource
from etd.evidence import Evidence
from etd.frameworks import Framework
from etd.models import KeptEvidence, Question
from etd.stored import Stored

# An item of the question and the digest of the evidence that it was judged on.
Stood: TypeAlias = tuple[str, str]
_NOTHING: Mapping[str, Any] = {"research_evidence": "", "rows": []}


@dataclass(frozen=True)
class Moved:
    """What has become of the evidence of one item. `what` is None where the evidence of that time was not kept.

    For the type of recommendation `because_of` has the criteria whose evidence moved, by key. `names` are those of the
    outcomes and populations at that time, as Evidence has them.
    """

    change: Change
    what: EvidenceChange | None
    because_of: Mapping[str, EvidenceChange] = field(default_factory=dict)
    names: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


AS_IT_WAS = Moved(Change.NONE, EvidenceChange(Change.NONE, (), "", "", False, ()))
NOT_KEPT = Moved(Change.CHANGED, None)


@dataclass
class _Known:
    """Contents by their digest, of today's evidence and of what was kept, with what things were called then."""

    question: Question
    contents: dict[str, Mapping[str, Any]]
    names: dict[str, dict[str, str]]

    def read(self, differing: Iterable[Stood]) -> None:
        """Their contents in one query, and of the type of recommendation also those of the criteria that it names."""
        differing = list(differing)
        missing = {digest for _, digest in differing if digest and digest not in self.contents}
        of_type = [digest for key, digest in differing if key == RECOMMENDATION_TYPE_ITEM]
        kept_here = KeptEvidence.objects.filter(question=self.question)
        named_there = kept_here.filter(digest__in=of_type, content__contains=OuterRef("digest"))
        kept_and_named = kept_here.filter(
            Q(digest__in=missing) | Q(Exists(named_there)) & ~Q(digest__in=list(self.contents))
        )
        # What was kept last has the newest names.
        for kept in kept_and_named.order_by("pk"):
            self.contents[kept.digest] = json.loads(kept.content)
            for kind, names in kept.names.items():
                self.names.setdefault(kind, {}).update(names)


def moved(
    stored: Stored,
    stood_on: Iterable[Stood],
    *,
    now: Evidence,
    today: Evidence | None = None,
    medians: Mapping[Place, float | None] | None = None,
) -> dict[Stood, Moved]:
    """What has become of each item since the evidence with this digest. No query where all stand on `now`.

    What stood on the evidence of today in the form that it was told in earlier, and was not kept, stands on it.
    Otherwise one query for the kept evidence, and what is needed of `stored`: rows, outcomes, comparator risks.
    `today` is the evidence as it is stored, where `now` is another one.
    """
    stood = dict.fromkeys(stood_on)
    differing = [(key, digest) for key, digest in stood if digest != now.digest_of(key)]
    if not differing:
        return dict.fromkeys(stood, AS_IT_WAS)
    today = today or now
    known = _Known(stored.question, _contents_of(today), {})
    known.read(differing)
    earlier = {
        digest: today.content_of(key)
        for key, digest in differing
        if digest not in known.contents and today.is_of(key, digest)
    }
    known.contents.update(earlier)
    is_any_known = any(digest in known.contents for _, digest in differing)
    lines = decision_lines(stored, medians or {}) if is_any_known else {}
    found = {}
    for key, digest in differing:
        content = known.contents.get(digest)
        if content is None:
            found[key, digest] = NOT_KEPT
        elif key == RECOMMENDATION_TYPE_ITEM:
            found[key, digest] = _type_moved(stored.question, content, now, known, lines)
        else:
            what = compare_evidence(content, now.contents.get(key, _NOTHING), lines)
            found[key, digest] = Moved(what.change, what, names=known.names)
    return {one: found.get(one, AS_IT_WAS) for one in stood}


def decision_lines(stored: Stored, proposed: Mapping[Place, float | None]) -> dict[Place, DecisionLines]:
    """What the effects of each outcome and population are held against.

    The median of the trials is that of the recomputed row as it is today, or the `proposed` one of a row that is not
    stored yet: it holds for both sides of a comparison.
    """
    thresholds = {
        pk: Thresholds(one.small, one.moderate, one.large)
        for pk in stored.outcomes
        if (one := stored.thresholds(pk)) is not None
    }
    risks = {
        place: one for place, there in stored.risks.items() for one in there if one.level == RiskLevel.STUDIES
    }
    medians: dict[Place, float | None] = {}
    outcomes: dict[Place, bool | None] = {}
    for row in stored.rows:
        place = row.outcome_id, row.population_id
        outcomes[place] = row.outcome.event_free
        if median := (row.provenance or {}).get("median_comparison_risk"):
            medians.setdefault(place, median["risk"])
    medians |= proposed
    found = {}
    for place, event_free in outcomes.items():
        recorded = risks.get(place)
        source = recorded.source if recorded else RiskSource.POOLED
        external = recorded.risk if recorded else None
        found[place] = DecisionLines(
            thresholds=thresholds.get(place[0]),
            risk_source=source,
            comparator_risk=medians.get(place) if source == RiskSource.MEDIAN else external,
            event_free=event_free,
        )
    return found


def heading_of(framework: Framework, key: str) -> str:
    """Of a criterion, also of one that the framework does not have any more: by its key then."""
    headings = {criterion.key: criterion.heading for criterion in framework.criteria}
    return headings.get(key) or key.replace("_", " ").capitalize()


def _contents_of(evidence: Evidence) -> dict[str, Mapping[str, Any]]:
    """By digest."""
    keys = (*evidence.contents, RECOMMENDATION_TYPE_ITEM)
    return {evidence.digest_of(key): evidence.content_of(key) for key in keys}


def _type_moved(
    question: Question,
    digests: Mapping[str, str],
    now: Evidence,
    known: _Known,
    lines: Mapping[Place, DecisionLines],
) -> Moved:
    """`digests` are those of all criteria when the type was recorded; a criterion may have come or gone since."""
    changes: dict[str, EvidenceChange] = {}
    for key in dict.fromkeys([*now.contents, *digests]):
        digest = digests.get(key)
        today = now.digests.get(key)
        if digest == today or _went_along(digest, today, digests, now):
            continue
        before = _NOTHING if digest is None else known.contents.get(digest)
        if before is None:
            return NOT_KEPT
        change = compare_evidence(before, now.contents.get(key, _NOTHING), lines)
        if change.change is not Change.NONE:
            changes[key] = change
    # Criteria judged by the tables have all the same rows.
    rows: dict[tuple[object, ...], RowChange] = {}
    for change in changes.values():
        for row in change.rows:
            rows.setdefault(_identity(row), row)
    overall = worst(change.change for change in changes.values())
    reasons = tuple(
        f"{heading_of(question.framework, key)}: {reason}"
        for key, change in changes.items()
        for reason in change.reasons
    )
    what = EvidenceChange(overall, tuple(rows.values()), "", "", False, reasons)
    return Moved(overall, what, because_of=changes, names=known.names)


def _identity(change: RowChange) -> tuple[object, ...]:
    """Equal for two changes of the same row."""
    sides = (tuple(sorted(row.items())) if row else None for row in (change.before, change.after))
    return (change.outcome_id, change.population_id, change.source, *sides)


def _went_along(digest: str | None, today: str | None, digests: Mapping[str, str], now: Evidence) -> bool:
    """Did evidence only go from one criterion to another, with a new framework? Then it is the same.

    Where the criterion was there before and is there now, only that of a criterion that went away can have come to it.
    """
    stayed = digest is not None and today is not None
    came_from = {one for key, one in digests.items() if not stayed or key not in now.contents}
    return today in {None, *came_from} and digest in {None, *now.digests.values()}
