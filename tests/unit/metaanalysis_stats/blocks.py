"""The blocks of the reference files that go beyond one pooled number, each with our spec for it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from metaanalysis.stats.types import CiMethod, Measure, Method, Model, PoolingSpec, StudyData, ZeroRule

from .reference import COUNT_MEASURES, OTHER_BLOCKS, WHOLE_SETS, other_sets, reference_sets, spec_of_block


@dataclass(frozen=True)
class Block:
    """Studies and what the reference says of them under one measure."""

    name: str
    studies: Sequence[StudyData]
    expected: dict[str, Any]
    measure: Measure
    more: dict[str, Any]

    def spec(self, block: str) -> PoolingSpec:
        """The analysis behind `common_effect`, `RE_DL_z`, `RE_REML_knha`, `MH_pool_none` or `RE_DL` (Wald)."""
        if block == "MH_pool_none":
            return PoolingSpec(
                self.measure, Model.COMMON, Method.MH, ci_method=CiMethod.WALD, zero=ZeroRule.POOL_NONE
            )
        if block.startswith("RE_") and block.count("_") == 1:
            block += "_z"
        return spec_of_block(self.measure, block, **self.more)


def blocks() -> list[Block]:
    """Every whole set under every measure it has."""
    sets = [reference_sets()[name] for name in WHOLE_SETS]
    counts = [
        Block(f"{each.name}-{measure}", each.studies, each.expected[measure], measure, {})
        for each in sets
        for measure in COUNT_MEASURES
    ]
    others = [
        Block(f"{name}-{key}", reference.studies, reference.expected[key], measure, {"smd": variant})
        for name, reference in other_sets().items()
        for key, (measure, variant) in OTHER_BLOCKS[name].items()
    ]
    return [*counts, *others]


def close(actual: float | None, expected: float | None, rel: float = 1e-7, zero: float = 1e-12) -> bool:
    """Equal to the digits that are stored; `zero` is for values that are zero up to rounding."""
    if actual is None or expected is None:
        return actual is expected
    return math.isclose(actual, expected, rel_tol=rel, abs_tol=zero)
