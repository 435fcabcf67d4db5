"""What was read of another body's document, as it is kept beside the question that was made from it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass

from etd.domain.canonical import canonical_json


@dataclass(frozen=True)
class SourceCriterion:
    """What the source has on one criterion. `options` are pairs of an option's key and what it applies to ("" for all);
    `labels` are the options in words, in the same order."""

    options: tuple[tuple[str, str], ...]
    labels: tuple[str, ...]
    research_evidence: str = ""
    additional_considerations: str = ""


@dataclass(frozen=True)
class SourceContent:
    """`criteria` by key; `type_key` and `type_label` are empty where no type of recommendation is ticked."""

    criteria: Mapping[str, SourceCriterion]
    statements: tuple[str, ...] = ()
    type_key: str = ""
    type_label: str = ""

    def to_text(self) -> str:
        """Canonical JSON, as `SourceDocument.content` holds it."""
        return canonical_json(asdict(self))


def from_text(text: str) -> SourceContent:
    """The inverse of `SourceContent.to_text`."""
    value = json.loads(text)
    return SourceContent(
        criteria={
            key: SourceCriterion(
                options=tuple((option, applies_to) for option, applies_to in one["options"]),
                labels=tuple(one["labels"]),
                research_evidence=one["research_evidence"],
                additional_considerations=one["additional_considerations"],
            )
            for key, one in value["criteria"].items()
        },
        statements=tuple(value["statements"]),
        type_key=value["type_key"],
        type_label=value["type_label"],
    )
