"""What a forest plot shows, from top to bottom, as text: studies in their order, subtotals and the pooled line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from etd.domain import numbers
from metaanalysis.plots.forest.cells import cells_of, totals_of
from metaanalysis.wording import METHODS, study_name

ORDERS = {
    "year": "Year",
    "file": "As in the file",
    "weight": "Weight, heaviest first",
    "effect": "Effect, smallest first",
}


@dataclass(frozen=True)
class PooledGroup:
    """The studies of one subgroup pooled by themselves: `result` as the whole result, by `result_to_json`."""

    name: str
    result: Mapping[str, Any]


@dataclass(frozen=True)
class GroupedBy:
    """The subgroups of a plot, and the sentence on whether they differ."""

    groups: tuple[PooledGroup, ...]
    test: str = ""


@dataclass(frozen=True)
class Study:
    """A line in words; `values` are estimate and interval (natural scale), `share` the weight in percent."""

    label: str
    cells: tuple[str, ...]
    effect: str
    weight: str
    share: float | None
    values: tuple[float, float, float] | None
    subgroup: str = ""
    reason: str = ""


@dataclass(frozen=True)
class Rows:
    """What the plot shows, from top to bottom."""

    studies: list[Study]
    excluded: list[Study]
    pooled: Study
    grouped: GroupedBy | None = None
    sums: dict[str, Study] = field(default_factory=dict)

    def of(self, group: PooledGroup) -> list[Study]:
        return [study for study in self.studies if study.subgroup == group.name]

    def all_texts(self) -> list[Study]:
        return [*self.studies, *self.excluded, self.pooled, *self.sums.values()]


def effect_text(values: Mapping[str, Any] | None, measure: str) -> str:
    """`1.17 (0.96–1.41)` of a mapping with estimate, ci_low and ci_high; `not estimable` where one is missing."""
    triple = effect_and_interval(values)
    return "not estimable" if triple is None else numbers.effect(*triple, measure)


def effect_and_interval(values: Mapping[str, Any] | None) -> tuple[float, float, float] | None:
    """Estimate and both ends of its interval; None where one is missing."""
    if values is None or any(values.get(name) is None for name in ("estimate", "ci_low", "ci_high")):
        return None
    return float(values["estimate"]), float(values["ci_low"]), float(values["ci_high"])


def rows_of(
    result: Mapping[str, Any], inputs: Sequence[Mapping[str, Any]], order: str, grouped: GroupedBy | None
) -> Rows:
    """The studies of the result with the entries they came from, by a key of `ORDERS`."""
    placed = _matched(result["studies"], inputs)
    used = {id(row) for _, row, _ in placed}
    rest = [row for row in inputs if id(row) not in used]
    left_out = _matched(result["excluded"], rest or inputs)
    measure = result["measure"]
    studies = [
        Study(
            label=study_name(entry["study"], row.get("year")),
            cells=cells_of(row),
            effect=effect_text(entry, measure),
            weight="–" if entry["weight"] is None else numbers.rounded(entry["weight"], 1),
            share=entry["weight"],
            values=effect_and_interval(entry),
            subgroup=row.get("subgroup") or "",
        )
        for _, row, entry in sorted(placed, key=_ORDER_KEYS[order])
    ]
    excluded = [
        Study(
            label=study_name(entry["study"], row.get("year")),
            cells=cells_of(row),
            effect="",
            weight="",
            share=None,
            values=None,
            reason=f"Not in the analysis: {_uncapitalised(entry['reason'])}",
        )
        for _, row, entry in sorted(left_out, key=_ORDER_KEYS["file" if order == "file" else "year"])
    ]
    pooled = Study(
        pooled_name(result),
        totals_of([r for _, r, _ in placed]),
        effect_text(result, measure),
        "100",
        None,
        None,
    )
    rows = Rows(studies, excluded, pooled, grouped)
    for group in grouped.groups if grouped else ():
        rows.sums[group.name] = _sum_of(group, rows.of(group), placed, measure)
    return rows


def _sum_of(group: PooledGroup, studies: Sequence[Study], placed: Sequence[_Placed], measure: str) -> Study:
    shares = [study.share for study in studies]
    weight = sum(share for share in shares if share is not None)
    return Study(
        label="Subtotal",
        cells=totals_of([row for _, row, _ in placed if (row.get("subgroup") or "") == group.name]),
        effect=effect_text(group.result, measure),
        weight=numbers.rounded(weight, 1) if shares and None not in shares else "",
        share=None,
        values=effect_and_interval(group.result),
        subgroup=group.name,
    )


_Placed = tuple[int, Mapping[str, Any], Mapping[str, Any]]


def _matched(entries: Sequence[Mapping[str, Any]], inputs: Sequence[Mapping[str, Any]]) -> list[_Placed]:
    """Position in the file, row and entry of the result: entries stand in the order of the rows they came from."""
    rows: dict[str, list[tuple[int, Mapping[str, Any]]]] = {}
    for position, row in enumerate(inputs):
        rows.setdefault(row["study"], []).append((position, row))
    found: list[_Placed] = []
    for entry in entries:
        waiting = rows.get(entry["study"]) or [(len(inputs), {})]
        position, row = waiting.pop(0) if len(waiting) > 1 else waiting[0]
        found.append((position, row, entry))
    return found


def _by_year(placed: _Placed) -> tuple[Any, ...]:
    position, row, entry = placed
    year = row.get("year")
    return (year is None, year or 0, entry["study"].casefold() if year else "", position)


_ORDER_KEYS: Mapping[str, Any] = {
    "year": _by_year,
    "file": lambda placed: placed[0],
    "weight": lambda placed: (-(placed[2].get("weight") or 0.0), placed[0]),
    "effect": lambda placed: (
        placed[2].get("estimate") is None,
        placed[2].get("estimate") or 0.0,
        placed[0],
    ),
}


def _uncapitalised(sentence: str) -> str:
    return sentence[:1].lower() + sentence[1:]


def pooled_name(result: Mapping[str, Any]) -> str:
    """`Pooled, random effects (REML)`"""
    model = "random effects" if result["model"] == "random" else "common effect"
    method = "" if result["method"] == "iv" else METHODS.get(result["method"], result["method"])
    by = ", ".join(part for part in (method, result.get("tau2_method") or "") if part)
    return f"Pooled, {model} ({by})" if by else f"Pooled, {model}"
