"""A pooled result as plain values for JSON: the contract of `manage.py pool --json` and of stored analyses."""

from __future__ import annotations

import math
from importlib.metadata import version

from metaanalysis.stats.types import PooledResult

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
        "zero": _word(spec.zero),
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


def _word(choice: str | None) -> str | None:
    return None if choice is None else str(choice)


def _finite(value: float | None) -> float | None:
    """The last guard before JSON: a NaN here is a defect of ours and must not reach a reader as a number."""
    return value if value is not None and math.isfinite(value) else None
