"""Whoever puts the inputs of a step into its formula gets the number that the page shows."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pytest

from metaanalysis.computation import Step, computation, small_study_tests, subgroup_test
from metaanalysis.forms.method import offered_specs
from metaanalysis.stats.distributions import chi2_upper_tail, two_sided_p
from metaanalysis.stats.pooling import pool
from metaanalysis.stats.small_study import small_study_effects
from metaanalysis.stats.subgroups import pool_subgroups
from metaanalysis.stats.types import DataKind, Measure, PoolingSpec, StudyData
from tests.unit.metaanalysis_stats.reference import other_sets, reference_sets

DATA: dict[str, Sequence[StudyData]] = {
    "counts": reference_sets()["nielweise2007"].studies,
    "means": other_sets()["normand1999_cont"].studies,
    "estimate": other_sets()["pignon2000_hr"].studies,
}
CASES = [
    (kind, spec)
    for kind in DATA
    for spec in sorted(set(offered_specs(DataKind(kind))), key=repr)
    if not (kind == "estimate" and spec.measure not in (Measure.HR, Measure.GIV))
]


def number(text: str) -> float:
    return float(text.replace("−", "-"))


def inputs(step: Step) -> dict[str, float]:
    return {name: number(value) for name, value in step.inputs}


def column(step: Step, name: str) -> list[float]:
    place = step.columns.index(name)
    return [number(row[place]) for row in step.rows]


def close(actual: float, expected: float) -> bool:
    return math.isclose(actual, expected, rel_tol=2e-5, abs_tol=1e-7)


def steps_of(kind: str, spec: PoolingSpec) -> dict[str, Step]:
    return {step.key: step for step in computation(DATA[kind], pool(DATA[kind], spec))}


@pytest.mark.parametrize(("kind", "spec"), CASES)
def test_the_effect_follows_from_its_rows(kind: str, spec: PoolingSpec) -> None:
    effect = steps_of(kind, spec)["effect"]
    theta = inputs(effect)["θ"]
    if "wᵢ" in effect.columns:
        y, v, w = (column(effect, name) for name in ("yᵢ", "vᵢ", "wᵢ"))
        tau2 = inputs(effect).get("τ²", 0.0)
        assert all(close(wi, 1 / (vi + tau2)) for wi, vi in zip(w, v, strict=True))
        assert close(sum(wi * yi for wi, yi in zip(w, y, strict=True)) / sum(w), theta)
    elif "V" in effect.columns:
        assert close(sum(column(effect, "O − E")) / sum(column(effect, "V")), theta)
    else:
        ratio = sum(column(effect, "above")) / sum(column(effect, "below"))
        assert close(math.log(ratio) if spec.measure.is_ratio else ratio, theta)
    if spec.measure.is_ratio:
        (natural,) = [value for name, value in inputs(effect).items() if name.endswith("ratio")]
        assert close(math.exp(theta), natural)
        assert effect.value.startswith(f"{natural:.3f}")


@pytest.mark.parametrize(("kind", "spec"), CASES)
def test_interval_p_and_prediction_follow_from_their_inputs(kind: str, spec: PoolingSpec) -> None:
    steps = steps_of(kind, spec)
    given = inputs(steps["interval"])
    (reach,) = [value for name, value in given.items() if name == "z" or name.startswith("t with")]
    low, high = (
        next(value for name, value in given.items() if name.startswith(end))
        for end in ("lower end", "upper end")
    )
    assert close(given["θ"] - reach * given["SE"], low)
    assert close(given["θ"] + reach * given["SE"], high)
    if "q" in given:
        assert close(math.sqrt(given["q"] / given["Σ wᵢ"]), given["SE"])
    elif "Σ wᵢ" in given:
        assert close(given["Σ wᵢ"] ** -0.5, given["SE"])
    p = inputs(steps["p"])
    df = None if "z" in p else pool(DATA[kind], spec).k - 1
    assert close(two_sided_p(p["θ"] / p["SE"], df), p["P"])
    if "prediction" in steps:
        said = inputs(steps["prediction"])
        (t,) = [value for name, value in said.items() if name.startswith("t with")]
        half = t * math.sqrt(said["τ²"] + said["SE"] ** 2)
        (end,) = [value for name, value in said.items() if name.startswith("lower end")]
        assert close(said["θ"] - half, end)


@pytest.mark.parametrize(("kind", "spec"), CASES)
def test_heterogeneity_follows_from_its_inputs(kind: str, spec: PoolingSpec) -> None:
    steps = steps_of(kind, spec)
    q = inputs(steps["q"])
    assert close(sum(column(steps["q"], "(yᵢ − θ꜀)²/vᵢ")), q["Q"])
    i2, h2, p = (inputs(steps[key]) for key in ("i2", "h2", "q_p"))
    assert close(max(0.0, 100 * (i2["Q"] - i2["df"]) / i2["Q"]), i2["I²"])
    assert close(max(1.0, h2["Q"] / h2["df"]), h2["H²"])
    assert close(chi2_upper_tail(p["Q"], int(p["df"])), p["P"])
    if "tau2" not in steps:
        assert spec.model == "common"
        return
    tau2 = inputs(steps["tau2"])
    if spec.tau2_method == "DL":
        scale = tau2["Σ wᵢ"] - tau2["Σ wᵢ²"] / tau2["Σ wᵢ"]
        assert close(max(0.0, (tau2["Q"] - (tau2["k"] - 1)) / scale), tau2["τ²"])
    elif spec.tau2_method == "PM":
        assert tau2["τ²"] == 0 or close(tau2["the sum at this τ²"], tau2["k"] - 1)
    else:
        found = tau2["Σ wᵢ²·((yᵢ − θ)² − vᵢ)"] / tau2["Σ wᵢ²"] + 1 / tau2["Σ wᵢ"]
        assert tau2["τ²"] == 0 or math.isclose(found, tau2["τ²"], rel_tol=1e-3)
    share = inputs(steps["i2_tau2"])
    typical = (share["k"] - 1) * share["Σ wᵢ"] / (share["Σ wᵢ"] ** 2 - share["Σ wᵢ²"])
    assert close(100 * share["τ²"] / (share["τ²"] + typical), share["I²"])


def test_weights_add_up_and_are_those_of_the_result() -> None:
    weights = steps_of("counts", PoolingSpec())["weights"]
    assert math.isclose(sum(column(weights, "weight in %")), 100, rel_tol=1e-6)


def test_every_step_names_a_formula_and_a_source() -> None:
    for kind, spec in CASES:
        for step in steps_of(kind, spec).values():
            assert step.formula, step.key
            assert step.source, step.key
            assert step.meaning, step.key


@pytest.mark.parametrize(
    ("method", "words"), [("mh", "Mantel-Haenszel. "), ("peto", "Peto. "), ("iv", "Inverse variance. ")]
)
def test_the_source_of_the_effect_keeps_the_capitals_of_names(method: str, words: str) -> None:
    studies = reference_sets()["bcg"].studies
    spec = PoolingSpec(model="common", method=method)  # type: ignore[arg-type]
    assert computation(studies, pool(studies, spec))[0].source.startswith(words)


def test_one_study_has_all_the_weight() -> None:
    studies = reference_sets()["bcg"].studies[:1]
    weights = {step.key: step for step in computation(studies, pool(studies, PoolingSpec()))}["weights"]
    assert weights.value == "100%"


def test_nothing_estimable_has_no_steps() -> None:
    assert computation([], pool([], PoolingSpec())) == ()


def test_the_page_says_which_interval_the_rule_chose_and_why() -> None:
    step = steps_of("counts", PoolingSpec())["interval"]
    assert step.value.startswith("Hartung-Knapp-Sidik-Jonkman")
    assert "Chosen by rule: 17 studies, and τ² is above 0." in step.meaning


def test_the_subgroup_test_follows_from_its_rows() -> None:
    studies = reference_sets()["bcg"].studies
    step = subgroup_test(pool_subgroups(studies, PoolingSpec()))
    assert step is not None
    theta, se, w = (column(step, name) for name in ("θⱼ", "SEⱼ", "Wⱼ"))
    assert all(close(wj, sj**-2) for wj, sj in zip(w, se, strict=True))
    mean = sum(wj * tj for wj, tj in zip(w, theta, strict=True)) / sum(w)
    assert close(sum(wj * (tj - mean) ** 2 for wj, tj in zip(w, theta, strict=True)), inputs(step)["Q"])


def test_egger_harbord_and_peters_follow_from_their_rows() -> None:
    studies = reference_sets()["li2007"].studies
    spec = PoolingSpec()
    result = pool(studies, spec)
    found = {
        step.key: step for step in small_study_tests(studies, result, small_study_effects(studies, spec))
    }
    for key in ("egger", "harbord", "peters"):
        given = inputs(found[key])
        assert close(given["b"] / given["SE(b)"], given["t"])
        assert close(two_sided_p(given["t"], int(given["df"])), given["P"])
    egger = found["egger"]
    x, y, w = (column(egger, name) for name in ("SEᵢ", "yᵢ", "weight"))
    assert close(slope(x, y, w), inputs(egger)["b"])
    assert "Kendall’s τ" in dict(found["begg"].inputs)


def test_a_test_that_is_not_defined_says_why() -> None:
    studies = DATA["means"]
    spec = PoolingSpec(measure=Measure.MD)
    found = small_study_tests(studies, pool(studies, spec), small_study_effects(studies, spec))
    harbord = next(step for step in found if step.key == "harbord")
    assert harbord.value == "not computed: defined for odds ratios only"
    assert harbord.formula == ()


def slope(x: list[float], y: list[float], w: list[float]) -> float:
    mean_x = sum(wi * xi for wi, xi in zip(w, x, strict=True)) / sum(w)
    mean_y = sum(wi * yi for wi, yi in zip(w, y, strict=True)) / sum(w)
    above = sum(wi * (xi - mean_x) * (yi - mean_y) for wi, xi, yi in zip(w, x, y, strict=True))
    return above / sum(wi * (xi - mean_x) ** 2 for wi, xi in zip(w, x, strict=True))
