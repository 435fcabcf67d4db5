"""How the pooled effect and the weights of the studies were computed."""

from __future__ import annotations

import math

from etd.domain import numbers
from metaanalysis.computation.facts import Facts, cell_texts, mantel_haenszel_terms
from metaanalysis.computation.step import SOURCES, Step, capitalised, digits, named
from metaanalysis.stats.continuous import SMD_METHODS
from metaanalysis.stats.types import DataKind, Measure, Method, SmdVariant, ZeroRule
from metaanalysis.wording import MEASURES, METHODS

_STUDY_FORMULAS = {
    Measure.OR: "yᵢ = ln(a·d / (b·c)),  vᵢ = 1/a + 1/b + 1/c + 1/d",
    Measure.RR: "yᵢ = ln((a/n₁) / (c/n₂)),  vᵢ = 1/a − 1/n₁ + 1/c − 1/n₂",
    Measure.RD: "yᵢ = a/n₁ − c/n₂,  vᵢ = a·b/n₁³ + c·d/n₂³",
    Measure.MD: "yᵢ = mean₁ − mean₂,  vᵢ = SD₁²/n₁ + SD₂²/n₂",
}

_ZERO_WORDS = {
    ZeroRule.ONLY0: "Where one of the four cells is 0, 0.5 is added to all four; studies without events, or with events"
    " in everybody, are left out.",
    ZeroRule.ONLY0_KEEP: "Where one of the four cells is 0, 0.5 is added to all four; every study is kept.",
    ZeroRule.NONE: "Nothing is added to empty cells; studies whose effect cannot be computed are left out.",
    ZeroRule.POOL_NONE: "Cells are summed as they are; studies without information on the measure are left out.",
    ZeroRule.POOL_ONLY0: "Where one of the four cells is 0, 0.5 is added to all four before summing.",
}


def effect_step(facts: Facts) -> Step:
    result, measure = facts.result, facts.result.spec.measure
    low, high = result.ci_low_natural, result.ci_high_natural
    natural = result.estimate_natural
    value = "too large to write"
    if natural is not None:
        whole = low is not None and high is not None
        value = (
            numbers.effect(natural, low or 0.0, high or 0.0, measure, 3)
            if whole
            else numbers.effect_number(natural, measure, 3)
        )
    back = (f"{MEASURES[measure]} = exp(θ)",) if measure.is_ratio else ()
    name = f"{MEASURES[measure]} (95% CI)" if low is not None else MEASURES[measure]
    meaning = (
        f"The pooled effect: the studies' effects, averaged by their weights. {_convention(facts)}".strip()
    )
    source = f"{capitalised(METHODS[result.spec.method])}. {SOURCES[result.spec.method]}"
    if facts.summed:
        return _summed_effect(facts, name, value, meaning, back, source)
    if result.spec.method is Method.PETO:
        return _peto_effect(facts, name, value, meaning, back, source)
    weights, random = facts.weights, result.tau2 is not None
    return Step(
        key="effect",
        name=name,
        value=value,
        meaning=meaning,
        formula=(
            *_study_formula(facts),
            f"θ = Σ wᵢ·yᵢ / Σ wᵢ,  wᵢ = 1 / {'(vᵢ + τ²)' if random else 'vᵢ'}",
            *back,
        ),
        inputs=named(
            ("k", result.k),
            ("τ²", result.tau2),
            ("Σ wᵢ", math.fsum(weights)),
            ("Σ wᵢ·yᵢ", math.fsum(w * y for w, y in zip(weights, facts.y, strict=True))),
            ("θ", facts.estimate),
            (MEASURES[measure], natural if measure.is_ratio else None),
        ),
        columns=("Study", *(("a, b, c, d",) if facts.tables else ()), "yᵢ", "vᵢ", "wᵢ"),
        rows=tuple(
            (study, *cells, digits(y), digits(v), digits(w))
            for study, cells, y, v, w in zip(
                facts.names, cell_texts(facts), facts.y, facts.v, weights, strict=True
            )
        ),
        source=source,
    )


def _convention(facts: Facts) -> str:
    """What was done with empty cells, or by which convention means were standardised."""
    spec, kind = facts.result.spec, facts.result.kind
    if kind is DataKind.MEANS and spec.measure is Measure.SMD:
        return f"{SMD_METHODS[spec.smd or SmdVariant.EXACT]}."
    if kind is not DataKind.COUNTS:
        return ""
    return "Nothing is added to empty cells." if spec.zero is None else _ZERO_WORDS[spec.zero]


def _study_formula(facts: Facts) -> tuple[str, ...]:
    spec, kind = facts.result.spec, facts.result.kind
    if kind is DataKind.ESTIMATE:
        return ("yᵢ = the estimate as given,  vᵢ = SE²",)
    if spec.measure is Measure.SMD:
        correction = (
            "J = 1 − 3/(4N − 9),  vᵢ = N/(n₁·n₂) + yᵢ²/(2(N − 3.94))"
            if spec.smd is SmdVariant.REVMAN
            else "J = Γ(m/2) / (√(m/2)·Γ((m − 1)/2)),  m = N − 2,  vᵢ = 1/n₁ + 1/n₂ + yᵢ²/(2N)"
        )
        return ("yᵢ = J·(mean₁ − mean₂)/SD pooled", correction)
    return (_STUDY_FORMULAS[spec.measure],)


def _summed_effect(
    facts: Facts, name: str, value: str, meaning: str, back: tuple[str, ...], source: str
) -> Step:
    measure = facts.result.spec.measure
    formula = {
        Measure.OR: "exp θ = Σ (a·d/N) / Σ (b·c/N)",
        Measure.RR: "exp θ = Σ (a·n₂/N) / Σ (c·n₁/N)",
        Measure.RD: "θ = Σ ((a·n₂ − c·n₁)/N) / Σ (n₁·n₂/N)",
    }[measure]
    terms = [mantel_haenszel_terms(table, measure) for table in facts.tables]
    return Step(
        key="effect",
        name=name,
        value=value,
        meaning=meaning,
        formula=(formula, *back),
        inputs=named(
            ("k", facts.result.k),
            ("Σ above", math.fsum(above for above, _ in terms)),
            ("Σ below", math.fsum(below for _, below in terms)),
            ("θ", facts.estimate),
            (MEASURES[measure], facts.result.estimate_natural if measure.is_ratio else None),
        ),
        columns=("Study", "a, b, c, d", "above", "below"),
        rows=tuple(
            (study, *cells, digits(above), digits(below))
            for study, cells, (above, below) in zip(facts.names, cell_texts(facts), terms, strict=True)
        ),
        source=source,
    )


def _peto_effect(
    facts: Facts, name: str, value: str, meaning: str, back: tuple[str, ...], source: str
) -> Step:
    variances = facts.common_weights
    observed_less = [y * w for y, w in zip(facts.y, variances, strict=True)]
    return Step(
        key="effect",
        name=name,
        value=value,
        meaning=meaning,
        formula=(
            "E = n₁·(a + c)/N,  V = n₁·n₂·(a + c)·(b + d) / (N²·(N − 1))",
            "θ = Σ (O − E) / Σ V,  O = a",
            *back,
        ),
        inputs=named(
            ("k", facts.result.k),
            ("Σ (O − E)", math.fsum(observed_less)),
            ("Σ V", math.fsum(variances)),
            ("θ", facts.estimate),
            (MEASURES[facts.result.spec.measure], facts.result.estimate_natural),
        ),
        columns=("Study", "a, b, c, d", "O − E", "V"),
        rows=tuple(
            (study, *cells, digits(o), digits(v))
            for study, cells, o, v in zip(
                facts.names, cell_texts(facts), observed_less, variances, strict=True
            )
        ),
        source=source,
    )


def weights_step(facts: Facts) -> Step | None:
    shares = [study.weight for study in facts.result.studies]
    whole = [share for share in shares if share is not None]
    if len(whole) < len(shares):
        return None
    low, high = numbers.rounded(min(whole), 1), numbers.rounded(max(whole), 1)
    summed = {Measure.OR: "wᵢ = b·c/N", Measure.RR: "wᵢ = c·n₁/N", Measure.RD: "wᵢ = n₁·n₂/N"}
    how = (
        summed[facts.result.spec.measure]
        if facts.summed
        else "wᵢ = V, the variance of O − E"
        if facts.result.spec.method is Method.PETO
        else "wᵢ = 1 / (vᵢ + τ²)"
        if facts.result.tau2 is not None
        else "wᵢ = 1 / vᵢ"
    )
    return Step(
        key="weights",
        name="Weight of each study",
        value=f"{low}% to {high}%" if len(whole) > 1 else "100%",
        meaning="How much each study counts in the pooled effect.",
        formula=(how, "weight in % = 100 · wᵢ / Σ wᵢ"),
        columns=("Study", "weight in %"),
        rows=tuple((name, digits(share)) for name, share in zip(facts.names, whole, strict=True)),
        source=SOURCES[facts.result.spec.method],
    )
