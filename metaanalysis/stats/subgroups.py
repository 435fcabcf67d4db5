"""Subgroups of studies, each pooled on its own, and the test for differences between them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from metaanalysis.stats.distributions import chi2_upper_tail
from metaanalysis.stats.pooling import pool
from metaanalysis.stats.types import Model, PooledResult, PoolingSpec, StudyData

UNNAMED = "Studies that name no subgroup are pooled by themselves and are not in the test for differences."
NOT_ESTIMABLE = "Not in the test for differences, because it has no estimate with a standard error: {names}."
TOO_FEW = "A test for differences needs two subgroups with an estimate."


@dataclass(frozen=True, slots=True)
class Subgroup:
    """Studies of one subgroup, pooled with a tau² of their own; `name` is "" for studies that name none."""

    name: str
    result: PooledResult


@dataclass(frozen=True, slots=True)
class SubgroupTest:
    """Q between the subgroups, chi-squared with `df` = number of subgroups - 1."""

    q: float
    df: int
    p_value: float


@dataclass(frozen=True, slots=True)
class Subgroups:
    """Subgroups in the order in which they first appear; `test` is None where `note` says why."""

    groups: tuple[Subgroup, ...]
    test: SubgroupTest | None
    note: str | None = None


def pool_subgroups(studies: Sequence[StudyData], spec: PoolingSpec) -> Subgroups:
    """Pools the studies of each `study.subgroup` by the spec and tests whether the subgroups differ.

    The test is Q between subgroups (Borenstein, Hedges, Higgins & Rothstein 2009, chapter 19; RevMan), each with its
    own tau² and weighted by 1 / se². The standard error is the model's own (Wald), also where a
    Hartung-Knapp-Sidik-Jonkman interval is shown: that one belongs to a t distribution whose degrees of freedom
    differ from subgroup to subgroup, and chi-squared would not hold.
    """
    members: dict[str, list[StudyData]] = {}
    for study in studies:
        members.setdefault(study.subgroup, []).append(study)
    groups = tuple(Subgroup(name, pool(group, spec)) for name, group in members.items())
    tested: list[tuple[float, float]] = []
    silent: list[str] = []
    for group in groups:
        effect = _estimate_and_se(group.result)
        if effect is None:
            silent.append(group.name or "(no subgroup)")
        elif group.name:
            tested.append(effect)
    test = _test_for_differences(tested) if len(tested) > 1 else None
    notes = [
        *([UNNAMED] if "" in members and len(members) > 1 else []),
        *([NOT_ESTIMABLE.format(names=", ".join(silent))] if silent else []),
        *([] if test else [TOO_FEW]),
    ]
    return Subgroups(groups, test, " ".join(notes) or None)


def _estimate_and_se(result: PooledResult) -> tuple[float, float] | None:
    """The pooled effect and its Wald standard error, on the analysis scale."""
    if result.estimate is None:
        return None
    if result.spec.model is Model.RANDOM:
        assert result.tau2 is not None
        information = math.fsum(1 / (study.se**2 + result.tau2) for study in result.studies)
        return result.estimate, information**-0.5
    return None if result.se is None else (result.estimate, result.se)


def _test_for_differences(effects: Sequence[tuple[float, float]]) -> SubgroupTest:
    weights = [se**-2 for _, se in effects]
    total = math.fsum(weights)
    mean = math.fsum(w * estimate for w, (estimate, _) in zip(weights, effects, strict=True)) / total
    q = math.fsum(w * (estimate - mean) ** 2 for w, (estimate, _) in zip(weights, effects, strict=True))
    df = len(effects) - 1
    return SubgroupTest(q, df, chi2_upper_tail(q, df))
