"""Reads the reference numbers of tests/reference/metafor and turns its names into ours."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from metaanalysis.stats.types import CiMethod, Measure, StudyCounts, Tau2Method, ZeroRule

FOLDER = Path(__file__).parents[2] / "reference" / "metafor"
WHOLE_SETS = ("bcg", "nielweise2007", "li2007", "hine1989", "yusuf1985_t6", "hahn2001")

INVERSE_VARIANCE_RULES = {
    "only0_drop00": ZeroRule.ONLY0,
    "only0_keep00": ZeroRule.ONLY0_KEEP,
    "none": ZeroRule.NONE,
}
INTERVALS = {"z": CiMethod.WALD, "knha": CiMethod.HKSJ, "adhoc": CiMethod.HKSJ_ADHOC}


@dataclass(frozen=True)
class ReferenceSet:
    name: str
    studies: tuple[StudyCounts, ...]
    expected: dict[str, Any]


@cache
def reference_sets() -> dict[str, ReferenceSet]:
    sets = {}
    for name in WHOLE_SETS:
        content = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
        sets[name] = ReferenceSet(name, _studies(content["input"]["rows"]), content["expected"])
    for case in json.loads((FOLDER / "edge_cases.json").read_text(encoding="utf-8"))["cases"]:
        sets[case["name"]] = ReferenceSet(case["name"], _studies(case["rows"]), case["expected"])
    return sets


def inverse_variance_cases() -> list[tuple[str, Measure, str, str]]:
    """Set, measure, zero-cell rule and block, for every inverse-variance block of every file."""
    return [
        (reference.name, measure, rule, block)
        for reference in reference_sets().values()
        for measure in Measure
        for rule in INVERSE_VARIANCE_RULES
        if rule in reference.expected[measure]["inverse_variance"]
        for block in ("common_effect", *random_effects_blocks())
    ]


def random_effects_blocks() -> list[str]:
    return [f"RE_{tau2}_{interval}" for tau2 in Tau2Method for interval in INTERVALS]


def mantel_haenszel_cases() -> list[tuple[str, Measure, str]]:
    return [
        (name, measure, rule)
        for name in reference_sets()
        for measure in Measure
        for rule in ("pool_none", "pool_only0")
    ]


def _studies(rows: list[dict[str, Any]]) -> tuple[StudyCounts, ...]:
    return tuple(
        StudyCounts(row["study"], row["events_t"], row["n_t"], row["events_c"], row["n_c"], row.get("year"))
        for row in rows
    )
