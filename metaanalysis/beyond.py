"""What the studies of an analysis say beyond their pooled effect, computed and put into plain sentences."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from etd.domain import numbers
from metaanalysis.stats.other_methods import OtherMethod, other_methods
from metaanalysis.stats.sensitivity import (
    Added,
    Influence,
    LeftOut,
    Repooled,
    cumulative,
    influence,
    leave_one_out,
)
from metaanalysis.stats.small_study import (
    ENOUGH_STUDIES,
    RegressionTest,
    SmallStudyEffects,
    small_study_effects,
)
from metaanalysis.stats.subgroups import Subgroups, pool_subgroups
from metaanalysis.stats.trim_and_fill import TrimAndFill, trim_and_fill
from metaanalysis.stats.types import PooledResult, PoolingSpec, StudyData, to_natural
from metaanalysis.wording import fitting_i2

_LITTLE, _MODERATE, _SUBSTANTIAL = 30.0, 50.0, 75.0


@dataclass(frozen=True)
class Beyond:
    """Everything beside the pooled effect; `subgroups` is None where the studies name fewer than two."""

    result: PooledResult
    subgroups: Subgroups | None
    left_out: tuple[LeftOut, ...]
    cumulative: tuple[Added, ...]
    influence: Influence
    small_studies: SmallStudyEffects
    trim_and_fill: TrimAndFill
    other_methods: tuple[OtherMethod, ...]

    @property
    def has_years(self) -> bool:
        return any(row.year is not None for row in self.cumulative)


def has_subgroups(studies: Iterable[StudyData]) -> bool:
    return len({study.subgroup for study in studies}) > 1


def beyond(studies: Sequence[StudyData], spec: PoolingSpec, result: PooledResult) -> Beyond:
    """`result` is what `pool` gives for these studies by this specification."""
    left_out = leave_one_out(studies, spec)
    return Beyond(
        result=result,
        subgroups=pool_subgroups(studies, spec) if has_subgroups(studies) else None,
        left_out=left_out,
        cumulative=cumulative(studies, spec),
        influence=influence(result, left_out),
        small_studies=small_study_effects(studies, spec),
        trim_and_fill=trim_and_fill(studies, spec),
        other_methods=other_methods(studies, spec),
    )


def sentences(found: Beyond) -> tuple[str, ...]:
    """The plain words at the top: how much the studies differ, what to expect next, what the result hangs on."""
    said = (
        heterogeneity_in_words(found.result),
        prediction_in_words(found.result),
        influence_in_words(found),
        subgroups_in_words(found.subgroups),
        small_studies_in_words(found.small_studies),
        other_methods_in_words(found.other_methods),
    )
    return tuple(sentence for sentence in said if sentence)


def heterogeneity_in_words(result: PooledResult) -> str:
    i2, from_tau2 = fitting_i2(result.spec.tau2_method, result.i2, result.i2_tau2)
    if i2 is None:
        return ""
    name = "I² from τ²" if from_tau2 else "I² from Q"
    percent = f"{name} {numbers.rounded(i2, 0)}%"
    if i2 < 0.5:
        return f"The studies differ no more than chance alone would make them ({percent})."
    size = (
        "only a little"
        if i2 < _LITTLE
        else "moderately"
        if i2 < _MODERATE
        else "substantially"
        if i2 < _SUBSTANTIAL
        else "considerably"
    )
    more = f"The studies differ {size} more than chance alone would make them ({percent})"
    if result.tau2_ci_low == 0 and result.tau2_ci_high:
        return f"{more}, but the interval of τ² begins at 0: how much is hardly known."
    return f"{more}."


def prediction_in_words(result: PooledResult) -> str:
    low, high = result.prediction_low, result.prediction_high
    natural = result.prediction_low_natural, result.prediction_high_natural
    if low is None or high is None or natural[0] is None or natural[1] is None:
        return ""
    measure = result.spec.measure
    ends = numbers.effect_interval(natural[0], natural[1], measure)
    reach = f"In a new, similar study the true effect would be expected within {ends}"
    if low <= 0 <= high:
        return f"{reach}: it could go either way."
    return f"{reach}, on one side of no effect."


def influence_in_words(found: Beyond) -> str:
    if len(found.left_out) < 2 or found.influence.excludes_no_effect is None:
        return ""
    no_effect = "1" if found.result.spec.measure.is_ratio else "0"
    crossing = [row.omitted for row in found.influence.crossing]
    if not crossing:
        return f"No single study moves the interval across {no_effect}."
    now = "lies on one side of" if found.influence.excludes_no_effect else "includes"
    then = "would include" if found.influence.excludes_no_effect else "would lie on one side of"
    listed = _listed(crossing, "or")
    return f"It hangs on single studies: the interval {now} {no_effect}, and without {listed} it {then} {no_effect}."


def most_influential(found: Beyond) -> str:
    """Which study moves the estimate most, and to what."""
    most = found.influence.most
    if most is None or most.pooled.estimate_natural is None:
        return ""
    effect = numbers.effect_number(most.pooled.estimate_natural, found.result.spec.measure)
    return f"{most.omitted} moves the estimate most: without it, it is {effect}."


def subgroups_in_words(subgroups: Subgroups | None) -> str:
    if subgroups is None:
        return ""
    if subgroups.test is None:
        return subgroups.note or ""
    differ = (
        "The subgroups differ more than chance alone would make likely"
        if subgroups.test.p_value < 0.05
        else "The subgroups differ no more than chance alone would make likely"
    )
    return f"{differ} (P {numbers.p_value(subgroups.test.p_value)})."


def subgroup_test_in_numbers(subgroups: Subgroups) -> str:
    """`Test for subgroup differences: Q 1.86 on 2 df, P 0.39`; what was left out of it, and why there is none."""
    if subgroups.test is None:
        return subgroups.note or ""
    test = subgroups.test
    words = (
        f"Test for subgroup differences: Q {numbers.rounded(test.q, 2)} on {test.df} df, "
        f"P {numbers.p_value(test.p_value)}"
    )
    return f"{words}. {subgroups.note}" if subgroups.note else words


def small_studies_in_words(small: SmallStudyEffects) -> str:
    if small.k < 3:
        return ""
    if small.k < ENOUGH_STUDIES:
        return (
            f"{small.k} studies are too few to tell a lopsided funnel plot from chance; from {ENOUGH_STUDIES} on it is"
            " worth a test."
        )
    egger = small.egger
    if not isinstance(egger, RegressionTest):
        return ""
    p = f"Egger’s test, P {numbers.p_value(egger.p_value)}"
    if egger.p_value < 0.1:
        return f"Small studies seem to show other effects than large ones ({p}): look at the funnel plot."
    return f"Small studies show no clearly other effects than large ones ({p})."


def other_methods_in_words(methods: Sequence[OtherMethod]) -> str:
    """Whether the usual methods agree on which side of no effect the interval lies."""
    chosen = next((method for method in methods if method.is_chosen), None)
    if chosen is None or side(chosen.result) is None:
        return ""
    others = [method for method in methods if side(method.result) is not None and not method.is_chosen]
    differing = [method for method in others if side(method.result) != side(chosen.result)]
    if not others:
        return ""
    if not differing:
        return f"All {len(others)} other usual methods come to the same conclusion."
    return (
        f"{len(differing)} of the {len(others)} other usual methods {_verb(len(differing), 'comes', 'come')} to another"
        " conclusion: see the same data by other methods."
    )


def side(result: PooledResult | Repooled) -> int | None:
    """-1 or 1 where the interval lies below or above no effect, 0 where it includes it, None without an interval."""
    low, high = result.ci_low, result.ci_high
    if low is None or high is None:
        return None
    return 1 if low > 0 else -1 if high < 0 else 0


def natural_triple(
    pooled: PooledResult | Repooled,
) -> tuple[float | None, float | None, float | None]:
    return pooled.estimate_natural, pooled.ci_low_natural, pooled.ci_high_natural


def filled_in_words(found: TrimAndFill, result: PooledResult) -> str:
    if found.result is None:
        return found.note or ""
    if found.k0 == 0:
        return "Trim and fill adds no study: the funnel is not lopsided by its count."
    measure = result.spec.measure
    triple = natural_triple(found.result)
    low, high = found.result.ci_low_natural, found.result.ci_high_natural
    if triple[0] is None or low is None or high is None:
        return ""
    studies = "1 study" if found.k0 == 1 else f"{found.k0} studies"
    centre = to_natural(result.estimate, measure)
    before = "" if centre is None else f" instead of {numbers.effect_number(centre, measure)}"
    return (
        f"Trim and fill adds {studies} on the {found.side}; with these, which are not data, the effect would be"
        f" {numbers.effect(triple[0], low, high, measure)}{before}."
    )


def _listed(names: Sequence[str], word: str) -> str:
    return f" {word} ".join(part for part in (", ".join(names[:-1]), names[-1]) if part)


def _verb(count: int, one: str, many: str) -> str:
    return one if count == 1 else many
