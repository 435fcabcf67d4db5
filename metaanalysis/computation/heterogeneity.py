"""How Q, I², H² and τ² were computed."""

from __future__ import annotations

import math

from etd.domain import numbers
from metaanalysis.computation.facts import Facts
from metaanalysis.computation.step import SOURCES, Step, capitalised, digits, named, on_log
from metaanalysis.stats.distributions import chi2_quantile
from metaanalysis.stats.types import Method, Tau2Method
from metaanalysis.wording import TAU2_METHODS, fitting_i2


def q_step(facts: Facts) -> Step:
    result, centre = facts.result, facts.around
    parts = [(y - centre) ** 2 / v for y, v in zip(facts.y, facts.v, strict=True)]
    name = "Mantel-Haenszel" if facts.result.spec.method is Method.MH else "common"
    return Step(
        key="q",
        name="Q",
        value=f"{numbers.rounded(result.q or 0.0, 3)} on {result.q_df} df",
        meaning="How far the studies lie from the common effect, each in units of its own variance. Chance alone gives"
        " about as much as there are degrees of freedom (df).",
        formula=(f"Q = Σ (yᵢ − θ꜀)² / vᵢ,  θ꜀ = the {name} effect", "df = k − 1"),
        inputs=named(("θ꜀", centre), ("Q", result.q), ("df", result.q_df)),
        columns=("Study", "yᵢ", "vᵢ", "(yᵢ − θ꜀)²/vᵢ"),
        rows=tuple(
            (study, digits(y), digits(v), digits(part))
            for study, y, v, part in zip(facts.names, facts.y, facts.v, parts, strict=True)
        ),
        source="Cochran 1954",
    )


def q_p_step(facts: Facts) -> Step | None:
    result = facts.result
    if result.q_p is None:
        return None
    return Step(
        key="q_p",
        name="P for heterogeneity",
        value=numbers.p_value(result.q_p),
        meaning="How often chance alone would make the studies differ this much. A large P does not prove agreement.",
        formula=("P = probability that χ² with df degrees of freedom exceeds Q",),
        inputs=named(("Q", result.q), ("df", result.q_df), ("P", result.q_p)),
        source="Cochran 1954",
    )


def _shown(facts: Facts, from_tau2: bool) -> str:
    """Which of the two I² the rest of the page shows."""
    result = facts.result
    _, tau2_is_shown = fitting_i2(result.spec.tau2_method, result.i2, result.i2_tau2)
    if tau2_is_shown == from_tau2:
        return " This is the one shown beside the effect: it fits the estimator of τ²."
    return ""


def i2_q_step(facts: Facts) -> Step | None:
    result = facts.result
    if result.i2 is None:
        return None
    return Step(
        key="i2",
        name="I², from Q",
        value=f"{numbers.rounded(result.i2, 1)}%",
        meaning="The share of the variation between the studies' results that is more than chance."
        + _shown(facts, False),
        formula=("I² = 100 · (Q − df) / Q, not below 0",),
        inputs=named(("Q", result.q), ("df", result.q_df), ("I²", result.i2)),
        source="Higgins and Thompson 2002",
    )


def h2_step(facts: Facts) -> Step | None:
    result = facts.result
    if result.h2 is None:
        return None
    return Step(
        key="h2",
        name="H²",
        value=numbers.rounded(result.h2, 2),
        meaning="How many times as much the studies vary as chance alone would make them; 1 is no more than chance.",
        formula=("H² = Q / df, not below 1",),
        inputs=named(("Q", result.q), ("df", result.q_df), ("H²", result.h2)),
        source="Higgins and Thompson 2002",
    )


def tau2_step(facts: Facts) -> Step | None:
    result, method = facts.result, facts.result.spec.tau2_method
    if result.tau2 is None or method is None:
        return None
    text = numbers.rounded(result.tau2, 3)
    if result.tau2_ci_low is not None and result.tau2_ci_high is not None:
        text += f" ({numbers.interval(result.tau2_ci_low, result.tau2_ci_high, 3)})"
    formula, inputs = _tau2_formula(facts, method)
    return Step(
        key="tau2",
        name="τ² (95% Q-profile interval)" if result.tau2_ci_low is not None else "τ²",
        value=text,
        meaning=f"How much the studies' true effects vary, as a variance{on_log(result.spec.measure)}.",
        formula=formula,
        inputs=inputs,
        source=f"{capitalised(TAU2_METHODS[method])}. {SOURCES[method]}",
    )


def _tau2_formula(facts: Facts, method: Tau2Method) -> tuple[tuple[str, ...], tuple[tuple[str, str], ...]]:
    result, w = facts.result, facts.weights
    if method is Tau2Method.DL:
        v1 = facts.common_weights
        return (
            ("τ² = (Q − (k − 1)) / (Σ wᵢ − Σ wᵢ² / Σ wᵢ), not below 0,  wᵢ = 1 / vᵢ",),
            named(
                ("Q", result.q),
                ("k", result.k),
                ("Σ wᵢ", math.fsum(v1)),
                ("Σ wᵢ²", math.fsum(x * x for x in v1)),
                ("τ²", result.tau2),
            ),
        )
    residual = [(y - facts.estimate) ** 2 for y in facts.y]
    if method is Tau2Method.PM:
        return (
            ("the τ² for which Σ (yᵢ − θ)² / (vᵢ + τ²) = k − 1; 0 where the sum is smaller from the start",),
            named(
                ("τ²", result.tau2),
                ("k", result.k),
                ("the sum at this τ²", math.fsum(wi * r for wi, r in zip(w, residual, strict=True))),
            ),
        )
    squares = [wi * wi for wi in w]
    return (
        (
            "the τ² ≥ 0 at which the restricted likelihood is highest; above 0 it is where",
            "τ² = Σ wᵢ²·((yᵢ − θ)² − vᵢ) / Σ wᵢ² + 1 / Σ wᵢ,  wᵢ = 1 / (vᵢ + τ²)",
        ),
        named(
            ("τ²", result.tau2),
            (
                "Σ wᵢ²·((yᵢ − θ)² − vᵢ)",
                math.fsum(s * (r - v) for s, r, v in zip(squares, residual, facts.v, strict=True)),
            ),
            ("Σ wᵢ²", math.fsum(squares)),
            ("Σ wᵢ", math.fsum(w)),
        ),
    )


def tau2_interval_step(facts: Facts) -> Step | None:
    result, level = facts.result, facts.result.spec.level
    if result.tau2_ci_low is None or result.tau2_ci_high is None:
        return None
    df, tail = result.k - 1, (1 - level) / 2
    return Step(
        key="tau2_interval",
        name="Interval of τ²",
        value=numbers.interval(result.tau2_ci_low, result.tau2_ci_high, 3),
        meaning="With few studies τ² is hardly known: look at its interval, not at the one number.",
        formula=(
            "Q(τ²) = Σ (yᵢ − θ(τ²))² / (vᵢ + τ²), θ(τ²) the mean with weights 1 / (vᵢ + τ²)",
            "lower end: Q(τ²) = χ² upper; upper end: Q(τ²) = χ² lower; 0 where Q(0) is already below",
        ),
        inputs=named(
            ("df", df),
            ("χ² upper", chi2_quantile(tail, df)),
            ("χ² lower", chi2_quantile(1 - tail, df)),
            ("lower end", result.tau2_ci_low),
            ("upper end", result.tau2_ci_high),
        ),
        source="Q-profile: Viechtbauer 2007",
    )


def i2_tau2_step(facts: Facts) -> Step | None:
    result, w = facts.result, facts.common_weights
    if result.i2_tau2 is None or result.tau2 is None:
        return None
    total, squares = math.fsum(w), math.fsum(x * x for x in w)
    return Step(
        key="i2_tau2",
        name="I², from τ²",
        value=f"{numbers.rounded(result.i2_tau2, 1)}%",
        meaning="The same share, from τ² and the studies' typical variance s²." + _shown(facts, True),
        formula=("I² = 100 · τ² / (τ² + s²)", "s² = (k − 1)·Σ wᵢ / ((Σ wᵢ)² − Σ wᵢ²),  wᵢ = 1 / vᵢ"),
        inputs=named(
            ("τ²", result.tau2), ("k", result.k), ("Σ wᵢ", total), ("Σ wᵢ²", squares), ("I²", result.i2_tau2)
        ),
        source="Higgins and Thompson 2002",
    )
