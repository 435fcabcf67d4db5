"""The sections of an analysis page below its plot, as lines of text with their small drawings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from etd.domain import numbers
from etd.domain.small_plot import SmallPlot
from metaanalysis import beyond, specification, wording
from metaanalysis.beyond import Beyond
from metaanalysis.computation import Step, small_study_tests, subgroup_test
from metaanalysis.plots.drawing import Plot
from metaanalysis.plots.forest import GroupedBy, PooledGroup
from metaanalysis.plots.funnel import funnel_plot
from metaanalysis.plots.intervals import small_intervals
from metaanalysis.stats.other_methods import OtherMethod, other_methods
from metaanalysis.stats.pooling import pool
from metaanalysis.stats.report import result_to_json
from metaanalysis.stats.sensitivity import Repooled
from metaanalysis.stats.small_study import ENOUGH_STUDIES
from metaanalysis.stats.types import PooledResult, PoolingSpec, StudyData

MOST_ROWS = 150


@dataclass(frozen=True)
class RepooledLine:
    """One row of leave-one-out or cumulative; `crosses` where the conclusion is another than the whole analysis'."""

    name: str
    k: int
    effect: str
    p_value: str
    i_squared: str
    plot: SmallPlot | None
    crosses: bool


@dataclass(frozen=True)
class OtherMethodLine:
    name: str
    effect: str
    p_value: str
    plot: SmallPlot | None
    is_main: bool
    is_shown: bool
    differs: bool


@dataclass(frozen=True)
class Sections:
    words: tuple[str, ...]
    grouped: GroupedBy | None
    subgroup_test: Step | None
    influence: str
    most_influential: str
    left_out: tuple[RepooledLine, ...]
    cumulative: tuple[RepooledLine, ...]
    has_years: bool
    enough_for_tests: bool
    tests: tuple[Step, ...]
    filled: str
    funnel: Plot | None
    methods: tuple[OtherMethodLine, ...]
    methods_agree: str


def sections(studies: Sequence[StudyData], found: Beyond, *, outcome: str, main: PoolingSpec) -> Sections:
    """`main` is the method chosen for the EtD, which is marked among the others."""
    result = found.result
    methods = _methods(studies, found, main)
    return Sections(
        words=beyond.sentences(replace(found, other_methods=methods)),
        grouped=_grouped(found),
        subgroup_test=subgroup_test(found.subgroups) if found.subgroups else None,
        influence=beyond.influence_in_words(found),
        most_influential=beyond.most_influential(found),
        left_out=_repooled(result, [(row.omitted, row.pooled) for row in found.left_out]),
        cumulative=_repooled(
            result, [(wording.study_name(row.added, row.year), row.pooled) for row in found.cumulative]
        ),
        has_years=found.has_years,
        enough_for_tests=found.small_studies.k >= ENOUGH_STUDIES,
        tests=small_study_tests(studies, result, found.small_studies) if result.k >= 3 else (),
        filled=beyond.filled_in_words(found.trim_and_fill, result),
        funnel=funnel_plot(result, outcome=outcome, filled=found.trim_and_fill.filled),
        methods=_method_lines(methods, found, main),
        methods_agree=beyond.other_methods_in_words(methods),
    )


def _grouped(found: Beyond) -> GroupedBy | None:
    if found.subgroups is None:
        return None
    groups = tuple(
        PooledGroup(group.name, result_to_json(group.result))
        for group in found.subgroups.groups
        if group.result.k
    )
    return GroupedBy(groups, beyond.subgroup_test_in_numbers(found.subgroups))


def _repooled(whole: PooledResult, rows: Sequence[tuple[str, Repooled]]) -> tuple[RepooledLine, ...]:
    """No lines below two studies or above `MOST_ROWS`, which no page can hold."""
    if not 2 <= len(rows) <= MOST_ROWS:
        return ()
    measure = whole.spec.measure
    texts = [_effect(pooled, measure) for _, pooled in rows]
    triples = [beyond.natural_triple(pooled) for _, pooled in rows]
    plots = small_intervals(measure, list(zip(texts, triples, strict=True)))
    return tuple(
        RepooledLine(
            name=name,
            k=pooled.k,
            effect=text,
            p_value="–" if pooled.p_value is None else numbers.p_value(pooled.p_value),
            i_squared="–" if pooled.i2 is None else f"{numbers.rounded(pooled.i2, 0)}%",
            plot=plot,
            crosses=beyond.side(pooled) not in (None, beyond.side(whole)),
        )
        for (name, pooled), text, plot in zip(rows, texts, plots, strict=True)
    )


def _effect(pooled: PooledResult | Repooled, measure: str) -> str:
    estimate, low, high = beyond.natural_triple(pooled)
    if estimate is None:
        return "not estimable"
    if low is None or high is None:
        return numbers.effect_number(estimate, measure)
    return numbers.effect(estimate, low, high, measure)


def _methods(studies: Sequence[StudyData], found: Beyond, main: PoolingSpec) -> tuple[OtherMethod, ...]:
    """The usual methods with the main one marked as chosen, and the one that is shown if it is none of them."""
    shown = _settled(found.result)
    if main.measure != shown.measure:
        return found.other_methods
    methods = other_methods(studies, main)
    if shown in {method.spec for method in methods}:
        return methods
    return (*methods, OtherMethod(shown, pool(studies, shown), False))


def _settled(result: PooledResult) -> PoolingSpec:
    """An interval chosen by rule counts as the one it led to."""
    return replace(result.spec, ci_method=result.ci_method or result.spec.ci_method)


def _method_lines(
    methods: Sequence[OtherMethod], found: Beyond, main: PoolingSpec
) -> tuple[OtherMethodLine, ...]:
    if not found.result.k:
        return ()
    measure = found.result.spec.measure
    texts = [_effect(method.result, measure) for method in methods]
    triples = [beyond.natural_triple(method.result) for method in methods]
    plots = small_intervals(measure, list(zip(texts, triples, strict=True)))
    chosen = next((method for method in methods if method.is_chosen), None)
    side = beyond.side(chosen.result) if chosen else None
    shown = _settled(found.result)
    return tuple(
        OtherMethodLine(
            name=_name(method),
            effect=text,
            p_value="–" if method.result.p_value is None else numbers.p_value(method.result.p_value),
            plot=plot,
            is_main=method.is_chosen and main.measure == measure,
            is_shown=method.spec == shown,
            differs=side is not None and beyond.side(method.result) not in (None, side),
        )
        for method, text, plot in zip(methods, texts, plots, strict=True)
    )


def _name(method: OtherMethod) -> str:
    """The method in words, without the measure that all of them share."""
    words = wording.specification(
        specification.to_json(method.spec),
        str(method.result.ci_method) if method.result.ci_method else None,
        str(method.result.kind) if method.result.kind else None,
    )
    name = words.partition(", ")[2]
    return f"{name[:1].upper()}{name[1:]}"
