"""Reads the reference numbers of tests/reference/metafor and turns its names into ours."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from metaanalysis.stats.types import (
    CiMethod,
    Measure,
    Model,
    PoolingSpec,
    SmdVariant,
    StudyCounts,
    StudyData,
    StudyEstimate,
    StudyMeans,
    Tau2Method,
    ZeroRule,
)

FOLDER = Path(__file__).parents[2] / "reference" / "metafor"
WHOLE_SETS = ("bcg", "nielweise2007", "li2007", "hine1989", "yusuf1985_t6", "hahn2001")

COUNT_MEASURES = (Measure.OR, Measure.RR, Measure.RD)
MEANS = "normand1999_cont"
HAZARD_RATIOS = "pignon2000_hr"
# Block of a file that is not of counts: the measure and convention that it holds
OTHER_BLOCKS: dict[str, dict[str, tuple[Measure, SmdVariant | None]]] = {
    MEANS: {
        "MD": (Measure.MD, None),
        "SMD_metafor": (Measure.SMD, SmdVariant.EXACT),
        "SMD_revman": (Measure.SMD, SmdVariant.REVMAN),
    },
    HAZARD_RATIOS: {"HR": (Measure.HR, None)},
}
# The same for the cases of the two files of edge cases that are not of counts
EDGE_BLOCKS: dict[str, tuple[Measure, SmdVariant | None]] = {
    "GIV": (Measure.GIV, None),
    "MD": (Measure.MD, None),
    "SMD_metafor": (Measure.SMD, SmdVariant.EXACT),
}

INVERSE_VARIANCE_RULES = {
    "only0_drop00": ZeroRule.ONLY0,
    "only0_keep00": ZeroRule.ONLY0_KEEP,
    "none": ZeroRule.NONE,
}
INTERVALS = {"z": CiMethod.WALD, "knha": CiMethod.HKSJ, "adhoc": CiMethod.HKSJ_ADHOC}


@dataclass(frozen=True)
class ReferenceSet:
    """Studies that bring counts."""

    name: str
    studies: tuple[StudyCounts, ...]
    expected: dict[str, Any]


@dataclass(frozen=True)
class OtherSet:
    """Studies that bring means or estimates; `expected` has one block for each key of `OTHER_BLOCKS`."""

    name: str
    studies: tuple[StudyData, ...]
    expected: dict[str, Any]


@cache
def reference_sets() -> dict[str, ReferenceSet]:
    """The sets of 2x2 tables."""
    sets = {}
    for name in WHOLE_SETS:
        content = _content(name)
        sets[name] = ReferenceSet(name, _studies(content["input"]["rows"]), content["expected"])
    for case in _content("edge_cases")["cases"]:
        sets[case["name"]] = ReferenceSet(case["name"], _studies(case["rows"]), case["expected"])
    return sets


@cache
def other_sets() -> dict[str, OtherSet]:
    """The sets of means and of estimates."""
    sets = {}
    for name in OTHER_BLOCKS:
        content = _content(name)
        rows = content["input"]["rows"]
        sets[name] = OtherSet(name, _means(rows) if name == MEANS else _hazards(rows), content["expected"])
    return sets


@cache
def edge_sets() -> dict[str, OtherSet]:
    """Made-up means and estimates that strain the arithmetic; `expected` has blocks of `EDGE_BLOCKS`."""
    return {
        case["name"]: OtherSet(case["name"], read(case["rows"]), case["expected"])
        for name, read in (("edge_cases_means", _means), ("edge_cases_estimates", _estimates))
        for case in _content(name)["cases"]
    }


def edge_cases() -> list[tuple[str, str, str]]:
    """Set, measure with its convention as the file calls it, and block, for every block of the edge sets."""
    return [
        (reference.name, measure, block)
        for reference in edge_sets().values()
        for measure, blocks in reference.expected.items()
        for block in blocks["inverse_variance"]
    ]


def inverse_variance_cases() -> list[tuple[str, Measure, str, str]]:
    """Set, measure, zero-cell rule and block, for every inverse-variance block of every file of counts."""
    return [
        (reference.name, measure, rule, block)
        for reference in reference_sets().values()
        for measure in COUNT_MEASURES
        for rule in INVERSE_VARIANCE_RULES
        if rule in reference.expected[measure]["inverse_variance"]
        for block in ("common_effect", *random_effects_blocks())
    ]


def other_cases() -> list[tuple[str, str, str]]:
    """Set, measure with its convention as the file calls it, and block, for means and estimates."""
    return [
        (name, measure, block)
        for name, measures in OTHER_BLOCKS.items()
        for measure in measures
        for block in ("common_effect", *random_effects_blocks())
    ]


def random_effects_blocks() -> list[str]:
    return [f"RE_{tau2}_{interval}" for tau2 in Tau2Method for interval in INTERVALS]


def spec_of_block(measure: Measure, block: str, **more: Any) -> PoolingSpec:
    """The analysis behind a block such as `common_effect` or `RE_REML_knha`."""
    if block == "common_effect":
        return PoolingSpec(measure, Model.COMMON, ci_method=CiMethod.WALD, **more)
    _, tau2, interval = block.split("_")
    return PoolingSpec(
        measure, Model.RANDOM, tau2_method=Tau2Method(tau2), ci_method=INTERVALS[interval], **more
    )


def mantel_haenszel_cases() -> list[tuple[str, Measure, str]]:
    return [
        (name, measure, rule)
        for name in reference_sets()
        for measure in COUNT_MEASURES
        for rule in ("pool_none", "pool_only0")
    ]


def _content(name: str) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    return content


def _studies(rows: list[dict[str, Any]]) -> tuple[StudyCounts, ...]:
    return tuple(
        StudyCounts(
            row["study"],
            row["events_t"],
            row["n_t"],
            row["events_c"],
            row["n_c"],
            row.get("year"),
            row.get("subgroup") or "",
        )
        for row in rows
    )


def _means(rows: list[dict[str, Any]]) -> tuple[StudyMeans, ...]:
    columns = ("study", "mean_t", "sd_t", "n_t", "mean_c", "sd_c", "n_c")
    return tuple(StudyMeans(*(row[column] for column in columns)) for row in rows)


def _hazards(rows: list[dict[str, Any]]) -> tuple[StudyEstimate, ...]:
    return tuple(
        StudyEstimate(row["study"], row["o_minus_e"] / row["v"], row["v"] ** -0.5, subgroup=row["subgroup"])
        for row in rows
    )


def _estimates(rows: list[dict[str, Any]]) -> tuple[StudyEstimate, ...]:
    return tuple(StudyEstimate(row["study"], row["yi"], math.sqrt(row["vi"])) for row in rows)
