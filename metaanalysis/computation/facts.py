"""What the formulas are about: effects, variances, weights and 2x2 tables of the studies in the analysis."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from metaanalysis.stats.effects import Table, effect_tables, raw_table
from metaanalysis.stats.sensitivity import studies_in_analysis
from metaanalysis.stats.types import Measure, Method, Model, PooledResult, StudyCounts, StudyData, ZeroRule


@dataclass(frozen=True)
class Facts:
    """What the formulas are about. `weights` are those of the pooled effect, not as percentages."""

    result: PooledResult
    studies: tuple[StudyData, ...]
    tables: tuple[Table, ...]

    @classmethod
    def of(cls, studies: Sequence[StudyData], result: PooledResult) -> Facts:
        kept = tuple(studies_in_analysis(studies, result.spec))
        return cls(result, kept, _tables(kept, result))

    @property
    def names(self) -> list[str]:
        return [study.study for study in self.result.studies]

    @property
    def y(self) -> list[float]:
        return [study.estimate for study in self.result.studies]

    @property
    def v(self) -> list[float]:
        return [study.se**2 for study in self.result.studies]

    @property
    def estimate(self) -> float:
        assert self.result.estimate is not None
        return self.result.estimate

    @property
    def common_weights(self) -> list[float]:
        return [1 / v for v in self.v]

    @property
    def weights(self) -> list[float]:
        return [1 / (v + (self.result.tau2 or 0.0)) for v in self.v]

    @property
    def around(self) -> float:
        """What Q is counted around: the common effect, by Mantel-Haenszel where that is the method."""
        if self.result.spec.method is Method.MH and self.result.spec.model is Model.COMMON:
            return self.estimate
        if self.result.spec.method is Method.MH:
            return _mantel_haenszel_effect(self.tables, self.result.spec.measure)
        return weighted_mean(self.y, self.common_weights)

    @property
    def summed(self) -> bool:
        """Whether the pooled effect is made of sums of cells."""
        return self.result.spec.method is Method.MH and self.result.spec.model is Model.COMMON


def _tables(studies: Sequence[StudyData], result: PooledResult) -> tuple[Table, ...]:
    """The 2x2 tables as they are pooled, in the order of the studies in the analysis."""
    counts = [study for study in studies if isinstance(study, StudyCounts)]
    spec = result.spec
    if len(counts) < len(studies) or not counts:
        return ()
    if spec.method is Method.PETO or spec.zero in (ZeroRule.NONE, ZeroRule.POOL_NONE):
        return tuple(raw_table(study) for study in counts)
    rule = (
        ZeroRule.ONLY0
        if spec.measure.is_ratio and spec.zero is not ZeroRule.ONLY0_KEEP
        else ZeroRule.ONLY0_KEEP
    )
    tables, _ = effect_tables(counts, spec.measure, rule)
    return tuple(tables)


def _mantel_haenszel_effect(tables: Sequence[Table], measure: Measure) -> float:
    above, below = zip(*(mantel_haenszel_terms(table, measure) for table in tables), strict=True)
    ratio = math.fsum(above) / math.fsum(below)
    return math.log(ratio) if measure.is_ratio else ratio


def mantel_haenszel_terms(table: Table, measure: Measure) -> tuple[float, float]:
    n = table.total
    if measure is Measure.OR:
        return table.a * table.d / n, table.b * table.c / n
    if measure is Measure.RR:
        return table.a * table.n_comparison / n, table.c * table.n_intervention / n
    return (
        (table.a * table.n_comparison - table.c * table.n_intervention) / n,
        table.n_intervention * table.n_comparison / n,
    )


def weighted_mean(y: Sequence[float], weights: Sequence[float]) -> float:
    return math.fsum(w * yi for w, yi in zip(weights, y, strict=True)) / math.fsum(weights)


def cell_texts(facts: Facts) -> list[tuple[str, ...]]:
    if not facts.tables:
        return [()] * facts.result.k
    return [(", ".join(f"{cell:g}" for cell in (t.a, t.b, t.c, t.d)),) for t in facts.tables]
