"""Which thing of one document is which of the other, and every single value in which two things differ."""

from __future__ import annotations

import json
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from difflib import SequenceMatcher
from typing import Any, TypeVar

from documents.difference.change import Part

T = TypeVar("T")
Pair = tuple[T | None, T | None]
Path = tuple[str, ...]

# Two things that no key joins are the same one, rewritten, where at least this share of their values agrees.
ALIKE = 0.7
# What tells the members of a list apart, in the order in which it is tried.
_NAMES = ("key", "item_key", "option_key", "number", "name", "study", "mark", "column", "outcome")
_ABSENT: Any = object()


@dataclass(frozen=True)
class Words:
    """How one value of a thing is named. Without `printed` it stands in the document's data alone."""

    label: str
    prose: bool = False
    printed: bool = True


def aligned(before: Sequence[T], after: Sequence[T], *keys: Callable[[T], Hashable]) -> list[Pair[T]]:
    """Pairs of what is the same thing on both sides; None where it is on one side only. In the order of `after`.

    Each key is tried in turn on what is left; one that is empty joins nothing. What no key joins is joined by likeness.
    """
    partner: dict[int, int] = {}
    for same in (*(_by_key(key) for key in keys), _alike):
        for j, new in enumerate(after):
            if j in partner:
                continue
            taken = set(partner.values())
            free = [i for i in range(len(before)) if i not in taken]
            found = next((i for i in free if same(before[i], new)), None)
            if found is not None:
                partner[j] = found
    pairs: list[Pair[T]] = [
        (before[partner[j]] if j in partner else None, new) for j, new in enumerate(after)
    ]
    gone = [old for i, old in enumerate(before) if i not in set(partner.values())]
    return pairs + [(old, None) for old in gone]


def order_parts(
    before: Sequence[T], after: Sequence[T], pairs: Sequence[Pair[T]], name: Callable[[T], str]
) -> list[Part]:
    """One part, with the names of both sides, where what is on both stands in another order."""
    places = [
        next(place for place, one in enumerate(before) if one is old)
        for old, new in pairs
        if old is not None and new is not None
    ]
    if places == sorted(places):
        return []
    was, now = ("; ".join(name(one) for one in side) for side in (before, after))
    return [Part("Order", was, now)]


def _by_key(key: Callable[[T], Hashable]) -> Callable[[T, T], bool]:
    return lambda old, new: bool(key(new)) and key(old) == key(new)


def _alike(old: Any, new: Any) -> bool:
    left, right = dict(_flat(old)), dict(_flat(new))
    paths = left.keys() | right.keys()
    return sum(_likeness(left.get(path), right.get(path)) for path in paths) >= ALIKE * len(paths)


def _likeness(old: object, new: object) -> float:
    if same_value(old, new):
        return 1.0
    if isinstance(old, str) and isinstance(new, str):
        return SequenceMatcher(None, old.split(), new.split(), autojunk=False).ratio()
    return 0.0


def _flat(value: Any, path: Path = ()) -> Iterator[tuple[Path, object]]:
    members = _members(value)
    if members is None:
        yield path, value
        return
    for name, member in members.items():
        yield from _flat(member, (*path, name))


def same_value(old: object, new: object) -> bool:
    """Whether both are written alike in JSON: 1 is not 1.0, and not true."""
    if old is _ABSENT or new is _ABSENT:
        return old is new
    if isinstance(old, str) and isinstance(new, str):
        return old == new
    return plain(old) == plain(new)


def plain(value: Any) -> str:
    """Anything that a document holds, as JSON."""
    return json.dumps(value, ensure_ascii=False, default=_as_json, sort_keys=True)


def _as_json(value: Any) -> Any:
    if is_dataclass(value):
        return {field.name: getattr(value, field.name) for field in fields(value)}
    return dict(value)


def parts_of(before: Any, after: Any, words: Mapping[str, Words], *, skip: Sequence[str] = ()) -> list[Part]:
    """Every value in which two things of one dataclass differ, by its words; None is a thing that is not there.

    A value without words of its own is named after its key and counts as not printed.
    """
    either = after if after is not None else before
    found: list[Part] = []
    for field in fields(either):
        if field.name in skip:
            continue
        old, new = (_ABSENT if one is None else getattr(one, field.name) for one in (before, after))
        found += value_parts(old, new, words.get(field.name, Words(in_words((field.name,)), printed=False)))
    return found


def value_parts(old: Any, new: Any, words: Words) -> list[Part]:
    """The values in which two values of one name differ, however deep they lie."""
    return [
        Part(
            ": ".join(filter(None, (words.label, in_words(path)))),
            shown(a),
            shown(b),
            words.prose,
            words.printed,
        )
        for path, a, b in leaves(old, new)
        if not (_empty(a) and _empty(b) and (a is _ABSENT or b is _ABSENT))
    ]


def leaves(old: Any, new: Any, path: Path = ()) -> Iterator[tuple[Path, Any, Any]]:
    """The single values that differ, with the keys that lead to each."""
    left, right = _members(old), _members(new)
    if left is None and right is None:
        if not same_value(old, new):
            yield path, old, new
        return
    if (left is None and not _empty(old)) or (right is None and not _empty(new)):
        yield path, old, new
        return
    left, right = left or {}, right or {}
    for name in dict.fromkeys((*left, *right)):
        yield from leaves(left.get(name, _ABSENT), right.get(name, _ABSENT), (*path, name))
    order, now = ([name for name in side if name in left and name in right] for side in (left, right))
    if order != now and isinstance(new, tuple | list):
        yield (*path, "order"), order, now


def _members(value: Any) -> dict[str, Any] | None:
    """What lies in a value by name, None for a single value; a list of single values is one value."""
    if is_dataclass(value):
        return {field.name: getattr(value, field.name) for field in fields(value)}
    if isinstance(value, Mapping):
        return {str(name): member for name, member in value.items()}
    if isinstance(value, tuple | list) and any(_members(one) is not None for one in value):
        return _named(value)
    return None


def _named(values: Sequence[Any]) -> dict[str, Any]:
    """The members of a list by what tells them apart, else by their place from 1."""
    inner = [_members(value) or {} for value in values]
    for name in _NAMES:
        own = [str(one.get(name, "")) for one in inner]
        if all(own) and len(set(own)) == len(own):
            return dict(zip(own, values, strict=True))
    return {str(place): value for place, value in enumerate(values, start=1)}


def in_words(path: Path) -> str:
    """The keys that lead to a value, for people to read."""
    return ", ".join(name.replace("_", " ") for name in path)


def shown(value: Any) -> str:
    """A single value as text: a list with semicolons, nothing for what is absent."""
    if value is _ABSENT or value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str):
        return value
    if isinstance(value, tuple | list) and _members(value) is None:
        return "; ".join(shown(one) for one in value)
    return plain(value)


def _empty(value: Any) -> bool:
    return value is _ABSENT or value is None or value is False or value in ("", (), [], {})
