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

    key: str
    spec: PoolingSpec
    why: str


_LIKE_THE_TABLE = PoolingSpec(tau2_method=Tau2Method.DL, ci_method=CiMethod.WALD)
_BESIDE = "a DerSimonian-Laird estimate with a Wald interval to begin with. Choose the method that the document names"
BESIDE_A_REPORTED_ROW = UsualChoice(
    "reported",
    _LIKE_THE_TABLE,
    f"Chosen because this outcome has a reported row: {_BESIDE}, where it names another.",
)
ON_ITS_OWN = UsualChoice(
    "own",
    PoolingSpec(),
    "Chosen because this outcome has no reported row to be compared with: REML, the usual choice of this program, with "
    "a Hartung-Knapp-Sidik-Jonkman interval from three studies on if τ² is above 0.",
)
UNDECIDED = UsualChoice(
    "undecided",
    _LIKE_THE_TABLE,
    f"Chosen because this question has reported rows: {_BESIDE}, where it names another. For an outcome without a "
    "reported row, REML with the interval by rule is the usual choice of this program.",
)
USUAL_CHOICES = {choice.key: choice for choice in (BESIDE_A_REPORTED_ROW, ON_ITS_OWN, UNDECIDED)}


def to_json(spec: PoolingSpec) -> dict[str, Any]:
    """Every choice as its word, None where it has no meaning; the level as a number."""
    words = {field: getattr(spec, field) for field in FIELDS}
    return {name: None if word is None else str(word) for name, word in words.items()} | {"level": spec.level}


def from_json(stored: Mapping[str, Any]) -> PoolingSpec:
    """The inverse of `to_json`. Raises ValueError for a word that is not known."""
    return PoolingSpec(**{name: stored[name] for name in (*FIELDS, "level")})
