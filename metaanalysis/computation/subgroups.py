"""How the test for differences between subgroups was computed."""

from __future__ import annotations

import math

from etd.domain import numbers
from metaanalysis.computation.step import Step, digits, named
from metaanalysis.stats.subgroups import Subgroups
from metaanalysis.stats.types import PooledResult


def subgroup_test(subgroups: Subgroups) -> Step | None:
    """The test for differences between subgroups; None where there is none."""
    test = subgroups.test
    if test is None:
        return None
    rows = []
    for group in subgroups.groups:
        se = _model_se(group.result)
        if group.name and group.result.estimate is not None and se:
            rows.append((group.name, group.result.estimate, se))
    return Step(
        key="subgroups",
        name="Test for subgroup differences",
        value=f"Q {numbers.rounded(test.q, 2)} on {test.df} df, P {numbers.p_value(test.p_value)}",
        meaning="How far the subgroups lie from each other, each in units of its own variance. Each has a τ² of"
        " its own.",
        formula=(
            "Q = Σ Wⱼ·(θⱼ − θ)²,  Wⱼ = 1 / SEⱼ²,  θ = Σ Wⱼ·θⱼ / Σ Wⱼ;  df = subgroups − 1",
            "SEⱼ is that of the model (Wald), also where another interval is shown; P from χ² with df",
        ),
        inputs=named(("Q", test.q), ("df", test.df), ("P", test.p_value)),
        columns=("Subgroup", "θⱼ", "SEⱼ", "Wⱼ"),
        rows=tuple((name, digits(theta), digits(se), digits(se**-2)) for name, theta, se in rows),
        source="Borenstein, Hedges, Higgins and Rothstein 2009, chapter 19",
    )


def _model_se(result: PooledResult) -> float | None:
    """The standard error that the model gives, whatever interval is shown."""
    if result.tau2 is None:
        return result.se
    return math.fsum(1 / (study.se**2 + result.tau2) for study in result.studies) ** -0.5
