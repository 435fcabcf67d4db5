"""How each number of an analysis was computed: formula, inputs with their values, study rows, method and source.

Everything is taken from the result and the studies behind it. Whoever puts the inputs of a step into its formula gets
the number that the page shows; `tests/unit/metaanalysis/test_computation.py` does.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from etd.domain import numbers
from metaanalysis.stats.continuous import SMD_METHODS
from metaanalysis.stats.distributions import chi2_quantile, critical_value
from metaanalysis.stats.effects import Table, effect_tables, raw_table
from metaanalysis.stats.mantel_haenszel import se_method
from metaanalysis.stats.sensitivity import studies_in_analysis
from metaanalysis.stats.small_study import NotComputed, RankTest, RegressionTest, SmallStudyEffects
from metaanalysis.stats.subgroups import Subgroups
from metaanalysis.stats.types import (
    CiMethod,
    DataKind,
    Measure,
    Method,
    Model,
    PooledResult,
    PredictionDf,
    RdSe,
    SmdVariant,
    StudyCounts,
    StudyData,
    Tau2Method,
    ZeroRule,
)
from metaanalysis.wording import CI_METHODS, MEASURES, METHODS, TAU2_METHODS, fitting_i2

DIGITS = 8


@dataclass(frozen=True)
class Step:
    """One number of the page and where it comes from. `inputs` are (symbol, value); the rows belong to the columns."""

    key: str
    name: str
    value: str
    meaning: str
    formula: tuple[str, ...]
    inputs: tuple[tuple[str, str], ...] = ()
    columns: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    source: str = ""


SOURCES = {
    Method.IV: "Cochrane Handbook for Systematic Reviews of Interventions, chapter 10",
    Method.MH: "Mantel and Haenszel 1959; Greenland and Robins 1985",
    Method.PETO: "Yusuf, Peto, Lewis, Collins and Sleight 1985",
    Tau2Method.DL: "DerSimonian and Laird 1986",
    Tau2Method.PM: "Paule and Mandel 1982",
    Tau2Method.REML: "Viechtbauer 2005",
    CiMethod.WALD: "Wald interval, standard normal distribution",
    CiMethod.HKSJ: "Hartung and Knapp 2001; Sidik and Jonkman 2002",
    CiMethod.HKSJ_ADHOC: "Knapp and Hartung 2003: never narrower than the t interval of the Wald standard error",
}
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


def computation(studies: Sequence[StudyData], result: PooledResult) -> tuple[Step, ...]:
    """The steps of an analysis in the order of the page; what was not estimated has none."""
    if result.estimate is None:
        return ()
    facts = _Facts.of(studies, result)
    steps = [_effect(facts), _interval(facts), _p_value(facts), _weights(facts)]
    if result.q is not None:
        steps += [_q(facts), _q_p(facts), _i2_q(facts), _h2(facts)]
    if result.tau2 is not None and result.k > 1:
        steps += [_tau2(facts), _tau2_interval(facts), _i2_tau2(facts)]
    if result.prediction_low is not None:
        steps.append(_prediction(facts))
    return tuple(step for step in steps if step is not None)


@dataclass(frozen=True)
class _Facts:
    """What the formulas are about. `weights` are those of the pooled effect, not as percentages."""

    result: PooledResult
    studies: tuple[StudyData, ...]
    tables: tuple[Table, ...]

    @classmethod
    def of(cls, studies: Sequence[StudyData], result: PooledResult) -> _Facts:
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
        return _mean(self.y, self.common_weights)

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
    above, below = zip(*(_mh_terms(table, measure) for table in tables), strict=True)
    ratio = math.fsum(above) / math.fsum(below)
    return math.log(ratio) if measure.is_ratio else ratio


def _mh_terms(table: Table, measure: Measure) -> tuple[float, float]:
    n = table.total
    if measure is Measure.OR:
        return table.a * table.d / n, table.b * table.c / n
    if measure is Measure.RR:
        return table.a * table.n_comparison / n, table.c * table.n_intervention / n
    return (
        (table.a * table.n_comparison - table.c * table.n_intervention) / n,
        table.n_intervention * table.n_comparison / n,
    )


def _mean(y: Sequence[float], weights: Sequence[float]) -> float:
    return math.fsum(w * yi for w, yi in zip(weights, y, strict=True)) / math.fsum(weights)


def _effect(facts: _Facts) -> Step:
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
    source = f"{_capitalised(METHODS[result.spec.method])}. {SOURCES[result.spec.method]}"
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
        inputs=_named(
            ("k", result.k),
            ("τ²", result.tau2),
            ("Σ wᵢ", math.fsum(weights)),
            ("Σ wᵢ·yᵢ", math.fsum(w * y for w, y in zip(weights, facts.y, strict=True))),
            ("θ", facts.estimate),
            (MEASURES[measure], natural if measure.is_ratio else None),
        ),
        columns=("Study", *(("a, b, c, d",) if facts.tables else ()), "yᵢ", "vᵢ", "wᵢ"),
        rows=tuple(
            (study, *cells, _digits(y), _digits(v), _digits(w))
            for study, cells, y, v, w in zip(
                facts.names, _cell_texts(facts), facts.y, facts.v, weights, strict=True
            )
        ),
        source=source,
    )


def _convention(facts: _Facts) -> str:
    """What was done with empty cells, or by which convention means were standardised."""
    spec, kind = facts.result.spec, facts.result.kind
    if kind is DataKind.MEANS and spec.measure is Measure.SMD:
        return f"{SMD_METHODS[spec.smd or SmdVariant.EXACT]}."
    if kind is not DataKind.COUNTS:
        return ""
    return "Nothing is added to empty cells." if spec.zero is None else _ZERO_WORDS[spec.zero]


def _cell_texts(facts: _Facts) -> list[tuple[str, ...]]:
    if not facts.tables:
        return [()] * facts.result.k
    return [(", ".join(f"{cell:g}" for cell in (t.a, t.b, t.c, t.d)),) for t in facts.tables]


def _study_formula(facts: _Facts) -> tuple[str, ...]:
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
    facts: _Facts, name: str, value: str, meaning: str, back: tuple[str, ...], source: str
) -> Step:
    measure = facts.result.spec.measure
    formula = {
        Measure.OR: "exp θ = Σ (a·d/N) / Σ (b·c/N)",
        Measure.RR: "exp θ = Σ (a·n₂/N) / Σ (c·n₁/N)",
        Measure.RD: "θ = Σ ((a·n₂ − c·n₁)/N) / Σ (n₁·n₂/N)",
    }[measure]
    terms = [_mh_terms(table, measure) for table in facts.tables]
    return Step(
        key="effect",
        name=name,
        value=value,
        meaning=meaning,
        formula=(formula, *back),
        inputs=_named(
            ("k", facts.result.k),
            ("Σ above", math.fsum(above for above, _ in terms)),
            ("Σ below", math.fsum(below for _, below in terms)),
            ("θ", facts.estimate),
            (MEASURES[measure], facts.result.estimate_natural if measure.is_ratio else None),
        ),
        columns=("Study", "a, b, c, d", "above", "below"),
        rows=tuple(
            (study, *cells, _digits(above), _digits(below))
            for study, cells, (above, below) in zip(facts.names, _cell_texts(facts), terms, strict=True)
        ),
        source=source,
    )


def _peto_effect(
    facts: _Facts, name: str, value: str, meaning: str, back: tuple[str, ...], source: str
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
        inputs=_named(
            ("k", facts.result.k),
            ("Σ (O − E)", math.fsum(observed_less)),
            ("Σ V", math.fsum(variances)),
            ("θ", facts.estimate),
            (MEASURES[facts.result.spec.measure], facts.result.estimate_natural),
        ),
        columns=("Study", "a, b, c, d", "O − E", "V"),
        rows=tuple(
            (study, *cells, _digits(o), _digits(v))
            for study, cells, o, v in zip(
                facts.names, _cell_texts(facts), observed_less, variances, strict=True
            )
        ),
        source=source,
    )


def _interval(facts: _Facts) -> Step | None:
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
        inputs=_named(
            ("θ", facts.estimate),
            *sums,
            ("SE", result.se),
            (symbol, reach),
            ("lower end" + _on_log(spec.measure), result.ci_low),
            ("upper end" + _on_log(spec.measure), result.ci_high),
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


def _p_value(facts: _Facts) -> Step | None:
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
        inputs=_named(
            ("θ", facts.estimate),
            ("SE", result.se),
            (name, facts.estimate / result.se),
            ("P", result.p_value),
        ),
        source=SOURCES[result.ci_method or CiMethod.WALD],
    )


def _weights(facts: _Facts) -> Step | None:
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
        rows=tuple((name, _digits(share)) for name, share in zip(facts.names, whole, strict=True)),
        source=SOURCES[facts.result.spec.method],
    )


def _q(facts: _Facts) -> Step:
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
        inputs=_named(("θ꜀", centre), ("Q", result.q), ("df", result.q_df)),
        columns=("Study", "yᵢ", "vᵢ", "(yᵢ − θ꜀)²/vᵢ"),
        rows=tuple(
            (study, _digits(y), _digits(v), _digits(part))
            for study, y, v, part in zip(facts.names, facts.y, facts.v, parts, strict=True)
        ),
        source="Cochran 1954",
    )


def _q_p(facts: _Facts) -> Step | None:
    result = facts.result
    if result.q_p is None:
        return None
    return Step(
        key="q_p",
        name="P for heterogeneity",
        value=numbers.p_value(result.q_p),
        meaning="How often chance alone would make the studies differ this much. A large P does not prove agreement.",
        formula=("P = probability that χ² with df degrees of freedom exceeds Q",),
        inputs=_named(("Q", result.q), ("df", result.q_df), ("P", result.q_p)),
        source="Cochran 1954",
    )


def _shown(facts: _Facts, from_tau2: bool) -> str:
    """Which of the two I² the rest of the page shows."""
    result = facts.result
    _, tau2_is_shown = fitting_i2(result.spec.tau2_method, result.i2, result.i2_tau2)
    if tau2_is_shown == from_tau2:
        return " This is the one shown beside the effect: it fits the estimator of τ²."
    return ""


def _i2_q(facts: _Facts) -> Step | None:
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
        inputs=_named(("Q", result.q), ("df", result.q_df), ("I²", result.i2)),
        source="Higgins and Thompson 2002",
    )


def _h2(facts: _Facts) -> Step | None:
    result = facts.result
    if result.h2 is None:
        return None
    return Step(
        key="h2",
        name="H²",
        value=numbers.rounded(result.h2, 2),
        meaning="How many times as much the studies vary as chance alone would make them; 1 is no more than chance.",
        formula=("H² = Q / df, not below 1",),
        inputs=_named(("Q", result.q), ("df", result.q_df), ("H²", result.h2)),
        source="Higgins and Thompson 2002",
    )


def _tau2(facts: _Facts) -> Step | None:
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
        meaning=f"How much the studies' true effects vary, as a variance{_on_log(result.spec.measure)}.",
        formula=formula,
        inputs=inputs,
        source=f"{_capitalised(TAU2_METHODS[method])}. {SOURCES[method]}",
    )


def _tau2_formula(facts: _Facts, method: Tau2Method) -> tuple[tuple[str, ...], tuple[tuple[str, str], ...]]:
    result, w = facts.result, facts.weights
    if method is Tau2Method.DL:
        v1 = facts.common_weights
        return (
            ("τ² = (Q − (k − 1)) / (Σ wᵢ − Σ wᵢ² / Σ wᵢ), not below 0,  wᵢ = 1 / vᵢ",),
            _named(
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
            _named(
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
        _named(
            ("τ²", result.tau2),
            (
                "Σ wᵢ²·((yᵢ − θ)² − vᵢ)",
                math.fsum(s * (r - v) for s, r, v in zip(squares, residual, facts.v, strict=True)),
            ),
            ("Σ wᵢ²", math.fsum(squares)),
            ("Σ wᵢ", math.fsum(w)),
        ),
    )


def _tau2_interval(facts: _Facts) -> Step | None:
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
        inputs=_named(
            ("df", df),
            ("χ² upper", chi2_quantile(tail, df)),
            ("χ² lower", chi2_quantile(1 - tail, df)),
            ("lower end", result.tau2_ci_low),
            ("upper end", result.tau2_ci_high),
        ),
        source="Q-profile: Viechtbauer 2007",
    )


def _i2_tau2(facts: _Facts) -> Step | None:
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
        inputs=_named(
            ("τ²", result.tau2), ("k", result.k), ("Σ wᵢ", total), ("Σ wᵢ²", squares), ("I²", result.i2_tau2)
        ),
        source="Higgins and Thompson 2002",
    )


def _prediction(facts: _Facts) -> Step | None:
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
        inputs=_named(
            ("θ", facts.estimate),
            (f"t with {df} df", critical_value(spec.level, df)),
            ("τ²", result.tau2),
            ("SE", result.se),
            ("lower end" + _on_log(spec.measure), result.prediction_low),
            ("upper end" + _on_log(spec.measure), result.prediction_high),
        ),
        source="Higgins, Thompson and Spiegelhalter 2009, t with k − 2 df"
        if spec.prediction is PredictionDf.K_MINUS_2
        else "Veroniki et al. 2019, t with k − 1 df; standard error of the interval shown (Partlett and Riley 2017)",
    )


def _capitalised(words: str) -> str:
    """With a capital at the beginning; names within keep theirs."""
    return words[:1].upper() + words[1:]


def _on_log(measure: Measure) -> str:
    return ", log scale" if measure.is_ratio else ""


def _named(*inputs: tuple[str, float | int | None]) -> tuple[tuple[str, str], ...]:
    """Symbols with their values; what is None is left out."""
    return tuple((name, _digits(value)) for name, value in inputs if value is not None)


def _digits(value: float | int) -> str:
    """Eight significant digits, with a real minus sign: enough to compute the page's numbers again."""
    return f"{value:.{DIGITS}g}".replace("-", numbers.MINUS)


def subgroup_test(subgroups: Subgroups) -> Step | None:
    """The test for differences between subgroups; None where there is none."""
    test = subgroups.test
    if test is None:
        return None
    rows = []
    for group in subgroups.groups:
        se = _model_se(group.result)
        if group.name and group.result.estimate is not None and se:
            rows.append((group.name, group.result.estimate, se))
    return Step(
        key="subgroups",
        name="Test for subgroup differences",
        value=f"Q {numbers.rounded(test.q, 2)} on {test.df} df, P {numbers.p_value(test.p_value)}",
        meaning="How far the subgroups lie from each other, each in units of its own variance. Each has a τ² of"
        " its own.",
        formula=(
            "Q = Σ Wⱼ·(θⱼ − θ)²,  Wⱼ = 1 / SEⱼ²,  θ = Σ Wⱼ·θⱼ / Σ Wⱼ;  df = subgroups − 1",
            "SEⱼ is that of the model (Wald), also where another interval is shown; P from χ² with df",
        ),
        inputs=_named(("Q", test.q), ("df", test.df), ("P", test.p_value)),
        columns=("Subgroup", "θⱼ", "SEⱼ", "Wⱼ"),
        rows=tuple((name, _digits(theta), _digits(se), _digits(se**-2)) for name, theta, se in rows),
        source="Borenstein, Hedges, Higgins and Rothstein 2009, chapter 19",
    )


def _model_se(result: PooledResult) -> float | None:
    """The standard error that the model gives, whatever interval is shown."""
    if result.tau2 is None:
        return result.se
    return math.fsum(1 / (study.se**2 + result.tau2) for study in result.studies) ** -0.5


def small_study_tests(
    studies: Sequence[StudyData], result: PooledResult, small: SmallStudyEffects
) -> tuple[Step, ...]:
    """Egger, Harbord, Peters and Begg; a test that is not defined here says why in place of its value."""
    facts = _Facts.of(studies, result)
    tables = [raw_table(study) for study in facts.studies if isinstance(study, StudyCounts)]
    egger_rows = tuple(
        (name, _digits(y), _digits(math.sqrt(v)), _digits(1 / v))
        for name, y, v in zip(facts.names, facts.y, facts.v, strict=True)
    )
    return (
        _regression_step(
            ("egger", "Egger’s test", "Egger, Davey Smith, Schneider and Minder 1997"),
            small.egger,
            ("yᵢ = α + b·SEᵢ, least squares with weights 1 / SEᵢ²; b is the intercept of yᵢ/SEᵢ on 1/SEᵢ",),
            ("Study", "yᵢ", "SEᵢ", "weight"),
            egger_rows,
        ),
        _regression_step(
            ("harbord", "Harbord’s test", "Harbord, Egger and Sterne 2006"),
            small.harbord,
            (
                "Zᵢ/√Vᵢ = b + β·√Vᵢ, least squares; Zᵢ = a − n₁·(a + c)/N",
                "Vᵢ = n₁·n₂·(a + c)·(b + d) / (N²·(N − 1))",
            ),
            ("Study", "a, b, c, d"),
            tuple((t.counts.study, ", ".join(f"{cell:g}" for cell in (t.a, t.b, t.c, t.d))) for t in tables),
        ),
        _regression_step(
            ("peters", "Peters’ test", "Peters, Sutton, Jones, Abrams and Rushton 2006"),
            small.peters,
            ("yᵢ = α + b·(1/Nᵢ), least squares with weights 1 / (1/(a + c) + 1/(b + d))",),
            ("Study", "yᵢ", "Nᵢ"),
            tuple(
                (t.counts.study, _digits(y), f"{t.total:g}") for t, y in zip(tables, facts.y, strict=False)
            ),
        ),
        _rank_step(small.begg, egger_rows),
    )


def _regression_step(
    named: tuple[str, str, str],
    test: RegressionTest | NotComputed,
    formula: tuple[str, ...],
    columns: tuple[str, ...],
    rows: tuple[tuple[str, ...], ...],
) -> Step:
    key, name, source = named
    if isinstance(test, NotComputed):
        return Step(key, name, f"not computed: {test.reason}", "", ())
    return Step(
        key=key,
        name=name,
        value=f"P {numbers.p_value(test.p_value)}",
        meaning="Whether the effect changes with the size of the studies.",
        formula=(*formula, "t = b / SE(b), P two-sided from t with k − 2 degrees of freedom"),
        inputs=_named(
            ("b", test.coefficient), ("SE(b)", test.se), ("t", test.t), ("df", test.df), ("P", test.p_value)
        ),
        columns=columns,
        rows=rows,
        source=source,
    )


def _rank_step(test: RankTest | NotComputed, rows: tuple[tuple[str, ...], ...]) -> Step:
    if isinstance(test, NotComputed):
        return Step("begg", "Begg’s test", f"not computed: {test.reason}", "", ())
    return Step(
        key="begg",
        name="Begg’s test",
        value=f"P {numbers.p_value(test.p_value)}",
        meaning="Whether large effects and large variances go together.",
        formula=("Kendall’s rank correlation of (yᵢ − θ)/√(vᵢ − 1/Σw) with vᵢ,  w = 1 / v",),
        inputs=_named(("Kendall’s τ", test.kendall_tau), ("P", test.p_value)),
        columns=("Study", "yᵢ", "SEᵢ", "w"),
        rows=rows,
        source="Begg and Mazumdar 1994",
    )
