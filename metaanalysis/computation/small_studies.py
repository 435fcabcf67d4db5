"""How the tests for small-study effects were computed."""

from __future__ import annotations

import math
from collections.abc import Sequence

from etd.domain import numbers
from metaanalysis.computation.facts import Facts
from metaanalysis.computation.step import Step, digits, named
from metaanalysis.stats.effects import raw_table
from metaanalysis.stats.small_study import NotComputed, RankTest, RegressionTest, SmallStudyEffects
from metaanalysis.stats.types import PooledResult, StudyCounts, StudyData


def small_study_tests(
    studies: Sequence[StudyData], result: PooledResult, small: SmallStudyEffects
) -> tuple[Step, ...]:
    """Egger, Harbord, Peters and Begg; a test that is not defined here says why in place of its value."""
    facts = Facts.of(studies, result)
    tables = [raw_table(study) for study in facts.studies if isinstance(study, StudyCounts)]
    egger_rows = tuple(
        (name, digits(y), digits(math.sqrt(v)), digits(1 / v))
        for name, y, v in zip(facts.names, facts.y, facts.v, strict=True)
    )
    return (
        _regression_step(
            ("egger", "Egger’s test", "Egger, Davey Smith, Schneider and Minder 1997"),
            small.egger,
            ("yᵢ = α + b·SEᵢ, least squares with weights 1 / SEᵢ²; b is the intercept of yᵢ/SEᵢ on 1/SEᵢ",),
            ("Study", "yᵢ", "SEᵢ", "weight"),
            egger_rows,
        ),
        _regression_step(
            ("harbord", "Harbord’s test", "Harbord, Egger and Sterne 2006"),
            small.harbord,
            (
                "Zᵢ/√Vᵢ = b + β·√Vᵢ, least squares; Zᵢ = a − n₁·(a + c)/N",
                "Vᵢ = n₁·n₂·(a + c)·(b + d) / (N²·(N − 1))",
            ),
            ("Study", "a, b, c, d"),
            tuple((t.counts.study, ", ".join(f"{cell:g}" for cell in (t.a, t.b, t.c, t.d))) for t in tables),
        ),
        _regression_step(
            ("peters", "Peters’ test", "Peters, Sutton, Jones, Abrams and Rushton 2006"),
            small.peters,
            ("yᵢ = α + b·(1/Nᵢ), least squares with weights 1 / (1/(a + c) + 1/(b + d))",),
            ("Study", "yᵢ", "Nᵢ"),
            tuple((t.counts.study, digits(y), f"{t.total:g}") for t, y in zip(tables, facts.y, strict=False)),
        ),
        _rank_step(small.begg, egger_rows),
    )


def _regression_step(
    heading: tuple[str, str, str],
    test: RegressionTest | NotComputed,
    formula: tuple[str, ...],
    columns: tuple[str, ...],
    rows: tuple[tuple[str, ...], ...],
) -> Step:
    key, name, source = heading
    if isinstance(test, NotComputed):
        return Step(key, name, f"not computed: {test.reason}", "", ())
    return Step(
        key=key,
        name=name,
        value=f"P {numbers.p_value(test.p_value)}",
        meaning="Whether the effect changes with the size of the studies.",
        formula=(*formula, "t = b / SE(b), P two-sided from t with k − 2 degrees of freedom"),
        inputs=named(
            ("b", test.coefficient), ("SE(b)", test.se), ("t", test.t), ("df", test.df), ("P", test.p_value)
        ),
        columns=columns,
        rows=rows,
        source=source,
    )


def _rank_step(test: RankTest | NotComputed, rows: tuple[tuple[str, ...], ...]) -> Step:
    if isinstance(test, NotComputed):
        return Step("begg", "Begg’s test", f"not computed: {test.reason}", "", ())
    return Step(
        key="begg",
        name="Begg’s test",
        value=f"P {numbers.p_value(test.p_value)}",
        meaning="Whether large effects and large variances go together.",
        formula=("Kendall’s rank correlation of (yᵢ − θ)/√(vᵢ − 1/Σw) with vᵢ,  w = 1 / v",),
        inputs=named(("Kendall’s τ", test.kendall_tau), ("P", test.p_value)),
        columns=("Study", "yᵢ", "SEᵢ", "w"),
        rows=rows,
        source="Begg and Mazumdar 1994",
    )
