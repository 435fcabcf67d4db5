"""The words for methods of pooling: what a select, a sentence and a printed result call them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

MEASURES = {
    "OR": "Odds ratio",
    "RR": "Risk ratio",
    "RD": "Risk difference",
    "MD": "Mean difference",
    "SMD": "Standardised mean difference",
    "HR": "Hazard ratio",
    "GIV": "Effect as given",
}
MODELS = {"random": "random effects", "common": "common effect"}
METHODS = {"iv": "inverse variance", "mh": "Mantel-Haenszel", "peto": "Peto"}
TAU2_METHODS = {
    "DL": "DerSimonian-Laird",
    "PM": "Paule-Mandel",
    "REML": "restricted maximum likelihood (REML)",
}
CI_METHODS = {
    "auto": "by rule",
    "wald": "Wald",
    "hksj": "Hartung-Knapp-Sidik-Jonkman",
    "hksj-adhoc": "Hartung-Knapp-Sidik-Jonkman, never narrower than Wald",
}
ZERO_RULES = {
    "only0": "0.5 added where a cell is empty, double zeros left out",
    "only0-keep": "0.5 added where a cell is empty, double zeros kept",
    "none": "nothing added where a cell is empty",
    "pool-none": "cells summed as they are",
    "pool-only0": "0.5 added where a cell is empty before cells are summed",
}
PREDICTION_DFS = {
    "k-1": "prediction interval with k − 1 degrees of freedom",
    "k-2": "prediction interval with k − 2 degrees of freedom",
}
SMD_VARIANTS = {
    "exact": "Hedges’ g with the exact correction",
    "revman": "Hedges’ g by the formulas of RevMan 5",
}
RD_SES = {
    "sato": "standard error by Sato 1989",
    "greenland-robins": "standard error by Greenland and Robins 1985",
}
AUTO_RULE = "Hartung-Knapp-Sidik-Jonkman from three studies on if τ² is above 0, else Wald"


def study_name(name: str, year: int | None) -> str:
    """The study with its year, which many names end with already."""
    return name if year is None or name.endswith(str(year)) else f"{name} {year}"


def fitting_i2(tau2_method: str | None, i2: float | None, i2_tau2: float | None) -> tuple[float | None, bool]:
    """The I² that fits the estimator, in percent, and whether it is from τ² (for PM and REML) rather than from Q."""
    from_tau2 = tau2_method not in (None, "DL") and i2_tau2 is not None
    return (i2_tau2 if from_tau2 else i2), from_tau2


def specification(spec: Mapping[str, Any], ci_method: str | None = None, kind: str | None = None) -> str:
    """`Odds ratio, random effects, inverse variance, DerSimonian-Laird, Wald interval, 0.5 added where …`.

    `spec` as `metaanalysis.specification.to_json` gives it; `ci_method` is the interval that was made; `kind` is what
    the studies bring, where that is known: what it makes meaningless is not named. The prediction interval is named
    where it is not the usual one.
    """
    # By rule, a common effect has a Wald interval.
    interval = ci_method or ("wald" if spec["model"] == "common" else spec["ci_method"])
    of_counts, of_means = kind in (None, "counts"), kind in (None, "means")
    words = [
        MEASURES[spec["measure"]],
        SMD_VARIANTS.get(spec.get("smd") or "", "") if of_means else "",
        MODELS[spec["model"]],
        METHODS[spec["method"]],
        TAU2_METHODS[spec["tau2_method"]] if spec["tau2_method"] else "",
        f"{CI_METHODS[interval]} interval" if interval != "auto" else f"interval by rule ({AUTO_RULE})",
        RD_SES.get(spec.get("rd_se") or "", ""),
        ZERO_RULES.get(spec.get("zero") or "", "") if of_counts else "",
        PREDICTION_DFS["k-2"] if spec["model"] == "random" and spec.get("prediction") == "k-2" else "",
    ]
    return ", ".join(word for word in words if word)


def misread(table_number: int, held: Iterable[str], measure: str) -> str:
    """Why a result by one measure does not go into a table that holds others."""
    names = " and ".join(sorted(MEASURES.get(each, each).lower() for each in held))
    return (
        f"Table {table_number} holds the {names}; the {MEASURES[measure].lower()} in it would be misread. It can be "
        "looked at here, but not put into that table."
    )
