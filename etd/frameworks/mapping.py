"""Moving a question from one framework to another: which criterion becomes which, and what has no place there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from etd.frameworks.schema import Criterion, Framework, Option


@dataclass(frozen=True, slots=True)
class Placed:
    """A criterion of the former framework and where its content goes; `target` None: it is kept aside, in words.

    `without_place` are the options that the target does not have; a judgement for one of them is kept in words.
    """

    criterion: Criterion
    target: Criterion | None
    without_place: tuple[Option, ...]


def proposed(source: Framework, target: Framework) -> dict[str, str]:
    """Criterion key to criterion key: the same key, else the same role, else empty. No target is proposed twice."""
    free = {criterion.key: criterion for criterion in target.criteria}
    mapping = {c.key: c.key for c in source.criteria if free.pop(c.key, None)}
    for criterion in source.criteria:
        if criterion.key not in mapping:
            role = criterion.role
            same = next((c.key for c in free.values() if role and c.role is role), "")
            free.pop(same, None)
            mapping[criterion.key] = same
    return mapping


def placed(source: Framework, target: Framework, mapping: Mapping[str, str]) -> tuple[Placed, ...]:
    """What the mapping means for every criterion of the source. Raises `UnknownKey` for a key that is in neither."""
    for key in mapping:
        source.criterion(key)
    return tuple(_placed(criterion, target, mapping.get(criterion.key, "")) for criterion in source.criteria)


def _placed(criterion: Criterion, target: Framework, key: str) -> Placed:
    if not key:
        return Placed(criterion, None, criterion.options)
    into = target.criterion(key)
    there = {option.key for option in into.options}
    return Placed(criterion, into, tuple(option for option in criterion.options if option.key not in there))
