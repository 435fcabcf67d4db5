"""A meta-analysis as lines of text for a terminal."""

from __future__ import annotations

from collections.abc import Sequence

from etd.domain import numbers
from metaanalysis import specification, wording
from metaanalysis.importers import StudyRow
from metaanalysis.importers.table import visible
from metaanalysis.kinds import arm_text
from metaanalysis.stats.report import small_study_notes
from metaanalysis.stats.sensitivity import Added, LeftOut, Repooled
from metaanalysis.stats.small_study import NotComputed, RegressionTest, SmallStudyEffects
from metaanalysis.stats.subgroups import Subgroups
from metaanalysis.stats.trim_and_fill import TrimAndFill
from metaanalysis.stats.types import Measure, PooledResult


def as_text(result: PooledResult, rows: Sequence[StudyRow], warnings: Sequence[str]) -> str:
    """A line a study, the pooled effect, heterogeneity, what to know. `rows` are those in the analysis, in order."""
    of_arms = any(row.kind != "estimate" for row in rows)
    arms = ("Intervention", "Comparison") if of_arms else ()
    lines: list[tuple[str, ...]] = [("Study", *arms, f"{result.spec.measure} (95% CI)", "Weight")]
    for study, row in zip(result.studies, rows, strict=True):
        effect = _effect(
            study.estimate_natural, study.ci_low_natural, study.ci_high_natural, result.spec.measure
        )
        weight = "-" if study.weight is None else f"{numbers.rounded(study.weight, 1)}%"
        lines.append((visible(study.study), *(_arms(row) if of_arms else ()), effect, weight))
    pooled = _effect(
        result.estimate_natural, result.ci_low_natural, result.ci_high_natural, result.spec.measure
    )
    lines.append(("Pooled", *(_totals(rows) if of_arms else ()), pooled, ""))
    parts = [_aligned(lines), _method(result), *_heterogeneity(result)]
    parts += [f"Not in the analysis: {visible(e.study)}. {e.reason}" for e in result.excluded]
    parts += [f"Note: {result.note}"] if result.note else []
    parts += [f"Warning: {warning}" for warning in warnings]
    return "\n".join(part for part in parts if part)


def subgroups_text(subgroups: Subgroups) -> str:
    lines: list[tuple[str, ...]] = [("Subgroup", "Studies", "Pooled (95% CI)", "I²", "τ²")]
    for group in subgroups.groups:
        result = group.result
        effect = _effect(
            result.estimate_natural, result.ci_low_natural, result.ci_high_natural, result.spec.measure
        )
        name = visible(group.name) or "(no subgroup)"
        lines.append((name, str(result.k), effect, _percent(result.i2), _tau2(result.tau2)))
    parts = [_aligned(lines)]
    if test := subgroups.test:
        q = f"Q {numbers.rounded(test.q, 2)} on {test.df} df"
        parts.append(f"Test for differences between subgroups: {q}, P {numbers.p_value(test.p_value)}")
    parts += [f"Note: {visible(subgroups.note, 2000)}"] if subgroups.note else []
    return "\n".join(parts)


def leave_one_out_text(rows: Sequence[LeftOut]) -> str:
    return _repooled_table("Without", [(row.omitted, row.pooled) for row in rows])


def cumulative_text(rows: Sequence[Added]) -> str:
    return _repooled_table("Up to and with", [(row.added, row.pooled) for row in rows])


def small_study_text(effects: SmallStudyEffects, filled: TrimAndFill) -> str:
    lines = ["Small-study effects"]
    for name, word, test in (
        ("Egger", "intercept", effects.egger),
        ("Harbord", "intercept", effects.harbord),
        ("Peters", "slope", effects.peters),
    ):
        if isinstance(test, RegressionTest):
            coefficient = numbers.rounded(test.coefficient, 3)
            t = f"t {numbers.rounded(test.t, 2)} on {test.df} df"
            lines.append(f"{name}: {word} {coefficient}, {t}, P {numbers.p_value(test.p_value)}")
    if not isinstance(effects.begg, NotComputed):
        tau = numbers.rounded(effects.begg.kendall_tau, 3)
        lines.append(f"Begg: Kendall's tau {tau}, P {numbers.p_value(effects.begg.p_value)}")
    if filled.result:
        result = filled.result
        effect = _effect(
            result.estimate_natural, result.ci_low_natural, result.ci_high_natural, result.spec.measure
        )
        studies = "1 study" if filled.k0 == 1 else f"{filled.k0} studies"
        lines.append(f"Trim and fill: {studies} filled in on the {filled.side}, then {effect}")
    return "\n".join([*lines, *(f"Note: {note}" for note in small_study_notes(effects, filled))])


def _repooled_table(title: str, rows: Sequence[tuple[str, Repooled]]) -> str:
    lines: list[tuple[str, ...]] = [(title, "Studies", "Pooled (95% CI)", "P", "I²", "τ²")]
    for name, row in rows:
        effect = _effect(row.estimate_natural, row.ci_low_natural, row.ci_high_natural, row.measure)
        p = "-" if row.p_value is None else numbers.p_value(row.p_value)
        lines.append((visible(name), str(row.k), effect, p, _percent(row.i2), _tau2(row.tau2)))
    return _aligned(lines)


def _arms(row: StudyRow) -> tuple[str, str]:
    if row.kind == "counts":
        return (
            f"{row.events_intervention}/{row.n_intervention}",
            f"{row.events_comparison}/{row.n_comparison}",
        )
    entry = vars(row)
    return arm_text(entry, "intervention"), arm_text(entry, "comparison")


def _totals(rows: Sequence[StudyRow]) -> tuple[str, str]:
    n = sum(row.n_intervention or 0 for row in rows), sum(row.n_comparison or 0 for row in rows)
    if any(row.kind != "counts" for row in rows):
        return f"n = {n[0]}", f"n = {n[1]}"
    events = (
        sum(row.events_intervention or 0 for row in rows),
        sum(row.events_comparison or 0 for row in rows),
    )
    return f"{events[0]}/{n[0]}", f"{events[1]}/{n[1]}"


def _aligned(lines: Sequence[tuple[str, ...]]) -> str:
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    return "\n".join(
        "  ".join(
            [line[0].ljust(widths[0])]
            + [text.rjust(width) for text, width in zip(line[1:], widths[1:], strict=True)]
        ).rstrip()
        for line in lines
    )


def _effect(estimate: float | None, low: float | None, high: float | None, measure: Measure) -> str:
    if estimate is None:
        return "not estimable"
    if low is None or high is None:
        return f"{numbers.effect_number(estimate, measure, 3)} (no interval)"
    return numbers.effect(estimate, low, high, measure, 3)


def _percent(value: float | None) -> str:
    return "-" if value is None else f"{numbers.rounded(value, 1)}%"


def _tau2(value: float | None) -> str:
    return "-" if value is None else numbers.rounded(value, 4)


def _method(result: PooledResult) -> str:
    words = wording.specification(specification.to_json(result.spec), result.ci_method, result.kind)
    studies = "1 study" if result.k == 1 else f"{result.k} studies"
    return f"\n{words}; {studies}"


def _heterogeneity(result: PooledResult) -> list[str]:
    lines = []
    if result.p_value is not None:
        lines.append(f"P for the effect {numbers.p_value(result.p_value)}")
    if result.q is not None and result.q_p is not None and result.i2 is not None:
        q = f"Q {numbers.rounded(result.q, 2)} on {result.q_df} df, P {numbers.p_value(result.q_p)}"
        tau2 = f", τ² {_tau2(result.tau2)}" if result.tau2 is not None else ""
        lines.append(f"{q}; I² {_percent(result.i2)}{tau2}")
    if result.prediction_low_natural is not None and result.prediction_high_natural is not None:
        interval = numbers.effect_interval(
            result.prediction_low_natural, result.prediction_high_natural, result.spec.measure, 3
        )
        lines.append(f"Prediction interval {interval} (t with {result.spec.prediction} df)")
    return lines
