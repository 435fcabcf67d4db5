"""How the interval, the P value and the prediction interval were computed."""

from __future__ import annotations

import math

from etd.domain import numbers
from metaanalysis.computation.facts import Facts
from metaanalysis.computation.step import SOURCES, Step, named, on_log
from metaanalysis.stats.distributions import critical_value
from metaanalysis.stats.mantel_haenszel import se_method
from metaanalysis.stats.types import CiMethod, Measure, Model, PooledResult, PredictionDf, RdSe
from metaanalysis.wording import CI_METHODS


def interval_step(facts: Facts) -> Step | None:
    result, spec = facts.result, facts.result.spec
    if result.ci_method is None or result.se is None or result.ci_low is None or result.ci_high is None:
        return None
    wald = result.ci_method is CiMethod.WALD
    reach = critical_value(spec.level, None if wald else result.k - 1)
    sums: tuple[tuple[str, float | int | None], ...] = ()
    if facts.summed:
        formula = [f"SE by {se_method(spec)}"]
        formula += [_summed_se(spec.measure, spec.rd_se)]
    elif wald:
        formula, sums = ["SE = 1 / √(Σ wᵢ)"], (("Σ wᵢ", math.fsum(facts.weights)),)
    else:
        scale = math.fsum(w * (y - facts.estimate) ** 2 for w, y in zip(facts.weights, facts.y, strict=True))
        cut = result.ci_method is CiMethod.HKSJ_ADHOC
        formula = [
            "q = Σ wᵢ·(yᵢ − θ)² / (k − 1)" + (", at least 1" if cut else ""),
            "SE = √(q / Σ wᵢ)",
        ]
        q = scale / (result.k - 1)
        sums = (("q", max(1.0, q) if cut else q), ("Σ wᵢ", math.fsum(facts.weights)))
    symbol = "z" if wald else f"t with {result.k - 1} df"
    ends = (result.ci_low_natural, result.ci_high_natural)
    return Step(
        key="interval",
        name="Interval",
        value=f"{CI_METHODS[result.ci_method]}, SE {numbers.rounded(result.se, 3)}",
        meaning=_why_this_interval(result),
        formula=(
            *formula,
            f"θ ± {symbol} · SE" + (", then exp() of both ends" if spec.measure.is_ratio else ""),
        ),
        inputs=named(
            ("θ", facts.estimate),
            *sums,
            ("SE", result.se),
            (symbol, reach),
            ("lower end" + on_log(spec.measure), result.ci_low),
            ("upper end" + on_log(spec.measure), result.ci_high),
            ("lower", ends[0] if spec.measure.is_ratio else None),
            ("upper", ends[1] if spec.measure.is_ratio else None),
        ),
        source=SOURCES[result.ci_method],
    )


def _summed_se(measure: Measure, rd_se: RdSe | None) -> str:
    if measure is Measure.OR:
        return "P = (a+d)/N, Q = (b+c)/N, R = a·d/N, S = b·c/N:  SE² = ΣPR/(2(ΣR)²) + Σ(PS+QR)/(2·ΣR·ΣS) + ΣQS/(2(ΣS)²)"
    if measure is Measure.RR:
        return "SE² = Σ((a+c)·n₁·n₂ − a·c·N)/N² / (Σ(a·n₂/N) · Σ(c·n₁/N))"
    if rd_se is RdSe.GREENLAND_ROBINS:
        return "SE² = Σ((a·b·n₂³ + c·d·n₁³)/(n₁·n₂·N²)) / (Σ n₁·n₂/N)²"
    return (
        "SE² = (θ·ΣP + ΣQ) / (Σ n₁·n₂/N)²,  P = (n₁²·c − n₂²·a + n₁·n₂·(n₂ − n₁)/2)/N²,  Q = (a·d + b·c)/(2N)"
    )


def _why_this_interval(result: PooledResult) -> str:
    words = "The range of effects that go with the data: 95% of such intervals hold the true average effect."
    if result.spec.ci_method is not CiMethod.AUTO or result.spec.model is Model.COMMON:
        return words
    tau2 = "above 0" if result.tau2 else "0"
    studies = "1 study" if result.k == 1 else f"{result.k} studies"
    return f"{words} Chosen by rule: {studies}, and τ² is {tau2}."


def p_value_step(facts: Facts) -> Step | None:
    result = facts.result
    if result.p_value is None or not result.se:
        return None
    wald = result.ci_method is CiMethod.WALD
    name = "z" if wald else "t"
    return Step(
        key="p",
        name="P for the effect",
        value=numbers.p_value(result.p_value),
        meaning="How often chance alone would give an effect at least this large if there were none.",
        formula=(
            f"{name} = θ / SE",
            "P = 2 · Φ(−|z|)" if wald else f"P = 2 · T(−|t|), t distribution with {result.k - 1} df",
        ),
        inputs=named(
            ("θ", facts.estimate),
            ("SE", result.se),
            (name, facts.estimate / result.se),
            ("P", result.p_value),
        ),
        source=SOURCES[result.ci_method or CiMethod.WALD],
    )


def prediction_step(facts: Facts) -> Step | None:
    result, spec = facts.result, facts.result.spec
    if result.prediction_low is None or result.prediction_high is None or result.se is None:
        return None
    df = result.k - (1 if spec.prediction is PredictionDf.K_MINUS_1 else 2)
    ends = result.prediction_low_natural, result.prediction_high_natural
    shown = (
        numbers.effect_interval(ends[0], ends[1], spec.measure, 3)
        if ends[0] is not None and ends[1] is not None
        else "too large to write"
    )
    few = " With fewer than five studies it is a rough guess." if result.k < 5 else ""
    return Step(
        key="prediction",
        name="95% prediction interval",
        value=shown,
        meaning=f"Where the true effect of a new, similar study would lie.{few}",
        formula=(
            f"θ ± t with {df} df · √(τ² + SE²)"
            + (", then exp() of both ends" if spec.measure.is_ratio else ""),
        ),
        inputs=named(
            ("θ", facts.estimate),
            (f"t with {df} df", critical_value(spec.level, df)),
            ("τ²", result.tau2),
            ("SE", result.se),
            ("lower end" + on_log(spec.measure), result.prediction_low),
            ("upper end" + on_log(spec.measure), result.prediction_high),
        ),
        source="Higgins, Thompson and Spiegelhalter 2009, t with k − 2 df"
        if spec.prediction is PredictionDf.K_MINUS_2
        else "Veroniki et al. 2019, t with k − 1 df; standard error of the interval shown (Partlett and Riley 2017)",
    )
