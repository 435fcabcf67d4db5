"""A guideline's own version of a framework: parts hidden, parts worded otherwise, criteria of its own.

The shipped framework stays as it is; `apply` lays the changes over it and returns a framework of the same kind.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from etd.frameworks.loader import FrameworkError
from etd.frameworks.schema import (
    GRID_COLUMNS,
    SCALE_COLUMNS,
    Criterion,
    Framework,
    Option,
    OptionKind,
    RecommendationType,
)

OWN_KEY = re.compile(r"own_[a-z0-9_]{1,60}")


@dataclass(frozen=True, slots=True)
class OwnCriterion:
    """A criterion that the guideline adds: `scale` are 2 to 5 labels in order, `unsure` 0 to 2 labels beside them.

    `key` begins with "own_". `after` is the key of the criterion that it follows; empty: it comes first.
    """

    key: str
    heading: str
    prompt: str
    scale: tuple[str, ...]
    unsure: tuple[str, ...] = ()
    after: str = ""


@dataclass(frozen=True, slots=True)
class Changes:
    """What a guideline changes of a framework.

    `words` replaces labels by their place: "criterion/KEY/heading", "criterion/KEY/prompt", "criterion/KEY/OPTION",
    "type/KEY", "section/KEY".
    """

    hidden_criteria: frozenset[str] = frozenset()
    hidden_sections: frozenset[str] = frozenset()
    words: Mapping[str, str] = field(default_factory=dict)
    own_criteria: tuple[OwnCriterion, ...] = ()

    def to_json(self) -> dict[str, Any]:
        return {
            "hidden_criteria": sorted(self.hidden_criteria),
            "hidden_sections": sorted(self.hidden_sections),
            "words": dict(sorted(self.words.items())),
            "own_criteria": [
                {
                    "key": own.key,
                    "heading": own.heading,
                    "prompt": own.prompt,
                    "scale": list(own.scale),
                    "unsure": list(own.unsure),
                    "after": own.after,
                }
                for own in self.own_criteria
            ],
        }

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Changes:
        return cls(
            hidden_criteria=frozenset(stored["hidden_criteria"]),
            hidden_sections=frozenset(stored["hidden_sections"]),
            words=dict(stored["words"]),
            own_criteria=tuple(
                OwnCriterion(**(own | {"scale": tuple(own["scale"]), "unsure": tuple(own["unsure"])}))
                for own in stored["own_criteria"]
            ),
        )


def places(framework: Framework) -> dict[str, str]:
    """Every label that a guideline may word otherwise: its place, and the framework's words."""
    labels: dict[str, str] = {}
    for criterion in framework.criteria:
        labels[f"criterion/{criterion.key}/heading"] = criterion.heading
        labels[f"criterion/{criterion.key}/prompt"] = criterion.prompt
        labels |= {f"criterion/{criterion.key}/{option.key}": option.label for option in criterion.options}
    labels |= {f"type/{kind.key}": kind.label for kind in framework.recommendation_types}
    labels |= {f"section/{section.key}": section.heading for section in framework.sections}
    return labels


def apply(base: Framework, changes: Changes, *, title: str, version: int) -> Framework:
    """The framework as the guideline uses it. Raises `FrameworkError` with a sentence for whoever made the changes."""
    _check(base, changes)
    everything = list(base.criteria)
    for own in changes.own_criteria:
        index = next((i for i, c in enumerate(everything, start=1) if c.key == own.after), 0)
        everything.insert(index, _own(own))
    criteria = [_reworded(c, changes.words) for c in everything if c.key not in changes.hidden_criteria]
    if not criteria:
        raise FrameworkError("All criteria are hidden; a panel needs at least one to judge by.")
    made = replace(
        base,
        title=title,
        version=version,
        criteria=tuple(criteria),
        recommendation_types=tuple(_reworded_type(kind, changes.words) for kind in base.recommendation_types),
        sections=tuple(
            replace(section, heading=changes.words.get(f"section/{section.key}", section.heading))
            for section in base.sections
            if section.key not in changes.hidden_sections
        ),
    )
    _check_labels(made)
    return made


def _check(base: Framework, changes: Changes) -> None:
    known = {criterion.key for criterion in base.criteria}
    if unknown := sorted(changes.hidden_criteria - known):
        raise FrameworkError(f"{base.title} has no criterion “{unknown[0]}” to hide.")
    if unknown := sorted(changes.hidden_sections - {section.key for section in base.sections}):
        raise FrameworkError(f"{base.title} has no section “{unknown[0]}” to hide.")
    if base.statements_section.key in changes.hidden_sections:
        raise FrameworkError(
            f"“{base.statements_section.heading}” holds the recommendation and cannot be hidden."
        )
    labels = places(base)
    for place, words in changes.words.items():
        if place not in labels:
            raise FrameworkError(f"{base.title} has no words at “{place}”.")
        if not words.strip():
            raise FrameworkError(f"The words in place of “{labels[place]}” are empty.")
    _check_own(changes.own_criteria, known)


def _check_own(own_criteria: tuple[OwnCriterion, ...], known: set[str]) -> None:
    keys = [own.key for own in own_criteria]
    for own in own_criteria:
        if not OWN_KEY.fullmatch(own.key):
            raise FrameworkError(
                f"The key “{own.key}” of an own criterion must begin with own_ and be short."
            )
        if keys.count(own.key) > 1:
            raise FrameworkError(f"Two own criteria have the key “{own.key}”.")
        if not own.heading.strip() or not own.prompt.strip():
            raise FrameworkError(
                f"The own criterion “{own.heading or own.key}” needs a heading and a question."
            )
        if not 2 <= len(own.scale) <= SCALE_COLUMNS:
            raise FrameworkError(
                f"“{own.heading}” needs 2 to {SCALE_COLUMNS} options on its scale, not {len(own.scale)}."
            )
        if len(own.unsure) > GRID_COLUMNS - SCALE_COLUMNS:
            raise FrameworkError(f"“{own.heading}” has more than two options beside the scale.")
        if own.after and own.after not in known | set(keys):
            raise FrameworkError(f"“{own.heading}” is to follow “{own.after}”, which there is not.")


def _reworded(criterion: Criterion, words: Mapping[str, str]) -> Criterion:
    place = f"criterion/{criterion.key}"
    heading = words.get(f"{place}/heading")
    return replace(
        criterion,
        heading=heading or criterion.heading,
        summary_heading=heading.upper() if heading else criterion.summary_heading,
        prompt=words.get(f"{place}/prompt", criterion.prompt),
        options=tuple(
            replace(option, label=words.get(f"{place}/{option.key}", option.label))
            for option in criterion.options
        ),
    )


def _reworded_type(kind: RecommendationType, words: Mapping[str, str]) -> RecommendationType:
    """A guideline's own words stand as they are, whatever it calls a conditional recommendation elsewhere."""
    label = words.get(f"type/{kind.key}")
    return replace(kind, label=label, weak_label="") if label else kind


def _own(own: OwnCriterion) -> Criterion:
    scale = tuple(
        Option(key=f"option_{i}", label=label, column=i, kind=OptionKind.SCALE)
        for i, label in enumerate(own.scale, start=1)
    )
    unsure = tuple(
        Option(key=f"option_{i}", label=label, column=i, kind=OptionKind.UNSURE)
        for i, label in enumerate(own.unsure, start=SCALE_COLUMNS + 1)
    )
    return Criterion(
        key=own.key,
        heading=own.heading,
        summary_heading=own.heading.upper(),
        prompt=own.prompt,
        options=scale + unsure,
    )


def _check_labels(made: Framework) -> None:
    for criterion in made.criteria:
        _check_once(
            [option.label for option in criterion.options], f"two options of “{criterion.heading}” read"
        )
    _check_once([criterion.heading for criterion in made.criteria], "two criteria are headed")
    _check_once([kind.label for kind in made.recommendation_types], "two types of recommendation read")
    _check_once([section.heading for section in made.sections], "two sections are headed")


def _check_once(labels: list[str], complaint: str) -> None:
    folded = [" ".join(label.split()).casefold() for label in labels]
    for label, plain in zip(labels, folded, strict=True):
        if not plain:
            raise FrameworkError("A label is empty.")
        if folded.count(plain) > 1:
            raise FrameworkError(f"With these words {complaint} “{label}”.")
