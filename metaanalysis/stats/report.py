"""A pooled result as plain values for JSON: the contract of `manage.py pool --json` and of stored analyses."""

from __future__ import annotations

import math
from collections.abc import Sequence
from importlib.metadata import version

from metaanalysis.stats.sensitivity import Added, LeftOut, Repooled
from metaanalysis.stats.small_study import NotComputed, RegressionTest, SmallStudyEffects
from metaanalysis.stats.subgroups import Subgroups
from metaanalysis.stats.trim_and_fill import TrimAndFill
from metaanalysis.stats.types import DataKind, PooledResult

ENGINE_PACKAGES = ("statsmodels", "scipy", "numpy")


def engine_versions() -> dict[str, str]:
    """Versions of the packages that calculate, for a record of how a number was made."""
    return {package: version(package) for package in ENGINE_PACKAGES}


def result_to_json(result: PooledResult, versions: dict[str, str] | None = None) -> dict[str, object]:
    """The result with ratios as people read them; `se` and tau² stay on the analysis scale.

    `i2`, `i2_tau2` and the weights are percentages. What was not estimated is None, never NaN or infinity, and
    `note` tells why. With `versions`, that mapping is added under the same key.
    """
    spec = result.spec
    report: dict[str, object] = {
        "measure": _word(spec.measure),
        "model": _word(spec.model),
        "method": _word(spec.method),
        "tau2_method": _word(spec.tau2_method),
        "ci_method": _word(result.ci_method),
        "k": result.k,
        "estimate": _finite(result.estimate_natural),
        "ci_low": _finite(result.ci_low_natural),
        "ci_high": _finite(result.ci_high_natural),
        "se": _finite(result.se),
        "p_value": _finite(result.p_value),
        "tau2": _finite(result.tau2),
        "i2": _finite(result.i2),
        "i2_tau2": _finite(result.i2_tau2),
        "h2": _finite(result.h2),
        "q": _finite(result.q),
        "q_df": result.q_df,
        "q_p": _finite(result.q_p),
        "tau2_ci_low": _finite(result.tau2_ci_low),
        "tau2_ci_high": _finite(result.tau2_ci_high),
        "prediction_low": _finite(result.prediction_low_natural),
        "prediction_high": _finite(result.prediction_high_natural),
        "zero": _word(result.zero),
        "smd": _word(spec.smd) if result.kind in (DataKind.MEANS, None) else None,
        "rd_se": _word(spec.rd_se),
        "note": result.note,
        "studies": [
            {
                "study": study.study,
                "estimate": _finite(study.estimate_natural),
                "ci_low": _finite(study.ci_low_natural),
                "ci_high": _finite(study.ci_high_natural),
                "weight": _finite(study.weight),
            }
            for study in result.studies
        ],
        "excluded": [{"study": study.study, "reason": study.reason} for study in result.excluded],
    }
    if versions is not None:
        report["versions"] = dict(versions)
    return report


def subgroups_to_json(subgroups: Subgroups) -> dict[str, object]:
    """`subgroups`, `subgroup_test` (None where `subgroup_note` says why) and that note, ratios as people read them."""
    test = subgroups.test
    return {
        "subgroups": [
            {
                "name": group.name,
                "k": group.result.k,
                "estimate": _finite(group.result.estimate_natural),
                "ci_low": _finite(group.result.ci_low_natural),
                "ci_high": _finite(group.result.ci_high_natural),
                "tau2": _finite(group.result.tau2),
                "i2": _finite(group.result.i2),
            }
            for group in subgroups.groups
        ],
        "subgroup_test": {"q": _finite(test.q), "df": test.df, "p_value": _finite(test.p_value)}
        if test
        else None,
        "subgroup_note": subgroups.note,
    }


def leave_one_out_to_json(rows: Sequence[LeftOut]) -> dict[str, object]:
    return {"leave_one_out": [{"omitted": row.omitted} | _repooled(row.pooled) for row in rows]}


def cumulative_to_json(rows: Sequence[Added]) -> dict[str, object]:
    return {"cumulative": [{"added": row.added} | _repooled(row.pooled) for row in rows]}


def small_study_to_json(effects: SmallStudyEffects, filled: TrimAndFill) -> dict[str, object]:
    """`small_study`: the four tests on their own scales, and trim and fill with ratios as people read them.

    A test that cannot be computed is None; `note` says why, and when there are few studies.
    """
    tests = {
        "egger": _regression(effects.egger, "intercept"),
        "harbord": _regression(effects.harbord, "intercept"),
        "peters": _regression(effects.peters, "slope"),
        "begg": None
        if isinstance(effects.begg, NotComputed)
        else {"kendall_tau": _finite(effects.begg.kendall_tau), "p_value": _finite(effects.begg.p_value)},
    }
    return {
        "small_study": {
            "k": effects.k,
            **tests,
            "trim_and_fill": _trim_and_fill(filled),
            "note": " ".join(small_study_notes(effects, filled)) or None,
        }
    }


def small_study_notes(effects: SmallStudyEffects, filled: TrimAndFill) -> list[str]:
    """What to know of the tests, a sentence each: too few studies, and why one is not given."""
    named = {
        "Egger": effects.egger,
        "Harbord": effects.harbord,
        "Peters": effects.peters,
        "Begg": effects.begg,
    }
    missing = [f"{name}: {test.reason}." for name, test in named.items() if isinstance(test, NotComputed)]
    return [note for note in (effects.note, *missing, filled.note) if note]


def _regression(test: RegressionTest | NotComputed, coefficient: str) -> dict[str, object] | None:
    if isinstance(test, NotComputed):
        return None
    return {
        coefficient: _finite(test.coefficient),
        "se": _finite(test.se),
        "t": _finite(test.t),
        "df": test.df,
        "p_value": _finite(test.p_value),
    }


def _trim_and_fill(filled: TrimAndFill) -> dict[str, object] | None:
    result = filled.result
    if result is None:
        return None
    return {
        "k0": filled.k0,
        "side": filled.side,
        "estimate": _finite(result.estimate_natural),
        "ci_low": _finite(result.ci_low_natural),
        "ci_high": _finite(result.ci_high_natural),
        "tau2": _finite(result.tau2),
    }


def _repooled(row: Repooled) -> dict[str, object]:
    return {
        "k": row.k,
        "estimate": _finite(row.estimate_natural),
        "ci_low": _finite(row.ci_low_natural),
        "ci_high": _finite(row.ci_high_natural),
        "p_value": _finite(row.p_value),
        "tau2": _finite(row.tau2),
        "i2": _finite(row.i2),
    }


def _word(choice: str | None) -> str | None:
    return None if choice is None else str(choice)


def _finite(value: float | None) -> float | None:
    """The last guard before JSON: a NaN here is a defect of ours and must not reach a reader as a number."""
    return value if value is not None and math.isfinite(value) else None
