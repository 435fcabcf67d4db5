"""The judgement scale: one criterion's options laid out in the seven columns that every view of it shares."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from etd.frameworks.schema import Criterion, Option


@dataclass(frozen=True)
class ScaleCell:
    """One option on the scale. `applies_to` names what a chosen option is for, where the panel said so."""

    key: str
    label: str
    column: int
    direction: str
    aside: bool
    chosen: bool
    applies_to: tuple[str, ...] = ()


def scale(criterion: Criterion, chosen: Mapping[str, Collection[str]]) -> tuple[ScaleCell | None, ...]:
    """Seven cells, None where the framework leaves a blank; `chosen` maps option keys to what they apply to."""
    return tuple(_cell(option, chosen) if option else None for option in criterion.cells)


def _cell(option: Option, chosen: Mapping[str, Collection[str]]) -> ScaleCell:
    return ScaleCell(
        key=option.key,
        label=option.label,
        column=option.column,
        direction=option.direction,
        aside=not option.is_scale,
        chosen=option.key in chosen,
        applies_to=tuple(name for name in chosen.get(option.key, ()) if name),
    )
