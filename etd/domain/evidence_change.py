"""What has become of the evidence under a judgement: nothing, a minor change, or one that the panel must know of.

Both sides are contents of `etd.domain.evidence.evidence_content`: raw numbers, effects on the natural scale of their
measure. A change counts where it crosses something: no effect, a decision threshold (people per 1,000), a level of
certainty. Each crossing is said in a sentence with its numbers.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from itertools import chain
from typing import Any, TypeAlias

from etd.domain import certainty
from etd.domain.absolute import (
    RISK_MEASURES,
    Interval,
    Number,
    absolute_effect,
    pooled_risk,
    written,
)
from etd.domain.comparator_risk import POOLED
from etd.domain.effect_axis import RATIO_MEASURES
from etd.domain.narrative import SIZES, Thresholds, size_of_effect
from etd.domain.numbers import effect, effect_number, rounded

# Relative: numbers this near are the same number, computed on another day.
SAME = 1e-9
_MOST_DECIMALS = 8
_PER = 1_000
_LIMITS = {"estimate": "The estimate", "ci_low": "The lower limit", "ci_high": "The upper limit"}
_NUMBERS = (
    "n_studies",
    "events_intervention",
    "n_intervention",
    "events_comparison",
    "n_comparison",
    "p_value",
    "i_squared",
)

Row: TypeAlias = Mapping[str, Any]
Place: TypeAlias = tuple[int, int]


class Change(StrEnum):
    """`changed` is what crosses something, `minor` everything else that is not as it was."""

    NONE = "none"
    MINOR = "minor"
    CHANGED = "changed"


@dataclass(frozen=True)
class DecisionLines:
    """What the effects of one outcome in one population are held against.

    `thresholds` are people per 1,000. `risk_source` is the recorded one: with `pooled` each row gives its own
    comparator risk, all events over all people of its comparison arms. Otherwise `comparator_risk`, a proportion, holds
    for both sides; without one there is no absolute effect. `event_free` is Outcome's: None where nobody has said.
    """

    thresholds: Thresholds | None = None
    risk_source: str = POOLED
    comparator_risk: Number | None = None
    event_free: bool | None = False


@dataclass(frozen=True)
class RowChange:
    """One row then and now, by the fields of OutcomeRow; None where it was not there, or is not there any more.

    `source` is that of the row that changed, came or went. A recomputed row that is new has the reported one of its
    place as `before`; one that went has it as `after`.
    """

    outcome_id: int
    population_id: int
    source: str
    before: Row | None
    after: Row | None
    change: Change
    reasons: tuple[str, ...]


@dataclass(frozen=True)
class EvidenceChange:
    """`rows` are those that differ; `reasons` say what is no row's: those of a row stand with it."""

    change: Change
    rows: tuple[RowChange, ...]
    text_before: str
    text_after: str
    text_changed: bool
    reasons: tuple[str, ...]


def worst(changes: Iterable[Change]) -> Change:
    """The one that outweighs the others; NONE for no change at all."""
    order = list(Change)
    return max(changes, key=order.index, default=Change.NONE)


def compare_evidence(
    before: Mapping[str, Any], after: Mapping[str, Any], lines: Mapping[Place, DecisionLines]
) -> EvidenceChange:
    """What differs between two contents; `lines` by (outcome id, population id), none for a place that is missing."""
    text_before, text_after = before.get("research_evidence", ""), after.get("research_evidence", "")
    text_changed = text_before.split() != text_after.split()
    text = Change.CHANGED if text_changed else Change.MINOR if text_before != text_after else Change.NONE
    rows = tuple(
        row
        for row in (
            _row_change(source, was, now, lines)
            for source, was, now in _pairs(before.get("rows", ()), after.get("rows", ()))
        )
        if row.change is not Change.NONE
    )
    return EvidenceChange(
        change=worst([text, *(row.change for row in rows)]),
        rows=rows,
        text_before=text_before,
        text_after=text_after,
        text_changed=text_changed,
        reasons=("The text of the research evidence is another one.",) if text_changed else (),
    )


def _place(row: Row) -> Place:
    return row["outcome_id"], row["population_id"]


def _pairs(before: Sequence[Row], after: Sequence[Row]) -> Iterator[tuple[str, Row | None, Row | None]]:
    """The source of each row, what it was and what it is: itself, the one in its place, or the one beside it."""
    was, now = list(before), list(after)
    for same_row in (_same_row, _same_place):
        for old in tuple(was):
            new = next((row for row in now if same_row(old, row)), None)
            if new is not None:
                was.remove(old)
                now.remove(new)
                yield new["source"], old, new
    paired: list[tuple[Row, Row]] = []
    for new in now:
        beside = _beside(new, before)
        if beside is None:
            yield new["source"], None, new
        else:
            paired.append((beside, new))
            yield new["source"], beside, new
    for old in was:
        beside = _beside(old, after)
        if beside is None:
            yield old["source"], old, None
        elif (old, beside) not in paired:
            yield old["source"], old, beside


def _same_place(one: Row, other: Row) -> bool:
    return _place(one) == _place(other) and one["source"] == other["source"]


def _same_row(one: Row, other: Row) -> bool:
    return one["id"] == other["id"] and _same_place(one, other)


def _beside(row: Row, others: Sequence[Row]) -> Row | None:
    """The row of the other source in the same place, rather one with an effect."""
    there = [one for one in others if _place(one) == _place(row) and one["source"] != row["source"]]
    return next((one for one in there if _has_effect(one)), there[0] if there else None)


def _row_change(
    source: str, before: Row | None, after: Row | None, lines: Mapping[Place, DecisionLines]
) -> RowChange:
    either = after if after is not None else before
    assert either is not None
    outcome_id, population_id = _place(either)
    if before is None or after is None:
        reasons = _came_or_went(either, came=before is None)
        differs = True
    else:
        reasons = tuple(_crossings(before, after, lines.get(_place(either), DecisionLines())))
        differs = before["source"] != after["source"] or _differ(before, after)
    return RowChange(
        outcome_id=outcome_id,
        population_id=population_id,
        source=source,
        before=before,
        after=after,
        change=Change.CHANGED if reasons else Change.MINOR if differs else Change.NONE,
        reasons=reasons,
    )


def _came_or_went(row: Row, *, came: bool) -> tuple[str, ...]:
    if not _has_data(row):
        return ()
    what = _effect_text(row) if _has_effect(row) else _studies(row)
    return (f"These results are new: {what}." if came else f"These results are gone; they were {what}.",)


def _crossings(before: Row, after: Row, lines: DecisionLines) -> Iterator[str]:
    """A sentence for everything that counts."""
    yield from _certainty_moved(before, after)
    if not _has_data(before) and _has_data(after):
        yield f"There were no data; now there are those of {_studies(after)}."
    if _has_data(before) and not _has_data(after):
        yield f"The data are gone; they were those of {_studies(before)}."
    if not _has_effect(before) and not _has_effect(after):
        return
    if not _has_effect(before):
        yield f"There was no effect estimate; now it is {_effect_text(after)}."
    elif not _has_effect(after):
        yield f"The effect estimate is gone; it was {_effect_text(before)}."
    elif before["measure"] != after["measure"]:
        yield f"The measure is another one: {_effect_text(before)} before, {_effect_text(after)} now."
    else:
        yield from _no_effect_crossed(before, after)
        yield from _thresholds_crossed(before, after, lines)


def _certainty_moved(before: Row, after: Row) -> Iterator[str]:
    """From one level to another. That it is rated for the first time crosses nothing."""
    was, now = before.get("certainty", ""), after.get("certainty", "")
    if was and now and was != now:
        yield f"The certainty of the evidence went from {certainty.LABELS[was]} to {certainty.LABELS[now]}."


def _studies(row: Row) -> str:
    return f"{row['n_studies']} {'study' if row['n_studies'] == 1 else 'studies'}"


def _has_data(row: Row) -> bool:
    return bool(row["n_studies"]) or _has_effect(row)


def _has_effect(row: Row) -> bool:
    return all(row[name] is not None for name in _LIMITS)


def _effect_text(row: Row) -> str:
    return f"{row['measure']} {effect(row['estimate'], row['ci_low'], row['ci_high'], row['measure'])}"


def _no_effect_crossed(before: Row, after: Row) -> Iterator[str]:
    """A limit that lies on no effect still holds it, as everywhere; an estimate there is on neither side."""
    measure = after["measure"]
    nothing = 1.0 if measure in RATIO_MEASURES else 0.0
    for name, label in _LIMITS.items():
        was, now = before[name], after[name]
        if _same(was, now, _width(before, after)):
            continue
        if _crosses(name, was - nothing, now - nothing):
            a, b = _told_apart(
                (was, now), nothing, lambda v, decimals: effect_number(v, measure, decimals), fewest=2
            )
            what = label if name == "estimate" else f"{label} of the interval"
            yield f"{what} went from {a} to {b}: it crosses no effect ({rounded(nothing, 0)})."


def _crosses(name: str, was: float, now: float) -> bool:
    """From one side of 0 to the other."""
    if name == "estimate":
        return was < 0 < now or now < 0 < was
    if name == "ci_low":
        return (was > 0) is not (now > 0)
    return (was < 0) is not (now < 0)


def _thresholds_crossed(before: Row, after: Row, lines: DecisionLines) -> Iterator[str]:
    if lines.thresholds is None:
        return
    was, now = _difference(before, lines), _difference(after, lines)
    if was is None or now is None:
        return
    thresholds = lines.thresholds
    for name, field in (("estimate", "estimate"), ("ci_low", "low"), ("ci_high", "high")):
        a, b = getattr(was, field), getattr(now, field)
        if _same(float(a), float(b), 0.0) or _size(a, thresholds) == _size(b, thresholds):
            continue
        yield (
            f"{_LIMITS[name]} of the absolute effect went from {_more_or_fewer((a, b), thresholds)}: "
            f"{_size_words(a, thresholds)} before, {_size_words(b, thresholds)} now "
            f"(thresholds {_in_words(thresholds)} per 1,000)."
        )


def _difference(row: Row, lines: DecisionLines) -> Interval | None:
    """The difference of risks (proportions); None where the row's numbers give none."""
    if row["measure"] not in RISK_MEASURES:
        return None
    event_free = lines.event_free if row["measure"] == "HR" else False
    if event_free is None:
        return None
    try:
        risk = lines.comparator_risk if lines.risk_source != POOLED else _own_risk(row)
        if risk is None:
            return None
        return absolute_effect(
            row["measure"],
            row["estimate"],
            row["ci_low"],
            row["ci_high"],
            comparator_risk=risk,
            event_free=event_free,
        ).difference
    except ValueError:
        return None


def _own_risk(row: Row) -> Fraction | None:
    if row["events_comparison"] is None or not row["n_comparison"]:
        return None
    return pooled_risk(row["events_comparison"], row["n_comparison"])


def _size(difference: Fraction, thresholds: Thresholds) -> int:
    """0 for a trivial effect, ±1 to ±3 for a small to large one: more or fewer people."""
    size = SIZES.index(size_of_effect(difference, thresholds))
    return size if difference > 0 else -size


def _size_words(difference: Fraction, thresholds: Thresholds) -> str:
    size = _size(difference, thresholds)
    return f"{SIZES[abs(size)]}{'' if size == 0 else ' (more)' if size > 0 else ' (fewer)'}"


def _in_words(thresholds: Thresholds) -> str:
    small, moderate, large = (written(Fraction(getattr(thresholds, size))) for size in SIZES[1:])
    return f"{small}, {moderate} and {large}"


def _more_or_fewer(values: tuple[Fraction, Fraction], thresholds: Thresholds) -> str:
    """`18 more to 24 more per 1,000`, with the decimals that show on which side of a threshold each lies."""
    for decimals in range(_MOST_DECIMALS + 1):
        texts = [rounded(float(abs(value) * _PER), decimals) for value in values]
        shown = [Fraction(text.replace(",", "")) / _PER for text in texts]
        if all(
            abs(_size(value, thresholds)) == abs(_size(one, thresholds))
            for value, one in zip(values, shown, strict=True)
        ):
            break
    was, now = (
        f"{text} {'more' if value > 0 else 'fewer'}" for text, value in zip(texts, values, strict=True)
    )
    return f"{was} to {now} per 1,000"


def _told_apart(
    values: tuple[float, float], nothing: float, printed: Callable[[float, int], str], *, fewest: int
) -> list[str]:
    """Two numbers with the decimals that tell them from each other, and from no effect where they are not there."""
    for decimals in range(fewest, _MOST_DECIMALS + 1):
        texts = [printed(value, decimals) for value in values]
        there = printed(nothing, decimals)
        if texts[0] != texts[1] and all(
            (text == there) is (value == nothing) for text, value in zip(texts, values, strict=True)
        ):
            break
    return texts


def _differ(before: Row, after: Row) -> bool:
    width = _width(before, after) if _has_effect(before) and _has_effect(after) else 0.0
    scales = dict.fromkeys(_LIMITS, width) | {"p_value": 1.0, "i_squared": 100.0}
    if any(before.get(name, "") != after.get(name, "") for name in ("measure", "certainty")):
        return True
    return any(
        not _same(before[name], after[name], scales.get(name, 0.0)) for name in chain(_NUMBERS, _LIMITS)
    )


def _width(before: Row, after: Row) -> float:
    """For differences: how wide their intervals are, beside which a number may be as good as 0. Ratios are never 0."""
    if after["measure"] in RATIO_MEASURES:
        return 0.0
    return float(max(row["ci_high"] - row["ci_low"] for row in (before, after)))


def _same(one: float | None, other: float | None, scale: float) -> bool:
    """The same number, up to a billionth of itself or of the scale that it is on."""
    if one is None or other is None:
        return one is other
    return math.isclose(one, other, rel_tol=SAME, abs_tol=SAME * scale)
