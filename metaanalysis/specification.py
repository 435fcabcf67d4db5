"""A specification of a meta-analysis as stored JSON, and which one is usual where."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from metaanalysis.kinds import MEASURES_OF
from metaanalysis.stats.types import CiMethod, DataKind, Measure, Model, PoolingSpec, PredictionDf, Tau2Method

FIELDS = ("measure", "model", "method", "tau2_method", "ci_method", "zero", "prediction")
# Specifications from before these choices existed lack them, and mean the usual choice.
LATER_FIELDS = ("smd", "rd_se")


def to_json(spec: PoolingSpec) -> dict[str, Any]:
    """Every choice as its word, None where it has no meaning; the level as a number."""
    words = {field: getattr(spec, field) for field in (*FIELDS, *LATER_FIELDS)}
    return {name: None if word is None else str(word) for name, word in words.items()} | {"level": spec.level}


def from_json(stored: Mapping[str, Any]) -> PoolingSpec:
    """The inverse of `to_json`, also of what older versions wrote. Raises ValueError for a word that is not known."""
    chosen: dict[str, Any] = {name: stored[name] for name in (*FIELDS, "level")}
    return PoolingSpec(**(chosen | {name: stored.get(name) for name in LATER_FIELDS}))


def same_method(one: PoolingSpec, other: PoolingSpec) -> bool:
    """Whether two specifications give the same numbers: a common effect has a Wald interval whatever was asked for."""

    def effective(spec: PoolingSpec) -> PoolingSpec:
        if spec.model is Model.RANDOM:
            return spec
        return replace(spec, ci_method=CiMethod.WALD, prediction=PredictionDf.K_MINUS_1)

    return effective(one) == effective(other)


def usual_measure(kind: DataKind, hint: str = "") -> Measure:
    """What studies of this kind are pooled as to begin with; `hint` is taken where it fits the kind."""
    if hint in MEASURES_OF[kind]:
        return Measure(hint)
    return Measure.GIV if kind is DataKind.ESTIMATE else MEASURES_OF[kind][0]


def usual_for(kind: DataKind, hint: str = "") -> PoolingSpec:
    """REML with the interval by rule, of the usual measure."""
    return PoolingSpec(measure=usual_measure(kind, hint))


@dataclass(frozen=True)
class UsualChoice:
    """A specification to begin with, and the sentence that says why it is this one."""

    key: str
    spec: PoolingSpec
    why: str


_BESIDE = "a DerSimonian-Laird estimate with a Wald interval to begin with. Choose the method that the document names"
_WHY = {
    "reported": f"Chosen because this outcome has a reported row: {_BESIDE}, where it names another.",
    "own": (
        "Chosen because this outcome has no reported row to be compared with: REML, the usual choice of this program, "
        "with a Hartung-Knapp-Sidik-Jonkman interval from three studies on if τ² is above 0."
    ),
    "undecided": (
        f"Chosen because this question has reported rows: {_BESIDE}, where it names another. For an outcome without a "
        "reported row, REML with the interval by rule is the usual choice of this program."
    ),
}


def beside_a_reported_row(kind: DataKind = DataKind.COUNTS, hint: str = "") -> UsualChoice:
    return _choice("reported", kind, hint)


def on_its_own(kind: DataKind = DataKind.COUNTS, hint: str = "") -> UsualChoice:
    return _choice("own", kind, hint)


def undecided(kind: DataKind = DataKind.COUNTS, hint: str = "") -> UsualChoice:
    return _choice("undecided", kind, hint)


def _choice(name: str, kind: DataKind, hint: str) -> UsualChoice:
    measure = usual_measure(kind, hint)
    if name == "own":
        spec = PoolingSpec(measure=measure)
    else:
        spec = PoolingSpec(measure=measure, tau2_method=Tau2Method.DL, ci_method=CiMethod.WALD)
    usual = measure == usual_measure(DataKind.COUNTS)
    return UsualChoice(name if usual else f"{name}-{measure}", spec, _WHY[name])


USUAL_CHOICES = {
    choice.key: choice
    for name in _WHY
    for kind, measures in MEASURES_OF.items()
    for choice in (_choice(name, kind, measure) for measure in measures)
}
