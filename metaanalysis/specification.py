"""A specification of a meta-analysis as stored JSON, and which one is usual where."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from metaanalysis.stats.types import CiMethod, PoolingSpec, Tau2Method

FIELDS = ("measure", "model", "method", "tau2_method", "ci_method", "zero", "prediction")


@dataclass(frozen=True)
class UsualChoice:
    """A specification to begin with, and the sentence that says why it is this one."""

    spec: PoolingSpec
    why: str


BESIDE_A_REPORTED_ROW = UsualChoice(
    PoolingSpec(tau2_method=Tau2Method.DL, ci_method=CiMethod.WALD),
    "The outcome has a reported row. DerSimonian-Laird with a Wald interval is what the intervals and P values of the "
    "reported table agree with, so that the recomputed row can be compared with it.",
)
ON_ITS_OWN = UsualChoice(
    PoolingSpec(),
    "The outcome has no reported row to be compared with, so the usual choice of this program is offered: REML, with "
    "a Hartung-Knapp-Sidik-Jonkman interval from three studies on if τ² is above 0.",
)


def usual_choice(*, has_reported_row: bool) -> UsualChoice:
    return BESIDE_A_REPORTED_ROW if has_reported_row else ON_ITS_OWN


def to_json(spec: PoolingSpec) -> dict[str, Any]:
    """Every choice as its word, None where it has no meaning; the level as a number."""
    words = {field: getattr(spec, field) for field in FIELDS}
    return {name: None if word is None else str(word) for name, word in words.items()} | {"level": spec.level}


def from_json(stored: Mapping[str, Any]) -> PoolingSpec:
    """The inverse of `to_json`. Raises ValueError for a word that is not known."""
    return PoolingSpec(**{name: stored[name] for name in (*FIELDS, "level")})
